"""Stage ping_close: control frames."""

from grader.coursework.exchange import Wrong
from grader.coursework.staged import Asked, Kind, Peer
from grader.coursework.steps import closed, echo, frame_of, heard, judged, over, say
from grader.coursework.wire import Op, close, frame

PATH = "/protocol"
END = "nothing more, and the end of the connection"


def _pong(peer: Peer, payload: bytes) -> None:
    peer.expect(
        frame(Op.PONG, payload), "a pong with the payload of the ping", "a ping is answered with a pong (5.5.2)"
    )


def ping(t: Asked) -> None:
    """A ping is answered with its own payload"""
    with t.websocket(PATH) as peer:
        for payload in (b"Hello", b"", t.binary(1), t.binary(125)):
            say(t, peer, Op.PING, payload)
            _pong(peer, payload)
        echo(t, peer, Op.TEXT, t.text(9))
        for payload in (t.binary(3), t.binary(4)):
            peer.send(frame(Op.PING, payload, key=t.mask()), "a ping, in pieces", (1, 4, 7))
            _pong(peer, payload)


def ping_between_fragments(t: Asked) -> None:
    """A ping between two fragments is answered at once"""
    one, two, payload = t.text(8), t.text(9), t.binary(6)
    with t.websocket(PATH) as peer:
        say(t, peer, Op.TEXT, one, fin=False)
        say(t, peer, Op.PING, payload)
        _pong(peer, payload)
        say(t, peer, Op.CONTINUATION, two)
        heard(peer, Op.TEXT, one + two, "a control frame between fragments is no part of the message (5.4)")


def pong(t: Asked) -> None:
    """A pong that nobody asked for is ignored"""
    with t.websocket(PATH) as peer:
        say(t, peer, Op.PONG, t.binary(5))
        say(t, peer, Op.PONG, b"")
        echo(t, peer, Op.TEXT, t.text(5), hint="a pong that nobody asked for needs no answer (5.5.3)")
        say(t, peer, Op.TEXT, b"one, ", fin=False)
        say(t, peer, Op.PONG, b"between")
        say(t, peer, Op.CONTINUATION, b"two")
        heard(peer, Op.TEXT, b"one, two", "a pong between fragments is no part of the message (5.4)")


def closing(t: Asked) -> None:
    """A close frame is answered, then TCP ends"""
    with t.websocket(PATH) as peer:
        echo(t, peer, Op.TEXT, t.text(5))
        over(t, peer)
    with t.websocket(PATH) as peer:
        over(t, peer)


def close_empty(t: Asked) -> None:
    """An empty close frame"""
    with t.websocket(PATH) as peer:
        say(t, peer, Op.CLOSE, b"")
        got = frame_of(
            peer, "an empty close frame, or one with 1000", "an empty close frame is answered, too", close(None)
        )
        if (got.opcode, got.payload) not in ((Op.CLOSE, b""), (Op.CLOSE, b"\x03\xe8")):
            raise Wrong(peer.exchange(Kind.FRAMES, "an empty close frame, or one with 1000", close(None)))
        judged(peer, got)
        peer.expect_end(END)


def close_reason(t: Asked) -> None:
    """A close frame with a reason"""
    for reason in (t.text(20), "Auf Wiedersehen, 再见".encode(), ("é" * 61 + "x").encode()):
        with t.websocket(PATH) as peer:
            say(t, peer, Op.CLOSE, (4321).to_bytes(2, "big") + reason)
            closed(
                peer, 4321, reason, b"", hint="a close frame may have a reason behind its code, up to 123 bytes (5.5.1)"
            )
            peer.expect_end(END)


def close_codes(t: Asked) -> None:
    """Every code that may be sent is echoed"""
    codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999]
    for code in [*codes, t.random.randrange(3001, 3999), t.random.randrange(4001, 4999)]:
        with t.websocket(PATH) as peer:
            say(t, peer, Op.CLOSE, code.to_bytes(2, "big"))
            closed(peer, code, hint=f"the code {code} is one that may be sent, and is echoed (7.4)")


def close_payload(t: Asked) -> None:
    """What came before the close frame is answered before it"""
    text, payload = t.text(9), t.binary(4)
    data = frame(Op.TEXT, text, key=t.mask()) + frame(Op.PING, payload, key=t.mask()) + close(1001, b"", t.mask())
    with t.websocket(PATH) as peer:
        peer.send(data, "a message, a ping and a close frame in one piece")
        heard(peer, Op.TEXT, text, "what came before the close frame is answered before it")
        _pong(peer, payload)
        closed(peer, 1001)
        peer.expect_end(END)


def nothing_after(t: Asked) -> None:
    """What comes after the close frame is not answered"""
    data = close(1000, b"", t.mask()) + frame(Op.TEXT, t.text(7), key=t.mask()) + frame(Op.PING, b"", key=t.mask())
    with t.websocket(PATH) as peer:
        peer.send(data, "a close frame, and then a message and a ping in the same piece")
        closed(peer, 1000)
        peer.expect_end(END, "what comes after a close frame is discarded (1.4)")
    with t.websocket(PATH) as peer:
        peer.send(frame(Op.TEXT, b"half", key=t.mask(), fin=False), "the first half of a message")
        say(t, peer, Op.CLOSE, (1000).to_bytes(2, "big"))
        closed(peer, 1000, hint="a close frame may come in the middle of a message (5.4)")
        peer.expect_end(END)
