"""On Flask, Flask-Sock, simple-websocket and wsproto, as installed."""

from flask import Flask
from flask_sock import Sock
from talk import add

app = Flask(__name__)
add(Sock(app))

if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
