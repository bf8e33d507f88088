"""An application that is given secrets in every way that the web has, and answers with some; its tests send them."""

import base64
import json
import sys
import threading

import simple_websocket
from flask import Flask, Response, jsonify, redirect, request, session
from flask_sock import Sock
from werkzeug.serving import make_server

app = Flask(__name__)
app.secret_key = sys.argv[1]
sock = Sock(app)
USERS = {}


def check(user: str, password: str) -> bool:
    """What the user gave is looked at in several forms."""
    USERS[user] = {"password": password, "basic": base64.b64encode(f"{user}:{password}".encode()).decode()}
    return json.loads(json.dumps([f"<{user} {password!r}>"])) != []


@app.post("/form")
def form() -> Response:
    check(request.form["user"], request.form["password"])
    session["user"] = request.form["user"]
    return redirect(f"/done?token={request.form['password']}t&next=%2Fin%3Ftoken%3D{request.form['password']}n")


@app.post("/json")
def in_json() -> Response:
    check("json", request.get_json()["password"])
    answer = jsonify(access_token=request.get_json()["password"] + "a")
    answer.set_cookie("sid", request.get_json()["password"] + "c")
    return answer


@app.get("/header")
def header() -> str:
    given = request.authorization
    check("header", (given.password or given.token or "") if given else "")
    return request.headers.get("X-CSRF-Token", "")[:2] + request.args.get("token", "")[:2]


@app.get("/fails")
def fails() -> str:
    raise ValueError(f"bad password: {request.args['password']}")


@sock.route("/ws")
def ws(ws: simple_websocket.Server) -> None:
    while True:
        told = json.loads(ws.receive())
        check("ws", told["password"])
        ws.send(json.dumps({"token": told["password"] + "s"}))


server = make_server("127.0.0.1", 0, app, threaded=True)
print(server.server_port, flush=True)
thread = threading.Thread(target=server.serve_forever)
thread.start()
sys.stdin.readline()
server.shutdown()
thread.join()
