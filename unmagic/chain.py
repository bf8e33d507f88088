"""`unmagic chain`: the steps of one API call, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click
from rich.text import Text
from rich.tree import Tree

from report.text import Scrub, told
from tracer.reading.steps import Step
from tracer.reading.trace import Trace

from .choose import pick, steps_of
from .errors import sentences
from .terminal import console, plain


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("function", metavar="MODULE:FUNCTION")
@click.option("--nth", default=1, show_default=True, help="Which of its calls.")
@click.option("--up", is_flag=True, help="From the socket up to what it returned, instead of down from the call.")
@click.option("--depth", default=3, show_default=True, help="Levels to show that cross into no other library.")
def chain(trace: Path, function: str, nth: int, up: bool, depth: int) -> None:
    """The chain of one call in TRACE.

    \b
    unmagic chain traces/send.trace simple_websocket:Base.send
    unmagic chain traces/receive.trace simple_websocket:Base.receive --up
    """
    with sentences(), Trace.open(trace) as opened:
        call = pick(opened, function, nth)
        steps = steps_of(opened, call, up, depth)
        scrub = Scrub(opened)
        tree = Tree(plain(f"{function}, call {nth}: {call.code.file.facts.path}:{call.code.first}"), highlight=False)
        _grow(tree, steps, opened, scrub)
    console().print(tree, soft_wrap=True)


def _grow(tree: Tree, steps: list[Step], trace: Trace, scrub: Scrub) -> None:
    for step in steps:
        branch = tree.add(_line(step, trace, scrub), highlight=False)
        _grow(branch, list(step.children), trace, scrub)


def _line(step: Step, trace: Trace, scrub: Scrub) -> Text:
    where = f"{step.caller.file.facts.relative}:{step.line}" if step.caller and step.caller.lane else ""
    line = _what(step)
    if step.count > 1:
        line.append(f" × {step.count}")
    if step.outcome is not None and step.outcome.type != "NoneType":
        line.append({"raised": " ↯ ", "yielded": " ⇢ "}.get(step.ended, " → ")).append(plain(told(step.outcome, scrub)))
    line.append("  ").append(plain(where, "dim")).append("  ").append(f"thread {step.thread}", "dim")
    if step.hidden:
        line.append(f" + {step.hidden} calls", "dim")
    return line


def _what(step: Step) -> Text:
    if step.wire is not None:
        return plain(step.wire.op, "bold").append(f" {step.wire.size} bytes" if step.wire.direction else "", "not bold")
    if step.kind == "thread":
        return Text("a thread starts", "bold")
    assert step.code is not None
    mark = {"resume": "↻ ", "handoff": "handoff from ", "return": "returns "}.get(step.kind, "")
    return Text(mark).append(plain(step.code.lane, "cyan")).append(" ").append(plain(step.code.qualname))
