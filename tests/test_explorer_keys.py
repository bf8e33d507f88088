"""The explorer page by keyboard and for a screen reader: all that a mouse can do, with the focus seen, never lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_explorer import AXE, current, place, visit
from helpers_exports import missing
from playwright.sync_api import Browser, Page

MESSAGE = "#/receive/4-text/0"
#: What the focus is on, where it is drawn, and whether an outline is drawn around it.
FOCUS = """() => {
  const at = document.activeElement
  const box = at.getBoundingClientRect()
  const style = getComputedStyle(at)
  return {
    lost: at === document.body || !at.isConnected,
    seen: box.width > 0 && box.height > 0 && at.checkVisibility(),
    ring: at.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    on: at.closest("[id]")?.id, data: { ...at.dataset }, says: at.textContent.trim(),
  }
}"""


@pytest.fixture
def opened(chromium: Browser, explorer_page: Path) -> Iterator[Page]:
    with visit(chromium, explorer_page, MESSAGE) as page:
        yield page


def press(page: Page, *keys: str) -> dict[str, Any]:
    """Press keys; after each the focus is somewhere, and seen. Gives what has it in the end."""
    focus: dict[str, Any] = {}
    for key in keys:
        page.keyboard.press(key)
        focus = page.evaluate(FOCUS)
        assert not focus["lost"], f"{key}: the focus is lost"
        assert focus["seen"] and focus["ring"], f"{key}: {focus}"
    return focus


def tab_to(page: Page, where: str) -> dict[str, Any]:
    """Press Tab until the focus is in the element with this id."""
    for _ in range(80):
        focus = press(page, "Tab")
        if page.evaluate("id => Boolean(document.activeElement.closest('#' + id))", where):
            return focus
    raise AssertionError(f"Tab never comes to {where}")


def test_the_table_of_contents(opened: Page):
    tab_to(opened, "contents")
    focus = press(opened, "ArrowDown")
    assert focus["data"]["message"] == "5-text" and "/5-text" in place(opened)
    assert press(opened, "ArrowUp", "ArrowUp")["data"]["message"] == "3-response"
    after = press(opened, "Tab")
    assert after["on"] != "contents"  # one stop for the list


def test_steps_calls_and_folds(opened: Page):
    tab_to(opened, "steps")
    focus = press(opened, "ArrowRight")
    assert focus["on"] == "steps" and "WSConnection.receive_data" in focus["says"]
    focus = press(opened, "ArrowDown")  # into a call that is no crossing: every call is opened
    assert opened.locator("#every-call").is_checked() and focus["on"] == "steps"
    assert press(opened, "ArrowUp")["says"] == current(opened).strip().replace("\n", "") or focus["on"] == "steps"
    assert press(opened, "a")["on"] == "steps" and not opened.locator("#every-call").is_checked()
    press(opened, "a")
    rows = opened.locator("#steps button.step").count()
    for _ in range(40):
        if "fold" in press(opened, "Tab")["data"]:
            break
    unfolded = press(opened, "Enter")
    assert opened.locator("#steps button.step").count() > rows
    assert unfolded["says"] == "fold"  # the same button, which now says the other
    assert press(opened, "Enter")["says"].startswith("unfold")
    assert opened.locator("#steps button.step").count() == rows


def test_walking_by_the_buttons(opened: Page):
    assert tab_to(opened, "next")["says"].startswith("Next")
    before = place(opened)
    assert press(opened, "Enter")["on"] == "next" and place(opened) != before
    tab_to(opened, "next-message")
    assert press(opened, "Space")["on"] == "next-message" and "/5-text" in place(opened)


def test_tabs_of_the_bytes(opened: Page):
    tab_to(opened, "tabs")
    assert press(opened, "ArrowRight")["says"] == "unmasked"
    assert opened.locator("#tabs [aria-selected='true']").inner_text() == "unmasked"
    assert press(opened, "ArrowRight")["says"] == "text"
    assert press(opened, "ArrowLeft", "ArrowLeft")["says"] == "as sent"


def test_bytes_and_fields(opened: Page):
    focus = press(opened, "b")
    assert focus["on"] == "runs"
    focus = press(opened, "ArrowRight", "ArrowRight")
    assert focus["on"] == "runs" and "field=" in place(opened)
    tab_to(opened, "fields")
    names = [press(opened, "ArrowUp")["says"] for _ in range(6)]
    assert len(set(names)) == 6
    wanted = opened.locator("#fields button.field", has_text="unmasked").first
    for _ in range(20):
        if press(opened, "ArrowDown")["data"].get("field") == wanted.get_attribute("data-field"):
            break
    assert opened.locator("#tabs [aria-selected='true']").inner_text() == "unmasked"  # the tab follows, the focus stays


def test_search(opened: Page):
    assert press(opened, "/")["on"] == "search"
    opened.keyboard.type("XorMasker")
    assert press(opened, "ArrowDown")["on"] == "hits"
    assert press(opened, "Enter")["on"] == "steps"
    assert "XorMaskerSimple" in opened.locator("#source").inner_text()
    press(opened, "/")
    opened.keyboard.type("no such thing")
    assert opened.locator("#hits-count").inner_text() == "nothing found"
    assert press(opened, "Escape")["on"] == "steps" and opened.locator("#search").input_value() == ""


def test_predict(opened: Page):
    tab_to(opened, "predict")
    assert press(opened, "Space")["on"] == "predict"
    tab_to(opened, "steps")
    assert press(opened, "ArrowRight")["on"] == "choices"
    names = opened.locator("#choices button").all_inner_texts()
    press(opened, *["ArrowRight"] * names.index("wsproto"))
    focus = press(opened, "Enter")
    assert focus["on"] == "steps" and "WSConnection.receive_data" in focus["says"]
    assert "Right" in opened.locator("#verdict").inner_text()
    assert press(opened, "b")["on"] == "runs"
    assert press(opened, "Enter")["on"] == "choices"
    assert press(opened, "Enter")["on"] == "runs"
    assert press(opened, "ArrowRight")["on"] == "runs"


def test_side_by_side(opened: Page):
    tab_to(opened, "beside")
    press(opened, "ArrowDown", "ArrowDown")
    opened.locator("#beside-pane").wait_for()
    tab_to(opened, "beside-table")
    here = [press(opened, "ArrowDown")["data"] for _ in range(4)]
    assert {"0", "1"} == {data["mine"] for data in here}
    theirs = opened.locator("#beside-table button[data-mine='0']").first
    theirs.focus()
    press(opened, "Enter")
    assert opened.locator("#source .step-name").inner_text().startswith("ours")
    assert theirs.get_attribute("aria-current") == "step" and "peek=" in place(opened)
    assert press(opened, "Escape")["on"] == "steps" and not opened.locator("#beside-pane").is_visible()


def test_the_journey(opened: Page):
    tab_to(opened, "journey")
    for _ in range(10):
        if "leg" in press(opened, "Tab")["data"]:
            break
    press(opened, "Tab")
    assert "leg" in press(opened, "Enter")["data"]
    assert "WSConnection.receive_data" in current(opened)


def test_help_opens_and_gives_the_focus_back(opened: Page):
    tab_to(opened, "next")
    assert press(opened, "?")["on"] in ("help", "single-keys", "close-help")
    assert press(opened, "Escape")["on"] == "next"


def test_tab_goes_round_and_back(opened: Page):
    """No trap: forwards every part is met and the end is reached, and backwards the same."""
    met = []
    for _ in range(80):
        opened.keyboard.press("Tab")
        focus = opened.evaluate(FOCUS)
        if focus["lost"]:
            break
        met.append(focus["on"])
    assert focus["lost"] and {"search", "contents", "next", "steps", "source-pane", "tab-0", "fields"} <= set(met)
    back = []
    for _ in met:
        opened.keyboard.press("Shift+Tab")
        back.append(opened.evaluate(FOCUS)["on"])
    assert set(met) <= set(back)


# -- for a screen reader -------------------------------------------------------------------------------------------


def test_names_and_roles(opened: Page):
    for role, name in (
        ("navigation", "Messages"), ("searchbox", "Search"), ("checkbox", "Every call"), ("checkbox", "Predict"),
        ("combobox", "Beside"), ("region", "Steps"), ("region", "Bytes"), ("tablist", "Bytes as"),
        ("region", "The step and its source"), ("region", "Journeys of this message"), ("tab", "unmasked"),
        ("button", "Next message"), ("button", "Previous message"), ("table", "The fields of these bytes"),
    ):  # fmt: skip
        assert opened.get_by_role(role, name=name, exact=role != "button").first.is_visible(), (role, name)  # type: ignore[arg-type]
    chosen = opened.get_by_role("navigation", name="Messages").locator("[aria-current='true']")
    assert re.sub(r"\s+", " ", chosen.inner_text()).strip() == "→ text Hello 11 bytes in"
    key = opened.get_by_role("button", name="masking-key: 37 fa 21 3d, 4 bytes")
    assert key.count() == 1  # bytes are read as a field, not as numbers
    assert opened.get_by_role("link", name=re.compile("unmasked")).count() >= 1


def test_every_control_has_a_name(opened: Page):
    for hash_ in ("", "?predict=1", "?beside=ours"):
        opened.evaluate("hash => { location.hash = hash }", MESSAGE + hash_)
        snapshot = opened.locator("body").aria_snapshot()
        assert (
            re.findall(r"^\s*- (?:button|link|checkbox|tab|combobox|searchbox)\s*(?::\s*)?$", snapshot, re.MULTILINE)
            == []
        )
        assert 'button "' in snapshot


@pytest.mark.parametrize(
    "state", ["?predict=1", "?beside=ours", "?beside=ours&peek=3", "?tab=unmasked&calls=1", "?search=hello"]
)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1400), ("dark", 1400), ("light", 420)])
def test_axe_finds_nothing_serious(chromium: Browser, explorer_page: Path, state: str, scheme: Any, width: int):
    """Contrast included, which it computes from what is drawn."""
    if not AXE.is_file():
        missing(f"there is no {AXE}: `make npm` puts axe-core there")
    options: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}, "bypass_csp": True}
    with visit(chromium, explorer_page, MESSAGE + state, **options) as page:
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        serious = [
            (v["id"], v["nodes"][0]["html"][:120])
            for v in found["violations"]
            if v["impact"] in ("serious", "critical")
        ]
        assert serious == []
        ran = {check["id"] for check in found["passes"]}
        assert {"color-contrast", "button-name", "aria-required-children"} & ran >= {"color-contrast", "button-name"}


# -- contrast ------------------------------------------------------------------------------------------------------


def ratio(one: str, other: str) -> float:
    """WCAG 2.2's contrast of two colours such as ``#1b1f24``."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette(chromium: Browser, explorer_page: Path, scheme: Any):
    """Lanes 4:1 on light and 7:1 on dark; whatever text is 4.5:1 on every ground that it can stand on."""
    grounds = ("paper", "panel", "soft", "chosen", "ran", "here")
    inks = ("keyword", "string", "comment", "number", "definition")
    names = [*grounds, *inks, "ink", "quiet", "accent", "good", "bad", *(f"lane-{n}" for n in range(9))]
    with visit(chromium, explorer_page, "", color_scheme=scheme) as page:
        colours = page.evaluate(
            """names => { const probe = document.body.appendChild(document.createElement("i"))
                return Object.fromEntries(names.map(name => { probe.style.color = `var(--${name})`
                  const [r, g, b] = getComputedStyle(probe).color.match(/\\d+/g).map(Number)
                  return [name, "#" + [r, g, b].map(n => n.toString(16).padStart(2, "0")).join("")] })) }""",
            names,
        )
    least = 4.0 if scheme == "light" else 7.0
    lanes = {name: ratio(colours[name], colours["paper"]) for name in names if name.startswith("lane-")}
    assert {name: round(found, 2) for name, found in lanes.items() if found < least} == {}
    text = {(t, g): ratio(colours[t], colours[g]) for t in ("ink", "quiet") for g in grounds}
    code = {(t, g): ratio(colours[t], colours[g]) for t in inks for g in ("paper", "ran", "here")}
    assert {pair: round(found, 2) for pair, found in {**text, **code}.items() if found < 4.5} == {}
