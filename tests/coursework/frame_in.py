"""Stage frame_in: from bytes on the wire to a message."""

from grader.coursework import wire
from grader.coursework.staged import Asked, Kind, Peer
from grader.coursework.wire import Op, frame, masked

PATH = "/inbox"
NAMES = {Op.TEXT: "text", Op.BINARY: "binary"}


def _told(peer: Peer, opcode: Op, payload: bytes, hint: str = "") -> None:
    line = f"{NAMES[opcode]} {payload.hex()}\n".encode()
    peer.expect(line, "a line of plain text with the type and the unmasked payload", hint, Kind.LINES)


def _one(t: Asked, opcode: Op, payload: bytes, key: bytes, hint: str = "", count: int = 0) -> None:
    data = frame(opcode, payload, key=key)
    with t.websocket(PATH) as peer:
        peer.send(data, f"a {NAMES[opcode]} frame", t.cuts(len(data), count) if count else ())
        _told(peer, opcode, payload, hint)


def rfc_example(t: Asked) -> None:
    """The RFC's own example, "Hello" masked"""
    t.ask("mask", b"Hello".hex(), "Hello, unmasked", payload="7f9f4d5158", key=wire.RFC_MASK.hex(), offset=0)
    found = [{"opcode": 1, "fin": True, "payload": b"Hello".hex()}]
    t.ask("frames", found, "one text frame with Hello", pieces=["818537fa213d7f9f4d5158"])
    _one(t, Op.TEXT, b"Hello", wire.RFC_MASK, "two bytes, then four of masking key, then the payload (5.2)")


def unmask(t: Asked) -> None:
    """Other payloads, other keys"""
    for size in (0, 1, 2, 3, 4, 5, 6, 7, 9, 64, 125):
        key, payload = t.mask(), t.binary(size)
        arguments = {"payload": masked(payload, key).hex(), "key": key.hex(), "offset": 0}
        t.ask("mask", payload.hex(), f"{size} bytes, unmasked", "byte i belongs to key[i % 4] (5.3)", **arguments)


def mask_from(t: Asked) -> None:
    """Unmasking goes on in the middle of a payload"""
    for offset in (1, 2, 3, 4, 5, 6, 7, 1001):
        key, payload = t.mask(), t.binary(t.random.randrange(5, 12))
        arguments = {"payload": masked(payload, key, offset).hex(), "key": key.hex(), "offset": offset}
        hint = "byte i of these bytes is byte i + offset of the payload, and belongs to key[(i + offset) % 4]"
        t.ask("mask", payload.hex(), f"what begins at byte {offset} of a payload, unmasked", hint, **arguments)


def binary(t: Asked) -> None:
    """Binary frames, and empty ones"""
    _one(t, Op.BINARY, t.binary(t.random.randrange(20, 100)), t.mask())
    _one(t, Op.BINARY, b"", t.mask(), "a frame may be empty")
    _one(t, Op.TEXT, b"", t.mask(), "a frame may be empty")
    _one(t, Op.TEXT, t.text(125), t.mask(), "lengths up to 125 stand in the 7 bits themselves")
    _one(t, Op.TEXT, "Grüße, 你好 👋".encode(), t.mask(), "text is UTF-8")


def segments(t: Asked) -> None:
    """A frame arrives in pieces"""
    hint = "one recv is not one frame: keep what has come, and go on when more comes"
    for size in (1, 7, 60, 125):
        _one(t, Op.BINARY, t.binary(size), t.mask(), hint, count=3)
    key, payload = t.mask(), t.text(7)
    data = frame(Op.TEXT, payload, key=key)
    with t.websocket(PATH) as peer:
        peer.send(data, "a text frame, byte by byte", range(1, len(data)))
        _told(peer, Op.TEXT, payload, hint)
    pieces = [data[at : at + 1].hex() for at in range(len(data))]
    t.ask("frames", [{"opcode": 1, "fin": True, "payload": payload.hex()}], "one frame", hint, pieces=pieces)


def two_frames(t: Asked) -> None:
    """Several frames arrive in one piece"""
    some = [(op, t.text(t.random.randrange(1, 30)), t.mask()) for op in (Op.TEXT, Op.BINARY, Op.TEXT)]
    data = b"".join(frame(op, payload, key=key) for op, payload, key in some)
    hint = "one recv may bring several frames: what is behind the first belongs to the next"
    with t.websocket(PATH) as peer:
        peer.send(data, "three frames in one piece")
        for op, payload, _ in some:
            _told(peer, op, payload, hint)
    found = [{"opcode": int(op), "fin": True, "payload": payload.hex()} for op, payload, _ in some]
    middle = t.random.randrange(1, len(data))
    t.ask("frames", found, "three frames", hint, pieces=[data[:middle].hex(), data[middle:].hex()])


def hung_up(t: Asked) -> None:
    """The end of TCP ends the conversation: with the code 1006, behind what came before"""
    payload = t.text(20)
    half = frame(Op.TEXT, t.text(50), key=t.mask(), claim=100)
    for rest, what in ((b"", ""), (half, ", and half of another frame")):
        with t.websocket(PATH) as peer:
            peer.send(frame(Op.TEXT, payload, key=t.mask()) + rest, f"a text frame{what}, and then the end of TCP")
            peer.no_more()
            _told(peer, Op.TEXT, payload)
            hint = (
                "after receive_data(None), which is the end of TCP, events() ends with CloseConnection(1006): whoever "
                "reads must hear that it is over (7.1.5)"
            )
            peer.expect(b"closed 1006\n", "a line that says that the conversation is over", hint, Kind.LINES)
            peer.expect_end("nothing more, and the end of the connection", "what has ended is told once")


def behind_the_request(t: Asked) -> None:
    """A frame comes in one piece with the handshake"""
    payload = t.text(20)
    with t.websocket(PATH, behind=frame(Op.TEXT, payload, key=t.mask())) as peer:
        _told(
            peer,
            Op.TEXT,
            payload,
            "what comes behind the request's empty line belongs to the WebSocket: do not read it away",
        )
