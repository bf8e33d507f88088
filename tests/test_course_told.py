"""What a course's report tells: sections, chains and hops, and that they are those of the committed pages."""

from __future__ import annotations

import re

import pytest
from helpers_course import SCENARIOS, Traces, section
from helpers_course import traces as traces
from helpers_recording import ROOT

from report.course.document import Hops
from report.course.formats import FORMATS
from report.course.layout import layout
from report.course.make import make
from report.course.model import Report
from tracer.reading.links import Status
from tracer.reading.lock import Lock

COMMITTED = ROOT / "report" / "flask_sock"


def names(report: Report, title: str, chain: int = 0) -> list[str]:
    """The hops of one chain, by name."""
    return [row.name for row in section(report, title).chains[chain].hops]


def in_order(wanted: list[str], found: list[str]) -> bool:
    rest = iter(found)
    return all(any(one == other for other in rest) for one in wanted)


# --- what it tells --------------------------------------------------------------------------------------------------


def test_a_section_for_each_protocol_and_each_function_that_the_program_calls(traces: Traces):
    assert [one.title for one in traces.report("receive").sections] == [
        "TCP connections", "HTTP headers", "WebSockets", "Flask.__init__", "Sock.__init__", "Sock.route", "Flask.run",
        "Base.receive", "Base.send",
    ]  # fmt: skip
    assert [one.title for one in traces.report("sock").sections] == [
        "Sock.__init__", "Sock.route", "Flask.__init__", "Sock.init_app", "Blueprint.__init__",
        "App.register_blueprint", "Map.iter_rules",
    ]  # fmt: skip
    assert [one.title for one in traces.report("plain_flask").sections[2:]] == [
        "Flask.__init__", "Scaffold.post", "Scaffold.get", "Flask.run", "Request.form", "MultiDict.__getitem__",
        "EnvironHeaders.__getitem__",
    ]  # fmt: skip
    assert {"Message.__getitem__", "BaseHTTPRequestHandler.end_headers", "_SocketWriter.write"} <= {
        one.title for one in traces.report("plain_http").sections
    }
    told = traces.report("flask_socketio_threads")
    assert {"SocketIO.on", "SocketIO.run", "emit"} <= {one.title for one in told.sections}


def test_where_it_is_used_and_how_often(traces: Traces):
    report = traces.report("receive")
    receive, route = section(report, "Base.receive"), section(report, "Sock.route")
    assert [place.name for place in receive.uses] == [f"receive.py:{line}" for line in (12, 15, 18, 21)]
    assert (receive.calls, route.calls) == (4, 1)
    assert receive.name == "simple_websocket.ws:Base.receive" and receive.library == "simple-websocket"


def test_the_chain_of_receive_from_accept_to_the_program(traces: Traces):
    report = traces.report("receive")
    chain = section(report, "Base.receive").chains[0]
    assert [told.section for told in chain.told] == ["TCP connections", "HTTP headers"]
    assert in_order(
        ["a thread starts", "Base._thread", "Base.receive", "recv", "WSConnection.receive_data", "Buffer.feed",
         "Base._handle_events", "FrameDecoder.process_buffer", "XorMaskerSimple.process",
         "MessageDecoder.process_frame", "Base._handle_events", "Base.receive"],
        [row.name for row in chain.hops],
    )  # fmt: skip
    assert [row.kind for row in chain.hops][-2:] == ["handoff", "return"]
    tcp = names(report, "TCP connections")
    assert in_order(["Flask.run", "bind", "listen", "BaseServer.serve_forever", "accept", "a thread starts",
                     "BaseHTTPRequestHandler.handle_one_request", "recv_into"], tcp)  # fmt: skip


def test_a_value_is_followed_over_a_queue_to_another_thread(traces: Traces):
    chain = section(traces.report("flask_socketio_threads"), "emit").chains[0]
    found = [row.name for row in chain.hops]
    assert in_order(["emit", "Queue.put", "Socket.send", "Queue.get", "Base.send", "send"], found)
    assert [row.kind for row in chain.hops].count("handoff") == 1
    assert len({row.thread for row in chain.hops}) == 2


@pytest.mark.parametrize(
    ("name", "title", "read"),
    [
        ("http_headers", "the header X-Question", "EnvironHeaders.__getitem__"),
        ("plain_http", "the header X-Question", "Message.__getitem__"),
        ("plain_flask", "the header X-Question", "EnvironHeaders.__getitem__"),
    ],
)
def test_one_header_from_the_bytes_to_the_program(traces: Traces, name: str, title: str, read: str):
    chain = section(traces.report(name), "HTTP headers").chains[0]
    assert title in chain.title
    assert in_order(
        ["_read_headers", "Compat32.header_source_parse", read, read], [row.name for row in chain.hops]
    ) or (in_order(["_read_headers", "FeedParser._parse_headers", read, read], [row.name for row in chain.hops]))
    assert chain.hops[-1].kind == "return"


def test_a_header_that_the_program_did_not_ask_for_ends_before_the_answer(traces: Traces):
    chain = section(traces.report("receive"), "HTTP headers").chains[0]
    assert "The program itself read no header" in chain.text
    assert chain.hops[-1].name == "normed_header_dict"  # wsproto looks at it, and makes nothing of it


def test_the_handshake_ends_with_the_answer(traces: Traces):
    for name, wrote in (("receive", "send"), ("websockets_sync", "sendall"), ("websockets_asyncio", "send")):
        chain = section(traces.report(name), "WebSockets").chains[0]
        assert (chain.hops[-1].name, chain.hops[-1].kind) == (wrote, "wire")
        assert "101 Switching Protocols" in chain.hops[-1].value


def test_the_handshake_tells_who_makes_the_answer_of_the_key(traces: Traces):
    """What the handshake has in common with the way of the headers is told there."""
    report = traces.report("receive")
    hops = [row for title in ("HTTP headers", "WebSockets") for row in section(report, title).chains[0].hops]
    wanted = ["Server.handshake", "H11Handshake.receive_data", "generate_accept_token", "Connection.send", "send"]
    assert in_order(wanted, [row.name for row in hops])


def test_the_bytes_of_a_frame_with_the_line_that_unmasks_them(traces: Traces):
    read, written = section(traces.report("receive"), "WebSockets").frames
    rows = {row.name: row for row in read.rows}
    assert rows["masking-key"].data == "37 fa 21 3d"
    assert [place.name for place in rows["unmasked payload data"].hand] == ["XorMaskerSimple.process"]
    assert rows["unmasked payload data"].meaning == "Hello"
    assert [row.name for row in written.rows][-1] == "payload data"


def test_a_chain_that_another_section_tells_is_not_repeated(traces: Traces):
    chain = section(traces.report("receive"), "Flask.run").chains[0]
    assert chain.beyond and chain.hops[0].name == "Flask.run"
    assert [(told.section, told.name) for told in chain.told] == [("TCP connections", "accept")]
    assert "listen" not in [row.name for row in chain.hops]


def test_hops_are_numbered_through_a_section(traces: Traces):
    for name in SCENARIOS:
        for one in traces.report(name).sections:
            after = 1
            for chain in one.chains:
                assert chain.start == after
                after += len(chain.hops)


# --- held against the committed pages -------------------------------------------------------------------------------


def linked(page: str) -> dict[str, str]:
    """The functions that a committed page links, by name."""
    text = (COMMITTED / f"{page}.md").read_text(encoding="utf-8")
    return dict(re.findall(r"\[`([^`]+)`\]\((https://[^)]+)\)", text))


@pytest.mark.parametrize(
    ("name", "title", "page"),
    [
        ("tcp", "TCP connections", "tcp"), ("receive", "Base.receive", "receive"), ("send", "Base.send", "send"),
        ("http_headers", "HTTP headers", "http_headers"), ("sock", "Sock.init_app", "init_app"),
        ("sock", "Sock.__init__", "sock"),
    ],
)  # fmt: skip
def test_the_hops_are_those_of_the_committed_page(traces: Traces, name: str, title: str, page: str):
    known = linked(page)
    hops = [row for chain in section(traces.report(name), title).chains for row in chain.hops]
    defined = [row for row in hops if row.definition is not None and row.definition.status is Status.PROVEN]
    assert defined
    for row in defined:
        assert row.definition is not None and known.get(row.name, row.definition.url) == row.definition.url
    known_here = [row.name for row in defined if row.name in known]
    assert len(known_here) >= 0.7 * len(defined), [row.name for row in defined if row.name not in known]


def test_every_link_into_a_library_is_proven_or_says_that_it_is_not(traces: Traces):
    for name in SCENARIOS:
        document = layout(traces.report(name))
        for block in document.blocks:
            for item in block.items if isinstance(block, Hops) else ():
                urls = [getattr(one, "url", "") for one in item[0]]
                told = "".join(one.text for one in item[0])
                assert all(re.search(r"/[0-9a-f]{40}/", url) or "(by tag)" in told or "/cpython/" in url
                           for url in urls if url)  # fmt: skip


def test_a_release_that_the_lock_does_not_know_is_told(traces: Traces):
    report = make(traces.trace("receive"), lock=Lock({}))
    flask = next(library for library in report.libraries if library.name == "flask")
    assert "a guess, and nothing was compared" in flask.links
    text = FORMATS["md"](layout(report)).decode()
    assert "(not proven)" in text and "Each link is proven" not in text
