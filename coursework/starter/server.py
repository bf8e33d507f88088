"""The server that the tests talk to: it stands on what you write in stack/, one stage above the other.

    PORT=5000 python3 server.py        then, say: curl -i http://127.0.0.1:5000/environ

This file is given: you do not have to change it. What cannot be there yet is left out, and said on stderr. In another
language there is no such file; what each route must do is in README.md.
"""

import contextlib
import json
import os
import socket
import sys
import threading

from stack.app import App, Blueprint, Response, current_app, request
from stack.connection import ConnectionState, ConnectionType
from stack.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RemoteProtocolError,
    TextMessage,
)  # fmt: skip
from stack.handshake import WSConnection
from stack.http import make_server
from stack.server import ConnectionClosed, ConnectionError, Server, shut
from stack.sock import Sock

SUBPROTOCOLS = ("chat.v2", "chat.v1")


# -- stages tcp and headers: plain WSGI ---------------------------------------------------------------------------


def environ_page(environ, start_response):
    """What the request was, as JSON."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if name in environ:
            headers[name.replace("_", "-").lower()] = environ[name]
    told = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "query": environ["QUERY_STRING"],
            "headers": headers, "body": environ["wsgi.input"].read().hex()}  # fmt: skip
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]


def wsgi_page(environ, start_response):
    """What the server says of itself (PEP 3333), as JSON."""
    told = {"version": list(environ["wsgi.version"]), "scheme": environ["wsgi.url_scheme"],
            "multithread": environ["wsgi.multithread"], "multiprocess": environ["wsgi.multiprocess"],
            "run_once": environ["wsgi.run_once"], "script": environ["SCRIPT_NAME"], "remote": environ["REMOTE_ADDR"],
            "port": environ["SERVER_PORT"] == os.environ["PORT"], "protocol": environ["SERVER_PROTOCOL"],
            "type": environ.get("CONTENT_TYPE"), "length": environ.get("CONTENT_LENGTH")}  # fmt: skip
    body = json.dumps(told).encode()
    start_response("200 OK", [("Content-Type", "application/json")])
    return [body]


def parts_page(environ, start_response):
    """A body in three parts, of a length that nobody has said."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Parts", "3")])
    return (part for part in (b"one\n", b"two\n", b"three\n"))


def nothing_page(environ, start_response):
    """A head, and of the body not even an empty part."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("X-Nothing", "here")])
    return []


CLOSED = threading.Event()  # the server has called `close` of the last answer from /closes


class Closes:
    """An answer whose server has to say when it is done with it (PEP 3333), even if a part of it cannot be had."""

    def __init__(self, fails):
        self.parts = iter([b"one\n", b"two\n"][: 1 if fails else 2])
        self.fails = fails

    def __iter__(self):
        return self

    def __next__(self):
        part = next(self.parts, None)
        if part is None and self.fails:
            raise RuntimeError("this application fails on purpose, later")
        if part is None:
            raise StopIteration
        return part

    def close(self):
        CLOSED.set()


def closes_page(environ, start_response):
    """With the query `fails` it fails behind its first part."""
    CLOSED.clear()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Closes(environ["QUERY_STRING"] == "fails")


def closed_page(environ, start_response):
    """Whether the last answer from /closes was closed; waits a moment for it."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"closed" if CLOSED.wait(2) else b"not closed"]


def fails_page(environ, start_response):
    raise RuntimeError("this application fails on purpose")


def fails_late_page(environ, start_response):
    """Fails when the beginning is on the wire already."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"one\n"
    raise RuntimeError("this application fails on purpose, later")


# -- stages handshake to ping_close: the protocol in one loop, without threads ------------------------------------


def head_again(environ):
    """WSGI has taken the request apart; the protocol wants its bytes."""
    lines = [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} {environ['SERVER_PROTOCOL']}"]
    lines += [f"{key[5:].replace('_', '-')}: {value}" for key, value in environ.items() if key.startswith("HTTP_")]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def conversation(answer):
    """A WSGI application that opens a WebSocket, and has `answer(ws, event)` say which bytes go out for each event."""

    def application(environ, start_response):
        sock, ws = environ["werkzeug.socket"], WSConnection(ConnectionType.SERVER)
        try:
            ws.receive_data(head_again(environ))
            asked = next(iter(ws.events()))
            chosen = next((name for name in asked.subprotocols if name in SUBPROTOCOLS), None)
            sock.sendall(ws.send(AcceptConnection(chosen)))
            parts, data = [], b"the handshake"
            # the end of TCP ends the loop, too: who says nothing of it must not be asked for ever
            while data and ws.state in (ConnectionState.OPEN, ConnectionState.LOCAL_CLOSING):
                ws.receive_data((data := sock.recv(4096)) or None)
                for event in ws.events():
                    if isinstance(event, Message):
                        parts.append(event.data)
                        if not event.message_finished:
                            continue
                        event, parts = type(event)(parts[0][:0].join(parts)), []
                    sock.sendall(answer(ws, event))
        except RemoteProtocolError as error:
            sock.sendall(ws.send(error.event_hint))
        except OSError:
            pass  # the client is gone: there is nobody to tell
        finally:
            shut(sock, 1)  # SHUT_WR: nothing may follow the last frame
        start_response("101 Switching Protocols", [])
        return []

    return application


def echo_protocol(ws, event):
    if isinstance(event, Message):
        return ws.send(event)
    if isinstance(event, (Ping, CloseConnection)) and not ws.connection.close_sent:
        return ws.send(event.response())
    return b""


def inbox(ws, event):
    """Says what came in plain text, without a frame: so reading can be tried before writing. Last it says the end."""
    if isinstance(event, TextMessage):
        return b"text %b\n" % event.data.encode().hex().encode()
    if isinstance(event, BytesMessage):
        return b"binary %b\n" % event.data.hex().encode()
    if isinstance(event, CloseConnection):
        return b"closed %d\n" % event.code
    return b""


# -- stage server: a WebSocket with a thread ----------------------------------------------------------------------

LAST = {"ended": ""}  # how the last conversation on /server/last ended
OVER = threading.Event()  # it has
GO = threading.Event()


def on_server(view, **options):
    """A WSGI application whose view gets a `Server`."""

    def application(environ, start_response):
        try:
            ws = Server(environ, **options)
        except ConnectionError as refused:
            start_response(f"{refused.status_code} Refused", [])
            return []
        try:
            with contextlib.suppress(ConnectionClosed):
                view(ws)
        finally:
            with contextlib.suppress(ConnectionClosed):
                ws.close()
        start_response("101 Switching Protocols", [])
        return []

    return application


def talk(ws):
    while True:
        ws.send(ws.receive())


def time_limit(ws):
    """Says when nothing came in time, then what came."""
    ws.send(f"nothing: {ws.receive(timeout=0)}")
    ws.send(f"nothing: {ws.receive(timeout=0.05)}")
    ws.send(f"at last: {ws.receive(timeout=10)}")


def busy(ws):
    """After one message it is busy, until somebody opens /server/go."""
    ws.send(f"busy with {ws.receive()}")
    GO.wait(20)
    GO.clear()
    ws.send(f"done, and you said {ws.receive()}")


def go(ws):
    GO.set()
    ws.receive()


def narrow(application):
    """The same, on a connection that takes little at once: whoever writes much has to wait in between."""

    def narrowed(environ, start_response):
        if "werkzeug.socket" in environ:
            environ["werkzeug.socket"].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        return application(environ, start_response)

    return narrowed


def sends_what(ws):
    """Sends what is neither text nor bytes, from another thread; then much, from two threads at once."""
    count = int(ws.receive())
    sends = [lambda: [ws.send(number) for number in range(count)]]
    sends += [lambda byte=byte: ws.send(byte * 1_000_000) for byte in (b"a", b"b")]
    threads = [threading.Thread(target=send) for send in sends]
    threads[0].start()
    threads[0].join()
    ws.send(b"\x00\xff")
    for thread in threads[1:]:
        thread.start()
    for thread in threads[1:]:
        thread.join()


def speaks(ws):
    ws.send(f"we speak {ws.subprotocol}")


def closes(ws):
    ws.close(4321, ws.receive())


def closes_wrong(ws):
    """Tries to close with what is no close code, and says what came of it."""
    try:
        ws.close(int(ws.receive()))
    except ValueError:
        ws.send("ValueError")


def no_socket_page(environ, start_response):
    """What becomes of a `Server` where WSGI hands out no socket."""
    try:
        Server({key: value for key, value in environ.items() if not key.endswith(".socket")})
        said = "a Server"
    except NotImplementedError:
        raise
    except Exception as error:
        said = "RuntimeError" if isinstance(error, RuntimeError) else type(error).__name__
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [said.encode()]


def closes_twice(ws):
    """Keeps what came of it, for /last."""
    OVER.clear()
    said = [ws.receive()]
    for _ in range(2):
        try:
            ws.close(4000, "enough")
            said.append("closed")
        except ConnectionClosed:
            said.append("ConnectionClosed")
    LAST["ended"] = ", ".join(said)
    OVER.set()


def remembers(ws):
    """Keeps how it ended, for /last."""
    OVER.clear()
    try:
        while True:
            ws.send(ws.receive())
    except ConnectionClosed as closed:
        LAST["ended"] = f"{int(closed.reason)} {closed.message or ''}".strip()
        for asked_again in (lambda: ws.send("too late"), ws.receive):
            with contextlib.suppress(ConnectionClosed):
                asked_again()
                LAST["ended"] = "send and receive did not both raise ConnectionClosed after the end"
        OVER.set()
        raise


def pushes(ws):
    """Sends until it cannot any more, and keeps why, for /last."""
    OVER.clear()
    ws.receive()
    try:
        while True:
            ws.send("more " * 200)
    except Exception as error:
        LAST["ended"] = f"send raised {type(error).__name__}"
    OVER.set()


def last_page(environ, start_response):
    """How the last conversation on /server/last ended; waits for its end."""
    OVER.wait(10)
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8")])
    return [LAST["ended"].encode()]


# -- stages routes and sock: the framework ------------------------------------------------------------------------

MEETING = threading.Barrier(2)


def routes(app):
    """Routes of an application."""
    app.route("/plain")(plain)
    app.route("/file.txt", endpoint="file")(plain)
    app.route("/hello/<name>")(hello)
    app.route("/hello/world")(everybody)
    app.route("/between/<first>/and/<second>")(between)
    app.route("/items", methods=["GET"])(items)
    app.route("/items", methods=["POST"])(make_item)
    app.route("/teapot")(teapot)
    app.route("/bytes")(some_bytes)
    app.route("/who")(who)
    app.route("/meet/<name>")(meet)
    app.route("/endpoints")(endpoints)
    app.route("/outside")(outside)


def plain():
    return "plain HTTP\n"


def hello(name):
    return f"Hello, {name}!"


def everybody():
    return "Hello, everybody!"


def between(first, second):
    return f"{first}|{second}"


def items():
    return "all items"


def make_item():
    return Response("made", 201)


def teapot():
    return Response("short and stout", 418, [("X-Spout", "here")])


def some_bytes():
    return bytes(range(256))


def who():
    return f"{request.method} {request.path} {request.headers.get('X-Token', 'nobody')}"


def meet(name):
    """Two requests that are here at the same time."""
    with contextlib.suppress(threading.BrokenBarrierError):
        MEETING.wait(5)
    return f"{name} is on {request.path}"


def outside():
    """What `request` says on a thread that handles none: an error, as Flask's RuntimeError, and no value."""
    said = []

    def look():
        try:
            said.append(f"a value, {request.path!r}")
        except (RuntimeError, AttributeError, LookupError):
            said.append("no request")

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return said[0]


def endpoints():
    return " ".join(sorted(rule.endpoint for rule in current_app.rules if rule.endpoint.startswith(("shop", "hello"))))


def blueprints(app):
    """A blueprint, and one in it, and one that is registered under another prefix than its own."""
    shop, admin, old = (
        Blueprint("shop", __name__, "/shop"),
        Blueprint("admin", __name__, "/admin/"),
        Blueprint("old", "old"),
    )
    shop.route("/cart")(cart)
    shop.route("")(front)
    shop.route("/item/<number>", methods=["GET", "DELETE"])(item)
    admin.route("/user/<name>", endpoint="person")(user)
    shop.register_blueprint(admin)
    old.route("/price/<number>")(price)
    app.register_blueprint(shop)
    app.register_blueprint(old, url_prefix="/v1")


def front():
    return "the shop"


def cart():
    return "the cart"


def item(number):
    return f"{request.method} item {number}"


def user(name):
    return f"user {name}"


def price(number):
    return f"price {number}"


def sockets(app):
    """WebSocket routes: on the application, on a blueprint, and written down before there is an application."""
    sock, rooms, later = Sock(app), Blueprint("rooms", __name__, "/rooms"), Sock()
    sock.route("/echo")(talk)
    sock.route("/greet/<name>")(greet)
    sock.route("/close")(bye)
    sock.route("/return")(once)
    sock.route("/boom")(boom)
    sock.route("/one")(sock.route("/two")(once_more))
    sock.route("/in/<room>", bp=rooms)(in_room)
    app.register_blueprint(rooms)
    later.route("/later")(once_later)
    later.route("/later-too")(once_later)
    later.init_app(app)
    app.route("/views")(views)


def views():
    wanted = ("/echo", "/one", "/rooms/in/<room>")
    return " ".join(sorted(rule.endpoint for rule in current_app.rules if rule.rule in wanted))


def greet(ws, name):
    ws.send(f"Hello, {name}, on {request.path}")
    ws.receive()


def bye(ws):
    ws.receive()
    ws.close(4321, "bye")


def once(ws):
    ws.send(ws.receive())


def once_more(ws):
    ws.send(f"{request.path}: {ws.receive()}")


def once_later(ws):
    ws.send(f"later: {ws.receive()}")


def boom(ws):
    ws.receive()
    raise RuntimeError("boom: this view fails on purpose")


def in_room(ws, room):
    ws.send(f"in {room}: {ws.receive()}")


# -- all of it ----------------------------------------------------------------------------------------------------

PAGES = {
    "/environ": environ_page,
    "/wsgi": wsgi_page,
    "/parts": parts_page,
    "/nothing": nothing_page,
    "/closes": closes_page,
    "/closed": closed_page,
    "/fails": fails_page,
    "/fails-late": fails_late_page,
    "/protocol": conversation(echo_protocol),
    "/inbox": conversation(inbox),
    "/server/talk": on_server(talk, compression=False),
    "/server/time-limit": on_server(time_limit, compression=False),
    "/server/busy": on_server(busy, compression=False),
    "/server/go": on_server(go, compression=False),
    "/server/sends": narrow(on_server(sends_what, compression=False)),
    "/server/speaks": on_server(speaks, compression=False, subprotocols=list(SUBPROTOCOLS)),
    "/server/speaks-one": on_server(speaks, compression=False, subprotocols=SUBPROTOCOLS[1]),
    "/server/closes": on_server(closes, compression=False),
    "/server/closes-wrong": on_server(closes_wrong, compression=False),
    "/server/no-socket": no_socket_page,
    "/server/closes-twice": on_server(closes_twice, compression=False),
    "/server/last": on_server(remembers, compression=False),
    "/server/pushes": on_server(pushes, compression=False),
    "/server/pings": on_server(talk, compression=False, ping_interval=0.3),
    "/server/limited": on_server(talk, max_message_size=1000),
    "/last": last_page,
}


def framework():
    """The application with all that is there already; None if there is nothing."""
    app = App(__name__)
    for part in (routes, blueprints, sockets):
        try:
            part(app)
        except NotImplementedError as error:
            print(f"server.py: without its {part.__name__} ({error})", file=sys.stderr)
    return app


def main():
    app = framework()

    def application(environ, start_response):
        path = environ["PATH_INFO"]
        page = PAGES.get(path) or (environ_page if path.startswith("/environ/") else app)
        return page(environ, start_response)

    server = make_server("127.0.0.1", int(os.environ["PORT"]), application)
    server.serve_forever()


if __name__ == "__main__":
    main()
