"""A report that shows every hop gets all points, and each damage costs what the rubric says, no more and no less.

The report is written from the truth itself, as `unmagic report --for-course` writes one from a trace. Each damage says
what it must cost in points of chains, links and presence, worked out by hand from the rubric's numbers; and what the
result must name.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers_checker import checker, pdf_of, task, truths

from grader import rubric
from grader.documents.read import read
from grader.faces import text
from grader.result import Result
from grader.truth import Hop, Truth

RUBRIC = rubric.load()
TRUTH = next(truth for truth in truths() if truth.name == "today")
OLD = next(truth for truth in truths() if truth.name == "2022")


@dataclass(frozen=True)
class Line:
    """One hop as a line of the report: its words and links, (what it is called, where it leads)."""

    chain: str
    hop: Hop
    links: tuple[tuple[str, str], ...]


def lines(truth: Truth = TRUTH) -> list[Line]:
    """Every hop of the task's chains with its definition and its call site."""
    made = []
    for name in task().chains:
        for hop in truth.chains[name].hops:
            links = []
            if hop.kind == "call":
                links.append((hop.name, truth.link(hop)))
            if hop.sites and hop.sites[0].library in truth.libraries:
                site = hop.sites[0]
                place = f"{site.path.rpartition('/')[2]}:{site.first}"
                links.append((place, truth.libraries[site.library].url(site.path, site.first, site.last)))
            made.append(Line(name, hop, tuple(links)))
    return made


def report(
    lines: list[Line], head: str = "Repository: https://github.com/pallets/flask\n\nLicence: MIT\n\nPurpose: it is."
) -> str:
    """The report as Markdown."""
    said, chain = [head], ""
    for line in lines:
        if line.chain != chain:
            chain = line.chain
            said.append(f"## {TRUTH.chains[chain].title}")
        shown = [f"[`{name}`]({url})" for name, url in line.links]
        first = f"{shown[0]}" if line.hop.kind == "call" else f"**{line.hop.name}**"
        called = f", called at {shown[-1]}" if len(shown) == 2 or line.hop.kind != "call" else ""
        said.append(f"- {first}{called}")
    return "\n\n".join(said)


def check(folder: Path, text: str) -> Result:
    path = folder / "report.md"
    path.write_text(text, encoding="utf-8")
    return checker().check(read(path), task())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Result:
    return check(tmp_path_factory.mktemp("whole"), report(lines()))


def test_a_report_that_shows_every_hop_gets_all_points(whole: Result):
    assert {part.id: part.points for part in whole.parts} == {part.id: part.most for part in whole.parts}
    assert whole.points == RUBRIC.most == 100
    assert whole.doubts == ()


def test_so_does_one_of_2022_at_its_own_versions(tmp_path: Path):
    path = tmp_path / "old.md"
    path.write_text(report(lines(OLD)))
    result = checker().check(read(path), task())
    assert (result.truth, result.points) == ("2022", 100)


def test_a_list_of_definitions_alone_shows_every_call_but_no_wire_and_no_thread(tmp_path: Path):
    only = [Line(one.chain, one.hop, one.links[:1] if one.hop.kind == "call" else ()) for one in lines()]
    result = check(tmp_path, report([one for one in only if one.links]))
    missing = [one.hop.kind for chain in result.coverage for one in chain.missing]
    assert missing.count("call") == 0
    assert sorted(set(missing)) == ["handoff", "thread", "wire"]


# --- damages --------------------------------------------------------------------------------------------------------

Damage = Callable[[list[Line]], list[Line]]
COUNT = sum(len(line.links) for line in lines())
LINK = RUBRIC.points["links"] / (COUNT + 0)  # one link's share


def weight(chain: str, *names: str) -> float:
    """The points of hops in a chain, by the rubric's weights: a chain has a fourth of the chains' points."""
    hops = TRUTH.chains[chain].hops
    each = RUBRIC.points["chains"] / 4 / sum(RUBRIC.weight(hop) for hop in hops)
    return sum(RUBRIC.weight(hop) for hop in hops if hop.name in names) * each


def without(name: str, chain: str) -> Damage:
    return lambda made: [line for line in made if not (line.hop.name == name and line.chain == chain)]


def changed(name: str, change: Callable[[str], str], at: int = 0) -> Damage:
    """With one link of a hop changed."""

    def damage(made: list[Line]) -> list[Line]:
        out, done = [], False
        for line in made:
            links = list(line.links)
            if line.hop.name == name and not done and len(links) > at:
                links[at], done = (links[at][0], change(links[at][1])), True
            out.append(Line(line.chain, line.hop, tuple(links)))
        assert done, name
        return out

    return damage


def moved(by: int) -> Callable[[str], str]:
    def change(url: str) -> str:
        base, _, lines = url.partition("#")
        numbers = [int(part.strip("L")) + by for part in lines.split("-")]
        return base + "#" + "-".join(f"L{number}" for number in numbers)

    return change


def swapped(one: str, other: str) -> Damage:
    """With the definitions of two hops exchanged."""
    urls = {line.hop.name: line.links[0][1] for line in lines() if line.links}

    def damage(made: list[Line]) -> list[Line]:
        return changed(other, lambda url: urls[one])(changed(one, lambda url: urls[other])(made))

    return damage


def of(library: str, path: str, qualname: str, truth: Truth = TRUTH) -> Callable[[str], str]:
    """The link to any function."""
    symbol = truth.source[library, path].symbols.get(qualname)
    assert symbol is not None
    return lambda url: truth.libraries[library].url(path, symbol.line, symbol.last)


def replaced(old: str, new: str) -> Callable[[str], str]:
    def change(url: str) -> str:
        assert old in url
        return url.replace(old, new)

    return change


COMMIT = TRUTH.libraries["wsproto"].reference
VERSION = TRUTH.libraries["wsproto"].version
HALF, WHOLE = 0.5 * LINK, LINK
PASSING = 1 - RUBRIC.shown["passing"]

#: what is done, (points of chains, of links) that it costs, what the result says.
DAMAGES: dict[str, tuple[Damage, float, float, str]] = {
    "a hop deleted": (
        without("WSConnection.send", "send"),
        weight("send", "WSConnection.send") * PASSING,
        0,
        "passing",
    ),
    "the last hop deleted": (without("send", "send"), weight("send", "send"), 0, "✗ send, missing"),
    "accept deleted": (without("accept", "receive"), weight("receive", "accept"), 0, "✗ accept, missing"),
    "recv deleted": (without("recv", "receive"), weight("receive", "recv"), 0, "✗ recv, missing"),
    "the handoff deleted": (
        without("handed over by Base._handle_events", "receive"),
        weight("receive", "handed over by Base._handle_events"),
        0,
        "✗ handed over by Base._handle_events, missing",
    ),
    "the unmasking deleted": (
        without("XorMaskerSimple.process", "receive"),
        weight("receive", "XorMaskerSimple.process"),
        0,
        "✗ XorMaskerSimple.process (wsproto), missing",
    ),
    "a definition moved by a line": (
        changed("Base.send", moved(1)),
        weight("send", "Base.send") * 0.5,
        HALF,
        "wrong line: Base.send",
    ),
    "a call site moved by a line": (
        changed("WSConnection.receive_data", moved(1), 1),
        0,
        HALF,
        "calls receive_data at line 158",
    ),
    "a definition moved far": (changed("Connection.send", moved(30)), 0, HALF, "Connection.send is at line"),
    "beyond the end of the file": (changed("Connection.send", moved(9000)), 0, WHOLE, "The file ends at line"),
    "a branch instead of a commit": (changed("Connection.send", replaced(COMMIT, "main")), 0, HALF, "main is a branch"),
    "a tag instead of a commit": (
        changed("Connection.send", replaced(COMMIT, VERSION)),
        0,
        0,
        "right: Connection.send",
    ),
    "two links swapped": (
        swapped("FrameProtocol.send_data", "FrameProtocol._serialize_frame"),
        0,
        2 * HALF,
        "wrong line",
    ),
    "a base class for the override": (
        changed("ThreadingMixIn.process_request", of("python", "socketserver.py", "BaseServer.process_request")),
        0,
        WHOLE,
        "which did not run; ThreadingMixIn.process_request did",
    ),
    "the same name in another class": (
        changed("App.register_blueprint", of("flask", "flask/sansio/blueprints.py", "Blueprint.register_blueprint")),
        0,
        WHOLE,
        "which did not run; App.register_blueprint did",
    ),
    "a fork": (
        changed("Connection.send", replaced("python-hyper/wsproto", "somebody/wsproto")),
        0,
        WHOLE,
        "is a copy of",
    ),
    "a file that there is not": (
        changed("Connection.send", replaced("connection.py", "connections.py")),
        0,
        WHOLE,
        "has no file",
    ),
    "another version": (
        changed("Base.send", of("simple-websocket", "simple_websocket/ws.py", "Base.send", OLD)),
        0,
        0,
        "right elsewhere: Base.send",
    ),
    "a function that did not run": (
        changed("FrameProtocol.send_data", of("wsproto", "wsproto/frame_protocol.py", "FrameProtocol.ping")),
        0,
        HALF,
        "",
    ),
    "a file without a line": (
        changed("XorMaskerSimple.process", lambda url: url.partition("#")[0]),
        0,
        0,
        "Give a line",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_costs_what_the_rubric_says(name: str, whole: Result, tmp_path: Path):
    damage, chains, links, said = DAMAGES[name]
    made = damage(lines())
    result = check(tmp_path, report(made))
    told = text.text(result, brief=True)
    lost = {part.id: round(part.most - part.points, 2) for part in result.parts}
    assert sum(lost[name] for name in lost if name.startswith("chain:")) == pytest.approx(chains, abs=0.011), told
    assert lost["links"] == pytest.approx(links, abs=0.011), told
    assert lost["presence"] == 0
    assert said in text.text(result)


@pytest.mark.parametrize(
    ("head", "missing"),
    [
        ("Licence: MIT\n\nPurpose: it is.", None),
        ("Purpose: it is.", "licence"),
        ("Licence: MIT", "purpose"),
        ("Licence: MIT\n\nPurpose: it is.\n\n## Flask\n\nTODO: purpose. In a sentence of your own", "purpose"),
    ],
)
def test_presence_is_all_that_licence_and_purpose_are(head: str, missing: str | None, tmp_path: Path):
    result = check(tmp_path, report(lines(), head))
    part = next(part for part in result.parts if part.id == "presence")
    assert part.points == pytest.approx(part.most * (3 - bool(missing)) / 3, abs=0.006)
    assert (missing or "All is there") in part.said


def test_a_chain_that_is_left_out_costs_its_own_points_only(tmp_path: Path):
    result = check(tmp_path, report([line for line in lines() if line.chain != "sock"]))
    assert {part.id for part in result.parts if part.points < part.most} == {"chain:sock"}


def test_own_code_and_documentation_count_neither_way(tmp_path: Path):
    text = (
        report(lines())
        + "\n\nhttps://github.com/somebody/homework/blob/main/app.py#L3 and https://docs.python.org/3/\n"
    )
    result = check(tmp_path, text)
    assert result.points == 100
    assert [one.verdict.value for one in result.judged[-2:]] == ["own code", "not source"]


def test_a_link_that_cannot_be_looked_up_costs_nothing(tmp_path: Path):
    unknown = replaced(COMMIT, "b" * 40)
    result = check(tmp_path, report(changed("Connection.send", unknown)(lines())))
    assert result.points == 100
    assert any(one.verdict.value == "could not be looked up here" for one in result.judged)


def test_the_same_report_as_pdf(tmp_path: Path):
    """One line a hop: the words that a link lies on, and the link behind them."""
    made = [line for line in lines() if line.chain == "send"]
    said = ["send: a report", *(f"{name} is where it goes on" for line in made for name, _ in line.links)]
    links = [(number, url) for number, (_, url) in enumerate((link for line in made for link in line.links), 1)]
    result = checker().check(read(pdf_of(tmp_path / "r.pdf", said, links)), task())
    send = next(part for part in result.parts if part.id == "chain:send")
    assert send.points == send.most
