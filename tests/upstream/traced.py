"""Run the original libraries' own tests recorded and not, with each engine, and hold the outcomes against each other.

Under this Python and every newer one that is found (3.12 and later have two engines), each in an environment of its
own below build/. The recorder is put around all of pytest, and around the servers that Werkzeug's tests start; values
and wire bytes are recorded. Exit codes: 0 every test ended alike; 1 one did not, or a recording has a fault; 2 nothing
could be fetched.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from other_pythons import interpreters  # noqa: E402 (only now can it be found)

from tracer.reading.trace import Trace, TraceError  # noqa: E402
from upstream.fetch import FOLDER, ROOT, FetchError, fetch, pinned  # noqa: E402
from upstream.run import read  # noqa: E402

#: Where the tests are in each library's source distribution.
TESTS = {
    "flask-sock": "tests",
    "simple-websocket": "tests",
    "wsproto": "tests",
    "h11": "h11/tests",
    "werkzeug": "tests/test_serving.py",
}
#: What of requirements.txt the tests need; tests/upstream/requirements.txt has what they need besides.
NEEDED = ("flask", *TESTS, "pytest", "pytest-timeout")
BOOTSTRAP = ROOT / "tracer" / "recording" / "bootstrap.py"
SETTINGS = ("pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


@dataclass(frozen=True)
class Run:
    """One run of one suite: how each test ended, and, of a recorded one, the calls in its traces and their faults."""

    outcomes: dict[str, str]
    said: dict[str, str]
    calls: int = 0
    traces: int = 0
    faults: tuple[str, ...] = ()

    def count(self) -> str:
        counts = Counter(self.outcomes.values())
        return ", ".join(f"{counts[what]} {what}" for what in ("passed", "failed", "skipped") if counts[what])


def environment(minor: int, python: str) -> Path:
    """The interpreter of an environment with the stack, pytest, and what the tests want besides; made if there is
    none. Raises `FetchError`."""
    inside = FOLDER / f"python-3.{minor}" / "bin" / "python"
    wanted = [f"{name}=={pinned(name)}" for name in NEEDED]
    pip = ["-m", "pip", "install", "-q", "--disable-pip-version-check", "-c", str(ROOT / "requirements.txt")]
    commands = [] if inside.exists() else [[python, "-m", "venv", str(inside.parents[1])]]
    commands.append([str(inside), *pip, "-r", str(HERE / "requirements.txt"), *wanted])
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise FetchError(f"no environment for Python 3.{minor}: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    return inside


def run_suite(python: Path, sources: Path, tests: str, engine: str | None, outcomes: Path) -> Run:
    """Run a suite; recorded by `engine`, where that is given. What it leaves goes to a folder of its own below
    `outcomes`. Raises `FetchError` where it cannot be run."""
    folder = outcomes / f"{sources.name}-{engine or 'untraced'}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    result = folder / "result.json"
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    variables = {**os.environ, "PYTHONPATH": path, "UPSTREAM_RESULT": str(result), "PYTHONDONTWRITEBYTECODE": "1"}
    settings = next((sources / name for name in SETTINGS if "pytest" in _text(sources / name)), folder / "pytest.ini")
    settings.touch()
    command = [str(HERE / "suite.py"), "-c", str(settings), "--rootdir", str(sources), "-q", "-p", "upstream.outcome"]
    command += ["-p", "upstream.offline"]
    command += ["-p", "no:cacheprovider", "--timeout", "60", tests]
    if engine is not None:
        fields = {"engine": engine, "values": True}
        config = {**fields, "trace": str(folder / "suite.trace"), "program": str(sources)}
        children = {**fields, "folder": str(folder), "bootstrap": str(BOOTSTRAP)}
        variables["RECORD_CHILDREN"] = json.dumps(children)
        command = [str(BOOTSTRAP), json.dumps(config), *command, "-p", "upstream.children"]
    with TemporaryDirectory() as temporary:  # of a short name: the path of a socket may have 107 bytes
        command = [str(python), *command, "--basetemp", str(Path(temporary) / "t")]
        done = subprocess.run(command, cwd=sources, env=variables, capture_output=True, text=True, check=False)
    if not result.is_file():
        raise FetchError(f"the tests of {sources.name} could not be run: {done.stdout}{done.stderr}")
    loaded: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    said = {**loaded["said"], **{broken: broken for broken in loaded["broken"]}}
    outcomes = {**loaded["outcomes"], **dict.fromkeys(loaded["broken"], "failed")}
    return Run(outcomes, said, *(_recorded(folder) if engine else ()))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _recorded(folder: Path) -> tuple[int, int, tuple[str, ...]]:
    """Calls, traces and faults of all that was recorded in `folder`."""
    calls, faults = 0, []
    traces = sorted(folder.glob("*.trace"))
    for path in traces:
        try:
            with Trace.open(path) as trace:
                calls += len(trace.calls)
                faults += [f"{path.name}: {line}" for line in trace.meta.get("faults", "").splitlines()]
                faults += [f"{path.name}: {trace.meta['lost']}"] if "lost" in trace.meta else []
        except TraceError as error:
            faults.append(str(error))
    return calls, len(traces), tuple(faults)


def differences(untraced: Run, traced: Run) -> list[str]:
    """A sentence for each test that did not end alike."""
    found = []
    for test in sorted({*untraced.outcomes, *traced.outcomes}):
        before, after = (run.outcomes.get(test, "not run") for run in (untraced, traced))
        if before != after:
            said = traced.said.get(test) or untraced.said.get(test, "")
            found.append(f"{test}: {before} untraced, {after} traced: {said}")
    return found


def judge(name: str, engine: str, untraced: Run, traced: Run) -> bool:
    """Print both counts side by side, and all that is wrong. True where nothing is."""
    problems = [*differences(untraced, traced), *traced.faults]
    if not untraced.outcomes or not traced.calls:
        problems.append("nothing was run" if not untraced.outcomes else "nothing was recorded")
    print(
        f"  {name:16} {pinned(name):7} {engine:10}  untraced: {untraced.count():30}  traced: {traced.count():30}"
        f"  {traced.calls:,} calls in {traced.traces} trace{'s' * (traced.traces != 1)}", flush=True,
    )  # fmt: skip
    for problem in problems:
        print(f"    PROBLEM: {problem}")
    return not problems


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", choices=list(TESTS), help="one library")
    parser.add_argument("--python", metavar="MINOR", type=int, help="one Python: 12 for 3.12")
    arguments = parser.parse_args()
    pythons = {sys.version_info[1]: sys.executable, **interpreters()}
    sums, right = read("sdists.toml"), True
    FOLDER.mkdir(parents=True, exist_ok=True)
    try:
        for minor, python in sorted(pythons.items()):
            if arguments.python not in (None, minor):
                continue
            inside = environment(minor, python)
            print(f"Python 3.{minor}", flush=True)
            for name, tests in TESTS.items():
                if arguments.only not in (None, name):
                    continue
                sources, outcomes = fetch(name, sums[name]), FOLDER / "outcomes" / f"python-3.{minor}"
                untraced = run_suite(inside, sources, tests, None, outcomes)
                for engine in ("settrace", "monitoring") if minor >= 12 else ("settrace",):
                    traced = run_suite(inside, sources, tests, engine, outcomes)
                    right &= judge(name, engine, untraced, traced)
    except FetchError as error:
        print(error, file=sys.stderr)
        return 2
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
