"""`unmagic run` and then `unmagic report`, of somebody's own app: their functions, their repository's links."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import urllib.request
from pathlib import Path

import pytest
from helpers_recording import interruptible
from helpers_run import PATIENCE, UNMAGIC, environment, running, unmagic

from report.view.make import Source, make
from tracer.reading.trace import Trace

APP = """
from flask import Flask, jsonify, request


def create_app():
    app = Flask(__name__)

    @app.post("/say")
    def say():
        return jsonify(answer=shout(request.get_json()["text"]))

    return app


def shout(text):
    return text.upper() + "!"
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    done = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def say(port: int, text: str) -> object:
    data, headers = json.dumps({"text": text}).encode(), {"Content-Type": "application/json"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}/say", data=data, headers=headers)
    with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
        return json.loads(answer.read())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The trace of an app that lies two folders down in a repository, one of its files changed since."""
    root = tmp_path_factory.mktemp("project")
    chat = root / "backend" / "chat"
    chat.mkdir(parents=True)
    (chat / "__init__.py").write_text(APP)
    (root / "backend" / "wsgi.py").write_text("from chat import create_app\n\napp = create_app()\n")
    git(root, "init", "-q")
    git(root, "remote", "add", "origin", "git@gitlab.com:group/sub/their-app.git")
    git(root, "add", ".")
    git(root, "commit", "-qm", "first")
    (root / "backend" / "wsgi.py").write_text("# changed\nfrom chat import create_app\n\napp = create_app()\n")
    words = ("run", "-m", "flask", "--app", "wsgi", "run", "--port", "0")
    with running([*UNMAGIC, *words], root / "backend") as server:
        port = int(server.until(r"Running on http://127.0.0.1:(\d+)")[1])
        assert say(port, "hello you") == {"answer": "HELLO YOU!"}
        server.interrupt()
        assert server.end() == 0, server.said
    return root / "backend" / "flask.trace"


def test_their_functions_are_the_innermost_lane(served: Path):
    with Trace.open(served) as trace:
        view = make("theirs", [Source("flask", "", trace, frozenset())], tell_progress=lambda name: None)
    names = [lane.name for lane in view.lanes]
    assert names[0] == "socket" and names[-1] == "app" and names.index("werkzeug") < names.index("flask")
    theirs = {function.name for function in view.functions if names[function.lane] == "app"}
    assert {"create_app.say", "shout"} <= {name.replace(".<locals>", "") for name in theirs}


def test_their_links_are_their_remotes(served: Path, tmp_path: Path):
    done = unmagic("report", served, "-o", tmp_path / "out", cwd=tmp_path)
    assert done.code == 0, done.err
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "out").glob("*.md"))
    base = f"https://gitlab.com/group/sub/their-app/-/blob/{git(served.parent, 'rev-parse', 'HEAD')}/backend/"
    assert f"{base}chat/__init__.py#L8-10" in text
    found = set(re.findall(r"https://gitlab\.com/[^)#\s\"]*", text))
    assert found <= {f"{base}chat/__init__.py", f"{base}wsgi.py"}
    assert "hello you" in unmagic("journeys", served, cwd=tmp_path).out


TEMPLATES = """
import pathlib, jinja2
def main():
    here = pathlib.Path(__file__).parent
    print(jinja2.Environment(loader=jinja2.FileSystemLoader(here)).get_template("page.html").render(name="me"))
main()
"""


def test_lines_of_what_was_made_of_a_template_are_not_told_as_its_own(tmp_path: Path):
    """The template has one line; the code that was made of it has its name, and more of them."""
    (tmp_path / "page.html").write_text("<p>{{ name }}</p>\n")
    (tmp_path / "app.py").write_text(TEMPLATES)
    assert unmagic("run", "app.py", cwd=tmp_path).out == "<p>me</p>\n"
    with Trace.open(tmp_path / "app.trace") as trace:
        [root] = [code for code in trace.codes.values() if code.qualname == "root"]
        facts = root.file.facts
        assert root.first > 1 and root.file.source is None
        assert (facts.kind, facts.relative, facts.path) == (
            "made", "page.html, as compiled", f"{tmp_path.resolve()}/page.html",
        )  # fmt: skip
    listed = unmagic("chain", "app.trace", "--list", cwd=tmp_path).out
    assert "jinja2.environment:Template.render" in listed and "page.html" not in listed


# --- in a terminal -------------------------------------------------------------------------------------------


def test_a_program_in_a_terminal(tmp_path: Path):
    """It has the terminal as without us; Ctrl-C comes from there, to the program as well as to us."""
    (tmp_path / "app.py").write_text(
        "import os, sys, time\n"
        "def talk():\n    name = input('name? ')\n    try:\n"
        "        print(sys.stdin.isatty(), sys.stdout.isatty(), os.isatty(2), name, flush=True)\n"
        "        while True:\n            time.sleep(0.05)\n"
        "    except KeyboardInterrupt:\n        print('caught', flush=True)\n        sys.exit(5)\ntalk()\n"
    )
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(tmp_path)
        interruptible()
        os.execve(UNMAGIC[0], [*UNMAGIC, "run", "app.py"], environment())
    said = b""
    try:
        for wanted, typed in ((b"name? ", b"Ada\n"), (b"True True True Ada", b"\x03"), (b"next, unmagic scope", b"")):
            while wanted not in said:
                said += os.read(terminal, 1024)
            os.write(terminal, typed)
        (_, status), pid = os.waitpid(pid, 0), 0
        assert os.waitstatus_to_exitcode(status) == 5, said
    finally:
        if pid:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        os.close(terminal)
    lines = said.decode().replace("\r", "").splitlines()
    assert [line for line in lines if line.endswith("caught")] and "unmagic: the trace is app.trace" in lines
