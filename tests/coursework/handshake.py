"""Stage handshake: the request that ends HTTP."""

import base64

from grader.coursework import wire
from grader.coursework.exchange import Kind, Wrong
from grader.coursework.staged import Asked, Peer, Response, answer, header

PATH = "/protocol"


def token(t: Asked) -> None:
    """The accept token of the RFC's own example"""
    t.ask("accept_token", wire.accept_token(wire.RFC_KEY), "the token of RFC 6455, section 1.3", key=wire.RFC_KEY)


def any_token(t: Asked) -> None:
    """The accept token of other keys"""
    for _ in range(5):
        key = base64.b64encode(t.random.randbytes(16)).decode()
        t.ask("accept_token", wire.accept_token(key), f"the token of the key {key}", key=key)


def _switched(peer: Peer, got: Response, key: str) -> None:
    peer.facts["key"] = key
    for name in ("Upgrade", "Connection"):
        want = {"Upgrade": "websocket", "Connection": "Upgrade"}[name]
        if got.one(name).lower() != want.lower():
            header(peer, got, name, want, f"a 101 has the header {name}: {want} (4.2.2)")
    header(peer, got, "Sec-WebSocket-Accept", wire.accept_token(key))


def _none(peer: Peer, got: Response, name: str, hint: str) -> None:
    if got.all(name):
        raise Wrong(peer.exchange(Kind.HTTP, f"no header {name}", None, got.raw), hint)


def switching(t: Asked) -> None:
    """A handshake is answered with 101, without what nobody asked for"""
    for count in (0, 3):
        key = base64.b64encode(t.random.randbytes(16)).decode()
        data = wire.upgrade(PATH, key)
        peer, got = t.raw(data, "the handshake", status=101, cuts=t.cuts(len(data), count) if count else ())
        _switched(peer, got, key)
        _none(peer, got, "Sec-WebSocket-Protocol", "nobody asked for a subprotocol (4.2.2)")
        _none(peer, got, "Sec-WebSocket-Extensions", "nobody asked for an extension (9.1)")
    data = wire.upgrade(PATH, add=[("Sec-WebSocket-Extensions", f"x-{t.word()}; a=1")])
    peer, got = t.raw(data, "the handshake with an extension that nobody knows", status=101)
    _none(peer, got, "Sec-WebSocket-Extensions", "an extension that is not known is passed over in silence (9.1)")


def tokens_of_lists(t: Asked) -> None:
    """Upgrade and Connection are lists, in any case, also in two lines"""
    lower = wire.upgrade(PATH).replace(b"Sec-WebSocket-Key", b"sec-websocket-key").replace(b"Upgrade: ", b"uPGRADE: ")
    for data, what in (
        (wire.upgrade(PATH, replace={"Connection": "keep-alive, Upgrade"}), "Connection is a list of tokens"),
        (wire.upgrade(PATH, replace={"Connection": "upgrade"}), "upgrade may be written in any case"),
        (wire.upgrade(PATH, replace={"Upgrade": "WebSocket"}), "websocket may be written in any case"),
        (wire.upgrade(PATH, replace={"Upgrade": "foo, websocket"}), "Upgrade is a list of tokens"),
        (wire.upgrade(PATH, add=[("Connection", "keep-alive")]), "Connection may come in two lines"),
        (lower, "names of headers are case-insensitive"),
    ):
        with t.peer() as peer:
            peer.facts["varied"] = what
            peer.send(data, "a handshake that is right")
            got = answer(peer, 101, f"{what}: the handshake is right (4.2.1)")
            _switched(peer, got, wire.RFC_KEY)


def subprotocol(t: Asked) -> None:
    """One subprotocol of those offered is agreed on"""
    hint = "the first of the client's that the server speaks too: here chat.v2 and chat.v1 (4.2.2)"
    for offered, chosen in ((["chat.v1, chat.v2"], "chat.v1"), ([f"{t.word()}, chat.v2"], "chat.v2"),
                            ([t.word(), "chat.v1"], "chat.v1")):  # fmt: skip
        data = wire.upgrade(PATH, add=[("Sec-WebSocket-Protocol", each) for each in offered])
        peer, got = t.raw(data, "a handshake with subprotocols", status=101, hint=hint)
        header(peer, got, "Sec-WebSocket-Protocol", chosen, hint)
    peer, got = t.raw(
        wire.upgrade(PATH, add=[("Sec-WebSocket-Protocol", t.word())]), "a handshake with another one", status=101
    )
    _none(peer, got, "Sec-WebSocket-Protocol", "a subprotocol that is not spoken is not agreed on")


def _refused(t: Asked, data: bytes, status: int, why: str) -> tuple[Peer, Response]:
    with t.peer() as peer:
        peer.facts["refused"] = why
        peer.send(data, "a handshake with that in it")
        got = answer(peer, status, f"{why}: it must be {status} (4.2.1)")
        peer.expect_end(
            "the end of the connection", "a refusal is an HTTP response like any other, and the connection ends"
        )
    return peer, got


def method_and_version(t: Asked) -> None:
    """A WebSocket opens with GET (else 405 with Allow; for HEAD without a body) and HTTP/1.1 (else 400)"""
    peer, got = _refused(t, wire.upgrade(PATH, method="POST"), 405, "the method is POST, not GET")
    header(peer, got, "Allow", "GET", "405 says in Allow which methods there are (RFC 9110, 15.5.6)")
    _refused(t, wire.upgrade(PATH, method="DELETE"), 405, "the method is DELETE, not GET")
    peer, _ = t.raw(wire.upgrade(PATH, method="HEAD"), "a handshake with HEAD", status=405, bodyless=True)
    peer.expect_end("no body, and the end of the connection", "the answer to HEAD has no body (RFC 9110, 9.3.2)")
    _refused(t, wire.upgrade(PATH, version="HTTP/1.0"), 400, "the version is HTTP/1.0, which has no Upgrade")


def missing(t: Asked) -> None:
    """A header that is missing, or says something else: 400, for the version 426"""
    _refused(t, wire.upgrade(PATH, drop=["Upgrade"]), 400, "there is no header Upgrade")
    _refused(t, wire.upgrade(PATH, replace={"Upgrade": "h2c"}), 400, "Upgrade asks for h2c, not for websocket")
    _refused(t, wire.upgrade(PATH, drop=["Connection"]), 400, "there is no header Connection")
    _refused(
        t, wire.upgrade(PATH, replace={"Connection": "keep-alive"}), 400, "Connection does not have the token upgrade"
    )
    _refused(
        t,
        wire.upgrade(PATH, replace={"Connection": "no-upgrade"}),
        400,
        "Connection has no token upgrade, only no-upgrade",
    )
    _refused(t, wire.upgrade(PATH, drop=["Sec-WebSocket-Key"]), 400, "there is no Sec-WebSocket-Key")
    _refused(t, wire.upgrade(PATH, drop=["Sec-WebSocket-Version"]), 426, "there is no Sec-WebSocket-Version")
    with t.peer() as peer:
        peer.send(wire.request(PATH, (("Host", "127.0.0.1"),)), "a plain request, no handshake")
        answer(peer, 400, "a plain request on a WebSocket's path is refused with 400")


def key(t: Asked) -> None:
    """A key is 16 bytes in base64, once"""
    short, long = base64.b64encode(t.random.randbytes(5)).decode(), base64.b64encode(t.random.randbytes(17)).decode()
    for wrong in (
        "",
        short,
        long,
        "not base64 at all, is it",
        wire.RFC_KEY[:-1],
        wire.RFC_KEY + "A",
        wire.RFC_KEY.rstrip("=") + "AA",
    ):
        _refused(t, wire.upgrade(PATH, wrong), 400, f"the key {wrong!r} is not 16 bytes in base64")
    _refused(
        t, wire.upgrade(PATH, add=[("Sec-WebSocket-Key", wire.RFC_KEY)]), 400, "Sec-WebSocket-Key came twice (11.3.1)"
    )


def old_version(t: Asked) -> None:
    """Another version is told which one is spoken"""
    for version in ("8", "0", "130"):
        peer, got = _refused(t, wire.upgrade(PATH, replace={"Sec-WebSocket-Version": version}), 426,
                             f"the version is {version}, not 13")  # fmt: skip
        header(
            peer,
            got,
            "Sec-WebSocket-Version",
            "13",
            "a 426 says which version is spoken: Sec-WebSocket-Version: 13 (4.4)",
        )
