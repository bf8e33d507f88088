"""`python -m reference_impl`: an echo server on our own stack, from `accept` up, and a page to try it from a browser.

Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the address cannot be listened on, 2 an option is wrong.
"""

import argparse
import signal
import sys
from collections.abc import Callable
from typing import Any

from .app import App
from .http import make_server
from .request import split_list
from .server import Server
from .sock import Sock

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Echo</title>
<form><label>Message <input name="message" value="Hello" autofocus></label> <button>Send</button></form>
<ol role="log" aria-label="What happened"></ol>
<script>
  const form = document.querySelector("form"), log = document.querySelector("ol")
  const say = text => { log.append(Object.assign(document.createElement("li"), { textContent: text })) }
  const ws = new WebSocket(location.href.replace(/^http/, "ws").replace(/[^/]*$/, "echo"))
  ws.onmessage = event => say("received: " + event.data)
  ws.onclose = event => say(`closed with code ${event.code}, ${event.wasClean ? "clean" : "not clean"}`)
  form.onsubmit = event => { event.preventDefault(); ws.send(form.message.value) }
</script>
"""


def between(kind: type[float] | type[int], limit: float) -> Callable[[str], float]:
    """The type of an option: a number of this kind, more than 0 and up to `limit`."""

    def number(text: str) -> float:
        if not 0 < kind(text) <= limit:  # nan is neither
            raise argparse.ArgumentTypeError(f"{text} is not between 0 and {limit:g}")
        return kind(text)

    return number


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m reference_impl",
        description="Serve /echo, /close, /return and /boom (WebSocket), /plain (HTTP) and a page to try them from.",
        epilog="Exit codes: 0 stopped by Ctrl-C or SIGTERM, 1 the address cannot be listened on, 2 wrong option.",
    )
    add, size, interval = parser.add_argument, between(int, sys.maxsize), between(float, 1e6)
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=5000, help="0 takes any free one (default: %(default)s)")
    add("--max-message-size", type=size, metavar="N", help="in bytes (default: no limit)")
    add("--ping-interval", type=interval, metavar="S", help="in seconds (default: no pings)")
    add("--subprotocols", default="", metavar="A,B", help="those to agree to")
    add(
        "--compression", action=argparse.BooleanOptionalAction, default=True, help="agree to permessage-deflate, or not"
    )
    return parser.parse_args(arguments)


def create_app(options: argparse.Namespace) -> App:
    app = App(__name__)
    app.config["SOCK_SERVER_OPTIONS"] = {
        "max_message_size": options.max_message_size,
        "ping_interval": options.ping_interval,
        "subprotocols": split_list(options.subprotocols),
        "compression": options.compression,
    }
    sock = Sock(app)
    app.route("/", endpoint="page")(lambda: PAGE)
    app.route("/plain", endpoint="plain")(lambda: "plain HTTP\n")

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

    return app


def handle_signals(handler: Any) -> None:
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, handler)


def main(arguments: list[str] | None = None) -> int:
    options = parse_arguments(arguments)
    try:
        server = make_server(options.host, options.port, create_app(options))
    except (OSError, OverflowError) as error:
        print(f"cannot listen on {options.host}, port {options.port}: {error}", file=sys.stderr)
        return 1
    handle_signals(lambda *_: server.shutdown())
    print(f"Serving on {server.url} (Ctrl-C stops)", flush=True)
    server.serve_forever()
    handle_signals(signal.SIG_IGN)  # what is left to do takes milliseconds
    print("Stopped.", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
