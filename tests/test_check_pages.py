"""The checker's pages in a real browser: nothing is fetched, nothing serious for axe, points that a grader changes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers_checker import EXAMPLE, checker, task, truths
from helpers_explorer import AXE
from helpers_exports import missing
from playwright.sync_api import Browser

from grader.diff import compare
from grader.documents.read import read
from grader.faces import beside, html
from grader.record import confirmed, load
from unmagic import checked


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The student's page, the grader's, and two versions side by side."""
    folder = tmp_path_factory.mktemp("pages")
    document = read(EXAMPLE)
    result = checker().check(document, task())
    today, old = truths()
    made = {
        "student": html.page(result, document),
        "grading": html.page(result, document, grading=True),
        "beside": beside.page(compare(old, today), old, today),
    }
    for name, text in made.items():
        (folder / f"{name}.html").write_text(text, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.mark.parametrize("name", ["student", "grading", "beside"])
@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 420)])
def test_axe_finds_nothing_serious(chromium: Browser, pages: dict[str, Path], name: str, scheme: Any, width: int):
    if not AXE.is_file():
        missing(f"there is no {AXE}: `make npm` puts axe-core there")
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(pages[name].as_uri())
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    serious = [
        (v["id"], v["nodes"][0]["html"][:160]) for v in found["violations"] if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1"), "it scrolls sideways"
    context.close()


@pytest.mark.parametrize("name", ["student", "grading", "beside"])
def test_nothing_is_asked_for_and_nothing_complains(chromium: Browser, pages: dict[str, Path], name: str):
    page = chromium.new_page()
    said: list[str] = []
    page.on("request", lambda request: said.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text))
    page.goto(pages[name].as_uri())
    page.wait_for_load_state("networkidle")
    assert said == [pages[name].as_uri()]
    page.close()


def test_every_link_inside_the_page_leads_somewhere(chromium: Browser, pages: dict[str, Path]):
    page = chromium.new_page()
    page.goto(pages["student"].as_uri())
    lost = page.evaluate(
        "Array.from(document.querySelectorAll('a[href^=\"#\"]')).map(a => a.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert lost == []
    page.close()


def test_a_grader_changes_points_and_saves_what_emitters_take(
    chromium: Browser, pages: dict[str, Path], tmp_path: Path
):
    page = chromium.new_page()
    page.goto(pages["grading"].as_uri())
    before = float(page.locator("#total").text_content() or "")
    field = page.get_by_label("Points for receive()")
    was = float(field.input_value())
    field.fill("15")
    assert float(page.locator("#total").text_content() or "") == pytest.approx(before - was + 15)
    page.get_by_label("Note on receive()").fill("said in words")
    page.get_by_label("Confirmed by").fill("A. Grader")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the record").click()
    saved = tmp_path / "r.json"
    download.value.save_as(saved)
    record = confirmed(load(saved), "r")
    assert (record.by, next(part for part in record.parts if part.id == "chain:receive").points) == ("A. Grader", 15)
    assert json.loads(saved.read_text())["parts"][2]["note"] == "said in words"
    page.close()


def test_points_that_there_are_not_are_not_saved(chromium: Browser, pages: dict[str, Path]):
    page = chromium.new_page()
    page.goto(pages["grading"].as_uri())
    page.get_by_label("Confirmed by").fill("A")
    page.get_by_label("Points for receive()").fill("99")
    downloads: list[object] = []
    page.on("download", lambda download: downloads.append(download))
    page.get_by_role("button", name="Save the record").click()
    assert page.evaluate("document.querySelector('input:invalid') !== null")
    assert downloads == []
    page.close()


def test_the_committed_pages_are_what_the_checker_makes():
    folder = Path(__file__).parent.parent / "report" / "flask_sock"
    for name, text in checked.pages().items():
        assert (folder / name).read_text(encoding="utf-8") == text
