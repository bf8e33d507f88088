"""URLs in the text of reports: joined where they were cut, repaired where they were damaged, and left alone else."""

from __future__ import annotations

import pytest
from helpers_checker import FLASK_SOCK, WS
from hypothesis import given
from hypothesis import strategies as st

from grader.documents.urls import find
from grader.links import resolve
from grader.truth import known

COMMIT = "a390d5705537b0cb127280fe2a41b59e92990d66"
BASE = FLASK_SOCK
HUB = "https://github.com"
PATHS = [(source.library, source.path) for truth in known() for source in truth.sources]


@pytest.mark.parametrize(
    ("text", "url", "repairs"),
    [
        (f"see {BASE}#L6 there", f"{BASE}#L6", 0),
        (f"({BASE}#L6)", f"{BASE}#L6", 0),
        (f"see {BASE}#L6.", f"{BASE}#L6", 0),
        (f"{BASE}#L6-L9,", f"{BASE}#L6-L9", 0),
        (f"{BASE}#L553-#L720", f"{BASE}#L553-L720", 1),
        (f"{BASE}#LL10C3-L10C3", f"{BASE}#L10", 1),
        (f"{BASE}549", f"{BASE}#L549", 1),
        (f"{BASE}-L302", f"{BASE}#L302", 1),
        (BASE.replace("__init__", "_init_") + "#L6", f"{BASE}#L6", 1),
        (BASE[:-2] + "pv#L16", f"{BASE}#L16", 1),
        (f"{BASE[:90]}\n{BASE[90:]}#L6", f"{BASE}#L6", 1),
        (f"{BASE[:90]} {BASE[90:]}#L6", f"{BASE}#L6", 1),
        (f"{BASE[:90]}\n\n{BASE[90:]}#L6", f"{BASE}#L6", 1),
        (f"{BASE[:-11]}\n{BASE[-11:]}#L6 and more", f"{BASE}#L6", 1),
        (WS.replace("_", " ") + "#L209 says", f"{WS}#L209", 2),
        (BASE.replace("flask_sock/__init__", "flask sock/ init ") + "#L32", f"{BASE}#L32", 3),
        (f"flask-sock.{BASE}#L32", f"{BASE}#L32", 0),
        (f"[`f`]({BASE}#L6) is", f"{BASE}#L6", 0),
        (f"{BASE.replace('flask-sock/', 'flask-' + chr(10) + 'sock/')}#L6", f"{BASE}#L6", 1),
        (f"{BASE.replace('github', 'git' + chr(10) + 'hub')}#L6", f"{BASE}#L6", 1),
        (f"{BASE.replace('/blob', '/bl' + chr(10) + ' ob')}#L6", f"{BASE}#L6", 1),
        (f"see {BASE.removeprefix('https://')}#L6.", f"{BASE}#L6", 1),
        (f"{BASE}?plain=1#L6-L9 and", f"{BASE}#L6-L9", 0),
        (f"is it {BASE}?", BASE, 0),
        (f"{BASE}:6: here", f"{BASE}#L6", 1),
        (f"{BASE}#line-6", f"{BASE}#L6", 1),
        (f"\\url{{{BASE}\\#L6}}", f"{BASE}#L6", 1),
        (f"{HUB}/miguelgrinberg/flask-sock is the repository.", f"{HUB}/miguelgrinberg/flask-sock", 0),
        ("https://docs.python.org/3/library/socket.html)", "https://docs.python.org/3/library/socket.html", 1),
        ("https://en.wikipedia.org/wiki/A_(b)", "https://en.wikipedia.org/wiki/A_(b)", 0),
    ],
)  # fmt: skip
def test_a_url_is_found_whole(text: str, url: str, repairs: int):
    found = find(text)
    assert [one.url for one in found] == [url]
    assert len(found[0].repairs) >= repairs
    assert bool(found[0].repairs) == bool(repairs)


def test_prose_after_a_link_is_not_taken_into_it():
    text = "https://github.com/pallets/flask/blob/main/src/flask/app.py is where run stands, and cli.py is beside it."
    assert [one.url for one in find(text)] == ["https://github.com/pallets/flask/blob/main/src/flask/app.py"]
    text = "https://github.com/pallets/flask\nand the folder src/blob of it"
    assert [one.url for one in find(text)] == ["https://github.com/pallets/flask"]
    text = "https://github.com/pallets/flask/tree/main/src then serving.py of Werkzeug"
    assert [one.url for one in find(text)] == ["https://github.com/pallets/flask/tree/main/src"]


def test_two_links_stay_two():
    text = f"{BASE}#L6 {WS}#L9\n{BASE}#L7"
    assert [one.url for one in find(text)] == [f"{BASE}#L6", f"{WS}#L9", f"{BASE}#L7"]


@given(st.text(max_size=400))
def test_no_text_makes_it_fail(text: str):
    for one in find(text):
        assert 0 <= one.start < one.stop <= len(text)


@given(
    st.lists(
        st.sampled_from(["https://github.com/", "a/b/blob/", COMMIT[:20], " ", "\n", "/src/x.py", "#L", "9", ")", "é"])
    )
)
def test_no_pieces_of_links_make_it_fail(pieces: list[str]):
    text = "".join(pieces)
    stops = [0]
    for one in find(text):
        assert stops[-1] <= one.start < one.stop <= len(text)
        stops.append(one.stop)


@given(cut=st.integers(min_value=52, max_value=len(BASE) - 1), space=st.sampled_from(["\n", " \n", "\n\n", " "]))
def test_a_link_that_was_cut_inside_its_commit_is_joined_wherever_that_was(cut: int, space: str):
    inside = BASE.index(COMMIT) < cut < BASE.index(COMMIT) + 40
    if inside:
        assert [one.url for one in find(f"{BASE[:cut]}{space}{BASE[cut:]}#L6 goes on")] == [f"{BASE}#L6"]


@pytest.mark.parametrize(
    ("url", "kind", "repository", "inner", "lines"),
    [
        (f"{BASE}#L6-L9", "code", "miguelgrinberg/flask-sock", "flask_sock/__init__.py", (6, 9)),
        (f"{BASE}#L9-L6", "code", "miguelgrinberg/flask-sock", "flask_sock/__init__.py", (6, 9)),
        (WS.replace("github", "aithub").replace("miguelgrinberg", "miguelarinbera"), "code",
         "miguelgrinberg/simple-websocket", "simple_websocket/ws.py", (0, 0)),
        (WS.replace("simple_websocket", "simple-websocket") + "#L39", "code",
         "miguelgrinberg/simple-websocket", "simple_websocket/ws.py", (39, 39)),
        (f"{HUB}/python/cpython/blob/3.11/Lib/socketserver.py#L505", "code",
         "python/cpython", "socketserver.py", (505, 505)),
        ("https://raw.githubusercontent.com/pallets/flask/main/src/flask/app.py", "code",
         "pallets/flask", "flask/app.py", (0, 0)),
        (f"{HUB}/somebody/flask/blob/main/src/flask/app.py#L1", "fork", "somebody/flask", "flask/app.py", (1, 1)),
        ("https://github.com/somebody/homework/blob/main/server.py#L1", "own", "somebody/homework", "", (1, 1)),
        ("https://github.com/pallets/flask", "page", "pallets/flask", "", (0, 0)),
        ("https://github.com/pallets/flask/blob/main/README.md", "page", "pallets/flask", "README.md", (0, 0)),
        (f"{HUB}/pallets/flask/blob/refs/heads/main/src/flask/app.py#L5", "code",
         "pallets/flask", "flask/app.py", (5, 5)),
        ("https://raw.githubusercontent.com/pallets/flask/refs/tags/3.1.3/src/flask/app.py", "code",
         "pallets/flask", "flask/app.py", (0, 0)),
        ("https://github.dev/pallets/flask/blob/main/src/flask/app.py#L5", "code",
         "pallets/flask", "flask/app.py", (5, 5)),
        ("https://gitlab.com/pallets/flask/-/blob/main/src/flask/app.py#L5", "hosted", "", "", (0, 0)),
        ("https://flask.palletsprojects.com/en/stable/_modules/flask/app/#Flask.run", "hosted", "", "", (0, 0)),
        ("https://bit.ly/3abcde", "shortened", "", "", (0, 0)),
        ("https://flask.palletsprojects.com/", "page", "", "", (0, 0)),
        ("javascript:alert(1)", "nowhere", "", "", (0, 0)),
        ("file:///etc/passwd", "nowhere", "", "", (0, 0)),
        ("https://github.com/pallets/flask/blob/main/../../../etc/passwd", "nowhere", "", "", (0, 0)),
        ("https://github.com/pallets/flask/blob/main/%2e%2e/%2e%2e/secret.py", "nowhere", "", "", (0, 0)),
        ("http://[::1", "nowhere", "", "", (0, 0)),
        ("http://169.254.169.254/latest/meta-data/a.py", "hosted", "", "", (0, 0)),
    ],
)  # fmt: skip
def test_a_url_names_a_file_or_none(url: str, kind: str, repository: str, inner: str, lines: tuple[int, int]):
    link = resolve(url, PATHS)
    assert (link.kind, link.repository, link.inner, (link.first, link.last)) == (kind, repository, inner, lines)


def test_what_moves_is_told_from_what_stays():
    at = "https://github.com/pallets/flask/blob/{}/src/flask/app.py"
    moving = {ref: resolve(at.format(ref)).moves for ref in ("main", "2.1.x", "2.1.2", "v1.0", "a25d234", "a" * 40)}
    assert moving == {"main": True, "2.1.x": True, "2.1.2": False, "v1.0": False, "a25d234": False, "a" * 40: False}
    assert not resolve(at.format("a" * 41)).moves  # a commit with a digit too many
    python = "https://github.com/python/cpython/blob/{}/Lib/socket.py"
    assert resolve(python.format("3.11")).moves
    assert not resolve(python.format("v3.11.7")).moves


def test_a_path_without_the_folder_that_its_release_has_is_told():
    at = f"{HUB}/miguelgrinberg/simple-websocket/blob/v1.1.0/{{}}"
    link = resolve(at.format("simple_websocket/ws.py"), PATHS)
    assert link.repairs == ("the path is src/simple_websocket/ws.py, not simple_websocket/ws.py",)
    assert link.path == "src/simple_websocket/ws.py"
    for right in ("src/simple_websocket/ws.py", "tests/test_simple_websocket_server.py"):
        assert resolve(at.format(right), PATHS).repairs == ()
    assert resolve(f"{HUB}/miguelgrinberg/simple-websocket/blob/main/simple_websocket/ws.py", PATHS).repairs == ()
