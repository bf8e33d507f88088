"""What a hook keeps of a value: itself, its entry where it is known, or one level of what it holds just now.

This runs inside the traced program, at every call and every return, so each line here is paid for there. What cannot
change is kept as it is. What can change is copied one level deep and nothing more; text is made of it later, by the
writer. An object that nothing has happened to since it was last seen keeps the snapshot that it has: what says so are
its `marks`, the identities of all that is directly inside it. Nothing of the program is kept alive that has weak
references.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from .kinds import PLAIN, plan

if TYPE_CHECKING:
    from .known import Known

#: How many parts of a container or an object are described.
PARTS = 64
#: How much of a bytearray is copied each time it passes a hook, in bytes.
BYTES = 1 << 16

_arguments = BaseException.__dict__["args"].__get__


class Snapshot(NamedTuple):
    """An object that can change, as it was when a hook saw it: its items and attributes, one level deep.

    `held` is a weak reference to it, where its type has them: what the program drops in the meantime is dropped (a file
    is closed, a finalizer runs on its own thread). Else it is the object itself; None where it has no identity.
    `items` are its items (of a dictionary, pairs), or its bytes; `names` and `attributes` go together. Two snapshots of
    one object with equal `marks` tell the same.
    """

    kind: type
    held: Any
    size: int
    items: Any
    names: tuple[Any, ...]
    attributes: Sequence[Any]
    marks: Any


class Glimpse(NamedTuple):
    """An object inside another one, by a weak reference."""

    kind: type
    held: Any


_new = tuple.__new__  # a third of the time that a NamedTuple's own constructor takes


def hold(value: Any) -> Any:
    """A weak reference to `value`, or itself where its type has none."""
    try:
        return ref(value)
    except TypeError:
        return value


def taker(known: Known) -> Callable[[Any], Any]:
    """What a hook calls for a value whose type is not in `PLAIN` and that is not in `known.deep`."""
    readers = known.readers
    readers.update(_readers(known))

    def take(value: Any) -> Any:
        kind = type(value)
        read = readers.get(id(kind))
        if read is None:
            read = readers[id(kind)] = _reader(kind, known)
        return read(value)

    return take


def _readers(known: Known) -> dict[int, Callable[[Any], Any]]:
    """How each of the language's own types that can change is looked at."""
    kept, part, pairs = _keeper(known), _parts(known), _pairs(known)
    fresh, latest = known.fresh, known.fresh.get

    def of_list(value: Any) -> Snapshot:
        items = value[:PARTS]
        marks = (len(value), *map(id, items))
        return kept(value, marks) or _keep(known, value, len(value), part(items), marks)

    def of_dict(value: Any) -> Snapshot:
        items = _items(value)
        marks = (len(value), *[id(item) for _, item in items])
        return kept(value, marks) or _keep(known, value, len(value), pairs(items), marks)

    def of_bytearray(value: Any) -> Snapshot:
        seen = latest(id(value))
        if seen is not None and seen.held is value and seen.items == value:
            return seen
        size = len(value)
        data = bytes(value) if size <= BYTES else bytes(value[:BYTES])
        seen = fresh[id(value)] = _new(Snapshot, (bytearray, value, size, data, (), (), data))
        return seen

    def of_set(value: Any) -> Snapshot:
        items = first(value)
        marks = (len(value), *map(id, items))
        return kept(value, marks) or _keep(known, value, len(value), part(items), marks)

    def of_view(value: Any) -> Snapshot:
        size, data = _view(value)
        return _new(Snapshot, (memoryview, hold(value), size, data, (), (), (size, data)))

    def of_method(value: Any) -> Snapshot:
        return _new(Snapshot, (types.MethodType, hold(value), -1, value.__func__, (), (), None))

    table = (
        (list, of_list), (dict, of_dict), (bytearray, of_bytearray), (set, of_set), (tuple, _of_tuple),
        (memoryview, of_view), (types.MethodType, of_method),
    )  # fmt: skip
    return {id(kind): read for kind, read in table}


def _keeper(known: Known) -> Callable[[Any, Any], Snapshot | None]:
    """Gives the snapshot of an object that was made since the writer last came by, if it still tells how it is."""
    latest = known.fresh.get

    def kept(value: Any, marks: Any) -> Snapshot | None:
        seen = latest(id(value))
        if seen is not None and seen.marks == marks:
            held = seen.held
            if held is value or (type(held) is ref and held() is value):
                return seen
        return None

    return kept


def _keep(known: Known, value: Any, size: int, items: Any, marks: Any) -> Snapshot:
    seen = known.fresh[id(value)] = _new(Snapshot, (type(value), hold(value), size, items, (), (), marks))
    return seen


def _glimpser(known: Known) -> Callable[[Any], Any]:
    """Makes the glimpse of something inside something else."""
    readers = known.readers

    def glimpse(value: Any) -> Any:
        kind = type(value)
        if kind is bytearray:
            return readers[id(kind)](value)
        try:
            return _new(Glimpse, (kind, ref(value)))
        except TypeError:
            return value

    return glimpse


def _parts(known: Known) -> Callable[[Iterable[Any]], list[Any]]:
    """What is kept of the things directly inside something: themselves, their entries, or weak references."""
    plain, deep, glimpse = PLAIN, known.deep.get, _glimpser(known)
    return lambda values: [
        value if id(type(value)) in plain else (deep(id(value)) or glimpse(value)) for value in values
    ]


def _pairs(known: Known) -> Callable[[list[tuple[Any, Any]]], list[tuple[Any, Any]]]:
    part = _parts(known)

    def pairs(items: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        return list(zip([key for key, _ in items], part([item for _, item in items]), strict=True))

    return pairs


def _reader(kind: type, known: Known) -> Callable[[Any], Any]:
    """How objects of a class are looked at, made once for each."""
    how = plan(kind)
    if how.base is type:
        return _itself
    if how.base is None and how.dictionary is not None and not how.slots:
        return _of_instance(kind, how.dictionary, known)
    if how.base is None and how.dictionary is None and not how.slots:
        return _of_nothing(kind, known)
    if how.base is tuple and how.dictionary is None:
        return _of_named_tuple(kind, known)
    return _of_any(kind, known)


def _of_instance(kind: type, dictionary: Any, known: Known) -> Callable[[Any], Snapshot]:
    """The most frequent kind of object by far: attributes in a dictionary, and nothing else."""
    fresh, latest, weak, new, snapshot = known.fresh, known.fresh.get, ref, _new, Snapshot
    plain, deep, glimpse, holds = PLAIN, known.deep.get, _glimpser(known), plan(kind).weak

    def read(value: Any) -> Snapshot:
        held = dictionary(value, kind)
        names, inside = ((*held,), (*held.values(),)) if type(held) is dict else ((), ())
        if len(names) > PARTS or len(names) != len(inside):  # another thread may change it meanwhile
            most = min(PARTS, len(names), len(inside))
            names, inside = names[:most], inside[:most]
        marks = (*map(id, inside),)
        seen = latest(id(value))
        if seen is not None and seen.marks == marks:
            was = seen.held
            if was is value or (type(was) is weak and was() is value):
                return seen
        parts = [part if id(type(part)) in plain else (deep(id(part)) or glimpse(part)) for part in inside]
        it = weak(value) if holds else value
        seen = fresh[id(value)] = new(snapshot, (kind, it, -1, None, names, parts, marks))
        return seen

    return read


def _of_nothing(kind: type, known: Known) -> Callable[[Any], Snapshot]:
    """Objects in which Python shows nothing: an iterator, a lock."""
    latest = known.fresh.get

    def read(value: Any) -> Snapshot:
        seen = latest(id(value))
        if seen is None or (seen.held is not value and (type(seen.held) is not ref or seen.held() is not value)):
            seen = known.fresh[id(value)] = _new(Snapshot, (kind, hold(value), -1, None, (), (), None))
        return seen

    return read


def _of_named_tuple(kind: type, known: Known) -> Callable[[Any], Snapshot]:
    """Tuples of a class of their own. They cannot change, and have no weak references."""
    latest, part = known.fresh.get, _parts(known)

    def read(value: Any) -> Snapshot:
        seen = latest(id(value))
        if seen is None or seen.held is not value:
            items = tuple.__getitem__(value, slice(0, PARTS))
            size = tuple.__len__(value)
            seen = known.fresh[id(value)] = _new(Snapshot, (kind, value, size, part(items), (), (), None))
        return seen

    return read


def _of_any(kind: type, known: Known) -> Callable[[Any], Snapshot]:
    """Objects with slots, and those that extend a builtin type."""
    how = plan(kind)
    base, dictionary, slots = how.base, how.dictionary, how.slots
    part, pairs, kept = _parts(known), _pairs(known), _keeper(known)

    def attributes(value: Any) -> list[tuple[Any, Any]]:
        held = dictionary(value, kind) if dictionary is not None else None
        found = _items(held) if type(held) is dict else []
        for name, get in slots:
            try:
                found.append((name, get(value, kind)))
            except AttributeError:  # a slot that is still empty
                continue
        return found[:PARTS]

    def read(value: Any) -> Snapshot:
        size, items, inside = _content(value, base)
        found = attributes(value)
        parts = [part for _, part in found]
        marks = (size, *map(id, inside), *map(id, parts))
        seen = kept(value, marks)
        if seen is None:
            if base is dict:
                items = pairs(items)
            elif type(items) is list:
                items = part(items)
            names = tuple(name for name, _ in found)
            seen = known.fresh[id(value)] = _new(Snapshot, (kind, hold(value), size, items, names, part(parts), marks))
        return seen

    return read


def _content(value: Any, base: type | None) -> tuple[int, Any, Iterable[Any]]:
    """What an object holds as the builtin type that it extends: size, items (of a dictionary, pairs; of text and bytes
    what it says; of a number its digits), and what of it has an identity."""
    if base is None:
        return -1, None, ()
    if base is dict:
        items = _items(value)
        return dict.__len__(value), items, [item for _, item in items]
    if base is BaseException:
        held = list(_arguments(value)[:PARTS])
        return -1, held, held
    if base is str or base is bytes:
        return base.__len__(value), base.__getitem__(value, slice(0, BYTES)), ()
    if base is int or base is float:
        return -1, base.__repr__(value), ()
    container: Any = base
    held = first(container.__iter__(value))
    return container.__len__(value), held, held


def _itself(value: Any) -> Any:
    """A class, whatever its metaclass: its description is its name."""
    return value


def _of_tuple(value: Any) -> Any:
    """A tuple of what can be kept is kept as it is."""
    for item in value:
        if id(type(item)) not in PLAIN:
            break
    else:
        return value
    seen = loose(value)
    return seen if any(type(item) is Glimpse for item in seen.items) else value


def loose(value: Any) -> Snapshot:
    """The tuple or dictionary that a call makes of its further arguments: nobody else has it, so it has no identity to
    follow, and it must not keep its items."""
    if type(value) is dict:
        items: list[Any] = [(key, weakly(item)) for key, item in _items(value)]
    else:
        items = [weakly(item) for item in value[:PARTS]]
    return _new(Snapshot, (type(value), None, len(value), items, (), (), None))


def weakly(value: Any) -> Any:
    """A part of something, kept without being held: itself, where holding it changes nothing."""
    if id(type(value)) in PLAIN:
        return value
    try:
        return _new(Glimpse, (type(value), ref(value)))
    except TypeError:
        return value


def _view(value: memoryview) -> tuple[int, bytes | None]:
    try:
        data = value[:BYTES].tobytes() if value.ndim == 1 and value.itemsize == 1 else value.tobytes()[:BYTES]
    except (ValueError, NotImplementedError):  # released, or of an odd shape
        return -1, None
    return value.nbytes, data


def _items(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    return first(dict.items(value)) if dict.__len__(value) > PARTS else list(dict.items(value))


def first(items: Iterable[Any]) -> list[Any]:
    """At most `PARTS` of the items of a builtin container."""
    try:
        return [item for item, _ in zip(items, range(PARTS), strict=False)]
    except RuntimeError:  # another thread changed its size meanwhile
        return []
