"""Flask-Sock on gunicorn: the worker is a process of its own with a trace of its own, on threads or on greenlets."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from stacks.playing import PROGRAMS, Played, holds, serving
from test_stacks_gevent import CITY, ENCODED, talk

from tracer.reading.flow import Flow
from tracer.reading.journeys import journeys
from tracer.reading.trace import Trace


@pytest.fixture(scope="module", params=["gthread", "gevent"])
def worker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The worker's part of it; the same client at gunicorn without us."""
    path = tmp_path_factory.mktemp(request.param) / "sock.trace"
    gunicorn = ["-m", "gunicorn", "-k", request.param, "--workers", "1", "--threads", "4", "--graceful-timeout", "1",
                "--bind", "127.0.0.1:0", "--pythonpath", str(PROGRAMS), "gunicorn_app:app"]  # fmt: skip
    with serving([sys.executable, *gunicorn], terminate=True) as (port, _):
        plainly = talk(port)
    traced = [sys.executable, "-m", "unmagic", "run", "-o", str(path), *gunicorn]
    with serving(traced, terminate=True) as (port, said):
        got = talk(port)
    assert any("2 processes" in line for line in said), said
    flow = Flow(Trace.open(path.with_name("sock.2.trace")))
    yield Played(flow, journeys(flow), got, plainly)
    flow.trace.close()


def test_it_holds(worker: Played) -> None:
    holds(worker)


def test_a_form_field(worker: Played) -> None:
    journey = worker.journey("in", CITY)
    assert worker.wire(journey) == [ENCODED]
    assert {"gunicorn", "werkzeug"} <= set(journey.lanes(worker.trace))
    assert worker.wire(worker.journey("out", f"from {CITY}")) == [f"from {CITY}".encode()]


def test_messages_of_two_connections_in_turn(worker: Played) -> None:
    for said in ("Hello from one", "Hello from the other", "again"):
        came, left = worker.journey("in", said), worker.journey("out", said.upper())
        assert worker.wire(left) == [said.upper().encode()]
        assert came.wires[0].wire.connection == left.wires[0].wire.connection
        assert len(came.threads) == 2 and came.threads[1] == left.threads[0]
