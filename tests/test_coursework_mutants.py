"""Mutants of reference_impl are caught in their stage, and the hint names the fault. All of them: `make mutants`."""

from __future__ import annotations

from collections import Counter

import pytest
from helpers_coursework import graded_mutant, hint_of, written_mutants

from grader.coursework import assignment as assignments

MUTANTS = written_mutants()
#: One of each kind that the issue of a course is full of; the others are the campaign's.
SAMPLE = (
    "lines end with LF", "the last of two lines wins", "one request for all threads", "the GUID is forgotten",
    "base64 of the hex digest", "nothing is unmasked", "the server masks", "the length is read little-endian",
    "every fragment is a message", "a pong without a payload", "the close code is not echoed",
    "masks are not checked", "RSV1 is not set",
)  # fmt: skip


def test_the_list_is_long_and_fits_the_source():
    assignment = assignments.load()
    assert len(MUTANTS) >= 60
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    for mutant in MUTANTS:
        source = (assignment.source / f"{mutant.module}.py").read_text(encoding="utf-8")
        compile(mutant.of(source), mutant.module, "exec")
        assert mutant.hint
    counts = Counter(mutant.stage for mutant in MUTANTS)
    assert set(counts) == {stage.id for stage in assignment.stages}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_mutant_is_caught_in_its_stage_and_named(name: str):
    mutant = next(mutant for mutant in MUTANTS if mutant.name == name)
    outcome = graded_mutant(mutant)
    assert outcome.not_graded == ""
    assert [stage.id for stage in outcome.stages if not stage.earned] == [mutant.stage]
    hint = hint_of(outcome, mutant.stage)
    assert mutant.hint.lower() in hint.lower(), hint
