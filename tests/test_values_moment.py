"""Values as text: true to the moment, and one number for one object."""

from __future__ import annotations

from typing import Any

from helpers_engines import engine as engine
from helpers_recording import Done, from_source, named, one, recorded, text
from helpers_values import QUICK, given_to
from hypothesis import given
from hypothesis import strategies as st

# -- the moment --------------------------------------------------------------------------------------------------


CHANGES = """
def look(x):
    return None


def grow(x):
    x.append(4)
    return x


class Box:
    def __init__(self):
        self.n = 0

    def up(self):
        self.n += 1
        return self


def program():
    numbers = [1]
    look(numbers)
    numbers.append(2)
    look(numbers)
    grow(numbers)
    numbers.clear()
    table = {"a": 1}
    look(table)
    table["b"] = 2
    look(table)
    table.clear()
    data = bytearray(b"one")
    look(data)
    data[:] = b"two"
    look(data)
    data[:] = b"???"
    group = {1}
    look(group)
    group.add(2)
    look(group)
    group.clear()
    box = Box()
    for _ in range(3):
        box.up()
    box.n = 99
"""


def test_containers_as_they_were_at_the_time(tmp_path, engine):
    module = from_source(CHANGES, tmp_path)
    done = recorded(tmp_path / "t.trace", module.program, program=str(tmp_path), engine=engine)
    with done.trace() as trace:
        seen = [text(trace, c.arguments[0]) for c in named(trace, "look")]
        objects = [trace.value(c.arguments[0]).object for c in named(trace, "look")]
        assert seen[:2] == ["list([0]=1)", "list([0]=1, [1]=2)"]
        assert [s.count("=") for s in seen[2:4]] == [1, 2]
        assert [trace.value(c.arguments[0]).data for c in named(trace, "look")][4:6] == [b"one", b"two"]
        assert [trace.value(c.arguments[0]).size for c in named(trace, "look")][6:] == [1, 2]
        grown = one(trace, "grow")
        assert text(trace, grown.arguments[0]) == "list([0]=1, [1]=2)"
        assert text(trace, grown.last.value) == "list([0]=1, [1]=2, [2]=4)"
        for first, second in zip(objects[::2], objects[1::2], strict=True):
            assert first and first == second, "two moments of one object"
        ups = named(trace, "Box.up")
        assert [text(trace, c.arguments[0])[-5:-1] for c in ups] == [".n=0", ".n=1", ".n=2"]
        assert [text(trace, c.last.value)[-5:-1] for c in ups] == [".n=1", ".n=2", ".n=3"]


# -- identity ----------------------------------------------------------------------------------------------------


def test_equal_is_not_the_same(tmp_path):
    first, second = b"".join([b"he", b"llo"]), b"".join([b"hel", b"lo"])
    assert first == second and first is not second
    _, (a, b, again) = given_to(tmp_path, first, second, first)
    assert a.object and b.object and a.object != b.object and again.object == a.object


MAKERS = [
    lambda: b"".join([b"x", b"yz"]), lambda: "".join(["x", "yz"]), lambda: [1], lambda: {"a": 1}, lambda: (object(),),
    lambda: bytearray(b"xyz"), lambda: type("Made", (), {})(), lambda: ValueError("e"), lambda: {1}, object,
]  # fmt: skip


@QUICK
@given(st.lists(st.sampled_from(range(len(MAKERS))), min_size=1, max_size=8), st.data())
def test_one_number_is_one_object(tmp_path, kinds, data):
    objects = [MAKERS[k]() for k in kinds]  # kept alive by this list to the end
    order = data.draw(st.lists(st.sampled_from(range(len(objects))), min_size=2, max_size=20))
    trace, seen = given_to(tmp_path, *(objects[i] for i in order))
    numbers: dict[int, set[int]] = {}
    for i, value in zip(order, seen, strict=True):
        assert value.object, "an object whose identity can be followed"
        numbers.setdefault(i, set()).add(value.object)
    assert all(len(n) == 1 for n in numbers.values()), "the same object, the same number"
    assert len(set.union(*numbers.values())) == len(numbers), "another object, another number"
    trace.close()


def test_an_id_that_is_used_again_is_another_object(tmp_path, engine):
    module = from_source(
        "def give(x):\n    return None\n\n\ndef program():\n    ids = []\n    for n in range(500):\n"
        "        made = [n, 'fresh']\n        ids.append(id(made))\n        give(made)\n"
        "        del made\n    return ids\n",
        tmp_path,
    )
    done = recorded(tmp_path / "t.trace", module.program, program=str(tmp_path), engine=engine, keep=1 << 12)
    with done.trace() as trace:
        values = [trace.value(c.arguments[0]) for c in named(trace, "give")]
        assert len({v.object for v in values}) == 500
        assert [text(trace, trace.parts[v.id][0][1]) for v in values] == [str(n) for n in range(500)]


def test_a_slice_and_its_parts_are_held(tmp_path):
    """What is inside keeps its number: the journey goes on by identity."""
    payload = b"".join([b"pay", b"load"])
    trace, (direct, held, named_part) = given_to(tmp_path, payload, [payload], {"body": payload})
    inside = [trace.value(child).object for v in (held, named_part) for _, child in trace.parts[v.id]]
    assert inside == [direct.object] * 2


def _result(done: Done) -> Any:
    assert done.error is None
    return done.result


def test_the_programs_results_are_the_very_same_objects(tmp_path, engine):
    module = from_source("def same(*a, **k):\n    return a, k\n", tmp_path)
    thing = object()
    args, kwargs = _result(
        recorded(tmp_path / "t.trace", lambda: module.same(thing, k=thing), program=str(tmp_path), engine=engine)
    )
    assert args[0] is thing and kwargs["k"] is thing


NAMED = """
from collections import namedtuple
from typing import NamedTuple


class Frame(NamedTuple):
    opcode: int
    payload: bytes


class Odd(tuple):
    _fields = ("first", 2)


Point = namedtuple("Point", "x y")


def look(value): return value


def program():
    look(Frame(1, b"hello"))
    look(Point(3, 4))
    look(Odd((5, 6)))
    look((7, 8))
"""


def test_a_named_tuple_has_its_fields(tmp_path, engine):
    module = from_source(NAMED, tmp_path)
    done = recorded(tmp_path / "t.trace", module.program, program=str(tmp_path), engine=engine)
    with done.trace() as trace:
        labels = [[label for label, _ in trace.parts[c.arguments[0]]] for c in named(trace, "look")]
    assert labels == [[".opcode", ".payload"], [".x", ".y"], ["[0]", "[1]"], ["[0]", "[1]"]]
