"""Stage bad_input: whoever breaks the protocol is told so, and hears no more."""

from grader.coursework.staged import Asked
from grader.coursework.steps import echo, fragments, heard, refused, say
from grader.coursework.wire import Op, close, frame

PATH = "/protocol"


def _refused(t: Asked, data: bytes, what: str, code: int, why: str, path: str = PATH) -> None:
    with t.websocket(path) as peer:
        peer.send(data + frame(Op.TEXT, b"not heard", key=t.mask()), f"{what}, and then a message")
        refused(peer, code, why)


def unmasked(t: Asked) -> None:
    """A frame without a mask: 1002"""
    for opcode, payload in ((Op.TEXT, t.text(9)), (Op.BINARY, t.binary(9)), (Op.PING, b"x"), (Op.TEXT, b"")):
        _refused(t, frame(opcode, payload), "an unmasked frame", 1002, "a client's frame must be masked (5.1)")
    with t.websocket(PATH) as peer:
        peer.send(frame(Op.TEXT), "an unmasked frame of two bytes, and nothing more")
        refused(peer, 1002, "a client's frame must be masked (5.1), which its first two bytes tell")


def reserved_bits(t: Asked) -> None:
    """RSV1, RSV2 or RSV3 without an extension: 1002"""
    for rsv in (0b100, 0b010, 0b001, 0b111):
        for opcode in (Op.TEXT, Op.BINARY, Op.PING):
            data = frame(opcode, t.text(5), key=t.mask(), rsv=rsv)
            _refused(
                t,
                data,
                f"a frame with RSV {rsv:03b}",
                1002,
                "an RSV bit is set, and no extension gives it a meaning (5.2)",
            )


def reserved_opcodes(t: Asked) -> None:
    """An opcode that is none: 1002"""
    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        data = frame(opcode, t.text(5), key=t.mask())
        _refused(t, data, f"a frame with the opcode {opcode}", 1002, f"the opcode {opcode:#x} is reserved (5.2)")


def control_frames(t: Asked) -> None:
    """A control frame of more than 125 bytes, or in fragments: 1002"""
    for opcode in (Op.PING, Op.PONG, Op.CLOSE):
        data = frame(opcode, b"\x03\xe8" + t.text(124), key=t.mask())
        _refused(
            t, data, "a control frame of 126 bytes", 1002, "a control frame has at most 125 bytes of payload (5.5)"
        )
        data = frame(opcode, b"\x03\xe8", key=t.mask(), fin=False)
        _refused(t, data, "a control frame with FIN 0", 1002, "a control frame must not be fragmented (5.5)")


def out_of_turn(t: Asked) -> None:
    """A continuation of nothing, a new message within another: 1002"""
    for fin in (True, False):
        data = frame(Op.CONTINUATION, t.text(5), key=t.mask(), fin=fin)
        _refused(t, data, "a continuation", 1002, "there is no message that this frame continues (5.4)")
        for opcode in (Op.TEXT, Op.BINARY):
            data = frame(Op.TEXT, t.text(5), key=t.mask(), fin=False) + frame(opcode, t.text(5), key=t.mask(), fin=fin)
            _refused(
                t,
                data,
                "the beginning of a message, and of another",
                1002,
                "a new message begins before the last one has ended (5.4)",
            )
    with t.websocket(PATH) as peer:
        fragments(t, peer, Op.TEXT, [b"one", b"two"])
        heard(peer, Op.TEXT, b"onetwo")
        say(t, peer, Op.CONTINUATION, b"three")
        refused(peer, 1002, "there is no message left that this frame continues (5.4)")


def length_forms(t: Asked) -> None:
    """A length in a longer form than needed, or with its top bit set: 1002"""
    for size, form in ((5, 16), (0, 16), (125, 16), (5, 64), (126, 64), (65535, 64)):
        data = frame(Op.BINARY, t.binary(size), key=t.mask(), form=form)
        _refused(
            t, data, f"{size} bytes with a length of {form} bits", 1002, "a length must have its shortest form (5.2)"
        )
    for claim in (1 << 63, (1 << 64) - 1):
        data = frame(Op.BINARY, b"", key=t.mask(), form=64, claim=claim)
        _refused(
            t,
            data,
            "a length of 64 bits, the first of them 1",
            1002,
            "the most significant bit of a length must be 0 (5.2)",
        )


BAD = (b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xff", b"\x80")
MORE_BAD = (b"\xe0\x80\xaf", b"\xed\xbf\xbf", b"\xf8\x88\x80\x80\x80", b"\xc3\x28", b"\xfe", b"\xe2\x82")


def _utf8(t: Asked, bad: bytes) -> None:
    why = "a text message is not UTF-8 (8.1)"
    data = t.text(4) + bad + t.text(3)
    _refused(t, frame(Op.TEXT, data, key=t.mask()), "text that is no UTF-8", 1007, why)
    half = len(data) // 2
    parts = frame(Op.TEXT, data[:half], key=t.mask(), fin=False) + frame(Op.CONTINUATION, data[half:], key=t.mask())
    _refused(t, parts, "text that is no UTF-8, in two fragments", 1007, why)


def utf8(t: Asked) -> None:
    """Text that is no UTF-8: 1007"""
    for bad in BAD:
        _utf8(t, bad)
    for cut in (b"\xe2\x82", b"\xf0\x9f\x91", b"\xc3", b"\xed\xa0"):
        data = frame(Op.TEXT, t.text(4) + cut, key=t.mask())
        _refused(
            t, data, "text that ends within a character", 1007, "a text message ends in the middle of a character (8.1)"
        )
    with t.websocket(PATH) as peer:
        echo(t, peer, Op.BINARY, b"".join(BAD), hint="binary data is not text: any bytes are right")
        echo(t, peer, Op.TEXT, "\U0010ffff\ud7ff\ue000\x00".encode(), hint="every code point but surrogates is right")


def utf8_hidden(t: Asked) -> None:
    """Other text that is no UTF-8"""
    for bad in MORE_BAD:
        _utf8(t, bad)


def close_codes(t: Asked) -> None:
    """A close frame that is wrong: 1002, or 1007"""
    codes = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535]
    for code in [*codes, t.random.randrange(1017, 2999), t.random.randrange(5001, 65535)]:
        _refused(
            t,
            close(code, b"", t.mask()),
            "a close frame",
            1002,
            f"{code} is no code that may stand in a close frame (7.4)",
        )
    for first in (3, 0, 255):
        data = frame(Op.CLOSE, bytes([first]), key=t.mask())
        _refused(t, data, "a close frame of one byte", 1002, "a code has two bytes (5.5.1)")
    for bad in (b"\xff", b"a\xc3", b"\xed\xa0\x80"):
        _refused(t, close(1000, bad, t.mask()), "a close frame with a reason", 1007, "the reason is not UTF-8 (5.5.1)")


def too_big(t: Asked) -> None:
    """A message over the limit of 1000 bytes: 1009"""
    path, why = "/server/limited", "the message has more than the 1000 bytes of max_message_size (7.4.1)"
    with t.websocket(path) as peer:
        hint = "a message of exactly max_message_size is not too big"
        echo(t, peer, Op.BINARY, t.binary(1000), hint=hint)
        echo(t, peer, Op.BINARY, t.binary(1000), hint=f"{hint}, however it is cut", cuts=(18, 32, 500))
        fragments(t, peer, Op.TEXT, [t.text(400), b"", text := t.text(600)])
        peer.read(1004)
        peer.at += 404
        peer.expect(text, "the message of 1000 bytes in three fragments")
        say(t, peer, Op.BINARY, t.binary(1001))
        refused(peer, 1009, why)
    for payload in (t.text(1001), "é".encode() * 501):
        with t.websocket(path) as peer:
            say(t, peer, Op.TEXT, payload)
            refused(peer, 1009, f"{why}, in bytes")
    for claim in (1 << 40, 1 << 62):
        with t.websocket(path) as peer:
            data = frame(Op.BINARY, t.binary(20), key=t.mask(), claim=claim)
            peer.send(data, "the beginning of a frame of a terabyte and more")
            refused(peer, 1009, f"{why}: there is no need to wait for what is announced")
    with t.websocket(path) as peer:
        for _ in range(2):
            say(t, peer, Op.TEXT, t.text(400), fin=False)
            say(t, peer, Op.CONTINUATION, t.text(400))
            peer.read(804)
            peer.at += 804
        fragments(t, peer, Op.TEXT, [t.text(600), t.text(401)])
        refused(peer, 1009, f"{why}, all fragments together")


def one_message_first(t: Asked) -> None:
    """What was right before is answered, and nothing after"""
    text = t.text(9)
    for path in (PATH, "/echo"):
        with t.websocket(path) as peer:
            bad = frame(Op.TEXT, t.text(5), key=t.mask(), rsv=0b010) + frame(Op.TEXT, t.text(5), key=t.mask())
            peer.send(frame(Op.TEXT, text, key=t.mask()) + bad, "a message, then one with RSV2, then another message")
            heard(peer, Op.TEXT, text, "what came before the fault is answered")
            refused(peer, 1002, "RSV2 is set, and no extension gives it a meaning (5.2)")
