"""Hand-ins in the styles that students write in, held against the labels that a person gave each of their links."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from helpers_checker import checker, docx_of, pdf_of, task

from grader.documents.read import read
from grader.faces import html, text
from grader.result import Result

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DATA = tomllib.loads((Path(__file__).parent / "fixtures" / "hand_ins.toml").read_text(encoding="utf-8"))
HAND_INS = {one["name"]: one for one in DATA["hand_in"]}


def result(folder: Path, one: dict[str, Any]) -> Result:
    said = one["text"].format(**DATA["at"])
    path = folder / f"report.{one['form']}"
    lines = [line.partition("|") for line in said.strip().splitlines()]
    if one["form"] == "pdf":
        links = [(number, url) for number, (_, _, url) in enumerate(lines) if url]
        pdf_of(path, [words for words, _, _ in lines], links)
    elif one["form"] == "docx":
        docx_of(path, [(words, "here" if url else "", url) for words, _, url in lines])
    else:
        path.write_text(said, encoding="utf-8")
    document = read(path)
    found = checker().check(document, task(one["task"]))
    assert "<script" not in html.page(found, document).replace("<script>{", "")
    return found


@pytest.mark.parametrize("name", HAND_INS)
def test_every_link_is_judged_as_a_person_judged_it(name: str, tmp_path: Path):
    one = HAND_INS[name]
    found = result(tmp_path, one)
    verdicts = [judged.verdict.value for judged in found.judged]
    assert len(verdicts) == len(one["labels"]), text.text(found)
    for verdict, label in zip(verdicts, one["labels"], strict=True):
        assert verdict in label.split("|"), text.text(found)


def test_most_links_of_another_framework_are_told_of(tmp_path: Path):
    found = result(tmp_path, HAND_INS["another framework: Django Channels, FastAPI"])
    assert len(found.warnings) == 1
    assert "unmagic check --trace" in found.warnings[0]
    assert result(tmp_path, HAND_INS["a terse list of links"]).warnings == ()


def test_nobody_loses_by_a_sentence_that_was_misread(tmp_path: Path):
    found = result(tmp_path, HAND_INS["claims that no program can read"])
    assert next(part for part in found.parts if part.id == "links").points == 15
