"""Cover: the check that every byte has exactly one field. A build that shows bytes fails where this finds any.

In: the fields of one direction and the number of bytes it has. Out: the runs of bytes that are named twice or not
at all, at every level of the tree. Counted in bits, so that FIN and opcode may share a byte and RSV2 may not lack.
"""

from __future__ import annotations

from collections.abc import Iterable

from .field import WIRE, Field


def uncovered(fields: Iterable[Field], length: int) -> list[tuple[int, int]]:
    """The gaps and overlaps of `fields` over `length` bytes, as (start, stop); empty where all is well.

    A fault inside a derived buffer is given in that buffer's own offsets. A field that is empty, out of order, in
    another buffer than its parent's or of impossible bits is a fault too: (its start, its stop).
    """
    return _faults(fields, 0, length, WIRE)


def _faults(fields: Iterable[Field], start: int, stop: int, buffer: str) -> list[tuple[int, int]]:
    """The faults of siblings that should cover `buffer[start:stop]`, and of everything below them."""
    faults: list[tuple[int, int]] = []
    reached = start * 8  # in bits, as everything named `..._bit`
    for field in fields:
        if field.derived is not None:
            faults += _derived_faults(field)
            continue
        first_bit, last_bit = _bits(field)
        if field.buffer != buffer or first_bit >= last_bit:
            faults.append((field.start, field.stop))
            continue
        if first_bit != reached:
            faults.append(_bytes(min(first_bit, reached), max(first_bit, min(reached, last_bit))))
        reached = max(reached, last_bit)
        if any(child.derived is None for child in field.children):
            faults += _faults(field.children, field.start, field.stop, buffer)
        else:
            faults += [fault for child in field.children for fault in _derived_faults(child)]
    if reached != stop * 8:
        faults.append(_bytes(min(reached, stop * 8), max(reached, stop * 8)))
    return faults


def _derived_faults(field: Field) -> list[tuple[int, int]]:
    """The faults of a field that opens a derived buffer: it spans all of it, and so do its children if it has any."""
    size = len(field.derived or b"")
    faults = [] if (field.start, field.stop) == (0, size) and field.buffer != WIRE else [(field.start, field.stop)]
    if any(child.derived is None for child in field.children):
        return faults + _faults(field.children, 0, size, field.buffer)
    return faults + [fault for child in field.children for fault in _derived_faults(child)]


def _bits(field: Field) -> tuple[int, int]:
    """The field's first bit and the one after its last, counted from its buffer's first; (0, 0) if impossible."""
    if field.bits is None:
        return field.start * 8, field.stop * 8
    first, last = field.bits
    if field.stop != field.start + 1 or not 0 <= first < last <= 8:
        return 0, 0
    return field.start * 8 + first, field.start * 8 + last


def _bytes(first_bit: int, last_bit: int) -> tuple[int, int]:
    """The bytes that hold these bits: (3, 9) -> (0, 2)."""
    return first_bit // 8, (last_bit + 7) // 8
