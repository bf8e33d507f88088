"""`unmagic report` and `report.notebook.show`: what is written, and what is said where nothing can be."""

from __future__ import annotations

import html.parser
from pathlib import Path

import pytest
from helpers_explorer import report
from helpers_exports import Talk, record
from markdown_it import MarkdownIt

from report.explorer import page
from report.notebook import show
from report.notes import ReportError
from report.view import to_json
from report.view.make import Source, make
from tracer.reading.trace import Trace, TraceError

HOSTILE = "</td></table><script>alert(1)</script> | `x` --> [a](javascript:b)"


def test_one_page_to_step_through_and_one_for_each_message(scenario_folder: Path, tmp_path: Path):
    done = report(tmp_path / "out", scenario_folder / "receive.trace")
    assert "begin with" in done.stdout
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"index.html", "README.md", "receive-4-text.md"} <= names
    text = (tmp_path / "out" / "receive-4-text.md").read_text(encoding="utf-8")
    assert "| B · wsproto | unmasked | `48 65 6c 6c 6f = b'Hello'` |" in text
    assert "masking-key" in text and "frame\\_protocol.py:441" in text
    index = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert all(f"]({name})" in index for name in names if name.startswith("receive-"))


def test_the_same_again_byte_for_byte(scenario_folder: Path, tmp_path: Path):
    for folder in ("a", "b"):
        report(tmp_path / folder, scenario_folder / "send.trace")
    pages = [{path.name: path.read_bytes() for path in (tmp_path / f).iterdir()} for f in ("a", "b")]
    assert pages[0] == pages[1]


def test_only_the_journeys_asked_for(scenario_folder: Path, tmp_path: Path):
    done = report(tmp_path / "out", scenario_folder / "receive.trace", "--journey", "1")
    assert [path.name for path in (tmp_path / "out").glob("receive-*.md")] == ["receive-1-text.md"]
    assert done.stdout.startswith("1 message in ") and "10 messages of receive are left out; choose" in done.stderr
    assert "10 messages are left out." in (tmp_path / "out" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("what", ["no trace", "damaged", "no such journey", "a file in the way"])
def test_one_sentence_and_nothing_written(scenario_folder: Path, tmp_path: Path, what: str):
    trace, folder, more = scenario_folder / "receive.trace", tmp_path / "out", []
    if what == "no trace":
        trace = Path(__file__)
    elif what == "damaged":
        trace = tmp_path / "cut.trace"
        trace.write_bytes((scenario_folder / "receive.trace").read_bytes()[:50_000])
    elif what == "no such journey":
        more = ["--journey", "99"]
    else:
        (tmp_path / "file").write_text("mine")
        folder = tmp_path / "file" / "out"
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = report(folder, trace, *more, code=2)
    told = [line for line in done.stderr.splitlines() if line.startswith("unmagic: ")]
    assert len(told) == 1 and "Traceback" not in done.stderr
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_hostile_data_is_no_markup_in_markdown(tmp_path: Path):
    trace = record(tmp_path, Talk("tcp", (HOSTILE,), header=f"X-Odd: {HOSTILE}"))
    report(tmp_path / "out", trace)
    for path in (tmp_path / "out").glob("*.md"):
        for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(path.read_text(encoding="utf-8")):
            for one in [token, *(token.children or [])]:
                if one.type in ("html_inline", "html_block"):
                    assert one.content.strip() in ("<br>",) or one.content.startswith("<!-- Generated"), one.content
                assert not str(one.attrs.get("href", "")).startswith("javascript"), path


class Tags(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def test_in_a_notebook_the_page_then_a_table_of_each_message(scenario_folder: Path):
    shown = show(scenario_folder / "receive.trace", 1)
    bundle = shown._repr_mimebundle_()
    frame, _, table = bundle["text/html"].partition("</iframe>")
    assert "WSConnection.receive_data" in table and "https://github.com/" in table and "<script" not in table
    assert 'sandbox="allow-scripts allow-popups"' in frame and "srcdoc=" in frame
    assert "handoff from Base._handle_events" in bundle["text/plain"]
    tags = Tags()
    tags.feed(bundle["text/html"])
    assert tags.seen == {"details", "summary", "table", "tr", "th", "td", "code", "a", "iframe"}


def test_in_a_notebook_all_messages_or_some(scenario_folder: Path):
    every = show(scenario_folder / "receive.trace")
    (recording,) = every.view.recordings
    assert len(recording.messages) > 2 and not recording.left_out
    assert every.html().partition("</iframe>")[2].count("<details>") == len(recording.messages)
    (some,) = show(scenario_folder / "receive.trace", most=2).view.recordings
    assert (len(some.messages), some.left_out) == (2, len(recording.messages) - 2)


def test_a_notebook_is_told_what_is_wrong(scenario_folder: Path):
    with pytest.raises(ReportError, match="no number 0"):
        show(scenario_folder / "receive.trace", 0)
    with pytest.raises(ReportError, match="there is no number 99"):
        show(scenario_folder / "receive.trace", 99)
    with pytest.raises(TraceError, match="is not a trace"):
        show(Path(__file__), 1)


def test_places_in_the_json_form_exist(scenario_folder: Path):
    """docs/view-format.md: what stands for a reference is a place in its list, or -1."""
    with Trace.open(scenario_folder / "close.trace") as trace:
        view = make("close", [Source("close", "", trace)])
        data = to_json(view)
    assert page(view) == page(view)
    functions, files, lanes = len(data["functions"]), len(data["files"]), len(data["lanes"])
    assert all(0 <= f["lane"] < lanes and 0 <= f["file"] < files for f in data["functions"])
    for recording in data["recordings"]:
        for message in recording["messages"]:
            steps = [data["steps"][place] for place in message["steps"]]
            assert all(-1 <= step[6] < functions and -1 <= step[7] < functions for step in steps)
            assert all(0 <= step[2] < lanes and 0 <= step[3] < len(recording["threads"]) for step in steps)
            for field in (data["fields"][place] for place in message["fields"]):
                assert 0 <= field[0] < len(message["buffers"]) and -1 <= field[8] < len(steps)
                assert 0 <= field[1] < field[2]
