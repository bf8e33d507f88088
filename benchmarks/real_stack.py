"""The real stack, as its documentation would serve it: Flask-Sock's echo on Werkzeug's threads. Prints its URL."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask
from flask_sock import Sock
from werkzeug.serving import make_server

app = Flask(__name__)
sock = Sock(app)


@sock.route("/echo")
def echo(ws: Any) -> None:
    while True:
        ws.send(ws.receive())


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.port}/", flush=True)
    server.serve_forever()
