"""A connection that grows gives, as soon as each is whole, the messages that the finished connection is made of."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable, Iterator

import pytest

from report.view.messages import alone, final, kind_of, title_of
from tracer.reading.fields import Field, Growing, Unit, dissect
from tracer.reading.fields.http1_names import Http

#: What one side wrote: (by the client?, bytes).
Said = list[tuple[bool, bytes]]
#: A message: by the client?, kind, title, bytes.
Told = tuple[bool, str, str, int]

UPGRADE = b"GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"


def frame(first: int, payload: bytes, key: bytes = b"") -> bytes:
    """One frame; `first` is its first byte."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7f" + size.to_bytes(8, "big")
    if 126 <= size <= 0xFFFF:
        length = b"\x7e" + size.to_bytes(2, "big")
    if not key:
        return bytes([first]) + length + payload
    masked = bytes(byte ^ key[place % 4] for place, byte in enumerate(payload))
    return bytes([first, length[0] | 0x80]) + length[1:] + key + masked


def deflated(*texts: bytes) -> list[bytes]:
    """Payloads that lean on each other (RFC 7692, 7.2.1)."""
    press = zlib.compressobj(wbits=-15)
    return [(press.compress(text) + press.flush(zlib.Z_SYNC_FLUSH))[:-4] for text in texts]


KEY = b"\x37\xfa\x21\x3d"
FIRST, SECOND = deflated(b"Hello, Hello", b"Hello again")
OPEN: Said = [(True, UPGRADE), (False, SWITCHED + b"\r\n")]
TALKS: dict[str, Said] = {
    "one request": [(True, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                    (False, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")],
    "kept alive": [(True, b"POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"),
                   (False, b"HTTP/1.1 204 No Content\r\n\r\n"),
                   (True, b"\r\nHEAD /b HTTP/1.1\r\n\r\n"),
                   (False, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
                   (True, b"GET /c HTTP/1.1\r\n\r\n"),
                   (False, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n")],
    "pipelined": [(True, b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\n\n"),
                  (False, b"HTTP/1.1 200 A\r\nContent-Length: 1\r\n\r\naHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    "chunked": [(True, b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n"),
                (False, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                *[(False, b"9\r\ndata: 1\n\n\r\n")] * 3, (False, b"0\r\n\r\n"),
                (True, b"GET /next HTTP/1.1\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    "broken chunk": [(True, b"GET / HTTP/1.1\r\n\r\n"),
                     (False, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nwhat\r\n")],
    "until close": [(True, b"GET / HTTP/1.0\r\n\r\n"), (False, b"HTTP/1.0 200 OK\r\n\r\nall\n\nof it")],
    "interim": [(True, b"PUT / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"),
                (False, b"HTTP/1.1 100 Continue\r\n\r\n"), (True, b"ok"),
                (False, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")],
    "cut": [(True, b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\nhello")],
    "cut head": [(True, b"GET / HTTP/1.1\r\nHost: a")],
    "declined": [(True, UPGRADE), (False, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
                 (True, b"GET /later HTTP/1.1\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    "websocket": [*OPEN, (True, frame(0x81, b"Hello", KEY)), (False, frame(0x82, b"\x00\x01")),
                  (True, frame(0x01, "grü".encode(), KEY) + frame(0x89, b"p", KEY) + frame(0x80, b"n", KEY)),
                  (False, frame(0x8A, b"p")), (False, frame(0x81, b"x" * 70_000)),
                  (True, frame(0x88, b"\x03\xe8bye", KEY)), (False, frame(0x88, b"\x03\xe8")),
                  (False, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")],
    "at once": [(True, UPGRADE + frame(0x81, b"early", KEY)), (False, SWITCHED + b"\r\n" + frame(0x81, b"yes"))],
    "deflate": [(True, UPGRADE), (False, SWITCHED + DEFLATE + b"\r\n"),
                (True, frame(0xC1, FIRST, KEY)), (True, frame(0x41, SECOND[:3], KEY) + frame(0x80, SECOND[3:], KEY))],
    "cut frames": [*OPEN, (True, frame(0x01, b"never", KEY)), (False, frame(0x81, b"ended")[:-2])],
    "behind the end": [*OPEN, (False, frame(0x88, b"\x03\xe8") + b"\xff\xff\xff")],
    "tunnel": [(True, b"CONNECT a:1 HTTP/1.1\r\n\r\n"), (False, b"HTTP/1.1 200 OK\r\n\r\n")],
}  # fmt: skip


def finished(talk: Said) -> list[Told]:
    """The messages of the finished connection, direction by direction."""
    client, server = (b"".join(data for by, data in talk if by is side) for side in (True, False))
    read = dissect(client, server)
    return _joined([*_told(True, read.received), *_told(False, read.sent)])


def _joined(told: list[Told]) -> list[Told]:
    """Bytes of an unknown protocol are one message in the end, and one for each read as they come."""
    found: list[Told] = []
    for client, kind, title, size in told:
        if kind != "data":
            found.append((client, kind, title, size))
        elif found and found[-1][:2] == (client, "data"):
            found[-1] = (client, "data", "", found[-1][3] + size)
        else:
            found.append((client, "data", "", size))
    return found


def _told(client: bool, fields: Iterable[Field]) -> Iterator[Told]:
    group: list[Field] = []
    for field in fields:
        group.append(field)
        if field.name == Http.LEADING_LINE.word:
            group = []
        elif alone(field) or final(field):
            if alone(field) and len(group) > 1:  # a ping between the frames of a message
                yield _one(client, [field])
                group.pop()
                continue
            yield _one(client, group)
            group = []
    if group:
        yield _one(client, group)


def _one(client: bool, group: list[Field]) -> Told:
    kind = kind_of(group)
    return client, kind, title_of(kind, group), sum(field.stop - field.start for field in group)


def grown(pieces: Said) -> list[Told]:
    """The same, as the connection grows and ends; sorted as `finished` is."""
    growing = Growing()
    units = [unit for by, data in pieces for unit in growing.feed(by, data)]
    units += [*growing.end(True), *growing.end(False)]
    found: list[Told] = []
    for client in (True, False):
        group: list[Unit] = []
        for unit in (unit for unit in units if unit.client is client):
            if alone(unit.fields[-1]):
                found.append(_whole(client, [unit]))
                continue
            group.append(unit)
            if final(unit.fields[-1]):
                found.append(_whole(client, group))
                group = []
        if group:
            found.append(_whole(client, group))
    return _joined(found)


def _whole(client: bool, group: list[Unit]) -> Told:
    fields = [field for unit in group for field in unit.fields]
    kind = kind_of(fields)
    return client, kind, title_of(kind, fields), sum(unit.size for unit in group)


def cut(talk: Said, seed: int) -> Said:
    """The same bytes in other pieces; with seed 0 byte by byte where that is quick."""
    dice = random.Random(seed)
    pieces: Said = []
    for by, data in talk:
        start = 0
        while start < len(data):
            step = 1 if seed == 0 and len(data) < 1000 else dice.randint(1, max(len(data) // 3, 1))
            pieces.append((by, data[start : start + step]))
            start += step
    return pieces


@pytest.mark.parametrize("name", TALKS)
def test_it_tells_what_the_finished_connection_tells_however_it_is_cut(name: str):
    talk = TALKS[name]
    expected = finished(talk)
    assert expected
    for pieces in (talk, *(cut(talk, seed) for seed in range(25))):
        assert grown(pieces) == expected


@pytest.mark.parametrize("name", ["at once", "pipelined", "websocket", "deflate"])
def test_a_client_that_waits_for_no_answer(name: str):
    """All that the client wrote comes before the first answer: what follows an upgrade is read when that is known."""
    talk = sorted(TALKS[name], key=lambda said: not said[0])
    assert grown(talk) == finished(talk)


def test_each_message_is_told_with_its_last_byte_and_not_before():
    growing = Growing()
    for by, data in TALKS["websocket"][:2]:
        assert len(growing.feed(by, data)) == 1
    for byte in frame(0x81, b"Hello", KEY)[:-1]:
        assert growing.feed(True, bytes([byte])) == []
    (unit,) = growing.feed(True, frame(0x81, b"Hello", KEY)[-1:])
    assert (unit.size, unit.stop, unit.whole) == (11, len(UPGRADE) + 11, True)


def test_a_body_is_not_kept():
    """A stream without an end costs no more memory than what came last."""
    growing = Growing()
    growing.feed(True, b"GET / HTTP/1.1\r\n\r\n")
    growing.feed(False, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(1000):
        assert growing.feed(False, b"1000\r\n" + b"x" * 0x1000 + b"\r\n") == []
    (unit,) = growing.feed(False, b"0\r\n\r\n")
    assert unit.size == 47 + 1000 * (6 + 0x1000 + 2) + 5
    assert growing._server.size == 0


def test_what_is_no_http_is_told_as_it_comes():
    growing = Growing()
    told = [
        unit
        for by, data in [(True, b"\x00\x01"), (False, b"hello\n"), (True, b"more")]
        for unit in growing.feed(by, data)
    ]
    assert [(unit.client, unit.fields[0].name, unit.fields[0].value) for unit in told] == [
        (True, "data", r"\x00\x01"), (False, "data", r"hello\n"), (True, "data", "more"),
    ]  # fmt: skip
