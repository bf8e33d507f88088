"""What the tests of exports share: traces of every kind of socket, and the programs that read exports back."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import websocket
from helpers_recording import PROGRAMS, ROOT, command, environment, interruptible

NODE_MODULES = Path(os.environ.get("UNMAGIC_NODE_MODULES") or ROOT / "build" / "node_modules")
#: Where each program that reads an export comes from.
PACKAGES = {"capinfos": "wireshark-common"}


def tool(name: str) -> str:
    """A program on PATH. Without it the export would be judged by ourselves alone, so the test fails and says what to
    install; UNMAGIC_WITHOUT_TOOLS=1 skips it instead."""
    found = shutil.which(name)
    if found is None:
        missing(f"{name} is not on PATH: install Debian's package {PACKAGES.get(name, name)}")
    return found


def module(name: str, path: str) -> Path:
    """A file of an npm package, from build/node_modules or UNMAGIC_NODE_MODULES; else as with `tool`."""
    found = NODE_MODULES / name / path
    if not found.is_file():
        missing(f"there is no {found}: `make npm` puts {name} there")
    return found


def missing(sentence: str) -> None:
    if os.environ.get("UNMAGIC_WITHOUT_TOOLS"):
        pytest.skip(sentence)
    pytest.fail(sentence, pytrace=False)


# -- traces --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Talk:
    """What one client says to programs/echo_one.py: `kind` is tcp, tcp6, tls or unix."""

    kind: str
    messages: tuple[str | bytes, ...]
    path: str = "/"
    header: str = ""
    closes: bool = True


def record(folder: Path, talk: Talk, program: Path = PROGRAMS / "echo_one.py", where: Sequence[str] = ()) -> Path:
    """The trace of a server that had this talk; without `closes`, of one that was killed in the middle of it."""
    trace = folder / f"{talk.kind}.trace"
    server = subprocess.Popen(
        command(program, trace, talk.kind, *where, scope=["program", "wsproto", "h11"]),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), preexec_fn=interruptible,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        port = server.stdout.readline().strip()
        assert port, server.communicate(timeout=60)[1]
        with connected(talk, port, where) as client:
            for message in talk.messages:
                client.send(message, websocket.ABNF.OPCODE_TEXT if isinstance(message, str) else 2)
                if message != "hang":
                    client.recv()
            if not talk.closes:
                committed(trace, len(talk.messages))
                server.kill()
                with suppress(OSError, websocket.WebSocketException):
                    client.recv()
        _, said = server.communicate(timeout=120)
        assert not talk.closes or server.returncode == 0, said
    finally:
        server.kill()
        server.wait()
    return trace


@contextmanager
def connected(talk: Talk, port: str, where: Sequence[str]) -> Iterator[websocket.WebSocket]:
    """A client of the package websocket-client, its handshake done; it closes as RFC 6455 says."""
    end = _end(talk, port, where)
    host = "[::1]" if talk.kind == "tcp6" else "localhost"
    client = websocket.create_connection(
        f"ws://{host}:{port if port.isdigit() else 80}{talk.path}", socket=end, timeout=90,
        header=[talk.header] if talk.header else [], enable_multithread=False,
    )  # fmt: skip
    with closing(end):
        yield client
        if talk.closes:
            client.close()


def _end(talk: Talk, port: str, where: Sequence[str]) -> socket.socket:
    if talk.kind == "unix":
        end = socket.socket(socket.AF_UNIX)
        end.settimeout(20)
        end.connect(port)
        return end
    end = socket.create_connection(("::1" if talk.kind == "tcp6" else "127.0.0.1", int(port)), timeout=90)
    if talk.kind != "tls":
        return end
    context = ssl.create_default_context(cafile=where[0])
    context.check_hostname = False
    return context.wrap_socket(end)


def committed(trace: Path, messages: int, within: float = 90) -> None:
    """Wait until the recorder has committed the read of each message: what is killed keeps just that."""
    late = time.monotonic() + within
    while time.monotonic() < late:
        with closing(sqlite3.connect(trace)) as db:
            if db.execute("select count(*) from wire where op = 'recv' and size > 0").fetchone()[0] > messages:
                return
        time.sleep(0.05)
    raise AssertionError(f"{messages} messages were not recorded within {within} s")


# -- the programs of others ----------------------------------------------------------------------------------------


def tshark(capture: Path, *words: str) -> str:
    """What tshark prints, with every checksum looked at."""
    checks = ("tcp.check_checksum:TRUE", "ip.check_checksum:TRUE")
    options = [word for check in checks for word in ("-o", check)]
    done = subprocess.run(
        [tool("tshark"), "-n", "-r", str(capture), *options, *words], capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def fields(capture: Path, *names: str, only: str = "") -> list[tuple[str, ...]]:
    """Fields of each packet that `only` (a display filter) lets through; what a packet lacks is ''."""
    words = [word for name in names for word in ("-e", name)]
    told = tshark(capture, "-T", "fields", "-E", "separator=/t", *words, *(("-Y", only) if only else ()))
    return [tuple(line.split("\t")) for line in told.splitlines()]


#: A display filter for whatever Wireshark finds wrong with a packet, its sequence numbers or its checksums.
WRONG = (
    "_ws.malformed or tcp.analysis.flags or tcp.checksum.status == 0 or ip.checksum.status == 0 or tcp.len > 65495 "
    "or tcp.analysis.lost_segment or tcp.analysis.retransmission or tcp.analysis.out_of_order or _ws.short"
)


def jq(program: str, file: Path) -> list[Any]:
    """What jq makes of each line of a file."""
    done = subprocess.run(
        [tool("jq"), "-c", program, str(file)], capture_output=True, text=True, timeout=180, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def plantuml(text: str) -> str:
    """The SVG that PlantUML draws; an error of its own fails."""
    done = subprocess.run(
        [tool("plantuml"), "-Djava.awt.headless=true", "-charset", "UTF-8", "-tsvg", "-pipe", "-nometadata"],
        input=text, capture_output=True, text=True, encoding="utf-8", timeout=180,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


# -- in a browser --------------------------------------------------------------------------------------------------


@contextmanager
def browser() -> Iterator[Any]:
    """A new page of Chromium that may ask nobody for anything but files of this machine."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    path = os.environ.get("UNMAGIC_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        missing("no Chromium on PATH: install Debian's package chromium, or set UNMAGIC_CHROMIUM")
    with playwright.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=path, headless=True, args=["--no-sandbox"])
        yield chromium.new_page()
        chromium.close()


#: What mermaid makes of a drawing: its own parser's verdict, the texts that it draws, and any element that may act.
MERMAID = """async (text) => {
  mermaid.initialize({startOnLoad: false, securityLevel: 'strict'});
  const known = await mermaid.parse(text);
  const {svg} = await mermaid.render('drawing', text);
  const page = new DOMParser().parseFromString(svg, 'text/html');
  const all = (which) => [...page.querySelectorAll(which)];
  return {
    kind: known.diagramType,
    messages: all('.messageText').map((e) => e.textContent),
    actors: all('text.actor-box').map((e) => e.textContent),
    active: all('script, img, iframe, object, a, foreignObject').length
      + all('*').filter((e) => [...e.attributes].some((a) => a.name.startsWith('on'))).length,
  };
}"""


def mermaid(page: Any, text: str) -> dict[str, Any]:
    """`text` parsed and drawn by mermaid itself; its error fails."""
    if not page.evaluate("Boolean(window.mermaid)"):
        page.goto("about:blank")
        page.add_script_tag(path=str(module("mermaid", "dist/mermaid.min.js")))
    told: dict[str, Any] = page.evaluate(MERMAID, text)
    return told


def speedscope(page: Any, content: bytes, folder: Path) -> tuple[str, str]:
    """The title and the text of speedscope's page, after its own importer has read `content`."""
    script = folder / "profile.js"
    encoded = base64.b64encode(content).decode()
    script.write_text(f"speedscope.loadFileFromBase64('exported.json', '{encoded}')")
    failed: list[str] = []
    page.on("pageerror", lambda error: failed.append(str(error)))
    page.goto("about:blank")
    page.goto(module("speedscope", "dist/release/index.html").as_uri() + f"#localProfilePath={script}")
    page.wait_for_function("document.title.endsWith(' - speedscope') || document.body.innerText.includes('went wrong')")
    assert failed == []
    return page.title(), page.inner_text("body")
