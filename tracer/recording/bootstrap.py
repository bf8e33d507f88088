"""Run a program under the recorder, in its own interpreter: ``python bootstrap.py CONFIG PROGRAM [ARG ...]``.

Started by `unmagic run` and by the scenarios as a file, never imported. It loads the recording half from the
folder it lies in, under one private module name, makes itself invisible (``sys.argv``, ``sys.path`` and
``__main__`` are what the program would have found), runs the program, and writes the summary into the trace.
CONFIG is a JSON object: the fields of `Options`, ``trace`` (the file to write), and ``settle``: seconds to wait
at the end for threads that are still at work, daemon ones too.
"""

import sys

if False:  # for the type checker alone: nothing is imported here that the program did not
    from typing import Any

_here = sys.path[0]  # this folder, put there by the interpreter; its file names must not shadow the program's
sys.path[0] = ""

PRIVATE = "_unmagic_recording"


def _load(folder: str) -> "Any":
    """The recording half as the package `_unmagic_recording`, from its files."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(PRIVATE, folder + "/__init__.py", submodule_search_locations=[folder])
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[PRIVATE] = module
    spec.loader.exec_module(module)
    return module


def _main() -> None:
    import atexit
    import json
    import os

    config = json.loads(sys.argv[1])
    program = os.path.abspath(sys.argv[2])
    recording = _load(_here)
    sys.argv = sys.argv[2:]
    sys.path[0] = os.path.dirname(program)
    settle = config.pop("settle", 0)
    trace = config.pop("trace")
    options = recording.Options(**{k: tuple(v) if isinstance(v, list) else v for k, v in config.items()})
    try:
        with open(program, "rb") as file:
            code = compile(file.read(), program, "exec")
    except OSError as error:
        sys.exit(f"unmagic: cannot read {program}: {error.strerror}")
    recorder = recording.Recorder(trace, options)
    try:
        recorder.start()
    except recording.RecorderError as error:
        sys.exit(f"unmagic: {error}")
    atexit.register(_stop, recorder, settle)
    module = sys.modules["__main__"]
    names = module.__dict__
    for name in [n for n in names if n != "__builtins__"]:
        del names[name]
    names.update(__name__="__main__", __file__=program, __spec__=None, __doc__=None, __package__=None, __cached__=None)
    names["__annotations__"] = {}
    recording.run_program(code, names)


def _stop(recorder: "Any", settle: float) -> None:
    """At the interpreter's end, after every non-daemon thread and after the program's own atexit functions."""
    import threading
    import time

    deadline = time.monotonic() + settle
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
    recorder.stop()


if __name__ == "__main__":
    _main()
