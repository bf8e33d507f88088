"""The page of a trace that `sys.monitoring` recorded (Python 3.12 and newer): the same as of one by `sys.settrace`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conformance.peer import TEXT, frame
from elsewhere.recording import record
from helpers_explorer import current, report, visit
from other_pythons import interpreters
from playwright.sync_api import Browser, Page
from test_view_schema import carried, faults

from tracer.scenarios.client import Peer, upgrade

ENGINES = ("settrace", "monitoring")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """An echo on our own stack, which needs nothing installed, under a newer Python; recorded by each engine."""
    found = {minor: python for minor, python in interpreters().items() if minor >= 12}
    if not found:
        pytest.skip("there is no Python 3.12 or newer here")
    folder = tmp_path_factory.mktemp("engines")
    options = (
        "--python",
        found[min(found)],
        "--scope",
        "program",
        "--scope",
        "reference_impl",
        "--lines",
        "reference_impl",
    )
    for engine in ENGINES:
        trace = folder / engine / "echo.trace"
        trace.parent.mkdir()
        record("../../programs/whole/ours", trace, [echo], engine, *options)
        report(folder / f"{engine}-pages", trace)
    return {engine: folder / f"{engine}-pages" / "index.html" for engine in ENGINES}


def echo(peer: Peer) -> None:
    peer.send(upgrade("/echo"))
    peer.read_until(b"\r\n\r\n")
    peer.send(frame(TEXT, b"Hello"))
    peer.read_frame()


def told(page: Path) -> list[Any]:
    """What the page tells of each message: what ran, how deep, which lines, how it ended; its bytes; its ways."""
    data = carried(page.read_text(encoding="utf-8"))
    assert faults(data) == []
    text = data["texts"]
    found = []
    for message in data["recordings"][0]["messages"]:
        steps = [data["steps"][place] for place in message["steps"]]
        rows = [(text[s[0]], text[s[1]], s[4], s[5], s[9], text[s[11]], executed(text, s)) for s in steps]
        fields = [data["fields"][place] for place in message["fields"]]
        ways = [[(leg[0], leg[1], leg[4], leg[6]) for leg in way["legs"]] for way in message["ways"]]
        found.append((message["id"], rows, [(f[:4], text[f[4]], text[f[9]], f[8]) for f in fields], ways))
    return found


def executed(text: list[str], step: list[Any]) -> set[int]:
    """Which lines ran. Not how often, nor of a generator that goes on: a line to which a loop or a resume comes back is
    an event of its own under settrace only. Nor of a call that had not ended: another thread went on meanwhile."""
    if text[step[0]] == "resume" or not text[step[11]]:
        return set()
    runs = (run.partition("-") for run in text[step[13]].split())
    return {line for first, _, last in runs for line in range(int(first), int(last or first) + 1)}


def test_both_engines_give_the_same_page(pages: dict[str, Path]):
    settrace, monitoring = (told(pages[engine]) for engine in ENGINES)
    assert [message[0] for message in settrace][:3] == ["1-connection", "2-request", "3-response"]
    assert any(row[6] for row in settrace[3][1])  # executed lines
    assert settrace == monitoring


def test_the_page_is_walked_through_in_a_browser(chromium: Browser, pages: dict[str, Path]):
    with visit(chromium, pages["monitoring"], "#/echo/4-text/0") as page:
        assert page.locator("#journey a.leg").count() >= 4
        assert "recv" in current(page)
        page.keyboard.press("ArrowRight")
        assert page.locator("#source tr.ran").count() >= 1
        page.locator("#fields button.field", has_text="masking-key").click()
        assert "_read" in page.locator("#source").inner_text() or "_read" in chosen(page)
        page.keyboard.press("Escape")  # out of the list, in which arrows go from field to field
        for _ in range(60):
            page.keyboard.press("ArrowRight")
        assert "5-text" in page.url or "6-" in page.url


def chosen(page: Page) -> str:
    return page.locator("#fields tr.chosen").inner_text()
