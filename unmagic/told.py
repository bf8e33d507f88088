"""What `unmagic run` tells at the end: what was recorded, in which files, and what to type next."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass

import click

from tracer.reading.counting import count_calls
from tracer.reading.repository import note_repository
from tracer.reading.tables import Damaged
from tracer.reading.tail import looked_into, tidy
from tracer.reading.trace import TraceError

from .errors import Failure
from .processes import Process

BESIDE = "the engine monitoring (Python 3.12 and newer) records beside them"
#: How a further process came to be, in words.
BEGAN = {"run": "", "fork": "forked off", "again": "started again", "spawn": "by multiprocessing"}


@dataclass(frozen=True)
class Counts:
    """What is in one trace; `masked` is known only where the recording came to its end; `exact`: whether
    all calls were counted."""

    calls: int
    exact: bool
    threads: int
    wires: int
    masked: int | None

    def __str__(self) -> str:
        said = [(self.calls, "call"), (self.threads, "thread"), (self.wires, "socket event")]
        if self.masked is not None:
            said.append((self.masked, "masked secret"))
        told = ", ".join(f"{count:,} {thing}{'' if count == 1 else 's'}" for count, thing in said)
        return told if self.exact else f"about {told}"


def tell(processes: list[Process], asked: tuple[str, ...], function: str = "") -> None:
    """Tell of a run's processes, at least one, on standard error; `asked` is the scope that the user asked for, if any;
    `function` the one that was called, if it was one alone. Raises `Failure` where there is nothing to tell of."""
    counted = [(process, _counts(process)) for process in processes]
    filled = [(process, counts) for process, counts in counted if counts.calls or counts.wires or process.growing]
    if not filled:
        raise Failure(_nothing(processes[0], asked))
    if len(filled) == 1:
        ((process, counts),) = filled
        _say(str(counts))
        _remark([process], asked)
        _say(f"the trace is {_name(process)}")
    else:
        _say(f"{len(filled)} processes, each with a trace of its own")
        width = max(len(_name(process)) for process, _ in filled)
        for process, counts in filled:
            came = BEGAN.get(process.meta.get("began", ""), "")
            still = "it still runs" if process.growing else ""
            notes = "; ".join(note for note in (came, still) if note)
            _say(f"  {_name(process):{width}}  {counts}{f' ({notes})' if notes else ''}")
        _remark([process for process, _ in filled], asked)
    busiest, counts = max(filled, key=lambda one: (one[1].wires, one[1].calls))
    name = _name(busiest)
    if function:
        _say(f"next, unmagic chain {name} {function}" + (f", or unmagic journeys {name}" if counts.wires else ""))
    elif counts.wires:
        _say(f"next, unmagic report {name} --open, or unmagic journeys {name}")
    else:
        _say(f"next, unmagic scope {name}; nothing of it crossed a socket")


def tell_lost(count: int) -> None:
    """Tell of processes that left nothing."""
    if count:
        whom, their = ("a process was", "its") if count == 1 else (f"{count} processes were", "their")
        _say(f"{whom} killed before anything of {their} calls was written")


def _say(sentence: str) -> None:
    click.echo(f"unmagic: {sentence}", err=True)


def _name(process: Process) -> str:
    return os.path.relpath(process.path)


def _counts(process: Process) -> Counts:
    """Raises `Failure` where the trace is damaged."""
    try:
        if not process.growing:
            note_repository(process.path)
        with closing(_opened(process)) as db:
            wires, threads = (db.execute(f"select count(*) from {name}").fetchone()[0] for name in ("wire", "thread"))
            calls = count_calls(db)
    except Damaged as error:
        raise Failure(f"{process.path} is damaged: {error}") from None
    except (TraceError, sqlite3.Error) as error:
        raise Failure(str(error)) from None
    masked = sum(int(v) for k, v in process.meta.items() if k.startswith("masked."))
    return Counts(calls.calls, calls.exact, threads, wires, masked if process.complete else None)


def _opened(process: Process) -> sqlite3.Connection:
    """The trace, to be read. Of one that was killed the log is folded in: to read it only would leave it there."""
    if process.growing:
        return looked_into(process.path)
    db = sqlite3.connect(process.path)
    db.execute("pragma journal_mode=delete")
    tidy(process.path)
    return db


def _nothing(process: Process, asked: tuple[str, ...]) -> str:
    faults = process.meta.get("faults", "")
    if faults:
        return f"nothing was recorded: {faults.splitlines()[0]}"
    if "lost" in process.meta:
        return (
            "nothing was recorded: the program set a trace function of its own, as debuggers and coverage do; " + BESIDE
        )
    if process.complete:
        if asked:
            return f"nothing was recorded: the scope {' '.join(asked)} matched no call of the program"
        return "nothing was recorded: no code of the program's own, or of an installed package, has run"
    return "nothing was recorded: the program ended before anything was written"


def _remark(processes: list[Process], asked: tuple[str, ...]) -> None:
    """What is not as one would think: an early end, words of the scope that no process had."""
    for process in processes:
        whose = f"{_name(process)}: " if len(processes) > 1 else ""
        meta, faults = process.meta, process.meta.get("faults", "")
        if faults:
            _say(f"{whose}the recorder stopped early, by a fault of its own: {faults.splitlines()[0]}")
        elif not process.complete and not process.growing:
            _say(f"{whose}the program ended at once; the trace has what was written until then")
        for key in ("stopped", "lost"):
            if key in meta:
                _say(f"{whose}{meta[key]}")
    unmatched = [set(process.meta.get("unmatched", "").split()) for process in processes if process.complete]
    for word in asked:
        if unmatched and all(word in words for words in unmatched):
            _say(f"the scope word {word!r} matched nothing")
