"""Functions of a submission as callables here: each call is a question to its shim, and nothing of it runs here.

In: a `Shim` that speaks as coursework/notebooks/shim/functions.py says. Out: a callable that takes and gives plain
values, lists that both sides see, functions of ours that are called back, and objects that stay there. Values are
plain by their very type, so nothing that comes has an equality of its own.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from .dump import shown
from .exchange import End, Exchange, Kind, Wrong
from .place import Shim, SubmissionFailed

#: Seconds between two looks whether a call has come to an end: from, to.
SOON, LATER = 0.001, 0.02
#: Calls that are kept for the explanation, and the characters of one.
KEPT, LONG = 4, 120
_PLAIN = (type(None), bool, int, float, str)


class _Malformed(Exception):
    """An answer is not as the shim's first lines say."""


class Remote:
    """A conversation with one shim. `patience`: seconds for each answer; `seconds`: for all of it."""

    def __init__(self, shim: Shim, patience: float, seconds: float) -> None:
        self._shim, self._patience, self._until = shim, patience, time.monotonic() + seconds
        self._lock = threading.Lock()
        self._asked = 0
        self._failed: Exception | None = None
        self._ours: dict[int, Any] = {}  # functions and lists of ours that it knows, by number
        self._theirs: dict[int, Any] = {}
        self.calls: list[str] = []  # the last ones, as text

    def function(self, exercise: str) -> Callable[..., Any]:
        """What the exercise's cell defines. Called, it raises what that raises, as an exception of the same name."""

        def function(*arguments: Any) -> Any:
            said = f"{exercise}({', '.join(map(_short, arguments))})"
            try:
                value = self._called({"exercise": exercise}, arguments)
            except Exception as error:
                self._keep(f"{said} raises {type(error).__name__}")
                raise
            self._keep(f"{said} gives {_short(value)}")
            return value

        return function

    def _keep(self, text: str) -> None:
        self.calls = [*self.calls[1 - KEPT :], text]

    def close(self) -> None:
        """Ask nothing more. Raises what went wrong with the conversation itself, whoever may have caught it since:
        `SubmissionFailed`, `Wrong`."""
        with self._lock:
            failed, self._failed = self._failed, SubmissionFailed("the conversation is over")
        if failed is not None:
            raise failed

    # -- one call --

    def _called(self, what: dict[str, Any], arguments: tuple[Any, ...]) -> Any:
        came = self._ask({**what, "arguments": [self._encode(one) for one in arguments]})
        call, pause = came["n"], SOON
        while True:
            if "waits" in came:
                time.sleep(pause)
                pause = min(pause * 2, LATER)
                came = self._ask({"wait": call})
            elif "asked" in came:
                came = self._ask({"reply": call, **self._answered(came)})
            elif "raised" in came:
                kind, text = self._read(lambda said: (str(said[0]), str(said[1])), came["raised"])
                raise type(kind if kind.isidentifier() else "Exception", (Exception,), {})(shown(text, 200))
            else:
                return self._read(self._decode, came.get("result", {}))

    def _answered(self, came: dict[str, Any]) -> dict[str, Any]:
        """What a function of ours gave to a call from there."""
        function, arguments = self._read(lambda said: (self._ours[said["asked"]], said["arguments"]), came)
        values = [self._read(self._decode, one) for one in arguments]
        try:
            return {"result": self._encode(function(*values))}
        except Exception as error:
            return {"raised": [type(error).__name__, str(error)]}

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if self._failed is not None:
                raise self._failed
            try:
                if time.monotonic() > self._until:
                    raise SubmissionFailed("it does not come to an end")
                self._asked += 1
                line = self._shim.ask(json.dumps({**question, "n": self._asked}).encode(), self._patience)
                return self._told(line)
            except (SubmissionFailed, Wrong) as error:
                self._failed = error
                raise

    def _told(self, line: bytes) -> dict[str, Any]:
        """An answer to the last question, and the lists that both see brought up to date."""
        try:
            came = json.loads(line)
            if came["n"] != self._asked:
                raise _Malformed
            if "missing" in came:
                raise self.wrong("a cell that counts", shown(str(came["missing"]), 300), "there is none")
            for number, items in came.get("lists", ()):
                self._ours[number][:] = [self._decode(one) for one in items]
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, _Malformed):
            raise self._malformed(line) from None
        assert isinstance(came, dict)
        return came

    def _read(self, how: Callable[[Any], Any], said: Any) -> Any:
        try:
            return how(said)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError, _Malformed):
            self._failed = self._malformed(str(said).encode(errors="replace"))
            raise self._failed from None

    def _malformed(self, line: bytes) -> Wrong:
        came = shown(line.decode(errors="replace"), LONG)
        return self.wrong("one answer for each question", "something else than the answer was written to stdout", came)

    def wrong(self, wanted: str, hint: str, came: str = "") -> Wrong:
        """A failure of this conversation, with what was called last."""
        text = came or "; ".join(self.calls) or "nothing was called"
        return Wrong(Exchange(Kind.FUNCTION, (), wanted, None, text.encode(errors="replace"), End.NONE), hint)

    # -- values --

    def _encode(self, value: Any) -> Any:
        kind = type(value)
        if kind in _PLAIN:
            return value
        if kind is bytes:
            return {"bytes": value.hex()}
        if kind is tuple:
            return {"tuple": [self._encode(one) for one in value]}
        if kind is dict:
            return {"dict": [[self._encode(key), self._encode(one)] for key, one in value.items()]}
        for number, known in self._theirs.items():
            if known is value:
                return {"object": number}
        number = next((number for number, known in self._ours.items() if known is value), len(self._ours))
        self._ours[number] = value
        return {"shared": [number, [self._encode(one) for one in value]]} if kind is list else {"yours": number}

    def _decode(self, said: Any) -> Any:
        if type(said) in _PLAIN:
            return said
        ((kind, value),) = ((key, said[key]) for key in ("bytes", "tuple", "list", "dict", "shared", "yours", "object")
                            if key in said)  # fmt: skip
        if kind == "bytes":
            return bytes.fromhex(value)
        if kind == "dict":
            return {self._decode(key): self._decode(one) for key, one in value}
        if kind in ("tuple", "list"):
            items = [self._decode(one) for one in value]
            return tuple(items) if kind == "tuple" else items
        if kind in ("shared", "yours"):
            return self._ours[value]
        if value not in self._theirs:
            self._theirs[value] = self._stand_in(value, str(said["type"]), said["callable"] is True, str(said["text"]))
        return self._theirs[value]

    def _stand_in(self, number: int, kind: str, called: bool, text: str) -> Any:
        """What an object that stays there is here: of the same type's name, with its methods."""

        def call(*arguments: Any) -> Any:
            return self._called({"object": number}, arguments)

        def method(name: str) -> Callable[..., Any]:
            return lambda *arguments: self._called({"object": number, "method": name}, arguments)

        if kind == "function" and called:
            return call
        body: dict[str, Any] = {
            "__getattr__": lambda self, name: method(name),
            "__repr__": lambda self: shown(text, LONG),
            **({"__call__": lambda self, *arguments: call(*arguments)} if called else {}),
        }
        return type(kind if kind.isidentifier() else "object", (), body)()


def _short(value: object) -> str:
    return shown(repr(value), 40)
