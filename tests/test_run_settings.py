"""What is recorded, told on the command line or in pyproject.toml; and what is said of it at the end."""

from __future__ import annotations

import re
import signal
import sys
import textwrap
from pathlib import Path

import pytest
from helpers_recording import ENGINES, consistent
from helpers_run import UNMAGIC, called, compared, meta, running, traces, unmagic

from tracer.reading.trace import Trace
from unmagic.settings import KEYS, read
from unmagic.sizes import octets

PROGRAM = """
import jinja2
def f(x):
    return x
def main():
    f("long enough to be cut")
    jinja2.Environment(autoescape=True).from_string("{{ x }}").render(x=1)
main()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.py").write_text(PROGRAM)
    return tmp_path


def settings(folder: Path, text: str) -> None:
    (folder / "pyproject.toml").write_text("[project]\nname = 'mine'\n" + textwrap.dedent(text))


def lanes(trace: Path) -> set[str]:
    with Trace.open(trace) as opened:
        return {call.code.lane for call in opened.calls.values()}


def test_pyproject_says_what_the_command_line_does_not(project: Path):
    settings(project, """
        [tool.unmagic]
        scope = ["program", "jinja2"]
        exclude = ["jinja2.lexer"]
        lines = ["app"]
        values = false
        max-value = 7
        engine = "settrace"
        output = "kept.trace"
    """)  # fmt: skip
    assert unmagic("run", "app.py", cwd=project / "src").code == 0
    assert traces(project) == ["kept.trace"], "a path is relative to the file that names it"
    told = meta(project / "kept.trace")
    assert (told["scope"], told["exclude"], told["lines"]) == ("program jinja2", "jinja2.lexer", "app")
    assert (told["values"], told["max_value"], told["engine"]) == ("0", "7", "settrace")
    assert lanes(project / "kept.trace") == {"app", "jinja2"}
    words = ("--scope", "program", "--values", "--max-value", "4", "--exclude", "markupsafe", "-o", "mine.trace")
    assert unmagic("run", *words, "src/app.py", cwd=project).code == 0
    told = meta(project / "mine.trace")
    assert (told["scope"], told["exclude"], told["lines"]) == ("program", "markupsafe", "app")
    assert (told["values"], told["max_value"]) == ("1", "4") and lanes(project / "mine.trace") == {"app"}


def test_a_module_is_looked_for_here_and_a_nearer_table_counts(project: Path):
    settings(project, "[tool.unmagic]\nmax-value = 5\n")
    settings(project / "src", "[tool.black]\n")
    assert unmagic("run", "-m", "app", cwd=project / "src").code == 0
    assert meta(project / "src" / "app.trace")["max_value"] == "5"
    settings(project / "src", "[tool.unmagic]\nmax-value = 6\n")
    assert unmagic("run", "-m", "app", cwd=project / "src").code == 0
    assert meta(project / "src" / "app.trace")["max_value"] == "6"


def test_python_and_live_and_secrets(project: Path):
    (project / "bin").mkdir()
    (project / "bin" / "python").symlink_to(sys.executable)
    (project / "src" / "app.py").write_text(
        "import socket, sys\ndef say(end, text):\n    end.sendall(text)\n"
        "a, b = socket.socketpair()\nsay(a, b'GET / HTTP/1.1\\r\\nCookie: a=abcdefgh1234\\r\\n\\r\\n')\nb.recv(100)\n"
        "print(sys.orig_argv[0])\n"
    )
    settings(project, "[tool.unmagic]\npython = 'bin/python'\nlive = true\nshow-secrets = true\n")
    ran = unmagic("run", "src/app.py", cwd=project)
    assert (ran.code, ran.out) == (0, f"{project}/bin/python\n") and "→ request" in ran.theirs
    assert meta(project / "app.trace")["secrets"] == "shown" and b"abcdefgh1234" in (project / "app.trace").read_bytes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tool.unmagic]\nscop = []\n", "has no key 'scop'; its keys are scope, exclude,"),
        ("[tool.unmagic]\nscope = 'program'\n", "scope in [tool.unmagic] has to be a list of strings, not 'program'"),
        ("[tool.unmagic]\nexclude = [1]\n", "exclude in [tool.unmagic] has to be a list of strings"),
        ("[tool.unmagic]\nvalues = 'yes'\n", "values in [tool.unmagic] has to be true or false, not 'yes'"),
        ("[tool.unmagic]\nmax-value = -1\n", "max-value in [tool.unmagic] has to be a number of bytes, not -1"),
        ("[tool.unmagic]\nmax-value = true\n", "max-value in [tool.unmagic] has to be a number of bytes, not True"),
        (
            "[tool.unmagic]\nmax-trace-size = 'huge'\n",
            "max-trace-size in [tool.unmagic] has to be a size, such as 500MB",
        ),
        ("[tool.unmagic]\nengine = 'fast'\n", "engine in [tool.unmagic] has to be one of auto, settrace, monitoring"),
        ("[tool.unmagic]\npython = ''\n", "python in [tool.unmagic] has to be a path, not ''"),
        ("[tool]\nunmagic = 1\n", "tool.unmagic has to be a table"),
        ("[tool.unmagic\n", "is no TOML"),
        ("x = '\0'\n", "is no TOML"),
    ],
)
def test_what_is_wrong_there_is_one_sentence_with_file_and_key(project: Path, text: str, said: str):
    settings(project, text)
    ran = unmagic("run", "src/app.py", cwd=project)
    assert (ran.code, ran.out, ran.theirs, len(ran.ours)) == (2, "", "", 1)
    assert ran.ours[0].startswith(str(project / "pyproject.toml")) and said in ran.ours[0]
    assert traces(project) == []
    assert unmagic("run", "--help", cwd=project).code == 0, "help is no run"


def test_every_option_has_a_key_and_every_key_an_option():
    from unmagic.run import run

    options = {name.removeprefix("--") for one in run.params for name in one.opts if name.startswith("--")}
    assert options - {"help"} == set(KEYS)


def test_a_project_without_a_table_says_nothing(project: Path):
    settings(project, "[tool.other]\nscope = 1\n")
    assert read(project / "src") == {}


@pytest.mark.parametrize(
    ("text", "size"),
    [("0", 0), ("123", 123), ("1kB", 1000), ("1.5 MB", 1_500_000), ("2GiB", 2 << 30), ("64KiB", 65536), ("-1", None),
     ("", None), ("MB", None), ("1 TB", None), ("1e3", None), ("12 34", None)],
)  # fmt: skip
def test_sizes(text: str, size: int | None):
    assert octets(text) == size


# --- a bound on the trace ------------------------------------------------------------------------------------

MANY = """
import threading
def f(x):
    return [x, str(x)]
def main():
    for number in range(150000):
        f(number)
    print("done", flush=True)
threads = [threading.Thread(target=main) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print("all")
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_bound_stops_the_recording_and_not_the_program(tmp_path: Path, engine: str):
    (tmp_path / "app.py").write_text(MANY)
    words = ("--engine", engine, "--max-trace-size", "1MB")
    ran = compared("app.py", cwd=tmp_path, options=words)
    assert ran.out == "done\ndone\nall\n"
    sentence = "the recording stopped when the trace had 1,000,000 bytes, as it was told to; the program went on"
    assert sentence in ran.ours and not [line for line in ran.ours if "main thread" in line or "fault" in line]
    told = meta(tmp_path / "app.trace")
    assert told["stopped"] == sentence and told["complete"] == "1"
    with Trace.open(tmp_path / "app.trace") as trace:
        consistent(trace)
        assert 0 < len([call for call in trace.calls.values() if call.code.qualname == "f"]) < 300_000
    assert sentence in unmagic("scope", "app.trace", cwd=tmp_path).out.lower()
    (tmp_path / "app.py").write_text(MANY.replace("150000", "10"))
    ran = compared("app.py", cwd=tmp_path, options=words)
    assert not [line for line in ran.ours if "stopped" in line] and "stopped" not in meta(tmp_path / "app.trace")


# --- what is told at the end ---------------------------------------------------------------------------------


def test_three_lines(tmp_path: Path):
    (tmp_path / "app.py").write_text(
        "import socket\ndef say(end, text):\n    end.sendall(text)\n"
        "a, b = socket.socketpair()\nsay(a, b'GET / HTTP/1.1\\r\\nCookie: a=abcdefgh1234\\r\\n\\r\\n')\nb.recv(100)\n"
    )
    ran = unmagic("run", "app.py", cwd=tmp_path)
    assert len(ran.ours) == 3
    assert re.fullmatch(r"2 calls, 1 thread, 2 socket events, [1-9]\d* masked secrets?", ran.ours[0])
    assert ran.ours[1:] == [
        "the trace is app.trace", "next, unmagic report app.trace --open, or unmagic journeys app.trace",
    ]  # fmt: skip
    assert unmagic("report", "app.trace", cwd=tmp_path).code == 0 and (tmp_path / "app-report/index.html").exists()


def test_a_program_that_fails_before_its_first_line_is_not_said_to_be_out_of_scope(tmp_path: Path):
    ran = unmagic("run", "-m", "no_such_module", cwd=tmp_path)
    assert ran.code == 1 and "No module named no_such_module" in ran.theirs
    assert ran.ours == ["nothing was recorded: no code of the program's own, or of an installed package, has run"]


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"])
@pytest.mark.parametrize("handled", [True, False], ids=["handled", "default"])
def test_signals_that_come_to_us_are_the_programs(tmp_path: Path, name: str, handled: bool):
    handler = f"signal.signal(signal.{name}, lambda number, _: (os.write(1, b'heard\\n'), sys.exit(9)))\n"
    (tmp_path / "app.py").write_text(
        f"import os, signal, sys, time\n{handler if handled else ''}"
        "def f():\n    print('ready', flush=True)\n    while True:\n        time.sleep(0.05)\nf()\n"
    )  # no hook is at work by then: where a handler raises inside one, Python takes the hook away
    with running([*UNMAGIC, "run", "app.py"], tmp_path) as program:
        program.until("ready")
        number = getattr(signal, name)
        program.process.send_signal(number)
        if handled:
            program.until("heard")
        assert program.end() == (9 if handled else 128 + number)
    if handled:  # else it may have been killed before anything was written
        assert "the trace is app.trace" in program.ours and "<lambda>" in called(tmp_path / "app.trace")
    assert program.ours
