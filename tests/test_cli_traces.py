"""Commands that read a trace, given one that is none: broken, changed, or with texts that would be obeyed."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from helpers_cli import _database, alone, environment, one_sentence, program, tree, unmagic

from tracer.reading.trace import Trace
from tracer.recording.store import APPLICATION_ID, VERSION
from unmagic.cli import main

# --- texts of a trace --------------------------------------------------------------------------------------


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
