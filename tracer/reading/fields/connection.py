"""A connection, both directions: HTTP/1.1 first, WebSocket from a 101 on, TLS as records, and what is none as `data`.

In: every byte that was received and sent. Out: a `Dissection`, whose fields cover both directions, each byte once.
The directions are read together, because a response cannot be measured without the request it answers, and because
only the response says that the request's side becomes a WebSocket too.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from . import http1, tls, websocket
from .field import Field
from .http1 import Message
from .http1_names import Http
from .part import count
from .websocket_deflate import negotiated

Fields = tuple[Field, ...]


class Protocol(str, Enum):
    """What a connection speaks when it ends."""

    HTTP = "HTTP/1.1"
    WEBSOCKET = "WebSocket"
    TLS = "TLS"
    UNKNOWN = "unknown"

    __str__ = str.__str__  # Python 3.10 and 3.12 differ here, and pages must not


@dataclass(frozen=True)
class Dissection:
    """The fields of both directions, seen from the traced side: `received` covers what it received."""

    received: Fields
    sent: Fields
    protocol: Protocol


def dissect(received: bytes, sent: bytes, role: Literal["server", "client"] = "server") -> Dissection:
    """Name every byte of a connection whose traced side is the `role`. Raises nothing, whatever the bytes are."""
    client, server = (received, sent) if role == "server" else (sent, received)
    asked, answered, protocol = _dissect(client, server)
    return Dissection(asked, answered, protocol) if role == "server" else Dissection(answered, asked, protocol)


def _dissect(client: bytes, server: bytes) -> tuple[Fields, Fields, Protocol]:
    """The fields of what the client wrote, of what the server wrote, and the protocol."""
    if tls.speaks(client) and (not server or tls.speaks(server) or server[0] == tls.Content.ALERT):
        return _records(client), _records(server), Protocol.TLS
    asked: list[Field] = []
    answered: list[Field] = []
    at = to = 0  # how far the client's bytes are read, and the server's
    protocol = Protocol.UNKNOWN
    while at < len(client) or to < len(server):
        request = http1.request(client, at)
        at = request.stop
        asked += request.fields
        method = request.method if request.understood else None
        responses = _responses(server, to, method)
        to = responses[-1].stop if responses else to
        answered += [field for response in responses for field in response.fields]
        if request.understood or any(response.understood for response in responses):
            protocol = Protocol.HTTP
        status = responses[-1].status if responses else 0
        if status == 101 or http1.is_tunnel(method, status):
            mine, theirs, protocol = _switched(client, at, server, to, responses[-1])
            return (*asked, *mine), (*answered, *theirs), protocol
    if protocol is Protocol.UNKNOWN:
        return _neither(client, asked), _neither(server, answered), protocol
    return tuple(asked), tuple(answered), protocol


def _responses(server: bytes, start: int, method: str | None) -> list[Message]:
    """What answers one request: any number of interim responses, and the final one (RFC 9110, 15.2)."""
    found: list[Message] = []
    while start < len(server) and (not found or found[-1].interim):
        found.append(http1.response(server, start, method))
        start = found[-1].stop
    return found


def _switched(client: bytes, at: int, server: bytes, to: int, answer: Message) -> tuple[Fields, Fields, Protocol]:
    """What follows `answer`, the response that ends HTTP on this connection (RFC 9110, 7.8 and 9.3.6)."""
    upgrades = [name.lower() for name in answer.headers.values("upgrade")]
    if answer.status == 101 and "websocket" in upgrades:
        extensions = negotiated(answer.headers.values("sec-websocket-extensions"))
        mine = websocket.frames(client, at, client=True, extensions=extensions)
        theirs = websocket.frames(server, to, client=False, extensions=extensions)
        return mine, theirs, Protocol.WEBSOCKET
    why = f"after the upgrade to {', '.join(upgrades)}" if answer.status == 101 else "in the tunnel behind CONNECT"
    return _data(client, at, why), _data(server, to, why), Protocol.HTTP


def _records(data: bytes) -> Fields:
    """Records of TLS, and what is none behind them."""
    found, stop = tls.records(data)
    return (*found, *_data(data, stop, "no TLS record"))


def _neither(data: bytes, tried: list[Field]) -> Fields:
    """All of one direction as one field, with the reason why reading it as HTTP failed."""
    return (Http.DATA.at(0, len(data), tried[-1].value),) if data else ()


def _data(data: bytes, start: int, why: str) -> Fields:
    """The rest as one field that names nothing."""
    rest = len(data) - start
    return (Http.DATA.at(start, len(data), f"{count(rest)}, {why}"),) if rest else ()
