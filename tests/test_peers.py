"""The measuring of ours beside other recorders: on the ones that need no installation, and the page that is made."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.peers.environment import PINS, CannotInstall, pins, prepared
from benchmarks.peers.measure import SIZES, measured, serving
from benchmarks.peers.recorders import KINDS
from benchmarks.peers.table import page, ratios, row, table, verdicts

pytestmark = pytest.mark.thorough

ALONE = ["untraced", "ours, settrace, calls and wire", "ours, settrace, values", "cProfile"]


@pytest.fixture(scope="module")
def servers():
    return measured(ALONE, dict.fromkeys(ALONE, Path(sys.executable)), "64 bytes", 3)


def test_every_recorder_was_there_and_what_it_left_is_counted(servers):
    untraced, calls, values, profile = servers
    assert untraced.left == {"calls": None, "bytes": 0}
    assert all(server.messages > 3 * 3 for server in servers)
    assert all(len(server.served.processor) == len(server.served.waited) == 3 for server in servers)
    a_message = [row(server, untraced).calls for server in (calls, values)]
    assert all(40 < count < 90 for count in a_message), a_message  # on a busy machine few messages share the handshake
    assert 0 < calls.left["bytes"] / calls.messages < values.left["bytes"] / values.messages
    assert row(profile, untraced).calls > 100


def test_the_page_has_a_row_for_each_and_the_verdict_on_ours(servers):
    text = page([("3.11", "64 bytes", servers)], 3)
    assert text.startswith("<!-- Made by `make bench-peers`. -->\n# ")
    assert [line.split(" | ")[0] for line in table(servers)[2:]] == [f"| {title}" for title in ALONE[1:]]
    assert all(line in text for line in table(servers))
    assert [line.partition(":")[0] for line in verdicts(servers)] == ALONE[1:3]
    assert all(name in text for name in pins(PINS))


def test_a_server_that_answers_no_longer_is_told_and_stops_nobody():
    with serving("untraced", Path(sys.executable), Path(tempfile.mkdtemp()) / "u") as server:
        server.process.kill()
        server.process.wait()
        server.warm(SIZES["64 bytes"])
        server.block(SIZES["64 bytes"])
    assert server.broken.startswith("stopped answering after 0 messages: ")
    assert server.broken in table([server, server])[2]


def test_ratios_are_of_the_same_blocks():
    assert ratios([2.0, 4.0, 6.0], [1.0, 2.0, 3.0]) == (2.0, 2.0, 2.0)


def test_a_server_that_does_not_start_says_why(tmp_path):
    """Kolo is not in this environment."""
    started = serving("Kolo", Path(sys.executable), tmp_path / "k")
    with pytest.raises(RuntimeError, match="the server with Kolo does not start: ModuleNotFoundError"), started:
        pass


def test_a_peer_that_does_not_start_is_left_out_and_ours_is_not(capsys, monkeypatch):
    """One in C may crash with a Python that it was not made for: the others have been measured for many minutes."""
    titles = ["untraced", "Kolo"]
    found = measured(titles, dict.fromkeys(titles, Path(sys.executable)), "64 bytes", 1)
    assert [one.title for one in found] == ["untraced"]
    assert "left out: the server with Kolo does not start: ModuleNotFoundError" in capsys.readouterr().err
    monkeypatch.setattr("benchmarks.peers.measure.ROOT", Path("/"))
    with pytest.raises(RuntimeError, match="the server with untraced does not start"):
        measured(titles, dict.fromkeys(titles, Path(sys.executable)), "64 bytes", 1)


def test_what_cannot_be_installed_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.peers.environment.FOLDER", tmp_path)
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such thing >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(CannotInstall, match=r"^kolo cannot be installed for Python 3\.12: no such thing$"):
        prepared(str(broken), 12, "kolo")


def test_every_peer_is_pinned():
    wanted = {kind.distribution for kind in KINDS.values()} - {""}
    assert wanted == set(pins(PINS))
