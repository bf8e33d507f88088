"""The small parts of `unmagic run`, each by itself: Python's command lines, names of traces, what is followed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helpers_recording import ROOT

from tracer.recording.following import BOOTSTRAP, Follower
from tracer.recording.interpreter import Command, parse
from tracer.recording.late import LateStore


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("app.py -m x", Command((), "", "app.py", ("-m", "x"))),
        ("-m pkg.mod -c", Command((), "-m", "pkg.mod", ("-c",))),
        ("-mpkg one", Command((), "-m", "pkg", ("one",))),
        ("-um pkg one", Command(("-u",), "-m", "pkg", ("one",))),
        ("-uBmpkg", Command(("-uB",), "-m", "pkg", ())),
        ("-c code -c", Command((), "-c", "code", ("-c",))),
        ("-W error -X dev -u app.py", Command(("-W", "error", "-X", "dev", "-u"), "", "app.py", ())),
        ("-Werror -Xdev app.py", Command(("-Werror", "-Xdev"), "", "app.py", ())),
        ("-uW error app.py", Command(("-uW", "error"), "", "app.py", ())),
        ("-uWmodule app.py", Command(("-uWmodule",), "", "app.py", ())),
        ("-X importtime=m -m x", Command(("-X", "importtime=m"), "-m", "x", ())),
        ("--check-hash-based-pycs always app.py", Command(("--check-hash-based-pycs", "always"), "", "app.py", ())),
        ("", None), ("-", None), ("-m", None), ("-u", None), ("-W", None), ("- app.py", None), ("--version", None),
    ],
)  # fmt: skip
def test_a_command_line_is_read_as_python_reads_it(line: str, wanted: Command | None):
    assert parse(line.split()) == wanted


READ = "import sys; print(len(sys.orig_argv) - len(sys.argv), sys.argv)"


@pytest.mark.parametrize(
    "line", ["-u", "-uB", "-W ignore", "-Wignore -u", "-uW ignore", "-X utf8 -B", "-BXutf8", "-sE"]
)
@pytest.mark.parametrize("program", [("-c", READ), ("app.py",), ("-mapp",), ("-m", "app")])
def test_python_itself_agrees(tmp_path: Path, line: str, program: tuple[str, ...]):
    """Where its own options end, Python says by `sys.argv`."""
    (tmp_path / "app.py").write_text(READ)
    words = [*line.split(), *program, "-x", "y"]
    said = subprocess.run([sys.executable, *words], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    command = parse(words)
    assert command is not None and command.options == tuple(line.split()) and command.arguments == ("-x", "y")
    assert said.split(" ", 1)[1].strip().endswith(", '-x', 'y']")


def test_names_are_claimed_by_one_process_each(tmp_path: Path):
    """Twenty at once, each of which wants five."""
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom tracer.recording.late import claim\n"
        "input()\nprint(*(claim(sys.argv[2]) for _ in range(5)))\n"
    )
    (tmp_path / "app.3.trace").write_text("somebody's")
    command = [sys.executable, "-c", program, str(ROOT), str(tmp_path / "app.trace")]
    running = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(20)
    ]  # fmt: skip
    for process in running:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    names = [name for process in running for name in process.communicate(timeout=60)[0].split()]
    numbers = sorted(int(Path(name).name.split(".")[1]) for name in names)
    assert numbers == [2, *range(4, 103)]
    assert (tmp_path / "app.3.trace").read_text() == "somebody's"


def test_a_late_trace_has_no_file_before_its_first_events(tmp_path: Path):
    store = LateStore(str(tmp_path / "app.trace"))
    store.write([("meta", [("pid", "1")])])
    store.pause()
    store.resume()
    store.mask(lambda value: value, lambda text: text)
    assert not store.begun and store.size() == 0 and list(tmp_path.iterdir()) == []
    store.close()
    assert list(tmp_path.iterdir()) == []
    store = LateStore(str(tmp_path / "app.trace"))
    store.write([("meta", [("pid", "1")]), ("batch", [])])
    store.write([("thread", [(1, "MainThread", "thread")]), ("batch", [(1, 1, b"")])])
    assert store.begun and store.size() > 0
    store.close()
    assert [path.name for path in tmp_path.iterdir()] == ["app.2.trace"]


def followed(follower: Follower, *command: str, folder: str | None = None) -> str:
    """How a command of this interpreter is told to begin; '' where it is not followed."""
    found = follower.followed(sys.executable, [sys.executable, *command], folder)
    if found is None:
        return ""
    place = found.index(BOOTSTRAP)
    assert [*found[1:place], *found[place + 2 :]] == list(command)
    config = json.loads(found[place + 1])
    assert config["scope"] == ["program"]
    return str(config["began"])


def test_what_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.modules["__main__"], "__file__", None, raising=False)
    for name in ("app.py", "other.py"):
        (tmp_path / name).touch()
    (tmp_path / "link.py").symlink_to("app.py")
    of_a_script = Follower({"scope": ["program"]}, ["app.py", "one"])
    assert followed(of_a_script, "app.py") == followed(of_a_script, "-u", "-W", "ignore", "link.py", "two") == "again"
    assert followed(of_a_script, str(tmp_path / "app.py"), folder="/") == "again"
    assert followed(of_a_script, "app.py", folder="/") == ""
    spawn = "from multiprocessing.spawn import spawn_main; spawn_main()"
    assert followed(of_a_script, "-c", spawn, "--multiprocessing-fork") == "spawn"
    for other in (("other.py",), ("-m", "app"), ("-c", "print(1)"), ("-",), (), ("-m",),
                  ("-c", "from multiprocessing.resource_tracker import main;main(5)")):  # fmt: skip
        assert followed(of_a_script, *other) == ""
    assert of_a_script.followed("/bin/sh", [sys.executable, "app.py"]) is None
    assert of_a_script.followed(sys.executable, []) is None
    of_a_module = Follower({"scope": ["program"]}, ["-m", "pkg", "one"])
    assert followed(of_a_module, "-m", "pkg") == followed(of_a_module, "-m", "pkg.__main__") == "again"
    assert followed(of_a_module, "-m", "pkg.other") == followed(of_a_module, "app.py") == ""
    monkeypatch.setattr(sys.modules["__main__"], "__file__", str(tmp_path / "app.py"))
    assert followed(of_a_module, "app.py") == "again", "as gunicorn begins itself anew: by the file that was found"
    assert os.path.isfile(BOOTSTRAP)
