"""The command line of `unmagic run`: our options end where the program begins, and all from there on is the program's.

It is told as to Python itself: a file, a folder with a `__main__.py`, `-m MODULE`; or by the name of a command of the
environment's that is written in Python.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tracer.recording.interpreter import parse

from .errors import Failure
from .settings import read

#: What marks the folder of a project: a script in it belongs to the whole of that.
PROJECT = ("pyproject.toml", "setup.py", "setup.cfg", ".git")

#: How executable files begin: ELF, Mach-O (of 64 bits, of several kinds), PE.
MACHINE_CODE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"MZ")


class Run(click.Command):
    """A command that leaves the words of a program as they are, whatever they look like."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As Click does, for what stands before the program."""
        at = first_word(args, self.get_params(ctx))
        if at < len(args):
            ctx.default_map = {**(ctx.default_map or {}), **read(folder(args[at:]))}
        return super().parse_args(ctx, [*args[:at], "--", *args[at:]] if at < len(args) else args)


def folder(words: Sequence[str]) -> Path:
    """Where the project of a program's is looked for: beside its file, else here."""
    path = Path(next((word for word in words if word != "--"), "."))
    return path.absolute().parent if path.is_file() else path.absolute() if path.is_dir() else Path.cwd()


def first_word(args: Sequence[str], parameters: Sequence[click.Parameter]) -> int:
    """Where the program begins in the words of a command line; as many as there are, where it does not."""
    options = {
        name: one for one in parameters if isinstance(one, click.Option) for name in one.opts + one.secondary_opts
    }
    at = 0
    while at < len(args):
        word = args[at]
        if word == "--" or not word.startswith("-") or word == "-" or word[:2] in ("-m", "-c"):
            break
        option = options.get(word)
        at += 2 if option is not None and not option.is_flag and option.name != "help" else 1
    return min(at, len(args))


@dataclass(frozen=True)
class Program:
    """What is run: `words` as Python takes them, `options` Python's own; `name` is what its trace is called by default,
    `folder` holds the code that is the user's. `python` is the interpreter that its first line names, if any."""

    words: tuple[str, ...]
    name: str
    folder: Path
    options: tuple[str, ...] = ()
    python: str = ""


def program(words: tuple[str, ...], scripts: Path) -> Program:
    """The program that `words` name; `scripts` is the environment's folder of commands. Raises `Failure`."""
    words = words[1:] if words[:1] == ("--",) else words
    command = parse(words)
    if command is None:
        raise Failure(
            "there is no program to run: app.py, -m MODULE, or a command such as flask; see unmagic run --help"
        )
    if command.options or command.kind == "-c":
        told = command.options[0] if command.options else "-c"
        raise Failure(f"no such option: {told}; what is Python's own belongs to --python, see unmagic run --help")
    if command.kind:
        return Program(command.program, command.target, Path.cwd())
    path = Path(command.target)
    if path.is_file() and _is_machine_code(path):
        raise Failure(_not_python(path))
    if path.is_file() or (path / "__main__.py").is_file():
        folder = path.absolute() if path.is_dir() else path.absolute().parent
        return Program(words, path.stem if path.is_file() else folder.name, _project(folder))
    if os.sep not in command.target and not path.exists():
        return _installed(command.target, command.arguments, scripts)
    if path.is_dir():
        raise Failure(f"there is no program at {path}: the folder has no __main__.py")
    raise Failure(f"there is no program at {path}")


def _project(folder: Path) -> Path:
    """The folder of the project that a script's folder lies in; else that folder. The user's home is no project."""
    for one in (folder, *folder.parents):
        if one == Path.home() or one == Path(one.anchor):
            break
        if any((one / name).exists() for name in PROJECT):
            return one
    return folder


def _installed(name: str, arguments: tuple[str, ...], scripts: Path) -> Program:
    """A command of the environment's, else the one that a shell would find."""
    inside = scripts / name
    found = str(inside) if inside.is_file() else shutil.which(name)
    if found is None:
        raise Failure(f"there is no program at {name}, and no command of this name in {scripts} or on the PATH")
    line = _python_of(Path(found))
    if line is None:
        raise Failure(_not_python(Path(found)))
    python, *options = line
    given = python if os.path.basename(python) != "env" and os.access(python, os.X_OK) else ""
    flags = () if os.path.basename(python) == "env" else tuple(options)
    return Program((found, *arguments), name, Path.cwd(), flags, given)


def _is_machine_code(path: Path) -> bool:
    """Whether the system runs a file by itself: by how that of Linux, macOS and Windows begins."""
    with path.open("rb") as file:
        return file.read(4).startswith(MACHINE_CODE)


def _not_python(path: Path) -> str:
    if path.name.startswith(("python", "pypy")):
        return f"{path} is an interpreter: name the program alone, and which Python runs it by --python {path}"
    return f"{path} is not written in Python, so there is nothing of it to record"


def _python_of(script: Path) -> list[str] | None:
    """The words of a script's first line, the interpreter's name first; None where that is not Python. An installer
    writes a long name into a second line, which the shell reads."""
    with script.open("rb") as file:
        lines = [file.readline(4096).decode("utf-8", "replace").strip() for _ in range(2)]
    if not lines[0].startswith("#!"):
        return None
    words = lines[0][2:].split()
    if lines[1].startswith("'''exec'"):
        words = [lines[1].removeprefix("'''exec'").partition('"$0"')[0].strip().strip('"')]
    named = words[1:2] if words and os.path.basename(words[0]) == "env" else words[:1]
    return words if named and os.path.basename(named[0]).startswith(("python", "pypy")) else None
