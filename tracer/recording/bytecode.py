"""What a position in a code object means: is a generator suspended there, does a function return there?

`sys.settrace` reports a generator's resume as "call" and its yield as "return", and an exception that leaves a
function as "return" with `None`. The frame's `f_lasti` tells them apart, once it is known which offsets are
suspensions and which are returns. Both sets are found once for each code object. Measured on 3.10 to 3.13:

    3.10        suspended at YIELD_VALUE, or on the instruction before YIELD_FROM
    3.11, 3.12  "return" at YIELD_VALUE, "call" at RESUME 1/2/3 (at YIELD_VALUE where something is thrown in)
    3.13        both at RESUME 1/2/3; bits above the lowest two are flags
"""

from __future__ import annotations

import dis
from types import CodeType

#: Code flags of generators, coroutines and asynchronous generators (`inspect.CO_GENERATOR` and its kin).
SUSPENDS = 0x20 | 0x80 | 0x200


def suspensions(code: CodeType) -> frozenset[int]:
    """Values of `f_lasti` (bytes into `co_code`) at which a frame of `code` can lie suspended."""
    if not code.co_flags & SUSPENDS:
        return frozenset()
    found = set()
    for instruction in dis.get_instructions(code):
        if instruction.opname == "YIELD_VALUE":
            found.add(instruction.offset)
        elif instruction.opname == "YIELD_FROM":
            found.add(instruction.offset - 2)
        elif instruction.opname == "RESUME" and (instruction.arg or 0) & 3:
            found.add(instruction.offset)
    return frozenset(found)


def beginning(code: CodeType) -> int:
    """The largest `f_lasti` that a frame of a generator `code` has before it has run anything. A resume is every
    "call" beyond it, also where an exception thrown through a ``yield from`` lands on another offset."""
    for instruction in dis.get_instructions(code):
        if instruction.opname == "RESUME":
            return instruction.offset
    return -1


def returns(code: CodeType) -> frozenset[int]:
    """Values of `f_lasti` at which `code` returns, so that a "return" event anywhere else is an exception."""
    return frozenset(i.offset for i in dis.get_instructions(code) if i.opname in ("RETURN_VALUE", "RETURN_CONST"))
