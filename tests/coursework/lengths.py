"""Stage lengths: 7, 16 and 64 bits of length, and masks over all of it."""

from grader.coursework.staged import Asked
from grader.coursework.steps import echo
from grader.coursework.wire import Op

PATH = "/protocol"


def around_126(t: Asked) -> None:
    """Payloads of 125, 126, 127 bytes and around 256"""
    with t.websocket(PATH) as peer:
        for size in (126, 125, 127, 128, 255, 256, 257, t.random.randrange(300, 1000)):
            hint = "up to 125 the 7 bits are the length; 126 says that the next 2 bytes are (5.2)"
            echo(t, peer, Op.BINARY, t.binary(size), hint=hint)


def around_65536(t: Asked) -> None:
    """Payloads of 65535, 65536, 65537 bytes"""
    with t.websocket(PATH) as peer:
        for size in (65535, 65536, 65537, t.random.randrange(66000, 90000)):
            hint = "up to 65535 the length stands in 2 bytes; 127 says that the next 8 bytes are the length (5.2)"
            echo(t, peer, Op.TEXT, t.text(size), hint=hint)


def masks(t: Asked) -> None:
    """Each frame has a mask of its own, of any four bytes"""
    payload = t.text(t.random.randrange(126, 140))
    with t.websocket(PATH) as peer:
        for key in (t.mask(), bytes(4), t.mask(), b"\xff\x00\xff\x00", b"\x00\x00\x00\x01"):
            echo(t, peer, Op.TEXT, payload, key=key, hint="each frame has its own masking key, also four zeros")
        for size in (129, 130, 131, 132):
            echo(t, peer, Op.BINARY, t.binary(size))


def edges_cut(t: Asked) -> None:
    """Long frames arrive in pieces, cut everywhere in the length and the key, and in the payload"""
    with t.websocket(PATH) as peer:
        hint = "a frame may be cut anywhere, also in its length and its key"
        for size, head in ((126, 8), (300, 8), (65536, 14), (80000, 14)):
            inside = (head + t.random.randrange(1, 100), head + t.random.randrange(101, size))
            for cuts in ((t.random.randrange(3, head), *inside), (*range(1, head + 1), *inside)):
                echo(t, peer, Op.TEXT, t.text(size), cuts=cuts, hint=hint)
