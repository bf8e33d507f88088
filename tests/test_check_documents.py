"""Reports in every format, read as their readers see them; and files that want to do harm."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from helpers_checker import FLASK_SOCK, WS, check_text, docx_of, pdf_bytes, pdf_of

from grader.documents import limits
from grader.documents.document import DocumentError
from grader.documents.read import form, read

LINK = f"{WS}#L95"


def links(path: Path) -> list[tuple[str, str, str]]:
    """(target, what it is called, what is said about it) of each link of a report."""
    return [(one.target.url, one.label, one.text) for one in read(path).mentions]


def test_markdown(tmp_path: Path):
    path = tmp_path / "r.md"
    path.write_text(
        f"# receive()\n\nThe view calls [`Base.receive`]({LINK}), which waits.\n\n"
        f"| step | where |\n| --- | --- |\n| [`Server`]({WS}#L209) | called at [`__init__.py:56`]({FLASK_SOCK}#L56) |\n"
    )
    document = read(path)
    assert [(one.target.url, one.label) for one in document.mentions] == [
        (LINK, "Base.receive"), (f"{WS}#L209", "Server"), (f"{FLASK_SOCK}#L56", "__init__.py:56"),
    ]  # fmt: skip
    assert document.mentions[0].headings == ("receive()",)
    assert "called at" in document.mentions[2].text


def test_markdown_makes_nothing_bold_inside_a_url(tmp_path: Path):
    path = tmp_path / "r.md"
    path.write_text(
        f"It is in __init__.py: {FLASK_SOCK}#L56 and **here**: {FLASK_SOCK}#L6, [`__init__`]({FLASK_SOCK}#L12)\n"
    )
    assert [url for url, _, _ in links(path)] == [f"{FLASK_SOCK}#L56", f"{FLASK_SOCK}#L6", f"{FLASK_SOCK}#L12"]


def test_markdown_with_a_url_whose_scheme_was_left_out(tmp_path: Path):
    path = tmp_path / "r.md"
    bare = f"{FLASK_SOCK}#L56".removeprefix("https://")
    path.write_text(f"It is in {bare} and [here]({bare}), not at github.com/pallets.\n")
    assert [url for url, _, _ in links(path)] == [f"{FLASK_SOCK}#L56"] * 2


def test_markdown_with_links_in_html(tmp_path: Path):
    """As those write them who want a new tab, or a table that Markdown has not."""
    path = tmp_path / "r.md"
    path.write_text(
        f'It is <a target="_blank" href="{LINK}"><b>Base.receive</b></a>, or <A HREF=\'{WS}#L80\'>send</A>.\n\n'
        f"<table>\n<tr><td>accept<td><a href='{FLASK_SOCK}#L56'>here</a>\n</table>\n\n"
        f"<!-- as in {WS}#L1 -->\n\nAnd <a href={FLASK_SOCK}#L6>open\n"
    )
    assert links(path) == [
        (LINK, "Base.receive", "It is Base.receive"), (f"{WS}#L80", "send", ", or send"),
        (f"{FLASK_SOCK}#L56", "here", "accept here"), (f"{FLASK_SOCK}#L6", "open", "And open"),
    ]  # fmt: skip


def test_html_with_an_address_that_begins_with_its_host(tmp_path: Path):
    path = tmp_path / "r.html"
    path.write_text(f"<a href='{LINK.removeprefix('https:')}'>receive</a>")
    assert [url for url, _, _ in links(path)] == [LINK]


def test_a_notebook_s_cells_without_their_outputs(tmp_path: Path):
    cells = [
        {"cell_type": "markdown", "source": ["# receive\n", f"[Base.receive]({LINK}) waits, see [also]({WS}#L80)"]},
        {"cell_type": "code", "source": f"# the frame is parsed in {FLASK_SOCK}#L56\n", "execution_count": 1,
         "outputs": [{"output_type": "stream", "name": "stdout", "text": [f"{WS}#L209"]}]},
        {"cell_type": "raw", "source": f"and {FLASK_SOCK}#L6"},
    ]  # fmt: skip
    path = tmp_path / "r.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    document = read(path)
    assert [(one.target.url, one.label, one.place) for one in document.mentions] == [
        (LINK, "Base.receive", "cell 1"), (f"{WS}#L80", "also", "cell 1"), (f"{FLASK_SOCK}#L56", "", "cell 2"),
        (f"{FLASK_SOCK}#L6", "", "cell 3"),
    ]  # fmt: skip
    assert document.format == "notebook"
    assert document.mentions[0].headings == ("receive",)


def test_html_without_what_is_not_seen(tmp_path: Path):
    path = tmp_path / "r.html"
    path.write_text(
        f"<!doctype html><title>x</title><script>var u='{WS}#L1'</script><h2>send()</h2>"
        f"<p>It is <a href='{LINK}'>Base.receive</a> that waits.<p>{WS}#L80"
    )
    document = read(path)
    assert [(one.target.url, one.label) for one in document.mentions] == [(LINK, "Base.receive"), (f"{WS}#L80", "")]
    assert document.mentions[0].headings == ("send()",)


def test_docx_with_links_by_relation(tmp_path: Path):
    path = docx_of(
        tmp_path / "r.docx",
        [("# receive()", "", ""), ("It waits in ", "Base.receive", LINK), (f"and here: {WS}#L111", "", "")],
    )
    document = read(path)
    assert [(one.target.url, one.label) for one in document.mentions] == [(LINK, "Base.receive"), (f"{WS}#L111", "")]
    assert document.mentions[0].headings[-1] == "receive()"


def changed(path: Path, old: str, new: str, more: dict[str, str] | None = None) -> Path:
    """A DOCX with its document, and its relations, changed."""
    target = path.with_stem("changed")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(target, "w") as made:
        for info in source.infolist():
            data = source.read(info).decode() if info.filename.endswith((".xml", ".rels")) else ""
            if info.filename == "word/document.xml":
                assert old in data
                data = data.replace(old, new)
            for name, text in (more or {}).items():
                if info.filename == name:
                    data = data.replace("</", text + "</", 1) if name.endswith(".rels") else data
            made.writestr(info, data.encode() if data else source.read(info))
        for name, text in (more or {}).items():
            if name not in source.namelist():
                made.writestr(name, text)
    return target


def test_docx_with_changes_that_are_tracked(tmp_path: Path):
    """What was inserted is read, what was deleted is not, as it would be printed."""
    path = docx_of(tmp_path / "r.docx", [("AAA", "here", LINK)])
    inserted = "<w:ins w:id='1' w:author='x'><w:r><w:t>It waits in receive: </w:t></w:r></w:ins>"
    deleted = f"<w:del w:id='2' w:author='x'><w:r><w:delText>{WS}#L1</w:delText></w:r></w:del>"
    made = changed(path, "<w:r><w:t>AAA</w:t></w:r>", inserted + deleted)
    assert [(url, text) for url, _, text in links(made)] == [(LINK, "It waits in receive: here")]


def test_docx_with_a_field_that_keeps_the_lines_apart(tmp_path: Path):
    path = docx_of(tmp_path / "r.docx", [("It waits here: AAA", "", "")])
    url, _, lines = LINK.partition("#")
    field = f'</w:t></w:r><w:r><w:instrText> HYPERLINK "{url}" \\l "{lines}" </w:instrText></w:r><w:r><w:t>'
    assert [url for url, _, _ in links(changed(path, "AAA", field))] == [LINK]


def test_docx_with_a_text_box(tmp_path: Path):
    """Word keeps a copy of it for programs that know no such boxes."""
    path = docx_of(tmp_path / "r.docx", [("It waits here: AAA", "", "")])
    inside = f"<w:txbxContent><w:p><w:r><w:t>Base.receive {LINK}</w:t></w:r></w:p></w:txbxContent>"
    box = (
        '</w:t></w:r><w:r><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        f"<mc:Choice>{inside}</mc:Choice><mc:Fallback>{inside}</mc:Fallback></mc:AlternateContent></w:r><w:r><w:t>"
    )
    assert links(changed(path, "AAA", box)) == [(LINK, "", "Base.receive")]


def test_docx_with_footnotes(tmp_path: Path):
    """A note's link is read where its number stands."""
    path = docx_of(tmp_path / "r.docx", [("It waits in AAA, and goes on.", "", "")])
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    notes = (
        f"<w:footnotes xmlns:w='{word}'><w:footnote w:id='2'><w:p><w:r><w:t>{LINK}</w:t></w:r></w:p></w:footnote>"
        "</w:footnotes>"
    )
    relation = f'<Relationship Id="rId99" Type="{kinds}/footnotes" Target="footnotes.xml"/>'
    reference = "receive</w:t></w:r><w:r><w:footnoteReference w:id='2'/></w:r><w:r><w:t>"
    made = changed(path, "AAA", reference, {"word/footnotes.xml": notes, "word/_rels/document.xml.rels": relation})
    assert [(url, text) for url, _, text in links(made)] == [(LINK, "It waits in receive (")]


def test_pdf_counts_annotations_first(tmp_path: Path):
    path = pdf_of(tmp_path / "r.pdf", ["A report about receive", "It waits in Base.receive"], [(1, LINK)])
    assert [(url, text) for url, _, text in links(path)] == [(LINK, links(path)[0][2])]
    assert "Base.receive" in links(path)[0][2]


def test_pdf_with_a_visible_link_that_leads_elsewhere(tmp_path: Path):
    path = pdf_of(tmp_path / "r.pdf", ["A report about receive and more", f"see {WS}#L80"], [(1, LINK)])
    document = read(path)
    assert LINK in [one.target.url for one in document.mentions]
    assert document.warnings == (f"page 1: the link that is seen ({WS}#L80) leads elsewhere: {LINK}",)


def test_pdf_with_a_link_over_two_lines_is_one(tmp_path: Path):
    lines = ["A report about receive and more", LINK[:90], LINK[90:] + " is the place"]
    path = pdf_of(tmp_path / "r.pdf", lines, [(1, LINK), (2, LINK)])
    assert [url for url, _, _ in links(path)] == [LINK]
    assert read(path).warnings == ()


def test_pdf_where_the_seen_link_is_cut_and_the_one_behind_it_is_whole(tmp_path: Path):
    """A line's end in the middle of the number: the seen link would be another line."""
    lines = ["A report about receive and more", LINK[:-1], f"{LINK[-1]} is the place"]
    path = pdf_of(tmp_path / "r.pdf", lines, [(1, LINK), (2, LINK)])
    assert [url for url, _, _ in links(path)] == [LINK]
    assert read(path).warnings == ()


def test_pdf_with_a_link_over_two_lines_of_a_table_s_cell(tmp_path: Path):
    """The second line of the cell comes as if it stood on the first, to the right."""
    cut = LINK.index("simple-") + len("simple-")
    pieces = [(50, 780, "It waits in receive"), (199, 780, LINK[:cut]), (199, 775, " " + LINK[cut:])]
    stream = " ".join(f"q 1 0 0 1 {x} {y} cm BT /F1 12 Tf ({said}) Tj ET Q" for x, y, said in pieces)
    path = tmp_path / "r.pdf"
    path.write_bytes(
        pdf_bytes([
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 842] /Contents 4 0 R "
            b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream.encode()),
        ])
    )  # fmt: skip
    assert [url for url, _, _ in links(path)] == [LINK]


def test_a_damaged_annotation_costs_that_link_and_no_other(tmp_path: Path):
    path = pdf_of(tmp_path / "r.pdf", ["A report about receive", "It waits in Base.receive"], [(1, LINK)])
    path.write_bytes(
        path.read_bytes().replace(b"/Annots [", b"/Annots [99 0 R << /Subtype /Link /Rect (x) /A 99 0 R >> ")
    )
    assert [url for url, _, _ in links(path)] == [LINK]


def test_pdf_without_text_is_told_so_and_has_no_score(tmp_path: Path):
    path = pdf_of(tmp_path / "scan.pdf", [], [])
    with pytest.raises(DocumentError, match="no text layer"):
        read(path)


def test_plain_text_in_windows_own_codec(tmp_path: Path):
    path = tmp_path / "r.txt"
    path.write_bytes(f"Caf\xe9 – see {LINK}".encode("cp1252"))
    assert [url for url, _, _ in links(path)] == [LINK]


def test_what_is_said_after_a_link_is_its_text_where_nothing_is_said_before(tmp_path: Path):
    path = tmp_path / "r.txt"
    path.write_text(f"- {LINK} is the function receive, which waits.\n- {WS}#L80 is the function send.\n")
    assert [text for _, _, text in links(path)] == [
        "is the function receive, which waits.", "is the function send.",
    ]  # fmt: skip


def test_what_stands_before_an_item_s_number_is_said_of_the_item_before(tmp_path: Path):
    """As a PDF's text comes: the numbers of the items stand on lines of their own."""
    path = tmp_path / "r.txt"
    path.write_text(f"The functions are\n1.\n{LINK}\nThis is receive, which waits.\n2.\n{WS}#L80\nThis\n")
    assert [text for _, _, text in links(path)] == ["This is receive, which waits. 2.", "This"]


def test_a_flat_list_has_the_paragraph_before_it(tmp_path: Path):
    path = tmp_path / "r.txt"
    path.write_text(f"The Server class is made by the route function.\n\n{WS}#L209\n")
    assert "Server class" in links(path)[0][2]


# --- what wants to do harm ------------------------------------------------------------------------------------------


def bomb(path: Path, size: int) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", b"\0" * size)
    return path


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path):
    with pytest.raises(DocumentError, match="unpacks to"):
        read(bomb(tmp_path / "bomb.docx", limits.UNPACKED + 1))
    with pytest.raises(DocumentError, match="unpacks to"):
        read(bomb(tmp_path / "small.docx", 8 * limits.MEGABYTE))  # by its ratio


def test_a_pdf_of_ten_thousand_pages(tmp_path: Path):
    path = tmp_path / "long.pdf"
    path.write_bytes(
        pdf_bytes([
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 10000 /Kids [%s] >>" % b" ".join([b"3 0 R"] * 10_000),
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>",
        ])
    )  # fmt: skip
    with pytest.raises(DocumentError, match="10,000 pages are too many"):
        read(path)


def test_a_pdf_whose_pages_go_round_in_a_circle(tmp_path: Path):
    path = tmp_path / "loop.pdf"
    path.write_bytes(
        pdf_bytes([
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Pages /Count 1 /Kids [2 0 R] /Parent 2 0 R >>",
        ])
    )  # fmt: skip
    with pytest.raises(DocumentError):
        read(path)


def test_a_pdf_that_unpacks_to_more_memory_than_a_report_may_have(tmp_path: Path):
    import zlib

    stream = zlib.compress(b"BT (x) Tj ET\n" * (12 * limits.MEGABYTE), 1)
    path = tmp_path / "bomb.pdf"
    path.write_bytes(
        pdf_bytes([
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>",
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>",
            b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(stream), stream),
        ])
    )  # fmt: skip
    with pytest.raises(DocumentError):
        read(path)


def test_a_file_of_a_gigabyte_is_not_opened(tmp_path: Path):
    path = tmp_path / "big.txt"
    with path.open("wb") as file:
        file.truncate(1 << 30)  # sparse: no disk is filled
    with pytest.raises(DocumentError, match="1024 MB are too much"):
        read(path)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("empty.txt", b"", "is empty"),
        ("old.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old Word file"),
        ("rich.md", b"{\\rtf1 https://github.com/", "Rich Text Format"),
        ("blank.md", b" \n\t\n", "no text in it"),
        ("none.ipynb", b"{}", "the notebook is damaged"),
        ("list.ipynb", b"[[]]", "the notebook is damaged"),
        ("not.pdf", b"hello", "is none"),
        ("not.docx", b"hello", "is none"),
        ("cut.pdf", b"%PDF-1.4\n1 0 obj\n<<", "PDF"),
        ("cut.docx", b"PK\x03\x04" + bytes(30), "damaged"),
        ("picture.txt", b"\x89PNG\r\n\x1a\n" + bytes(100), "no text"),
    ],
)
def test_what_is_no_report_is_told_in_one_sentence(tmp_path: Path, name: str, data: bytes, said: str):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(DocumentError, match=said) as told:
        read(path)
    assert path.name in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}, "an office file, and no DOCX"),
        ({"[Content_Types].xml": "<x/>", "xl/workbook.xml": "<x/>"}, "an office file, and no DOCX"),
        ({"report.md": "# receive"}, "this is an archive, and no report; unpack it"),
    ],
)
def test_what_is_packed_and_no_docx_is_told_for_what_it_is(tmp_path: Path, members: dict[str, str], said: str):
    path = tmp_path / "report.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(DocumentError, match=said):
        read(path)


def test_there_is_no_such_file(tmp_path: Path):
    with pytest.raises(DocumentError, match="no such file"):
        read(tmp_path / "nothing.txt")
    with pytest.raises(DocumentError, match="no such file"):
        read(tmp_path)


def test_the_format_is_told_by_what_a_file_begins_with(tmp_path: Path):
    path = pdf_of(tmp_path / "named.txt", ["text"], [])
    assert form(path) == "pdf"


def test_html_nested_without_end(tmp_path: Path):
    path = tmp_path / "deep.html"
    path.write_text("<html>" + "<div>" * 100_000 + LINK)
    try:
        read(path)
    except DocumentError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("text", [
    "a" * 200_000 + " calls b ", "without " + "if a " * 200_000, "X inherits " + "a b " * 200_000,
    "removes " * 100_000 + "from the ", "(" * 200_000, "https://x.y/" + ")" * 500_000 + " ", "-" * 500_000 + "\n",
    "https://" + "a\n" * 200_000, "https://a.b/" + "c-\n" * 200_000, "github.com/" * 100_000,
    "https://github.com/a/b/blob/" + "a " * 100_000, "https://github.com/a/b/blob/main/" + "a.p/" * 50_000 + " ",
])  # fmt: skip
def test_text_that_wants_to_keep_a_pattern_busy(tmp_path: Path, text: str):
    """Whatever is said, what is looked at has a length; the whole is done in well under the time of one reader."""
    result = check_text(tmp_path, f"{text}{LINK} {text}", "r.txt")
    assert LINK in [one.mention.target.url for one in result.judged] or "blob/" in text


def test_too_many_links(tmp_path: Path):
    path = tmp_path / "r.txt"
    path.write_text("".join(f"{WS}#L{number}\n" for number in range(limits.LINKS + 1)))
    with pytest.raises(DocumentError, match="links are too many"):
        read(path)


def test_a_docx_that_asks_for_something_elsewhere(tmp_path: Path):
    """Nothing is fetched: a template and notes on another machine are left where they are."""
    path = docx_of(tmp_path / "r.docx", [("It waits in ", "receive", LINK)])
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relations = "".join(
        f'<Relationship Id="rIdX{kind}" Type="{kinds}/{kind}" Target="http://127.0.0.1:9/" TargetMode="External"/>'
        for kind in ("attachedTemplate", "footnotes")
    )
    assert [url for url, _, _ in links(changed(path, "It", "It", {"word/_rels/document.xml.rels": relations}))] == [
        LINK
    ]


def test_marks_and_controls_in_the_text_are_no_links(tmp_path: Path):
    path = tmp_path / "r.txt"
    path.write_text("a \ue0000\ue000 b \x1b[31m unmagic⟦0⟧ c")
    assert links(path) == []


def test_an_entity_bomb_in_a_docx(tmp_path: Path):
    tens = {n: f"&e{n - 1};" * 10 for n in range(1, 12)}
    entities = "".join(f'<!ENTITY e{n} "{ten}">' for n, ten in tens.items())
    body = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{entities}]><w:document xmlns:w="w">&e11;</w:document>'
    source = docx_of(tmp_path / "good.docx", [("text", "", "")])
    with zipfile.ZipFile(source) as good, zipfile.ZipFile(tmp_path / "bad.docx", "w") as bad:
        for info in good.infolist():
            bad.writestr(info, body if info.filename == "word/document.xml" else good.read(info))
    with pytest.raises(DocumentError):
        read(tmp_path / "bad.docx")
