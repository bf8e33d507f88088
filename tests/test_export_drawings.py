"""`unmagic export`, what is drawn: flame charts and drawings, and hostile data that stays text there and elsewhere.

Speedscope's own importer, in Chromium, reads its profiles and Chrome's trace events; mermaid and PlantUML draw.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from helpers_cli import unmagic
from helpers_exported import SCHEMAS, asked, captured, links_of, made, numbered, schema
from helpers_exports import WRONG, Talk, browser, fields, jq, mermaid, module, plantuml, record, speedscope, tshark
from helpers_recording import PROGRAMS

from report.exports import FORMATS, sequence
from report.exports.sequence import drawing
from report.exports.text import plain
from tracer.reading.trace import Trace

#: Text that would end a string, a line or a drawing, run something, or be markup, in one format or another.
HOSTILE = (
    "end",
    "; # --> `x` %% ~~~ ```",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "@enduml\n!include /etc/passwd\n@startuml\n' /' x",
    'a %getenv("PATH") $x [[http://x]] <&code> <U+0041> **b** __u__ ~',
    "[x](command:workbench.action.quit) [#2] [t#1]",
    ">> rm -rf /\n---\n\n# head",
    "\x00\x1b[31m\u2028\u202e\x7f",
    '\\n "quoted" \'it\' {"ph":"X"},',
    "wrap: Note over p0: x\nend\np0->>p1: y",
    "x" * 1_000_000,
)
NAME = "say\n  p0->>p1: forged; end # `[x](command:y)` <b>"


# -- traces --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trace]:
    """A talk of hostile messages, over a hostile path, by a program whose file and function are named so too."""
    folder = tmp_path_factory.mktemp("hostile")
    source = (PROGRAMS / "echo_one.py").read_text(encoding="utf-8")
    names = f"co_name={NAME!r}" + (f", co_qualname={NAME!r}" if sys.version_info >= (3, 11) else "")
    renamed = source.replace("\nif __name__", f"\nsay.__code__ = say.__code__.replace({names})\n\nif __name__")
    program = folder / "a;b#`c`[d](e) <f>.py"
    program.write_text(renamed, encoding="utf-8")
    talk = Talk("tcp", HOSTILE, path="/</script>;end#`x`", header="X-Evil: --> <b> [x](command:y) `;` # \x1b[31m")
    with Trace.open(record(folder, talk, program)) as trace:
        yield trace


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """One page of Chromium for all tests here."""
    with browser() as one:
        yield one


# -- flame charts: speedscope --------------------------------------------------------------------------------------


def test_speedscope_reads_its_own_format(scenario_traces: dict[str, Trace], tmp_path: Path, page: Any):
    trace = scenario_traces["tcp"]
    content = made("speedscope", trace)
    profile = json.loads(content)
    schema(module("speedscope", "dist/release/file-format-schema.json"))(profile)
    assert {one["unit"] for one in profile["profiles"]} == {"none"}
    assert all("events, not time" in one["name"] for one in profile["profiles"])
    opened = sum(event["type"] == "O" for one in profile["profiles"] for event in one["events"])
    assert opened == len(trace.spans) + len(trace.wires)
    for one in profile["profiles"]:
        _nests(one)
    title, text = speedscope(page, content, tmp_path)
    assert title.startswith("tcp.trace (width is events, not time)")
    assert "thread 1: MainThread (width is events, not time)" in text


def _nests(profile: dict[str, Any]) -> None:
    """Each frame closes what was opened last, and the axis never goes back."""
    stack, at = [], profile["startValue"]
    for event in profile["events"]:
        assert at <= event["at"] <= profile["endValue"]
        at = event["at"]
        if event["type"] == "O":
            stack.append(event["frame"])
        else:
            assert stack.pop() == event["frame"]
    assert stack == []


def test_trace_events_are_read_by_another_program(scenario_traces: dict[str, Trace], tmp_path: Path, page: Any):
    content = made("chrome", scenario_traces["tcp"])
    schema(SCHEMAS / "trace_events.json")(json.loads(content))
    _, text = speedscope(page, content, tmp_path)
    assert "one microsecond is one event: order, not time" in text and "thread 1: MainThread" in text


def test_arrows_lead_from_slice_to_slice(scenario_traces: dict[str, Trace]):
    trace = scenario_traces["receive"]
    data = json.loads(made("chrome", trace))
    schema(SCHEMAS / "trace_events.json")(data)
    events = data["traceEvents"]
    slices = [e for e in events if e["ph"] == "X"]
    assert len(slices) == len(trace.spans) + len(trace.wires)
    flows: dict[str, list[dict[str, Any]]] = {}
    for event in (e for e in events if e["ph"] in "stf"):
        around = [s for s in slices if s["tid"] == event["tid"] and s["ts"] <= event["ts"] < s["ts"] + s["dur"]]
        assert around, event
        flows.setdefault(event["id"], []).append({**event, "in": around[-1]["name"]})
    assert {f"journey {one.id}" for one in numbered(trace)} <= set(flows) and "thread 2" in flows
    for mine in flows.values():
        assert [e["ph"] for e in mine] == ["s", *["t"] * (len(mine) - 2), "f"]
        assert [e["ts"] for e in mine] == sorted(e["ts"] for e in mine)
    hello = flows["journey 1"]
    assert hello[0]["in"] == "recv" and hello[-1]["in"] == "Base.receive" and len({e["tid"] for e in hello}) == 2
    written = flows["journey 2"]
    assert written[0]["in"] == "Base.send" and written[-1]["in"] == "send"


def test_one_journey_of_a_run(scenario_folder: Path, tmp_path: Path):
    done = unmagic("export", scenario_folder / "receive.trace", "-f", "chrome", "--journey", "2", cwd=tmp_path)
    names = {event["id"] for event in json.loads(done.out)["traceEvents"] if event["ph"] == "s"}
    assert {name for name in names if name.startswith("journey")} == {"journey 2"}


# -- drawings: mermaid and PlantUML --------------------------------------------------------------------------------


def expected(trace: Trace, journey: int, width: int = 80) -> list[str]:
    """The arrows' texts, as a reader should see them."""
    return [plain(" ".join(moment.text.split()), width) for _, _, moment in drawing(asked(trace, journey)).arrows]


@pytest.mark.parametrize("name", ["receive", "send", "ping", "close"])
def test_mermaid_draws_each_journey(name: str, scenario_traces: dict[str, Trace], page: Any):
    trace = scenario_traces[name]
    for journey in numbered(trace):
        seen = mermaid(page, made("mermaid", trace, journey.id).decode())
        assert seen["kind"] == "sequence" and seen["messages"] == expected(trace, journey.id) and seen["active"] == 0


def test_the_journey_of_hello(scenario_traces: dict[str, Trace], page: Any):
    seen = mermaid(page, made("mermaid", scenario_traces["receive"], 1).decode())
    assert seen["messages"] == [
        "recv: 81 85 37 fa 21 3d 7f 9f 4d 51 58", "receive_data: the same", "bytes 6–10 cut: 7f 9f 4d 51 58",
        "unmasked: 48 65 6c 6c 6f = b'Hello'", "copied: 48 65 6c 6c 6f = b'Hello'", "decoded: 'Hello'",
        "handed over: 'Hello'", "'Hello'",
    ]  # fmt: skip
    assert set(seen["actors"]) == {"socket", "simple_websocket · A", "wsproto · A", "simple_websocket · B", "app · B"}


def svg_texts(svg: str) -> str:
    """The texts of an SVG, one a line; PlantUML writes some blanks as no-break ones."""
    return "\n".join(unescape(text).replace("\xa0", " ") for text in re.findall(r"<text[^>]*>([^<]*)</text>", svg))


def test_plantuml_draws_each_journey(scenario_traces: dict[str, Trace]):
    trace = scenario_traces["receive"]
    found = numbered(trace)
    drawn = plantuml("".join(made("plantuml", trace, journey.id).decode() for journey in found))
    assert drawn.count("<svg ") == len(found) and "Syntax Error" not in drawn
    texts = svg_texts(drawn)
    assert all(text in texts for journey in found for text in expected(trace, journey.id))
    assert "simple_websocket · A" in texts


def test_a_chain_is_drawn(scenario_folder: Path, tmp_path: Path, page: Any):
    words = ("export", scenario_folder / "receive.trace", "--chain", "simple_websocket:Base.receive", "--up")
    done = unmagic(*words, "--format", "mermaid", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    messages = mermaid(page, done.out)["messages"]
    assert messages[-2:] == ["handoff: 'Hello'", "'Hello'"] and "accept" in messages and "<module>" in messages
    drawn = plantuml(unmagic(*words, "--format", "plantuml", cwd=tmp_path).out)
    assert all(text in svg_texts(drawn) for text in messages)


def test_a_drawing_that_is_too_long_says_so(
    scenario_traces: dict[str, Trace], page: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sequence, "MOST", 5)
    whole = asked(scenario_traces["receive"], 1)
    done = FORMATS["mermaid"].render(whole)
    assert done.left_out == ("the drawing shows the first 5 of 8 arrows",)
    assert len(mermaid(page, done.content.decode())["messages"]) == 5
    drawn = plantuml(FORMATS["plantuml"].render(whole).content.decode())
    assert "and 3 more" in svg_texts(drawn) and "Syntax Error" not in drawn


# -- hostile data --------------------------------------------------------------------------------------------------


def test_hostile_messages_are_only_text_in_a_drawing(hostile: Trace, page: Any):
    found = numbered(hostile)
    assert len(found) >= 2 * len(HOSTILE)
    for journey in found:
        seen = mermaid(page, made("mermaid", hostile, journey.id).decode())
        assert seen["messages"] == expected(hostile, journey.id) and seen["active"] == 0
    told = json.dumps([expected(hostile, journey.id) for journey in found])
    assert "forged" in told and "enduml" in told and "command:" in told


def test_hostile_messages_are_only_text_for_plantuml(hostile: Trace):
    found = numbered(hostile)
    drawn = plantuml("".join(made("plantuml", hostile, journey.id).decode() for journey in found))
    assert drawn.count("<svg ") == len(found) and "Syntax Error" not in drawn
    assert "<a " not in drawn and "<image" not in drawn and os.environ["PATH"][:20] not in drawn
    texts = re.sub(r"\s+", "", svg_texts(drawn))
    for journey in found:
        for text in expected(hostile, journey.id):
            assert re.sub(r"\s+", "", text) in texts, text


def test_hostile_messages_are_only_text_in_a_tour(hostile: Trace):
    check = schema(SCHEMAS / "codetour.json")
    for journey in numbered(hostile):
        content = made("codetour", hostile, journey.id)
        assert content.isascii()
        tour = json.loads(content)
        check(tour)
        for step in tour["steps"]:
            assert all(url.startswith("https://github.com/") for url in links_of(step["description"]))
            assert len(step["description"]) < 4000 and len(step["title"]) < 500


def test_hostile_messages_are_only_data_elsewhere(hostile: Trace, tmp_path: Path, page: Any):
    events = made("chrome", hostile)
    profile = made("speedscope", hostile)
    lines = made("jsonl", hostile)
    assert events.isascii() and profile.isascii() and lines.isascii()
    schema(SCHEMAS / "trace_events.json")(json.loads(events))
    schema(module("speedscope", "dist/release/file-format-schema.json"))(json.loads(profile))
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", events.decode() + profile.decode() + lines.decode())
    assert max(map(len, lines.splitlines())) < 60_000
    file = tmp_path / "events.jsonl"
    file.write_bytes(lines)
    arguments = jq('select(.event == "call" and (.function | test("forged"))) | .arguments[2].value', file)
    assert [(one["text"], one["size"]) for one in arguments] == [(text[:4096], len(text)) for text in HOSTILE]
    assert [one["cut"] for one in arguments] == [len(text) > 4096 for text in HOSTILE]
    _, text = speedscope(page, profile, tmp_path)
    assert "MainThread" in text


def test_hostile_messages_are_only_payload_in_a_capture(hostile: Trace, tmp_path: Path):
    file = captured(hostile, tmp_path)
    assert tshark(file, "-Y", WRONG) == ""
    comments = tshark(file, "-T", "fields", "-e", "frame.comment")
    assert "\x1b" not in comments and "\x00" not in comments and "forged" in comments
    count = tshark(file, "-T", "fields", "-e", "frame.number", "-Y", "websocket.mask == 1 and websocket.opcode == 1")
    assert len(count.splitlines()) >= len(HOSTILE)


@pytest.mark.thorough
def test_secrets_stay_masked(tmp_path: Path):
    trace = record(tmp_path, Talk("tcp", ("Hello",), header="Cookie: session=s3cr3tvalue42"))
    for name, one in FORMATS.items():
        words = ("--journey", "1") if one.subject == "way" else ()
        done = unmagic("export", trace, "--format", name, "-o", name, *words, cwd=tmp_path)
        assert (done.code, done.err) == (0, ""), name
        assert b"s3cr3tvalue42" not in (tmp_path / name).read_bytes()
    assert fields(tmp_path / "pcapng", "http.cookie", only="http.cookie") != []
