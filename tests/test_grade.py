"""`unmagic grade` and `unmagic doctor`, and submissions that try to get points without doing the work."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers_class import POINTS, ROOT, TINY, lay, points, tar, unmagic, work
from helpers_sandbox import A_ROOT, B_ROOT, Way

from grader.cohort.supervised import Graded, Settings, data, grade, packed
from grader.cohort.vendored import vendored
from grader.coursework.assignment import OURS
from grader.sandbox.limits import Limits

TIER = "A"
SETTINGS = Settings(str(TINY), TIER, "a key", limits=Limits(wall=60))


def graded(tmp_path: Path, files: dict[str, bytes], settings: Settings = SETTINGS) -> Graded:
    return grade("tried", packed(lay(tmp_path / "work", files)), settings)


# --- the command -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", POINTS)
def test_a_hand_in_gets_the_points_of_its_stages(tmp_path: Path, kind: str):
    made = graded(tmp_path, work(kind))
    assert (made.status, made.outcome.points, made.outcome.max_points) == ("graded", POINTS[kind], 9), made
    assert made.outcome.tier == TIER and made.flags == ()


def test_the_command_tells_a_person(tmp_path: Path):
    told = unmagic("grade", lay(tmp_path / "work", work("half")), "--assignment", TINY)
    assert told.returncode == 0, told.stderr
    assert "1 of 2 stages, 5 of 9 points" in told.stdout and "Sandbox: tier A, bubblewrap" in told.stdout
    assert "hint" in told.stdout or "NotImplementedError" in told.stdout


def test_each_format_says_the_same_points(tmp_path: Path):
    hand_in = tar(tmp_path / "hand-in.tar.gz", work("half"), "w:gz")
    folder = lay(tmp_path / "work", work("half"))
    as_data = json.loads(unmagic("grade", hand_in, "--assignment", TINY, "--format", "json").stdout)
    assert points(as_data) == 5 and as_data["outcome"]["sha256"]
    for form, read in {
        "autolab": lambda text: json.loads(text.splitlines()[-1])["scores"] == {"upper": 5, "turned": 0},
        "gradescope": lambda text: json.loads(text)["score"] == 5,
        "classroom50": lambda text: (json.loads(text)["score"], json.loads(text)["max-score"]) == (5, 9),
        "prairielearn": lambda text: json.loads(text)["score"] == round(5 / 9, 6),
        "junit": lambda text: ElementTree.fromstring(text).find("testsuite").get("failures") == "1",  # type: ignore[union-attr]
        "jsonl": lambda text: json.loads(text)["points"] == 5,
        "csv": lambda text: next(csv.DictReader(io.StringIO(text)))["points"] == "5",
    }.items():  # fmt: skip
        told = unmagic("grade", folder, "--assignment", TINY, "--format", form, "-o", tmp_path / form)
        assert told.returncode == 0 and told.stdout == "", told.stderr
        assert read((tmp_path / form).read_text(encoding="utf-8")), form


def test_one_stage_and_another_seed(tmp_path: Path):
    folder = lay(tmp_path / "work", work())
    one = json.loads(unmagic("grade", folder, "--assignment", TINY, "--stage", "upper", "--format", "json").stdout)
    assert [stage["id"] for stage in one["outcome"]["stages"]] == ["upper"] and points(one) == 5
    other = json.loads(
        unmagic("grade", folder, "--assignment", TINY, "--stage", "upper", "--seed", "x", "--format", "json").stdout
    )
    assert one["outcome"]["seed"] != other["outcome"]["seed"]


@pytest.mark.parametrize("words, sentence", (
    (("no-such-folder",), "does not exist"), (("{}", "--stage", "nine"), "there is no stage 'nine'"),
    (("{}", "--assignment", "docs"), "stages.toml: it cannot be read"),
))  # fmt: skip
def test_bad_input_is_one_sentence(tmp_path: Path, words: tuple[str, ...], sentence: str):
    lay(tmp_path / "work", work())
    told = unmagic("grade", *(word.format(tmp_path / "work") for word in words))
    assert told.returncode == 2 and sentence in told.stderr and told.stderr.count("\n") == 1, told.stderr


def test_what_is_no_submission_is_not_graded_and_no_zero(tmp_path: Path):
    (tmp_path / "work").mkdir()
    told = unmagic("grade", tmp_path / "work", "--assignment", TINY, "--format", "json")
    assert told.returncode == 1 and "there is no submission.toml in it" in told.stderr
    assert json.loads(told.stdout)["status"] == "refused" and points(json.loads(told.stdout)) is None
    for form in ("autolab", "classroom50"):
        told = unmagic("grade", tmp_path / "work", "--assignment", TINY, "--format", form)
        assert (told.returncode, told.stdout) == (1, "")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("server = 'python3 server.py'", "tried/submission.toml: server must be a list of words"),
        ("server = [" + "'x', " * 200 + "]", "tried/submission.toml: server has more than 100 words"),
        (f"server = ['{'x' * 9000}']", "or one of more than 4096 characters"),
        ("[", "tried/submission.toml: it is no TOML"),
    ],
)
def test_a_command_that_cannot_be_run_is_the_hand_ins_doing(tmp_path: Path, said: str, sentence: str):
    """It is called by the hand-in's name: nobody knows the folder in which it was opened."""
    made = graded(tmp_path, work(submission__toml=said))
    assert (made.status, made.attempts) == ("refused", 1)
    assert sentence in made.outcome.not_graded and "unmagic-job" not in made.outcome.not_graded


def test_a_mark_of_the_encoding_and_dos_line_ends_are_no_fault(tmp_path: Path):
    said = work()["submission.toml"].decode().replace("\n", "\r\n")
    assert graded(tmp_path, work(submission__toml=f"\ufeff{said}")).outcome.points == 9


def test_a_fault_of_ours_is_tried_again_and_is_no_score(tmp_path: Path):
    made = graded(tmp_path, work(), Settings(str(tmp_path / "nowhere"), TIER))
    assert (made.status, made.attempts) == ("fault", 3)
    assert "a fault of the grader's own" in made.outcome.not_graded and data(made)["outcome"]["points"] is None


def test_the_doctor_says_which_tier_and_why():
    told = unmagic("doctor")
    assert told.returncode == 0 and "tier A: chosen: bubblewrap" in told.stdout
    told = unmagic("doctor", PATH="/nowhere")
    assert "tier A: no" in told.stdout and "bubblewrap is not installed" in told.stdout
    assert "apt-get install bubblewrap" in told.stdout
    if os.geteuid() == 0:
        assert "tier B: chosen" in told.stdout and told.returncode == 0
        assert "never run as root" in told.stdout
    else:
        assert "tier C: chosen" in told.stdout and told.returncode == 1


def test_without_bubblewrap_the_next_tier_grades_and_says_so(tmp_path: Path):
    B_ROOT.command()
    told = unmagic("grade", lay(tmp_path / "w", work()), "--assignment", TINY, "--format", "json", PATH="/nowhere")
    assert told.returncode == 0 and json.loads(told.stdout)["outcome"]["tier"] == "B"
    assert points(json.loads(told.stdout)) == 9 and "sandbox tier B: another user" in told.stderr


@pytest.mark.parametrize("way", (A_ROOT, B_ROOT), ids=str)
@pytest.mark.parametrize("first", ("", "socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n"))
def test_a_server_that_ends_at_once_is_told_as_such_in_every_tier(tmp_path: Path, way: Way, first: str):
    """Before it listens, or as soon as it does: with what it printed, and its last exception as the hint."""
    way.command()
    dying = f"import os, socket\n{first}raise NotImplementedError('write serve_forever')\n"
    made = graded(tmp_path, work("whole", server__py=dying), Settings(str(TINY), way.tier))
    told = made.outcome.tests[0]
    assert (made.status, told.status) == ("graded", "failed")
    assert "ended with exit code 1" in told.output and (first or "before it listened on $PORT" in told.output)
    assert "NotImplementedError: write serve_forever" in told.output
    assert told.hint.startswith("write serve_forever (server.py, line ")


# --- points without work -----------------------------------------------------------------------------------

ZERO = {
    "prints a score": 'print(\'{"scores": {"upper": 5}}\\n{"outcome": {"points": 9}}\', flush=True)\n',
    "writes results": "open('/tmp/results.json', 'w').write('{\"score\": 9}')\n",
    "ends at once": "import os; os._exit(0)\n",
    "imports the library": "import wsproto, flask\n",
    "answers what it is sent": (
        "import os, socketserver\n"
        "class Echo(socketserver.StreamRequestHandler):\n  def handle(self):\n"
        "    for line in self.rfile: self.wfile.write(line)\n"
        "socketserver.ThreadingTCPServer(('127.0.0.1', int(os.environ['PORT'])), Echo).serve_forever()\n"
    ),
    "floods": (
        "import os, socket\nserver = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n"
        "while True:\n  sock, _ = server.accept()\n  try:\n    while True: sock.sendall(b'x' * 65536)\n"
        "  except OSError: pass\n"
    ),
    "looks for the grader": (
        "import os, socket\nfor pid in range(1, 400):\n  for what in ('environ', 'mem', 'fd/1'):\n"
        "    try: open(f'/proc/{pid}/{what}', 'rb').read(10)\n    except OSError: pass\n"
        "    try: pid > 2 and os.kill(pid, 9)\n    except OSError: pass\n"
        "for port in range(8081, 8100):\n  try: socket.create_server(('127.0.0.1', port))\n  except OSError: pass\n"
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ZERO)
def test_no_points_without_the_work(tmp_path: Path, what: str):
    made = graded(tmp_path, work("whole", server__py=ZERO[what]))
    assert made.status == "graded" and made.outcome.points == 0, made
    assert all(test.status in ("failed", "skipped") for test in made.outcome.tests)


def test_a_slow_drip_ends_in_time(tmp_path: Path):
    drip = (
        "import os, socket, time\nserver = socket.create_server(('127.0.0.1', int(os.environ['PORT'])))\n"
        "while True:\n  sock, _ = server.accept()\n  try:\n    while True: sock.sendall(b'x'); time.sleep(0.5)\n"
        "  except OSError: pass\n"
    )
    made = graded(tmp_path, work("whole", server__py=drip))
    assert made.outcome.points == 0 and made.outcome.seconds < 40


def test_what_a_student_prints_reaches_no_terminal_and_no_xml(tmp_path: Path):
    said = "\\x1b]0;owned\\x07\\x1b[31mred\\x00<script>alert(1)</script>"
    loud = f"import sys\nsys.stderr.write('{said}')\nsys.exit(1)\n"
    folder = lay(tmp_path / "work", work("whole", server__py=loud))
    told = unmagic("grade", folder, "--assignment", TINY)
    assert "alert(1)" in told.stdout, "it is told"
    assert "\x1b" not in told.stdout + told.stderr and "\x00" not in told.stdout
    ElementTree.fromstring(unmagic("grade", folder, "--assignment", TINY, "--format", "junit").stdout)


def test_the_hidden_test_says_no_more_than_the_class_of_failure(tmp_path: Path):
    late = work()["server.py"].decode().replace("for line in self.rfile:", "for line in [self.rfile.read1(4)]:")
    made = graded(tmp_path, work("whole", server__py=late))
    hidden = [test for test in made.outcome.tests if test.visibility == "hidden"]
    assert [test.id for test in hidden] == ["upper.in_pieces"]
    assert all("sent" not in test.output for test in hidden)


def test_two_at_once_do_not_meet_and_nothing_of_a_hand_in_is_left(tmp_path: Path):
    """In a folder for temporary files of their own: others may grade at the same time."""
    mean = "import os, signal\nfor pid in range(3, 5000):\n  try: os.kill(pid, 9)\n  except OSError: pass\n"
    one = lay(tmp_path / "one", work("whole", server__py=mean + work()["server.py"].decode()))
    other = lay(tmp_path / "other", work())
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
        "from grader.cohort.supervised import *\n"
        "print(grade('x', packed(Path(sys.argv[2])), Settings(sys.argv[3], 'A')).outcome.points)"
    )
    home = str(Path(__file__).parent.parent)
    with tempfile.TemporaryDirectory(prefix="unmagic-tests-") as jobs:
        Path(jobs).chmod(0o755)
        running = [
            subprocess.Popen(
                [sys.executable, "-c", script, home, str(path), str(TINY)],
                env={**os.environ, "TMPDIR": jobs}, stdout=subprocess.PIPE, text=True,
            )
            for path in (one, other, one, other)
        ]  # fmt: skip
        assert [process.communicate(timeout=100)[0] for process in running] == ["9\n"] * 4
        assert not list(Path(jobs).glob("unmagic-job-*"))


# --- another language --------------------------------------------------------------------------------------


@pytest.mark.parametrize("tier, stages", (
    ("A", ("tcp", "headers", "handshake", "frame_in", "frame_out")), ("B", ("tcp",)),
))  # fmt: skip
def test_a_server_in_javascript_gets_the_same_tests_behind_the_same_walls(tier: str, stages: tuple[str, ...]):
    """Bare sockets, shim and all: tests/sandbox/node."""
    if not shutil.which("node"):
        pytest.skip("there is no node to be the other language")
    if tier == "B" and os.geteuid() != 0:
        pytest.skip("tier B needs root")
    made = grade("node", packed(ROOT / "tests" / "sandbox" / "node"), Settings(str(OURS), tier, "a key", stages))
    assert made.status == "graded", made.outcome.not_graded
    assert [stage.id for stage in made.outcome.stages if stage.earned] == list(stages), made.outcome.tests


# --- what is told to a person ------------------------------------------------------------------------------


@pytest.mark.parametrize("files, word", (
    ({"wsproto/__init__.py": b""}, "wsproto"), ({"lib/h11-0.16.0.tar.gz": b""}, "h11"),
    ({"mine.py": b"class WSConnection: pass\nclass FrameProtocol: pass\nclass FrameDecoder: pass\n"
                 b"class MessageDecoder: pass\n"}, "wsproto"),
    ({"a.py": b"from werkzeug.serving import run_simple"}, "imports werkzeug"),
    ({"vendor.whl": b"PK"}, "is no source"), ({"Flask_Sock.py": b""}, "flask_sock"),
))  # fmt: skip
def test_a_library_that_was_brought_along_is_told(tmp_path: Path, files: dict[str, bytes], word: str):
    found = vendored(lay(tmp_path / "work", {**work(), **files}))
    assert len(found) == 1 and word in found[0]


def test_the_real_library_under_another_name_is_told(tmp_path: Path):
    import wsproto

    source = b"".join(path.read_bytes() for path in sorted(Path(wsproto.__file__).parent.glob("*.py")))
    source = source.replace(b"from __future__ import annotations", b"")
    assert any("wsproto" in one for one in vendored(lay(tmp_path / "w", {**work(), "helpers.py": source})))


def test_an_honest_solution_is_not_flagged(tmp_path: Path):
    from grader.coursework.assignment import load
    from grader.coursework.starter import made

    ours = load()
    assert vendored(lay(tmp_path / "work", made(ours, ours.stages))) == []
