"""What is recorded: decided once for each code object that runs, and looked up by its `id` ever after.

Without a lock: a hook may be interrupted anywhere by the program's own code, a signal's handler, or a finalizer that
the search for cycles calls, and that may wait for a thread which is just being decided about. Two threads that decide
about the same code come to the same, and the first is taken.
"""

from __future__ import annotations

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

    def decide(self, code: CodeType) -> Entry | None:
        """Decide about a code object that is seen for the first time; None where it is not recorded."""
        self._look()
        if code.co_filename in self._outside:
            self._refuse(code)
            return None
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
        return self.entries.setdefault(id(code), entry)

    def _refuse(self, code: CodeType) -> None:
        """Remember that code is not recorded, for as long as it lives: a program may make it as it goes."""
        key = id(code)
        self._refused[key] = ref(code, partial(self.entries.pop, key))
        self.entries[key] = None
