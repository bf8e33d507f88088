"""The course's site, made once as `make book` makes it, and read as a browser reads it: from the disk, no network."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest
import wsproto
from playwright.sync_api import Browser

pytest.importorskip("sphinx", reason="the site's builder wants Python 3.11 or newer")

from notebooks.book.checking import check
from notebooks.book.diagrams import DiagramError, diagram
from notebooks.book.originals import OriginalError, citations
from notebooks.book.pairs import following, pairing

ROOT = Path(__file__).parent.parent
OURS = ROOT / "reference_impl"


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, and what making it said."""
    out = tmp_path_factory.mktemp("site") / "book"
    program = [sys.executable, "-m", "notebooks.book", "--out", str(out)]
    made = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=280)
    assert made.returncode == 0, made.stderr
    assert not made.stderr
    assert re.search(r"\d+ pages, [\d,]+ links: all of those in the site lead somewhere", made.stdout)
    return out


def text(site: Path, page: str) -> str:
    return (site / page).read_text(encoding="utf-8")


def visible(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


# --- what is in it ------------------------------------------------------------------------------------------


def test_every_notebook_is_there_with_its_outputs_and_in_order(site: Path):
    start = text(site, "index.html")
    names = sorted(path.stem for path in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    assert len(names) == 10
    places = [start.index(f'class="card" href="notebooks/{name}.html"') for name in names]
    assert places == sorted(places)
    for name in names:
        notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
        given = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
        shown = ["".join(output["data"]["text/html"]) for output in given if "text/html" in output.get("data", ())]
        page = text(site, f"notebooks/{name}.html")
        assert shown
        assert [html for html in shown if html.strip() not in page] == [], name


def test_every_page_of_the_report_is_there_with_its_drawings(site: Path):
    pages = [path for path in (ROOT / "report" / "flask_sock").glob("*.md") if path.name != "README.md"]
    assert len(pages) >= 12
    for path in pages:
        page = text(site, f"report/flask_sock/{path.stem}.html")
        assert page.count('<div class="sequence"') == path.read_text(encoding="utf-8").count("```mermaid"), path.name
    for path in (ROOT / "report" / "flask_sock").glob("*.html"):
        assert (site / "report" / "flask_sock" / path.name).read_bytes() == path.read_bytes()
    assert 'href="index.html">Step through it' in text(site, "report/flask_sock/README.html")


def test_the_glossary_has_all_its_words(site: Path):
    words = re.findall(r"(?m)^\| \*\*(.+?)\*\* \|", (ROOT / "notebooks" / "glossary.md").read_text(encoding="utf-8"))
    page = text(site, "notebooks/glossary.html")
    assert len(words) > 20
    assert [word for word in words if f"<strong>{word}</strong>" not in page] == []


# --- ours beside the originals --------------------------------------------------------------------------------


def public(module: str) -> list[tuple[str, str]]:
    """(name, first line) of each public function and class of a module of ours, methods too."""
    source = (OURS / f"{module}.py").read_text(encoding="utf-8")
    tree = ast.parse(source)
    found = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            inner = node.body if isinstance(node, ast.ClassDef) else []
            methods = [one for one in inner if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]
            found += [(one.name, source.splitlines()[one.lineno - 1].strip()) for one in (node, *methods)]
    return found


@pytest.mark.parametrize("module", following())
def test_every_public_function_of_ours_that_follows_an_original_is_beside_it(site: Path, module: str):
    page = text(site, f"beside/{module}.html")
    ours = [unescape(visible(part)) for part in re.findall(r'(?s)<figure class="side ours">(.*?)</figure>', page)]
    missing = [name for name, line in public(module) if not any(re.sub(r"\s+", " ", line) in one for one in ours)]
    assert missing == []
    for citation in citations((OURS / f"{module}.py").read_text(encoding="utf-8")):
        assert f'href="{citation.url}"' in page


def test_what_stands_beside_are_the_installed_lines_and_links_to_them(site: Path):
    page = text(site, "beside/frames.html")
    part = page[page.index('id="frames-frameparser-read-length"') :]
    figure = re.search(r'(?s)<figure class="side theirs">(.*?)</figure>', part)
    assert figure
    blob = r"https://github\.com/python-hyper/wsproto/blob/[0-9a-f]{40}/src/wsproto"
    link = re.search(rf'href="{blob}/frame_protocol\.py#L(\d+)-L(\d+)"', figure[1])
    assert link
    first, last = int(link[1]), int(link[2])
    installed = (Path(wsproto.__file__).parent / "frame_protocol.py").read_text(encoding="utf-8").splitlines()
    lines = installed[first - 1 : last]
    assert lines[0].strip().startswith("def parse_extended_payload_length(")
    shown = unescape(visible(figure[1]))
    assert [line for line in lines if re.sub(r"\s+", " ", line.strip()) not in shown] == []
    assert [int(n) for n in re.findall(r'data-n="(\d+)"', figure[1])] == list(range(first, last + 1))


def test_an_original_that_is_not_what_its_link_shows_is_refused():
    real = (OURS / "frames.py").read_text(encoding="utf-8")
    assert [c.file.relative for c in citations(real)] == ["wsproto/frame_protocol.py"] * 2
    with pytest.raises(OriginalError, match="no release is known"):
        citations(real.replace("820701baf101", "820701baf102"))
    with pytest.raises(OriginalError, match="frame_protokoll"):
        citations(real.replace("frame_protocol", "frame_protokoll"))


def test_a_name_finds_the_method_of_the_class_that_ours_stands_for():
    beside = {pair.name: [one.definition.name for one in pair.originals] for pair in pairing("server").pairs}
    assert beside["Server.receive"] == ["Base.receive"]
    assert beside["Server.handshake"] == ["Server.handshake"]
    assert beside["linger"] == []
    assert {one.definition.name for one in pairing("server").left} >= {"Server.accept", "Base.choose_subprotocol"}


# --- links, and no network ------------------------------------------------------------------------------------


def test_nothing_is_fetched_and_every_link_leads_somewhere(site: Path):
    loaded = re.compile(r"""<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=["']?(?:https?:)?//""", re.IGNORECASE)
    pages = list(site.rglob("*.html"))
    assert len(pages) > 35
    assert [path.name for path in pages if loaded.search(path.read_text(encoding="utf-8"))] == []
    found = check(site)
    assert (found.broken, found.fetched) == ((), ())
    assert found.pages == len(pages)
    assert (site / "links-outward.txt").read_text(encoding="utf-8").split() == list(found.outward)
    assert any(link.startswith("https://github.com/python-hyper/wsproto/blob/") for link in found.outward)


def test_what_is_wrong_with_a_site_is_found(tmp_path: Path):
    (tmp_path / "a.html").write_text(
        '<p id="here"><a href="#here">1</a><a href="#gone">2</a><a href="b.html#x">3</a><a href="c.html">4</a>'
        '<a href="../out.html">5</a><img src="https://example.org/i.png"><p style="background:url(//example.org/j)">'
        '<a href="https://example.org/">6</a><a href="b.html">7</a>',
        encoding="utf-8",
    )
    (tmp_path / "b.html").write_text("<h1 id=y>", encoding="utf-8")
    (tmp_path / "c.css").write_text("@import 'http://example.org/k.css';", encoding="utf-8")
    found = check(tmp_path)
    assert found.broken == (
        "a.html: #gone: no such anchor", "a.html: b.html#x: no such anchor", "a.html: c.html: no such file",
        "a.html: ../out.html: outside of the site",
    )  # fmt: skip
    assert found.fetched == (
        "a.html fetches https://example.org/i.png", "a.html fetches //example.org/j",
        "c.css fetches http://example.org/k.css",
    )  # fmt: skip
    assert found.outward == ("https://example.org/",)


def test_a_reader_searches_it_from_the_disk_and_nothing_asks_the_network(site: Path, chromium: Browser):
    context = chromium.new_context(viewport={"width": 420, "height": 800}, color_scheme="dark")
    page, asked, said = context.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    for word, where in (("unmasking", ""), ("half-closed", "Break it"), ("extended_payload", "frames.py beside")):
        page.goto(f"{site.as_uri()}/search.html?q={word}")
        page.wait_for_selector("#search-results li a")
        assert where in page.inner_text("#search-results"), word
    page.locator("#search-results li a").first.click()
    page.wait_for_selector("h1")
    for address in ("index.html", "notebooks/05_frame.html", "beside/frames.html", "report/flask_sock/receive.html"):
        page.goto(f"{site.as_uri()}/{address}")
        for width in (420, 1100, 1400):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            assert wide <= width, f"{address} is {wide} wide where there are {width}"
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60, f"{address} is not dark: {ground}"
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    assert said == []
    context.close()


# --- diagrams ---------------------------------------------------------------------------------------------------


def test_a_diagram_tells_what_its_text_says():
    drawn = diagram(
        "sequenceDiagram\n  autonumber 7\n  participant a as app\n  participant b as wsproto · B\n"
        "  a->>b: send#40;#60;x#62;#41;\n  b->>b: itself\n  b-->>a: done\n"
    )
    assert 'aria-label="app to wsproto · B: 7 · send(&lt;x&gt;); wsproto · B to wsproto · B: 8 · itself; ' in drawn
    assert drawn.count('class="actor"') == 2
    assert drawn.count('class="back"') == 1


@pytest.mark.parametrize("line", ["loop every second", "a->>c: nobody"])
def test_a_diagram_with_what_is_not_known_is_refused(line: str):
    with pytest.raises(DiagramError, match=re.escape(line)):
        diagram(f"sequenceDiagram\n  participant a as app\n  {line}\n")
