"""Which sockets are one connection, who opened it, and what moved on it: read once from a trace.

A TLS socket is made of a plain one, which gives its descriptor away (`detach`): two objects, two numbers in the trace,
one connection.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Literal

from tracer.reading.trace import Connection, Trace, Wire

Role = Literal["server", "client"]


class Sockets:
    """The sockets of one trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    @cached_property
    def wires(self) -> dict[int, list[Wire]]:
        """The events of each, in order."""
        found: dict[int, list[Wire]] = {}
        for wire in self.trace.wires:
            found.setdefault(wire.connection, []).append(wire)
        return found

    @cached_property
    def accepted(self) -> dict[int, Wire]:
        """The `accept` that gave each."""
        accepts = ((wire, re.fullmatch(r"connection (\d+)", wire.detail)) for wire in self.trace.wires)
        return {int(found[1]): wire for wire, found in accepts if wire.op == "accept" and found}

    def opened(self, connection: Connection) -> tuple[Role, Wire] | None:
        """Who opened a connection, and by which event; None where it was open before."""
        for one in (connection, *self.before(connection)):
            if one.id in self.accepted:
                return "server", self.accepted[one.id]
            for wire in self.wires.get(one.id, ()):
                if wire.op in ("connect", "connect_ex") and (not wire.error or self.moved(connection)):
                    return "client", wire
        return None

    def role(self, connection: Connection) -> Role:
        """Whether the traced program was its server or its client; what is not known is a server."""
        for one in (connection, *self.before(connection)):
            if one.role in ("server", "client"):
                return "client" if one.role == "client" else "server"
        return "server"

    def moved(self, connection: Connection) -> bool:
        """Whether any bytes moved on it."""
        return any(wire.direction for wire in self.wires.get(connection.id, ()))

    def before(self, connection: Connection) -> list[Connection]:
        """The sockets that it was before: of the same two ends, each given away before this one was used."""
        mine = self.wires.get(connection.id, ())
        first = mine[0].began if mine else 0
        given = (self.trace.connections.get(number) for number, at in self._given_away.items() if at < first)
        return [one for one in given if one is not None and one.id != connection.id and _ends(one) == _ends(connection)]

    @cached_property
    def _given_away(self) -> dict[int, int]:
        return {wire.connection: wire.ended for wire in self.trace.wires if wire.op == "detach" and not wire.error}

    def used(self) -> list[Connection]:
        """Those on which anything moved, or that were opened and not given away."""
        return [
            one
            for one in self.trace.connections.values()
            if self.moved(one) or (one.role in ("server", "client") and one.id not in self._given_away)
        ]


def _ends(connection: Connection) -> tuple[str, str, str]:
    return connection.family, connection.local, connection.peer


def octets(trace: Trace, wire: Wire) -> bytes:
    """The bytes that one event moved, as far as the trace has them (a whole one has all)."""
    value = trace.value(wire.value)
    return value.data if value is not None and isinstance(value.data, bytes) else b""
