"""A course's report in its formats: each says and links the same, and hostile text stays text in each."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path

import docx
import pypdf
import pytest
from docx.oxml.ns import qn
from helpers_course import PLAYED, SCENARIOS, Traces
from helpers_course import traces as traces
from helpers_marks import more
from helpers_recording import ROOT
from markdown_it import MarkdownIt

from report.course.document import Contents, Document, Heading, Inner, lines, links
from report.course.formats import FORMATS
from report.course.layout import layout
from report.course.licences import licence
from report.course.make import make
from report.course.model import Report
from report.course.pdf import WIDE
from report.course.purposes import purposes
from report.course.safe import clean
from report.notes import ReportError
from report.view.purpose import ASKED, TODO
from tracer.reading.trace import Trace

# --- read back ------------------------------------------------------------------------------------------------------


def of_markdown(data: bytes) -> list[str]:
    found = []
    for token in MarkdownIt("commonmark").enable("table").parse(data.decode()):
        for child in token.children or ():
            if child.type == "link_open":
                found.append(str(child.attrs["href"]))
    return [url for url in found if not url.startswith("#")]


def of_docx(data: bytes) -> list[str]:
    opened = docx.Document(io.BytesIO(data))
    related = opened.part.rels
    found = [link.get(qn("r:id")) for link in opened.element.body.iter(qn("w:hyperlink"))]
    return [related[number].target_ref for number in found if number is not None]


def of_pdf(data: bytes) -> list[str]:
    found = []
    for page in pypdf.PdfReader(io.BytesIO(data)).pages:
        for annotation in page.get("/Annots", ()):
            action = annotation.get_object().get("/A", {})
            if "/URI" in action:
                found.append(str(action["/URI"]))
    return found


def words_of_docx(data: bytes) -> str:
    opened = docx.Document(io.BytesIO(data))
    return "\n".join("".join(t.text or "" for t in p.iter(qn("w:t"))) for p in opened.element.body.iter(qn("w:p")))


def words_of_pdf(data: bytes) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def words_of_markdown(data: bytes) -> str:
    tokens = MarkdownIt("commonmark").enable("table").parse(data.decode())
    return "\n".join(
        "".join(c.content if c.type != "html_inline" else "" for c in token.children)
        for token in tokens
        if token.children
    )


REST = more(*(name for name in (*SCENARIOS, *PLAYED) if name != "receive"))
READ = {"md": of_markdown, "docx": of_docx, "pdf": of_pdf}
WORDS = {"md": words_of_markdown, "docx": words_of_docx, "pdf": words_of_pdf}


@pytest.mark.parametrize("name", ["receive", *REST])
def test_every_format_has_the_same_links_in_the_same_order(traces: Traces, name: str):
    document = layout(traces.report(name))
    wanted = [url for _, url in links(document)]
    assert len(wanted) > 20
    for ending, write in FORMATS.items():
        assert READ[ending](write(document)) == wanted, ending


@pytest.mark.parametrize("ending", FORMATS)
def test_the_same_trace_gives_the_same_bytes(traces: Traces, ending: str):
    once, again = (FORMATS[ending](layout(make(traces.trace("receive")))) for _ in range(2))
    assert once == again


@pytest.mark.parametrize("ending", FORMATS)
def test_the_text_copies_out_as_it_was_meant(traces: Traces, ending: str):
    document = layout(traces.report("receive"))
    said = re.sub(r"\s+", "", WORDS[ending](FORMATS[ending](document)))
    for line in lines(document):
        for one in line:
            wanted = one.text.replace("\u00a0", " ")
            if len(wanted) <= WIDE:
                assert re.sub(r"\s+", "", wanted) in said, one
    assert said.count(re.sub(r"\s+", "", ASKED)) == len(traces.report("receive").sections)


def test_headings_can_be_led_to_in_every_format(traces: Traces):
    document = layout(traces.report("receive"))
    headings = [b for b in document.blocks if isinstance(b, Heading)]
    anchors = [heading.anchor for heading in headings if heading.anchor]
    inner = {one.anchor for line in lines(document) for one in line if isinstance(one, Inner)}
    assert len(anchors) == len(set(anchors)) and inner <= set(anchors)
    text = FORMATS["md"](document).decode()
    assert all(f'<a id="{anchor}"></a>' in text and f"(#{anchor})" in text for anchor in anchors)
    opened = docx.Document(io.BytesIO(FORMATS["docx"](document)))
    marked = [mark.get(qn("w:name")) for mark in opened.element.body.iter(qn("w:bookmarkStart"))]
    led = {link.get(qn("w:anchor")) for link in opened.element.body.iter(qn("w:hyperlink"))} - {None}
    assert set(marked) == led and len(marked) == len(set(marked)) == len(anchors)
    assert all(name is not None and re.fullmatch(r"[A-Za-z]\w{0,39}", name) for name in marked)
    styles = [p.style.name for p in opened.paragraphs if p.style is not None and p.style.name.startswith("Heading")]
    assert styles == [f"Heading {heading.level}" for heading in headings]
    read = pypdf.PdfReader(io.BytesIO(FORMATS["pdf"](document)))
    assert [str(one.title) for one in read.outline] == [h.text for h in headings if h.anchor]  # type: ignore[union-attr]
    inside = [a.get_object() for page in read.pages for a in page.get("/Annots", ()) if "/Dest" in a.get_object()]
    contents = [b for b in document.blocks if isinstance(b, Contents)]
    to = sum(isinstance(one, Inner) for line in lines(document) for one in line) + len(contents[0].entries)
    assert len(inside) == to  # a link to a heading that is not there would have none
    assert read.trailer["/Root"]["/PageMode"] == "/UseOutlines"


def test_it_is_short_enough_to_be_read(traces: Traces):
    for name, most in (("receive", 12), ("plain_flask", 16), ("flask_socketio_threads", 20), ("websockets_sync", 9)):
        pages = len(pypdf.PdfReader(io.BytesIO(FORMATS["pdf"](layout(traces.report(name))))).pages)
        assert pages <= most, name


# --- texts ----------------------------------------------------------------------------------------------------------


NASTY = "a](javascript:alert(1)) <b>`x`</b> |*_ \x00\x1b[31m\u202e\u2066\u200b\ud800\ufeff 漢字 " + "z" * 10_000


def damaged(report: Report) -> Report:
    """The report with hostile text wherever a trace's text stands."""
    text = clean(NASTY)
    sections = []
    for one in report.sections:
        chains = tuple(
            replace(
                chain,
                title=text,
                hops=tuple(replace(row, name=text, lane=text, site=text, value=text) for row in chain.hops),
                threads=tuple((label, text) for label, _ in chain.threads),
            )
            for chain in one.chains
        )
        sections.append(replace(one, title=text, text=text, chains=chains))
    libraries = tuple(replace(library, version=text, links=text) for library in report.libraries)
    return replace(report, program=text, sections=tuple(sections), libraries=libraries, remarks=(text,))


@pytest.mark.parametrize("ending", FORMATS)
def test_hostile_text_stays_text(traces: Traces, ending: str):
    document = layout(damaged(traces.report("receive")))
    made = FORMATS[ending](document)
    assert READ[ending](made) == [url for _, url in links(document)]
    said = WORDS[ending](made)
    assert not [c for c in said if unicodedata.category(c) in ("Cf", "Cs") or (c < " " and c not in "\n\t")]
    assert "\\u202e" in said and "\\x1b[31m" in re.sub(r"\s+", "", said)
    assert "javascript" not in " ".join(READ[ending](made))
    if ending == "pdf":
        width = float(pypdf.PdfReader(io.BytesIO(made)).pages[0].mediabox.width)
        for page in pypdf.PdfReader(io.BytesIO(made)).pages:
            for annotation in page.get("/Annots", ()):
                assert float(annotation.get_object()["/Rect"][2]) <= width  # type: ignore[index]


def test_clean_text_is_one_line_of_bounded_length_without_what_hides():
    assert clean("plain café →") == "plain café →"
    assert clean("a\tb\nc") == "a b c"
    assert clean("\u202eabc\x00\ud800") == "\\u202eabc\\x00\\ud800"
    assert len(clean("x" * 10_000)) == 160 and clean("x" * 10_000).count("…") == 1


PROGRAM = "import email.parser\n\n\ndef größe():\n    email.parser.Parser().parsestr('A: b\\n\\n')\n\n\ngröße()\n"


def ran(source: Path, trace: Path) -> Document:
    """The report on a small program, run as its author would."""
    run = [sys.executable, "-m", "unmagic", "run", "-o", str(trace), str(source)]
    subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with Trace.open(trace) as opened:
        return layout(make(opened))


def test_a_program_with_hostile_names(tmp_path: Path):
    source = tmp_path / "a`b|c](x) <i>\u202e'.py"
    source.write_text(PROGRAM, encoding="utf-8")
    document = ran(source, tmp_path / "x.trace")
    assert "\u202e" not in document.title and "\\u202e" in document.title
    for ending, write in FORMATS.items():
        assert READ[ending](write(document)) == [url for _, url in links(document)]
        assert "Parser.parsestr" in WORDS[ending](write(document))


def test_what_is_nested_too_deeply_to_be_told_is_said(tmp_path: Path):
    source, trace = tmp_path / "deep.py", tmp_path / "deep.trace"
    source.write_text(
        "import copy, sys\nsys.setrecursionlimit(20000)\nx = []\nfor _ in range(3000):\n    x = [x]\ncopy.deepcopy(x)\n"
    )
    run = [
        sys.executable,
        "-m",
        "unmagic",
        "run",
        "--scope",
        "program",
        "--scope",
        "copy",
        "-o",
        str(trace),
        str(source),
    ]
    subprocess.run(run, cwd=ROOT, check=True, capture_output=True, timeout=120)
    with Trace.open(trace) as opened:
        (one,) = make(opened).sections
    assert one.title == "deepcopy" and "too deeply" in one.chains[0].text
    assert [row.name for row in one.chains[0].hops] == ["deepcopy"]


def test_own_lines_are_linked_at_their_commit_and_only_unchanged(tmp_path: Path):
    def git(*words: str) -> str:
        who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
        done = subprocess.run(["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    source = tmp_path / "app.py"
    source.write_text(PROGRAM, encoding="utf-8")
    git("init", "-q")
    git("remote", "add", "origin", "git@github.com:somebody/chat.git")
    git("add", "app.py")
    git("commit", "-q", "-m", "first")
    document = ran(source, tmp_path / "a.trace")
    linked_own = [url for text, url in links(document) if text == "app.py:5"]
    assert linked_own and set(linked_own) == {
        f"https://github.com/somebody/chat/blob/{git('rev-parse', 'HEAD')}/app.py#L5"
    }
    assert "once its commit is pushed" in FORMATS["md"](document).decode()
    source.write_text("# changed\n" + PROGRAM, encoding="utf-8")
    changed = ran(source, tmp_path / "b.trace")
    assert not [url for _, url in links(changed) if "somebody" in url]
    text = FORMATS["md"](changed).decode()
    assert "`app.py:6`" in text and "differs from its commit" in text


# --- purposes and licences ------------------------------------------------------------------------------------------


def test_a_written_purpose_is_kept_in_every_format(traces: Traces):
    document = layout(traces.report("http_headers"))
    text = FORMATS["md"](document).decode()
    assert purposes(text) == {}
    said = "I *use* it for [this](x), 5 < 6 & `a_b`; see www.example.org. "
    written = text.replace(f"**{ASKED}**", said + "\n  And more.", 1)
    kept = purposes(written)
    assert kept == {"tcp": f"{said.strip()} And more."}
    again = layout(traces.report("http_headers"), kept)
    assert purposes(FORMATS["md"](again).decode()) == kept
    assert [url for _, url in links(again)] == of_markdown(FORMATS["md"](again))
    for ending, write in FORMATS.items():
        assert re.sub(r"\s", "", kept["tcp"]) in re.sub(r"\s", "", WORDS[ending](write(again)))
        assert TODO in WORDS[ending](write(again))  # the others still wait


def test_licences_by_the_names_of_the_metadata():
    assert licence("MIT License") == licence("MIT") and licence("MIT").url.endswith("MIT.html")
    assert licence("BSD License").url == "" and licence("BSD License").name == "BSD License"
    assert licence("") == licence("\n") and "metadata" in licence("").name
    whole = licence("Copyright (c) 2020 Somebody, who hereby grants to everybody whatever is written below\nmore")
    assert len(whole.name) <= 61 and whole.url == ""


def test_a_trace_without_libraries_is_told_in_one_sentence(tmp_path: Path):
    from helpers_recording import from_source, recorded

    module = from_source("def f():\n    return 1\n", tmp_path)
    done = recorded(tmp_path / "x.trace", module.f, program=str(tmp_path))
    with done.trace() as trace, pytest.raises(ReportError, match="called no library"):
        make(trace)


def test_the_archive_of_a_docx_has_no_date(traces: Traces):
    made = FORMATS["docx"](layout(traces.report("sock")))
    assert {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(made)).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_document_needs_no_more_than_its_blocks():
    assert links(Document("x", (Heading(1, "x"),))) == []
