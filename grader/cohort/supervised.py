"""Grade one hand-in in a supervisor of its own (grader/sandbox/supervise.py), from here or from a worker far away.

In: the hand-in, as a path or as bytes. Out: a `Graded`. Whatever happens to the supervisor, there is one: a fault of
ours is tried again, and then is a status, never a score.
"""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..coursework import outcome as outcomes
from ..coursework.outcome import Outcome
from ..coursework.submission import MAX_BYTES, SubmissionError, files
from ..sandbox.limits import Limits
from ..sandbox.supervisors import SupervisorDied, ask

#: How often a fault of ours is tried again.
RETRIES = 2
_AFTER = 90.0  # seconds beyond a submission's own time until its supervisor is given up


@dataclass(frozen=True)
class Settings:
    """All that decides what comes of a hand-in, but the hand-in."""

    assignment: str  # the folder with its stages.toml
    tier: str
    key: str = ""  # what chance is drawn from, with the hand-in
    stages: tuple[str, ...] = ()  # none: all
    hidden: tuple[str, ...] = ()  # folders that no submission may see
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True)
class Graded:
    """What came of one hand-in. `status`: graded; refused (it is none that can be graded: a person has to look); fault
    (ours). Only the first has points. `flags`: what a person should look at."""

    status: str
    outcome: Outcome
    flags: tuple[str, ...] = ()
    attempts: int = 1


def packed(source: Path) -> bytes:
    """A hand-in as the bytes of an archive; an archive as it is. Raises `SubmissionError`."""
    try:
        if not source.is_dir():
            if not source.is_file():
                raise SubmissionError(f"{source}: it is neither a file nor a folder")
            if source.stat().st_size > MAX_BYTES:
                raise SubmissionError(f"{source}: it has more than {MAX_BYTES >> 20} MiB")
            return source.read_bytes()
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            for path in files(source):
                entry = tarfile.TarInfo(path.relative_to(source).as_posix())
                data = path.read_bytes()
                entry.size, entry.mode = len(data), 0o755 if path.stat().st_mode & 0o100 else 0o644
                archive.addfile(entry, io.BytesIO(data))
        return made.getvalue()
    except OSError as error:
        raise SubmissionError(f"{source}: it cannot be read ({error.strerror or error})") from None


def grade(name: str, hand_in: bytes, settings: Settings) -> Graded:
    """Grade one hand-in; never raises for what a submission or a supervisor did."""
    graded = unreachable(name, settings, "it was not tried")
    for attempt in range(1 + RETRIES):
        graded = _once(name, hand_in, settings, attempt + 1)
        if graded.status != "fault":
            break
    return graded


def _once(name: str, hand_in: bytes, settings: Settings, attempt: int) -> Graded:
    job = {
        "name": name, "assignment": settings.assignment, "tier": settings.tier, "key": settings.key,
        "stages": settings.stages, "hidden": settings.hidden, "limits": settings.limits.data(), "size": len(hand_in),
    }  # fmt: skip
    try:
        whole = json.dumps(job).encode() + b"\n" + hand_in
        answer = json.loads(ask(whole, settings.assignment, settings.limits.wall + _AFTER))
        if "outcome" in answer:
            outcome = outcomes.outcome(answer["outcome"])
            return Graded("fault" if outcome.not_graded else "graded", outcome, tuple(answer["flags"]), attempt)
        if "refused" in answer:
            return refused(name, settings, str(answer["refused"]), attempt)
        why = str(answer["fault"])
    except TimeoutError:
        why = "its supervisor did not end in time"
    except SupervisorDied as died:
        why = f"its supervisor ended early ({died})"
    except (OSError, ValueError, KeyError, TypeError) as error:
        why = f"its supervisor gave no answer ({type(error).__name__})"
    return unreachable(name, settings, why, attempt)


def unreachable(name: str, settings: Settings, why: str, attempt: int = 1) -> Graded:
    """A fault of ours: no score."""
    return Graded("fault", _empty(name, settings, f"a fault of the grader's own: {why}"), (), attempt)


def refused(name: str, settings: Settings, why: str, attempt: int = 1) -> Graded:
    """What was handed in is nothing that can be graded: no score either, a person has to look."""
    return Graded("refused", _empty(name, settings, why), (), attempt)


def _empty(name: str, settings: Settings, why: str) -> Outcome:
    return Outcome(name, "", "", "", settings.tier, not_graded=why)


def data(graded: Graded) -> dict[str, Any]:
    """Plain JSON types."""
    return {
        "status": graded.status, "flags": list(graded.flags), "attempts": graded.attempts,
        "outcome": outcomes.data(graded.outcome),
    }  # fmt: skip


def graded(data: dict[str, Any]) -> Graded:
    """The way back. Raises KeyError, TypeError or ValueError."""
    return Graded(str(data["status"]), outcomes.outcome(data["outcome"]), tuple(data["flags"]), int(data["attempts"]))
