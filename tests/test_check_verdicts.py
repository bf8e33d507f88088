"""Each verdict on links of its kind, with sources from a clone made here, what is installed, and the table."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from helpers_checker import FLASK_SOCK, WS, check_text, checker, task, truths

from grader.documents.read import read
from grader.links import resolve
from grader.result import Result
from grader.sources.index import Index
from grader.sources.source import Absent, Source
from grader.verdicts import Judged, Verdict

TODAY = next(truth for truth in truths() if truth.name == "today")


def only(result: Result) -> Judged:
    assert len(result.judged) == 1
    return result.judged[0]


def today(package: str, path: str, first: int, last: int = 0) -> str:
    return TODAY.libraries[package].url(path, first, last or first)


@pytest.mark.parametrize(
    ("url", "verdict", "evidence"),
    [
        (f"{WS}#L95", Verdict.RIGHT, "definition of Base.receive"),
        (f"{WS}#L105", Verdict.RIGHT, "it asks whether"),
        (f"{WS}#L93", Verdict.RIGHT, "it calls self.sock.send"),
        (f"{WS}#L3", Verdict.RIGHT, "outside every function"),
        (f"{WS}#L9000", Verdict.BROKEN, "The file ends at line"),
        (WS.replace("9e024fdb", "0e024fdb") + "#L1", Verdict.UNKNOWN, "neither installed nor mirrored"),
        (re.sub("[0-9a-f]{40}", "main", WS) + "#L1", Verdict.MOVING, "main is a branch"),
        ("https://docs.python.org/3/library/socket.html", Verdict.NOT_SOURCE, "no source file"),
        ("https://github.com/somebody/homework/blob/main/app.py", Verdict.OWN, "no library"),
        ("https://github.com/you/flask/blob/main/src/flask/app.py", Verdict.WRONG_TARGET, "a copy of pallets/flask"),
    ],
)  # fmt: skip
def test_by_where_it_lands(url: str, verdict: Verdict, evidence: str, tmp_path: Path):
    found = only(check_text(tmp_path, f"A link: {url}\n", "r.txt"))
    assert found.verdict is verdict
    assert evidence in found.evidence


@pytest.mark.parametrize(
    "scheme", ["javascript:alert(1)", "file:///etc/passwd", "ftp://example.org/a.py", "data:text/html,x"]
)
def test_what_is_no_address_of_the_web_is_never_a_link(scheme: str, tmp_path: Path):
    from grader.faces import html

    path = tmp_path / "r.md"
    path.write_text(f"See [`receive`]({scheme}) there, <img src=x onerror=alert(1)> and [x](<{scheme}>)\n")
    document = read(path)
    result = checker().check(document, task())
    assert {one.verdict for one in result.judged} <= {Verdict.NOT_SOURCE}
    page = html.page(result, document, grading=True)
    assert f'href="{scheme}' not in page
    assert "<img" not in page


def test_markup_in_every_field_is_text(tmp_path: Path):
    from grader.faces import html

    bad = "</script><script>alert(1)</script>"
    path = tmp_path / "r.md"
    path.write_text(
        f"# {bad}\n\n{bad} [`{bad}`](https://github.com/a{bad}/b/blob/c/{bad}.py#L1) [x]({WS}#L95 '{bad}')\n"
    )
    document = read(path, f"{bad}.md")
    page = html.page(checker().check(document, task(), f"{bad}.md"), document, grading=True)
    assert "<script>alert" not in page
    assert page.count("<script") == 2  # the record and ours


def test_a_base_class_s_method_where_an_override_ran(tmp_path: Path):
    symbol = TODAY.source["python", "socketserver.py"].symbols.get("BaseServer.process_request")
    assert symbol is not None
    found = only(check_text(tmp_path, f"The thread: {today('python', 'socketserver.py', symbol.line)}\n", "r.txt"))
    assert found.verdict is Verdict.WRONG_TARGET
    assert "ThreadingMixIn.process_request did" in found.evidence
    assert "socketserver.py#L" in found.better


def test_what_is_defined_and_did_not_run_is_told(tmp_path: Path):
    symbol = TODAY.source["flask", "flask/app.py"].symbols.get("Flask.test_client")
    assert symbol is not None
    found = only(check_text(tmp_path, f"x {today('flask', 'flask/app.py', symbol.line, symbol.last)}\n", "r.txt"))
    assert found.verdict is Verdict.NOT_RUN
    assert found.evidence == "Flask.test_client is defined here, and nothing of this scenario called it."
    chains = check_text(tmp_path, f"x {today('flask', 'flask/app.py', symbol.line)}\n", "r.txt").coverage
    assert not any(one.share for chain in chains for one in chain.hops)


@pytest.mark.parametrize(
    ("path", "qualname"),
    [("threading.py", "Thread.start"), ("threading.py", "Event.wait"), ("threading.py", "Event.clear"),
     ("email/message.py", "Message.__setitem__"), ("selectors.py", "_PollLikeSelector.select"),
     ("socket.py", "socket.accept")],
)  # fmt: skip
def test_what_was_left_out_of_the_recording_is_not_said_to_have_not_run(path: str, qualname: str, tmp_path: Path):
    """Each of these runs in every scenario; of its file only other functions were recorded, or who calls."""
    symbol = TODAY.source["python", path].symbols.get(qualname)
    assert symbol is not None
    found = only(check_text(tmp_path, f"x {today('python', path, symbol.line, symbol.last)}\n", "r.txt"))
    assert found.verdict is Verdict.RIGHT
    assert f"Of {path} only parts were recorded, so nobody knows whether it ran." in found.evidence


def test_what_a_whole_recording_does_not_hold_did_not_run(tmp_path: Path):
    assert TODAY.knows("python", "socketserver.py")
    assert TODAY.knows("flask", "flask/cli.py")  # nothing of this file ran
    assert not TODAY.knows("python", "queue.py")
    symbol = TODAY.source["python", "socketserver.py"].symbols.get("BaseServer.handle_timeout")
    assert symbol is not None
    found = only(check_text(tmp_path, f"x {today('python', 'socketserver.py', symbol.line)}\n", "r.txt"))
    assert found.verdict is Verdict.NOT_RUN


def test_a_library_that_took_no_part_is_told_as_such(tmp_path: Path):
    """The installed websockets is a source, and nothing of it runs in a scenario of Flask-Sock."""
    from importlib.metadata import version

    url = f"https://github.com/python-websockets/websockets/blob/{version('websockets')}/src/websockets/frames.py"
    found = only(check_text(tmp_path, f"x {url}#L200\n", "r.txt"))
    assert found.verdict is Verdict.RIGHT
    assert "websockets took no part in the scenario, so nobody knows whether it ran" in found.evidence


@pytest.mark.parametrize(
    ("url", "evidence"),
    [
        ("https://codeberg.org/a/simple-websocket/src/tag/v1/src/simple_websocket/ws.py#L85",
         "A source file at codeberg.org, where nothing is looked up."),
        ("https://tinyurl.com/abc123", "An address of tinyurl.com leads on to another, which cannot be told here."),
        (WS.replace("blob/9e", "blob/99e") + "#L85",
         f"9{WS.split('/')[6]} has 41 digits, and a commit has forty."),
    ],
)  # fmt: skip
def test_what_cannot_be_looked_up_is_said_to_be_so(url: str, evidence: str, tmp_path: Path):
    found = only(check_text(tmp_path, f"Base.receive waits: {url}\n", "r.txt"))
    assert (found.verdict, found.evidence) == (Verdict.UNKNOWN, evidence)


def test_a_file_at_another_host_shows_the_hop_that_its_words_name(tmp_path: Path):
    url = "https://gitlab.com/mirrors/simple-websocket/-/blob/main/src/simple_websocket/ws.py#L85"
    result = check_text(tmp_path, f"receive() waits: {url}\n", "r.txt")
    chain = next(one for one in result.coverage if one.chain.name == "receive")
    assert [one.hop.name for one in chain.hops if one.share] == ["Base.receive"]


def test_links_to_every_line_are_told_of(tmp_path: Path):
    """They show every hop that there is, and nobody chose them."""
    count = sum(len(one.hops) for one in check_text(tmp_path, "nothing", "r.txt").coverage)
    most = 5 * count
    text = "\n".join(today("simple-websocket", "simple_websocket/ws.py", number) for number in range(1, most + 2))
    assert "whether they were chosen" in check_text(tmp_path, text, "r.txt").warnings[-1]
    assert check_text(tmp_path, text.rpartition("\n")[0], "r.txt").warnings == ()


def test_a_misread_sentence_takes_no_hop(tmp_path: Path):
    """Whatever is said around it, a link into a function shows that function."""
    for said in (
        "It removes the message from the buffer: ",
        "It calls nothing, takes no parameters and raises a timeout: ",
    ):
        result = check_text(tmp_path, f"receive()\n\n{said}{WS}#L105\n", "r.txt")
        chain = next(one for one in result.coverage if one.chain.name == "receive")
        assert [one.hop.name for one in chain.hops if one.share] == ["Base.receive"]


# --- a clone --------------------------------------------------------------------------------------------------------


def git(folder: Path, *arguments: str, day: str = "2022-01-01") -> str:
    environment = {
        **os.environ, "GIT_AUTHOR_DATE": f"{day}T12:00:00Z", "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
        "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], capture_output=True, text=True, env=environment, check=True
    )
    return done.stdout.strip()


FIRST = "class Base:\n    def receive(self):\n        return self.buffer.pop(0)\n"
LATER = '"""Words."""\n\n\nclass Base:\n    def send(self):\n        pass\n\n    def receive(self):\n        return 1\n'


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    """A clone of simple-websocket as far as a test needs one: main moved between two days."""
    clone = tmp_path / "mirrors" / "miguelgrinberg+simple-websocket"
    file = clone / "src" / "simple_websocket" / "ws.py"
    file.parent.mkdir(parents=True)
    git(tmp_path, "init", "-q", "-b", "main", str(clone))
    for text, day in ((FIRST, "2022-01-01"), (LATER, "2022-06-01")):
        file.write_text(text)
        git(clone, "add", "-A", day=day)
        git(clone, "commit", "-q", "-m", day, day=day)
    return clone.parent


BRANCH = "https://github.com/miguelgrinberg/simple-websocket/blob/main/src/simple_websocket/ws.py#L2"


def test_a_branch_is_judged_by_what_it_showed_on_the_report_s_day(mirrors: Path, tmp_path: Path):
    found = only(check_text(tmp_path, f"Base.receive: {BRANCH}\n", "r.txt", mirrors=mirrors, day="2022-03-01"))
    assert (found.verdict, found.as_if, found.symbol) == (Verdict.MOVING, Verdict.RIGHT, "Base.receive")
    assert "on 2022-03-01" in found.evidence
    assert "Now it shows something outside every function" in found.evidence
    commit = git(mirrors / "miguelgrinberg+simple-websocket", "rev-list", "-1", "--before", "2022-03-01", "main")
    assert found.better == BRANCH.replace("main", commit)


def test_a_branch_that_showed_a_hop_on_the_day_shows_it(mirrors: Path, tmp_path: Path):
    result = check_text(tmp_path, f"Base.receive: {BRANCH}\n", "r.txt", mirrors=mirrors, day="2022-03-01")
    chain = next(one for one in result.coverage if one.chain.name == "receive")
    assert [one.hop.name for one in chain.hops if one.share] == ["Base.receive"]
    later = check_text(tmp_path, f"It is here: {BRANCH}\n", "r.txt", mirrors=mirrors, day="2022-07-01")
    assert [one.hop.name for chain in later.coverage for one in chain.hops if one.share] == []


def test_master_of_then_is_main_of_now(mirrors: Path, tmp_path: Path):
    url = BRANCH.replace("main", "master")
    found = only(check_text(tmp_path, f"Base.receive: {url}\n", "r.txt", mirrors=mirrors, day="2022-03-01"))
    assert found.symbol == "Base.receive"


def test_a_commit_that_a_whole_clone_has_not_is_broken(mirrors: Path, tmp_path: Path):
    url = BRANCH.replace("main", "c" * 40)
    found = only(check_text(tmp_path, f"x {url}\n", "r.txt", mirrors=mirrors))
    assert found.verdict is Verdict.BROKEN
    assert "has no commit cccccccccccc" in found.evidence


def test_a_path_that_a_clone_has_not_is_broken(mirrors: Path, tmp_path: Path):
    url = BRANCH.replace("ws.py", "gone.py").replace(
        "main", git(mirrors / "miguelgrinberg+simple-websocket", "rev-parse", "HEAD")
    )
    assert only(check_text(tmp_path, f"x {url}\n", "r.txt", mirrors=mirrors)).verdict is Verdict.BROKEN


def test_a_reference_that_is_an_option_of_git_s_is_none(mirrors: Path, tmp_path: Path):
    for reference in ("--output=x", "-n1", "HEAD@{1}", "a..b", "$(touch x)"):
        result = check_text(tmp_path, f"x {BRANCH.replace('main', reference)}\n", "r.txt", mirrors=mirrors)
        assert all(one.verdict in (Verdict.MOVING, Verdict.NOT_SOURCE, Verdict.BROKEN) for one in result.judged)
        assert all(one.landing is None for one in result.judged)


# --- other sources --------------------------------------------------------------------------------------------------


def test_the_installed_release_is_the_nearest_source():
    link = resolve(today("wsproto", "wsproto/frame_protocol.py", 29))
    found = checker().sources.find(link)
    assert isinstance(found, Source)
    assert "as it is installed here" in found.where
    assert found.text
    gone = replace(link, path=link.path + "x.py", inner="wsproto/nothing.py")
    assert isinstance(checker().sources.find(gone), Absent)


def test_a_release_that_was_got_once_is_read_from_where_it_is_kept(tmp_path: Path):
    import zipfile

    folder = tmp_path / "simple-websocket-1.0.0"
    folder.mkdir()
    with zipfile.ZipFile(folder / "simple_websocket-1.0.0-py3-none-any.whl", "w") as archive:
        archive.writestr("simple_websocket/ws.py", FIRST)
    link = resolve("https://github.com/miguelgrinberg/simple-websocket/blob/v1.0.0/src/simple_websocket/ws.py#L2")
    found = Index(tmp_path, fetch=False).find(link)
    assert isinstance(found, Source)
    assert found.symbols.at(2) == found.symbols.get("Base.receive")
    gone = replace(link, path="src/simple_websocket/no.py", inner="simple_websocket/no.py")
    assert isinstance(Index(tmp_path, fetch=False).find(gone), Absent)


def test_nothing_is_asked_of_the_network_unless_that_is_allowed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    import socket

    def never(*arguments: object, **named: object) -> None:
        raise AssertionError("a socket was made")

    monkeypatch.setattr(socket, "socket", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)
    text = (
        f"{FLASK_SOCK}#L6 {BRANCH} http://127.0.0.1/a.py http://169.254.169.254/ https://github.com/a/b/blob/c/d.py\n"
    )
    assert len(check_text(tmp_path, text, "r.txt").judged) == 5
