"""The smallest WebSocket program: one message in, the same message out."""

from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)


@sock.route("/echo")
def echo(ws):
    message = ws.receive()
    ws.send(message)


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
