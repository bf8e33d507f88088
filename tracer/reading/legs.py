"""A journey as the ordered legs that a person reads, and as plain data for JSON (docs/trace-format.md).

One leg: a value is somewhere new (it was read, made, cut, put in the program's hands, written), or the same object goes
on to another library or over to another thread.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .flow import Edge, Node, Sighting
from .journeys import Journey
from .trace import Call, Trace

#: How each relation reads, as a word for what happened to the source.
WORDS = {"copy": "copied", "slice": "cut", "folded": "rewritten"}


@dataclass(frozen=True)
class Leg:
    """`kind` is read, written, same, held, slice, made or handoff; `how` a word for it; `edges` what it came from."""

    kind: str
    how: str
    node: Node
    sighting: Sighting
    call: Call | None
    edges: tuple[Edge, ...]
    also: tuple[str, ...] = ()


def legs(journey: Journey, trace: Trace) -> tuple[Leg, ...]:
    """The legs in order. Calls of one library that the same object passed one after the other are one leg, with their
    names in `also`."""
    into: dict[int, list[Edge]] = {}
    for edge in journey.edges:
        into.setdefault(edge.target, []).append(edge)
    found: list[Leg] = []
    last: dict[int, Leg] = {}
    for node, sighting in journey.sightings:
        call = trace.calls.get(sighting.call)
        before = last.get(node.id)
        leg = _leg(node, sighting, call, tuple(into.get(node.id, ())), before)
        if before is not None and leg.kind in ("same", "held") and _together(before, leg) and found[-1] is before:
            name = leg.call.code.qualname if leg.call else ""
            seen = (
                (*before.also, name)
                if name and name not in (before.call and before.call.code.qualname, *before.also)
                else before.also
            )
            leg = found[-1] = Leg(before.kind, before.how, node, before.sighting, before.call, before.edges, seen)
        elif not (leg.kind in ("same", "held") and before is not None and _again(found, leg)):
            found.append(leg)
        last[node.id] = leg
    return tuple(found)


def _leg(node: Node, sighting: Sighting, call: Call | None, edges: tuple[Edge, ...], before: Leg | None) -> Leg:
    if sighting.role in ("read", "written"):
        return Leg(sighting.role, sighting.role, node, sighting, call, ())
    if before is None:
        kind = edges[0].kind if edges else "same"
        how = WORDS.get(edges[0].relation.how, edges[0].relation.how) if edges else "begins"
        return Leg(kind, how, node, sighting, call, edges)
    if before.sighting.thread != sighting.thread:
        return Leg("handoff", "handed over", node, sighting, call, ())
    held = "." in sighting.name or "[" in sighting.name
    return Leg(
        "held" if held else "same", "held in " + sighting.name if held else "passed on", node, sighting, call, ()
    )


def _together(before: Leg, leg: Leg) -> bool:
    same_lane = before.call is not None and leg.call is not None and before.call.code.lane == leg.call.code.lane
    return same_lane and before.sighting.thread == leg.sighting.thread


def _again(found: list[Leg], leg: Leg) -> bool:
    """Whether the same object is only seen once more where it has been."""
    return any(
        old.node is leg.node
        and old.call is not None
        and leg.call is not None
        and old.sighting.thread == leg.sighting.thread
        and (old.call.id == leg.call.id or leg.call.code.qualname in (old.call.code.qualname, *old.also))
        for old in found
    )


# -- as data -------------------------------------------------------------------------------------------------------


def journey_data(journey: Journey, trace: Trace) -> dict[str, Any]:
    """One journey as `unmagic journeys --json` tells it."""
    return {
        "id": journey.id,
        "direction": journey.direction,
        "order": journey.order,
        "call": journey.call.id,
        "function": f"{journey.call.code.lane}:{journey.call.code.qualname}",
        "value": _value_data(journey.node),
        "wire": [
            {"id": s.wire.id, "op": s.wire.op, "connection": s.wire.connection, "start": s.start, "stop": s.stop}
            for s in journey.wires
        ],
        "lanes": list(journey.lanes(trace)),
        "threads": list(journey.threads),
        "complete": not journey.cut(trace),
    }


def journey_legs_data(journey: Journey, trace: Trace) -> dict[str, Any]:
    """One journey with its legs as `unmagic show --json` tells it."""
    return {**journey_data(journey, trace), "legs": [_leg_data(leg) for leg in legs(journey, trace)]}


def _leg_data(leg: Leg) -> dict[str, Any]:
    return {
        "kind": leg.kind,
        "how": leg.how,
        "object": leg.node.id,
        "value": _value_data(leg.node),
        "order": leg.sighting.order,
        "thread": leg.sighting.thread,
        "call": leg.sighting.call,
        "lane": leg.call.code.lane if leg.call else "",
        "function": leg.call.code.qualname if leg.call else "",
        "also": list(leg.also),
        "from": [
            {
                "object": edge.source,
                "kind": edge.kind,
                "how": edge.relation.how,
                "start": edge.relation.start,
                "stop": edge.relation.stop,
                "at": edge.relation.at,
                "ambiguous": edge.ambiguous,
                "via": edge.via,
            }
            for edge in leg.edges
        ],
    }


def _value_data(node: Node) -> dict[str, Any]:
    value = node.value
    shown: dict[str, Any] = {"type": value.type, "size": value.size, "cut": value.cut}
    if isinstance(value.data, str):
        return {**shown, "text": value.data}
    return {**shown, "hex": (value.data or b"").hex()}
