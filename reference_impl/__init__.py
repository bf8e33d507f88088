"""The whole stack from TCP to `ws.receive()` again, small enough to read in an evening; standard library only.

Read it upwards, stop where you like, and try what you have so far at the prompt:

    closing      why a connection ends                     frames       one frame
    deflate      the one extension                         events       what can happen, in and out
    connection   the protocol, without any I/O             request      one HTTP request
    handshake    the request that ends HTTP                server       a connection on a thread
    http         accept TCP, call a WSGI application       app          the smallest Flask
    sock         WebSocket routes                          __main__     all of it, served
"""

from .app import App, Blueprint, Response, current_app, request
from .http import make_server
from .server import ConnectionClosed, ConnectionError, Server
from .sock import Sock

__all__ = ["App", "Blueprint", "ConnectionClosed", "ConnectionError", "Response", "Server", "Sock"]
__all__ += ["current_app", "make_server", "request"]
