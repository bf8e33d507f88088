"""The names of the WebSocket protocol (RFC 6455), of its opcodes and close codes, and of RFC 7692's compression."""

from __future__ import annotations

from enum import IntEnum

from .part import Part


class Ws(Part):
    FRAME = ("frame", "RFC 6455, 5.2")
    HEADER = ("header", "RFC 6455, 5.2")
    FIN = ("FIN", "RFC 6455, 5.2")
    RSV1 = ("RSV1", "RFC 6455, 5.2")
    RSV2 = ("RSV2", "RFC 6455, 5.2")
    RSV3 = ("RSV3", "RFC 6455, 5.2")
    OPCODE = ("opcode", "RFC 6455, 5.2")
    MASK = ("MASK", "RFC 6455, 5.2")
    LENGTH = ("payload length", "RFC 6455, 5.2")
    EXTENDED = ("extended payload length", "RFC 6455, 5.2")
    KEY = ("masking-key", "RFC 6455, 5.3")
    PAYLOAD = ("payload data", "RFC 6455, 5.2")
    UNMASKED = ("unmasked payload data", "RFC 6455, 5.3")
    INFLATED = ("inflated payload data", "RFC 7692, 7.2.2")
    STATUS_CODE = ("status code", "RFC 6455, 5.5.1")
    REASON = ("reason", "RFC 6455, 5.5.1")
    HTTP = ("HTTP response on a WebSocket", "RFC 6455, 5.2")
    DATA = ("data", "RFC 6455, 5.5.1")


class Opcode(IntEnum):
    """RFC 6455, 5.2 and 11.8. All others are reserved."""

    CONTINUATION = 0
    TEXT = 1
    BINARY = 2
    CLOSE = 8
    PING = 9
    PONG = 10


_OPCODE_NAMES = {opcode.value: opcode.name.lower() for opcode in Opcode}

# RFC 6455, 7.4.1, in the words of its registry (11.7), with the three that were registered later.
CLOSE_CODES = {
    1000: "Normal Closure",
    1001: "Going Away",
    1002: "Protocol error",
    1003: "Unsupported Data",
    1007: "Invalid frame payload data",
    1008: "Policy Violation",
    1009: "Message Too Big",
    1010: "Mandatory Ext.",
    1011: "Internal Error",
    1012: "Service Restart",
    1013: "Try Again Later",
    1014: "Bad Gateway",
}

# RFC 6455, 7.4.1: "a reserved value and MUST NOT be set as a status code in a Close control frame by an endpoint".
NEVER_SENT = {1005: "No Status Rcvd", 1006: "Abnormal Closure", 1015: "TLS handshake"}


def opcode_name(opcode: int) -> str:
    """1 -> "text", 3 -> "reserved"."""
    return _OPCODE_NAMES.get(opcode, "reserved")


def close_code(code: int) -> tuple[str, str]:
    """A status code's name and what is wrong with sending it: 1000 -> ("Normal Closure", "")."""
    if code in CLOSE_CODES:
        return CLOSE_CODES[code], ""
    if code in NEVER_SENT:
        return NEVER_SENT[code], "must not be sent (7.4.1)"
    if 3000 <= code <= 4999:  # 7.4.2
        return ("registered use" if code < 4000 else "private use"), ""
    return "", "no defined status code (7.4.2)"
