"""Which of the processes that a program starts are recorded too, and how: a Python that it starts again as itself.

A server that reloads itself, or has its work done by processes, is one program to whoever runs it. So these are
followed, each with a trace of its own:

- what is forked off (`forks.py`);
- the interpreter, started anew with the same program: the same script, or ``-m`` the same module (reloaders);
- what `multiprocessing` starts, by any of its methods.

Every other command is somebody else's, and runs as it was given. A command that is followed gets the bootstrap and
its CONFIG put before the program's name; so nothing is in the environment, which others would inherit.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

try:
    import _posixsubprocess
except ImportError:  # no POSIX
    _posixsubprocess: Any = None  # type: ignore[no-redef]

from .endings import alike
from .forks import passing
from .interpreter import Command, parse
from .scope import OWN

BOOTSTRAP = OWN + "bootstrap.py"
#: How the code begins that `multiprocessing` gives to an interpreter.
OF_MULTIPROCESSING = ("from multiprocessing.spawn import ", "from multiprocessing.forkserver import ")


class Follower:
    """Knows the program, and what the bootstrap is to be told of another process of it."""

    def __init__(self, config: dict[str, Any], words: list[str]) -> None:
        """`config` is this process's own; `words` are its program's."""
        command = parse(words)
        assert command is not None
        if "again" not in config:  # the first process: what is started by others is this program, too
            config["again"] = [command.kind, _real(command.target) if not command.kind else command.target]
        self._config = config

    def followed(self, program: str, arguments: Sequence[Any], folder: Any = None) -> list[Any] | None:
        """The command with the bootstrap in it; None where it is not to be followed. `folder` is where it will run."""
        words = [os.fsdecode(word) for word in arguments]
        if program != sys.executable or not words:
            return None
        command = parse(words[1:])
        began = command and self._began(command, os.fsdecode(folder) if folder else "")
        if not command or not began:
            return None
        config = json.dumps({**self._config, "began": began})
        return [words[0], *command.options, BOOTSTRAP, config, *command.program]

    def _began(self, command: Command, folder: str) -> str:
        kind, target = self._config["again"]
        if command.kind == "-c":
            return "spawn" if command.target.startswith(OF_MULTIPROCESSING) else ""
        if command.kind == "-m":
            same = kind == "-m" and _module(command.target) == _module(target)
        else:
            same = _real(os.path.join(folder, command.target)) in self._files(kind, target)
        return "again" if same else ""

    def _files(self, kind: str, target: str) -> set[str]:
        """The program's file; of a module, the one that was found."""
        main = getattr(sys.modules.get("__main__"), "__file__", None)
        return ({_real(main)} if isinstance(main, str) else set()) | (set() if kind else {target})


def follow(follower: Follower) -> None:
    """Have the commands that the process executes pass by `follower`; for the process's whole life."""
    if _posixsubprocess is None:
        return
    _posixsubprocess.fork_exec = fork_exec = _forking(_posixsubprocess.fork_exec, follower)
    loaded = sys.modules.get("subprocess")
    if hasattr(loaded, "_fork_exec"):
        loaded._fork_exec = fork_exec  # type: ignore[union-attr]
    for name in ("posix_spawn", "posix_spawnp", "execv", "execve"):
        if hasattr(os, name):
            setattr(os, name, _executing(getattr(os, name), follower))


def _forking(original: Any, follower: Follower) -> Callable[..., int]:
    def fork_exec(args: Any, executables: Any, *rest: Any) -> int:
        new = None
        if len(executables) == 1 and len(rest) > 2:
            new = _asked(follower, executables[0], args, rest[2])
        with passing():
            return int(original(args if new is None else new, executables, *rest))

    return alike(fork_exec, original)  # type: ignore[no-any-return]


def _executing(original: Any, follower: Follower) -> Callable[..., Any]:
    def shim(path: Any, args: Any, *rest: Any, **named: Any) -> Any:
        new = _asked(follower, path, args)
        return original(path, args if new is None else new, *rest, **named)

    return alike(shim, original)  # type: ignore[no-any-return]


def _asked(follower: Follower, path: Any, args: Any, folder: Any = None) -> list[Any] | None:
    """None, too, for what is no command at all: whoever was called says so."""
    try:
        return follower.followed(os.fsdecode(path), list(args), folder)
    except (TypeError, ValueError, OSError):
        return None


def _module(name: str) -> str:
    """Of a package, what runs is the module inside it."""
    return name.removesuffix(".__main__")


def _real(path: str) -> str:
    return os.path.realpath(path)
