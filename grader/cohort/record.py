"""An outcome as the record that the emitters write: a part for each stage. Nobody has to confirm it: tests are no
opinion."""

from __future__ import annotations

import datetime

from ..coursework.outcome import Outcome, StageOutcome
from ..record import Record, Scored


def record(outcome: Outcome, at: str = "") -> Record:
    """The record of an outcome; one that was not graded has a problem, and no points."""
    by_stage = {stage.id: _part(stage, outcome) for stage in outcome.stages}
    at = at or datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    parts = () if outcome.not_graded else tuple(by_stage.values())
    return Record(
        outcome.submission,
        outcome.assignment or "coursework",
        parts,
        outcome.not_graded,
        f"unmagic, tier {outcome.tier}",
        at,
    )


def _part(stage: StageOutcome, outcome: Outcome) -> Scored:
    mine = [tested for tested in outcome.tests if tested.stage == stage.id]
    failed = [tested for tested in mine if tested.status == "failed"]
    if stage.skipped_for:
        said = f"not run, because stage {stage.skipped_for} comes first"
    elif stage.earned:
        said = f"all {len(mine)} tests passed"
    else:
        said = f"{len(failed)} of {len(mine)} tests failed"
    told = [
        "\n".join(
            filter(None, (f"{tested.name}:", tested.output.strip(), f"hint: {tested.hint}" if tested.hint else ""))
        )
        for tested in failed
    ]
    note = "\n\n".join(told)
    return Scored(stage.id, stage.title, stage.points, stage.max_points, said, f"\n\n{note}" if note else "")
