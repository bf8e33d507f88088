"""`unmagic run -m MODULE`, and a command of the environment's: as the interpreter itself runs them."""

from __future__ import annotations

import shutil
import sys
import zipapp
from pathlib import Path

import pytest
from helpers_recording import ENGINES
from helpers_run import SCRIPTS, UNMAGIC, called, compared, done, environment, get, running, traces, unmagic

#: What a program can see of how it was begun.
LOOKS = """
import sys, __main__
def looks():
    print(sys.argv, sys.orig_argv[1:], sys.path, __name__, __package__, __file__)
    print(__spec__ and (__spec__.name, __spec__.origin, __spec__.parent), type(__loader__))
    print(sorted(name for name in globals() if name != "looks"), __doc__, __main__.__dict__ is globals())
    hidden = (*sys.builtin_module_names, "_unmagic_recording")
    print(sys.flags, sorted(name for name in sys.modules if name.partition(".")[0] not in hidden))
looks()
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A package with a program inside, one that can be run itself, and one that cannot."""
    for package in ("pkg", "pkg/inner", "bare", "broken"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("def made(): return 1\nmade()\n")
    (tmp_path / "pkg" / "__main__.py").write_text(LOOKS)
    (tmp_path / "pkg" / "mod.py").write_text(LOOKS)
    (tmp_path / "pkg" / "inner" / "fails.py").write_text("def f():\n    raise ValueError('mine')\nf()\n")
    (tmp_path / "broken" / "__init__.py").write_text("import no_such_module\n")
    (tmp_path / "broken" / "__main__.py").write_text("")
    (tmp_path / "single.py").write_text(LOOKS)
    (tmp_path / "wrong.py").write_text("def f(:\n")
    (tmp_path / "leaves.py").write_text("import sys\nprint(input())\nsys.exit(7)\n")
    return tmp_path


@pytest.mark.parametrize("name", ["pkg", "pkg.mod", "pkg.__main__", "single"])
@pytest.mark.parametrize("engine", ENGINES)
def test_a_module_finds_itself_as_always(project: Path, name: str, engine: str):
    ran = compared("-m", name, "one", "--two", "-o", "", cwd=project, options=("--engine", engine))
    assert ran.code == 0 and "'one', '--two', '-o', ''" in ran.out
    assert "looks" in called(project / f"{name}.trace")
    assert ("made" in called(project / f"{name}.trace")) == name.startswith("pkg"), "its package is of the program, too"


@pytest.mark.parametrize("name", ["no_such", "pkg.no_such", "no_such.mod", "bare", "single.mod", "wrong", "broken",
                                  "single.py", "", "pkg.inner.fails", "pkg/mod"])  # fmt: skip
def test_what_cannot_be_run_is_told_in_the_interpreters_words(project: Path, name: str):
    assert compared("-m", name, cwd=project).code == 1


def test_standard_input_and_the_exit_code_are_the_modules(project: Path):
    assert compared("-m", "leaves", cwd=project, stdin="a line\n").code == 7


def test_a_module_of_the_standard_library(tmp_path: Path):
    ran = compared("-m", "json.tool", cwd=tmp_path, stdin="{}", options=("--scope", "json"))
    assert ran.out == "{}\n" and "3 socket" not in ran.err


@pytest.mark.parametrize("own", ["runpy", "importlib", "json", "tracer, report, unmagic, grader"])
def test_a_project_with_modules_of_our_names(project: Path, own: str):
    """`-m` puts the project's folder first in the path, before the standard library's."""
    for name in own.split(", "):
        (project / f"{name}.py").write_text(f"whose = 'mine, {name}'\n")
    (project / "asks.py").write_text(
        f"import {own}\ndef f():\n    for one in ({own},): print(getattr(one, 'whose', 'the library'))\nf()\n"
    )
    said = compared("-m", "asks", cwd=project).out
    assert "," not in own or said.count("mine, ") == 4


def test_a_folder_with_a_main(project: Path):
    ran = compared("pkg", "one", cwd=project)
    assert "'one'" in ran.out and "looks" in called(project / "pkg.trace")
    ran = compared("./pkg/", cwd=project, options=("-o", "other.trace"))
    assert "looks" in called(project / "other.trace")


@pytest.mark.parametrize("engine", ENGINES)
def test_an_archive(project: Path, engine: str):
    """As `zipapp` makes them: found by what is in it, whatever its name, and with a line for the shell before it."""
    zipapp.create_archive(project / "pkg", project / "app.pyz", interpreter="/usr/bin/env python3")
    (project / "app.pyz").rename(project / "app")
    ran = compared("app", "one", cwd=project, options=("--engine", engine))
    assert "'one'" in ran.out and "looks" in called(project / "app.trace")


def test_pythons_development_mode(project: Path):
    """Python itself asks for a codec while the recorder is loaded then; warnings are errors besides."""
    compared("single.py", cwd=project, env=environment(PYTHONDEVMODE="1", PYTHONWARNINGS="error"))


def test_a_module_where_python_keeps_the_folder_out_of_the_path(project: Path):
    compared("-m", "single", cwd=project, env=environment(PYTHONSAFEPATH="1"))
    compared("-m", "single", cwd=project, env=environment(PYTHONSAFEPATH="1", PYTHONPATH=str(project)))


# --- options of ours and words of theirs ---------------------------------------------------------------------


def test_words_behind_the_program_are_never_ours(project: Path):
    ran = compared("-m", "single", "--engine", "none", "-o", "x.trace", "--help", "--", "-m", cwd=project)
    assert "'--engine', 'none', '-o', 'x.trace', '--help', '--', '-m'" in ran.out
    assert traces(project) == ["single.trace"]
    (project / "script.py").write_text("import sys\nprint(sys.argv)\n")
    assert compared("script.py", "--engine", "none", "-m", "--help", cwd=project).code == 0


@pytest.mark.parametrize("words", [("-msingle", "one"), ("--", "-m", "single", "one"), ("-m", "single", "one")])
def test_the_module_may_be_written_in_one_word(project: Path, words: tuple[str, ...]):
    ran = unmagic("run", *words, cwd=project)
    assert ran.code == 0 and ran.out.splitlines()[0].startswith(f"['{project}/single.py', 'one']")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-m",), "no program to run"),
        (("-c", "print(1)"), "no such option: -c"),
        (("--no-such", "single.py"), "no such option"),
        (("--", "-u", "single.py"), "no such option: -u"),
        (("--engine", "monitoring"), "no program to run"),
        (("--max-trace-size", "much", "single.py"), "'much' is no size"),
        (("no-such-command", "x"), "no command of this name"),
    ],
)
def test_what_is_no_command_line_is_one_sentence(project: Path, words: tuple[str, ...], said: str):
    ran = unmagic("run", *words, cwd=project)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1) and said in ran.err.lower(), ran.err
    assert traces(project) == []


# --- commands of the environment's ---------------------------------------------------------------------------


def test_a_command_of_the_environment(tmp_path: Path):
    """As the shell runs it: its own path is `sys.argv[0]`, and its folder comes first in the path."""
    alone = done([str(SCRIPTS / "flask"), "--version"], tmp_path)
    recorded = unmagic("run", "flask", "--version", cwd=tmp_path)
    assert (recorded.code, recorded.out, recorded.theirs) == (0, alone.out, alone.err) and "Werkzeug" in recorded.out
    assert traces(tmp_path) == ["flask.trace"]
    alone = done([str(SCRIPTS / "flask"), "--app", "no_such", "routes"], tmp_path)
    recorded = unmagic("run", "flask", "--app", "no_such", "routes", cwd=tmp_path)
    assert (recorded.code, recorded.out, recorded.theirs) == (alone.code, alone.out, alone.err) and alone.code == 2


COMMANDS = {
    "plain": "#!{python}\n",
    "options": "#!{python} -sB\n",
    "env": "#!/usr/bin/env python3\n",
    "long": "#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n",
}


@pytest.mark.parametrize("kind", list(COMMANDS))
def test_a_command_of_the_path_runs_with_the_interpreter_that_it_names(tmp_path: Path, kind: str):
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "mycommand"
    command.write_text(COMMANDS[kind].format(python=sys.executable) + LOOKS)
    command.chmod(0o755)
    env = environment(PATH=f"{folder}:{SCRIPTS}:/usr/bin:/bin")
    alone = done(["mycommand", "one"], tmp_path, env=env)
    recorded = unmagic("run", "mycommand", "one", cwd=tmp_path, env=env)
    assert (recorded.code, recorded.theirs) == (alone.code, alone.err) == (0, "")
    assert recorded.out == alone.out
    assert traces(tmp_path) == ["mycommand.trace"]


def test_a_command_that_is_not_written_in_python(tmp_path: Path):
    ran = unmagic("run", "ls", cwd=tmp_path)
    assert ran.code == 2 and "not written in Python" in ran.err and len(ran.err.splitlines()) == 1


@pytest.mark.parametrize("named", [sys.executable, "python"])
def test_an_interpreter_is_no_program(tmp_path: Path, named: str) -> None:
    """Its file is machine code, which Python would try to compile."""
    (tmp_path / "app.py").write_text("print('here')")
    ran = unmagic("run", named, "app.py", cwd=tmp_path)
    assert ran.code == 2 and "--python" in ran.err and len(ran.err.splitlines()) == 1
    assert not list(tmp_path.glob("*.trace"))


def test_machine_code_is_no_program(tmp_path: Path) -> None:
    ran = unmagic("run", shutil.which("true") or "/bin/true", cwd=tmp_path)
    assert ran.code == 2 and "not written in Python" in ran.err and len(ran.err.splitlines()) == 1


def test_a_file_comes_before_a_command_of_its_name(tmp_path: Path):
    (tmp_path / "flask").write_text("def f(): print('mine')\nf()\n")
    assert unmagic("run", "flask", cwd=tmp_path).out == "mine\n"


# --- programs that many use ----------------------------------------------------------------------------------


def test_pytest(tmp_path: Path):
    (tmp_path / "test_it.py").write_text(
        "import sys\ndef test_good(): assert sys.argv[1:] == ['-q', '-p', 'no:cacheprovider']\n"
        "def test_bad(): assert 1 == 2\n"
    )
    words, env = ("-q", "-p", "no:cacheprovider"), environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    alone = done([sys.executable, "-m", "pytest", *words], tmp_path, env=env)
    recorded = unmagic("run", "-m", "pytest", *words, cwd=tmp_path, env=env)
    timeless = [[line for line in one.out.splitlines() if " in " not in line] for one in (alone, recorded)]
    assert timeless[0] == timeless[1] and alone.code == recorded.code == 1
    assert {"test_good", "test_bad"} <= set(called(tmp_path / "pytest.trace"))


def test_http_server(tmp_path: Path):
    (tmp_path / "page.txt").write_text("a page")
    with running([*UNMAGIC, "run", "-m", "http.server", "0", "--bind", "127.0.0.1"], tmp_path,
                 environment(PYTHONUNBUFFERED="1")) as server:  # fmt: skip
        port = int(server.until(r"port (\d+)")[1])
        assert get(port, "/page.txt") == "a page"
        server.interrupt()
        assert server.end() == 0
    assert "Keyboard interrupt received, exiting." in server.said
    assert server.ours[-2:] == [
        "the trace is http.server.trace",
        "next, unmagic report http.server.trace --open, or unmagic journeys http.server.trace",
    ]


APP = """
from flask import Flask
app = Flask(__name__)
@app.get("/")
def hello():
    return "hi"
"""


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("how", [("-m", "flask"), ("flask",)], ids=["module", "command"])
def test_flask(tmp_path: Path, engine: str, how: tuple[str, ...]):
    (tmp_path / "chat.py").write_text(APP)
    words = (*how, "--app", "chat", "run", "--port", "0")
    with running([*UNMAGIC, "run", "--engine", engine, *words], tmp_path) as server:
        port = int(server.until(r"Running on http://127.0.0.1:(\d+)")[1])
        assert get(port) == "hi"
        server.interrupt()
        assert server.end() == 0, server.said
    assert called(tmp_path / "flask.trace") == ["<module>", "hello"]
    assert traces(tmp_path) == ["flask.trace"]
    journeys = unmagic("journeys", "flask.trace", cwd=tmp_path)
    assert journeys.code == 0 and "'hi'" in journeys.out
