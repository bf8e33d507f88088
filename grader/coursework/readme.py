"""The README of a starter: the assignment's own text with its stages in it, made from the table."""

from __future__ import annotations

from .assignment import Assignment, Stage

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
    lines += [
        f"- `{assignment.package}/{name.partition('.')[0]}.py`: `{name.partition('.')[2]}`" for name in stage.functions
    ]
    return "\n".join(lines)
