"""The exercises of a handed-in notebook, called from outside: a JSON line comes on stdin, one goes out on stdout.

    {"n": 1, "exercise": "unmask", "arguments": [{"bytes": "7f9f"}, {"bytes": "37fa213d"}]}   -> {"n": 1, "result": …}
    {"n": 2, "wait": 1}                                  what has become of call 1, which had not come to an end
    {"n": 3, "reply": 1, "result": {"bytes": "48"}}      what a function of the caller's gave, that call 1 asked for

An answer has `result`, `raised` (a type's name and a text), `asked` (call 1 calls a function of the caller's), `waits`
(it runs still), or `missing` (why there is no such exercise). Each call has a thread of its own, so that one may wait
for another. Numbers, texts and None are themselves; every other value is an object with one key that says its type:
`object` is one of ours that stays here, `yours` one of the caller's, `shared` a list that both see.

Nothing here is believed by whoever asks: an answer is compared there, and what is right is not known here. What is
printed goes to stderr.
"""

import json
import os
import queue
import sys
import threading

#: Seconds that an answer waits for the end of a call.
HOLD = 0.02
PLAIN = (type(None), bool, int, float, str)
FILE = "exercises.json"

objects, lists, calls = {}, {}, {}
here = threading.local()


class Yours:
    """A function of the caller's."""

    def __init__(self, number):
        self.number = number

    def __call__(self, *arguments):
        call = getattr(here, "call", None)
        if call is None:
            raise RuntimeError("only the thread that was called may call back")
        call.events.put({"asked": self.number, "arguments": [encode(one) for one in arguments]})
        reply = call.replies.get()
        if "raised" in reply:
            kind, text = reply["raised"]
            raise type(kind, (Exception,), {})(text)
        return decode(reply["result"])


class Call(threading.Thread):
    """One call: what comes of it is put into `events`."""

    def __init__(self, question):
        super().__init__(daemon=True)
        self.question, self.events, self.replies = question, queue.Queue(), queue.Queue()

    def run(self):
        here.call = self
        try:
            value = target(self.question)(*decode(self.question["arguments"]))
            self.events.put({"result": encode(value)})
        except Missing as missing:
            self.events.put({"missing": str(missing)})
        except BaseException as error:
            self.events.put({"raised": [type(error).__name__, text_of(error)]})


class Missing(Exception):
    """The notebook has no such exercise; the message says why."""


def target(question):
    """What is to be called."""
    if "exercise" in question:
        return exercise(question["exercise"])
    found = objects[question["object"]]
    return getattr(found, question["method"]) if "method" in question else found


def exercise(name):
    """The function, or class, of an exercise's cell, with what the notebook gave before it."""
    if name not in loaded:
        taken = cells[name]
        if "missing" in taken:
            raise Missing(taken["missing"])
        names = {"__name__": name}
        exec(compile(taken["given"], "the notebook", "exec"), names)
        for other in taken["before"]:
            try:
                exec(compile(cells[other]["source"], f"exercise:{other}", "exec"), names)
            except Exception:  # it is asked about by itself
                continue
        exec(compile(taken["source"], f"exercise:{name}", "exec"), names)
        loaded[name] = names[name]
    return loaded[name]


def encode(value):
    """A value as JSON. By its very type: what is derived from `str` is no text."""
    kind = type(value)
    if kind in PLAIN:
        return value
    if kind is bytes:
        return {"bytes": value.hex()}
    if kind is tuple:
        return {"tuple": [encode(one) for one in value]}
    if kind is list:
        shared = next((number for number, one in lists.items() if one is value), None)
        return {"list": [encode(one) for one in value]} if shared is None else {"shared": shared}
    if kind is dict:
        return {"dict": [[encode(key), encode(one)] for key, one in value.items()]}
    if kind is Yours:
        return {"yours": value.number}
    number = next((number for number, one in objects.items() if one is value), len(objects))
    objects[number] = value
    return {"object": number, "type": kind.__name__, "callable": callable(value), "text": text_of(value, repr)}


def decode(value):
    """The way back."""
    if type(value) in PLAIN:
        return value
    if type(value) is list:
        return [decode(one) for one in value]
    ((kind, said),) = value.items()
    if kind == "bytes":
        return bytes.fromhex(said)
    if kind == "tuple":
        return tuple(map(decode, said))
    if kind == "list":
        return [decode(one) for one in said]
    if kind == "dict":
        return {decode(key): decode(one) for key, one in said}
    if kind == "shared":
        number, items = said
        return lists.setdefault(number, [decode(one) for one in items])
    return objects[said] if kind == "object" else yours.setdefault(said, Yours(said))


def text_of(value, how=str):
    try:
        return how(value)[:200]
    except Exception:
        return ""


def answer(question):
    """What there is to say to a question. With the first one a conversation begins, and its numbers anew."""
    if question["n"] == 1:
        for known in (objects, lists, calls, yours):
            known.clear()
    if "wait" in question:
        call = calls[question["wait"]]
    elif "reply" in question:
        call = calls[question["reply"]]
        call.replies.put(question)
    else:
        call = calls[question["n"]] = Call(question)
        call.start()
    try:
        event = call.events.get(timeout=HOLD)
    except queue.Empty:
        event = {"waits": True}
    return {**event, "lists": [[number, [encode(one) for one in items]] for number, items in list(lists.items())]}


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        try:
            text = json.dumps({**answer(question), "n": question["n"]})
        except Exception as error:  # a value that is no JSON
            text = json.dumps({"n": question["n"], "raised": [type(error).__name__, text_of(error)]})
        print(text, file=answers, flush=True)


with open(FILE, encoding="utf-8") as file:
    cells = json.load(file)
loaded, yours = {}, {}

if __name__ == "__main__":
    main()
