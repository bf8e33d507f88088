"""WebSocket routes: `@sock.route("/echo")` gives the view a `ws` to talk to.

In: a view function `f(ws, ...)`. Out: a route of the application, or of a blueprint, that answers the handshake, runs
`f`, and closes: with 1000 when it returns, with 1011 when it raises.

Follows https://github.com/miguelgrinberg/flask-sock/blob/ca31ed5608123d74b45fdf6362d2f924960a66fd/src/flask_sock/__init__.py#L6-L102
Leaves out: the ways to tell eventlet, gevent and gunicorn that the response has been sent already. Ours needs none:
`Server` has shut the socket for writing, so that the response below is only for the server's log.

It runs on our `App` and on a real Flask: it asks whichever of the two is handling the request.
"""

import contextlib
import sys
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from . import app as our_framework
from .closing import CloseReason
from .server import ConnectionClosed, ConnectionError, Server


@cache  # one view for one function, however many routes it has: an endpoint's name is its function's
def websocket_view(f: Callable[..., Any]) -> Callable[..., Any]:
    """The view function that the application calls. (The original keeps it, and a class, within `route`.)"""

    @wraps(f)
    def websocket_route(*args: Any, **kwargs: Any) -> Any:
        # Who has `request`, `current_app` and `Response` for the request at hand? Flask, if it is Flask's; else ours.
        flask = sys.modules.get("flask")
        now: Any = flask if flask is not None and flask.has_request_context() else our_framework
        options = now.current_app.config.get("SOCK_SERVER_OPTIONS", {})
        try:
            ws = Server(now.request.environ, **options)
        except ConnectionError as refused:
            return now.Response(status=refused.status_code)  # the client has been told so already
        # 7.4.1: 1011 is for "an unexpected condition that prevented it from fulfilling the request"
        reason = CloseReason.INTERNAL_ERROR
        try:
            with contextlib.suppress(ConnectionClosed):
                f(ws, *args, **kwargs)
            reason = CloseReason.NORMAL_CLOSURE
        finally:  # close if it is not closed yet; then TCP is done with, and nobody writes after us
            with contextlib.suppress(ConnectionClosed):
                ws.close(reason)
        return now.Response(status=101)

    return websocket_route


class Sock:
    """The extension. Without an application, routes wait in a blueprint for `init_app`."""

    def __init__(self, app: Any = None) -> None:
        self.app, self.bp = app, None  # type: Any, Any

    def init_app(self, app: Any) -> None:
        if self.bp:
            app.register_blueprint(self.bp)
        self.app = app

    def route(self, path: str, bp: Any = None, **kwargs: Any) -> Callable[..., Any]:
        """Decorator for a WebSocket route; other keywords are those of the application's own `route`."""

        def decorator(f: Callable[..., Any]) -> Callable[..., Any]:
            if not (bp or self.app or self.bp):
                self.bp = our_framework.Blueprint("__flask_sock", __name__)
            (bp or self.app or self.bp).route(path, websocket=True, **kwargs)(websocket_view(f))
            return f

        return decorator
