"""Chains of real traces, against lists written by hand, and folding and pruning as pure functions.

The list for `receive()` is the one of a person who followed the sources with the example of RFC 6455, section 5.7,
in hand; threads are named by their role: main, handler (Werkzeug's), reader (simple-websocket's).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracer.reading.chain import Chains
from tracer.reading.links import SourceFile
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Call, Code, File, Trace, Wire

Told = tuple[str, str, str]
ROLES = {"MainThread": "main"}


def role(trace: Trace, thread: int) -> str:
    name = trace.threads[thread]
    if "process_request_thread" in name:
        return "handler"
    return "reader" if "Base._thread" in name or name.startswith("simple_websocket") else ROLES.get(name, name)


def flat(steps: Iterable[Step]) -> list[Step]:
    return [step for top in steps for step in top.walk()]


def told(trace: Trace, steps: Iterable[Step]) -> list[Told]:
    """(thread's role, lane, what ran). A comprehension is left out: since Python 3.12 it is no call of its own."""
    rows = []
    for step in flat(steps):
        name = step.kind
        lane = "socket" if step.kind == "wire" else "-"
        if step.wire is not None:
            name = step.wire.op
        elif step.code is not None:
            if step.code.kind == "comprehension":
                continue
            lane = step.code.lane
            mark = {"resume": "↻ ", "handoff": "handoff ", "return": "return "}.get(step.kind, "")
            name = mark + step.code.qualname.replace(".<locals>", "") + (f" × {step.count}" if step.count > 1 else "")
        rows.append((role(trace, step.thread), lane, name))
    return rows


@pytest.fixture(scope="session")
def chains(scenario_traces: dict[str, Trace]) -> dict[str, Chains]:
    return {name: Chains(trace) for name, trace in scenario_traces.items()}


def rows(text: str) -> list[Told]:
    """``role lane what ran``, a line each."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        who, lane, what = line.split(None, 2)
        found.append((who, lane, what.strip()))
    return found


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


# --- send, header, init_app --------------------------------------------------------------------------------


def test_send_ends_at_seven_bytes(chains: dict[str, Chains]):
    mine = chains["send"]
    steps = prune(fold([mine.below(mine.find("simple_websocket", "Base.send")[0])]), 99)
    assert told(mine.trace, steps) == rows("""
        handler  simple_websocket  Base.send
        handler  wsproto           WSConnection.send
        handler  wsproto           Connection.send
        handler  wsproto           Connection.state
        handler  wsproto           FrameProtocol.send_data
        handler  wsproto           FrameProtocol._serialize_frame
        handler  wsproto           FrameProtocol._make_fin_rsv_opcode
        handler  socket            send
    """)
    last = flat(steps)[-1]
    assert last.outcome is not None and last.wire is not None
    assert last.outcome.data == bytes.fromhex("81 05 48 65 6c 6c 6f")
    assert (last.wire.direction, last.wire.size) == ("out", 7)


@pytest.mark.parametrize(
    ("nth", "head", "size"), [(1, "82 05", 7), (2, "81 7e 00 c8", 204), (3, "82 7f 00 00 00 00 00 01 11 70", 70_010)]
)
def test_every_length_of_a_frame_is_sent(chains: dict[str, Chains], nth: int, head: str, size: int):
    mine = chains["send"]
    sent = [s for s in mine.below(mine.find("simple_websocket", "Base.send")[nth]).walk() if s.wire is not None]
    assert sum(s.wire.size for s in sent if s.wire is not None) == size
    assert sent[0].outcome is not None and isinstance(sent[0].outcome.data, bytes)
    assert sent[0].outcome.data.startswith(bytes.fromhex(head))


def test_a_header_is_one_object_from_the_parser_to_the_view(chains: dict[str, Chains]):
    mine = chains["http_headers"]
    trace = mine.trace
    (asked,) = [
        c for c in mine.find("werkzeug", "EnvironHeaders.__getitem__") if _data(trace, c.last.value) == "Who parsed me?"
    ]
    steps = mine.upward(asked)
    seen = told(trace, steps)
    assert seen[0] == ("main", "app", "<module>") and ("main", "socket", "accept") in seen
    names = [name for _, _, name in seen]
    way = ["accept", "recv_into", "parse_headers", "Compat32.header_source_parse", "WSGIRequestHandler.make_environ",
           "Flask.wsgi_app", "question", "EnvironHeaders.__getitem__", "return EnvironHeaders.__getitem__"]  # fmt: skip
    places = [names.index(name) for name in way]
    assert places == sorted(places)
    born = trace.value(asked.last.value)
    assert born is not None and born.object
    sources = [
        c for c in mine.find("email", "Compat32.header_source_parse") if _holds(trace, c.last.value, born.object)
    ]
    (view,) = mine.find("app", "question")
    answer = trace.value(view.last.value)
    assert len(sources) == 1
    assert answer is not None and answer.object == born.object


def _data(trace: Trace, number: int) -> Any:
    value = trace.value(number)
    return value.data if value is not None else None


def _holds(trace: Trace, number: int, identity: int) -> bool:
    inside = [trace.value(child) for _, child in trace.parts.get(number, ())]
    return identity in [value.object for value in inside if value is not None]


def test_init_app_registers_on_the_app_and_not_on_a_blueprint(chains: dict[str, Chains]):
    mine = chains["sock"]
    steps = [s for s in mine.below(mine.find("flask_sock", "Sock.init_app")[0]).walk() if s.code is not None]
    names = [s.code.qualname for s in steps if s.code is not None]
    (registered,) = [s for s in steps if s.code is not None and s.code.qualname == "App.register_blueprint"]
    assert registered.code is not None
    assert registered.code.file.facts.relative == "flask/sansio/app.py"
    assert "Blueprint.register_blueprint" not in names
    assert names.index("App.register_blueprint") < names.index("Blueprint.register") < names.index("Map.add")
    source = registered.code.file.source
    text = Path(registered.code.file.facts.path).read_text(encoding="utf-8") if source is None else source
    lines = text.splitlines()[registered.code.first - 1 : registered.code.last]
    assert any(line.strip().startswith("def register_blueprint(") for line in lines)


def test_init_app_on_an_app_without_collected_routes_registers_nothing(chains: dict[str, Chains]):
    mine = chains["sock"]
    inits = mine.find("flask_sock", "Sock.init_app")
    assert len(inits) == 2
    under = {c.id: mine.trace.calls[c.first.parent].code.qualname for c in inits if c.first.parent}
    (direct,) = [c for c in inits if under.get(c.id) == "Sock.__init__"]
    assert [s.code.qualname for s in mine.below(direct).walk() if s.code is not None] == ["Sock.init_app"]


# --- other ways, and errors --------------------------------------------------------------------------------


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


def test_below_is_everything_inside(chains: dict[str, Chains]):
    """The tree of a call holds each recorded call that has it among its ancestors, once."""
    mine = chains["sock"]
    top = mine.find("flask_sock", "Sock.init_app")[0]
    tree = mine.below(top)

    def inside(call: Call) -> bool:
        while call.id != top.id and call.first.parent:
            call = mine.trace.calls[call.first.parent]
        return call.id == top.id

    expected = {c.id for c in mine.trace.calls.values() if inside(c)}
    found = [s.call for s in tree.walk() if s.kind == "call"]
    assert sorted(found) == sorted(expected)
    for step in tree.walk():
        for child in step.children:
            assert child.depth == step.depth + 1
            span = next(s for s in mine.trace.calls[child.call].spans if s.start == child.key)
            assert span.parent == step.call
    keys = [s.key for s in tree.walk()]
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    "scenario", ["sock", "tcp", "http_headers", "handshake", "receive", "send", "ping", "close", "rejected"]
)
def test_any_call_of_any_scenario_has_a_chain_or_a_sentence(chains: dict[str, Chains], scenario: str):
    mine = chains[scenario]
    calls = list(mine.trace.calls.values())
    for call in calls[:: max(1, len(calls) // 12)]:
        assert mine.below(call).call == call.id
        try:
            steps = mine.upward(call)
        except LookupError as error:
            assert call.code.qualname in str(error)
        else:
            assert steps[-1].kind == "return" and steps[-1].call == call.id


def test_a_chain_up_needs_a_value_with_an_identity(chains: dict[str, Chains]):
    mine = chains["receive"]
    timed_out = mine.find("simple_websocket", "Base.receive")[3]
    with pytest.raises(LookupError, match=r"^what Base\.receive returned cannot be recognised by identity$"):
        mine.upward(timed_out)


def test_a_chain_up_needs_a_read(chains: dict[str, Chains]):
    mine = chains["sock"]
    found = [c for c in mine.trace.calls.values() if (v := mine.trace.value(c.last.value)) is not None and v.object]
    with pytest.raises(LookupError) as error:
        mine.upward(found[-1])
    name = found[-1].code.qualname
    assert str(error.value) in (
        f"no read came before what {name} returned", f"what {name} returned was not seen anywhere before",
    )  # fmt: skip


def test_what_is_not_there_is_not_found(chains: dict[str, Chains]):
    assert chains["receive"].find("simple_websocket", "Base.no_such") == []
    assert chains["receive"].find("no_such", "Base.receive") == []


# --- folding and pruning, as functions ---------------------------------------------------------------------

FACTS = SourceFile("/a.py", "program", "", "", "a.py", "", True, (), "", "", False)
LIBRARY = File(1, "app", "a", FACTS, None, None)


def code(number: int, kind: str = "function") -> Code:
    return Code(number, LIBRARY, f"f{number}", kind, 1, 2, (), True)


CODES = {n: code(n, "comprehension" if n == 4 else "function") for n in range(1, 5)}


def step(number: int, *children: Step, crosses: bool = False, line: int = 1, ended: str = "returned") -> Step:
    return Step("call", 0, 1, 0, number, CODES[number], CODES[1], line, ended=ended, crosses=crosses, children=children)


def moved(op: str = "send") -> Step:
    wire = Wire(1, 1, 2, 1, op, 1, 1, 5, 3, 9, 0, "", 0, 0, 1)
    return Step("wire", 0, 1, 0, 1, None, CODES[1], 5, wire=wire, crosses=True)


def outline(steps: Sequence[Step]) -> list[Any]:
    return [(s.code.qualname if s.code else s.kind, s.count, s.hidden, outline(s.children)) for s in steps]


def test_repetitions_in_a_row_are_told_once():
    assert outline(fold([step(1), step(2), step(2), step(2), step(1)])) == [
        ("f1", 1, 0, []),
        ("f2", 3, 0, []),
        ("f1", 1, 0, []),
    ]


def test_other_lines_other_outcomes_and_other_insides_are_no_repetition():
    for other in (step(2, line=9), step(2, ended="raised"), step(2, step(1)), step(3)):
        assert [s.count for s in fold([step(2), other])] == [1, 1]


def test_a_group_that_repeats_is_folded():
    steps = [step(1), step(2), step(1), step(2), step(1), step(2), step(3)]
    assert [(s.call, s.count) for s in fold(steps)] == [(1, 3), (2, 3), (3, 1)]
    assert [(s.call, s.count) for s in fold(steps, longest=1)] == [(s.call, 1) for s in steps]


def test_repetitions_inside_repetitions():
    one = step(1, step(2), step(2))
    assert outline(fold([one, one, one])) == [("f1", 3, 0, [("f2", 2, 0, [])])]


def test_the_given_steps_are_not_changed():
    steps = [step(1, step(2), step(2)), step(1, step(2), step(2))]
    fold(steps)
    prune(steps, 1)
    assert (
        outline(steps) == [("f1", 1, 0, [("f2", 1, 0, [])] * 2)] * 2 or outline(steps)[0][3] == [("f2", 1, 0, [])] * 2
    )


def test_deep_steps_are_counted_where_they_are_left_out():
    tree = step(1, step(2, step(3, step(3)), step(4)), step(2))
    assert outline(prune([tree], 9)) == [
        ("f1", 1, 0, [("f2", 1, 0, [("f3", 1, 0, [("f3", 1, 0, [])]), ("f4", 1, 0, [])]), ("f2", 1, 0, [])])
    ]
    assert outline(prune([tree], 2)) == [("f1", 1, 0, [("f2", 1, 2, []), ("f2", 1, 0, [])])]
    assert outline(prune([tree], 1)) == [("f1", 1, 4, [])]


def test_crossings_and_bytes_stay_with_what_leads_to_them():
    tree = step(1, step(2, step(3, moved()), step(2)), step(3, step(2, crosses=True)), step(3))
    assert outline(prune([tree], 1)) == [
        ("f1", 1, 1, [("f2", 1, 1, [("f3", 1, 0, [("wire", 1, 0, [])])]), ("f3", 1, 0, [("f2", 1, 0, [])])])
    ]  # fmt: skip


def test_a_comprehension_is_no_hidden_call():
    assert prune([step(1, step(4, step(2)))], 1)[0].hidden == 1


trees = st.recursive(
    st.builds(step, st.integers(1, 4), crosses=st.booleans(), line=st.integers(1, 2)) | st.builds(moved),
    lambda inner: st.builds(
        lambda number, crosses, children: step(number, *children, crosses=crosses),
        st.integers(1, 4), st.booleans(), st.lists(inner, max_size=5),
    ),
    max_leaves=25,
)  # fmt: skip


def calls_in(steps: Iterable[Step]) -> int:
    """How many calls there are; comprehensions and wire events are none."""
    return sum(1 for s in flat(steps) if s.code is not None and s.code.kind != "comprehension")


def accounted(steps: Iterable[Step]) -> int:
    """What the short form says: each shown call as often as it says, with what it says is hidden in it."""
    total = 0
    for s in steps:
        own = s.code is not None and s.code.kind != "comprehension"
        total += s.count * (own + s.hidden + accounted(s.children))
    return total


@settings(max_examples=80, deadline=None)
@given(st.lists(trees, max_size=6), st.integers(1, 4), st.integers(1, 3))
def test_shown_and_hidden_calls_add_up(steps: list[Step], depth: int, longest: int):
    short = prune(fold(steps, longest), depth)
    assert accounted(short) == calls_in(steps)
    for s in flat(short):
        assert s.count >= 1 and s.hidden >= 0


@settings(max_examples=50, deadline=None)
@given(st.lists(trees, max_size=6), st.integers(1, 4))
def test_pruning_keeps_every_crossing(steps: list[Step], depth: int):
    def crossings(of: Iterable[Step]) -> int:
        return sum(s.crosses for s in flat(of))

    assert crossings(prune(steps, depth)) == crossings(steps)


def unfolded(steps: Sequence[Step]) -> list[Any]:
    """The names that a folded list stands for where only single steps were folded."""
    found = []
    for s in steps:
        inner = unfolded(s.children)
        found += [(s.code.id if s.code else 0, s.line, s.ended, inner)] * s.count
    return found


@settings(max_examples=50, deadline=None)
@given(st.lists(trees, max_size=8))
def test_folding_single_steps_can_be_undone(steps: list[Step]):
    assert unfolded(fold(steps, longest=1)) == unfolded(steps)


def test_real_chains_add_up_too(chains: dict[str, Chains]):
    for scenario, lane, name in (
        ("sock", "flask_sock", "Sock.init_app"),
        ("handshake", "simple_websocket", "Server.__init__"),
    ):
        mine = chains[scenario]
        whole = [mine.below(mine.find(lane, name)[0])]
        for depth in (1, 2, 5, 99):
            assert accounted(prune(fold(whole), depth)) == calls_in(whole)
