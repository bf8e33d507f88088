"""Run the original libraries' own tests against reference_impl, and say of each that does not apply why not.

Exit codes: 0 all is as listed; 1 a test fails that is not listed, or one passes that is; 2 nothing could be fetched.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from upstream.fetch import FOLDER, ROOT, FetchError, fetch, pinned  # noqa: E402 (only now can it be found)
from upstream.verdict import Verdict, judge  # noqa: E402

#: The libraries that reference_impl stands in for.
OURS = ("flask-sock", "simple-websocket", "wsproto")


def read(name: str) -> dict[str, Any]:
    with (HERE / name).open("rb") as file:
        return tomllib.load(file)


def run_suite(sources: Path, options: list[str]) -> dict[str, Any]:
    """The outcome of the tests in `sources`, as plugin.py writes it."""
    result = FOLDER / f"{sources.name}.json"
    result.unlink(missing_ok=True)
    settings = FOLDER / "pytest.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "UPSTREAM_RESULT": str(result), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-c", str(settings), "--rootdir", str(sources), "-q", "--no-header"]
    command += ["-p", "upstream.plugin", "-p", "no:cacheprovider", "--timeout", "3", *options, "tests"]
    done = subprocess.run(command, cwd=sources, env=environment, capture_output=True, text=True, check=False)
    if options:
        print(done.stdout)
    if not result.is_file():
        raise FetchError(f"the tests of {sources.name} could not be run: {done.stdout}{done.stderr}")
    loaded: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return loaded


def tell(name: str, verdict: Verdict) -> None:
    for test, reason in verdict.not_applicable:
        print(f"  not applicable: {test.removeprefix('tests/')}: {reason}")
    for problem in verdict.problems:
        print(f"  PROBLEM: {problem}")
    counts = [(verdict.passed, "passed"), (verdict.failed, "failed"), (verdict.not_applicable, "not applicable")]
    print(f"{name} {pinned(name)}: " + ", ".join(f"{len(tests)} {what}" for tests, what in counts), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="NAME", help="one library of the three")
    parser.add_argument("pytest", nargs="*", help="options for pytest, after --; its output is then shown")
    arguments = parser.parse_args()
    lists = read("not_applicable.toml")
    reasons = lists.pop("reasons")
    right = True
    FOLDER.mkdir(parents=True, exist_ok=True)
    sums = read("sdists.toml")
    for name in OURS:
        if arguments.only in (None, name):
            listed = {f"tests/{test}": reasons[reason] for test, reason in lists.get(name, {}).items()}
            try:
                verdict = judge(run_suite(fetch(name, sums[name]), arguments.pytest), listed)
            except FetchError as error:
                print(f"{name}: {error}", file=sys.stderr)
                return 2
            tell(name, verdict)
            right = right and not verdict.problems
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
