"""Journeys on a message's page: each leg with the step that shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, answers, journeys
from tracer.reading.legs import Leg as Told
from tracer.reading.legs import legs
from tracer.reading.trace import Trace

from . import lanes
from .flatten import Telling
from .model import Leg, Way

#: Functions that are named of one leg.
NAMED = 4


def numbered(flow: Flow) -> list[Journey]:
    """Every journey of a trace in the order and with the numbers of `unmagic journeys`."""
    both = sorted((*journeys(flow), *answers(flow)), key=lambda journey: journey.order)
    return [replace(journey, id=number) for number, journey in enumerate(both, 1)]


def way(journey: Journey, trace: Trace, telling: Telling, steps: Mapping[int, int], wires: Mapping[int, int]) -> Way:
    """One journey. `steps` gives the place of a call's step, `wires` of a wire event's, by their numbers."""
    return Way(
        journey.id,
        journey.direction,
        telling.value(journey.node.value),
        not journey.cut(trace),
        tuple(_leg(leg, journey, trace, telling, steps, wires) for leg in legs(journey, trace)),
    )


def _leg(
    leg: Told, journey: Journey, trace: Trace, telling: Telling, steps: Mapping[int, int], wires: Mapping[int, int]
) -> Leg:
    lane = (
        lanes.SOCKET if leg.kind in ("read", "written") else lanes.lane_of(leg.call.code) if leg.call else lanes.PYTHON
    )
    step = steps.get(leg.call.id, -1) if leg.call is not None else -1
    if leg.kind in ("read", "written"):
        wire = next((w for w in trace.wires if w.ended == leg.sighting.order), None)
        step = wires.get(wire.id, -1) if wire is not None else -1
    names = (leg.call.code.qualname, *leg.also) if leg.call is not None else ()
    return Leg(
        leg.kind,
        _how(leg),
        telling.functions.lane(lane),
        telling.thread(leg.sighting.thread),
        step,
        telling.value(leg.node.value),
        ", ".join(name.replace(".<locals>", "") for name in names[:NAMED]) + (" …" if len(names) > NAMED else ""),
        any(edge.ambiguous for edge in leg.edges),
    )


def _how(leg: Told) -> str:
    if leg.kind == "slice":
        cut = leg.edges[0].relation
        return f"bytes {cut.start}–{cut.stop - 1} cut" if cut.stop - cut.start > 1 else f"byte {cut.start} cut"
    if leg.edges and leg.edges[0].relation.how == "joined":
        return "joined" if len(leg.edges) > 1 else f"put at byte {leg.edges[0].relation.start}"
    return leg.how
