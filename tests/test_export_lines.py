"""`unmagic export` to JSON Lines, which jq and a JSON schema read, and to tours, whose stops are the pinned lines."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from helpers_cli import unmagic
from helpers_exported import SCHEMAS, links_of, made, schema
from helpers_exports import jq

from report import notes
from tracer.reading.lock import blob_id, load
from tracer.reading.trace import Trace

# -- JSON Lines: jq ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["send", "handshake"])
def test_every_event_is_one_line(name: str, scenario_traces: dict[str, Trace], tmp_path: Path):
    trace = scenario_traces[name]
    file = tmp_path / "events.jsonl"
    file.write_bytes(made("jsonl", trace))
    check = schema(ROOT / "docs" / "events.schema.json")
    lines = [json.loads(line) for line in file.read_text(encoding="ascii").splitlines()]
    for line in lines[:2000] + [line for line in lines if line["event"] in ("wire", "field", "start", "raise")]:
        check(line)
    assert [line["order"] for line in lines[1:]] == sorted(line["order"] for line in lines[1:])
    counts = Counter(jq(".event", file))
    assert counts["call"] == len(trace.calls) and counts["wire"] == len(trace.wires)
    assert counts["resume"] == sum(len(call.spans) - 1 for call in trace.calls.values())
    assert counts["raise"] == len(trace.raised) and counts["start"] == len(trace.starts)
    assert counts["return"] == sum(span.ended == "returned" for span in trace.spans)


def test_the_fields_of_a_message_stand_behind_its_read(scenario_traces: dict[str, Trace], tmp_path: Path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(made("jsonl", scenario_traces["receive"]))
    (wire, *_) = jq('select(.event == "wire" and .op == "recv" and .size == 11) | [.wire, .value.hex]', file)
    assert wire[1] == "818537fa213d7f9f4d5158"
    names = jq(f'select(.event == "field" and .wire == {wire[0]}) | [.name, .stop - .start, .buffer]', file)
    assert names[0] == ["frame", 11, "wire"] and ["masking-key", 4, "wire"] in names
    assert ["unmasked payload data", 5, "unmasked"] in names
    sizes = jq('select(.event == "field" and .level == 0 and .direction == "in") | .stop - .start', file)
    assert sum(sizes) == sum(jq('select(.event == "wire" and .direction == "in") | .size', file))


# -- tours ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "words"), [
    ("receive", ("--journey", "1")),
    ("receive", ("--journey", "2")),
    ("ping", ("--journey", "1")),
    ("receive", ("--chain", "simple_websocket:Base.receive", "--up")),
    ("send", ("--chain", "simple_websocket:Base.send")),
])  # fmt: skip
def test_a_tour_stops_at_the_pinned_lines(name: str, words: tuple[str, ...], scenario_folder: Path, tmp_path: Path):
    done = unmagic("export", scenario_folder / f"{name}.trace", "-f", "codetour", *words, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    tour = json.loads(done.out)
    schema(SCHEMAS / "codetour.json")(tour)
    proven = 0
    for step in tour["steps"]:
        assert all(re.match(r"https://github\.com/", url) for url in links_of(step["description"]))
        proven += _proven(step)
    assert proven >= 4


def _proven(step: dict[str, Any]) -> bool:
    """Whether a step's text is, byte for byte, the file at the commit that its link names, as the lock has it."""
    for package in load().packages.values():
        for release in package.releases.values():
            start = f"{package.repository}/blob/{release.commit}/{release.root}"
            if step.get("uri", "").startswith(start):
                path, _, lines = step["uri"][len(start) :].partition("#")
                assert path == step["file"] and f"L{step['line']}" == lines.split("-")[0]
                if release.blobs:
                    assert release.blobs[path] == blob_id(step["contents"].encode())
                first = step["contents"].splitlines()[step["line"] - 1].strip()
                whole = step["selection"]["end"]["line"] > step["line"] + 1  # a function, not the line of a call
                assert first and (not whole or re.match(r"def |@|class |async def ", first)), first
                return True
    return False


def test_a_tour_tells_our_notes(scenario_traces: dict[str, Trace]):
    tour = json.loads(made("codetour", scenario_traces["receive"], 1))
    texts = [step["description"] for step in tour["steps"]]
    known = notes.load().texts
    said = [known["step"]["recv"], known["step"]["handoff"], known["wsproto"]["WSConnection.receive_data"]]
    for note in said:
        assert any(note[1:] in text for text in texts), note
    assert tour["steps"][0]["line"] > 1 and "Base._thread" in tour["steps"][0]["title"]
