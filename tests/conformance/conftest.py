"""The servers that are judged, each a process of its own, started once and shared.

`ours` starts `python -m reference_impl` with options and gives the same process for the same options; `real` does the
same for Flask-Sock on Werkzeug or gunicorn. `server` is the one that the rows of PROTOCOL.md are asked of: ours, unless
UNMAGIC_CONFORMANCE=werkzeug or =gunicorn says otherwise, which is how the tests themselves are tested: where the
original conforms they pass on it, and where it deviates they fail.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from .peer import Peer, frame
from .peer import request as handshake
from .servers import Fleet, Served, Starter

TARGET = os.environ.get("UNMAGIC_CONFORMANCE", "ours")


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # so under `pytest &`: children would ignore Ctrl-C too
        signal.signal(signal.SIGINT, signal.default_int_handler)
    fleet = Fleet()
    yield fleet
    fleet.stop()


@pytest.fixture(scope="session")
def ours(fleet: Fleet) -> Starter:
    """`ours("--max-message-size", "1000")` -> the running server; `fresh=True` for one of your own."""
    return lambda *options, fresh=False: fleet.get("-m", "reference_impl", "--port", "0", *options, fresh=fresh)


@pytest.fixture(scope="session")
def real(fleet: Fleet) -> Starter:
    """`real("--server", "gunicorn")` -> the original with the same routes."""
    script = str(Path(__file__).with_name("real_app.py"))

    def get(*options: str, fresh: bool = False) -> Served:
        if "gunicorn" in options:
            pytest.importorskip("gunicorn", reason="gunicorn is not installed")
        return fleet.get(script, *options, fresh=fresh)

    return get


@pytest.fixture(scope="session")
def judged(ours: Starter, real: Starter) -> Starter:
    """Whoever is judged, with options."""
    return ours if TARGET == "ours" else lambda *options, **how: real("--server", TARGET, *options, **how)


@pytest.fixture(scope="session")
def server(judged: Starter) -> Served:
    """Whoever is judged, with no options."""
    return judged()


@dataclass
class Patience:
    """Peers that misbehave in the background while other tests run, so that waiting for a limit costs no time."""

    results: dict[str, object] = field(default_factory=dict)
    threads: dict[str, threading.Thread] = field(default_factory=dict)

    def start(self, name: str, what: Callable[[], object]) -> None:
        def work() -> None:
            try:
                self.results[name] = what()
            except (OSError, AssertionError) as error:
                self.results[name] = error

        self.threads[name] = threading.Thread(target=work, daemon=True)
        self.threads[name].start()

    def result(self, name: str, timeout: float = 45) -> object:
        self.threads[name].join(timeout)
        return self.results.get(name, f"nothing after {timeout} s")


def drip(served: Served) -> tuple[float, bytes]:
    """A handshake that never ends, a byte now and then: (seconds until the server ended it, what it answered)."""
    began = time.monotonic()
    with Peer(served.address) as peer:
        peer.send(handshake()[:-4] + b"\r\nX-Slow: ")
        while peer.ended == "OPEN" and time.monotonic() - began < 40:
            peer.rest(0.5)
            if peer.ended == "OPEN":
                peer.push(b"x")
        return time.monotonic() - began, bytes(peer.received)


def silent_handshake(served: Served) -> tuple[float, bytes]:
    """A connection that says nothing at all."""
    began = time.monotonic()
    with Peer(served.address) as peer:
        peer.rest(40)
        return time.monotonic() - began, bytes(peer.received)


def unanswered_close(served: Served) -> tuple[float, bytes]:
    """The server closes and the client never answers: (seconds until the end, all after the handshake)."""
    with served.open("/close") as peer:
        began = time.monotonic()
        peer.send(frame(1, b"go"))
        rest = peer.rest(40)
        return time.monotonic() - began, rest


@pytest.fixture(scope="session", autouse=True)
def patience(request: pytest.FixtureRequest) -> Patience:
    """Started with the session, and only when a test that asks for it is going to run."""
    patience = Patience()
    if any("patience" in item.fixturenames and item.name.startswith("test_patience") for item in request.session.items):
        try:
            served = request.getfixturevalue("server")
        except pytest.fail.Exception:  # then the tests that need that server say so, and the others can run
            return patience
        for name, what in (("drip", drip), ("silent", silent_handshake), ("unanswered", unanswered_close)):
            patience.start(name, lambda what=what: what(served))
    return patience
