"""A report in which something stays unexplained is not built: a step, a byte, a link, or who had a value."""

from __future__ import annotations

import importlib.metadata
import json
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from helpers_report import SAME_PYTHON, committed

from report import build, notes, pages, sections
from report.hands import Hands
from report.notes import ReportError
from report.pages import WaySpec
from tracer.reading import lock
from tracer.reading.consumers import Consumers, Taker
from tracer.reading.flow import Flow
from tracer.reading.lock import Lock
from tracer.reading.trace import Trace, Wire
from tracer.scenarios import SCENARIOS

# --- nothing stays unexplained -----------------------------------------------------------------------------


#: The pages that these tests build: small, and with crossings, bytes and links into libraries.
SMALL = ("send", "route")

#: What the explorer shows of these reports: on both stacks, and how a connection ends.
EXPLORED = ("send", "ours", "close")


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The values of a trace are followed once for all the reports that are built of it."""
    monkeypatch.setattr(build, "Flow", flow_of)


@cache
def flow_of(trace: Trace) -> Flow:
    return Flow(trace)


@dataclass
class Small:
    """A report of two pages, whose notes are a file of its own; `build` makes it or fails."""

    folder: Path
    traces: dict[str, Trace]
    texts: dict[str, dict[str, str]]
    versions: dict[str, str]

    def write_notes(self) -> None:
        tables = {"versions": self.versions, **self.texts}
        lines = []
        for lane, table in tables.items():
            lines += [f"[{lane}]", *(f"{json.dumps(name)} = {json.dumps(text)}" for name, text in table.items())]
        (self.folder / "notes.toml").write_text("\n".join(lines), encoding="utf-8")

    def build(self) -> dict[str, str]:
        self.write_notes()
        return build.build(self.traces, list(SCENARIOS.values()))


@pytest.fixture(scope="module")
def elsewhere(scenario_traces: dict[str, Trace]) -> frozenset[tuple[str, str]]:
    """The notes, by lane and name, that are for other pages than `SMALL`."""
    specs = small_pages()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(ReportError) as error:
        patch.setattr(pages, "load", lambda: specs)
        patch.setattr(build, "EXPLORED", {name: build.EXPLORED[name] for name in EXPLORED})
        patch.setattr(build, "Flow", flow_of)
        build.build(scenario_traces, list(SCENARIOS.values()))
    unused = re.findall(r"^  \[(\w+)\] (.*)$", str(error.value), re.MULTILINE)
    assert unused and str(error.value).startswith("no call on any page reaches these notes")
    return frozenset(unused)


def small_pages() -> tuple[pages.PageSpec, ...]:
    specs = tuple(spec for spec in pages.load() if spec.slug in SMALL)
    assert len(specs) == len(SMALL)
    return specs


@pytest.fixture
def small(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scenario_traces: dict[str, Trace],
    elsewhere: frozenset[tuple[str, str]],
    followed: None,
) -> Small:
    specs, known = small_pages(), notes.load()
    path = tmp_path / "notes.toml"
    load = notes.load
    monkeypatch.setattr(pages, "load", lambda: specs)
    monkeypatch.setattr(build, "EXPLORED", {name: build.EXPLORED[name] for name in EXPLORED})
    monkeypatch.setattr(notes, "load", lambda: load(path))
    texts = {
        lane: {q: text for q, text in table.items() if (lane, q) not in elsewhere}
        for lane, table in known.texts.items()
    }
    return Small(tmp_path, scenario_traces, texts, dict(known.versions))


def test_the_small_report_can_be_built(small: Small):
    made = small.build()
    assert sorted(made) == ["README.md", "index.html", "route.md", "send.md"]
    assert made["send.md"] == build.build(small.traces, list(SCENARIOS.values()))["send.md"]


def test_a_crossing_without_a_note(small: Small):
    del small.texts["wsproto"]["WSConnection.send"]
    with pytest.raises(ReportError) as error:
        small.build()
    assert "no note" in str(error.value) and "[wsproto] WSConnection.send" in str(error.value)
    assert "notes.toml" in str(error.value)


def test_a_socket_step_without_a_note(small: Small):
    del small.texts["step"]["send"]
    with pytest.raises(ReportError, match=r"(?s)no note.*\[step\] send"):
        small.build()


@pytest.mark.parametrize(
    ("lane", "name"), [("reference_impl", "Connection.send"), ("werkzeug", "MapAdapter.match"), ("step", "shutdown")]
)
def test_a_crossing_that_only_the_explorer_shows_needs_a_note_too(small: Small, lane: str, name: str):
    del small.texts[lane][name]
    with pytest.raises(ReportError, match=rf"(?s)no note.*\[{lane}\] {re.escape(name)}$"):
        small.build()


def test_a_note_that_no_call_reaches(small: Small):
    small.texts["wsproto"]["Connection.no_such_call"] = "does not run"
    with pytest.raises(ReportError) as error:
        small.build()
    assert "[wsproto] Connection.no_such_call" in str(error.value)


def test_a_note_that_only_a_deeper_page_reaches_is_unused_here(small: Small):
    """`used` is what the pages show, not what the trace holds: this function runs, and no page shows it."""
    small.texts["flask"]["App.make_aborter"] = "runs, but not on these pages"
    with pytest.raises(ReportError, match=r"(?s)reaches.*\[flask\] App\.make_aborter"):
        small.build()


def test_a_note_for_another_version(small: Small):
    small.versions["wsproto"] = "1.2.0"
    with pytest.raises(ReportError) as error:
        small.build()
    assert "wsproto" in str(error.value) and "1.2.0" in str(error.value)
    assert importlib.metadata.version("wsproto") in str(error.value)


def test_notes_for_a_lane_without_a_version(small: Small):
    """Without the version that they were written for, notes could outlive what they are about."""
    del small.versions["wsproto"]
    with pytest.raises(ReportError, match="wsproto"):
        small.build()


@pytest.mark.parametrize("text", ["not toml [", "[wsproto]\nx = 1", "wsproto = 3", "[versions]\nflask = 3"])
def test_notes_that_are_no_notes(small: Small, text: str):
    (small.folder / "notes.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ReportError, match=r"notes\.toml"):
        build.build(small.traces, list(SCENARIOS.values()))


def test_a_byte_without_a_field(small: Small, monkeypatch: pytest.MonkeyPatch):
    whole = sections.dissect

    def gap(received: bytes, sent: bytes, *more: Any) -> Any:
        found = whole(received, sent, *more)
        first = found.sent[-1]
        return replace(found, sent=(*found.sent[:-1], replace(first, stop=first.stop - 1)))

    monkeypatch.setattr(sections, "dissect", gap)
    with pytest.raises(ReportError) as error:
        small.build()
    assert re.search(r"bytes \d+ to \d+ of connection \d+ have no field", str(error.value))
    assert "'send'" in str(error.value) and "pages.toml" in str(error.value)


def test_a_link_that_is_not_proven(small: Small, monkeypatch: pytest.MonkeyPatch):
    known = lock.load()
    package = known.packages["wsproto"]
    newest = importlib.metadata.version("wsproto")
    release = package.releases[newest]
    changed = replace(release, blobs={**release.blobs, "wsproto/connection.py": "0" * 40})
    package = replace(package, releases={newest: changed})
    monkeypatch.setattr(lock, "load", lambda: Lock({**known.packages, "wsproto": package}))
    with pytest.raises(ReportError) as error:
        small.build()
    assert "not proven" in str(error.value) and "Connection.send" in str(error.value)


def test_a_package_that_the_lock_does_not_know(small: Small, monkeypatch: pytest.MonkeyPatch):
    known = lock.load()
    monkeypatch.setattr(
        lock, "load", lambda: Lock({k: v for k, v in known.packages.items() if k != "simple-websocket"})
    )
    with pytest.raises(ReportError) as error:
        small.build()
    assert "not proven" in str(error.value) and "Base.send" in str(error.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"call": "wsproto:Connection.no_such"}, "Connection.no_such of wsproto was called 0 times"),
        ({"nth": 99}, "there is no number 99"),
        ({"scenario": "unknown"}, "no trace of the scenario 'unknown'"),
        ({"chain": "arrival", "wire": 99}, "no number 99"),
        ({"chain": "upward"}, "cannot be recognised by identity"),
    ],
)
def test_a_section_that_has_no_chain(small: Small, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], said: str):
    (spec,) = [spec for spec in pages.load() if spec.slug == "send"]
    spec = replace(spec, sections=(replace(spec.sections[0], **change),))
    monkeypatch.setattr(pages, "load", lambda: (spec,))
    with pytest.raises(ReportError) as error:
        small.build()
    assert said in str(error.value)
    assert "pages.toml, page 'send', section" in str(error.value)
    assert "\n" not in str(error.value)


# --- the value's way, and who had the bytes ------------------------------------------------------------------


def test_who_read_a_request_line_does_not_hang_on_what_was_seen_later(
    scenario_traces: dict[str, Trace], followed: None, monkeypatch: pytest.MonkeyPatch
):
    """Where nobody is seen with it later, it is still of the call that had the buffer filled; the rest is not."""
    of = Consumers.of

    def no_line(self: Consumers, wire: Wire, start: int, stop: int) -> Taker | None:
        taker = of(self, wire, start, stop)
        return None if taker is not None and taker.call.code.qualname.endswith("handle_one_request") else taker

    before = {name: text for name, text in committed().items() if name in ("tcp.md", "http_headers.md")}
    monkeypatch.setattr(Consumers, "of", no_line)
    made = build.build(scenario_traces, list(SCENARIOS.values()))
    assert SAME_PYTHON is False or {name: made[name] for name in before} == before
    monkeypatch.setattr(Consumers, "of", lambda *_: None)
    with pytest.raises(ReportError, match=r"page 'tcp'.*took the field-line \(bytes 16 to 41 of 44 by recv_into\)"):
        build.build(scenario_traces, list(SCENARIOS.values()))


def of_page(monkeypatch: pytest.MonkeyPatch, slug: str, **change: Any) -> None:
    """Only this page, its first section changed."""
    (spec,) = [spec for spec in pages.load() if spec.slug == slug]
    spec = replace(spec, sections=(replace(spec.sections[0], **change),))
    monkeypatch.setattr(pages, "load", lambda: (spec,))


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (WaySpec("out", "Hallo"), "0 journeys of 'Hallo' from the program to a socket, there is no number 0"),
        (WaySpec("in", "Hello"), "0 journeys of 'Hello' from a socket to the program"),
        (WaySpec("out", "Hello", nth=1), "1 journeys of 'Hello' from the program to a socket, there is no number 1"),
        (WaySpec("out", bytes="48 65"), "0 journeys of b'He'"),
    ],
)
def test_a_way_that_the_trace_does_not_have(small: Small, monkeypatch: pytest.MonkeyPatch, way: WaySpec, said: str):
    of_page(monkeypatch, "send", way=way)
    with pytest.raises(ReportError) as error:
        small.build()
    assert said in str(error.value) and "\n" not in str(error.value)
    assert str(error.value).startswith("pages.toml, page 'send', section '`ws.send")


def test_a_field_that_nobody_was_seen_to_make(small: Small, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Consumers, "of", lambda *_: None)
    with pytest.raises(ReportError) as error:
        small.build()
    assert "'send'" in str(error.value) and "step 3" in str(error.value)
    assert "no call was seen that made the" in str(error.value) and "bytes 0 to 0 of 7 by send" in str(error.value)


def test_a_field_that_nobody_was_seen_to_unmask(
    scenario_traces: dict[str, Trace], followed: None, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Hands, "maker", lambda *_: None)
    with pytest.raises(ReportError, match=r"page 'server'.*took the unmasked payload data \(the unmasked bytes of 11"):
        build.build(scenario_traces, list(SCENARIOS.values()))


def test_an_excuse_that_is_not_needed(small: Small, monkeypatch: pytest.MonkeyPatch):
    of_page(monkeypatch, "send", nobody={"payload data": "somebody made it"})
    with pytest.raises(ReportError, match=r"page 'send'.*`nobody` excuses 'payload data'"):
        small.build()


def test_where_it_need_not_be_whole_a_page_tells_what_there_is(
    scenario_traces: dict[str, Trace], monkeypatch: pytest.MonkeyPatch
):
    """For somebody's own app: no way, nobody seen, and no failure."""
    monkeypatch.setattr(Consumers, "of", lambda *_: None)
    of_page(monkeypatch, "send", way=WaySpec("out", "Hallo"))
    viewer = sections.Viewer(scenario_traces, notes.load(), lock.load(), strict=False)
    (section,) = viewer.page(pages.load()[0]).sections
    assert section.way == () and all(row.change is None for row in section.rows)
    assert {row.by for row in section.bytes[0].rows} == {"in parts, as below", "nobody was seen"}
