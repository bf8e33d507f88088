"""The byte pane: where each read ended, and each tab, of messages that are text, binary, fragmented and compressed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from conformance.peer import BINARY, CONT, TEXT, frame
from helpers_explorer import report, visit
from helpers_journeys import record_whole
from helpers_whole import MESSAGE, WHOLE, says
from playwright.sync_api import Browser, Page

RAW = bytes([0, 1, 0xFE, 0xFF]) + b"</pre><b>"
UNFOLDED = MESSAGE.decode()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recorded on the real stack, and on ours, which can inflate: a page of each."""
    folder = tmp_path_factory.mktemp("bytes")
    fragments = [frame(TEXT, b"one ", fin=False), frame(CONT, b"two", key=b"\1\2\3\4")]
    talks = [WHOLE["cut everywhere"], says("/take", frame(BINARY, RAW)), says("/take", *[b"".join(fragments)])]
    record_whole("real", folder / "real.trace", talks)
    record_whole("ours", folder / "ours.trace", [WHOLE["deflated"]])
    for name in ("real", "ours"):
        report(folder / name, folder / f"{name}.trace")
    return folder


def go(page: Page, kind: str, place: int = 0, direction: str = "→") -> None:
    """Choose a message by its kind."""
    entries = page.locator("#contents button", has=page.locator("b", has_text=re.compile(f"^{kind}$")))
    entries.filter(has_text=direction).nth(place).click()


def tab(page: Page, name: str) -> str:
    """What a tab shows."""
    page.locator("#tabs button").get_by_text(name, exact=True).click()
    return page.locator("#runs .hex, #runs .as-text").first.inner_text()


def shown(page: Page) -> str:
    """The bytes of the runs, without spaces."""
    return "".join(page.locator("#runs .byte").all_inner_texts())


def test_a_rule_stands_where_each_read_ended(chromium: Browser, pages: Path):
    """Eleven bytes that were sent one by one: at each end of a read a rule, in fields and between them."""
    with visit(chromium, pages / "real" / "index.html") as page:
        go(page, "text")
        sequence = page.evaluate(
            """() => [...document.querySelectorAll("#runs .byte, #runs .boundary")]
                .map(one => one.classList.contains("boundary") ? "|" : one.textContent)"""
        )
        message = frame(TEXT, b"Hello")
        reads = page.locator("#steps button.step", has_text="recv").count()
        folded = page.locator("#steps .times").all_inner_texts()
        assert "".join(sequence).replace("|", "") == message.hex()
        assert sequence.count("|") >= 5 and sequence[-1] != "|" and "||" not in "".join(sequence)
        assert reads + len(folded) > 1  # and a step of its own, where they are not folded
        said = page.locator("#runs .boundary .sr").all_text_contents()
        assert set(said) == {"here a recv ended"}


def test_the_tabs_of_a_binary_message(chromium: Browser, pages: Path):
    with visit(chromium, pages / "real" / "index.html") as page:
        go(page, "binary")
        assert page.locator("#tabs button").all_inner_texts() == ["as sent", "unmasked", "text"]
        assert (tab(page, "as sent"), shown(page))[1] == frame(BINARY, RAW).hex()
        assert (tab(page, "unmasked"), shown(page))[1] == RAW.hex()
        assert page.locator("table.xor tr").nth(2).locator("td").all_inner_texts() == [f"{b:02x}" for b in RAW]
        assert tab(page, "text") == "\\x00\\x01\ufffd\ufffd</pre><b>"
        assert page.locator("#runs b").count() == 0


def test_the_tabs_of_a_message_in_two_frames_each_with_its_key(chromium: Browser, pages: Path):
    with visit(chromium, pages / "real" / "index.html") as page:
        go(page, "text", 1)
        tab(page, "unmasked")
        assert bytes.fromhex(shown(page)) == b"one two"
        keys = page.locator("table.xor tr:nth-child(2)")
        assert keys.nth(0).locator("td").all_inner_texts() == ["37", "fa", "21", "3d"]
        assert keys.nth(1).locator("td").all_inner_texts() == ["01", "02", "03"]
        assert tab(page, "text") == "one two"


def test_the_tabs_of_a_compressed_message(chromium: Browser, pages: Path):
    with visit(chromium, pages / "ours" / "index.html") as page:
        go(page, "text")
        assert page.locator("#tabs button").all_inner_texts() == ["as sent", "unmasked", "inflated", "text"]
        sent = (tab(page, "as sent"), shown(page))[1]
        unmasked = (tab(page, "unmasked"), shown(page))[1]
        inflated = (tab(page, "inflated"), shown(page))[1]
        assert sent.startswith("c1") and unmasked not in sent
        assert len(inflated) > 2 * len(unmasked) and bytes.fromhex(inflated) == MESSAGE
        assert tab(page, "text") == UNFOLDED


def test_predicting_a_compressed_message_hides_what_is_inflated(chromium: Browser, pages: Path):
    with visit(chromium, pages / "ours" / "index.html") as page:
        go(page, "text")
        page.check("#predict")
        tab(page, "inflated")
        assert set(page.locator("#runs .byte").all_inner_texts()) == {"??"}
        assert "worth" not in page.locator("body").inner_text()
