"""``pytest --unmagic``: real pytest in processes of its own, on suites as people write them."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest
from helpers_command import in_process
from helpers_recording import ROOT, environment, named, text
from hypothesis import given
from hypothesis import strategies as st

from tracer.reading.trace import Trace
from unmagic.pytest_plugin import trace_name

#: Where the package is installed the plugin is found by itself; else it has to be named.
INSTALLED = any(e.name == "unmagic" for e in metadata.entry_points(group="pytest11"))
PLUGIN = () if INSTALLED else ("-p", "unmagic.pytest_plugin")

SUITE = """\
import threading
import unittest

import pytest


def helper(x):
    return x + 1


@pytest.fixture
def made():
    yield helper(10)
    helper(20)


def test_plain(made):
    assert helper(made) == 12


@pytest.mark.parametrize("word", ["one", "two words", "a/b", "grüße"])
def test_words(word):
    assert helper(len(word))


class TestInClass:
    def test_method(self):
        assert helper(1) == 2

    def test_fails(self):
        assert helper(1) == 3


class Old(unittest.TestCase):
    def setUp(self):
        self.x = helper(1)

    def test_unit(self):
        self.assertEqual(self.x, 2)
        with self.subTest("inner"):
            self.assertEqual(helper(2), 3)


def test_thread():
    thread = threading.Thread(target=helper, args=(5,))
    thread.start()
    thread.join()


@pytest.mark.skip
def test_skipped():
    helper(1)


@pytest.fixture
def broken():
    raise OSError(helper(1))


def test_no_setup(broken):
    helper(2)
"""
#: The traces of the suite above, and what of `helper` each has to have: its arguments.
TRACES = {
    "tests/test_suite/test_plain.trace": ["10", "11", "20"],
    "tests/test_suite/test_words-one.trace": ["3"],
    "tests/test_suite/test_words-two_words": ["9"],
    "tests/test_suite/test_words-a_b": ["3"],
    "tests/test_suite/test_words-gr_xfc_xdfe": ["5"],
    "tests/test_suite/TestInClass.test_method.trace": ["1"],
    "tests/test_suite/TestInClass.test_fails.trace": ["1"],
    "tests/test_suite/Old.test_unit.trace": ["1", "2"],
    "tests/test_suite/test_thread.trace": ["5"],
    "tests/test_suite/test_no_setup.trace": ["1"],
}


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """A project with tests."""
    return laid(tmp_path)


def laid(folder: Path) -> Path:
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (folder / "tests").mkdir()
    (folder / "tests" / "test_suite.py").write_text(SUITE)
    return folder


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The project where all its tests were recorded, with every plugin that is here; and what pytest said."""
    folder = laid(tmp_path_factory.mktemp("ran"))
    return folder, run(folder, "--unmagic", code=1, others=None)


#: The plugins of others, by what has to be loaded; each costs every pytest that is begun here.
OTHERS = {"xdist": "xdist.plugin", "cov": "pytest_cov.plugin", "asyncio": "pytest_asyncio.plugin"}


def run(folder: Path, *words: str, code: int = 0, others: str | None = "", **env: str) -> str:
    """What pytest says. `others` names the plugins that it has besides ours; None for all that are installed."""
    if others is None:
        plugins = list(PLUGIN)
    else:
        env["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        plugins = ["-p", "unmagic.pytest_plugin", *(word for one in others.split() for word in ("-p", OTHERS[one]))]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, "-p", "no:cacheprovider", *words], cwd=folder, timeout=120,
        env=environment(PYTHONPATH=str(ROOT), COLUMNS="150", **env), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def traces(folder: Path) -> dict[str, list[str]]:
    """Every trace below a folder, whole, and the arguments of `helper` in it."""
    found = {}
    for path in sorted(folder.rglob("*.trace")):
        with Trace.open(path) as trace:
            assert trace.meta["complete"] == "1" and "faults" not in trace.meta
            calls = named(trace, "helper")
            found[path.relative_to(folder).as_posix()] = [text(trace, c.arguments[0]) for c in calls]
    assert not list(folder.rglob("*-wal"))
    return found


def whole(found: dict[str, list[str]]) -> None:
    """All traces of the suite are there, and no others; digests at the ends of names are left out."""
    short = {re.sub(r"-[0-9a-f]{8}\.trace$", "", name): seen for name, seen in found.items()}
    assert short == TRACES


def test_a_trace_for_each_test(ran: tuple[Path, str]):
    suite, said = ran
    whole(traces(suite / "unmagic-traces"))
    assert "unmagic: 10 traces in unmagic-traces" in said
    failed = "unmagic-traces/tests/test_suite/TestInClass.test_fails.trace"
    assert f"unmagic show {failed}\nunmagic chain {failed} app:TestInClass.test_fails\n" in said
    assert said.index("def test_fails") < said.index(f"unmagic show {failed}") < said.index("unmagic: 10 traces")
    assert f"\nFAILED {failed}\n" in said
    assert "\nFAILED unmagic-traces/tests/test_suite/test_no_setup.trace\n" in said
    assert "\n       unmagic-traces/tests/test_suite/test_plain.trace\n" in said
    assert (suite / "unmagic-traces" / ".gitignore").read_text().endswith("*\n")


def test_what_it_says_to_type_works(ran: tuple[Path, str]):
    suite, said = ran
    told = []
    for words in re.findall(r"^(?:next: )?unmagic ((?:show|chain) .*)$", said, re.MULTILINE):
        code, out, err = in_process(words.split(), suite, environment(PYTHONPATH=str(ROOT)))
        assert code == 0, err
        told.append(out)
    assert len(told) >= 4 and any("TestInClass.test_fails ↯ an AssertionError" in out for out in told)


def test_the_same_with_xdist(suite: Path):
    said = run(suite, "--unmagic", "-n", "2", code=1, others="xdist")
    whole(traces(suite / "unmagic-traces"))
    assert "unmagic: 10 traces in unmagic-traces" in said
    assert "\nFAILED unmagic-traces/tests/test_suite/TestInClass.test_fails.trace\n" in said
    assert "unmagic chain unmagic-traces/tests/test_suite/TestInClass.test_fails.trace app:TestInClass" in said


def test_another_folder_and_scope_from_another_place(suite: Path):
    said = run(suite / "tests", "--unmagic", "--unmagic-dir=../deep/er", "--unmagic-scope=json.decoder", "-k", "plain")
    assert traces(suite / "deep/er") == {"tests/test_suite/test_plain.trace": []}
    assert "in ../deep/er" in said or f"in {suite}/deep/er" in said


def test_the_next_run_replaces_a_trace_and_leaves_the_others(suite: Path):
    run(suite, "--unmagic", "-k", "plain or one")
    before = {p: p.stat().st_ino for p in suite.rglob("*.trace")}
    assert len(before) == 2
    (suite / "tests" / "test_suite.py").write_text(SUITE.replace("helper(20)", "helper(30)"))
    run(suite, "--unmagic", "-k", "plain")
    assert traces(suite / "unmagic-traces") == {
        "tests/test_suite/test_plain.trace": ["10", "11", "30"],
        "tests/test_suite/test_words-one.trace": ["3"],
    }


def test_nothing_is_loaded_or_written_when_it_is_not_asked_for(suite: Path):
    (suite / "conftest.py").write_text(
        "import sys\n\n\ndef pytest_unconfigure(config):\n"
        "    print([m for m in sys.modules if m.split('.')[0] in ('tracer', 'report', 'click', 'rich')])\n"
        "    print([type(p).__name__ for p in config.pluginmanager.get_plugins() if type(p).__name__ == 'Traces'])\n"
    )
    said = run(suite, code=1, others=None)
    assert said.rstrip().endswith("[]\n[]")
    assert "unmagic" not in re.sub(r"(?m)^plugins: .*$", "", said).replace(str(ROOT), "")
    assert not list(suite.rglob("*trace*"))


def test_runners_are_left_out_and_the_tests_are_not(ran: tuple[Path, str]):
    suite, _ = ran
    with Trace.open(suite / "unmagic-traces/tests/test_suite/test_plain.trace") as trace:
        lanes = {c.code.lane for c in trace.calls.values()}
        assert [c.code.qualname for c in trace.calls.values() if c.code.lane == "app"] == [
            "made", "helper", "test_plain", "helper", "helper",
        ]  # fmt: skip
    assert (
        lanes & {"pytest", "_pytest", "pluggy", "xdist", "pytest_cov", "pytest_timeout", "coverage", "unmagic"} == set()
    )


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["", "xdist"])
def test_coverage_is_the_same(suite: Path, workers: tuple[str, ...]):
    """pytest-cov and --unmagic at once: under `sys.settrace` both want the one place."""
    told = []
    for more in ((), ("--unmagic",)):
        said = run(
            suite,
            "--cov=tests",
            "--cov-branch",
            "--cov-report=term-missing",
            *workers,
            *more,
            code=1,
            others="xdist cov",
        )
        told.append(re.findall(r"^(?:tests/\S+|TOTAL) .*%.*$", said, re.MULTILINE))
        assert "Trace function changed" not in said
    assert told[0] == told[1] != []
    whole(traces(suite / "unmagic-traces"))


def test_async_tests(suite: Path):
    (suite / "tests" / "test_suite.py").write_text(
        textwrap.dedent("""
        import asyncio
        import unittest

        import pytest
        import pytest_asyncio

        def helper(x):
            return x + 1

        @pytest_asyncio.fixture
        async def made():
            yield helper(1)
            helper(5)

        @pytest.mark.asyncio
        async def test_later(made):
            assert helper(made) == 3
            assert await asyncio.gather(*(several(n) for n in (3, 4))) == [4, 5]

        async def several(n):
            await asyncio.sleep(0)
            return helper(n)

        class Later(unittest.IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.x = helper(7)

            async def test_unit(self):
                assert helper(self.x) == 9
    """)
    )
    run(suite, "--unmagic", others="asyncio")
    assert traces(suite / "unmagic-traces") == {
        "tests/test_suite/Later.test_unit.trace": ["7", "8"],
        "tests/test_suite/test_later.trace": ["1", "2", "3", "4", "5"],
    }


def test_a_live_server_and_its_bytes(suite: Path):
    """What the tests of a web application do: a server on a thread, a client, a password in a form."""
    secret = "-".join(("Zq7", "hunter2.Xy"))
    (suite / "tests" / "test_suite.py").write_text(
        textwrap.dedent(f"""
        import threading
        import urllib.request

        import pytest
        from flask import Flask, request
        from werkzeug.serving import make_server

        app = Flask(__name__)

        @app.post("/login")
        def login():
            return "welcome " + request.form["user"]

        @pytest.fixture
        def address():
            server = make_server("127.0.0.1", 0, app)
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            yield "http://127.0.0.1:%d" % server.server_port
            server.shutdown()
            thread.join()
            server.server_close()

        def test_login(address):
            with urllib.request.urlopen(address + "/login", b"user=me&password={secret}") as answer:
                assert answer.read() == b"welcome me"
    """)
    )
    run(suite, "--unmagic")
    path = suite / "unmagic-traces/tests/test_suite/test_login.trace"
    with Trace.open(path) as trace:
        assert len(named(trace, "login")) == 1
        assert {w.direction for w in trace.wires} >= {"in", "out"}
        assert int(trace.meta["masked.pair"]) >= 1
    assert secret.encode() not in path.read_bytes()


def test_a_test_that_records_a_part_of_itself(suite: Path):
    (suite / "tests" / "test_suite.py").write_text(
        textwrap.dedent("""
        import tracer

        def helper(x):
            return x

        @tracer.recorded("never.trace")
        def decorated():
            return helper(2)

        def test_part(tmp_path):
            helper(1)
            with tracer.record("part.trace", scope=("program",)):
                decorated()
            helper(3)
    """)
    )
    run(suite, "--unmagic")
    assert traces(suite) == {
        "part.trace": ["2"],
        "unmagic-traces/tests/test_suite/test_part.trace": ["1", "2", "3"],
    }


@pytest.mark.parametrize("words", [(), ("--unmagic",)], ids=["", "--unmagic"])
def test_a_project_with_modules_that_are_called_as_ours(suite: Path, words: tuple[str, ...]):
    for name in ("tracer", "report", "grader", "reference_impl"):
        (suite / f"{name}.py").write_text(f"THEIRS = {name!r}\n")
    (suite / "tests" / "test_suite.py").write_text(
        "import grader, reference_impl, report, tracer\n\n\ndef helper(x):\n    return x\n\n\ndef test_theirs():\n"
        "    assert [m.THEIRS for m in (tracer, report, grader, reference_impl)]\n    assert helper(1) == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "-p", "no:cacheprovider", *words], cwd=suite, timeout=120,
        env=environment(PYTHONPATH=f"{suite}:{ROOT}"), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert traces(suite) == ({"unmagic-traces/tests/test_suite/test_theirs.trace": ["1"]} if words else {})


def test_a_worker_that_dies_leaves_its_trace(suite: Path):
    (suite / "tests" / "test_suite.py").write_text(
        "import os\n\n\ndef helper(x):\n    return x\n\n\ndef test_dies():\n    helper(1)\n    os._exit(3)\n"
    )
    said = run(suite, "--unmagic", "-n", "1", code=1, others="xdist")
    assert "crashed" in said
    assert (suite / "unmagic-traces/tests/test_suite/test_dies.trace").exists()


def test_a_folder_that_cannot_be_written(suite: Path):
    (suite / "file").write_text("precious")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *PLUGIN, "--unmagic", "--unmagic-dir=file"], cwd=suite,
        env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 4
    assert re.fullmatch(r"ERROR: cannot write traces to \S+/file: .*\n", done.stderr.strip() + "\n"), done.stderr
    assert (suite / "file").read_text() == "precious"


def test_a_test_whose_trace_cannot_be_written_runs_and_is_told(suite: Path):
    place = suite / "unmagic-traces/tests/test_suite/test_plain.trace"
    place.parent.mkdir(parents=True)
    place.write_text("precious")
    said = run(suite, "--unmagic", "-k", "plain or one")
    assert "2 passed" in said
    assert re.search(r"not recorded: tests/test_suite.py::test_plain: will not overwrite \S+: it is not a trace", said)
    assert place.read_text() == "precious"


def test_the_plugin_is_declared():
    declared = (ROOT / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\nunmagic = "unmagic.pytest_plugin"\n' in declared


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("test_a.py::test_b", "test_a/test_b.trace"),
        ("tests/x/test_a.py::TestB::TestC::test_d[1-x]", "tests/x/test_a/TestB.TestC.test_d-1-x.trace"),
        ("docs/guide.md::guide.md", "docs/guide.md/guide.md.trace"),
        ("test_größe.py::test_ä", "test_größe/test_ä.trace"),
    ],
)
def test_a_name_that_says_what_the_test_is_called(nodeid: str, name: str):
    assert trace_name(nodeid).as_posix() == name


@given(st.text(), st.text())
def test_every_name_is_a_safe_path_and_its_own(one: str, other: str):
    names = [trace_name(f"tests/test_a.py::test_b[{values}]") for values in (one, other)]
    for path in names:
        parts = PurePosixPath(path.as_posix()).parts
        assert parts[:2] == ("tests", "test_a") and len(parts) == 3
        assert re.fullmatch(r"test_b[\w.+=,@-]*\.trace", parts[2]) and len(parts[2]) <= 100
    assert one == other or names[0] != names[1]


@given(st.text())
def test_no_name_leaves_the_folder(nodeid: str):
    path = trace_name(nodeid)
    assert not path.is_absolute() and ".." not in path.parts and path.suffix == ".trace"
