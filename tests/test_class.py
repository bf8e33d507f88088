"""`unmagic grade-class`: every hand-in once, whatever is killed meanwhile; and the files that an instructor gets."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers_class import POINTS, ROOT, TINY, lay, points, results, tar, unmagic, work

from grader.cohort.hand_ins import hand_ins, shard
from grader.cohort.ledger import Ledger, LedgerError, lines
from grader.cohort.page import page
from grader.cohort.similar import pairs, shingles
from grader.cohort.supervised import Graded, Settings, data
from grader.coursework.outcome import Outcome, StageOutcome
from grader.coursework.outcome import Tested as Ran
from grader.coursework.submission import SubmissionError
from grader.sandbox import slots

HOSTILE = "<script>alert(1)</script>"


def a_class(folder: Path, count: int) -> dict[str, int]:
    """Hand-ins in a folder, archives and folders, and which points each has to get."""
    folder.mkdir(exist_ok=True)
    wanted = {}
    for number in range(count):
        kind = list(POINTS)[number % len(POINTS)]
        files = {**work(kind), "who.txt": str(number).encode()}
        name = f"student-{number:03}"
        if number % 2:
            tar(folder / f"{name}.tar.gz", files, "w:gz")
        else:
            lay(folder / name, files)
        wanted[name] = POINTS[kind]
    return wanted


def checked(folder: Path, wanted: dict[str, int]) -> None:
    """Every result is there, none twice, each with its points."""
    found = results(folder)
    assert Counter(line["id"] for line in found) == Counter(list(wanted)), "none lost, none doubled"
    assert {line["id"]: points(line) for line in found} == wanted


def command(*words: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "unmagic", "grade-class", *map(str, words), "--assignment", str(TINY)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def until(true: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.01)


# --- a class -----------------------------------------------------------------------------------------------


def test_a_class_is_graded_and_told(tmp_path: Path):
    wanted = a_class(tmp_path / "in", 3)
    lay(tmp_path / "in" / f"{HOSTILE}".replace("/", "_"), {**work(), "h11.py": b""})
    (tmp_path / "in" / "=cmd.zip").write_bytes(b"PK no zip")
    (tmp_path / "in" / "notes.txt").touch()
    out = tmp_path / "out"
    told = unmagic("grade-class", tmp_path / "in", "-o", out, "--assignment", TINY)
    assert told.returncode == 1 and "5 of 5 hand-ins" in told.stdout and "1 without a score" in told.stdout, told
    found = {line["id"]: line for line in results(out)}
    assert {name: points(found[name]) for name in wanted} == wanted
    assert found["=cmd"]["status"] == "refused" and points(found["=cmd"]) is None
    rows = {row["report"]: row for row in csv.DictReader((out / "gradebook.csv").open(encoding="utf-8"))}
    assert rows["student-002"]["points"] == "9" and rows["student-000"]["upper"] == "0"
    assert rows["'=cmd"]["points"] == "" and "cannot be opened" in rows["'=cmd"]["problem"]
    html = (out / "index.html").read_text(encoding="utf-8")
    assert "<script" not in html and "&lt;script&gt;" in html and "http" not in html.replace("http-equiv", "")
    assert "h11.py is called as the library h11 is" in html
    assert html.index("student-002") and "3 graded" not in html.partition("4 graded")[0]
    again = unmagic("grade-class", tmp_path / "in", "-o", out, "--assignment", TINY)
    assert len(results(out)) == 5 and again.stdout == told.stdout, "nothing is done twice"
    (tmp_path / "in" / "student-000" / "work" / "core.py").write_bytes(work()["work/core.py"])
    unmagic("grade-class", tmp_path / "in", "-o", out, "--assignment", TINY)
    assert [points(line) for line in results(out) if line["id"] == "student-000"] == [0, 9], "what has changed is"


def test_what_is_passed_over_is_named(tmp_path: Path):
    """An archive may be called .ZIP; what is neither a folder nor an archive is no hand-in, and nobody's zero."""
    a_class(tmp_path / "in", 1)
    with zipfile.ZipFile(tmp_path / "in" / "BOB.ZIP", "w") as archive:
        for name, data in work().items():
            archive.writestr(name, data)
    told = unmagic("grade-class", tmp_path / "in", "-o", tmp_path / "out", "--assignment", TINY)
    assert (told.returncode, told.stderr.count("passed over")) == (0, 0)
    assert [points(line) for line in results(tmp_path / "out") if line["id"] == "BOB"] == [9]
    (tmp_path / "in" / "carol.rar").write_bytes(b"Rar!")
    (tmp_path / "in" / "<b>\x1b[31m.py").write_text("pass")
    (tmp_path / "in" / ".hidden").touch()
    told = unmagic("grade-class", tmp_path / "in", "-o", tmp_path / "out", "--assignment", TINY)
    assert told.returncode == 1 and "2 of 2 hand-ins" in told.stdout, told
    assert told.stderr.endswith(", .zip): <b>\\x1b[31m.py, carol.rar\n")
    html = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert "<bdi>carol.rar</bdi>" in html and "&lt;b&gt;" in html


def test_shards_together_are_the_class(tmp_path: Path):
    wanted = a_class(tmp_path / "in", 4)
    for part in (1, 2):
        words = ("grade-class", tmp_path / "in", "-o", tmp_path / "out", "--assignment", TINY, "--shard", f"{part}/2")
        assert unmagic(*words).returncode == 0
    checked(tmp_path / "out", wanted)
    assert sorted(path.name for path in (tmp_path / "out").glob("*.jsonl")) == [
        "results.1-of-2.jsonl",
        "results.2-of-2.jsonl",
    ]
    assert len(list(csv.DictReader((tmp_path / "out" / "gradebook.csv").open(encoding="utf-8")))) == 4
    every = hand_ins(tmp_path / "in")
    parts = [shard(every, part, 3) for part in (1, 2, 3)]
    assert sorted(one.id for part in parts for one in part) == sorted(wanted)


@pytest.mark.parametrize("words, sentence", (
    (("--shard", "3/2"), "--shard '3/2' is not I/N"), (("--scheduler", "tcp://127.0.0.1:1"), "needs --engine dask"),
    (("--engine", "dask", "--scheduler", "nowhere"), "no Dask scheduler at nowhere"),
))  # fmt: skip
def test_bad_input_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str):
    a_class(tmp_path / "in", 1)
    told = unmagic("grade-class", tmp_path / "in", "-o", tmp_path / "out", "--assignment", TINY, *words)
    assert told.returncode == 2 and sentence in told.stderr, told
    assert not (tmp_path / "out" / "index.html").exists()


def test_what_is_no_class_is_one_sentence(tmp_path: Path):
    lay(tmp_path / "one", work())
    for folder, sentence in ((tmp_path / "one", "is one hand-in"), (tmp_path / "none", "holds no hand-in")):
        folder.mkdir(exist_ok=True)
        told = unmagic("grade-class", folder, "-o", tmp_path / "out", "--assignment", TINY)
        assert told.returncode == 2 and sentence in told.stderr
    lay(tmp_path / "two" / "a", work())
    tar(tmp_path / "two" / "a.tar", work())
    with pytest.raises(SubmissionError, match="both called a"):
        hand_ins(tmp_path / "two")


def test_a_class_is_not_graded_without_a_wall(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What tier C refuses and --unsafe allows; the tier itself is tried in test_sandbox_walls.py."""
    a_class(tmp_path / "in", 1)
    monkeypatch.setattr("unmagic.grade.best", lambda: "C")
    words = ("grade-class", tmp_path / "in", "-o", tmp_path / "out", "--assignment", TINY)
    told = unmagic(*words)
    assert told.returncode == 2 and "no wall between submissions and you" in told.stderr
    assert not (tmp_path / "out").exists()
    told = unmagic(*words, "--unsafe")
    assert told.returncode == (1 if os.geteuid() == 0 else 0), "root has no tier C, and that is no score"
    [line] = results(tmp_path / "out")
    assert line["status"] == ("fault" if os.geteuid() == 0 else "graded")


# --- killed ------------------------------------------------------------------------------------------------


def test_killed_and_run_again_nothing_is_lost_and_nothing_doubled(tmp_path: Path):
    wanted = a_class(tmp_path / "in", 6)
    out = tmp_path / "out"
    process = command(tmp_path / "in", "-o", out, "--jobs", 2)
    until(lambda: (out / "results.jsonl").exists() and len(results_whole(out)) >= 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    before = results_whole(out)
    with (out / "results.jsonl").open("ab") as file:  # as if it was killed while it wrote
        file.write(b'{"id": "student-0')
    told = unmagic("grade-class", tmp_path / "in", "-o", out, "--assignment", TINY)
    assert told.returncode == 0, told
    checked(out, wanted)
    assert results(out)[: len(before)] == before, "what was there is not done again"


def results_whole(folder: Path) -> list[dict[str, object]]:
    return list(lines(folder / "results.jsonl"))


def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path):
    """Dask's own workers, one of which is killed in the middle."""
    pytest.importorskip("distributed")
    wanted = a_class(tmp_path / "in", 8)
    out = tmp_path / "out"
    process = command(tmp_path / "in", "-o", out, "--engine", "dask", "--jobs", 2)
    try:
        until(lambda: (out / "results.jsonl").exists() and len(results_whole(out)) >= 2)
        busy: list[int] = []
        until(lambda: busy.extend(_supervising(process.pid)) or busy)
        os.kill(busy[0], signal.SIGKILL)
        told, complaints = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, complaints
    assert "8 of 8 hand-ins" in told
    checked(out, wanted)


def _supervising(pid: int) -> list[int]:
    """Processes below `pid` that have a supervisor at this moment."""
    return [one for one in below(pid) if supervisors(one)]


def nurseries(pid: int) -> list[int]:
    return [child for child in children(pid) if "nursery" in said(child)]


def supervisors(pid: int) -> list[int]:
    return [one for nursery in nurseries(pid) for one in children(nursery)]


def below(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *below(child))]


def children(pid: int) -> list[int]:
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in path.read_text(encoding="ascii").split()]
        except OSError:
            continue
    return found


def said(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


@pytest.mark.parametrize("killed", (supervisors, nurseries))
def test_a_supervisor_that_is_killed_is_started_again(tmp_path: Path, killed: Callable[[int], list[int]]):
    """It alone, and what it was forked by, with which it ends."""
    wanted = a_class(tmp_path / "in", 1)
    process = command(tmp_path / "in", "-o", tmp_path / "out", "--jobs", 1)
    found: list[int] = []
    until(lambda: found.extend(supervisors(process.pid)) or found)
    until(lambda: any("bwrap" in said(pid) for pid in below(found[0])) or not said(found[0]))
    for pid in killed(process.pid):
        os.kill(pid, signal.SIGKILL)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 0, complaints
    checked(tmp_path / "out", wanted)
    assert results(tmp_path / "out")[0]["attempts"] in (1, 2)


def test_a_slot_is_nobodys_while_what_was_left_in_it_is_ended():
    """Else a grading that takes it meanwhile has its server killed, and gets no points for it."""
    os.close(slots.take().lock)
    assert all(slot.user != user for user in slots.abandoned() if (slot := slots.take()) and not os.close(slot.lock))


# --- the ledger --------------------------------------------------------------------------------------------


def test_a_ledger_is_one_writers(tmp_path: Path):
    with Ledger(tmp_path / "results.jsonl"), pytest.raises(LedgerError, match="another grade-class"):
        Ledger(tmp_path / "results.jsonl")
    with pytest.raises(LedgerError, match="cannot be written"):
        Ledger(Path("/proc/nowhere/results.jsonl"))


@pytest.mark.parametrize("torn", (b"", b'{"id": "b"', b"x" * 200_000, b"\n"))
def test_a_line_that_was_cut_short_is_not_there(tmp_path: Path, torn: bytes):
    path = tmp_path / "results.jsonl"
    first = {"id": "a", "sha256": "1", "graded_by": "v"}
    path.write_bytes(json.dumps(first).encode() + b"\n" + torn)
    with Ledger(path) as ledger:
        ledger.add({**first, "id": "c"})
    assert [line["id"] for line in lines(path)] == ["a", "c"]


# --- the page ----------------------------------------------------------------------------------------------


def line(name: str, earned: int, status: str = "graded", why: str = "") -> dict[str, object]:
    """A line of results with `earned` of three stages."""
    stages = tuple(StageOutcome(f"s{n}", f"Stage {n}", 2 * (n < earned), 2, n < earned, False) for n in range(3))
    tests = (Ran("s0.a", HOSTILE, "s0", 2, 2, "failed", "visible", HOSTILE, HOSTILE, 0.1),)
    outcome = Outcome(name, "", "x", "", "A", tests, stages, why, HOSTILE, 1.0 + earned)
    return {"id": name, "sha256": "", "graded_by": "", **data(Graded(status, outcome, (HOSTILE,)))}


def test_the_page_says_where_the_class_stands():
    some = [line("a", 3), line("b", 1), line("c", 1), line("d", 0), line(HOSTILE, 0, "fault", f"broken {HOSTILE}")]
    html = page("A class", some, "A", [], [], "similarity was not looked for")
    assert HOSTILE not in html and html.count("&lt;script&gt;") >= 6
    rows = [" ".join(row.split()) for row in html.split("<tr>")]
    assert any("100 %" in row and '<td class="number">1</td>' in row for row in rows)
    assert any("Stage 1" in row and '<td class="number">2</td>' in row and "b" in row and "c" in row for row in rows)
    assert any("grade it again" in row for row in rows) and "similarity was not looked for" in html
    assert "4 graded, 1 without a score" in html


# --- similarity --------------------------------------------------------------------------------------------


def test_copies_are_found_through_new_names_and_layout():
    source = (ROOT / "reference_impl" / "frames.py").read_text(encoding="utf-8")
    renamed = source.replace("payload", "content").replace("opcode", "kind").replace("    ", "  ")
    other = (ROOT / "reference_impl" / "http.py").read_text(encoding="utf-8")
    classes = {
        "copy": shingles({"a.py": renamed.encode()}), "own": shingles({"b.py": other.encode()}),
        "first": shingles({"c.py": source.encode()}),
    }  # fmt: skip
    alike, beside = pairs(classes, frozenset(), shingles({"r.py": other.encode()}))
    assert [(pair.one, pair.other) for pair in alike] == [("copy", "first")] and alike[0].share > 0.9
    assert [pair.one for pair in beside] == ["own"]
    alike, _ = pairs(classes, classes["first"], frozenset())
    assert alike == [], "what everybody was given does not count"


def test_settings_decide_the_version():
    from grader.cohort.run import graded_by
    from grader.coursework.assignment import load

    tiny = load(TINY)
    versions = {graded_by(tiny, settings) for settings in (
        Settings(str(TINY), "A"), Settings(str(TINY), "B"), Settings(str(TINY), "A", "key"),
        Settings(str(TINY), "A", stages=("upper",)),
    )}  # fmt: skip
    assert len(versions) == 4 and all(version.startswith("Tiny 1 ") for version in versions)
