"""The real stack's echo server, recorded: `python -m benchmarks.recorded TRACE ENGINE VALUES`; prints its port.

ENGINE is settrace, monitoring, or nothing for a server that is not recorded; VALUES is 1 or 0.
"""

from __future__ import annotations

import logging
import sys
import threading
from pathlib import Path

from werkzeug.serving import make_server

from tracer.recording import Options, Recorder

from .real_stack import app


def main() -> None:
    trace, engine, values = sys.argv[1:]
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    if engine:
        program = str(Path(__file__).parent)
        Recorder(trace, Options(engine=engine, values=values == "1", program=program)).start()
    print(server.port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
