"""`wsgiref` alone: text whose characters stand for bytes (PEP 3333), put right by the program."""

from urllib.parse import parse_qs
from wsgiref.simple_server import make_server


def put_right(text):
    return text.encode("latin-1").decode()


def application(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    city = parse_qs(environ["QUERY_STRING"], encoding="latin-1")["city"][0]
    return [put_right(city).encode()]


if __name__ == "__main__":
    server = make_server("127.0.0.1", 0, application)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
