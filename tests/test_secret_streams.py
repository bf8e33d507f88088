"""What crosses a socket, cut anywhere: chunked bodies, forms in parts, WebSocket frames, compressed messages."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.recording.secrets import Secrets, StreamMask

SECRET = b"-".join((b"Zq7", b"hunter2.Xy"))
STARS = b"*" * len(SECRET)
HEAD = b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
KEY = bytes.fromhex("37fa213d")


def masked(stream: bytes, cuts: Iterable[int] = ()) -> bytes:
    """A stream as it is written when it comes in pieces."""
    mask, out, start = StreamMask(Secrets()), [], 0
    for stop in (*cuts, len(stream)):
        out.append(mask.feed(stream[start:stop]))
        assert len(out[-1]) == stop - start
        start = stop
    return b"".join(out)


def xor(data: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(data)) if key else data


def frame(payload: bytes, key: bytes = KEY, opcode: int = 1, first: int = 0x80) -> bytes:
    """RFC 6455, section 5.2."""
    size = len(payload)
    length = bytes([size]) if size < 126 else b"\x7e" + size.to_bytes(2, "big") if size < 1 << 16 else (
        b"\x7f" + size.to_bytes(8, "big")
    )  # fmt: skip
    return bytes([first | opcode, length[0] | (0x80 if key else 0)]) + length[1:] + key + xor(payload, key)


MESSAGE = b'{"user": "me", "password": "%s", "n": 1}'


@pytest.mark.parametrize("key", [KEY, b"", b"\0\0\0\0", b"****"], ids=["key", "no key", "zeros", "stars"])
def test_frames_cut_at_every_byte(key: bytes):
    tail = frame(b"more", key) + frame(b"\x03\xe8bye", key, opcode=8) + b"HTTP/1.1 200 OK\r\nCookie: a=%s\r\n\r\n"
    stream = HEAD + frame(MESSAGE % SECRET, key) + tail % SECRET
    want = HEAD + frame(MESSAGE % STARS, key) + tail % STARS
    assert masked(stream) == want
    for at in range(1, len(stream)):
        got = masked(stream, [at])
        assert got == want, at
    assert masked(stream, range(1, len(stream))) == want


@pytest.mark.parametrize("size", [125, 126, 65_535, 65_536])
def test_frames_of_every_length(size: int):
    for payload in (b"x" * (size - len(SECRET) - 10) + b" password=" + SECRET,):
        assert len(payload) == size
        want = HEAD + frame(payload.replace(SECRET, STARS))
        assert masked(HEAD + frame(payload)) == want == masked(HEAD + frame(payload), range(70, size, 997))


def test_a_message_in_fragments_with_a_ping_between():
    whole = MESSAGE % SECRET
    for at in range(1, len(whole)):
        parts = (whole[:at], whole[at:])
        clean = MESSAGE % STARS
        stars = (clean[:at], clean[at:])
        first, ping, last = (
            frame(parts[0], first=0), frame(b"token=" + SECRET, opcode=9), frame(parts[1], KEY[::-1], opcode=0),
        )  # fmt: skip
        want = (frame(stars[0], first=0), frame(b"token=" + STARS, opcode=9), frame(stars[1], KEY[::-1], opcode=0))
        assert masked(HEAD + first + ping + last) == HEAD + b"".join(want), at


def deflated(messages: list[bytes], takeover: bool = True) -> list[bytes]:
    """RFC 7692, section 7.2.1."""
    made, out = zlib.compressobj(wbits=-15), []
    for message in messages:
        if not takeover:
            made = zlib.compressobj(wbits=-15)
        out.append((made.compress(message) + made.flush(zlib.Z_SYNC_FLUSH)).removesuffix(b"\0\0\xff\xff"))
    return out


def inflated(stream: bytes, key: bytes) -> list[bytes]:
    """What a reader makes of frames, all of them whole and compressed."""
    reader, out = zlib.decompressobj(-15), []
    while stream:
        assert stream[0] == 0xC1
        start = {126: 4}.get(stream[1] & 0x7F, 2) + len(key)
        size = int.from_bytes(stream[2:4], "big") if start - len(key) == 4 else stream[1] & 0x7F
        out.append(reader.decompress(xor(stream[start : start + size], key) + b"\0\0\xff\xff"))
        stream = stream[start + size :]
    return out


@pytest.mark.parametrize("key", [KEY, b""], ids=["key", "no key"])
@pytest.mark.parametrize("takeover", [True, False])
def test_compressed_messages(key: bytes, takeover: bool):
    messages = [b"Hello", MESSAGE % SECRET, MESSAGE % SECRET, b"and hello again, Hello", b"Hello"]
    packed = deflated(messages, takeover)
    got = masked(HEAD + b"".join(frame(one, key, first=0xC0) for one in packed))[len(HEAD) :]
    seen = inflated(got, key)
    assert len(seen) == len(messages)
    assert seen[0] == b"Hello"
    assert all(set(one) <= set(b"*") for one in seen[1:3])
    for one, message in zip(seen[3:], messages[3:], strict=True):
        assert one == message or set(one) <= set(b"*")
    assert takeover or seen[3:] == messages[3:]


def test_compressed_messages_cut_at_every_byte_say_nothing():
    """Here a reader cannot inflate them any more; in what is left there is no secret."""
    packed = frame(deflated([MESSAGE % SECRET])[0], first=0xC0)
    for at in range(1, len(packed)):
        got = masked(HEAD + packed, [len(HEAD) + at])[len(HEAD) + 6 :]
        try:
            said = zlib.decompressobj(-15).decompress(xor(got, KEY) + b"\0\0\xff\xff")
        except zlib.error:
            said = b""
        assert SECRET not in said and SECRET[:8] not in said


def test_a_message_that_inflates_to_too_much_is_hidden():
    bomb = deflated([b"x" * (5 << 20)])[0]
    got = masked(HEAD + frame(bomb, first=0xC0))
    assert len(got) == len(HEAD + frame(bomb, first=0xC0))
    assert inflated(got[len(HEAD) :], KEY)[0].strip(b"*") == b""


@given(st.lists(st.binary(max_size=60), max_size=6), st.data())
def test_what_is_no_websocket_does_not_matter(pieces: list[bytes], data: st.DataObject):
    """Any bytes may follow; without a secret's name nothing is changed, however they are cut."""
    stream = HEAD + b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    got = masked(stream, cuts)
    assert len(got) == len(stream)
    if Secrets().data(stream) == stream:  # what looks compressed (RSV1), and is not, is hidden
        assert got == stream or re.search(rb"[\x41\x42\xc1\xc2]", b"".join(pieces))


CHUNKED = b"POST /in HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


@pytest.mark.parametrize("form", [b"user=me&password=%s&x=1", b'{"password": "%s", "n": 1}'], ids=["form", "json"])
def test_a_body_in_chunks_cut_at_every_byte(form: bytes):
    body = form % SECRET
    for at in range(1, len(body)):
        stars = form % STARS
        stream = CHUNKED + chunk(body[:at]) + chunk(body[at:]) + b"0\r\n\r\n"
        want = CHUNKED + chunk(stars[:at]) + chunk(stars[at:]) + b"0\r\n\r\n"
        assert masked(stream) == want, at
        for cut in (len(CHUNKED), len(CHUNKED) + 4 + at, len(CHUNKED) + 6 + at, len(CHUNKED) + 9 + at):
            assert masked(stream, [cut]) == want, (at, cut)


def test_the_pieces_of_a_chunked_secret_are_known():
    secrets = Secrets()
    mask = StreamMask(secrets)
    mask.feed(CHUNKED + chunk(b"password=Zq7hunter") + chunk(b"2.Xyabc&x=1") + b"0\r\n\r\n")
    assert secrets.text("a piece 2.Xyabc of it") == "a piece ******* of it"
    assert secrets.text("Zq7hunter2.Xyabc") == "*" * 16


PARTS = (
    b'--b\r\nContent-Disposition: form-data; name="user"\r\n\r\nme\r\n'
    b'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n%s\r\n'
    b'--b\r\nContent-Disposition: form-data; name="api_key"\r\nContent-Type: text/plain\r\n\r\n%s\r\n--b--\r\n'
)


def test_a_form_in_parts_cut_at_every_byte():
    stream, want = PARTS % (SECRET, SECRET), PARTS % (STARS, STARS)
    assert masked(stream) == want
    for at in range(1, len(stream)):
        assert masked(stream, [at]) == want, at
    assert masked(stream, range(1, len(stream))) == want
