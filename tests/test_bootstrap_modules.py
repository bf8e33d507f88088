"""A program under the bootstrap has the modules that it has without it: its own, the libraries', and none of ours."""

from __future__ import annotations

import ast
import re

import pytest
from helpers_bootstrap import both as both
from helpers_recording import ROOT, Ran, run

NEIGHBOURS = [
    "tracer",
    "report",
    "secrets",
    "values",
    "events",
    "scope",
    "store",
    "settrace",
    "monitoring",
    "writer",
    "threads",
    "wiretap",
    "origins",
    "bytecode",
    "recorder",
    "unmagic",
    "grader",
    "bootstrap",
]
#: Modules of the standard library that a plain program does not load, so that its own file is found first.
LIBRARY = [
    "token",
    "queue",
    "dis",
    "sqlite3",
    "inspect",
    "json",
    "ast",
    "random",
    "struct",
    "calendar",
    "socket",
    "copy",
]


@pytest.mark.parametrize("own", [*NEIGHBOURS, *LIBRARY])
def test_the_projects_own_modules_are_found(tmp_path, own):
    (tmp_path / f"{own}.py").write_text(f"whose = 'mine, {own}'\n")
    program = tmp_path / "main.py"
    program.write_text(f"import {own}\nprint({own}.whose, sorted(n for n in dir({own}) if n[0] != '_'))\n")
    plain = run(program, None)
    assert plain.out.startswith("mine"), "Python itself finds it"
    taped = run(program, tmp_path / "t.trace")
    assert (taped.out, taped.code) == (plain.out, 0), taped.err.splitlines()[-1:]


LOADED = "print(sorted(m for m in sys.modules if m.partition('.')[0] not in (*sys.builtin_module_names, '{}')))\n"
PACKAGES = (
    "array",
    "json",
    "email.message",
    "collections.abc",
    "urllib",
    "importlib",
    "http.server",
    "inspect",
    "sqlite3",
)


def test_what_is_loaded_is_what_the_program_has_loaded(both):
    """Before its first line, and after each import; what is built in is found before every file anyway."""
    loaded = LOADED.format("_unmagic_recording")
    both("import sys\n" + loaded + "".join(f"import {name}\n{loaded}" for name in PACKAGES))


def test_a_package_has_only_the_modules_that_were_imported(both):
    ran = both(
        "import sys, collections, concurrent, email, http, importlib, json, urllib, xml\n"
        "for package in (collections, concurrent, email, http, importlib, json, urllib, xml):\n"
        "    print(package.__name__, [n for n, m in sorted(vars(package).items()) if type(m) is type(sys)])\n"
    )
    assert "decoder" in ran.out


def test_every_module_is_there_once(both):
    """The classes that the recorder has taps on, and the list of the running threads, are the program's own."""
    both(
        "import gc, importlib, importlib.util, pickle, socket, sys, threading, queue, selectors\n"
        "print(len([c for c in object.__subclasses__() if c.__qualname__ == 'Thread']))\n"
        "print(len([c for c in socket.SocketType.__subclasses__() if c.__name__ == 'socket']))\n"
        "print(pickle.loads(pickle.dumps(socket.AF_INET)) is socket.AF_INET, threading.main_thread().name)\n"
        "for module in (socket, threading, selectors):\n"
        "    spec = module.__spec__\n"
        "    print(spec.name, spec.origin == module.__file__, type(spec.loader), sorted(vars(spec.loader)))\n"
        "    print(importlib.util.find_spec(module.__name__) is spec, importlib.reload(module) is module)\n"
    )


def test_a_module_that_the_program_loads_again_is_another_one(both):
    ran = both(
        "import importlib.util, sys\nspec = importlib.util.find_spec('json')\n"
        "print(type(spec.loader).__name__, spec.loader.get_source('json')[:5])\n"
        "private = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(private)\n"
        "import json\nprint(json is private, private.loads('[1]'))\n"
        "del sys.modules['json']\nimport json as again\nprint(again is json, again.loads('[1]'))\n"
    )
    assert ran.out.splitlines()[-2:] == ["False [1]", "False [1]"]


@pytest.mark.parametrize(
    ("own", "library"),
    [("token", "inspect"), ("selectors", "socket"), ("enum", "socket"), ("copy", "sqlite3"), ("struct", "base64")],
)
def test_what_the_library_imports_may_be_the_projects_too(tmp_path, own, library):
    """As without us it may break on it, or not. Only the hint that 3.13 puts behind some messages is lost: the
    interpreter's own folder for it is that of the file that it was started with, and nobody can tell it another."""
    (tmp_path / f"{own}.py").write_text("whose = 'mine'\n")
    program = tmp_path / "main.py"
    program.write_text(
        f"try:\n    import {library}\nexcept Exception as error:\n    print(type(error), error)\n"
        f"import {own}, threading, json\nprint({own}.whose, threading.main_thread().name)\nimport {library}\n"
    )
    taped, plain = run(program, tmp_path / "t.trace"), run(program, None)
    hint = r" \(consider renaming .*\)"
    assert (taped.code, taped.err) == (plain.code, re.sub(hint, "", plain.err))
    assert taped.out == re.sub(hint, "", plain.out)


def test_what_came_before_the_program_is_the_projects_too(tmp_path):
    """`sitecustomize` has imported a module of the project's: it stays the one, and is none of the recorder's."""
    (tmp_path / "json.py").write_text("whose = 'mine'\n")
    (tmp_path / "sitecustomize.py").write_text("import json\n")
    (tmp_path / "main.py").write_text("import sys\nprint(sys.modules['json'].whose)\nimport json\nprint(json.whose)\n")
    env = {"PYTHONPATH": str(tmp_path)}
    taped = run(tmp_path / "main.py", tmp_path / "t.trace", env=env)
    assert taped == run(tmp_path / "main.py", None, env=env) == Ran(0, "mine\nmine\n", "")


def test_the_recorder_imports_nothing_while_it_records():
    """An import inside a function would search the program's folders, and would be seen by the program. What
    `calling.py` needs it gets before the recording begins."""
    for path in sorted((ROOT / "tracer" / "recording").glob("*.py")):
        inside = [
            node.lineno
            for outer in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(outer, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(outer)
            if isinstance(node, ast.Import | ast.ImportFrom)
        ]
        assert not inside or path.name in ("bootstrap.py", "calling.py"), (path, inside)


def test_a_package_called_tracer(tmp_path):
    package = tmp_path / "tracer" / "recording"
    package.mkdir(parents=True)
    for folder in (package, package.parent):
        (folder / "__init__.py").write_text("who = 'mine'\n")
    (tmp_path / "main.py").write_text("import tracer.recording\nprint(tracer.who, tracer.recording.who)\n")
    taped = run(tmp_path / "main.py", tmp_path / "t.trace")
    assert (taped.out, taped.code) == ("mine mine\n", 0), taped.err


def test_our_names_are_not_in_the_programs_way(both):
    ran = both(
        "import sys\nprint([m for m in sys.modules if m.split('.')[0] in ('tracer', 'report', 'unmagic')])\n"
        "try:\n    import settrace\nexcept ImportError:\n    print('not there')\n"
    )
    assert ran.out == "[]\nnot there\n"


def test_multiprocessing_and_subprocesses(both):
    both(
        "import multiprocessing, subprocess, sys\n\n\ndef work(x):\n    return x * 2\n\n\nif __name__ == '__main__':\n"
        "    for how in ('spawn', 'fork'):\n        with multiprocessing.get_context(how).Pool(1) as pool:\n"
        "            print(how, pool.map(work, [1, 2, 3]))\n"
        "    print(subprocess.run([sys.executable, '-c', 'print(1)'], capture_output=True).stdout)\n",
        same_err=False,
    )


def test_pickled_classes_of_main(both):
    both(
        "import pickle\n\n\nclass Thing:\n    n = 1\n\n\n"
        "print(Thing.__module__, pickle.loads(pickle.dumps(Thing())).n)\n"
        "import dataclasses, typing\n\n\n@dataclasses.dataclass\nclass D:\n    x: 'int'\n\n\n"
        "print(D(1), typing.get_type_hints(D))\n"
    )
