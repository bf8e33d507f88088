"""Both ends of a TLS connection; `ssl` is imported when the recording has long begun."""

import socket
import ssl
import sys
import threading


def serve(end):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    with context.wrap_socket(end, server_side=True) as s:
        s.sendall(s.recv(100).upper())


ours, theirs = socket.socketpair()
thread = threading.Thread(target=serve, args=(theirs,))
thread.start()
context = ssl.create_default_context(cafile=sys.argv[1])
context.check_hostname = False
with context.wrap_socket(ours) as s:
    s.sendall(b"inside")
    print(s.recv(100))
thread.join()
