"""The starter is made of reference_impl: it earns nothing, the whole earns everything, and each part its own stages."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from helpers_coursework import graded, write_solution
from helpers_marks import more

from grader.coursework import assignment as assignments
from grader.coursework import starter
from grader.coursework.assignment import AssignmentError
from grader.coursework.emptied import Body, NoSuchFunction, emptied
from grader.coursework.staged import Patience

ASSIGNMENT = assignments.load()
_COUNTS = range(len(ASSIGNMENT.stages) + 1)
#: So many stages are solved, from the first one on.
PARTS = [*_COUNTS[::6], *more(*(count for count in _COUNTS if count % 6))]

SOURCE = '''
class Parser:
    def __init__(self):
        self.kept = 1

    def read(self, size: int) -> Iterator[int]:
        """Reads.

        >>> 1
        """
        # 5.2: "the length MUST be" short. Ours does it by a trick: `x`.
        # It goes on.
        size += 1
        # why, not what
        yield from self.more(size)

def longer(
    one: int,
    two: str = "a\\
b",
) -> int:
    # RFC 9110, 5.3: several lines
    # are one list.
    return 1

def callback():
    def inner():
        yield 1
    return inner
'''


def test_a_body_goes_and_signature_docstring_and_quotations_stay():
    bodies = {
        "Parser.read": Body("write this"),
        "longer": Body(code="# for now\nreturn 2"),
        "callback": Body('say "no"'),
    }
    text = emptied(SOURCE, bodies)
    compile(text, "made.py", "exec")
    assert '"""Reads.\n\n        >>> 1\n        """\n        # 5.2: "the length MUST be"\n        raise NotImpl' in text
    assert 'NotImplementedError("write this")\n        yield' in text, "a generator stays one"
    assert "size += 1" not in text and "trick" not in text and "why, not what" not in text
    assert ") -> int:\n    # RFC 9110, 5.3: several lines\n    # are one list.\n    # for now\n    return 2\n" in text
    assert 'def callback():\n    raise NotImplementedError("say \\"no\\"")\n' in text
    assert "self.kept = 1" in text


def test_a_function_that_is_not_there_is_told():
    with pytest.raises(NoSuchFunction, match=r"Parser\.write"):
        emptied(SOURCE, {"Parser.write": Body("x")})
    first = dataclasses.replace(ASSIGNMENT.stages[0], functions=("http.Reader.skim",))
    with pytest.raises(AssignmentError, match=r"stages.toml names http\.Reader\.skim, which .*http\.py does not have"):
        starter.made(dataclasses.replace(ASSIGNMENT, stages=(first, *ASSIGNMENT.stages[1:])))
    other = dataclasses.replace(ASSIGNMENT.stages[0], functions=("htttp.Reader.recv",))
    with pytest.raises(AssignmentError, match="names the module 'htttp'"):
        starter.made(dataclasses.replace(ASSIGNMENT, stages=(other,)))


def test_the_whole_is_the_reference_by_another_name():
    files = starter.made(ASSIGNMENT, ASSIGNMENT.stages)
    for path in sorted(ASSIGNMENT.source.glob("*.py")):
        made = files[f"stack/{path.name}"].decode()
        assert made.replace("python -m stack", "python -m reference_impl") == path.read_text(encoding="utf-8")
    assert b"NotImplementedError" not in b"".join(content for name, content in files.items() if name.endswith(".py")
                                                  and name.startswith("stack/"))  # fmt: skip


def test_the_starter_can_be_imported_and_says_what_to_write(tmp_path: Path):
    starter.write(ASSIGNMENT, tmp_path / "work")
    program = "import stack, stack.frames as f; f.FrameParser(True).frames()"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path / "work", capture_output=True, text=True, timeout=60
    )
    assert done.stderr.endswith("NotImplementedError: stage 5, frame_in: write frames.FrameParser.frames\n")
    text = (tmp_path / "work" / "README.md").read_text(encoding="utf-8")
    for number, stage in enumerate(ASSIGNMENT.stages, 1):
        assert f"### {number}. {stage.title} (`{stage.id}`, {stage.most} points" in text
        for name, count in stage.points.items():
            assert f"\n- `{name}` " in text and f" ({count} point" in text
    assert "- and again `stack/handshake.py`: `accept_request`\n" in text.partition("(`compression`")[2]
    hidden = ("`target_and_query`", "`wsgi`")
    asked = [next(line for line in text.splitlines() if line.startswith(f"- {name}")) for name in hidden]
    assert [line.endswith("(1 point, hidden)") for line in asked] == [True, False]
    every = [name for stage in ASSIGNMENT.stages for name in stage.functions]
    raised = sum(
        b"NotImplementedError(" in line
        for content in starter.made(ASSIGNMENT).values()
        for line in content.split(b"\n")
    )
    assert raised == len(every) - sum(len(stage.instead) for stage in ASSIGNMENT.stages)


def test_a_folder_of_somebody_is_never_written_into(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.py").write_text("x = 1\n")
    with pytest.raises(AssignmentError, match="is there already"):
        starter.write(ASSIGNMENT, tmp_path / "mine")
    with pytest.raises(AssignmentError, match="is there already"):
        starter.write(ASSIGNMENT, tmp_path / "mine" / "work.py")
    (tmp_path / "empty").mkdir()
    starter.write(ASSIGNMENT, tmp_path / "empty")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "mine"], "nothing is left beside"


@pytest.mark.parametrize("count", PARTS)
def test_each_part_earns_exactly_its_stages(count: int, tmp_path: Path):
    done = ASSIGNMENT.stages[:count]
    starter.write(ASSIGNMENT, tmp_path / "work", done)
    outcome = graded(tmp_path / "work", ASSIGNMENT, patience=Patience(answer=4.0))
    assert outcome.not_graded == ""
    told = [(tested.id, tested.hint, tested.output) for tested in outcome.tests if tested.status == "failed"]
    assert [stage.id for stage in outcome.stages if stage.earned] == [stage.id for stage in done], told[:1]
    assert outcome.points == sum(stage.most for stage in done)
    passed = {tested.stage for tested in outcome.tests if tested.status == "passed"}
    assert passed <= {stage.id for stage in done}, "a test that passes before its stage tries nothing of it"
    if count == len(ASSIGNMENT.stages):
        assert outcome.points == outcome.max_points == sum(stage.most for stage in ASSIGNMENT.stages)


def test_a_solution_that_is_changed_is_another_submission(tmp_path: Path):
    from grader.coursework import submission

    one = write_solution(tmp_path / "one", ASSIGNMENT)
    other = write_solution(tmp_path / "other", ASSIGNMENT)
    assert submission.load(one).sha256 == submission.load(other).sha256
    (other / "stack" / "sock.py").write_text((other / "stack" / "sock.py").read_text() + "\n# mine\n")
    assert submission.load(one).sha256 != submission.load(other).sha256
