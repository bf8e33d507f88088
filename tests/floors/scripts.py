"""What is said: the scenarios' scripts, unchanged, and one of our own for told.py and one for a blueprint's route."""

from __future__ import annotations

from conformance.peer import BINARY, CONT, PING, TEXT, close_frame, frame

from tracer.scenarios.client import Peer, upgrade
from tracer.scenarios.scripts import SCENARIOS, Connect, Script

#: (opcode, payload) of each message of the told script, before its fragments.
MESSAGES = [
    (TEXT, "Grüße".encode()),
    (TEXT, b""),
    (BINARY, bytes(range(256))),
    (TEXT, b"x" * 126),
    (BINARY, bytes(70_000)),
]


def _open(connect: Connect, path: str) -> Peer:
    peer = connect()
    peer.send(upgrade(path))
    peer.read_until(b"\r\n\r\n")
    return peer


def _told(connect: Connect) -> None:
    with _open(connect, "/told") as peer:
        for opcode, payload in MESSAGES:
            peer.send(frame(opcode, payload))
            peer.read_frame()
        # a ping between two fragments that cut a character; each answer is waited for, so nothing can overtake
        peer.send(frame(TEXT, b"\xe2\x82", fin=False) + frame(PING, b"?"))
        peer.read_frame()
        peer.send(frame(CONT, b"\xac"))
        peer.read_frame()
        peer.send(close_frame(4000, b"enough"))
        peer.read_to_end()


def _blueprint(connect: Connect) -> None:
    with _open(connect, "/chat/lobby") as peer:
        peer.send(frame(TEXT, b"Hello"))
        peer.read_to_end()


SCRIPTS: dict[str, Script] = {
    **{name: scenario.script for name, scenario in SCENARIOS.items() if scenario.script},
    "told": _told,
    "blueprint": _blueprint,
}
