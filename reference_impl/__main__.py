"""`python -m reference_impl`: an echo server on our own stack, from `accept` up, and a page to try it from a browser.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the address cannot be listened on, 2 an option is wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Any

from .app import App
from .http import make_server
from .server import MAX_PING_INTERVAL, Server
from .sock import Sock

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<title>Echo</title>
<h1>Echo</h1>
<form>
  <label>Message <input name="message" autocomplete="off" autofocus value="Hello"></label>
  <button>Send</button> <button type="button" name="close">Close</button>
</form>
<ol role="log" aria-label="What happened"></ol>
<script>
  const form = document.querySelector("form"), log = document.querySelector("ol")
  const say = text => { log.append(Object.assign(document.createElement("li"), { textContent: text })) }
  const ws = new WebSocket(location.href.replace(/^http/, "ws").replace(/[^/]*$/, "echo"))
  ws.onopen = () => say("open")
  ws.onmessage = event => say("received: " + event.data)
  ws.onclose = event => say(`closed with code ${event.code}, ${event.wasClean ? "clean" : "not clean"}`)
  form.onsubmit = event => { event.preventDefault(); ws.send(form.message.value); say("sent: " + form.message.value) }
  form.close.onclick = () => ws.close(1000)
</script>
"""


def positive(kind: type[float] | type[int], limit: float) -> Any:
    def parse(text: str) -> float | int:
        number = kind(text)
        if not 0 < number <= limit:  # nan is neither
            raise argparse.ArgumentTypeError(f"{text} is not between 0 and {limit:g}")
        return number

    parse.__name__ = kind.__name__
    return parse


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reference_impl",
        description="Serve /echo, /close, /return and /boom (WebSocket), /plain (HTTP) and a page to try them from.",
        epilog="Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the address cannot be listened on, 2 wrong option.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=5000, help="0 takes any free one (default: %(default)s)")
    parser.add_argument(
        "--max-message-size", type=positive(int, sys.maxsize), metavar="N", help="in bytes (default: no limit)"
    )
    parser.add_argument(
        "--ping-interval", type=positive(float, MAX_PING_INTERVAL), metavar="S", help="in seconds (default: no pings)"
    )
    parser.add_argument("--subprotocols", default="", metavar="A,B", help="those to agree to")
    switch = argparse.BooleanOptionalAction
    parser.add_argument("--compression", action=switch, default=True, help="agree to permessage-deflate, or not")
    return parser.parse_args(arguments)


def create_app(options: argparse.Namespace) -> App:
    app = App(__name__)
    app.config["SOCK_SERVER_OPTIONS"] = {
        "max_message_size": options.max_message_size,
        "ping_interval": options.ping_interval,
        "subprotocols": [name.strip() for name in options.subprotocols.split(",") if name.strip()],
        "compression": options.compression,
    }
    add_websockets(Sock(app))
    app.route("/")(lambda: PAGE)
    app.route("/plain", endpoint="plain")(lambda: "plain HTTP\n")
    return app


def add_websockets(sock: Sock) -> None:
    @sock.route("/echo")
    def echo(ws: Server) -> None:
        while True:
            ws.send(ws.receive())

    @sock.route("/close")
    def close(ws: Server) -> None:
        ws.receive()
        ws.close(4321, "bye")

    @sock.route("/return")
    def return_(ws: Server) -> None:
        ws.send(ws.receive())

    @sock.route("/boom")
    def boom(ws: Server) -> None:
        ws.receive()
        raise RuntimeError("boom: this view fails on purpose")


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        server = make_server(options.host, options.port, create_app(options))
    except (OSError, OverflowError) as error:
        why = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        print(f"cannot listen on {options.host}, port {options.port}: {why}", file=sys.stderr)
        return 1
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: server.shutdown())
    print(f"Serving on {server.url} (Ctrl-C stops)", flush=True)
    server.serve_forever()
    for stop in (signal.SIGINT, signal.SIGTERM):  # what is left to do takes milliseconds
        signal.signal(stop, signal.SIG_IGN)
    print("Stopped.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
