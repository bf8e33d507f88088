"""`unmagic trace-call`: one function of any project, called and recorded."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import click

from tracer.recording import DEFAULT

from .errors import Failure
from .execute import execute
from .interpreter import chosen
from .processes import at_the_end, without_a_name
from .run import BOOTSTRAP, make_room
from .settings import ENGINES
from .told import tell, tell_lost
from .words import Program


@click.command("trace-call", context_settings={"ignore_unknown_options": True})
@click.option("-k", "--kwarg", "keywords", multiple=True, metavar="NAME=VALUE", help="An argument by its name. May be "
              "repeated.")  # fmt: skip
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The trace. Default: FUNCTION.trace, here.")
@click.option("--scope", multiple=True, metavar="WORD", help="Record this instead of the default, as for unmagic run. "
              "May be repeated.")  # fmt: skip
@click.option("--exclude", multiple=True, metavar="WORD", help="Leave this out.")
@click.option("--lines", multiple=True, metavar="LANE", help="Record the executed lines of this library too.")
@click.option("--values/--no-values", default=True, show_default=True, help="Arguments and results.")
@click.option("--show-secrets", is_flag=True, help="Do not mask cookies, tokens and passwords.")
@click.option("--engine", type=click.Choice(ENGINES), default="auto", show_default=True,
              help="How to hook in; auto takes monitoring where Python has it (3.12).")  # fmt: skip
@click.option("--python", metavar="PATH", help="The interpreter to run it with. Default: the active virtual "
              "environment's, else the one that `python` is.")  # fmt: skip
@click.argument("function", metavar="MODULE:FUNCTION")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENT]...")
def trace_call(
    keywords: tuple[str, ...], output: Path | None, scope: tuple[str, ...], exclude: tuple[str, ...],
    lines: tuple[str, ...], values: bool, show_secrets: bool, engine: str, python: str | None, function: str,
    arguments: tuple[str, ...],
) -> None:  # fmt: skip
    """Call one function, record what it does, and tell what it returned.

    \b
    unmagic trace-call app:parse 'GET / HTTP/1.1'
    unmagic trace-call app:add 2 40
    unmagic trace-call app:login --kwarg user=me --kwarg 'roles=["admin"]'
    unmagic trace-call shop.cart:Cart.from_json '{"items": [1, 2]}'

    An argument is what it is as JSON (a number, true, null, a list, an object, "a quoted text"), and else a text as it
    stands: '"42"' is the text 42. The module is found as `python -c` finds it, in this folder first; what it does while
    it is imported is not recorded. A coroutine function is run to its end, a generator too; a method, as in
    MODULE:CLASS.METHOD, is a static or a class method. Behind -- all is an argument.

    Exit codes: 0 it returned, 1 it raised an exception, 2 it could not be called; what sys.exit says in it.
    """
    module, name = _target(function)
    call = {"target": function, "arguments": [_value(text) for text in arguments], "keywords": _keywords(keywords)}
    interpreter = chosen(python, os.environ, sys.argv[0])
    trace = (output or Path(f"{name}.trace")).absolute()
    make_room(trace, Program(("-c", ""), name, Path.cwd()))
    run = f"{time.time_ns():x}.{os.getpid()}"
    config = {
        "trace": str(trace),
        "engine": engine,
        "scope": list(scope or (*DEFAULT, module)),
        "exclude": list(exclude),
        "lines": list(lines),
        "values": values,
        "show_secrets": show_secrets,
        "program": str(Path.cwd()),
        "about": {"run": run},
        "call": call,
    }
    code = execute([interpreter, str(BOOTSTRAP), json.dumps(config), "-c", ""], None)
    try:
        processes = at_the_end(trace, run)
        if processes:
            tell_lost(without_a_name(trace, run))
            tell(processes, scope, function)
        elif code == 0:
            raise Failure("nothing was recorded")
    except Failure as failure:
        failure.show()
        code = code or failure.exit_code
    sys.exit(code)


def _target(function: str) -> tuple[str, str]:
    """The module and the function's qualified name. Raises `Failure`."""
    module, colon, name = function.partition(":")
    if module.endswith(".py") or "/" in module:
        raise Failure(
            f"{module} is a file: write a module as it is imported: app for app.py, shop.cart for shop/cart.py"
        )
    if not colon or not all(part.isidentifier() for part in f"{module}.{name}".split(".")):
        raise Failure(f"{function!r} names no function: write it as MODULE:FUNCTION, such as app:parse")
    return module, name


def _keywords(pairs: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name.isidentifier():
            raise Failure(f"{pair!r} is no argument with its name: write it as NAME=VALUE")
        if name in found:
            raise Failure(f"the argument {name} is given twice")
        found[name] = _value(value)
    return found


def _value(text: str) -> Any:
    """What an argument of the command line is: JSON, where it is that; else the text."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except ValueError:
        return text


def _no_constant(word: str) -> Any:
    """`NaN` and `Infinity` are no JSON (RFC 8259, section 6), although Python's reader takes them: they are words."""
    raise ValueError(word)
