"""The campaign of `make scale`, on few calls: that it measures what it says."""

from __future__ import annotations

import subprocess
import sys

import pytest
from campaigns.scale import opening, record, verdict
from helpers_recording import ENGINES, ROOT

from tracer.reading.trace import Trace


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("threads", [1, 200])
def test_every_call_is_recorded(tmp_path, engine, threads):
    told = record(sys.executable, engine, tmp_path / "t.trace", 20_000, threads)
    assert told["size"] == (tmp_path / "t.trace").stat().st_size > 0
    assert 1_000_000 < told["memory"] < 1_000_000_000
    with Trace.open(tmp_path / "t.trace") as trace:
        counted = [call.code.qualname for call in trace.calls.values()]
        assert counted.count("leaf") == 20_000 and counted.count("work") == threads
        assert "faults" not in trace.meta
    assert opening(tmp_path / "t.trace", "scope") > 0


def test_scope_does_not_wait_for_the_tables(tmp_path):
    """What was decided can be read at once, and nobody makes tables of millions of calls for it."""
    path = tmp_path / "t.trace"
    record(sys.executable, "settrace", path, 1000, 1)
    before = path.read_bytes()
    with Trace.open_at_once(path) as trace:
        at_once = trace.scope, trace.meta
    words = [sys.executable, "-m", "unmagic", "scope", str(path)]
    assert "many_calls.py" in subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert path.read_bytes() == before
    with Trace.open(path) as trace:
        assert trace.scope == at_once[0] and trace.scope
        assert trace.meta == {**at_once[1], "indexed": trace.meta["indexed"]}
    assert path.read_bytes() != before


def test_untraced_and_with_nothing_in_scope(tmp_path):
    assert record(sys.executable, "", tmp_path / "none.trace", 1000, 1)["size"] == 0
    record(sys.executable, "settrace", tmp_path / "t.trace", 1000, 1, "nothing_at_all")
    with Trace.open(tmp_path / "t.trace") as trace:
        assert not trace.calls


def test_the_verdict(capsys):
    assert verdict("a", 1.0, 1.0, "s") and not verdict("b", 1.01, 1.0, "s")
    assert capsys.readouterr().out.splitlines()[1].strip() == "b: 1.01 s, wanted at most 1.00: NO"
