"""`unmagic trace` and `unmagic pages`: what they record, write and compare, and where they cannot."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from helpers_cli import one_sentence, tree, unmagic
from helpers_run import called

from tracer.scenarios import EVERY
from unmagic import checked

COMMITTED = ROOT / "report" / "flask_sock"


# --- trace -------------------------------------------------------------------------------------------------


def test_trace_lists_the_scenarios(tmp_path: Path):
    done = unmagic("trace", "--list", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == list(EVERY)
    assert tree(tmp_path) == {}


def test_trace_of_an_unknown_scenario(tmp_path: Path):
    told = one_sentence(unmagic("trace", "tcp", "no-such", cwd=tmp_path))
    assert "'no-such'" in told and all(name in told for name in EVERY)
    assert tree(tmp_path) == {}


def test_trace_records_and_says_where(tmp_path: Path):
    done = unmagic("trace", "sock", "-o", "new/folder", cwd=tmp_path)
    assert (done.code, done.out) == (0, "1 trace in new/folder/\n")
    assert done.err == "recording 1/1 sock\n"
    assert [p for p in tree(tmp_path) if "." in p] == ["new/folder/sock.trace"]
    assert called(tmp_path / "new/folder/sock.trace")[0] == "<module>"


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/self/unmagic-test"])
def test_trace_into_a_folder_that_cannot_be_written(tmp_path: Path, where: str):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("trace", "tcp", "-o", where, cwd=tmp_path))
    assert where in told
    assert tree(tmp_path) == {"file": b"mine"}


def test_trace_where_a_folder_has_the_name_of_a_trace(tmp_path: Path):
    (tmp_path / "out/sock.trace").mkdir(parents=True)
    told = one_sentence(unmagic("trace", "sock", "-o", "out", cwd=tmp_path))
    assert "out" in told
    assert tree(tmp_path) == {"out": None, "out/sock.trace": None}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="has sys.monitoring")
def test_an_engine_that_this_python_has_not(tmp_path: Path):
    told = one_sentence(unmagic("trace", "sock", "-o", "out", "--engine", "monitoring", cwd=tmp_path))
    assert "sys.monitoring" in told and "settrace" in told
    assert "_unmagic_recording" not in told, "a name that no user knows"
    assert [p for p in tree(tmp_path) if "." in p] == []


# --- pages -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(scenario_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `unmagic pages` wrote."""
    folder = tmp_path_factory.mktemp("pages")
    done = unmagic("pages", "--traces", scenario_folder, "-o", folder / "out", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    count = len(tree(folder / "out"))
    assert done.out == f"{count} pages in {folder}/out/, begin with {folder}/out/README.md\n"
    return folder / "out"


@pytest.mark.thorough
def test_pages_writes_what_is_built(written: Path, pages_now: dict[str, str]):
    there = {name: data.decode() for name, data in tree(written).items() if data is not None}
    assert there == {**pages_now, **checked.pages()}


@pytest.mark.elsewhere
def test_check_of_the_committed_pages_agrees(scenario_folder: Path):
    done = unmagic("pages", "--check", "--traces", scenario_folder, cwd=ROOT)
    assert (done.code, done.err) == (0, ""), done.out
    assert done.out.startswith("report/flask_sock is what `make trace` makes")


def test_check_shows_what_differs_and_writes_nothing(scenario_folder: Path, written: Path, tmp_path: Path):
    shutil.copytree(written, tmp_path / "out")
    page = tmp_path / "out/send.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace("81 05 48 65 6c 6c 6f", "81 05 48 61 6c 6c 6f"), encoding="utf-8"
    )
    before = tree(tmp_path)
    done = unmagic("pages", "--check", "--traces", scenario_folder, "-o", tmp_path / "out", cwd=ROOT)
    assert done.code == 1
    assert "--- committed/send.md" in done.out and "+++ now/send.md" in done.out
    assert re.search(r"^-.*81 05 48 61", done.out, re.MULTILINE) and re.search(
        r"^\+.*81 05 48 65", done.out, re.MULTILINE
    )
    assert "committed/sock.md" not in done.out
    assert [line for line in done.err.splitlines() if line.startswith("unmagic: ")] == done.err.splitlines() != []
    assert tree(tmp_path) == before


def test_pages_below_a_file(scenario_folder: Path, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("pages", "--traces", scenario_folder, "-o", tmp_path / "file/out", cwd=ROOT))
    assert "file/out" in told and "is no folder" in told
    assert tree(tmp_path) == {"file": b"mine"}
    told = one_sentence(unmagic("pages", "-o", tmp_path / "file/out", cwd=tmp_path))
    assert "is no folder" in told, "and nothing is recorded before that is told"


def test_pages_of_a_folder_without_traces(tmp_path: Path):
    (tmp_path / "traces").mkdir()
    told = one_sentence(unmagic("pages", "--traces", "traces", "-o", "out", cwd=tmp_path))
    assert "traces/sock.trace" in told
    assert tree(tmp_path) == {"traces": None}


@pytest.mark.parametrize(("option", "path"), [("-o", "file"), ("--traces", "file"), ("--traces", "missing")])
def test_pages_of_a_path_that_is_no_folder(tmp_path: Path, option: str, path: str):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("pages", option, path, cwd=tmp_path))
    assert path in told
    assert tree(tmp_path) == {"file": b"mine"}
