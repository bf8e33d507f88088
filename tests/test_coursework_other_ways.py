"""Right in another way is right; what is wrong is so whatever was drawn; and who is silent comes to an end."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_coursework import Mutant, graded_mutant, hint_of, write_mutant, write_solution, written_mutants

from grader.coursework import assignment as assignments
from grader.coursework import stagefile, submission
from grader.coursework.exchange import Wrong
from grader.coursework.plain import PlainPlace
from grader.coursework.processes import Processes
from grader.coursework.staged import Asked, Patience

ASSIGNMENT = assignments.load()
NO_REQUEST = """raise AttributeError(f"no request is being handled here, so there is no {self._name}") from None"""
#: A test, and a written mutant that is easily caught by some questions and not by others.
DRAWN = (
    ("compression.broken", "a message may end within a block"),
    ("lengths.edges_cut", "one byte is enough for 16 bits of length"),
    ("headers.chunks", "one recv is enough for a line end"),
)
SEEDS = range(20)


def _mutant(name: str) -> Mutant:
    return next(mutant for mutant in written_mutants() if mutant.name == name)


def _passes(work: Path, id: str) -> list[bool]:
    """Whether it passes one test, for each seed."""
    stage = ASSIGNMENT.stage(id.partition(".")[0])
    (test,) = [test for test in stagefile.tests(ASSIGNMENT, stage) if test.id == id]
    place, patience = PlainPlace(), Patience(answer=4.0)
    processes = Processes(submission.load(work), place, patience)
    said = []
    try:
        for seed in SEEDS:
            asked = Asked(f"{seed}:{id}", processes.server, processes.shim, patience)
            try:
                test.run(asked)
                said.append(True)
            except Wrong:
                said.append(False)
            finally:
                asked.close()
    finally:
        processes.stop()
        place.close()
    return said


@pytest.mark.parametrize("id, name", DRAWN)
def test_the_verdict_is_the_same_whatever_was_drawn(id: str, name: str, tmp_path: Path):
    assert not any(_passes(write_mutant(tmp_path / "wrong", ASSIGNMENT, _mutant(name)), id))
    assert all(_passes(write_solution(tmp_path / "right", ASSIGNMENT), id))


@pytest.mark.parametrize("raised", ('RuntimeError("Working outside of request context.")', 'KeyError("request")'))
def test_whatever_says_that_there_is_no_request_will_do(raised: str):
    outcome = graded_mutant(Mutant("another error", "routes", "app", NO_REQUEST, f"raise {raised}", ""), ASSIGNMENT)
    assert all(stage.earned for stage in outcome.stages), hint_of(outcome, "routes")


def test_who_says_nothing_of_the_end_of_tcp_is_not_asked_for_ever():
    outcome = graded_mutant(_mutant("the end of TCP says nothing"), ASSIGNMENT)
    (failed,) = [tested for tested in outcome.tests if tested.status == "failed"]
    assert failed.id == "frame_in.hung_up"
    assert "the server ended the connection" in failed.output, "the loop in server.py goes on"
