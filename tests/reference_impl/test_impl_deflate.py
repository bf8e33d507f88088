"""RFC 7692: its own examples, the offers of section 7.1, bombs; the original as the oracle of what is answered."""

from __future__ import annotations

import zlib

import pytest
import wsproto.extensions
from hypothesis import given
from hypothesis import strategies as st

from reference_impl.closing import ParseFailed
from reference_impl.deflate import PerMessageDeflate

NAME = "permessage-deflate"


def made(**parameters: object) -> PerMessageDeflate:
    """As if these had been agreed on."""
    deflate = PerMessageDeflate()
    vars(deflate).update(parameters)
    return deflate


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["f248cdc9c90700"], id="7.2.3.1 one block"),
        pytest.param(["f248", "cdc9c90700"], id="7.2.3.1 two fragments"),
        pytest.param(["000500faff48656c6c6f00"], id="7.2.3.3 no compression"),
        pytest.param(["f348cdc9c9070000"], id="7.2.3.4 BFINAL"),
        pytest.param(["f24805000000ffffcac9c90700"], id="7.2.3.5 two blocks"),
    ],
)
def test_section_7_2_3(parts: list[str]) -> None:
    deflate = PerMessageDeflate()
    for _ in range(2):
        inflated = [deflate.inflate(bytes.fromhex(part), last=part is parts[-1]) for part in parts]
        assert b"".join(inflated) == b"Hello"


def test_7_2_3_2_sharing_the_window() -> None:
    deflate = PerMessageDeflate()
    assert deflate.deflate(b"Hello", last=True).hex() == "f248cdc9c90700"
    assert deflate.deflate(b"Hello", last=True).hex() == "f200110000"
    for wire in ("f248cdc9c90700", "f200110000"):
        assert deflate.inflate(bytes.fromhex(wire), last=True) == b"Hello"


def test_7_1_1_no_context_takeover() -> None:
    deflate = made(server_no_context_takeover=True)
    assert deflate.deflate(b"Hello", last=True) == deflate.deflate(b"Hello", last=True)


def test_7_2_3_6_empty() -> None:
    deflate = PerMessageDeflate()
    assert [deflate.deflate(b"", last=True) for _ in range(3)] == [b"\x00"] * 3
    assert deflate.inflate(b"\x00", last=True) == b""


@pytest.mark.parametrize(
    "parameters",
    [
        "",
        "; client_max_window_bits",  # what Chromium says
        "; client_max_window_bits=10",
        "; server_max_window_bits=9",
        "; server_no_context_takeover; client_no_context_takeover",
        "; server_no_context_takeover; client_max_window_bits=12; server_max_window_bits=11",
    ],
)
def test_accepts_as_the_original(parameters: str) -> None:
    theirs = wsproto.extensions.PerMessageDeflate().accept(NAME + parameters)
    assert PerMessageDeflate().accept(NAME + parameters) == NAME + (f"; {theirs}" if theirs else "")


@pytest.mark.parametrize(
    "offer",
    [
        "x-webkit-deflate-frame",
        f"{NAME}; unknown",
        f"{NAME}; server_no_context_takeover=1",
        f"{NAME}; server_no_context_takeover; server_no_context_takeover",
        f"{NAME}; server_max_window_bits",
        f"{NAME}; server_max_window_bits=8",  # zlib has no such window
        f"{NAME}; server_max_window_bits=16",
        f"{NAME}; server_max_window_bits=010",
        f"{NAME}; client_max_window_bits=7",
        f"{NAME}; client_max_window_bits=abc",
        f"{NAME}; client_max_window_bits=",
        f"{NAME}; =10",
        f'{NAME}; client_max_window_bits="10',
        f"{NAME};",
        "",
    ],
)
def test_declines(offer: str) -> None:
    deflate = PerMessageDeflate()
    assert deflate.accept(offer) is None
    assert vars(deflate) == vars(PerMessageDeflate())


def test_quoted_value() -> None:
    """RFC 6455, 9.1. The original crashes on this."""
    assert PerMessageDeflate().accept(f'{NAME}; server_max_window_bits="10"') == f"{NAME}; server_max_window_bits=10"


@given(st.text(max_size=60))
def test_grammar_never_raises(text: str) -> None:
    PerMessageDeflate().accept(f"{NAME};{text}")


@pytest.mark.parametrize("size", [10_000, 10_001, 1 << 24])
def test_a_bomb_stops_at_the_limit(size: int) -> None:
    bomb = PerMessageDeflate().deflate(bytes(size), last=True)
    if size <= 10_000:
        assert PerMessageDeflate().inflate(bomb, last=True, limit=10_000) == bytes(size)
    else:
        with pytest.raises(ParseFailed, match="too big") as caught:
            PerMessageDeflate().inflate(bomb, last=True, limit=10_000)
        assert caught.value.code == 1009


def test_broken_data() -> None:
    with pytest.raises(ParseFailed) as caught:
        PerMessageDeflate().inflate(b"\xff\xff\xff", last=True)
    assert caught.value.code == 1007


@pytest.mark.parametrize("forget", [False, True])
@pytest.mark.parametrize("missing", range(1, 10))
def test_a_message_that_was_cut_off(missing: int, forget: bool) -> None:
    whole = PerMessageDeflate().deflate(b"hello" * 50, last=True)
    assert len(whole) > missing
    with pytest.raises(ParseFailed) as caught:
        made(client_no_context_takeover=forget).inflate(whole[:-missing], last=True)
    assert caught.value.code == 1007


@given(st.lists(st.binary(max_size=500), max_size=5), st.booleans(), st.integers(9, 15), st.data())
def test_round_trip_cut_anywhere(sent: list[bytes], forget: bool, bits: int, data: st.DataObject) -> None:
    here = made(server_no_context_takeover=forget, server_max_window_bits=bits)
    there = made(client_no_context_takeover=forget)
    for message in sent:
        wire = here.deflate(message, last=True)
        cut = data.draw(st.integers(0, len(wire)))
        assert there.inflate(wire[:cut], last=False) + there.inflate(wire[cut:], last=True) == message


@given(st.binary(max_size=200), st.integers(0, 50))
def test_garbage_never_raises_anything_else(garbage: bytes, limit: int) -> None:
    try:
        assert len(PerMessageDeflate().inflate(garbage, last=True, limit=limit)) <= limit
    except ParseFailed as error:
        assert error.code in (1007, 1009)


def test_several_final_blocks() -> None:
    def final(data: bytes) -> bytes:
        stream = zlib.compressobj(wbits=-15)
        return stream.compress(data) + stream.flush()

    assert PerMessageDeflate().inflate(final(b"Hel") + final(b"lo") + b"\x00", last=True) == b"Hello"
