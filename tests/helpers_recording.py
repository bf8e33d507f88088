"""What the tests of the recorder share: record a function or a program, and read the trace as plain lists."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tracer.reading.trace import Call, Trace
from tracer.recording import Options, Recorder, Summary

ROOT = Path(__file__).parent.parent
PROGRAMS = Path(__file__).parent / "programs"
BOOTSTRAP = ROOT / "tracer" / "recording" / "bootstrap.py"
MONITORING = sys.version_info >= (3, 12)
ENGINES = ["settrace", "monitoring"] if MONITORING else ["settrace"]


def load(name: str, folder: Path = PROGRAMS) -> ModuleType:
    """A fresh module from the file `name`.py, so that no recording profits from an earlier one."""
    spec = importlib.util.spec_from_file_location(name, folder / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def from_source(source: str, folder: Path, name: str = "made") -> ModuleType:
    """A module from `source`, written into `folder` first."""
    (folder / f"{name}.py").write_text(source, encoding="utf-8")
    return load(name, folder)


@dataclass(frozen=True)
class Done:
    """One recording: its file, what the recorder said, and what the recorded function did."""

    path: Path
    summary: Summary
    result: Any
    error: BaseException | None

    def trace(self) -> Trace:
        return Trace.open(self.path)


def recorded(path: Path, function: Callable[..., Any], *args: Any, **options: Any) -> Done:
    """Record `function(*args)` into `path`; what it raises is kept in `error`. No fault of ours is accepted."""
    options = {"scope": ("program",), "program": str(PROGRAMS), **options}
    recorder = Recorder(str(path), Options(**options))
    result, error = None, None
    recorder.start()
    try:
        result = function(*args)
    except BaseException as raised:
        error = raised
    finally:
        summary = recorder.stop()
    assert summary.faults == ()
    return Done(path, summary, result, error)


def text(trace: Trace, number: int) -> str:
    """A value as text: its data, or its type with what is directly inside."""
    value = trace.value(number)
    if value is None:
        return "-"
    if value.data is not None:
        return value.data if isinstance(value.data, str) else repr(value.data)
    inside = ", ".join(f"{label}={text(trace, child)}" for label, child in trace.parts.get(number, ()))
    return f"{value.type}({inside})"


def role(trace: Trace, thread: int) -> str:
    """A thread's name without its numbers, which differ from run to run, with the line that started it."""
    started = [s.line for s in trace.starts if s.child == thread]
    name = re.sub(r"[- ]?\d+", "", trace.threads[thread])
    return f"{name}@{started[0]}" if started else name


def ended(trace: Trace, call: Call) -> list[tuple[str, str]]:
    """How each span of a call ended, and with what."""
    return [(span.ended, text(trace, span.value)) for span in call.spans]


Outline = list[tuple[str, str, str, tuple[int, ...], tuple[str, ...], tuple[tuple[str, str], ...]]]


def outline(trace: Trace) -> Outline:
    """Every call: (thread role, lane, qualname, call site lines, argument texts, how each span ended), per thread."""
    calls: Outline = [
        (
            role(trace, call.thread),
            call.code.lane,
            call.code.qualname,
            tuple(span.line for span in call.spans),
            tuple(text(trace, a) for a in call.arguments),
            tuple(ended(trace, call)),
        )
        for call in trace.calls.values()
    ]
    return sorted(calls, key=lambda row: row[0])  # stable: within one thread, in order


def named(trace: Trace, qualname: str) -> list[Call]:
    """The calls of one function, in order."""
    return [c for c in trace.calls.values() if c.code.qualname == qualname]


def one(trace: Trace, qualname: str) -> Call:
    """The only call of one function."""
    (call,) = named(trace, qualname)
    return call


def argument(trace: Trace, call: Call, name: str) -> int:
    """The number of the value that a call got for `name`."""
    return call.arguments[call.code.arguments.index(name)]


def moved(trace: Trace, connection: int, direction: str) -> bytes:
    """All bytes of one connection in one direction, as recorded, in order."""
    data = []
    for wire in trace.wires:
        if wire.connection == connection and wire.direction == direction:
            value = trace.value(wire.value)
            assert value is not None and isinstance(value.data, bytes)
            assert len(value.data) == wire.size, (wire, value)
            data.append(value.data)
    return b"".join(data)


def raw(path: Path) -> bytes:
    """Everything on disk that belongs to a trace."""
    return b"".join(p.read_bytes() for p in sorted(path.parent.glob(path.name + "*")))


def consistent(trace: Trace) -> None:
    """Everything that the trace refers to is in it, and time runs forward. What is not so is told by its row."""

    def there(row: object, points: str, number: int, among: Any) -> None:
        assert number in among, f"{points} {number}, which is not there: {row}"

    orders: list[int] = []
    codes, values = trace.codes, _Values(trace)
    for call in trace.calls.values():
        there(call, "call.thread points to thread", call.thread, trace.threads)
        assert len(call.arguments) <= len(call.code.arguments), call
        for argument in filter(None, call.arguments):
            there(call, "argument.value points to value", argument, values)
        before = 0
        for span in call.spans:
            assert before < span.start, f"it begins before the one before it ended: {span}"
            assert (span.stop == 0) == (span.ended == "open"), span
            assert span.stop == 0 or span.start < span.stop, span
            for points, number, among in (
                ("span.value points to value", span.value, values),
                ("span.parent points to call", span.parent, trace.calls),
                ("span.caller points to code", span.caller, codes),
            ):
                there(span, points, number, among) if number else None
            before = span.stop or span.start
            orders.append(span.start)
    assert len(orders) == len(set(orders)), f"two begin at once: {max(orders, key=orders.count)}"
    for wire in trace.wires:
        assert wire.began <= wire.ended, wire
        there(wire, "wire.thread points to thread", wire.thread, trace.threads)
        for points, number, among in (
            ("wire.value points to value", wire.value, values),
            ("wire.error points to value", wire.error, values),
            ("wire_call.call points to call", wire.call, trace.calls),
            ("wire.connection points to connection", wire.connection, trace.connections),
        ):
            there(wire, points, number, among) if number else None
    for holder, parts in trace.parts.items():
        there(parts, "part.value points to value", holder, values)
        for part in parts:
            there((holder, part), "part.child points to value", part[1], values)
    for start in trace.starts:
        there(start, "start.thread points to thread", start.thread, trace.threads)
        there(start, "start.call points to call", start.call, trace.calls) if start.call else None
    for row in trace.raised:
        there(row, "raised.call points to call", row[1], trace.calls)
        there(row, "raised.value points to value", row[3], values)


class _Values:
    """The numbers of the values that a trace has."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace

    def __contains__(self, number: int) -> bool:
        return bool(self._trace.value(number))


@dataclass(frozen=True)
class Ran:
    """One run of a program in a process of its own."""

    code: int
    out: str
    err: str


def command(program: Path, trace: Path | None, *args: str, python: tuple[str, ...] = (), **config: Any) -> list[str]:
    """The command line that runs `program`, under the bootstrap where `trace` is given."""
    start = [sys.executable, *python]
    if trace is not None:
        config = {"trace": str(trace), "scope": ["program"], "program": str(program.parent), **config}
        start += [str(BOOTSTRAP), json.dumps(config)]
    return [*start, str(program), *args]


def environment(**more: str) -> dict[str, str]:
    """Ours, without what changes how Python starts or what a scenario's program does."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FLASK_", "WERKZEUG_", "COVERAGE"))}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **more}


def interruptible() -> None:
    """For a child: hear SIGINT and SIGQUIT even where we were started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def run(
    program: Path,
    trace: Path | None,
    *args: str,
    stdin: str | None = "",
    env: dict[str, str] | None = None,
    cwd: Path | None = None,
    python: tuple[str, ...] = (),
    timeout: float = 120,
    **config: Any,
) -> Ran:
    """Run `program` to its end, recorded where `trace` is given."""
    done = subprocess.run(
        command(program, trace, *args, python=python, **config), input=stdin, capture_output=True, text=True,
        env=environment(**env or {}), cwd=cwd, timeout=timeout, preexec_fn=interruptible,
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)
