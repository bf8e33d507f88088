"""Fields of a WebSocket, grouped by section of RFC 6455, and of its compression, RFC 7692.

Raw bytes are the RFC's own examples or what a real server wrote.
"""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest
from helpers_fields import (
    ANSWER,
    ASK,
    CLIENT_HELLO,
    DEFLATED,
    GET,
    MASK,
    SERVER_CLOSE,
    SERVER_HELLO,
    WERKZEUG_200,
    agreed,
    content,
    frame,
    named,
    one,
    read,
    received_frames,
    sent_frames,
    tree,
    values,
)

from tracer.reading.fields import Field, dissect, websocket_deflate

# RFC 6455 --------------------------------------------------------------------------------------------------


def test_1_3_the_handshake_switches_both_directions() -> None:
    found = read(ASK + CLIENT_HELLO, ANSWER + SERVER_HELLO)
    assert found.protocol == "WebSocket"
    assert [(f.name, f.value) for f in found.received] == [("request", "GET /chat"), ("frame", "text, 5 bytes, final")]
    assert [f.name for f in found.sent] == ["response", "frame"]
    turned = read(ANSWER + SERVER_HELLO, ASK + CLIENT_HELLO, "client")
    assert (turned.received, turned.sent, turned.protocol) == (found.sent, found.received, found.protocol)


def test_a_refused_handshake_stays_http() -> None:
    found = read(ASK + GET, b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nx")
    assert [f.name for f in found.received] == ["request"] * 2 and found.protocol == "HTTP/1.1"


class TestExamples5_7:
    def test_a_masked_text_frame(self) -> None:
        (top,) = received_frames(CLIENT_HELLO)
        assert tree([shift(top, -len(ASK))]) == [
            "frame 0-11 = text, 5 bytes, final",
            "  header 0-2",
            "    FIN 0-1 bits 0-1 = 1",
            "    RSV1 0-1 bits 1-2 = 0",
            "    RSV2 0-1 bits 2-3 = 0",
            "    RSV3 0-1 bits 3-4 = 0",
            "    opcode 0-1 bits 4-8 = 1: text",
            "    MASK 1-2 bits 0-1 = 1",
            "    payload length 1-2 bits 1-8 = 5",
            "  masking-key 2-6 = 37 fa 21 3d",
            "  payload data 6-11 = 7f 9f 4d 51 58",
            "    unmasked payload data 0-5 unmasked = Hello",
        ]
        assert one((top,), "unmasked payload data").derived == b"Hello"

    def test_an_unmasked_text_frame(self) -> None:
        (top,) = sent_frames(SERVER_HELLO)
        assert one((top,), "payload data").value == "Hello" and not named([top], "masking-key")

    def test_a_fragmented_message(self) -> None:
        found = sent_frames(bytes.fromhex("010348656c 80026c6f"))
        assert [f.value for f in found] == ["text, 3 bytes, more follows", "continuation of text, 2 bytes, final"]
        assert values(found, "payload data") == ["Hel", "lo"]

    def test_ping_and_its_masked_pong(self) -> None:
        (ping,) = sent_frames(bytes.fromhex("890548656c6c6f"))
        (pong,) = received_frames(bytes.fromhex("8a8537fa213d7f9f4d5158"))
        assert (ping.value, pong.value) == ("ping, 5 bytes", "pong, 5 bytes")
        assert values([ping], "payload data") == values([pong], "unmasked payload data") == ["Hello"]

    @pytest.mark.parametrize(
        ("head", "size", "short", "width"),
        [("827E0100", 256, "126: the next 2 bytes tell", 2), ("827F0000000000010000", 65536, "127: the next 8", 8)],
    )
    def test_long_binary_messages(self, head: str, size: int, short: str, width: int) -> None:
        found = sent_frames(bytes.fromhex(head) + bytes(size))
        assert found[0].value == f"binary, {size} bytes, final"
        assert one(found, "payload length").value.startswith(short)
        extended = one(found, "extended payload length")
        assert extended.value == str(size) and extended.stop - extended.start == width


def shift(f: Field, by: int) -> Field:
    """The field as if the stream began elsewhere; derived buffers stay."""
    if f.buffer != "wire":
        return f
    return replace(f, start=f.start + by, stop=f.stop + by, children=tuple(shift(c, by) for c in f.children))


class TestFaults:
    @pytest.mark.parametrize(
        ("data", "part", "why"),
        [
            (frame(1, b"x", MASK, rsv=4), "RSV1", "no extension uses it (5.2)"),
            (frame(1, b"x", MASK, rsv=2), "RSV2", "no extension uses it (5.2)"),
            (frame(1, b"x", MASK, rsv=1), "RSV3", "no extension uses it (5.2)"),
            (frame(3, b"x", MASK), "opcode", "reserved opcode (5.2)"),
            (frame(11, b"x", MASK), "opcode", "reserved opcode (5.2)"),
            (frame(9, b"x" * 126, MASK), "payload length", "at most 125 bytes (5.5)"),
            (frame(9, b"x", MASK, fin=False), "FIN", "must not be fragmented (5.5)"),
            (frame(0, b"x", MASK), "opcode", "nothing to continue (5.4)"),
            (frame(1, b"x"), "MASK", "client must mask (5.1)"),
            (frame(1, b"x", MASK, form=126), "extended payload length", "shortest form (5.2)"),
            (frame(1, b"x" * 200, MASK, form=127), "extended payload length", "shortest form (5.2)"),
            (b"\x82\xff" + b"\xff" * 8 + MASK + b"O", "extended payload length", "must be 0 (5.2)"),
        ],
    )
    def test_a_header_that_breaks_the_rfc_is_dissected(self, data: bytes, part: str, why: str) -> None:
        top = received_frames(data)[0]
        assert f"fault: {why}"[7:] in top.value and top.value.count("fault") == 1
        assert [f.name for f in top.walk() if "fault" in f.value] == ["frame", part]
        assert why in one((top,), part).value
        assert content(ASK + data, top)[:1] == b"x"

    def test_a_server_must_not_mask(self) -> None:
        (top,) = sent_frames(CLIENT_HELLO)
        assert "a server must not mask" in top.value and one((top,), "unmasked payload data").value == "Hello"

    def test_a_message_inside_another(self) -> None:
        found = sent_frames(frame(1, b"a", fin=False) + frame(9, b"") + frame(2, b"b") + frame(1, b"c"))
        assert ["fault" in f.value for f in found] == [False, False, True, False]

    def test_rsv1_where_a_message_does_not_start(self) -> None:
        found = sent_frames(frame(9, b"x", rsv=4) + frame(0, b"", rsv=4), agreed())
        assert all("RFC 7692, 6" in value for value in values(found, "RSV1"))

    def test_an_unknown_extension_may_use_the_reserved_bits(self) -> None:
        assert "fault" not in "".join(tree(sent_frames(frame(1, b"x", rsv=7) + frame(3, b"x"), agreed("x-mine; a=b"))))

    @pytest.mark.parametrize("cut", range(1, 15))
    def test_a_cut_frame_counts_what_is_there(self, cut: int) -> None:
        whole = frame(1, b"Hello!", MASK, form=126)  # not the shortest form, but that is not known at first
        (top,) = received_frames(whole[:cut])
        size = {1: "1 of at least 2", 2: "2 of at least 8", 3: "3 of at least 8"}.get(cut, f"{cut} of 14")
        assert (f"incomplete: {size} bytes" in top.value) == (cut < 14)
        assert ("fault: not the shortest" in top.value) == ("fault" in top.value) == (cut > 3)
        cuts = {3: ("extended payload length", "1 of 2"), 5: ("masking-key", "1 of 4"), 9: ("payload data", "1 of 6")}
        if cut in cuts:
            name, missing = cuts[cut]
            assert one((top,), name).value == f"incomplete: {missing} bytes"
        if cut > 8:
            assert one((top,), "unmasked payload data").derived == b"Hello!"[: cut - 8]


class TestClose5_5_1:
    def test_code_and_reason_are_fields_of_the_unmasked_buffer(self) -> None:
        (top,) = received_frames(frame(8, b"\x03\xe8bye", MASK))
        assert tree([one((top,), "unmasked payload data")]) == [
            "unmasked payload data 0-5 unmasked = 1000: Normal Closure; bye",
            "  status code 0-2 unmasked = 1000: Normal Closure",
            "  reason 2-5 unmasked = bye",
        ]

    def test_a_server_has_them_on_the_wire(self) -> None:
        (top,) = sent_frames(SERVER_CLOSE)
        code = one((top,), "status code")
        assert (code.buffer, code.start, code.value) == ("wire", top.start + 2, "1000: Normal Closure")

    @pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 3999, 4000, 4999])
    def test_codes_that_may_be_sent(self, code: int) -> None:
        (top,) = sent_frames(frame(8, code.to_bytes(2, "big")))
        assert "fault" not in top.value and str(code) in one((top,), "status code").value

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    def test_codes_that_must_not(self, code: int) -> None:
        (top,) = sent_frames(frame(8, code.to_bytes(2, "big")))
        assert "fault" in top.value and "fault" in one((top,), "status code").value

    def test_one_byte_and_bad_text(self) -> None:
        for body, why in ((b"\x03", "one byte"), (b"\x03\xe8\xff", "not UTF-8"), (b"\x03\xe8\xe2\x82", "not UTF-8")):
            (top,) = sent_frames(frame(8, body))
            assert why in top.value

    def test_frames_behind_it_are_named_with_the_fault(self) -> None:
        found = sent_frames(SERVER_CLOSE + SERVER_HELLO + b"Hello")
        assert "after the Close frame (5.5.1)" in found[1].value
        assert (found[2].name, found[2].value) == ("data", "neither a frame nor HTTP, behind the Close frame")


class TestHttpOnAWebSocket:
    """What Werkzeug writes when a Flask-Sock handler ends."""

    def test_after_the_close_frame(self) -> None:
        found = sent_frames(SERVER_HELLO + SERVER_CLOSE + WERKZEUG_200)
        assert [f.name for f in found] == ["frame", "frame", "HTTP response on a WebSocket"]
        assert "after the Close frame" in found[2].value and found[2].section == "RFC 6455, 5.5.1"
        assert values(found, "status-line") == ["200 OK"]

    def test_before_the_close_frame(self) -> None:
        found = sent_frames(SERVER_HELLO + WERKZEUG_200 + SERVER_CLOSE)
        assert [f.name for f in found] == ["frame", "HTTP response on a WebSocket", "frame"]
        assert "before any Close frame" in found[1].value and found[2].value == "close, 2 bytes"

    def test_before_it_and_without_a_length(self) -> None:
        bare = WERKZEUG_200.replace(b"Content-Length: 0\r\n", b"")
        found = sent_frames(bare + SERVER_CLOSE)
        assert [f.name for f in found] == ["HTTP response on a WebSocket", "frame"]
        (page,) = sent_frames(bare + b"<p>no frame</p>")
        assert one((page,), "message-body").value == "15 bytes, until the connection closes"

    def test_an_error_page(self) -> None:
        page = b"HTTP/1.1 500 INTERNAL SERVER ERROR\r\nContent-Length: 15\r\n\r\n<!doctype html>"
        found = sent_frames(page + SERVER_CLOSE)
        assert [f.value for f in found[1:]] == ["close, 2 bytes"]
        assert one(found, "message-body").stop == found[0].stop

    def test_cut(self) -> None:
        assert sent_frames(WERKZEUG_200[:5])[0].name == "HTTP response on a WebSocket"
        assert sent_frames(WERKZEUG_200[:20])[0].children[0].value == "incomplete header section: 200 OK"

    def test_rubbish_behind_it_is_data(self) -> None:
        assert sent_frames(WERKZEUG_200 + b"</html>")[1].value == "neither a frame nor HTTP, behind an HTTP response"

    def test_a_client_does_not_answer_in_http(self) -> None:
        assert received_frames(b"HTTP/1.1")[0].name == "frame"


class TestUtf8In8_1:
    EURO = "€".encode()

    def test_a_character_split_between_frames_is_whole(self) -> None:
        found = sent_frames(frame(1, self.EURO[:1], fin=False) + frame(9, b"") + frame(0, self.EURO[1:]))
        assert "fault" not in "".join(f.value for f in found)

    @pytest.mark.parametrize(
        "frames",
        [
            [frame(1, b"a\xff", fin=False), frame(0, b"b")],
            [frame(1, b"a\xff", fin=False), frame(0, b"b\xff")],
            [frame(1, EURO[:2], fin=False), frame(0, b"b")],
            [frame(1, EURO[:2], fin=False), frame(0, b"")],
            [frame(1, b"\xed\xa0\x80")],
            [frame(1, b"\xc0\xaf")],
        ],
    )
    def test_bad_text_is_a_fault_once(self, frames: list[bytes]) -> None:
        found = sent_frames(b"".join(frames) + frame(1, b"good"))
        assert sum("not UTF-8" in f.value for f in found) == 1 and "fault" not in found[-1].value

    def test_a_cut_frame_is_not_judged_before_its_end(self) -> None:
        (top,) = sent_frames(frame(1, self.EURO)[:-1])
        assert top.value == "text; incomplete: 4 of 5 bytes; 3 bytes, final"

    def test_binary_is_not_judged(self) -> None:
        assert one(sent_frames(frame(2, b"\xff")), "payload data").value == "ff"


# RFC 7692 --------------------------------------------------------------------------------------------------


class TestDeflate7_2_3:
    """The examples of section 7.2.3, each after its number; masked frames carry them as well."""

    FIRST = DEFLATED

    def test_1_one_block(self) -> None:
        (top,) = sent_frames(frame(1, self.FIRST, rsv=4), agreed())
        assert tree([one((top,), "payload data")])[1:] == ["  inflated payload data 0-5 inflated = Hello"]
        assert one((top,), "payload data").value == "f2 48 cd c9 c9 07 00"
        (masked,) = received_frames(frame(1, self.FIRST, MASK, rsv=4), agreed())
        assert [f.name for f in masked.children[-1].walk()][1:] == ["unmasked payload data", "inflated payload data"]

    def test_1_fragmented_with_a_ping_between(self) -> None:
        data = bytes.fromhex("4103f248cd") + frame(9, b"x") + bytes.fromhex("8004c9c90700")
        found = sent_frames(data, agreed())
        assert b"".join(f.derived or b"" for f in named(found, "inflated payload data")) == b"Hello"
        assert values(found[1:2], "payload data") == ["x"] and "fault" not in "".join(tree(found))

    def test_a_last_frame_without_payload_has_no_payload_field(self) -> None:
        found = sent_frames(frame(1, self.FIRST, fin=False, rsv=4) + frame(0, b""), agreed())
        assert [f.name for f in found[1].children] == ["header"] and "fault" not in found[1].value

    def test_2_sharing_the_window(self) -> None:
        second = bytes.fromhex("f200110000")
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, second, rsv=4), agreed())
        assert values(found, "inflated payload data") == ["Hello", "Hello"]
        sole = "permessage-deflate; server_no_context_takeover"
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, second, rsv=4), agreed(sole))
        assert "fault: not DEFLATE data" in found[1].value

    @pytest.mark.parametrize("payload", ["000500faff48656c6c6f00", "f348cdc9c9070000", "f2480500 00 00ffff cac9c90700"])
    def test_3_4_5_other_blocks(self, payload: str) -> None:
        twice = frame(1, bytes.fromhex(payload), rsv=4) + frame(1, self.FIRST, rsv=4)
        assert values(sent_frames(twice, agreed()), "inflated payload data") == ["Hello", "Hello"]

    def test_6_an_empty_message(self) -> None:
        (top,) = sent_frames(frame(1, b"\x00", rsv=4), agreed())
        assert one((top,), "inflated payload data").derived == b"" and "fault" not in top.value

    def test_each_side_has_its_own_takeover(self) -> None:
        second = bytes.fromhex("f200110000")
        data = frame(1, self.FIRST, MASK, rsv=4) + frame(1, second, MASK, rsv=4)
        assert "fault" not in "".join(
            tree(received_frames(data, agreed("permessage-deflate; server_no_context_takeover")))
        )
        assert "fault" in "".join(tree(received_frames(data, agreed("permessage-deflate;client_no_context_takeover"))))

    def test_uncompressed_messages_between(self) -> None:
        found = sent_frames(frame(1, self.FIRST, rsv=4) + frame(1, b"plain") + frame(1, self.FIRST, rsv=4), agreed())
        assert values(found[1:2], "payload data") == ["plain"]
        assert values(found, "inflated payload data") == ["Hello", "Hello"]

    def test_bad_text_inside(self) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bad = (packer.compress(b"\xff") + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        (top,) = sent_frames(frame(1, bad, rsv=4), agreed())
        assert "not UTF-8" in top.value and "fault" in one((top,), "inflated payload data").value

    def test_broken_data_is_said_and_later_messages_too(self) -> None:
        found = sent_frames(frame(1, b"\xff\xff", rsv=4) + frame(1, self.FIRST, rsv=4), agreed())
        assert all("fault: not DEFLATE data" in f.value for f in found)

    def test_text_that_broken_data_cuts_is_not_blamed(self) -> None:
        stored = bytes.fromhex("000200fdff") + b"\xe2\x82"
        found = sent_frames(frame(1, stored, fin=False, rsv=4) + frame(0, b"\xff\xff"), agreed())
        assert "fault" not in found[0].value and "not DEFLATE" in found[1].value
        assert not any("UTF-8" in f.value for f in found[1].walk())

    def test_a_bomb_stops_at_the_limit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        bomb = (packer.compress(bytes(3 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        monkeypatch.setattr(websocket_deflate, "MESSAGE_LIMIT", 1 << 20)
        monkeypatch.setattr(websocket_deflate, "TOTAL_LIMIT", 5 << 18)
        answer = agreed("permessage-deflate; server_no_context_takeover")
        found = dissect(ASK, answer + frame(2, bomb, rsv=4) * 3).sent[1:]
        sizes = [len(f.derived or b"") for f in named(found, "inflated payload data")]
        assert sizes == [1 << 20, 1 << 18, 0] and all("fault: not inflated beyond" in f.value for f in found)
