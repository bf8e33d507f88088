"""What other systems take: each form is held against its own schema, or the rule of its parser."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from helpers_checker import EXAMPLE, checker, task
from jsonschema import Draft202012Validator

from grader.documents.read import read
from grader.emitters import MANY, ONE, NotGraded, classroom50
from grader.faces.data import data
from grader.record import Record, RecordError, confirm, confirmed
from grader.result import Result

SCHEMAS = Path(__file__).parent / "schemas"
AT = "2026-11-27T12:00:00Z"


@pytest.fixture(scope="module")
def suggested() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(data(checker().check(read(EXAMPLE), task()))))
    return made


@pytest.fixture(scope="module")
def record(suggested: dict[str, Any]) -> Record:
    """A confirmed record, with words in it that parsers trip over."""
    said = confirm(
        suggested, "A. Grader", AT, {"chain:receive": 12.5}, {"chain:receive": 'mask: "37:fa" \x1b[31m <b>&</b> ]]>'}
    )
    return confirmed(said, "x")


@pytest.fixture(scope="module")
def unread() -> Record:
    made = data(Result("=cmd|scan.pdf", "flask_sock", "Flask-Sock", "", problem="scan.pdf: no text layer \x07"))
    return confirmed(confirm(made, "A. Grader", AT, {}, {}), "x")


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / name).read_text(encoding="utf-8")))


def test_the_points_that_count_are_the_confirmed_ones(record: Record, suggested: dict[str, Any]):
    before = {part["id"]: part["suggested"] for part in suggested["parts"]}
    after = {part.id: part.points for part in record.parts}
    assert after == {**before, "chain:receive": 12.5}


def test_nobody_emits_what_nobody_confirmed(suggested: dict[str, Any]):
    with pytest.raises(RecordError, match="nobody has confirmed"):
        confirmed(suggested, "r.json")


@pytest.mark.parametrize(("part", "points"), [("chain:receive", 21), ("chain:receive", -1), ("nothing", 1)])
def test_points_that_there_are_not(suggested: dict[str, Any], part: str, points: float):
    with pytest.raises(RecordError):
        confirm(suggested, "A", AT, {part: points}, {})


def autolab(output: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What Autolab reads: the last line after its own regular expression, the one before as it is."""
    lines = [line for line in output.splitlines() if line.strip()]
    assert len(lines) == 2
    return json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', lines[-1])), json.loads(lines[-2])


def test_autolab_s_parser_takes_the_last_line_whatever_a_note_says(record: Record):
    scores, feedback = autolab(ONE["autolab"](record))
    assert scores["scores"]["chain_receive"] == 12.5
    assert sum(scores["scores"].values()) == pytest.approx(record.points)
    assert feedback["_presentation"] == "semantic"
    assert set(feedback["stages"]) == set(scores["scores"])
    for stage in feedback["stages"]:
        assert isinstance(feedback[stage], dict)
        assert all(isinstance(check["passed"], bool) for check in feedback[stage].values())


def test_autolab_would_trip_over_a_colon(record: Record):
    """The trap is real: the same scores under their own names do not parse."""
    bad = json.dumps({"scores": {"chain: receive": 1}})
    with pytest.raises(ValueError):
        json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', bad))


def test_gradescope(record: Record):
    made = json.loads(ONE["gradescope"](record))
    schema("gradescope.json").validate(made)
    assert made["score"] == record.points
    assert sum(test["score"] for test in made["tests"]) == pytest.approx(made["score"])


def test_classroom50(record: Record):
    environment = {
        "CLASSROOM": "web", "ASSIGNMENT": "report", "ASSIGNMENT_TYPE": "individual", "OWNER": "ada",
        "SUBMISSION_TAG": "submit/1", "COMMIT_URL": "https://example.org/c", "RELEASE_URL": "https://example.org/r",
        "REVIEW_URL": "https://example.org/v",
    }  # fmt: skip
    made = json.loads(classroom50.write(record, environment))
    schema("classroom50.json").validate(made)
    assert made["score"] == sum(test["score"] for test in made["tests"])
    assert all(type(test["score"]) is int for test in made["tests"])


def test_prairielearn(record: Record):
    made = json.loads(ONE["prairielearn"](record))
    assert 0 <= made["score"] <= 1
    assert made["score"] == pytest.approx(record.points / record.most, abs=1e-6)
    assert all({"points", "max_points"} <= set(test) for test in made["tests"])
    assert len(ONE["prairielearn"](record)) < 1024 * 1024


def test_junit_is_xml_whatever_is_in_it(record: Record, unread: Record):
    root = ElementTree.fromstring(MANY["junit"]([record, unread]))
    assert root.tag == "testsuites"
    first, second = root
    assert int(first.attrib["tests"]) == len(first.findall("testcase")) == len(record.parts)
    assert int(first.attrib["failures"]) == len(first.findall("testcase/failure"))
    points = [float(one.attrib["value"]) for one in first.iter("property") if one.attrib["name"] == "points"]
    assert sum(points) == pytest.approx(record.points)
    assert len(second.findall("testcase/error")) == int(second.attrib["errors"]) == 1


def test_json_lines_and_csv_have_no_zero_for_what_was_not_read(record: Record, unread: Record):
    lines = [json.loads(line) for line in MANY["jsonl"]([record, unread]).splitlines()]
    assert [line["points"] for line in lines] == [record.points, None]
    rows = list(csv.DictReader(io.StringIO(MANY["csv"]([record, unread]))))
    assert [row["points"] for row in rows] == [f"{record.points:g}", ""]
    assert rows[0]["chain:receive"] == "12.5"


def test_a_cell_is_no_formula(unread: Record):
    rows = list(csv.DictReader(io.StringIO(MANY["csv"]([unread]))))
    assert rows[0]["report"].startswith("'=")


def test_a_report_that_was_not_read_is_never_a_zero(unread: Record):
    for form in ("autolab", "classroom50"):
        with pytest.raises(NotGraded, match="has no score"):
            ONE[form](unread)
    made = json.loads(ONE["gradescope"](unread))
    assert "score" not in made
    assert all("score" not in test for test in made["tests"])
    assert json.loads(ONE["prairielearn"](unread))["gradable"] is False
