"""What the tests of a course's report share: traces, recorded when they are first asked for, and the report on each.

The fixture is imported `as` its own name: pytest finds it there, and nobody takes it for unused.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from elsewhere import clients
from elsewhere.recording import record

from report.course.make import make
from report.course.model import Report, Section
from tracer.reading.trace import Trace

SCENARIOS = ("receive", "send", "http_headers", "sock", "tcp", "close")
PLAYED = {
    "plain_flask": [clients.ask(clients.FORM, b"Reykjavik"), clients.ask(clients.HEADER, b"what is it")],
    "plain_http": [clients.ask(clients.HEADER, b"what is it"), clients.ask(clients.BODY, b"every byte")],
    "websockets_sync": [clients.echo("/", (1, b"Hello there"))],
    "websockets_asyncio": [clients.echo("/", (1, b"Hello there"))],
    "flask_socketio_threads": [clients.socketio_event],
}


class Traces:
    """The traces of our scenarios, and of programs of other stacks, recorded when they are first asked for."""

    def __init__(self, scenarios: Path, folder: Path) -> None:
        self._scenarios, self._folder = scenarios, folder
        self._open: list[Trace] = []
        self.report = cache(self._report)

    def trace(self, name: str) -> Trace:
        path = self._scenarios / f"{name}.trace"
        if name in PLAYED:
            path = self._folder / f"{name}.trace"
            if not path.exists():
                record(name, path, PLAYED[name])
        self._open.append(Trace.open(path))
        return self._open[-1]

    def _report(self, name: str) -> Report:
        return make(self.trace(name))

    def close(self) -> None:
        for trace in self._open:
            trace.close()


@pytest.fixture(scope="module")
def traces(scenario_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traces]:
    made = Traces(scenario_folder, tmp_path_factory.mktemp("course"))
    yield made
    made.close()


def section(report: Report, title: str) -> Section:
    (found,) = [one for one in report.sections if one.title == title]
    return found
