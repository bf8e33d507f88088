"""What the tests of the whole share: every scenario recorded once, opened, and made into pages."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Browser, sync_playwright

from report import build as report_build
from tracer.reading.trace import Trace
from tracer.scenarios import EVERY, SCENARIOS

# Their checks say as much as a test's own when they fail; they are imported after this.
pytest.register_assert_rewrite(*(path.stem for path in Path(__file__).parent.glob("helpers_*.py")))

from helpers_explorer import launch, report  # noqa: E402

gc.set_threshold(50_000, 20, 100)  # traces and pages stay: to look through them for cycles takes a third of the time

ROOT = Path(__file__).parent.parent
#: Recorded by two processes side by side; the halves take about as long as each other.
HALVES = (tuple(EVERY)[0::2], tuple(EVERY)[1::2])
#: The files that take longest, longest first: where several processes share the work, it ends evenly if these begin.
DEAR = (
    "test_coursework_grade.py", "test_report_committed.py", "test_report_unexplained.py", "test_check_course.py",
    "test_cli_pages.py", "test_cli_chain.py", "test_grade.py", "test_secrets_everywhere.py", "test_export_drawings.py",
    "test_export_capture.py", "test_course_formats.py", "test_course_told.py", "test_pytest_plugin.py",
    "test_notebooks.py", "test_check_versions.py", "test_book.py", "test_run_processes_servers.py",
    "test_run_processes_forked.py", "test_live.py", "test_sandbox_attacks.py", "test_run_elsewhere.py",
    "test_explorer.py", "test_bootstrap_process.py", "test_bootstrap_modules.py", "test_chain_receive.py",
    "test_chain_ways.py", "test_run_module.py", "test_journeys_elsewhere.py", "test_coursework_hints.py",
    "test_check_documents.py", "test_stacks_asyncio.py", "test_stacks_gunicorn.py", "test_view_schema.py",
    "test_journeys.py", "test_wiretap_bytes.py", "test_closing_7.py", "test_clients.py",
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


def once(base: Path, name: str, make: Callable[[Path], object]) -> Path:
    """What `make` puts at the path that it is given, for all of xdist's workers: whoever comes first does it. Nobody
    writes to it afterwards."""
    place = base / name
    with FileLock(place.with_suffix(".lock")):
        if not place.exists():
            unfinished = place.with_suffix(".unfinished")
            make(unfinished)
            unfinished.rename(place)
    return place


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all of xdist's workers have."""
    mine = tmp_path_factory.getbasetemp()
    return mine if worker_id == "master" else mine.parent


@pytest.fixture(scope="session")
def scenario_folder(common: Path) -> Path:
    """A folder with a trace of every scenario, which has its tables."""

    def make(folder: Path) -> None:
        for trace in open_traces(record_scenarios(folder)).values():
            trace.close()

    return once(common, "scenarios", make)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser, for whoever looks at pages. Playwright has an event loop run as long as it is there, and then neither
    `asyncio.run` nor another Playwright can be used by anybody: so it ends with the file that asked for it."""
    with sync_playwright() as driver:
        opened = launch(driver)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def explorer_page(common: Path, scenario_folder: Path) -> Path:
    """The page of the receive scenario, with the same on our own stack beside it."""

    def make(folder: Path) -> None:
        report(folder, scenario_folder / "receive.trace", "--beside", scenario_folder / "ours.trace")

    return once(common, "explorer", make) / "index.html"


@pytest.fixture(scope="session")
def scenario_traces(scenario_folder: Path) -> Iterator[dict[str, Trace]]:
    """The traces of all scenarios by name."""
    traces = open_traces(scenario_folder)
    yield traces
    for trace in traces.values():
        trace.close()


@pytest.fixture(scope="session")
def pages_now(common: Path, scenario_folder: Path) -> dict[str, str]:
    """The report made of the traces of `scenario_folder`: text by file name."""

    def make(file: Path) -> None:
        file.write_text(json.dumps(build_pages(scenario_folder)), encoding="utf-8")

    pages: dict[str, str] = json.loads(once(common, "pages.json", make).read_text(encoding="utf-8"))
    return pages
