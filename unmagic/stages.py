"""How a student's own try looks on the terminal: a line for each stage, then the first failure explained."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from grader.coursework.assignment import Assignment, Stage
from grader.coursework.outcome import Outcome, StageOutcome, Tested

from .terminal import console

MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("·", "dim"), "error": ("!", "red")}
#: How the parts of an explanation look, by the word that a line begins with.
STYLES = {"sent": "cyan", "wanted": "green", "came": "red", "then": "yellow", "printed": "magenta"}


class Told:
    """Tells of the tests as they run."""

    def __init__(self, to: Console, assignment: Assignment, stages: Sequence[Stage], *, everything: bool) -> None:
        self._to, self._stages, self._everything = to, stages, everything
        self._numbers = {stage.id: number for number, stage in enumerate(assignment.stages, 1)}
        self._tests: dict[str, list[Tested]] = {stage.id: [] for stage in stages}
        self._done: dict[str, StageOutcome] = {}
        self._live = Live(self._table(), console=to, auto_refresh=False, transient=True) if to.is_terminal else None
        if self._live:
            self._live.start()

    def test(self, tested: Tested) -> None:
        """One test is over."""
        self._tests[tested.stage].append(tested)
        self._refresh()

    def stage(self, outcome: StageOutcome) -> None:
        """One stage is over."""
        self._done[outcome.id] = outcome
        self._refresh()

    def _refresh(self) -> None:
        if self._live:
            self._live.update(self._table(), refresh=True)

    def stop(self) -> None:
        """Nothing more is running."""
        if self._live:
            self._live.stop()
            self._live = None

    def end(self, outcome: Outcome) -> None:
        """What came of it, in whole."""
        failed = _alike([tested for tested in outcome.tests if tested.status in ("failed", "error")])
        self._to.print(self._table())
        for sentence in _not_run(outcome):
            self._to.print(Text(sentence, "dim"))
        for first, *same in failed if self._everything else failed[:1]:
            self._to.print()
            self._to.print(_explained(first))
            if same:
                self._to.print(Text(f"  So, too: {', '.join(tested.id for tested in same)}", "dim"))
        if len(failed) > 1 and not self._everything:
            self._to.print()
            others = ", ".join(tested.id for group in failed[1:] for tested in group)
            self._to.print(Text(f"Then: {others} (--all explains them, too)", "dim"))
        if not outcome.not_graded:
            self._to.print()
            self._to.print(_sum(outcome))

    def _table(self) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
        table.add_column(justify="right", style="dim")
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(justify="right")
        for stage in self._stages:
            table.add_row(str(self._numbers[stage.id]), stage.title, self._marks(stage), self._points(stage))
        return table

    def _marks(self, stage: Stage) -> Text:
        text = Text()
        for tested in self._tests[stage.id]:
            text.append(*MARKS[tested.status])
        return text.append("·" * (len(stage.points) - len(self._tests[stage.id])), "dim")

    def _points(self, stage: Stage) -> Text:
        done = self._done.get(stage.id)
        if done is None:
            return Text(f"{stage.most}", "dim")
        if done.skipped_for:
            return Text(f"after {done.skipped_for}", "dim")
        return Text(f"{done.points} of {done.max_points}", "green" if done.earned else "yellow")


def _alike(failed: Sequence[Tested]) -> list[list[Tested]]:
    """Failures of which the same is to be told stand together, in the order of the first of them. Of a hidden test its
    name tells more than the rest."""
    groups: dict[tuple[str, ...], list[Tested]] = {}
    for tested in failed:
        own = tested.id if tested.visibility == "hidden" else ""
        groups.setdefault((own, tested.output, tested.hint), []).append(tested)
    return list(groups.values())


def _not_run(outcome: Outcome) -> list[str]:
    """Why tests were left out in a stage that was begun; of one that waits for another, its line says it."""
    waiting = {stage.id for stage in outcome.stages if stage.skipped_for}
    left = [one for one in outcome.tests if one.status == "skipped" and one.stage not in waiting]
    whys = dict.fromkeys((one.stage, one.output) for one in left)
    return [f"· in {stage}: {output}" for stage, output in whys]


def _explained(tested: Tested) -> RenderableType:
    title = Text.assemble((f"{MARKS[tested.status][0]} {tested.id}", "bold red"), "  ", (tested.name, "bold"))
    if tested.visibility == "hidden":
        title.append("  a hidden test", "dim")
    body = Text()
    for line in tested.output.splitlines():
        word = line[:9].strip()
        body.append("  ")
        if word in STYLES:
            body.append(line[:9], STYLES[word]).append(line[9:])
        elif "^^ byte" in line:
            body.append(line, "bold red")
        else:
            body.append(line)
        body.append("\n")
    body.rstrip()
    if not tested.hint:
        return Group(title, body)
    advice = Table.grid(padding=0)
    advice.add_row(Text("  hint     ", "bold yellow"), Text(tested.hint, "bold"))
    return Group(title, body, advice)


def _sum(outcome: Outcome) -> Text:
    earned = sum(stage.earned for stage in outcome.stages)
    text = Text(f"{earned} of {len(outcome.stages)} stages, {outcome.points} of {outcome.max_points} points", "bold")
    return text.append(f"   seed {outcome.seed}, {outcome.seconds:.1f} seconds", "dim")


__all__ = ["Told", "console"]
