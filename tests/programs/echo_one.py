"""A WebSocket echo over the kind of socket that the first argument names; it serves one connection and ends.

    echo_one.py tcp | tcp6 | tls CERTIFICATE KEY | unix PATH

It prints its port. A message ``hang`` is kept: the program waits for ever after it.
"""

import socket
import ssl
import sys
import time

from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, CloseConnection, Message, Request

LISTENERS = {"tcp": ("127.0.0.1", 0), "tls": ("127.0.0.1", 0), "tcp6": ("::1", 0)}


def listening(kind, *where):
    if kind == "unix":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(where[0])
    else:
        listener = socket.socket(socket.AF_INET6 if kind == "tcp6" else socket.AF_INET)
        listener.bind(LISTENERS[kind])
    listener.listen()
    return listener


def secured(end, kind, *where):
    if kind != "tls":
        return end
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*where)
    return context.wrap_socket(end, server_side=True)


def serve(end):
    ws = WSConnection(ConnectionType.SERVER)
    message = ""
    while True:
        ws.receive_data(end.recv(1 << 20) or None)
        for event in ws.events():
            if isinstance(event, Request):
                end.sendall(ws.send(AcceptConnection()))
            elif isinstance(event, CloseConnection):
                end.sendall(ws.send(event.response()))
                return
            elif isinstance(event, Message):
                message = message + event.data if message else event.data
                if event.message_finished:
                    say(end, ws, message)
                    message = ""


def say(end, ws, message):
    if message == "hang":
        time.sleep(600)
    end.sendall(ws.send(Message(data=message)))


if __name__ == "__main__":
    kind, *where = sys.argv[1:]
    with listening(kind, *where) as listener:
        print(listener.getsockname()[1] if kind != "unix" else where[0], flush=True)
        end, _ = listener.accept()
    with secured(end, kind, *where) as secure:
        serve(secure)
        secure.shutdown(socket.SHUT_WR)
        secure.recv(1)
