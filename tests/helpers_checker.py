"""What the checker's tests share: a checker that needs no network, and reports in every format."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import docx
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from grader import rubric
from grader.check import Checker
from grader.documents.read import read
from grader.result import Result
from grader.sources.nearest import Sources
from grader.tasks import Task, load
from grader.truth import Truth, known
from unmagic.truth import of_trace

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "grader" / "examples" / "flask_sock_2022.txt"
GITHUB = "https://github.com/miguelgrinberg"
FLASK_SOCK = f"{GITHUB}/flask-sock/blob/a390d5705537b0cb127280fe2a41b59e92990d66/src/flask_sock/__init__.py"
WS = f"{GITHUB}/simple-websocket/blob/9e024fdbb0c9eb6fe8072d8ef05aa6393f1fbc87/src/simple_websocket/ws.py"


@cache
def truths() -> tuple[Truth, ...]:
    """The truths that come with unmagic."""
    return tuple(known())


@cache
def truth_of(trace: Path) -> Truth:
    """The truth of one trace, made once for all tests of a process."""
    return of_trace(trace)


def task(name: str = "flask_sock") -> Task:
    """One of the tasks."""
    return load()[0][name]


def checker(mirrors: Path | None = None, day: str = "", rubric_file: Path = rubric.RUBRIC_FILE) -> Checker:
    """A checker that asks no network and has no cache: what is installed, clones if given, the table."""
    nowhere = Path("/nonexistent")
    sources = Sources.of(list(truths()), mirrors=mirrors, day=day, cache=nowhere)
    return Checker(truths(), sources, rubric.load(rubric_file), day)


def check_text(folder: Path, text: str, name: str = "report.md", **options: object) -> Result:
    """The result of a report with this text."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return checker(**options).check(read(path), task())  # type: ignore[arg-type]


def pdf_of(path: Path, lines: list[str], links: list[tuple[int, str]], pages: int = 1) -> Path:
    """A PDF made by hand: `lines` of text from the top, and link annotations over whole lines."""
    objects: list[bytes] = []

    def add(body: str | bytes) -> int:
        objects.append(body if isinstance(body, bytes) else body.encode("latin-1"))
        return len(objects)

    add("<< /Type /Catalog /Pages 2 0 R >>")
    add("")  # the pages, when their numbers are known
    font = add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    kids = []
    for _ in range(pages):
        said = "".join(f"1 0 0 1 50 {800 - 20 * n} Tm ({_escaped(line)}) Tj\n" for n, line in enumerate(lines))
        stream = f"BT /F1 12 Tf\n{said}ET".encode("latin-1")
        content = add(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
        notes = [
            add(f"<< /Type /Annot /Subtype /Link /Rect [45 {796 - 20 * n} 550 {812 - 20 * n}] "
                f"/A << /S /URI /URI ({_escaped(url)}) >> >>")
            for n, url in links
        ]  # fmt: skip
        refer = " ".join(f"{number} 0 R" for number in notes)
        kids.append(
            add(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 842] /Contents {content} 0 R /Annots [{refer}] "
                f"/Resources << /Font << /F1 {font} 0 R >> >> >>")
        )  # fmt: skip
    objects[1] = f"<< /Type /Pages /Count {pages} /Kids [{' '.join(f'{kid} 0 R' for kid in kids)}] >>".encode()
    path.write_bytes(pdf_bytes(objects))
    return path


def pdf_bytes(objects: list[bytes]) -> bytes:
    """A PDF file of these objects; the first is the catalogue."""
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(data)
    return data + b"xref\n0 %d\n0000000000 65535 f \n%strailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (
        len(objects) + 1, table, len(objects) + 1, start,
    )  # fmt: skip


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")


def docx_of(path: Path, paragraphs: list[tuple[str, str, str]]) -> Path:
    """A DOCX: (text, words of a link after it, its target); a paragraph that begins with # is a heading."""
    made = docx.Document()
    for text, words, url in paragraphs:
        if text.startswith("#"):
            made.add_heading(text.lstrip("# "))
            continue
        paragraph = made.add_paragraph(text)
        if url:
            number = made.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
            link, run, said = OxmlElement("w:hyperlink"), OxmlElement("w:r"), OxmlElement("w:t")
            link.set(qn("r:id"), number)
            said.text = words
            run.append(said)
            link.append(run)
            paragraph._p.append(link)
    made.save(str(path))
    return path


def expected() -> list[dict[str, str]]:
    """The verdicts that the seed report must get, link by link."""
    path = Path(__file__).parent / "fixtures" / "seed_verdicts.json"
    rows: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return rows
