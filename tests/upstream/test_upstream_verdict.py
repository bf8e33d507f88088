"""What `make upstream-tests` decides, without the network: the list, the verdict, and the check of an archive."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest

from .fetch import FetchError, fetch, pinned
from .run import read
from .verdict import judge

LISTED = {"t.py::left_out": "ours has none", "t.py::some[1]": "ours differs"}


def result(broken: tuple[str, ...] = (), originals: tuple[str, ...] = (), **outcomes: str) -> dict[str, Any]:
    tests = {"left_out": "failed", "some[1]": "failed", **outcomes}
    named = {f"t.py::{test}": outcome for test, outcome in tests.items() if outcome}
    return {"outcomes": named, "broken": list(broken), "originals": list(originals)}


def test_all_is_as_listed() -> None:
    verdict = judge(result(good="passed", **{"some[2]": "passed"}), LISTED)
    assert verdict.problems == []
    assert verdict.passed == ["t.py::good", "t.py::some[2]"]
    assert verdict.not_applicable == [("t.py::left_out", "ours has none"), ("t.py::some[1]", "ours differs")]


def test_parameters_are_covered_by_their_test() -> None:
    verdict = judge(result(left_out="", **{"left_out[a]": "failed", "left_out[b]": "failed"}), LISTED)
    assert verdict.problems == []
    assert len(verdict.not_applicable) == 3


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        (result(bad="failed"), "t.py::bad failed"),
        (result(bad="skipped"), "t.py::bad skipped"),
        (result(**{"some[2]": "failed"}), "t.py::some[2] failed"),
        (result(left_out="passed"), "t.py::left_out is listed as not applicable, and passes: take it off the list"),
        (result(left_out=""), "t.py::left_out is listed, and there is no such test"),
        (result(broken=("u.py: SyntaxError",)), "cannot be collected: u.py: SyntaxError"),
        (result(originals=("x/wsproto/events.py",)), "the original was loaded: x/wsproto/events.py"),
    ],
)
def test_each_problem(outcome: dict[str, Any], problem: str) -> None:
    assert judge(outcome, LISTED).problems == [problem]


def test_nothing_was_run() -> None:
    assert judge({"outcomes": {}, "broken": [], "originals": []}, {}).problems == ["no test was run"]


def test_every_reason_is_given_and_used() -> None:
    lists = read("not_applicable.toml")
    reasons = lists.pop("reasons")
    assert set(lists) <= set(read("sdists.toml"))
    assert {reason for tests in lists.values() for reason in tests.values()} == set(reasons)
    assert all(reasons.values())


def archive(folder: Path) -> str:
    """A source distribution in `folder` as if it had been downloaded; its SHA-256."""
    name = f"wsproto-{pinned('wsproto')}"
    path = folder / f"{name}.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        info = tarfile.TarInfo(f"{name}/tests/test_it.py")
        info.size = 4
        tar.addfile(info, io.BytesIO(b"pass"))
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_right_archive_is_unpacked(tmp_path: Path) -> None:
    sources = fetch("wsproto", archive(tmp_path), tmp_path)
    assert (sources / "tests" / "test_it.py").read_bytes() == b"pass"


def test_another_archive_is_refused_and_removed(tmp_path: Path) -> None:
    archive(tmp_path)
    with pytest.raises(FetchError, match="was removed"):
        fetch("wsproto", "0" * 64, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_pinned_is_not_fetched() -> None:
    with pytest.raises(FetchError, match="pins no version of wsproto-2"):
        fetch("wsproto-2", "0" * 64)
