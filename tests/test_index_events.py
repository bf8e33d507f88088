"""Batches made into tables, one kind of event at a time: calls, exceptions, generators, threads, wire events."""

from __future__ import annotations

from pathlib import Path

import pytest
from helpers_index import Events, Tree, call, raised, read, resume, write

from tracer.reading.trace import Trace
from tracer.recording.events import INNERMOST, LINE, RETURN, START, UNWIND, WIRE, YIELD


def test_a_call_inside_a_call(tmp_path: Path):
    events = [call(1, 1, 9, 5, 0, 10, 11), call(2, 3, 1, 7), (RETURN, 3, 20), (RETURN, 4, 21)]
    assert read(tmp_path, (1, events)) == Tree(
        [(1, 1, "plain", (10, 11)), (2, 1, "inner", ())],
        [(1, 0, 1, 0, 9, 5, 1, 4, "returned", 21), (2, 0, 1, 1, 1, 7, 2, 3, "returned", 20)],
    )


def test_a_trace_without_events_has_no_calls(tmp_path: Path):
    assert read(tmp_path) == Tree([], [])
    assert read(tmp_path / "..", (1, [])) == Tree([], [])


@pytest.mark.parametrize("order", [2**31 - 3, 2**31, 2**62])
def test_a_recording_may_be_longer_than_32_bits_can_count(tmp_path: Path, order: int):
    """One number that needs more makes the whole batch wider; the others beside it stay as they are."""
    events = [call(order, 2, 9, 5, 77), (YIELD, order + 1, 20), resume(order + 2, 2, 9, 6, 77), (RETURN, order + 3, 21)]
    narrow = [call(1, 1, 9, 5), (RETURN, 2, 22)]
    assert read(tmp_path, (1, narrow), (1, events)) == Tree(
        [(1, 1, "plain", ()), (2, 1, "numbers", ())],
        [
            (1, 0, 1, 0, 9, 5, 1, 2, "returned", 22),
            (2, 0, 1, 0, 9, 5, order, order + 1, "yielded", 20),
            (2, 1, 1, 0, 9, 6, order + 2, order + 3, "returned", 21),
        ],
    )


def test_values_stay_at_their_places(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1, 0, 0, 0, 12, 0, 11), (RETURN, 2, 0)]))
    assert found.calls == [(1, 1, "plain", (12, 0, 11))]


def test_a_return_without_a_call_is_left_out(tmp_path: Path):
    events: Events = [
        (RETURN, 1, 20), (UNWIND, 2, 21), (YIELD, 3, 22), (LINE, 4, 8), raised(5, 8, 23),
        call(6, 1), (LINE, 7, 9), (RETURN, 8, 24), (RETURN, 9, 25),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 6, 8, "returned", 24)]
    assert found.lines == {1: (9,)}
    assert found.raised == ()


def test_calls_still_open_at_the_end(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1), call(2, 3, 1, 4), (LINE, 3, 6)]), (2, [call(4, 1)]))
    assert found.spans == [
        (1, 0, 1, 0, 0, 0, 1, 0, "open", 0), (2, 0, 1, 1, 1, 4, 2, 0, "open", 0), (3, 0, 2, 0, 0, 0, 4, 0, "open", 0),
    ]  # fmt: skip


def test_an_exception_unwinds_call_by_call(tmp_path: Path):
    events = [call(1, 1), call(2, 3, 1, 4), raised(3, 6, 30), (UNWIND, 4, 30), raised(5, 4, 30), (UNWIND, 6, 30)]
    found = read(tmp_path, (1, events))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 1, 6, "raised", 30), (2, 0, 1, 1, 1, 4, 2, 4, "raised", 30)]
    assert found.raised == ((3, 2, 6, 30), (5, 1, 4, 30))


def test_an_exception_that_is_caught_ends_nothing(tmp_path: Path):
    found = read(tmp_path, (1, [call(1, 1), raised(2, 6, 30), (LINE, 3, 7), (RETURN, 4, 31)]))
    assert found.spans == [(1, 0, 1, 0, 0, 0, 1, 4, "returned", 31)]
    assert found.raised == ((2, 1, 6, 30),)


def test_a_resume_is_no_call(tmp_path: Path):
    events = [
        call(1, 1), call(2, 2, 1, 4, 77, 10), (YIELD, 3, 20), (LINE, 4, 5), resume(5, 2, 1, 5, 77), (LINE, 6, 12),
        (YIELD, 7, 21), resume(8, 2, 1, 6, 77), (RETURN, 9, 22), (RETURN, 10, 23),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert found.calls == [(1, 1, "plain", ()), (2, 1, "numbers", (10,))]
    assert found.spans == [
        (1, 0, 1, 0, 0, 0, 1, 10, "returned", 23),
        (2, 0, 1, 1, 1, 4, 2, 3, "yielded", 20),
        (2, 1, 1, 1, 1, 5, 5, 7, "yielded", 21),
        (2, 2, 1, 1, 1, 6, 8, 9, "returned", 22),
    ]
    assert found.lines == {1: (5,), 2: (12,)}


def test_a_generator_is_resumed_on_another_thread(tmp_path: Path):
    one = [call(1, 2, 9, 3, 77), (YIELD, 2, 20), call(5, 1), (RETURN, 8, 0)]
    two = [
        call(3, 3, 9, 4),
        resume(4, 2, 3, 6, 77),
        (YIELD, 6, 21),
        (RETURN, 7, 0),
        resume(9, 2, 9, 5, 77),
        (UNWIND, 10, 30),
    ]
    found = read(tmp_path, (1, one), (2, two))
    assert [c[:3] for c in found.calls] == [(1, 1, "numbers"), (2, 2, "inner"), (3, 1, "plain")]
    assert [s for s in found.spans if s[0] == 1] == [
        (1, 0, 1, 0, 9, 3, 1, 2, "yielded", 20),
        (1, 1, 2, 2, 3, 6, 4, 6, "yielded", 21),
        (1, 2, 2, 0, 9, 5, 9, 10, "raised", 30),
    ]


def test_a_generator_that_was_begun_before_the_recording_counts_once(tmp_path: Path):
    events = [resume(1, 2, 9, 3, 77), (YIELD, 2, 20), resume(3, 2, 9, 4, 77), (RETURN, 4, 21)]
    found = read(tmp_path, (1, events))
    assert found.calls == [(1, 1, "numbers", ())]
    assert [s[1] for s in found.spans] == [0, 1]


def test_a_frame_number_that_is_used_again_is_another_generator(tmp_path: Path):
    """An id is given to a new object once the old one is gone."""
    events = [
        call(1, 2, 9, 3, 77),
        (RETURN, 2, 0),
        call(3, 2, 9, 4, 77),
        (YIELD, 4, 0),
        call(5, 2, 9, 5, 77),
        (YIELD, 6, 0),
    ]
    events += [resume(7, 2, 9, 6, 77), (RETURN, 8, 0)]
    found = read(tmp_path, (1, events))
    assert [(s[0], s[1], s[6]) for s in found.spans] == [(1, 0, 1), (2, 0, 3), (3, 0, 5), (3, 1, 7)]


def test_two_generators_at_once_are_kept_apart(tmp_path: Path):
    events = [
        call(1, 2, 9, 1, 77), call(2, 2, 2, 1, 78), (YIELD, 3, 20), (YIELD, 4, 20), resume(5, 2, 9, 2, 77),
        resume(6, 2, 2, 2, 78), (RETURN, 7, 0), (RETURN, 8, 0),
    ]  # fmt: skip
    found = read(tmp_path, (1, events))
    assert [(s[0], s[1], s[3]) for s in found.spans] == [(1, 0, 0), (2, 0, 1), (1, 1, 0), (2, 1, 1)]


def test_threads_have_stacks_of_their_own(tmp_path: Path):
    one = [call(1, 1), call(4, 3, 1, 2), (RETURN, 6, 20), (RETURN, 7, 21)]
    two = [call(2, 1), call(3, 3, 1, 3), (RETURN, 5, 22), (RETURN, 8, 23)]
    found = read(tmp_path, (1, one), (2, two))
    assert [(s[2], s[0], s[3], s[6], s[7]) for s in found.spans] == [
        (1, 1, 0, 1, 7), (2, 2, 0, 2, 8), (2, 3, 2, 3, 5), (1, 4, 1, 4, 6),
    ]  # fmt: skip


def test_batches_of_two_threads_interleave_as_they_were_written(tmp_path: Path):
    found = read(
        tmp_path, (2, [call(2, 1)]), (1, [call(1, 1), (LINE, 3, 5)]), (2, [(RETURN, 4, 9)]), (1, [(RETURN, 5, 8)])
    )
    assert [(s[0], s[2], s[6], s[7], s[9]) for s in found.spans] == [(1, 1, 1, 5, 8), (2, 2, 2, 4, 9)]


def test_wire_events_and_thread_starts_belong_to_the_innermost_call(tmp_path: Path):
    events = [
        (WIRE, 1),
        call(2, 1),
        call(3, 3, INNERMOST, 2),
        (WIRE, 4),
        (START, 5, 9, 44, 2),
        (RETURN, 6, 0),
        (WIRE, 7),
        (RETURN, 8, 0),
    ]
    path = write(tmp_path / "made.trace", [(1, events), (2, [call(9, 1), (RETURN, 10, 0)])], {1: 1, 2: 4, 3: 7, 4: 11})
    with Trace.open(path) as trace:
        assert {wire.id: wire.call for wire in trace.wires} == {1: 0, 2: 2, 3: 1, 4: 0}
        (start,) = trace.starts
        assert (start.order, start.thread, start.call, start.caller, start.line, start.child) == (5, 1, 2, 9, 44, 2)


def test_more_rows_than_are_written_at_once(tmp_path: Path):
    events: Events = [call(1, 1)]
    for order in range(2, 30_002, 3):
        events += [call(order, 3, 1, 4, 0, 7, 8), (LINE, order + 1, 5), (RETURN, order + 2, 9)]
    found = read(tmp_path, (1, [*events, (RETURN, 30_002, 0)]))
    assert len(found.spans) == 10_001
    assert {s[3] for s in found.spans} == {0, 1}
    assert all(arguments == (7, 8) for _, _, name, arguments in found.calls if name == "inner")
