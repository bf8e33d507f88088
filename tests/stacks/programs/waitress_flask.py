"""Flask on waitress: one thread reads and writes all sockets, others run the program."""

from flask import Flask, request
from waitress.server import create_server

app = Flask(__name__)


@app.post("/form")
def form():
    return "from " + request.form["city"]


@app.get("/header")
def header():
    return request.headers["X-Question"]


if __name__ == "__main__":
    server = create_server(app, host="127.0.0.1", port=0, threads=2)
    print(f"http://127.0.0.1:{server.effective_port}", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        server.close()
