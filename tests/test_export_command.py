"""`unmagic export`, the command: the same when made again, one sentence for bad input, files replaced whole."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from helpers_cli import Done, one_sentence, tree, unmagic

from report.exports import FORMATS


@pytest.mark.thorough
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
