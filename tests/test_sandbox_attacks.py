"""Submissions that attack: each is stopped by its limit, told so in a sentence, and leaves nothing behind (`behind`
looks).

Every attack is bounded by itself as well, so that a wall with a hole in it does not take the machine along.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from helpers_sandbox import A_ROOT, A_USER, B_ROOT, C_USER, EVERY, MAIN, Way, behind, program, talker

from grader.sandbox import slots
from grader.sandbox.interpreter import interpreters
from grader.sandbox.job import PREFIX, Job, remove, sweep
from grader.sandbox.limits import Limits
from grader.sandbox.user import OtherUser

BOXED = (A_ROOT, A_USER)
HERE = A_ROOT if os.geteuid() == 0 else A_USER
MIB = 1 << 20


def attack(way: Way, source: str, wait: float = 20, **limits: float) -> dict[str, object]:
    """What came of a program that only attacks."""
    return behind(way, files=talker(source), functions=MAIN, limits=limits, wait=wait)


# --- memory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", (A_ROOT, C_USER), ids=str)
def test_one_process_that_takes_memory_is_ended(way: Way):
    source = "import time\nhog = [bytearray(b'x' * (1 << 20)) for _ in range(400)]\ntime.sleep(30)"
    told = attack(way, source, memory=100 * MIB)
    assert told["ending"] == "ended by SIGKILL: it used more than 100 MiB of memory"


def test_eight_processes_that_share_it_out_are_ended():
    source = "import os, time\nfor n in range(7):\n  if os.fork() == 0: break\n"
    source += "hog = bytearray(b'x' * (40 << 20))\ntime.sleep(30)"
    assert "more than 200 MiB of memory" in str(attack(HERE, source, memory=200 * MIB)["ending"])


def test_memory_that_is_shared_and_not_looked_at_counts():
    """Pages of a shared mapping stay when a process lets go of them, and then belong to nobody's count."""
    source = (
        "import mmap, time\nheld = []\nfor n in range(10):\n"
        "  one = mmap.mmap(-1, 30 << 20)\n  one.write(b'x' * (30 << 20))\n"
        "  one.madvise(mmap.MADV_DONTNEED)\n  held.append(one)\ntime.sleep(30)"
    )
    assert "more than 100 MiB of memory" in str(attack(HERE, source, memory=100 * MIB)["ending"])


def test_more_address_space_than_there_is_gets_a_memory_error():
    source = "try:\n  bytearray(3 << 30)\nexcept MemoryError:\n  print('no')"
    assert attack(HERE, source)["output"] == "no\n"


# --- processes ---------------------------------------------------------------------------------------------

FORKS = """
import os, time
for n in range(300):
    try:
        if os.fork() == 0:
            time.sleep(20)
            os._exit(0)
    except OSError:
        print("stopped at", n, flush=True)
        break
time.sleep(20)
"""
THREADS = """
import threading, time
try:
    for n in range(300):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
except RuntimeError:
    print("stopped at", n, flush=True)
time.sleep(20)
"""


@pytest.mark.parametrize("source", (FORKS, THREADS), ids=("forks", "threads"))
@pytest.mark.parametrize("way", (A_ROOT, A_USER, B_ROOT), ids=str)
def test_forks_and_threads_stop_at_the_limit(way: Way, source: str):
    told = attack(way, source, wait=0.6, processes=20)
    words = str(told["output"]).split()
    assert words[:2] == ["stopped", "at"] and 15 <= int(words[2]) <= 20, told
    assert len(told["pids"]) <= 24  # type: ignore[arg-type]


def test_where_the_kernel_does_not_count_the_watch_does():
    """Which of its limits it comes to first depends on how soon the watch looks."""
    ending = str(attack(C_USER, FORKS, processes=20)["ending"])
    assert "more than 20 processes and threads" in ending or "more than 512 MiB of memory" in ending


#: A program of this process of tests alone: others may test at the same time.
OURS = f"daemon_{os.getpid()}.py"
DAEMON = """
import os, time
for n in range(3):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for number in (0, 1, 2):
                os.close(number)
            time.sleep(30)
        os._exit(0)
time.sleep(0.3)
"""


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_daemons_that_forked_twice_are_gone_afterwards(way: Way):
    told = behind(way, files={OURS: DAEMON + "time.sleep(20)"}, functions=["python3", OURS], wait=0.5)
    assert len(told["pids"]) >= 4, "they were there"
    assert not _running()


def test_daemons_of_a_process_that_has_ended_are_gone_too():
    way = B_ROOT if os.geteuid() == 0 else HERE
    told = behind(way, files={OURS: DAEMON}, functions=["python3", OURS], wait=20)
    assert told["ending"] == "ended with exit code 0" and not _running()


def _running() -> set[int]:
    """Processes of this machine that run `OURS`."""
    found = set()
    for path in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (path / "cmdline").read_bytes().split(b"\0") if path.name.isdigit() else []
            if OURS.encode() in words:
                found.add(int(path.name))
    return found


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_killing_every_process_ends_itself_alone(way: Way):
    """With a private list of processes there is nobody else to kill."""
    source = (
        "import os\nfor pid in (1, 3, 4, 5):\n  try: os.kill(pid, 9)\n  except OSError as error: print(error.errno)\n"
    )
    source += "os.kill(-1, 9)\nprint('here')"
    told = attack(way, source)
    assert told["output"].startswith("3\n3\n3\n") or "here" in str(told["output"]), told
    assert behind(way, files=program("print(input())"), functions=MAIN, ask=["still there"])["answers"] == [
        "still there"
    ]


# --- processor, output, files ------------------------------------------------------------------------------


def test_processor_time_is_counted_over_all_processes():
    source = "import os\nfor n in range(3):\n  if os.fork() == 0: break\nwhile True: pass"
    told = attack(HERE, source, processor=2)
    assert "more than 2 seconds of processor time" in str(told["ending"])


def test_endless_output_is_read_and_ended_and_little_of_it_kept():
    told = attack(HERE, "while True: print('x' * 65536)", output=8 * MIB)
    assert told["ending"] == "ended by SIGKILL: it printed more than 8 MiB"
    assert len(str(told["output"])) < 80_000 and told["cut"] > 7 * MIB  # type: ignore[operator]
    assert told["memory"] < 80 * 1024, "kilobytes"  # type: ignore[operator]


def test_a_large_file_ends_at_its_limit():
    source = (
        "try:\n  with open('/tmp/big', 'wb', 0) as file:\n    for n in range(60): file.write(b'x' * (1 << 20))\n"
        "except OSError as error: print(n, error.errno)"
    )
    assert attack(HERE, source, file_size=5 * MIB)["output"] == "5 27\n"


@pytest.mark.parametrize("way", (HERE, C_USER), ids=str)
def test_many_files_fill_what_they_were_given_and_no_more(way: Way):
    source = (
        "import os, time\ntry:\n  for n in range(60):\n"
        "    open(os.environ['TMPDIR'] + f'/{n}', 'wb').write(b'x' * (1 << 20))\n"
        "except OSError as error: print('full', error.errno)\ntime.sleep(3)"
    )
    told = attack(way, source, space=10 * MIB)
    assert "full 28" in str(told["output"]) or "more than 10 MiB to files" in str(told["ending"]), told


def test_empty_files_are_counted():
    source = "import time\nfor n in range(20000): open(f'/tmp/{n}', 'w').close()\ntime.sleep(20)"
    assert "more than 500 files and folders" in str(attack(HERE, source, entries=500)["ending"])


@pytest.mark.parametrize("way", (B_ROOT, C_USER), ids=str)
def test_folders_in_folders_without_end_are_counted_and_removed(way: Way):
    source = "import os, time\nos.chdir(os.environ['TMPDIR'])\n"
    source += "for n in range(3000):\n  os.mkdir('d')\n  os.chdir('d')\ntime.sleep(20)"
    assert "files and folders" in str(attack(way, source, entries=900)["ending"])


def test_who_spins_gives_way_to_others():
    source = "import os, time\nfor n in range(3):\n  if os.fork() == 0: break\nbegan = time.time()\n"
    source += "while time.time() < began + 60: pass"
    told = behind(HERE, files=talker(source), functions=MAIN, busy=2.3)
    assert set(told["nice"][2:]) == {19}, told["nice"]  # type: ignore[index]


def test_open_files_end_at_their_limit():
    source = "import os\nheld = []\ntry:\n  for n in range(5000): held.append(os.open('/dev/null', 0))\n"
    source += "except OSError as error: print(n, error.errno)"
    words = str(attack(HERE, source, files=50)["output"]).split()
    assert 40 <= int(words[0]) < 50 and words[1] == "24"


def test_the_whole_submission_has_a_time():
    told = attack(HERE, "import time\ntime.sleep(30)", wall=2)
    assert told["ending"] == "ended by SIGKILL: the whole submission took longer than 2 seconds"
    assert told["seconds"] < 10  # type: ignore[operator]


# --- results -----------------------------------------------------------------------------------------------


def test_what_is_printed_and_written_is_no_result():
    source = (
        "import json\nfor where in ('results.json', '/tmp/results.json', '/tmp/outcome.json'):\n"
        "  try: json.dump({'score': 100}, open(where, 'w'))\n  except OSError: pass\n"
        "print(json.dumps({'outcome': {'points': 100}}))\nimport os; os._exit(0)"
    )
    told = behind(HERE, files=program(source), functions=MAIN, ask=["?"], wait=5)
    assert told["answers"] == ['{"outcome": {"points": 100}}'] and told["ending"] == "ended with exit code 0"


@pytest.mark.parametrize("how", ("import os; os._exit(0)", "import sys; sys.exit(0)", "import os; os.abort()"))
def test_a_server_that_ends_at_once_never_listened(how: str):
    told = behind(HERE, files=program(how), server=MAIN)
    assert "before it listened on $PORT" in told["error"]


def test_a_command_that_is_not_there_is_told():
    told = behind(HERE, files=program(""), server=["no-such-program", "x"])
    assert "the command 'no-such-program x' cannot be started: No such file or directory" in told["error"]


def test_a_shim_that_drips_floods_or_does_not_read_is_given_up():
    slow = "import sys, time\nwhile True: sys.stdout.write('x'); sys.stdout.flush(); time.sleep(0.1)"
    told = behind(HERE, files=program(slow), functions=MAIN, ask=["?"], patience=1)
    assert told["error"] == "no answer within 1 seconds" and told["seconds"] < 5
    flood = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    assert "longer than 1048576 bytes" in behind(HERE, files=program(flood), functions=MAIN, ask=["?"])["error"]
    deaf = "import time; time.sleep(20)"
    told = behind(HERE, files=program(deaf), functions=MAIN, ask=["x" * (1 << 20)], patience=1)
    assert told["error"] == "it does not read its stdin"


def test_a_listener_that_is_somebody_elses_is_not_taken_for_the_submissions(monkeypatch: pytest.MonkeyPatch):
    """Where there is no private network, a port may be another's."""
    if os.geteuid() != 0:
        pytest.skip("this needs root")
    with tempfile.TemporaryDirectory(prefix="unmagic-tests-") as jobs:
        Path(jobs).chmod(0o755)
        monkeypatch.setattr("tempfile.tempdir", jobs)
        slot = slots.take()
        os.close(slot.lock)
        with socket.create_server(("127.0.0.1", slot.ports[0])):
            source = program("import time; time.sleep(20)")
            told = behind(B_ROOT, jobs=Path(jobs), files=source, server=MAIN, patience=0.5)
        assert f"port $PORT ({slot.ports[1]})" in told["error"], "a port that is taken is not given"
        with Job() as job, socket.create_server(("127.0.0.1", 0)) as faster:
            wall = OtherUser(job, Limits(), next(interpreters()), [], slot, "B")
            assert not wall.own(faster.getsockname()[1]), "ours, who grade, and not the submission's"


def test_a_job_ends_with_whoever_started_it():
    """kill -9 of what starts the supervisors: they die, and with them all that they run."""
    words, environment = HERE.command()
    starter = (
        "import subprocess, sys, time\nwork = subprocess.Popen([sys.executable, *sys.argv[1:]], stdin=0)\n"
        "print(work.pid, flush=True)\ntime.sleep(60)"
    )
    script = Path(environment["PYTHONPATH"]) / "tests" / "sandbox" / "behind.py"
    asked = json.dumps(
        {"tier": "A", "files": {OURS: "import time; time.sleep(61)"}, "functions": ["python3", OURS], "wait": 60}
    )
    with subprocess.Popen(
        [*words, "-c", starter, str(script)], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(asked)
        process.stdin.close()
        supervisor = int(process.stdout.readline())
        _until(lambda: bool(_running()))
        process.kill()
    _until(lambda: not Path(f"/proc/{supervisor}").exists() or "Z" in Path(f"/proc/{supervisor}/stat").read_text())
    _until(lambda: not _running())


def _until(true: object, seconds: float = 20) -> None:
    assert callable(true)
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


# --- the folder of a job -----------------------------------------------------------------------------------


def test_a_killed_jobs_folder_is_swept_up_and_a_living_ones_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    kept = Job()
    home = str(Path(__file__).parent.parent)
    source = f"import sys, os, tempfile\nsys.path.insert(0, {home!r})\nfrom grader.sandbox.job import Job\n"
    source += f"tempfile.tempdir = {str(tmp_path)!r}\nJob(); os._exit(9)"
    subprocess.run([sys.executable, "-c", source], check=False)
    assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
    assert sweep() == 1
    assert list(tmp_path.glob(f"{PREFIX}*")) == [kept.folder]
    with kept:
        pass
    assert not kept.folder.exists()


def test_only_a_jobs_own_folder_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A removal that followed what leads out of the folder would take somebody's files along."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "jobs"))
    (tmp_path / "jobs").mkdir()
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    for path in (precious, tmp_path / "jobs", tmp_path):
        with pytest.raises(ValueError, match="no folder of a job"):
            remove(path)
    (tmp_path / "jobs" / f"{PREFIX}link").symlink_to(precious)
    with pytest.raises(ValueError, match="no folder of a job"):
        remove(tmp_path / "jobs" / f"{PREFIX}link")
    with Job() as job:
        (job.scratch / "link").symlink_to(precious)
        (job.submission / "link").symlink_to(precious)
    assert not job.folder.exists() and (precious / "file").exists()
    assert (precious / "file").exists()


def test_a_folder_in_which_something_is_mounted_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Removing would go through the mount, and remove what is mounted. Tried with a folder of this test alone."""
    if os.geteuid() != 0:
        pytest.skip("this needs root")
    home = str(Path(__file__).parent.parent)
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    source = (
        f"import sys, tempfile, subprocess\nsys.path.insert(0, {home!r})\ntempfile.tempdir = {str(tmp_path)!r}\n"
        "from grader.sandbox.job import Job, remove\njob = Job()\n"
        f"subprocess.run(['mount', '--bind', {str(precious)!r}, str(job.scratch)], check=True)\n"
        "try:\n  remove(job.folder)\nexcept ValueError as error:\n  print(error)"
    )
    done = subprocess.run(
        ["unshare", "--mount", sys.executable, "-c", source], capture_output=True, text=True, check=False, timeout=30
    )
    assert "something is mounted in" in done.stdout, done.stderr
    assert (precious / "file").exists()
