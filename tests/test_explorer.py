"""The explorer page in a real browser: panes, keys, links, the URL, print, dark, narrow, no script, hostile data."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_explorer import AXE, current, place, report, visit
from helpers_exports import Talk, missing, record
from helpers_recording import PROGRAMS
from playwright.sync_api import Browser, Page

MESSAGE = "#/receive/4-text"
HOSTILE = '</script><img src=x onerror="window.pwned=1"> <!-- \' " & ]]>'


@pytest.fixture
def opened(chromium: Browser, explorer_page: Path) -> Iterator[Page]:
    """The page at the text message that was received."""
    with visit(chromium, explorer_page, MESSAGE) as page:
        yield page


def test_the_contents_tell_direction_kind_and_size(opened: Page):
    entries = opened.locator("#contents button").all_inner_texts()
    told = [" ".join(entry.split()) for entry in entries]
    assert "→ text Hello 11 bytes in" in told
    assert any(entry.startswith("← response 101 Switching Protocols") for entry in told)
    assert opened.locator("#contents [aria-current='true']").inner_text().split() == [
        "→",
        "text",
        "Hello",
        "11",
        "bytes",
        "in",
    ]


def test_steps_by_key_by_button_and_by_click(opened: Page):
    assert "recv" in current(opened)
    opened.keyboard.press("ArrowRight")
    assert "receive_data" in current(opened)
    assert place(opened).split("?")[0].startswith(f"{MESSAGE}/")
    opened.click("#next")
    after = current(opened)
    opened.keyboard.press("ArrowLeft")
    assert "receive_data" in current(opened) and current(opened) != after
    opened.locator("#steps button.step").last.click()
    assert "receive" in current(opened)
    assert re.search(r"step (\d+) of \1$", opened.locator("#position").inner_text())


def test_messages_by_key(opened: Page):
    opened.keyboard.press("]")
    assert "/5-text" in place(opened)
    opened.keyboard.press("[")
    assert "/4-text" in place(opened)


def test_every_call_on_demand_and_repeats_unfold(opened: Page):
    crossings = opened.locator("#steps button.step").count()
    opened.keyboard.press("a")
    assert opened.locator("#steps button.step").count() > 2 * crossings
    assert opened.locator("#every-call").is_checked()
    fold = opened.locator("#steps button.fold").first
    before = opened.locator("#steps button.step").count()
    fold.click()
    assert opened.locator("#steps button.step").count() > before
    assert "unfolded=" in place(opened)


def test_a_step_shows_its_source_with_the_lines_that_ran(opened: Page):
    opened.keyboard.press("ArrowRight")
    source = opened.locator("#source")
    assert "WSConnection.receive_data" in source.inner_text()
    ran = source.locator("tr.ran")
    assert ran.count() >= 2 and "✓" in ran.first.inner_text()
    links = source.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert any(re.fullmatch(r"https://github\.com/[^/]+/[^/]+/blob/[0-9a-f]{40}/\S+#L\d+-L\d+", link) for link in links)


def test_a_field_chooses_the_step_that_took_it_and_back(opened: Page):
    opened.locator("#fields button.field", has_text="masking-key").click()
    assert "consume_exactly" in opened.locator("#source").inner_text()
    assert "parse_header" in opened.locator("#fields tr.chosen").inner_text()
    assert "field=" in place(opened)
    chosen = opened.locator("#runs button.run.chosen .byte").all_inner_texts()
    assert chosen == ["37", "fa", "21", "3d"]


def test_the_bytes_have_tabs_and_the_ends_of_reads(opened: Page):
    tabs = opened.locator("#tabs button")
    assert [tab.strip() for tab in tabs.all_inner_texts()] == ["as sent", "unmasked", "text"]
    tabs.filter(has_text="unmasked").click()
    assert "48656c6c6f" in re.sub(r"\s", "", opened.locator("#runs").inner_text())
    tabs.filter(has_text="text").click()
    assert "Hello" in opened.locator("#runs").inner_text()


def test_the_url_restores_everything(opened: Page, chromium: Browser):
    opened.keyboard.press("a")
    opened.locator("#fields button.field", has_text="payload data").first.click()
    opened.locator("#tabs button", has_text="unmasked").click()
    hash_, step = place(opened), current(opened)
    page = chromium.new_page()
    page.goto(opened.url.split("#")[0] + hash_)
    page.wait_for_selector("#steps [aria-current='step']")
    assert (place(page), current(page)) == (hash_, step)
    assert page.locator("#tabs [aria-selected='true']").inner_text().strip() == "unmasked"
    page.close()


def test_an_address_of_the_plain_page_leads_to_the_step(explorer_page: Path, chromium: Browser):
    with visit(chromium, explorer_page, "#m-receive-4-text-1") as page:
        assert place(page).startswith(f"{MESSAGE}/1") and "receive_data" in current(page)


def test_the_browser_s_way_back_leads_to_the_message_before(opened: Page):
    opened.keyboard.press("ArrowRight")
    step = current(opened)
    opened.locator("#contents button").first.click()
    opened.locator("#contents button").nth(1).click()
    opened.go_back()
    opened.wait_for_function("location.hash.startsWith('#/receive/1-')")
    opened.go_back()
    opened.wait_for_function(f"location.hash.startsWith({MESSAGE!r})")
    assert current(opened) == step
    opened.go_forward()
    opened.wait_for_function("location.hash.startsWith('#/receive/1-')")


def test_a_tall_window_is_filled(chromium: Browser, explorer_page: Path):
    with visit(chromium, explorer_page, "#/receive/1-connection", viewport={"width": 1920, "height": 1600}) as page:
        assert page.evaluate("document.querySelector('#panes').getBoundingClientRect().bottom") == 1600


def test_a_low_window_shows_a_journey_whole(chromium: Browser, explorer_page: Path):
    with visit(chromium, explorer_page, MESSAGE, viewport={"width": 640, "height": 400}) as page:
        assert page.evaluate("(box => box.scrollHeight - box.clientHeight)(document.querySelector('#journey'))") == 0


@pytest.mark.parametrize("hash_", ["#/no/such/99", "#/receive/4-text/9999?field=-7&tab=x", "#%%%", "#/%E0%A4%A/1"])
def test_a_url_that_names_nothing_shows_something(explorer_page: Path, chromium: Browser, hash_: str):
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(explorer_page.as_uri() + hash_)
    page.wait_for_selector("#steps [aria-current='step']")
    assert errors == []
    page.close()


def test_the_journey_is_a_line_through_lanes_and_threads(opened: Page):
    drawing = opened.locator("#journey svg").first
    told = drawing.text_content() or ""
    label = drawing.get_attribute("aria-label") or ""
    assert "unmasked" in label + told and "handed over" in label + told
    opened.locator("#journey a.leg circle").nth(2).click()
    assert "consume_at_most" in opened.locator("#source").inner_text()


def test_two_recordings_side_by_side(opened: Page):
    opened.select_option("#beside", "ours")
    table = opened.locator("#beside-table")
    assert {"simple_websocket", "wsproto"} <= set(table.locator("tbody th").all_inner_texts())
    assert "Connection._control" not in table.inner_text() and "FrameParser" in table.inner_text()
    assert "beside=ours" in place(opened)
    opened.keyboard.press("Escape")
    assert not opened.locator("#beside-pane").is_visible()


@pytest.mark.parametrize(
    ("words", "hit"), [("XorMasker", "XorMaskerSimple"), ("hello", "Hello"), ("37 fa 21 3d", "37 fa")]
)
def test_search_finds_functions_values_and_hex(opened: Page, words: str, hit: str):
    opened.keyboard.press("/")
    opened.keyboard.type(words)
    first = opened.locator("#hits button").first
    assert hit in first.inner_text()
    first.click()
    assert not opened.locator("#hits-pane").is_visible()


def test_predict_hides_asks_and_counts(opened: Page):
    steps = opened.locator("#steps button.step").count()
    opened.check("#predict")
    assert opened.locator("#steps button.step").count() == 1
    opened.keyboard.press("ArrowRight")
    opened.locator("#choices button", has_text="wsproto").click()
    assert "Right" in opened.locator("#verdict").inner_text()
    assert opened.locator("#steps button.step").count() == 2
    assert opened.locator("#score").inner_text() == "1 of 1 right"
    opened.locator("#fields button.field").first.click()
    assert opened.locator("#question").inner_text().startswith("What do these bytes mean?")
    opened.locator("#choices button").first.click()
    assert opened.evaluate("localStorage.length + sessionStorage.length") == 0
    opened.uncheck("#predict")
    assert opened.locator("#steps button.step").count() == steps


def test_help_and_the_switch_for_single_keys(opened: Page):
    opened.keyboard.press("?")
    assert opened.locator("#help").is_visible()
    opened.uncheck("#single-keys")
    opened.keyboard.press("Escape")
    opened.keyboard.press("a")
    assert not opened.locator("#every-call").is_checked()


def test_everything_can_be_reached_by_tab_and_nothing_traps(opened: Page):
    seen = set()
    opened.evaluate("document.body.focus()")
    for _ in range(60):
        opened.keyboard.press("Tab")
        seen.add(opened.evaluate("document.activeElement.closest('[id]')?.id"))
    assert {"search", "every-call", "predict", "next", "contents", "steps", "fields"} <= seen


def test_a_screen_reader_is_told_of_each_step(opened: Page):
    opened.keyboard.press("ArrowRight")
    assert re.match(
        r"Step 2 of \d+\. wsproto, WSConnection\.receive_data", opened.locator("#live").text_content() or ""
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 420])
def test_axe_finds_nothing_serious(chromium: Browser, explorer_page: Path, scheme: Any, width: int):
    """Contrast included, which it computes from what is drawn."""
    if not AXE.is_file():
        missing(f"there is no {AXE}: `make npm` puts axe-core there")
    context = chromium.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(explorer_page.as_uri() + MESSAGE)
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    serious = [
        (v["id"], v["nodes"][0]["html"][:120]) for v in found["violations"] if v["impact"] in ("serious", "critical")
    ]
    assert serious == []
    context.close()


def test_dark_is_dark(chromium: Browser, explorer_page: Path):
    grounds = []
    for scheme in ("light", "dark"):
        page = chromium.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(explorer_page.as_uri())
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        grounds.append(sum(map(int, re.findall(r"\d+", ground)[:3])))
        page.close()
    assert grounds[0] > 600 > 150 > grounds[1]


def test_a_narrow_screen_needs_no_sideways_scrolling(chromium: Browser, explorer_page: Path):
    page = chromium.new_page(viewport={"width": 420, "height": 900})
    page.goto(explorer_page.as_uri() + MESSAGE)
    page.wait_for_selector("#steps [aria-current='step']")
    assert page.evaluate("document.documentElement.scrollWidth") <= 420
    page.close()


@pytest.mark.parametrize("how", ["without a script", "in print"])
def test_the_page_is_complete(chromium: Browser, explorer_page: Path, how: str):
    context = chromium.new_context(java_script_enabled=how == "in print")
    page = context.new_page()
    page.goto(explorer_page.as_uri())
    if how == "in print":
        page.emulate_media(media="print")
    story = page.locator("#story")
    story.wait_for(state="visible")  # the browser tells of another medium with the next frame
    assert not page.locator("#panes").is_visible()
    text = story.inner_text()
    for wanted in ("WSConnection.receive_data", "masking-key", "handed over", "101 Switching Protocols", "FrameParser"):
        assert wanted in text, wanted
    ids = page.locator("[id]").evaluate_all("all => all.map(one => one.id)")
    assert len(ids) == len(set(ids))
    targets = story.locator("a[href^='#']").evaluate_all("all => all.map(one => one.getAttribute('href').slice(1))")
    assert targets and set(targets) <= set(ids)
    context.close()


#: What would turn a line around, hide in it, or be no character at all (half of a surrogate pair, as JSON may have it).
ODD = "\u202eevil\u202c \u2066x\u2069 \u200b\ufeff \0 \x1b[31m \u2028 \U0001f600"
#: A program whose own names are markup: its file, a function of it, its route's value.
PROGRAM = """\
import sys
sys.path.insert(0, {folder!r})
import echo_one
plain = echo_one.say
def shown(end, ws, message, lone="lone: " + chr(0xd800)):
    plain(end, ws, message)
shown.__code__ = shown.__code__.replace(co_name="<img src=x onerror=pwned=3>", {qualname})
if __name__ == "__main__":
    echo_one.say = shown
    with echo_one.listening("tcp") as listener:
        print(listener.getsockname()[1], flush=True)
        end, _ = listener.accept()
    with end:
        echo_one.serve(end)
"""


def test_hostile_names_bidirectional_text_and_lone_surrogates(chromium: Browser, tmp_path: Path):
    """As a file's name, a function's, a message: all shown as what they are, none turns the page around."""
    folder = tmp_path / "<img src=x onerror=pwned=5>"
    folder.mkdir()
    qualname = "co_qualname='<img src=x onerror=pwned=3>'" if sys.version_info >= (3, 11) else ""
    program = folder / "<script>pwned=6<b>.py"
    program.write_text(PROGRAM.format(folder=str(PROGRAMS), qualname=qualname), encoding="utf-8")
    trace = record(tmp_path, Talk("tcp", (ODD, HOSTILE)), program=program)
    report(tmp_path / "pages", trace)
    text = (tmp_path / "pages" / "index.html").read_bytes().decode("utf-8")  # and so without a lone surrogate
    assert "\u202e" not in text.replace(ODD, "") and "\0" not in text
    seen = ""
    with visit(chromium, tmp_path / "pages" / "index.html", "#/tcp/1/0?calls=1", bypass_csp=True) as page:
        for button in range(page.locator("#contents button").count()):
            page.locator("#contents button").nth(button).click()
            odd = page.locator("#steps button.step", has_text="pwned=3")
            if odd.count():
                odd.first.click()
            for tab in range(page.locator("#tabs button").count()):
                page.locator("#tabs button").nth(tab).click()
                seen += str(page.evaluate("document.getElementById('explorer').textContent"))
        assert page.evaluate("window.pwned") is None and page.locator("img").count() == 0
        assert "evil" in seen and "pwned=6" in seen and "pwned=3" in seen and "lone: " in seen
        assert re.findall("[\u202a-\u202e\u2066-\u2069\u200b\ufeff\0\x1b]", seen) == []
        page.emulate_media(media="print")
        page.wait_for_selector("#story")
        assert page.evaluate("window.pwned") is None and page.locator("img").count() == 0


def test_hostile_data_is_shown_and_never_obeyed(chromium: Browser, tmp_path: Path):
    trace = record(
        tmp_path, Talk("tcp", (HOSTILE, "harmless"), path="/<b>x</b>", header="X-Odd: </title><script>pwned=2</script>")
    )
    report(tmp_path / "pages", trace)
    source = (tmp_path / "pages" / "index.html").read_text(encoding="utf-8")
    assert "default-src &#39;none&#39;" in source and source.count("</script>") == 3
    page = chromium.new_page()
    failed: list[str] = []
    page.on("console", lambda message: failed.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto((tmp_path / "pages" / "index.html").as_uri())
    page.wait_for_selector("#contents button")
    for button in range(page.locator("#contents button").count()):
        page.locator("#contents button").nth(button).click()
    assert page.evaluate("window.pwned") is None and failed == []
    assert page.locator("img").count() == 0
    assert any(HOSTILE[:20] in text for text in page.locator("#contents button").all_inner_texts())
    page.close()
