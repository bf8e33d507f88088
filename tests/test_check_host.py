"""The code host, as a real server that answers well, badly, slowly, too much or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from grader.links import CodeLink, resolve
from grader.sources import host
from grader.sources.source import LARGEST, Absent, Source
from unmagic.cli import main

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILE = "/pallets/flask/{}/src/flask/app.py"
SOURCE = b"def run():\n    return 1\n"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Server:
    """A server with what it answers, and what it was asked for."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def says(code: int, body: bytes = b"", **headers: str) -> Answer:
    """A plain answer."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            made.answers.get(self.path, says(404))(self)

        def log_message(self, *arguments: object) -> None:
            pass

    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        running.daemon_threads = True
        threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        made.url = f"http://127.0.0.1:{running.server_port}"
        yield made
        made.over.set()
        running.shutdown()


def link(reference: str = COMMIT) -> CodeLink:
    return resolve(f"https://github.com/pallets/flask/blob/{reference}/src/flask/app.py#L1")


def test_a_file_is_asked_for_once(server: Server, tmp_path: Path):
    server.answers[FILE.format(COMMIT)] = says(200, SOURCE)
    for _ in range(2):
        found = host.Host(tmp_path, server.url).find(link())
        assert isinstance(found, Source)
        assert found.symbols.get("run") is not None
    assert server.asked == [FILE.format(COMMIT)]


def test_what_a_branch_shows_is_never_kept(server: Server, tmp_path: Path):
    server.answers[FILE.format("main")] = says(200, SOURCE)
    for _ in range(2):
        assert isinstance(host.Host(tmp_path, server.url).find(link("main")), Source)
    assert len(server.asked) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_there_is_not(server: Server, tmp_path: Path):
    assert host.Host(tmp_path, server.url).find(link()) == Absent("the code host has no such file at that reference")


def test_a_redirection_is_not_followed(server: Server, tmp_path: Path):
    server.answers[FILE.format(COMMIT)] = says(302, Location="/elsewhere")
    server.answers["/elsewhere"] = says(200, SOURCE)
    assert host.Host(tmp_path, server.url).find(link()) is None
    assert server.asked == [FILE.format(COMMIT)]


@pytest.mark.parametrize("busy", [says(429, Retry_After="0"), says(503, Retry_After="0")])
def test_it_waits_when_it_is_asked_to(server: Server, tmp_path: Path, busy: Answer):
    def once(handler: BaseHTTPRequestHandler) -> None:
        server.answers[handler.path] = says(200, SOURCE)
        busy(handler)

    server.answers[FILE.format(COMMIT)] = once
    assert isinstance(host.Host(tmp_path, server.url).find(link()), Source)
    assert len(server.asked) == 2


@pytest.mark.parametrize("wait", ["3600", "Wed, 21 Oct 2015 07:28:00 GMT", "-1", "99999999999999999999"])
def test_it_does_not_wait_for_long_and_does_not_ask_again(server: Server, tmp_path: Path, wait: str):
    server.answers[FILE.format(COMMIT)] = says(429, Retry_After=wait)
    asking = host.Host(tmp_path, server.url)
    assert asking.find(link()) is None
    assert asking.find(link("main")) is None
    assert len(server.asked) == 1


def test_who_is_always_busy_is_left_alone(server: Server, tmp_path: Path):
    server.answers[FILE.format(COMMIT)] = says(429, Retry_After="0")
    asking = host.Host(tmp_path, server.url)
    assert [asking.find(link()) for _ in range(5)] == [None] * 5
    assert len(server.asked) == host.TRIES * host.TRIES


def test_silence(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host, "SECONDS", 0.2)
    server.answers[FILE.format(COMMIT)] = lambda handler: server.over.wait() and None
    asking = host.Host(tmp_path, server.url)
    assert [asking.find(link()) for _ in range(5)] == [None] * 5
    assert len(server.asked) <= host.TRIES  # one that is given up may be gone before it is heard


def test_a_body_without_end(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host, "WHOLE", 0.1)

    def drips(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.over.wait(0.01):
            handler.wfile.write(b"#")

    server.answers[FILE.format(COMMIT)] = drips
    assert host.Host(tmp_path, server.url).find(link()) is None


@pytest.mark.parametrize("answer", [
    says(200, b"#" * (LARGEST + 1)), says(200, SOURCE, Content_Length="1000"), says(500),
    says(200, b"", Content_Length="x"),
])  # fmt: skip
def test_what_is_too_much_or_cut_short_is_not_known_and_not_kept(server: Server, tmp_path: Path, answer: Answer):
    server.answers[FILE.format(COMMIT)] = answer
    assert host.Host(tmp_path, server.url).find(link()) is None
    assert list(tmp_path.iterdir()) == []


def test_nobody_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert host.Host(tmp_path, "http://127.0.0.1:1").find(link()) is None


def test_a_private_network_is_asked_only_where_it_was_named(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The code host's name may lead to a machine inside, by a resolver that lies."""
    server.answers[FILE.format(COMMIT)] = says(200, SOURCE)
    monkeypatch.setattr(host, "HOST", server.url)
    assert host.Host(tmp_path).find(link()) is None
    assert server.asked == []


def test_a_cache_that_cannot_be_written_costs_a_second_question(server: Server, tmp_path: Path):
    server.answers[FILE.format(COMMIT)] = says(200, SOURCE)
    (tmp_path / "file").write_text("")
    asking = host.Host(tmp_path / "file" / "cache", server.url)
    assert isinstance(asking.find(link()), Source)
    assert isinstance(asking.find(link()), Source)


@pytest.mark.parametrize("reference", ["..", "main..", "a b", "-x", "%2e%2e"])
def test_no_text_of_a_report_makes_an_address(server: Server, tmp_path: Path, reference: str):
    found = resolve(f"https://github.com/pallets/flask/blob/{reference}/../../etc/passwd.py")
    host.Host(tmp_path, server.url).find(found)
    assert all(".." not in path for path in server.asked)


def test_it_is_asked_for_files_of_known_libraries_only(server: Server, tmp_path: Path):
    asking = host.Host(tmp_path, server.url)
    known = f"https://github.com/pallets/flask/blob/{COMMIT}/src/flask/app.py"
    for url in (known.replace("pallets", "somebody"), f"http://10.0.0.1/pallets/flask/blob/{COMMIT}/app.py",
                f"{known}/../x.py", "https://github.com/pallets/flask/blob/a%2f..%2fb/src/app.py"):  # fmt: skip
        asking.find(resolve(url))
    assert server.asked == []


def test_the_command_asks_only_when_it_is_told_to(server: Server, tmp_path: Path):
    server.answers[FILE.format(COMMIT)] = says(200, SOURCE)
    report, cache = tmp_path / "report.md", tmp_path / "cache"
    report.write_text(f"It is [`run`](https://github.com/pallets/flask/blob/{COMMIT}/src/flask/app.py#L1).\n")

    def verdict(*more: str) -> str:
        done = CliRunner().invoke(main, ["check", str(report), "--format", "json", "--cache", str(cache), *more])
        assert done.exit_code == 0, done.output
        return str(json.loads(done.stdout)["links"][0]["verdict"])

    assert verdict() == "could not be looked up here"
    assert server.asked == []
    assert verdict("--host", server.url) != "could not be looked up here"
    assert server.asked == [FILE.format(COMMIT)]
    verdict("--host", server.url)
    assert len(server.asked) == 1


def test_a_host_that_is_no_address(tmp_path: Path):
    done = CliRunner().invoke(main, ["check", "x.md", "--host", "file:///etc"])
    assert (done.exit_code, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "is no address of the web" in done.stderr
