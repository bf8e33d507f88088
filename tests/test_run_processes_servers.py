"""A program that starts itself again: reloaders and gunicorn's workers. Each process has a whole trace of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from helpers_processes import listed, sound
from helpers_recording import ENGINES, consistent
from helpers_run import PATIENCE, UNMAGIC, called, compared, get, meta, running, traces, unmagic, written

from tracer.reading.trace import Trace

APP = """
import os
from flask import Flask
app = Flask(__name__)
@app.get("/")
def hello():
    return str(os.getpid())
"""


# --- the program, started again ------------------------------------------------------------------------------


#: As Django's reloader starts itself: its own arguments behind `sys.executable`.
AGAIN = """
import os, subprocess, sys
def main():
    if os.environ.get("AGAIN"):
        print("again", sys.argv, sys.orig_argv[1:], flush=True)
        sys.exit(3)
    options = ["-W", "ignore", "-B"]
    words = {words}
    os.environ["AGAIN"] = "1"
    {start}
main()
"""
STARTS = {
    "run": "sys.exit(subprocess.run([sys.executable, *options, *words], close_fds=False).returncode)",
    "popen": "sys.exit(subprocess.Popen([sys.executable, *words]).wait())",
    "bytes": "sys.exit(subprocess.call([os.fsencode(word) for word in (sys.executable, *words)]))",
    "spawn": "sys.exit(os.waitstatus_to_exitcode(os.waitpid("
    "os.posix_spawn(sys.executable, [sys.executable, *words], os.environ), 0)[1]))",
    "execv": "os.execv(sys.executable, [sys.executable, *words])",
    "execle": "os.execle(sys.executable, sys.executable, *words, os.environ)",
    "elsewhere": "sys.exit(subprocess.call([sys.executable, os.path.abspath(words[0]), 'x'], cwd='/'))",
}


@pytest.mark.parametrize("start", list(STARTS))
def test_a_script_that_starts_itself_again(tmp_path: Path, start: str):
    (tmp_path / "app.py").write_text(AGAIN.format(words="sys.argv", start=STARTS[start]))
    ran = compared("app.py", "one", cwd=tmp_path)
    assert ran.code == 3 and "again" in ran.out
    assert listed(ran.ours) == {"app.trace": "", "app.2.trace": "started again"}
    assert called(tmp_path / "app.2.trace") == ["<module>", "main"]
    if "exec" not in start:  # then the first one ended in the middle
        sound(tmp_path, "app.trace", "app.2.trace")


@pytest.mark.parametrize("words", ["['-m', 'app.cli', *sys.argv[1:]]", "sys.orig_argv[1:]", "sys.argv",
                                   "['-m', 'app.cli.__main__']"])  # fmt: skip
def test_a_module_that_starts_itself_again(tmp_path: Path, words: str):
    (tmp_path / "app" / "cli").mkdir(parents=True)
    (tmp_path / "app" / "cli" / "__init__.py").write_text("")
    (tmp_path / "app" / "cli" / "__main__.py").write_text(AGAIN.format(words=words, start=STARTS["run"]))
    ran = compared("-m", "app.cli", "one", cwd=tmp_path)
    assert ran.code == 3
    assert listed(ran.ours) == {"app.cli.trace": "", "app.cli.2.trace": "started again"}


def test_flasks_reloader(tmp_path: Path):
    """The child serves; when the code changes there is another one."""
    (tmp_path / "chat.py").write_text(APP)
    words = ("-m", "flask", "--app", "chat", "run", "--debug", "--port", "0")
    with running([*UNMAGIC, "run", *words], tmp_path) as server:
        port = int(server.until(r"Running on http://127.0.0.1:(\d+)")[1])
        server.until("Debugger PIN")
        first = get(port)
        (tmp_path / "chat.py").write_text(APP.replace("str(os.getpid())", "'changed, ' + str(os.getpid())"))
        server.until("Restarting with")
        server.until("Debugger PIN")
        second = get(port)
        server.interrupt()
        assert server.end() == 0, server.said
    assert second.startswith("changed, ") and first not in second
    assert listed(server.ours) == {
        "flask.trace": "",
        "flask.2.trace": "started again",
        "flask.3.trace": "started again",
    }
    assert [called(tmp_path / f"flask{n}.trace").count("hello") for n in ("", ".2", ".3")] == [0, 1, 1]
    assert {meta(tmp_path / f"flask.{n}.trace")["pid"] for n in (2, 3)} == {first, second.removeprefix("changed, ")}
    assert server.ours[-1].startswith("next, unmagic report flask.")
    assert not [line for line in server.ours if "still runs" in line]


# --- gunicorn ------------------------------------------------------------------------------------------------


def _gunicorn(folder: Path, *words: str) -> list[str]:
    (folder / "chat.py").write_text(APP)
    return [*UNMAGIC, "run", "-m", "gunicorn", "-b", "127.0.0.1:0", "--no-control-socket", *words, "chat:app"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["sync", "gthread"])
def test_gunicorns_workers(tmp_path: Path, engine: str, kind: str):
    command = _gunicorn(tmp_path, "-w", "2", "-k", kind)
    command[len(UNMAGIC) + 1 : len(UNMAGIC) + 1] = ["--engine", engine]
    with running(command, tmp_path) as server:
        port = int(server.until(r"Listening at: http://127.0.0.1:(\d+)")[1])
        workers = {server.until(r"Booting worker with pid: (\d+)")[1] for _ in range(2)}
        served = {get(port) for _ in range(4)}
        assert served <= workers
        server.interrupt()
        assert server.end() == 0, server.said
    sound(tmp_path, "gunicorn.trace", "gunicorn.2.trace", "gunicorn.3.trace")
    assert listed(server.ours) == {
        "gunicorn.trace": "", "gunicorn.2.trace": "forked off", "gunicorn.3.trace": "forked off",
    }  # fmt: skip
    found = {meta(tmp_path / f"gunicorn.{n}.trace")["pid"]: called(tmp_path / f"gunicorn.{n}.trace") for n in (2, 3)}
    assert set(found) == workers
    assert sum(names.count("hello") for names in found.values()) == 4
    assert all(("hello" in found[worker]) == (worker in served) for worker in workers)


def test_gunicorn_reloads_and_loses_a_worker(tmp_path: Path):
    """SIGHUP comes to us and is passed on; the new workers have traces as well. One that is killed leaves its own."""
    with running(_gunicorn(tmp_path, "-w", "1"), tmp_path) as server:
        port = int(server.until(r"Listening at: http://127.0.0.1:(\d+)")[1])
        first = server.until(r"Booting worker with pid: (\d+)")[1]
        assert get(port) == first
        server.process.send_signal(signal.SIGHUP)
        second = server.until(r"Booting worker with pid: (\d+)")[1]
        if not any(f"Worker exiting (pid: {first})" in line for line in server.said):
            server.until(rf"Worker exiting \(pid: {first}\)")
        assert get(port) == second
        written(tmp_path / "gunicorn.3.trace", "hello")
        os.kill(int(second), signal.SIGKILL)
        third = server.until(r"Booting worker with pid: (\d+)")[1]
        assert get(port) == third
        server.process.send_signal(signal.SIGTERM)
        assert server.end() == 0, server.said
    names = [f"gunicorn.{n}.trace" for n in (2, 3, 4)]
    assert traces(tmp_path) == [*names, "gunicorn.trace"]
    assert [meta(tmp_path / name)["pid"] for name in names] == [first, second, third]
    assert ["complete" in meta(tmp_path / name) for name in names] == [True, False, True]
    assert [called(tmp_path / name).count("hello") for name in (names[0], names[2])] == [1, 1]
    for name in names:
        with Trace.open(tmp_path / name) as trace:
            consistent(trace)
    assert any(line.startswith("gunicorn.3.trace: the program ended at once") for line in server.ours)


# --- watched, and taken over ---------------------------------------------------------------------------------


def test_live_follows_the_process_that_serves(tmp_path: Path):
    with running([*_gunicorn(tmp_path, "-w", "2")[:-1], "chat:app"], tmp_path) as server:
        port = int(server.until(r"Listening at: http://127.0.0.1:(\d+)")[1])
        server.until("Booting worker")
        with running([*UNMAGIC, "live", "gunicorn.trace"], tmp_path) as watch:
            get(port)
            line = watch.until(r"← response +\S+ bytes  200 OK .*(w\d+) of (gunicorn\.[23]\.trace)$")
            get(port)
            watch.until(r"← response")
            server.interrupt()
            assert server.end() == 0 and watch.end() == 0
    shown = unmagic("show", line[2], line[1], cwd=tmp_path)
    assert shown.code == 0 and shown.out.startswith("← response 200 OK")


def test_run_live_prints_what_a_forked_worker_serves(tmp_path: Path):
    command = _gunicorn(tmp_path, "-w", "1")
    command.insert(len(UNMAGIC) + 1, "--live")
    with running(command, tmp_path) as server:
        port = int(server.until(r"Listening at: http://127.0.0.1:(\d+)")[1])
        get(port)
        server.until(r"→ request .*  GET / .* of gunicorn\.2\.trace$")
        server.until(r"← response .* of gunicorn\.2\.trace$")
        server.interrupt()
        assert server.end() == 0
    assert server.ours[0].startswith("2 processes")


def test_gunicorn_takes_itself_over(tmp_path: Path):
    """SIGUSR2: a second master, by `execve` in a forked process; the first one goes, and so does `unmagic run`."""
    command = [word for word in _gunicorn(tmp_path, "-w", "1") if word != "-m"]  # by -m, gunicorn itself fails here
    with running(command, tmp_path) as server:
        port = int(server.until(r"Listening at: http://127.0.0.1:(\d+)")[1])
        server.until(r"Booting worker with pid: (\d+)")
        server.process.send_signal(signal.SIGUSR2)
        second = int(server.until(r"Listening at: http://127.0.0.1:\d+ \((\d+)\)")[1])
        worker = server.until(r"Booting worker with pid: (\d+)")[1]
        server.process.send_signal(signal.SIGTERM)
        server.until("^unmagic: next")  # its standard output does not end: the second one has it
        assert server.process.wait(PATIENCE) == 0
        assert get(port) == worker
        assert len([line for line in server.ours if "it still runs" in line]) == 2
        os.kill(second, signal.SIGTERM)
        watch = unmagic("live", "gunicorn.3.trace", cwd=tmp_path)
        assert watch.code == 0
    came = {meta(tmp_path / f"gunicorn.{n}.trace")["pid"]: meta(tmp_path / f"gunicorn.{n}.trace") for n in (2, 3, 4)}
    assert (came[str(second)]["began"], came[worker]["began"]) == ("again", "fork")
    assert came[worker]["parent"] == str(second)
