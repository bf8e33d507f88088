"""A `View` as JSON: compact, because a page carries it. docs/view-format.md tells each part.

Rows that come again and again (steps, fields, runs of lines) are stored once in a table and named by their place.
"""

from __future__ import annotations

from typing import Any

from .model import SCHEMA, ByteField, Function, Message, Recording, Step, View


class _Table:
    """Rows stored once, in the order in which they were first asked for."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._places: dict[Any, int] = {}

    def place(self, key: Any, row: Any) -> int:
        if key not in self._places:
            self._places[key] = len(self.rows)
            self.rows.append(row)
        return self._places[key]


def to_json(view: View) -> dict[str, Any]:
    """Plain lists, dictionaries, numbers and text."""
    steps, fields, texts = _Table(), _Table(), _Table()
    recordings = [_recording(recording, steps, fields, texts) for recording in view.recordings]
    return {
        "schema": SCHEMA,
        "title": view.title,
        "lanes": [{"name": lane.name, "hue": lane.hue, "floor": lane.floor, "said": lane.said} for lane in view.lanes],
        "files": [
            {"name": f.name, "url": f.url, "one": f.one, "many": f.many, "status": f.status, "why": f.why}
            for f in view.files
        ],
        "functions": [_function(function) for function in view.functions],
        "texts": texts.rows,
        "steps": steps.rows,
        "fields": fields.rows,
        "recordings": recordings,
    }


def _function(f: Function) -> dict[str, Any]:
    return {
        "lane": f.lane,
        "name": f.name,
        "file": f.file,
        "first": f.first,
        "last": f.last,
        "note": f.note,
        "source": "\n".join(f.source),
        "colours": "\n".join(f.colours),
    }


def _recording(r: Recording, steps: _Table, fields: _Table, texts: _Table) -> dict[str, Any]:
    return {
        "name": r.name,
        "title": r.title,
        "python": r.python,
        "threads": [list(thread) for thread in r.threads],
        "versions": [list(version) for version in r.versions],
        "messages": [_message(message, steps, fields, texts) for message in r.messages],
        "left_out": r.left_out,
    }


def _message(m: Message, steps: _Table, fields: _Table, texts: _Table) -> dict[str, Any]:
    return {
        "id": m.id,
        "connection": m.connection,
        "direction": m.direction,
        "kind": m.kind,
        "title": m.title,
        "size": m.size,
        "chunks": [[c.op, c.start, c.stop, c.thread, c.step] for c in m.chunks],
        "buffers": [
            {"name": b.name, "hex": b.data.hex(), "size": b.size, "blank": [list(run) for run in b.blank]}
            for b in m.buffers
        ],
        "fields": [fields.place(field, _field(field, texts)) for field in m.fields],
        "steps": [steps.place(step, _step(step, texts)) for step in m.steps],
        "ways": [
            {
                "number": w.number,
                "direction": w.direction,
                "value": w.value,
                "complete": w.complete,
                "legs": [[g.kind, g.how, g.lane, g.thread, g.step, g.value, g.where] for g in w.legs],
            }
            for w in m.ways
        ],
    }


def _step(s: Step, texts: _Table) -> list[Any]:
    def text(value: str) -> int:
        return texts.place(value, value)

    return [
        text(s.kind), text(s.name), s.lane, s.thread, s.depth, int(s.crosses), s.function, s.caller, text(s.site),
        s.line, [n for name, value in s.arguments for n in (text(name), text(value))], text(s.ended), text(s.value),
        text(runs(s.lines)), s.chunk, text(s.note), s.evidence,
    ]  # fmt: skip


def _field(f: ByteField, texts: _Table) -> list[Any]:
    def text(value: str) -> int:
        return texts.place(value, value)

    return [
        f.buffer, f.start, f.stop, list(f.bits) if f.bits else 0, text(f.name), text(f.value), text(f.section),
        f.level, f.step, text(f.who), int(f.exact),
    ]  # fmt: skip


def runs(lines: tuple[int, ...]) -> str:
    """Lines in order, steps of one as a run: (3, 4, 5, 9) -> "3-5 9"."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in found)
