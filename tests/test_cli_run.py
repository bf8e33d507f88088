"""`unmagic run`: the program is as it would be without us, and nothing is written over but traces."""

from __future__ import annotations

import ast
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers_cli import Done, _database, one_sentence, own_words, plain, program, tree, unmagic
from helpers_run import called

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


# --- the programs of these tests ---------------------------------------------------------------------------


def test_the_programs_of_these_tests_are_what_they_say():
    for name, source in PROGRAMS.items():
        if name in ("wrong syntax", "no text"):
            with pytest.raises(SyntaxError):
                compile(source.encode("latin-1"), name, "exec")
        else:
            ast.parse(source)
