"""Stage sock: WebSocket routes."""

from grader.coursework import wire
from grader.coursework.staged import Asked, answer, header
from grader.coursework.steps import closed, echo, heard, over, say
from grader.coursework.wire import Op

END = "nothing more, and the end of the connection"
CLEAN = "when the view is done, the close frame is the last that goes out: no HTTP response follows on a WebSocket"


def _answered(t: Asked, peer, code: int) -> None:
    say(t, peer, Op.CLOSE, code.to_bytes(2, "big"))
    peer.expect_end(END, CLEAN)


def talks(t: Asked) -> None:
    """A route with a WebSocket"""
    with t.websocket("/echo") as peer:
        for _ in range(3):
            echo(t, peer, Op.TEXT, t.text(t.random.randrange(1, 200)))
            echo(t, peer, Op.BINARY, t.binary(t.random.randrange(1, 200)))
        over(t, peer, CLEAN)


def variable(t: Asked) -> None:
    """A part of the path is an argument of the view, behind the WebSocket"""
    name = t.word()
    with t.websocket(f"/greet/{name}") as peer:
        hint = "the view is called with the WebSocket and the values of the path; request is there, too"
        heard(peer, Op.TEXT, f"Hello, {name}, on /greet/{name}".encode(), hint)


def returns(t: Asked) -> None:
    """When the view returns, the WebSocket closes with 1000"""
    with t.websocket("/return") as peer:
        echo(t, peer, Op.TEXT, t.text(9))
        closed(peer, 1000, hint="the view has returned: close with 1000")
        _answered(t, peer, 1000)


def raises(t: Asked) -> None:
    """When the view raises, the WebSocket closes with 1011"""
    with t.websocket("/boom") as peer:
        say(t, peer, Op.TEXT, t.text(9))
        closed(peer, 1011, hint="the view has failed: close with 1011 (7.4.1)")
        _answered(t, peer, 1011)
    with t.websocket("/echo") as peer:
        echo(t, peer, Op.TEXT, t.text(5), hint="a view that failed must not end the server")


def closes(t: Asked) -> None:
    """When the view closes, that is the close"""
    with t.websocket("/close") as peer:
        say(t, peer, Op.TEXT, t.text(9))
        closed(peer, 4321, b"bye", hint="the view has closed with 4321 and bye: no other close frame follows")
        _answered(t, peer, 4321)


def on_blueprint(t: Asked) -> None:
    """A WebSocket route on a blueprint"""
    room, word = t.word(), t.word()
    hint = "bp=blueprint puts the route on the blueprint, under its prefix"
    with t.websocket(f"/rooms/in/{room}", hint=hint) as peer:
        say(t, peer, Op.TEXT, word.encode())
        heard(
            peer,
            Op.TEXT,
            f"in {room}: {word}".encode(),
            "bp=blueprint puts the route on the blueprint, under its prefix",
        )
        closed(peer, 1000)


def later(t: Asked) -> None:
    """Routes written down before there is an application"""
    hint = "without an application routes wait, all in one blueprint, which init_app registers"
    for path in ("/later", "/later-too"):
        word = t.word()
        with t.websocket(path, hint=hint) as peer:
            say(t, peer, Op.TEXT, word.encode())
            heard(peer, Op.TEXT, f"later: {word}".encode(), hint)


def several(t: Asked) -> None:
    """One view with two routes"""
    for path in ("/one", "/two"):
        word = t.word()
        with t.websocket(path) as peer:
            say(t, peer, Op.TEXT, word.encode())
            hint = "the decorator gives back the view that it got, so that routes can be stacked"
            heard(peer, Op.TEXT, f"{path}: {word}".encode(), hint)


def endpoints(t: Asked) -> None:
    """A WebSocket's route has the name of its view"""
    hint = "what the application is given has the name of your view (functools.wraps): an endpoint is called by it"
    t.page("/views", b"once_more rooms.in_room talk", hint)


def refused(t: Asked) -> None:
    """What is no handshake is refused, once"""
    for data, status, why in (
        (wire.request("/echo", (("Host", "a"),)), 400, "a plain request on a WebSocket's path"),
        (wire.upgrade("/echo", replace={"Sec-WebSocket-Version": "8"}), 426, "the version is 8"),
        (wire.upgrade("/echo", "short"), 400, "the key is not 16 bytes in base64"),
    ):
        with t.peer() as peer:
            peer.facts["refused"] = why
            peer.send(data, "what is no handshake")
            got = answer(peer, status, f"{why}: it must be {status}")
            if status == 426:
                header(peer, got, "Sec-WebSocket-Version", "13", "a 426 says which version is spoken (4.4)")
            peer.expect_end(END, "the refusal is on the wire already: no second response follows")
