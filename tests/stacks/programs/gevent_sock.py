"""Flask-Sock on gevent's own WSGI server: connections are greenlets, and so are simple-websocket's threads."""

from gevent import monkey

monkey.patch_all()

import signal  # noqa: E402

import gevent  # noqa: E402
from flask import Flask, request  # noqa: E402
from flask_sock import Sock  # noqa: E402
from gevent.pywsgi import WSGIServer  # noqa: E402

app = Flask(__name__)
sock = Sock(app)


@app.post("/form")
def form():
    return "from " + request.form["city"]


@sock.route("/echo")
def echo(ws):
    while True:
        ws.send(ws.receive().upper())


if __name__ == "__main__":
    server = WSGIServer(("127.0.0.1", 0), app, log=None)
    server.start()
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    gevent.signal_handler(signal.SIGINT, server.stop)
    server.serve_forever()
