"""`check` and `reveal`: what is right is told, and of what is wrong, which mistake it was."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from helpers_recording import environment
from IPython.core.formatters import DisplayFormatter

from notebooks.course import predicting
from notebooks.course.checking import check, given, judge
from notebooks.course.exercise import Exercise, Mistake, call
from notebooks.course.exercises import EXERCISES, GUESSES
from notebooks.making import building
from notebooks.making.reading import exercise_of
from notebooks.making.student import INSTEAD, cut

MISTAKES = [(e, m) for e in EXERCISES.values() for m in e.mistakes]
IDS = [f"{e.name}-{m.wrong.__name__.strip('_')}" for e, m in MISTAKES]


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_a_right_answer_is_right(exercise: Exercise):
    verdict = judge(exercise.name, exercise.right)
    assert verdict and verdict.word == "Right." and verdict.sentence == exercise.praise


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=IDS)
def test_a_mistake_is_told(exercise: Exercise, mistake: Mistake):
    verdict = judge(exercise.name, mistake.wrong)
    assert not verdict and verdict.word == "Not yet." and verdict.sentence == mistake.sentence


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_three_mistakes_at_least_are_known_and_differ(exercise: Exercise):
    assert len(exercise.mistakes) >= 3
    came = [[given(case, mistake.wrong) for case in exercise.cases] for mistake in exercise.mistakes]
    assert all(came.count(one) == 1 for one in came)
    assert len({mistake.sentence for mistake in exercise.mistakes}) == len(exercise.mistakes)


def test_what_no_list_foresaw_is_told_by_the_first_difference(monkeypatch: pytest.MonkeyPatch):
    mistakes = (Mistake(lambda x: x * x, "You square it."),)
    made = Exercise("double", lambda x: 2 * x, (call(2), call(3), call("a")), mistakes, "Twice as much.")
    monkeypatch.setitem(EXERCISES, "double", made)
    assert judge("double", lambda x: x + x).sentence == "Twice as much."
    but_for_3 = judge("double", lambda x: 2 * x if x != 3 else 7)
    assert but_for_3.sentence == "For 3, `double` gives `7`; it should give `6`."
    assert judge("double", lambda x: str(2 * x)).sentence == (
        "For 2, `double` gives `'4'`; it should give `4`.\nThat is a `str`, and an `int` is wanted."
    )
    assert "returns nothing" in judge("double", lambda x: None).sentence

    def fails(x: object) -> object:
        raise ZeroDivisionError("division by zero")

    assert judge("double", fails).sentence == (
        "For 2, `double` raises `ZeroDivisionError` (division by zero); it should give `4`."
    )

    def unwritten(x: object) -> object:
        raise NotImplementedError("write your lines here")

    assert "is not written yet" in judge("double", unwritten).sentence
    assert judge("double", lambda: 4).sentence.startswith("For 2, `double` raises `TypeError`")


def test_of_two_mistakes_together_one_is_told_and_the_other_shown(monkeypatch: pytest.MonkeyPatch):
    mistakes = (Mistake(lambda x: 2 * x if x > 0 else 0, "Less than 0 is a number, too."),)
    made = Exercise("double", lambda x: 2 * x, (call(2), call(3), call(-1), call(-2)), mistakes, "Twice as much.")
    monkeypatch.setitem(EXERCISES, "double", made)
    both = judge("double", lambda x: 0 if x < 0 else 7 if x == 3 else 2 * x)
    assert both.sentence == (
        "Less than 0 is a number, too.\nAnd that is not all. For 3, `double` gives `7`; it should give `6`."
    )
    error_besides = judge("double", lambda x: 2 * x if x > 0 else 0 if x == -1 else 1 // 0)
    assert error_besides.sentence.startswith(
        "Less than 0 is a number, too.\nAnd that is not all. For -2, `double` raises"
    )
    only_errors = judge("double", lambda x: 2 * x if x == 2 else 1 // 0)
    assert only_errors.sentence.startswith("For 3, `double` raises `ZeroDivisionError`")
    part_of_it = judge("double", lambda x: 0 if x == -1 else 2 * x)
    assert part_of_it.sentence == "For -1, `double` gives `0`; it should give `-2`."


def test_what_is_missing_or_no_function_is_told():
    name = next(iter(EXERCISES))
    assert "run the cell above" in judge(name, None).sentence
    assert "should be a function, and is an `int`" in judge(name, 5).sentence
    assert "There is no exercise `nothing`" in judge("nothing", len).sentence


def test_a_function_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch):
    quick = replace(next(iter(EXERCISES.values())), patience=0.05)
    monkeypatch.setitem(EXERCISES, quick.name, quick)

    def endless(*_: object) -> object:
        while True:
            try:
                while True:
                    pass
            except Exception:
                pass

    assert "does not come to an end" in judge(quick.name, endless).sentence


def test_check_finds_the_function_where_it_is_called_and_raises_for_nbgrader(monkeypatch: pytest.MonkeyPatch):
    exercise = next(iter(EXERCISES.values()))
    place = {"check": check, exercise.name: exercise.right, "name": exercise.name}
    assert eval("check(name)", place)
    assert DisplayFormatter().format(eval("check(name)", place))[0]
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    verdict = eval("check(name)", place)
    assert verdict
    assert DisplayFormatter().format(verdict) == ({}, {})  # a result would be read as points
    place[exercise.name] = exercise.mistakes[0].wrong
    with pytest.raises(AssertionError) as failed:
        eval("check(name)", place)
    assert str(failed.value) == exercise.mistakes[0].sentence


@pytest.mark.parametrize("guess", GUESSES.values(), ids=GUESSES)
def test_a_guess_is_compared_kindly(guess: object):
    name = guess.name  # type: ignore[attr-defined]
    assert predicting.reveal(name, "the truth", "the truth").word == "As you said."
    assert predicting.reveal(name, ..., 5).word == "You wrote nothing down."
    other = predicting.reveal(name, "quite another", 5)
    assert other.word == "You said quite another." and "It was `5`." in other.sentence
    for wrong, sentence in guess.near.items():  # type: ignore[attr-defined]
        assert predicting.reveal(name, wrong, "the truth").sentence.startswith(sentence)


def test_a_guess_may_be_written_in_more_than_one_way():
    assert predicting.same("5", 5) and predicting.same(" Thread B.", "b") and predicting.same("None", None)
    assert not predicting.same("6", 5) and not predicting.same(b"", None)
    with pytest.raises(LookupError, match="there is no prediction 'nothing'"):
        predicting.reveal("nothing", 1, 2)


def test_every_exercise_and_every_guess_is_in_a_notebook():
    sources = "\n".join((building.SOURCES / f"{name}.py").read_text(encoding="utf-8") for name in building.names())
    assert [name for name in EXERCISES if f'tags=["exercise:{name}"]' not in sources] == []
    assert [name for name in EXERCISES if f'check("{name}")' not in sources] == []
    assert [name for name in GUESSES if f'reveal("{name}", ' not in sources] == []


def test_solutions_are_cut_and_marks_have_partners():
    cell = "def f(x):\n    a = 1\n    ### BEGIN SOLUTION\n    b = 2\n    ### END SOLUTION\n    return a\n"
    assert cut(cell) == f"def f(x):\n    a = 1\n    {INSTEAD}\n    return a\n"
    assert cut("a\n### BEGIN HIDDEN TESTS\nassert f(1)\n### END HIDDEN TESTS\nb") == "a\nb"
    assert cut("a = 1\n") == "a = 1\n"
    for broken in ("### BEGIN SOLUTION\na", "a\n### END SOLUTION", "### BEGIN HIDDEN TESTS\nx"):
        with pytest.raises(ValueError, match="BEGIN SOLUTION"):
            cut(broken)


#: Runs students' notebooks in one process, in plain IPython, each in a fresh namespace; prints what a cell raised.
STUDENT = """
import sys
import nbformat
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
for path in sys.argv[1:]:
    shell.reset(new_session=True)
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        if cell.cell_type == "code":
            ran = shell.run_cell(cell.source)
            if not ran.success:
                print("failed:", path, number, ran.error_before_exec or ran.error_in_exec)
            if cell.source.startswith("check("):
                print("check:", ran.result.sentence)
"""


def told_by(paths: list[Path]) -> list[str]:
    """What that says of these notebooks."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(STUDENT), *map(str, paths)],
        capture_output=True, text=True, timeout=560, cwd=paths[0].parent, env=environment(PYTHONPATH=str(ROOT)),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("failed:", "check:"))]


def exercises(paths: list[Path]) -> list[str]:
    """The exercises in these notebooks, in order."""
    cells = [cell for path in paths for cell in nbformat.read(path, as_version=4).cells]
    return [name for cell in cells if (name := exercise_of(cell))]


@pytest.mark.timeout(600)
@pytest.mark.elsewhere
def test_a_student_can_run_all_cells_before_anything_is_solved():
    paths = sorted((building.HOME / "student").glob("*.ipynb"))
    told = told_by(paths)
    assert [line for line in told if line.startswith("failed:")] == []
    assert len(told) == len(exercises(paths)) and all("is not written yet" in line for line in told)


@pytest.mark.skipif(sys.version_info[:2] == (3, 11), reason="there they run in kernels, in test_notebooks.py")
@pytest.mark.timeout(600)
def test_every_notebook_runs_whole_under_another_python_too():
    paths = sorted(building.HOME.glob("*.ipynb"))
    told = told_by(paths)
    assert told == [f"check: {EXERCISES[name].praise}" for name in exercises(paths)]
