"""Stacks on asyncio: tasks are lanes of execution beside threads, an `await` chain is one chain."""

from __future__ import annotations

import itertools
import re
import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers_recording import ENGINES
from stacks.playing import Played, holds, lanes_nest, play
from websockets.sync.client import connect

from report.view.flatten import COMPILED
from report.view.messages import bytes_of
from tracer.reading.chain import Chains
from tracer.reading.compiled import Method

CITY, ENCODED = "Reykjavík", b"Reykjav%C3%ADk"
QUESTION = "what is it made of?"


def ask(port: int, path: str, **more: object) -> bytes:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", **more)  # type: ignore[arg-type]
    with urllib.request.urlopen(request) as answer:
        return answer.read()  # type: ignore[no-any-return]


def talk_to_starlette(port: int) -> list[bytes | str]:
    """A form, JSON, a header that a view on a thread reads, and two WebSockets in turn."""
    got: list[bytes | str] = [
        ask(port, "/form", data=b"name=Ada&city=" + ENCODED),
        ask(port, "/json", data=b'{"city": "Ljubljana"}'),
        ask(port, "/header", headers={"X-Question": QUESTION}),
    ]
    url = f"ws://127.0.0.1:{port}/echo"
    with connect(url, compression=None) as one, connect(url, compression=None) as other:
        for socket, message in ((one, "Hello from one"), (other, "Hello from the other"), (one, "again")):
            socket.send(message)
            got.append(socket.recv())
    return got


def talk_in_rooms(port: int) -> list[str | bytes]:
    got = []
    url = f"ws://127.0.0.1:{port}/"
    with connect(url, compression=None) as one, connect(url, compression=None) as other:
        for socket, message in ((one, "Hello from one"), (other, "by thread, from the other"), (one, "once more")):
            socket.send(message)
            got.append(socket.recv())
    return got


IMPLEMENTATIONS = [("h11", "websockets", "asyncio"), ("httptools", "wsproto", "asyncio")]


@pytest.fixture(scope="module", params=IMPLEMENTATIONS, ids="-".join)
def starlette(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    played = play("starlette_app", tmp_path_factory.mktemp("starlette"), talk_to_starlette, *request.param)
    yield played
    played.trace.close()


@pytest.fixture(scope="module", params=ENGINES)
def rooms(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    folder = tmp_path_factory.mktemp("rooms")
    played = play("asyncio_rooms", folder, talk_in_rooms, engine=request.param)
    yield played
    played.trace.close()


def test_starlette_holds(starlette: Played) -> None:
    holds(starlette)


def test_a_form_field_a_part_of_json_and_a_header(starlette: Played) -> None:
    for value, wire in ((CITY, ENCODED), ("Ljubljana", b"Ljubljana"), (QUESTION, QUESTION.encode())):
        journey = starlette.journey("in", value)
        assert starlette.wire(journey) == [wire]
        assert journey.lanes(starlette.trace)[0] == "asyncio" and "starlette" in journey.lanes(starlette.trace)
    for said, wire in ((f"from {CITY}", f"from {CITY}".encode()), (QUESTION, QUESTION.encode())):
        assert starlette.wire(starlette.journey("out", said)) == [wire]


def test_a_task_and_a_thread_are_told_by_name(starlette: Played) -> None:
    """A coroutine gets its value from the loop, a plain function by way of a thread of anyio's."""
    assert starlette.names(starlette.journey("in", CITY)) == ["MainThread", "task N (RequestResponseCycle.run_asgi)"]
    assert starlette.names(starlette.journey("in", QUESTION))[-1] == "AnyIO worker thread"
    assert starlette.names(starlette.journey("out", QUESTION))[0] == "AnyIO worker thread"


def test_messages_of_two_connections_in_turn(starlette: Played) -> None:
    for said in ("Hello from one", "Hello from the other", "again"):
        (came,) = starlette.journey("in", said).wires
        key = bytes_of(starlette.trace, came.wire)[2:6]
        assert unmask(starlette.wire(starlette.journey("in", said))[0], key) == said.encode()
        (left,) = starlette.journey("out", said.upper()).wires
        assert starlette.wire(starlette.journey("out", said.upper())) == [said.upper().encode()]
        assert left.wire.connection == came.wire.connection


def unmask(data: bytes, key: bytes) -> bytes:
    return bytes(byte ^ key[place % 4] for place, byte in enumerate(data))


def test_a_compiled_parser_is_a_step_that_says_so(starlette: Played) -> None:
    """httptools: its callbacks lie inside the call that began them. h11 is Python: nothing is in between."""
    chains = Chains(starlette.trace)
    protocol = "HttpToolsProtocol" if any(row[1] == "httptools" for row in starlette.trace.scope) else "H11Protocol"
    (call, *_) = chains.find("uvicorn", f"{protocol}.data_received")
    compiled = [step for step in chains.below(call).walk() if step.compiled is not None]
    if protocol == "H11Protocol":
        assert compiled == []
        return
    (step,) = compiled
    assert step.compiled is not None and step.compiled == Method("httptools", "HttpRequestParser.feed_data")
    inside = [one.code.qualname.partition(".")[2] for one in step.children if one.code is not None]
    assert inside[:2] == ["on_message_begin", "on_url"] and inside[-1] == "on_message_complete"
    pages = [step for message in starlette.view().recordings[0].messages for step in message.steps]
    assert {page.note for page in pages if page.name == "HttpRequestParser.feed_data"} == {COMPILED}


def test_a_compiled_loop_behaves_the_same_and_is_named(tmp_path: Path) -> None:
    """uvloop moves the bytes itself: nothing of them is in the trace, and the decisions say why. Tasks are there."""
    played = play("starlette_app", tmp_path, talk_to_starlette, "h11", "wsproto", "uvloop")
    with played.trace as trace:
        assert played.got == played.got_plainly
        assert [wire for wire in trace.wires if wire.size and trace.connections[wire.connection].peer] == []
        assert ("uvloop", False, "compiled: uvloop.loop, nothing in it is seen") in {row[1:] for row in trace.scope}
        assert "task N (RequestResponseCycle.run_asgi)" in {re.sub(r"\d+", "N", n) for n in trace.threads.values()}


def test_rooms_hold(rooms: Played) -> None:
    holds(rooms)


def test_from_task_to_task_by_a_queue_and_from_a_thread(rooms: Played) -> None:
    (writers,) = {tuple(rooms.names(j)) for j in rooms.found if j.direction == "out"}
    assert writers == ("task N (write)",)
    assert rooms.names(rooms.journey("in", "Hello from one")) == ["MainThread", "task N (Server.conn_handler)"]
    # what is put on one task (or thread) and taken on another is one object: where it is seen says who had it
    trace = rooms.trace
    names = {trace.threads[call.thread] for call in trace.calls.values() if call.code.qualname in ("shout", "work")}
    assert {name.partition(" ")[0] for name in names} == {"task", "worker"}


def test_what_is_awaited_is_one_call(rooms: Played) -> None:
    """`write` waits for the queue, `send` and `shout`: each is told once, with what it did after it had waited."""
    trace, chains = rooms.trace, Chains(rooms.trace)
    (call, *_) = chains.find("app", "write")
    assert len(call.spans) > 2
    step = chains.below(call)
    coroutines = [inner for inner in step.walk() if inner.code is not None and inner.code.kind == "coroutine"]
    assert len({inner.call for inner in coroutines}) == len(coroutines) > 5
    assert {inner.kind for inner in coroutines} == {"call"}
    shouts = [inner for inner in step.children if inner.code is not None and inner.code.qualname == "shout"]
    assert shouts and all(len(inner.keys) == 2 and inner.ended == "returned" for inner in shouts)
    assert shouts[0].outcome is not None and str(shouts[0].outcome.data).isupper()
    assert step.keys == tuple(span.start for span in call.spans)
    assert {inner.call for inner in step.walk()} >= {c.id for c in trace.calls.values() if c.first.parent == call.id}


def test_without_tasks_the_lanes_would_not_nest(rooms: Played) -> None:
    """The control: the same spans with the thread as the only lane have another's steps between a task's own."""
    tasks = [task for task in rooms.trace.tasks.values() if task.name.endswith(("(write)", "(Server.conn_handler)"))]
    assert len(tasks) == 4
    spans = {task.id: [s for s in rooms.trace.spans if s.thread == task.id] for task in tasks}
    bounds = sorted((mine[0].start, mine[-1].stop or mine[-1].start) for mine in spans.values())
    assert any(second[0] < first[1] for first, second in itertools.pairwise(bounds))
    lanes_nest(rooms.trace)


def talk_to_fastapi(port: int) -> list[bytes | str]:
    """JSON for a model of pydantic's, a header for a dependency, a WebSocket."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/places", b'{"city": "Ljubljana"}')
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as answer:
        got: list[bytes | str] = [answer.read()]
    got.append(ask(port, "/asked/Ada", headers={"X-Question": QUESTION}))
    with connect(f"ws://127.0.0.1:{port}/echo", compression=None) as socket:
        socket.send("Hello, FastAPI")
        got.append(socket.recv())
    return got


@pytest.fixture(scope="module")
def fastapi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    played = play("fastapi_app", tmp_path_factory.mktemp("fastapi"), talk_to_fastapi)
    yield played
    played.trace.close()


def test_fastapi_holds(fastapi: Played) -> None:
    holds(fastapi)


def test_a_path_parameter_a_header_of_a_dependency_and_a_message_of_fastapi(fastapi: Played) -> None:
    for value in ("Ada", QUESTION):
        for direction in ("in", "out"):
            journey = fastapi.journey(direction, value)
            assert fastapi.wire(journey) == [value.encode()]
            assert {"asyncio", "uvicorn", "starlette", "fastapi"} <= set(journey.lanes(fastapi.trace))
    assert "pydantic" in fastapi.journey("in", "Ada").lanes(fastapi.trace)
    assert "AnyIO worker thread" in fastapi.names(fastapi.journey("in", QUESTION))
    (came,) = fastapi.journey("in", "Hello, FastAPI").wires
    key = bytes_of(fastapi.trace, came.wire)[2:6]
    assert unmask(fastapi.wire(fastapi.journey("in", "Hello, FastAPI"))[0], key) == b"Hello, FastAPI"
    assert fastapi.wire(fastapi.journey("out", "HELLO, FASTAPI")) == [b"HELLO, FASTAPI"]


def test_a_model_of_pydantics_that_the_program_got_tells_what_is_in_it(fastapi: Played) -> None:
    """It is in the arguments of the function that the framework calls, as the validator, which is compiled, made it."""
    chains = Chains(fastapi.trace)
    (call, *_) = chains.find("app", "places")
    inside = {label: fastapi.trace.value(child) for label, child in fastapi.trace.parts[call.arguments[0]]}
    assert inside[".city"] is not None and inside[".city"].data == "Ljubljana"
    made = {call.last.value for call in chains.find("pydantic", "TypeAdapter.validate_python")}
    same = {value.object for number in made if (value := fastapi.trace.value(number)) is not None}
    assert fastapi.trace.values[call.arguments[0]].object in same


def talk_to_trio(port: int) -> list[bytes]:
    got = []
    address = ("127.0.0.1", port)
    with socket.create_connection(address) as one, socket.create_connection(address) as other:
        for end, said in ((one, b"Hello from one"), (other, b"Hello from the other"), (one, b"once more")):
            end.sendall(said)
            got.append(end.recv(100))
    return got


def test_trios_tasks_are_told_apart(tmp_path: Path) -> None:
    """Its loop is a generator of Python's, recorded, that steps them in turn."""
    played = play("trio_lines", tmp_path, talk_to_trio)
    with played.trace as trace:
        holds(played)
        for said in (b"Hello from one", b"Hello from the other", b"once more"):
            came, left = played.journey("in", said), played.journey("out", said.upper())
            assert (played.wire(came), played.wire(left)) == ([said], [said.upper()])
            assert played.names(came) == ["task N (_run_handler)"] and played.names(left) == ["task N (answer)"]
        assert played.journey("in", b"once more").threads == played.journey("in", b"Hello from one").threads
        assert played.journey("in", b"Hello from the other").threads != played.journey("in", b"once more").threads
        (answer,) = Chains(trace).find("app", "answer")
        assert trace.threads[answer.thread].endswith("(answer)")
