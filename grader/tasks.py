"""What courses ask for: tasks, and the chains of each (tasks.toml)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TASKS_FILE = Path(__file__).with_name("tasks.toml")


@dataclass(frozen=True)
class Part:
    """A chain of one recording: `way` is below, upward or arrival; `came` adds the way to the call itself."""

    scenario: str
    way: str
    call: str = ""
    nth: int = 0
    came: bool = False


@dataclass(frozen=True)
class ChainSpec:
    """One chain that a report has to show."""

    name: str
    title: str
    headings: tuple[str, ...]
    parts: tuple[Part, ...]
    skip: tuple[str, ...] = ("app",)


@dataclass(frozen=True)
class Task:
    """One report that a course sets: its chains, and the scenarios that say what runs."""

    name: str
    title: str
    chains: tuple[str, ...]
    scenarios: tuple[str, ...]


@cache
def load() -> tuple[dict[str, Task], dict[str, ChainSpec]]:
    """The tasks and the chains by name."""
    data = tomllib.loads(TASKS_FILE.read_text(encoding="utf-8"))
    tasks = [Task(t["name"], t["title"], tuple(t["chains"]), tuple(t["scenarios"])) for t in data["task"]]
    chains = [
        ChainSpec(
            c["name"],
            c["title"],
            tuple(c["headings"]),
            tuple(Part(p["scenario"], p["way"], p.get("call", ""), p.get("nth", 0), p.get("from", False))
                  for p in c["part"]),
            tuple(c.get("skip", ["app"])),
        )
        for c in data["chain"]
    ]  # fmt: skip
    return {task.name: task for task in tasks}, {chain.name: chain for chain in chains}
