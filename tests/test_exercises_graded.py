"""Handed-in notebooks are graded: an honest one gets points, and a sentence for its mistake; a forged one nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from helpers_class import results, unmagic
from helpers_exercises import cell, exercises, given, handed_in, notebook, solution

from grader.coursework.assignment import NOTEBOOKS, load
from grader.coursework.exercises import laid_out
from grader.coursework.stagefile import tests as staged
from grader.coursework.submission import SubmissionError

ASSIGNMENT = load(NOTEBOOKS)
UNMASK = solution("05_frame", "unmask")
WRONG = "def unmask(payload, key):\n    return bytes(b ^ key[0] for b in payload)\n"


def graded(path: Path, data: bytes, *words: str) -> dict[str, Any]:
    """What the command says of one notebook, as JSON."""
    path.write_bytes(data)
    done = unmagic("grade", path, "--format", "json", *words)
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (found["status"] != "graded"), done.stderr
    return found


def earned(found: dict[str, Any]) -> dict[str, int]:
    return {stage["id"]: stage["points"] for stage in found["outcome"]["stages"]}


def test_every_exercise_of_the_course_is_in_the_table_with_what_its_notebook_gave():
    assert [(stage.notebook, stage.id) for stage in ASSIGNMENT.stages] == list(exercises())
    for stage in ASSIGNMENT.stages:
        assert stage.given.strip() == given(stage.notebook, stage.id), stage.id
        assert [test.id for test in staged(ASSIGNMENT, stage)] == [f"{stage.id}.cases", f"{stage.id}.others"]


def test_the_courses_own_solutions_earn_every_point(tmp_path: Path):
    folder = tmp_path / "ada"
    folder.mkdir()
    for name in {name for name, _ in exercises()}:
        (folder / f"{name}.ipynb").write_bytes(handed_in(name))
    found = json.loads(unmagic("grade", folder, "--format", "json").stdout)
    assert found["outcome"]["points"] == found["outcome"]["max_points"] == 39, found["outcome"]["tests"]
    assert found["outcome"]["tier"] in "ABC"


#: A wrong answer for an exercise, and words of the sentence for whoever gave it.
MISTAKES = {
    "unmask": (WRONG, "The four take turns"),
    "read_line": ("def read_line(recv):\n    return recv(1024)\n", "TCP has no lines and no messages"),
    "remember": ("def remember(routes, path):\n    def decorator(f):\n        routes.append((path, f))\n"
                 "    return decorator\n", "Your decorator returns nothing"),
    "accept_token": ("def accept_token(key):\n    return hashlib.sha1((key + GUID).encode()).hexdigest()\n",
                     "You give the hash in hexadecimal"),
    "closed_with": ("def closed_with(payload):\n    return (int.from_bytes(payload[:2], 'big'), payload[2:].decode()) "
                    "if payload else (1005, '')\n", "One byte is taken for a code"),
}  # fmt: skip


@pytest.mark.parametrize("exercise", MISTAKES)
def test_a_mistake_is_told_by_its_sentence(tmp_path: Path, exercise: str):
    written, sentence = MISTAKES[exercise]
    name = next(name for name, one in exercises() if one == exercise)
    found = graded(tmp_path / "ada.ipynb", handed_in(name, {exercise: written}), "--stage", exercise)
    told = found["outcome"]["tests"][0]
    assert earned(found) == {exercise: 0} and told["status"] == "failed"
    assert sentence in told["hint"]


TRUE = """
class unmask(bytes):
    def __new__(cls, payload, key):
        return super().__new__(cls)
    __eq__ = lambda one, other: True
    __ne__ = lambda one, other: False
    __hash__ = bytes.__hash__
"""
LINES = """
import os
def unmask(payload, key):
    for n in range(1, 40):
        for fd in range(3, 9):
            try:
                os.write(fd, b'{"n": %d, "result": true, "lists": []}\\n' % n)
            except OSError:
                pass
    return True
"""
LEARNT = """
LEARNT = {"7f9f4d5158": b"Hello", "": b"", "000102030405060708": bytes([1, 3, 6, 11, 5, 7, 2, 15, 9]),
          "fff00ff0aa55": bytes.fromhex("00f0ffff5555")}
def unmask(payload, key):
    return LEARNT.get(payload.hex(), payload)
"""
FILES = f"""
import sys
sys.path.insert(0, {str(NOTEBOOKS.parent.parent)!r})
from reference_impl.frames import apply_mask
def unmask(payload, key):
    return apply_mask(payload, key)
"""
SHIM = """
import sys
sys.modules["__main__"].encode = lambda value: True
def unmask(payload, key):
    return b""
"""
TAG = "exercise:unmask"
SAID = {"output_type": "stream", "name": "stdout", "text": "Right."}
FORGED = {
    "an AST transformer in another cell": [cell("get_ipython().ast_transformers.append(T())"), cell(WRONG, TAG)],
    "a patched check": [cell("import notebooks.course as c\nc.check = lambda name: True"), cell(WRONG, TAG)],
    "an edited output": [cell(WRONG, TAG), cell('check("unmask")', outputs=[SAID])],
    "an end of the process": [cell(f"import os\n{UNMASK}\nos._exit(0)", TAG)],
    "a result that is equal to everything": [cell(TRUE, TAG)],
    "lines that look like the shim's": [cell(LINES, TAG)],
    "answers that were learnt": [cell(LEARNT, TAG)],
    "a cell that is tagged twice": [cell(UNMASK, TAG), cell(UNMASK, TAG)],
    "the grader's own files": [cell(FILES, TAG)],
    "a patched shim": [cell(SHIM, TAG)],
}


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_notebook_gains_nothing(tmp_path: Path, forged: str):
    found = graded(tmp_path / "eve.ipynb", notebook(*FORGED[forged]), "--stage", "unmask")
    assert earned(found) == {"unmask": 0}
    passed = [tested["id"] for tested in found["outcome"]["tests"] if tested["status"] == "passed"]
    assert passed == (["unmask.cases"] if forged == "answers that were learnt" else [])


@pytest.mark.parametrize("data", [b"no notebook", notebook(cell(UNMASK)), b'{"cells": [' + b"0," * 11_000_000])
def test_what_is_no_notebook_with_an_exercise_is_not_graded(tmp_path: Path, data: bytes):
    found = graded(tmp_path / "eve.ipynb", data)
    assert found["status"] == "refused" and found["outcome"]["points"] is None


def test_an_exercise_in_two_notebooks_counts_in_neither():
    one = notebook(cell(UNMASK, "exercise:unmask"))
    made = laid_out({"a.ipynb": one, "b.ipynb": one}, ASSIGNMENT)
    assert "two notebooks" in json.loads(made.files["exercises.json"])["unmask"]["missing"]
    handed_out = notebook(cell("def unmask(payload, key):\n    raise NotImplementedError('…')\n", "exercise:unmask"))
    made = laid_out({"a.ipynb": handed_out, "b.ipynb": one}, ASSIGNMENT)
    assert json.loads(made.files["exercises.json"])["unmask"]["source"] == UNMASK


def test_a_notebook_that_cannot_be_read_takes_nothing_from_the_others():
    made = laid_out({"a.ipynb": notebook(cell(UNMASK, "exercise:unmask")), "b.ipynb": b"{"}, ASSIGNMENT)
    taken = json.loads(made.files["exercises.json"])
    assert taken["unmask"]["source"] == UNMASK and "b.ipynb: this is no notebook" in taken["read_line"]["missing"]
    assert len(made.flags) == 1 and made.flags[0].startswith("b.ipynb: this is no notebook")
    with pytest.raises(SubmissionError, match=r"b\.ipynb: this is no notebook"):
        laid_out({"b.ipynb": b"{"}, ASSIGNMENT)
    with pytest.raises(SubmissionError, match="there is no notebook in it"):
        laid_out({}, ASSIGNMENT)


def test_a_class_is_graded_by_the_notebook_that_most_handed_in(tmp_path: Path):
    hand_ins, out = tmp_path / "hand-ins", tmp_path / "out"
    hand_ins.mkdir()
    for name, changed in (("ada", {}), ("bob", {"unmask": WRONG})):
        (hand_ins / f"{name}.ipynb").write_bytes(handed_in("05_frame", changed))
    (hand_ins / "eve.ipynb").write_bytes(handed_in("10_build_it"))
    done = unmagic("grade-class", hand_ins, "-o", out, "--jobs", 2)
    assert done.returncode == 0, done.stderr
    lines = {line["id"]: line for line in results(out)}
    assert {name: earned(line) for name, line in lines.items()} == {
        "ada": {"unmask": 3, "payload_at": 3, "text_frame": 3},
        "bob": {"unmask": 0, "payload_at": 3, "text_frame": 3},
        "eve": {"unmask": 0, "payload_at": 0, "text_frame": 0},
    }
    assert "Find the payload" in (out / "index.html").read_text(encoding="utf-8")
