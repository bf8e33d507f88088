"""An event loop in which time is counted: it goes on when nothing else is left to do, so that what happens until a
time-out is always the same. No part of the generated programs: their recording has nothing of it.
"""

from __future__ import annotations

import asyncio
import selectors
import weakref
from collections.abc import Coroutine
from typing import Any


class Selector(selectors.DefaultSelector):
    """Who would wait for a time has it come at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0
        return super().select(timeout and 0)


class Loop(asyncio.SelectorEventLoop):
    """Its clock is its selector's; it knows its tasks in their order."""

    def __init__(self) -> None:
        self.selector = Selector()
        super().__init__(self.selector)
        self.made: list[weakref.ref[asyncio.Task[Any]]] = []

    def time(self) -> float:
        return self.selector.now

    def create_task(self, *args: Any, **kwargs: Any) -> asyncio.Task[Any]:
        task = super().create_task(*args, **kwargs)
        self.made.append(weakref.ref(task))
        return task


def run_counted(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """As `asyncio.run`; tasks that are left over are cancelled one by one."""
    loop = Loop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(coroutine)
    finally:
        for made in loop.made:
            task = made()
            if task is not None and not task.done():
                task.cancel()
                loop.run_until_complete(asyncio.wait([task]))
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()
