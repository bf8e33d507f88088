"""Greenlets: lanes of execution that take turns on one thread, without Python's hooks being told.

A thread's list has what happened on it in order, whichever greenlet did it; so before what another greenlet does, a
record says whose it is. The `greenlet` module tells of each switch (`greenlet.settrace`, one function a thread). It is
hooked on each thread when code of that thread is first seen after the module was loaded; a function that the program
has set itself is called as before.
"""

from __future__ import annotations

import sys
from _thread import _local
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

from .events import SWITCH
from .kinds import type_name

if TYPE_CHECKING:
    from .recorder import Recorder

MODULE = "greenlet"


class Greenlets:
    """Notes the switches of every thread that has them; one for each recording."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._here = _local()
        self.on = False
        #: A greenlet's number by its `id`, with what says when that is another's.
        self._known: dict[int | None, tuple[Any, int]] = {}
        #: Those whose names are still to be written.
        self.new: list[tuple[int, str]] = []

    def look(self) -> None:
        """Hook the thread that asks, if greenlets are there and it is not hooked yet."""
        module = sys.modules.get(MODULE)
        if module is None or getattr(self._here, "hooked", False):
            return
        settrace, current = module.__dict__.get("settrace"), module.__dict__.get("getcurrent")
        if settrace is None or current is None or not self._recorder.has_log():
            return  # it is being loaded, or the thread is being made
        if getattr(self._here, "hooked", False):
            return  # by the first event of the thread, just now
        self._here.hooked = self.on = True
        parent = module.__dict__["greenlet"].__dict__["parent"].__get__
        self._hook(settrace, parent)
        now = current()
        if parent(now) is not None:
            self._switch(now)

    def _hook(self, settrace: Any, parent: Any) -> None:
        recorder, switch, own, here = self._recorder, self._switch, self._recorder.thread_log(), self._here

        def on_switch(event: str, greenlets: tuple[Any, Any]) -> None:
            before = here.before
            if recorder.active:
                try:
                    target = greenlets[1]
                    if parent(target) is None:
                        own.active = own.number
                        own.extend((SWITCH, recorder.tick(), own.number))
                    else:
                        switch(target)
                except Exception as error:
                    recorder.fault(error)
            else:
                settrace(before)
            if before is not None:
                before(event, greenlets)

        here.ours = on_switch
        here.before = None
        here.before = settrace(on_switch)

    def _switch(self, target: Any) -> None:
        known = self._known.get(id(target))
        if known is None or known[0]() is not target:
            number, key = self._recorder.next_thread(), id(target)
            known = self._known[key] = (ref(target, partial(self._known.pop, key)), number)
            self.new.append((number, type_name(type(target)).rpartition(".")[2]))
        log = self._recorder.thread_log()
        log.active = known[1]
        log.extend((SWITCH, self._recorder.tick(), log.active))

    def number(self, ident: Any) -> int:
        """The number of the greenlet that calls itself a thread of this identity; 0: there is none."""
        known = self._known.get(ident)
        return known[1] if known is not None else 0

    def stop(self) -> None:
        """Take the function away, if it still is ours, from this thread; others lose it at their next switch."""
        module = sys.modules.get(MODULE)
        if module is not None and getattr(self._here, "hooked", False):
            names = module.__dict__
            if names["gettrace"]() is self._here.ours:
                names["settrace"](self._here.before)
            self._here.ours = self._here.before = None
        self._known.clear()
