"""`unmagic export` to pcapng: tshark reads every byte back, and who moved it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from helpers_cli import one_sentence, unmagic
from helpers_exported import captured, schema
from helpers_exports import WRONG, Talk, fields, jq, module, record, tool, tshark

from tracer.reading.lock import load
from tracer.reading.trace import Trace

SCRIPTS = ("receive", "send", "close", "ping", "http_headers", "handshake", "tcp", "rejected")
LARGE = "0123456789abcdef" * 15_000  # 240,000 bytes: several packets


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
