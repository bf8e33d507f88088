"""What a hook makes of a value: its number, and, where it is new or has changed, what it holds just now.

This runs inside the traced program, at every call and every return, so each line here is paid for there. A value that
`Known.rows` answers for is not even looked at. Of all others one level is read, as numbers; text is made of it later,
by the writer. An object that nothing has happened to since it was last seen keeps the row that it has: its `marks` say
so, the identities of all that is directly inside it. Nothing of the program is kept alive that has weak references.
"""

from __future__ import annotations

import types
from _thread import get_ident
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from .content import outside
from .events import BYTES, CUT, OPENED
from .kinds import NOT, PLAIN, plan
from .known import IDENTITY, ROW, Entry, Known
from .language import readers
from .layouts import Layouts
from .objects import reader
from .seen import PARTS, Layout, Named

if TYPE_CHECKING:
    from .scope import Entry as CodeEntry
    from .secrets import Secrets

#: What is taken whole where it is a part of something.
_WHOLE = (PLAIN | {id(bytearray), id(types.MethodType)}) - {id(frozenset)}


class Hand:
    """What the readers of one recording share: whom they ask, and the ways to number what is inside something.

    `take` gives the number of a value that `rows` does not know.
    """

    def __init__(self, known: Known, secrets: Secrets) -> None:
        self.known = known
        self.secrets = secrets
        self.layouts = Layouts(secrets)
        self.readers = found = known.readers

        def take(value: Any) -> int:
            kind = type(value)
            read = found.get(id(kind))
            if read is None:
                read = found[id(kind)] = reader(kind, self)
            return read(value)

        self.take = take
        #: Gives the row of something in a tuple, or in what a call makes of its further arguments.
        self.opened: Callable[[Any], int] = self.part
        found.update(readers(self))

    def holds(
        self, value: Any, entry: Entry | None, marks: Any, layout: Layout, size: int, cut: bool, parts: Sequence[int],
        held: int,
    ) -> int:  # fmt: skip
        """Give a new row to an object that is new (`entry` is None) or has changed."""
        number = self.known.next()
        identity = entry[IDENTITY] if entry is not None else number if held != NOT else 0
        self.known.objects += (number, identity, layout.row, size, cut, len(parts), *parts)
        self.known.put(value, entry, number, marks, held)
        return number

    def says(
        self, value: Any, entry: Entry | None, marks: Any, layout: Layout, size: int, data: str | bytes, cut: bool,
        parts: Sequence[int], held: int,
    ) -> int:  # fmt: skip
        """The same for one that says something besides."""
        number = self.known.next()
        identity = entry[IDENTITY] if entry is not None else number if held != NOT else 0
        flags = (CUT if cut or len(data) < size else 0) | (BYTES if type(data) is bytes else 0)
        self.known.told += (
            number,
            identity,
            layout.row if not parts else self.layouts.bare(type(value)).row,
            size,
            flags,
            data,
        )
        if parts:
            self.known.objects += (number, identity, layout.row, size, cut, len(parts), *parts)
        self.known.put(value, entry, number, marks, held)
        return number

    def part(self, value: Any) -> int:
        """The row of something directly inside something else; what it holds is not looked into."""
        kind = type(value)
        if id(kind) in _WHOLE:
            return self.take(value)
        entry = self.known.get(value)
        if entry is not None:
            return entry[ROW]
        (size, data), layout, held = outside(value, kind), self.layouts.bare(kind), plan(kind).held
        if data is None:
            return self.holds(value, None, None, layout, size, False, (), held)
        return self.says(value, None, None, layout, size, data, False, (), held)

    def mark(self, value: Any) -> int:
        """The identity of a part that `rows` does not know."""
        entry = self.known.get(value)
        return self.part(value) if entry is None else entry[IDENTITY]

    def marks(self, values: Iterable[Any]) -> list[int]:
        """What says that an object holds the same things as before, whatever is inside these."""
        rows, mark = self.known.rows.get, self.mark
        return [rows(id(value)) or mark(value) for value in values]

    def named(self, value: Any, name: str, look: Callable[[Any], int]) -> int:
        """The row of a value that is called `name` where it was seen; `look` gives that of one that is no text."""
        known, kind = self.known, type(value)
        if not name or not self.secrets.concerns(name):
            return known.rows.get(id(value)) or look(value)
        text = kind is str or kind is bytes
        if text or kind is int:
            identified = text and len(value) > 1
            number = known.rows.get(id(value), 0) if identified else 0
            if number:
                known.news += (0, Named((value,), name, False))
                return number
            number = known.next()
            known.news += (number, Named(value, name, True))
            if identified:
                known.rows[id(value)] = number
            return number
        if kind is list or kind is tuple:
            known.news += (0, Named([v for v in value[:PARTS] if type(v) is str or type(v) is bytes], name, False))
        return known.rows.get(id(value)) or look(value)

    def arguments(self, entry: CodeEntry, local: dict[str, Any]) -> list[int]:
        """The rows of a call's arguments, of which some may be called as a secret is, or are the call's own tuple and
        dictionary of further ones."""
        if entry.how < 4:
            rows, take = self.known.rows.get, self.take
            return [rows(id(value)) or take(value) for value in entry.pick(local)]
        values = [local[name] for name in entry.arguments]
        fixed = len(values) - entry.variable
        if entry.secret:
            found = [
                self.named(value, name, self.take) for value, name in zip(values[:fixed], entry.secret, strict=False)
            ]
        else:
            rows, take = self.known.rows.get, self.take
            found = [rows(id(value)) or take(value) for value in values[:fixed]]
        return found + [self.loose(value) for value in values[fixed:]]

    def moved(self, data: bytes, order: int, read: bool) -> int:
        """The number of bytes that crossed a socket in the wire event `order`. One byte has no identity: until the next
        read on this thread, the same byte is taken for this one."""
        known = self.known
        if read:
            if len(data) == 1:
                known.veils[get_ident()] = (data, order)
            elif known.veils:
                known.veils.pop(get_ident(), None)
        number = known.rows.get(id(data), 0) if len(data) > 1 else 0
        return number or known.next()

    def inside(
        self, values: Sequence[Any], secret: tuple[str, ...], look: Callable[[Any], int] | None = None
    ) -> list[int]:
        """The rows of parts, some of which are called as a secret is; `look` gives those of the first (default: as of
        the others, `part`)."""
        if look is not None and len(values) > OPENED:
            return self.inside(values[:OPENED], secret[:OPENED], look) + self.inside(values[OPENED:], secret[OPENED:])
        look, rows = look or self.part, self.known.rows
        if not secret:
            return [rows.get(id(value)) or look(value) for value in values]
        return [
            self.named(value, name, look) if self.secrets.concerns(name) else rows.get(id(value)) or look(value)
            for value, name in zip(values, secret, strict=True)
        ]

    def loose(self, value: Any) -> int:
        """The row of the tuple or dictionary that a call makes of its further arguments: nobody else has it, so it has
        no identity to follow."""
        if type(value) is dict:
            names = (*value,)[:PARTS]
            layout, inside = self.layouts.of(dict, names), [value[name] for name in names]
        else:
            inside = value[:PARTS]
            layout = self.layouts.counted(tuple, len(inside))
        parts = self.inside(inside, layout.secret or self.layouts.pairs(inside), self.opened)
        number = self.known.next()
        self.known.objects += (number, 0, layout.row, len(value), len(parts) < len(value), len(parts), *parts)
        return number
