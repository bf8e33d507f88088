"""A page, served by `app.run`: all that happens before a view is reached."""

from flask import Flask

app = Flask(__name__)


@app.route("/")
def index():
    return "Hello"


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=0)
