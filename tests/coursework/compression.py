"""Stage compression: permessage-deflate (RFC 7692)."""

import zlib

from grader.coursework import wire
from grader.coursework.exchange import Wrong
from grader.coursework.staged import Asked, Kind, Peer, Response
from grader.coursework.steps import frame_of, judged, refused, say
from grader.coursework.wire import Op, frame

PATH, NAME = "/echo", "permessage-deflate"
#: Where an offer becomes an agreement: these functions are of stages before.
AGREE = "agree to it (7.1), where accept_request asks what Server.handshake gave it"
TAIL = b"\x00\x00\xff\xff"


class _Stream:
    """A client's end of the agreement."""

    def __init__(self) -> None:
        self.out, self.back = zlib.compressobj(wbits=-15), zlib.decompressobj(-15)

    def deflate(self, data: bytes) -> bytes:
        return (self.out.compress(data) + self.out.flush(zlib.Z_SYNC_FLUSH)).removesuffix(TAIL)


def _agreed(got: Response) -> list[str]:
    return [part.strip() for value in got.all("sec-websocket-extensions") for part in value.split(";")]


def _offer(t: Asked, *offers: str) -> tuple[Peer, Response]:
    return t.raw(
        wire.upgrade(PATH, add=[("Sec-WebSocket-Extensions", offer) for offer in offers]),
        f"an offer of {', '.join(offers)}",
        status=101,
    )


def _wrong(peer: Peer, got: Response, wanted: str, hint: str) -> None:
    raise Wrong(peer.exchange(Kind.HTTP, wanted, None, got.raw), hint)


def offered(t: Asked) -> None:
    """An offer is agreed to"""
    for offer, need in (
        (NAME, set()),
        (f"{NAME}; client_max_window_bits", set()),
        (f"{NAME}; server_no_context_takeover", {"server_no_context_takeover"}),
        (f"{NAME}; client_no_context_takeover", set()),
        (f"{NAME}; server_max_window_bits=10", {"server_max_window_bits=10"}),
        (f'{NAME}; server_max_window_bits="10"; client_max_window_bits=12', {"server_max_window_bits=10"}),
        (f"{NAME};server_no_context_takeover ; client_max_window_bits", {"server_no_context_takeover"}),
        (f"x-{t.word()}, {NAME}", set()),
    ):
        peer, got = _offer(t, offer)
        agreed = _agreed(got)
        if agreed[:1] != [NAME]:
            _wrong(
                peer,
                got,
                f"the header Sec-WebSocket-Extensions: {NAME}",
                f"the offer {offer!r} is right: {AGREE}",
            )
        names = {part.partition("=")[0] for part in agreed[1:]}
        known = {
            "server_no_context_takeover",
            "client_no_context_takeover",
            "server_max_window_bits",
            "client_max_window_bits",
        }
        if (
            not need <= set(agreed)
            or not names <= known
            or ("client_max_window_bits" in names and "client_max" not in offer)
        ):
            _wrong(
                peer,
                got,
                f"an answer to {offer!r} with all of {sorted(need)}",
                "what the client asks of the server is agreed to by saying it again (7.1)",
            )


def declined(t: Asked) -> None:
    """A wrong offer is declined, and the next one looked at"""
    for wrong in (
        "client_max_window_bits=7", "client_max_window_bits=16", "server_max_window_bits", "server_max_window_bits=8x",
        "server_no_context_takeover=1", f"{t.word()}=1", "server_max_window_bits=10; server_max_window_bits=10",
        "server_no_context_takeover; server_no_context_takeover", "=abc", '="10"', "server_max_window_bits=16",
    ):  # fmt: skip
        peer, got = _offer(t, f"{NAME}; {wrong}")
        if got.all("sec-websocket-extensions"):
            _wrong(
                peer,
                got,
                "no header Sec-WebSocket-Extensions",
                f"the parameter {wrong!r} is wrong: decline the offer (7.1)",
            )
    peer, got = _offer(t, f"{NAME}; {t.word()}=1, {NAME}; server_no_context_takeover")
    if _agreed(got) != [NAME, "server_no_context_takeover"]:
        _wrong(
            peer,
            got,
            "the second offer, agreed to",
            "an offer that is declined is followed by the client's next one (5.1)",
        )


def _open(t: Asked, parameters: str = "", path: str = PATH) -> Peer:
    peer = t.websocket(path, extensions=f"{NAME}{parameters}")
    if not peer.facts["extensions"]:
        hint = f"the offer of permessage-deflate is right: {AGREE}"
        raise Wrong(peer.exchange(Kind.HTTP, "the header Sec-WebSocket-Extensions", None, bytes(peer.came)), hint)
    return peer


def _back(peer: Peer, stream: _Stream, opcode: int, payload: bytes, hint: str, fresh: bool = False) -> None:
    got = frame_of(peer, "the message, compressed", hint, frame(opcode, payload, rsv=0b100))
    if got.rsv != 0b100 or got.opcode != opcode or not got.fin:
        raise Wrong(
            peer.exchange(Kind.FRAMES, "a compressed frame, with RSV1", frame(opcode, got.payload, rsv=0b100)), hint
        )
    if got.payload.endswith(TAIL):
        peer_hint = "the last 4 bytes of what the compressor gives, 00 00 ff ff, are taken off (7.2.1)"
        raise Wrong(peer.exchange(Kind.FRAMES, "a payload that does not end with 00 00 ff ff", None), peer_hint)
    if fresh:
        stream.back = zlib.decompressobj(-15)
    try:
        text = stream.back.decompress(got.payload + TAIL)
    except zlib.error as error:
        wanted = f"a payload that can be inflated ({error})"
        raise Wrong(peer.exchange(Kind.FRAMES, wanted, None), hint) from None
    if text != payload:
        raise Wrong(peer.exchange(Kind.FRAMES, f"a payload that inflates to {payload[:40]!r}", payload, text), hint)
    judged(peer, got)


def compressed(t: Asked) -> None:
    """A message that is marked by RSV1 is inflated"""
    stream = _Stream()
    with _open(t) as peer:
        say(t, peer, Op.TEXT, bytes.fromhex("f248cdc9c90700"), rsv=0b100)
        _back(peer, stream, Op.TEXT, b"Hello", "RFC 7692, 7.2.3.1: append 00 00 ff ff, then inflate")
    with _open(t, path="/server/limited") as peer:
        one, two, stream = t.text(5), t.text(600), _Stream()
        say(t, peer, Op.TEXT, _block(one) + _block(two) + b"\x00", rsv=0b100)
        hint = "a block with BFINAL ends a stream of DEFLATE, not the message: the next block begins another (7.2.3.4)"
        _back(peer, stream, Op.TEXT, one + two, hint)
    stream = _Stream()
    with _open(t) as peer:
        for opcode, data in (
            (Op.TEXT, t.text(300)),
            (Op.BINARY, t.binary(500)),
            (Op.TEXT, b""),
            (Op.BINARY, bytes(3000)),
        ):
            say(t, peer, opcode, stream.deflate(data), rsv=0b100)
            _back(peer, stream, opcode, data, "RSV1 marks a compressed message: inflate it")
            say(t, peer, opcode, data)
            _back(peer, stream, opcode, data, "a message without RSV1 is not compressed, and is taken as it is (6.1)")


def _block(data: bytes) -> bytes:
    """A block with BFINAL set, which ends a stream (7.2.3.4)."""
    alone = zlib.compressobj(wbits=-15)
    return alone.compress(data) + alone.flush(zlib.Z_FINISH)


def answered(t: Asked) -> None:
    """What is sent is deflated"""
    stream, data = _Stream(), t.text(20) * 40
    with _open(t) as peer:
        for _ in range(2):
            say(t, peer, Op.TEXT, data)
            got = frame_of(peer, "the message, compressed", "", frame(Op.TEXT, data, rsv=0b100))
            if len(got.payload) > len(data) // 4:
                raise Wrong(
                    peer.exchange(Kind.FRAMES, "a payload that is much shorter", None), "what is sent is deflated, too"
                )
            _back(peer, stream, Op.TEXT, data, "the last 4 bytes, 00 00 ff ff, are taken off; RSV1 is set (7.2.1)")


def takeover(t: Asked) -> None:
    """The window goes on from message to message, or not"""
    data = t.text(200)
    stream = _Stream()
    with _open(t) as peer:
        for _ in range(3):
            say(t, peer, Op.TEXT, stream.deflate(data), rsv=0b100)
            _back(
                peer,
                stream,
                Op.TEXT,
                data,
                "a message may refer to those before it: keep one stream for each direction (7.1.1)",
            )
    stream = _Stream()
    with _open(t, "; server_no_context_takeover") as peer:
        for _ in range(3):
            say(t, peer, Op.TEXT, stream.deflate(data), rsv=0b100)
            _back(
                peer,
                stream,
                Op.TEXT,
                data,
                "server_no_context_takeover: each message is deflated on its own (7.1.1.1)",
                fresh=True,
            )
    with _open(t, "; client_no_context_takeover") as peer:
        stream = _Stream()
        for _ in range(3):
            alone = _Stream()
            say(t, peer, Op.TEXT, alone.deflate(data), rsv=0b100)
            _back(
                peer, stream, Op.TEXT, data, "client_no_context_takeover: each message is inflated on its own (7.1.1.2)"
            )
        squeezed = _Stream().deflate(data)
        say(t, peer, Op.TEXT, squeezed[:20], rsv=0b100, fin=False)
        say(t, peer, Op.CONTINUATION, squeezed[20:])
        _back(peer, stream, Op.TEXT, data, "a message is inflated as a whole, not each of its fragments by itself")


def fragmented(t: Asked) -> None:
    """A compressed message in fragments, and a ping between"""
    stream, data = _Stream(), t.text(500)
    with _open(t) as peer:
        for _ in range(2):
            squeezed = stream.deflate(data)
            say(t, peer, Op.TEXT, squeezed[:50], rsv=0b100, fin=False)
            say(t, peer, Op.CONTINUATION, b"", fin=False)
            say(t, peer, Op.PING, b"now")
            peer.expect(frame(Op.PONG, b"now"), "a pong", "a control frame is never compressed")
            say(t, peer, Op.CONTINUATION, squeezed[50:])
            _back(peer, stream, Op.TEXT, data, "only the first fragment has RSV1; what is joined is inflated (6.1)")
        say(t, peer, Op.TEXT, stream.deflate(data)[:9], rsv=0b100, fin=False)
        say(t, peer, Op.CONTINUATION, b"x", rsv=0b100)
        refused(peer, 1002, "RSV1 is set on a continuation (6.1)")
    with _open(t) as peer:
        say(t, peer, Op.PING, b"x", rsv=0b100)
        refused(peer, 1002, "RSV1 is set on a control frame (6.1)")


def broken(t: Asked) -> None:
    """What cannot be inflated is refused: it is no DEFLATE, or ends within a block, or gives what is no UTF-8"""
    with _open(t) as peer:
        # A block that says it has 100 bytes, uncompressed (RFC 1951, 3.2.4): zlib never complains, it waits for more.
        # What it says to compressed data that is cut off depends on the data.
        say(t, peer, Op.BINARY, b"\x00\x64\x00\x9b\xff" + t.binary(20), rsv=0b100)
        refused(peer, 1007, "the message ends within a block: when it is over, zlib must be between two blocks (7.2.2)")
    for data in (b"\xff" * 20, bytes.fromhex("000000ff"), _Stream().deflate(t.text(300))[:-20]):
        with _open(t) as peer:
            say(t, peer, Op.BINARY, data, rsv=0b100)
            refused(peer, 1007, "the payload is no DEFLATE data (7.2.2)")
    with _open(t) as peer:
        say(t, peer, Op.TEXT, _Stream().deflate(b"\xff\xfe"), rsv=0b100)
        refused(peer, 1007, "the inflated text is not UTF-8 (8.1)")


def bomb(t: Asked) -> None:
    """A small message that inflates to a large one is refused by the limit"""
    stream = _Stream()
    with _open(t, path="/server/limited") as peer:
        data = t.binary(100) * 10
        say(t, peer, Op.BINARY, stream.deflate(data), rsv=0b100)
        _back(peer, stream, Op.BINARY, data, "a message of exactly max_message_size, inflated, is not too big")
        say(t, peer, Op.BINARY, stream.deflate(bytes(1 << 20)), rsv=0b100)
        refused(peer, 1009, "the message has more than max_message_size once it is inflated")
    with _open(t, path="/server/limited") as peer:
        say(t, peer, Op.BINARY, _block(t.binary(1000)) + _block(b"x") + b"\x00", rsv=0b100)
        refused(
            peer, 1009, "the message has 1001 bytes once all of its blocks are inflated, which max_message_size forbids"
        )
