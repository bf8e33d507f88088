"""Run a program under the recorder, in its own interpreter: ``python bootstrap.py CONFIG PROGRAM [ARG ...]``.

Started by `unmagic run` and by the scenarios as a file, never imported. It loads the recording half from the
folder it lies in, under one private module name, makes itself invisible (``sys.argv``, ``sys.path``,
``sys.modules`` and ``__main__`` are what the program would have found), runs the program, and writes the summary
into the trace. CONFIG is a JSON object: the fields of `Options`, ``trace`` (the file to write), and ``settle``:
seconds to wait at the end for threads that are still at work, daemon ones too.

Exit code: the program's; 2, after one sentence, where the recording cannot start. Then the program has not run.
"""

_found = dict(globals())  # what the interpreter puts into a program's `__main__`

import sys  # noqa: E402

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
    config, argv = sys.argv[1], sys.argv[2:]
    program = os.path.join(os.getcwd(), argv[0])  # as the interpreter makes it absolute
    if not _SAFE:
        sys.path.insert(0, os.path.dirname(os.path.realpath(program)))
    code = recording.compile_program(program)
    if code is None:
        _say_it_yourself()
    run = recording.Guest(config, program, code).start()
    shelf.put_away()
    sys.argv = argv
    names = sys.modules["__main__"].__dict__
    loader = type(_found["__loader__"])("__main__", program)
    told = {**_found, "__doc__": None, "__file__": program, "__loader__": loader}
    names.clear()
    names.update(told)
    return lambda: run(names)


def _say_it_yourself() -> None:
    """The interpreter runs the program itself: it cannot be read or compiled, so no line of it will run, and nobody
    else says it in the interpreter's words."""
    import os

    flags = sys.orig_argv[: len(sys.orig_argv) - len(sys.argv)]
    sys.stdout.flush()
    os.execv(sys.executable, [*flags, *sys.argv[2:]])


if __name__ == "__main__":
    _begin()()
