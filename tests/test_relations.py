"""What one content shows to be of another: whole or cut, large or too small to say anything."""

from __future__ import annotations

import gzip
import zlib

import pytest
from conformance.peer import MASK, masked

from tracer.reading.joins import Pieces, Placed, tile
from tracer.reading.relations import Relation, in_part, relation
from tracer.reading.streams import TAIL, Streams


@pytest.mark.parametrize(
    ("source", "made", "expected"),
    [
        (b"Hello", bytes([72, 101, 108, 108, 111]), ("copy", 0, 5)),
        (b"Hello", "Hello", ("decoded", 0, 5)),
        ("Hello", b"Hello", ("encoded", 0, 5)),
        ("Grüße", "Grüße".encode(), ("encoded", 0, 7)),
        ("Grüße".encode("latin-1"), "Grüße", ("decoded", 0, 7)),
        (b"a: Hello\r\n", b"Hello", ("slice", 3, 8)),
        (b"Hello", b"\x81\x05Hello", ("joined", 2, 7)),
        ("Content-Type", "CONTENT_TYPE", ("folded", 0, 12)),
        (b"Hello", b"world", None),
        (b"Hello", b"l", None),
        (b"", b"Hello", None),
        (b"Hello", b"", None),
    ],
)
def test_relations(source: str | bytes, made: str | bytes, expected: tuple[str, int, int] | None) -> None:
    assert relation(source, made) == (Relation(*expected) if expected else None)


def test_a_mask_needs_its_key_or_two_rounds() -> None:
    short, long = b"Hello", b"Hello world"
    assert relation(masked(short, MASK), short) is None
    assert relation(masked(short, MASK), short, (MASK,)) == Relation("unmasked", 0, 5)
    assert relation(masked(short, MASK), short, (b"1234",)) is None
    assert relation(masked(long, MASK), long) == Relation("unmasked", 0, 11)


def test_the_rows_of_a_table_are_not_masked_from_each_other() -> None:
    """A masker may look bytes up in rows that differ by one byte throughout; a message may be equal to such a row."""
    every, row = bytes(range(256)), bytes(one ^ 0x34 for one in range(256))
    assert relation(row, every) is None
    assert relation(row, every, (b"4444",)) == Relation("unmasked", 0, 256)
    assert relation(masked(every, MASK), every) == Relation("unmasked", 0, 256)


def test_pieces_are_placed_from_the_end_each_once() -> None:
    pieces = Pieces()
    for number, data in enumerate([b"stale ", b"abc", b"x" * 20, b"x" * 20, b"x" * 7]):
        pieces.add(number, data)
    made = b"abc" + b"x" * 47
    assert tile(made, pieces, lambda piece: True) == [
        Placed(1, 0, 3), Placed(2, 3, 23), Placed(3, 23, 43), Placed(4, 43, 50),
    ]  # fmt: skip
    assert tile(b"nothing of it", pieces, lambda piece: True) == []


def test_of_equal_pieces_one_is_taken_and_it_is_said() -> None:
    pieces = Pieces()
    pieces.add(1, b"the same")
    pieces.add(2, b"the same")
    assert tile(b"> the same", pieces, lambda piece: True) == [Placed(2, 2, 10, others=True)]
    assert tile(b"> the same", pieces, lambda piece: piece == 1) == [Placed(1, 2, 10)]


def test_single_bytes_only_where_nothing_is_missing() -> None:
    pieces = Pieces()
    for number, byte in enumerate(b"Hello"):
        pieces.add(number, bytes([byte]))
    assert [placed.piece for placed in tile(b"Hello", pieces, lambda piece: True)] == [0, 1, 2, 3, 4]
    assert tile(b"Hello!", pieces, lambda piece: True) == []


def test_a_stream_goes_on_where_it_stopped() -> None:
    """The second message refers to the first: only an object that has inflated that can inflate it."""
    stream = zlib.compressobj(wbits=-15)
    plain = b"a message that is worth to be compressed"
    first, second = (stream.compress(plain) + stream.flush(zlib.Z_SYNC_FLUSH) for _ in range(2))
    streams = Streams()
    assert streams.compressed(second[:-4], plain, [7]) is None
    assert streams.compressed(first[:-4], plain, [7]) == "inflated"
    assert streams.compressed(second[:-4], plain, [8]) is None
    assert streams.compressed(second[:-4], plain, [7]) == "inflated"
    assert streams.compressed(plain, first[:-4], [9]) == "deflated"
    assert first.endswith(TAIL)


def test_a_stream_goes_on_past_what_could_stand_alone() -> None:
    """The second message refers to nothing, the third to the first."""
    stream = zlib.compressobj(wbits=-15)
    first, second = b"a message that is worth to be compressed", bytes(range(64, 96))
    packed = [stream.compress(plain) + stream.flush(zlib.Z_SYNC_FLUSH) for plain in (first, second, first)]
    streams = Streams()
    told = [streams.compressed(one[:-4], plain, [7]) for one, plain in zip(packed, (first, second, first), strict=True)]
    assert told == ["inflated"] * 3


PACKED = b"a text that was packed, and packed, and packed"


@pytest.mark.parametrize("wbits", [15, 31], ids=["zlib", "gzip"])
def test_what_has_a_head_of_its_own(wbits: int) -> None:
    packer = zlib.compressobj(wbits=wbits)
    packed = packer.compress(PACKED) + packer.flush()
    assert Streams().compressed(packed, PACKED, []) == "inflated"
    assert Streams().compressed(PACKED, packed, []) == "deflated"
    assert Streams().compressed(packed, PACKED[:-1], []) is None


def test_a_head_that_came_before() -> None:
    """Alone it is nothing inflated, so nobody saw what was made of it."""
    packed = gzip.compress(PACKED)
    streams = Streams()
    begun = zlib.decompressobj(31).decompress(packed[:30])
    assert streams.compressed(packed[11:30], begun, [7]) is None
    assert streams.compressed(packed[11:30], begun, [7], [packed[4:11], packed[:4]]) == "inflated"
    assert streams.compressed(packed[30:], PACKED[len(begun) :], [7]) == "inflated"


def test_of_what_is_cut_the_beginning_has_to_agree_and_the_sizes() -> None:
    data = bytes(range(256)) * 4
    assert in_part(data, 2000, data[:500], 2000) == Relation("copy", 0, 2000)
    assert in_part(data, 2000, b"head" + data[:500], 2004) == Relation("joined", 4, 2004)
    assert in_part(data, 2000, b"head" + data[:500], 2003) is None
    assert in_part(b"head" + data, 2004, data[:500], 2000) == Relation("slice", 4, 2004)
    assert in_part(data, 2000, data[:63], 2000) is None
    assert in_part(data, 2000, data[1:500], 2000) is None
