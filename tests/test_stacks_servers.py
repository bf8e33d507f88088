"""Stacks on threads and on Tornado: Flask's own parts, Django's development server, waitress, Tornado."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from stacks.playing import Played, holds, play
from websockets.sync.client import connect

CITY, ENCODED = "Reykjavík", b"Reykjav%C3%ADk"
QUESTION = "what is it made of?"
PASSWORD = "not to be seen anywhere"
FORM = b"name=Ada&city=" + ENCODED


class Browser:
    """A client that keeps its cookies."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())

    def __call__(self, path: str, data: bytes | None = None, **headers: str) -> bytes:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        with self._opener.open(urllib.request.Request(self._url + path, data, told)) as answer:
            return answer.read()  # type: ignore[no-any-return]


def flask(port: int) -> list[Any]:
    body = f"name=Bj%C3%B8rn&password={PASSWORD.replace(' ', '+')}"
    return [Browser(port)("/login", body.encode())]  # it follows to /page, with the session's cookie


TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def django(port: int) -> list[Any]:
    browser = Browser(port)
    found = TOKEN.search(browser("/form").decode())
    assert found is not None
    tokens.append(found[1])
    body = f"csrfmiddlewaretoken={found[1]}&city=".encode() + ENCODED
    return [browser("/form", body), browser("/header", X_Question=QUESTION), browser("/json", LONG_JSON)]


#: The CSRF tokens of the runs: what no trace may hold.
tokens: list[str] = []
LONG_JSON = b'{"city": "Ljubljana in Slovenia"}'


def wsgi(port: int) -> list[Any]:
    browser = Browser(port)
    return [browser("/form", FORM), browser("/header", X_Question=QUESTION)]


def tornado(port: int) -> list[Any]:
    got = wsgi(port)
    with connect(f"ws://127.0.0.1:{port}/echo", compression=None) as peer:
        peer.send("Hello to the other end")
        got.append(peer.recv())
    return got


def free_port() -> str:
    """Django does not tell which port it got for 0."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])


@dataclass(frozen=True)
class Stack:
    """A program, its client, and journeys: direction, value, the bytes on the wire, and libraries that it passes."""

    program: str
    client: Callable[[int], list[Any]]
    expected: list[tuple[str, str | bytes, bytes, list[str]]]


FORM_AND_HEADER: list[tuple[str, str | bytes, bytes]] = [
    ("in", CITY, ENCODED),
    ("out", f"from {CITY}", f"from {CITY}".encode()),
    ("in", QUESTION, QUESTION.encode()),
    ("out", QUESTION, QUESTION.encode()),
]
STACKS = [
    Stack(
        "flask_whole",
        flask,
        [
            ("in", "Bjørn", b"Bj%C3%B8rn", ["werkzeug"]),
            ("in", "Tromsø", b"Troms%C3%B8", ["werkzeug"]),
            ("out", "<p>Bjørn is from Tromsø</p><i>TROMSØ</i>", "<p>Bjørn is from Tromsø</p><i>TROMSØ</i>".encode(),
             ["flask", "werkzeug"]),
        ],
    ),
    Stack(
        "django_one_file",
        django,
        [
            *((*one, ["django"]) for one in FORM_AND_HEADER),
            ("in", LONG_JSON, LONG_JSON, ["django"]),
            ("out", "Ljubljana in Slovenia", b"Ljubljana in Slovenia", ["django", "wsgiref"]),
        ],
    ),
    Stack("waitress_flask", wsgi, [(*one, ["waitress", "werkzeug"]) for one in FORM_AND_HEADER]),
    Stack(
        "tornado_app",
        tornado,
        [
            *((*one, ["tornado"]) for one in FORM_AND_HEADER),
            ("out", "HELLO TO THE OTHER END", b"HELLO TO THE OTHER END", ["tornado"]),
        ],
    ),
]  # fmt: skip


@pytest.fixture(scope="module", params=STACKS, ids=lambda stack: stack.program)
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Played]]:
    stack: Stack = request.param
    arguments = [free_port()] if stack.program.startswith("django") else []
    made = play(stack.program, tmp_path_factory.mktemp(stack.program), stack.client, *arguments)
    yield stack, made
    made.trace.close()


def test_it_holds(played: tuple[Stack, Played]) -> None:
    holds(played[1])


def test_the_ways_of_values(played: tuple[Stack, Played]) -> None:
    stack, made = played
    for direction, value, wire, lanes in stack.expected:
        journey = made.journey(direction, value)
        assert made.wire(journey) == [wire], (direction, value)
        assert set(lanes) <= set(journey.lanes(made.trace)), (direction, value)


def test_secrets_stay_out(played: tuple[Stack, Played]) -> None:
    stack, made = played
    said = [str(value.data) for value in made.trace.values.values() if value.data is not None]
    secrets = {"flask_whole": [PASSWORD, PASSWORD.replace(" ", "+")], "django_one_file": tokens}.get(stack.program, [])
    assert [one for one in said for secret in secrets if secret in one] == []
    masked = sum(int(count) for rule, count in made.trace.meta.items() if rule.startswith("masked."))
    assert masked > 5 or stack.program in ("waitress_flask", "tornado_app")


def test_threads_and_tasks_by_name(played: tuple[Stack, Played]) -> None:
    stack, made = played
    names = {name for journey in made.found for name in made.names(journey)}
    lane = {"waitress_flask": "waitress-N", "tornado_app": "task N (RequestHandler._execute)"}
    assert lane.get(stack.program, "Thread-N (process_request_thread)") in names


def test_columns_as_the_bytes_meet_them(played: tuple[Stack, Played]) -> None:
    """The server's before what it calls, whatever the program imported, or set up, first."""
    stack, made = played
    names = [lane.name for lane in made.view().lanes]
    onion = {"waitress_flask": ["waitress", "flask", "werkzeug", "app"], "flask_whole": ["werkzeug", "flask", "app"]}
    mine = onion.get(stack.program, names)
    assert [name for name in names if name in mine] == mine, names
