"""The course's notebooks run from a clean kernel, in any order, two at once, and come out as they are committed."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbconvert import HTMLExporter
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from traitlets.config import Config

from notebooks.making import building
from notebooks.making.reading import exercise_of, read
from notebooks.making.student import for_students
from notebooks.making.tidying import FRAME, INSTEAD

HOME = building.HOME
NAMES = building.names()
#: The Python whose links and line numbers are in the committed outputs.
COMMITTED = (3, 11)
#: Bytes of one notebook, outputs and all.
MOST = 100_000


def committed(name: str) -> Any:
    return nbformat.read(HOME / f"{name}.ipynb", as_version=4)


def texts(cell: Any) -> str:
    """What a cell shows in a terminal."""
    return "".join(
        output.get("text", "") + output.get("data", {}).get("text/plain", "") for output in cell.get("outputs", [])
    )


@pytest.fixture(scope="module")
def made() -> dict[Path, str]:
    """Every file of the course, made now: two kernels at once, in an order of its own each time."""
    order = random.sample(NAMES, len(NAMES))
    print("order:", *order)
    return building.make_all(order, lambda name: None)


def test_there_are_notebooks_and_each_is_committed():
    assert [path.stem for path in sorted(HOME.glob("*.ipynb"))] == NAMES
    assert [path.stem for path in sorted((HOME / "student").glob("*.ipynb"))] == NAMES


@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", NAMES)
def test_what_is_made_is_what_is_committed(name: str, made: dict[Path, str]):
    files = {path: text for path, text in made.items() if path.stem == name}
    assert len(files) == 2
    if sys.version_info[:2] == COMMITTED:
        assert list(building.differing(files)) == []
    else:  # Python's own functions have other lines there, and here and there another name
        mine, theirs = (nbformat.reads(text, 4) for text in (files[HOME / f"{name}.ipynb"], _text(name)))
        assert [c.source for c in mine.cells] == [c.source for c in theirs.cells]
        assert [bool(texts(c)) for c in mine.cells] == [bool(texts(c)) for c in theirs.cells]


def _text(name: str) -> str:
    return (HOME / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_cell_ran_and_every_check_is_passed(name: str, made: dict[Path, str]):
    notebook = nbformat.reads(made[HOME / f"{name}.ipynb"], 4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error" or o.get("name") == "stderr"]
    checks = [cell for cell in code if cell.source.startswith("check(")]
    assert checks and all(texts(cell).startswith("Right.") for cell in checks)
    exercises = {exercise_of(cell) for cell in code} - {""}
    assert exercises == {re.findall(r'"(\w+)"', cell.source)[0] for cell in checks}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_begins_with_a_question_and_has_its_parts(name: str):
    notebook = committed(name)
    nbformat.validate(notebook)
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert re.match(r"# \d+ · .+\n\n\*\*.+\?\*\*", prose[0]), prose[0][:80]
    whole = "\n\n".join(prose)
    for part in ("redict", "## Break it", "## What was left out", "(glossary.md)"):
        assert part in whole, part
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    assert any(source.startswith("guess = ...") for source in sources)
    assert any("reveal(" in source for source in sources)
    assert any("record(" in source or ".running()" in source for source in sources)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_small_and_its_cells_are_short(name: str):
    assert (HOME / f"{name}.ipynb").stat().st_size < MOST
    code = [cell for cell in committed(name).cells if cell.cell_type == "code"]
    lines = [len([line for line in cell.source.splitlines() if line.strip()]) for cell in code if not exercise_of(cell)]
    assert max(lines) <= 16
    assert sorted(lines)[len(lines) // 2] <= (
        8 if name == NAMES[-1] else 5
    )  # in the last one functions are put together


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_this_machine_or_this_run_is_kept(name: str):
    text = (HOME / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/home/|/root/|/tmp/|/work/|ipykernel_\d| at 0x[0-9a-f]{6}|127\.0\.0\.1:\d{4}", text)
    assert "<script" not in text and "<style" not in text and not FRAME.search(text)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_not_trusted_loses_nothing(name: str):
    """nbconvert's sanitizer stands for GitHub, and for a notebook that nobody has trusted yet."""
    config = Config({"HTMLExporter": {"sanitize_html": True, "template_name": "basic"}})
    notebook = committed(name)
    page, _ = HTMLExporter(config=config).from_notebook_node(notebook)
    shown = " ".join(HTMLParser(page).text(separator=" ").split())
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert set(output.get("data", {"text/plain": ""})) <= {"text/plain", "text/html"}
            html = HTMLParser(output.get("data", {}).get("text/html", ""))
            for wanted in html.css("td, th, b, code, pre"):
                assert " ".join(wanted.text(separator=" ").split()) in shown
            for image in html.css("img"):
                alt = image.attributes["alt"]
                assert alt and alt in shown and image.attributes["src"].startswith("data:image/svg+xml;base64,")
            for link in html.css("a"):
                assert f'href="{link.attributes["href"]}"'.replace("&", "&amp;") in page


@pytest.mark.parametrize("name", NAMES)
def test_the_version_for_students_has_no_solution_and_opens(name: str):
    student = nbformat.read(HOME / "student" / f"{name}.ipynb", as_version=4)
    nbformat.validate(student)
    whole = committed(name)
    assert [cell.id for cell in student.cells] == [cell.id for cell in whole.cells]
    for cell, full in zip(student.cells, whole.cells, strict=True):
        assert not cell.get("outputs") and cell.get("execution_count") is None
        assert "### " not in cell.source or cell.cell_type == "markdown"
        if "### BEGIN SOLUTION" in full.source:
            _, _, rest = full.source.partition("### BEGIN SOLUTION\n")
            solution = rest.partition("### END SOLUTION")[0]
            assert solution.strip() not in cell.source and "raise NotImplementedError" in cell.source
            assert cell.metadata.nbgrader.solution and cell.metadata.nbgrader.grade_id == exercise_of(cell)
            compile(cell.source, "cell", "exec")
        elif cell.cell_type == "code":
            assert cell.source == full.source
        else:
            assert cell.source.replace("](../", "](") == full.source


@pytest.mark.parametrize("path", [*HOME.glob("*.ipynb"), *(HOME / "student").glob("*.ipynb")], ids=lambda p: p.stem)
def test_each_link_to_a_file_leads_to_one(path: Path):
    prose = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    linked = [link for link in re.findall(r"\]\(([^)]+)\)", prose) if not link.startswith("http")]
    assert len(linked) >= 2 and [link for link in linked if not (path.parent / link.partition("#")[0]).exists()] == []


def test_a_source_is_read_the_same_way_each_time():
    text = (building.SOURCES / f"{NAMES[0]}.py").read_text(encoding="utf-8")
    assert read(text, NAMES[0]) == read(text, NAMES[0])
    assert for_students(read(text, NAMES[0])) == for_students(read(text, NAMES[0]))


def test_the_page_to_step_through_is_said_to_be_there():
    assert [n for n in NAMES if ".explore()" in _text(n) and INSTEAD not in _text(n)] == []
    assert sum(INSTEAD in _text(n) for n in NAMES) >= len(NAMES) - 2
