"""The chain of `receive()`, from accept to "Hello", against a list written by hand.

The list is the one of a person who followed the sources with the example of RFC 6455, section 5.7, in hand.
"""

from __future__ import annotations

import pytest
from helpers_chain import chains as chains
from helpers_chain import flat, rows, told

from tracer.reading.chain import Chains
from tracer.reading.steps import Step, fold, prune

# --- receive: from accept to 'Hello' -----------------------------------------------------------------------


ACCEPT_AND_THREADS = """
main     app               <module>
main     flask             Flask.run
main     werkzeug          run_simple
main     werkzeug          BaseWSGIServer.serve_forever
main     socketserver      BaseServer.serve_forever
main     socketserver      BaseServer._handle_request_noblock
main     socketserver      TCPServer.get_request
main     socket            accept
main     socketserver      ThreadingMixIn.process_request
handler  -                 thread
handler  threading         Thread.run
handler  socketserver      ThreadingMixIn.process_request_thread
handler  socketserver      BaseServer.finish_request
handler  socketserver      BaseRequestHandler.__init__
handler  werkzeug          WSGIRequestHandler.handle
handler  http              BaseHTTPRequestHandler.handle
handler  http              BaseHTTPRequestHandler.handle_one_request
"""
REQUEST_TO_READER = """
handler  werkzeug          WSGIRequestHandler.run_wsgi
handler  werkzeug          WSGIRequestHandler.run_wsgi.execute
handler  flask             Flask.__call__
handler  flask             Flask.wsgi_app
handler  flask             Flask.full_dispatch_request
handler  flask             Flask.dispatch_request
handler  flask_sock        Sock.route.decorator.websocket_route
handler  simple_websocket  Server.__init__
handler  simple_websocket  Base.__init__
reader   -                 thread
reader   threading         Thread.run
reader   simple_websocket  Base._thread
"""
VIEW_WAITS = """
handler  app               listen
handler  simple_websocket  Base.receive
"""
BYTES_TO_MESSAGE = """
reader   socket            recv
reader   wsproto           WSConnection.receive_data
reader   wsproto           Connection.receive_data
reader   wsproto           Connection.state
reader   wsproto           FrameProtocol.receive_bytes
reader   wsproto           FrameDecoder.receive_bytes
reader   wsproto           Buffer.feed
reader   simple_websocket  Base._handle_events
reader   wsproto           WSConnection.events
reader   wsproto           H11Handshake.events
reader   wsproto           Connection.events
reader   wsproto           FrameProtocol.received_frames
reader   wsproto           ↻ FrameProtocol._parse_more_gen
reader   wsproto           FrameDecoder.process_buffer
reader   wsproto           FrameDecoder.parse_header
reader   wsproto           Buffer.consume_exactly
reader   wsproto           Buffer.consume_at_most
reader   wsproto           Opcode.iscontrol
reader   wsproto           FrameDecoder.parse_extended_payload_length
reader   wsproto           Opcode.iscontrol
reader   wsproto           FrameDecoder.extension_processing
reader   wsproto           Buffer.consume_exactly
reader   wsproto           Buffer.consume_at_most
reader   wsproto           XorMaskerSimple.__init__
reader   wsproto           Buffer.commit
reader   wsproto           Opcode.iscontrol
reader   wsproto           Buffer.__len__
reader   wsproto           Buffer.consume_at_most
reader   wsproto           Buffer.commit
reader   wsproto           XorMaskerSimple.process
reader   wsproto           XorMaskerSimple.process.<genexpr>
reader   wsproto           ↻ XorMaskerSimple.process.<genexpr> × 3
reader   wsproto           ↻ XorMaskerSimple.process.<genexpr>
reader   wsproto           Opcode.iscontrol
reader   wsproto           MessageDecoder.process_frame
reader   wsproto           Opcode.iscontrol
reader   threading         Event.set
handler  simple_websocket  handoff Base._handle_events
handler  simple_websocket  return Base.receive
"""


@pytest.fixture(scope="session")
def received(chains: dict[str, Chains]) -> list[Step]:
    """The chain of the first `receive()`, as the page shows it."""
    mine = chains["receive"]
    return prune(fold(mine.upward(mine.find("simple_websocket", "Base.receive")[0])), 99)


def test_receive_from_accept_to_hello(chains: dict[str, Chains], received: list[Step]):
    expected = rows(ACCEPT_AND_THREADS + REQUEST_TO_READER + VIEW_WAITS + BYTES_TO_MESSAGE)
    assert told(chains["receive"].trace, received) == expected


def test_the_message_is_one_object_from_its_birth_to_the_view(chains: dict[str, Chains], received: list[Step]):
    trace = chains["receive"].trace
    *_, handoff, end = received
    assert handoff.kind == "handoff" and end.kind == "return"
    assert handoff.outcome is not None and end.outcome is not None
    assert (end.outcome.type, end.outcome.data, end.ended) == ("str", "Hello", "returned")
    assert handoff.outcome.object == end.outcome.object != 0
    (frame,) = [s for s in flat(received) if s.code is not None and s.code.qualname == "MessageDecoder.process_frame"]
    assert frame.outcome is not None
    held = [trace.value(child) for _, child in trace.parts[frame.outcome.id]]
    assert end.outcome.object in [value.object for value in held if value is not None]


def test_receive_begins_with_the_bytes_of_the_rfc(received: list[Step]):
    (read,) = [step for step in received if step.wire is not None and step.wire.op == "recv"]
    assert read.outcome is not None and read.outcome.data == bytes.fromhex("8185 37fa213d 7f9f4d5158")
    assert read.key == read.wire.ended > read.wire.began  # type: ignore[union-attr]


def test_the_slices_that_the_parser_took_are_the_bytes_in_their_order(received: list[Step]):
    """Two bytes of header, the key, the payload, and what was made of it."""
    parser = [s for s in flat(received) if s.code is not None and s.outcome is not None]
    whole = ("Buffer.consume_exactly", "XorMaskerSimple.process")
    taken = [
        s.outcome.data
        for s in parser
        if s.code.qualname in whole or (s.code.qualname == "Buffer.consume_at_most" and s.depth == 6)
    ]
    assert taken == [b"\x81\x85", b"\x37\xfa\x21\x3d", b"\x7f\x9f\x4d\x51\x58", b"Hello"]


def test_each_step_says_who_called_it_and_where(chains: dict[str, Chains], received: list[Step]):
    sites = {
        "Base._handle_events": "Base._thread",
        "WSConnection.receive_data": "Base._thread",
        "FrameDecoder.process_buffer": "FrameProtocol._parse_more_gen",
        "XorMaskerSimple.process": "FrameDecoder.process_buffer",
        "Base.receive": "listen",
        "Flask.wsgi_app": "Flask.__call__",
    }
    seen = {}
    for step in flat(received):
        if step.kind in ("call", "resume") and step.code is not None and step.code.qualname in sites:
            assert step.caller is not None
            assert step.caller.first <= step.line <= step.caller.last
            seen[step.code.qualname] = step.caller.qualname
    assert seen == sites


def test_evidence_is_a_call_of_the_trace(chains: dict[str, Chains], received: list[Step]):
    trace = chains["receive"].trace
    for step in flat(received):
        call = trace.calls[step.call]
        if step.kind in ("call", "resume", "return"):
            assert call.code is step.code and call.thread in {s.thread for s in call.spans}
            assert step.thread in {s.thread for s in call.spans}


def test_a_message_in_two_frames_is_made_where_no_call_shows_it(chains: dict[str, Chains]):
    """simple-websocket joins and decodes the parts within one function: there is no sighting to begin at, and the
    chain says so; the way of the bytes is told by `reading`."""
    mine = chains["receive"]
    third = mine.find("simple_websocket", "Base.receive")[2]
    value = mine.trace.value(third.last.value)
    assert value is not None and value.data == "Hello"
    with pytest.raises(LookupError, match=r"^what Base\.receive returned was not seen anywhere before$"):
        mine.upward(third)
    reads = [w for w in mine.trace.wires if w.direction == "in"]
    names = [row[2] for row in told(mine.trace, mine.reading(reads[3]))]
    assert names.count("MessageDecoder.process_frame") == 2
    assert names.count("Event.set") == 1


def test_binary_too(chains: dict[str, Chains]):
    mine = chains["receive"]
    steps = mine.upward(mine.find("simple_websocket", "Base.receive")[1])
    assert steps[-1].outcome is not None and bytes(steps[-1].outcome.data) == b"Hello"  # type: ignore[arg-type]
    (read,) = [s for s in steps if s.wire is not None and s.wire.op == "recv"]
    assert read.outcome is not None and read.outcome.data == bytes.fromhex("8285 37fa213d 7f9f4d5158")


# --- as far as the read, and on from it --------------------------------------------------------------------


def test_arrival_ends_with_the_read_and_reading_goes_on(chains: dict[str, Chains]):
    mine = chains["handshake"]
    reads = [w for w in mine.trace.wires if w.direction == "in"]
    arrival, reading = mine.arrival(reads[1]), mine.reading(reads[1])
    assert told(mine.trace, arrival)[-1] == ("reader", "socket", "recv")
    assert told(mine.trace, arrival) == rows(ACCEPT_AND_THREADS + REQUEST_TO_READER + "reader socket recv")
    assert reading[: len(arrival)] == arrival
    assert {s.thread for s in flat(reading[len(arrival) :])} == {reads[1].thread}


def test_reading_stops_where_the_thread_reads_again(chains: dict[str, Chains]):
    mine = chains["receive"]
    reads = [w for w in mine.trace.wires if w.direction == "in" and w.op == "recv"]
    after = min(
        w.began for w in mine.trace.wires if w.op == "recv" and w.thread == reads[0].thread and w.began > reads[0].ended
    )
    steps = mine.reading(reads[0])
    made = [s for s in flat(steps) if s.thread == reads[0].thread and s.key > reads[0].ended]
    assert made and max(s.key for s in made) < after
