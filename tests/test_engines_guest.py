"""The engines are guests: signals, Ctrl-C, forks and the program's own trace function stay the program's."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from helpers_engines import engine as engine
from helpers_recording import PROGRAMS, ROOT, command, consistent, environment, from_source, named, recorded, run, text

from tracer.reading.trace import Trace

#: The main thread does not want the signal, and gives the other thread no chance to say that it does not either.
DEAF = """
import os, signal, sys, time
from _thread import allocate_lock
from tracer.recording.behind import start
sys.setswitchinterval(100)
signal.signal(signal.SIGUSR1, lambda *_: None)
gate = allocate_lock()
gate.acquire()
gone = start(gate.acquire)
before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
os.kill(os.getpid(), signal.SIGUSR1)
until = time.monotonic() + 0.3
while time.monotonic() < until:
    pass
print(signal.SIGUSR1 in signal.sigpending(), before)
gate.release()
gone()
"""


@pytest.mark.skipif(not hasattr(signal, "sigpending"), reason="no masks of signals here")
def test_the_writers_thread_takes_no_signal_from_its_very_beginning():
    """The main thread, which alone handles it, would not be woken out of what it waits for."""
    ran = subprocess.run([sys.executable, "-c", DEAF], capture_output=True, text=True, cwd=ROOT, timeout=30)
    assert (ran.stdout, ran.stderr) == ("True set()\n", "")


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")
def test_an_exception_of_a_signal_handler_always_reaches_the_program(tmp_path, engine):
    trace = tmp_path / "t.trace"
    ran = run(PROGRAMS / "interrupted.py", trace, "150", engine=engine, timeout=25)
    assert (ran.code, ran.out, ran.err) == (0, "rang 150, heard 150\n", "")
    with Trace.open(trace) as opened:
        assert "faults" not in opened.meta
        if "lost" not in opened.meta:  # where it strikes before a hook's first line, Python takes the hook away
            assert len(named(opened, "after")) == 1
        assert engine == "settrace" or "lost" not in opened.meta
        consistent(opened)


def test_ctrl_c_ends_a_busy_program(tmp_path, engine):
    program = tmp_path / "busy.py"
    program.write_text(
        "def step(x):\n    return x\n\n\nprint('ready', flush=True)\nwhile True:\n    step(1)\n", encoding="utf-8"
    )
    for n in range(4):
        process = subprocess.Popen(
            command(program, tmp_path / f"{n}.trace", engine=engine), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True, env=environment(), preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )  # fmt: skip
        assert process.stdout and process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        try:
            _, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        assert process.returncode == -signal.SIGINT
        assert err.rstrip().endswith("KeyboardInterrupt")


def test_a_trace_function_of_the_programs_own(tmp_path, engine):
    """A program that sets a trace function (a debugger, coverage) gets its events, and its own function back."""
    module = from_source(
        "import sys\n\n\ndef f():\n    return 1\n\n\ndef program():\n    seen = []\n\n"
        "    def mine(frame, event, arg):\n"
        "        seen.append((frame.f_code.co_name, event))\n        return mine\n\n    sys.settrace(mine)\n    f()\n"
        "    got = sys.gettrace() is mine\n    sys.settrace(None)\n    return got, [s for s in seen if s[0] == 'f']\n",
        tmp_path,
    )
    plain = module.program()
    done = recorded(tmp_path / "t.trace", module.program, program=str(tmp_path), engine=engine)
    assert done.result == plain == (True, [("f", "call"), ("f", "line"), ("f", "return")])


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="no fork here")
@pytest.mark.parametrize("leave", ["sys.exit(0)", "os._exit(0)"])
def test_a_program_that_forks(tmp_path, engine, leave):
    """The child goes on unrecorded; it ends as it would have, and does not touch the parent's trace."""
    program = tmp_path / "forks.py"
    program.write_text(
        "import os, sys\n\n\ndef f(x):\n    return x\n\n\nf(1)\nchild = os.fork()\nif child == 0:\n"
        f"    for n in range(30000):\n        f(n)\n    {leave}\n"
        "status = os.waitpid(child, 0)[1]\nf(2)\nprint('child', os.WEXITSTATUS(status), flush=True)\n",
        encoding="utf-8",
    )
    ran = run(program, tmp_path / "t.trace", engine=engine, timeout=60)
    assert (ran.code, ran.out) == (0, "child 0\n")
    with Trace.open(tmp_path / "t.trace") as trace:
        consistent(trace)
        assert [text(trace, c.arguments[0]) for c in named(trace, "f")] == ["1", "2"]
        assert trace.meta["complete"] == "1"
