"""unmagic in one place, the program in another: only the recording half goes along, and is in nobody's way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from helpers_environments import FLASK, environment_with, of_ours
from helpers_recording import ROOT
from helpers_run import UNMAGIC, called, done, environment, get, meta, running, traces, unmagic

from unmagic.interpreter import chosen

APP = """
import sys
from flask import Flask
app = Flask(__name__)
def whose():
    missing = [name for name in ("rich", "unmagic", "tracer", "report") if not found(name)]
    return " ".join([sys.prefix, *missing])
def found(name):
    import importlib.util
    return importlib.util.find_spec(name)
@app.get("/")
def hello():
    return whose()
"""


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has Flask, and nothing of ours."""
    return environment_with(tmp_path_factory.mktemp("theirs") / "venv", *FLASK)


def serve(command: list[str], folder: Path, env: dict[str, str]) -> str:
    """What the app of a recorded command answers."""
    (folder / "chat.py").write_text(APP)
    with running(command, folder, env) as server:
        port = int(server.until(r"Running on http://127.0.0.1:(\d+)")[1])
        answer = get(port)
        server.interrupt()
        assert server.end() == 0, server.said
    assert server.ours[-2] == "the trace is flask.trace"
    return answer


WORDS = {"module": ("-m", "flask"), "command": ("flask",)}


@pytest.mark.parametrize(("told", "how"), [("--python", "module"), ("VIRTUAL_ENV", "command"), ("PATH", "module")])
def test_it_runs_in_their_environment(theirs: Path, installed: Path, tmp_path: Path, told: str, how: str):
    """The one that is asked for; the active one; the one that `python` is."""
    env = environment(PATH=f"{installed.parent}:/usr/bin:/bin")
    options: tuple[str, ...] = ()
    if told == "--python":
        options = ("--python", str(theirs))
    elif told == "VIRTUAL_ENV":
        env["VIRTUAL_ENV"] = str(theirs.parents[1])
    else:
        links = tmp_path / "links"
        links.mkdir()
        (links / "unmagic").symlink_to(installed)
        env["PATH"] = f"{theirs.parent}:{links}:/usr/bin:/bin"
    words = (*options, *WORDS[how], "--app", "chat", "run", "--port", "0")
    answer = serve(["unmagic", "run", *words], tmp_path, env)
    assert answer == f"{theirs.parents[1]} rich unmagic tracer report"
    assert {"hello", "whose", "found"} <= set(called(tmp_path / "flask.trace"))
    assert meta(tmp_path / "flask.trace")["program"] == str(tmp_path)


# --- installed from a wheel ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that `pip install .` makes."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    for name in files():
        if not name.startswith(("tests/", "report/flask_sock/", "docs/")):
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--disable-pip-version-check",
        "--no-deps",
        "-w",
        str(folder),
        ".",
    ]
    made = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=240)
    if made.returncode and "No matching distribution" in made.stderr + made.stdout:
        pytest.skip("setuptools cannot be had here")
    assert made.returncode == 0, made.stderr
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`unmagic`, in an environment of its own with what it needs and nothing else, as pipx makes one."""
    folder = tmp_path_factory.mktemp("pipx") / "venv"
    python = environment_with(folder, *of_ours())
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index",
               "--disable-pip-version-check", str(wheel)]  # fmt: skip
    made = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert made.returncode == 0, made.stderr
    return folder / "bin" / "unmagic"


def files(*folders: str) -> list[str]:
    """What is in these folders of the checkout, new files too."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard", "-z", *folders],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_wheel_has_every_file(wheel: Path):
    ours = {name for name in files("tracer", "report", "unmagic", "reference_impl") if not name.endswith(".md")}
    missing = ours - set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in missing if not name.startswith("report/flask_sock/")} == set()


def test_every_command_that_reads_works_where_only_the_wheel_is(installed: Path, tmp_path: Path):
    env = environment(PATH="/usr/bin:/bin")
    (tmp_path / "app.py").write_text(
        "import socket\ndef say(end, text):\n    end.sendall(text)\n"
        "a, b = socket.socketpair()\nsay(a, b'GET / HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')\nprint(b.recv(100))\n"
    )
    ran = done([str(installed), "run", "app.py"], tmp_path, env=env)
    assert ran.code == 0 and ran.ours[-2] == "the trace is app.trace", ran.err
    for words in (["journeys"], ["scope"], ["show"], ["chain", "app:say"], ["live"], ["report"],
                  ["export", "--format", "jsonl"], ["export", "--format", "speedscope"]):  # fmt: skip
        read = done([str(installed), words[0], "app.trace", *words[1:]], tmp_path, env=env)
        assert (read.code, "Traceback" in read.err) == (0, False), (words, read)
    assert (tmp_path / "app-report" / "index.html").stat().st_size > 10_000
    lock = done([str(installed), "lock", "show", "flask"], tmp_path, env=env)
    assert lock.code == 0 and "3.1" in lock.out
    assert done([str(installed), "--version"], tmp_path, env=env).out.startswith("unmagic ")


@pytest.mark.parametrize("own", [("tracer", "report", "grader", "reference_impl"), ("unmagic",)], ids=" ".join)
def test_a_project_with_modules_of_our_names_on_its_path(installed: Path, tmp_path: Path, own: tuple[str, ...]):
    """Also where the project is on PYTHONPATH, which comes before what is installed."""
    for name in own:
        (tmp_path / f"{name}.py").write_text(f"whose = 'mine, {name}'\n")
    names = ", ".join(own)
    said = "".join(f"mine, {name}\n" for name in own)
    (tmp_path / "app.py").write_text(f"import {names}\ndef f():\n    for one in ({names},): print(one.whose)\nf()\n")
    path = {} if own == ("unmagic",) else {"PYTHONPATH": str(tmp_path)}
    env = environment(PATH="/usr/bin:/bin", **path)
    ran = done([str(installed), "run", "app.py"], tmp_path, env=env)
    assert (ran.code, ran.out, ran.theirs) == (0, said, "")
    assert done([str(installed), "scope", "app.trace"], tmp_path, env=env).code == 0
    if own != ("unmagic",):  # of `python -m unmagic` Python itself finds that
        ran = done([sys.executable, "-m", "unmagic", "run", "app.py"], tmp_path, env=environment(PYTHONPATH=str(ROOT)))
        assert (ran.code, ran.out) == (0, said), ran.err


def test_both_in_one_environment(wheel: Path, tmp_path: Path):
    """As most have it: unmagic beside Flask, in the project's own environment, called by its name there."""
    python = environment_with(tmp_path / ".venv", *{*FLASK, *of_ours()})
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps", "--no-index",
               "--disable-pip-version-check", str(wheel)]  # fmt: skip
    assert subprocess.run(command, timeout=240).returncode == 0
    (tmp_path / "chat.py").write_text(APP.replace("if not found", "if found"))
    with running([".venv/bin/unmagic", "run", "flask", "--app", "chat", "run", "--port", "0"], tmp_path,
                 environment(PATH="/usr/bin:/bin")) as server:  # fmt: skip
        port = int(server.until(r"Running on http://127.0.0.1:(\d+)")[1])
        assert get(port) == f"{tmp_path}/.venv rich unmagic tracer report"
        server.interrupt()
        assert server.end() == 0
    assert "hello" in called(tmp_path / "flask.trace")


# --- which interpreter ---------------------------------------------------------------------------------------


def test_the_interpreter_is_chosen_in_order(tmp_path: Path):
    for place in ("active", "first", "second"):
        (tmp_path / place / "bin").mkdir(parents=True)
    for name in ("active/bin/python", "first/bin/python3", "second/bin/python"):
        (tmp_path / name).symlink_to(sys.executable)
    path = {"PATH": os.pathsep.join(str(tmp_path / place / "bin") for place in ("first", "second"))}
    active = {**path, "VIRTUAL_ENV": str(tmp_path / "active")}
    beside = str(Path(sys.executable).parent / "unmagic")
    elsewhere = str(tmp_path / "unmagic")
    for given, env, invoked, wanted in (
        ("asked", active, elsewhere, "asked"),
        (None, active, str(tmp_path / "unmagic" / "__main__.py"), sys.executable),
        (None, active, elsewhere, str(tmp_path / "active/bin/python")),
        (None, active, beside, str(tmp_path / "active/bin/python")),
        (None, path, beside, sys.executable),
        (None, path, elsewhere, str(tmp_path / "second/bin/python")),
        (None, {"PATH": str(tmp_path / "first/bin")}, elsewhere, str(tmp_path / "first/bin/python3")),
        (None, {"PATH": ""}, elsewhere, sys.executable),
        (None, {**path, "VIRTUAL_ENV": str(tmp_path / "gone")}, elsewhere, str(tmp_path / "second/bin/python")),
    ):
        assert chosen(given, env, invoked) == wanted


def _older() -> list[str]:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    return [str(path / "bin" / "python") for path in sorted(versions.glob("3.[6-9].*"))]


@pytest.mark.skipif(not _older(), reason="no older Python here")
def test_a_python_that_is_too_old_is_one_sentence(tmp_path: Path):
    (tmp_path / "app.py").write_text("print('ran')\n")
    for python in _older():
        ran = unmagic("run", "--python", python, "app.py", cwd=tmp_path)
        assert (ran.code, ran.out, ran.theirs) == (2, "", "")
        assert len(ran.ours) == 1 and "too old to be recorded" in ran.ours[0]


def test_nothing_of_ours_is_seen_by_the_program(theirs: Path, tmp_path: Path):
    (tmp_path / "app.py").write_text(
        "import json, os, sys\n"
        "def f():\n    print(json.dumps([sys.path, sys.argv, sys.orig_argv[1:], sys.flags, dict(os.environ)]))\n"
        "    print(sorted(name for name in sys.modules if not name.startswith('_unmagic_recording.')))\n"
        "f()\n"
    )
    alone = done([str(theirs), "app.py", "x"], tmp_path)
    ran = done([*UNMAGIC, "run", "--python", str(theirs), "app.py", "x"], tmp_path)
    first, second = (one.out.splitlines() for one in (alone, ran))
    assert json.loads(first[0]) == json.loads(second[0])
    ours = {"_unmagic_recording"}
    assert {*eval(second[1])} - {*eval(first[1])} <= ours | set(sys.builtin_module_names)
    assert traces(tmp_path) == ["app.trace"]
