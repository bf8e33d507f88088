"""Spines: what is on the way between a socket and the program, each call once, and nothing else."""

from __future__ import annotations

import pytest

from tracer.reading.apis import ATTRIBUTE, Apis, of_program
from tracer.reading.chain import Chains
from tracer.reading.flow import Flow
from tracer.reading.journeys import journeys
from tracer.reading.spine import Spines
from tracer.reading.trace import Trace

NAMES = ("receive", "send", "http_headers", "ping", "close")


@pytest.fixture(scope="module", params=NAMES)
def trace(request: pytest.FixtureRequest, scenario_traces: dict[str, Trace]) -> Trace:
    return scenario_traces[request.param]


def test_who_called_whom_says_the_same_as_what_was_active(trace: Trace):
    chains = Chains(trace)
    spines, looked = Spines(chains), 0
    for journey in journeys(Flow(trace)):
        for _, sighting in journey.sightings:
            if sighting.role in ("argument", "result"):
                at = sighting.order - (sighting.role == "result")
                found = spines.stack(sighting.call, sighting.thread, at)
                assert found == chains.stack(sighting.thread, at)
                assert found[-1].call == sighting.call
                looked += 1
    assert looked > 10


def test_each_call_is_told_once_and_the_way_ends_where_the_journey_does(trace: Trace):
    spines = Spines(Chains(trace))
    for journey in journeys(Flow(trace)):
        steps = spines.into(journey) if journey.direction == "in" else spines.out_of(journey)
        keys = [(step.kind in ("call", "resume"), step.kind == "return", step.key) for step in steps]
        assert len(keys) == len(set(keys))
        if journey.direction == "out":
            assert steps[0].call == journey.call.id and any(step.wire is not None for step in steps)
        else:
            assert steps[0].code is not None and steps[0].code.kind == "module"
            assert any(step.wire is not None and step.wire.op == "accept" for step in steps)
            told = {step.call for step in steps}
            assert {s.call for _, s in journey.sightings if s.role in ("argument", "result")} <= told


def test_a_handoff_stands_where_the_thread_changes(scenario_traces: dict[str, Trace]):
    trace = scenario_traces["receive"]
    spines = Spines(Chains(trace))
    journey = next(j for j in journeys(Flow(trace)) if j.node.value.data == "Hello")
    steps = spines.into(journey)
    (place,) = [place for place, step in enumerate(steps) if step.kind == "handoff"]
    assert steps[place - 1].thread != steps[place].thread == steps[place + 1].thread == journey.call.thread


def test_down_tells_each_kind_of_thing_once_and_begins_with_the_call(scenario_traces: dict[str, Trace]):
    trace = scenario_traces["tcp"]
    run = next(api for api in Apis(trace).all if api.qualname == "Flask.run")
    steps = Spines(Chains(trace)).down(run.uses[0].call)
    assert steps[0].call == run.uses[0].call.id
    ops = [step.wire.op for step in steps if step.wire is not None]
    assert ops[:3] == ["bind", "listen", "accept"] and len(ops) == len(set(ops))
    sock = scenario_traces["sock"]
    assert Spines(Chains(sock)).down(next(iter(Apis(sock).all)).uses[0].call) == []


def test_every_call_of_the_program_into_a_library_is_a_use_of_one_api(trace: Trace):
    apis = Apis(trace).all
    uses = [use.call.id for api in apis for use in api.uses]
    called = [
        c.id for c in trace.calls.values() if of_program(trace.codes.get(c.first.caller)) and not of_program(c.code)
    ]
    assert sorted(uses) == called
    assert not [api for api in apis if not api.plumbing and api.qualname.rpartition(".")[2] in ATTRIBUTE]
