"""A `View` made of traces: every message, with its steps, bytes and journeys; functions once for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tracer.reading import lock
from tracer.reading.chain import Chains
from tracer.reading.consumers import Consumers
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey
from tracer.reading.lock import Lock
from tracer.reading.tasks import AWAITING
from tracer.reading.trace import Trace

from .. import notes
from ..notes import Notes, ReportError
from ..text import AsIs, Scrub
from . import lanes
from .fields import Anatomy, inherited
from .flatten import Telling, flat, tell
from .functions import Functions
from .messages import Part, parts
from .model import Chunk, Message, Recording, Step, View
from .scenes import Scene, Scenes
from .ways import numbered, way

#: Calls that are told of a program that moved no bytes.
MOST = 50


@dataclass(frozen=True)
class Source:
    """A trace to show: its name (in addresses), a title, and the journeys whose messages are wanted (none: all), or the
    reads and writes that completed them, by their numbers in the trace; `most` of them at most (0: all)."""

    name: str
    title: str
    trace: Trace
    journeys: frozenset[int] = field(default_factory=frozenset)
    wires: frozenset[int] = field(default_factory=frozenset)
    most: int = 0


def make(
    title: str,
    sources: Sequence[Source],
    *,
    steady: bool = False,
    known: Notes | None = None,
    locked: Lock | None = None,
    own: str = "",
    flow: Callable[[Trace], Flow] = Flow,
    tell_progress: Callable[[str], None] = lambda name: None,
) -> View:
    """The view of `sources`. `steady` leaves out what differs from run to run, and refuses a link that is not proven;
    `own` is where the program's own files lie, as seen from the page; `flow` follows a trace's values. Raises
    `ReportError`."""
    names = lanes.order([source.trace for source in sources])
    functions = Functions(names, known or notes.load(), locked or lock.load(), own=own, strict=steady)
    recordings = []
    for source in sources:
        tell_progress(source.name)
        recordings.append(_recording(source, functions, steady, flow(source.trace)))
    return _used(View(title, functions.lanes, tuple(functions.files), tuple(functions.functions), tuple(recordings)))


def _recording(source: Source, functions: Functions, steady: bool, flow: Flow) -> Recording:
    trace = source.trace
    telling = Telling(trace, functions, Scrub(trace) if steady else AsIs(), steady)
    journeys = numbered(flow)
    unknown = sorted(source.journeys - {journey.id for journey in journeys})
    if unknown:
        raise ReportError(f"{trace.path} has {len(journeys)} journeys, there is no number {unknown[0]}")
    maker = _Maker(telling, flow, journeys)
    messages, left_out = maker.messages(source)
    return Recording(
        source.name,
        source.title,
        trace.meta.get("python", ""),
        _threads(telling),
        _versions(trace, functions),
        messages,
        left_out,
    )


class _Maker:
    def __init__(self, telling: Telling, flow: Flow, journeys: Sequence[Journey]) -> None:
        self._telling, self._trace = telling, telling.trace
        self._chains, self._consumers = Chains(telling.trace), Consumers(flow)
        self._scenes = Scenes(self._chains, flow, self._consumers, journeys)

    def messages(self, source: Source) -> tuple[tuple[Message, ...], int]:
        """The messages in order (of those that are wanted only), and how many were left out."""
        found: list[Message] = []
        left_out = 0
        everything = parts(self._trace)
        wanted = bool(source.journeys or source.wires)
        moved = _moved(everything, source.wires)
        connection = 0
        for place, part in enumerate(everything):
            mine = self._scenes.journeys_of(part)
            chosen = source.journeys & {journey.id for journey in mine} or place in moved
            if (wanted and not chosen) or (source.most and len(found) >= source.most):
                left_out += 1
                continue
            if part.connection != connection and not wanted:
                connection = part.connection
                found += self._connection(part, len(found) + 1)
            found.append(self._message(part, _following(everything, place), mine, len(found) + 1))
        if not everything and not wanted:
            found = self._calls()
        return tuple(found), left_out

    def _calls(self) -> list[Message]:
        """Where no byte crossed a socket: what the program's own lines called."""
        found: list[Message] = []
        for call in self._trace.calls.values():
            caller = self._trace.codes.get(call.first.caller)
            ours = caller is not None and caller.file.facts.kind == "program"
            if len(found) == MOST or not ours or call.code.file.facts.kind == "program":
                continue
            step = self._chains.below(call)
            steps = self._steps(Scene((step,), (call.last.stop or step.key) + 1), {})
            title = call.code.qualname.replace(".<locals>", "")
            found.append(Message(f"{len(found) + 1}-call", 0, "", "call", title, 0, (), (), (), steps, ()))
        return found

    def _connection(self, part: Part, number: int) -> list[Message]:
        """How a connection got to the thread that first reads or writes on it."""
        wire = part.pieces[0].wire
        told = self._chains.arrival(wire)[:-1]
        if not any(step.wire is not None for step in told):
            return []
        steps = self._steps(Scene(tuple(told), wire.began), {})
        return [
            Message(
                f"{number}-connection", part.connection, "", "connection", "accepted", 0, (), (), (), steps, ()
            )
        ]  # fmt: skip

    def _steps(self, scene: Scene, chunks: Mapping[int, int]) -> tuple[Step, ...]:
        told = list(flat(scene.steps))
        until = {step.thread: scene.until for step, _ in told}
        if (
            self._telling.steady and told
        ):  # what other threads do meanwhile, nothing fixes, but for what is told of them
            own = told[-1][0].thread
            for step, _ in told:
                if step.thread != own:
                    until[step.thread] = max(s.key for s, _ in told if s.thread == step.thread)
        return tuple(tell(step, depth, self._telling, dict(chunks), until[step.thread]) for step, depth in told)

    def _message(self, part: Part, following: Part | None, mine: Sequence[Journey], number: int) -> Message:
        scene = self._scenes.scene(part, following)
        chunks = {piece.wire.id: place for place, piece in enumerate(part.pieces)}
        steps = self._steps(scene, chunks)
        calls: dict[int, int] = {}
        for place, (step, _) in enumerate(flat(scene.steps)):
            if step.kind in ("call", "return") or (step.code is not None and step.code.kind in AWAITING):
                calls.setdefault(step.call, place)
        moved = {step.chunk: place for place, step in enumerate(steps) if step.chunk >= 0}
        wires = {wire: moved[chunk] for wire, chunk in chunks.items() if chunk in moved}
        anatomy = Anatomy(part, self._consumers, self._telling.scrub, calls)
        return Message(
            f"{number}-{part.kind.replace(' ', '-')}",
            part.connection,
            part.direction,
            part.kind,
            self._telling.scrub(part.title),
            len(part.data),
            tuple(
                Chunk(
                    p.wire.op,
                    p.start,
                    p.stop,
                    self._telling.thread(p.wire.thread),
                    moved.get(place, -1),
                    0 if self._telling.steady else p.wire.id,
                )
                for place, p in enumerate(part.pieces)
            ),
            tuple(anatomy.buffers),
            inherited(anatomy.fields),
            steps,
            tuple(way(journey, self._trace, self._telling, calls, wires) for journey in mine),
        )


def _moved(everything: Sequence[Part], wires: frozenset[int]) -> set[int]:
    """The places of the messages that these reads and writes completed; of one that completed none, those it is of."""
    found: set[int] = set()
    for wire in wires:
        of_it = [n for n, part in enumerate(everything) if any(piece.wire.id == wire for piece in part.pieces)]
        completed = {n for n in of_it if everything[n].pieces[-1].wire.id == wire}
        found |= completed or set(of_it)
    return found


def _following(everything: Sequence[Part], place: int) -> Part | None:
    """The next message in the same direction of the same connection."""
    part = everything[place]
    return next(
        (p for p in everything[place + 1 :] if p.connection == part.connection and p.direction == part.direction), None
    )


def _threads(telling: Telling) -> tuple[tuple[str, str], ...]:
    """Labels and names of threads in the order in which they were met: main, A, B, …"""
    letters = iter("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    found: list[tuple[str, str]] = []
    for number in telling.threads:
        name = telling.trace.threads.get(number, "")
        label = "main" if name == "MainThread" else next(letters, f"T{len(found)}")
        found.append((label, _plain_name(name) if telling.steady else name))
    return tuple(found)


def _plain_name(name: str) -> str:
    """A thread's name without its number, which counts whatever started before."""
    inner = name[name.find("(") + 1 : -1] if name.endswith(")") and "(" in name else ""
    return inner or name.rstrip("0123456789").rstrip("-")


def _versions(trace: Trace, functions: Functions) -> tuple[tuple[str, str], ...]:
    """The releases that the trace ran, of those whose code is shown."""
    return tuple(
        sorted(
            {(f.distribution.name, f.distribution.version) for f in trace.files.values() if f.distribution is not None}
        )
    )


def _used(view: View) -> View:
    """The view without columns that nothing is shown in."""
    used = {step.lane for r in view.recordings for m in r.messages for step in m.steps}
    used |= {function.lane for function in view.functions}
    place = {old: new for new, old in enumerate(sorted(used))}
    place[-1] = -1

    def moved(message: Message) -> Message:
        steps = tuple(replace(step, lane=place[step.lane]) for step in message.steps)
        ways = tuple(
            replace(w, legs=tuple(replace(leg, lane=place.get(leg.lane, -1)) for leg in w.legs)) for w in message.ways
        )
        return replace(message, steps=steps, ways=ways)

    return replace(
        view,
        lanes=tuple(view.lanes[old] for old in sorted(used)),
        functions=tuple(replace(f, lane=place[f.lane]) for f in view.functions),
        recordings=tuple(replace(r, messages=tuple(map(moved, r.messages))) for r in view.recordings),
    )
