"""How objects of a class are looked at by a hook: a function for each class, made once, that does what it needs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from gc import get_referents
from typing import TYPE_CHECKING, Any
from weakref import ref

from .content import content, items_of
from .kinds import ITSELF, WEAKLY, plan, type_name
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
    known, held, own = hand.known, plan(kind).held, id(kind)
    entries, layouts, layout_of, still = known.others, hand.layouts.known.get, hand.layouts.of, known.still
    rows, part, objects, next_, others = known.rows.get, hand.part, known.objects.extend, known.next, entries.get
    forget, put, numbers, identity = entries.pop, known.put, known.numbers.get, hand.mark
    bare = hand.layouts.bare(kind).row

    def read(value: Any) -> int:
        found, key = dictionary(value, kind), id(value)
        if type(found) is not dict:
            found = {}
        entry = others(key)
        if entry is None and not found and held == WEAKLY:  # new, as its `__init__` gets it
            number = next_()
            objects((number, number, bare, -1, 0, 0))
            entries[key] = (ref(value, partial(forget, key)), number, number, [], known.sweeps)
            return number
        inside = (*found.values(),)
        if len(inside) > PARTS:
            inside = inside[:PARTS]
        marks = [rows(id(one), 0) for one in inside]
        rowless = 0 in marks  # what is inside has a row for each time that it changed
        if rowless:
            marks = [rows(id(one)) or numbers(id(one)) or identity(one) for one in inside]
        if entry is not None:
            kept = entry[0]
            if kept is not value and not (type(kept) is ref and kept() is value):
                entry = None
            elif entry[3] == marks:
                return entry[2] if entry[4] > known.sweeps - SETTLED else still(value, entry)
        names = (*found,)[: len(inside)] if inside else ()
        if len(names) != len(inside):  # another thread has taken something out of it meanwhile
            inside, marks, rowless = inside[: len(names)], [], True
        layout = layouts((own, 0, *map(id, names))) or layout_of(kind, names)
        if layout.secret:
            parts = hand.inside(inside, layout.secret)
        elif rowless:
            parts = [rows(id(one)) or part(one) for one in inside]
        else:
            parts = marks
        number = next_()
        if held != WEAKLY:
            objects((number, number if entry is None else entry[1], layout.row, -1, 0, len(parts), *parts))
            put(value, entry, number, marks, held)
        elif entry is None:  # as `put` does it
            objects((number, number, layout.row, -1, 0, len(parts), *parts))
            entries[key] = (ref(value, partial(forget, key)), number, number, marks, known.sweeps)
        else:
            objects((number, entry[1], layout.row, -1, 0, len(parts), *parts))
            entries[key] = (entry[0], entry[1], number, marks, known.sweeps)
        return number

    return read


def _of_tuple(kind: type, hand: Hand) -> Callable[[Any], int]:
    """Tuples of a class of their own. They cannot change, so each is looked at once."""
    known, fields, own = hand.known, plan(kind).fields, id(kind)
    entries, layouts, layout_of, pairs = known.others, hand.layouts.known.get, hand.layouts.of, hand.layouts.pairs
    rows, part, objects, next_, answers = known.rows.get, hand.part, known.objects.extend, known.next, known.rows
    hold, put, answer = known.constant.append, known.put, known.answer

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
        if entry is None:
            objects((number, number, layout.row, size, len(inside) < size, len(parts), *parts))
            answers[key] = number  # before it is held: no sweep has looked at it yet
            hold(value)
            return number
        objects((number, entry[1], layout.row, size, len(inside) < size, len(parts), *parts))
        put(value, entry, number, (), ITSELF)
        answer(key, number)
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
