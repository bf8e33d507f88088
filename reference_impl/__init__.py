"""The whole stack from TCP to `ws.receive()` again, small enough to read in an evening; standard library only.

Read from the bytes upwards, and stop where you like: frames, deflate, events, handshake, connection, server; then
http, app, sock. `python -m reference_impl` serves them all.
"""

from .app import App, Response, current_app, request
from .blueprints import Blueprint
from .http import make_server
from .server import ConnectionClosed, ConnectionError, Server
from .sock import Sock

__all__ = [
    "App",
    "Blueprint",
    "ConnectionClosed",
    "ConnectionError",
    "Response",
    "Server",
    "Sock",
    "current_app",
    "make_server",
    "request",
]
