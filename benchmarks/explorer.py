"""How fast the explorer page is: the committed one, and one of a trace of 100,000 calls with 20 chosen journeys.

Each page is opened from its file in headless Chromium, again and again, each time in a window of its own that has
nothing in its caches. Printed are medians and all values of: the first contentful paint, until everything is drawn
(the viewer's own mark), and one step (from the key to the frame after it is drawn). An empty page is measured in turn
with them: what it takes is the browser's and the machine's. The busy trace is a real recording: the echo of
`real_stack.py` under `unmagic run`, with clients on sockets; its page is made by `unmagic report --journey`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from playwright.sync_api import Browser, Page, sync_playwright

from .journeys import record
from .servers import ROOT

COMMITTED = ROOT / "report" / "flask_sock" / "index.html"
CALLS, CLIENTS, CHOSEN = 100_000, 20, 20
#: Round trips that make more than `CALLS` calls.
ROUNDS = 2_400
REPEATS, STEPS = 11, 20
#: Milliseconds, and bytes, that are wanted: (of the committed page, of the busy one).
WANTED = {"first paint": (100.0, 1_000.0), "drawn": (None, 1_000.0), "step": (100.0, 100.0)}
SIZE = 1_500_000

_TIMES = """() => new Promise(done => {
  const look = () => {
    const paint = performance.getEntriesByName("first-contentful-paint")[0]
    const drawn = performance.getEntriesByName("drawn")[0]
    if (!paint || (!drawn && document.getElementById("view"))) return setTimeout(look, 5)
    done([paint.startTime, drawn ? drawn.startTime : paint.startTime])
  }
  look()
})"""
_STEP = """() => new Promise(done => {
  const began = performance.now()
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }))
  document.body.offsetHeight
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)))
})"""


@contextmanager
def window(browser: Browser, page: Path) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    opened = context.new_page()
    opened.goto(page.as_uri())
    yield opened
    context.close()


def opening(browser: Browser, page: Path) -> list[float]:
    """(first paint, drawn), in milliseconds since the page was asked for."""
    with window(browser, page) as opened:
        times: list[float] = opened.evaluate(_TIMES)
        return times


def stepping(browser: Browser, page: Path) -> list[float]:
    """Milliseconds of `STEPS` steps in a row; over the end of a message the next one is drawn."""
    with window(browser, page) as opened:
        opened.evaluate(_TIMES)
        return [opened.evaluate(_STEP) for _ in range(STEPS)]


def busy(folder: Path) -> tuple[Path, str]:
    """The page of a busy echo, and what it was made of. Raises RuntimeError where something fails."""
    from tracer.reading.flow import Flow
    from tracer.reading.journeys import answers, journeys
    from tracer.reading.trace import Trace

    trace, out = folder / "busy.trace", folder / "pages"
    record(ROUNDS, trace, CLIENTS)
    with Trace.open(trace) as opened:
        calls, flow = len(opened.calls), Flow(opened)
        found = len(journeys(flow)) + len(answers(flow))
    if calls < CALLS:
        raise RuntimeError(f"{ROUNDS} round trips made only {calls:,} calls")
    chosen = [1 + place * (found - 1) // (CHOSEN - 1) for place in range(CHOSEN)]
    options = [word for number in chosen for word in ("--journey", str(number))]
    began = perf_counter()
    command = [sys.executable, "-m", "unmagic", "report", str(trace), "-o", str(out), *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    took = perf_counter() - began
    told = f"{calls:,} calls, {found:,} journeys, {CHOSEN} of them chosen; made in {took:.0f} s"
    return out / "index.html", told


def line(name: str, values: list[float], wanted: float | None) -> str:
    verdict = "" if wanted is None else f"  wanted under {wanted:,.0f}: {'yes' if median(values) < wanted else 'NO'}"
    spread = ", ".join(f"{value:.0f}" for value in sorted(values))
    return f"  {name:12} {median(values):6.1f} ms  ({spread}){verdict}"


def main() -> int:
    """Print the measures. Exit codes as of the other benchmarks: 0 measured, 1 something failed."""
    chromium = os.environ.get("UNMAGIC_CHROMIUM") or shutil.which("chromium")
    if chromium is None:
        print("not measured: there is no chromium on PATH; install it, or set UNMAGIC_CHROMIUM", file=sys.stderr)
        return 1
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        try:
            page, told = busy(Path(folder))
        except (OSError, RuntimeError) as error:
            print(f"not measured: {error}", file=sys.stderr)
            return 1
        empty = Path(folder) / "empty.html"
        empty.write_text("<!doctype html><title>empty</title><p>a line", encoding="utf-8")
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        pages = {"an empty page": empty, "the committed page": COMMITTED, f"the page of {told}": page}
        opened: dict[str, list[list[float]]] = {name: [] for name in pages}
        for path in pages.values():  # the browser itself is warm from here on
            opening(browser, path)
        for _ in range(REPEATS):
            for name, path in pages.items():
                opened[name].append(opening(browser, path))
        for place, (name, path) in enumerate(pages.items()):
            _print(name, path, opened[name], stepping(browser, path) if place else [], place - 1)
        browser.close()
    return 0


def _print(name: str, path: Path, opened: list[list[float]], steps: list[float], which: int) -> None:
    size = path.stat().st_size
    verdict = "" if which else f"  wanted at most {SIZE:,}: {'yes' if size <= SIZE else 'NO'}"
    print(f"{name}: {size:,} bytes{verdict}")
    paints, drawn = (list(values) for values in zip(*opened, strict=True))
    for what, values in (("first paint", paints), ("drawn", drawn), ("step", steps)):
        if values and not (which < 0 and what == "drawn"):
            print(line(what, values, WANTED[what][which] if which >= 0 else None), flush=True)


if __name__ == "__main__":
    sys.exit(main())
