"""Serve the scenarios' programs, unchanged, and one of our own, on one combination of floors, until SIGINT.

    python serve.py HTTP PROTOCOL SERVER SOCK APP [CLOSE_TIMEOUT]

prints, as JSON, where each floor's code really comes from and which routes the programs have; then its URL.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import os
import runpy
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE.parent)]

from floors import names  # noqa: E402 (only now can it be found)
from floors.stack import Stack  # noqa: E402
from reference_impl import server as our_server  # noqa: E402
from reference_impl.http import make_server as our_make_server  # noqa: E402

APPS = ROOT / "tracer" / "scenarios" / "apps"
#: Which program answers for a path; the rest is sock.py's.
PROGRAMS = {
    "/": APPS / "tcp.py",
    "/question": APPS / "http_headers.py",
    "/echo": APPS / "echo.py",
    "/receive": APPS / "receive.py",
    "/send": APPS / "send.py",
    "/listen": APPS / "close.py",
    "/bye": APPS / "close.py",
    "/told": HERE / "told.py",
    "": APPS / "sock.py",
}
PRINTING = threading.Lock()


def build(stack: Stack, timeout: float | None) -> dict[str, str]:
    """Put the floors together under the names that programs import; say which package each one is from.

    `timeout`: seconds that our server floor waits for the answer to its close frame, where it is ours.
    """
    if stack.is_ours("protocol"):
        sys.modules.update(names.wsproto_of_ours())
    if not stack.is_ours("server"):
        server = importlib.import_module("simple_websocket.ws")
    elif stack.is_ours("protocol"):
        server = our_server
    else:
        server = names.load("reference_impl.server", names.ours_of_wsproto())
    if stack.is_ours("server") and timeout is not None:
        server.__dict__["CLOSE_TIMEOUT"] = timeout
    sys.modules["simple_websocket"] = names.simple_websocket_of(server)
    if stack.is_ours("app"):
        sys.modules["flask"] = names.flask_of_ours()
    if stack.is_ours("sock"):
        sock = names.load("reference_impl.sock", names.our_server_of(server))
    else:
        sock = importlib.import_module("flask_sock")
    sys.modules["flask_sock"] = names.flask_sock_of(sock)
    return {
        "protocol": origin(server.WSConnection),
        "server": origin(sock.Server),
        "sock": origin(sock.websocket_view if stack.is_ours("sock") else sock.Sock),
        "app": origin(importlib.import_module("flask").Flask),
    }


def origin(thing: Any) -> str:
    """The package that the code of a class or a function comes from; not that of the names in between."""
    base = thing if not isinstance(thing, type) else next(c for c in thing.__mro__ if c.__module__ != "floors.names")
    return str(base.__module__).partition(".")[0]


def routes(app: Any) -> list[list[str]]:
    """(rule, endpoint) of each, without Flask's own route for static files."""
    rules = app.url_map.iter_rules() if hasattr(app, "url_map") else app.rules
    return sorted([rule.rule, rule.endpoint] for rule in rules if rule.endpoint != "static")


def serve(http: str, application: Callable[..., Iterable[bytes]]) -> None:
    if http == "gunicorn":
        serve_gunicorn(application)
    elif http == "werkzeug":
        serving = importlib.import_module("werkzeug.serving")
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = serving.make_server("127.0.0.1", 0, application, threaded=True)
        announce(server.port)
        server.serve_forever()
    else:
        server = our_make_server("127.0.0.1", 0, application)
        announce(server.port)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def serve_gunicorn(application: Callable[..., Iterable[bytes]]) -> None:
    base = importlib.import_module("gunicorn.app.base").BaseApplication
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    class Application(base):  # type: ignore[misc,valid-type]
        def load_config(self) -> None:
            wanted = {
                "bind": f"fd://{os.dup(listener.fileno())}",
                "worker_class": "gthread",
                "threads": 20,
                "keepalive": 0,
                "graceful_timeout": 2,
                "post_worker_init": lambda worker: announce(listener.getsockname()[1]),
                "control_socket_disable": True,  # since 25.1 it would write to the home directory
            }
            for name, value in wanted.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            return application

    Application().run()


def print_at_once(*values: object) -> None:
    """`print` writes in pieces, and two views may print at the same time."""
    with PRINTING:
        sys.stdout.write(" ".join(map(str, values)) + "\n")
        sys.stdout.flush()


def announce(port: int) -> None:
    print(f"http://127.0.0.1:{port}/", flush=True)


def main() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # who is started in the background would ignore it
    stack = Stack(*sys.argv[1:6])
    told: dict[str, Any] = dict(build(stack, float(sys.argv[6]) if len(sys.argv) > 6 else None))
    loaded = {path: runpy.run_path(str(path), {"print": print_at_once}) for path in sorted(set(PROGRAMS.values()))}
    told["routes"] = [routes(loaded[APPS / "sock.py"][name]) for name in ("app", "direct_app")]
    print(json.dumps(told), flush=True)

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Hands on to the program that the path belongs to, and adds nothing."""
        path = environ["PATH_INFO"]
        program = loaded[PROGRAMS[path if path in PROGRAMS else ""]]
        answer: Iterable[bytes] = program["app"](environ, start_response)
        return answer

    serve(stack.http, application)


if __name__ == "__main__":
    main()
