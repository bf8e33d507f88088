"""The three sections that courses ask for by name, as far as a run has them: TCP connections, HTTP headers, WebSockets.

In: a `Run`. Out: `Section`s; None where the run has nothing of the kind. What a protocol's bytes are called is known
here, no library is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from tracer.reading.fields.http1_names import Http
from tracer.reading.journeys import Journey, Stretch
from tracer.reading.nodes import Node, Sighting
from tracer.reading.steps import fold, prune
from tracer.reading.trace import Wire

from ..view.messages import Part
from .frames import frame
from .model import Chain, Frame, Section
from .run import Run
from .safe import clean

TCP, HEADERS, WEBSOCKETS = "TCP connections", "HTTP headers", "WebSockets"
#: The kinds of messages that a WebSocket carries for the program.
MESSAGES = ("text", "binary")
#: After everything.
LATER = 1 << 62
#: The header in which a client asks for a WebSocket (RFC 6455, 4.1).
ASKED = "sec-websocket-key"

Seen = tuple[Node, Sighting]


def tcp(run: Run) -> Section | None:
    """Where connections are established, and how the first bytes get to whoever reads them."""
    wires = sorted(run.trace.wires, key=lambda wire: wire.began)
    accepted = next((w for w in wires if w.op == "accept" and w.detail.startswith("connection ")), None)
    if accepted is None:
        return _connected(run, wires)
    connection = int(accepted.detail.rpartition(" ")[2])
    listening = {w.op: w for w in reversed(wires) if w.op in ("bind", "listen") and w.ended < accepted.ended}
    read = next((w for w in wires if w.connection == connection and w.direction == "in"), None)
    way = [*sorted(listening.values(), key=lambda w: w.ended), accepted, *([read] if read is not None else [])]
    text = "How the program comes to listen, how a connection is accepted, which thread gets it, who reads first."
    chain = run.chain(
        "From the program's first line to the first bytes", text, run.spines.established(way), (TCP, "tcp")
    )
    return _section("tcp", TCP, "Every request and every message comes over a TCP connection.", (chain,))


def _connected(run: Run, wires: Sequence[Wire]) -> Section | None:
    """The same of a program that connects itself."""
    asked = next((w for w in wires if w.op.startswith("connect")), None)
    if asked is None:
        return None
    moved = [w for w in wires if w.connection == asked.connection and w.direction and w.ended > asked.ended]
    first = {w.direction: w for w in reversed(moved)}
    way = [asked, *sorted(first.values(), key=lambda w: w.ended)]
    text = "How the program connects, and who writes and reads the first bytes."
    chain = run.chain(
        "From the program's first line to the first bytes", text, run.spines.established(way), (TCP, "tcp")
    )
    return _section("tcp", TCP, "What the program asks for comes over a TCP connection.", (chain,))


# -- HTTP headers ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Header:
    """One header of a message that came: its name, its value, and the read that had its first byte."""

    name: str
    value: bytes
    read: Wire
    start: int
    stop: int


def headers(run: Run) -> Section | None:
    """The way of one header: one that the program read; else the one that passed most libraries."""
    came = [
        part for part in run.parts if part.direction == "in" and part.kind in (Http.REQUEST.word, Http.RESPONSE.word)
    ]
    if not came:
        return None
    anchor = (HEADERS, "http-headers")
    for journey in run.journeys:
        found = _header_of(journey, came) if journey.direction == "in" else None
        if found is not None:
            name = clean(found.name)
            title = f"From the socket's bytes to the program: the header {name}"
            text = f"The value of {name} that the program got, followed from the bytes that were read."
            chain = run.chain(title, text, run.spines.into(journey), anchor, journey=journey)
            return _section(
                "http_headers", HEADERS, "Headers arrive as lines of text and are looked up by name.", (chain,)
            )
    answered = next((w for w in run.trace.wires if w.connection == came[0].connection and w.direction == "out"), None)
    until = answered.ended if answered is not None else LATER
    asked = [header for header in _headers(came[0]) if header.name.lower() != ASKED]  # the handshake tells that one
    followed = [(header, _followed(run, header, until)) for header in asked]
    header, seen = max(followed, key=lambda one: _reach(run, one[1]), default=(None, []))
    if header is None or not seen:
        return None
    name = clean(header.name)
    title = f"From the socket's bytes to whoever reads the header {name}"
    text = (
        f"The program itself read no header in this run; {name} was read for it, by the libraries that are told here."
    )
    chain = run.chain(title, text, run.spines.passed(header.read, seen), anchor)
    return _section("http_headers", HEADERS, "Headers arrive as lines of text and are looked up by name.", (chain,))


def _header_of(journey: Journey, came: Sequence[Part]) -> Header | None:
    """The header whose value a journey began in."""
    for part in came:
        for header in _headers(part):
            if any(_within(stretch, header) for stretch in journey.wires):
                return header
    return None


def _within(stretch: Stretch, header: Header) -> bool:
    return stretch.wire is header.read and header.start <= stretch.start and stretch.stop <= header.stop


def _headers(part: Part) -> Iterator[Header]:
    """The headers of a message that are whole in one read."""
    first = part.spans[0][0]
    for field in (one for top in part.fields for one in top.walk()):
        if field.name != Http.FIELD_LINE.word:
            continue
        inner = {child.name: child for child in field.children}
        name, value = inner.get(Http.FIELD_NAME.word), inner.get(Http.FIELD_VALUE.word)
        if name is None or value is None or value.start == value.stop:
            continue
        for piece in part.pieces:
            start, stop = value.start - first - piece.start, value.stop - first - piece.start
            if start >= 0 and value.stop - first <= piece.stop:
                said = part.data[name.start - first : name.stop - first].decode("latin-1")
                data = part.data[value.start - first : value.stop - first]
                yield Header(said, data, piece.wire, piece.at + start, piece.at + stop)


def _followed(run: Run, header: Header, before: int, *, rebuilt: bool = False) -> list[Seen]:
    """Where the header's value was seen, of all that was made of the read: as it is, by itself; with `rebuilt`, in what
    was put together of it again, too."""
    made = _made_of(run, [node.id for node in run.flow.nodes.values() if node.wire is header.read])
    found = {node.id: node for node in made if node.octets == header.value}
    if rebuilt:
        found |= {node.id: node for node in _made_of(run, list(found)) if header.value in (node.octets or b"")}
    seen = [(node, s) for node in found.values() for s in node.sightings if s.order < before]
    return sorted(seen, key=lambda one: one[1].order)


def _made_of(run: Run, todo: list[int]) -> list[Node]:
    """These values and all that was made of them."""
    met = dict.fromkeys(todo)
    while todo:
        for edge in run.flow.out_of.get(todo.pop(), ()):
            if edge.target not in met:
                met[edge.target] = None
                todo.append(edge.target)
    return [run.flow.nodes[number] for number in met]


def _reach(run: Run, seen: Sequence[Seen]) -> tuple[int, int]:
    """How far a value went: through how many libraries; of two that went as far, the one in fewer calls says more."""
    calls = [run.trace.calls[s.call] for _, s in seen if s.call in run.trace.calls]
    return len({call.code.lane for call in calls}), -len({call.id for call in calls})


# -- WebSockets ------------------------------------------------------------------------------------------------------


def websockets(run: Run, apis: Sequence[tuple[Journey, str, str]]) -> Section | None:
    """How a connection becomes a WebSocket, and how a message is read and written. `apis` are the journeys that the
    section of an API tells, with its title and anchor: these are not told twice."""
    messages = [part for part in run.parts if part.kind in MESSAGES]
    if not messages:
        return None
    anchor = (WEBSOCKETS, "websockets")
    connection = messages[0].connection
    chains = [chain for chain in [_handshake(run, connection, anchor)] if chain is not None]
    frames: list[Frame] = []
    refers: list[tuple[str, str, str]] = []
    for direction, title in (("in", "A message that is read"), ("out", "A message that is written")):
        part = next((p for p in messages if p.direction == direction), None)
        if part is None:
            continue
        journey = next((j for j in run.journeys if j.direction == direction and _carried(j, part)), None)
        told = next(((name, at) for j, name, at in apis if journey is not None and j.id == journey.id), None)
        if told is not None:
            refers.append((title, *told))
        elif journey is not None:
            steps = run.spines.into(journey) if direction == "in" else run.spines.out_of(journey)
            chains.append(run.chain(title, "", steps, anchor, journey=journey))
        else:
            moved = part.pieces[-1].wire
            steps = run.chains.reading(moved) if direction == "in" else run.spines.established([moved])
            chains.append(run.chain(title, "", steps, anchor))
        frames.append(frame(run, part, title))
    text = (
        "A connection begins as an HTTP request that asks for an upgrade, and then carries frames in both directions."
    )
    return _section("websockets", WEBSOCKETS, text, tuple(chains), tuple(frames), tuple(refers))


def _carried(journey: Journey, part: Part) -> bool:
    """Whether a journey's bytes are a message's."""
    for piece in part.pieces:
        size = piece.stop - piece.start
        for stretch in journey.wires:
            if stretch.wire is piece.wire and stretch.start < piece.at + size and stretch.stop > piece.at:
                return True
    return False


def _handshake(run: Run, connection: int, anchor: tuple[str, str]) -> Chain | None:
    """From the request that asks for the WebSocket to the answer that grants it."""
    mine = [part for part in run.parts if part.connection == connection]
    asked = next((p for p in mine if p.direction == "in" and p.kind == Http.REQUEST.word), None)
    answer = next((p for p in mine if p.direction == "out" and p.kind == Http.RESPONSE.word), None)
    if asked is None or answer is None:
        return None
    written = answer.pieces[-1].wire
    key = next((header for header in _headers(asked) if header.name.lower() == ASKED), None)
    seen = _followed(run, key, written.ended, rebuilt=True) if key is not None else []
    text = "The client's key is followed from the bytes that were read to the answer that is made of it."
    steps = run.spines.passed(asked.pieces[0].wire, seen)
    if seen and seen[-1][1].thread == written.thread:  # what is made of it by hashing is no piece of it any more
        inside = run.chains.within(written.thread, seen[-1][1].order, written.began)
        steps += [replace(step, children=()) for top in prune(fold(inside), 0) for step in top.walk()]
    told = {(step.kind, step.key) for step in steps}
    steps += [step for step in run.spines.established([written]) if (step.kind, step.key) not in told]
    return run.chain("The handshake: from the request to the answer 101", text, steps, anchor)


def _section(
    kind: str,
    title: str,
    text: str,
    chains: tuple[Chain, ...],
    frames: tuple[Frame, ...] = (),
    refers: tuple[tuple[str, str, str], ...] = (),
) -> Section:
    anchor = kind.replace("_", "-")
    return Section(kind, title, anchor, "", text, "", None, (), 0, chains, frames, (), refers)
