"""How each of the language's own types is looked at by a hook: text, numbers, containers, code."""

from __future__ import annotations

import types
from _thread import get_ident
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .content import MOST_BYTES, first, items_of, octets_of
from .events import BYTES, CUT, DEPTH, OPENED
from .kinds import ATOMS, ITSELF, PLAIN, WEAKLY, plan
from .known import MARKS, ROW
from .seen import PARTS, Bound, Veiled

if TYPE_CHECKING:
    from .snapshots import Hand

#: Numbers and other atoms that keep their row; more of them start over.
MOST_ATOMS = 50_000
#: What the interpreter has once, and never lets go of: the `id` is the value. (Of one byte it says too little:
#: `veils`.)
_IMMORTAL = frozenset(map(id, (None, True, False, ..., NotImplemented, b"", "", (), *range(-5, 257))))


def readers(hand: Hand) -> dict[int, Callable[[Any], int]]:
    """How each of the language's own types is looked at."""
    known, rows, next_, layouts, holds = hand.known, hand.known.rows, hand.known.next, hand.layouts, hand.holds
    news, get, veils = known.news.extend, known.get, known.veils
    told, entries, others, put = known.told.extend, known.others, known.others.get, known.put
    hold, numbers = known.young.append, known.numbers
    text, octets, array = layouts.text, layouts.octets, layouts.row("bytearray", "bytes", ())
    atoms: dict[Any, int] = {}

    def atom(value: Any, key: Any) -> int:
        number = atoms.get(key)
        if number is None:
            if len(atoms) >= MOST_ATOMS:
                atoms.clear()
            number = next_()
            news((number, value))
            atoms[key] = number
        if id(value) in _IMMORTAL:
            rows[id(value)] = number
        return number

    def of_text(value: Any) -> int:
        if len(value) < 2:
            if veils and len(value) and type(value) is bytes:
                return veiled(value)
            return atom(value, value)
        number, size = next_(), len(value)
        if type(value) is str:
            told((number, number, text, size, 0, value))  # first: it is alive then
        else:
            told((number, number, octets, size, BYTES, value))
        rows[id(value)] = number
        return number

    def veiled(value: bytes) -> int:
        veil = veils.get(get_ident())
        if veil is None or veil[0] != value:
            return atom(value, value)
        number = next_()
        news((number, Veiled(value, veil[1])))
        return number

    def of_int(value: Any) -> int:
        return atom(value, value)

    def of_atom(value: Any) -> int:
        return atom(value, (type(value).__name__, repr(value)))  # an exact builtin type: its own repr

    def of_range(value: Any) -> int:
        return atom(value, type(value).__name__)

    def of_code(value: Any) -> int:
        number = next_()
        news((number, value))
        known.put(value, None, number, (), plan(type(value)).held)
        known.settle(value, True)
        return number

    def of_tuple(value: Any) -> int:
        if not value:
            return atom(value, ())
        # It would hold what is in it, and has no weak references: where that shows, it has no identity.
        return hand.loose(value) if any(map(lasting, value)) else constant(value, value[:PARTS], tuple)

    def of_frozenset(value: Any) -> int:
        return constant(value, first(value), frozenset) if value else atom(value, ("frozenset",))

    def constant(value: Any, inside: Sequence[Any], kind: type) -> int:
        """A container that cannot change, but what is in it may."""
        entry, steady = get(value), not any(map(opens, inside))
        marks: list[int] | None = None
        if entry is not None and entry[MARKS] is not None:
            marks = [] if steady else contents(inside, hand.opened)
            if entry[MARKS] == marks:
                return entry[ROW]
        parts, size = hand.inside(inside, layouts.pairs(inside), hand.opened), len(value)
        layout = layouts.counted(kind, len(inside))
        if marks is None:
            marks = [] if steady else contents(inside, hand.opened)
        # asked once more where it was new: it may be inside itself, and have its number by now
        number = holds(value, entry or get(value), marks, layout, size, len(inside) < size, parts, plan(kind).held)
        if steady:
            known.settle(value, True)
        return number

    def opens(value: Any) -> bool:
        return type(value) is list or type(value) is dict

    def contents(values: Sequence[Any], look: Callable[[Any], int]) -> list[int]:
        """What says that a container holds the same things as before, and that the same is in those which are looked
        into."""
        found = hand.marks(values)
        for index, value in enumerate(values[:OPENED]):
            if opens(value):
                found[index] = look(value)
        return found

    def changing(kind: type, look: Callable[[Any], int]) -> Callable[[Any], int]:
        held = plan(kind).held

        def read(value: Any) -> int:
            inside: Sequence[Any] = value[:PARTS] if kind is list else first(value)
            entry, size, marks = get(value), len(value), None
            if entry is not None:
                marks = [*contents(inside, look), size]
                if entry[MARKS] == marks:
                    return entry[ROW]
            parts, layout = hand.inside(inside, layouts.pairs(inside), look), layouts.counted(kind, len(inside))
            marks = marks or [*contents(inside, look), size]  # only now, when what is in it is known
            return holds(value, entry or get(value), marks, layout, size, len(inside) < size, parts, held)

        return read

    def of_dict(look: Callable[[Any], int]) -> Callable[[Any], int]:
        def read(value: Any) -> int:
            pairs = items_of(value)
            names, inside = tuple([name for name, _ in pairs]), [item for _, item in pairs]
            entry, size, marks = get(value), len(value), None
            if entry is not None:
                marks = [*hand.marks(names), *contents(inside, look), size]
                if entry[MARKS] == marks:
                    return entry[ROW]
            layout = layouts.of(dict, names)
            parts = hand.inside(inside, layout.secret, look)
            # only now, when what is in it is known
            marks = marks or [*hand.marks(names), *contents(inside, look), size]
            return holds(value, entry or get(value), marks, layout, size, len(inside) < size, parts, ITSELF)

        return read

    def opening(depth: int) -> Callable[[Any], int]:
        """Gives the row of something in a container: lists and dictionaries are looked into as well, so deep. They are
        how several things are handed on at once, and what JSON is made of. In a list of numbers there is nothing to
        follow, and lists in lists are tables of them as a rule: the innermost is not looked into."""
        if not depth:
            return hand.part
        within, dull = opening(depth - 1), ATOMS if depth > 1 else ATOMS | {id(list)}
        of_list, of_pairs = changing(list, within), of_dict(within)

        def look(value: Any) -> int:
            kind = type(value)
            if kind is list and not any(id(type(one)) in dull for one in value[:1]):
                return of_list(value)
            return of_pairs(value) if kind is dict else hand.part(value)

        return look

    def of_bytes(value: Any) -> int:
        """A bytearray, which changes often: what it says is its mark."""
        entry = others(id(value))
        if entry is not None:
            if entry[0] is not value:
                entry = None
            elif entry[3] == value:
                return entry[2]
        size, number = len(value), next_()
        if size <= MOST_BYTES:
            data, flags = bytes(value), BYTES
        else:
            data, flags = bytes(value[:MOST_BYTES]), BYTES | CUT
        identity = number if entry is None else entry[1]
        told((number, identity, array, size, flags, data))
        entries[id(value)] = (value, identity, number, data, known.sweeps)  # as `put` does it
        numbers[id(value)] = identity
        hold(value)
        return number

    def of_view(value: Any) -> int:
        size, data = octets_of(value)
        entry = get(value)
        if entry is not None and entry[MARKS] == (size, data):
            return entry[ROW]
        layout = layouts.plain(memoryview, "code" if data is None else "bytes")
        say = "memoryview" if data is None else data
        return hand.says(value, entry, (size, data), layout, size, say, data is None, (), WEAKLY)

    def of_method(value: Any) -> int:
        entry = get(value)
        if entry is not None and entry[MARKS] is not None:
            return entry[ROW]
        number = next_()
        news((number, Bound(value.__func__)))
        put(value, entry, number, (), WEAKLY)
        return number

    def lasting(item: Any) -> bool:
        """Whether somebody may see how long an object lives."""
        kind = type(item)
        return id(kind) not in PLAIN and plan(kind).held != ITSELF

    hand.opened = opening(DEPTH["tuple"])
    table: dict[type, Callable[[Any], int]] = {
        str: of_text, bytes: of_text, int: of_int, type(None): of_atom, bool: of_atom, float: of_atom,
        complex: of_atom, type(...): of_atom, type(NotImplemented): of_atom, range: of_range, slice: of_range,
        tuple: of_tuple, frozenset: of_frozenset, list: changing(list, opening(DEPTH["list"])),
        set: changing(set, hand.part), dict: of_dict(opening(DEPTH["dict"])), bytearray: of_bytes, memoryview: of_view,
        types.MethodType: of_method, type: of_code,
    }  # fmt: skip
    found = {id(kind): read for kind, read in table.items()}
    return {**dict.fromkeys(PLAIN - ATOMS, of_code), **found}
