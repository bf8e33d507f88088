"""`unmagic export`: each format is read back by a program that nobody here wrote, and holds what the trace does.

tshark reads the capture; speedscope's own importer, in Chromium, its profiles and Chrome's trace events; mermaid and
PlantUML draw the drawings; jq and JSON schemas read the rest.
"""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from helpers_exports import (
    WRONG,
    Talk,
    browser,
    fields,
    jq,
    mermaid,
    module,
    plantuml,
    record,
    speedscope,
    tool,
    tshark,
)
from helpers_recording import PROGRAMS
from jsonschema import Draft7Validator, Draft202012Validator
from markdown_it import MarkdownIt
from test_cli import Done, one_sentence, tree, unmagic

from report import notes
from report.exports import FORMATS, sequence
from report.exports.asked import Asked
from report.exports.sequence import drawing
from report.exports.text import plain
from report.view.ways import numbered as find
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey
from tracer.reading.links import Links
from tracer.reading.lock import blob_id, load
from tracer.reading.trace import Trace

SCRIPTS = ("receive", "send", "close", "ping", "http_headers", "handshake", "tcp", "rejected")
SCHEMAS = Path(__file__).parent / "schemas"
LARGE = "0123456789abcdef" * 15_000  # 240,000 bytes: several packets
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
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [tool("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    return folder


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


@cache
def numbered(trace: Trace) -> tuple[Journey, ...]:
    """The journeys of a trace, as the command numbers them."""
    return tuple(find(Flow(trace)))


def asked(trace: Trace, journey: int = 0) -> Asked:
    """One journey of a trace, or all."""
    found = numbered(trace)
    return Asked(trace, Links(load()), notes.load(), found[journey - 1 : journey] if journey else found)


def made(name: str, trace: Trace, journey: int = 0) -> bytes:
    return FORMATS[name].render(asked(trace, journey)).content


def captured(trace: Trace | Path, folder: Path) -> Path:
    """The capture of a whole trace."""
    if isinstance(trace, Path):
        with Trace.open(trace) as opened:
            return captured(opened, folder)
    file = folder / "capture.pcapng"
    file.write_bytes(made("pcapng", trace))
    return file


def schema(file: Path) -> Callable[[object], None]:
    """A validator that says which part is wrong."""
    loaded = json.loads(file.read_text(encoding="utf-8"))
    kind = Draft202012Validator if "2020-12" in loaded["$schema"] else Draft7Validator
    kind.check_schema(loaded)
    return kind(loaded).validate


# -- pcapng: tshark ------------------------------------------------------------------------------------------------


def octets(trace: Trace, connection: int, direction: str) -> bytes:
    values = [trace.value(w.value) for w in trace.wires if w.connection == connection and w.direction == direction]
    return b"".join(value.data for value in values if value is not None and isinstance(value.data, bytes))


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_capture_has_nothing_wrong_and_every_byte(name: str, scenario_traces: dict[str, Trace], tmp_path: Path):
    trace = scenario_traces[name]
    file = captured(trace, tmp_path)
    assert tshark(file, "-Y", WRONG) == ""
    moved = sorted({w.connection for w in trace.wires if w.direction})
    packets = fields(file, "tcp.stream", "tcp.srcport", "tcp.dstport", "tcp.payload")
    streams = list(dict.fromkeys(stream for stream, *_ in packets))
    assert len(streams) == len(moved)
    for stream, connection in zip(streams, moved, strict=True):
        local = trace.connections[connection].local.rpartition(":")[2]
        for way, here in (("in", 2), ("out", 1)):
            payloads = [packet[3] for packet in packets if packet[0] == stream and packet[here] == local]
            assert bytes.fromhex("".join(payloads)) == octets(trace, connection, way)


def test_wireshark_dissects_a_message(scenario_traces: dict[str, Trace], tmp_path: Path):
    file = captured(scenario_traces["receive"], tmp_path)
    assert fields(file, "http.request.method", "http.request.uri", only="http.request") == [("GET", "/receive")]
    assert fields(file, "http.response.code", only="http.response") == [("101",)]
    rows = fields(file, "websocket.opcode", "websocket.mask", "websocket.payload.text", only="websocket.mask == 1")
    assert rows == [("1", "1", "Hello"), ("2", "1", ""), ("1,0", "1,1", "Hello")]
    sent = fields(file, "websocket.payload.text", only="websocket.mask == 0 and websocket.opcode == 1")
    assert [text for (text,) in sent] == ["str 5", "bytes 5", "str 5", "None"]
    key = fields(file, "websocket.masking_key", only="websocket.mask == 1")
    assert key[0] == ("37fa213d",)


def test_a_ping_and_a_close(scenario_traces: dict[str, Trace], tmp_path: Path):
    file = captured(scenario_traces["ping"], tmp_path)
    opcodes = ",".join(found for (found,) in fields(file, "websocket.opcode", only="websocket")).split(",")
    assert {"9", "10", "1"} <= set(opcodes)
    file = captured(scenario_traces["close"], tmp_path)
    code = "websocket.payload.close.status_code"  # Werkzeug's own response on the WebSocket is read as a frame, too
    closes = fields(file, "tcp.stream", "websocket.mask", code, only=f"{code} == 1000")
    assert closes == [("0", "1", "1000"), ("0", "0", "1000"), ("1", "0", "1000")]


def test_who_opened_and_who_ended(scenario_traces: dict[str, Trace], tmp_path: Path):
    trace = scenario_traces["receive"]
    server = trace.connections[2].local.rpartition(":")[2]
    client = trace.connections[2].peer.rpartition(":")[2]
    file = captured(trace, tmp_path)
    flags = fields(file, "tcp.srcport", "tcp.flags", "tcp.seq", "tcp.ack")
    assert flags[:3] == [(client, "0x0002", "0", "0"), (server, "0x0012", "0", "1"), (client, "0x0010", "1", "1")]
    assert [port for port, flag, _, _ in flags if int(flag, 16) & 1] == [
        server,
        client,
    ]  # SHUT_WR, then a read of nothing
    assert flags[-1][1] == "0x0010"


def test_the_file_says_what_made_it_and_each_packet_who_moved_it(scenario_traces: dict[str, Trace], tmp_path: Path):
    trace = scenario_traces["receive"]
    file = captured(trace, tmp_path)
    told = subprocess.run([tool("capinfos"), str(file)], capture_output=True, text=True, timeout=30, check=True).stdout
    assert (
        re.search(r"Capture application: +unmagic\n", told)
        and "made up" in told
        and "Strict time order:   True" in told
    )
    read = next(w for w in trace.wires if w.op == "recv" and w.size == 11)
    comment = tshark(file, "-T", "fields", "-e", "frame.comment", "-Y", 'websocket.payload.text == "Hello"')
    first = comment.split("\n\n")[0]
    assert f"recv of 11 bytes, wire event {read.id}, thread {read.thread}" in first
    assert f"simple_websocket Base._thread, simple_websocket/ws.py:{read.line}, call {read.call}" in first
    assert "frame: text, 5 bytes, final" in first
    lock = load().packages["simple-websocket"]
    (version,) = (d.version for d in trace.distributions.values() if d.name == "simple-websocket")
    commit = lock.releases[version].commit
    assert f"{lock.repository}/blob/{commit}/src/simple_websocket/ws.py#L{read.line}" in first


def test_large_messages_are_several_segments(tmp_path: Path):
    trace = record(tmp_path, Talk("tcp", (LARGE, LARGE.encode())))
    file = captured(trace, tmp_path)
    assert tshark(file, "-Y", WRONG) == ""
    sizes = [int(size) for (size,) in fields(file, "tcp.len", only="tcp.len > 0")]
    assert max(sizes) == 65_495 and sum(size == 65_495 for size in sizes) >= 6
    texts = fields(file, "websocket.payload_length_ext_64", only="websocket.payload_length_ext_64")
    assert [int(size) for (size,) in texts] == [len(LARGE)] * 4
    whole = fields(file, "websocket.payload.text", only="websocket.opcode == 1 and websocket.mask == 0")
    assert [text for (text,) in whole] == [LARGE]


def test_ipv6(tmp_path: Path):
    file = captured(record(tmp_path, Talk("tcp6", ("Hello", LARGE))), tmp_path)
    assert tshark(file, "-Y", WRONG.replace("65495", "65515")) == ""
    assert set(fields(file, "ipv6.src", "ipv6.dst")) == {("::1", "::1")}
    assert fields(file, "websocket.payload.text", only='websocket.payload.text == "Hello"') == [("Hello",), ("Hello",)]
    assert max(int(size) for (size,) in fields(file, "tcp.len")) == 65_515


def test_bytes_inside_tls_are_there_in_plain(tmp_path: Path, certificate: Path):
    where = [str(certificate / "cert.pem"), str(certificate / "key.pem")]
    file = captured(record(tmp_path, Talk("tls", ("Hello",)), where=where), tmp_path)
    assert tshark(file, "-Y", WRONG) == "" and tshark(file, "-Y", "tls") == ""
    assert fields(file, "websocket.mask", "websocket.payload.text", only="websocket.opcode == 1") == [
        ("1", "Hello"),
        ("0", "Hello"),
    ]
    assert {stream for (stream,) in fields(file, "tcp.stream")} == {"0"}
    assert fields(file, "tcp.flags")[0] == ("0x0002",)  # accepted as the plain socket that it was then
    told = subprocess.run([tool("capinfos"), str(file)], capture_output=True, text=True, timeout=30, check=True).stdout
    assert "inside TLS" in told


def test_a_unix_socket_is_left_out_with_a_sentence(tmp_path: Path):
    trace = record(tmp_path, Talk("unix", ("Hello",)), where=[str(tmp_path / "end")])
    done = unmagic("export", trace, "--format", "pcapng", "-o", "x.pcapng", cwd=tmp_path)
    said = one_sentence(done)
    assert re.search(r"connection \d is left out: it is a Unix socket, and packets need IP addresses$", said)
    assert not (tmp_path / "x.pcapng").exists()
    lines = unmagic("export", trace, "--format", "jsonl", cwd=tmp_path).out.splitlines()
    assert any(json.loads(line).get("name") == "unmasked payload data" for line in lines)


def test_a_program_that_was_killed(tmp_path: Path):
    trace = record(tmp_path, Talk("tcp", ("Hello", "hang"), closes=False))
    file = captured(trace, tmp_path)
    assert tshark(file, "-Y", WRONG) == "" and tshark(file, "-Y", "tcp.flags.fin == 1 or tcp.flags.reset == 1") == ""
    masked = fields(file, "websocket.payload.text", only="websocket.mask == 1")
    assert masked == [("Hello",), ("hang",)]
    for name in ("chrome", "speedscope", "jsonl"):
        done = unmagic("export", trace, "--format", name, "-o", f"x.{name}", cwd=tmp_path)
        assert (done.code, done.err) == (0, "")
    profile = json.loads((tmp_path / "x.speedscope").read_text())
    schema(module("speedscope", "dist/release/file-format-schema.json"))(profile)
    for one in profile["profiles"]:
        assert [e["type"] for e in one["events"]].count("O") * 2 == len(one["events"])
    calls = jq('select(.event == "call") | .function', tmp_path / "x.jsonl")
    assert "serve" in calls


def test_both_ends_in_one_program_are_one_conversation(tmp_path: Path):
    source = (
        "import socket, threading\n"
        "def serve(listener):\n    end, _ = listener.accept()\n"
        "    with end:\n        end.sendall(end.recv(100).upper())\n"
        "with socket.create_server(('127.0.0.1', 0)) as listener:\n"
        "    thread = threading.Thread(target=serve, args=(listener,))\n    thread.start()\n"
        "    with socket.create_connection(listener.getsockname()) as end:\n"
        "        end.sendall(b'ping')\n        print(end.recv(100), end.recv(100))\n    thread.join()\n"
    )
    (tmp_path / "both.py").write_text(source)
    assert unmagic("run", "-o", "both.trace", "both.py", cwd=tmp_path).code == 0
    done = unmagic("export", "both.trace", "--format", "pcapng", "-o", "both.pcapng", cwd=tmp_path)
    assert done.code == 0 and re.search(r"connection \d is left out: it is the other end of connection \d", done.err)
    file = tmp_path / "both.pcapng"
    assert tshark(file, "-Y", WRONG) == ""
    payloads = [bytes.fromhex(found) for (found,) in fields(file, "tcp.payload", only="tcp.len > 0")]
    assert payloads == [b"ping", b"PING"]
    number = re.findall(r"connection (\d)", done.err)[0]
    alone = unmagic(
        "export", "both.trace", "--format", "pcapng", "--connection", number, "-o", "c.pcapng", cwd=tmp_path
    )
    assert (alone.code, alone.err) == (0, "")
    assert fields(tmp_path / "c.pcapng", "tcp.flags")[0] == ("0x0002",)
    assert tshark(tmp_path / "c.pcapng", "-Y", WRONG) == ""


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


# -- tours ---------------------------------------------------------------------------------------------------------

#: What CodeTour makes links of, besides Markdown's own: a shell command, and a reference to a step or a tour.
SHELL, REFERENCE = re.compile(r"^>>\s", re.MULTILINE), re.compile(r"\[[^\]]+\](?!\()")


def links_of(description: str) -> list[str]:
    """The targets of every link in a description; raw HTML, images and headings in it fail."""
    assert not SHELL.search(description) and not REFERENCE.search(description)
    tokens = MarkdownIt("commonmark").parse(description)
    inner = [one for token in tokens for one in [token, *(token.children or ())]]
    kinds = {token.type for token in inner}
    blocks = {"paragraph_open", "paragraph_close", "inline", "text", "text_special", "softbreak"}
    ours = {"strong_open", "strong_close", "link_open", "link_close", "code_inline"}  # notes of ours have code
    assert kinds <= blocks | ours, kinds
    return [str(token.attrs["href"]) for token in inner if token.type == "link_open"]


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


# -- the command ---------------------------------------------------------------------------------------------------


def test_exports_are_the_same_when_made_again(scenario_folder: Path, tmp_path: Path):
    for name, one in FORMATS.items():
        words = ("--journey", "1") if one.subject == "way" else ()
        for file in ("one", "two"):
            done = unmagic(
                "export", scenario_folder / "http_headers.trace", "-f", name, *words, "-o", file, cwd=tmp_path
            )
            assert (done.code, done.out, done.err) == (0, "", ""), name
        assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]  # nothing beside


def test_help_tells_each_format():
    done = subprocess.run(
        [sys.executable, "-m", "unmagic", "export", "--help"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0 and all(f"  {name} " in done.stdout for name in FORMATS)
    assert "ui.perfetto.dev" in done.stdout and "Exit codes: 0" in done.stdout


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "no such trace": (("nothing.trace", "-f", "jsonl"), r"there is no trace at nothing\.trace"),
    "no such format": (("T", "-f", "svg"), r"invalid value for '-f' / '--format': 'svg' is not one of"),
    "no format": (("T",), r"missing option '-f' / '--format'"),
    "no such journey": (("T", "-f", "mermaid", "--journey", "99"), r"T has \d+ journeys, there is no number 99"),
    "which journey": (("T", "-f", "plantuml"), r"T has \d+ journeys: choose one with --journey"),
    "no such function": (("T", "-f", "codetour", "--chain", "a:b"), r"T has no call of a:b"),
    "no function": (("T", "-f", "codetour", "--chain", "ab:"), r"'ab:' names no function"),
    "two ways": (("T", "-f", "mermaid", "--journey", "1", "--chain", "a:b"), r"--journey and --chain are two ways"),
    "a journey of packets": (("T", "-f", "pcapng", "--journey", "1"), r"pcapng shows no single journey"),
    "a chain of a run": (("T", "-f", "chrome", "--chain", "a:b"), r"chrome shows no single chain"),
    "a drawn connection": (("T", "-f", "mermaid", "--connection", "1"), r"--connection is for pcapng"),
    "no such connection": (("T", "-f", "pcapng", "--connection", "9"), r"no connection 9 on which .*; there are: 2"),
    "a listener": (("T", "-f", "pcapng", "--connection", "1"), r"no connection 1 on which anything moved"),
    "no folder": (("T", "-f", "jsonl", "-o", "no/x"), r"cannot write no/x: No such file or directory"),
    "a folder": (("T", "-f", "jsonl", "-o", "."), r"cannot write \.: Is a directory"),
    "the trace itself": (("T", "-f", "jsonl", "-o", "T"), r"will not overwrite the trace T"),
}  # fmt: skip


@pytest.mark.parametrize("why", REFUSED)
def test_bad_input_gets_one_sentence_and_writes_nothing(why: str, scenario_folder: Path, tmp_path: Path):
    words, sentence = REFUSED[why]
    shutil.copy(scenario_folder / "receive.trace", tmp_path / "T")
    before = tree(tmp_path)
    done = unmagic("export", *words, cwd=tmp_path)
    assert re.search(rf"^unmagic: .*{sentence}", one_sentence(done))
    assert done.out == "" and tree(tmp_path) == before


def test_a_damaged_trace_gets_one_sentence(scenario_folder: Path, tmp_path: Path):
    trace = tmp_path / "T"
    shutil.copy(scenario_folder / "tcp.trace", trace)
    with sqlite3.connect(trace) as db:
        db.execute("update wire set t0 = 'soon' where id = 1")
    db.close()
    assert "T is damaged" in one_sentence(unmagic("export", "T", "-f", "pcapng", cwd=tmp_path))


def test_binary_is_not_written_to_a_terminal(scenario_folder: Path):
    ours, theirs = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "unmagic", "export", str(scenario_folder / "tcp.trace"), "-f", "pcapng"],
            cwd=ROOT, stdout=theirs, stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    finally:
        os.close(theirs)
        os.close(ours)
    told = one_sentence(Done(done.returncode, "", done.stderr))
    assert told == "unmagic: pcapng is binary, and this is a terminal: give a file with -o, or redirect the output"


def test_a_file_is_replaced_whole_and_keeps_its_mode(scenario_folder: Path, tmp_path: Path):
    file = tmp_path / "out.json"
    file.write_text("old")
    file.chmod(0o640)
    assert unmagic("export", scenario_folder / "tcp.trace", "-f", "chrome", "-o", file, cwd=tmp_path).code == 0
    assert file.stat().st_mode & 0o777 == 0o640 and json.loads(file.read_text())["traceEvents"]
    assert unmagic("export", scenario_folder / "tcp.trace", "-f", "chrome", "-o", "/dev/null", cwd=tmp_path).code == 0
