"""The view of receive.py on our own stack: `App`, `Sock` and the server of reference_impl."""

import sys
from contextlib import suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))  # as it lies beside the tracer, installed or not

from reference_impl import App, Sock, make_server

app = App(__name__)
sock = Sock(app)


@sock.route("/receive")
def listen(ws):
    text = ws.receive()
    ws.send(f"{type(text).__name__} {len(text)}")

    data = ws.receive()
    ws.send(f"{type(data).__name__} {len(data)}")

    joined = ws.receive()
    ws.send(f"{type(joined).__name__} {len(joined)}")

    nothing = ws.receive(timeout=0.05)
    ws.send(f"{nothing}")


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, app)
    print(f"Running on {server.url}", file=sys.stderr)
    with suppress(KeyboardInterrupt):
        server.serve_forever()
