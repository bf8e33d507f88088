"""`unmagic live` and `unmagic run --live` beside real programs: what is printed while they run, and how it ends."""

from __future__ import annotations

import os
import queue
import re
import shutil
import signal
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import websocket
from helpers_cli import one_sentence, unmagic
from helpers_recording import ENGINES, interruptible
from helpers_terminal import on_a_terminal, seen, told, words

from report.live import Conversations
from tracer.reading.tail import Moved, Tail
from tracer.reading.trace import Trace

#: Longer than anything here takes: what waits so long, fails.
PATIENCE = 30.0
LINE = re.compile(
    r"(?P<time>\d\d:\d\d:\d\d\.\d{3}) (?P<arrow>[→←]) (?P<kind>\w+) +(?P<size>[\d,]+) bytes?  (?P<title>.*?)"
    r"  connection (?P<connection>\d+)  (?P<name>w\d+)"
)
SERVER = """
import socket, sys
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Request
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
for _ in range(int(sys.argv[1])):
    end, _ = listener.accept()
    ws, going, parts = WSConnection(ConnectionType.SERVER), True, []
    while going:
        ws.receive_data(end.recv(4096) or None)
        for event in ws.events():
            if isinstance(event, Request):
                end.sendall(ws.send(AcceptConnection()))
            elif isinstance(event, Message):
                parts.append(event.data)
                if event.message_finished:
                    end.sendall(ws.send(Message(data=parts[0][:0].join(parts))))
                    parts = []
            elif isinstance(event, CloseConnection):
                going = False
    end.close()
print("served", flush=True)
"""


class Said:
    """What a process says, line by line, as it says it."""

    def __init__(self, process: subprocess.Popen[str], stream: str = "stdout") -> None:
        self.process = process
        self._lines: queue.Queue[str | None] = queue.Queue()
        threading.Thread(target=self._read, args=(getattr(process, stream),), daemon=True).start()

    def _read(self, stream: Iterator[str]) -> None:
        for line in stream:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def until(self, wanted: Callable[[str], object]) -> list[str]:
        """Lines up to and with the one that is wanted; fails where it does not come."""
        found: list[str] = []
        while True:
            line = self._lines.get(timeout=PATIENCE)
            assert line is not None, found
            found.append(line)
            if wanted(line):
                return found

    def rest(self) -> list[str]:
        """All lines to the end."""
        found: list[str] = []
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            found.append(line)
        return found


def started(*command: str | Path, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        words(*command), cwd=cwd, env=told(NO_COLOR="1"), text=True, bufsize=1, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=interruptible,
    )  # fmt: skip


@contextmanager
def running(folder: Path, *options: str, connections: int = 1) -> Iterator[tuple[Said, int]]:
    """`unmagic run` of a WebSocket echo, and its port; it ends when it has served so many connections."""
    (folder / "server.py").write_text(SERVER, encoding="utf-8")
    process = started("run", *options, "server.py", str(connections), cwd=folder)
    try:
        said = Said(process)
        yield said, int(said.until(str.isdigit)[-1])
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def matched(line: str) -> dict[str, str]:
    found = LINE.fullmatch(line)
    assert found, line
    return found.groupdict()


def saying(text: str, arrow: str = "→") -> Callable[[str], bool]:
    return lambda line: f" {arrow} " in line and f"  {text}  " in line


def connect(port: int, **more: object) -> websocket.WebSocket:
    return websocket.create_connection(f"ws://127.0.0.1:{port}/", timeout=PATIENCE, **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_each_message_is_printed_while_the_program_runs_and_shown_by_its_name(engine: str, tmp_path: Path):
    watch = started("live", "--wait", "server.trace", cwd=tmp_path)
    lines = Said(watch)
    with running(tmp_path, "--scope", "program", "--engine", engine) as (_, port):
        client = connect(port, header=["Cookie: session=abcdefgh12345"])
        client.send("Hello")
        assert client.recv() == "Hello"
        first = lines.until(saying("Hello", "←"))  # the client says nothing more until this is seen
        client.send_binary(b"x" * 10_000)  # needs several reads
        client.recv()
        second = lines.until(lambda line: " ← binary " in line)
        client.close()
    last = lines.rest()
    assert watch.wait(PATIENCE) == 0
    found = [matched(line) for line in (*first, *second, *last)]
    kinds = [(one["arrow"], one["kind"], one["size"]) for one in found]
    assert kinds[1:6] == [
        ("←", "response", "129"), ("→", "text", "11"), ("←", "text", "7"),
        ("→", "binary", "10,008"), ("←", "binary", "10,004"),
    ]  # fmt: skip
    assert (kinds[0][:2], kinds[6][:2]) == (("→", "request"), ("→", "close"))
    assert found[0]["title"] == "GET /" and "abcdefgh" not in "".join((*first, *second, *last))
    assert [one["time"] for one in found] == sorted(one["time"] for one in found)
    assert watch.stderr is not None
    assert (
        watch.stderr.read() == f"unmagic: the recording ended, {len(found)} messages; next, unmagic show server.trace\n"
    )
    for one in found[2:5]:
        shown = unmagic("show", "server.trace", one["name"], cwd=tmp_path).out
        assert shown.startswith(f"{one['arrow']} {one['kind']} {one['title']}\n") and f"{one['size']} bytes in" in shown
    again = unmagic("live", "server.trace", cwd=tmp_path)  # of a finished trace: all of it, at once
    assert again.out.splitlines() == [*first, *second, *last]


def test_a_message_is_printed_when_its_last_byte_came(tmp_path: Path):
    """What is printed meanwhile, of the same connection, is no sleep: it shows that the first half was seen."""
    frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    ping = b"\x89\x80\x37\xfa\x21\x3d"
    first, second = b"\x01\x82\x00\x00\x00\x00ab", b"\x80\x82\x00\x00\x00\x00cd"
    with running(tmp_path, "--live", "--scope", "program") as (said, port):
        lines = Said(said.process, "stderr")
        client = connect(port)
        end = client.sock
        end.sendall(frame)
        lines.until(saying("Hello"))
        end.sendall(first)
        end.sendall(ping)
        between = lines.until(lambda line: " → ping " in line)
        assert not any("ab" in matched(line)["title"] for line in between)
        end.sendall(second[:5])
        end.sendall(second[5:])
        whole = lines.until(saying("abcd"))
        assert matched(whole[-1])["size"] == "16"
        client.close()


def test_run_live_leaves_the_programs_output_alone(tmp_path: Path):
    with running(tmp_path, "--live") as (said, port):
        errors = Said(said.process, "stderr")
        client = connect(port)
        client.send("Hello")
        client.recv()
        client.close()
        assert said.rest() == ["served"]
        told_there = errors.rest()
    live = [line for line in told_there if LINE.fullmatch(line)]
    assert [matched(line)["kind"] for line in live][:4] == ["request", "response", "text", "text"]
    assert any(line.startswith("unmagic: the trace is server.trace") for line in told_there)
    with Trace.open(tmp_path / "server.trace") as trace:
        assert "complete" in trace.meta and trace.meta.get("faults", "") == ""
    assert not list(tmp_path.glob("*.trace-*")), "the log is folded in, whoever looked"


def test_an_older_trace_is_not_taken_for_the_runs(finished: Path, tmp_path: Path):
    (tmp_path / "server.py").write_text("print('nothing here')\n", encoding="utf-8")
    shutil.copy(finished, tmp_path / "server.trace")
    done = unmagic("run", "--live", "server.py", cwd=tmp_path)
    assert done.code == 0 and not any(LINE.fullmatch(line) for line in done.err.splitlines())
    quiet = started("live", "--wait", "server.trace", cwd=tmp_path)  # it is finished: another one is waited for
    lines = Said(quiet)
    with running(tmp_path) as (_, port):
        connect(port).close()
    assert [matched(line)["kind"] for line in lines.rest()][:2] == ["request", "response"]
    assert quiet.wait(PATIENCE) == 0


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole trace of a server that had one client."""
    folder = tmp_path_factory.mktemp("served")
    with running(folder) as (_, port):
        client = connect(port)
        client.send("old")
        client.recv()
        client.close()
    return folder / "server.trace"


@pytest.fixture
def finished(served: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copy(served, tmp_path / "finished.trace"))


def test_ctrl_c_stops_the_looking_and_not_the_recording(tmp_path: Path):
    with running(tmp_path, connections=2) as (_, port):
        connect(port).close()
        watch = started("live", "server.trace", cwd=tmp_path)
        lines = Said(watch)
        lines.until(lambda line: " → close " in line)
        watch.send_signal(signal.SIGINT)
        assert watch.wait(PATIENCE) == 130
        assert lines.rest() == []
        connect(port).close()
    with Trace.open(tmp_path / "server.trace") as trace:
        assert "complete" in trace.meta and len(trace.connections) == 3


def test_a_program_that_is_killed_ends_it_with_a_sentence(tmp_path: Path):
    (tmp_path / "server.py").write_text(SERVER.replace("import socket", "import os, socket"), encoding="utf-8")
    (tmp_path / "server.py").write_text(
        (tmp_path / "server.py").read_text().replace("print(listener", "print(os.getpid(), flush=True); print(listener")
    )
    program = started("run", "server.py", "1", cwd=tmp_path)
    said = Said(program)
    number, port = (int(said.until(str.isdigit)[-1]) for _ in range(2))
    client = connect(port)
    client.send("last words")
    client.recv()
    watch = started("live", "server.trace", cwd=tmp_path)
    lines = Said(watch)
    lines.until(saying("last words", "←"))
    os.kill(number, signal.SIGKILL)
    program.wait(PATIENCE)
    assert lines.rest() == [] and watch.wait(PATIENCE) == 0
    assert watch.stderr is not None
    assert watch.stderr.read().splitlines()[0].startswith("unmagic: the program ended at once")


# --- what else a program may say -----------------------------------------------------------------------------


def test_what_is_neither_http_nor_websocket_is_a_line_for_each_read(tmp_path: Path):
    (tmp_path / "lines.py").write_text(
        "import socket\na, b = socket.socketpair()\n"
        "for word in (b'first\\n', b'second\\n'):\n    a.sendall(word)\n    b.recv(100)\na.close(); b.close()\n",
        encoding="utf-8",
    )
    done = unmagic("run", "--live", "lines.py", cwd=tmp_path)
    found = [matched(line) for line in done.err.splitlines() if LINE.fullmatch(line)]
    assert sorted((one["arrow"], one["kind"], one["title"]) for one in found) == [
        ("←", "data", r"first\n"), ("←", "data", r"second\n"), ("→", "data", r"first\n"), ("→", "data", r"second\n"),
    ]  # fmt: skip
    shown = unmagic("show", "lines.trace", found[0]["name"], cwd=tmp_path)
    assert shown.code == 0 and "13 bytes" in shown.out


@pytest.mark.thorough
def test_the_scenarios_say_what_the_view_says(scenario_folder: Path, tmp_path: Path):
    """Kind, title and size of every message, direction by direction, as `unmagic show` has them."""
    for name in ("receive", "send", "ping", "close", "http_headers", "rejected", "ours"):
        trace = shutil.copy(scenario_folder / f"{name}.trace", tmp_path)
        live = [matched(line) for line in unmagic("live", trace, cwd=tmp_path).out.splitlines()]
        shown = unmagic("show", trace, "--limit", "100", cwd=tmp_path).out
        heads = re.findall(r"^([→←]) (.*)\n  .* ([\d,]+) bytes? in", shown, re.MULTILINE)
        told_live = [(one["arrow"], f"{one['kind']} {one['title']}", one["size"]) for one in live]
        assert sorted(told_live) == sorted(heads), name


# --- events that come late -----------------------------------------------------------------------------------


def test_an_event_that_was_written_late_is_put_in_its_place(finished: Path, tmp_path: Path):
    """Threads are written one after the other: what a second one read may be committed before what the first did."""
    tail = Tail(finished)
    events = tail.poll()
    expected = [(line.kind, line.title, line.wire) for line in Conversations(tail.again).take(events)]
    assert [kind for kind, _, _ in expected] == ["request", "response", "text", "text", "close"]
    moved = [one for one in events if one.wire.direction]
    for late in range(len(moved)):
        seen_so_far: list[Moved] = []

        def again(number: int, sofar: list[Moved] = seen_so_far) -> list[Moved]:
            return sorted((m for m in sofar if m.wire.connection == number), key=lambda m: m.wire.ended)

        talks, found = Conversations(again), []
        for batch in ([one for one in events if one is not moved[late]], [moved[late]]):
            seen_so_far += batch
            found += talks.take(batch)
        found += talks.end()
        told_late = [(line.kind, line.title, line.wire) for line in found]
        assert set(expected) <= set(told_late), moved[late].wire
        assert len(set(told_late)) == len(told_late), "nothing is told twice"
        wrong = {kind for kind, _, _ in set(told_late) - set(expected)}
        assert wrong <= {"data"} and (not wrong or late < 2), "only what came before its handshake is not understood"


def test_many_events_are_read_in_parts_and_all_of_them(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    whole = Tail(finished).poll()
    monkeypatch.setattr("tracer.reading.tail.MOST", 3)
    tail = Tail(finished)
    parts = [tail.poll()]
    while not tail.over:
        parts.append(tail.poll())
    assert max(map(len, parts)) == 3 < len(whole)
    assert sorted(m.wire.id for part in parts for m in part) == sorted(m.wire.id for m in whole)
    assert len(unmagic("live", finished, cwd=tmp_path).out.splitlines()) == 5


def test_only_what_is_new_is_read(finished: Path, tmp_path: Path):
    """Every event once, however often one looks; a growing trace costs what came."""
    with Trace.open(finished) as opened:
        everything = [wire.id for wire in opened.wires]
    parts = Tail(finished)
    db = sqlite3.connect(finished)
    rows = db.execute("select * from wire order by id").fetchall()
    with db:
        db.execute("delete from wire")
        db.execute("delete from meta where key = 'complete'")
    found: list[int] = []
    for row in rows:
        with db:
            db.execute(f"insert into wire values ({','.join('?' * len(row))})", row)
        new = [moved.wire.id for moved in parts.poll(surely=True)]
        assert new == [row[0]]
        found += new
        assert parts.poll(surely=True) == []
    db.close()
    assert sorted(found) == sorted(everything)


# --- what is refused -----------------------------------------------------------------------------------------


def test_what_is_no_growing_trace_is_one_sentence(tmp_path: Path):
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "folder").mkdir()
    sqlite3.connect(tmp_path / "other").execute("create table a (b)").connection.close()
    for name, sentence in {
        "none": "there is no trace at none; with --wait, one is waited for",
        "empty": "there is no trace at empty",
        "text": "text is not a trace",
        "other": "other is an SQLite file, but not a trace",
        "folder": "folder cannot be read: Is a directory",
    }.items():
        assert sentence in one_sentence(unmagic("live", name, cwd=tmp_path))


@pytest.mark.parametrize(
    "harm",
    ["update wire set t1 = 'soon'", "update meta set value = 'x' where key = 'started'", "drop table wire", "pages"],
)
def test_a_damaged_trace_is_one_sentence(harm: str, scenario_folder: Path, tmp_path: Path):
    trace = Path(shutil.copy(scenario_folder / "receive.trace", tmp_path / "T"))
    if harm == "pages":
        data = bytearray(trace.read_bytes())
        data[8192:] = b"\xff" * (len(data) - 8192)
        trace.write_bytes(data)
    else:
        with sqlite3.connect(trace) as db:
            db.execute(harm)
        db.close()
    assert "T is damaged" in one_sentence(unmagic("live", "T", cwd=tmp_path))


def test_a_trace_that_is_replaced_is_one_sentence(tmp_path: Path):
    (tmp_path / "server.py").write_text(SERVER, encoding="utf-8")
    program = started("run", "server.py", "1", cwd=tmp_path)
    port = int(Said(program).until(str.isdigit)[-1])
    watch = started("live", "server.trace", cwd=tmp_path)
    client = connect(port)
    Said(watch).until(lambda line: " ← response " in line)
    shutil.copy(tmp_path / "server.trace", tmp_path / "new")
    os.replace(tmp_path / "new", tmp_path / "server.trace")
    assert watch.wait(PATIENCE) == 2
    assert watch.stderr is not None
    assert "was replaced by another file" in watch.stderr.read()
    client.close()
    program.wait(PATIENCE)


def test_on_a_terminal_the_line_fits_and_has_colours(scenario_folder: Path, tmp_path: Path):
    trace = shutil.copy(scenario_folder / "send.trace", tmp_path)
    said = on_a_terminal("live", trace, columns=80)
    assert "\x1b[1;32m→ request" in said
    lines = [line for line in seen(said).splitlines() if not line.startswith("unmagic")]
    assert {len(line) for line in lines} == {80}


@pytest.mark.parametrize("log", [b"", b"of somebody"])
def test_the_empty_log_that_a_reader_left_is_taken_away(finished: Path, log: bytes):
    """SQLite removes the log before the file says that it has none: who looks in between makes a new one."""
    beside = [finished.with_name(f"finished.trace{suffix}") for suffix in ("-wal", "-shm")]
    for path in beside:
        path.write_bytes(log)
    assert unmagic("live", finished.name, cwd=finished.parent).code == 0
    assert [path.exists() for path in beside] == [bool(log)] * 2
