"""What is recorded: decided once for each code object that runs, and looked up by its `id` ever after."""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable
from functools import partial
from types import CodeType
from weakref import ref

from .codes import Codes
from .scope import Entry, Scope
from .secrets import Secrets


class Decisions:
    """The decisions of one recording. `entries` is read by the hooks: what is known of each code object that ran, by
    its `id`; None where it is not recorded. `look` is called wherever new code begins."""

    def __init__(self, scope: Scope, codes: Codes, secrets: Secrets, look: Callable[[], None]) -> None:
        self.entries: dict[int, Entry | None] = {}
        self._scope = scope
        self._codes = codes
        self._secrets = secrets
        self._look = look
        self._refused: dict[int, ref[CodeType]] = {}
        #: The files in which nothing is recorded, and the others.
        self._outside: set[str] = set()
        self._inside: set[str] = set()
        self._lock = allocate_lock()

    def decide(self, code: CodeType) -> Entry | None:
        """Decide about a code object that is seen for the first time; None where it is not recorded."""
        self._look()
        if code.co_filename in self._outside:
            self._refuse(code)
            return None
        with self._lock:
            if id(code) in self.entries:
                return self.entries[id(code)]
            if code.co_filename not in self._inside:
                if not self._scope.concerns(code.co_filename):
                    self._outside.add(code.co_filename)
                    self._refuse(code)
                    return None
                self._inside.add(code.co_filename)
            entry = self._scope.entry(code)
            if entry is None:
                self._refuse(code)
                return None
            self._codes.enter(entry)
            entry.secret = entry.arguments if any(map(self._secrets.concerns, entry.arguments)) else None
            if entry.secret:
                entry.how = 4
            self.entries[id(code)] = entry
            return entry

    def _refuse(self, code: CodeType) -> None:
        """Remember that code is not recorded, for as long as it lives: a program may make it as it goes."""
        key = id(code)
        self._refused[key] = ref(code, partial(self.entries.pop, key))
        self.entries[key] = None
