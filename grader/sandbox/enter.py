"""Steps of a supervisor from an ordinary process to one that stands beside its submission, in the same private
network."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ..coursework.place import PlaceError
from . import seccomp
from .box import SandboxPlace
from .bubblewrap import Bubblewrap
from .call import HOME
from .interpreter import Interpreter, interpreters, left_out, readable_by_others
from .job import Job
from .limits import Limits
from .linux import adopt_orphans, closed_to_others, die_with, private_namespaces
from .slots import Slot
from .user import OtherUser, can_be_another, everybody
from .wall import Wall


def user_of(tier: str, slot: Slot) -> int | None:
    """Whom the submission runs as: the slot's user where we may choose, else ourselves."""
    return slot.user if tier in "AB" and os.geteuid() == 0 else None


def enter(tier: str, job: Job, slot: Slot, limits: Limits, hidden: tuple[Path, ...], parent: int) -> SandboxPlace:
    """Build the wall around this process's future children; to be called once, before there are threads. Raises
    `PlaceError`."""
    try:
        seccomp.program(network=True)
        adopt_orphans()
        wall = _bubblewrap(job, slot, limits, hidden) if tier == "A" else _user(tier, job, slot, limits, hidden)
        die_with(parent)
        closed_to_others()
    except seccomp.UnknownMachine as error:
        raise PlaceError(str(error)) from None
    except OSError as error:
        raise PlaceError(f"tier {tier}: {error.strerror or error}") from None
    return SandboxPlace(wall, limits, wall.interpreter.program)


def _bubblewrap(job: Job, slot: Slot, limits: Limits, hidden: tuple[Path, ...]) -> Bubblewrap:
    if shutil.which("bwrap") is None:
        raise PlaceError("bubblewrap is not installed (there is no bwrap on PATH)")
    user = user_of("A", slot)
    python = _python(user)
    try:
        private_namespaces(user)
    except OSError as error:
        raise PlaceError(f"this machine forbids user namespaces ({error.strerror or error})") from None
    return Bubblewrap(job, limits, python, left_out(python.prefix, (HOME, *hidden)), user)


def _user(tier: str, job: Job, slot: Slot, limits: Limits, hidden: tuple[Path, ...]) -> OtherUser:
    if tier == "B" and (why := can_be_another()):
        raise PlaceError(why)
    if tier == "C" and os.geteuid() == 0:
        raise PlaceError("a submission is never run as root")
    python = _python(slot.user if tier == "B" else None)
    if tier == "B":
        everybody(slot.user)  # what a killed grader left
    return OtherUser(job, limits, python, left_out(python.prefix, (HOME, *hidden)), slot, tier)


def _python(user: int | None) -> Interpreter:
    """The Python of the submission: ours, unless another user cannot read it, as where it lies in root's own folder.
    Nothing is mounted or copied to change that. Raises `PlaceError`."""
    for python in interpreters():
        if user is None or readable_by_others(python.prefix):
            return python
    raise PlaceError("there is no Python that another user may read; install the system's python3")


__all__ = ["Wall", "enter", "user_of"]
