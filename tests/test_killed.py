"""A recorded server under load, killed: a sample of `make killed`; and that the campaign would see what is wrong."""

from __future__ import annotations

import random
import sqlite3
import sys

import pytest
from campaigns.killed import Client, kill_once, look
from helpers_recording import ENGINES, PROGRAMS, run


@pytest.mark.parametrize("engine", ENGINES)
def test_what_a_killed_server_leaves_is_true_and_fits_together(tmp_path, engine):
    chance = random.Random(3)
    found = [kill_once(sys.executable, engine, chance, tmp_path) for _ in range(3)]
    assert [one.problems for one in found] == [()] * 3
    assert any(one.calls and one.compared and one.echoes for one in found), found


@pytest.fixture
def whole(tmp_path):
    path = tmp_path / "t.trace"
    assert run(PROGRAMS / "steady.py", path, "nothing", str(path), "3").code == 3
    return path


def changed(path, statement):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(statement)
    db.close()


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("delete from thread", "which is not there"),
        ("select 1", "it says that it is complete"),
    ],
)
def test_a_trace_that_does_not_fit_together_is_a_problem(whole, statement, said):
    changed(whole, statement)
    assert said in look(whole, [], []).problems[0]


def test_bytes_that_did_not_cross_are_a_problem(whole):
    changed(whole, "delete from meta where key = 'complete'")
    changed(whole, "update connection set peer = '127.0.0.1:9' where id = 1")
    client = Client(0, "127.0.0.1:9", bytearray(b"nothing of it"), bytearray(b"nor this"))
    assert look(whole, [client], []).problems == (
        "what came from 127.0.0.1:9 is not what it sent",
        "what went to 127.0.0.1:9 is not what it got",
    )


def test_what_was_killed_before_its_trace_began_is_none(tmp_path):
    assert look(tmp_path / "none.trace", [], []).kind == "before the trace was made"
    (tmp_path / "empty.trace").write_bytes(b"")
    assert look(tmp_path / "empty.trace", [], []).kind == "before the recording began"
    talked = Client(0, echoes=3)
    assert look(tmp_path / "empty.trace", [talked], []).problems, "a trace with nothing of what was echoed"
