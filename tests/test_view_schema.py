"""docs/view.schema.json: every kind of view is of its form, and what is wrong with a view is found by it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from elsewhere import clients
from elsewhere.clients import ask
from elsewhere.recording import record
from helpers_journeys import record_whole
from helpers_run import unmagic
from helpers_whole import WHOLE
from jsonschema import Draft202012Validator

from report.explorer import page
from report.view import to_json
from report.view.make import Source, make
from tracer.reading.trace import Trace

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "docs" / "view.schema.json").read_text(encoding="utf-8"))
Data = dict[str, Any]


@cache
def schema() -> Draft202012Validator:
    """The schema, which is one itself."""
    Draft202012Validator.check_schema(SCHEMA)
    return Draft202012Validator(SCHEMA)


def faults(data: Data) -> list[str]:
    """What the schema finds, each with its path."""
    return [f"{error.json_path}: {error.message[:160]}" for error in schema().iter_errors(data)]


def carried(text: str) -> Data:
    """The JSON block of a page."""
    found = re.search(r'<script type="application/json" id="view">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    loaded: Data = json.loads(found[1])
    return loaded


def viewed(path: Path) -> Data:
    with Trace.open(path) as trace:
        return to_json(make(path.stem, [Source(path.stem, "", trace)]))


@pytest.mark.thorough
def test_views_of_the_scenarios(scenario_traces: dict[str, Trace]):
    view = make("all of them", [Source(name, "", trace) for name, trace in scenario_traces.items()], steady=True)
    data = to_json(view)
    assert {len(r["messages"]) > 0 for r in data["recordings"]} == {True}
    assert faults(data) == []
    assert carried(page(view)) == json.loads(json.dumps(data))


def test_views_as_of_any_trace(scenario_traces: dict[str, Trace]):
    """With what differs from run to run: ports, threads, connections."""
    sources = [Source(name, "", scenario_traces[name]) for name in ("close", "ours")]
    view = make("two of them", sources, steady=False)
    data = to_json(view)
    assert faults(data) == [] and carried(page(view)) == json.loads(json.dumps(data))


def test_the_view_of_a_form_post_to_flask_and_of_a_chunked_one(tmp_path: Path):
    trace = tmp_path / "form.trace"
    record("plain_flask", trace, [ask(clients.FORM, b"from Reykjavik"), ask(clients.CHUNKED, b"chunk by chunk.")])
    data = viewed(trace)
    names = {buffer["name"] for r in data["recordings"] for m in r["messages"] for buffer in m["buffers"]}
    assert "dechunked" in names and faults(data) == []


def test_the_view_of_http_server(tmp_path: Path):
    trace = tmp_path / "http.trace"
    record("plain_http", trace, [ask(clients.BODY, b"every byte of it")])
    data = viewed(trace)
    assert [m["kind"] for m in data["recordings"][0]["messages"]] == ["connection", "request", "response"]
    assert faults(data) == []


def test_the_view_of_compressed_messages(tmp_path: Path):
    trace = tmp_path / "deflated.trace"
    record_whole("ours", trace, [WHOLE["deflated"], WHOLE["frames"]])
    data = viewed(trace)
    names = {buffer["name"] for m in data["recordings"][0]["messages"] for buffer in m["buffers"]}
    assert names == {"as sent", "unmasked", "inflated"} and faults(data) == []


def test_the_view_of_a_program_without_a_socket(tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text("from markupsafe import Markup\nprint(Markup('<b>%s</b>').format('<'))\n")
    assert unmagic("run", "-o", tmp_path / "run.trace", "--scope", "markupsafe", program, cwd=ROOT).code == 0
    data = viewed(tmp_path / "run.trace")
    assert {m["kind"] for m in data["recordings"][0]["messages"]} == {"call"} and faults(data) == []


def message(data: Data) -> Data:
    """A message that has everything."""
    found: Data = next(m for m in data["recordings"][0]["messages"] if m["ways"] and len(m["buffers"]) > 1)
    return found


def of(data: Data, what: str) -> list[Any]:
    """The row that the message's first step or field is."""
    found: list[Any] = data[what][message(data)[what][0]]
    return found


WRONG: dict[str, Callable[[Data], object]] = {
    "another schema": lambda d: d.update(schema=2),
    "a part is missing": lambda d: d.pop("lanes"),
    "a part that nobody knows": lambda d: d.update(more=1),
    "a text is a number": lambda d: d["texts"].append(7),
    "a text twice": lambda d: d["texts"].append(d["texts"][0]),
    "a colour that there is not": lambda d: d["lanes"][0].update(hue=9),
    "an address that has no place for lines": lambda d: d["files"][0].update(url="https://example.org/x.py"),
    "colours of no line": lambda d: d["functions"][0].update(colours="zz"),
    "a step is too short": lambda d: of(d, "steps").pop(),
    "a step is too long": lambda d: of(d, "steps").append(0),
    "a place below none": lambda d: of(d, "steps").__setitem__(6, -2),
    "a name as text": lambda d: of(d, "steps").__setitem__(1, "recv"),
    "bits that a byte has not": lambda d: of(d, "fields").__setitem__(3, [0, 9]),
    "a field that begins before the bytes": lambda d: of(d, "fields").__setitem__(1, -1),
    "half a byte": lambda d: message(d)["buffers"][0].update(hex="818"),
    "bytes of a name that nobody knows": lambda d: message(d)["buffers"][1].update(name="guessed"),
    "a direction that there is not": lambda d: message(d).update(direction="up"),
    "a leg of no kind": lambda d: message(d)["ways"][0]["legs"][0].__setitem__(0, "guessed"),
    "a way of no legs": lambda d: message(d)["ways"][0].update(legs=[]),
    "a thread without a label": lambda d: d["recordings"][0]["threads"][0].__setitem__(0, ""),
}


@pytest.fixture(scope="module")
def right(scenario_folder: Path) -> Data:
    """The view of one journey."""
    with Trace.open(scenario_folder / "receive.trace") as trace:
        return to_json(make("one", [Source("receive", "", trace, frozenset({1}))]))


def test_the_view_of_one_journey(right: Data):
    assert faults(right) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_view_is_refused(right: Data, name: str):
    wrong = copy.deepcopy(right)
    WRONG[name](wrong)
    assert len(faults(wrong)) >= 1
