"""`unmagic trace-call`: one function, with its arguments from the command line."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from helpers_command import in_process
from helpers_recording import ENGINES, ROOT, environment, named, raw, text

from tracer.reading.trace import Trace

APP = """\
import asyncio
import multiprocessing
import sys
import threading

print("imported", sys.argv)


def inner(x):
    return x


inner("at import")


def give(*args, **kwargs):
    return inner(args), kwargs


def add(x, y=1):
    return inner(x) + y


async def later(x):
    await asyncio.sleep(0)
    return inner(x)


def count(n):
    for i in range(n):
        yield inner(i)


async def acount(n):
    for i in range(n):
        yield inner(i)


def fails(x):
    raise ValueError(f"no {inner(x)}")


def leaves(code):
    sys.exit(inner(code))


def threads():
    threading.Thread(target=inner, args=("thread",)).start()


def processes():
    worker = multiprocessing.get_context("spawn").Process(target=inner, args=("spawned",))
    worker.start()
    worker.join()
    return worker.exitcode


def login(user, password):
    return {"user": user, "password": password, "again": f"<{password}>"}


class Odd:
    def __repr__(self):
        inner("repr")
        raise RuntimeError


def odd():
    return Odd()


class Cart:
    def method(self):
        return inner(1)

    @staticmethod
    def static(x):
        return inner(x)

    @classmethod
    def made(cls, x):
        return cls.__name__, inner(x)


value = 3
"""


@dataclass(frozen=True)
class Done:
    """What one command said, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "app.py").write_text(APP)
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "cart.py").write_text("import app\n\n\ndef total(x):\n    return app.inner(x) * 2\n")
    (tmp_path / "broken.py").write_text("import nowhere_at_all\n")
    (tmp_path / "wrong.py").write_text("def f(:\n")
    return tmp_path


def call(folder: Path, *words: str, python: str = sys.executable) -> Done:
    return Done(*in_process(["trace-call", "--python", python, *words], folder, environment(PYTHONPATH=str(ROOT))))


def seen(path: Path) -> list[tuple[str, str]]:
    """The program's calls: the function, and the first argument of `inner`."""
    with Trace.open(path) as trace:
        assert trace.meta["complete"] == "1" and "faults" not in trace.meta
        calls = [c for c in trace.calls.values() if c.code.lane == "app"]
        return [(c.code.qualname, text(trace, c.arguments[0]) if c.code.qualname == "inner" else "") for c in calls]


@pytest.mark.parametrize("engine", ENGINES)
def test_what_it_returned_and_three_lines(folder: Path, engine: str):
    done = call(folder, "app:add", "2", "--kwarg", "y=40", "--engine", engine)
    assert (done.code, done.out) == (0, "imported ['-c']\n")
    assert done.err.splitlines() == [
        "unmagic: app:add returned 42",
        "unmagic: 2 calls, 1 thread, 0 socket events, 0 masked secrets",
        "unmagic: the trace is add.trace",
        "unmagic: next, unmagic chain add.trace app:add",
    ]
    assert seen(folder / "add.trace") == [("add", ""), ("inner", "2")], "the import is not in it"
    chain = subprocess.run(
        [sys.executable, "-m", "unmagic", "chain", "add.trace", "app:add"], cwd=folder, capture_output=True, text=True,
        env=environment(PYTHONPATH=str(ROOT)), timeout=60, check=True,
    )  # fmt: skip
    assert "app add → 42" in chain.stdout


def test_arguments_are_json_or_else_text(folder: Path):
    words = ("1", "-2.5", "true", "null", '"7"', "seven", "[1, {}]", '{"a": 1}', "NaN", "", "{broken", "--odd", "a=b")
    done = call(folder, "app:give", *words, "-k", "x=1", "--kwarg=y=a=b", "--", "-o", "--kwarg")
    given = (
        1,
        -2.5,
        True,
        None,
        "7",
        "seven",
        [1, {}],
        {"a": 1},
        "NaN",
        "",
        "{broken",
        "--odd",
        "a=b",
        "-o",
        "--kwarg",
    )
    assert f"app:give returned {(given, {'x': 1, 'y': 'a=b'})!r}\n" in done.err
    assert done.code == 0


@pytest.mark.parametrize(
    ("words", "told", "names"),
    [
        (("app:later", "5"), "returned 5", ["later", "inner"]),
        (("app:count", "3"), "yielded [0, 1, 2]", ["count", "inner", "inner", "inner"]),
        (("app:acount", "2"), "yielded [0, 1]", ["acount", "inner", "inner"]),
        (("app:Cart.static", "5"), "returned 5", ["Cart.static", "inner"]),
        (("app:Cart.made", "5"), "returned ('Cart', 5)", ["Cart.made", "inner"]),
        (("shop.cart:total", "21"), "returned 42", ["total", "inner"]),
        (("app:threads",), "returned None", ["threads", "inner"]),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_functions_of_every_kind(folder: Path, words: tuple[str, ...], told: str, names: list[str]):
    done = call(folder, *words, "-o", "x.trace")
    assert done.code == 0 and f"unmagic: {words[0]} {told}\n" in done.err, done.err
    assert [name for name, _ in seen(folder / "x.trace")] == names


def test_a_function_of_the_standard_library_and_of_a_package(folder: Path):
    done = call(folder, "json:dumps", "[1, 2]")
    assert "json:dumps returned '[1, 2]'" in done.err and done.code == 0
    with Trace.open(folder / "dumps.trace") as trace:
        assert len(named(trace, "dumps")) == 1


def test_what_it_raises_is_python_s_to_show(folder: Path):
    done = call(folder, "app:fails", "x")
    assert done.code == 1
    assert re.match(r'Traceback \(most recent call last\):\n  File "[^"]+/app.py", line \d+, in fails\n', done.err)
    assert (
        "recording" not in done.err and "\nValueError: no x\nunmagic: app:fails raised ValueError('no x')\n" in done.err
    )
    assert seen(folder / "fails.trace") == [("fails", ""), ("inner", "x")]
    done = call(folder, "app:leaves", "7")
    assert done.code == 7 and "app:leaves raised SystemExit(7)" in done.err


def test_a_process_that_it_begins_does_not_call_it_again(folder: Path):
    done = call(folder, "app:processes", "-o", "p.trace")
    assert done.code == 0 and done.err.count("app:processes returned 0") == 1, done.err
    assert seen(folder / "p.trace") == [("processes", "")]
    assert ("inner", "spawned") in seen(folder / "p.2.trace")


def test_secrets_are_masked_in_what_is_told_too(folder: Path):
    secret = "-".join(("Zq7", "hunter2.Xy"))
    done = call(folder, "app:login", "me", secret)
    stars = "*" * len(secret)
    assert f"returned {{'user': 'me', 'password': '{stars}', 'again': '<{stars}>'}}" in done.err
    assert secret not in done.out + done.err
    assert secret.encode() not in raw(folder / "login.trace")
    assert re.search(r"[1-9]\d* masked secrets?", done.err)
    assert secret in call(folder, "app:login", "me", secret, "--show-secrets").err


def test_a_repr_that_fails_is_nobody_s_error(folder: Path):
    done = call(folder, "app:odd")
    assert done.code == 0 and re.search(r"returned <app.Odd object at 0x\w+>", done.err)
    assert seen(folder / "odd.trace") == [("odd", "")], "and is not recorded"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("app",), "'app' names no function: write it as MODULE:FUNCTION, such as app:parse"),
        (("app:",), "'app:' names no function: .*"),
        (("app.py:add",), "app.py is a file: write a module as it is imported: app for app.py, .*"),
        (("shop/cart.py:total",), "shop/cart.py is a file: .*"),
        (("nowhere:f",), "there is no module nowhere, here or on the path"),
        (("app.nowhere:f",), "there is no module app.nowhere, here or on the path"),
        (("app:nothing",), "app has no nothing"),
        (("app:Cart.nothing",), "app:Cart has no nothing"),
        (("app:Cart.method",), "app:Cart.method needs an instance: .*"),
        (("app:value",), "app:value is no function: it is of type int"),
        (("app:add",), r"app:add\(x, y=1\) cannot be called so: missing a required argument: 'x'"),
        (
            ("app:add", "1", "-k", "z=1"),
            r"app:add\(x, y=1\) cannot be called so: got an unexpected keyword argument 'z'",
        ),
        (("app:add", "-k", "y"), "'y' is no argument with its name: write it as NAME=VALUE"),
        (("app:add", "-k", "x=1", "-k", "x=2"), "the argument x is given twice"),
        (("app:add", "1", "-o", "no/such/x.trace"), "cannot write the trace .*: no folder that can be written to"),
        ((), "missing argument .*"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_be_called_is_one_sentence(folder: Path, words: tuple[str, ...], sentence: str):
    done = call(folder, *words)
    assert done.code == 2
    assert re.fullmatch(rf"unmagic: {sentence}\n", done.err), done.err
    assert not list(folder.glob("*.trace"))


@pytest.mark.parametrize(("module", "error"), [("broken", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
                                               ("wrong", "SyntaxError: ")])  # fmt: skip
def test_a_module_that_fails_says_it_in_python_s_words(folder: Path, module: str, error: str):
    done = call(folder, f"{module}:f")
    assert done.code == 1 and error in done.err and "recording" not in done.err
    assert not list(folder.glob("*.trace"))
