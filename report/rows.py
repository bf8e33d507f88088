"""Rows: the steps of a chain with finished text and links, numbered as a reader counts them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import count, product
from string import ascii_uppercase

from tracer.reading.steps import Step
from tracer.reading.trace import Trace

from .linking import Linker, plain, site
from .model import Row
from .notes import Notes
from .text import Scrub, told


class Rows:
    """Makes the rows of one report. In `strict` mode a crossing must have a note."""

    def __init__(self, linker: Linker, notes: Notes, *, strict: bool) -> None:
        self._linker, self._notes, self._strict = linker, notes, strict

    def of(self, steps: Sequence[Step], threads: Mapping[int, str], scrub: Scrub) -> list[Row]:
        """A row for each step; `threads` are the letters of the threads. Raises `ReportError` in strict mode."""
        rows, major, minor = [], 0, 0
        for step in steps:
            crossing = step.crosses or step.kind in ("handoff", "return")
            major, minor = (major + 1, 0) if crossing else (major, minor + 1)
            rows.append(self._row(step, f"{major}" if crossing else f"{major}.{minor}", crossing, threads, scrub))
        return rows

    def _row(self, step: Step, number: str, crossing: bool, threads: Mapping[int, str], scrub: Scrub) -> Row:
        code, caller = step.code, step.caller
        note = ""
        if code is not None and step.kind in ("call", "resume"):
            note = self._notes.get(code.lane, code.qualname, needed=crossing and self._strict)
        elif step.kind in ("wire", "thread", "handoff", "return"):
            note = self._notes.get("step", step.wire.op if step.wire else step.kind, needed=self._strict)
        if caller is not None and not caller.lane:  # the recorder, which calls the program's first line
            caller = None
        definition = self._linker.definition(code) if code and step.kind != "handoff" else None
        site_link = self._linker.line(caller, step.line) if caller else None
        return Row(
            number, step.kind, crossing, step.depth, threads[step.thread], _lane(step), _name(step),
            definition, site(caller, step.line), site_link, note, _value(step, scrub),
            step.count, step.hidden, step.call,
        )  # fmt: skip


def thread_labels(steps: Sequence[Step], more: Sequence[int], trace: Trace) -> dict[int, str]:
    """main, then A, B, … in the order in which the chain, and then the way beside it, meet them."""
    letters = _letters()
    threads = dict.fromkeys((*(step.thread for step in steps), *more))
    return {t: "main" if trace.threads.get(t) == "MainThread" else next(letters) for t in threads}


def _letters() -> Iterator[str]:
    """A to Z, then AA, AB, …"""
    for length in count(1):
        yield from ("".join(letters) for letters in product(ascii_uppercase, repeat=length))


def _lane(step: Step) -> str:
    if step.kind == "wire":
        return "socket"
    if step.kind == "thread":
        return "threading"
    if step.compiled is not None:
        return step.compiled.lane
    return step.code.lane if step.code else ""


def _name(step: Step) -> str:
    if step.wire is not None:
        return step.wire.op
    if step.kind == "thread":
        return "a thread starts"
    if step.compiled is not None:
        return step.compiled.name
    assert step.code is not None
    return plain(step.code.qualname)


def _value(step: Step, scrub: Scrub) -> str:
    if step.wire is not None:
        if step.wire.direction:
            return told(step.outcome, scrub)
        return "a new connection" if step.wire.op == "accept" else step.wire.detail
    if step.kind == "thread" or (
        step.ended == "returned" and step.outcome is not None and step.outcome.type == "NoneType"
    ):
        return ""
    text = told(step.outcome, scrub) if step.outcome is not None else ""
    return {
        "raised": f"raises {text.removeprefix('a ').removeprefix('an ')}",
        "yielded": f"yields {text}",
        "open": "",
    }.get(step.ended, text)
