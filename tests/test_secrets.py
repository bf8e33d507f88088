"""Secrets: masked wherever they stand and however they were cut, in everything that reaches the disk."""

from __future__ import annotations

import base64
import http.cookies
import json
import socket
import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, Done, argument, from_source, moved, named, raw, recorded, run, text

from tracer.reading.trace import Trace
from tracer.recording import Options, Recorder

#: Put together here, so that it does not stand in this file, whose source a trace may keep.
SECRET = "-".join(["Zq7", "hunter2.Xy"])
GIVE = (
    "def give(x):\n    return x\n\n\ndef each(values):\n    return [give(v) for v in values]\n\n\n"
    "def login(user, password, api_key=None):\n    return user\n"
)


def whole(done: Done) -> bytes:
    """All bytes on disk, and all that can be read out of them."""
    with done.trace() as trace:
        assert trace.meta["complete"] == "1"
    return raw(done.path)


def given_to(tmp_path: Path, *values: Any, **options: Any) -> Done:
    """Record `give(value)` for each of the values, called from a file in which none of them stands."""
    module = from_source(GIVE, tmp_path)
    scope = ("made:give", "made:login")
    done = recorded(tmp_path / "t.trace", module.each, values, program=str(tmp_path), scope=scope, **options)
    assert done.error is None
    return done


def absent(done: Done, secret: str | bytes) -> None:
    data = secret.encode() if isinstance(secret, str) else secret
    if data in whole(done):
        with done.trace() as trace:
            values = [trace.value(a) for c in trace.calls.values() for a in (*c.arguments, c.last.value)]
            held = [v for v in values if v and v.data and data.decode("latin-1") in str(v.data)]
        raise AssertionError(f"{secret!r} is in the trace: {held or 'not as a value'}")


FORMS = [
    f"Authorization: Bearer {SECRET}\r\n",
    f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {SECRET}\r\nAccept: */*\r\n\r\n",
    f"authorization:Token {SECRET}\r\n",
    f"Proxy-Authorization: Basic {SECRET}\r\n",
    f"Cookie: session={SECRET}\r\n",
    f"Set-Cookie: session={SECRET}; Path=/; HttpOnly; Max-Age=3600\r\n",
    f"X-Api-Key: {SECRET}\r\n",
    f"X-CSRF-Token: {SECRET}\r\n",
    f"user=me&password={SECRET}&go=1",
    f"password={SECRET}",
    f"GET /login?token={SECRET}&next=/ HTTP/1.1\r\n",
    f"https://api.example/v1?api_key={SECRET}",
    f"https://me:{SECRET}@example.org/path",
    f"postgresql+psycopg://me:{SECRET}@db:5432/app",
    json.dumps({"user": "me", "password": SECRET}),
    json.dumps({"client_secret": SECRET, "n": 1}, separators=(",", ":")),
    json.dumps({"a": {"access_token": SECRET}}, indent=2),
    str({"user": "me", "password": SECRET}),
    f"refresh_token={SECRET}; other",
]


@pytest.mark.parametrize("kind", ["str", "bytes"])
@pytest.mark.parametrize("form", FORMS, ids=lambda f: f.strip()[:28])
def test_masked_in_place_and_of_the_same_length(tmp_path, form, kind):
    value = form if kind == "str" else form.encode()
    done = given_to(tmp_path, value)
    absent(done, SECRET)
    with done.trace() as trace:
        seen = trace.value(named(trace, "give")[0].arguments[0])
        masked = form.replace(SECRET, "*" * len(SECRET))
        assert seen.data == (masked if kind == "str" else masked.encode())
        assert seen.size == len(form)
    assert sum(done.summary.masked.values()) >= 1


HARD = [
    json.dumps({"password": "two words here"}),
    json.dumps({"password": 'with"quote'}),
    json.dumps({"password": "amp&semi;less<"}),
    json.dumps({"password": "it's"}),
    "Authorization: Basic dXNlcjp  \r\n",
    'Authorization: Digest username="me", response="6629fae49393a05397450978507c4ef1"\r\n',
    'Cookie: id="quoted value"; b=1\r\n',
    "password=p%40ss%20word&x=1",
    "pass word: no\r\nCookie: a=secretone; b=secrettwo; c=secretthree\r\n",
]


@pytest.mark.parametrize(
    ("form", "hidden"),
    [
        (HARD[0], ["two words here", "words", "here"]),
        (HARD[1], ["quote"]),
        (HARD[2], ["semi", "less"]),
        (HARD[3], ["it's"]),
        (HARD[4], ["dXNlcjp"]),
        (HARD[5], ["6629fae49393a05397450978507c4ef1"]),
        (HARD[6], ["quoted value", "quoted"]),
        (HARD[7], ["p%40ss%20word", "20word"]),
        (HARD[8], ["secretone", "secrettwo", "secretthree"]),
    ],
    ids=["spaces", "escaped quote", "separators", "apostrophe", "basic", "digest", "quoted cookie", "percent", "three"],
)
def test_no_piece_of_a_secret_is_left(tmp_path, form, hidden):
    done = given_to(tmp_path, form)
    for piece in hidden:
        absent(done, piece)


def test_what_is_no_secret_stays(tmp_path):
    lines = [
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nHost: example.org\r\nUser-Agent: curl\r\n",
        "author=me&monkey=2&compass=north&authority=x",
        "the passwords of others: none; tokens are 3",
        "Set-Cookie: a=; Path=/visible; Domain=example.org; SameSite=Strict\r\n",
        "mailto:someone@example.org http://example.org:8080/path@x",
    ]
    done = given_to(tmp_path, *lines)
    with done.trace() as trace:
        assert [text(trace, c.arguments[0]) for c in named(trace, "give")] == lines
    assert done.summary.masked == {}


@pytest.mark.parametrize("engine", ENGINES)
def test_arguments_by_their_names(tmp_path, engine):
    module = from_source(GIVE, tmp_path)
    done = recorded(
        tmp_path / "t.trace", module.login, "me", SECRET, b"key-" + SECRET.encode(),
        program=str(tmp_path), engine=engine,
    )  # fmt: skip
    absent(done, SECRET)
    with done.trace() as trace:
        (call,) = named(trace, "login")
        assert text(trace, argument(trace, call, "user")) == "me"
        seen = trace.value(argument(trace, call, "password"))
        assert (seen.data, seen.size) == ("*" * len(SECRET), len(SECRET))


@pytest.mark.parametrize(
    "holder",
    [
        {"password": SECRET},
        {"user": {"password": SECRET}},
        {"headers": [("Authorization", f"Bearer {SECRET}")]},
        ("Authorization", SECRET),
        [("password", SECRET)],
        {"HTTP_COOKIE": f"sid={SECRET}"},
        {"HTTP_AUTHORIZATION": SECRET},
        {b"password": SECRET.encode()},
        {"password": [SECRET]},
        [b"authorization", SECRET.encode()],
    ],
    ids=lambda h: repr(h).replace(SECRET, "S")[:40],
)
def test_inside_containers(tmp_path, holder):
    absent(given_to(tmp_path, holder), SECRET)


def test_an_objects_attribute(tmp_path):
    class User:
        def __init__(self) -> None:
            self.name = "me"
            self.password = SECRET

    done = given_to(tmp_path, User())
    absent(done, SECRET)
    assert b"me" in whole(done)


def test_derived_values(tmp_path):
    """Found once, a secret is masked wherever its text occurs: slices, joins, other encodings of it."""
    header = f"Cookie: session={SECRET}\r\n"
    value = header.split("=")[1].strip()
    done = given_to(
        tmp_path, header, value, value.encode(), f"<{value}>", [value], {"x": value}, bytearray(value.encode()),
        memoryview(value.encode()), http.cookies.SimpleCookie(header[8:]), (value, [value]), ValueError(value),
    )  # fmt: skip
    absent(done, SECRET)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ("password=p%40ss%2Fword9", "p@ss/word9"),
        (json.dumps({"password": "grüße-snowman"}), "grüße-snowman"),
        ('{"password": "pässwört9"}'.encode(), "pässwört9"),
        ("Authorization: Basic " + base64.b64encode(b"me:openSesame9").decode() + "\r\n", "me:openSesame9"),
    ],
    ids=["percent", "json escape", "utf-8", "basic"],
)
def test_decoded_values(tmp_path, first, then):
    """A library decodes what it parsed; the decoded password is the password."""
    done = given_to(tmp_path, first, then, then.encode())
    absent(done, then)


def test_in_a_buffer_that_grows_and_in_what_is_cut_from_it(tmp_path):
    """Of texts that lie in one another only the longest is written, and what there is of a secret's name, its sign and
    the secret lies on either side of a cut."""
    noise = bytes(range(33, 127)).translate(None, b"*") * 40
    pieces = [noise[:2000], b"&pass", b"word=", SECRET.encode()[:5], SECRET.encode()[5:], b"&x=" + noise, noise[::-1]]
    pieces[1:1] = [b"\nsess", b"ion: opensesame\n"]  # a word: masked where it stands, and looked for nowhere else
    buffer, values = bytearray(), []
    for piece in pieces:
        buffer += piece
        values += [bytes(buffer), bytes(buffer[-1500:]), buffer.decode()[: len(buffer) // 2], piece]
    done = given_to(tmp_path, *values)
    absent(done, SECRET)
    with done.trace() as trace:
        told = [trace.value(argument(trace, call, "x")).data for call in named(trace, "give")]
    for value, data in zip(values, told, strict=True):
        text, shown = (one.decode() if isinstance(one, bytes) else one for one in (value, data))
        assert all(a == b or b == "*" for a, b in zip(text, shown, strict=True))
        assert shown.count("*") <= len(SECRET) + len("opensesame")
        assert "\nsession: opensesame\n" not in shown


def test_learned_too_late_is_masked_all_the_same(tmp_path):
    """The text comes by before anything says that it is a secret, and is on disk already when something does."""
    module = from_source(GIVE, tmp_path)
    path = tmp_path / "t.trace"
    recorder = Recorder(str(path), Options(scope=("program",), program=str(tmp_path)))
    recorder.start()
    try:
        module.each([f"early {n} {SECRET} bird" for n in range(50)])
        recorder.drain()
        module.give(f"Authorization: Bearer {SECRET}\r\n")
        recorder.drain()
    finally:
        summary = recorder.stop()
    assert summary.faults == ()
    assert SECRET.encode() not in raw(path)
    with Trace.open(path) as trace:
        stars = "*" * len(SECRET)
        assert text(trace, named(trace, "give")[0].arguments[0]) == f"early 0 {stars} bird"


def test_a_secret_in_the_programs_source(tmp_path):
    """Where the trace keeps a copy of the source, a password in it is masked too."""
    program = tmp_path / "configured.py"
    program.write_text(f"PASSWORD = '{SECRET}'\n\n\ndef connect(password='{SECRET}'):\n    return 1\n\n\nconnect()\n")
    assert run(program, tmp_path / "t.trace").code == 0
    with Trace.open(tmp_path / "t.trace") as trace:
        assert len(named(trace, "connect")) == 1
    assert SECRET.encode() not in raw(tmp_path / "t.trace")


# -- the wire ----------------------------------------------------------------------------------------------------

FEED = """\
def feed(chunk):
    return chunk


def program(cuts):
    for ours, theirs, message, at in cuts:
        theirs.sendall(message)
        start = 0
        for stop in (*at, len(message)):
            if stop > start:
                feed(ours.recv(stop - start))
            start = stop
"""

REQUEST = (
    "POST /in?token={0}a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {0}b\r\nCookie: sid={0}c\r\n\r\npassword={0}d&x=1"
)


def as_far_as_known(got: bytes, want: bytes) -> bool:
    """Whether all is masked that must be and no more, but for the scheme: "B" may be a scheme's or a secret's first."""
    scheme = range(want.index(b"Bearer "), want.index(b"Bearer ") + 7)
    pairs = enumerate(zip(got, want, strict=True)) if len(got) == len(want) else [(-1, (0, 1))]
    return all(g == w or (g == ord("*") and n in scheme) for n, (g, w) in pairs)


def cut_up(tmp_path: Path, message: str, cuts: list[tuple[int, ...]], engine: str = "auto") -> None:
    """Read one message for each cut, each with secrets of its own, so that nothing is known from another one."""
    module = from_source(FEED, tmp_path)
    work, opened = [], []
    for n, at in enumerate(cuts):
        ours, theirs = socket.socketpair()
        opened += [ours, theirs]
        work.append((ours, theirs, message.format(f"Sx{n:04}yQz").encode(), at))
    try:
        done = recorded(
            tmp_path / "t.trace", module.program, work, program=str(tmp_path), engine=engine, scope=("made:feed",)
        )
    finally:
        for end in opened:
            end.close()
    assert done.error is None
    disk = whole(done)
    with done.trace() as trace:
        reads = [n for n in trace.connections if moved(trace, n, "in")]
        assert len(reads) == len(cuts)
        chunks = [trace.value(c.arguments[0]).data for c in named(trace, "feed")]
        for n, (connection, at) in enumerate(zip(sorted(reads), cuts, strict=True)):
            secret = f"Sx{n:04}yQz"
            stars = message.format("?" * len(secret))
            for letter in "abcd":
                stars = stars.replace("?" * len(secret) + letter, "*" * (len(secret) + 1))
            assert as_far_as_known(moved(trace, connection, "in"), stars.encode()), at
            pieces = len([p for p in (*at, len(stars)) if p])
            joined = b"".join(chunks[:pieces])  # type: ignore[arg-type]
            del chunks[:pieces]
            assert as_far_as_known(joined, stars.encode()), ("as an argument", at)
            assert secret.encode() not in disk


@pytest.mark.parametrize("engine", ENGINES)
def test_a_read_that_is_cut_at_every_byte(tmp_path, engine):
    size = len(REQUEST.format("Sx0000yQz"))
    cut_up(tmp_path, REQUEST, [(at,) for at in range(1, size)], engine)


def test_reads_of_one_byte_each(tmp_path):
    size = len(REQUEST.format("Sx0000yQz"))
    cut_up(tmp_path, REQUEST, [tuple(range(1, size))])


def test_reads_of_a_few_bytes_each(tmp_path):
    size = len(REQUEST.format("Sx0000yQz"))
    cut_up(tmp_path, REQUEST, [tuple(range(step, size, step)) for step in (2, 3, 5, 7, 16)])


PIECES = """\
def straight(piece):
    return piece


def program(pairs, message, through):
    for at, (ours, _) in enumerate(pairs, 1):
        for piece in (message[:at], message[at:]):
            ours.sendall(straight(piece) if through else piece)
"""


@pytest.mark.parametrize("through", [False, True], ids=["", "seen as a value before"])
def test_a_write_that_is_cut(tmp_path, through):
    message = f"HTTP/1.1 200 OK\r\nSet-Cookie: sid={SECRET}; Path=/\r\n\r\n".encode()
    module = from_source(PIECES, tmp_path)

    pairs = [socket.socketpair() for _ in range(1, len(message))]
    try:
        done = recorded(
            tmp_path / "t.trace", module.program, pairs, message, through, program=str(tmp_path),
            scope=("made:straight",),
        )  # fmt: skip
        for _, theirs in pairs:
            assert theirs.recv(1000) == message, "the peer gets the cookie"
    finally:
        for pair in pairs:
            for end in pair:
                end.close()
    absent(done, SECRET)
    with done.trace() as trace:
        want = message.replace(SECRET.encode(), b"*" * len(SECRET))
        out = [moved(trace, n, "out") for n in trace.connections]
        assert [o for o in out if o] == [want] * len(pairs)


def test_percent_encoding_on_the_wire_and_decoded_in_arguments(tmp_path):
    password = "s3cr3t/with " + "space"
    body = "password=" + urllib.parse.quote_plus(password)

    def program() -> Any:
        module = from_source(GIVE, tmp_path)
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.sendall(body.encode())
            data = theirs.recv(1000).decode()
        return module.give(dict(urllib.parse.parse_qsl(data)))

    done = recorded(tmp_path / "t.trace", program, program=str(tmp_path))
    absent(done, password)
    absent(done, urllib.parse.quote_plus(password))


# -- shown on demand ---------------------------------------------------------------------------------------------


def test_shown_where_asked_for_and_the_trace_says_so(tmp_path):
    form = f"Authorization: Bearer {SECRET}\r\n"
    done = given_to(tmp_path, form, show_secrets=True)
    assert SECRET.encode() in whole(done)
    with done.trace() as trace:
        assert trace.meta["secrets"] == "shown"
        assert text(trace, named(trace, "give")[0].arguments[0]) == form
    assert done.summary.masked == {}


def test_counts_are_in_the_summary_and_in_the_trace(tmp_path):
    done = given_to(tmp_path, f"Authorization: Bearer {SECRET}\r\n", "password=abcdef", "https://a:b1b2b3@c/")
    assert done.summary.masked.keys() >= {"authorization", "pair", "url"}
    assert all(n >= 1 for n in done.summary.masked.values())
    with done.trace() as trace:
        assert trace.meta["secrets"] == "masked"
        told = {k.partition(".")[2]: int(v) for k, v in trace.meta.items() if k.startswith("masked.")}
        assert told == done.summary.masked


def test_the_program_sees_its_secrets(tmp_path):
    values = [FORMS[0], {"password": SECRET}]
    assert given_to(tmp_path, *values).result == values
