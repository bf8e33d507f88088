"""Plain Flask: each view takes one value out of its request, in another of the ways that a request has for it."""

from flask import Flask, jsonify, request

app = Flask(__name__)
CAPITAL = "Reykjavik"


@app.post("/form")
def form():
    return "from " + request.form["city"]


@app.post("/constant")
def constant():
    return CAPITAL if request.form["name"] else ""


@app.get("/query")
def query():
    return request.args["city"]


@app.post("/json")
def json():
    return {"from": request.json["city"]}


@app.post("/upload")
def upload():
    return request.files["picture"].read()


@app.post("/data")
def data():
    return request.get_data()


@app.get("/cookie")
def cookie():
    return request.cookies["flavour"]


@app.get("/header")
def header():
    return request.headers["X-Question"]


@app.get("/place/<name>")
def place(name):
    return f"<p>{name}</p>"


@app.post("/row")
def row():
    return jsonify({"from": request.json["city"]}), 201


@app.post("/rows")
def rows():
    return [{"n": 1}, {"from": request.json["city"]}], 201


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
