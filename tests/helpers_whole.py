"""What is said to programs/whole: one script a case, each on a connection of its own, its bytes known to the last."""

from __future__ import annotations

import time
import zlib
from pathlib import Path

from conformance.peer import BINARY, CONT, PING, TEXT, frame

from tracer.scenarios.client import Peer, upgrade
from tracer.scenarios.scripts import Connect, Script

#: Bytes of which no two runs of 4 are equal, so that every slice has one place only.
SOUND = b"".join(n.to_bytes(2, "big") for n in range(1, 35_001))
#: 69,000 bytes of text, so that reads end within characters.
CHARACTERS = "".join(chr(0x4E00 + n) if n < 20_000 else chr(0xAC00 + n - 20_000) for n in range(23_000))
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n\r\n"
TAKEOVER = b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
#: Every TCP socket of this machine, as Linux tells of them; and for how many seconds a server may leave bytes unread.
SOCKETS = Path("/proc/net/tcp")
PATIENCE = 30.0
MESSAGE = b"a message that is worth to be compressed, " * 3


def open_(connect: Connect, path: str, extension: bytes = b"\r\n") -> Peer:
    peer = connect()
    peer.send(upgrade(path)[:-2] + extension)
    peer.read_until(b"\r\n\r\n")
    return peer


def heard(peer: Peer) -> None:
    """Wait until the server has read everything: it answers a ping in its turn."""
    peer.send(frame(PING, b"heard?"))
    while peer.read_frame()[:1] != b"\x8a":
        pass


def says(path: str, *sent: bytes, answers: int = 0, extension: bytes = b"\r\n") -> Script:
    """Each of `sent` in one segment, the answers waited for after each."""

    def script(connect: Connect) -> None:
        with open_(connect, path, extension) as peer:
            for data in sent:
                peer.send(data)
                for _ in range(answers):
                    peer.read_frame()
                if not answers:
                    heard(peer)

    return script


def _by_bytes(connect: Connect) -> None:
    with open_(connect, "/take") as peer:
        for byte in frame(TEXT, b"Hello"):
            peer.send(bytes([byte]))
            _settled(peer)
        heard(peer)


def _settled(peer: Peer) -> None:
    """Wait until the server's end has nothing left that it has not read: Linux says so. Elsewhere it is given time."""
    if not SOCKETS.exists():
        time.sleep(0.05)
        return
    ours, theirs = (name[1] for name in (peer._socket.getsockname(), peer._socket.getpeername()))
    end = time.monotonic() + PATIENCE
    while _unread(theirs, ours) != 0:
        assert time.monotonic() < end, "the server does not read what it was sent"
        time.sleep(0.001)


def _unread(local: int, remote: int) -> int:
    """How many bytes the socket on port `local` that is connected to port `remote` has received and not given out yet;
    not 0 where there is none."""
    for line in SOCKETS.read_text().splitlines()[1:]:
        here, there, _, queues = line.split()[1:5]
        if (int(here[-4:], 16), int(there[-4:], 16)) == (local, remote):
            return int(queues.partition(":")[2], 16)
    return -1


class Deflater:
    """One direction of permessage-deflate (RFC 7692), with or without context takeover."""

    def __init__(self, takeover: bool) -> None:
        self.takeover = takeover
        self._stream = zlib.compressobj(wbits=-15)

    def frame(self, payload: bytes) -> bytes:
        if not self.takeover:
            self._stream = zlib.compressobj(wbits=-15)
        data = self._stream.compress(payload) + self._stream.flush(zlib.Z_SYNC_FLUSH)
        return frame(TEXT, data[:-4], rsv=4)


def _deflated(takeover: bool) -> Script:
    stream = Deflater(takeover)
    sent = [stream.frame(MESSAGE), stream.frame(MESSAGE)]
    return says("/take", *sent, extension=TAKEOVER if takeover else DEFLATE)


def _answered_deflated(connect: Connect) -> None:
    with open_(connect, "/echo", DEFLATE) as peer:
        peer.send(Deflater(False).frame(MESSAGE))
        peer.read_frame()


WHOLE: dict[str, Script] = {
    "two in one read": says("/take", frame(TEXT, b"first one") + frame(TEXT, b"second one")),
    "equal": says("/take", frame(TEXT, b"the same"), frame(TEXT, b"the same")),
    "equal in one read": says("/take", frame(TEXT, b"the same") + frame(TEXT, b"the same")),
    "equal binary": says("/take", frame(BINARY, b"the same"), frame(BINARY, b"the same")),
    "cut everywhere": _by_bytes,
    "frames": says(
        "/take",
        frame(TEXT, b"one ", fin=False),
        frame(CONT, b"two ", fin=False),
        frame(CONT, b"three", key=b"\1\2\3\4"),
    ),
    "70,000 bytes": says("/take", frame(BINARY, SOUND)),
    "70,000 equal bytes": says("/take", frame(BINARY, b"x" * 70_000)),
    "70,000 characters": says("/take", frame(TEXT, CHARACTERS.encode())),
    "deflated": _deflated(False),
    "context takeover": _deflated(True),
    "echo": says("/echo", frame(TEXT, b"hello you"), answers=1),
    "echo 70,000": says("/echo", frame(BINARY, SOUND), answers=1),
    "deflated echo": _answered_deflated,
    "twice": says("/twice", frame(TEXT, b"hello you"), answers=2),
    "same": says("/same", frame(TEXT, b"enough"), answers=2),
    "ping": says("/take", frame(PING, b"are you there"), answers=1),
}
