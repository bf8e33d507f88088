"""``%%unmagic`` in a real kernel, as a notebook has it, and in plain IPython."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT
from helpers_recording import environment, named, text
from nbclient import NotebookClient
from playwright.sync_api import Browser

from tracer.reading.trace import Trace
from unmagic.magic import _first_line

SECRET = "-".join(("Zq7", "hunter2.Xy"))
CELLS = {
    "load": "%load_ext unmagic",
    "define": """\
import asyncio
import threading
import urllib.request

import beside
from flask import Flask, request
from werkzeug.serving import make_server

app = Flask("chat")


@app.post("/login")
def login():
    return "welcome " + request.form["user"]


def helper(x):
    return x + 1


async def later(x):
    await asyncio.sleep(0)
    return helper(x)""",
    "serve": f"""\
%%unmagic -o served.trace
server = make_server("127.0.0.1", 0, app)
thread = threading.Thread(target=server.serve_forever)
thread.start()
address = "http://127.0.0.1:%d/login" % server.server_port
with urllib.request.urlopen(address, b"user=me&password={SECRET}") as answer:
    said = answer.read()
server.shutdown()
thread.join()
server.server_close()
said""",
    "modules": "%%unmagic -o modules.trace\nbeside.work(helper(1))",
    "await": "%%unmagic -o later.trace --engine settrace --lines app\nawait later(1)",
    "fails": "%%unmagic\n\nhelper(1)\nhelper('x')",
    "rest": "helper(5)\n%unmagic -o rest.trace\nhelper(6)",
    "nested": "%%unmagic -o nested.trace\n%%capture\nprint(helper(7))",
    "scope": "%%unmagic -o scope.trace --scope werkzeug --quiet\nhelper(1)\napp.test_client().get('/')",
    "none": "%%unmagic -o none.trace",
    "option": "%%unmagic --bogus\nran = True",
    "folder": "%%unmagic -o no/such/folder.trace\nran = True",
    "twice": "%%unmagic -o twice.trace\n%unmagic\nran = True",
    "ran": "'ran' in globals()",
    "unload": "%unload_ext unmagic",
    "unloaded": "%%unmagic\n1",
}


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The cells above, run in order in one kernel; the folder is under ``""``."""
    folder = tmp_path_factory.mktemp("notebook")
    (folder / "beside.py").write_text("def work(x):\n    return inner(x)\n\n\ndef inner(x):\n    return x * 10\n")
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])
    client = NotebookClient(made, timeout=120, allow_errors=True, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment(PYTHONPATH=str(ROOT), IPYTHONDIR=str(folder / "ipython")))
    return {"": folder, **dict(zip(CELLS, (cell.outputs for cell in made.cells), strict=True))}


def said(outputs: list[Any]) -> str:
    """All that a cell printed."""
    return "".join(o.text for o in outputs if o.output_type == "stream")


def result(outputs: list[Any]) -> str:
    """The value of its last line."""
    (one,) = (o.data["text/plain"] for o in outputs if o.output_type == "execute_result")
    return str(one)


def shown(outputs: list[Any]) -> list[Any]:
    """What was displayed below it."""
    return [o.data for o in outputs if o.output_type == "display_data"]


def app(notebook: dict[str, Any], name: str) -> list[str]:
    """The program's functions in a trace."""
    with Trace.open(notebook[""] / name) as trace:
        assert trace.meta["complete"] == "1" and "faults" not in trace.meta
        names = [c.code.qualname for c in trace.calls.values() if c.code.lane == "app"]
        return [name for name in names if name != "<module>"]  # a cell that awaits is seen when it goes on


def test_a_cell_with_a_server_on_a_thread(notebook: dict[str, Any]):
    outputs = notebook["serve"]
    assert result(outputs) == "b'welcome me'"
    assert re.search(r"unmagic: [\d,]+ calls, [2-9] threads, \d+ socket events, [1-9]\d* masked secrets; the trace is "
                     r"served.trace\n", said(outputs))  # fmt: skip
    (data,) = shown(outputs)
    assert {"← request POST /login", "→ response 200 OK"} <= set(data["text/plain"].splitlines())
    assert "<iframe sandbox=" in data["text/html"] and "<table>" in data["text/html"]
    assert SECRET not in data["text/html"] + data["text/plain"] + said(outputs)
    with Trace.open(notebook[""] / "served.trace") as trace:
        (call,) = named(trace, "login")
        assert call.code.file.facts.path == "In [2]" and call.code.lane == "app"
        assert trace.threads[call.thread] != "MainThread"
    assert SECRET.encode() not in (notebook[""] / "served.trace").read_bytes()


def test_the_cells_source_is_in_the_trace(notebook: dict[str, Any]):
    with Trace.open(notebook[""] / "served.trace") as trace:
        sources = {c.file.facts.path: c.file.source or "" for c in trace.codes.values() if c.lane == "app"}
    assert sources["In [2]"].rstrip() == CELLS["define"]
    assert sources["In [3]"].replace("*" * len(SECRET), SECRET).splitlines()[1:] == CELLS["serve"].splitlines()[1:]


def test_a_module_beside_the_notebook_is_the_programs(notebook: dict[str, Any]):
    assert app(notebook, "modules.trace") == ["helper", "work", "inner"]
    assert result(notebook["modules"]) == "20"
    assert "there is no message to show" in said(notebook["modules"]) and not shown(notebook["modules"])


def test_await_at_the_top_level(notebook: dict[str, Any]):
    assert result(notebook["await"]) == "2"
    assert app(notebook, "later.trace") == ["later", "helper"]
    with Trace.open(notebook[""] / "later.trace") as trace:
        assert trace.meta["engine"] == "settrace"
        lines = [trace.lines[named(trace, name)[0].id] for name in ("later", "helper")]
        assert lines == [(22, 23), (18,)]


def test_an_exception_is_the_cells_own(notebook: dict[str, Any]):
    (error,) = (o for o in notebook["fails"] if o.output_type == "error")
    assert error.ename == "TypeError"
    assert re.search(r"line .*4", "\n".join(error.traceback)), "its lines are numbered as they were written"
    assert "unmagic/magic.py" not in "\n".join(error.traceback)
    assert app(notebook, "cell.trace") == ["helper", "helper"]


def test_the_rest_of_a_cell(notebook: dict[str, Any]):
    assert result(notebook["rest"]) == "7"
    with Trace.open(notebook[""] / "rest.trace") as trace:
        assert [text(trace, c.arguments[0]) for c in named(trace, "helper")] == ["6"]


def test_another_magic_below(notebook: dict[str, Any]):
    assert app(notebook, "nested.trace") == ["helper"]
    assert "8" not in said(notebook["nested"]).split("unmagic:")[0], "captured"


def test_scope_and_quiet(notebook: dict[str, Any]):
    with Trace.open(notebook[""] / "scope.trace") as trace:
        assert {c.code.lane for c in trace.calls.values()} == {"werkzeug"}
    assert not shown(notebook["scope"])
    assert "the trace is scope.trace" in said(notebook["scope"])


def test_hosts_are_left_out(notebook: dict[str, Any]):
    hosts = {"IPython", "ipykernel", "zmq", "tornado", "traitlets", "jupyter_client", "unmagic", "report", "tracer"}
    for path in notebook[""].glob("*.trace"):
        with Trace.open(path) as trace:
            assert {c.code.lane for c in trace.calls.values()} & hosts == set(), path


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("option", "unrecognized arguments: --bogus"),
        ("folder", "cannot write the trace .*: there is no folder .*"),
        ("twice", "this cell is recorded already, into .*twice.trace"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_the_cell_does_not_run(notebook: dict[str, Any], cell: str, sentence: str):
    assert re.match(rf"(unmagic: .*\n)*UsageError: {sentence}\n", said(notebook[cell]))
    assert not [o for o in notebook[cell] if o.output_type == "error" and "Traceback" in str(o.traceback)]
    assert result(notebook["ran"]) == "False"


def test_an_empty_cell_and_after_it_is_unloaded(notebook: dict[str, Any]):
    assert "there is no message to show" in said(notebook["none"]) and not shown(notebook["none"])
    assert said(notebook["unload"]) == ""
    assert "Cell magic `%%unmagic` not found" in said(notebook["unloaded"])


def test_plain_ipython(tmp_path: Path):
    """Text, where there is no notebook."""
    cells = (
        "%load_ext unmagic",
        "import http.client, threading, http.server\n"
        "server = http.server.HTTPServer(('127.0.0.1', 0), http.server.SimpleHTTPRequestHandler)\n"
        "def ask():\n    c = http.client.HTTPConnection(*server.server_address)\n    c.request('GET', '/none')\n"
        "    print(c.getresponse().status)\n    c.close()",
        "%%unmagic\nthread = threading.Thread(target=server.handle_request)\nthread.start()\nask()\nthread.join()",
        "server.server_close()",
    )
    program = (
        "from IPython.terminal.interactiveshell import TerminalInteractiveShell as Shell\nshell = Shell.instance()\n"
        f"for cell in {cells!r}:\n    shell.run_cell(cell, store_history=True).raise_error()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment(PYTHONPATH=str(ROOT), IPYTHONDIR=str(tmp_path)),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    assert re.search(r"404\nunmagic: .* the trace is cell.trace\n", done.stdout), done.stdout
    assert "← request GET /none" in done.stdout and "<table>" not in done.stdout
    with Trace.open(tmp_path / "cell.trace") as trace:
        assert [c.code.file.facts.path for c in named(trace, "ask")] == ["In [2]"]


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        (["%%unmagic\n", "1"], ["%unmagic\n", "1"]),
        (["%%unmagic -o x\n", "1"], ["%unmagic -o x\n", "1"]),
        (["%%unmagic\n", "\n", "%%time\n", "1"], None),
        (["%%unmagically\n", "1"], None),
        (["%%unmagic?"], None),
        (["x = 1\n", "%%unmagic\n"], None),
        ([], None),
    ],
)
def test_only_the_first_line_is_another(lines: list[str], made: list[str] | None):
    assert _first_line(lines) == (lines if made is None else made)


@pytest.fixture
def page(chromium: Browser, notebook: dict[str, Any], tmp_path: Path) -> Iterator[Any]:
    """What is shown below the cell, in a browser, as a trusted notebook shows it."""
    (data,) = shown(notebook["serve"])
    (tmp_path / "shown.html").write_text(f"<!doctype html><meta charset=utf-8>{data['text/html']}", encoding="utf-8")
    opened = chromium.new_page()
    opened.set_default_timeout(120_000)  # the browser shares two processors with other suites
    opened.goto((tmp_path / "shown.html").as_uri())
    yield opened
    opened.close()


def test_the_viewer_runs_in_its_frame(page: Any):
    inside = page.frame_locator("iframe")
    # the first message is the connection where the server accepted it before the client had written
    inside.get_by_role("heading", name=re.compile("^(request POST .login|connection accepted)")).first.wait_for()
    assert "In [3]" in inside.locator("body").inner_text(), "the place of the call"
    assert SECRET not in page.content()
