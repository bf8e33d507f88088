"""RFC 7692, permessage-deflate: what is agreed on, and messages under it. Rows D01-D08, and bombs."""

from __future__ import annotations

import random
import zlib

import pytest

from .peer import BINARY, CLOSE, CONT, PING, PONG, TEXT, Head, Peer, call, close_frame, frame, request
from .servers import Served, Starter

TAIL = b"\x00\x00\xff\xff"  # 7.2.1: what a sender cuts off and a receiver adds
RSV1 = 0b100


@pytest.fixture(scope="session")
def deflating(judged: Starter) -> Served:
    return judged("--compression")


def offer(served: Served, *lines: str) -> tuple[Head, Peer]:
    head, peer = call(served.address, request(add=[("Sec-WebSocket-Extensions", line) for line in lines]))
    assert head.status == 101, peer.story(f"101 wanted for {lines}, got {head.line}")
    return head, peer


def agreed(head: Head) -> dict[str, str | None] | None:
    """The answer's parameters, or None when permessage-deflate was declined."""
    if not head.all("sec-websocket-extensions"):
        return None
    name, *parameters = [part.strip() for part in head.one("sec-websocket-extensions").split(";")]
    assert name == "permessage-deflate", head
    pairs = [parameter.partition("=") for parameter in parameters]
    assert len({pair[0].strip() for pair in pairs}) == len(pairs), f"a parameter twice: {head}"
    return {key.strip(): value.strip().strip('"') if equals else None for key, equals, value in pairs}


class Context:
    """Both directions of one agreed connection, as the client has them."""

    def __init__(self, parameters: dict[str, str | None]) -> None:
        self.parameters = parameters
        self.deflater, self.inflater = self.fresh_deflater(), self.fresh_inflater()

    def fresh_deflater(self) -> zlib._Compress:
        bits = max(9, int(self.parameters.get("client_max_window_bits") or 15))
        return zlib.compressobj(wbits=-bits)

    def fresh_inflater(self) -> zlib._Decompress:
        return zlib.decompressobj(wbits=-int(self.parameters.get("server_max_window_bits") or 15))

    def deflate(self, message: bytes) -> bytes:
        if "client_no_context_takeover" in self.parameters:
            self.deflater = self.fresh_deflater()
        data = self.deflater.compress(message) + self.deflater.flush(zlib.Z_SYNC_FLUSH)
        assert data.endswith(TAIL)
        return data[:-4]

    def read(self, peer: Peer) -> tuple[int, bytes, bool]:
        """The next message: (opcode, inflated payload, whether it was compressed)."""
        first = got = peer.frame()
        assert got.opcode in (TEXT, BINARY) and got.rsv in (0, RSV1) and not got.masked, peer.story(f"got {got}")
        data = got.payload
        while not got.fin:
            got = peer.frame()
            assert (got.opcode, got.rsv) == (CONT, 0), peer.story(f"a continuation wanted, got {got}")
            data += got.payload
        if not first.rsv:
            return first.opcode, data, False
        if "server_no_context_takeover" in self.parameters:
            self.inflater = self.fresh_inflater()
        return first.opcode, self.inflater.decompress(data + TAIL), True


def opened(served: Served, *lines: str) -> tuple[Context, Peer]:
    head, peer = offer(served, *(lines or ("permessage-deflate",)))
    parameters = agreed(head)
    assert parameters is not None, peer.story(f"permessage-deflate wanted for {lines}, got {head}")
    return Context(parameters), peer


# The RFC's own bytes, section 7.2.3: payloads of messages that inflate to "Hello".
EXAMPLES = {
    "7.2.3.1-one-block": ["f2 48 cd c9 c9 07 00"],
    "7.2.3.2-shared-window": ["f2 48 cd c9 c9 07 00", "f2 00 11 00 00"],
    "7.2.3.3-no-compression": ["00 05 00 fa ff 48 65 6c 6c 6f 00"],
    "7.2.3.4-bfinal": ["f3 48 cd c9 c9 07 00 00"],
    "7.2.3.4-bfinal-then-more": ["f3 48 cd c9 c9 07 00 00", "f2 48 cd c9 c9 07 00"],
    "7.2.3.5-two-blocks": ["f2 48 05 00 00 00 ff ff ca c9 c9 07 00"],
}


@pytest.mark.parametrize("payloads", EXAMPLES.values(), ids=EXAMPLES.keys())
def test_D01_the_rfcs_examples(deflating: Served, payloads: list[str]) -> None:
    context, peer = opened(deflating)
    with peer:
        for payload in payloads:
            peer.send(frame(TEXT, bytes.fromhex(payload), rsv=RSV1))
            assert context.read(peer)[:2] == (TEXT, b"Hello")


def test_D01_empty_message(deflating: Served) -> None:
    """7.2.3.6: an empty message is one octet, 0x00."""
    context, peer = opened(deflating)
    with peer:
        peer.send(frame(TEXT, b"\0", rsv=RSV1))
        assert context.read(peer)[:2] == (TEXT, b"")
        peer.send(frame(BINARY, b""))
        assert context.read(peer)[:2] == (BINARY, b"")


@pytest.mark.parametrize("how", ["permessage-deflate", "permessage-deflate; client_max_window_bits"])
def test_D01_D02_compressed_and_mixed(deflating: Served, how: str) -> None:
    """Compressed, not compressed, text and binary by turns, over one window; what can shrink, shrinks."""
    context, peer = opened(deflating, how)
    chance = random.Random(7692)
    with peer:
        for turn in range(12):
            message = (b"The same words again and again. " * 40, chance.randbytes(3000))[turn % 2]
            opcode = BINARY if turn % 2 else TEXT
            compressed = turn % 3 != 2
            peer.send(frame(opcode, context.deflate(message) if compressed else message, rsv=RSV1 if compressed else 0))
            got = context.read(peer)
            assert got[:2] == (opcode, message)
            assert turn % 2 or got[2], "compressible, agreed on, and sent uncompressed"
        peer.send(close_frame(1000))
        peer.expect_close(1000)
        peer.expect_fin()


def test_D01_large(deflating: Served) -> None:
    context, peer = opened(deflating)
    message = random.Random(1).randbytes(300_000) + b"again" * 50_000
    with peer:
        for opcode in (BINARY, BINARY):
            peer.send(frame(opcode, context.deflate(message), rsv=RSV1))
            assert context.read(peer)[:2] == (opcode, message)


def test_D02_fragmented(deflating: Served) -> None:
    """6.1: RSV1 on the first fragment only, and the cut may be anywhere in the compressed bytes."""
    context, peer = opened(deflating)
    with peer:
        for size in (1, 2, 3, 7, 1000):
            data = context.deflate("κόσμε, Hello, κόσμε".encode())
            parts = [data[at : at + size] for at in range(0, len(data), size)] + [b""]
            last = len(parts) - 1
            frames = [
                frame(CONT if at else TEXT, part, fin=at == last, rsv=0 if at else RSV1)
                for at, part in enumerate(parts)
            ]
            peer.send(*frames)
            assert context.read(peer)[:2] == (TEXT, "κόσμε, Hello, κόσμε".encode())


def test_D03_ping_inside_a_compressed_message(deflating: Served) -> None:
    """The original fails here with 1007: after the ping, wsproto forgets that the message is compressed."""
    context, peer = opened(deflating)
    with peer:
        data = context.deflate(b"Hello, Hello, Hello")
        peer.send(frame(TEXT, data[:3], fin=False, rsv=RSV1), frame(PING, b"not compressed"))
        peer.expect(PONG, b"not compressed")
        peer.send(frame(CONT, data[3:6], fin=False), frame(PONG, b"unasked"), frame(CONT, data[6:]))
        assert context.read(peer)[:2] == (TEXT, b"Hello, Hello, Hello")


D04 = {
    "continuation": frame(TEXT, b"\xf2\x48", fin=False, rsv=RSV1) + frame(CONT, b"\xcd\xc9", rsv=RSV1),
    "continuation-of-plain": frame(TEXT, b"Hel", fin=False) + frame(CONT, b"\xcd\xc9", rsv=RSV1),
    "ping": frame(PING, b"", rsv=RSV1),
    "pong": frame(PONG, b"", rsv=RSV1),
    "close": frame(CLOSE, b"\x03\xe8", rsv=RSV1),
    "RSV2": frame(TEXT, b"Hello", rsv=0b010),
    "RSV3": frame(TEXT, b"Hello", rsv=0b001),
    "RSV1-and-2": frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=0b110),
}


@pytest.mark.parametrize("data", D04.values(), ids=D04.keys())
def test_D04_reserved_bits(deflating: Served, data: bytes) -> None:
    """6: RSV1 marks a message, so only its first frame has it."""
    _, peer = opened(deflating)
    with peer:
        peer.send(data)
        peer.expect_failed(1002)


BROKEN = {
    "block-type-3": b"\x07",
    "ff": b"\xff" * 10,
    "stored-length-wrong": bytes.fromhex("00 05 00 00 00 48 65 6c 6c 6f 00"),
    "distance-too-far": bytes.fromhex("f2 00 11 00 00"),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_D05_broken_data(deflating: Served, data: bytes) -> None:
    _, peer = opened(deflating)
    with peer:
        peer.send(frame(TEXT, data, rsv=RSV1))
        peer.expect_failed(1002, 1007)


@pytest.mark.parametrize("fin", [True, False], ids=["whole", "first-fragment"])
def test_D05_inflated_text_is_utf8(deflating: Served, fin: bool) -> None:
    context, peer = opened(deflating)
    with peer:
        peer.send(frame(TEXT, context.deflate(b"Hello \xff Hello"), rsv=RSV1, fin=fin))
        peer.expect_failed(1007)


BAD_OFFERS = [
    "permessage-deflate; unknown",
    "permessage-deflate; unknown=1",
    "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
    "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
    "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
    "permessage-deflate; server_no_context_takeover=1",
    "permessage-deflate; client_no_context_takeover=true",
    "permessage-deflate; server_max_window_bits",
    "permessage-deflate; server_max_window_bits=7",
    "permessage-deflate; server_max_window_bits=16",
    "permessage-deflate; server_max_window_bits=abc",
    "permessage-deflate; server_max_window_bits=010",
    "permessage-deflate; client_max_window_bits=7",
    "permessage-deflate; client_max_window_bits=16",
    "permessage-deflate; client_max_window_bits=abc",
    'permessage-deflate; client_max_window_bits="abc"',
    "permessage-deflate; client_max_window_bits=+9",
]


@pytest.mark.parametrize("line", BAD_OFFERS)
def test_D06_bad_offers_are_declined(deflating: Served, line: str) -> None:
    """7.1: such an offer MUST be declined; the connection itself opens, without compression."""
    head, peer = offer(deflating, line)
    with peer:
        assert agreed(head) is None, head
        peer.send(frame(TEXT, b"Hello"))
        peer.expect(TEXT, b"Hello")
        peer.send(frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=RSV1))
        peer.expect_failed(1002)


@pytest.mark.parametrize("line", ["permessage-deflate; server_max_window_bits=", "permessage-deflate;", ";", '="'])
def test_D06_no_extension_at_all(deflating: Served, line: str) -> None:
    """RFC 6455 section 9.1: not even the grammar of an offer; refused with 4xx, or opened without compression."""
    head, peer = call(deflating.address, request(add=[("Sec-WebSocket-Extensions", line)]))
    with peer:
        assert 400 <= head.status < 500 or (head.status == 101 and agreed(head) is None), head


@pytest.mark.parametrize("lines", [[f"{BAD_OFFERS[0]}, permessage-deflate"], [BAD_OFFERS[8], "permessage-deflate"]])
def test_D06_the_next_offer_counts(deflating: Served, lines: list[str]) -> None:
    """5.1: several offers are in order of preference, on one line or on two."""
    head, peer = offer(deflating, *lines)
    with peer:
        assert agreed(head) is not None, head
        assert not {"unknown", "client_max_window_bits"} & set(agreed(head) or {}), head


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("quote", ["", '"'], ids=["bare", "quoted"])
def test_D07_server_max_window_bits(deflating: Served, bits: int, quote: str) -> None:
    """7.1.2.1: accepted means named in the answer, no larger, and kept: an inflater with that window suffices."""
    head, peer = offer(deflating, f"permessage-deflate; server_max_window_bits={quote}{bits}{quote}")
    with peer:
        parameters = agreed(head)
        assert parameters is not None or bits == 8, f"declined: {head}"  # zlib has no raw window of 256 bytes
        if parameters is None:
            return
        assert 8 <= int(parameters["server_max_window_bits"] or 0) <= bits, head
        context, block = Context(parameters), random.Random(bits).randbytes(400)
        message = (block + bytes(1 << bits)) * 4  # the same block again, just out of the window's reach
        peer.send(frame(BINARY, context.deflate(message), rsv=RSV1))
        assert context.read(peer)[:2] == (BINARY, message)


@pytest.mark.parametrize("value", ["", *(f"={bits}" for bits in range(8, 16)), '="10"'])
def test_D07_client_max_window_bits(deflating: Served, value: str) -> None:
    """7.1.2.2: the answer may name a size no larger than offered, and the client keeps to it."""
    context, peer = opened(deflating, f"permessage-deflate; client_max_window_bits{value}")
    with peer:
        most = int(value.strip('="') or 15)
        assert 8 <= int(context.parameters.get("client_max_window_bits") or 15) <= (most if value else 15) or (
            "client_max_window_bits" not in context.parameters
        )
        for message in (b"Hello " * 1000, random.Random(2).randbytes(40_000) * 2):
            peer.send(frame(BINARY, context.deflate(message), rsv=RSV1))
            assert context.read(peer)[:2] == (BINARY, message)


def test_D07_nothing_unasked(deflating: Served) -> None:
    """7.1.2.2: without client_max_window_bits in the offer, none in the answer."""
    context, peer = opened(deflating, "permessage-deflate")
    with peer:
        assert "client_max_window_bits" not in context.parameters


@pytest.mark.parametrize("name", ["server_no_context_takeover", "client_no_context_takeover"])
def test_D08_no_context_takeover(deflating: Served, name: str) -> None:
    """7.1.1: the server's must be in the answer and kept: each message inflates alone (`Context.read`)."""
    context, peer = opened(deflating, f"permessage-deflate; {name}")
    with peer:
        assert name.startswith("client") or name in context.parameters, context.parameters
        for _ in range(3):
            peer.send(frame(TEXT, context.deflate(b"Hello " * 100), rsv=RSV1))
            assert context.read(peer) == (TEXT, b"Hello " * 100, True)


def test_D08_client_resets_its_window_anyway(deflating: Served) -> None:
    """A client may always start each message anew: a receiver's longer memory does no harm."""
    context, peer = opened(deflating)
    with peer:
        for _ in range(3):
            context.deflater = context.fresh_deflater()
            peer.send(frame(TEXT, context.deflate(b"Hello " * 100), rsv=RSV1))
            assert context.read(peer)[:2] == (TEXT, b"Hello " * 100)


def test_D01_no_compression_when_switched_off(judged: Starter) -> None:
    head, peer = offer(judged("--no-compression"), "permessage-deflate; client_max_window_bits")
    with peer:
        assert agreed(head) is None
        peer.send(frame(TEXT, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=RSV1))
        peer.expect_failed(1002)


@pytest.mark.parametrize("cut", [None, 100], ids=["one-frame", "fragments"])
def test_L02_bomb_stops_at_the_limit(judged: Starter, cut: int | None) -> None:
    """1 MiB in 1 KiB, over a limit of 5,000 bytes: the limit is on inflated bytes."""
    context, peer = opened(judged("--max-message-size", "5000", "--compression"))
    with peer:
        data = context.deflate(bytes(1 << 20))
        assert len(data) < 1100
        parts = [data] if cut is None else [data[at : at + cut] for at in range(0, len(data), cut)]
        frames = [
            frame(CONT if at else BINARY, part, fin=False, rsv=0 if at else RSV1) for at, part in enumerate(parts)
        ]
        peer.push(b"".join(frames))
        peer.expect_failed(1009)


def test_L02_bomb_takes_no_memory(judged: Starter) -> None:
    """200 MB in 200 KB, within the limit of a frame's own size: inflating stops long before the memory is gone."""
    served = judged("--max-message-size", "300000", "--compression", fresh=True)
    context, peer = opened(served)
    with peer:
        peer.expect_alive()
        before = served.memory("VmHWM")
        peer.push(frame(BINARY, context.deflate(bytes(200_000_000)), rsv=RSV1))
        peer.expect_failed(1009)
        grown = served.memory("VmHWM") - before
    assert grown < 20 << 20, f"{grown} bytes more at the highest"


def test_L01_limit_itself_when_compressed(judged: Starter) -> None:
    context, peer = opened(judged("--max-message-size", "5000", "--compression"))
    with peer:
        peer.send(frame(BINARY, context.deflate(bytes(5000)), rsv=RSV1))
        assert context.read(peer)[:2] == (BINARY, bytes(5000))
        peer.send(frame(BINARY, context.deflate(bytes(5001)), rsv=RSV1))
        peer.expect_failed(1009)
