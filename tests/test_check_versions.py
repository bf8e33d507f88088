"""Other versions: a pinned environment, the truth of a folder of traces, and two chains side by side."""

from __future__ import annotations

import platform
import re
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers_checker import ROOT, truth_of, truths

from grader import truth as truth_file
from grader.diff import ADDED, CHANGED, GONE, MOVED, SAME, compare
from grader.faces import beside
from grader.truth import Chain, Truth, TruthError, dump, load
from tracer.scenarios import PlayError, pinned
from tracer.scenarios.client import closes
from unmagic.cli import main
from unmagic.truth import of_folder

TODAY, OLD = truths()


def test_what_comes_along_is_today_and_2022():
    assert [truth.name for truth in truths()] == ["today", "2022"]
    for truth, file in ((TODAY, "requirements.txt"), (OLD, "pins/2022.txt")):
        pins = dict(line.split("==") for line in (ROOT / file).read_text().split() if "==" in line)
        assert {name: one.version for name, one in truth.libraries.items() if name != "python"} == {
            name: pins[name] for name in truth.libraries if name != "python"
        }


@pytest.mark.parametrize("truth", truths(), ids=lambda truth: truth.name)
def test_every_hop_has_a_link_to_a_commit_or_a_tag(truth: Truth):
    for chain in truth.chains.values():
        for hop in chain.hops:
            url = truth.link(hop)
            pinned = r"https://github\.com/[\w.-]+/[\w.-]+/blob/([0-9a-f]{40}|v3\.\d+\.\d+)/\S+#L\d+(-L\d+)?"
            assert re.fullmatch(pinned, url), hop


@pytest.mark.parametrize("truth", truths(), ids=lambda truth: truth.name)
def test_the_chains_go_from_the_socket_to_the_program_and_back(truth: Truth):
    receive = [hop.name for hop in truth.chains["receive"].hops]
    assert receive.index("accept") < receive.index("recv") < receive.index("XorMaskerSimple.process")
    assert [hop.kind for hop in truth.chains["receive"].hops].count("thread") == 2
    assert truth.chains["receive"].hops[-1].kind == "handoff"
    assert truth.chains["send"].hops[-1].name == "send"
    assert {"bind", "listen"} <= {hop.name for hop in truth.chains["listen"].hops}


def test_the_committed_truth_is_what_the_traces_give(scenario_folder: Path):
    if platform.python_version() != TODAY.python:
        pytest.skip("the committed truth is of another Python, whose library has other lines")
    assert dump(of_folder(scenario_folder, "today")) == (truth_file.FOLDER / "today.json").read_text(encoding="utf-8")


def test_one_trace_is_a_truth_for_the_chains_that_it_holds(scenario_folder: Path):
    found = truth_of(scenario_folder / "receive.trace")
    assert {"listen", "connection", "sock", "receive", "send", "handshake"} <= set(found.chains)
    assert "headers" not in found.chains


@pytest.mark.parametrize("content", ["", "{}", '{"schema": 99}', '{"schema": 1, "libraries": 1}', "\x00"])
def test_a_file_that_is_no_truth(content: str, tmp_path: Path):
    path = tmp_path / "t.json"
    path.write_text(content)
    with pytest.raises(TruthError, match=r"t\.json"):
        load(path)


# --- side by side ---------------------------------------------------------------------------------------------------


def statuses(name: str, before: Truth = OLD, after: Truth = TODAY) -> dict[str, str]:
    diff = compare(before, after, [name])[0]
    return {(row.after or row.before).name: row.status for row in diff.rows}  # type: ignore[union-attr]


def test_a_truth_beside_itself_is_the_same():
    assert not any(diff.differs for diff in compare(TODAY, TODAY))


def test_what_changed_between_2022_and_today():
    sock, init_app = statuses("sock"), statuses("init_app")
    assert sock == {"Sock.__init__": CHANGED, "Blueprint.__init__": GONE}
    assert init_app["App.register_blueprint"] == MOVED
    assert init_app["Sock.init_app"] == SAME
    assert statuses("listen")["prepare_socket"] == GONE
    assert statuses("listen")["HTTPServer.server_bind"] == ADDED


def test_a_hop_that_is_taken_out_is_gone_and_nothing_else_is():
    hops = TODAY.chains["send"].hops
    less = replace(TODAY, chains={"send": Chain("send", "send()", hops[:2] + hops[3:])})
    diff = compare(TODAY, less)[0]
    assert [row.status for row in diff.rows] == [SAME, SAME, GONE, SAME, SAME, SAME]
    back = compare(less, TODAY)[0]
    assert [row.status for row in back.rows] == [SAME, SAME, ADDED, SAME, SAME, SAME]


def test_both_links_are_told():
    told = beside.text(compare(OLD, TODAY, ["init_app"]), OLD, TODAY)
    assert told.count(OLD.libraries["flask"].reference) == told.count(TODAY.libraries["flask"].reference) == 5
    page = beside.page(compare(OLD, TODAY), OLD, TODAY)
    assert all(f'id="{name}"' in page for name in TODAY.chains)


def test_the_command(tmp_path: Path):
    done = CliRunner().invoke(main, ["diff", "2022", "today", "--chain", "sock", "--exit-code"])
    assert (done.exit_code, "− gone    Blueprint.__init__ (flask)" in done.stdout) == (1, True)
    page = tmp_path / "d.html"
    assert CliRunner().invoke(main, ["diff", "2022", "today", "--html", str(page)]).exit_code == 0
    assert page.read_text().startswith("<!DOCTYPE html>")
    for arguments in (["2022", "nothing.trace"], ["2022", "today", "--chain", "x"], ["2022", str(page)]):
        done = CliRunner().invoke(main, ["diff", *arguments])
        assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)


def test_the_real_stack_beside_our_own(scenario_folder: Path):
    """Two stacks share the names of functions, and no library."""
    real, ours = scenario_folder / "receive.trace", scenario_folder / "ours.trace"
    call = ["--call", "simple_websocket:Base.receive", "--to", "reference_impl:Server.receive", "--up"]
    done = CliRunner().invoke(main, ["diff", str(real), str(ours), *call])
    assert done.exit_code == 0
    assert "wsproto WSConnection.receive_data is reference_impl WSConnection.receive_data" in done.stdout
    assert "+ added   apply_mask (reference_impl)" in done.stdout
    assert "− gone    XorMaskerSimple.process (wsproto)" in done.stdout
    assert "~ changed recv: in Server._thread, was in Base._thread" in done.stdout
    for wrong, said in (("nothing", "names no function"), ("a:b", "has no chain of a:b")):
        done = CliRunner().invoke(main, ["diff", str(real), str(ours), "--call", wrong])
        assert (done.exit_code, said in done.stderr, len(done.stderr.strip().splitlines())) == (2, True, 1)


# --- pins -----------------------------------------------------------------------------------------------------------


def test_pins_make_one_environment_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A real environment, with a package made here, so that no index is asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    wheel = tmp_path / "little-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("little/__init__.py", "VALUE = 7\n")
        archive.writestr("little-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: little\nVersion: 1.0\n")
        archive.writestr("little-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr("little-1.0.dist-info/RECORD", "")
    pins = tmp_path / "p.txt"
    pins.write_text(f"little @ {wheel.as_uri()}\n")
    said: list[str] = []
    python = pinned.python_for(pins, said.append)
    asked = subprocess.run([str(python), "-c", "import little; print(little.VALUE)"], capture_output=True, text=True)
    assert (asked.stdout.strip(), len(said)) == ("7", 1)
    assert pinned.python_for(pins, said.append) == python
    assert len(said) == 1
    pins.write_text(f"# changed\nlittle @ {wheel.as_uri()}\n")
    assert pinned._digest(pins, pins.read_text()) not in str(python)


def test_pins_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    empty = tmp_path / "empty.txt"
    empty.write_text("# nothing\n")
    for path, said in ((tmp_path / "no.txt", "cannot read"), (empty, "names no package")):
        with pytest.raises(PlayError, match=said):
            pinned.python_for(path)
    bad = tmp_path / "bad.txt"
    bad.write_text(f"little @ {(tmp_path / 'gone.whl').as_uri()}\n")
    with pytest.raises(PlayError, match="cannot install what"):
        pinned.python_for(bad)


def test_today_s_pins_take_their_versions_from_requirements():
    text = (ROOT / "pins" / "today.txt").read_text()
    assert "==" not in text
    assert "--constraint ../requirements.txt" in text


@pytest.mark.parametrize(
    ("received", "does"),
    [
        (b"HTTP/1.1 101 Switching\r\n\r\n\x81\x05Hello\x88\x02\x03\xe8", True),
        (b"HTTP/1.1 101 Switching\r\n\r\n\x81\x7e\x00\xc8" + b"x" * 200 + b"\x88\x00", True),
        (b"HTTP/1.1 101 Switching\r\n\r\n\x81\x05\x88\x02\x03\xe8x", False),
        (b"HTTP/1.1 101 Switching\r\n\r\n\x82\x7f\x00\x00", False),
        (b"HTTP/1.0 200 OK\r\n\r\n\x88\x02", False),
        (b"HTTP/1.1 101", False),
    ],
)
def test_a_close_frame_is_told_from_one_inside_a_payload(received: bytes, does: bool):
    assert closes(received) is does
