"""What a staged test gets: somebody to ask, over TCP or function by function, and a source of seeded chance.

A file of tests has one public function for each test, called with an `Asked`. It returns if all is well and raises
`Wrong` if not; its docstring's first line is the test's name for students. Which tests there are, and what they count,
says the assignment's table.
"""

from __future__ import annotations

import base64
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from . import response as http
from . import wire
from .exchange import End, Exchange, Kind, Wrong
from .peer import Peer
from .place import Server, Shim, SubmissionFailed
from .remote import Remote
from .response import Response
from .wire import Sent

#: What every plain request carries.
HEADERS = (("Host", "127.0.0.1"), ("Connection", "close"))


@dataclass(frozen=True)
class Patience:
    """How long is waited, in seconds. Only who does not answer at all is waited for so long."""

    start: float = 20.0  # for the server to listen
    answer: float = 5.0  # for each answer
    test: float = 20.0  # for a whole test
    total: float = 180.0  # for all of them


class Verdict(Protocol):
    """What a judge says: true if all is right, and else a sentence for the student."""

    @property
    def sentence(self) -> str: ...

    def __bool__(self) -> bool: ...


class Asked:
    """One submission, as one test sees it."""

    def __init__(self, seed: str, server: Callable[[], Server], shim: Callable[[], Shim], patience: Patience) -> None:
        self.random = random.Random(seed)
        self.patience = patience
        self._server, self._shim = server, shim
        self._deadline = time.monotonic() + patience.test
        self._peers: list[Peer] = []
        self._asked: Peer | None = None  # the last one of `raw`

    def close(self) -> None:
        """End every connection of this test."""
        for peer in self._peers:
            peer.close()

    # -- chance that can tell right from wrong --

    def mask(self) -> bytes:
        """Four bytes, none of them zero, no two alike: each of them, and their order, matters."""
        return bytes(self.random.sample(range(1, 256), 4))

    def binary(self, size: int) -> bytes:
        """Bytes that begin with what is no UTF-8, so that binary is not taken for text."""
        return (b"\xff\xfe" + self.random.randbytes(size))[:size]

    def text(self, size: int) -> bytes:
        """Letters, digits and spaces, none twice in a row: `size` bytes of UTF-8."""
        return "".join(
            self.random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 ", k=size)
        ).encode()

    def word(self, size: int = 8) -> str:
        """A word of lower case letters."""
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz", k=size))

    def cuts(self, size: int, count: int = 3) -> tuple[int, ...]:
        """Where to cut `size` bytes: in up to `count` places, each at least one byte from the ends."""
        return tuple(sorted(self.random.sample(range(1, size), min(count, size - 1))))

    # -- functions --

    def ask(self, function: str, expected: Any, wanted: str, hint: str = "", **arguments: Any) -> None:
        """The answer of a function is `expected` (plain JSON). Raises `Wrong`."""
        question = json.dumps({"function": function, "arguments": arguments})
        asked = (Sent(question.encode(), f"a question about the function {function}"),)
        facts = {"function": function, "arguments": arguments, "expected": expected}
        exchange = Exchange(
            Kind.FUNCTION, asked, wanted, json.dumps({"result": expected}).encode(), b"", End.NONE, facts
        )
        answer = self._shim().ask(question.encode(), self.patience.answer)
        exchange = replace(exchange, came=answer)
        try:
            said = json.loads(answer)
            got = said["result"] if "error" not in said else None
        except (ValueError, KeyError, TypeError, RecursionError):
            raise Wrong(
                exchange, "the program behind `functions` must answer with one JSON object, as functions.py does"
            ) from None
        if "error" in said:
            failed = str(said["error"])[:200]
            kind, _, rest = failed.partition(": ")
            raise Wrong(
                exchange, rest if kind == "NotImplementedError" and rest else f"the function failed with {failed}"
            )
        if got != expected or type(got) is not type(expected):
            raise Wrong(replace(exchange, facts={**facts, "came": got}), hint)

    def judged(self, exercise: str, judge: Callable[[Callable[..., Any]], Verdict]) -> None:
        """The function of an exercise is right by `judge`, which calls it as if it were here. Raises `Wrong`."""
        remote = Remote(self._shim(), self.patience.answer, self.patience.test)
        try:
            verdict = judge(remote.function(exercise))
        finally:
            remote.close()
        if not verdict:
            raise remote.wrong("what the exercise asks for", verdict.sentence)

    # -- connections --

    def peer(self) -> Peer:
        """A new connection to the server."""
        self._peers.append(Peer(self._server().connect(self.patience.start), self.patience.answer, self._deadline))
        return self._peers[-1]

    def http(
        self, path: str, *, headers: Sequence[tuple[str, str]] = HEADERS, method: str = "GET", body: bytes = b"",
        status: int = 200, version: str = "HTTP/1.1", cuts: Sequence[int] = (), hint: str = "",
    ) -> tuple[Peer, Response]:  # fmt: skip
        """Ask for a page on a connection of its own, and judge the status. Raises `Wrong`."""
        data = wire.request(path, headers, method=method, version=version, body=body)
        return self.raw(data, f"a request for {path}", status=status, cuts=cuts, hint=hint, bodyless=method == "HEAD")

    def raw(
        self, data: bytes, what: str, *, status: int, cuts: Sequence[int] = (), hint: str = "", bodyless: bool = False
    ) -> tuple[Peer, Response]:
        """The same for any bytes. The connection is open until the next one is made by this function."""
        if self._asked:  # whoever waits for our end of the last conversation need not wait longer
            self._asked.close()
        peer = self._asked = self.peer()
        peer.send(data, what, cuts)
        return peer, answer(peer, status, hint, bodyless=bodyless)

    def page(self, path: str, body: bytes, hint: str = "", **how: Any) -> Response:
        """The page's body is exactly this. Raises `Wrong`."""
        peer, got = self.http(path, hint=hint, **how)
        same_body(peer, got, body, hint)
        return got

    def websocket(self, path: str, *, extensions: str = "", behind: bytes = b"", hint: str = "") -> Peer:
        """A connection whose handshake is done; `behind` is sent with it in one piece. Raises `Wrong`."""
        peer = self.peer()
        add = [("Sec-WebSocket-Extensions", extensions)] if extensions else []
        key = base64.b64encode(self.random.randbytes(16)).decode()
        peer.send(wire.upgrade(path, key, add=add) + behind, "the handshake" + (" and a frame" if behind else ""))
        peer.facts["key"] = key
        got = answer(peer, 101, hint or f"there must be a WebSocket at {path}, and this handshake is right")
        peer.speaks = Kind.FRAMES
        peer.facts["extensions"] = got.all("sec-websocket-extensions")
        return peer


def answer(peer: Peer, status: int, hint: str = "", *, bodyless: bool = False) -> Response:
    """The next response on this connection, judged by its status. Raises `Wrong`."""
    wanted = f"an HTTP response with status {status}"
    peer.facts["status"] = status
    data = peer.read_until(b"\r\n\r\n")
    if not data.endswith(b"\r\n\r\n"):
        peer.settle()
        raise Wrong(peer.exchange(Kind.HTTP, wanted, None), hint)
    try:
        got = http.head(data)
    except http.NotHTTP as error:
        peer.settle()
        raise Wrong(peer.exchange(Kind.HTTP, wanted, None), str(error)) from None
    if got.status != status:
        peer.settle()
        raise Wrong(peer.exchange(Kind.HTTP, wanted, None), hint)
    peer.at += len(data)
    if status == 101 or bodyless:
        return got
    lengths = got.all("content-length")
    if not lengths:
        body = peer.read_all()
    elif len(lengths) == 1 and lengths[0].isascii() and lengths[0].isdigit() and len(lengths[0]) < 9:
        body = peer.read(int(lengths[0]))
        if len(body) < int(lengths[0]):
            wanted = f"a body of {lengths[0]} bytes, as Content-Length says"
            raise Wrong(
                peer.exchange(Kind.HTTP, wanted, None), f"Content-Length says {lengths[0]}, but {len(body)} bytes came"
            )
    else:
        raise Wrong(peer.exchange(Kind.HTTP, "one Content-Length that is a number", None, got.raw), "")
    peer.at += len(body)
    return replace(got, body=body)


def same_body(peer: Peer, got: Response, body: bytes, hint: str = "") -> None:
    """The response's body is exactly this. Raises `Wrong`."""
    if got.body != body:
        peer.settle()
        if len(got.body) < len(body) and got.body + peer.unjudged() == body:
            hint = f"Content-Length says {len(got.body)}, but {len(body)} bytes came: it counts bytes, not characters"
        raise Wrong(peer.exchange(Kind.HTTP, "this body", body, got.body), hint)


def header(peer: Peer, got: Response, name: str, value: str, hint: str = "") -> None:
    """The response has this header, once, with this value. Raises `Wrong`."""
    if got.all(name) != [value]:
        peer.facts |= {"header": name, "value": value, "got": got.all(name)}
        raise Wrong(peer.exchange(Kind.HTTP, f"the header {name}: {value}", None, got.raw), hint)


def told(peer: Peer, got: Response, **fields: Any) -> None:
    """The page `/environ` says so, in these fields of its JSON. Raises `Wrong`."""
    try:
        said = json.loads(got.body)
        assert isinstance(said, dict)
    except (ValueError, AssertionError, RecursionError):
        raise Wrong(
            peer.exchange(Kind.HTTP, "a JSON object", None, got.body), "the page /environ answers in JSON"
        ) from None
    for name, value in fields.items():
        if said.get(name) != value:
            peer.facts |= {"field": name, "value": value, "got": said.get(name)}
            wanted = f"{name} is {json.dumps(value)}"
            raise Wrong(peer.exchange(Kind.HTTP, wanted, None, got.body), "")


__all__ = [
    "HEADERS", "Asked", "End", "Kind", "Patience", "Peer", "Response", "SubmissionFailed", "Wrong", "answer", "header",
    "same_body", "told",
]  # fmt: skip
