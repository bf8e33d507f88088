"""Everything that `receive()` can give back."""

from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
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
    app.run(host="127.0.0.1", port=0)
