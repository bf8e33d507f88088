"""What can be said when only the way in which it ended is known."""

from __future__ import annotations

from ..exchange import End, Exchange

_NOTHING = {
    End.SILENT: "the server still waits: it may want more bytes than come, or have read past the end",
    End.FIN: "the server ended the connection before it answered: look at what it printed",
    End.RST: "the server closed the connection with bytes unread, which destroys what it had not delivered: read first",
    End.FLOOD: "the server sends without an end",
}


def said(exchange: Exchange) -> str:
    """A sentence, for want of a better one."""
    if not exchange.came:
        return _NOTHING.get(exchange.end, "")
    if exchange.expected is not None and exchange.expected.startswith(exchange.came) and exchange.came:
        return "the beginning is right, but the answer is not whole"
    return ""
