"""Routes, blueprints and requests, asked of our `App` and of a real Flask: the original is the oracle."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import flask
import pytest

import reference_impl
from reference_impl.app import App, Blueprint, Response, current_app, request
from reference_impl.sock import Sock

Answer = tuple[int, dict[str, str], bytes]


def call(app: Any, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    environ: dict[str, Any] = {"SCRIPT_NAME": "", "PATH_INFO": path.partition("?")[0], "REQUEST_METHOD": method}
    environ |= {"QUERY_STRING": path.partition("?")[2], "CONTENT_LENGTH": str(len(body)), **headers}
    setup_testing_defaults(environ)
    environ["wsgi.input"], environ["wsgi.errors"] = io.BytesIO(body), io.StringIO()
    started: list[Any] = []
    parts = validator(app)(environ, lambda *start, **_: started.extend(start) or (lambda data: None))
    data = b"".join(parts)
    parts.close()  # type: ignore[attr-defined]
    return int(started[0].split()[0]), dict(started[1]), data


def build(app: Any, blueprint: Callable[..., Any], request: Any) -> Any:
    """The same application with either framework."""

    @app.route("/")
    def index() -> str:
        return "index"

    @app.route("/users/<name>")
    def user(name: str) -> str:
        return f"user {name}"

    @app.route("/users/me")
    def me() -> str:
        return "it is me"

    @app.route("/<kind>/<name>/edit")
    def edit(kind: str, name: str) -> str:
        return f"edit {kind} {name}"

    @app.route("/look", methods=["GET", "POST"])
    def look() -> str:
        return f"{request.method} {request.path} {request.headers.get('X-Asked')}"

    @app.route("/bytes")
    def bytes_() -> bytes:
        return b"\xff"

    @app.route("/none")
    def none() -> None:
        return None

    @app.route("/boom")
    def boom() -> str:
        raise RuntimeError("boom")

    @app.route("/ws", websocket=True)
    def ws() -> str:
        return "a WebSocket"

    inner, outer = blueprint("inner", __name__, url_prefix="/inner"), blueprint("outer", __name__)

    @inner.route("/<x>")
    def leaf(x: str) -> str:
        return f"leaf {x}"

    @outer.route("/branch")
    def branch() -> str:
        return "branch"

    outer.register_blueprint(inner)
    app.register_blueprint(outer, url_prefix="/outer/")
    return app


OURS = build(App(__name__), Blueprint, request)
FLASK = build(flask.Flask(__name__), flask.Blueprint, flask.request)
UPGRADE = {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "keep-alive, Upgrade"}
REQUESTS: list[tuple[Any, ...]] = [
    ("/",),
    ("/", "HEAD"),
    ("/", "POST"),
    ("/users/Ann",),
    ("/users/\xc3\xa9",),
    ("/users/me",),
    ("/users/a/b",),
    ("/users/",),
    ("/dogs/Rex/edit",),
    ("/look?a=b%20c",),
    ("/look?a=", "POST", b"body"),
    ("/bytes",),
    ("/nowhere",),
    ("/outer/branch",),
    ("/outer/inner/x",),
    ("/inner/x",),
]


@pytest.mark.parametrize("asked", REQUESTS, ids=lambda asked: " ".join(map(str, asked[:2])))
def test_answers_as_the_original(asked: tuple[Any, ...]) -> None:
    mine, theirs = (call(app, *asked, HTTP_X_ASKED="yes") for app in (OURS, FLASK))
    assert mine[0] == theirs[0]
    if mine[0] < 400:
        assert mine[2] == theirs[2]
        assert mine[1]["Content-Type"] == theirs[1]["Content-Type"]
        assert mine[1]["Content-Length"] == theirs[1]["Content-Length"]


def test_405_says_what_is_allowed() -> None:
    assert call(OURS, "/look", "PUT")[1]["Allow"] == "GET, HEAD, POST"
    assert "Allow" not in call(OURS, "/nowhere")[1]


def test_no_request_here() -> None:
    def neither_before_nor_after() -> None:
        for _ in range(2):
            with pytest.raises(AttributeError, match="no request is being handled"):
                _ = request.path
            with pytest.raises(AttributeError, match="current_app"):
                _ = current_app.config
            assert call(OURS, "/look?a=b")[0] == 200

    Context().run(neither_before_nor_after)  # whatever another test's loop has left in this thread


def test_each_thread_has_its_own_request() -> None:
    app, barrier, answers = App("x"), threading.Barrier(4, timeout=10), []

    @app.route("/<name>")
    def name(name: str) -> str:
        barrier.wait()
        return request.path + current_app.import_name

    threads = [threading.Thread(target=lambda i=i: answers.append(call(app, f"/{i}")[2])) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [b"/0x", b"/1x", b"/2x", b"/3x"]


class TestBlueprint:
    @pytest.mark.parametrize("blueprint", [Blueprint, flask.Blueprint])
    def test_not_on_itself(self, blueprint: Any) -> None:
        bp = blueprint("bp", __name__)
        with pytest.raises(ValueError, match="Cannot register a blueprint on itself"):
            bp.register_blueprint(bp)

    def test_record(self) -> None:
        app, bp, states = App(__name__), Blueprint("bp", __name__, url_prefix="/bp"), []
        bp.record(states.append)
        assert states == []
        app.register_blueprint(bp)
        app.register_blueprint(bp, url_prefix="/other")
        assert [(state.app, state.name, state.url_prefix) for state in states] == [
            (app, "bp", "/bp"),
            (app, "bp", "/other"),
        ]

    def test_endpoints_have_the_names_in_them(self) -> None:
        assert "outer.inner.leaf" in [rule.endpoint for rule in OURS.rules]
        assert "outer.inner.leaf" in FLASK.view_functions

    def test_ours_on_a_real_flask(self) -> None:
        app, bp = flask.Flask(__name__), Blueprint("bp", __name__, url_prefix="/bp")
        bp.route("/hello")(lambda: flask.render_template_string("{{ 1 + 1 }}"))
        app.register_blueprint(bp)
        assert call(app, "/bp/hello")[2] == b"2"


class TestSock:
    @pytest.mark.parametrize("make", [App, flask.Flask])
    @pytest.mark.parametrize("late", [False, True])
    def test_route(self, make: Any, late: bool) -> None:
        app = make(__name__)
        sock = Sock() if late else Sock(app)

        @sock.route("/one")
        @sock.route("/two/<name>")
        def view(ws: Any, name: str = "") -> None:
            """What it does."""

        assert view.__name__ == "view"  # the original gives None
        if late:
            sock.init_app(app)
        views = app.view_functions if make is flask.Flask else {rule.endpoint: rule.view for rule in app.rules}
        [registered] = (f for name, f in views.items() if name.endswith("view"))
        assert registered.__doc__ == "What it does."
        for path in ("/one", "/two/x"):
            app.testing = True  # Flask, too, lets an error through
            with pytest.raises(RuntimeError, match="Cannot obtain socket"):
                call(app, path, **UPGRADE)

    @pytest.mark.parametrize(("make", "blueprint"), [(App, Blueprint), (flask.Flask, flask.Blueprint)])
    def test_on_a_blueprint(self, make: Any, blueprint: Any) -> None:
        app, bp = make(__name__), blueprint("bp", __name__, url_prefix="/bp")
        Sock(app).route("/ws", bp=bp)(lambda ws: None)
        app.register_blueprint(bp)
        app.testing = True  # Flask, too, lets an error through
        with pytest.raises(RuntimeError, match="Cannot obtain socket"):
            call(app, "/bp/ws", **UPGRADE)

    def test_options_reach_the_server(self, monkeypatch: pytest.MonkeyPatch) -> None:
        seen: dict[str, Any] = {}

        class Server:
            def __init__(self, environ: dict[str, Any], **options: Any) -> None:
                seen.update(options, path=environ["PATH_INFO"])

            def close(self, reason: int) -> None:
                seen["closed"] = reason

        monkeypatch.setattr("reference_impl.sock.Server", Server)
        app = App(__name__)
        app.config["SOCK_SERVER_OPTIONS"] = {"ping_interval": 25}
        views = {"/ok": lambda ws: None, "/bad": lambda ws: 1 / 0}
        for path, view in views.items():
            Sock(app).route(path, endpoint=path)(view)
        assert call(app, "/ok", **UPGRADE)[0] == 101
        assert seen == {"ping_interval": 25, "path": "/ok", "closed": 1000}
        with pytest.raises(ZeroDivisionError):  # for the server below
            call(app, "/bad", **UPGRADE)
        assert seen["closed"] == 1011


def test_response_is_a_wsgi_application() -> None:
    assert call(Response("é", 202, [("X-A", "b")]), "/") == (
        202,
        {"Content-Type": "text/html; charset=utf-8", "Content-Length": "2", "X-A": "b"},
        "é".encode(),
    )


UPGRADE = {"HTTP_UPGRADE": "websocket", "HTTP_CONNECTION": "Upgrade"}


RULES = ["/<kind>", "/<kind>/<name>", "/<kind>/<name>/edit", "/users/<name>", "/<kind>/me", "/users/me", "/"]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("path", ["/", "/users/me", "/users/7", "/users/Ann", "/dogs/me", "/a", "/a/b/edit"])
def test_the_rule_that_says_more_comes_first(path: str, order: int) -> None:
    """Whatever the order in which they were registered, as in the original."""
    answers = []
    for app in (App(__name__), flask.Flask(__name__)):
        for rule in RULES[::order]:
            app.add_url_rule(rule, rule.replace(".", ""), lambda rule=rule, **_: rule)
        answers.append(call(app, path)[::2])
    assert answers[0] == answers[1]


def test_the_request_of_the_package_is_no_module() -> None:
    """There is a module of this name, too; who imports it must not take its place."""
    assert reference_impl.request is request
