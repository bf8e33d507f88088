"""Notebook 05, a frame: the mask, the length, and a frame of one's own."""

from __future__ import annotations

from reference_impl.frames import Frame, Opcode, apply_mask
from tracer.scenarios.client import HELLO, MASK, frame

from ..exercise import Exercise, Guess, Mistake, call


def _first_of_key(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[0] for byte in payload)


def _backwards(payload: bytes, key: bytes) -> bytes:
    return apply_mask(payload, key[::-1])


def _only_four(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ mask for byte, mask in zip(payload, key, strict=False))


def _no_turns(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[i] for i, byte in enumerate(payload))


def _turns_of_three(payload: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[i % 3] for i, byte in enumerate(payload))


def _added(payload: bytes, key: bytes) -> bytes:
    return bytes((byte + key[i % 4]) % 256 for i, byte in enumerate(payload))


def _and(payload: bytes, key: bytes) -> bytes:
    return bytes(byte & key[i % 4] for i, byte in enumerate(payload))


def _or(payload: bytes, key: bytes) -> bytes:
    return bytes(byte | key[i % 4] for i, byte in enumerate(payload))


def _joined_number(payload: bytes, key: bytes) -> bytes:
    if payload:
        raise TypeError("can't concat int to bytes")
    return b""


def _whole(payload: bytes, key: bytes) -> bytes:
    raise TypeError("unsupported operand type(s) for ^: 'bytes' and 'bytes'")


def _list(payload: bytes, key: bytes) -> list[int]:
    return list(apply_mask(payload, key))


def _text(payload: bytes, key: bytes) -> str:
    return apply_mask(payload, key).decode("latin-1")


def payload_at(data: bytes) -> tuple[int, int]:
    """Right: RFC 6455, section 5.2."""
    length, start = data[1] & 0x7F, 2
    if length == 126:
        length, start = int.from_bytes(data[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(data[2:10], "big"), 10
    return start + (4 if data[1] & 0x80 else 0), length


def _mask_in_length(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start, data[1]) if data[1] & 0x80 and length < 126 else (start, length)


def _always_masked(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start if data[1] & 0x80 else start + 4), length


def _never_masked(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start - 4 if data[1] & 0x80 else start), length


def _short_only(data: bytes) -> tuple[int, int]:
    return (6 if data[1] & 0x80 else 2), data[1] & 0x7F


def _little(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    form = {126: 4, 127: 10}.get(data[1] & 0x7F)
    return start, int.from_bytes(data[2:form], "little") if form else length


def _four_bytes(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start - 4, int.from_bytes(data[2:6], "big")) if data[1] & 0x7F == 127 else (start, length)


def _start_forgotten(data: bytes) -> tuple[int, int]:
    return (6 if data[1] & 0x80 else 2), payload_at(data)[1]


def _always_six(data: bytes) -> tuple[int, int]:
    return 6, data[1] & 0x7F


def _more_than_128(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start - 4 if data[1] == 128 else start), length


def _last_bit(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return start + (4 if data[1] & 1 else 0) - (4 if data[1] & 0x80 else 0), length


def _summed(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    form = {126: 4, 127: 10}.get(data[1] & 0x7F)
    return start, sum(data[2:form]) if form else length


def _no_eight(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return (start - 8, 127) if data[1] & 0x7F == 127 else (start, length)


def _payload_itself(data: bytes) -> bytes:
    start, length = payload_at(data)
    return data[start : start + length]


def _swapped(data: bytes) -> tuple[int, int]:
    start, length = payload_at(data)
    return length, start


def text_frame(text: str) -> bytes:
    """Right: as reference_impl has it."""
    return Frame(Opcode.TEXT, text.encode()).serialize()


def _letters(text: str) -> bytes:
    return bytes([0x81, len(text)]) + text.encode()


def _masked(text: str) -> bytes:
    return Frame(Opcode.TEXT, text.encode()).serialize(MASK)


def _mask_bit(text: str) -> bytes:
    return bytes([0x81, 0x80 | len(text.encode())]) + text.encode()


def _no_fin(text: str) -> bytes:
    return bytes([0x01, len(text.encode())]) + text.encode()


def _binary(text: str) -> bytes:
    return bytes([0x82, len(text.encode())]) + text.encode()


def _digits(text: str) -> bytes:
    return b"\x81" + str(len(text.encode())).encode() + text.encode()


def _latin(text: str) -> bytes:
    data = text.encode("latin-1", "replace")
    return bytes([0x81, len(data)]) + data


def _joined(text: str) -> bytes:
    raise TypeError("can't concat int to bytes")


def _continuation(text: str) -> bytes:
    return b"\x80" + text_frame(text)[1:]


def _as_text(text: str) -> str:
    return "\x81" + chr(len(text)) + text


def _numbers(text: str) -> list[int]:
    return list(text_frame(text))


def _zeros(text: str) -> bytes:
    return b"\x81" + bytes(len(text.encode())) + text.encode()


def _long_form(text: str) -> bytes:
    return b"\x81" + len(text.encode()).to_bytes(2, "big") + text.encode()


def _header_counted(text: str) -> bytes:
    return bytes([0x81, len(text.encode()) + 2]) + text.encode()


def _no_header(text: str) -> bytes:
    return text.encode()


EXERCISES = (
    Exercise(
        "unmask",
        apply_mask,
        (
            call(HELLO[6:], MASK),
            call(b"", MASK),
            call(bytes(range(9)), bytes([1, 2, 4, 8])),
            call(bytes.fromhex("fff0 0ff0 aa55"), bytes.fromhex("ff00 f00f")),
        ),
        (
            Mistake(
                _first_of_key, "You use the first byte of the key for every byte. The four take turns: `key[i % 4]`."
            ),
            Mistake(
                _only_four,
                "Only four bytes come out: `zip` stops when the key is at its end. The key begins anew: `key[i % 4]`.",
            ),
            Mistake(_no_turns, "`key[i]` fails from the fifth byte on. The key begins anew: `key[i % 4]`."),
            Mistake(_turns_of_three, "`i % 3` leaves the key's last byte out. It has four: `i % 4`."),
            Mistake(_backwards, "You take the key from its end. Its first byte is for the first byte of the payload."),
            Mistake(_added, "You add the key. It is XOR, `^`, which is its own inverse."),
            Mistake(_and, "That is AND, `&`. XOR is `^`."),
            Mistake(_or, "That is OR, `|`. XOR is `^`."),
            Mistake(
                _joined_number,
                "A byte of `bytes` is a number, and cannot be joined to `bytes` or put into them. Collect the numbers, and put `bytes(…)` around them.",
            ),
            Mistake(_whole, "`^` is for two numbers. Go through the payload, byte by byte."),
            Mistake(_list, "The numbers are right; `bytes` are asked for: `bytes(…)` around them."),
            Mistake(
                _text, "That is a `str`; `bytes` are asked for. Whether they are text the opcode says, not the mask."
            ),
        ),
        "This is what wsproto does, a little slower. And the same function puts the mask on.",
    ),
    Exercise(
        "payload_at",
        payload_at,
        (
            call(HELLO),
            call(frame(0x1, b"Hello", mask=None)),
            call(Frame(Opcode.TEXT, b"x" * 125).serialize()),
            call(Frame(Opcode.TEXT, b"x" * 126).serialize()),
            call(Frame(Opcode.TEXT, b"x" * 300).serialize(MASK)),
            call(Frame(Opcode.BINARY, b"x" * 70_000).serialize()),
            call(Frame(Opcode.BINARY, b"x" * 70_000).serialize(MASK)),
            call(frame(0x9, b"")),
        ),
        (
            Mistake(
                _mask_in_length, "The first bit of byte 1 is MASK, not length. Take it away: `frame[1] & 0b0111_1111`."
            ),
            Mistake(
                _always_masked,
                "You count a masking key where there is none. It is there only if MASK, the first bit of byte 1, is 1.",
            ),
            Mistake(_never_masked, "If MASK is 1, four bytes of key stand before the payload."),
            Mistake(
                _short_only, "You take 126 and 127 for lengths. They say that the length is in the next 2, or 8, bytes."
            ),
            Mistake(
                _little,
                'You read the length with its lowest byte first. On the network the highest comes first: `"big"`.',
            ),
            Mistake(_four_bytes, "After 127 the length has eight bytes, not four."),
            Mistake(
                _start_forgotten,
                "The length is right, but the bytes that it stands in are there, too: the payload begins 2, or 8, bytes later.",
            ),
            Mistake(
                _always_six,
                "6 is right for the eleven bytes above. A frame without a mask, or with a longer length, is another.",
            ),
            Mistake(
                _more_than_128,
                "A masked frame without a payload has the second byte 128 exactly. Ask for the bit: `frame[1] & 0b1000_0000`.",
            ),
            Mistake(_last_bit, "MASK is the first bit of byte 1, `0b1000_0000`, and not the last."),
            Mistake(
                _summed,
                'You add the bytes of the length. They are one number: the first counts 256 times as much as the second. `int.from_bytes(…, "big")` reads it.',
            ),
            Mistake(_no_eight, "You take 127 for a length. It says that the length is in the next eight bytes."),
            Mistake(
                _payload_itself,
                "You return the payload. Where it begins and how long it is are asked for, as two numbers.",
            ),
            Mistake(_swapped, "The two numbers are the other way round: first where it begins, then how long it is."),
        ),
        "Short and long, masked and not: whoever knows where the payload is can find the next frame, too.",
    ),
    Exercise(
        "text_frame",
        text_frame,
        (call("Hello"), call(""), call("Grüße"), call("€" * 41), call("x" * 125)),
        (
            Mistake(_letters, "You count letters. `ü` is two bytes in UTF-8: encode first, then take the length."),
            Mistake(_masked, "You mask. A client must, and a server must not (RFC 6455, 5.1)."),
            Mistake(_mask_bit, "The bit MASK is set, but there is no key. A server does not mask: leave it 0."),
            Mistake(_no_fin, "FIN is 0, so the client goes on waiting for the rest. The first byte is `0b1000_0001`."),
            Mistake(_binary, "That is opcode 2, binary. Text is 1."),
            Mistake(_digits, "You write the length as digits. It is a number in one byte: `bytes([length])`."),
            Mistake(
                _joined,
                "Only `bytes` can be joined with `bytes`: `bytes([number])` makes them of a number, `text.encode()` of a text.",
            ),
            Mistake(_continuation, "Opcode 0 is more of the last message. A text begins with opcode 1: `0b1000_0001`."),
            Mistake(
                _as_text,
                "That is a `str`. A socket sends bytes: `bytes([…])` for the header, `text.encode()` for the payload.",
            ),
            Mistake(_numbers, "The numbers are right; `bytes` are asked for: `bytes(…)` around them."),
            Mistake(_zeros, "`bytes(5)` are five zero bytes. One byte with the value 5 is `bytes([5])`."),
            Mistake(
                _long_form, "You write the length in two bytes. Up to 125 it has one, of which the first bit is MASK."
            ),
            Mistake(_header_counted, "You count the header, too. The length is that of the payload alone."),
            Mistake(_latin, "Text is UTF-8 in a WebSocket (RFC 6455, 5.6), which is what `encode()` does by itself."),
            Mistake(
                _no_header, "That is the payload alone. Two bytes stand before it: FIN and opcode, then the length."
            ),
        ),
        "Any browser would take these for messages.",
    ),
)

GUESSES = (
    Guess(
        "payload-length",
        "The first bit of 0x85 is MASK, and the other seven, 0000101, are the length.",
        {
            133: "133 is the whole byte. Its first bit is MASK, and no part of the length.",
            0x81: "That is the first byte.",
            11: "11 is the whole frame: 2 bytes of header, 4 of key, and the payload.",
            9: "9 bytes follow the header; four of them are the key.",
        },
    ),
    Guess(
        "who-unmasks",
        "The row that says “unmasked” is in `XorMaskerSimple.process`, on the reader's thread. Above it, `recv` is called by simple-websocket, which looks at no byte.",
        {
            "simple_websocket": "It reads the bytes, and hands them on without a look.",
            "flask_sock": "Flask-Sock sees no bytes at all.",
            "werkzeug": "After the 101, Werkzeug is out of it: it has lent its socket.",
            "h11": "h11 is for HTTP, and has done its work.",
        },
    ),
    Guess(
        "frame-of-200",
        "Two bytes of header, two of length, no key, since a server does not mask, and 200 of payload.",
        {
            202: "Nearly: 200 is more than 125, so the length needs two bytes of its own.",
            208: "Nearly: a client's frame would have four bytes of key. A server does not mask.",
            210: "Eight bytes of length are for 65,536 bytes and more; here two will do.",
            200: "That is the payload. In front of it is a header.",
        },
    ),
    Guess(
        "no-mask",
        "RFC 6455, 5.1: a server “MUST close the connection upon receiving a frame that is not masked”. It sends a close frame with 1002, protocol error.",
        {
            "A": "It could read it well. But a client that does not mask would be open to the attack that the mask is for.",
            "B": "Then the client would wait for an answer for ever, and nobody would find the mistake.",
        },
    ),
)
