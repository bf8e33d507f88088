"""Stage server: a WebSocket with a thread of its own."""

from grader.coursework import wire
from grader.coursework.exchange import Wrong
from grader.coursework.staged import Asked, Kind
from grader.coursework.steps import closed, echo, frame_of, heard, judged, over, say
from grader.coursework.wire import Op, close, frame

END = "nothing more, and the end of the connection"
GONE = (1008).to_bytes(2, "big")


def talk(t: Asked) -> None:
    """A view that receives and sends"""
    with t.websocket("/server/talk") as peer:
        for size in (5, 0, 125, 126, 300):
            echo(t, peer, Op.TEXT, t.text(size), hint="receive gives str for a text message, and send makes text of it")
            echo(
                t,
                peer,
                Op.BINARY,
                t.binary(size),
                hint="receive gives bytes for a binary message, and send makes binary of it",
            )
        over(t, peer, "a close frame is answered, and then the server ends TCP, with nothing written in between")
    key = "Sec-WebSocket-Version"
    peer, _ = t.http(
        "/server/talk", status=400, hint=f"what is no handshake is refused: here {key} and all else is missing"
    )


def in_order(t: Asked) -> None:
    """Three hundred messages in one piece come back in order"""
    some = [t.text(t.random.randrange(1, 20)) for _ in range(300)]
    with t.websocket("/server/talk") as peer:
        peer.send(b"".join(frame(Op.TEXT, one, key=t.mask()) for one in some), "300 messages in one piece")
        for one in some:
            heard(peer, Op.TEXT, one, "messages wait in a queue until the view receives them: first in, first out")
        over(t, peer)


def large(t: Asked) -> None:
    """A large message, in fragments, cut anywhere"""
    data = t.binary(300_000)
    parts = [data[:100], data[100:200_000], data[200_000:]]
    with t.websocket("/server/talk") as peer:
        for number, part in enumerate(parts):
            opcode = Op.BINARY if number == 0 else Op.CONTINUATION
            whole = frame(opcode, part, key=t.mask(), fin=number == 2)
            peer.send(whole, f"fragment {number + 1} of 3", t.cuts(len(whole)))
        heard(
            peer, Op.BINARY, data, "the parts of a message are put together; what is sent is sent whole, with sendall"
        )


def time_limit(t: Asked) -> None:
    """receive gives None when nothing came in time"""
    word = t.word()
    with t.websocket("/server/time-limit") as peer:
        for _ in range(2):
            heard(peer, Op.TEXT, b"nothing: None", "receive(timeout=s) gives None if no message came within s seconds")
        say(t, peer, Op.TEXT, word.encode())
        heard(
            peer, Op.TEXT, f"at last: {word}".encode(), "a message that comes in time is given, whatever the limit is"
        )


def busy(t: Asked) -> None:
    """A ping is answered while the view is busy"""
    one, two, payload = t.word(), t.word(), t.binary(5)
    hint = "the view is busy and does not receive: a thread of the Server's own must read, and answer pings"
    with t.websocket("/server/busy") as peer:
        say(t, peer, Op.TEXT, one.encode())
        heard(peer, Op.TEXT, f"busy with {one}".encode())
        say(t, peer, Op.PING, payload)
        peer.expect(frame(Op.PONG, payload), "a pong, although the view is busy", hint)
        say(t, peer, Op.TEXT, two.encode())
        with t.websocket("/server/go"):
            heard(
                peer,
                Op.TEXT,
                f"done, and you said {two}".encode(),
                "a message that came while the view was busy waits for it",
            )


def sends_what(t: Asked) -> None:
    """send takes anything, from any thread"""
    count = t.random.randrange(3, 9)
    with t.websocket("/server/sends") as peer:
        say(t, peer, Op.TEXT, str(count).encode())
        for number in range(count):
            heard(peer, Op.TEXT, str(number).encode(), "send makes a text message, str(data), of all that is no bytes")
        heard(peer, Op.BINARY, b"\x00\xff", "send makes a binary message of bytes")
        hint = "two threads send at once: a lock around what is written keeps the one out of the other's frame"
        awaited = {byte * 1_000_000 for byte in (b"a", b"b")}
        peer.read(2)
        with t.websocket("/server/talk") as other:  # meanwhile both have begun, and wait until we read
            echo(t, other, Op.TEXT, t.text(5))
        while awaited:
            got = frame_of(peer, "a binary message of 1,000,000 bytes, whole", hint)
            if got.opcode != Op.BINARY or got.payload not in awaited:
                raise Wrong(peer.exchange(Kind.FRAMES, "two binary messages, one after the other", None), hint)
            awaited.remove(got.payload)
            judged(peer, got)


def speaks(t: Asked) -> None:
    """A Server with subprotocols agrees to the client's first one"""
    for path, offered, chosen in (
        ("/server/speaks", f"{t.word()}, chat.v1, chat.v2", "chat.v1"), ("/server/speaks", "chat.v2", "chat.v2"),
        ("/server/speaks-one", "chat.v2, chat.v1", "chat.v1"), ("/server/speaks-one", "chat.v2", "None"),
        ("/server/speaks", "", "None"),
    ):  # fmt: skip
        data = wire.upgrade(path, add=[("Sec-WebSocket-Protocol", offered)] if offered else [])
        peer, _ = t.raw(data, "a handshake with subprotocols", status=101)
        peer.speaks = Kind.FRAMES
        hint = "subprotocols is a list, or one name: the client's first one that is among them is agreed on, and kept"
        heard(peer, Op.TEXT, f"we speak {chosen}".encode(), hint)


def closes(t: Asked) -> None:
    """The view closes, with a code and a reason"""
    for reason, cut in (
        (t.text(9), b""),
        ("é".encode() * 80, "é".encode() * 61),
        (b"x" + "é".encode() * 80, b"x" + "é".encode() * 61),
    ):
        with t.websocket("/server/closes") as peer:
            say(t, peer, Op.TEXT, reason)
            closed(
                peer,
                4321,
                cut or reason,
                hint="close(4321, reason): a close frame with both, at most 125 bytes, no character in halves",
            )
            say(t, peer, Op.TEXT, b"too late")
            say(t, peer, Op.CLOSE, (4321).to_bytes(2, "big"))
            peer.expect_end(
                END, "after its own close frame the server waits for ours, sends nothing, and ends TCP (5.5.1, 7.1.1)"
            )


def closes_wrong(t: Asked) -> None:
    """close raises ValueError for what is no close code, sends nothing, and can be called again"""
    hint = "format_close raises ValueError for a code that may not stand in a close frame, and so does close (7.4)"
    for code in (1, 999, 5000):  # which ones between are none is asked by the stage bad_input
        with t.websocket("/server/closes-wrong") as peer:
            say(t, peer, Op.TEXT, str(code).encode())
            heard(peer, Op.TEXT, b"ValueError", hint)
            closed(peer, 1000, hint="a close that raised has sent nothing: the next one closes")


def closes_twice(t: Asked) -> None:
    """close returns when it has closed, and raises ConnectionClosed when there is nothing left to close"""
    word = t.word()
    with t.websocket("/server/closes-twice") as peer:
        say(t, peer, Op.TEXT, word.encode())
        closed(peer, 4000, b"enough")
        say(t, peer, Op.CLOSE, (4000).to_bytes(2, "big"))
        peer.expect_end(END, "after both close frames the server ends TCP, and a second close sends nothing")
    hint = "the first close returns, the second one raises ConnectionClosed: it is closed already"
    t.page("/last", f"{word}, closed, ConnectionClosed".encode(), hint)


def told_why(t: Asked) -> None:
    """ConnectionClosed says why it is over"""
    word = t.word()
    with t.websocket("/server/last") as peer:
        echo(t, peer, Op.TEXT, t.text(5))
        say(t, peer, Op.CLOSE, (4001).to_bytes(2, "big") + word.encode())
        closed(peer, 4001)
        peer.expect_end(END)
    hint = "when it is over, receive and send raise ConnectionClosed with the close code and its text (7.1.5)"
    t.page("/last", f"4001 {word}".encode(), hint)
    with t.websocket("/server/last") as peer:
        echo(t, peer, Op.TEXT, t.text(5))
        peer.no_more()
        peer.expect_end(END, "TCP ended without a close frame: nothing is sent any more, and the server ends it, too")
    t.page("/last", b"1006", "TCP ended without a close frame: the code is 1006 (7.1.5)")
    with t.websocket("/server/last") as peer:
        echo(t, peer, Op.TEXT, t.text(5))  # the view runs now, and /last waits for its end
        say(t, peer, Op.CLOSE, b"")
        peer.read_all()
    t.page("/last", b"1005", "an empty close frame has the code 1005 (7.1.5)")


def gone(t: Asked) -> None:
    """A client that vanishes in the middle of a message does no harm"""
    for _ in range(3):
        with t.websocket("/server/talk") as peer:
            say(t, peer, Op.TEXT, t.text(50), claim=100)
            peer.reset()
    with t.websocket("/server/last") as peer:
        echo(t, peer, Op.TEXT, t.text(5))  # the view runs now, and /last waits for its end
        say(t, peer, Op.TEXT, t.text(50), claim=100)
        peer.reset()
    t.page("/last", b"1006", "a connection that was reset has the code 1006 (7.1.5)")
    hint = "send raises ConnectionClosed when the client is gone, and nothing else"
    for _ in range(5):  # who is told first, the view or the thread that reads, is chance
        with t.websocket("/server/pushes") as peer:
            say(t, peer, Op.TEXT, b"go")
            heard(peer, Op.TEXT, b"more " * 200)
            peer.reset()
        t.page("/last", b"send raised ConnectionClosed", hint)
    with t.websocket("/server/talk") as peer:
        echo(t, peer, Op.TEXT, t.text(5), hint="one client that vanished must not end the server")


def no_socket(t: Asked) -> None:
    """Without a socket in the environ there is no Server: RuntimeError"""
    hint = "find_socket raises RuntimeError if the environ has no socket under any of the names that it knows"
    t.page("/server/no-socket", b"RuntimeError", hint)


SILENCE = "ping_interval: after so long a silence, send a ping"
GIVEN_UP = "a client that answers no ping is given up"


def asks_silent(t: Asked) -> None:
    """With ping_interval the server asks a silent client, and gives it up"""
    for _ in range(3):  # on a busy machine our own answer may come too late, and then the server is right to give us up
        if _asked_again(t):
            return
    _asked_again(t, last=True)


def _asked_again(t: Asked, last: bool = False) -> bool:
    """Whether a ping came, and another one after our answer; then silence, and the end."""
    with t.websocket("/server/pings") as peer:
        for number in range(2):
            got = frame_of(peer, "a ping, after 0.3 seconds of silence", SILENCE)
            if number == 1 and got.opcode == Op.CLOSE and got.payload[:2] == GONE and not last:
                return False
            if got.opcode != Op.PING:
                hint = "a client that answers a ping is not given up" if number else SILENCE
                raise Wrong(peer.exchange(Kind.FRAMES, "a ping", frame(Op.PING)), hint)
            judged(peer, got)
            if number == 0:
                say(t, peer, Op.PONG, got.payload)
        got = frame_of(peer, "a close frame with the code 1008", GIVEN_UP, close(1008))
        if got.opcode != Op.CLOSE or got.payload[:2] != GONE:
            raise Wrong(peer.exchange(Kind.FRAMES, "a close frame with the code 1008", close(1008)), GIVEN_UP)
        judged(peer, got)
        peer.expect_end(END, "a client that is given up gets the end of TCP, too")
    return True
