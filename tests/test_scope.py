"""Scope: which code is recorded, in which lane, and why; told for every file that was asked about."""

from __future__ import annotations

import html
import json
import string
import sys
import sysconfig
import threading
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, PROGRAMS, from_source, load, named, one, recorded

from tracer.reading.trace import Trace
from tracer.recording import DEFAULT, Scope

shapes = load("shapes")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _template_made_before() -> None:
    string.Template("$x").substitute(x=1)


def calls(tmp_path: Path, function: Any, **options: Any) -> tuple[Trace, list[tuple[str, str]]]:
    """The trace, and (lane, qualname) of every call in it."""
    done = recorded(tmp_path / "t.trace", function, **options)
    trace = done.trace()
    return trace, [(c.code.lane, c.code.qualname) for c in trace.calls.values()]


def mixed() -> str:
    """A bit of everything: the program, the standard library, an installed package."""
    import packaging.version

    shapes.factorial(2)
    packaging.version.Version("1.2.3")
    event = threading.Event()
    event.set()
    event.is_set()
    return string.Template("$x").substitute(x=1)


def test_the_program_only(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("program",))
    assert seen == [("app", "factorial"), ("app", "factorial")]


def test_one_installed_package(tmp_path, engine):
    trace, seen = calls(tmp_path, mixed, engine=engine, scope=("packaging",))
    assert {lane for lane, _ in seen} == {"packaging"}
    assert ("packaging", "Version.__init__") in seen
    (distribution,) = {c.code.file.distribution for c in trace.calls.values()}
    assert distribution is not None and distribution.name == "packaging" and distribution.version
    assert {c.code.file.module for c in trace.calls.values()} >= {"packaging.version"}


def test_everything_installed(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("installed",))
    assert "packaging" in {lane for lane, _ in seen}
    assert not {lane for lane, _ in seen} & {"app", "string", "threading"}


def test_a_module_of_the_standard_library(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("string",))
    assert {lane for lane, _ in seen} == {"string"}
    assert ("string", "Template.substitute") in seen


def test_a_package_of_the_standard_library_takes_its_modules(tmp_path, engine):
    _, seen = calls(tmp_path, lambda: json.loads("[1]") and html.escape("<"), engine=engine, scope=("json",))
    assert ("JSONDecoder.decode") in [name for _, name in seen]
    assert not any(name == "escape" for _, name in seen)


def test_one_function(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("threading:Event.set",))
    assert [name for _, name in seen] == ["Event.set"]


def test_one_function_of_the_program(tmp_path, engine):
    trace, seen = calls(tmp_path, shapes.passes, engine=engine, scope=("shapes:bottom",))
    assert seen == [("app", "bottom")]
    call = one(trace, "bottom")
    assert trace.codes[call.first.caller].qualname == "middle", "a caller outside the scope is still told"
    assert not trace.codes[call.first.caller].recorded
    assert call.first.parent == 0


def test_the_whole_standard_library(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("stdlib",))
    assert {"string", "threading"} <= {lane for lane, _ in seen}
    assert not {"app", "packaging"} & {lane for lane, _ in seen}


def test_several_words_add_up(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("program", "threading:Event.set", "string"))
    assert {lane for lane, _ in seen} == {"app", "string", "threading"}
    assert [n for lane, n in seen if lane == "threading"] == ["Event.set"]


@pytest.mark.parametrize("word", ["packaging", "installed"])
def test_exclude_wins(tmp_path, engine, word):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("program", "installed", "packaging"), exclude=(word,))
    assert {lane for lane, _ in seen} == {"app"}


def test_one_function_is_excluded(tmp_path, engine):
    _, seen = calls(tmp_path, shapes.passes, engine=engine, exclude=("shapes:middle",))
    assert [name for _, name in seen] == ["passes", "bottom"]


def test_a_module_is_excluded(tmp_path, engine):
    _, seen = calls(tmp_path, mixed, engine=engine, scope=("stdlib",), exclude=("string", "re"))
    assert "threading" in {lane for lane, _ in seen}
    assert "string" not in {lane for lane, _ in seen}


@pytest.mark.parametrize("word", ["no_such_package", "no.such.module", "shapes:no_such_function", "flusk"])
def test_a_scope_that_matches_nothing(tmp_path, engine, word):
    done = recorded(tmp_path / "t.trace", mixed, engine=engine, scope=(word,))
    assert done.summary.events == 0
    assert done.summary.unmatched == (word,)
    with done.trace() as trace:
        assert trace.calls == {}
        assert not any(recorded for _, _, recorded, _ in trace.scope)


def test_only_the_words_that_matched_nothing_are_told(tmp_path):
    done = recorded(tmp_path / "t.trace", mixed, scope=("program", "flusk", "string", "threading:Event.set"))
    assert done.summary.unmatched == ("flusk",)
    done = recorded(tmp_path / "t.trace", mixed, scope=("string", "str", "prog"))
    assert done.summary.unmatched == ("str", "prog")


def test_an_empty_scope(tmp_path, engine):
    done = recorded(tmp_path / "t.trace", mixed, engine=engine, scope=())
    assert (done.summary.events, done.summary.unmatched) == (0, ())


def test_each_decision_has_its_reason(tmp_path):
    trace, _ = calls(tmp_path, mixed, scope=("program", "packaging", "threading:Event.set"), exclude=("string",))
    by_lane = {lane: (kept, reason) for _, lane, kept, reason in trace.scope}
    assert by_lane["app"][0] and "program" in by_lane["app"][1]
    assert by_lane["packaging"][0] and "packaging" in by_lane["packaging"][1]
    assert by_lane["threading"][0] and "threading:Event.set" in by_lane["threading"][1]
    assert not by_lane["string"][0] and "string" in by_lane["string"][1]
    assert all(reason and "\n" not in reason for _, _, _, reason in trace.scope)
    files = {c.code.file.facts.path for c in trace.calls.values()}
    assert files <= {path for path, _, kept, _ in trace.scope if kept}


def test_the_recorder_is_never_in_scope(tmp_path, engine):
    trace, seen = calls(
        tmp_path,
        shapes.threads,
        engine=engine,
        scope=("program", "stdlib", "installed", "tracer"),
        program=str(PROGRAMS),
    )
    assert not any("recording" in c.code.file.facts.path and "tracer" in c.code.file.facts.path
                   for c in trace.calls.values())  # fmt: skip
    assert ("app", "factorial") in seen


def test_the_callers_of_recorded_code_are_there_but_not_recorded(tmp_path, engine):
    trace, _ = calls(tmp_path, lambda: sorted([2, 1], key=shapes.factorial), engine=engine)
    first = named(trace, "factorial")[0]
    caller = trace.codes[first.first.caller]
    assert caller.qualname.endswith("<lambda>") and not caller.recorded
    assert caller.file.facts.path == str(Path(__file__).resolve())


def test_the_program_in_a_linked_folder(tmp_path, engine):
    """A folder reached by a symbolic link is the same folder."""
    (tmp_path / "link").symlink_to(PROGRAMS, target_is_directory=True)
    _, seen = calls(tmp_path, shapes.passes, engine=engine, program=str(tmp_path / "link"))
    assert [name for _, name in seen] == ["passes", "middle", "bottom"]
    linked = load("shapes", tmp_path / "link")
    _, seen = calls(tmp_path, linked.passes, engine=engine)
    assert [name for _, name in seen] == ["passes", "middle", "bottom"]


def test_a_folder_whose_name_begins_the_same_is_another(tmp_path, engine):
    for name in ("app", "app-old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "shown.py").write_text(f"def f():\n    return {name!r}\n")
    new, old = load("shown", tmp_path / "app"), load("shown", tmp_path / "app-old")
    trace, _ = calls(tmp_path, lambda: (new.f(), old.f()), engine=engine, program=str(tmp_path / "app"))
    assert [c.code.file.facts.path for c in trace.calls.values()] == [str(tmp_path.resolve() / "app" / "shown.py")]


@pytest.mark.parametrize(
    "filename", ["<string>", "<stdin>", "<frozen thing>", "", "made/of/nothing.py", "\0", "x" * 5000]
)
def test_code_without_a_file(tmp_path, engine, filename):
    names: dict[str, Any] = {}
    try:
        exec(compile("def f():\n    return 1\n", filename, "exec"), names)
    except (ValueError, TypeError):
        pytest.skip("Python itself refuses that name")
    done = recorded(tmp_path / "t.trace", lambda: (names["f"](), shapes.factorial(1)), engine=engine, scope=DEFAULT)
    assert done.result == (1, 1)
    with done.trace() as trace:
        assert len(named(trace, "factorial")) == 1


@pytest.mark.parametrize("called", ["send", ""], ids=["a function's name", "nothing"])
def test_what_code_is_called_is_no_file_of_the_program(tmp_path, monkeypatch, engine, called):
    """A library compiles its own functions anew, and names them as it likes."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(compile("def send():\n    return 1\n", called, "exec"), names)
    made = from_source("def f(send):\n    return send()\n", tmp_path)
    trace, _ = calls(tmp_path, lambda: made.f(names["send"]), engine=engine, program=str(tmp_path), scope=DEFAULT)
    assert len(named(trace, "f")) == 1 and named(trace, "send") == []
    assert Scope(program=str(tmp_path)).verdict(called).reason == "no source file"


def test_a_relative_name_of_a_file_is_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "script").write_text("")
    places = [Scope(program=str(tmp_path)).place(name).kind for name in ("script", "gone/by/now.py", "no_such")]
    assert places == ["program", "program", "none"]


def test_the_same_file_is_asked_about_once():
    scope = Scope(("program",), (), (), str(PROGRAMS))
    path = str(PROGRAMS / "shapes.py")
    assert scope.concerns(path) and scope.concerns(path)
    assert not scope.concerns(json.__file__)
    verdicts = [v for v in scope.verdicts() if v.path == path]
    assert len(verdicts) == 1 and verdicts[0].recorded and verdicts[0].lane == "app"


@pytest.mark.parametrize("name", ["_distutils_hack/__init__.py", "__editable___thing_finder.py", "_virtualenv.py"])
def test_import_hooks_of_installers_are_on_nobodys_way(name: str) -> None:
    folder = sysconfig.get_path("purelib")
    assert not Scope().verdict(f"{folder}/{name}").recorded
    assert Scope(("program", Path(name).parts[0].removesuffix(".py"))).verdict(f"{folder}/{name}").recorded
    assert Scope().verdict(f"{folder}/flask/app.py").recorded


def test_a_python_that_is_installed_below_the_programs_folder_is_not_the_program():
    """`unmagic run -m flask` in a home folder, with pyenv's Python below it; or in the root folder."""
    library = Path(sysconfig.get_path("stdlib")).resolve()
    for folder in (library.parent, library.parents[1], Path("/")):
        scope = Scope(("program",), (), (), str(folder))
        assert scope.place(f"{library}/json/decoder.py").kind == "stdlib"
        assert scope.place(f"{sysconfig.get_path('purelib')}/flask/app.py").kind == "installed"
        own = scope.place(str(folder / "mine" / "app.py"))
        assert (own.kind, own.lane, own.module) == ("program", "app", "mine.app")
    inside = Scope(("program",), (), (), str(library / "test"))
    assert (
        inside.place(f"{library}/test/mine.py").module == "mine" and inside.place(f"{library}/ast.py").kind == "stdlib"
    )


def test_a_package_that_is_installed_to_be_edited_is_kept(tmp_path):
    (tmp_path / "lib" / "mypkg").mkdir(parents=True)
    (tmp_path / "lib" / "mypkg" / "__init__.py").touch()
    verdict = Scope(program=str(tmp_path / "app")).verdict(str(tmp_path / "lib" / "mypkg" / "serve.py"))
    assert (verdict.recorded, verdict.lane) == (True, "mypkg") and "outside site-packages" in verdict.reason


def test_a_module_of_the_program_is_called_as_the_program_imports_it(tmp_path, monkeypatch):
    """From the folder on the path that it lies in, which need not be the project's; a package's own folder is there
    only because a script in it runs."""
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").touch()
    monkeypatch.setattr("sys.path", [str(tmp_path / "src" / "shop"), str(tmp_path / "src"), *sys.path])
    place = Scope(program=str(tmp_path)).place(str(tmp_path / "src" / "shop" / "store.py"))
    assert (place.module, place.base) == ("shop.store", str(tmp_path))
