"""A view that reads one header of the request."""

from flask import Flask, request

app = Flask(__name__)


@app.route("/question")
def question():
    return request.headers["X-Question"]


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
