"""No text from a trace can become markup: not in a table's cell, not in code, not in a drawing.

Pages are rendered with markdown-it-py (CommonMark with tables and raw HTML on, as GitHub reads them); the drawing is
read by the rules of mermaid's lexer for sequence diagrams, version 11: a line ends at a line feed or `;`, `#` begins
an entity or a comment, `end` closes a block, `%%` comments, `wrap:` and `nowrap:` before a text are options.
"""

from __future__ import annotations

import html
import re
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from report import markdown
from report.markdown import cell, code, drawn, mermaid, prose
from report.model import Arrow, ByteRow, Bytes, Change, Hand, Leg, Page, Row, Section, Technology
from report.text import Scrub, told
from tracer.reading.links import Link, Status
from tracer.reading.trace import Trace, Value

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])

HOSTILE = {
    "script": "</script><img src=x onerror=alert(1)>",
    "comment": "<!-- --><b>bold</b>",
    "autolink": "<https://evil.example>",
    "pipe": "a | b || c \\| d",
    "backticks": "`a` ``b`` ```",
    "only backticks": "```",
    "backslash": "ends with \\",
    "newlines": "one\ntwo\r\nthree\rfour\n\nfive\n# six",
    "controls": "\x00\x01\x07\x08\x0b\x0c\x1b[31m\x7f\x85\u2028\u2029",
    "link": "[click](https://evil.example)",
    "image": "![seen](https://evil.example/x.png)",
    "reference": "[a]: https://evil.example 'x'",
    "emphasis": "**bold** _it_ ~~gone~~ __init__",
    "heading": "# heading",
    "list": "- item",
    "entity": "&lt;b&gt; &#60; &amp;",
    "end": "end",
    "mermaid": "x\n  end\n  p0->>p9: forged; p1-->>p0: %% { } #quot; as participant",
    "semicolon": "a; b #35; c",
    "long": "A" * 5000 + "<b>",
    "unicode": "\u202ereversed\u200b \U0001f600",
    "fence": "```\n</td></tr></table>",
}


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def hostile(request: pytest.FixtureRequest) -> str:
    text: str = request.param
    return text


def table(content: str) -> list[Token]:
    """The tokens of a table whose middle cell is `content`."""
    return READER.parse(f"| left | middle | right |\n| --- | --- | --- |\n| L | {content} | R |\n\nafter\n")


def cells(tokens: list[Token]) -> list[Token]:
    """What is in the cells of the body."""
    return [tokens[i + 1] for i, token in enumerate(tokens) if token.type == "td_open"]


def inner(token: Token) -> set[str]:
    return {child.type for child in token.children or []}


def shown(token: Token) -> str:
    """What a reader sees of an inline token; soft breaks and HTML would show as such."""
    return "".join(child.content for child in token.children or [])


def columns_hold(tokens: list[Token]) -> Token:
    """The middle cell; fails if the row has other cells, or if anything is outside of the table."""
    found = cells(tokens)
    assert [shown(found[0]), shown(found[-1])] == ["L", "R"]
    assert len(found) == 3
    outside = [t.type for t in tokens if t.level == 0]
    assert outside == ["table_open", "table_close", "paragraph_open", "paragraph_close"]
    return found[1]


# --- code --------------------------------------------------------------------------------------------------


def test_code_shows_hostile_text_as_text(hostile: str):
    middle = columns_hold(table(code(hostile)))
    assert inner(middle) <= {"code_inline"}


def visible(text: str) -> str:
    """What `code` says that it shows."""
    pattern = r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]"
    return re.sub(pattern, lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(blacklist_categories=["Cs"]), max_size=40) | st.text("`|\\ \n<a[](){}*_!&", max_size=20))
@example("`")
@example("a`")
@example("\\|")
@example(" a ")
@example("|")
def test_code_shows_every_text_as_it_is(text: str):
    middle = columns_hold(table(code(text)))
    if not text:
        assert shown(middle) == ""
        return
    assert inner(middle) == {"code_inline"}
    assert shown(middle).strip(" ") == visible(text).strip(" ")


def test_code_of_nothing_is_nothing():
    assert code("") == ""


# --- cell --------------------------------------------------------------------------------------------------


def test_cell_keeps_hostile_text_in_its_column(hostile: str):
    middle = columns_hold(table(cell(hostile)))
    assert not inner(middle) & {"html_inline", "html_block"}


def test_cell_makes_no_link_and_no_image_of_a_value(hostile: str):
    """A header's value and a message's text pass `cell` in the table of the bytes."""
    middle = columns_hold(table(cell(hostile)))
    assert not inner(middle) & {"link_open", "image"}


@settings(max_examples=200, deadline=None)
@given(
    st.text(st.characters(blacklist_categories=["Cs"]), max_size=40) | st.text("`|\\ \n<>a[](){}*_!&;#", max_size=20)
)
@example("a\x00b")
@example("[a](b)")
@example("![a](b)")
def test_cell_never_makes_markup(text: str):
    middle = columns_hold(table(cell(text)))
    assert not inner(middle) & {"html_inline", "link_open", "image", "hardbreak", "softbreak"}


def test_prose_keeps_plain_prose_and_the_backticks_of_our_notes():
    middle = columns_hold(table(prose("calls `accept` & waits, 2 < 3")))
    assert inner(middle) == {"text", "code_inline"}
    assert html.unescape(shown(middle)) == "calls accept & waits, 2 < 3"


# --- drawings ----------------------------------------------------------------------------------------------

#: What may stand in a text as it is; all else must be an entity, `#` + number + `;`.
PLAIN = re.compile(r"(?:[^\W]|[ .,:()\[\]\-+/'…·‹›]|#\d+;)*")


def entities_read(text: str) -> str:
    return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), text)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80) | st.text("end;#%{}<>\n:- wrap", max_size=40))
@example("end")
@example("a end b")
@example("x;y")
@example("#35;")
@example("%% no comment")
@example("a\u2028b")
def test_drawn_is_one_line_of_text(text: str):
    out = drawn(text)
    assert len(out.splitlines()) <= 1
    assert PLAIN.fullmatch(out), out
    assert not re.search(r"\bend\b", out)
    assert len(entities_read(out)) <= 60


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=50))
@example("End of END")
def test_drawn_keeps_what_is_said(text: str):
    assert entities_read(drawn(text)) == re.sub(r"\s+", " ", text)


@pytest.mark.parametrize("word", ["end", "(end)", "the end", "end."])
def test_drawn_has_no_word_that_closes_a_block(word: str):
    assert not re.search(r"\bend\b", drawn(word))


@pytest.mark.parametrize("text", ["wrap: all of it", "nowrap: all of it", "wrap:"])
def test_drawn_gives_mermaid_no_option(text: str):
    """Mermaid cuts `wrap:` and `nowrap:` off the front of a message and takes it as an option."""
    assert not re.match(r"\s*:?(?:no)?wrap:", drawn(text))
    assert entities_read(drawn(text)) == text


def test_drawn_cuts_at_its_limit():
    assert drawn("x" * 100, 10) == "x" * 9 + "…"
    assert drawn("<" * 100, 10) == "#60;" * 9 + "…"


def test_a_drawing_of_hostile_names_has_the_arrows_it_should(hostile: str):
    arrows = (
        Arrow("1", ("app", "A"), (hostile, "A"), hostile, False),
        Arrow("2", (hostile, "A"), ("wsproto", "B"), "end", True),
    )
    lines = mermaid(Section("h", "t", "", (), (), arrows, ())).split("\n")
    assert lines[:2] == ["sequenceDiagram", "  autonumber"]
    assert [bool(re.fullmatch(r"  participant p\d+ as \S.*", line)) for line in lines[2:5]] == [True] * 3
    assert [bool(re.fullmatch(r"  p\d+--?>>p\d+: \S.*", line)) for line in lines[5:]] == [True] * 2


# --- a whole page ------------------------------------------------------------------------------------------

#: What a page of ours may contain; whatever else a hostile text makes is markup.
BLOCKS = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline", "fence", "html_block",
    "bullet_list_open", "bullet_list_close", "list_item_open", "list_item_close",
    *(f"{part}_{end}" for part in ("table", "thead", "tbody", "tr", "th", "td") for end in ("open", "close")),
}  # fmt: skip
LINK = Link("https://github.com/a/b/blob/0123456789abcdef0123456789abcdef01234567/c.py#L1", Status.PROVEN, "", "")


def hostile_page(text: str) -> Page:
    """A page where everything that comes from a trace is `text`; what is ours (headings, prose, notes) is not."""
    row = Row("1", "call", True, 0, "A", text, text, LINK, text, LINK, "our note", text, 1, 0, 7)
    rows = (
        row,
        replace(row, number="2", kind="wire", name="recv"),
        replace(row, number="3", definition=None, site_link=None),
        *(replace(row, number="4", change=change) for change in changes(text)),
    )
    calls = ((text, LINK), (text, None))
    way = tuple(Leg("1–3", "A", text, calls, text, LINK, change) for change in changes(text))
    arrows = (Arrow("1", ("app", "A"), (text, "A"), text, False), Arrow("2", (text, "A"), ("app", "B"), text, True))
    field = ByteRow("0–2", text, text, text, "RFC 6455, 5.2", 0)
    hand = Hand("made by", text, LINK, "at", text, LINK, text, 2, True, "0–2")
    part = Bytes("2", "3 bytes received by `recv`", (field, replace(field, hand=hand), replace(field, by="our words")))
    threads = (("A", text), ("B", text))
    section = Section("Heading", "Text.", "", threads, rows, arrows, (part,), way)
    technology = Technology(text, text, "https://github.com/a/b", text)
    return Page("slug", "Title", "Summary.", "Purpose.", (technology,), (section,), ())


def changes(text: str) -> list[Change]:
    """One of each kind, of a value and a holder that are `text`, or a key in a dictionary that is."""
    kinds = ("read", "written", "begins", "same", "held", "handoff", "slice", "made")
    whole = [Change(kind, "unmasked", "6–10", text, text, True, True, True) for kind in kinds]
    return [*whole, Change("held", holder=f"environ[{text!r}]", value=text), Change("same", value=text)]


def outline(text: str) -> tuple[list[str], list[list[int]], set[str], set[str]]:
    """(blocks in order, cells a row, kinds of what is in the lines, where links go)."""
    tokens = READER.parse(text)
    rows: list[list[int]] = []
    for token in tokens:
        if token.type == "table_open":
            rows.append([])
        elif token.type == "tr_open":
            rows[-1].append(0)
        elif token.type in ("td_open", "th_open"):
            rows[-1][-1] += 1
    lines = [child for token in tokens if token.type == "inline" for child in token.children or []]
    kinds = {child.type for child in lines}
    links = {
        str(child.attrs.get("href", child.attrs.get("src"))) for child in lines if child.type in ("link_open", "image")
    }
    return [t.type for t in tokens], rows, kinds, links


def test_a_page_of_hostile_text_has_the_form_of_a_page_of_plain_text(hostile: str):
    plain_blocks, plain_rows, plain_kinds, plain_links = outline(markdown.page(hostile_page("plain"), "Python 3.11.7"))
    blocks, rows, kinds, links = outline(markdown.page(hostile_page(hostile), "Python 3.11.7"))
    assert set(plain_blocks) <= BLOCKS
    assert rows == plain_rows
    assert blocks == plain_blocks
    assert links == plain_links
    assert kinds <= plain_kinds | {"text", "code_inline", "softbreak"}


def test_only_the_first_line_of_a_page_is_raw_html(hostile: str):
    tokens = READER.parse(markdown.page(hostile_page(hostile), "Python 3.11.7"))
    raw = [t.content for t in tokens if t.type == "html_block"]
    assert len(raw) == 1 and raw[0].startswith("<!-- Generated by `make trace`")


def test_names_of_threads_are_no_markup(hostile: str):
    text = markdown._threads(Section("h", "t", "", (("main", "MainThread"), ("A", hostile)), (), (), ()))
    (paragraph, *rest) = [t for t in READER.parse(text) if t.level == 0 and t.nesting == 1]
    assert paragraph.type == "paragraph_open" and rest == []
    kinds = {c.type for t in READER.parse(text) if t.type == "inline" for c in t.children or []}
    assert kinds <= {"text", "strong_open", "strong_close", "code_inline"}


# --- values told -------------------------------------------------------------------------------------------


def scrub() -> Scrub:
    """A scrub of a trace whose connection has the ports 54321 and 54322."""
    ends = SimpleNamespace(local="127.0.0.1:54321", peer="127.0.0.1:54322")
    return Scrub(cast(Trace, SimpleNamespace(connections={1: ends})))


def value(data: str | bytes, kind: str = "whole") -> Value:
    return Value(1, 1, type(data).__name__, kind, len(data), data, False)


RUNS = {
    "date": ("Mon, 24 Nov 2025 10:11:12 GMT", "Tue, 25 Nov 2025 21:32:43 GMT"),
    "log": ("24/Nov/2025 10:11:12", "25/Nov/2025 21:32:43"),
    "port": ("127.0.0.1:54321", "127.0.0.1:54322"),
    "python": ("Python/3.11.7", "Python/3.13.9"),
}


@pytest.mark.parametrize("kind", [str, bytes])
@pytest.mark.parametrize("runs", list(RUNS.values()), ids=list(RUNS))
def test_what_changes_from_run_to_run_is_never_told(runs: tuple[str, str], kind: type):
    """Two runs, an hour apart and on other ports, tell the same, wherever it stands and where a value is cut."""
    steady = scrub()
    differ = {}
    for before in range(80):
        texts = ["x" * (before - 1) + " " * (before > 0) + run for run in runs]
        first, second = (told(value(text if kind is str else text.encode()), steady) for text in texts)
        if first != second:
            differ[before] = (first, second)
    assert differ == {}


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=100) | st.binary(max_size=100))
def test_any_value_is_told_in_one_line(data: str | bytes):
    text = told(value(data), scrub())
    assert text and len(text.splitlines()) == 1 and len(text) < 400
