"""Secrets in every output: what a real application is given is in no file, no page and no line that we make of it."""

from __future__ import annotations

import base64
import http.client
import json
import re
import sqlite3
import subprocess
import sys
import urllib.parse
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers_command import in_process
from helpers_marks import more
from helpers_recording import PROGRAMS, ROOT, environment, raw
from websockets.sync.client import connect

from report.notebook import show
from report.terminal import way
from report.view import Source, make
from report.view.ways import numbered
from tracer.reading.flow import Flow
from tracer.reading.legs import journey_legs_data
from tracer.reading.trace import Trace

NAMES = (
    "key", "form", "multi", "json", "basic", "bearer", "cookie", "csrf", "query", "fails", "plainws", "deflated",
    "chunked",
)  # fmt: skip
#: Put together here, so that none stands in this file; one that has to be encoded in most places.
SECRETS = {name: "-".join((f"Zq7{name}", "9Xy")) for name in NAMES}
SECRETS["form"] = "+".join(("Zq7 form/ö", '"9Xy'))


def talk(port: int) -> None:
    """Everything that a client sends; what has to come back, does."""

    def ask(method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})  # type: ignore[arg-type]
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    fields = urllib.parse.urlencode({"user": "me", "password": SECRETS["form"]})
    answer = ask("POST", "/form", fields, Content_Type="application/x-www-form-urlencoded")
    assert answer.status == 302 and "session=" in (answer.getheader("Set-Cookie") or "")
    ask("GET", "/header", Cookie=(answer.getheader("Set-Cookie") or "").partition(";")[0])
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    multipart = part.format("user", "you") + part.format("password", SECRETS["multi"]) + "--b--\r\n"
    assert ask("POST", "/form", multipart, Content_Type="multipart/form-data; boundary=b").status == 302
    body = json.dumps({"password": SECRETS["json"]})
    assert SECRETS["json"] + "c" in (
        ask("POST", "/json", body, Content_Type="application/json").getheader("Set-Cookie") or ""
    )
    basic = base64.b64encode(f"me:{SECRETS['basic']}".encode()).decode()
    ask("GET", "/header", Authorization=f"Basic {basic}")
    ask("GET", "/header", Authorization=f"Bearer {SECRETS['bearer']}", X_CSRF_Token=SECRETS["csrf"])
    ask("GET", f"/header?token={SECRETS['query']}", Cookie=f"theirs={SECRETS['cookie']}")
    assert ask("GET", f"/fails?password={SECRETS['fails']}").status == 500
    whole = json.dumps({"password": SECRETS["chunked"]}).encode()
    cut = whole.index(b"chunked") + 3
    assert ask("POST", "/json", iter([whole[:cut], whole[cut:]]), Content_Type="application/json").status in (200, 411)
    for name, compression in (("plainws", None), ("deflated", "deflate")):
        with connect(f"ws://127.0.0.1:{port}/ws", compression=compression) as ws:  # type: ignore[arg-type]
            for _ in range(2):
                ws.send(json.dumps({"password": SECRETS[name]}))
                assert json.loads(ws.recv()) == {"token": SECRETS[name] + "s"}


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The recording of the application, told everything."""
    folder = tmp_path_factory.mktemp("secretive")
    path = folder / "app.trace"
    command = [sys.executable, "-m", "unmagic", "run", "-o", str(path), str(PROGRAMS / "secretive.py"), SECRETS["key"]]
    with subprocess.Popen(
        command, cwd=folder, env=environment(PYTHONPATH=str(ROOT)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None and process.stdin is not None
        talk(int(process.stdout.readline()))
        _, said = process.communicate("\n", timeout=120)
    assert process.returncode == 0, said
    told = re.search(r"unmagic: .* ([\d,]+) masked secrets", said)
    assert told and int(told[1].replace(",", "")) >= len(SECRETS), said
    return path


def seen(data: bytes | str) -> list[str]:
    """The secrets in something, as themselves or in any form that one reads them from without effort."""
    octets = data.encode("utf-8", "surrogateescape") if isinstance(data, str) else data
    found = []
    for name, secret in SECRETS.items():
        forms = {
            secret, urllib.parse.quote(secret), urllib.parse.quote_plus(secret), json.dumps(secret)[1:-1],
            repr(secret)[1:-1], secret.encode().hex(), secret.encode().hex(" "),
            base64.b64encode(f"me:{secret}".encode()).decode(), base64.b64encode(f"{name}:{secret}".encode()).decode(),
        }  # fmt: skip
        found += [f"{name}: {form}" for form in forms if form.encode() in octets]
    return found


def run(trace: Path, *words: str) -> str:
    """What a command prints about the trace."""
    code, out, err = in_process(words, trace.parent, environment(COLUMNS="400"))
    assert code == 0, err
    return out + err


def blobs(path: Path) -> Iterator[bytes]:
    """Everything in the database, and what the compressed columns hold."""
    with sqlite3.connect(path) as db:
        for (table,) in db.execute("select name from sqlite_master where type = 'table'").fetchall():
            for row in db.execute(f"select * from {table}"):
                for item in row:
                    if isinstance(item, str):
                        yield item.encode("utf-8", "surrogatepass")
                    elif isinstance(item, bytes):
                        yield item
                        try:
                            yield zlib.decompress(item)
                        except zlib.error:
                            continue


def test_the_search_would_find_them():
    for name, secret in SECRETS.items():
        assert seen(f"x{secret}y") and seen(urllib.parse.quote(secret)) and seen(f"{secret!r}"), name
    assert not seen("nothing")


def test_the_file(trace: Path):
    assert seen(raw(trace)) == []
    assert [hit for blob in blobs(trace) for hit in seen(blob)] == []


def test_what_frames_say(trace: Path):
    """The journeys and the pages unmask frames and inflate messages: there is nothing in them either."""
    said = run(trace, "live", trace.name)
    assert said.count("text") >= 8 and "not DEFLATE" not in said
    assert seen(said) == []


def test_journeys_and_what_is_shown_of_each(trace: Path):
    listed = run(trace, "journeys", trace.name)
    told = json.loads(run(trace, "journeys", trace.name, "--json"))
    assert seen(listed) == seen(json.dumps(told)) == seen(json.dumps(told, ensure_ascii=False)) == []
    assert len(told["journeys"]) > 10
    assert seen(run(trace, "show", trace.name, "2", "--json")) == []
    assert seen(run(trace, "show", trace.name, "--limit", "40", "-a")) == []


def test_every_journey_as_it_is_shown(trace: Path):
    """Of each what `unmagic show` draws and says as JSON; the values are followed once for all."""
    with Trace.open(trace) as opened:
        flow = Flow(opened)
        found = numbered(flow)
        view = make("all", [Source("all", "", opened)], flow=lambda _: flow)
        (recording,) = view.recordings
        assert len(found) > 10
        for journey in found:
            lines = way(view, recording, journey.id, width=None)
            assert seen("\n".join(line.plain for line in lines)) == []
            assert seen(json.dumps(journey_legs_data(journey, opened), ensure_ascii=False)) == []


@pytest.mark.parametrize("function", ["form", "ws", *more("check", "in_json", "header", "fails")])
def test_chains(trace: Path, function: str):
    assert seen(run(trace, "chain", trace.name, f"app:{function}", "--depth", "50")) == []


def test_pages_the_explorer_and_the_notebook(trace: Path):
    run(trace, "report", trace.name, "-o", "pages")
    files = list((trace.parent / "pages").rglob("*.*"))
    assert len(files) > 5
    assert [hit for file in files for hit in seen(file.read_bytes())] == []
    shown = show(trace)
    assert seen(shown.html()) == seen(shown.text()) == []


@pytest.mark.parametrize("form", ["chrome", "jsonl", "pcapng", "speedscope"])
def test_exports_of_the_run(trace: Path, form: str):
    run(trace, "export", trace.name, "--format", form, "-o", f"out.{form}")
    data = (trace.parent / f"out.{form}").read_bytes()
    assert len(data) > 1000 and seen(data) == []


@pytest.mark.parametrize("form", ["mermaid", *more("codetour", "plantuml")])
def test_exports_of_a_chain(trace: Path, form: str):
    run(trace, "export", trace.name, "--format", form, "--chain", "app:form", "-o", f"out.{form}")
    run(trace, "export", trace.name, "--format", form, "--journey", "1", "-o", f"journey.{form}")
    assert seen((trace.parent / f"out.{form}").read_bytes() + (trace.parent / f"journey.{form}").read_bytes()) == []


def test_what_was_masked_is_counted_by_rule(trace: Path):
    with Trace.open(trace) as opened:
        rules = {key.partition(".")[2]: int(count) for key, count in opened.meta.items() if key.startswith("masked.")}
    assert rules.keys() >= {"pair", "part", "cookie", "set-cookie", "authorization", "x-csrf-token", "password"}
    assert all(count > 0 for count in rules.values())
