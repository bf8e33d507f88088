"""`unmagic chain`: the steps of one API call, in the terminal."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from report.text import Scrub, told
from tracer.reading.chain import Chains
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Call, Trace

from .errors import Failure, sentences
from .terminal import plain


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
        call = _pick(opened, function, nth)
        steps = _steps(opened, call, up, depth)
        scrub = Scrub(opened)
        tree = Tree(plain(f"{function}, call {nth}: {call.code.file.facts.path}:{call.code.first}"), highlight=False)
        _grow(tree, steps, opened, scrub)
    console = Console()
    (console if console.is_terminal else Console(width=400)).print(tree, soft_wrap=True)


def _pick(trace: Trace, function: str, nth: int) -> Call:
    module, colon, qualname = function.rpartition(":")
    if not colon:
        raise Failure(f"{function!r} names no function: write it as MODULE:FUNCTION, such as flask:Flask.run")
    found = [
        call
        for call in trace.calls.values()
        if call.code.qualname == qualname and (call.code.lane == module or call.code.file.module == module)
    ]
    if not found:
        raise Failure(f"{trace.path} has no call of {function}")
    if not 1 <= nth <= len(found):
        raise Failure(f"{function} was called {len(found)} times in {trace.path}, there is no call {nth}")
    return found[nth - 1]


def _steps(trace: Trace, call: Call, up: bool, depth: int) -> list[Step]:
    chains = Chains(trace)
    try:
        return prune(fold(chains.upward(call) if up else [chains.below(call)]), depth)
    except RecursionError:
        raise Failure(f"{trace.path}: the calls below {call.code.qualname} are nested too deeply to be shown") from None
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a fault of ours
            raise
        raise Failure(f"{error}; try it without --up") from None


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
