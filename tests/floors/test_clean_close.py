"""A browser sees a clean end wherever our `Server` is, under other people's HTTP servers and frameworks, too.

Against the original whole it never does: tests/conformance/test_clients.py.
"""

from __future__ import annotations

import importlib.util
from dataclasses import astuple
from pathlib import Path

import pytest
from conformance.servers import Fleet, Served
from conformance.test_clients import Talk, ending

from .stack import HTTP, Stack

pytest.importorskip("flask_sock", reason="the original stack is not installed")
SERVE = str(Path(__file__).with_name("serve.py"))
OURS = "reference_impl"
#: Our server floor with our `Sock`, and with the original's; over our protocol floor, and over the original's.
STACKS = [
    *(Stack(http, OURS, OURS, OURS, "flask") for http in HTTP),
    Stack("werkzeug", OURS, OURS, "flask_sock", "flask"),
    Stack("werkzeug", "wsproto", OURS, OURS, "flask"),
]
TIMES = 10


@pytest.fixture(scope="module", params=STACKS, ids=str)
def served(fleet: Fleet, request: pytest.FixtureRequest) -> Served:
    if importlib.util.find_spec(request.param.http) is None:
        pytest.skip(f"{request.param.http} is not installed")
    return fleet.get(SERVE, *astuple(request.param))


@pytest.mark.parametrize(
    ("path", "talk", "code", "reason"),
    [
        pytest.param("/told", "text", 1000, "done", id="client"),
        pytest.param("/told", "close 4000", 4000, "done", id="client-4000"),
        pytest.param("/bye", "listen", 1000, "bye", id="server"),
        pytest.param("/echo", "listen", 1000, "", id="handler-returns"),
    ],
)
def test_chromium_sees_a_clean_end(
    served: Served,
    chromium: Talk,
    path: str,
    talk: str,
    code: int,
    reason: str,
) -> None:
    for number in range(TIMES):
        seen = ending(chromium(served.url(path), talk, "go"))
        assert seen == {"code": code, "reason": reason, "wasClean": True}, f"number {number}"
