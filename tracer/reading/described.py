"""Rows of `described` made into tables: the values, and what is directly inside each."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Iterator

from ..recording.events import BYTES, CUT
from ..recording.packing import places, unpacked
from .tables import Damaged

#: By the number of a shape: its type, its kind, the labels of its parts.
Shapes = dict[int, tuple[str, str, list[str]]]


def fill_values(db: sqlite3.Connection) -> None:
    """The values: what each says, and what is directly inside it. Bytes that crossed a socket are never cut, so what
    the wire event says of them counts."""
    shapes = {row[0]: (*row[1:3], _labels(*row)) for row in db.execute("select id, type, kind, labels from shape")}
    insert = "insert or {} into value values (?, ?, ?, ?, ?, ?, ?)"
    for row in db.execute("select id, objects, heads, lengths, starts, told, wire from described order by id"):
        try:
            objects, heads, lengths, starts = map(unpacked, row[1:5])
        except (TypeError, ValueError) as error:
            raise Damaged(f"the descriptions {row[0]} cannot be unpacked ({error})") from None
        ends = (start + length for start, length in zip(starts, lengths, strict=False))
        told = row[5] + _behind(db, row[6], max(ends, default=0) - len(row[5]))
        db.executemany(insert.format("replace"), _told(row[0], heads, lengths, starts, told, shapes))
        values, parts = _held(row[0], objects, shapes)
        db.executemany(insert.format("ignore"), values)
        db.executemany("insert or replace into part values (?, ?, ?, ?)", parts)
    moved = "select value, value, 'bytes', 'bytes', length(data), data, 0 from wire where data is not null order by id"
    db.execute(f"insert or replace into value {moved}")


def _behind(db: sqlite3.Connection, first: int | None, size: int) -> bytes:
    """At least so many of the bytes that moved in the wire event `first` and in those after it, if there are so
    many."""
    found: list[bytes] = []
    if size > 0 and first is not None:
        moved = db.execute("select data from wire where id >= ? and typeof(data) = 'blob' order by id", (first,))
        while size > 0 and (row := moved.fetchone()):
            found += row
            size -= len(row[0])
    return b"".join(found)


def _told(
    batch: int, heads: array[int], lengths: array[int], starts: array[int], told: bytes, shapes: Shapes
) -> Iterator[tuple[object, ...]]:
    """Rows of values that say something, one at a time: together they may be far more than what is written of them."""
    try:
        where = places(len(told), lengths, starts)
    except ValueError:
        where = []
    if len(heads) != 5 * len(where) or len(where) != len(lengths):
        raise Damaged(f"the descriptions {batch} do not fit together")
    for index, (start, stop) in enumerate(where):
        number, identity, shape, size, flags = heads[5 * index : 5 * index + 5]
        if shape not in shapes:
            raise Damaged(f"the descriptions {batch} have value {number} with a shape that is not there")
        data: str | bytes = told[start:stop]
        if not flags & BYTES:
            try:
                data = data.decode()  # type: ignore[union-attr]
            except UnicodeDecodeError:
                raise Damaged(f"the text of value {number} is not UTF-8") from None
        yield number, identity, *shapes[shape][:2], size, data, flags & CUT


def _held(batch: int, numbers: array[int], shapes: Shapes) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of values that hold something, and of what each holds. One that says something besides has a row already."""
    values: list[tuple[object, ...]] = []
    parts: list[tuple[object, ...]] = []
    position = 0
    while position < len(numbers):
        start = position + 6
        if start > len(numbers):
            raise Damaged(f"the descriptions {batch} cannot be unpacked (one is cut)")
        number, identity, shape, size, cut, count = numbers[position:start]
        position = start + count
        if shape not in shapes or count < 0 or position > len(numbers):
            raise Damaged(f"the descriptions {batch} have value {number} with a shape that is not there")
        kind, word, labels = shapes[shape]
        if count not in (0, len(labels)):
            raise Damaged(f"value {number} has {count} parts and {len(labels)} labels")
        values.append((number, identity, kind, word, size, None, cut))
        parts += [(number, place, labels[place], child) for place, child in enumerate(numbers[start:position])]
    return values, parts


def _labels(number: int, kind: str, word: str, labels: str) -> list[str]:
    try:
        found = json.loads(labels)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise Damaged(f"the labels of shape {number} are no list of names")
    return found
