"""What says the same is written once: what grows, what is cut from it or joined of it, and what crossed a socket."""

from __future__ import annotations

import random
import socket
import sqlite3
from pathlib import Path

import pytest
from helpers_recording import Done, consistent, from_source, named, raw, recorded
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.reading.trace import Trace, TraceError
from tracer.recording import Options, Recorder
from tracer.recording.packing import places, shared

GROW = """
def grown(buffer):
    return len(buffer)


def all_of(chunks):
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        grown(buffer)
    while buffer:
        del buffer[: len(chunks[0])]
        grown(buffer)
"""


def test_a_buffer_is_written_once_and_told_at_each_change(tmp_path):
    module, chunks = from_source(GROW, tmp_path), [bytes([65 + at]) * 2048 for at in range(20)]
    options = {"program": str(tmp_path), "scope": ("made:grown",)}
    done = recorded(tmp_path / "t.trace", module.all_of, chunks, **options)
    written = (tmp_path / "t.trace").stat().st_size
    with done.trace() as trace:
        consistent(trace)
        told = [trace.value(call.arguments[0]).data for call in named(trace, "grown")]
    whole = b"".join(chunks)
    growing = [whole[: 2048 * at] for at in range(1, 21)]
    assert told == growing + [whole[2048 * at :] for at in range(1, 21)]
    assert written < 6 * len(whole) < sum(map(len, told)) / 3


@settings(max_examples=200, deadline=None, database=None)
@given(st.data())
def test_long_texts_are_shared_and_found_again(data):
    """Whatever is cut from, put to, or the same as something else."""
    pieces = [bytes([number]) * size for number, size in ((1, 1500), (2, 700), (1, 64), (3, 1100))]
    whole = st.lists(st.sampled_from(pieces), max_size=5).map(b"".join)
    texts = data.draw(st.lists(whole | st.binary(max_size=70), max_size=12))
    behind = data.draw(st.lists(whole | st.binary(max_size=70), max_size=3))
    written, starts = shared(texts, behind)
    blob = b"".join(written)
    around = blob + b"".join(behind) if starts else blob
    where = places(len(around), [*map(len, texts)], starts)
    assert [around[start:stop] for start, stop in where] == texts
    assert len(blob) <= sum(map(len, texts))


def test_what_is_joined_of_equally_long_pieces_is_written_once():
    whole = random.Random(5).randbytes(1 << 16)
    pieces = [whole[at : at + 4096] for at in range(0, 1 << 16, 4096)]
    written, starts = shared([*pieces, whole, *map(bytes, map(bytearray, pieces))])
    assert b"".join(written) == whole and starts == [*range(0, 1 << 16, 4096), 0, *range(0, 1 << 16, 4096)]
    head = b"a head"
    written, starts = shared([*pieces, whole], [b"something else", head + whole])
    assert not any(written) and starts == [at + 20 for at in (*range(0, 1 << 16, 4096), 0)]


@pytest.mark.parametrize(
    ("lengths", "starts"), [((3, 8), ()), ((3, -1), ()), ((4, 4), (0, 7)), ((4,), (-1,)), ((4, 4), (0,))]
)
def test_texts_that_cannot_lie_there(lengths, starts):
    with pytest.raises(ValueError):
        places(10, lengths, starts)


CROSS = """
def told(data):
    return data


def through(here, there, pieces):
    for piece in pieces:
        here.sendall(piece)
        got = b""
        while len(got) < len(piece):
            part = there.recv(4096)
            told(part[-3000:])
            got += part
        told(bytearray(got))
        told(got.decode("latin-1"))
"""


def crossed(tmp_path: Path, pieces: list[bytes]) -> Done:
    here, there = socket.socketpair()
    with here, there:
        module = from_source(CROSS, tmp_path)
        return recorded(tmp_path / "t.trace", module.through, here, there, pieces, program=str(tmp_path))


def written(path: Path) -> int:
    db = sqlite3.connect(path)
    try:
        return int(db.execute("select sum(length(told)) from described").fetchone()[0])
    finally:
        db.close()


def test_what_crossed_a_socket_is_written_as_that_alone(tmp_path):
    pieces = [bytes(random.Random(seed).randrange(32, 127) for _ in range(20_000)) for seed in range(30)]
    done = crossed(tmp_path, pieces)
    with done.trace() as trace:
        consistent(trace)
        told = [trace.value(call.arguments[0]).data for call in named(trace, "told")]
    whole = [data for data in told if data is not None and len(data) == 20_000]
    assert whole == [form for piece in pieces for form in (piece, piece.decode())]
    assert all(len(data) in (3000, 2616, 20_000, 20_000 % 4096) for data in told if data is not None)
    assert written(tmp_path / "t.trace") < 20_000 * 30 / 5, "what comes between two looks may be written twice"


def test_a_secret_that_was_learned_later_is_masked_there_too(tmp_path):
    """What lies in a wire event says what that says by then; what else was told at the time is not moved by it."""
    secret, noise = "correct-horse-battery", random.Random(3).randbytes(3000).hex()
    early = f"{noise[:2500]} {secret} {noise[2500:]}"
    own = [f"{noise[::-1][:2000]} {secret} {noise[::-1][:1700]}", "something short", f"{secret}!"]
    module, path = from_source(CROSS, tmp_path), tmp_path / "t.trace"
    here, there = socket.socketpair()
    recorder = Recorder(str(path), Options(scope=("program",), program=str(tmp_path)))
    with here, there:
        recorder.start()
        try:
            module.told(own[0])
            module.through(here, there, [early.encode()])
            module.told(own[1]), module.told(own[2])
            recorder.drain()
            module.told(f"Authorization: Bearer {secret}\r\n")
        finally:
            assert recorder.stop().faults == ()
    assert secret.encode() not in raw(path)
    with Trace.open(path) as trace:
        told = [trace.value(call.arguments[0]).data for call in named(trace, "told")]
    masked = [text.replace(secret, "*" * len(secret)) for text in (own[0], early, *own[1:])]
    assert [told[0], *told[-5:-1]] == [masked[0], masked[1].encode(), *masked[1:]]


@pytest.mark.parametrize(
    "damage",
    [
        "update described set wire = wire + 1 where wire is not null",
        "update wire set data = cast(hex(data) as text) where length(data) > 1000",
    ],
)
def test_what_lies_beyond_all_that_moved_is_damage(tmp_path, damage):
    crossed(tmp_path, [bytes(random.Random(1).randbytes(5000))])
    path = tmp_path / "t.trace"
    db = sqlite3.connect(path)
    assert db.execute(damage).rowcount
    db.commit()
    db.close()
    with pytest.raises(TraceError, match="do not fit together"):
        Trace.open(path)
