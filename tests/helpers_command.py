"""`unmagic` without another Python: in this process, with a folder, an environment and three standard streams of its
own. What it starts itself (the recorded program) is a process as always, and writes where it would.

For tests of what a command does. That it begins at all, and how it ends where the process matters (signals, a terminal,
a closed pipe), is for tests with real processes; every file of tests of a command has some.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from unmagic.cli import main

ROOT = Path(__file__).parent.parent
#: What `sys.argv[0]` is of `python -m unmagic`.
INVOKED = str(ROOT / "unmagic" / "__main__.py")


def in_process(words: Sequence[str], cwd: Path, env: Mapping[str, str], stdin: str = "") -> tuple[int, str, str]:
    """The exit code, standard output and standard error of `python -m unmagic WORDS`."""
    with _streams(stdin) as (out, err), _surroundings(words, cwd, env):
        code = _code(words)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        return code, _read(out), _read(err)


def _code(words: Sequence[str]) -> int:
    """As the interpreter ends a program."""
    try:
        main(list(words), prog_name="unmagic")
    except SystemExit as left:
        if left.code is None or isinstance(left.code, int):
            return left.code or 0
        print(left.code, file=sys.stderr)
        return 1
    except Exception:
        traceback.print_exc()
        return 1
    return 0


@contextmanager
def _streams(stdin: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Files in place of the descriptors 0 to 2, so that children write there too, and of `sys.stdin` and so on."""
    objects, descriptors = (sys.stdin, sys.stdout, sys.stderr), [os.dup(number) for number in range(3)]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(stdin.encode())
        given.seek(0)
        try:
            for number, file in enumerate((given, out, err)):
                os.dup2(file.fileno(), number)
            sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
            sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
            sys.stderr = os.fdopen(2, "w", 1, encoding="utf-8", closefd=False)
            yield out, err
        finally:
            sys.stdin, sys.stdout, sys.stderr = objects
            for number, kept in enumerate(descriptors):
                os.dup2(kept, number)
                os.close(kept)


@contextmanager
def _surroundings(words: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Iterator[None]:
    arguments, folder, before = sys.argv, os.getcwd(), dict(os.environ)
    try:
        sys.argv = [INVOKED, *words]
        os.chdir(cwd)
        _environ(env)
        yield
    finally:
        _environ(before)
        os.chdir(folder)
        sys.argv = arguments


def _environ(wanted: Mapping[str, str]) -> None:
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)


def _read(file: IO[bytes]) -> str:
    """All that was written, its line ends as `text=True` reads them."""
    file.seek(0)
    return io.TextIOWrapper(io.BytesIO(file.read()), "utf-8").read()
