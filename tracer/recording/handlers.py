"""Which exception is it that leaves a function, where more than one was in it?

`sys.settrace` tells of an exception where it is raised, and not again where a `finally`, a bare ``raise`` or an
``except`` that does not match lets it go on. Which handler a place in a code object lies in, and which handlers an
exception comes by on its way out, the code's own table of exceptions says (3.11 and newer; before there is none, and
the latest exception is taken).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dis import opmap
from types import CodeType

#: The first instruction of every handler that a program's source has.
_FIRST = opmap.get("PUSH_EXC_INFO", -1)
#: What lets the exception go on that its handler has to do with.
_AGAIN = {opmap["RERAISE"], opmap["RAISE_VARARGS"]}


class Handlers:
    """The handlers of one code object; all places are offsets into `co_code`, in bytes."""

    def __init__(self, code: CodeType) -> None:
        self._table, self._octets = list(_table(code)), code.co_code
        #: What cleans up behind a handler: where that handler begins.
        begin = [at for _, _, at, _ in self._table if self._octets[at] == _FIRST]
        self._begins = {cleanup: at for at in begin for cleanup in self._way(at)[:1]}

    def around(self, place: int) -> int | None:
        """The innermost handler that `place` lies in; None where it lies in none."""
        return next((self._begins[target] for target in self._way(place) if target in self._begins), None)

    def restores(self, place: int) -> bool:
        """Whether an exception that was raised at `place` may leave the code there: no handler that it comes by forgets
        where it came from."""
        return all(keeps for _, keeps in self._followed(place))

    def leaves(self, place: int, raised: Mapping[int, int]) -> int:
        """Which exception leaves the code at `place`: of those that were raised in it, their numbers by where that was,
        the latest last."""
        if place in raised:
            return raised[place]
        latest = list(raised.items())[::-1]
        handler = self.around(place) if self._octets[place] in _AGAIN else None
        return next((number for at, number in latest if handler in self._way(at)), latest[0][1])

    def _way(self, place: int) -> list[int]:
        """Where an exception goes that is raised at `place`, and on from there, outwards."""
        return [target for target, _ in self._followed(place)]

    def _followed(self, place: int) -> Iterator[tuple[int, bool]]:
        found = self._next(place)
        while found is not None:
            yield found
            found = self._next(found[0])

    def _next(self, place: int) -> tuple[int, bool] | None:
        return next(((target, keeps) for start, end, target, keeps in self._table if start <= place < end), None)


def _table(code: CodeType) -> Iterator[tuple[int, int, int, bool]]:
    """From where to where (exclusive) which handler is responsible, and whether it keeps where the exception came from.
    As CPython's Objects/exception_handling_notes.txt has it."""
    numbers = _numbers(getattr(code, "co_exceptiontable", b""))
    for start in numbers:
        length, target, rest = next(numbers), next(numbers), next(numbers)
        yield 2 * start, 2 * (start + length), 2 * target, bool(rest & 1)


def _numbers(data: bytes) -> Iterator[int]:
    number = 0
    for octet in data:
        number = number << 6 | octet & 0x3F
        if not octet & 0x40:
            yield number
            number = 0
