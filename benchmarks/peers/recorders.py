"""Every recorder that is measured, and how it is started inside the server: with settings that make it record as much
of this stack as ours does, as far as it can.

A `start` gets a folder to write to and gives back `stop`, which writes all that is left and says how many calls were
recorded (None where that cannot be counted). Only the recorder of a kind is imported, since the others are not there.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .bare import bare
from .environment import STACK

LIBRARIES = ("flask", "flask_sock", "simple_websocket", "wsproto", "werkzeug", "h11")
OURS = Path(__file__).resolve().parent
Stop = Callable[[], "int | None"]


@dataclass(frozen=True)
class Kind:
    """`keeps`: what a person finds in the recording; `distribution`: of requirements.txt, '' where it needs none;
    `around`: puts the recorder around the view function, where it works so; `variables`: of the environment."""

    start: Callable[[Path], Stop]
    keeps: str
    distribution: str = ""
    around: Callable[[Path, Callable[..., Any]], Callable[..., Any]] | None = None
    variables: dict[str, str] = field(default_factory=dict)
    #: The first minor version of Python 3 that has what it needs.
    since: int = 10


def nothing(folder: Path) -> Stop:
    return lambda: None


def ours(engine: str, values: bool) -> Callable[[Path], Stop]:
    def start(folder: Path) -> Stop:
        from tracer.reading.counting import count_calls
        from tracer.recording import Options, Recorder

        options = Options(engine=engine, values=values, program=str(OURS))
        recorder = Recorder(str(folder / "our.trace"), options)
        recorder.start()

        def stop() -> int:
            summary = recorder.stop()
            if summary.faults:
                raise RuntimeError(summary.faults[0])
            with closing(sqlite3.connect(recorder.path)) as trace:
                return count_calls(trace).calls

        return stop

    return start


def viztracer(**more: Any) -> Callable[[Path], Stop]:
    def start(folder: Path) -> Stop:
        from viztracer import VizTracer

        tracer = VizTracer(verbose=0, tracer_entries=2_000_000, output_file=str(folder / "viztracer.json"), **more)
        tracer.start()

        def stop() -> int:
            tracer.stop()
            tracer.save()
            events = json.loads((folder / "viztracer.json").read_text(encoding="utf-8"))["traceEvents"]
            return sum(event["ph"] == "X" for event in events)

        return stop

    return start


def library_files() -> tuple[str, ...]:
    """How the paths of the recorded files begin: the libraries', and ours, where the view function is."""
    found = [find_spec(name) for name in LIBRARIES]
    places = [(spec.submodule_search_locations or [spec.origin])[0] for spec in found if spec is not None]
    return (*(str(place) for place in places), str(OURS / "server.py"))


def hunter_events(folder: Path) -> Stop:
    import hunter

    kept: list[Any] = []
    query = hunter.Query(filename_startswith=library_files(), kind_in=("call", "return"))
    tracer = hunter.trace(query, action=lambda event: kept.append((event.kind, event.code)), threading_support=True)

    def stop() -> int:
        tracer.stop()
        return sum(kind == "call" for kind, _ in kept)

    return stop


def hunter_printed(folder: Path) -> Stop:
    import hunter

    out = (folder / "hunter.txt").open("w", encoding="utf-8")
    query = hunter.Query(filename_startswith=library_files(), kind_in=("call", "return"))
    tracer = hunter.trace(query, action=hunter.CallPrinter(stream=out), threading_support=True)

    def stop() -> int:
        tracer.stop()
        out.close()
        return sum(" => " in line for line in (folder / "hunter.txt").open(encoding="utf-8", errors="replace"))

    return stop


def snooping(depth: int) -> Callable[[Path, Callable[..., Any]], Callable[..., Any]]:
    def around(folder: Path, view: Callable[..., Any]) -> Callable[..., Any]:
        import pysnooper

        wrapped: Callable[..., Any] = pysnooper.snoop(str(folder / "snooped.txt"), depth=depth)(view)
        return wrapped

    return around


def snooped(folder: Path) -> Stop:
    def stop() -> int:
        path = folder / "snooped.txt"
        return sum(" call " in line for line in path.open(encoding="utf-8", errors="replace"))

    return stop


def profiled(folder: Path) -> Stop:
    """All threads: one profiler since 3.12, which sys.monitoring has see them all; before, one for each."""
    import cProfile
    import pstats

    profilers = [cProfile.Profile()]
    if sys.version_info >= (3, 12):
        profilers[0].enable()
    else:

        def begin(*_: Any) -> None:
            profilers.append(cProfile.Profile())
            profilers[-1].enable()

        threading.setprofile(begin)

    def stop() -> int:
        profilers[0].disable()
        stats = pstats.Stats(profilers[-1])
        for profiler in profilers[1:-1]:
            stats.add(profiler)
        stats.dump_stats(folder / "profile")
        return int(stats.total_calls)  # type: ignore[attr-defined]

    return stop


def appmap(folder: Path) -> Stop:
    from _appmap import generation
    from appmap import Recording

    recording = Recording()
    recording.start()

    def stop() -> int:
        recording.stop()
        (folder / "echo.appmap.json").write_text(generation.dump(recording), encoding="utf-8")
        return sum(event.event == "call" for event in recording.events)

    return stop


#: AppMap's settings: without `shallow: false` it leaves out what a library calls in itself.
APPMAP = "name: echo\nlanguage: python\npackages:\n- path: benchmarks\n" + "".join(
    f"- dist: {name}\n  shallow: false\n" for name in STACK
)


def kolo(folder: Path) -> Stop:
    import kolo

    frames = [f"/{name}/" for name in LIBRARIES] + ["flask_sock/__init__", str(OURS / "server.py")]
    config = {
        "filters": {"include_frames": frames},
        "threading": True,
        "auto_emit": False,
        "hide_startup_message": True,
    }
    enabled = kolo.enable(config, _save_in_thread=False, _db_path=folder / "kolo.db")
    enabled.__enter__()

    def stop() -> int:
        enabled.__exit__(None, None, None)
        import msgpack
        from kolo.trace_container import iter_v3_frame_bytes

        (written,) = folder.rglob("*.kolo")
        frames = (msgpack.unpackb(frame, strict_map_key=False) for frame in iter_v3_frame_bytes(written.read_bytes()))
        return sum(isinstance(frame, dict) and frame.get("event") == "call" for frame in frames)

    return stop


LEAST = "nothing: it is the floor for a recorder in Python"
CALLS, VALUES = "calls, call sites, bytes on the wire", "the same; arguments and results with identity"

KINDS: dict[str, Kind] = {
    "untraced": Kind(nothing, ""),
    "ours, monitoring, calls and wire": Kind(ours("monitoring", False), CALLS, since=12),
    "ours, monitoring, values": Kind(ours("monitoring", True), VALUES, since=12),
    "ours, settrace, calls and wire": Kind(ours("settrace", False), CALLS),
    "ours, settrace, values": Kind(ours("settrace", True), VALUES),
    "a bare callback, monitoring": Kind(bare("monitoring", False, library_files), LEAST, since=12),
    "a bare callback, monitoring, arguments": Kind(bare("monitoring", True, library_files), LEAST, since=12),
    "a bare callback, settrace": Kind(bare("settrace", False, library_files), LEAST),
    "a bare callback, settrace, arguments": Kind(bare("settrace", True, library_files), LEAST),
    "cProfile": Kind(profiled, "counts and times, no single call"),
    "VizTracer": Kind(viztracer(), "calls, C calls too; no values", "viztracer"),
    "VizTracer, arguments and results": Kind(
        viztracer(log_func_args=True, log_func_retval=True), "calls, C calls too; values as repr", "viztracer"
    ),
    "Kolo": Kind(kolo, "calls; arguments, locals and results", "kolo"),
    "hunter, events kept": Kind(hunter_events, "calls; no values", "hunter"),
    "hunter, CallPrinter": Kind(hunter_printed, "calls; arguments and results as text", "hunter"),
    "PySnooper, depth 1": Kind(snooped, "lines and locals of the view function", "PySnooper", snooping(1)),
    "PySnooper, depth 4": Kind(snooped, "lines and locals four calls deep, one thread", "PySnooper", snooping(4)),
    "AppMap": Kind(
        appmap, "calls of named functions; arguments and results as repr", "appmap",
        variables={"APPMAP": "true", "APPMAP_DISPLAY_PARAMS": "true", "APPMAP_RECORD_REQUESTS": "false"},
    ),
}  # fmt: skip
