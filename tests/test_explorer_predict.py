"""Predict mode: what comes next is nowhere on the page until the reader chose; it counts, and it keeps nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers_explorer import place, visit
from playwright.sync_api import Browser, Page

MESSAGE = "#/receive/4-text/0"
#: What a reader could know from these before they said anything: the message, its unmasked bytes, a later step.
ANSWERS = ("Hello", "48 65 6c", "XorMasker", "masking-key", "unmasks", "WSConnection.receive_data")


@pytest.fixture
def predicting(chromium: Browser, explorer_page: Path) -> Iterator[Page]:
    with visit(chromium, explorer_page, f"{MESSAGE}?predict=1") as page:
        page.wait_for_selector("#quiz:not([hidden])")
        yield page
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert page.context.cookies() == []


def answer(page: Page, right: str) -> None:
    page.locator("#choices button").get_by_text(right, exact=True).click()


def everything(page: Page) -> str:
    """All that the page says: what is seen, and what is said of it (titles, labels, addresses of legs)."""
    said: str = page.evaluate(
        """() => [...document.querySelectorAll("#explorer, #explorer *")].filter(one => one.checkVisibility())
            .flatMap(one => [...one.attributes].map(a => a.value)).join("\\n") + document.body.innerText"""
    )
    return said


def test_nothing_on_the_page_gives_an_answer_away(predicting: Page):
    for tab in ("as sent", "unmasked", "text"):
        predicting.locator("#tabs button", has_text=tab).click()
        found = [word for word in ANSWERS if word in everything(predicting)]
        assert found == [], tab
    assert predicting.locator("#search").is_disabled() and predicting.locator("#beside").is_disabled()


def test_a_url_does_not_jump_ahead(chromium: Browser, explorer_page: Path):
    with visit(chromium, explorer_page, "#/receive/4-text/29?predict=1&beside=ours&search=Hello") as page:
        page.wait_for_selector("#quiz:not([hidden])")
        assert [word for word in ANSWERS if word in everything(page)] == []


def test_the_next_step(predicting: Page):
    legs = predicting.locator("#journey a.leg")
    assert legs.count() == 1
    predicting.keyboard.press("ArrowRight")
    assert predicting.locator("#question").inner_text() == "Which library has it next?"
    assert "WSConnection.receive_data" not in everything(predicting)
    answer(predicting, "wsproto")
    assert predicting.locator("#verdict").inner_text() == "✓ Right: wsproto: WSConnection.receive_data"
    assert predicting.locator("#score").inner_text() == "1 of 1 right"
    assert legs.count() == 2 and "WSConnection.receive_data" in predicting.locator("#source").inner_text()
    predicting.keyboard.press("ArrowRight")
    answer(predicting, "python")
    assert "✗ It was: wsproto: WSConnection.events" in predicting.locator("#verdict").inner_text()
    assert predicting.locator("#score").inner_text() == "1 of 2 right"


def test_the_whole_message_step_by_step(predicting: Page):
    """To the end, where everything is told; every answer is one of those that were offered."""
    for _ in range(30):
        predicting.click("#next")
        if not predicting.locator("#choices button").count():
            break
        predicting.locator("#choices button").first.click()
    assert "5-text" in place(predicting)
    predicting.keyboard.press("[")
    assert predicting.locator("#journey a.leg").count() == 7
    predicting.locator("#tabs button", has_text="text").click()
    assert predicting.locator("#runs").inner_text().strip() == "Hello"


def test_what_a_field_means(predicting: Page):
    key = predicting.locator("#runs button.run", has_text="37fa213d")
    assert "hidden" in key.inner_text()
    key.click()
    assert predicting.locator("#question").inner_text() == "What do these bytes mean? 37 fa 21 3d"
    assert predicting.locator("#fields button.field", has_text="masking-key").count() == 0
    answer(predicting, "masking-key")
    assert predicting.locator("#verdict").inner_text() == "✓ Right: masking-key: 37 fa 21 3d"
    assert predicting.locator("#fields button.field", has_text="masking-key").count() == 1
    assert predicting.evaluate("document.activeElement.dataset.field") == key.get_attribute("data-field")
    assert predicting.locator("#steps button.step").count() == 1  # the step that took it is not told by that


def test_what_a_run_of_bits_means(predicting: Page):
    predicting.locator("#fields .ruler button.field").first.click()
    assert predicting.locator("#question").inner_text() == "What do these bytes mean? bit 0 of 81"
    answer(predicting, "FIN")
    assert "FIN" in predicting.locator("#fields .ruler").first.inner_text()


def test_the_unmasked_byte_is_worked_out(predicting: Page):
    """Once the key is known; each byte is sent ^ key, and only those that were answered are shown."""
    predicting.locator("#runs button.run", has_text="37fa213d").click()
    answer(predicting, "masking-key")
    predicting.locator("#tabs button", has_text="unmasked").click()
    table = predicting.locator("table.xor tr")
    assert table.nth(2).locator("td").all_inner_texts() == ["??"] * 5
    sent, key = (table.nth(row).locator("td").all_inner_texts() for row in (0, 1))
    assert (sent, key) == (["7f", "9f", "4d", "51", "58"], ["37", "fa", "21", "3d", "37"])
    table.nth(2).locator("button").nth(1).click()
    assert predicting.locator("#question").inner_text() == "Byte 1: 9f XOR fa is"
    choices = predicting.locator("#choices button").all_inner_texts()
    assert len(choices) == len(set(choices)) == 4
    answer(predicting, "65")
    assert predicting.locator("#verdict").inner_text() == "✓ Right: 9f ^ fa = 65 (“e”)"
    assert table.nth(2).locator("td").all_inner_texts() == ["??", "65", "??", "??", "??"]
    assert table.nth(3).locator("td").all_inner_texts() == ["", "e", "", "", ""]
    for byte in ("48", "6c", "6c", "6f"):  # each is asked in its turn
        answer(predicting, byte)
    made = [int(byte, 16) for byte in table.nth(2).locator("td").all_inner_texts()]
    assert made == [int(a, 16) ^ int(b, 16) for a, b in zip(sent, key, strict=True)]
    assert predicting.locator("#score").inner_text() == "6 of 6 right"
    predicting.locator("#tabs button", has_text="text").click()
    assert predicting.locator("#runs").inner_text().strip() == "Hello"


def test_switched_off_everything_is_told_and_nothing_is_kept(predicting: Page):
    predicting.keyboard.press("ArrowRight")
    answer(predicting, "wsproto")
    predicting.uncheck("#predict")
    assert predicting.locator("#steps button.step").count() == 7 and not predicting.locator("#quiz").is_visible()
    assert "Hello" in predicting.locator("#message-title").inner_text()
    assert "predict" not in place(predicting) and not predicting.locator("#search").is_disabled()
    predicting.check("#predict")
    assert predicting.locator("#score").inner_text() == "nothing asked yet"
    assert predicting.locator("#steps button.step").count() == 1


def test_a_question_can_be_left(predicting: Page):
    predicting.keyboard.press("ArrowRight")
    assert predicting.locator("#choices button").count() > 1
    predicting.keyboard.press("Escape")
    assert predicting.locator("#choices button").count() == 0
    assert predicting.locator("#score").inner_text() == "nothing asked yet"
    assert re.match(r"What comes next\?", predicting.locator("#question").inner_text())
