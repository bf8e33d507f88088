"""Run a program under the recorder, in its own interpreter: ``python bootstrap.py CONFIG PROGRAM [ARG ...]``.

PROGRAM is what Python itself takes: a script, a folder with a ``__main__.py``, ``-m MODULE`` or ``-c CODE``. Started
as a file by `unmagic run`, by the scenarios, and in place of a Python that the program starts (`following.py`); never
imported. It loads the recording half from the folder it lies in, under one private module name, makes itself invisible
(``sys.argv``, ``sys.orig_argv``, ``sys.path``, ``sys.modules`` and ``__main__`` are what the program would have found),
runs the program, and writes the summary into the trace. CONFIG is a JSON object: the fields of `Options`, ``trace``
(the file to write), and what `Guest` tells.

Exit code: the program's; 2, after one sentence, where the recording cannot start. Then the program has not run.
"""

_found = dict(globals())  # what the interpreter puts into a program's `__main__`

import sys  # noqa: E402

if sys.version_info < (3, 10):  # noqa: UP036 - before anything that an older one cannot load; it can read this far
    sys.stderr.write("unmagic: Python {}.{} is too old to be recorded: 3.10 is the first\n".format(*sys.version_info))
    sys.exit(2)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

#: Whether the interpreter was told to leave the program's folder out of the path (-P, -I; before 3.11 only -I).
_SAFE = getattr(sys.flags, "safe_path", bool(sys.flags.isolated))
if not _SAFE:
    del sys.path[0]  # this folder, put there by the interpreter: its file names must not shadow anything

PRIVATE = "_unmagic_recording"


def _load(name: str, path: str, folder: "str | None" = None) -> "Any":
    """The file at `path` as the module `name`; as a package, where `folder` is given."""
    import _frozen_importlib as importlib  # `importlib` itself a plain Python has not loaded
    import _frozen_importlib_external as external

    spec = external.spec_from_file_location(name, path, submodule_search_locations=folder and [folder])  # type: ignore
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _begin() -> "Callable[[], None]":
    """All that comes before the program's first line; what is returned runs it."""
    import os

    folder = os.path.dirname(os.path.abspath(__file__))
    shelf = _load(PRIVATE + ".modules", os.path.join(folder, "modules.py")).Shelf()
    recording = shelf.load(lambda: _load(PRIVATE, os.path.join(folder, "__init__.py"), folder))
    config, words = sys.argv[1], sys.argv[2:]
    first = len(sys.orig_argv) - len(sys.argv)
    del sys.orig_argv[first : first + 2]
    beginning = recording.beginning(words, _found)
    if beginning is None:
        _say_it_yourself()
    run = recording.Guest(config, words, beginning.run).start()
    shelf.put_away()
    if not _SAFE and beginning.path is not None:
        sys.path.insert(0, beginning.path)
    sys.argv = beginning.argv
    names = sys.modules["__main__"].__dict__
    names.clear()
    names.update(beginning.names)
    return lambda: run(names)


def _say_it_yourself() -> None:
    """The interpreter runs the program itself: it cannot be read or compiled, so no line of it will run, and nobody
    else says it in the interpreter's words."""
    import os

    sys.stdout.flush()
    os.execv(sys.executable, sys.orig_argv)


if __name__ == "__main__":
    _begin()()
