"""`python -m reference_impl`: an echo server on our own stack, from `accept` up, and a page to try it from a browser.

Serves the WebSockets /echo, /close (4321 after the first message), /return (after one) and /boom (fails after one),
/plain, which is ordinary HTTP, and the page at /.

Exit codes: 0 stopped by Ctrl-C, 1 the address cannot be listened on, 2 an option is wrong.
"""

import argparse
import signal
import sys
from pathlib import Path

from .app import App
from .http import make_server
from .request import split_list
from .server import Server
from .sock import Sock

app = App(__name__)
sock = Sock(app)
app.route("/", endpoint="page")(Path(__file__).with_name("page.html").read_text)
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


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m reference_impl", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    add("--port", type=int, default=5000, help="0 takes any free one (default: %(default)s)")
    add("--max-message-size", type=int, metavar="N", help="in bytes (default: no limit)")
    add("--ping-interval", type=float, metavar="S", help="in seconds (default: no pings)")
    add("--subprotocols", type=split_list, metavar="A,B", help="those to agree to")
    add("--compression", action=argparse.BooleanOptionalAction, default=True, help="agree to permessage-deflate")
    options = vars(parser.parse_args())
    for name in ("max_message_size", "ping_interval"):
        if options[name] is not None and not 0 < options[name] < 1e12:  # nan is neither
            parser.error(f"{options[name]} is no {name.replace('_', ' ')}: it must be more than 0")
    host, port = options.pop("host"), options.pop("port")
    app.config["SOCK_SERVER_OPTIONS"] = options
    try:
        server = make_server(host, port, app)
    except (OSError, OverflowError) as error:
        sys.exit(f"cannot listen on {host}, port {port}: {error}")
    signal.signal(signal.SIGINT, lambda *_: server.shutdown())
    print(f"Serving on {server.url} (Ctrl-C stops)", flush=True)
    server.serve_forever()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # what is left to do takes milliseconds


if __name__ == "__main__":
    main()
