"""What a server answered on a WebSocket, out of the bytes that a client read to the end."""

from __future__ import annotations

from tracer.reading.fields import dissect
from tracer.reading.fields.websocket_names import Ws
from tracer.scenarios.client import upgrade

#: The answer to the handshake, which stands before what is asked about here.
_SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


def close_code(answer: bytes) -> int | None:
    """The code of the close frame in what a server sent after its 101, wherever it stands; None if there is none."""
    read = dissect(upgrade("/"), _SWITCHED + answer, "server")
    for field in read.sent:
        for part in field.walk():
            if part.name == Ws.STATUS_CODE.word:
                return int(part.value.partition(":")[0])
    return None
