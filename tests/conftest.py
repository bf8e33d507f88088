"""What the tests of the whole share: every scenario recorded once, opened, and made into pages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from helpers_explorer import launch, report
from playwright.sync_api import Browser, sync_playwright

from report import build as report_build
from tracer.reading.trace import Trace
from tracer.scenarios import EVERY, SCENARIOS

ROOT = Path(__file__).parent.parent
#: Recorded by two processes side by side; the halves take about as long as each other.
HALVES = (tuple(EVERY)[0::2], tuple(EVERY)[1::2])
#: The files that take longest, longest first: where several processes share the work, it ends evenly if these begin.
DEAR = (
    "test_export.py", "test_report.py", "test_cli.py", "test_explorer.py", "test_chain.py", "test_wiretap.py",
    "test_scenarios.py", "test_journeys_elsewhere.py", "test_journeys.py", "test_closing_7.py", "test_clients.py",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files in the order of `DEAR`, then the rest; within a file nothing changes."""
    place = {name: number for number, name in enumerate(DEAR)}
    items.sort(key=lambda item: place.get(item.path.name, len(DEAR)))


def record_scenarios(folder: Path) -> Path:
    """Record every scenario into `folder`, as `unmagic trace` does. Fails with what the command said."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "WERKZEUG_"))}
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "unmagic", "trace", "-o", str(folder), *names],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for names in HALVES
    ]  # fmt: skip
    try:
        for process in running:
            said, _ = process.communicate(timeout=240)
            assert process.returncode == 0, said
    finally:
        for process in running:
            process.kill()
            process.wait()
    return folder


def open_traces(folder: Path) -> dict[str, Trace]:
    """Every scenario's trace in `folder`, opened."""
    return {name: Trace.open(folder / f"{name}.trace") for name in EVERY}


def build_pages(folder: Path) -> dict[str, str]:
    """The report made of the traces in `folder`."""
    traces = open_traces(folder)
    try:
        return report_build.build(traces, list(SCENARIOS.values()))
    finally:
        for trace in traces.values():
            trace.close()


@pytest.fixture(scope="session")
def scenario_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder with a trace of every scenario; nobody writes to it. Recorded once for all of xdist's workers: whoever
    comes first does it, and makes the tables too."""
    mine = tmp_path_factory.getbasetemp()
    folder = (mine if worker_id == "master" else mine.parent) / "scenarios"
    with FileLock(folder.with_suffix(".lock")):
        if not folder.exists():
            unfinished = record_scenarios(folder.with_suffix(".unfinished"))
            for trace in open_traces(unfinished).values():
                trace.close()
            unfinished.rename(folder)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, for whoever looks at pages. Playwright has an event loop run as long as it is there, and then neither
    `asyncio.run` nor another Playwright can be used by anybody: so it ends with the file that asked for it."""
    with sync_playwright() as driver:
        opened = launch(driver)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def explorer_page(tmp_path_factory: pytest.TempPathFactory, scenario_folder: Path) -> Path:
    """The page of the receive scenario, with the same on our own stack beside it."""
    folder = tmp_path_factory.mktemp("pages")
    report(folder, scenario_folder / "receive.trace", "--beside", scenario_folder / "ours.trace")
    return folder / "index.html"


@pytest.fixture(scope="session")
def scenario_traces(scenario_folder: Path) -> Iterator[dict[str, Trace]]:
    """The traces of all scenarios by name."""
    traces = open_traces(scenario_folder)
    yield traces
    for trace in traces.values():
        trace.close()


@pytest.fixture(scope="session")
def pages_now(scenario_traces: dict[str, Trace]) -> dict[str, str]:
    """The report made of `scenario_traces`: text by file name."""
    return report_build.build(scenario_traces, list(SCENARIOS.values()))
