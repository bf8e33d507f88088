"""The README of a starter: the assignment's own text with its stages in it, made from the table."""

from __future__ import annotations

from .assignment import Assignment, Stage
from .stagefile import Test, tests

#: In the starter's README.md: where the stages go.
STAGES = "<!-- stages -->"


def readme(assignment: Assignment) -> str:
    """The text of README.md, as Markdown."""
    text = (assignment.starter / "README.md").read_text(encoding="utf-8")
    stages = "\n\n".join(_stage(stage, number, assignment) for number, stage in enumerate(assignment.stages, 1))
    return text.replace(STAGES, stages)


def _stage(stage: Stage, number: int, assignment: Assignment) -> str:
    titles = [f"{assignment.stage(need).title}" for need in stage.needs]
    after = f" · after: {'; '.join(titles)}" if titles else ""
    lines = [f"### {number}. {stage.title} (`{stage.id}`, {stage.most} points{after})", "", stage.what, ""]
    lines += [f"Read: {stage.reads}.", ""] if stage.reads else []
    lines += [f"- {_place(name, assignment)}" for name in stage.functions]
    lines += [f"- and again {_place(name, assignment)}" for name in stage.again]
    lines += ["", "What is asked:", "", *map(_asked, tests(assignment, stage))]
    return "\n".join(lines)


def _place(function: str, assignment: Assignment) -> str:
    module, _, name = function.partition(".")
    return f"`{assignment.package}/{module}.py`: `{name}`"


def _asked(test: Test) -> str:
    points = f"{test.points} point{'' if test.points == 1 else 's'}{', hidden' if test.hidden else ''}"
    return f"- `{test.id.partition('.')[2]}` {test.name} ({points})"
