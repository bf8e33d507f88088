"""Screenshots of the committed explorer page into docs/screenshots: light, dark, narrow, side by side, predicting."""

from __future__ import annotations

from pathlib import Path

from helpers_explorer import launch
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parent.parent
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


def main() -> None:
    folder = ROOT / "docs" / "screenshots"
    folder.mkdir(exist_ok=True)
    with sync_playwright() as driver:
        browser = launch(driver)
        for name, (width, height, scheme, where) in SHOTS.items():
            page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(PAGE + where)
            page.wait_for_selector("#steps [aria-current='step']", state="attached")
            if name == "predict":  # the second step is asked for
                page.keyboard.press("ArrowRight")
                page.locator("#choices button", has_text="wsproto").click()
                page.keyboard.press("ArrowRight")
            page.screenshot(path=folder / f"{name}.png", animations="disabled")
            print(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
