"""An echo that prints what it was given: messages with their type, and how it ended."""

from flask import Flask
from flask_sock import Sock
from simple_websocket import ConnectionClosed

app = Flask(__name__)
sock = Sock(app)


@sock.route("/told")
def told(ws):
    try:
        while True:
            message = ws.receive()
            print("told", repr(message))
            ws.send(message)
    except ConnectionClosed as closed:
        print("told", closed.reason, closed.message)
        raise
