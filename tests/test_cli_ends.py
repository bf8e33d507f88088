"""`unmagic run` and a program's end: Ctrl-C and other signals, threads that stay, outputs that are full."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from helpers_cli import environment, hears_ctrl_c, own_words, program, unmagic
from helpers_run import UNMAGIC, called, running, written

from tracer.reading.trace import Trace
from tracer.recording.again import MOMENT

# --- Ctrl-C ------------------------------------------------------------------------------------------------


#: Waits in short steps: a signal that comes between Python's last look for one and a single long wait is heard only
#: after that wait. With a second thread that wants to run just then (the recorder's, or any), there is time for it.
INTERRUPTED = """
import sys, time
def wait():
    print("ready", flush=True)
    while True:
        time.sleep(0.05)
try:
    wait()
except KeyboardInterrupt:
    {then}
"""


@pytest.mark.parametrize(
    ("then", "code"), [("print('caught')", 0), ("sys.exit(7)", 7), ("raise", 130)], ids=["caught", "exits", "raised"]
)
def test_run_interrupted_by_ctrl_c(tmp_path: Path, then: str, code: int):
    """Ctrl-C reaches the whole foreground group; the program decides what comes of it, and the trace is told."""
    program(tmp_path, INTERRUPTED.format(then=then))
    with subprocess.Popen(
        [sys.executable, "-m", "unmagic", "run", "program.py"], cwd=tmp_path, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=hears_ctrl_c,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            os.killpg(process.pid, signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == code
    assert out == ("caught\n" if code == 0 else "")
    assert err.count("Traceback") == (code == 130) and ("KeyboardInterrupt" in err) == (code == 130)
    assert "unmagic: the trace is program.trace" in err
    assert "wait" in called(tmp_path / "program.trace")


#: A program whose recording has an end that lasts: a writer that goes to sleep stands for one that has much to write.
ENDS_SLOWLY = """
import sys, threading, time
recorder = next(m for n, m in sys.modules.items() if n.endswith(".recorder") and hasattr(m, "Recorder")).Recorder
original = recorder._unhook
def lasts(self):
    original(self)
    print("ending", flush=True)
    time.sleep({seconds})
recorder._unhook = lasts
def work():
    print("ready", flush=True)
    while True:
        time.sleep(0.05)
try:
    work()
except KeyboardInterrupt:
    pass
"""


def test_ctrl_c_again_does_not_cut_the_trace(tmp_path: Path):
    program(tmp_path, ENDS_SLOWLY.format(seconds=3))
    with running([*UNMAGIC, "run", "program.py"], tmp_path) as one:
        one.until("ready")
        one.interrupt()
        one.until("ending")
        one.interrupt()
        assert one.end() == 0
        assert "Traceback" not in "".join(one.said)
        assert one.ours[0] == "the rest of the trace is being written; Ctrl-C once more leaves it out"
        assert "the trace is program.trace" in one.ours
    with Trace.open(tmp_path / "program.trace") as trace:
        assert trace.meta["complete"] == "1"


def test_ctrl_c_for_the_third_time_ends_it(tmp_path: Path):
    program(tmp_path, ENDS_SLOWLY.format(seconds=60))
    with running([*UNMAGIC, "run", "program.py"], tmp_path) as one:
        one.until("ready")
        one.interrupt()
        one.until("ending")
        one.interrupt()
        one.until("once more leaves it out")
        time.sleep(MOMENT + 0.2)  # as a person does who has read that
        one.interrupt()
        assert one.end() == 128 + signal.SIGINT
        assert "Traceback" not in "".join(one.said)
    with Trace.open(tmp_path / "program.trace") as trace:
        assert "complete" not in trace.meta


# --- ends that are no ends ----------------------------------------------------------------------------------


def test_run_waits_for_no_thread_that_cannot_be_waited_for(tmp_path: Path):
    """A thread begun below `threading` that asks for itself is a dummy there: it cannot be joined."""
    program(
        tmp_path,
        "import _thread, threading\ngo, seen = _thread.allocate_lock(), _thread.allocate_lock()\ngo.acquire()\n"
        "seen.acquire()\ndef work():\n    threading.current_thread()\n    seen.release()\n    go.acquire()\n"
        "_thread.start_new_thread(work, ())\nseen.acquire()\nprint('done')\n",
    )
    done = unmagic("run", "program.py", cwd=tmp_path)
    assert (done.code, done.out, own_words(done)) == (0, "done\n", "")
    with Trace.open(tmp_path / "program.trace") as trace:
        assert trace.meta["complete"] == "1"


COUNTS = """\
import collections, os, signal, sys, time
counts = collections.Counter()
def count(number, frame):
    counts[signal.Signals(number).name] += 1
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())
def stop(number, frame):
    sys.exit(f"{dict(counts)}")
signal.signal(signal.SIGINT, count)
signal.signal(signal.SIGQUIT, count)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
while True:  # a signal that comes just before a sleep is told after it
    time.sleep(0.05)
"""


def test_what_comes_to_us_alone_is_passed_on_and_what_comes_to_all_is_not_doubled(tmp_path: Path):
    program(tmp_path, COUNTS)
    command = [sys.executable, "-m", "unmagic", "run", "program.py"]
    with running(command, tmp_path) as one:
        one.until("ready")
        one.interrupt()
        one.until("got SIGINT")
        one.process.send_signal(signal.SIGQUIT)
        one.until("got SIGQUIT")
        one.process.send_signal(signal.SIGTERM)
        assert one.end() == 1
        assert "{'SIGINT': 1, 'SIGQUIT': 1}" in one.said


def test_sigterm_reaches_the_program(tmp_path: Path):
    program(
        tmp_path,
        "import os, signal, sys, time\ndef stop(number, frame):\n    os.write(1, b'stopped\\n')\n    sys.exit(3)\n"
        "signal.signal(signal.SIGTERM, stop)\nprint('ready', flush=True)\n"
        "while True:\n    time.sleep(0.05)\n",
    )
    with subprocess.Popen(
        [sys.executable, "-m", "unmagic", "run", "program.py"], cwd=tmp_path, env=environment(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None and process.stdout.readline() == "ready\n"
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=30)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
    assert (process.returncode, out) == (3, "stopped\n"), err


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="no /proc here")
def test_no_thread_beside_takes_the_programs_signals(tmp_path: Path):
    """The main thread would not be woken, and would not pass them on."""
    program(tmp_path, "import time\nprint('ready', flush=True)\nwhile True:\n    time.sleep(0.05)\n")
    with running([*UNMAGIC, "run", "--live", "program.py"], tmp_path) as one:
        one.until("ready")
        others = [task for task in Path(f"/proc/{one.process.pid}/task").iterdir() if int(task.name) != one.process.pid]
        masks = [re.search(r"SigBlk:\s*(\w+)", (task / "status").read_text()) for task in others]
        blocked = [int(mask[1], 16) >> (signal.SIGTERM - 1) & 1 for mask in masks if mask]
        assert blocked and all(blocked)
        one.process.send_signal(signal.SIGTERM)
        assert one.end() == 128 + signal.SIGTERM


def test_run_never_writes_over_the_program(tmp_path: Path):
    program(tmp_path, "", "empty.py")
    done = unmagic("run", "-o", "empty.py", "empty.py", cwd=tmp_path)
    assert done.code == 2 and len(done.err.splitlines()) == 1 and "empty.py" in done.err
    assert (tmp_path / "empty.py").read_bytes() == b""


def test_a_run_that_ended_at_once_has_its_decisions_and_no_secrets(tmp_path: Path):
    """What is told only at the end is written all the while: a program may have none."""
    program(
        tmp_path,
        "import os, threading\ndef f(x): return x\nf({'Authorization': 'Bearer abcdefgh12345'})\n"
        "f([('X-Api-Key', 'hdrkey2222')])\ndef last(): pass\nlast()\nprint(os.getpid(), flush=True)\n"
        "threading.Event().wait()\n",
    )
    with running([*UNMAGIC, "run", "program.py"], tmp_path) as run:
        process = int(run.until(r"^(\d+)$")[1])
        written(tmp_path / "program.trace", "last")
        os.kill(process, signal.SIGKILL)
        run.end()
    data = (tmp_path / "program.trace").read_bytes()
    assert b"abcdefgh12345" not in data and b"hdrkey2222" not in data
    done = unmagic("scope", "program.trace", cwd=tmp_path)
    assert "program.py" in done.out and "did not come to its end" in done.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_an_output_that_cannot_be_written_is_one_sentence(tmp_path: Path):
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "unmagic", "trace", "--list"], cwd=tmp_path, env=environment(), stdout=full,
            stderr=subprocess.PIPE, text=True, timeout=60,
        )  # fmt: skip
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1 and "No space left" in done.stderr
