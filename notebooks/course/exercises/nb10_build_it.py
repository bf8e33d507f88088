"""Notebook 10, build it: what an echo server answers to a frame."""

from __future__ import annotations

from ..exercise import Exercise, Guess, Mistake, call

ANSWERS = {1: 1, 2: 2, 8: 8, 9: 10}


def _frame(opcode: int, payload: bytes, first: int = 0x80) -> bytes:
    return bytes([first | opcode, len(payload)]) + payload


def answer(opcode: int, payload: bytes) -> bytes:
    """Right: RFC 6455, 5.5.1 to 5.5.3."""
    return _frame(ANSWERS[opcode], payload) if opcode in ANSWERS else b""


def _ping_echoed(opcode: int, payload: bytes) -> bytes:
    return _frame(9, payload) if opcode == 9 else answer(opcode, payload)


def _pong_answered(opcode: int, payload: bytes) -> bytes:
    return _frame(10, payload) if opcode == 10 else answer(opcode, payload)


def _empty_pong(opcode: int, payload: bytes) -> bytes:
    return _frame(10, b"") if opcode == 9 else answer(opcode, payload)


def _no_close(opcode: int, payload: bytes) -> bytes:
    return b"" if opcode == 8 else answer(opcode, payload)


def _empty_close(opcode: int, payload: bytes) -> bytes:
    return _frame(8, b"") if opcode == 8 else answer(opcode, payload)


def _always_text(opcode: int, payload: bytes) -> bytes:
    return _frame(1, payload) if opcode == 2 else answer(opcode, payload)


def _no_fin(opcode: int, payload: bytes) -> bytes:
    return _frame(ANSWERS[opcode], payload, 0) if opcode in ANSWERS else b""


def _masked(opcode: int, payload: bytes) -> bytes:
    return bytes([0x80 | ANSWERS[opcode], 0x80 | len(payload)]) + payload if opcode in ANSWERS else b""


def _echo_all(opcode: int, payload: bytes) -> bytes:
    return _frame(opcode, payload)


def _pong_in_parts(opcode: int, payload: bytes) -> bytes:
    return _frame(10, payload, 0) if opcode == 9 else answer(opcode, payload)


def _pong_is_none(opcode: int, payload: bytes) -> bytes | None:
    return answer(opcode, payload) if opcode in ANSWERS else None


def _pong_empty(opcode: int, payload: bytes) -> bytes:
    return _frame(10, b"") if opcode == 10 else answer(opcode, payload)


def _data_bare(opcode: int, payload: bytes) -> bytes:
    return payload if opcode in (1, 2) else answer(opcode, payload)


def _close_is_1000(opcode: int, payload: bytes) -> bytes:
    return _frame(8, b"\x03\xe8") if opcode == 8 else answer(opcode, payload)


def _no_length(opcode: int, payload: bytes) -> bytes:
    return bytes([0x80 | ANSWERS[opcode]]) + payload if opcode in ANSWERS else b""


def _no_binary(opcode: int, payload: bytes) -> bytes:
    return b"" if opcode == 2 else answer(opcode, payload)


def _payload_only(opcode: int, payload: bytes) -> bytes:
    return payload if opcode in ANSWERS else b""


EXERCISES = (
    Exercise(
        "answer",
        answer,
        (
            call(1, b"Hello"),
            call(2, b"\x00\xff"),
            call(9, b"still there?"),
            call(9, b""),
            call(10, b"nobody asked"),
            call(8, b"\x03\xe8bye"),
            call(8, b""),
            call(1, b""),
        ),
        (
            Mistake(
                _echo_all,
                "You send back whatever comes. A ping is answered by a *pong*, and a pong by nothing, or two servers would never stop.",
            ),
            Mistake(
                _ping_echoed, "You answer a ping by a ping, which the client will answer in turn. A pong is opcode 10."
            ),
            Mistake(_pong_answered, 'You answer a pong. It is an answer already, so nothing is sent: `b""`.'),
            Mistake(
                _empty_pong,
                "The pong must have the ping's payload, so that the client knows which ping was answered (RFC 6455, 5.5.3).",
            ),
            Mistake(
                _no_close,
                "You do not answer a close. Without the answer the client does not know whether you heard it (RFC 6455, 5.5.1).",
            ),
            Mistake(_empty_close, "The close that you answer with is empty. Send the code back that has come."),
            Mistake(_always_text, "You answer binary by text. Bytes may be no UTF-8; the opcode goes back as it came."),
            Mistake(
                _no_fin,
                "FIN is 0, so the client waits for more of the message. The first byte is `0b1000_0000 | opcode`.",
            ),
            Mistake(_pong_in_parts, "The pong has no FIN. The first byte of a pong is `0b1000_1010`."),
            Mistake(_pong_is_none, 'For a pong you return `None`. `sendall` wants bytes, and none of them are `b""`.'),
            Mistake(
                _pong_empty, 'You answer a pong by an empty one. It is an answer already, so nothing is sent: `b""`.'
            ),
            Mistake(
                _data_bare,
                "You send text and binary without a header. Two bytes stand before the payload, as in every frame.",
            ),
            Mistake(
                _close_is_1000,
                "You always close with 1000. Send the payload back that has come: it may be another code, or none.",
            ),
            Mistake(_no_length, "The length is missing: it is the second byte, before the payload."),
            Mistake(_no_binary, "Binary is not answered. It goes back as it came, as text does."),
            Mistake(_masked, "MASK is set, but a server does not mask."),
            Mistake(_payload_only, "The payload alone is no frame: two bytes of header stand before it."),
        ),
        "That is a whole echo server's judgement, in a few lines.",
    ),
)

GUESSES = (
    Guess(
        "sixteen-and-some",
        "7 for the text, 7 for the pong, 4 for the close: each has two bytes of header, and nothing is masked.",
        {
            12: "That is the payloads alone. Each frame has two bytes of header.",
            30: "With masks it would be 30. A server does not mask.",
            14: "Nearly: the close is answered, too, with four bytes.",
        },
    ),
)
