"""What the explorer's tests share: pages on disk, made of real traces, and a real browser that opens them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from helpers_exports import tool
from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parent.parent
AXE = ROOT / "build" / "node_modules" / "axe-core" / "axe.min.js"


def launch(driver: Playwright) -> Browser:
    """Chromium, without the requests that it makes by itself."""
    arguments = ["--no-sandbox", "--disable-background-networking"]
    return driver.chromium.launch(executable_path=tool("chromium"), args=arguments)


def report(folder: Path, *arguments: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `unmagic report`."""
    command = [sys.executable, "-m", "unmagic", "report", *map(str, arguments), "-o", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == code, done.stderr
    return done


def current(page: Page) -> str:
    """What the chosen step is called on the page."""
    return page.locator("#steps [aria-current='step']").inner_text()


def place(page: Page) -> str:
    """Where the reader is, from the URL."""
    return str(page.evaluate("location.hash"))
