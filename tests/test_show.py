"""`unmagic show`: what a reader sees on a terminal, and in a pipe; held against the view, the trace and the lock."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers_cli import Done, one_sentence, unmagic
from helpers_exports import Talk, record
from helpers_marks import more
from helpers_terminal import COLOUR, links, on_a_terminal, seen
from rich.cells import cell_len

from report.terminal import message, way
from report.terminal.octets import units
from report.terminal.way import CUT, DOUBT
from report.view import Source, View, make
from report.view.model import Message
from report.view.repeats import rows
from tracer.reading.flow import Flow
from tracer.reading.journeys import journeys
from tracer.reading.links import Links
from tracer.reading.lock import load
from tracer.reading.trace import Trace
from tracer.recording.events import LINE
from tracer.recording.packing import packed
from unmagic.cli import main
from unmagic.journeys import on_the_wire
from unmagic.opening import LONG


@pytest.fixture(scope="module")
def traces(scenario_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies of the scenarios' traces: to open one may make its tables."""
    return Path(shutil.copytree(scenario_folder, tmp_path_factory.mktemp("show") / "traces"))


@cache
def view(path: Path, **chosen: object) -> View:
    with Trace.open(path) as trace:
        return make(path.stem, [Source(path.stem, "", trace, **chosen)])  # type: ignore[arg-type]


def show(*words: str | Path) -> Done:
    """The command, in this process, where nobody looks at a terminal."""
    done = CliRunner().invoke(main, ["show", *map(str, words)], prog_name="unmagic")
    return Done(done.exit_code, done.stdout, done.stderr)


def messages(path: Path) -> tuple[Message, ...]:
    return view(path).recordings[0].messages


# --- what is drawn -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["receive", "ours", *more("send", "ping", "http_headers", "close")])
def test_every_message_of_the_view_is_drawn_in_order(name: str, traces: Path, tmp_path: Path):
    done = show(traces / f"{name}.trace", "--limit", "100")
    assert (done.code, done.err) == (0, "")
    told = re.findall(r"^[→←⇄] (.*)$", done.out, re.MULTILINE)
    assert told == [f"{one.kind} {one.title}" for one in messages(traces / f"{name}.trace")]


def test_each_crossing_stands_in_its_lane_with_what_came_out(traces: Path, tmp_path: Path):
    shown = view(traces / "receive.trace")
    (one,) = [m for m in messages(traces / "receive.trace") if m.id == "4-text"]
    done = show(traces / "receive.trace", f"w{one.chunks[-1].wire}")
    lines = [line for line in done.out.splitlines() if re.match(r"[│●■◆◀ ]+ {2}", line) and set(line) & set("●■◆◀")]
    lanes = sorted({row.step.lane for row in rows(one.steps)})
    assert len(lines) == len(rows(one.steps))
    for line, row in zip(lines, rows(one.steps), strict=True):
        assert [c for c in line[: 2 * len(lanes)] if c != " "].index(
            next(c for c in line if c in "●■◆◀")
        ) == lanes.index(row.step.lane)
        assert f"{shown.lanes[row.step.lane].name} " in line and row.step.name in line
        if row.step.function >= 0:
            function = shown.functions[row.step.function]
            assert line.endswith(f"{shown.files[function.file].name}:{function.first}")
    assert "now on thread" in done.out and "→ 'Hello'" in done.out and "(data = 81 85 37 fa" in done.out


def test_all_calls_are_drawn_on_demand(traces: Path, tmp_path: Path):
    few = show(traces / "receive.trace", "1").out
    all_of_them = show(traces / "receive.trace", "1", "-a").out
    assert "XorMaskerSimple.process" not in few.partition("lanes")[2]
    assert "XorMaskerSimple.process" in all_of_them.partition("lanes")[2]
    (hidden,) = re.findall(r"and (\d+) calls? inside the libraries", few)
    (one,) = view(traces / "receive.trace", journeys=frozenset({1})).recordings[0].messages
    assert int(hidden) == sum(not step.crosses for step in one.steps)
    assert "inside the libraries" not in all_of_them


def test_the_bytes_are_those_of_the_wire_and_every_one_has_a_field(traces: Path, tmp_path: Path):
    for one in messages(traces / "receive.trace")[1:9:2]:  # a request, and three of WebSocket
        found = units(one)
        assert [unit.field.start for unit in found] == [0, *(unit.field.stop for unit in found[:-1])]
        assert found[-1].field.stop == one.size
        done = show(traces / "receive.trace", f"w{one.chunks[-1].wire}")
        dump = re.findall(r"^[\da-f]{4} [│┊ ]((?:[\da-f]{2}[│┊ ])+) ", done.out, re.MULTILINE)
        told = re.sub(r"[│┊ ]", "", "".join(dump))
        assert told == one.buffers[0].data[:256].hex()
        for unit in found:
            assert re.search(rf"■ {re.escape(unit.field.name[:15])}", done.out)
    assert "masking-key   37 fa 21 3d" in show(traces / "receive.trace", "1").out


def test_a_message_in_two_reads_shows_where_the_first_ended(tmp_path: Path):
    """`┊` stands at the end of each read."""
    trace = record(tmp_path, Talk("tcp", ("Hello",)))
    with Trace.open(trace) as opened:
        wire = next(w for w in opened.wires if w.direction == "in" and w.size == 11)
    db = sqlite3.connect(trace)
    with db:  # the same bytes, as if they had come in two reads
        data = db.execute("select data from value where id = ?", (wire.value,)).fetchone()[0]
        top = db.execute("select max(id) from value").fetchone()[0]
        db.execute("insert into value values (?, 0, 'bytes', 'bytes', 4, ?, 0)", (top + 1, data[:4]))
        db.execute("insert into value values (?, 0, 'bytes', 'bytes', 7, ?, 0)", (top + 2, data[4:]))
        db.execute("update wire set size = 7, value = ? where id = ?", (top + 2, wire.id))
        row = list(db.execute("select * from wire where id = ?", (wire.id,)).fetchone())
        number = db.execute("select max(id) from wire").fetchone()[0] + 1
        row[0], row[2], row[8], row[9] = number, wire.began, 4, top + 1
        db.execute(f"insert into wire values ({','.join('?' * len(row))})", row)
    db.close()
    done = show(trace, f"w{wire.id}")
    assert "11 bytes in 2 reads" in done.out
    assert re.search(r"^0000 │81 85│[\da-f]{2} [\da-f]{2}┊[\da-f]{2} [\da-f]{2}│", done.out, re.MULTILINE), done.out


def test_a_journey_is_its_way_and_its_messages(traces: Path, tmp_path: Path):
    done = show(traces / "receive.trace", "5")
    first, _, rest = done.out.partition("\n\n")
    assert first.startswith("journey 5: how the program got 'Hello'\n")
    for word in ("read", "bytes 6–8 cut", "unmasked", "decoded", "joined", "thread A", "thread B"):
        assert word in first
    assert rest.startswith("→ text Hello\n") and "journey 5" in rest


def test_what_is_missing_or_unsure_is_said(traces: Path):
    """In the words of the pages: a bound that cut the way, and something else that was as close."""
    shown = view(traces / "receive.trace")
    (recording,) = shown.recordings
    ((told, sure),) = [(told, one) for told in recording.messages for one in told.ways if one.number == 1]
    unsure = replace(sure, legs=(*sure.legs[:-1], replace(sure.legs[-1], doubtful=True)))
    for one, sentences in ((sure, []), (unsure, [DOUBT]), (replace(sure, complete=False), [CUT])):
        changed = replace(recording, messages=(replace(told, ways=(one,)),))
        lines = [line.plain.strip() for line in way(shown, changed, 1, width=80)]
        assert [line for line in lines if line in (DOUBT, CUT)] == sentences


def test_the_limit_is_told(traces: Path, tmp_path: Path):
    done = show(traces / "receive.trace", "--limit", "2")
    everything = len(messages(traces / "receive.trace"))
    drawn = len(re.findall(r"^[→←⇄] ", done.out, re.MULTILINE))
    (left,) = re.findall(r"^… (\d+) more messages; --limit (\d+) draws all", done.out, re.MULTILINE)
    assert drawn == 2 and int(left[0]) + drawn == everything == int(left[1])
    assert "more messages" not in show(traces / "receive.trace", "--limit", left[1]).out


def test_json_is_as_it_was(traces: Path, tmp_path: Path):
    done = show(traces / "receive.trace", "1", "--json")
    listed = json.loads(unmagic("journeys", traces / "receive.trace", "--json", cwd=tmp_path).out)["journeys"]
    found = json.loads(done.out)
    legs = found.pop("legs")
    assert found == listed[0] and legs[0]["kind"] == "read"


def test_a_program_without_a_socket_is_drawn_by_its_calls(tmp_path: Path):
    (tmp_path / "alone.py").write_text("import json\njson.loads('[1]')\n", encoding="utf-8")
    assert unmagic("run", "--scope", "program", "--scope", "json", "alone.py", cwd=tmp_path).code == 0
    done = show(tmp_path / "alone.trace")
    assert done.out.startswith("⇄ call loads\n") and "→ list of 1" in done.out
    (tmp_path / "less.py").write_text("x = 1\n", encoding="utf-8")
    assert unmagic("run", "less.py", cwd=tmp_path).code == 0
    assert "Nothing crossed a socket" in show(tmp_path / "less.trace").out


# --- where it is drawn ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("columns", "words"), [(80, ()), (120, ("1", "-a"))], ids=["all", "every call"])
def test_no_line_is_wider_than_the_terminal(columns: int, words: tuple[str, ...], traces: Path):
    said = seen(on_a_terminal("show", traces / "receive.trace", *words, columns=columns))
    assert max(cell_len(line) for line in said.splitlines()) <= columns
    assert "WSConnection.receive_data" in said


def test_on_a_narrow_terminal_a_way_is_told_in_lines_below_each_other(traces: Path):
    said = seen(on_a_terminal("show", traces / "receive.trace", "1", columns=40)).partition("\n\n")[0]
    for whole in ("bytes 6–10 cut", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "unmasked", "48 65 6c 6c 6f = b'Hello'"):
        assert re.search(rf"^ +(.* )?{re.escape(whole)}$", said, re.MULTILINE), whole
    assert max(cell_len(line) for line in said.splitlines()) <= 40


def test_places_are_links_to_the_proven_lines(traces: Path):
    said = on_a_terminal("show", traces / "receive.trace", "1", columns=120)
    found = links(said)
    with Trace.open(traces / "receive.trace") as trace:
        code = next(c for c in trace.codes.values() if c.qualname == "WSConnection.receive_data")
        known = Links(load()).link(code.file.facts, code.first, code.last)
    assert str(known.status) == "proven"
    texts = {text: url for url, text in found}
    assert texts[f"wsproto/__init__.py:{code.first}"] == known.url
    assert re.fullmatch(r"https://github\.com/\S+/blob/[0-9a-f]{40}/\S+#L\d+(-L\d+)?", known.url)
    assert any(text.startswith("ws.py:") for text in texts)  # call sites are links, too


def test_colours_tell_fields_apart_and_borders_do_without(traces: Path):
    said = on_a_terminal("show", traces / "receive.trace", "1")
    (line,) = [line for line in said.splitlines() if "37" in line and "┊" in line]
    codes = re.findall(r"(\x1b\[[\d;]+m)([\da-f]{2})\x1b", line)
    assert [text for _, text in codes] == ["81", "85", "37", "fa", "21", "3d", "7f", "9f", "4d", "51", "58"]
    header, key, payload = ({code for code, _ in codes[start:stop]} for start, stop in ((0, 2), (2, 6), (6, 11)))
    assert len(header) == len(key) == len(payload) == 1 and len(header | key | payload) == 3
    assert "81 85│37 fa 21 3d│7f 9f 4d 51 58┊" in COLOUR.sub("", line)


def test_a_pipe_and_no_color_get_no_escape(traces: Path, tmp_path: Path):
    assert "\x1b" not in on_a_terminal("show", traces / "receive.trace", NO_COLOR="1")
    assert "\x1b" not in on_a_terminal("show", traces / "receive.trace", TERM="dumb")
    done = show(traces / "receive.trace")
    assert "\x1b" not in done.out and "wsproto/__init__.py:73" in done.out.replace("\n", " ")


def test_a_payload_is_shown_and_not_obeyed(tmp_path: Path):
    trace = record(tmp_path, Talk("tcp", ("\x1b[2J\x07\u202e</script>[bold red]:smile:",)))
    for said in (on_a_terminal("show", trace, columns=200), on_a_terminal("live", trace, columns=200)):
        text = seen(said)
        assert r"\x1b[2J\x07\u202e</script>[bold red]:smile:" in text
        assert not set(text) & set("\x07\u202e")


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("0",), "there is no number 0"),
        (("99",), "7 journeys, there is no number 99"),
        (("w9999",), "no message in .* was complete with w9999"),
        (("x",), "'x' is neither a journey's number"),
        (("1.5",), "neither"),
        (("٣",), "neither"),
        (("9" * 40,), "neither"),
        (("--json",), "--json tells one journey"),
        (("w10", "--json"), "--json tells one journey"),
        (("99", "--json"), "there is no number 99"),
        (("--limit", "0"), "0 is not in the range"),
    ],
)
def test_bad_input_is_one_sentence(words: tuple[str, ...], sentence: str, traces: Path, tmp_path: Path):
    done = show(traces / "receive.trace", *words)
    assert re.search(sentence, one_sentence(done)) and done.out == ""


def test_every_message_draws_itself_at_every_width(traces: Path):
    """Pure: the same lines as the command prints, at widths that nobody has."""
    shown = view(traces / "receive.trace")
    (recording,) = shown.recordings
    for one in recording.messages:
        for width in (20, 33, 47, None):
            lines = list(message(shown, recording, one, full=True, every=True, width=width))
            assert lines and all(line.plain.isprintable() for line in lines)


# --- a long trace --------------------------------------------------------------------------------------------


@pytest.fixture
def long(traces: Path, tmp_path: Path) -> Path:
    """A scenario's trace in which a thread has then done a lot that says nothing."""
    path = Path(shutil.copy(traces / "receive.trace", tmp_path / "long.trace"))
    with Trace.open(path) as trace:
        after = max(span.stop or span.start for span in trace.spans) + 1000
    lines = packed([number for order in range(after, after + LONG // 12 + 1) for number in (LINE, order, 1)])
    db = sqlite3.connect(path)
    db.execute("insert into thread values (999, 'busy', 'thread')")
    db.execute("insert into batch (thread, events) values (999, ?)", (lines,))
    db.execute("delete from meta where key = 'indexed'")
    db.commit()
    db.close()
    return path


def test_a_long_trace_is_listed_at_once_and_left_as_it_is(long: Path, traces: Path):
    before = long.read_bytes()
    done = show(long)
    *lines, state, hint = done.out.splitlines()
    live = CliRunner().invoke(main, ["live", str(traces / "receive.trace")])
    assert lines == live.stdout.splitlines() and len(lines) > 3
    assert re.fullmatch(rf"{re.escape(str(long))} is long, (about )?[\d,]+ calls: all its messages, and .*", state)
    assert hint.startswith(f"unmagic show {long} {lines[0].split()[-1]} draws message ")
    assert done.code == 0 and long.read_bytes() == before


def test_what_is_chosen_in_a_long_trace_is_drawn_as_in_a_short_one(long: Path, traces: Path):
    short = traces / "receive.trace"
    name = show(long).out.splitlines()[0].split()[-1]
    for words in ([name], ["1", "--json"]):
        done = show(long, *words)
        assert done.out.replace(str(long), str(short)) == show(short, *words).out
        assert done.err in ("", "reading all of long.trace, once\n")
    assert long.stat().st_size >= short.stat().st_size + LONG


def test_of_a_value_that_took_many_reads_the_first_and_the_last_are_listed(traces: Path):
    with Trace.open(traces / "receive.trace") as trace:
        (wire,) = next(one for one in journeys(Flow(trace)) if one.direction == "in").wires
        reads = tuple(replace(wire, start=start) for start in range(5))
        assert on_the_wire(reads[:4], trace).count("recv ") == 4
        told = on_the_wire(reads, trace)
    assert told.count("recv ") == 2 and "; … 3 more …; " in told
    assert told.startswith(f"recv 0–{wire.stop - 1} of 11: ") and f"; recv 4–{wire.stop - 1} of 11: " in told


def test_the_first_page_of_journeys_comes_before_the_rest(long: Path, traces: Path):
    def journeys(*words: str) -> str:
        return CliRunner().invoke(main, ["journeys", *words]).stdout

    first, _, rest = journeys(str(long)).partition("Its journeys follow when all of it is read.\n\n")
    assert first.splitlines()[:-1] == show(long).out.splitlines()[:-2]
    assert rest == journeys(str(traces / "receive.trace"))
    assert journeys(str(long), "--json") == journeys(str(traces / "receive.trace"), "--json")


def test_a_long_trace_without_a_message_says_so(long: Path):
    db = sqlite3.connect(long)
    for table in ("wire", "connection"):
        db.execute(f"delete from {table}")
    db.commit()
    db.close()
    state, hint = show(long).out.splitlines()
    assert ": no message in it," in state and "--limit" in hint


def test_no_more_than_a_page_of_a_long_trace_is_listed(long: Path, monkeypatch: pytest.MonkeyPatch):
    whole = show(long).out.splitlines()
    monkeypatch.setattr("unmagic.opening.PAGE", 2)
    first, second, state, _ = show(long).out.splitlines()
    assert [first, second] == whole[:2] and ": its first messages, and" in state
