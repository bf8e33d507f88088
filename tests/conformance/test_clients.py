"""Real clients against ours, in everything; and against the real stack, in all but how it ends (that is a race there).

`websockets` (sync and asyncio), `websocket-client`, npm's `ws`, and headless Chromium. A client that is not installed
is skipped with the reason. What each one does is in clients.py; here is what it must have seen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from .clients import CLIENTS, ENDINGS, EXPECTED, LARGE
from .clients import TEXT as TEXT_MESSAGE
from .servers import Starter

TALK = [step for step in EXPECTED if step not in ENDINGS]
Seen = Callable[[str, str, bool], dict[str, Any]]


@pytest.fixture(scope="module")
def seen(ours: Starter, real: Starter) -> Seen:
    """What a client saw of a server, asked once and kept: its steps are judged one by one."""
    cache: dict[tuple[str, str, bool], Any] = {}

    def look(client: str, whose: str, compression: bool) -> dict[str, Any]:
        key = (client, whose, compression)
        if key not in cache:
            served = ours("--compression") if whose == "ours" else real("--server", whose)
            try:
                cache[key] = CLIENTS[client](served.url(), compression, whose == "ours")
            except pytest.skip.Exception as skipped:
                cache[key] = skipped
        if isinstance(cache[key], pytest.skip.Exception):
            raise cache[key]
        return cache[key]

    return look


both_ways = pytest.mark.parametrize("compression", [False, True], ids=["plain", "deflate"])


@both_ways
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("step", EXPECTED)
def test_against_ours(seen: Seen, client: str, step: str, compression: bool) -> None:
    results = seen(client, "ours", compression)
    assert results["compression"] is compression
    assert results[step] == EXPECTED[step]


@both_ways
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("step", TALK)
def test_against_the_original(seen: Seen, client: str, step: str, compression: bool) -> None:
    results = seen(client, "werkzeug", compression)
    assert results["compression"] is compression
    assert results[step] == EXPECTED[step]


# -- Chromium --

# One connection of the browser's. `talk` names what it does; the promise is of what it saw.
SCRIPT = """([url, talk, message]) => new Promise((resolve) => {
  const ws = new WebSocket(url);
  const seen = {messages: [], extensions: null};
  ws.binaryType = 'arraybuffer';
  ws.onopen = () => {
    seen.extensions = ws.extensions;
    if (talk === 'close') ws.close(1000, 'done');
    else if (talk === 'close 4000') ws.close(4000, 'done');
    else if (talk === 'close empty') ws.close();
    else if (talk === 'bytes') ws.send(new Uint8Array(message));
    else if (talk === 'wait') setTimeout(() => ws.send(message), 1500);
    else ws.send(message);
  };
  ws.onmessage = ({data}) => {
    seen.messages.push(typeof data === 'string' ? data : Array.from(new Uint8Array(data)));
    if (talk !== 'listen') ws.close(1000, 'done');
  };
  ws.onclose = ({code, reason, wasClean}) => resolve({...seen, code, reason, wasClean});
  setTimeout(() => resolve({...seen, code: 'nothing in time'}), 10000);
})"""
Talk = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """One browser, one page, for all tests here."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("UNMAGIC_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        pytest.skip(f"no Chromium on PATH (looked for {', '.join(names)})")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, headless=True, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


@pytest.fixture(scope="module")
def chromium(page: Any) -> Talk:
    """`chromium(url, talk, message)` -> what a page saw."""
    return lambda url, talk, message="": page.evaluate(SCRIPT, [url, talk, message])


CLEAN = {"code": 1000, "reason": "done", "wasClean": True}


def ending(seen: dict[str, Any]) -> dict[str, Any]:
    return {name: seen.get(name) for name in ("code", "reason", "wasClean")}


@both_ways
@pytest.mark.parametrize(
    ("talk", "message"),
    [
        pytest.param("text", TEXT_MESSAGE, id="text"),
        pytest.param("text", "", id="empty"),
        pytest.param("text", "x" * LARGE, id="large-text"),
        pytest.param("bytes", list(range(256)), id="binary"),
        pytest.param("bytes", [byte % 251 for byte in range(LARGE)], id="large-binary"),
    ],
)
def test_chromium_with_ours(ours: Starter, chromium: Talk, talk: str, message: Any, compression: bool) -> None:
    """Chromium always offers permessage-deflate, so it is the server that is told."""
    served = ours("--compression" if compression else "--no-compression")
    seen = chromium(served.url(), talk, message)
    assert seen["messages"] == [message]
    assert ("permessage-deflate" in seen["extensions"]) is compression
    assert ending(seen)["wasClean"] is True and seen["code"] == 1000, ending(seen)


@pytest.mark.parametrize(
    ("path", "talk", "code", "reason"),
    [
        pytest.param("/echo", "close", 1000, None, id="client"),
        pytest.param("/echo", "close 4000", 4000, None, id="client-4000"),
        pytest.param("/echo", "close empty", None, None, id="client-without-a-code"),
        pytest.param("/close", "listen", 4321, "bye", id="server"),
        pytest.param("/return", "listen", 1000, None, id="handler-returns"),
        pytest.param("/boom", "listen", 1011, None, id="handler-raises"),
    ],
)
def test_chromium_closes_cleanly(
    ours: Starter, chromium: Talk, path: str, talk: str, code: int | None, reason: str | None
) -> None:
    seen = chromium(ours().url(path), talk, "go")
    assert seen["wasClean"] is True, ending(seen)
    assert seen["code"] in ({code} if code else {1000, 1005}), ending(seen)
    assert reason is None or seen["reason"] == reason, ending(seen)


def test_chromium_closes_cleanly_100_times(ours: Starter, chromium: Talk) -> None:
    """By either side in turn: `wasClean` every time."""
    for number in range(100):
        path, talk, code = [("/echo", "text", 1000), ("/close", "listen", 4321)][number % 2]
        seen = chromium(ours().url(path), talk, "go")
        assert (seen["wasClean"], seen["code"]) == (True, code), f"number {number}: {ending(seen)}"


def test_chromium_answers_our_pings(ours: Starter, chromium: Talk) -> None:
    """Quiet for several intervals, and still connected: its pongs were understood."""
    seen = chromium(ours("--ping-interval", "0.4").url(), "wait", "still here")
    assert seen["messages"] == ["still here"]
    assert seen["wasClean"] is True and seen["code"] == 1000, ending(seen)


def test_chromium_opens_the_page(ours: Starter, page: Any) -> None:
    """The page at / talks to /echo: its own script opens a WebSocket there, and raises nothing."""
    errors: list[Any] = []
    other = page.context.browser.new_page()
    other.on("pageerror", lambda error: errors.append(error))  # Playwright marks it, and cannot mark a method
    with other.expect_websocket(timeout=8000) as opened:
        other.goto(ours().url("/", "http"))
    assert opened.value.url == ours().url("/echo")
    other.close()
    assert errors == []


@pytest.mark.parametrize(("path", "talk"), [("/echo", "text"), ("/close", "listen")], ids=["client", "server"])
def test_chromium_never_sees_the_original_end_cleanly(real: Starter, chromium: Talk, path: str, talk: str) -> None:
    """PROTOCOL.md: "a browser therefore always reports 1006, not clean, against Flask-Sock on Werkzeug"."""
    for _ in range(5):
        seen = chromium(real("--server", "werkzeug").url(path), talk, "go")
        assert (seen["wasClean"], seen["code"]) == (False, 1006), ending(seen)


@pytest.mark.parametrize(
    ("talk", "message"),
    [("text", TEXT_MESSAGE), ("text", "x" * LARGE), ("bytes", list(range(256)))],
    ids=["text", "large-text", "binary"],
)
def test_chromium_with_the_original(real: Starter, chromium: Talk, talk: str, message: Any) -> None:
    seen = chromium(real("--server", "werkzeug").url(), talk, message)
    assert seen["messages"] == [message]
    assert "permessage-deflate" in seen["extensions"]
