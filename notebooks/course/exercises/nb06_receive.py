"""Notebook 06, `receive()`: a mailbox between two threads. A call that may block for ever is made on a thread of its own."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from ..exercise import Case, Exercise, Guess, Mistake

#: Seconds after which a call that should have returned is said to wait, and one that should wait is believed to.
LATE, EARLY = 0.4, 0.05
WAITS = "still waiting"


def _begun(function: Callable[..., Any], *arguments: Any) -> tuple[list[Any], threading.Thread]:
    """A call on a thread of its own, and the list that will hold what it returned or raised."""
    came: list[Any] = []

    def run() -> None:
        try:
            came.append(function(*arguments))
        except Exception as error:
            came.append(f"{type(error).__name__} raised")

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return came, thread


def _within(seconds: float, function: Callable[..., Any], *arguments: Any) -> Any:
    """What a call returns or raises; `WAITS` if it does neither in time."""
    came, thread = _begun(function, *arguments)
    thread.join(seconds)
    return came[0] if came else WAITS


def _one(box: Callable[..., Any]) -> Any:
    made = box()
    made.put("a")
    return _within(LATE, made.get)


def _two(box: Callable[..., Any]) -> Any:
    made = box()
    made.put("a")
    made.put("b")
    return [_within(LATE, made.get), _within(LATE, made.get)]


def _early(box: Callable[..., Any]) -> Any:
    made = box()
    came, thread = _begun(made.get)
    thread.join(EARLY)  # it should be waiting by now
    made.put("a")
    thread.join(LATE)
    return came or WAITS


def _timeout(box: Callable[..., Any]) -> Any:
    return _within(LATE, box().get, EARLY)


def _empty(box: Callable[..., Any]) -> Any:
    return _within(EARLY, box().get)


def _in_turn(box: Callable[..., Any]) -> Any:
    made, found = box(), []
    for word in ("a", "b", "c"):
        made.put(word)
        found.append(_within(LATE, made.get, LATE / 2))
    return found


class Mailbox:
    """Right: a list and a condition."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.news = threading.Condition()

    def put(self, message: Any) -> None:
        with self.news:
            self.messages.append(message)
            self.news.notify()

    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            return self.messages.pop(0) if self.news.wait_for(lambda: self.messages, timeout) else None


class _Newest(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            return self.messages.pop() if self.news.wait_for(lambda: self.messages, timeout) else None


class _NoWait(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        return self.messages.pop(0) if self.messages else None


class _OneSlot(Mailbox):
    def put(self, message: Any) -> None:
        with self.news:
            self.messages = [message]
            self.news.notify()


class _NobodyWoken(Mailbox):
    def put(self, message: Any) -> None:
        self.messages.append(message)


class _Event:
    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.event = threading.Event()

    def put(self, message: Any) -> None:
        self.messages.append(message)
        self.event.set()


class _ClearedLate(_Event):
    def get(self, timeout: float | None = None) -> Any:
        if not self.event.wait(timeout):
            return None
        message = self.messages.pop(0)
        self.event.clear()
        return message


class _NeverCleared(_Event):
    def get(self, timeout: float | None = None) -> Any:
        if not self.event.wait(timeout):
            return None
        return self.messages.pop(0)


class _TimeoutRaises(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            self.news.wait_for(lambda: self.messages, timeout)
            return self.messages.pop(0)


class _TimeoutForgotten(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            self.news.wait_for(lambda: self.messages)
            return self.messages.pop(0)


class _WaitsFirst(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            self.news.wait(timeout)
            return self.messages.pop(0) if self.messages else None


class _NoLock(Mailbox):
    def put(self, message: Any) -> None:
        raise RuntimeError("cannot notify on un-acquired lock")


class _NoTimeout(Mailbox):
    def get(self) -> Any:  # type: ignore[override]
        return super().get()


class _Queue:
    def __init__(self) -> None:
        self.queue: queue.Queue[Any] = queue.Queue()

    def put(self, message: Any) -> None:
        self.queue.put(message)

    def get(self, timeout: float | None = None) -> Any:
        return self.queue.get(timeout=timeout)


class _KeepsIt(Mailbox):
    def get(self, timeout: float | None = None) -> Any:
        with self.news:
            return self.messages[0] if self.news.wait_for(lambda: self.messages, timeout) else None


def _again_empty(box: Callable[..., Any]) -> Any:
    made = box()
    made.put("a")
    return [_within(LATE, made.get, EARLY), _within(LATE, made.get, EARLY)]


EXERCISES = (
    Exercise(
        "Mailbox",
        Mailbox,
        (
            Case("one message, put and then taken", _one),
            Case("two messages put before one is taken", _two),
            Case("a `get` that begins before the message is there", _early),
            Case("an empty mailbox and a timeout", _timeout),
            Case("an empty mailbox and no timeout", _empty),
            Case("three messages, each taken before the next", _in_turn),
            Case("a second `get`, with a timeout, when the only message has been taken", _again_empty),
        ),
        (
            Mistake(
                _ClearedLate,
                "A message is lost to sight: two are put, one is taken, and then you clear the flag. The second is in the list, but nobody is told. Clear the flag *before* you "
                "look into the list, or ask the list itself whether there is something.",
            ),
            Mistake(_Newest, "You give the newest message first. Take the oldest: `pop(0)`."),
            Mistake(
                _NoWait,
                "`get` does not wait. When the list is empty it returns at once, and the view would ask again and again.",
            ),
            Mistake(
                _OneSlot, "There is room for one message only: the second takes the place of the first. Keep a list."
            ),
            Mistake(
                _NobodyWoken,
                "`put` wakes nobody: whoever waits in `get` goes on waiting. Notify the condition (or set the event).",
            ),
            Mistake(
                _NeverCleared,
                "The flag stays up when the list is empty again, so `get` does not wait, and finds nothing. Ask the list, not the flag, whether there is something.",
            ),
            Mistake(
                _TimeoutRaises,
                "When the timeout runs out, you take from the empty list all the same. Give `None` then.",
            ),
            Mistake(_TimeoutForgotten, "`get` waits for ever, whatever the timeout. Pass it on to the wait."),
            Mistake(
                _WaitsFirst,
                "You wait before you look. A message may be in the list already, and nobody will tell of it again: wait only while the list is empty.",
            ),
            Mistake(
                _NoLock,
                "`notify` works only inside `with self.news:`, which takes the condition's lock. The same goes for `wait`.",
            ),
            Mistake(_NoTimeout, "`get` takes no timeout. Its first line is `def get(self, timeout=None):`."),
            Mistake(_Queue, "A `queue.Queue` raises `Empty` when the timeout runs out. Catch that, and give `None`."),
            Mistake(
                _KeepsIt,
                "You look at the first message and leave it there: the next `get` gives it once more. Take it out: `pop(0)`.",
            ),
        ),
        "Oldest first, nobody waits in vain, and two messages at once are two messages.",
        patience=8.0,
    ),
)

GUESSES = (
    Guess(
        "who-reads",
        "Each WebSocket of simple-websocket has a thread that does nothing but read. Your view's thread never touches the socket to receive.",
        {
            "B": "So it would be in a simple server. But then nobody would answer a ping while your view does something else.",
            "A": "A is the server's thread. It accepts, and knows nothing of messages.",
            "main": "main is the notebook's thread, which plays the client.",
        },
    ),
    Guess(
        "copy-or-same",
        "The last rows are the same `str`: threads of one program share all objects. Only the right to go on is passed from one to the other.",
        {"a copy": "Between processes it would have to be copied. Threads of one process share everything."},
    ),
    Guess(
        "two-at-once",
        "The messages are in a list; the flag only says “look”. Whoever wakes up looks into the list until it is empty.",
        {
            "the first": "It would be so if the view trusted the flag alone.",
            "the second": "It would be so if there were room for one message only.",
        },
    ),
    Guess(
        "how-many-kept",
        "There is no limit.",
        {
            1: "The list has no limit of one.",
            0: "The reader's thread reads, whatever the view does.",
            16: "There would have to be a limit somewhere, and there is none.",
        },
    ),
)
