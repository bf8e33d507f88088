"""A program that is several processes, forked off or by multiprocessing: a whole trace of each, and in which file."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from helpers_processes import listed, sound
from helpers_recording import ENGINES
from helpers_run import UNMAGIC, called, compared, done, get, meta, running, traces, unmagic

from tracer.reading.trace import Trace
from unmagic.processes import take_away_older

# --- forks ---------------------------------------------------------------------------------------------------


FORKS = """
import os, sys, threading
def shared(x):
    return x
def generator():
    yield shared("first")
    yield shared("second")
def parent(child):
    status = os.waitpid(child, 0)[1]
    shared("after")
    print("child", os.WEXITSTATUS(status))
def child():
    shared("child")
    thread = threading.Thread(target=shared, args=("in a thread",))
    thread.start()
    thread.join()
    print("ran", len(list(going)), flush=True)
    {leave}
shared("before")
going = generator()
next(going)
def main():
    pid = os.fork()
    if pid:
        parent(pid)
    else:
        child()
    return shared("end")
main()
"""
LEAVES = {"exit": ("sys.exit(3)", 3), "_exit": ("os._exit(4)", 4), "runs on": ("pass", 0), "error": ("1 / 0", 1)}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("leave", list(LEAVES))
def test_what_is_forked_off_has_a_trace_of_its_own(tmp_path: Path, engine: str, leave: str):
    how, code = LEAVES[leave]
    (tmp_path / "app.py").write_text(FORKS.format(leave=how))
    ran = compared("app.py", cwd=tmp_path, options=("--engine", engine))
    assert (ran.code, ran.out) == (0, f"ran 1\nchild {code}\n")
    sound(tmp_path, "app.trace", "app.2.trace")
    assert listed(ran.ours) == {"app.trace": "", "app.2.trace": "forked off"}
    said = []
    for name in ("app.trace", "app.2.trace"):
        with Trace.open(tmp_path / name) as trace:
            calls = [call for call in trace.calls.values() if call.code.qualname == "shared"]
            values = [trace.value(call.arguments[0]) for call in calls]
            said.append([value.data for value in values if value is not None])
    assert said[0] == ["before", "first", "after", "end"]
    assert said[1] == ["child", "in a thread", "second", *(["end"] if leave == "runs on" else [])]
    first, second = meta(tmp_path / "app.trace"), meta(tmp_path / "app.2.trace")
    assert (second["parent"], second["began"], first["began"]) == (first["pid"], "fork", "run")


def test_a_frame_from_before_the_fork_keeps_nothing_of_the_parents_recording(tmp_path: Path):
    """Its lines would be written down for ever, and taken by nobody."""
    (tmp_path / "app.py").write_text(
        "import gc, os, sys\ndef main():\n    pid = os.fork()\n    if pid:\n        print(os.waitpid(pid, 0)[1])\n"
        "    else:\n        for n in range(30000):\n            n += 1\n"
        "        print(max(len(o) for o in gc.get_objects() if type(o) is list) < 30000, flush=True)\nmain()\n"
    )
    ran = compared("app.py", cwd=tmp_path, options=("--engine", "settrace", "--lines", "app"))
    assert ran.out == "True\n0\n"


def test_processes_that_run_nothing_of_the_program_leave_no_trace(tmp_path: Path):
    """A fork on the way to another program; a helper of `multiprocessing`'s; a command of somebody else's."""
    (tmp_path / "other.py").write_text("print('other')\n")
    (tmp_path / "app.py").write_text(
        "import os, subprocess, sys\n"
        "def main():\n"
        "    print(subprocess.run([sys.executable, 'other.py'], capture_output=True).stdout)\n"
        "    print(subprocess.run([sys.executable, '-c', 'print(1)'], stdout=-1, preexec_fn=os.getpid).stdout)\n"
        "    print(subprocess.run('echo 2', shell=True, capture_output=True).stdout)\n"
        "    print(os.spawnv(os.P_WAIT, sys.executable, [sys.executable, 'other.py']))\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        os.execv('/bin/sh', ['sh', '-c', 'exit 5'])\n"
        "    print(os.waitpid(pid, 0)[1])\n"
        "    print({name for name in os.environ if 'unmagic' in (name + os.environ[name]).lower()})\n"
        "main()\n"
    )
    ran = compared("app.py", cwd=tmp_path)
    assert ran.code == 0 and "other" in ran.out
    assert traces(tmp_path) == ["app.trace"] and ran.ours[-2] == "the trace is app.trace"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.12 began to warn of forks beside threads")
@pytest.mark.parametrize("threads", [0, 1])
def test_python_warns_of_threads_only_where_the_program_has_some(tmp_path: Path, threads: int):
    (tmp_path / "app.py").write_text(
        "import os, threading\nstop = threading.Event()\n"
        f"for _ in range({threads}):\n    threading.Thread(target=stop.wait).start()\n"
        "for _ in range(3):\n    if not os.fork():\n        os._exit(0)\n    os.wait()\nstop.set()\n"
    )
    ran = unmagic("run", "app.py", cwd=tmp_path)
    assert ("multi-threaded" in ran.theirs) == bool(threads), ran.theirs


# --- multiprocessing -----------------------------------------------------------------------------------------


MULTI = """
import multiprocessing, sys
def work(x):
    return x * 2
def run(queue, x):
    queue.put(work(x))
if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    queue = context.Queue()
    workers = [context.Process(target=run, args=(queue, n)) for n in range(2)]
    for worker in workers:
        worker.start()
    print(sorted(queue.get() for _ in workers))
    for worker in workers:
        worker.join()
    print([worker.exitcode for worker in workers])
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(tmp_path: Path, method: str):
    """The server of "forkserver" is a process that imports the program, and forks off the others."""
    (tmp_path / "app.py").write_text(MULTI)
    ran = compared("app.py", method, cwd=tmp_path)
    assert ran.out == "[0, 2]\n[0, 0]\n"
    came = listed(ran.ours)
    spawned = {"fork": 0, "spawn": 2, "forkserver": 1}[method]
    forked = 0 if method == "spawn" else 2
    assert sorted(came.values()) == sorted(["", *["by multiprocessing"] * spawned, *["forked off"] * forked])
    sound(tmp_path, *came)
    worked = [name for name in came if "work" in called(tmp_path / name)]
    assert len(worked) == 2 and "app.trace" not in worked


POOL = """
import multiprocessing, os
def work(x):
    return os.getpid()
if __name__ == "__main__":
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(*set(pool.map(work, range(8), 1)))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_every_worker_of_a_pool_that_sent_something_has_a_trace(tmp_path: Path):
    """The pool ends them at once when it has their results. Six such programs at a time: who is ended while its trace
    is being begun is found when the processor is busy."""

    def once(number: int) -> tuple[int, set[str], dict[str, set[str]]]:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "app.py").write_text(POOL)
        ran = done([*UNMAGIC, "run", "app.py"], folder)
        further = [folder / name for name in listed(ran.ours) if name != "app.trace"]
        return ran.code, set(ran.out.split()), {meta(one)["pid"]: set(called(one)) for one in further}

    with ThreadPoolExecutor(6) as pool:
        for code, workers, found in pool.map(once, range(6)):
            assert code == 0 and workers and workers <= set(found)
            assert all("work" in found[worker] for worker in workers)


#: A child that is killed in one of the two moments in which SQLite has a journal beside a trace.
KILLED = """
import os, signal, sys
def work():
    return "worked"
if not os.fork():
    store = sys.modules["_unmagic_recording.store"]
    def killed(self):
        {first}
        self._db.execute("begin immediate")
        self._db.execute("pragma user_version = 7")
        os.kill(os.getpid(), signal.SIGKILL)
    {where}
    work()
    os._exit(0)
print(os.WTERMSIG(os.wait()[1]))
"""
MOMENTS = {
    "at its end": ("self._db.execute('pragma journal_mode = delete')", "store.Store.close = killed"),
    "at its beginning": (
        "self._db.execute('pragma journal_mode = delete')",
        "made = store.Store.__init__; store.Store.__init__ = lambda self, path: (made(self, path), killed(self))",
    ),
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("moment", list(MOMENTS))
def test_a_process_that_is_killed_while_its_trace_is_half_changed(tmp_path: Path, moment: str):
    """What is half done is taken back. Killed at the end it is told of with all that it did."""
    first, where = MOMENTS[moment]
    (tmp_path / "app.py").write_text(KILLED.format(first=first, where=where))
    ran = unmagic("run", "app.py", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "9\n")
    if moment == "at its end":
        assert listed(ran.ours) == {"app.trace": "", "app.2.trace": "forked off"}
        assert "work" in called(tmp_path / "app.2.trace")
    else:
        assert "a process was killed before anything of its calls was written" in ran.ours
    assert not [name for name in os.listdir(tmp_path) if "journal" in name]
    assert ("app.2.trace" in traces(tmp_path)) == (moment == "at its end")


# --- which files ---------------------------------------------------------------------------------------------


def test_an_earlier_runs_traces_go_and_others_stay(tmp_path: Path):
    (tmp_path / "app.py").write_text(MULTI)
    assert unmagic("run", "app.py", "fork", cwd=tmp_path).code == 0
    assert unmagic("run", "-o", "app.4.trace", "app.py", "no", cwd=tmp_path).code == 1
    (tmp_path / "app.5.trace").write_text("mine")
    (tmp_path / "app.3.trace").rename(tmp_path / "app.six.trace")
    kept = {name: (tmp_path / name).read_bytes() for name in ("app.4.trace", "app.5.trace", "app.six.trace")}
    (tmp_path / "app.py").write_text("def only(): print('once')\nonly()\n")
    assert unmagic("run", "app.py", cwd=tmp_path).ours[-2] == "the trace is app.trace"
    assert traces(tmp_path) == ["app.4.trace", "app.5.trace", "app.six.trace", "app.trace"]
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept
    (tmp_path / "app.py").write_text(MULTI)
    again = unmagic("run", "app.py", "fork", cwd=tmp_path)
    assert set(listed(again.ours)) == {"app.trace", "app.2.trace", "app.3.trace"}
    assert {name: (tmp_path / name).read_bytes() for name in kept} == kept


LEFT = """
import os, sqlite3, sys
def leave(name, *statements, begun=True):
    if not os.fork():
        db = sqlite3.connect(name, isolation_level=None)
        for statement in statements:
            db.execute(statement)
        os.kill(os.getpid(), 9)
    os.wait()
OURS = "pragma application_id = 0x756E6D67", "pragma journal_mode = wal"
open("app.2.trace", "x").close()
leave("app.3.trace", *OURS, "begin", "create table meta (key)")
leave("app.4.trace", *OURS, "create table meta (key)")
leave("app.5.trace", "create table mine (key)")
open("app.6.trace", "x").write("mine")
open("app.7.trace", "x").close()
os.utime("app.7.trace", (1, 1))
os.mkdir("app.8.trace")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_what_is_left_of_processes_that_were_killed_at_once_is_taken_away(tmp_path: Path):
    """At the end of the run, or before the next; never what may be somebody else's."""
    (tmp_path / "app.py").write_text(LEFT)
    ran = unmagic("run", "app.py", cwd=tmp_path)
    kept = ["app.5.trace", "app.6.trace", "app.7.trace", "app.8.trace", "app.trace"]
    assert ran.code == 0 and ran.ours[0] == "3 processes were killed before anything of their calls was written"
    assert traces(tmp_path) == kept
    (tmp_path / "app.2.trace").touch()
    take_away_older(tmp_path / "app.trace")
    assert traces(tmp_path) == kept


def test_a_trace_that_another_run_writes_is_not_taken_from_it(tmp_path: Path):
    (tmp_path / "app.py").write_text("def f(): print('ready', flush=True); input()\nf()\n")
    with running([*UNMAGIC, "run", "-m", "http.server", "0", "--bind", "127.0.0.1"], tmp_path,
                 {**os.environ, "PYTHONUNBUFFERED": "1"}) as server:  # fmt: skip
        get(int(server.until(r"port (\d+)")[1]), "/app.py")  # it says so a moment before it can be interrupted
        other = unmagic("run", "-o", "http.server.trace", "app.py", cwd=tmp_path)
        assert (other.code, other.out) == (2, "")
        assert other.ours == [f"{tmp_path}/http.server.trace is being written by another run: choose another -o"]
        server.interrupt()
        assert server.end() == 0
    assert meta(tmp_path / "http.server.trace")["complete"] == "1"
