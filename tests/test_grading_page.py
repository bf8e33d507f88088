"""docs/grading.md says what the commands do: its numbers, options and exit codes are held against them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from helpers_class import unmagic

from grader.emitters import MANY, ONE
from grader.sandbox.limits import MIB, Limits
from grader.sandbox.tiers import TIERS, WHAT

TEXT = (Path(__file__).parent.parent / "docs" / "grading.md").read_text(encoding="utf-8")


def test_the_limits_are_the_ones_that_hold():
    limits = Limits()
    for said in (
        f"{limits.memory // MIB} MiB of memory", f"{limits.processes} processes and threads",
        f"{limits.processor} seconds of processor time", f"{limits.files} open files",
        f"{limits.space // MIB} MiB of files",
        f"{limits.output // MIB} MiB of output", f"{limits.wall / 60:g} minutes",
    ):  # fmt: skip
        assert said in " ".join(TEXT.split()), said


def test_every_format_and_every_tier_is_told():
    assert {f"`{name}`" for name in (*ONE, *MANY)} <= set(re.findall(r"`\w+`", TEXT))
    assert set(TIERS) == set(WHAT) == set(re.findall(r"^\| ([A-Z]) \|", TEXT, re.MULTILINE))


@pytest.mark.parametrize("command", ("grade", "grade-class", "doctor"))
def test_options_that_it_names_are_there_and_exit_codes_are_in_the_help(command: str):
    told = " ".join(unmagic(command, "--help").stdout.split())
    for line in re.findall(rf"^    unmagic {command} .*$", TEXT, re.MULTILINE):
        for option in re.findall(r"--[a-z]+", line):
            assert option in told, option
    assert f"| `unmagic {command}` |" in TEXT and "Exit codes: 0" in told
