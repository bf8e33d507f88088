"""The pytest plugin: with ``--unmagic``, every test has a trace of its own.

pytest loads this file at every start, so it imports nothing but pytest; what records is imported when it is asked
for. Beside xdist each worker records its own tests, and their reports carry the paths to where the summary is made.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tracer.recording import Recorder

FOLDER = "unmagic-traces"
#: What runs the tests, and is none of what they test. Plugins are found by themselves.
RUNNERS = ("pytest", "_pytest", "pluggy", "execnet", "coverage", "unmagic")
#: How many paths the summary lists of tests that passed; with -v all of them.
LISTED = 10
#: Characters of one part of a path that stay; longer ones are cut, and told apart by a digest.
LONGEST = 80
_UNSAFE = re.compile(r"[^\w.+=,@-]|^[.-]")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all of them beginning with ``--unmagic``."""
    group = parser.getgroup("unmagic", "a trace of each test, to be looked at with unmagic")
    group.addoption(
        "--unmagic", action="store_true",
        help="Record each test: its calls, values and bytes, on every thread. Secrets are masked. "
        "Look at one with: unmagic show TRACE",
    )  # fmt: skip
    group.addoption(
        "--unmagic-dir", metavar="DIR", default=FOLDER,
        help=f"The folder for the traces (default: {FOLDER}). tests/test_chat.py::TestEcho::test_text[hello] goes to "
        "DIR/tests/test_chat/TestEcho.test_text-hello.trace",
    )  # fmt: skip
    group.addoption(
        "--unmagic-scope", metavar="WORD", action="append", default=[],
        help="Record this instead of the default, as for unmagic run --scope. May be repeated.",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Join in where --unmagic is given."""
    if config.getoption("--unmagic"):
        config.pluginmanager.register(Traces(config), "unmagic-traces")


def trace_name(nodeid: str) -> Path:
    """Where the trace of a test lies in the folder: the same for the same test, and a safe path for every one.

    ``tests/test_a.py::TestB::test_c[1-x]`` -> ``tests/test_a/TestB.test_c-1-x.trace``. A part that has characters
    which a shell or a file system minds, or is long, ends with eight digits of the name's digest.
    """
    file, _, rest = nodeid.replace("\\", "/").partition("::")
    names, _, values = rest.partition("[")
    folders = [part for part in re.sub(r"\.py$", "", file).split("/") if part not in ("", ".")]
    test = ".".join(filter(None, names.split("::"))) or "test"
    parts = [*folders, f"{test}-{values.removesuffix(']')}" if values else test]
    *folders, test = (_safe(part, nodeid) for part in parts)
    return Path(*folders, f"{test}.trace")


def _safe(part: str, nodeid: str) -> str:
    safe = _UNSAFE.sub("_", part)
    if safe == part and len(part) <= LONGEST:
        return part
    return f"{safe[:LONGEST]}-{hashlib.sha1(nodeid.encode('utf-8', 'replace')).hexdigest()[:8]}"


class Traces:
    """One pytest session that records; on a worker of xdist's, the worker's part."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.folder = Path(config.invocation_params.dir, config.getoption("--unmagic-dir"))
        config.option.unmagic_dir = str(self.folder)  # what xdist's workers are told
        #: Path by test, and whether the test failed.
        self._found: dict[str, tuple[str, bool]] = {}
        self._faults: list[str] = []
        self._path = ""
        self._fault = ""
        self._skipped = False
        try:
            _make(self.folder)
        except OSError as error:
            raise pytest.UsageError(f"cannot write traces to {self.folder}: {error.strerror or error}") from None

    # -- where the tests run -------------------------------------------------------------------------------

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Record a test, from the set-up of its fixtures to their end."""
        path = self.folder / trace_name(item.nodeid)
        self._path, self._fault, self._skipped = "", "", False
        recorder = self._start(path)
        yield
        if recorder is not None:
            faults = recorder.stop().faults
            self._fault = self._fault or (f"the recorder stopped early: {faults[0]}" if faults else "")
            if self._skipped:
                path.unlink(missing_ok=True)

    def _start(self, path: Path) -> Recorder | None:
        from .private import recording

        ours = recording()
        scope = tuple(self._config.getoption("--unmagic-scope")) or ours.DEFAULT
        options = ours.Options(scope=scope, exclude=self._runners(), program=str(self._config.rootpath))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            recorder: Recorder = ours.Recorder(str(path), options)
            recorder.start()
        except (ours.RecorderError, OSError) as error:
            self._fault = str(error)
            return None
        self._path = _shown(path, self._config)
        return recorder

    def _runners(self) -> tuple[str, ...]:
        """pytest, and the modules of its plugins: all of a distribution whose name begins so, else the module alone,
        since a library may bring a plugin along."""
        words = dict.fromkeys(RUNNERS)
        for plugin, distribution in self._config.pluginmanager.list_plugin_distinfo():
            module = getattr(plugin, "__name__", None) or type(plugin).__module__
            whole = str(getattr(distribution, "project_name", "")).startswith("pytest")
            words[module.partition(".")[0] if whole else module] = None
        return tuple(words)

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
        """Note in a report where the trace is; with a failure it is shown."""
        outcome: Any = yield
        report = outcome.get_result()
        self._skipped = self._skipped or (report.skipped and report.when == "setup")
        if self._path and not self._skipped:
            report.unmagic_trace = self._path
            if report.failed:
                report.sections.append(("unmagic", "\n".join(_next(self._path, item, report.when))))
        if self._fault:
            report.unmagic_fault = f"{item.nodeid}: {self._fault}"

    # -- where the summary is made -------------------------------------------------------------------------

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Gather what the reports tell, those of xdist's workers too."""
        path = getattr(report, "unmagic_trace", "")
        if path:
            failed = report.failed or self._found.get(report.nodeid, ("", False))[1]
            self._found[report.nodeid] = (path, failed)
        fault = getattr(report, "unmagic_fault", "")
        if fault and fault not in self._faults:
            self._faults.append(fault)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Where the traces are: of the tests that failed all, of the others some."""
        if not self._found and not self._faults:
            return
        count = len(self._found)
        folder = _shown(self.folder, self._config)
        terminalreporter.section(f"unmagic: {count:,} {'trace' if count == 1 else 'traces'} in {folder}", sep="=")
        failed = [path for path, bad in self._found.values() if bad]
        passed = [path for path, bad in self._found.values() if not bad]
        most = len(passed) if terminalreporter.config.getoption("verbose") > 0 else LISTED
        for path in failed:
            terminalreporter.write_line(f"FAILED {path}", red=True)
        for path in passed[:most]:
            terminalreporter.write_line(f"       {path}")
        if passed[most:]:
            terminalreporter.write_line(f"       … and {len(passed) - most:,} more; -v lists all")
        for fault in self._faults[:LISTED]:
            terminalreporter.write_line(f"not recorded: {fault}", yellow=True)
        if count:
            terminalreporter.write_line(f"next: unmagic show {_quoted((failed or passed)[0])}")


def _make(folder: Path) -> None:
    """The folder, with the line that keeps Git away from it, as pytest's own cache has one."""
    if not folder.exists():
        folder.mkdir(parents=True)
        (folder / ".gitignore").write_text("# made by pytest --unmagic\n*\n", encoding="utf-8")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise OSError("no folder that can be written to")


def _shown(path: Path, config: pytest.Config) -> str:
    """A path as one would type it."""
    try:
        return path.relative_to(config.invocation_params.dir).as_posix()
    except ValueError:
        return path.as_posix()


def _next(path: str, item: pytest.Item, when: str) -> Iterator[str]:
    """What to type for a test that failed: its messages, and all that its function called."""
    yield f"unmagic show {_quoted(path)}"
    function = getattr(getattr(item, "function", None), "__qualname__", "")
    if function and "<" not in function and when == "call" and item.path.is_relative_to(item.config.rootpath):
        yield f"unmagic chain {_quoted(path)} app:{function}"


def _quoted(path: str) -> str:
    return f"'{path}'" if re.search(r"[^\w./+=,@-]", path) else path
