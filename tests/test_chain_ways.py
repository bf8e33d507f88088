"""Chains of real traces that lead other ways: to what is sent, to a header, down, and nowhere with a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from helpers_chain import accounted, calls_in, flat, rows, told
from helpers_chain import chains as chains

from tracer.reading.chain import Chains
from tracer.reading.steps import fold, prune
from tracer.reading.trace import Call, Trace

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


# --- folded and pruned -------------------------------------------------------------------------------------


def test_real_chains_add_up_too(chains: dict[str, Chains]):
    for scenario, lane, name in (
        ("sock", "flask_sock", "Sock.init_app"),
        ("handshake", "simple_websocket", "Server.__init__"),
    ):
        mine = chains[scenario]
        whole = [mine.below(mine.find(lane, name)[0])]
        for depth in (1, 2, 5, 99):
            assert accounted(prune(fold(whole), depth)) == calls_in(whole)
