"""`unmagic report --for-course`: what is written, what is kept of its author's words, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from report.course.purposes import purposes
from report.view.purpose import ASKED, TODO
from unmagic.cli import main


def report(*words: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, words)])


def test_markdown_where_nothing_else_is_asked_for(scenario_folder: Path, tmp_path: Path):
    done = report(scenario_folder / "tcp.trace", "--for-course", "-o", tmp_path / "out")
    assert done.exit_code == 0 and [path.name for path in (tmp_path / "out").iterdir()] == ["course.md"]
    assert str(tmp_path / "out" / "course.md") in done.stdout
    assert f"replace each {TODO!r}" in done.stderr and "making course.md" in done.stderr


def test_every_format_in_one_go_and_each_once(scenario_folder: Path, tmp_path: Path):
    formats = [word for name in ("pdf", "docx", "md", "pdf") for word in ("--format", name)]
    done = report(scenario_folder / "tcp.trace", "--for-course", "-o", tmp_path, *formats)
    assert done.exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["course.docx", "course.md", "course.pdf"]
    assert (tmp_path / "course.pdf").read_bytes().startswith(b"%PDF-")
    assert done.stderr.count("making course.pdf") == 1


def test_a_pdf_alone_says_where_its_purposes_are_written(scenario_folder: Path, tmp_path: Path):
    done = report(scenario_folder / "tcp.trace", "--for-course", "-o", tmp_path, "--format", "pdf")
    assert done.exit_code == 0 and [path.name for path in tmp_path.iterdir()] == ["course.pdf"]
    assert "in what --format md writes" in done.stderr


def test_what_its_author_wrote_is_kept_and_what_was_there_stays(scenario_folder: Path, tmp_path: Path):
    trace, page = scenario_folder / "tcp.trace", tmp_path / "course.md"
    report(trace, "--for-course", "-o", tmp_path)
    written = page.read_text(encoding="utf-8").replace(f"**{ASKED}**", "It carries everything.", 1) + "\nA note.\n"
    page.write_text(written, encoding="utf-8")
    done = report(trace, "--for-course", "-o", tmp_path)
    assert purposes(page.read_text(encoding="utf-8")) == {"tcp": "It carries everything."}
    assert (tmp_path / "course.before.md").read_text(encoding="utf-8") == written
    assert "course.before.md" in done.stderr
    (tmp_path / "course.before.md").unlink()
    before = page.read_bytes()
    again = report(trace, "--for-course", "-o", tmp_path, "--format", "pdf", "--format", "md")
    assert page.read_bytes() == before and "course.before.md" not in again.stderr
    assert not (tmp_path / "course.before.md").exists()


def test_a_report_whose_every_purpose_is_written_waits_for_nothing(scenario_folder: Path, tmp_path: Path):
    trace, page = scenario_folder / "tcp.trace", tmp_path / "course.md"
    report(trace, "--for-course", "-o", tmp_path)
    page.write_text(page.read_text(encoding="utf-8").replace(f"**{ASKED}**", "I know."), encoding="utf-8")
    assert TODO not in report(trace, "--for-course", "-o", tmp_path).stderr


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--for-course", "--journey", "1"), "goes with --output and --format alone"),
        (("--for-course", "--open"), "goes with --output and --format alone"),
        (("--format", "pdf"), "--format is for --for-course"),
        (("--for-course", "--format", "odt"), "'odt' is not one of"),
    ],
)
def test_one_sentence_and_nothing_written(scenario_folder: Path, tmp_path: Path, more: tuple[str, ...], said: str):
    done = report(scenario_folder / "tcp.trace", "-o", tmp_path / "out", *more)
    assert done.exit_code == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_nothing_is_lost_where_the_old_report_cannot_be_read(scenario_folder: Path, tmp_path: Path):
    (tmp_path / "course.md").write_bytes(b"mine \xff")
    done = report(scenario_folder / "tcp.trace", "--for-course", "-o", tmp_path)
    assert done.exit_code == 2 and "is not UTF-8 text (byte 5)" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["course.md"]
    assert (tmp_path / "course.md").read_bytes() == b"mine \xff"


def test_no_trace_and_no_folder(tmp_path: Path):
    done = report(Path(__file__), "--for-course", "-o", tmp_path / "out")
    assert done.exit_code == 2 and "Traceback" not in done.output and not (tmp_path / "out").exists()
    (tmp_path / "file").write_text("mine")
    done = report(tmp_path / "x.trace", "--for-course", "-o", tmp_path / "file" / "out")
    assert done.exit_code == 2 and "is no folder" in done.stderr
