"""What is handed on together: what is in a tuple, in further arguments and in a list of rows is looked into."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, argument, from_source, named, one, raw, recorded, text

from tracer.reading.flow import Flow
from tracer.reading.journeys import journeys
from tracer.reading.trace import Trace, Value

PROGRAM = """
def plain(x):
    return x


def several(*args, **kwargs):
    return args[0], 201


def program(handed):
    for one in handed:
        plain(one)


def further(row):
    several(row, [row], more=row)
"""


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def handed(folder: Path, value: Any, engine: str = "auto") -> tuple[Trace, Value]:
    """What a trace tells of a value that was handed to a function."""
    module = from_source(PROGRAM, folder)
    done = recorded(folder / "t.trace", module.program, iter([value]), program=str(folder), engine=engine)
    assert done.error is None
    trace = done.trace()
    told = trace.value(one(trace, "plain").arguments[0])
    assert told is not None
    return trace, told


def inside(trace: Trace, value: Value, *places: int) -> Value:
    """What is in a value: in it at the first place, in that at the second …"""
    for place in places:
        found = trace.value(trace.parts[value.id][place][1])
        assert found is not None
        value = found
    return value


def test_a_tuple(tmp_path: Path, engine: str) -> None:
    trace, told = handed(tmp_path, ({"title": "On engines"}, ["a text"], {"in it"}, 201), engine)
    with trace:
        assert text(trace, inside(trace, told, 0).id) == "dict(['title']=On engines)"
        assert text(trace, inside(trace, told, 1).id) == "list([0]=a text)"
        assert trace.parts.get(inside(trace, told, 2).id, ()) == (), "a set hands nothing on in an order"


def test_further_arguments(tmp_path: Path, engine: str) -> None:
    module = from_source(PROGRAM, tmp_path)
    done = recorded(tmp_path / "t.trace", module.further, {"title": "On engines"}, program=str(tmp_path), engine=engine)
    with done.trace() as trace:
        call = one(trace, "several")
        args, kwargs = (trace.value(argument(trace, call, name)) for name in ("args", "kwargs"))
        result = trace.value(call.last.value)
        assert args is not None and kwargs is not None and result is not None
        row = "dict(['title']=On engines)"
        for told in (
            inside(trace, args, 0),
            inside(trace, args, 1, 0),
            inside(trace, kwargs, 0),
            inside(trace, result, 0),
        ):
            assert text(trace, told.id) == row
        assert len({inside(trace, args, 0).object, inside(trace, kwargs, 0).object}) == 1, "one and the same"


@pytest.mark.parametrize("around", ["list", "dict", "tuple"])
def test_as_deep_as_json_goes(tmp_path: Path, engine: str, around: str) -> None:
    """Of a tuple one level more: it is how a view hands on its JSON and a status."""
    rows = {"items": [{"title": "On engines"}, {"deeper": {"is": "not"}}]}
    value: Any = {"list": rows["items"], "dict": rows, "tuple": (rows, 200)}[around]
    way = {"list": (), "dict": (0,), "tuple": (0, 0)}[around]
    trace, told = handed(tmp_path, value, engine)
    with trace:
        assert text(trace, inside(trace, told, *way, 0).id) == "dict(['title']=On engines)"
        deeper = inside(trace, told, *way, 1, 0)
        assert bool(trace.parts.get(deeper.id, ())) == (around == "list")


def test_of_many_rows_the_first(tmp_path: Path, engine: str) -> None:
    trace, told = handed(tmp_path, [{"n": n} for n in range(50)], engine)
    with trace:
        opened = [bool(trace.parts.get(inside(trace, told, place).id)) for place in range(50)]
        assert opened == [True] * 16 + [False] * 34


def test_a_change_inside_is_told(tmp_path: Path, engine: str) -> None:
    """The list is the same, and so is the tuple, but not what is in them."""
    module = from_source(
        PROGRAM + "\n\ndef change():\n    rows = [{'n': 0}]\n    pair = (rows, 'x')\n    for n in range(3):\n"
        "        rows[0]['n'] = n\n        plain(rows)\n        plain(pair)\n",
        tmp_path,
    )
    done = recorded(tmp_path / "t.trace", module.change, program=str(tmp_path), engine=engine)
    with done.trace() as trace:
        met = [value for call in named(trace, "plain") if (value := trace.value(call.arguments[0])) is not None]
        said = [text(trace, inside(trace, value, *((0,) if value.type == "list" else (0, 0))).id) for value in met]
        assert said == [f"dict(['n']={n})" for n in (0, 0, 1, 1, 2, 2)]
        assert len({value.object for value in met}) == 2


def test_what_changed_is_told_as_it_is(tmp_path: Path) -> None:
    """Each time that the list is met when it has another length."""
    module = from_source(
        PROGRAM + "\n\ndef grow():\n    rows = []\n    for n in range(3):\n"
        "        rows.append({'n': n})\n        plain(rows)\n",
        tmp_path,
    )
    done = recorded(tmp_path / "t.trace", module.grow, program=str(tmp_path))
    with done.trace() as trace:
        met = [trace.value(call.arguments[0]) for call in named(trace, "plain")]
        last = [text(trace, inside(trace, value, -1).id) for value in met if value is not None]
        assert last == ["dict(['n']=0)", "dict(['n']=1)", "dict(['n']=2)"]


@pytest.mark.parametrize("kind", ["list", "tuple", "dict"])
def test_what_holds_itself_is_one_object(tmp_path: Path, kind: str) -> None:
    circle: list[Any] = []
    value: Any = {"list": circle, "tuple": (circle, "x"), "dict": {"self": circle}}[kind]
    circle.append(value)
    trace, told = handed(tmp_path, value)
    with trace:
        if kind == "list":
            assert inside(trace, told, 0).object == told.object
        elif kind == "tuple":
            assert inside(trace, told, 0, 0).object == told.object
        else:
            assert inside(trace, told, 0).type == "list"


def test_it_goes_no_deeper(tmp_path: Path) -> None:
    deep: Any = "the end"
    for _ in range(50_000):
        deep = ([deep], {"deep": deep})
    trace, _ = handed(tmp_path, (deep, [deep]))
    with trace:
        assert "the end" not in {value.data for value in trace.values.values()}
        assert len(trace.values) < 60
    while type(deep) is tuple:  # taken apart by hand: freeing it whole would recurse
        deep = deep[0][0]


def test_secrets_in_it_are_masked(tmp_path: Path) -> None:
    trace, told = handed(tmp_path, ({"password": "Xq7-kW2pLm"}, [{"api_key": "Zt9-pQ4rNs"}], 200))
    with trace:
        assert inside(trace, told, 0, 0).data == inside(trace, told, 1, 0, 0).data == "*" * 10
    assert b"Xq7-kW2pLm" not in raw(tmp_path / "t.trace") and b"Zt9-pQ4rNs" not in raw(tmp_path / "t.trace")


TWICE = """
from email.message import Message


def main(end):
    text = end.recv(100).decode()
    answer = text + " and back"
    first = Message()
    first.set_payload(answer)
    end.sendall(first.get_payload().encode())
    second = Message()
    second.add_header("X-Later", answer)
"""


def test_a_way_out_ends_where_it_was_written(tmp_path: Path) -> None:
    """What the program does with the same value afterwards is no part of it."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"there")
        module = from_source(TWICE, tmp_path)
        scope = ("program", "email.message")
        done = recorded(tmp_path / "t.trace", module.main, ours, program=str(tmp_path), scope=scope)
    with done.trace() as trace:
        out = next(j for j in journeys(Flow(trace)) if j.direction == "out" and j.node.value.data == "there and back")
        called = [trace.calls[s.call].code.qualname for _, s in out.sightings if s.call in trace.calls]
        assert "Message.set_payload" in called and "Message.add_header" not in called
