"""Notebook 08, break it: the first two bytes of a frame, checked."""

from __future__ import annotations

from collections.abc import Callable

from ..exercise import Exercise, Guess, Mistake, call

#: The rules, by name: each says whether (first byte, second byte) breaks it.
RULES: dict[str, Callable[[int, int], bool]] = {
    "reserved bits": lambda first, second: bool(first & 0x70),
    "opcode": lambda first, second: first & 0x0F not in (0, 1, 2, 8, 9, 10),
    "mask": lambda first, second: not second & 0x80,
    "fin": lambda first, second: first & 0x0F >= 8 and not first & 0x80,
    "length": lambda first, second: first & 0x0F >= 8 and second & 0x7F > 125,
}


def refuse(first: int, second: int) -> int | None:
    """Right: all the rules."""
    return 1002 if any(broken(first, second) for broken in RULES.values()) else None


def _without(rule: str) -> Callable[[int, int], int | None]:
    def answer(first: int, second: int) -> int | None:
        return 1002 if any(broken(first, second) for name, broken in RULES.items() if name != rule) else None

    answer.__name__ = f"without_{rule.replace(' ', '_')}"
    return answer


def _one_reserved_bit(first: int, second: int) -> int | None:
    return 1002 if first & 0x40 else _without("reserved bits")(first, second)


def _fin_always(first: int, second: int) -> int | None:
    return 1002 if not first & 0x80 else refuse(first, second)


def _short_always(first: int, second: int) -> int | None:
    return 1002 if second & 0x7F > 125 else refuse(first, second)


def _no_continuation(first: int, second: int) -> int | None:
    return 1002 if first & 0x0F == 0 else refuse(first, second)


def _true(first: int, second: int) -> bool:
    return refuse(first, second) is not None


def _not_the_close(first: int, second: int) -> int | None:
    return refuse(first | 0x80, second & 0x80) if first & 0x0F == 8 else refuse(first, second)


def _mask_counted(first: int, second: int) -> int | None:
    return 1002 if first & 0x0F >= 8 and second > 125 else refuse(first, second)


def _less_than_125(first: int, second: int) -> int | None:
    return 1002 if first & 0x0F >= 8 and second & 0x7F >= 125 else refuse(first, second)


def _good_is_true(first: int, second: int) -> bool:
    return refuse(first, second) is None


def _raises(first: int, second: int) -> None:
    if refuse(first, second):
        raise ValueError


def _good_is_1000(first: int, second: int) -> int:
    return refuse(first, second) or 1000


def _good_is_0(first: int, second: int) -> int:
    return refuse(first, second) or 0


def _too_big(first: int, second: int) -> int | None:
    return 1009 if _without("length")(first, second) is None and refuse(first, second) else refuse(first, second)


def _mask_refused(first: int, second: int) -> int | None:
    return 1002 if second & 0x80 or refuse(first, second | 0x80) else None


EXERCISES = (
    Exercise(
        "refuse",
        refuse,
        tuple(
            call(first, second)
            for first, second in (
                (0x81, 0x85), (0x82, 0xFE), (0x01, 0x83), (0x80, 0x82), (0x00, 0x81), (0x88, 0x80), (0x89, 0xFD), (0x8A, 0x80),
                (0xC1, 0x85), (0xA1, 0x85), (0x91, 0x85), (0x83, 0x85), (0x8B, 0x85), (0x81, 0x05), (0x09, 0x85), (0x08, 0x80),
                (0x89, 0xFE), (0x88, 0xFF), (0x81, 0xFF),
            )
        ),
        (
            Mistake(_without("reserved bits"), "You let the three reserved bits pass: `first & 0b0111_0000` must be 0."),
            Mistake(_one_reserved_bit, "You look at the first reserved bit only. There are three: `first & 0b0111_0000`."),
            Mistake(_without("opcode"), "You let every opcode pass. 3 to 7 and 11 to 15 have no meaning (yet)."),
            Mistake(_no_continuation, "You refuse opcode 0. It is more of the last message, and as good as any other."),
            Mistake(_without("mask"), "You let frames pass that are not masked. A client must mask: `second & 0b1000_0000`."),
            Mistake(_mask_refused, "You refuse the mask. It is servers that must not mask; a client must."),
            Mistake(_without("fin"), "You let a control frame come in fragments. Close, ping and pong must have FIN."),
            Mistake(_fin_always, "You refuse every frame without FIN. A text may come in fragments; only control frames may not."),
            Mistake(_without("length"), "You let a control frame be long. It may hold 125 bytes, so 126 and 127 are refused."),
            Mistake(_short_always, "You refuse every long frame. Only control frames must be short."),
            Mistake(_not_the_close, "A close (opcode 8) is a control frame, too: `opcode >= 8`."),
            Mistake(_mask_counted, "The first bit of the second byte is MASK, and no part of the length: `second & 0b0111_1111`."),
            Mistake(_less_than_125, "125 bytes are allowed in a control frame; 126 and 127 are refused."),
            Mistake(_good_is_true, "You say True for a good frame. The code is asked for: 1002, or `None` if all is well."),
            Mistake(_raises, "You raise an error. The code is asked for: return 1002, or `None` if all is well."),
            Mistake(_good_is_1000, "1000 is said at the end of a conversation. A frame that is well has no code: `None`."),
            Mistake(_good_is_0, "If all is well, `None` is asked for. 0 is no close code."),
            Mistake(_too_big, "1009 is for a message that is longer than this server takes. A long control frame breaks the rules: 1002."),
            Mistake(_true, "You say True for a bad frame. The code is asked for: 1002, or `None` if all is well."),
        ),
        "Whatever comes, the first two bytes are enough to refuse most of it.",
    ),
)  # fmt: skip

GUESSES = (
    Guess(
        "bad-frames",
        "The frames break the rules of the protocol, whatever is in them.",
        {
            1007: "1007 is about what is in a frame: text that is none.",
            1003: "1003 is for a kind of data that the program does not want, such as binary.",
            1008: "1008 is for the program's own rules.",
            1000: "1000 says that all is well.",
        },
    ),
    Guess(
        "bad-texts",
        "The frames are fine here; it is their content that is no text.",
        {
            (1002, 1002): "1002 is about frames. These are well made, only their content is not.",
            (1007, 1000): "Half a character is no UTF-8 either, when the message ends there.",
            (1007, 1002): "Half a character is no UTF-8 either; the frame is well made.",
        },
    ),
    Guess(
        "too-big",
        "It closes as soon as the header has said how much will come, and waits for no more of it.",
        {
            1002: "1002 is for broken rules. The RFC has no rule of how long a message may be; this server has.",
            1008: "1008 would do, but there is a code for just this.",
        },
    ),
    Guess(
        "close-1005",
        "Whoever sends a code that must not be sent breaks the protocol. The server answers with its own code, not with the client's.",
        {
            1005: "A server repeats the client's code, if it may be sent. This one may not.",
            1000: "1000 would say that all is well.",
        },
    ),
    Guess(
        "half-closed",
        "TCP ended, and no close frame had come. 1006 is made for that, and is never on the wire: only the program is told.",
        {
            1005: "1005 is for a close frame that was empty. Here none came at all.",
            1000: "1000 must have been said by somebody.",
            1001: "1001, going away, must have been said by somebody.",
        },
    ),
)
