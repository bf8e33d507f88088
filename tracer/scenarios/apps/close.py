"""Three ends of a connection: the client's close, the server's close, and a client that is simply gone."""

from flask import Flask
from flask_sock import Sock
from simple_websocket import ConnectionClosed

app = Flask(__name__)
sock = Sock(app)


@sock.route("/listen")
def listen(ws):
    try:
        ws.receive()
    except ConnectionClosed as closed:
        print("closed with", closed.reason, closed.message)
        raise


@sock.route("/bye")
def bye(ws):
    ws.receive()
    ws.close(1000, "bye")


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
