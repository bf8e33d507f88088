"""`unmagic check`, `confirm` and `emit` as a user runs them: one report, a folder, bad input; and that work resumes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers_checker import EXAMPLE, ROOT, WS, pdf_of

from grader import batch
from unmagic.cli import main


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def test_a_report_is_told_in_text():
    done = run("check", EXAMPLE)
    assert done.exit_code == 0
    assert "suggested; a person confirms" in done.stdout
    assert "wrong target: Blueprint.register_blueprint" in done.stdout
    assert "A doubt, for a person: The text gives timeout" in done.stdout


def test_brief_leaves_out_what_is_right():
    whole, brief = (run("check", EXAMPLE, *more).stdout for more in ([], ["--brief"]))
    ticked = [line for line in brief.splitlines() if line.strip().startswith("✓")]
    assert len(ticked) == 4  # the links that are right, and about which there is a doubt
    missing = [[line for line in text.splitlines() if "missing: http" in line] for text in (whole, brief)]
    assert missing[0] == missing[1] != []


def test_the_way_from_a_report_to_a_gradebook(tmp_path: Path):
    record, page = tmp_path / "r.record.json", tmp_path / "r.html"
    assert run("check", EXAMPLE, "--format", "json", "-o", record).exit_code == 0
    assert run("check", EXAMPLE, "--format", "grading", "-o", page).exit_code == 0
    assert "Save the record" in page.read_text()
    early = run("emit", record, "--format", "gradescope")
    assert early.exit_code == 2
    assert "nobody has confirmed" in early.stderr
    assert (
        run("confirm", record, "--by", "A. Grader", "--set", "chain:send=12", "--note", "chain:send=in words").exit_code
        == 0
    )
    done = run("emit", record, "--format", "gradescope")
    assert done.exit_code == 0
    send = next(test for test in json.loads(done.stdout)["tests"] if test["extra_data"]["id"] == "chain:send")
    assert (send["score"], "in words" in send["output"]) == (12, True)
    grades = tmp_path / "grades.csv"
    assert run("emit", record, "--format", "csv", "-o", grades).exit_code == 0
    assert EXAMPLE.name in grades.read_text()


def test_a_report_that_cannot_be_read_has_no_score(tmp_path: Path):
    scan = pdf_of(tmp_path / "scan.pdf", [], [])
    done = run("check", scan)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("unmagic: ")
    assert "no text layer" in done.stderr
    record = tmp_path / "r.json"
    run("check", scan, "--format", "json", "-o", record)
    assert run("confirm", record, "--by", "A").exit_code == 0
    told = run("emit", record, "--format", "autolab")
    assert (told.exit_code, told.stdout) == (1, "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Five reports: two good ones, one in a folder of its own, a scan, and a file that is no DOCX."""
    home = tmp_path / "hand-ins"
    (home / "late").mkdir(parents=True)
    shutil.copy(EXAMPLE, home / "ada.txt")
    (home / "bob.md").write_text(f"# send()\n\nIt is [`Base.send`]({WS}#L80).\n")
    (home / "late" / "bob.md").write_text(f"# receive()\n\nIt is [`Base.receive`]({WS}#L95).\n")
    pdf_of(home / "scan.pdf", [], [])
    (home / "zed.docx").write_bytes(b"PK\x03\x04" + bytes(200))
    (home / ".hidden.md").write_text("not one")
    return home


def lines(out: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text().splitlines()]


def test_a_folder_is_checked_whole_whatever_is_in_it(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    done = run("check", folder, "-o", out, "--jobs", 2)
    assert done.exit_code == 1
    assert sorted(str(line["report"]) for line in lines(out)) == [
        "ada.txt",
        "bob.md",
        "late/bob.md",
        "scan.pdf",
        "zed.docx",
    ]
    assert [line["points"] for line in lines(out) if line["report"] in ("scan.pdf", "zed.docx")] == [None, None]
    index = (out / "index.html").read_text()
    assert "late/bob.md" in index
    assert index.count("not graded") == 2
    for line in lines(out):
        assert (out / str(line["page"])).exists()
        assert (out / str(line["record"])).exists()
    assert "no text layer" in done.stderr


def test_a_hand_in_that_holds_no_report_is_named(folder: Path, tmp_path: Path):
    """Nobody may be missing without a word: other formats, archives, folders without a report, links out of it."""
    for file in ("zed.docx", "scan.pdf"):
        (folder / file).unlink()
    assert run("check", folder, "-o", tmp_path / "out").exit_code == 0
    (folder / "cy.odt").write_bytes(b"PK\x03\x04")
    (folder / "di").mkdir()
    (folder / "di" / "main.py").write_text("pass")
    (folder / "e\x1b[31m\ne.zip").write_bytes(b"PK\x03\x04")
    (folder / "eve.txt").symlink_to(EXAMPLE)
    done = run("check", folder, "-o", tmp_path / "out")
    assert done.exit_code == 1
    told = done.stderr.partition("without a report that can be read (.pdf, .docx")[2].splitlines()
    assert told[1:] == ["unmagic:   cy.odt", "unmagic:   di", "unmagic:   e[31m e.zip", "unmagic:   eve.txt"]
    assert "<li>cy.odt</li><li>di</li>" in (tmp_path / "out" / "index.html").read_text()


def test_a_copy_is_told_by_its_links(folder: Path, tmp_path: Path):
    """Whatever words were changed: Ada's, with another name and other sentences."""
    words = EXAMPLE.read_text().replace("Flask", "flask").replace("This ", "That ")
    assert words != EXAMPLE.read_text()
    (folder / "<b>copy.txt").write_text(words)
    run("check", folder, "-o", tmp_path / "out")
    index = (tmp_path / "out" / "index.html").read_text()
    assert "<h2>The same links</h2>" in index and "<li>&lt;b&gt;copy.txt, ada.txt</li>" in index
    assert index.count("bob.md</a>") == 2 and "bob.md," not in index  # two reports of one link each


def test_a_report_s_name_is_one_line_of_text(folder: Path, tmp_path: Path):
    (folder / "\x1b[31ma\nb.md").write_text(" \n\n")
    done = run("check", folder, "-o", tmp_path / "out")
    assert "unmagic: [31ma b.md: there is no text in it.\n" in done.stderr
    assert "\x1b" not in done.stderr


def test_a_folder_s_links_lead_out_of_it_for_nobody(folder: Path, tmp_path: Path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the grader's own")
    (folder / "eve.txt").symlink_to(secret)
    (folder / "eve.md").symlink_to(folder / "eve.md")
    assert [path.name for path in batch.reports([folder])] == ["ada.txt", "bob.md", "bob.md", "scan.pdf", "zed.docx"]


def test_what_is_done_is_not_done_again(folder: Path, tmp_path: Path):
    out = tmp_path / "out"
    run("check", folder, "-o", out)
    before = len(lines(out))
    page = out / str(next(line["page"] for line in lines(out) if line["report"] == "ada.txt"))
    page.write_text("untouched")
    run("check", folder, "-o", out)
    assert (len(lines(out)), page.read_text()) == (before, "untouched")
    (folder / "bob.md").write_text(f"# send()\n\nIt is at {WS}#L87\n")
    with (out / "results.jsonl").open("a") as file:
        file.write('{"report": "cut sho')  # as a stop in the middle leaves it
    run("check", folder, "-o", out)
    assert page.read_text() == "untouched"
    written = (out / "results.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in written if not line.startswith('{"report": "cut')]) == before + 1


def test_a_stop_in_the_middle_leaves_nobody_behind_and_is_taken_up_again(folder: Path, tmp_path: Path):
    for number in range(8):
        shutil.copy(EXAMPLE, folder / f"more-{number}.txt")
    out = tmp_path / "out"
    command = [sys.executable, "-m", "unmagic", "check", str(folder), "-o", str(out), "--jobs", "2"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "3/" not in process.stderr.readline():  # two are written
            pass
        process.kill()
        process.stderr.read()  # to its end: the other processes hold it as long as they are there
    before = lines(out)
    assert 2 <= len(before) < 13
    assert run("check", folder, "-o", out).exit_code == 1
    assert len(lines(out)) == 13
    assert lines(out)[: len(before)] == before
    assert [path for path in out.iterdir() if path.name.startswith(".")] == []


def test_another_rubric_is_another_result(folder: Path, tmp_path: Path):
    out, rubric = tmp_path / "out", tmp_path / "rubric.toml"
    run("check", folder, "-o", out)
    before = {line["report"]: line["points"] for line in lines(out)}
    rubric.write_text("[points]\nchains = 10\nlinks = 90\npresence = 0\n")
    run("check", folder, "-o", out, "--rubric", rubric)
    after = {line["report"]: line["points"] for line in lines(out)}
    assert after["bob.md"] != before["bob.md"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing.pdf"], "there is no such file"),
        (["{folder}"], "say where with -o"),
        (["{folder}", "-o", "{folder}/ada.txt"], "is a file"),
        (["{example}", "--as-of", "yesterday"], "is no day"),
        (["{example}", "--trace", "nothing.trace"], "nothing.trace"),
        (["{example}", "--truth", "{example}"], "no truth"),
        (["{example}", "--rubric", "nothing.toml"], "cannot be read"),
        (["{example}", "--task", "poetry"], "poetry"),
        (["{empty}"], "holds no report"),
    ],
)
def test_bad_input_is_one_sentence(arguments: list[str], said: str, folder: Path, tmp_path: Path):
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("check", *(one.format(folder=folder, example=EXAMPLE, empty=empty) for one in arguments))
    assert done.exit_code == 2
    assert said in done.stderr
    assert done.stderr.startswith("unmagic: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    "toml", ["[points]\nchains = -1", "[hops]\nwire = 'x'", "[nothing]\na = 1", "[shown]\nother = 1", "x ="]
)
def test_a_rubric_that_is_none(toml: str, tmp_path: Path):
    path = tmp_path / "rubric.toml"
    path.write_text(toml)
    done = run("check", EXAMPLE, "--rubric", path)
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "rubric.toml" in done.stderr


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 1, "parts": [{}]}', "\x00"])
def test_a_record_that_is_none(content: str, tmp_path: Path):
    path = tmp_path / "r.json"
    path.write_text(content)
    for command in (("confirm", path, "--by", "A"), ("emit", path, "--format", "csv")):
        done = run(*command)
        assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)


def test_help_tells_all():
    for command in ("check", "confirm", "emit", "truth", "symbols"):
        done = run(command, "--help")
        assert "Exit codes" in done.stdout
