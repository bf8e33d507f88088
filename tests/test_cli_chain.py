"""`unmagic chain`, `scope`, `journeys` and `show`: what they tell of a trace, and of what is not in it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT
from helpers_cli import alone, one_sentence, program, unmagic

from tracer.reading.trace import Trace

# --- chain and scope ---------------------------------------------------------------------------------------


def test_chain_down_to_the_bytes(scenario_folder: Path):
    done = alone("chain", scenario_folder / "send.trace", "simple_websocket:Base.send", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "simple_websocket Base.send" in lines[1]
    assert re.search(r"send 7 bytes .*81 05 48 65 6c 6c 6f", lines[-1])


def test_chain_up_to_the_message(scenario_folder: Path):
    done = unmagic("chain", scenario_folder / "receive.trace", "simple_websocket:Base.receive", "--up", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    way = ["accept", "a thread starts", "flask Flask.wsgi_app", "simple_websocket Server.__init__", "recv 11 bytes",
           "handoff from", "returns simple_websocket Base.receive → 'Hello'"]  # fmt: skip
    rest = iter(done.out.splitlines())
    for what in way:
        assert any(what in line for line in rest), what


def test_chain_counts_calls_from_one(scenario_folder: Path):
    done = unmagic("chain", scenario_folder / "send.trace", "simple_websocket:Base.send", "--nth", "2", cwd=ROOT)
    assert done.code == 0 and "82 05 48 65 6c 6c 6f" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simple_websocket:Base.no_such",), "Base.no_such"),
        (("no_such:Base.receive",), "no_such:Base.receive"),
        (("Base.recieve",), "did you mean simple_websocket.ws:Base.receive"),
        (("",), "names no function"),
        (("x:",), "names no function"),
        ((), "which function?"),
        (("simple_websocket:Base.receive", "--nth", "0"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "5"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "-1"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "4", "--up"), "identity"),
    ],
)
def test_chain_of_what_is_not_there(scenario_folder: Path, words: tuple[str, ...], said: str):
    assert said in one_sentence(unmagic("chain", scenario_folder / "receive.trace", *words, cwd=ROOT))


def test_scope_tells_files_and_reasons(scenario_folder: Path):
    short = alone("scope", scenario_folder / "sock.trace", cwd=ROOT)
    whole = unmagic("scope", scenario_folder / "sock.trace", "--all", cwd=ROOT)
    assert (short.code, short.err, whole.code, whole.err) == (0, "", 0, "")
    assert re.search(r"^flask_sock +yes +\S+/flask_sock/__init__\.py +\S", short.out, re.MULTILINE)
    assert not re.search(r"^\S+ +no +", short.out, re.MULTILINE) and re.search(r"^\S* +no +/", whole.out, re.MULTILINE)
    kept = len(re.findall(r"^\S+ +yes +", short.out, re.MULTILINE))
    assert f"{kept} files recorded, " in short.out


def test_chain_of_calls_that_are_nested_too_deeply(tmp_path: Path):
    program(tmp_path, "def f(n):\n    return n and f(n - 1)\nf(900)\n")
    assert unmagic("run", "program.py", cwd=tmp_path).code == 0
    done = unmagic("chain", "program.trace", "app:f", cwd=tmp_path)
    assert (done.code == 0 and done.out.count(" f ") > 1) or "too deeply" in one_sentence(done)


def test_reading_does_not_change_the_trace(scenario_folder: Path):
    path = scenario_folder / "sock.trace"
    Trace.open(path).close()
    before = path.read_bytes()
    unmagic("scope", path, cwd=ROOT)
    unmagic("chain", path, "flask_sock:Sock.init_app", cwd=ROOT)
    assert path.read_bytes() == before
    assert [p.name for p in scenario_folder.iterdir() if not p.name.endswith(".trace")] == []


# --- journeys ------------------------------------------------------------------------------------------------


def test_journeys_and_show_tell_the_same_in_words_and_as_json(scenario_folder: Path, tmp_path: Path):
    trace = shutil.copy(scenario_folder / "ping.trace", tmp_path)
    listed = alone("journeys", trace, cwd=tmp_path)
    data = json.loads(unmagic("journeys", trace, "--json", cwd=tmp_path).out)["journeys"]
    assert (listed.code, listed.err) == (0, "")
    assert [journey["direction"] for journey in data] == ["through", "in", "out"]
    assert len(listed.out.splitlines()) == 1 + len(data)
    for journey in data:
        shown = unmagic("show", trace, str(journey["id"]), cwd=tmp_path)
        legs = json.loads(unmagic("show", trace, str(journey["id"]), "--json", cwd=tmp_path).out)["legs"]
        assert (shown.code, shown.err) == (0, "")
        way = shown.out.partition("\n\n")[0].splitlines()
        assert way[0].startswith(f"journey {journey['id']}: ") and len(way) == 1 + 2 * len(legs)
        ends = [leg["kind"] for leg in legs]
        assert ("read" in ends) == (journey["direction"] != "out")
        assert ("written" in ends) == (journey["direction"] != "in")
        objects = {leg["object"] for leg in legs}
        assert all(source["object"] in objects for leg in legs for source in leg["from"])


def test_a_journey_that_is_not_there(scenario_folder: Path, tmp_path: Path):
    trace = shutil.copy(scenario_folder / "tcp.trace", tmp_path)  # its one value: the page, out
    for number in ("0", "2", "-1"):
        done = unmagic("show", trace, "--", number, cwd=tmp_path)
        assert done.code == 2 and len(done.err.splitlines()) == 1 and "no number" in done.err


def test_a_program_without_a_socket_has_no_journeys(tmp_path: Path):
    (tmp_path / "alone.py").write_text("print('Hello')\n", encoding="utf-8")
    assert unmagic("run", "alone.py", cwd=tmp_path).code == 0
    assert "No value" in unmagic("journeys", "alone.trace", cwd=tmp_path).out
