"""Frames of Ethernet, IP and TCP around bytes, with every length and checksum right.

Sans I/O: addresses, ports and numbers in, bytes out. Ethernet II (RFC 894, RFC 2464), IPv4 (RFC 791), IPv6 (RFC 8200),
TCP (RFC 9293), checksums (RFC 1071). What it leaves out: fragments, IP options, TCP options but the two of a SYN.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from ipaddress import IPv4Address, IPv6Address

Address = IPv4Address | IPv6Address

TCP = 6
#: Bytes of TCP's header and of IPv4's, without options.
HEADER = 20
#: The most bytes of payload that one packet of each version can say (both count in 16 bits, RFC 791, 3.1; RFC 8200, 3).
LARGEST = {4: 0xFFFF - 2 * HEADER, 6: 0xFFFF - HEADER}
#: RFC 7323, 2.3: the greatest shift of a window that is allowed.
SHIFT = 14


class Flags(IntFlag):
    """RFC 9293, 3.1."""

    FIN = 0b000001
    SYN = 0b000010
    RST = 0b000100
    PSH = 0b001000
    ACK = 0b010000


@dataclass(frozen=True)
class End:
    """One end of a connection. The MAC address is made up: sockets know none."""

    address: Address
    port: int
    mac: bytes


@dataclass(frozen=True)
class Segment:
    """What TCP says of one packet. `seq` and `ack` count bytes, modulo 2**32."""

    seq: int
    ack: int
    flags: Flags
    payload: bytes = b""


def frame(source: End, target: End, segment: Segment, identification: int = 0) -> bytes:
    """One Ethernet frame, without its check sequence, which captures do not have either."""
    tcp = _tcp(source, target, segment)
    version = source.address.version
    kind = b"\x08\x00" if version == 4 else b"\x86\xdd"
    ip = _ipv4(source, target, len(tcp), identification) if version == 4 else _ipv6(source, target, len(tcp))
    return target.mac + source.mac + kind + ip + tcp


def _tcp(source: End, target: End, segment: Segment) -> bytes:
    options = _syn_options(source.address.version) if segment.flags & Flags.SYN else b""
    words = (HEADER + len(options)) // 4
    ports = struct.pack("!HH", source.port, target.port)
    numbers = struct.pack("!II", segment.seq % 2**32, segment.ack % 2**32)
    head = ports + numbers + struct.pack("!BBH", words << 4, segment.flags, 0xFFFF)
    rest = b"\0\0" + options + segment.payload  # urgent pointer
    # RFC 9293, 3.1: "The checksum also covers a pseudo-header", with both addresses, the protocol and the length.
    size = len(head) + 2 + len(rest)
    pseudo = source.address.packed + target.address.packed + struct.pack("!II", size, TCP)
    return head + struct.pack("!H", checksum(pseudo + head + b"\0\0" + rest)) + rest


def _syn_options(version: int) -> bytes:
    """The largest segment (RFC 9293, 3.7.1) and the window's scale (RFC 7323, 2.2), filled up to a word."""
    return struct.pack("!BBHBBBB", 2, 4, LARGEST[version], 1, 3, 3, SHIFT)


def _ipv4(source: End, target: End, size: int, identification: int) -> bytes:
    # Version 4 and five words; no service class; "don't fragment" (bit 1 of the flags); a TTL of 64 (RFC 1700).
    head = struct.pack("!BBHHHBB", 0x45, 0, HEADER + size, identification % 2**16, 0x4000, 64, TCP)
    ends = source.address.packed + target.address.packed
    return head + struct.pack("!H", checksum(head + b"\0\0" + ends)) + ends


def _ipv6(source: End, target: End, size: int) -> bytes:
    return struct.pack("!IHBB", 6 << 28, size, TCP, 64) + source.address.packed + target.address.packed


def checksum(data: bytes) -> int:
    """RFC 1071: the ones' complement of the ones' complement sum of all 16-bit words.

    b"\\x45\\x00" -> 0xbaff. The sum of big-endian words modulo 0xffff is the whole number's remainder, as 2**16 is 1
    there; a sum that is no zero is never told as one.
    """
    number = int.from_bytes(data + b"\0" * (len(data) % 2), "big")
    total = number % 0xFFFF or (0xFFFF if number else 0)
    return 0xFFFF - total
