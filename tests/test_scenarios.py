"""The scenarios answer as they do unrecorded, byte for byte; and a program under the bootstrap is as without it."""

from __future__ import annotations

import ast
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_marks import elsewhere
from helpers_recording import (
    ENGINES,
    MONITORING,
    ROOT,
    Ran,
    command,
    consistent,
    environment,
    moved,
    named,
    outline,
    run,
)

from tracer.reading.trace import Trace
from tracer.scenarios import SCENARIOS, Played, PlayError, play

pytest.importorskip("flask_sock", reason="the scenarios play on Flask-Sock")

FEW = ("sock", "receive", "close")
NAMES = [*FEW, *elsewhere(*(name for name in SCENARIOS if name not in FEW))]
SCRIPTED = [name for name in FEW if SCENARIOS[name].script]
SCRIPTED += elsewhere(*(name for name, scenario in SCENARIOS.items() if scenario.script and name not in FEW))

#: After these, the HTTP response and the close frame come from two threads, either first.
RACES = {"close", "rejected"}
RESPONSE = re.compile(rb"HTTP/1\.1 200 OK\r\n(?:[^\r\n]+\r\n)*\r\n")


def timeless(data: bytes) -> bytes:
    """Without the time of day."""
    return re.sub(rb"(?m)^Date: [^\r\n]+", b"Date: -", data)


def writers(name: str, data: bytes) -> tuple[bytes, bytes]:
    """What the WebSocket's thread wrote, and what the HTTP server wrote, each in order (where they race)."""
    data = timeless(data)
    if name not in RACES:
        return data, b""
    return RESPONSE.sub(b"", data), b"".join(RESPONSE.findall(data))


@pytest.fixture(scope="module")
def plain() -> Callable[[str], Played]:
    """A scenario, played unrecorded, once."""
    kept: dict[str, Played] = {}

    def get(name: str) -> Played:
        if name not in kept:
            kept[name] = play(name)
        return kept[name]

    return get


@pytest.fixture(scope="module")
def taped(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], tuple[Played, Path]]:
    """A scenario, played recorded, once with each engine; with the bytes that its client sent."""
    kept: dict[tuple[str, str], tuple[Played, Path]] = {}

    def get(name: str, engine: str) -> tuple[Played, Path]:
        if (name, engine) not in kept:
            path = tmp_path_factory.mktemp(name) / f"{engine}.trace"
            kept[name, engine] = play(name, path, engine=engine), path
        return kept[name, engine]

    return get


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_run_answers_the_same(plain, taped, name, engine):
    expected, (played, _) = plain(name), taped(name, engine)
    assert len(played.received) == len(expected.received)
    for got, want in zip(played.received, expected.received, strict=True):
        assert writers(name, got) == writers(name, want)
    assert played.output == expected.output
    assert played.returncode == expected.returncode == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", SCRIPTED)
def test_the_wire_events_are_what_the_client_saw(taped, name, engine):
    played, path = taped(name, engine)
    with Trace.open(path) as trace:
        consistent(trace)
        assert trace.meta["complete"] == "1" and "faults" not in trace.meta
        served = [n for n, c in sorted(trace.connections.items()) if c.role == "server"]
        assert len(served) == len(played.received)
        for n, sent, received in zip(served, sent_by_client(name, played), played.received, strict=True):
            assert moved(trace, n, "in") == sent
            if name in RACES:
                assert merges(written_by_thread(trace, n), received), (moved(trace, n, "out"), received)
            else:
                assert moved(trace, n, "out") == received


def written_by_thread(trace: Trace, connection: int) -> list[list[bytes]]:
    """What each thread wrote to a connection, write by write. Two that write at the same time each learn that they
    have written when the kernel has long decided which came first, so a trace does not know that order."""
    threads: dict[int, list[bytes]] = {}
    for wire in trace.wires:
        if wire.connection == connection and wire.direction == "out":
            value = trace.value(wire.value)
            assert value is not None and isinstance(value.data, bytes)
            threads.setdefault(wire.thread, []).append(value.data)
    return list(threads.values())


def merges(threads: list[list[bytes]], whole: bytes) -> bool:
    """Whether `whole` is all of the writes and nothing else, those of each thread in their order."""
    if not any(threads):
        return not whole
    return any(
        writes
        and whole.startswith(writes[0])
        and merges([*threads[:n], writes[1:], *threads[n + 1 :]], whole[len(writes[0]) :])
        for n, writes in enumerate(threads)
    )


class Tape:
    """Plays the client's part of a script again, against what the server answered, and keeps what it sends."""

    def __init__(self, received: bytes) -> None:
        self.received, self.sent, self.at = received, b"", 0

    def send(self, data: bytes) -> None:
        self.sent += data

    def read(self, count: int) -> bytes:
        self.at += count
        return self.received[self.at - count : self.at]

    def read_until(self, end: bytes) -> bytes:
        start, self.at = self.at, self.received.index(end, self.at) + len(end)
        return self.received[start : self.at]

    def read_frame(self) -> bytes:
        from tracer.scenarios.client import Peer

        return Peer.read_frame(self)  # type: ignore[arg-type]

    def read_to_end(self) -> bytes:
        return b""

    def end(self) -> None:
        pass

    def __enter__(self) -> Tape:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def sent_by_client(name: str, played: Played) -> list[bytes]:
    tapes = [Tape(received) for received in played.received]
    left = iter(tapes)
    script: Any = SCENARIOS[name].script
    script(lambda: next(left))
    return [tape.sent for tape in tapes]


@pytest.mark.skipif(not MONITORING, reason="sys.monitoring came with 3.12")
@pytest.mark.parametrize("name", NAMES)
def test_the_same_calls_under_both_engines(taped, name):
    """Per thread; what only depends on the moment (a clock, a port, which thread was faster) is left out. So is what
    the server does twice a second while it waits."""
    outlines = []
    for engine in ENGINES:
        with Trace.open(taped(name, engine)[1]) as trace:
            rows = [row for row in outline(trace) if row[2] != "BaseServer.service_actions"]
            outlines.append([(r[0], r[1], r[2], r[3], len(r[4]), tuple(e for e, _ in r[5])) for r in rows])
    threads = [sorted({row[0] for row in rows}) for rows in outlines]
    assert threads[0] == threads[1]
    if name in RACES:
        outlines = [[row for row in rows if "process_request" not in row[0]] for rows in outlines]
    for role in threads[0]:
        first, second = ([row for row in rows if row[0] == role] for rows in outlines)
        assert first == second, role


def test_an_unknown_scenario_is_one_sentence():
    with pytest.raises(PlayError, match="choose one of"):
        play("tea")


# -- the bootstrap -----------------------------------------------------------------------------------------------


@pytest.fixture
def both(tmp_path: Path) -> Callable[..., Ran]:
    """Run a program plainly and recorded by each engine; all must be the same. What the runs gave."""

    def both(source: str, *args: str, name: str = "program.py", same_err: bool = True, **how: Any) -> Ran:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(source, encoding="utf-8")
        plain = run(program, None, *args, **how)
        for engine in ENGINES:
            taped = run(program, tmp_path / f"{engine}.trace", *args, engine=engine, **how)
            assert taped.out == plain.out
            assert taped.code == plain.code
            if same_err:
                assert taped.err == plain.err
        return plain

    return both


def test_the_program_finds_itself_as_always(both):
    ran = both(
        "import sys, __main__\n"
        "print(sys.argv, __name__, __file__, sys.path[0], __spec__, __package__, __doc__)\n"
        "print(__main__.__dict__ is globals(), sys.modules['__main__'] is __main__)\n"
        "print(sorted(globals()))\nprint(__builtins__ is __import__('builtins'))\n",
        "one", "--two", "",
    )  # fmt: skip
    assert "['" in ran.out and "'one', '--two', '']" in ran.out and "__main__" in ran.out


def test_the_path_is_the_programs(both):
    both("import sys\nprint(sys.path)\nprint(sys.orig_argv[-1:], sys.flags, sys.warnoptions)\n", "x")


def test_a_loader_and_a_module_of_its_own(both):
    both(
        "import sys\nprint(type(__loader__).__name__, __loader__.name, __loader__.path == __file__)\n"
        "print(__loader__.get_source('__main__')[:10])\n"
    )


def test_started_from_another_folder_by_a_relative_name(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "program.py").write_text("import sys\nprint(sys.argv, __file__, sys.path[0])\n")
    plain = run(Path("sub/program.py"), None, cwd=tmp_path)
    taped = run(Path("sub/program.py"), tmp_path / "t.trace", cwd=tmp_path)
    assert (taped.out, taped.code) == (plain.out, 0)


def test_started_by_a_link(tmp_path):
    """Python looks for a linked program's modules where the file really is."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "neighbour.py").write_text("x = 'found'\n")
    (tmp_path / "real" / "program.py").write_text("import sys\nimport neighbour\nprint(neighbour.x, sys.argv)\n")
    (tmp_path / "link.py").symlink_to(tmp_path / "real" / "program.py")
    plain = run(tmp_path / "link.py", None)
    taped = run(tmp_path / "link.py", tmp_path / "t.trace")
    assert plain.out.startswith("found")
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


def test_with_a_safe_path(tmp_path):
    """PYTHONSAFEPATH leaves the program's folder out of the path, and ours too."""
    (tmp_path / "program.py").write_text("import sys\nprint(sys.path)\n")
    plain = run(tmp_path / "program.py", None, env={"PYTHONSAFEPATH": "1"})
    taped = run(tmp_path / "program.py", tmp_path / "t.trace", env={"PYTHONSAFEPATH": "1"})
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


def test_isolated(tmp_path):
    (tmp_path / "program.py").write_text("import sys\nprint(sys.path)\n")
    plain = run(tmp_path / "program.py", None, python=("-I",))
    taped = run(tmp_path / "program.py", tmp_path / "t.trace", python=("-I",))
    assert (taped.out, taped.code) == (plain.out, 0), taped.err


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("import sys\nsys.exit(3)\n", 3),
        ("import sys\nsys.exit()\n", 0),
        ("import sys\nsys.exit('what went wrong')\n", 1),
        ("raise SystemExit(7)\n", 7),
        ("import sys\nsys.exit(None)\n", 0),
        ("import os\nos._exit(5)\n", 5),
        ("import atexit, sys\natexit.register(print, 'at exit')\nsys.exit(4)\n", 4),
        ("import threading\nthreading.Thread(target=lambda: print('in a thread')).start()\n", 0),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", -9),
        ("import threading\nthreading.Thread(target=lambda: 1 / 0).start()\n", 0),
        ("import sys\nsys.stdout.write('no newline')\n", 0),
        ("exit(6)\n", 6),
    ],
)
def test_exit_codes(both, source, code):
    same = "1 / 0" not in source
    assert both(source, same_err=same).code == code


ERRORS = {
    "error": "def inner():\n    raise ValueError('deep')\n\n\ndef outer():\n    inner()\n\n\nouter()\n",
    "cause": "try:\n    1 / 0\nexcept ZeroDivisionError as error:\n    raise KeyError('x') from error\n",
    "context": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')\n",
    "library": "import json\njson.loads('{')\n",
    "syntax": "def f(:\n    pass\n",
    "null": "x = 1\0\n",
    "indent": "if True:\nx = 1\n",
    "import": "import no_such_module_anywhere\n",
    "recursion": "def f():\n    f()\n\n\nf()\n",
    "own hook": "import sys\nsys.excepthook = lambda k, e, t: print(k.__name__, t.tb_lineno, t.tb_next)\n1 / 0\n",
    "own hook that fails": "import sys\ndef hook(*a):\n    raise OSError('hook')\nsys.excepthook = hook\n1 / 0\n",
    "own hook that exits": "import sys\nsys.excepthook = lambda *a: sys.exit(1)\n1 / 0\n",
    "of a socket": "from socket import socket as s\ntry:\n    s().bind(('::', 'x'))\nfinally:\n    s().recv(1)\n",
    "of a kill": "import os\nos.kill(0, 'x')\n",
    "return outside": "print('no')\nreturn\n",
    "warning": "import sys\nx = '\\d'\n1 is 1\ndef f(:\n",
    "last traceback": "import atexit, sys\natexit.register(lambda: print(sys.last_traceback.tb_lineno))\n1 / 0\n",
    "base": "class Stop(BaseException):\n    pass\n\n\nraise Stop('now')\n",
    "interrupt": "raise KeyboardInterrupt\n",
    "own bootstrap": "import bootstrap\nbootstrap.fail()\n",
}


@pytest.mark.parametrize("kind", list(ERRORS))
def test_an_error_is_told_as_if_we_were_not_there(tmp_path, both, kind):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "bootstrap.py").write_text("def fail():\n    raise OSError('in their bootstrap.py')\n")
    ran = both(ERRORS[kind], same_err=kind != "recursion")
    if kind == "null" and sys.version_info < (3, 11):
        assert ran == Ran(0, "", "")  # 3.10 reads a file up to the null byte and takes that for its end
        return
    assert ran.code == (-signal.SIGINT if kind == "interrupt" else 1)
    assert ran.err or kind in ("own hook", "own hook that exits")
    for engine in ENGINES if kind == "recursion" else ():
        program = tmp_path / "project" / "program.py"
        err = run(program, tmp_path / "t.trace", engine=engine).err
        assert "recording" not in err and err.rstrip().splitlines()[-1].startswith("RecursionError")


def hears_all() -> None:
    """For a child: hear the signals that `nohup` or a shell's background would have it ignore."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def until_it_waits(process: subprocess.Popen[str]) -> None:
    """Until the main thread of a process has slept for a tenth of a second, so that a signal finds it where it is."""
    deadline, slept, before = time.monotonic() + 10, 0, ""
    while slept < 5 and time.monotonic() < deadline:
        time.sleep(0.02)
        try:
            stat = Path(f"/proc/{process.pid}/task/{process.pid}/stat").read_text().rpartition(") ")[2].split()
        except FileNotFoundError:  # no Linux
            time.sleep(0.5)
            return
        now = f"{stat[11]} {stat[12]}"  # ticks of the processor's time
        slept = slept + 1 if stat[0] == "S" and now == before else 0
        before = now


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("handled", [False, True], ids=["default", "handled"])
def test_signals(tmp_path, engine, number, handled):
    program = tmp_path / "waits.py"
    handler = "signal.signal(int(sys.argv[1]), lambda *a: sys.exit(9))\n" if handled else ""
    program.write_text(
        f"import signal, sys, threading\n{handler}print('ready', flush=True)\nthreading.Event().wait(20)\n"
    )
    seen = []
    for trace in (None, tmp_path / "t.trace"):
        process = subprocess.Popen(
            command(program, trace, str(int(number)), **({"engine": engine} if trace else {})), stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env=environment(), preexec_fn=hears_all,
        )  # fmt: skip
        try:
            assert process.stdout and process.stdout.readline() == "ready\n"
            until_it_waits(process)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
        finally:
            process.kill()
            process.wait()
        seen.append((process.returncode, out, err))
    assert seen[0] == seen[1]
    with Trace.open(tmp_path / "t.trace") as trace_:
        consistent(trace_)
        assert ("complete" in trace_.meta) == (handled or number == signal.SIGINT)


def test_stdin_is_the_programs(both):
    ran = both("import sys\nprint(input('? '), sys.stdin.read().upper(), sys.stdin.encoding)\n", stdin="a\nb\nc")
    assert ran.out.startswith("? a B\nC")


def test_output_of_every_kind(both):
    both("import os, sys\nprint('ü', flush=True)\nos.write(1, b'raw\\n')\nprint('err', file=sys.stderr)\n")


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


def test_the_source_may_be_of_any_encoding(tmp_path):
    program = tmp_path / "latin.py"
    for content in (b"# -*- coding: latin-1 -*-\nprint(len('\xfc'))\n", b"\xef\xbb\xbfprint(1)\r\n", b""):
        program.write_bytes(content)
        assert run(program, tmp_path / "t.trace") == run(program, None)


def test_a_program_that_is_not_there(tmp_path):
    ran = run(tmp_path / "none.py", tmp_path / "t.trace")
    assert ran.code != 0
    assert len(ran.err.strip().splitlines()) == 1 and "none.py" in ran.err
    assert not (tmp_path / "t.trace").exists()


@pytest.mark.parametrize(
    ("trace", "config"),
    [("t.trace", {"engine": "magic"}), ("no/such/folder/t.trace", {}), ("t.trace", {"no": "such"})],
)
def test_a_recording_that_cannot_start_is_one_sentence(tmp_path, trace, config):
    (tmp_path / "program.py").write_text("print('ran')\n")
    ran = run(tmp_path / "program.py", tmp_path / trace, **config)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.strip().splitlines()) == 1 and ran.err.startswith("unmagic: "), ran.err
    assert not (tmp_path / trace).exists()


ENDS = {
    "_exit": "os._exit(3)",
    "kill": "os.kill(os.getpid(), signal.SIGTERM)",
    "killpg": "os.setpgid(0, 0)\nos.killpg(0, signal.SIGTERM)",
    "raise_signal": "signal.raise_signal(signal.SIGTERM)",
    "abort": "os.abort()",
    "exec": "os.execl(sys.executable, sys.executable, '-c', 'print(1)')",
    "in a handler": "signal.signal(signal.SIGALRM, lambda *a: os._exit(3))\nsignal.setitimer(signal.ITIMER_REAL, 0.3)\n"
    "while True:\n    last()",
}


#: Ends that are sure to come, when they are asked for: the recording comes to its own end before.
SURE = ("_exit", "in a handler")


@pytest.mark.parametrize("how", list(ENDS))
def test_a_sudden_end_leaves_what_was_recorded(tmp_path, both, how):
    source = f"import os\nimport signal\nimport sys\n\n\ndef last():\n    pass\n\n\nlast()\n{ENDS[how]}\n"
    both(source)
    for engine in ENGINES:
        with Trace.open(tmp_path / f"{engine}.trace") as trace:
            consistent(trace)
            assert named(trace, "last") and ("complete" in trace.meta) == (how in SURE)


@pytest.mark.parametrize("engine", ENGINES)
def test_everything_of_a_program_is_in_the_trace(tmp_path, engine):
    program = tmp_path / "program.py"
    program.write_text(
        "import atexit\nimport threading\n\n\ndef last():\n    return 'at exit'\n\n\ndef slow(event):\n"
        "    event.wait(5)\n    return 'waited'\n\n\natexit.register(last)\nevent = threading.Event()\n"
        "threading.Thread(target=slow, args=(event,)).start()\nthreading.Timer(0.05, event.set).start()\n"
    )
    assert run(program, tmp_path / "t.trace", engine=engine).code == 0
    with Trace.open(tmp_path / "t.trace") as trace:
        consistent(trace)
        assert [c.last.ended for c in named(trace, "slow")] == ["returned"]
        assert [c.last.ended for c in named(trace, "last")] == ["returned"]
        assert named(trace, "<module>")[0].last.ended == "returned"
        assert trace.meta["complete"] == "1" and trace.meta["engine"] == engine
        assert trace.meta["python"] == ".".join(map(str, sys.version_info[:3]))
