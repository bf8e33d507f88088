"""A program under the bootstrap is as without it: how it starts, what it reads and writes, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers_bootstrap import both as both
from helpers_recording import ENGINES, Ran, command, consistent, environment, named, run

from tracer.reading.trace import Trace


def test_the_program_finds_itself_as_always(both):
    ran = both(
        "import sys, __main__\n"
        "print(sys.argv, __name__, __file__, sys.path[0], __spec__, __package__, __doc__)\n"
        "print(__main__.__dict__ is globals(), sys.modules['__main__'] is __main__)\n"
        "print(sorted(globals()))\nprint(__builtins__ is __import__('builtins'))\n",
        "one", "--two", "",
    )  # fmt: skip
    assert "['" in ran.out and "'one', '--two', '']" in ran.out and "__main__" in ran.out


def test_the_path_is_the_programs(both):
    both("import sys\nprint(sys.path)\nprint(sys.orig_argv[-1:], sys.flags, sys.warnoptions)\n", "x")


def test_a_loader_and_a_module_of_its_own(both):
    both(
        "import sys\nprint(type(__loader__).__name__, __loader__.name, __loader__.path == __file__)\n"
        "print(__loader__.get_source('__main__')[:10])\n"
    )


def test_started_from_another_folder_by_a_relative_name(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "program.py").write_text("import sys\nprint(sys.argv, __file__, sys.path[0])\n")
    plain = run(Path("sub/program.py"), None, cwd=tmp_path)
    taped = run(Path("sub/program.py"), tmp_path / "t.trace", cwd=tmp_path)
    assert (taped.out, taped.code) == (plain.out, 0)


def test_started_by_a_link(tmp_path):
    """Python looks for a linked program's modules where the file really is."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "neighbour.py").write_text("x = 'found'\n")
    (tmp_path / "real" / "program.py").write_text("import sys\nimport neighbour\nprint(neighbour.x, sys.argv)\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "program.py")
    plain = run(tmp_path / "link.py", None)
    taped = run(tmp_path / "link.py", tmp_path / "t.trace")
    assert plain.out.startswith("found")
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


def test_with_a_safe_path(tmp_path):
    """PYTHONSAFEPATH leaves the program's folder out of the path, and ours too."""
    (tmp_path / "program.py").write_text("import sys\nprint(sys.path)\n")
    plain = run(tmp_path / "program.py", None, env={"PYTHONSAFEPATH": "1"})
    taped = run(tmp_path / "program.py", tmp_path / "t.trace", env={"PYTHONSAFEPATH": "1"})
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


def test_isolated(tmp_path):
    (tmp_path / "program.py").write_text("import sys\nprint(sys.path)\n")
    plain = run(tmp_path / "program.py", None, python=("-I",))
    taped = run(tmp_path / "program.py", tmp_path / "t.trace", python=("-I",))
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import sys\nsys.exit(3)\n", 3),
        ("import sys\nsys.exit()\n", 0),
        ("import sys\nsys.exit('what went wrong')\n", 1),
        ("raise SystemExit(7)\n", 7),
        ("import sys\nsys.exit(None)\n", 0),
        ("import os\nos._exit(5)\n", 5),
        ("import atexit, sys\natexit.register(print, 'at exit')\nsys.exit(4)\n", 4),
        ("import threading\nthreading.Thread(target=lambda: print('in a thread')).start()\n", 0),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", -9),
        ("import threading\nthreading.Thread(target=lambda: 1 / 0).start()\n", 0),
        ("import sys\nsys.stdout.write('no newline')\n", 0),
        ("exit(6)\n", 6),
    ],
)
def test_exit_codes(both, source, code):
    same = "1 / 0" not in source
    assert both(source, same_err=same).code == code


ERRORS = {
    "error": "def inner():\n    raise ValueError('deep')\n\n\ndef outer():\n    inner()\n\n\nouter()\n",
    "cause": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error\n",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')\n",
    "library": "import json\njson.loads('{')\n",
    "syntax": "def f(:\n    pass\n",
    "null": "x = 1\0\n",
    "indent": "if True:\nx = 1\n",
    "import": "import no_such_module_anywhere\n",
    "recursion": "def f():\n    f()\n\n\nf()\n",
    "own hook": "import sys\nsys.excepthook = lambda k, e, t: print(k.__name__, t.tb_lineno, t.tb_next)\n1 / 0\n",
    "own hook that fails": "import sys\ndef hook(*a):\n    raise OSError('hook')\nsys.excepthook = hook\n1 / 0\n",
    "own hook that exits": "import sys\nsys.excepthook = lambda *a: sys.exit(1)\n1 / 0\n",
    "of a socket": "from socket import socket as s\ntry:\n    s().bind(('::', 'x'))\nfinally:\n    s().recv(1)\n",
    "of a kill": "import os\nos.kill(0, 'x')\n",
    "return outside": "print('no')\nreturn\n",
    "warning": "import sys\nx = '\\d'\n1 is 1\ndef f(:\n",
    "last traceback": "import atexit, sys\natexit.register(lambda: print(sys.last_traceback.tb_lineno))\n1 / 0\n",
    "base": "class Stop(BaseException):\n    pass\n\n\nraise Stop('now')\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "own bootstrap": "import bootstrap\nbootstrap.fail()\n",
}


@pytest.mark.parametrize("kind", list(ERRORS))
def test_an_error_is_told_as_if_we_were_not_there(tmp_path, both, kind):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "bootstrap.py").write_text("def fail():\n    raise OSError('in their bootstrap.py')\n")
    ran = both(ERRORS[kind], same_err=kind != "recursion")
    if kind == "null" and sys.version_info < (3, 11):
        assert ran == Ran(0, "", "")  # 3.10 reads a file up to the null byte and takes that for its end
        return
    assert ran.code == (-signal.SIGINT if kind == "interrupt" else 1)
    assert ran.err or kind in ("own hook", "own hook that exits")
    for engine in ENGINES if kind == "recursion" else ():
        program = tmp_path / "project" / "program.py"
        err = run(program, tmp_path / "t.trace", engine=engine).err
        assert "recording" not in err and err.rstrip().splitlines()[-1].startswith("RecursionError")


def hears_all() -> None:
    """For a child: hear the signals that `nohup` or a shell's background would have it ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until_it_waits(process: subprocess.Popen[str]) -> None:
    """Until the main thread of a process has slept for a tenth of a second, so that a signal finds it where it is."""
    deadline, slept, before = time.monotonic() + 10, 0, ""
    while slept < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
        try:
            stat = Path(f"/proc/{process.pid}/task/{process.pid}/stat").read_text().rpartition(") ")[2].split()
        except FileNotFoundError:  # no Linux
            time.sleep(0.5)
            return
        now = f"{stat[11]} {stat[12]}"  # ticks of the processor's time
        slept = slept + 1 if stat[0] == "S" and now == before else 0
        before = now


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("handled", [False, True], ids=["default", "handled"])
def test_signals(tmp_path, engine, number, handled):
    program = tmp_path / "waits.py"
    handler = "signal.signal(int(sys.argv[1]), lambda *a: sys.exit(9))\n" if handled else ""
    program.write_text(
        f"import signal, sys, threading\n{handler}print('ready', flush=True)\nthreading.Event().wait(20)\n"
    )
    seen = []
    for trace in (None, tmp_path / "t.trace"):
        process = subprocess.Popen(
            command(program, trace, str(int(number)), **({"engine": engine} if trace else {})), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment(), preexec_fn=hears_all,
        )  # fmt: skip
        try:
            assert process.stdout and process.stdout.readline() == "ready\n"
            until_it_waits(process)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        seen.append((process.returncode, out, err))
    assert seen[0] == seen[1]
    with Trace.open(tmp_path / "t.trace") as trace_:
        consistent(trace_)
        assert ("complete" in trace_.meta) == (handled or number == signal.SIGINT)


def test_stdin_is_the_programs(both):
    ran = both("import sys\nprint(input('? '), sys.stdin.read().upper(), sys.stdin.encoding)\n", stdin="a\nb\nc")
    assert ran.out.startswith("? a B\nC")


def test_output_of_every_kind(both):
    both("import os, sys\nprint('ü', flush=True)\nos.write(1, b'raw\\n')\nprint('err', file=sys.stderr)\n")


def test_the_source_may_be_of_any_encoding(tmp_path):
    program = tmp_path / "latin.py"
    for content in (b"# -*- coding: latin-1 -*-\nprint(len('\xfc'))\n", b"\xef\xbb\xbfprint(1)\r\n", b""):
        program.write_bytes(content)
        assert run(program, tmp_path / "t.trace") == run(program, None)


def test_a_program_that_is_not_there(tmp_path):
    ran = run(tmp_path / "none.py", tmp_path / "t.trace")
    assert ran.code != 0
    assert len(ran.err.strip().splitlines()) == 1 and "none.py" in ran.err
    assert not (tmp_path / "t.trace").exists()


@pytest.mark.parametrize(
    ("trace", "config"),
    [("t.trace", {"engine": "magic"}), ("no/such/folder/t.trace", {}), ("t.trace", {"no": "such"})],
)
def test_a_recording_that_cannot_start_is_one_sentence(tmp_path, trace, config):
    (tmp_path / "program.py").write_text("print('ran')\n")
    ran = run(tmp_path / "program.py", tmp_path / trace, **config)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.strip().splitlines()) == 1 and ran.err.startswith("unmagic: "), ran.err
    assert not (tmp_path / trace).exists()


ENDS = {
    "_exit": "os._exit(3)",
    "kill": "os.kill(os.getpid(), signal.SIGTERM)",
    "killpg": "os.setpgid(0, 0)\nos.killpg(0, signal.SIGTERM)",
    "raise_signal": "signal.raise_signal(signal.SIGTERM)",
    "abort": "os.abort()",
    "exec": "os.execl(sys.executable, sys.executable, '-c', 'print(1)')",
    "in a handler": "signal.signal(signal.SIGALRM, lambda *a: os._exit(3))\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\n"
    "while True:\n    last()",
}

#: Ends that are sure to come, when they are asked for: the recording comes to its own end before.
SURE = ("_exit", "in a handler")


@pytest.mark.parametrize("how", list(ENDS))
def test_a_sudden_end_leaves_what_was_recorded(tmp_path, both, how):
    source = f"import os\nimport signal\nimport sys\n\n\ndef last():\n    pass\n\n\nlast()\n{ENDS[how]}\n"
    both(source)
    for engine in ENGINES:
        with Trace.open(tmp_path / f"{engine}.trace") as trace:
            consistent(trace)
            assert named(trace, "last") and ("complete" in trace.meta) == (how in SURE)


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_of_a_program_is_in_the_trace(tmp_path, engine):
    program = tmp_path / "program.py"
    program.write_text(
        "import atexit\nimport threading\n\n\ndef last():\n    return 'at exit'\n\n\ndef slow(event):\n"
        "    event.wait(5)\n    return 'waited'\n\n\natexit.register(last)\nevent = threading.Event()\n"
        "threading.Thread(target=slow, args=(event,)).start()\nthreading.Timer(0.05, event.set).start()\n"
    )
    assert run(program, tmp_path / "t.trace", engine=engine).code == 0
    with Trace.open(tmp_path / "t.trace") as trace:
        consistent(trace)
        assert [c.last.ended for c in named(trace, "slow")] == ["returned"]
        assert [c.last.ended for c in named(trace, "last")] == ["returned"]
        assert named(trace, "<module>")[0].last.ended == "returned"
        assert trace.meta["complete"] == "1" and trace.meta["engine"] == engine
        assert trace.meta["python"] == ".".join(map(str, sys.version_info[:3]))
