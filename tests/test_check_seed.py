"""A real report's links get exactly the verdicts that they were given by hand: 26 of 26.

The example has its links, with their damage, and sentences of our own that claim the same. Where the report itself lies
beside the repository, it is held to the same.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from helpers_checker import EXAMPLE, ROOT, checker, expected, task

from grader.documents.read import read
from grader.faces import html, text
from grader.result import Result
from grader.verdicts import Judged, Verdict

REPORTS = [EXAMPLE, *ROOT.parent.glob("shared/seed/flask-sock-report.txt")]
WORDS = {
    "ok": (Verdict.RIGHT, False),
    "claim-wrong": (Verdict.RIGHT, True),  # the link is right, and there is a doubt for a person
    "wrong-line": (Verdict.WRONG_LINE, False),
    "wrong-target": (Verdict.WRONG_TARGET, False),
    "not-source": (Verdict.NOT_SOURCE, False),
}


@cache
def result(path: Path) -> Result:
    return checker().check(read(path), task())


def judged(path: Path) -> list[Judged]:
    """The links of the four sections, without the one to the repository."""
    return [one for one in result(path).judged if one.mention.number > 1]


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_every_link_has_the_verdict_that_a_person_gave_it(path: Path):
    found = [(one.verdict, bool(one.doubts)) for one in judged(path)]
    assert found == [WORDS[row["verdict"]] for row in expected()]


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_every_link_lands_where_a_person_saw_it_land(path: Path):
    wanted = [row["at_line"] for row in expected()]
    assert [one.symbol or None for one in judged(path)] == wanted


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_the_wrong_lines_are_corrected(path: Path):
    wrong = [one for one in judged(path) if one.verdict is Verdict.WRONG_LINE]
    assert [one.better.rpartition("#")[2] for one in wrong] == ["L111", "L88"]


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_the_namesake_is_told_from_the_function_that_ran_at_the_report_s_own_commits(path: Path):
    wrong = [one for one in judged(path) if one.verdict is Verdict.WRONG_TARGET]
    assert [one.better.rpartition("/flask/blob/")[2] for one in wrong] == [
        "a25d234cdddf584528dd6af21db736b6faad27af/src/flask/app.py#L1004-L1029",
        "fac630379d31baaa1667894c2b5613304285a4bb/src/flask/app.py#L1034-L1059",
    ]
    assert all("Flask.register_blueprint did" in one.evidence for one in wrong)


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_the_doubts_say_what_the_source_says(path: Path):
    doubts = dict(result(path).doubts)
    assert [
        word for said, word in zip(
            doubts.values(), ("takes app", "Blueprint inherits from Scaffold", "only if app is given", "returns None"),
            strict=True,
        ) if word in said
    ] == ["takes app", "Blueprint inherits from Scaffold", "only if app is given", "returns None"]  # fmt: skip


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_the_gap_from_receive_to_recv_is_named_hop_by_hop(path: Path):
    chain = next(one for one in result(path).coverage if one.chain.name == "receive")
    missing = [one.hop.name for one in chain.missing]
    after = missing[missing.index("recv") :]
    assert after[:2] == ["recv", "WSConnection.receive_data"]
    for name in ("FrameDecoder.parse_header", "XorMaskerSimple.process", "MessageDecoder.process_frame"):
        assert name in after
    assert after[-1] == "handed over by Base._handle_events"
    assert missing[:3] == ["Flask.run", "run_simple", "BaseWSGIServer.serve_forever"]
    assert missing.count("a thread starts") == 2
    assert "accept" in missing
    shown = [one.hop.name for one in chain.hops if one.share]
    assert shown == ["Server.__init__", "Base.__init__", "Base.receive"]
    told = text.text(result(path))
    assert told.index("recv, missing") < told.index("XorMaskerSimple.process (wsproto), missing: https://github.com/")


@pytest.mark.parametrize("path", REPORTS, ids=lambda path: path.parent.name)
def test_it_is_held_against_the_versions_of_its_time(path: Path):
    assert result(path).truth == "2022"


def test_the_example_and_the_report_come_to_the_same():
    results = [result(path) for path in REPORTS]
    assert len({tuple(part.points for part in one.parts) for one in results}) == 1


def test_the_page_without_words_has_none_of_the_report_s():
    page = html.page(result(EXAMPLE), read(EXAMPLE), words=False)
    assert "which is what carries it" in html.page(result(EXAMPLE), read(EXAMPLE))
    assert "which is what carries it" not in page
    assert "XorMaskerSimple.process" in page
