"""The report that `unmagic report --for-course` writes of a trace gets full marks, in each of its formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_checker import checker, task, truth_of
from helpers_explorer import report

from grader.check import Checker
from grader.documents.read import read
from grader.faces import text
from grader.rubric import load
from grader.sources.nearest import Sources
from report.view.purpose import ASKED

FORMATS = ("md", "docx", "pdf")
#: Which scenario's report is held against which task.
HELD = (
    ("receive", "flask_sock"), ("receive", "tcp"), ("receive", "websockets"), ("sock", "flask_sock"),
    ("http_headers", "http_headers"), ("tcp", "tcp"),
)  # fmt: skip


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory, scenario_folder: Path) -> dict[str, Path]:
    """The folder of each scenario's report, with its purposes written."""
    folders = {}
    for scenario in dict.fromkeys(s for s, _ in HELD):
        folders[scenario] = tmp_path_factory.mktemp(scenario)
        formats = [part for name in FORMATS for part in ("--format", name)]
        trace = scenario_folder / f"{scenario}.trace"
        report(folders[scenario], trace, "--for-course")
        text_ = folders[scenario] / "course.md"
        text_.write_text(text_.read_text(encoding="utf-8").replace(ASKED, "Its purpose is told."), encoding="utf-8")
        report(folders[scenario], trace, "--for-course", *formats)
    return folders


@pytest.fixture(scope="module")
def held(scenario_folder: Path) -> dict[str, Checker]:
    """A checker for each scenario, by its own trace."""
    made = {
        scenario: [truth_of(scenario_folder / f"{scenario}.trace")] for scenario in dict.fromkeys(s for s, _ in HELD)
    }
    nowhere = Path("/nonexistent")
    return {name: Checker(truths, Sources.of(truths, cache=nowhere), load()) for name, truths in made.items()}


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize(("scenario", "name"), HELD)
def test_it_gets_full_marks(scenario: str, name: str, form: str, written: dict[str, Path], held: dict[str, Checker]):
    result = held[scenario].check(read(written[scenario] / f"course.{form}"), task(name))
    told = text.text(result, brief=True)
    assert [one for one in result.judged if one.verdict.value not in ("right", "own code", "not source")] == [], told
    assert result.doubts == () and not told.endswith("Links\n")  # no heading with nothing below it
    assert result.points == result.most == 100, told


@pytest.mark.parametrize("form", FORMATS)
def test_a_purpose_that_nobody_wrote_is_none(
    form: str, scenario_folder: Path, held: dict[str, Checker], tmp_path: Path
):
    report(tmp_path, scenario_folder / "tcp.trace", "--for-course", "--format", form)
    result = held["tcp"].check(read(tmp_path / f"course.{form}"), task("tcp"))
    assert next(part for part in result.parts if part.id == "presence").said == "Missing: purpose."


def test_it_is_as_good_against_the_truth_that_comes_along(written: dict[str, Path]):
    """Which is of the same versions: nothing has to be recorded to grade it."""
    result = checker().check(read(written["receive"] / "course.md"), task("websockets"))
    assert result.truth == "today"
    receive = next(part for part in result.parts if part.id == "chain:receive")
    assert receive.points == receive.most
