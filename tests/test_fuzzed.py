"""Generated programs do the same recorded as untraced, and the engines agree: a sample of `make fuzzed`."""

from __future__ import annotations

import sys

import pytest
from campaigns.fuzzed import difference, try_seed
from campaigns.generated import program
from helpers_marks import more
from helpers_recording import from_source

SEEDS = range(1, 41)


@pytest.mark.parametrize("first", [1, *more(3, 11)])
def test_generated_programs_do_the_same_and_the_engines_agree(tmp_path, first):
    for seed in range(first, first + (2 if first == 1 else 8)):
        assert try_seed(seed, tmp_path).problems == (), f"seed {seed}"


def test_they_are_programs_worth_the_while():
    """Every kind of thing that they are said to have is in some of them."""
    sources = "\n".join(program(seed) for seed in SEEDS)
    made = sources.replace(program(1).partition("def run(n)")[0], "")
    words = "yield from|async for|async with|timed_out|cancelled(|gathered|in_threads|throw|from error|with Thing"
    for word in (*words.split("|"), "finally", "anything", "recursive(", "lambda", "looped("):
        assert word in made, word
    assert len({program(seed) for seed in SEEDS}) == len(SEEDS)
    assert program(7) == program(7)


def test_a_program_that_is_not_the_same_is_told(tmp_path, monkeypatch):
    """Had tracing changed what a program does, it would be seen: here one looks whether it is traced."""
    source = "import sys, threading\n\n\ndef f():\n    return sys.gettrace() is not None or bool(THREADS())\n\n\n"
    source += "def THREADS():\n    return getattr(sys, 'monitoring', None) and sys.monitoring.get_tool(4)\n\n\n"
    source += "def run(n):\n    return f()\n"
    assert from_source(source, tmp_path).run(1) is False or sys.gettrace() is not None
    monkeypatch.setattr("campaigns.fuzzed.program", lambda seed: source)
    assert "did not do the same as untraced" in try_seed(1, tmp_path).problems[0]


def test_the_first_difference_is_shown():
    assert difference([1, 2, 3], [1, 5, 3]) == "2 and 5"
    assert difference([1], [1, 2]) == "1 and 2 calls"
