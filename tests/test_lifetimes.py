"""The recorder keeps nothing alive that the program drops, and runs no finalizer on a thread of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from helpers_recording import ENGINES, PROGRAMS, environment, named, run

from tracer.reading.trace import Trace
from tracer.recording.kinds import ITSELF
from tracer.recording.known import OVERHEAD, SELDOM, Known


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_ends_where_and_when_it_does_without_us(tmp_path: Path, engine: str):
    program, trace = PROGRAMS / "lifetimes.py", tmp_path / "t.trace"
    plain = subprocess.run(
        [sys.executable, program, tmp_path / "a.txt"], env=environment(), capture_output=True, text=True, timeout=60
    )
    assert plain.stderr == "" and "ends on MainThread" in plain.stdout
    ran = run(program, trace, str(tmp_path / "b.txt"), engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, plain.stdout, "")
    with Trace.open(trace) as opened:
        values = [opened.value(call.arguments[0]) for call in named(opened, "take")]
        types = [value.type.rpartition(".")[2] for value in values if value is not None]
        assert types[:2] == ["memoryview", "Loud"] and types.count("Loud") == 3
        kept = [value for value in values if value is not None and value.type.endswith("Loud")][-2:]
        assert kept[0].object == kept[1].object != 0, "one object is one, though it is gone"


DROPPED = """
import time, weakref
from collections import namedtuple
Pair = namedtuple("Pair", "one other")
class Thing:
    pass
def take(pair):
    return pair
pair = Pair(Thing(), 1)
take(pair)
thing = weakref.ref(pair.one)
del pair
deadline = time.monotonic() + 20
while thing() is not None and time.monotonic() < deadline:
    time.sleep(0.01)
print(thing() is None)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_has_no_weak_references_is_let_go_of_soon(tmp_path: Path, engine: str):
    """Such an object is kept alive, and what it holds, but not longer than until the writer comes by."""
    (tmp_path / "program.py").write_text(DROPPED)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace", engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, "True\n", "")


FINAL = """
import _socket, time, weakref
class Thing:
    pass
class Keyed(weakref.ref):
    __slots__ = ()
class Slotted:
    __slots__ = ()
    def __del__(self):
        print("ends")
def take(one):
    return one
def referred(kind):
    thing = Thing()
    kind(take(thing), print)
    take(kind(thing, print))
for kind in (weakref.ref, Keyed, weakref.proxy):
    referred(kind)
take(Slotted()) and None
print("ended")
first = _socket.socket()
number = first.fileno()
take(first)
del first
second = _socket.socket()
print(second.fileno() == number)
thing = Thing()
held, deadline = weakref.ref(thing), time.monotonic() + 2
while time.monotonic() < deadline:
    take(held)
    time.sleep(0.01)
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_what_ends_with_its_last_reference_is_not_held(tmp_path: Path, engine: str):
    """A weak reference that is gone calls nobody; an object with a finalizer and no weak references ends at once, a
    socket's number is free. And a weak reference that stays is not taken for one of the recorder's."""
    (tmp_path / "program.py").write_text(FINAL)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace", engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, "ends\nended\nTrue\n", "")


def test_nobody_answers_for_what_the_writer_has_just_forgotten():
    """Seen while wsproto's tests ran recorded: the writer came by between two steps of a hook. Nothing kept the object
    any more, and its `id` may be another's soon."""
    known, value, entries = Known(1 << 20), [1], []
    known.put(value, None, 7, (), ITSELF)
    entries.append(known.get(value))
    known.others.clear()  # what a sweep does to one of too many
    known.settle(value, constant=True)
    known.answer(id(value), 7)
    assert not known.rows
    known.put(value, entries.pop(), 8, (), ITSELF)
    number = id(value)
    del value
    known.sweep()
    assert number not in known.others, "it is swept as any other"


def test_a_text_is_held_as_long_as_somebody_has_it():
    """Of text there is no weak reference. What only we hold, nobody can see again."""
    known, theirs = Known(1 << 20), [f"a text {number}" for number in range(4)]
    numbers = {id(text): number for number, text in enumerate(theirs, 1)}
    known.rows.update(numbers)
    known.keep(theirs)
    for _ in range(20):
        known.sweep()
        assert known.rows == numbers and not known.cut
    for _ in range(4):
        numbers.pop(id(theirs.pop()))
        for _ in range(SELDOM):
            known.sweep()
        assert known.rows == numbers and not known.cut


def test_too_many_texts_are_forgotten_the_oldest_first():
    known, theirs = Known(10 * (OVERHEAD + 10)), [f"a text {number:3}" for number in range(30)]
    for number, text in enumerate(theirs, 1):
        known.rows[id(text)] = number
        known.keep([text])
        known.sweep()
    assert [*known.rows.values()] == [*range(21, 31)] and known.cut == 20


def test_a_tuple_of_a_class_is_held_as_long_as_somebody_has_it(tmp_path: Path):
    """It cannot change, so its number is answered at once, and nothing else is known of it."""
    (tmp_path / "program.py").write_text(TUPLES)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with Trace.open(tmp_path / "t.trace") as opened:
        seen = [opened.value(call.arguments[0]) for call in named(opened, "take")]
        objects = [value.object for value in seen if value is not None]
        assert len(objects) == 2 * 600 and 0 not in objects
        assert len({*objects}) == 600, "each is one of its own"
        assert objects[::2] == objects[1::2], "and the same at each sight"
        assert {*objects[600:]}.isdisjoint(objects[:600]), "where one lay, another is another"


TUPLES = """
import time
from collections import namedtuple
Pair = namedtuple("Pair", "one other")
def take(pair):
    return pair
for again in range(2):
    held = []
    for number in range(300):
        pair = Pair(number, again)
        take(pair)
        take(pair)
        held.append(pair)
        if number % 100 == 50:
            time.sleep(0.3)  # the writer comes by
    del held, pair
"""


RAISED = """
import sys, time, traceback
class Bare(Exception):
    __slots__ = ()
class Holder:
    pass
def see(error):
    return error
def frame(one, two):
    pass
holder = Holder()
for number in range(60):
    for kind in (ValueError, Bare, KeyError, OSError):
        try:
            raise kind(number)
        except kind as error:
            holder.error = error
            see(see(error))
            see(holder)
            frame(error.__traceback__, sys._getframe())
            if number % 20 == 0:
                time.sleep(0.3)  # the writer comes by, twice
            see(error)
            holder.error = None
    see([number])  # it may lie where an exception has lain
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_an_exception_is_known_again_without_being_held(tmp_path: Path, engine: str):
    (tmp_path / "program.py").write_text(RAISED)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace", engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    with Trace.open(tmp_path / "t.trace") as opened:
        seen = [opened.value(call.arguments[0]) for call in named(opened, "see")]
        errors: dict[int, list[str]] = {}
        for value in seen:
            if value is not None and value.type.rpartition(".")[2] in ("ValueError", "Bare", "KeyError", "OSError"):
                errors.setdefault(value.object, []).append(value.type)
        assert len(errors) == 60 * 4 and 0 not in errors, "each is one of its own"
        assert all(len(types) == 3 and len({*types}) == 1 for types in errors.values()), "and the same at each sight"
        for call in named(opened, "frame"):
            values = [opened.value(number) for number in call.arguments]
            assert [value and (value.type, value.object) for value in values] == [("traceback", 0), ("frame", 0)]


WAITS = """
import gc, threading
def new():
    names = {}
    exec(compile("def function():\\n    return 1\\n", __file__, "exec"), names)
    return names["function"]
def steps():
    try:
        yield
    finally:
        thread = threading.Thread(target=new())
        thread.start()
        thread.join(5)
        if thread.is_alive():
            print("it cannot go on")
def leave():
    one = steps()
    next(one)
    circle = [one]
    circle.append(circle)
gc.set_threshold(1, 1, 1)
for _ in range(100):
    leave()
    new()()
gc.collect()  # the last one: while the interpreter ends no thread can be begun
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_a_finalizer_may_wait_for_a_thread_wherever_it_interrupts_a_hook(tmp_path: Path, engine: str):
    """The search for cycles runs where something is made, in our hooks too; who waits there for a thread must not wait
    for one that waits for us."""
    (tmp_path / "program.py").write_text(WAITS)
    ran = run(tmp_path / "program.py", tmp_path / "t.trace", engine=engine)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
