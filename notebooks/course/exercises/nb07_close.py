"""Notebook 07, `send()` and close: what is in a close frame."""

from __future__ import annotations

from ..exercise import Exercise, Guess, Mistake, call


def close_payload(code: int | None, reason: str = "") -> bytes:
    """Right: RFC 6455, 5.5.1; 123 bytes are left for the reason (5.5)."""
    if code is None:
        return b""
    return code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="ignore").encode()


def _little(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "little") + close_payload(0, reason)[2:]


def _digits(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else str(code).encode() + close_payload(0, reason)[2:]


def _not_cut(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "big") + reason.encode()


def _cut_letters(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "big") + reason[:123].encode()


def _cut_in_two(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "big") + reason.encode()[:123]


def _cut_at_125(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "big") + reason.encode()[:125].decode(errors="ignore").encode()


def _none_is_1000(code: int | None, reason: str = "") -> bytes:
    return close_payload(code or 1000, reason)


def _header_too(code: int | None, reason: str = "") -> bytes:
    payload = close_payload(code, reason)
    return bytes([0x88, len(payload)]) + payload


def _one_byte_code(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else bytes([code]) + reason.encode()


def _none_fails(code: int | None, reason: str = "") -> bytes:
    if code is None:
        raise AttributeError("'NoneType' object has no attribute 'to_bytes'")
    return close_payload(code, reason)


def _none_is_1005(code: int | None, reason: str = "") -> bytes:
    return close_payload(1005 if code is None else code, reason)


def _reason_without_code(code: int | None, reason: str = "") -> bytes:
    return reason.encode() if code is None else close_payload(code, reason)


def _replaced(code: int | None, reason: str = "") -> bytes:
    if code is None:
        return b""
    return code.to_bytes(2, "big") + reason.encode()[:123].decode(errors="replace").encode()


def _strict(code: int | None, reason: str = "") -> bytes:
    return b"" if code is None else code.to_bytes(2, "big") + reason.encode()[:123].decode().encode()


def _refused(code: int | None, reason: str = "") -> bytes:
    if len(reason.encode()) > 123:
        raise ValueError("the reason is too long")
    return close_payload(code, reason)


def _not_encoded(code: int | None, reason: str = "") -> bytes:
    if code is None:
        return b""
    raise TypeError("can't concat str to bytes")


def closed_with(payload: bytes) -> tuple[int, str]:
    """Right: RFC 6455, 7.1.5 and 7.1.6."""
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise ValueError("a code is two bytes")
    return int.from_bytes(payload[:2], "big"), payload[2:].decode()


def _empty_is_1000(payload: bytes) -> tuple[int, str]:
    return closed_with(payload) if payload else (1000, "")


def _empty_is_0(payload: bytes) -> tuple[int, str]:
    return closed_with(payload) if payload else (0, "")


def _empty_fails(payload: bytes) -> tuple[int, str]:
    return (payload[0] << 8) + payload[1], payload[2:].decode()


def _one_byte(payload: bytes) -> tuple[int, str]:
    return (int.from_bytes(payload[:2], "big"), payload[2:].decode()) if payload else (1005, "")


def _read_little(payload: bytes) -> tuple[int, str]:
    code, reason = closed_with(payload)
    return (int.from_bytes(payload[:2], "little"), reason) if payload else (code, reason)


def _reason_bytes(payload: bytes) -> tuple[int, bytes]:
    return closed_with(payload)[0], payload[2:]


def _code_alone(payload: bytes) -> tuple[int, str] | int:
    return closed_with(payload) if payload else 1005


def _reason_none(payload: bytes) -> tuple[int, str | None]:
    return closed_with(payload) if payload else (1005, None)


def _empty_is_1006(payload: bytes) -> tuple[int, str]:
    return closed_with(payload) if payload else (1006, "")


def _empty_raises(payload: bytes) -> tuple[int, str]:
    if not payload:
        raise ValueError
    return closed_with(payload)


def _error_returned(payload: bytes) -> tuple[int, str] | type[ValueError]:
    return ValueError if len(payload) == 1 else closed_with(payload)


def _one_byte_is_1002(payload: bytes) -> tuple[int, str]:
    return (1002, "") if len(payload) == 1 else closed_with(payload)


def _code_bytes(payload: bytes) -> tuple[int | bytes, str]:
    code, reason = closed_with(payload)
    return (payload[:2] if payload else code), reason


def _code_summed(payload: bytes) -> tuple[int, str]:
    code, reason = closed_with(payload)
    return (sum(payload[:2]) if payload else code), reason


def _code_digits(payload: bytes) -> tuple[int, str]:
    return (int(payload[:2]), payload[2:].decode()) if payload else (1005, "")


def _reason_quoted(payload: bytes) -> tuple[int, str]:
    code, reason = closed_with(payload)
    return code, str(payload[2:]) if payload else reason


def _reason_all(payload: bytes) -> tuple[int, str]:
    return closed_with(payload)[0], payload.decode("latin-1")


EXERCISES = (
    Exercise(
        "close_payload",
        close_payload,
        (
            call(1000, "bye"),
            call(1001),
            call(None),
            call(None, "bye"),
            call(3000, "Grüße"),
            call(1000, "x" * 200),
            call(1000, "€" * 60),
            call(1000, "x" + "€" * 60),
        ),
        (
            Mistake(
                _little,
                'You write the code with its lowest byte first. On the network the highest comes first: `"big"`.',
            ),
            Mistake(
                _digits, 'You write the code as four digits. It is a number in two bytes: `code.to_bytes(2, "big")`.'
            ),
            Mistake(_not_cut, "You do not cut the reason. A control frame holds 125 bytes, of which the code has two."),
            Mistake(_cut_letters, "You cut after 123 letters. It is bytes that count: `€` is three of them."),
            Mistake(
                _cut_in_two,
                'You cut in the middle of a character, so the reason is no UTF-8 any more, and the client closes with 1007 itself. `decode(errors="ignore")` drops the half.',
            ),
            Mistake(_cut_at_125, "You leave 125 bytes for the reason. The code has two of them: 123 are left."),
            Mistake(
                _one_byte_code,
                'A code is more than 255, so one byte cannot hold it. Two can: `code.to_bytes(2, "big")`.',
            ),
            Mistake(_none_fails, "`None` makes it fail. Look for that first: there is nothing in the frame then."),
            Mistake(
                _none_is_1005, "Without a code you write 1005, which is never sent. `None` means an empty payload."
            ),
            Mistake(
                _reason_without_code,
                "Without a code there can be no reason: its first two bytes would be taken for the code. Give `b''`.",
            ),
            Mistake(
                _replaced,
                '`errors="replace"` puts a `�` of three bytes in the place of the half character, and it may be too long again. `errors="ignore"` drops it.',
            ),
            Mistake(
                _strict,
                '`decode()` raises where a character was cut in two. `decode(errors="ignore")` drops the half.',
            ),
            Mistake(
                _refused, "A reason that is too long is to be cut, not refused: the close has to be sent all the same."
            ),
            Mistake(
                _not_encoded, "The reason is a `str`, and the code is `bytes`. `reason.encode()` makes bytes of it."
            ),
            Mistake(_none_is_1000, "Without a code you write 1000. `None` means that there is nothing in the frame."),
            Mistake(_header_too, "You put the frame's header in front. Only the payload is asked for."),
        ),
        "A client can read it, however long the reason was.",
    ),
    Exercise(
        "closed_with",
        closed_with,
        (call(b"\x03\xe8bye"), call(b"\x03\xe9"), call(b""), call(b"\x0f\xa0" + "Grüße".encode()), call(b"\x03")),
        (
            Mistake(
                _empty_is_1000,
                "An empty payload is no 1000: the RFC has 1005 for “there was none”, so that the two can be told apart.",
            ),
            Mistake(_empty_is_0, "An empty payload has the code 1005, by RFC 6455, 7.1.5."),
            Mistake(_code_alone, 'Two values are asked for, in this case, too: `1005, ""`.'),
            Mistake(_reason_none, 'A reason that is not there is an empty text, `""`, and not `None`.'),
            Mistake(_empty_is_1006, "1006 is for a connection that ended without a close frame. An empty one is 1005."),
            Mistake(_empty_raises, "An empty payload is no fault: a close frame may have none. Its code is 1005."),
            Mistake(_error_returned, "You *return* the error. Raise it: `raise ValueError(…)`."),
            Mistake(
                _one_byte_is_1002,
                "1002 is what the server closes with then. This function has found no code: raise `ValueError`.",
            ),
            Mistake(_code_bytes, 'The code is two bytes still. `int.from_bytes(…, "big")` makes a number of them.'),
            Mistake(
                _code_summed,
                'You add the two bytes of the code. The first counts 256 times as much as the second: `int.from_bytes(…, "big")`.',
            ),
            Mistake(
                _code_digits,
                '`int(…)` reads digits, and the code is a number in two bytes: `int.from_bytes(…, "big")`.',
            ),
            Mistake(
                _reason_quoted, "`str(…)` of bytes writes the `b` and the quotes, too. `decode()` makes a text of them."
            ),
            Mistake(_empty_fails, "An empty payload makes it fail. A close frame may be empty: its code is 1005."),
            Mistake(_one_byte, "One byte is taken for a code. It is half of one: raise `ValueError`."),
            Mistake(
                _read_little,
                'You read the code with its lowest byte first. On the network the highest comes first: `"big"`.',
            ),
            Mistake(_reason_bytes, "The reason is `bytes` still. It is text: decode it."),
            Mistake(_reason_all, "The reason begins after the code, at the third byte."),
        ),
        "Whatever the client had to say, you can read it.",
    ),
)

GUESSES = (
    Guess(
        "bytes-out",
        "Two bytes of header and five of payload: a server does not mask, so there is no key.",
        {
            11: "A client's frame has four bytes of masking key. A server's has none.",
            5: "That is the payload. Two bytes of header stand before it.",
        },
    ),
    Guess(
        "who-closes",
        "The reader's thread hears the close, and answers it at once, by itself. The view is only told.",
        {
            "B": "So it would be if the view had to answer. But it may be busy with something else, and a close should not wait for it.",
            "A": "A is the server's thread. It accepts, and knows nothing of frames.",
        },
    ),
    Guess(
        "who-is-first",
        "In 60 runs without a recorder, the close frame came first 33 times, and the HTTP answer 27 times.",
        {
            "the close frame": "Often, but not always: when it has set the event, the reader has not written yet.",
            "the answer": "Often, but not always: the view's thread has to wake up first, and return through Flask.",
        },
    ),
)
