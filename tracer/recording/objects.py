"""How objects of a class are looked at by a hook: a function for each class, made once, that does what it needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from gc import get_referents
from itertools import repeat
from typing import TYPE_CHECKING, Any
from weakref import ref

from .content import content, items_of
from .kinds import WEAKLY, plan, type_name
from .known import MARKS, SETTLED
from .seen import PARTS

if TYPE_CHECKING:
    from .snapshots import Hand

#: What the interpreter puts around a value that an async generator yields; it holds nothing else.
WRAPPED = "async_generator_wrapped_value"

_items: Any = tuple.__iter__


def reader(kind: type, hand: Hand) -> Callable[[Any], int]:
    """How objects of a class are looked at, made once for each."""
    if type_name(kind) == WRAPPED:
        return _of_wrapped(hand)
    how = plan(kind)
    if how.base is type:
        return hand.readers[id(type)]  # a class, whatever its metaclass
    if how.base is None and how.dictionary is not None and not how.slots:
        return _of_instance(kind, how.dictionary, hand)
    if how.base in (None, tuple) and how.dictionary is None and not how.slots:
        return _of_tuple(kind, hand) if how.base is tuple else _of_nothing(kind, hand)
    return _of_any(kind, hand)


def _of_wrapped(hand: Hand) -> Callable[[Any], int]:
    """What an async generator yields is what its caller gets, not what that comes wrapped in."""
    rows, take = hand.known.rows.get, hand.take
    return lambda value: next((rows(id(one)) or take(one) for one in get_referents(value)), 0)


def _of_instance(kind: type, dictionary: Any, hand: Hand) -> Callable[[Any], int]:
    """The most frequent kind of object by far: attributes in a dictionary, and nothing else."""
    known, held, own, zero = hand.known, plan(kind).held, id(kind), repeat(0)
    entries, layouts, layout_of, still = known.others, hand.layouts.known.get, hand.layouts.of, known.still
    rows, part, objects, next_, others = known.rows.get, hand.part, known.objects.extend, known.next, entries.get
    forget, put = entries.pop, known.put

    def read(value: Any) -> int:
        found = dictionary(value, kind)
        if type(found) is not dict:
            found = {}
        marks = [*map(rows, map(id, found.values()), zero)]
        entry = others(id(value))
        if entry is not None:
            kept = entry[0]
            if kept is not value and not (type(kept) is ref and kept() is value):
                entry = None
            elif entry[3] == marks:
                return entry[2] if entry[4] > known.sweeps - SETTLED else still(value, entry)
        inside = (*found.values(),)
        if len(inside) > PARTS or len(inside) != len(marks):
            inside = inside[:PARTS]
            marks = [*map(rows, map(id, inside), zero)]
        changing: list[int] = []  # where what is inside has a row for each time that it changed
        if 0 in marks:
            changing = [at for at, mark in enumerate(marks) if not mark]
            for at in changing:
                one = inside[at]
                other = others(id(one))
                known_one = other is not None and (other[0] is one or (type(other[0]) is ref and other[0]() is one))
                marks[at] = other[1] if known_one else part(one)  # type: ignore[index]
            if entry is not None and entry[3] == marks:
                return entry[2] if entry[4] > known.sweeps - SETTLED else still(value, entry)
        names = (*found,)[: len(inside)]
        if len(names) != len(inside):  # another thread has taken something out of it meanwhile
            inside, marks, changing = inside[: len(names)], [], [*range(len(names))]
        layout = layouts((own, 0, *map(id, names))) or layout_of(kind, names)
        if layout.secret:
            parts = hand.inside(inside, layout.secret)
        elif not changing:
            parts = marks
        else:
            parts = marks[:] or [0] * len(inside)
            for at in changing:
                parts[at] = part(inside[at])
        number = next_()
        objects((number, number if entry is None else entry[1], layout.row, -1, 0, len(parts), *parts))
        if held == WEAKLY and entry is None:  # as `put` does it
            key = id(value)
            entries[key] = (ref(value, partial(forget, key)), number, number, marks, known.sweeps)
        else:
            put(value, entry, number, marks, held)
        return number

    return read


def _of_tuple(kind: type, hand: Hand) -> Callable[[Any], int]:
    """Tuples of a class of their own. They cannot change, so each is looked at once."""
    known, fields, own = hand.known, plan(kind).fields, id(kind)
    entries, layouts, layout_of, pairs = known.others, hand.layouts.known.get, hand.layouts.of, hand.layouts.pairs
    rows, part, objects, next_, answers = known.rows.get, hand.part, known.objects.extend, known.next, known.rows
    hold = known.young.append

    def read(value: Any) -> int:
        key = id(value)
        entry = entries.get(key)
        if entry is not None:
            if entry[0] is not value:
                entry = None
            elif entry[3] is not None:
                return entry[2]
        inside = (*_items(value),)
        size = len(inside)
        if size > PARTS:
            inside = inside[:PARTS]
        layout = layouts((own, len(inside))) or layout_of(kind, (), (), len(inside))
        secret = layout.secret or (pairs(inside) if len(fields) != size else ())
        parts = hand.inside(inside, secret) if secret else [rows(id(one)) or part(one) for one in inside]
        number = next_()
        identity = number if entry is None else entry[1]
        objects((number, identity, layout.row, size, len(inside) < size, len(parts), *parts))
        entries[key] = (value, identity, number, (), known.sweeps)  # as `put` does it
        answers[key] = number  # before it is held: no sweep has looked at it yet
        hold(value)
        return number

    return read


def _of_nothing(kind: type, hand: Hand) -> Callable[[Any], int]:
    """Objects in which Python shows nothing: an iterator, a lock."""
    known, held, layout = hand.known, plan(kind).held, hand.layouts.bare(kind)

    def read(value: Any) -> int:
        entry = known.get(value)
        if entry is None:
            return hand.holds(value, entry, (), layout, -1, False, (), held)
        return known.still(value, entry)

    return read


def _of_any(kind: type, hand: Hand) -> Callable[[Any], int]:
    """Objects with slots, and those that extend a builtin type."""
    how, known, layouts = plan(kind), hand.known, hand.layouts
    base, dictionary, slots = how.base, how.dictionary, how.slots

    def attributes(value: Any) -> list[tuple[Any, Any]]:
        held = dictionary(value, kind) if dictionary is not None else None
        found = items_of(held) if type(held) is dict else []
        for name, get in slots:
            try:
                found.append((name, get(value, kind)))
            except AttributeError:  # a slot that is still empty
                continue
        return found[:PARTS]

    def read(value: Any) -> int:
        size, data, keys, inside = content(value, base)
        found = attributes(value)
        names = tuple([name for name, _ in found])
        everything = [*inside, *[item for _, item in found]]
        marks = [size, data, *hand.marks(names), *hand.marks(keys), *hand.marks(everything)]
        entry = known.get(value)
        if entry is not None and entry[MARKS] == marks:
            return known.still(value, entry)
        layout = layouts.of(kind, names, keys, len(inside))
        parts = hand.inside(everything, layout.secret or layouts.pairs(inside, len(names)))
        if data is None:
            return hand.holds(value, entry, marks, layout, size, len(inside) < size, parts, how.held)
        return hand.says(value, entry, marks, layout, size, data, False, parts, how.held)

    return read
