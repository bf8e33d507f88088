"""Grading: what is skipped, what is not graded, what is tolerated, and that the same is asked each time."""

from __future__ import annotations

import os
import select
import shutil
import textwrap
from pathlib import Path

import pytest
from helpers_coursework import graded, write_solution

from grader.coursework import assignment as assignments
from grader.coursework import submission
from grader.coursework.assignment import AssignmentError
from grader.coursework.grade import grade
from grader.coursework.outcome import Outcome, data, outcome
from grader.coursework.place import MAX_LINE, TASKS, Place, PlaceError, SubmissionFailed
from grader.coursework.plain import PlainPlace
from grader.coursework.staged import Patience
from grader.coursework.submission import SubmissionError
from grader.coursework.told import NO_THREAD

OURS = assignments.load()
QUICK = Patience(start=20.0, answer=0.5)

TABLE = """
name = "a small one"
version = "7"
source = "source"
package = "stack"
starter = "source"
tests = "tests"
credit = "{credit}"
[[stage]]
id = "one"
title = "One"
needs = []
hidden = ["second"]
[stage.points]
first = 1
second = 2
third = 4
[[stage]]
id = "two"
title = "Two"
needs = ["one"]
[stage.points]
last = 8
"""

ONE = '''
from grader.coursework.staged import Asked
from grader.coursework import wire

def _ask(t, question, wanted):
    with t.peer() as peer:
        peer.send(question, "a question")
        peer.expect(wanted, "the answer", "say what you are asked for")
        peer.expect_end("the end")

def first(t: Asked) -> None:
    """The first.

    More of it."""
    _ask(t, b"first", b"first!")

def second(t: Asked) -> None:
    """The second"""
    _ask(t, b"second", b"second!")

def third(t: Asked) -> None:
    """The third"""
    _ask(t, b"third", b"third!")
'''
TWO = '''
def last(t):
    """The last"""
    with t.peer() as peer:
        peer.send(b"last " + t.word().encode(), "a question with chance in it")
        peer.expect(b"last!", "the answer")
'''

SERVER = """
import os, socket, sys
listening = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
while True:
    sock, _ = listening.accept()
    with sock:
        asked = sock.recv(100)
        ANSWER
"""


@pytest.fixture
def small(tmp_path: Path):
    """An assignment of two stages, and submissions that answer as they are told."""

    class Small:
        folder = tmp_path / "assignment"

        def assignment(self, credit: str = "objective", one: str = ONE, two: str = TWO, table: str = TABLE):
            shutil.rmtree(self.folder, ignore_errors=True)
            (self.folder / "tests").mkdir(parents=True)
            (self.folder / "source").mkdir()
            (self.folder / "stages.toml").write_text(table.replace("{credit}", credit))
            for name, text in (("one", one), ("two", two)):
                (self.folder / "tests" / f"{name}.py").write_text(text)
            return assignments.load(self.folder)

        def work(self, answer: str, server: str = SERVER, command: str = '["python3", "s.py"]') -> Path:
            made = tmp_path / "work"
            shutil.rmtree(made, ignore_errors=True)
            made.mkdir()
            (made / "submission.toml").write_text(f"server = {command}\n")
            body = textwrap.indent(textwrap.dedent(answer).strip(), " " * 8).strip()
            (made / "s.py").write_text(server.replace("ANSWER", body))
            return made

        def grade(self, answer: str, credit: str = "objective", hidden: bool = False, **how: str) -> Outcome:
            place = PlainPlace()
            try:
                work = submission.load(self.work(answer))
                return grade(work, self.assignment(credit, **how), place, patience=QUICK, show_hidden=hidden)
            finally:
                place.close()

    return Small()


def statuses(outcome: Outcome) -> str:
    return " ".join(tested.status for tested in outcome.tests)


RIGHT = "sock.sendall(asked.split()[0] + b'!')"
WITHOUT_SECOND = "sock.sendall(b'what?' if b'second' in asked else asked.split()[0] + b'!')"


def test_all_right(small):
    got = small.grade(RIGHT)
    assert (statuses(got), got.points, got.max_points) == ("passed passed passed passed", 15, 15)
    assert [(stage.id, stage.earned) for stage in got.stages] == [("one", True), ("two", True)]
    assert (got.assignment, got.tier, got.tests[0].name) == ("a small one, version 7", "none", "The first")
    assert outcome(data(got)) == got


def test_one_wrong_test_takes_the_objective_and_skips_what_stands_on_it(small):
    got = small.grade(WITHOUT_SECOND)
    assert (statuses(got), got.points) == ("passed failed passed skipped", 0)
    assert got.stages[1].skipped_for == "one"
    assert got.tests[3].output == "not run, because stage 'one' comes first"


def test_credit_by_test_counts_what_passed(small):
    got = small.grade(WITHOUT_SECOND, credit="test")
    assert (statuses(got), got.points, got.stages[0].points, got.stages[0].earned) == (
        "passed failed passed skipped",
        5,
        5,
        False,
    )


def test_of_a_hidden_test_only_the_class_of_failure_is_told(small):
    wrong = "sock.sendall(b'SECRET' if b'second' in asked else asked.split()[0] + b'!')"
    hidden = small.grade(wrong).tests[1]
    assert (hidden.visibility, hidden.output, hidden.hint) == ("hidden", "the answer is not the right one", "")
    told = small.grade(wrong, hidden=True).tests[1]
    assert "53 45 43" in told.output and told.hint == "say what you are asked for"


@pytest.mark.parametrize(
    "fault, told",
    [
        ("os._exit(3)", "the server ended with exit code 3"),
        ('print("RuntimeError: can\'t start new thread", file=sys.stderr, flush=True)', NO_THREAD),
        ("sock.sendall(b'SECRET')", "the answer is not the right one"),
    ],
)
def test_of_a_hidden_test_it_is_told_that_the_server_is_gone_or_full(small, fault: str, told: str):
    answer = f"if b'second' in asked: {fault}\nelse: {RIGHT}"
    tested = small.grade(answer).tests[1]
    assert (tested.output, tested.hint) == (told, "")
    shown = small.grade(answer, hidden=True).tests[1]
    assert (shown.hint == NO_THREAD) == (told == NO_THREAD)


def test_threads_that_never_end_are_told_without_a_sandbox_too(small):
    """The sandbox allows so many; a try on the student's machine must not be more patient."""
    leak = "for _ in range({}): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()"
    few, many = (
        small.grade(f"import threading, time\n{leak.format(count)}\n{RIGHT}") for count in (TASKS // 4 - 2, TASKS)
    )
    assert statuses(few) == "passed passed passed passed"
    assert statuses(many) == "passed failed passed skipped"
    assert (
        many.tests[1].output
        == f"it has {TASKS + 1} threads where {TASKS} are allowed: those of connections that are over still run"
    )


def test_what_the_server_prints_says_nothing_of_a_function(small, tmp_path: Path):
    one = ONE.replace('_ask(t, b"third", b"third!")', '_ask(t, b"third", b"third!"); t.ask("f", 1, "one")')
    work = small.work(f"print('ValueError: of the server', file=sys.stderr, flush=True)\n{RIGHT}")
    with (work / "submission.toml").open("a") as file:
        file.write('functions = ["python3", "f.py"]\n')
    shim = """
        import sys
        for line in sys.stdin:
            print("KeyError: of the shim", file=sys.stderr, flush=True)
            print('{"result": 2}', flush=True)
    """
    (work / "f.py").write_text(textwrap.dedent(shim))
    place = PlainPlace()
    try:
        got = grade(submission.load(work), small.assignment(one=one), place, patience=QUICK)
    finally:
        place.close()
    assert got.tests[2].status == "failed"
    assert "KeyError: of the shim" in got.tests[2].output and "ValueError" not in got.tests[2].output


def test_the_first_byte_that_differs_is_marked(small):
    told = small.grade("sock.sendall(b'firSt!' if b'first' in asked else asked.split()[0] + b'!')").tests[0]
    rows = [line for line in told.output.splitlines() if line.endswith(("first!", "firSt!")) or "^^" in line]
    expected, came, mark = rows[-3:]
    assert "expected  66 69 72 73 74 21 " in expected
    assert came.rstrip().endswith("firSt!")
    assert mark.index("^^") == expected.index("73 74") and mark.endswith("byte 3 is the first that differs")


def test_who_never_answers_ends_a_stage_early_and_there_are_results(small):
    got = small.grade("import time; time.sleep(60)")
    assert statuses(got) == "failed failed skipped skipped"
    assert got.tests[2].output == "not run, because 2 tests of this stage had no answer in time"
    assert got.seconds < 20


def test_a_reset_behind_a_whole_answer_is_no_fault(small):
    """A server that answers without having read everything resets the connection when it closes."""
    server = SERVER.replace("sock.recv(100)", "sock.recv(100, socket.MSG_PEEK)")
    for _ in range(5):
        place = PlainPlace()
        try:
            work = submission.load(small.work(RIGHT, server))
            assert grade(work, small.assignment(), place, patience=QUICK).points == 15
        finally:
            place.close()


def test_more_than_the_answer_is_wrong(small):
    assert statuses(small.grade("sock.sendall(asked.split()[0] + b'!' + b'x')")).startswith("failed failed failed")


def test_a_flood_ends(small):
    got = small.grade("while True: sock.sendall(b'first!' + bytes(1 << 16))")
    assert got.tests[0].status == "failed" and got.tests[0].seconds < 10
    assert len(got.tests[0].output) < 2000


def test_what_is_printed_is_told_and_obeyed_by_no_terminal(small):
    got = small.grade("print('\\x1b[2J\\x07'); raise ValueError('it is \\x1b[31mred')")
    told = got.tests[0]
    assert "\x1b" not in told.output and "ValueError: it is \\x1b[31mred (s.py, line" in told.output
    assert "\x1b" in got.printed, "the outcome keeps it as it was; whoever shows it escapes it"


def test_a_server_that_does_not_start_says_why(small):
    place = PlainPlace()
    try:
        work = submission.load(small.work("pass", "import nothing_of_that_name\n"))
        got = grade(work, small.assignment(), place, patience=QUICK)
    finally:
        place.close()
    assert statuses(got) == "failed failed failed skipped"
    assert got.tests[0].hint.startswith("ModuleNotFoundError: No module named 'nothing_of_that_name'")


def test_a_command_that_is_not_there(small):
    place = PlainPlace()
    try:
        work = submission.load(small.work("pass", command='["no-such-command-here"]'))
        got = grade(work, small.assignment(), place, patience=QUICK)
    finally:
        place.close()
    assert "cannot be started" in got.tests[0].hint


def test_a_test_that_fails_itself_is_not_graded(small):
    got = small.grade(RIGHT, two='def last(t):\n    """The last"""\n    raise KeyError("ours")\n')
    assert got.not_graded == "the test two.last failed itself: KeyError: 'ours' (last)"
    assert statuses(got) == "passed passed passed error"
    with pytest.raises(ValueError, match="was not graded"):
        _ = got.points
    assert data(got)["points"] is None


def test_a_place_that_breaks_is_not_graded(small):
    class Broken:
        tier = "broken"

        def server(self, work, timeout):
            raise PlaceError("the place is on fire")

        def close(self) -> None: ...

    place: Place = Broken()  # type: ignore[assignment]
    got = grade(submission.load(small.work(RIGHT)), small.assignment(), place, patience=QUICK)
    assert (got.not_graded, got.tests[0].status, len(got.tests)) == ("the place is on fire", "error", 1)


def test_the_same_submission_is_asked_the_same_and_another_key_asks_another(small):
    wrong = "sock.sendall(b'no' if b'last' in asked else asked.split()[0] + b'!')"
    place = PlainPlace()
    try:
        work, assignment = submission.load(small.work(wrong)), small.assignment()
        told = [grade(work, assignment, place, key=key, patience=QUICK) for key in ("a", "a", "b")]
    finally:
        place.close()
    one, again, other = ((each.seed, each.tests[3].output) for each in told)
    assert one == again != other and one[1] != other[1]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('needs = ["one"]', 'needs = ["three"]', "stage 'two' needs 'three', which no stage before it is"),
        ('id = "two"', 'id = "one"', "there are two stages 'one'"),
        ('id = "two"', 'id = "two"\nagain = ["a.b"]', "stage 'two' has a.b again, which no stage before it writes"),
        ("last = 8", "last = 0.5", "the points of last must be a whole number, not 0.5"),
        ("last = 8", "last = 8\nother = 1", "counts a test 'other', which is not there"),
        ("third = 4", "", "'third' has no points in stages.toml"),
        ('hidden = ["second"]', 'hidden = ["secund"]', "there is no test 'secund' to be hidden"),
        ('credit = "{credit}"', 'credit = "none"', "not 'none'"),
        ('version = "7"', "version = 7", "version is missing, or no str"),
        ("[[stage]]", "[[stage", "it is no TOML"),
    ],
)
def test_a_table_that_is_wrong_is_told_in_a_sentence(small, old: str, new: str, sentence: str):
    with pytest.raises(AssignmentError, match=sentence.replace("(", r"\(")):
        assignment = small.assignment(table=TABLE.replace(old, new))
        grade(submission.load(small.work(RIGHT)), assignment, PlainPlace(), patience=QUICK)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "there is no submission.toml in it"),
        ("server = 5", "server must be a list of words"),
        ("server = [5]", "server must be a list of words"),
        ("functions = ['a']", "there is no line such as server ="),
        ("server = [", "it is no TOML"),
        ("#" * 70000, "it is longer than 65536 bytes"),
    ],
)
def test_a_submission_that_is_none_is_told_in_a_sentence(tmp_path: Path, text: str | None, sentence: str):
    if text is not None:
        (tmp_path / "submission.toml").write_text(text)
    with pytest.raises(SubmissionError, match=sentence):
        submission.load(tmp_path)


def shim(tmp_path: Path, text: str):
    (tmp_path / "submission.toml").write_text('server = ["a"]\nfunctions = ["python3", "f.py"]\n')
    (tmp_path / "f.py").write_text(text)
    place = PlainPlace()
    return place, place.shim(submission.load(tmp_path))


def test_a_shim_is_asked_line_by_line(tmp_path: Path):
    place, running = shim(tmp_path, "import sys\nfor line in sys.stdin: print(line.strip()[::-1], flush=True)")
    try:
        assert [running.ask(word, 20) for word in (b"abc", b"de")] == [b"cba", b"ed"]
    finally:
        place.close()
    with pytest.raises(SubmissionFailed, match="without an answer"):
        running.ask(b"more", 5)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("import time; time.sleep(60)", "no answer within"),
        ("import sys; sys.exit(3)", "ended with exit code 3, without an answer"),
        ("import os; os.kill(os.getpid(), 9)", "ended by SIGKILL"),
        (f"input(); print('a' * {MAX_LINE + 10})", "longer than"),
        ("import sys; print('no', end='', flush=True); import os; os.close(1); input(); input()", "without an answer"),
    ],
)
def test_a_shim_that_does_not_answer(tmp_path: Path, text: str, sentence: str):
    place, running = shim(tmp_path, text)
    try:
        with pytest.raises(SubmissionFailed, match=sentence):
            running.ask(b"question", 1.0 if "sleep" in text else 20)
    finally:
        place.close()


def test_nothing_of_a_submission_is_left_running(small):
    """A child that leaves its parent behind dies with the session."""
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(99)'])\n"
    place = PlainPlace()
    running = place.server(submission.load(small.work(RIGHT, child + SERVER)), 20)
    session = running.process.pid
    place.close()
    left = [
        int(stat.parent.name)
        for stat in Path("/proc").glob("[0-9]*/stat")
        if (said := _read(stat)) and said.rpartition(")")[2].split()[3] == str(session)
        and said.rpartition(")")[2].split()[0] != "Z"
    ]  # fmt: skip
    assert [pid for pid in left if not _ends(pid)] == []


def _ends(pid: int) -> bool:
    """Whether a process is about to end: one that was killed may still be at it."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], 5.0)[0])
    finally:
        os.close(handle)


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""


def test_points_and_stages_are_those_of_the_issue():
    assert [stage.id for stage in OURS.stages] == [
        "tcp", "headers", "routes", "handshake", "frame_in", "frame_out", "lengths", "fragments", "ping_close",
        "server", "sock", "bad_input", "compression",
    ]  # fmt: skip
    assert [stage.id for stage in OURS.stages if stage.optional] == ["compression"]
    assert [stage.id for stage in OURS.ground("frame_in")] == ["tcp", "headers", "handshake", "frame_in"]


def test_a_solution_earns_the_same_each_time(tmp_path: Path):
    work = write_solution(tmp_path / "work", OURS)
    stages = OURS.stages[:2]
    assert {tuple(tested.status for tested in graded(work, OURS, stages).tests) for _ in range(3)} == {
        ("passed",) * sum(len(stage.points) for stage in stages)
    }


#: Says why, listens, and has ended before anybody could connect, or as somebody does.
DYING = "import sys\nprint('ValueError: out of ink', file=sys.stderr, flush=True)\n" + SERVER
AT_ONCE = (
    "import os, socket\nsocket.create_server(('127.0.0.1', int(os.environ['PORT'])))\nraise ValueError('out of ink')"
)


@pytest.mark.parametrize("server, answer", ((DYING, "os._exit(3)"), (AT_ONCE, "")))
def test_a_server_that_ends_before_it_answers_is_told_with_what_it_printed(small, server: str, answer: str):
    """It may have been printed before we knew that it listens, or after: that is chance, and tells the same."""
    place = PlainPlace()
    try:
        got = grade(submission.load(small.work(answer, server)), small.assignment(), place, patience=QUICK)
    finally:
        place.close()
    assert statuses(got) == "failed failed failed skipped"
    for told in (got.tests[0], got.tests[2]):
        assert "ValueError: out of ink" in told.output and ("nothing" in told.output or "exit code" in told.output)
        assert "ValueError: out of ink" in told.hint or told.hint == "say what you are asked for"
