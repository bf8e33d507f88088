"""Modules that have an original's names for our things, or our names for an original's.

They are names only, but for one: see `ours_of_wsproto`. `load` imports a module on top of others.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from reference_impl import app, closing, connection, deflate, events, frames, handshake, server, sock

EVENTS = (
    *("Event", "Message", "TextMessage", "BytesMessage", "Ping", "Pong"),
    *("Request", "AcceptConnection", "RejectConnection", "CloseConnection"),
)
ERRORS = ("LocalProtocolError", "RemoteProtocolError")


def module(name: str, **names: Any) -> ModuleType:
    """A module called `name` with these names in it."""
    made = ModuleType(name, f"Stands in for {name}.")
    made.__dict__.update(names)
    return made


def taken(source: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(source, name) for name in names}


def load(name: str, below: dict[str, ModuleType]) -> ModuleType:
    """Import the module `name` anew, with `below` in the place of what it would import."""
    kept = {other: sys.modules[other] for other in below if other in sys.modules}
    sys.modules.pop(name, None)
    put(below)
    try:
        return importlib.import_module(name)
    finally:
        put(kept)


def put(modules: dict[str, ModuleType]) -> None:
    """Let `modules` be what is imported under their names, by `from package import name`, too."""
    sys.modules.update(modules)
    for name, made in modules.items():
        package, _, last = name.rpartition(".")
        if package in sys.modules:
            setattr(sys.modules[package], last, made)


# -- ours, under the originals' names --


def wsproto_of_ours() -> dict[str, ModuleType]:
    """wsproto's modules, as far as simple_websocket imports them."""
    kinds = {"ConnectionType": connection.ConnectionType, "WSConnection": handshake.WSConnection}
    modules = (
        module("wsproto", **kinds),
        module("wsproto.connection", **kinds, **taken(connection, "Connection", "ConnectionState")),
        module("wsproto.events", **taken(events, *EVENTS)),
        module("wsproto.extensions", PerMessageDeflate=deflate.PerMessageDeflate),
        module("wsproto.frame_protocol", CloseReason=closing.CloseReason, Opcode=frames.Opcode),
        module("wsproto.utilities", generate_accept_token=handshake.generate_accept_token, **taken(events, *ERRORS)),
    )
    return {made.__name__: made for made in modules}


def simple_websocket_of(source: ModuleType = server) -> ModuleType:
    """simple_websocket, as far as flask_sock and programs import it."""
    return module("simple_websocket", **taken(source, "Server", "ConnectionClosed", "ConnectionError"))


def flask_of_ours() -> ModuleType:
    """flask, as far as flask_sock and the scenarios' programs import it."""
    names = {**taken(app, "Response", "request", "current_app"), "Blueprint": app.Blueprint}
    return module("flask", Flask=app.App, has_request_context=lambda: False, **names)


def flask_sock_of(source: ModuleType = sock) -> ModuleType:
    return module("flask_sock", Sock=source.Sock)


# -- the originals, under our names --


def ours_of_wsproto() -> dict[str, ModuleType]:
    """What our `server` imports, made of wsproto.

    More than a name: the original has no limit of its own, and leaves it to the server to read no more after a
    violation.
    """
    real = {name: importlib.import_module(f"wsproto.{name}") for name in ("connection", "events", "extensions")}
    utilities = importlib.import_module("wsproto.utilities")

    class WSConnection(importlib.import_module("wsproto").WSConnection):  # type: ignore[misc]
        def __init__(self, connection_type: Any, max_message_size: int = deflate.NO_LIMIT) -> None:
            assert max_message_size == deflate.NO_LIMIT, "the original has no limit on this floor"
            self.over = False
            super().__init__(connection_type)

        def events(self) -> Any:
            for event in super().events():
                self.over = isinstance(event, real["events"].CloseConnection)
                yield event

        @property
        def state(self) -> Any:
            return real["connection"].ConnectionState.CLOSED if self.over else super().state

    kinds = taken(real["connection"], "ConnectionState", "ConnectionType")
    modules = (
        module("reference_impl.connection", **kinds),
        module("reference_impl.handshake", WSConnection=WSConnection),
        module("reference_impl.events", **taken(real["events"], *EVENTS), **taken(utilities, *ERRORS)),
        module(
            "reference_impl.deflate", PerMessageDeflate=real["extensions"].PerMessageDeflate, NO_LIMIT=deflate.NO_LIMIT
        ),
    )
    return {made.__name__: made for made in modules}


def our_server_of(source: ModuleType) -> dict[str, ModuleType]:
    """What our `sock` imports as `server`, made of simple_websocket."""
    return {
        "reference_impl.server": module(
            "reference_impl.server", **taken(source, "Server", "ConnectionClosed", "ConnectionError")
        )
    }
