"""Call one function of a program, recorded: what is imported for it comes before the recording, and is not in it.

In: MODULE:FUNCTION (or MODULE:CLASS.METHOD) and arguments; a coroutine function is run by `asyncio.run`, a generator to
its end. Out: what it returned, yielded or raised, as a sentence.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

#: Characters that are told of what was returned.
MOST = 2000


class CallError(Exception):
    """It cannot be called so; the message is one sentence for the user."""


def found(target: str) -> Any:
    """The function that `target` names, imported as a program would. Raises `CallError`; what a module raises while it
    is imported goes through."""
    module, _, qualname = target.partition(":")
    try:
        __import__(module)
    except ModuleNotFoundError as error:
        if error.name is None or not (module == error.name or module.startswith(error.name + ".")):
            raise
        raise CallError(f"there is no module {error.name}, here or on the path") from None
    thing: Any = sys.modules[module]
    *holders, last = qualname.split(".")
    for at, name in enumerate([*holders, last]):
        holder = thing
        try:
            thing = getattr(thing, name)
        except AttributeError:
            raise CallError(f"{':'.join(filter(None, (module, '.'.join(holders[:at]))))} has no {name}") from None
    if not callable(thing):
        raise CallError(f"{target} is no function: it is of type {type(thing).__name__}")
    if isinstance(holder, type) and thing is vars(holder).get(last) and hasattr(thing, "__code__"):
        raise CallError(f"{target} needs an instance: name a static or class method, or a function that makes one")
    return thing


def fitting(target: str, function: Any, arguments: list[Any], keywords: dict[str, Any]) -> None:
    """Raises `CallError` where a function does not take such arguments."""
    import inspect

    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # one in C that does not say
        return
    try:
        signature.bind(*arguments, **keywords)
    except TypeError as error:
        raise CallError(f"{target}{signature} cannot be called so: {error}") from None


def perform(function: Any, arguments: list[Any], keywords: dict[str, Any]) -> tuple[str, Any]:
    """Call it: (what it did, with what). What it raises goes through."""
    result = function(*arguments, **keywords)
    if hasattr(result, "__await__"):
        return "returned", _asyncio().run(_awaited(result))
    if hasattr(result, "__anext__"):
        return "yielded", _asyncio().run(_collected(result))
    if type(result).__name__ == "generator":
        return "yielded", list(result)
    return "returned", result


def prepare(function: Any) -> None:
    """Import what the call will need of ours, before the recording begins."""
    if getattr(getattr(function, "__code__", None), "co_flags", 0) & 0x280:
        _asyncio()


def told(value: Any, mask: Callable[[str], str]) -> str:
    """A value as Python writes it, masked and cut."""
    try:
        text = repr(value)
    except Exception:
        text = object.__repr__(value)
    text = mask(text)
    return text if len(text) <= MOST else f"{text[:MOST]} … ({len(text):,} characters)"


def _asyncio() -> Any:
    import asyncio

    return asyncio


async def _awaited(result: Any) -> Any:
    return await result


async def _collected(result: Any) -> list[Any]:
    return [item async for item in result]
