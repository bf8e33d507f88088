"""The original with the same routes: Flask-Sock on Werkzeug, or on gunicorn's threads.

In: the options that `python -m reference_impl` takes (the original cannot switch compression off), and `--server`.
Out: its URL on stdout, then it serves until it is killed. Nothing here works around anything.
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from typing import Any

from flask import Flask
from flask_sock import Sock


def create_app(options: dict[str, Any]) -> Flask:
    app = Flask(__name__)
    app.config["SOCK_SERVER_OPTIONS"] = options
    sock = Sock(app)

    @sock.route("/echo")
    def echo(ws: Any) -> None:
        while True:
            ws.send(ws.receive())

    @sock.route("/close")
    def close(ws: Any) -> None:
        ws.receive()
        ws.close(4321, "bye")

    @sock.route("/return")
    def return_(ws: Any) -> None:
        ws.send(ws.receive())

    @sock.route("/boom")
    def boom(ws: Any) -> None:
        ws.receive()
        raise RuntimeError("boom")

    @app.route("/plain")
    def plain() -> str:
        return "plain\n"

    @app.route("/")
    def page() -> str:
        return "<!doctype html><title>echo</title><script>new WebSocket('ws://' + location.host + '/echo')</script>"

    return app


def serve_gunicorn(app: Flask, listener: socket.socket) -> None:
    from gunicorn.app.base import BaseApplication

    class Application(BaseApplication):
        def load_config(self) -> None:
            self.cfg.set("bind", f"fd://{os.dup(listener.fileno())}")
            self.cfg.set("worker_class", "gthread")
            self.cfg.set("threads", 100)
            if "control_socket_disable" in self.cfg.settings:  # since 25.1 it would write to the home directory
                self.cfg.set("control_socket_disable", True)

        def load(self) -> Flask:
            return app

    Application().run()


def serve_websockets(args: argparse.Namespace, listener: socket.socket) -> None:
    """Not the original, but a third opinion: the `websockets` library, which closes as the RFC says."""
    from websockets.exceptions import ConnectionClosed
    from websockets.sync.server import ServerConnection, serve

    def handler(ws: ServerConnection) -> None:
        path = ws.request.path if ws.request else ""
        try:
            while True:
                message = ws.recv()
                if path == "/close":
                    ws.close(4321, "bye")
                    return
                if path == "/boom":
                    raise RuntimeError("boom")
                ws.send(message)
                if path == "/return":
                    return
        except ConnectionClosed:
            pass

    compression = None if args.no_compression else "deflate"
    with serve(
        handler,
        sock=listener,
        compression=compression,
        max_size=args.max_message_size,
        subprotocols=args.subprotocols,
        ping_interval=args.ping_interval,
        ping_timeout=args.ping_interval,
    ) as server:
        server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", choices=["werkzeug", "gunicorn", "websockets"], default="werkzeug")
    parser.add_argument("--max-message-size", type=int)
    parser.add_argument("--ping-interval", type=float)
    parser.add_argument("--subprotocols", type=lambda text: text.split(","))
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--compression", action="store_true")
    parser.add_argument("--no-compression", action="store_true")
    args = parser.parse_args()
    options = {name: getattr(args, name) for name in ("max_message_size", "ping_interval", "subprotocols")}
    app = create_app({name: value for name, value in options.items() if value is not None})
    listener = socket.create_server((args.host, args.port), backlog=256)
    print(f"http://{args.host}:{listener.getsockname()[1]}/", flush=True)
    if args.server == "websockets":
        serve_websockets(args, listener)
    elif args.server == "gunicorn":
        serve_gunicorn(app, listener)
    else:
        from werkzeug.serving import make_server

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        make_server(args.host, 0, app, threaded=True, fd=listener.fileno()).serve_forever()


if __name__ == "__main__":
    main()
