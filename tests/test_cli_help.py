"""The command line's help, its version, and command lines that are none."""

from __future__ import annotations

import re
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers_cli import Done, alone, one_sentence, tree, unmagic

from unmagic.cli import main

COMMANDS = (
    "chain", "check", "confirm", "coursework", "diff", "doctor", "emit", "export", "grade", "grade-class", "journeys",
    "live", "lock", "pages", "report", "run", "scope", "show", "symbols", "trace", "trace-call", "truth",
)  # fmt: skip


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_the_exit_codes(flag: str, tmp_path: Path):
    done = alone(flag, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    listed = re.findall(r"^  ([\w-]+)  +(\S.*)$", done.out.partition("Show this message and exit")[2], re.MULTILINE)
    assert sorted(name for name, _ in listed) == sorted(COMMANDS)
    assert all(said.endswith(".") and not said.endswith("...") for _, said in listed)  # whole, on one line
    assert "Exit codes: 0" in done.out and "2 bad input" in done.out


@pytest.mark.parametrize("words", [(name,) for name in COMMANDS] + [("lock", "prove"), ("lock", "show")], ids=" ".join)
def test_help_of_each_command_tells_every_option(words: tuple[str, ...]):
    done = CliRunner().invoke(main, [*words, "--help"], prog_name="unmagic", terminal_width=200)
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: unmagic {' '.join(words)} ")
    options = re.findall(r"^  (?:-\w, )?--[\w-]+.*$", done.output, re.MULTILINE)
    silent = [line for line in options if not re.search(r"\S  +\S|^.{30,}$", line)]
    listed = done.output.partition("Options:")[2]
    assert options and all(line.strip() in listed for line in silent)


def test_the_version_is_the_distributions(tmp_path: Path):
    try:
        version = metadata.version("unmagic")
    except metadata.PackageNotFoundError:
        pytest.skip("not installed here")
    assert alone("--version", cwd=tmp_path) == Done(0, f"unmagic {version}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("--no-such-option",),
        ("trace", "--no-such-option"),
        ("trace", "--engine", "none"),
        ("chain",),
        ("scope",),
        ("run",),
        ("lock", "prove"),
        ("lock", "no-such-command"),
    ],
)
def test_a_wrong_command_line_is_refused(words: tuple[str, ...], tmp_path: Path):
    done = unmagic(*words, cwd=tmp_path)
    assert done.out == ""
    assert "--help" in one_sentence(done)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("words", "near"),
    [(("jorneys", "x"), "journeys"), (("coursework", "knew"), "new"), (("journeys", "--jsn", "x"), "--json")],
)
def test_of_a_word_that_there_is_not_the_nearest_is_told(words: tuple[str, ...], near: str, tmp_path: Path):
    assert f"did you mean '{near}'?" in one_sentence(unmagic(*words, cwd=tmp_path))


def test_no_command_at_all_shows_the_help(tmp_path: Path):
    done = alone(cwd=tmp_path)
    assert done.code == 2 and all(f"  {name} " in done.err for name in COMMANDS)
