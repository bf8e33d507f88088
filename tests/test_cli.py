"""The command line, as a user has it: real processes, real files, real signals.

Bad input gets one sentence on stderr that begins with ``unmagic:``, the exit code 2, and leaves nothing half-written.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import CliRunner
from conftest import ROOT
from helpers_command import in_process
from helpers_run import running

from tracer.reading.trace import Trace
from tracer.recording.store import APPLICATION_ID, VERSION
from tracer.scenarios import EVERY
from unmagic import checked
from unmagic.cli import main

COMMITTED = ROOT / "report" / "flask_sock"
COMMANDS = (
    "chain", "check", "confirm", "coursework", "diff", "doctor", "emit", "export", "grade", "grade-class", "journeys",
    "live", "lock", "pages", "report", "run", "scope", "show", "symbols", "trace", "trace-call", "truth",
)  # fmt: skip
PYTHON = f"Python {'.'.join(map(str, sys.version_info[:3]))};"

#: Seconds until a command that hangs is killed; to make the pages on a busy machine takes one of them.
LIMIT = 240


@dataclass(frozen=True)
class Done:
    """What one command said and how it ended."""

    code: int
    out: str
    err: str


def environment() -> dict[str, str]:
    """Ours, without what changes how Python starts; `unmagic` is found whatever the folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "FLASK_", "WERKZEUG_"))}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", "COLUMNS": "200"}


def hears_ctrl_c() -> None:
    """For a child: hear SIGINT even where we were started in the background."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def unmagic(*words: str | Path, cwd: Path, stdin: str = "") -> Done:
    """One command, without another Python for it."""
    return Done(*in_process(list(map(str, words)), cwd, environment(), stdin))


def alone(*words: str | Path, cwd: Path) -> Done:
    """One command in a process of its own, as a user has it."""
    done = subprocess.run(
        [sys.executable, "-m", "unmagic", *map(str, words)], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=LIMIT, preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def plain(program: Path, *words: str, stdin: str = "") -> Done:
    """The same program without us."""
    env = {k: v for k, v in environment().items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, program.name, *words], cwd=program.parent, env=env, input=stdin,
        capture_output=True, text=True, timeout=LIMIT, preexec_fn=hears_ctrl_c,
    )  # fmt: skip
    return Done(done.returncode, done.stdout, done.stderr)


def sentences(done: Done) -> list[str]:
    """What is on stderr but for progress."""
    return [line for line in done.err.splitlines() if not re.match(r"recording \d+/\d+ ", line)]


def one_sentence(done: Done) -> str:
    """The one sentence of a command that refused its input; fails if there is more, less, or a traceback."""
    assert "Traceback" not in done.err + done.out
    told = sentences(done)
    assert len(told) == 1, done.err
    assert re.match(r"unmagic: \S", told[0]), told[0]
    assert done.code == 2
    return told[0]


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder."""
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() if p.is_file() else None for p in sorted(folder.rglob("*"))
    }


def own_words(done: Done) -> str:
    """The program's own stderr: without what `unmagic run` adds."""
    return "".join(line for line in done.err.splitlines(keepends=True) if not line.startswith("unmagic: "))


def program(folder: Path, source: str, name: str = "program.py") -> Path:
    (folder / name).write_text(source, encoding="utf-8")
    return folder / name


def called(path: Path) -> list[str]:
    """The names of the program's own functions that ran."""
    with Trace.open(path) as trace:
        return [c.code.qualname for c in trace.calls.values() if c.code.lane == "app"]


# --- help --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command_and_the_exit_codes(flag: str, tmp_path: Path):
    done = alone(flag, cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert re.findall(r"^  ([\w-]+)  +\S", done.out.partition("Commands:")[2], re.MULTILINE) == sorted(COMMANDS)
    assert "Exit codes: 0" in done.out and "2 bad input" in done.out


@pytest.mark.parametrize("words", [(name,) for name in COMMANDS] + [("lock", "prove"), ("lock", "show")], ids=" ".join)
def test_help_of_each_command_tells_every_option(words: tuple[str, ...]):
    done = CliRunner().invoke(main, [*words, "--help"], prog_name="unmagic", terminal_width=200)
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: unmagic {' '.join(words)} ")
    options = re.findall(r"^  (?:-\w, )?--[\w-]+.*$", done.output, re.MULTILINE)
    silent = [line for line in options if not re.search(r"\S  +\S|^.{30,}$", line)]
    listed = done.output.partition("Options:")[2]
    assert options and all(line.strip() in listed for line in silent)


def test_the_version_is_the_distributions(tmp_path: Path):
    try:
        version = metadata.version("unmagic")
    except metadata.PackageNotFoundError:
        pytest.skip("not installed here")
    assert alone("--version", cwd=tmp_path) == Done(0, f"unmagic {version}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("--no-such-option",),
        ("trace", "--no-such-option"),
        ("trace", "--engine", "none"),
        ("chain",),
        ("scope",),
        ("run",),
        ("lock", "prove"),
        ("lock", "no-such-command"),
    ],
)
def test_a_wrong_command_line_is_refused(words: tuple[str, ...], tmp_path: Path):
    done = unmagic(*words, cwd=tmp_path)
    assert done.out == ""
    assert "--help" in one_sentence(done)
    assert tree(tmp_path) == {}


def test_no_command_at_all_shows_the_help(tmp_path: Path):
    done = alone(cwd=tmp_path)
    assert done.code == 2 and all(f"  {name} " in done.err for name in COMMANDS)


# --- trace -------------------------------------------------------------------------------------------------


def test_trace_lists_the_scenarios(tmp_path: Path):
    done = unmagic("trace", "--list", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[0] for line in done.out.splitlines()] == list(EVERY)
    assert tree(tmp_path) == {}


def test_trace_of_an_unknown_scenario(tmp_path: Path):
    told = one_sentence(unmagic("trace", "tcp", "no-such", cwd=tmp_path))
    assert "'no-such'" in told and all(name in told for name in EVERY)
    assert tree(tmp_path) == {}


def test_trace_records_and_says_where(tmp_path: Path):
    done = unmagic("trace", "sock", "-o", "new/folder", cwd=tmp_path)
    assert (done.code, done.out) == (0, "1 traces in new/folder/\n") or done.out == "1 trace in new/folder/\n"
    assert done.err == "recording 1/1 sock\n"
    assert [p for p in tree(tmp_path) if "." in p] == ["new/folder/sock.trace"]
    assert called(tmp_path / "new/folder/sock.trace")[0] == "<module>"


@pytest.mark.parametrize("where", ["file", "file/below", "/proc/self/unmagic-test"])
def test_trace_into_a_folder_that_cannot_be_written(tmp_path: Path, where: str):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("trace", "tcp", "-o", where, cwd=tmp_path))
    assert where in told
    assert tree(tmp_path) == {"file": b"mine"}


def test_trace_where_a_folder_has_the_name_of_a_trace(tmp_path: Path):
    (tmp_path / "out/sock.trace").mkdir(parents=True)
    told = one_sentence(unmagic("trace", "sock", "-o", "out", cwd=tmp_path))
    assert "out" in told
    assert tree(tmp_path) == {"out": None, "out/sock.trace": None}


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="has sys.monitoring")
def test_an_engine_that_this_python_has_not(tmp_path: Path):
    told = one_sentence(unmagic("trace", "sock", "-o", "out", "--engine", "monitoring", cwd=tmp_path))
    assert "sys.monitoring" in told and "settrace" in told
    assert "_unmagic_recording" not in told, "a name that no user knows"
    assert [p for p in tree(tmp_path) if "." in p] == []


# --- pages -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written(scenario_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `unmagic pages` wrote."""
    folder = tmp_path_factory.mktemp("pages")
    done = unmagic("pages", "--traces", scenario_folder, "-o", folder / "out", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    count = len(tree(folder / "out"))
    assert done.out == f"{count} pages in {folder}/out/, begin with {folder}/out/README.md\n"
    return folder / "out"


@pytest.mark.thorough
def test_pages_writes_what_is_built(written: Path, pages_now: dict[str, str]):
    there = {name: data.decode() for name, data in tree(written).items() if data is not None}
    assert there == {**pages_now, **checked.pages()}


@pytest.mark.elsewhere
def test_check_of_the_committed_pages_agrees(scenario_folder: Path):
    done = unmagic("pages", "--check", "--traces", scenario_folder, cwd=ROOT)
    assert (done.code, done.err) == (0, ""), done.out
    assert done.out.startswith("report/flask_sock is what `make trace` makes")


def test_check_shows_what_differs_and_writes_nothing(scenario_folder: Path, written: Path, tmp_path: Path):
    shutil.copytree(written, tmp_path / "out")
    page = tmp_path / "out/send.md"
    page.write_text(
        page.read_text(encoding="utf-8").replace("81 05 48 65 6c 6c 6f", "81 05 48 61 6c 6c 6f"), encoding="utf-8"
    )
    before = tree(tmp_path)
    done = unmagic("pages", "--check", "--traces", scenario_folder, "-o", tmp_path / "out", cwd=ROOT)
    assert done.code == 1
    assert "--- committed/send.md" in done.out and "+++ now/send.md" in done.out
    assert re.search(r"^-.*81 05 48 61", done.out, re.MULTILINE) and re.search(
        r"^\+.*81 05 48 65", done.out, re.MULTILINE
    )
    assert "committed/sock.md" not in done.out
    assert [line for line in done.err.splitlines() if line.startswith("unmagic: ")] == done.err.splitlines() != []
    assert tree(tmp_path) == before


def test_pages_below_a_file(scenario_folder: Path, tmp_path: Path):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("pages", "--traces", scenario_folder, "-o", tmp_path / "file/out", cwd=ROOT))
    assert "file/out" in told and "is no folder" in told
    assert tree(tmp_path) == {"file": b"mine"}
    told = one_sentence(unmagic("pages", "-o", tmp_path / "file/out", cwd=tmp_path))
    assert "is no folder" in told, "and nothing is recorded before that is told"


def test_pages_of_a_folder_without_traces(tmp_path: Path):
    (tmp_path / "traces").mkdir()
    told = one_sentence(unmagic("pages", "--traces", "traces", "-o", "out", cwd=tmp_path))
    assert "traces/sock.trace" in told
    assert tree(tmp_path) == {"traces": None}


@pytest.mark.parametrize(("option", "path"), [("-o", "file"), ("--traces", "file"), ("--traces", "missing")])
def test_pages_of_a_path_that_is_no_folder(tmp_path: Path, option: str, path: str):
    (tmp_path / "file").write_text("mine")
    told = one_sentence(unmagic("pages", option, path, cwd=tmp_path))
    assert path in told
    assert tree(tmp_path) == {"file": b"mine"}


# --- run: the program is as it would be without us ---------------------------------------------------------

PROGRAMS = {
    "prints and reads": """
import sys
def f():
    print("got", sys.stdin.read())
    print("err", file=sys.stderr)
f()
""",
    "raises": """
def f():
    raise ValueError("mine")

f()
""",
    "raises from": """
def f():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise KeyError("b") from error
f()
""",
    "exits with 3": """
import sys
def f():
    sys.exit(3)
f()
""",
    "exits with a text": """
import sys
def f():
    sys.exit("no more")
f()
""",
    "ends at once": """
import os
def f():
    print("x", flush=True)
    os._exit(4)
f()
""",
    "wrong syntax": "def f(:\n    pass\n",
    "no text": "x = '\xff'\n",
    "arguments": """
import sys
def f():
    print(sys.argv, __name__)
f()
""",
    "raises in a thread": """
import threading
def f():
    raise ValueError("in it")
thread = threading.Thread(target=f, name="T")
thread.start()
thread.join()
""",
    "kills itself": """
import os, signal
def f():
    os.kill(os.getpid(), signal.SIGTERM)
f()
""",
    "asks too much": """
def f(n):
    return f(n + 1)
try:
    f(0)
except RecursionError:
    print("deep")
""",
}


@pytest.fixture(scope="module", params=list(PROGRAMS), ids=[name.replace(" ", "-") for name in PROGRAMS])
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Done, Done]:
    """(what it does, its folder, the program alone, the program under `unmagic run`)."""
    folder = tmp_path_factory.mktemp("program")
    script = folder / "program.py"
    script.write_bytes(PROGRAMS[request.param].encode("latin-1"))
    words = ("--help", "-o", "two words")
    alone = plain(script, *words, stdin="question")
    recorded = unmagic("run", "program.py", *words, cwd=folder, stdin="question")
    return request.param, folder, alone, recorded


def test_run_keeps_output_and_exit_code(both: tuple[str, Path, Done, Done]):
    _, _, alone, recorded = both
    code = alone.code if alone.code >= 0 else 128 - alone.code
    assert (recorded.code, recorded.out) == (code, alone.out)


def test_run_keeps_the_programs_own_messages(both: tuple[str, Path, Done, Done]):
    _, folder, alone, recorded = both
    said = own_words(recorded).replace(str(folder / "program.py"), "program.py")
    assert said == alone.err.replace(str(folder / "program.py"), "program.py")


def test_run_leaves_a_trace_and_nothing_else(both: tuple[str, Path, Done, Done]):
    what, folder, _, recorded = both
    extra = {"program.trace"} if what not in ("wrong syntax", "no text") else set()
    assert {p.name for p in folder.iterdir()} - {"program.trace-wal", "program.trace-shm"} == {"program.py"} | extra
    if extra:
        assert "f" in called(folder / "program.trace")
        assert "unmagic: the trace is program.trace" in recorded.err


def test_run_of_a_program_that_cannot_be_compiled_does_not_tell_of_an_older_trace(tmp_path: Path):
    program(tmp_path, "def f(): pass\nf()\n", "good.py")
    program(tmp_path, "def f(:\n", "bad.py")
    assert unmagic("run", "-o", "same.trace", "good.py", cwd=tmp_path).code == 0
    done = unmagic("run", "-o", "same.trace", "bad.py", cwd=tmp_path)
    assert done.code == 1 and "SyntaxError" in done.err
    assert "calls" not in done.err and "the trace is" not in done.err


@pytest.mark.parametrize("name", ["missing.py", "folder", "folder/missing.py"])
def test_run_of_no_program(tmp_path: Path, name: str):
    (tmp_path / "folder").mkdir()
    assert name in one_sentence(unmagic("run", name, cwd=tmp_path))
    assert tree(tmp_path) == {"folder": None}


def test_run_with_no_such_python(tmp_path: Path):
    script = program(tmp_path, "print('ran')\n")
    assert "no-such-python" in one_sentence(
        unmagic("run", "--python", tmp_path / "no-such-python", script.name, cwd=tmp_path)
    )
    assert list(tree(tmp_path)) == ["program.py"]


def test_run_whose_scope_matches_nothing(tmp_path: Path):
    program(tmp_path, "def f(): pass\nf()\n")
    told = one_sentence(unmagic("run", "--scope", "no_such_package", "program.py", cwd=tmp_path))
    assert "no_such_package" in told
    assert set(tree(tmp_path)) <= {"program.py", "program.trace"}


def _text(path: Path) -> None:
    path.write_text("precious")


def _folder(path: Path) -> None:
    path.mkdir()


def _database(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("create table precious (x)")
    db.execute("insert into precious values (42)")
    db.commit()
    db.close()


@pytest.mark.parametrize("make", [_text, _folder, _database])
def test_run_does_not_write_over_what_is_no_trace(tmp_path: Path, make: Callable[[Path], None]):
    program(tmp_path, "def f(): pass\nf()\n")
    make(tmp_path / "mine")
    before = tree(tmp_path)
    told = one_sentence(unmagic("run", "-o", "mine", "program.py", cwd=tmp_path))
    assert "mine" in told
    assert tree(tmp_path) == before


@pytest.mark.parametrize("where", ["missing/a.trace", "program.py/a.trace", "/proc/self/a.trace"])
def test_run_into_a_folder_that_cannot_be_written(tmp_path: Path, where: str):
    program(tmp_path, "print('ran')\n")
    done = unmagic("run", "-o", where, "program.py", cwd=tmp_path)
    assert where in one_sentence(done) and done.out == ""
    assert list(tree(tmp_path)) == ["program.py"]


def test_run_replaces_an_older_trace(tmp_path: Path):
    program(tmp_path, "def first(): pass\nfirst()\n", "one.py")
    program(tmp_path, "def second(): pass\nsecond()\n", "two.py")
    for name in ("one.py", "two.py"):
        assert unmagic("run", "-o", "a.trace", name, cwd=tmp_path).code == 0
    assert called(tmp_path / "a.trace") == ["<module>", "second"]


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


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("kind", ["socket", "flask"])
def test_run_of_a_server_whose_port_is_taken(tmp_path: Path, taken: int, kind: str):
    source = {
        "socket": f"import socket\ns = socket.socket()\ns.bind(('127.0.0.1', {taken}))\n",
        "flask": f"from flask import Flask\nif __name__ == '__main__':\n    Flask(__name__).run(port={taken})\n",
    }[kind]
    script = program(tmp_path, source)
    alone = plain(script)
    done = unmagic("run", "program.py", cwd=tmp_path)
    assert "in use" in alone.err and alone.code == 1
    assert (done.code, done.out) == (alone.code, alone.out)
    assert own_words(done).replace(str(script), script.name) == alone.err.replace(str(script), script.name)


# --- chain and scope ---------------------------------------------------------------------------------------


def test_chain_down_to_the_bytes(scenario_folder: Path):
    done = alone("chain", scenario_folder / "send.trace", "simple_websocket:Base.send", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert "simple_websocket Base.send" in lines[1]
    assert re.search(r"send 7 bytes .*81 05 48 65 6c 6c 6f", lines[-1])


def test_chain_up_to_the_message(scenario_folder: Path):
    done = unmagic("chain", scenario_folder / "receive.trace", "simple_websocket:Base.receive", "--up", cwd=ROOT)
    assert (done.code, done.err) == (0, "")
    way = ["accept", "a thread starts", "flask Flask.wsgi_app", "simple_websocket Server.__init__", "recv 11 bytes",
           "handoff from", "returns simple_websocket Base.receive → 'Hello'"]  # fmt: skip
    rest = iter(done.out.splitlines())
    for what in way:
        assert any(what in line for line in rest), what


def test_chain_counts_calls_from_one(scenario_folder: Path):
    done = unmagic("chain", scenario_folder / "send.trace", "simple_websocket:Base.send", "--nth", "2", cwd=ROOT)
    assert done.code == 0 and "82 05 48 65 6c 6c 6f" in done.out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("simple_websocket:Base.no_such",), "Base.no_such"),
        (("no_such:Base.receive",), "no_such:Base.receive"),
        (("Base.recieve",), "did you mean simple_websocket.ws:Base.receive"),
        (("",), "names no function"),
        (("x:",), "names no function"),
        ((), "which function?"),
        (("simple_websocket:Base.receive", "--nth", "0"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "5"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "-1"), "4 times"),
        (("simple_websocket:Base.receive", "--nth", "4", "--up"), "identity"),
    ],
)
def test_chain_of_what_is_not_there(scenario_folder: Path, words: tuple[str, ...], said: str):
    assert said in one_sentence(unmagic("chain", scenario_folder / "receive.trace", *words, cwd=ROOT))


def test_scope_tells_files_and_reasons(scenario_folder: Path):
    short = alone("scope", scenario_folder / "sock.trace", cwd=ROOT)
    whole = unmagic("scope", scenario_folder / "sock.trace", "--all", cwd=ROOT)
    assert (short.code, short.err, whole.code, whole.err) == (0, "", 0, "")
    assert re.search(r"^flask_sock +yes +\S+/flask_sock/__init__\.py +\S", short.out, re.MULTILINE)
    assert not re.search(r"^\S+ +no +", short.out, re.MULTILINE) and re.search(r"^\S* +no +/", whole.out, re.MULTILINE)
    kept = len(re.findall(r"^\S+ +yes +", short.out, re.MULTILINE))
    assert f"{kept} files recorded, " in short.out


def test_text_of_a_trace_is_shown_and_not_obeyed(small_trace: Path, tmp_path: Path):
    """Neither what a terminal obeys nor what looks like markup."""
    hostile = "a\x1b[31m[/red]\n[bold]"
    places = (("scope", "reason"), ("scope", "path"), ("file", "relative"), ("value", "data"), ("code", "qualname"))
    statements = [f"update {table} set {column} = {column} || '{hostile}'" for table, column in places]
    (tmp_path / "opened.trace").write_bytes(small_trace.read_bytes())
    Trace.open(tmp_path / "opened.trace").close()  # which makes its tables
    _changed(tmp_path / "t.trace", tmp_path / "opened.trace", *statements)
    for words in (["scope", "t.trace", "--all"], ["chain", "t.trace", f"app:f{hostile}"]):
        done = unmagic(*words, cwd=tmp_path)
        assert (done.code, done.err) == (0, "")
        assert "\x1b" not in done.out and "[/red]" in done.out and "[bold]" in done.out


def test_a_terminal_that_cannot_show_an_arrow(small_trace: Path):
    done = subprocess.run(
        [sys.executable, "-m", "unmagic", "chain", str(small_trace), "app:f"], capture_output=True, timeout=60,
        env={**environment(), "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"") and b"inner" in done.stdout


def test_chain_of_calls_that_are_nested_too_deeply(tmp_path: Path):
    program(tmp_path, "def f(n):\n    return n and f(n - 1)\nf(900)\n")
    assert unmagic("run", "program.py", cwd=tmp_path).code == 0
    done = unmagic("chain", "program.trace", "app:f", cwd=tmp_path)
    assert (done.code == 0 and done.out.count(" f ") > 1) or "too deeply" in one_sentence(done)


def test_reading_does_not_change_the_trace(scenario_folder: Path):
    path = scenario_folder / "sock.trace"
    Trace.open(path).close()
    before = path.read_bytes()
    unmagic("scope", path, cwd=ROOT)
    unmagic("chain", path, "flask_sock:Sock.init_app", cwd=ROOT)
    assert path.read_bytes() == before
    assert [p.name for p in scenario_folder.iterdir() if not p.name.endswith(".trace")] == []


# --- traces that are none ----------------------------------------------------------------------------------


def _empty(path: Path, good: Path) -> None:
    path.touch()


def _half(path: Path, good: Path) -> None:
    data = good.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _first_page(path: Path, good: Path) -> None:
    path.write_bytes(good.read_bytes()[:8192])


def _some_bytes(path: Path, good: Path) -> None:
    path.write_bytes(good.read_bytes()[:50])


def _some_text(path: Path, good: Path) -> None:
    path.write_text("GET / HTTP/1.1\n" * 100)


def _other_database(path: Path, good: Path) -> None:
    _database(path)


def _older(path: Path, good: Path) -> None:
    _changed(path, good, "pragma user_version = 0")


def _newer(path: Path, good: Path) -> None:
    _changed(path, good, f"pragma user_version = {VERSION + 1}")


def _no_tables(path: Path, good: Path) -> None:
    db = sqlite3.connect(path)
    db.executescript(f"pragma application_id={APPLICATION_ID}; pragma user_version={VERSION}; create table t (x);")
    db.close()


def _a_table_is_missing(path: Path, good: Path) -> None:
    _changed(path, good, "drop table code")


def _a_batch_holds_no_integers(path: Path, good: Path) -> None:
    _changed(path, good, "delete from meta where key = 'indexed'", "update batch set events = x'00010203' where id = 1")


def _a_batch_is_cut(path: Path, good: Path) -> None:
    path.write_bytes(good.read_bytes())
    db = sqlite3.connect(path)
    (data,) = db.execute("select events from batch where id = 1").fetchone()
    db.execute("update batch set events = ? where id = 1", (data[:-4],))
    db.execute("delete from meta where key = 'indexed'")
    db.commit()
    db.close()


def _a_file_is_missing(path: Path, good: Path) -> None:
    _changed(path, good, "delete from file")


def _a_name_is_no_text(path: Path, good: Path) -> None:
    _changed(
        path,
        good,
        "update code set qualname = cast(x'ff' as text)",
        "update scope set reason = cast(x'ff' as text)",
    )


def _changed(path: Path, good: Path, *statements: str) -> None:
    path.write_bytes(good.read_bytes())
    db = sqlite3.connect(path)
    for statement in statements:
        db.execute(statement)
    db.commit()
    db.close()


def _a_folder(path: Path, good: Path) -> None:
    path.mkdir()


def _missing(path: Path, good: Path) -> None:
    pass


def _cut_in_the_last_page(path: Path, good: Path) -> None:
    path.write_bytes(good.read_bytes()[:-1])


NO_TRACES = (
    _empty, _half, _first_page, _some_bytes, _some_text, _other_database, _older, _newer, _no_tables,
    _a_table_is_missing, _a_batch_holds_no_integers, _a_batch_is_cut, _a_file_is_missing, _a_name_is_no_text, _a_folder,
    _missing, _cut_in_the_last_page,
)  # fmt: skip
#: What a command cannot see as wrong, because it does not read that part of the file.
UNSEEN = {
    ("scope", make) for make in (_a_table_is_missing, _a_file_is_missing, _a_batch_holds_no_integers, _a_batch_is_cut)
}


@pytest.fixture(scope="module")
def small_trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole trace of a small program."""
    folder = tmp_path_factory.mktemp("small")
    program(folder, "def inner(x):\n    return x * 2\ndef f():\n    return [inner('ab') for _ in range(300)]\nf()\n")
    assert unmagic("run", "program.py", cwd=folder).code == 0
    return folder / "program.trace"


@pytest.mark.parametrize("make", NO_TRACES, ids=[make.__name__.strip("_") for make in NO_TRACES])
@pytest.mark.parametrize("command", ["scope", "chain"])
def test_a_file_that_is_no_whole_trace(
    small_trace: Path, tmp_path: Path, command: str, make: Callable[[Path, Path], None]
):
    if (command, make) in UNSEEN:
        pytest.skip("the command does not read that part")
    path = tmp_path / "bad.trace"
    make(path, small_trace)
    before = tree(tmp_path)
    words = ("app:f",) if command == "chain" else ()
    done = CliRunner().invoke(main, [command, str(path), *words], prog_name="unmagic")
    assert isinstance(done.exception, SystemExit), repr(done.exception)
    assert done.exit_code == 2
    told = done.output.splitlines()
    assert len(told) == 1 and told[0].startswith("unmagic: ") and "bad.trace" in told[0]
    assert tree(tmp_path) == before


@pytest.mark.parametrize(
    "make", [_empty, _half, _older, _some_text, _missing], ids=lambda make: make.__name__.strip("_")
)
def test_a_bad_trace_in_a_process_of_its_own(small_trace: Path, tmp_path: Path, make: Callable[[Path, Path], None]):
    make(tmp_path / "bad.trace", small_trace)
    done = alone("scope", "bad.trace", cwd=tmp_path)
    assert "bad.trace" in one_sentence(done) and done.out == ""


def test_a_trace_with_broken_bytes_is_read_or_refused_but_never_a_traceback(small_trace: Path, tmp_path: Path):
    """A disk that forgets: bytes anywhere are changed, or the end is gone."""
    good = small_trace.read_bytes()
    choose = random.Random(6455)
    path = tmp_path / "bad.trace"
    broken: dict[str, str] = {}
    for number in range(60):
        data = bytearray(good)
        if number % 3 == 0:
            del data[choose.randrange(len(data)) :]
        for _ in range(choose.choice([0, 1, 8, 64])):
            if data:
                data[choose.randrange(len(data))] = choose.randrange(256)
        path.write_bytes(data)
        for words in (["scope", str(path), "--all"], ["chain", str(path), "app:f"]):
            done = CliRunner().invoke(main, words, prog_name="unmagic")
            if done.exit_code not in (0, 2) or not isinstance(done.exception, SystemExit | None):
                broken[f"{number} {words[0]}"] = repr(done.exception)
        for left in tmp_path.iterdir():
            left.unlink()
    assert broken == {}


def test_the_programs_of_these_tests_are_what_they_say():
    for name, source in PROGRAMS.items():
        if name in ("wrong syntax", "no text"):
            with pytest.raises(SyntaxError):
                compile(source.encode("latin-1"), name, "exec")
        else:
            ast.parse(source)


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
while True:
    time.sleep(60)
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
        "signal.signal(signal.SIGTERM, stop)\nprint('ready', flush=True)\ntime.sleep(60)\n",
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


def test_run_never_writes_over_the_program(tmp_path: Path):
    program(tmp_path, "", "empty.py")
    done = unmagic("run", "-o", "empty.py", "empty.py", cwd=tmp_path)
    assert done.code == 2 and len(done.err.splitlines()) == 1 and "empty.py" in done.err
    assert (tmp_path / "empty.py").read_bytes() == b""


def test_a_run_that_ended_at_once_has_its_decisions_and_no_secrets(tmp_path: Path):
    """What is told only at the end is written all the while: a program may have none."""
    program(
        tmp_path,
        "import os, time\ndef f(x): return x\nf({'Authorization': 'Bearer abcdefgh12345'})\n"
        "f([('X-Api-Key', 'hdrkey2222')])\ntime.sleep(1)\nos.kill(os.getpid(), 9)\n",
    )
    unmagic("run", "program.py", cwd=tmp_path)
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


# --- journeys ------------------------------------------------------------------------------------------------


def test_journeys_and_show_tell_the_same_in_words_and_as_json(scenario_folder: Path, tmp_path: Path):
    trace = shutil.copy(scenario_folder / "ping.trace", tmp_path)
    listed = alone("journeys", trace, cwd=tmp_path)
    data = json.loads(unmagic("journeys", trace, "--json", cwd=tmp_path).out)["journeys"]
    assert (listed.code, listed.err) == (0, "")
    assert [journey["direction"] for journey in data] == ["through", "in", "out"]
    assert len(listed.out.splitlines()) == 1 + len(data)
    for journey in data:
        shown = unmagic("show", trace, str(journey["id"]), cwd=tmp_path)
        legs = json.loads(unmagic("show", trace, str(journey["id"]), "--json", cwd=tmp_path).out)["legs"]
        assert (shown.code, shown.err) == (0, "")
        way = shown.out.partition("\n\n")[0].splitlines()
        assert way[0].startswith(f"journey {journey['id']}: ") and len(way) == 1 + 2 * len(legs)
        ends = [leg["kind"] for leg in legs]
        assert ("read" in ends) == (journey["direction"] != "out")
        assert ("written" in ends) == (journey["direction"] != "in")
        objects = {leg["object"] for leg in legs}
        assert all(source["object"] in objects for leg in legs for source in leg["from"])


def test_a_journey_that_is_not_there(scenario_folder: Path, tmp_path: Path):
    trace = shutil.copy(scenario_folder / "tcp.trace", tmp_path)  # its one value: the page, out
    for number in ("0", "2", "-1"):
        done = unmagic("show", trace, "--", number, cwd=tmp_path)
        assert done.code == 2 and len(done.err.splitlines()) == 1 and "no number" in done.err


def test_a_program_without_a_socket_has_no_journeys(tmp_path: Path):
    (tmp_path / "alone.py").write_text("print('Hello')\n", encoding="utf-8")
    assert unmagic("run", "alone.py", cwd=tmp_path).code == 0
    assert "No value" in unmagic("journeys", "alone.trace", cwd=tmp_path).out
