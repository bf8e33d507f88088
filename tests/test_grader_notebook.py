"""Exercises are taken out of a handed-in notebook by their tags; nothing else in it can change what is graded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from conftest import ROOT

from grader.notebook import LARGEST, LONGEST, NotebookError, extract
from notebooks.making import building
from notebooks.making.reading import exercise_of, read

HONEST = "def unmask(payload, key):\n    return bytes(b ^ key[i % 4] for i, b in enumerate(payload))\n"
WRONG = "def unmask(payload, key):\n    return payload\n"


def cell(source: Any, *tags: str, kind: str = "code", **more: Any) -> dict[str, Any]:
    made = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}, "source": source}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {}) | more


def notebook(*cells: Any) -> bytes:
    return json.dumps({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).encode()


def taken(*cells: Any) -> str:
    """The one source that is taken for unmask."""
    found = extract(notebook(*cells), ["unmask"])
    assert not found.missing
    return found.sources["unmask"]


def missing(*cells: Any) -> str:
    found = extract(notebook(*cells), ["unmask"])
    assert not found.sources
    return found.missing["unmask"]


@pytest.mark.parametrize("source", [HONEST, HONEST.splitlines(keepends=True)], ids=["text", "lines"])
def test_the_tagged_source_is_taken_as_it_is(source: Any):
    assert taken(cell("import os"), cell(source, "exercise:unmask"), cell('check("unmask")')) == HONEST


FORGED = {
    "an AST transformer": cell(
        "import ast\nclass T(ast.NodeTransformer):\n    def visit_Assert(self, node):\n        return ast.Pass()\n"
        "get_ipython().ast_transformers.append(T())"
    ),
    "a patched check": cell(
        "def check(name):\n    return 'Right.'\nimport notebooks.course\nnotebooks.course.check = check"
    ),
    "an end of the process": cell("import os\nos._exit(0)"),
    "a second definition, untagged": cell(HONEST),
    "an edited output": cell(
        'check("unmask")',
        outputs=[
            {"output_type": "execute_result", "data": {"text/plain": "Right."}, "metadata": {}, "execution_count": 1}
        ],
    ),
    "an output that holds a cell": cell("1", outputs=[cell(HONEST, "exercise:unmask")]),
    "a Markdown cell with the tag": cell(HONEST, "exercise:unmask", kind="markdown"),
    "a raw cell with the tag": cell(HONEST, "exercise:unmask", kind="raw"),
    "an attachment": cell("x", kind="markdown", attachments={"a": {"text/plain": HONEST}}),
    "a cell that is none": "exercise:unmask",
    "metadata that is none": cell(HONEST) | {"metadata": ["exercise:unmask"]},
    "tags that are none": cell(HONEST) | {"metadata": {"tags": "exercise:unmask"}},
    "a tag that is like it": cell(HONEST, "exercise:unmask2", "Exercise:unmask", " exercise:unmask"),
    "a check that says it is the solution": cell(HONEST)
    | {"metadata": {"nbgrader": {"grade_id": "unmask", "grade": True, "solution": True}}},
    "a source that is a number": cell(5, "exercise:unmask"),
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
@pytest.mark.parametrize("place", [0, 1])
def test_a_forged_notebook_gains_nothing(forged: Any, place: int):
    cells = [cell(WRONG, "exercise:unmask")]
    cells.insert(place, forged)
    assert taken(*cells) == WRONG


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED)
def test_and_nothing_is_taken_for_an_exercise_that_is_not_there(forged: Any):
    assert missing(forged) == "no cell is tagged exercise:unmask"


def test_two_cells_for_one_exercise_are_not_chosen_from():
    said = missing(cell(WRONG, "exercise:unmask"), cell(HONEST, "exercise:unmask"))
    assert said == "2 cells are tagged exercise:unmask, and nobody can say which one counts"


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def unmask(:\n", "the cell for unmask is no Python, line 1: "),
        ("%%capture\n" + HONEST, "the cell for unmask is no Python, line 1: "),
        ("!rm -r ~\n" + HONEST, "the cell for unmask is no Python, line 1: "),
        ("x = 1\n", "the cell for unmask defines no unmask"),
        ("", "the cell for unmask defines no unmask"),
        ("a\0b", "the cell for unmask is no Python"),
        ("#" * (LONGEST + 1), "the cell for unmask has 50,001 characters; 50,000 are the most that is read"),
        ("(" * 10_000, "the cell for unmask is "),
    ],
)
def test_what_cannot_be_an_answer_is_told(source: str, sentence: str):
    assert missing(cell(source, "exercise:unmask")).startswith(sentence)


def test_nbgraders_metadata_will_do_where_the_tags_are_gone():
    metadata = {
        "nbgrader": {"schema_version": 3, "grade": False, "locked": False, "solution": True, "grade_id": "unmask"}
    }
    assert taken(cell(HONEST) | {"metadata": metadata}) == HONEST


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not json",
        b"[]",
        b'{"cells": 5}',
        b"\xff\xfe",
        b'{"worksheets": []}',
        b"[" * 100_000,
        b"0" * (LARGEST + 1),
    ],
    ids=["empty", "text", "list", "no cells", "no utf-8", "version 3", "deep", "large"],
)
def test_what_is_no_notebook_is_told_in_a_sentence(data: bytes):
    with pytest.raises(NotebookError) as told:
        extract(data, ["unmask"])
    assert "\n" not in str(told.value) and "notebook" in str(told.value)


@pytest.mark.parametrize("name", building.names())
def test_every_exercise_of_the_course_is_found(name: str):
    text = (building.SOURCES / f"{name}.py").read_text(encoding="utf-8")
    exercises = [found for one in read(text, name).cells if (found := exercise_of(one))]
    for path in (ROOT / "notebooks" / f"{name}.ipynb", ROOT / "notebooks" / "student" / f"{name}.ipynb"):
        found = extract(path.read_bytes(), exercises)
        assert exercises and list(found.sources) == exercises and not found.missing
