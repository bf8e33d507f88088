"""`unmagic chain`: the steps of one API call, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from report.text import Scrub, told
from tracer.reading.apis import Apis
from tracer.reading.steps import Step
from tracer.reading.trace import Trace

from .choose import pick, steps_of
from .errors import Failure, sentences
from .opening import whole
from .terminal import console, plain

#: Places of the program that are named of one function.
PLACES = 4


@click.command()
@click.argument("trace", type=click.Path(path_type=Path))
@click.argument("function", metavar="[MODULE:]FUNCTION", required=False)
@click.option("--nth", default=1, show_default=True, help="Which of its calls.")
@click.option("--up", is_flag=True, help="From the socket up to what it returned, instead of down from the call.")
@click.option("--depth", default=3, show_default=True, help="Levels to show that cross into no other library.")
@click.option(
    "--list", "listed", is_flag=True, help="The functions of libraries that your own lines call, and how often."
)
def chain(trace: Path, function: str | None, nth: int, up: bool, depth: int, listed: bool) -> None:
    """The chain of one call in TRACE: of any function that ran, by its name.

    The module can be left out where one function alone is called so, or one alone of these by your own lines; a name
    that is not there is answered with those that are near. What a call handed to another thread is told behind its own
    steps.

    \b
    unmagic chain app.trace --list
    unmagic chain app.trace receive --up
    unmagic chain traces/send.trace simple_websocket:Base.send
    unmagic chain traces/receive.trace simple_websocket:Base.receive --up

    Exit codes: 0 shown, 2 bad input (no such call: the names that are near).
    """
    if not listed and function is None:
        raise Failure("which function? unmagic chain TRACE --list tells what your own lines call")
    with sentences(), whole(trace) as opened:
        if listed:
            _list(opened, function)
            return
        assert function is not None
        call = pick(opened, function, nth)
        steps = steps_of(opened, call, up, depth)
        scrub = Scrub(opened)
        name = f"{function}, call {nth}: {call.code.file.facts.path}:{call.code.first}"
        tree = Tree(plain(name), highlight=False)
        _grow(tree, steps, opened, scrub)
    console().print(tree, soft_wrap=True)


def _list(trace: Trace, function: str | None) -> None:
    """The APIs that the program calls: how often, from where, by which name."""
    apis = [api for api in Apis(trace).all if function is None or function.lower() in api.name.lower()]
    if not apis:
        of = f" with {function!r} in its name" if function else " that was recorded"
        raise Failure(f"{trace.path}: the program calls no function of a library{of}")
    table = Table("calls", "function", "from", box=None, pad_edge=False, header_style="bold")
    for api in apis:
        places = [_place(trace, *site) for site in api.sites]
        told = ", ".join(places[:PLACES]) + (f" and {len(places) - PLACES} more" if len(places) > PLACES else "")
        table.add_row(plain(f"{len(api.uses)}"), plain(api.name, "cyan"), plain(told, "dim"))
    console().print(table)


def _place(trace: Trace, caller: int, line: int) -> str:
    return f"{trace.codes[caller].file.facts.relative}:{line}"


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
    if step.compiled is not None:
        return plain(step.compiled.lane, "cyan").append(f" {step.compiled.name} (compiled: not recorded)")
    assert step.code is not None
    mark = {"resume": "↻ ", "handoff": "handoff from ", "return": "returns "}.get(step.kind, "")
    return Text(mark).append(plain(step.code.lane, "cyan")).append(" ").append(plain(step.code.qualname))
