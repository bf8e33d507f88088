"""What the explorer's tests share: pages on disk, made of real traces, and a real browser that opens them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers_command import in_process
from helpers_exports import tool
from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parent.parent
AXE = ROOT / "build" / "node_modules" / "axe-core" / "axe.min.js"


def launch(driver: Playwright) -> Browser:
    """Chromium, without the requests that it makes by itself."""
    arguments = ["--no-sandbox", "--disable-background-networking"]
    return driver.chromium.launch(executable_path=tool("chromium"), args=arguments)


@dataclass(frozen=True)
class Said:
    """What a command said."""

    stdout: str
    stderr: str


def report(folder: Path, *arguments: str | Path, code: int = 0) -> Said:
    """Run `unmagic report`."""
    ended, *said = in_process(["report", *map(str, arguments), "-o", str(folder)], ROOT, os.environ)
    assert ended == code, said
    return Said(*said)


@contextmanager
def visit(browser: Browser, path: Path, hash_: str = "", **options: Any) -> Iterator[Page]:
    """A page in a window of its own; whatever it asks for, or complains of, fails the test at the end."""
    context = browser.new_context(**{"viewport": {"width": 1400, "height": 900}, **options})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: asked.append(str(error)))
    page.on("console", lambda message: asked.append(message.text) if message.type == "error" else None)
    page.goto(path.as_uri() + hash_)
    page.wait_for_selector("#steps [aria-current='step']", state="attached")
    yield page
    context.close()
    assert [one for one in asked if not one.startswith("file://")] == []


def current(page: Page) -> str:
    """What the chosen step is called on the page."""
    return page.locator("#steps [aria-current='step']").inner_text()


def place(page: Page) -> str:
    """Where the reader is, from the URL."""
    return str(page.evaluate("location.hash"))
