"""Clients that nobody here wrote, each behind one face: `converse(url, compression, endings)` gives what it saw.

In: the URL of /echo, whether to offer permessage-deflate, and whether to try the endings too. Out: a dict from a step's
name to its result, the same for every client (`EXPECTED`), or the text of the exception that the step ended with. A
step opens a connection of its own, so one that fails spoils no other. It leaves out Chromium, which test_clients.py
drives, for a browser sends neither fragments nor pings.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .servers import ROOT

TEXT = "Grüße, κόσμε, 世界 🌍"
BINARY = bytes(range(256))
LARGE = 70_000
FRAGMENTS = ["Hel", "lo, ", "κόσμε ", "🌍"]
WAIT = 10  # seconds for any one step

# What every client must have seen. A size stands for a large message that came back equal.
EXPECTED: dict[str, Any] = {
    "text": TEXT,
    "empty": "",
    "binary": BINARY.hex(),
    "large text": LARGE,
    "large binary": LARGE,
    "fragments": "".join(FRAGMENTS),
    "ping": True,
    "client closes": 4000,
    "server closes": [4321, "bye"],
    "handler returns": 1000,
    "handler raises": 1011,
}
ENDINGS = ["client closes", "server closes", "handler returns", "handler raises"]
Steps = dict[str, Callable[[], Any]]


def attempt(steps: Steps, endings: bool) -> dict[str, Any]:
    results: dict[str, Any] = {}
    for name, step in steps.items():
        if name in ENDINGS and not endings:
            continue
        try:
            results[name] = step()
        except Exception as error:  # whatever a stranger's client raises is that step's result
            results[name] = f"{type(error).__name__}: {error}"
    return results


def size_if_equal(sent: Any, got: Any) -> Any:
    return len(got) if type(sent) is type(got) and sent == got else f"{len(got)} of {type(got)} came back, not equal"


def websockets_sync(url: str, compression: bool, endings: bool) -> dict[str, Any]:
    client = pytest.importorskip("websockets.sync.client", reason="websockets is not installed")
    from websockets.exceptions import ConnectionClosed

    def opened(path: str = "/echo") -> Any:
        how = "deflate" if compression else None
        return client.connect(url.replace("/echo", path), compression=how, open_timeout=WAIT, close_timeout=2)

    def echo(message: Any) -> Any:
        with opened() as ws:
            ws.send(message)
            return ws.recv(timeout=WAIT)

    def ping() -> bool:
        with opened() as ws:
            return ws.ping(b"Hello").wait(WAIT)

    def extension() -> bool:
        with opened() as ws:
            return any(extension.name == "permessage-deflate" for extension in ws.protocol.extensions)

    def client_closes() -> int:
        with opened() as ws:
            ws.close(4000, "done")
            return ws.close_code

    def ended(path: str) -> tuple[int, str]:
        with opened(path) as ws:
            ws.send("go")
            try:
                while True:
                    ws.recv(timeout=WAIT)
            except ConnectionClosed:
                return ws.close_code, ws.close_reason

    return attempt(
        {
            "compression": extension,
            "text": lambda: echo(TEXT),
            "empty": lambda: echo(""),
            "binary": lambda: echo(BINARY).hex(),
            "large text": lambda: size_if_equal("x" * LARGE, echo("x" * LARGE)),
            "large binary": lambda: size_if_equal(bytes(LARGE), echo(bytes(LARGE))),
            "fragments": lambda: echo(iter(FRAGMENTS)),
            "ping": ping,
            "client closes": client_closes,
            "server closes": lambda: list(ended("/close")),
            "handler returns": lambda: ended("/return")[0],
            "handler raises": lambda: ended("/boom")[0],
        },
        endings,
    )


def websockets_asyncio(url: str, compression: bool, endings: bool) -> dict[str, Any]:
    client = pytest.importorskip("websockets.asyncio.client", reason="websockets is not installed")
    from websockets.exceptions import ConnectionClosed

    def opened(path: str = "/echo") -> Any:
        how = "deflate" if compression else None
        return client.connect(url.replace("/echo", path), compression=how, open_timeout=WAIT, close_timeout=2)

    async def echo(message: Any) -> Any:
        async with opened() as ws:
            await ws.send(message)
            return await ws.recv()

    async def ping() -> bool:
        async with opened() as ws:
            return await (await ws.ping(b"Hello")) >= 0

    async def extension() -> bool:
        async with opened() as ws:
            return any(extension.name == "permessage-deflate" for extension in ws.protocol.extensions)

    async def client_closes() -> int:
        async with opened() as ws:
            await ws.close(4000, "done")
            return ws.close_code

    async def ended(path: str) -> list[Any]:
        async with opened(path) as ws:
            await ws.send("go")
            try:
                while True:
                    await ws.recv()
            except ConnectionClosed:
                return [ws.close_code, ws.close_reason]

    def run(step: Callable[[], Awaitable[Any]]) -> Any:
        async def bounded() -> Any:
            return await asyncio.wait_for(step(), WAIT)

        with ThreadPoolExecutor(1) as pool:  # Playwright's own event loop may be running in this thread
            return pool.submit(asyncio.run, bounded()).result()

    return attempt(
        {
            "compression": lambda: run(extension),
            "text": lambda: run(lambda: echo(TEXT)),
            "empty": lambda: run(lambda: echo("")),
            "binary": lambda: run(lambda: echo(BINARY)).hex(),
            "large text": lambda: size_if_equal("x" * LARGE, run(lambda: echo("x" * LARGE))),
            "large binary": lambda: size_if_equal(bytes(LARGE), run(lambda: echo(bytes(LARGE)))),
            "fragments": lambda: run(lambda: echo(iter(FRAGMENTS))),
            "ping": lambda: run(ping),
            "client closes": lambda: run(client_closes),
            "server closes": lambda: run(lambda: ended("/close")),
            "handler returns": lambda: run(lambda: ended("/return"))[0],
            "handler raises": lambda: run(lambda: ended("/boom"))[0],
        },
        endings,
    )


def websocket_client(url: str, compression: bool, endings: bool) -> dict[str, Any]:
    """It knows no compression at all, and reads pongs and closes as frames."""
    if compression:
        pytest.skip("websocket-client implements no permessage-deflate")
    websocket = pytest.importorskip("websocket", reason="websocket-client is not installed")
    from websocket import ABNF

    def opened(path: str = "/echo") -> Any:
        return websocket.create_connection(url.replace("/echo", path), timeout=WAIT)

    def echo(*frames: Any) -> Any:
        ws = opened()
        try:
            for one in frames:
                ws.send_frame(one)
            return ws.recv()
        finally:
            ws.close()

    def message(data: Any) -> Any:
        opcode = ABNF.OPCODE_TEXT if isinstance(data, str) else ABNF.OPCODE_BINARY
        return echo(ABNF.create_frame(data, opcode))

    def fragments() -> str:
        opcodes = [ABNF.OPCODE_TEXT] + [ABNF.OPCODE_CONT] * (len(FRAGMENTS) - 1)
        last = len(FRAGMENTS) - 1
        pairs = enumerate(zip(FRAGMENTS, opcodes, strict=True))
        return echo(*(ABNF.create_frame(part.encode(), opcode, int(at == last)) for at, (part, opcode) in pairs))

    def ping() -> bool:
        ws = opened()
        ws.ping(b"Hello")
        opcode, data = ws.recv_data(control_frame=True)
        ws.close()
        return opcode == ABNF.OPCODE_PONG and data == b"Hello"

    def closed(ws: Any) -> list[Any]:
        while True:
            opcode, data = ws.recv_data(control_frame=True)
            if opcode == ABNF.OPCODE_CLOSE:
                return [int.from_bytes(data[:2], "big"), data[2:].decode()]

    def client_closes() -> int:
        ws = opened()
        ws.send_close(4000, b"done")
        return closed(ws)[0]

    def ended(path: str) -> list[Any]:
        ws = opened(path)
        ws.send("go")
        return closed(ws)

    return attempt(
        {
            "compression": lambda: False,
            "text": lambda: message(TEXT),
            "empty": lambda: message(""),
            "binary": lambda: message(BINARY).hex(),
            "large text": lambda: size_if_equal("x" * LARGE, message("x" * LARGE)),
            "large binary": lambda: size_if_equal(bytes(LARGE), message(bytes(LARGE))),
            "fragments": fragments,
            "ping": ping,
            "client closes": client_closes,
            "server closes": lambda: ended("/close"),
            "handler returns": lambda: ended("/return")[0],
            "handler raises": lambda: ended("/boom")[0],
        },
        endings,
    )


def npm_ws(url: str, compression: bool, endings: bool) -> dict[str, Any]:
    """Node's `ws`, from the folder in UNMAGIC_NODE_MODULES or from build/node_modules; see ws_client.cjs."""
    node = shutil.which("node")
    modules = Path(os.environ.get("UNMAGIC_NODE_MODULES") or ROOT / "build" / "node_modules")
    if node is None:
        pytest.skip("no node on PATH")
    if not (modules / "ws").is_dir():
        pytest.skip(f"no npm ws in {modules}: npm install --prefix {modules.parent} ws, or set UNMAGIC_NODE_MODULES")
    plan = {"url": url, "compression": compression, "endings": endings, "wait": WAIT}
    plan |= {"text": TEXT, "large": LARGE, "fragments": FRAGMENTS}
    done = subprocess.run(
        [node, str(Path(__file__).with_name("ws_client.cjs")), json.dumps(plan)],
        env={**os.environ, "NODE_PATH": str(modules)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


CLIENTS = {
    "websockets-sync": websockets_sync,
    "websockets-asyncio": websockets_asyncio,
    "websocket-client": websocket_client,
    "npm-ws": npm_ws,
}
