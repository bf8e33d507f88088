"""Flask-Sock's echo with one recorder: `python -m benchmarks.peers.server KIND FOLDER`; prints its port.

When its input ends it stops the recorder and prints one JSON object: the recorded calls (null where they cannot be
counted) and the bytes of all that the recorder left in FOLDER.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
from pathlib import Path
from typing import Any

from flask import Flask
from flask_sock import Sock
from werkzeug.serving import make_server

from .recorders import KINDS


def echo(ws: Any) -> None:
    while True:
        ws.send(ws.receive())


def main() -> None:
    kind, folder = KINDS[sys.argv[1]], Path(sys.argv[2])
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app = Flask(__name__)
    Sock(app).route("/echo")(kind.around(folder, echo) if kind.around else echo)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    stop = kind.start(folder)
    print(server.port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()
    calls = stop()
    print(
        json.dumps({"calls": calls, "bytes": sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())}),
        flush=True,
    )


if __name__ == "__main__":
    main()
