"""The committed report tells the way of a value leg by leg, and who had each byte."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from helpers_report import PAGES, READER, committed
from markdown_it.token import Token

from report import notes, pages, sections
from report.notes import ReportError
from tracer.reading import lock
from tracer.reading.flow import Flow
from tracer.reading.origins import Origin
from tracer.reading.trace import Trace


@dataclass(frozen=True)
class Shown:
    """One section of a committed page as a reader has it: the rows of the way, of the chain, of each table of bytes.
    A cell is its text, without links and markup; `links` are where those of a row go."""

    way: list[list[str]]
    chain: list[list[str]]
    bytes: list[list[list[str]]]
    links: dict[str, list[str]]


def plain_cell(token: Token) -> str:
    parts = ["|" if c.type == "html_inline" else c.content for c in token.children or []]
    return "".join(parts).replace("\xa0", "").strip()


def section_of(page: str, number: int) -> Shown:
    """Section `number` of a page, from its Markdown."""
    text = committed()[page].split("\n### ")[number]
    found = Shown([], [], [], {})
    for table in re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE):
        tokens = READER.parse(table)
        rows: list[list[str]] = []
        for place, token in enumerate(tokens):
            if token.type == "tr_open":
                rows.append([])
            elif token.type in ("td_open", "th_open"):
                rows[-1].append(plain_cell(tokens[place + 1]))
                hrefs = [str(c.attrs["href"]) for c in tokens[place + 1].children or [] if c.type == "link_open"]
                found.links.setdefault(rows[-1][-1], []).extend(hrefs)
        {"step": found.way.extend, "#": found.chain.extend, "offset": found.bytes.append}[rows[0][0]](rows[1:])
    return found


def told_way(section: Shown) -> list[tuple[str, str, str, str]]:
    """(thread and lane, the first call, what happened, the value) of each leg."""
    return [(where, call.split("|")[0], what, value) for _, where, call, what, value in section.way]


def test_the_way_of_a_received_message_is_told_leg_by_leg():
    same = "the same object"
    assert told_way(section_of("receive.md", 1)) == [
        ("B · socket", "recv", "read from the socket", "81 85 37 fa 21 3d 7f 9f 4d 51 58"),
        ("B · wsproto", "WSConnection.receive_data", "passed on", same),
        ("B · wsproto", "Buffer.consume_at_most", "slice 6–10", "7f 9f 4d 51 58"),
        ("B · wsproto", "XorMaskerSimple.process", "made: unmasked", "48 65 6c 6c 6f = b'Hello'"),
        (
            "B · wsproto", "FrameDecoder.process_buffer",
            "made: a copy|held in Frame.payload", "48 65 6c 6c 6f = b'Hello'",
        ),
        ("B · wsproto", "MessageDecoder.process_frame", "made: decoded|held in Frame.payload", "'Hello'"),
        ("B · wsproto", "FrameProtocol._parse_more_gen", "passed on|held in Frame.payload", same),
        ("B · wsproto", "Connection.events", "passed on|held in TextMessage.data", same),
        ("A · simple_websocket", "Base.receive", "handoff: taken up on this thread|returned to the program",
         f"{same}|'Hello'"),
    ]  # fmt: skip


def test_the_way_of_a_message_in_two_frames_joins_two_ways():
    way = told_way(section_of("receive.md", 2))
    assert [what for _, _, what, _ in way if what.startswith("slice")] == ["slice 6–8", "slice 15–16"]
    assert [value for *_, value in way if value in ("'Hel'", "'lo'")] == ["'Hel'", "'lo'"]
    last = ("A · simple_websocket", "Base.receive", "made: joined of parts, 0–2 and 3–4|returned to the program")
    assert way[-1] == (*last, "'Hello'")


def test_the_way_of_a_sent_message_ends_with_the_bytes():
    assert told_way(section_of("send.md", 1)) == [
        ("A · simple_websocket", "Base.send", "given by the program", "'Hello'"),
        ("A · wsproto", "WSConnection.send", "passed on|held in TextMessage.data", "the same object"),
        ("A · wsproto", "FrameProtocol.send_data", "passed on", "the same object"),
        ("A · wsproto", "FrameProtocol._serialize_frame", "made: encoded", "48 65 6c 6c 6f = b'Hello'"),
        ("A · wsproto", "FrameProtocol._serialize_frame", "made: joined into bytes 2–6", "81 05 48 65 6c 6c 6f"),
        ("A · wsproto", "FrameProtocol.send_data", "passed on", "the same object"),
        ("A · wsproto", "Connection.send", "made: a copy", "81 05 48 65 6c 6c 6f"),
        ("A · wsproto", "WSConnection.send", "passed on", "the same object"),
        ("A · socket", "send", "written to the socket", "81 05 48 65 6c 6c 6f"),
    ]
    binary = told_way(section_of("send.md", 2))
    assert not [what for _, _, what, _ in binary if "encoded" in what]
    assert binary[-1][2:] == ("written to the socket", "82 05 48 65 6c 6c 6f")


def test_the_way_of_a_header_goes_from_the_read_to_the_view():
    way = told_way(section_of("http_headers.md", 1))
    assert way[0][:3] == ("A · socket", "recv_into", "read from the socket")
    assert way[-1][1:] == ("EnvironHeaders.__getitem__", "returned to the program", "the same object|'Who parsed me?'")
    assert ("slice 50–77|held in list[1]", "b'X-Question: Who parsed me?\\r\\n'") in [leg[2:] for leg in way]
    assert [what for _, lane, what, _ in told_way(section_of("http_headers.md", 1)) if "HTTP_X_QUESTION" in what]
    assert [lane.partition(" · ")[2] for lane, *_ in way if "email" in lane or "flask" in lane][-1] == "flask"


WITH_WAYS = [("receive.md", 1), ("receive.md", 2), ("send.md", 1), ("send.md", 2), ("http_headers.md", 1)]


def numbers(cell: str, order: list[str]) -> list[str]:
    """The steps that a leg names, in full; those of a step that holds it (`in 20`) are left out."""
    found: list[str] = []
    for part in cell.split(", ") if not cell.startswith("in ") and cell != "—" else ():
        first, _, last = part.partition("–")
        assert " … " not in part
        found += order[order.index(first) : order.index(last or first) + 1]
    return found


@pytest.mark.parametrize(("page", "number"), WITH_WAYS)
def test_the_steps_of_a_way_are_those_that_are_marked(page: str, number: int):
    """Both tables can be read side by side: a leg names steps of the chain, and these and no others are marked."""
    section = section_of(page, number)
    order = [row[0] for row in section.chain]
    named = {step for row in section.way for step in numbers(row[0], order)}
    marked = {row[0] for row in section.chain if row[4].startswith("●")}
    assert named == marked and len(marked) > 5
    places = [order.index(numbers(row[0], order)[0]) for row in section.way if numbers(row[0], order)]
    assert places[0] == min(places)
    for step in section.chain:
        legs = [row for row in section.way if step[0] in numbers(row[0], order)]
        assert all(row[1] == step[1] for row in legs), step


def test_what_happened_stands_beside_the_step():
    rows = {row[2].split("|")[0].strip("↻ "): row[4] for row in section_of("receive.md", 1).chain}
    assert rows["Buffer.feed"] == "● the same object"
    assert rows["XorMaskerSimple.process"] == "● made: unmasked 48 65 6c 6c 6f = b'Hello'"
    assert rows["MessageDecoder.process_frame"] == "● made: decoded 'Hello', held in Frame.payload"
    assert rows["WSConnection.events"] == "● held in TextMessage.data"
    assert rows["handoff from Base._handle_events"] == "● handoff: the same object"
    sent = {row[2].split("|")[0]: row[4] for row in section_of("send.md", 1).chain}
    assert sent["FrameProtocol._serialize_frame"] == "● made: joined into bytes 2–6 81 05 48 65 6c 6c 6f"


def test_a_step_on_the_way_is_told_by_itself():
    """Of equal calls in a row, folded elsewhere, the one that had the value stands alone."""
    steps = [row for row in section_of("http_headers.md", 1).chain if "header_source_parse" in row[2]]
    assert [("●" in row[4], "×" in row[2]) for row in steps] == [(False, False), (True, False)]


def had(page: str, section: int, table: int) -> dict[str, str]:
    """Who had each field of a table, by name; of fields of one name the first."""
    found: dict[str, str] = {}
    for row in section_of(page, section).bytes[table]:
        found.setdefault(row[2].split("|")[0], row[4])
    return found


def test_each_field_of_a_frame_says_who_took_it():
    hands = had("receive.md", 1, 0)
    header = "FrameDecoder.parse_header|at frame_protocol.py:403|through Buffer.consume_exactly"
    assert hands["frame"] == "in parts, as below"
    assert hands["header"] == header
    assert {hands[name] for name in ("FIN", "RSV1", "opcode", "MASK", "payload length")} == {"with the header"}
    assert hands["masking-key"] == header.replace("403", "441")
    payload = "FrameDecoder.process_buffer|at frame_protocol.py:363|through Buffer.consume_at_most"
    assert hands["payload data"] == payload
    assert hands["unmasked payload data"] == "made by XorMaskerSimple.process"
    links = section_of("receive.md", 1).links[header]
    assert [re.sub(r".*/", "", link) for link in links] == ["frame_protocol.py#L402-L457", "frame_protocol.py#L403"]


def test_each_line_of_a_request_says_who_read_it():
    hands = had("http_headers.md", 1, 0)
    assert hands["request"] == "in parts, as below"
    assert hands["request-line"] == "BaseHTTPRequestHandler.handle_one_request"
    assert hands["field-line"] == hands["empty line"] == "_read_headers"
    assert hands["CRLF"] == "with the empty line"


def test_each_field_that_was_sent_says_who_made_it():
    hands = had("send.md", 1, 0)
    assert hands["frame"] == "FrameProtocol._serialize_frame|the first of 2 that had them"
    assert hands["header"] == hands["FIN"] == "with the frame"
    assert hands["payload data"] == "given to Base.send|at send.py:12|the first of 2 that had them"
    response = had("handshake.md", 1, 0)
    assert response["response"] == "Connection.send"
    for name in ("status-line", "field-line"):
        assert response[name] == "Connection.send_with_data_passthrough"


def test_who_had_a_value_before_the_chain_began_did_not_make_its_bytes():
    """`bye` is the name of a view too, seen when its route was made: that is not where these bytes come from."""
    hands = had("close.md", 4, 0)
    assert hands["reason"] == hands["status code"] == "with the payload data"
    assert "_endpoint_from_view_func" not in committed()["close.md"]


def test_what_is_below_an_unmasked_payload_is_told_in_its_own_bytes():
    rows = {row[2].split("|")[0]: row for row in section_of("close.md", 1).bytes[0]}
    assert rows["status code"][:2] == ["0–1", "03 e8"]
    assert rows["reason"][:2] == ["2–5", "64 6f 6e 65"]
    assert rows["reason"][4] == "with the unmasked payload data"


def test_what_nobody_took_says_why():
    assert had("close.md", 5, 0)["payload data"] == "nobody: the frame is refused at its header"


def test_every_field_has_somebody():
    for name in PAGES:
        for number in range(1, committed()[name].count("\n### ") + 1):
            empty = [row for table in section_of(name, number).bytes for row in table if not row[4]]
            assert empty == []


def test_an_origin_that_could_be_another_says_so(scenario_traces: dict[str, Trace], monkeypatch: pytest.MonkeyPatch):
    """Where the engine doubts an edge, the page says so beside the field, the leg and nowhere else."""
    join = Flow._join

    def doubted(self: Flow, origin: Origin, *rest: Any) -> None:
        join(self, replace(origin, ambiguous=origin.relation.how in ("slice", "unmasked")), *rest)

    monkeypatch.setattr(Flow, "_join", doubted)
    (spec,) = [spec for spec in pages.load() if spec.slug == "receive"]
    viewer = sections.Viewer(scenario_traces, notes.load(), lock.load(), own="x")
    section = viewer.page(spec).sections[0]
    hands = {row.name: row.hand for row in section.bytes[0].rows if row.hand is not None}
    assert all(hands[name].doubtful for name in ("masking-key", "payload data", "unmasked payload data"))
    assert {leg.change.kind for leg in section.way if leg.change.doubtful} == {"slice", "made"}
    assert not [leg for leg in section.way if leg.change.how == "decoded" and leg.change.doubtful]


@pytest.mark.parametrize(
    "way",
    [
        'way = { direction = "up", value = "Hello" }',
        'way = { direction = "in" }',
        'way = { direction = "in", value = "Hello", bytes = "48" }',
        'way = { direction = "in", bytes = "4" }',
        'way = { direction = "in", value = "Hello", step = 3 }',
        "way = 3",
    ],
)
def test_a_way_that_is_none_is_refused_with_the_page(tmp_path: Path, way: str):
    text = pages.PAGES_FILE.read_text(encoding="utf-8")
    changed = re.sub(r"way = \{.*\}", way, text, count=1)
    assert changed != text
    (tmp_path / "pages.toml").write_text(changed, encoding="utf-8")
    with pytest.raises(ReportError, match=r"^pages\.toml, page 'http_headers': "):
        pages.load(tmp_path / "pages.toml")
