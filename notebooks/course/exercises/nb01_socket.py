"""Notebook 01, the socket: one exercise, to read a line from a stream that was cut anywhere."""

from __future__ import annotations

from collections.abc import Callable

from ..exercise import Case, Exercise, Guess, Mistake

Recv = Callable[[int], bytes]


class Stream:
    """What `sock.recv` does, without a socket: at most `size` bytes of the next piece; b"" at the end, and for ever."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces, self.ends = list(pieces), 0

    def recv(self, size: int) -> bytes:
        if not self.pieces:
            self.ends += 1
            if self.ends > 100:
                raise EndlessReading
            return b""
        taken, rest = self.pieces[0][:size], self.pieces[0][size:]
        self.pieces[:1] = [rest] if rest else []
        return taken


class EndlessReading(Exception):
    """recv said 100 times that the other side has ended, and was asked again."""


def read_line(recv: Recv) -> bytes:
    """Right: a byte at a time, so that nothing of the next line is taken."""
    line = b""
    while not line.endswith(b"\n"):
        byte = recv(1)
        if not byte:
            break
        line += byte
    return line


def lines(said: str, *pieces: bytes) -> Case:
    """Read two lines of a stream, one after the other."""

    def run(function: Callable[..., bytes]) -> tuple[bytes, bytes]:
        stream = Stream(*pieces)
        return function(stream.recv), function(stream.recv)

    return Case(said, run)


def _one_recv(recv: Recv) -> bytes:
    return recv(1024)


def _for_ever(recv: Recv) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        line += recv(1)
    return line


def _too_much(recv: Recv) -> bytes:
    data = b""
    while b"\n" not in data:
        piece = recv(1024)
        if not piece:
            break
        data += piece
    return data


def _too_much_cut(recv: Recv) -> bytes:
    data = _too_much(recv)
    return data[: data.find(b"\n") + 1] if b"\n" in data else data


def _one_recv_cut(recv: Recv) -> bytes:
    data = recv(1024)
    return data[: data.find(b"\n") + 1] if b"\n" in data else data


def _to_the_end(recv: Recv) -> bytes:
    data = b""
    while piece := recv(1):
        data += piece
    return data


def _text(recv: Recv) -> str:
    return read_line(recv).decode()


def _newline_off(recv: Recv) -> bytes:
    return read_line(recv).removesuffix(b"\n")


def _stripped(recv: Recv) -> bytes:
    return read_line(recv).rstrip(b"\r\n")


def _drops_the_end(recv: Recv) -> bytes:
    line = read_line(recv)
    return line if line.endswith(b"\n") else b""


EXERCISES = (
    Exercise(
        "read_line",
        read_line,
        (
            lines("a line that arrives whole", b"GET / HTTP/1.1\r\n", b"Host: a\r\n"),
            lines("a line that arrives in three pieces", b"GE", b"T / HTT", b"P/1.1\r\n", b"Host: a\r\n"),
            lines("two lines that arrive in one piece", b"GET / HTTP/1.1\r\nHost: a\r\n"),
            lines("a client that leaves in the middle of a line", b"GET / HT"),
        ),
        (
            Mistake(_one_recv, "You call `recv` once and take what it gives for the line. TCP has no lines and no messages: the "
                    "line may come in three pieces, or two lines in one. Go on reading until there is a `\\n`."),
            Mistake(_for_ever, "You go on reading when the client has left: `recv` then returns `b''`, at once and for ever. Look "
                    "for that, and return what you have."),
            Mistake(_too_much, "You return what comes after the line as well. If two lines arrive in one piece, the second is lost "
                    "to whoever calls next. Ask `recv` for one byte at a time, so that nothing is taken too early."),
            Mistake(_too_much_cut, "You cut off what comes after the line, and throw it away: the next call will miss it. Ask `recv` "
                    "for one byte at a time, so that nothing is taken too early."),
            Mistake(_one_recv_cut, "You call `recv` once and cut the line out of what it gives. What comes after the line is lost then, and a line "
                    "that arrives in pieces is not whole. Ask for one byte at a time, until there is a `\\n`."),
            Mistake(_to_the_end, "You read until the client leaves, and no `\\n` ends the line. `recv(1)` gives `bytes`: compare it with `b'\\n'`, since "
                    "`b'\\n' == '\\n'` is never true."),
            Mistake(_text, "You return a `str`. A socket gives `bytes`, and a line of them may be no text: leave them as they are."),
            Mistake(_newline_off, "You take the `\\n` off. Keep it: a line that is not whole, since the client left, is known by its missing `\\n`."),
            Mistake(_stripped, "You take the end of the line off. Keep it: an empty line (`b'\\r\\n'`) and the end of the connection "
                    "(`b''`) could not be told apart without it."),
            Mistake(_drops_the_end, "When the client leaves in the middle of a line you return nothing. Return what had come: whoever "
                    "called sees by the missing `\\n` that it is not whole."),
        ),
        "A line is whole however it was cut on its way, nothing of the next one is taken, and a client that leaves ends it.",
    ),
)  # fmt: skip

GUESSES = (
    Guess(
        "one-recv",
        "TCP carries a stream of bytes; where one `send` ended and the next began is not part of it.",
        {
            3: "That would be so if each send were a message of its own. TCP has no messages.",
            2: "The second send comes second, and nothing is taken from the middle.",
            1024: "1024 is the most that you are ready to take; recv does not wait until there is so much.",
        },
    ),
    Guess(
        "after-the-end",
        "An empty `bytes` is how `recv` says that the other side will send no more. It is no error, and it is not "
        "“nothing yet”: for that, recv waits.",
        {
            None: "None is what simple-websocket's `receive` gives when a timeout runs out.",
            "an error": "An error comes when a connection breaks. A close is its proper end.",
            "it waits": "It waits as long as something may still come. After a close nothing can.",
        },
    ),
    Guess(
        "which-thread",
        "The server's thread only accepts; each connection gets a thread of its own, which reads, answers and ends. "
        "So a slow client holds up nobody else.",
        {
            "same": "Then a second client would have to wait until the first has been served.",
            "the same": "Then a second client would have to wait until the first has been served.",
            "a": "A is the server's thread. It has gone back to `accept` by then.",
            "main": "The main thread is that of the notebook; it plays the client.",
        },
    ),
)
