"""Screenshots of the committed explorer page into docs/screenshots: light, dark, and on a narrow screen."""

from __future__ import annotations

from pathlib import Path

from helpers_explorer import launch
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "report" / "flask_sock" / "index.html").as_uri() + "#/receive/4-text/29?field=10&tab=unmasked"
#: name -> (width, height, scheme)
SHOTS = {"light": (1400, 860, "light"), "dark": (1400, 860, "dark"), "narrow": (420, 900, "light")}


def main() -> None:
    folder = ROOT / "docs" / "screenshots"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = launch(driver)
        for name, (width, height, scheme) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(PAGE)
            page.wait_for_selector("#steps [aria-current='step']")
            page.screenshot(path=folder / f"{name}.png", animations="disabled")
            print(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
