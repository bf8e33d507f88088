"""Flask-Sock on gunicorn: its workers are forked off, with threads or with gevent."""

from flask import Flask, request
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)


@app.post("/form")
def form():
    return "from " + request.form["city"]


@sock.route("/echo")
def echo(ws):
    while True:
        ws.send(ws.receive().upper())
