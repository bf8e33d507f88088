"""The engines: every shape of call is recorded as what it is, from a generator's resumes to a loop's lines."""

from __future__ import annotations

import sys

import pytest
from helpers_engines import engine as engine
from helpers_engines import row, shapes
from helpers_engines import take as take
from helpers_recording import MONITORING, argument, ended, from_source, named, one, text

# -- generators --------------------------------------------------------------------------------------------------


def test_a_generators_resumes_are_one_call(take):
    trace, _ = take(shapes.use_counter)
    call = one(trace, "counter")
    assert ended(trace, call) == [("yielded", "0"), ("yielded", "1"), ("returned", "list([0]=a, [1]=b)")]
    base = row(shapes.use_counter)
    assert [span.line for span in call.spans] == [base + 2, base + 3, base + 5]
    assert {span.parent for span in call.spans} == {one(trace, "use_counter").id}
    assert call.code.kind == "generator"


def test_an_exception_is_thrown_into_a_generator_and_it_is_closed(take):
    trace, result = take(shapes.throw_and_close)
    assert result == "caught v"
    call = one(trace, "patient")
    assert [e for e, _ in ended(trace, call)] == ["yielded", "yielded", "raised"]
    assert ended(trace, call)[2][1].startswith("GeneratorExit")


def test_thrown_into_before_it_began(take):
    trace, result = take(shapes.throw_before_start)
    assert result == "early"
    assert ended(trace, one(trace, "never_begun")) == [("raised", "KeyError([0]=early)")]


def test_yield_from(take):
    trace, result = take(shapes.delegate)
    assert result == [1, "sent", "inner is done"]
    assert ended(trace, one(trace, "inner")) == [("yielded", "1"), ("yielded", "sent"), ("returned", "inner is done")]
    outer = one(trace, "outer")
    assert ended(trace, outer)[:3] == [("yielded", "1"), ("yielded", "sent"), ("yielded", "inner is done")]
    assert {span.parent for span in one(trace, "inner").spans} == {outer.id}


def test_thrown_through_yield_from(take):
    trace, result = take(shapes.delegate_throw)
    assert result == "down"
    assert ended(trace, one(trace, "inner")) == [("yielded", "1"), ("raised", "LookupError([0]=down)")]
    assert ended(trace, one(trace, "outer")) == [("yielded", "1"), ("raised", "LookupError([0]=down)")]


def test_a_dropped_generator_is_finalised_where_it_was_dropped(take):
    trace, result = take(shapes.dropped)
    assert result == ["finally"]
    assert [e for e, _ in ended(trace, one(trace, "finaliser"))] == ["yielded", "raised"]


def test_a_generator_goes_on_on_another_thread(take):
    trace, result = take(shapes.generator_changes_thread)
    assert result == [0, 1, 2]
    call = one(trace, "counter")
    assert [text(trace, span.value) for span in call.spans][:3] == ["0", "1", "2"]  # then it is dropped
    first, second, third = (trace.threads[span.thread] for span in call.spans[:3])
    assert (first, second, third) == ("MainThread", "puller", "MainThread")
    pulls = {c.id: c.first.thread for c in named(trace, "pull")}
    assert [pulls[span.parent] for span in call.spans[:3]] == [span.thread for span in call.spans[:3]]


# -- coroutines --------------------------------------------------------------------------------------------------


def test_coroutines_and_asynchronous_generators(take):
    trace, result = take(shapes.run_async)
    assert result == (11, [0, 1])
    adds = named(trace, "add")
    assert [tuple(text(trace, a) for a in c.arguments) for c in adds] == [("1", "2"), ("3", "4")]
    assert [ended(trace, c)[-1] for c in adds] == [("returned", "3"), ("returned", "7")]
    assert all(len(c.spans) == 2 for c in adds)
    assert ended(trace, one(trace, "fails"))[-1] == ("raised", "ValueError([0]=async)")
    assert ended(trace, one(trace, "Manager.__aexit__"))[-1] == ("returned", "True")
    assert len(named(trace, "asynchronous")) == 1
    assert len(named(trace, "count_to")) == 2
    assert all(ended(trace, c)[-1] == ("returned", "None") for c in named(trace, "count_to"))


def test_a_cancelled_task_is_one_call(take):
    trace, result = take(shapes.run_cancel)
    assert result == "cancelled"
    call = one(trace, "hangs")
    assert [e for e, _ in ended(trace, call)] == ["yielded", "returned"]
    assert ended(trace, call)[-1][1] == "cancelled"


# -- exceptions --------------------------------------------------------------------------------------------------


def test_an_exception_passes_through_and_is_caught(take):
    trace, result = take(shapes.passes)
    assert result == "caught"
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]
    assert ended(trace, one(trace, "middle")) == [("raised", "KeyError([0]=k)")]
    assert ended(trace, one(trace, "passes")) == [("returned", "caught")]
    seen = [(trace.calls[c].code.qualname, line) for _, c, line, _ in trace.raised]
    assert seen == [
        ("bottom", row(shapes.bottom) + 1),
        ("middle", row(shapes.middle) + 1),
        ("passes", row(shapes.passes) + 2),
    ]
    objects = {trace.value(value).object for *_, value in trace.raised}
    assert len(objects) == 1 and objects != {0}, "one exception, three places"


def test_reraised_and_replaced(take):
    trace, result = take(shapes.swallow, shapes.reraises)
    assert result == "KeyError"
    assert ended(trace, one(trace, "reraises")) == [("raised", "KeyError([0]=k)")]
    trace, result = take(shapes.swallow, shapes.replaces)
    assert result == "RuntimeError"
    assert ended(trace, one(trace, "replaces"))[0][1].startswith("RuntimeError")
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]


def test_a_finally_that_returns_swallows(take):
    trace, result = take(shapes.finally_returns)
    assert result == "kept"
    assert ended(trace, one(trace, "finally_returns")) == [("returned", "kept")]


def test_an_exception_that_leaves_the_recorded_function(take):
    trace, error = take(shapes.bottom)
    assert isinstance(error, KeyError) and error.args == ("k",)
    assert ended(trace, one(trace, "bottom")) == [("raised", "KeyError([0]=k)")]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="before 3.11 the latest exception is taken")
def test_of_several_exceptions_the_one_that_leaves(take):
    """Python tells settrace nothing of an exception that goes on: behind a `finally`, by a bare ``raise``, or when a
    generator that was suspended in its handler runs again."""
    trace, _ = take(shapes.several_at_once)
    left = {
        name: [text(trace, span.value).partition("(")[0].rpartition(".")[2] for span in named(trace, name)[0].spans]
        for name in ("handled_meanwhile", "replaced_meanwhile", "raised_again", "will_not_end", "waits_with_one")
    }
    assert left == {
        "handled_meanwhile": ["First"],
        "replaced_meanwhile": ["Second"],
        "raised_again": ["First"],
        "will_not_end": ["1", "2", "GeneratorExit"],
        "waits_with_one": ["1", "Second"],
    }
    assert [how for how, _ in ended(trace, one(trace, "retries"))][:3] == ["yielded"] * 3


# -- recursion, decorators, classes, comprehensions --------------------------------------------------------------


def test_recursion(take):
    trace, _ = take(shapes.factorial, 5)
    calls = named(trace, "factorial")
    assert [text(trace, argument(trace, c, "n")) for c in calls] == ["5", "4", "3", "2", "1"]
    assert [c.first.parent for c in calls] == [0, *(c.id for c in calls[:-1])]
    assert [text(trace, c.last.value) for c in calls] == ["120", "24", "6", "2", "1"]


def test_mutual_recursion(take):
    trace, result = take(shapes.is_even, 6)
    assert result is True
    assert [c.code.qualname for c in trace.calls.values()] == ["is_even", "is_odd"] * 3 + ["is_even"]


def test_too_deep_a_recursion_is_the_programs_own_error(take, tmp_path):
    module = from_source(
        "def deep(n):\n    return deep(n + 1)\n\n\ndef program():\n    try:\n        deep(0)\n"
        "    except RecursionError:\n        return after()\n\n\ndef after():\n    return 'went on'\n",
        tmp_path,
    )
    trace, result = take(module.program, program=str(tmp_path))
    assert result == "went on"
    if "lost" not in trace.meta:  # at the limit Python takes a trace function away, and then the trace says so
        assert ended(trace, one(trace, "after")) == [("returned", "went on")]
        assert {e for c in named(trace, "deep") for e, _ in ended(trace, c)} == {"raised"}
    assert trace.meta["engine"] == "settrace" or "lost" not in trace.meta
    assert len(named(trace, "deep")) > sys.getrecursionlimit() // 2


def test_a_decorated_function_is_two_calls(take):
    trace, result = take(lambda: shapes.greet("you", mark="?"))
    assert result == "hello you?!"
    wrapper, inner = trace.calls.values()
    assert wrapper.code.qualname == "loud.<locals>.wrapper" and inner.code.qualname == "greet"
    assert inner.first.parent == wrapper.id
    assert [text(trace, a) for a in inner.arguments] == ["you", "?"]


def test_methods_properties_and_operators(take):
    trace, result = take(shapes.objects)
    assert result == (49, 5)
    names = [c.code.qualname for c in trace.calls.values()]
    assert names == [
        "objects", "Shape.unit", "Shape.__init__", "Shape.__init__", "Shape.__add__", "Shape.__init__",
        "Shape.area", "Shape.area", "Shape.plain",
    ]  # fmt: skip
    setter, getter = named(trace, "Shape.area")
    assert setter.code.arguments == ("self", "value") and getter.code.arguments == ("self",)
    assert setter.code.first != getter.code.first


def test_lambdas(take):
    trace, _ = take(shapes.lambdas)
    calls = named(trace, "lambdas.<locals>.<lambda>")
    assert [text(trace, c.arguments[0]) for c in calls] == ["3", "1", "2"]
    assert {c.code.kind for c in calls} == {"lambda"}


def test_comprehensions_are_calls_until_3_12_inlines_them(take):
    trace, _ = take(shapes.comprehensions)
    names = {c.code.qualname.rpartition(".")[2]: c for c in trace.calls.values()}
    assert ("<listcomp>" in names, "<dictcomp>" in names) == ((False, False) if MONITORING else (True, True))
    assert [e for e, _ in ended(trace, names["<genexpr>"])] == ["yielded"] * 3 + ["returned"]
    holder = one(trace, "comprehensions").id if MONITORING else names["<dictcomp>"].id
    assert {c.first.parent for c in named(trace, "factorial")} == {holder}


def test_a_class_body_is_a_call(take):
    trace, _ = take(shapes.class_body)
    body = one(trace, "class_body.<locals>.Made")
    assert body.code.kind == "class" or "class" in body.code.kind
    assert named(trace, "factorial")[0].first.parent == body.id


def test_arguments_of_every_kind_as_they_were_at_the_start(take):
    trace, result = take(shapes.call_all)
    assert result.startswith("changed")
    first, second = (
        {name: trace.value(a) for name, a in zip(c.code.arguments, c.arguments, strict=True)}
        for c in named(trace, "all_arguments")
    )
    assert list(first) == ["a", "b", "c", "d", "e", "rest", "more"]
    assert [first[n].data for n in "abcde"] == ["1", "2", "3", "4", "5"]
    assert [second[n].data for n in "abcde"] == ["1", "2", "3", "6", "5"]
    assert (first["rest"].size, second["rest"].size, first["more"].size, second["more"].size) == (0, 2, 1, 0)


def test_lines_only_where_asked_for(take):
    trace, _ = take(shapes.passes)
    assert trace.lines == {}
    trace, _ = take(shapes.passes, lines=("app",))
    first = row(shapes.passes)
    assert trace.lines[one(trace, "passes").id] == (first + 1, first + 2, first + 3, first + 4)
    assert trace.lines[one(trace, "bottom").id] == (row(shapes.bottom) + 1,)


def test_a_loops_lines_are_told_each_time(take):
    trace, _ = take(shapes.use_counter, lines=("app",))
    first = row(shapes.counter)
    assert trace.lines[one(trace, "counter").id] == tuple(first + n for n in (1, 2, 3, 2, 3, 2, 4))
