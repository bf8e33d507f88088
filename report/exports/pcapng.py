"""The bytes that crossed sockets as a capture, for Wireshark: pcapng, with every packet's call in its comment.

A socket knows bytes and two addresses; the packets around them are made up (`packets.py`, `conversation.py`), and the
capture says so in its first block. Bytes inside TLS are there as the program saw them: in plain, as if no TLS had been.
What has no IP addresses (a Unix socket, a pair of sockets) cannot be a packet; a sentence tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

from tracer.reading.trace import Connection, Trace

from .asked import Asked, Exported, ExportError
from .blocks import APPLICATION, COMMENT, DESCRIPTION, NAME, OS, Captured, interface, packet, section, text
from .comments import Comments
from .conversation import Conversation
from .happenings import Clock, happenings
from .packets import End
from .sockets import Sockets
from .text import plain

ABOUT = (
    "Made of a trace by unmagic export. As recorded are payloads, their order, addresses and ports, and which side "
    "opened and ended a connection; Ethernet, IP and TCP around them are made up, with acknowledgements and MACs. "
    "A packet is what one call moved, its time when that call began to write, or had read; what was read lay in the "
    "kernel before. Secrets are masked. Comments name the call and its number in the trace."
)
TLS = " Bytes inside TLS are here in plain, as the program saw them."
#: RFC 7042, 2.1: the second bit of the first octet says that an address is assigned locally, not by a maker.
MACS = (bytes.fromhex("020000000001"), bytes.fromhex("020000000002"))


@dataclass(frozen=True)
class _Apart:
    """Why a connection is not in the capture."""

    why: str


def pcapng(asked: Asked) -> Exported:
    """All connections of the trace, or `asked.connection`. Raises `ExportError` where none can be packets."""
    trace, sockets = asked.trace, Sockets(asked.trace)
    ends = {one.id: _ends(one) for one in _wanted(asked, sockets)}
    apart = {number: found for number, found in ends.items() if isinstance(found, _Apart)}
    told = [f"connection {number} is left out: {found.why}" for number, found in apart.items()]
    good = {number: found for number, found in ends.items() if not isinstance(found, _Apart)}
    for twin, kept in _twins(good, trace).items():
        told.append(f"connection {twin} is left out: it is the other end of connection {kept}, so its bytes are there")
        del good[twin]
    comments, clock = Comments(asked, sockets), Clock(trace)
    captured: list[Captured] = []
    for number, (here, there) in good.items():
        found = happenings(sockets, trace.connections[number], clock, comments)
        captured += Conversation.between(here, there).frames(found)
    if not captured:
        raise ExportError(told[0] if told else f"{trace.path} has no connection on which anything moved")
    captured.sort(key=lambda one: one.time)
    return Exported(_head(trace) + b"".join(packet(one) for one in captured), tuple(told))


def _head(trace: Trace) -> bytes:
    about = ABOUT + (TLS if any(one.tls for one in trace.connections.values()) else "")
    if trace.meta.get("complete") != "1":
        about += " The recording was cut off: what came later is missing."
    system = f"{trace.meta.get('platform', '')}, Python {trace.meta.get('python', '')}"
    options = text(COMMENT, about), text(OS, plain(system)), text(APPLICATION, "unmagic")
    return section(*options) + interface(text(NAME, "sockets"), text(DESCRIPTION, plain(f"trace {trace.path.name}")))


# -- which connections ---------------------------------------------------------------------------------------------


def _wanted(asked: Asked, sockets: Sockets) -> list[Connection]:
    """The connections asked for, without those on which nothing moved and which were opened by nobody."""
    used = {one.id: one for one in sockets.used()}
    if not asked.connection:
        return list(used.values())
    if asked.connection not in used:
        listed = ", ".join(map(str, used)) or "none"
        why = f"no connection {asked.connection} on which anything moved; there are: {listed}"
        raise ExportError(f"{asked.trace.path} has {why}")
    return [used[asked.connection]]


def _ends(connection: Connection) -> tuple[End, End] | _Apart:
    if connection.family not in ("AF_INET", "AF_INET6"):
        kind = {"AF_UNIX": "a Unix socket"}.get(connection.family, plain(connection.family) or "of an unknown family")
        return _Apart(f"it is {kind}, and packets need IP addresses")
    try:
        here, there = (_end(text, mac) for text, mac in zip((connection.local, connection.peer), MACS, strict=True))
    except ValueError:
        return _Apart("one of its ends is not known, and packets need both addresses")
    if here.address.version != there.address.version:
        return _Apart("its ends are of two versions of IP")
    return here, there


def _end(text: str, mac: bytes) -> End:
    """``127.0.0.1:5000``, ``::1:5000``, ``fe80::1%eth0:5000``. Raises `ValueError`."""
    host, _, port = text.rpartition(":")
    address = ip_address(host.partition("%")[0])
    # RFC 4291, 2.5.5.2: an IPv4 node's address inside an IPv6 socket; on the wire it was IPv4.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    if not 0 <= int(port) < 2**16:
        raise ValueError(port)
    return End(mapped or address, int(port), mac)


def _twins(good: Mapping[int, tuple[End, End]], trace: Trace) -> dict[int, int]:
    """Connections whose other end is in the trace too (a program that talks to itself): which is left out for which.
    The server's end is kept, for it is the one that most traces have."""
    by_ends = {(_place(here), _place(there)): number for number, (here, there) in good.items()}
    found = {}
    for (here, there), number in by_ends.items():
        other = by_ends.get((there, here))
        if other is not None and other not in found and other != number:
            mine, theirs = (trace.connections[n].role == "server" for n in (number, other))
            if (theirs and not mine) or (theirs == mine and other < number):
                found[number] = other
    return found


def _place(end: End) -> tuple[str, int]:
    return str(end.address), end.port
