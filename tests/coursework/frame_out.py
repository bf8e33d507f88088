"""Stage frame_out: from a message to bytes on the wire."""

from grader.coursework.staged import Asked
from grader.coursework.steps import echo
from grader.coursework.wire import Op, frame

PATH = "/protocol"


def serialized(t: Asked) -> None:
    """A frame as bytes"""
    for opcode, payload, fin in (
        (Op.TEXT, b"Hello", True), (Op.TEXT, b"Hel", False), (Op.CONTINUATION, b"lo", True), (Op.PONG, b"Hello", True),
        (Op.BINARY, t.binary(125), True), (Op.CLOSE, b"", True), (Op.BINARY, b"", False),
    ):  # fmt: skip
        hint = "FIN and the opcode, then the length, then the payload (5.2)"
        arguments = {"opcode": int(opcode), "payload": payload.hex(), "fin": fin}
        t.ask("frame", frame(opcode, payload, fin=fin).hex(), "these bytes", hint, **arguments)


def echo_text(t: Asked) -> None:
    """Text comes back"""
    with t.websocket(PATH) as peer:
        echo(t, peer, Op.TEXT, b"Hello")
        echo(t, peer, Op.TEXT, t.text(t.random.randrange(6, 125)))
        echo(t, peer, Op.TEXT, "Grüße, 你好 👋".encode())


def echo_binary(t: Asked) -> None:
    """Binary data comes back, as binary"""
    with t.websocket(PATH) as peer:
        echo(t, peer, Op.BINARY, t.binary(t.random.randrange(6, 125)))
        echo(t, peer, Op.BINARY, b"text that is sent as binary")


def echo_empty(t: Asked) -> None:
    """An empty message comes back"""
    with t.websocket(PATH) as peer:
        echo(t, peer, Op.TEXT, b"", hint="an empty message is a message")
        echo(t, peer, Op.BINARY, b"", hint="an empty message is a message, and it has a type")
        echo(t, peer, Op.TEXT, t.text(5))


def echo_many(t: Asked) -> None:
    """Twenty messages, text and binary"""
    with t.websocket(PATH) as peer:
        for _ in range(20):
            opcode = t.random.choice([Op.TEXT, Op.BINARY])
            echo(t, peer, opcode, t.text(t.random.randrange(0, 126)))
