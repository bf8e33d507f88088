"""Everything that `send()` can be given, and each form of a frame's length."""

from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)


@sock.route("/send")
def talk(ws):
    ws.send("Hello")
    ws.send(b"Hello")
    ws.send("x" * 200)
    ws.send(b"x" * 70_000)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
