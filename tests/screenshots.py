"""Screenshots into docs/screenshots: the explorer page light, dark, narrow, beside, predicting; and a terminal."""

from __future__ import annotations

import io
import re
from pathlib import Path

from helpers_explorer import launch
from helpers_terminal import on_a_terminal
from playwright.sync_api import Browser, sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
PAGE = (ROOT / "report" / "flask_sock" / "index.html").as_uri() + "#/receive/4-text/"
UNMASKING = "29?field=10&tab=unmasked"
#: name -> (width, height, scheme, where)
SHOTS = {
    "light": (1400, 860, "light", UNMASKING),
    "dark": (1400, 860, "dark", UNMASKING),
    "narrow": (420, 900, "light", UNMASKING),
    "beside": (1400, 860, "light", "1?beside=ours"),
    "predict": (1400, 860, "light", "0?predict=1"),
}
#: The command whose output is the picture of a terminal, and the terminal's columns.
COMMAND, COLUMNS = ("show", "traces/receive.trace", "1"), 104


def pages(browser: Browser) -> None:
    """The explorer page."""
    for name, (width, height, scheme, where) in SHOTS.items():
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(PAGE + where)
        page.wait_for_selector("#steps [aria-current='step']", state="attached")
        if name == "predict":  # the second step is asked for
            page.keyboard.press("ArrowRight")
            page.locator("#choices button", has_text="wsproto").click()
            page.keyboard.press("ArrowRight")
        page.screenshot(path=FOLDER / f"{name}.png", animations="disabled")
        print(FOLDER / f"{name}.png")


def terminal(browser: Browser) -> None:
    """What the command printed on a terminal, drawn by Rich; without the font that it would fetch."""
    said = on_a_terminal(*COMMAND, columns=COLUMNS)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    console.print(Text.from_ansi(said.rstrip("\n")), soft_wrap=True)
    svg = console.export_svg(title=f"unmagic {' '.join(COMMAND)}", theme=MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    width, height = (round(float(number)) for number in re.findall(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)[0])
    page = browser.new_page(viewport={"width": width, "height": height})
    page.set_content(f'<body style="margin:0">{svg}</body>')
    page.screenshot(path=FOLDER / "terminal.png", omit_background=True)
    print(FOLDER / "terminal.png")


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = launch(driver)
        pages(browser)
        terminal(browser)
        browser.close()


if __name__ == "__main__":
    main()
