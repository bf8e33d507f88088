"""Every way to hang a WebSocket route on a Flask app."""

from flask import Blueprint, Flask
from flask_sock import Sock

# The extension first, the app later: routes are remembered on a Blueprint until `init_app`.
sock = Sock()


@sock.route("/echo")
def echo(ws):
    ws.send(ws.receive())


app = Flask(__name__)
sock.init_app(app)

# The app at once: the route goes straight to it.
direct_app = Flask("direct")
direct_sock = Sock(direct_app)


@direct_sock.route("/echo")
def direct_echo(ws):
    ws.send(ws.receive())


# A route on a Blueprint of the program's own, which the program registers.
chat = Blueprint("chat", __name__, url_prefix="/chat")


@sock.route("/<room>", bp=chat)
def talk(ws, room):
    ws.send(ws.receive())


app.register_blueprint(chat)

if __name__ == "__main__":
    for rule in app.url_map.iter_rules():
        print(rule.rule, "->", rule.endpoint)
