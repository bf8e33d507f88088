"""Stage fragments: messages in several frames."""

from grader.coursework.staged import Asked
from grader.coursework.steps import echo, fragments, heard
from grader.coursework.wire import Op

PATH = "/protocol"
JOIN = "the fragments of a message are joined, in order, until a frame has FIN 1 (5.4)"


def two(t: Asked) -> None:
    """A message in two frames"""
    for opcode, data in ((Op.TEXT, t.text(20)), (Op.BINARY, t.binary(30))):
        with t.websocket(PATH) as peer:
            fragments(t, peer, opcode, [data[:7], data[7:]])
            heard(peer, opcode, data, JOIN)


def many(t: Asked) -> None:
    """A message in ten frames, of all lengths"""
    sizes = [1, 2, 5, 125, 126, 300, *(t.random.randrange(1, 300) for _ in range(4))]
    parts = [t.text(size) for size in t.random.sample(sizes, len(sizes))]
    with t.websocket(PATH) as peer:
        fragments(t, peer, Op.TEXT, parts)
        heard(peer, Op.TEXT, b"".join(parts), JOIN)


def empty_ones(t: Asked) -> None:
    """Fragments may be empty, the first and the last, too"""
    one, two = t.text(5), t.text(6)
    with t.websocket(PATH) as peer:
        for parts in ([b"", one, b"", two], [one, b""], [one, two, b"", b""], [b"", b""]):
            fragments(t, peer, Op.TEXT, parts)
            heard(peer, Op.TEXT, b"".join(parts), "a fragment may be empty; it is FIN that ends a message (5.4)")


def character_cut(t: Asked) -> None:
    """A character is cut by the end of a fragment"""
    data = f"{t.word()} Grüße 你好 👋 {t.word()}".encode()
    with t.websocket(PATH) as peer:
        for last in ("the last before the surrogates: \ud7ff".encode(), "far behind them: \uffee".encode()):
            fragments(t, peer, Op.TEXT, [last[:-1], last[-1:]])
            heard(peer, Op.TEXT, last, "a fragment may end in the middle of a character (8.1)")
        for at in (data.index(b"\xc3") + 1, data.index(b"\xe4") + 2, data.index(b"\xf0") + 1, data.index(b"\xf0") + 3):
            fragments(t, peer, Op.TEXT, [data[:at], data[at:]])
            heard(
                peer,
                Op.TEXT,
                data,
                "a fragment may end in the middle of a character: only the whole message is UTF-8 (8.1)",
            )


def one_after_the_other(t: Asked) -> None:
    """Messages in fragments and whole ones, in turn"""
    with t.websocket(PATH) as peer:
        for opcode in (Op.BINARY, Op.TEXT, Op.BINARY):
            parts = [t.text(4), t.text(5), t.text(6)]
            fragments(t, peer, opcode, parts)
            heard(peer, opcode, b"".join(parts), "a new message begins with nothing left of the one before")
            echo(t, peer, Op.TEXT, t.text(9), hint="a new message begins with nothing left of the one before")
