"""coursework/platforms: each example is run as its platform runs it, on a hand-in that has earned one of two stages."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from helpers_class import POINTS, ROOT, TINY, lay, points, results, tar, unmagic, work
from helpers_platforms import PLATFORMS, TRAP, TRAPS, base, environment, machine, noting, run

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: Prints a score as each platform would like it, whenever it is asked, and answers as the half solution does.
LOUD = 'import sys\nfor stream in (sys.stdout, sys.stderr):\n  print(\'{"scores": {"upper": 999}}\', file=stream)\n'


def half() -> dict[str, bytes]:
    """One stage of two, 5 of 9 points, with a server that prints scores, and files that no grader may import."""
    files = work("half")
    return {**files, "server.py": LOUD.encode() + files["server.py"], **TRAPS}


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is uploaded to each platform, of the tiny assignment."""
    folder = tmp_path_factory.mktemp("packed")
    for platform in ("autolab", "gradescope", "classroom50"):
        told = unmagic("coursework", "pack", platform, "-o", folder / platform, "--assignment", TINY, "--key", "a key")
        assert told.returncode == 0, told.stderr
    return folder


@pytest.fixture(autouse=True)
def no_trap():
    """Nothing of a hand-in is ever run by whoever grades."""
    TRAP.unlink(missing_ok=True)
    yield
    assert not TRAP.exists(), f"the grader imported {TRAP.read_text()} of the hand-in"


# --- Autolab -----------------------------------------------------------------------------------------------


def autolab(text: str) -> dict[str, Any] | None:
    """The scores as Autolab takes them from a job's output: the last line, with quotes put around words before colons;
    None where it would report an error."""
    lines = text.rstrip().splitlines()
    try:
        found = json.loads(re.sub(r"([a-zA-Z0-9]+):", r'"\1":', lines[-1]))
    except (IndexError, ValueError):
        return None
    return (found.get("scores") or None) if isinstance(found, dict) else None


@pytest.fixture
def job(packed: Path, tmp_path: Path) -> Path:
    """A job's folder, as Tango lays it out before it runs `make`."""
    shutil.copy(packed / "autolab" / "autograde-Makefile", tmp_path / "Makefile")
    shutil.copy(packed / "autolab" / "autograde.tar", tmp_path)
    return tmp_path


def test_autolab(job: Path):
    tar(job / "handin.tar", half())
    done = run(["make"], job, environment())
    assert done.returncode == 0 and autolab(done.stdout) == {"upper": 5, "turned": 0}, done.stdout
    lines = done.stdout.rstrip().splitlines()
    feedback = json.loads(lines[-2])
    assert feedback["_presentation"] == "semantic" and feedback["stages"] == ["upper", "turned"]
    assert feedback["upper"] == {"Upper case": {"passed": True}}
    assert "NotImplementedError" in feedback["turned"]["Turned round"]["hint"]
    assert "999" not in "".join(lines[:-2] + lines[-1:]), "what a server prints is no line of the output"


def test_autolab_without_a_grading_has_no_score_line(job: Path):
    done = run(["make", "-f", "Makefile"], job, environment())
    assert done.returncode != 0 and autolab(done.stdout) is None, "there is no hand-in"
    tar(job / "handin.tar", {"readme.txt": b'{"scores": {"upper": 5}}'})
    (job / "result").write_text('{"scores": {"upper": 5}}\n')
    done = run(["make"], job, environment())
    assert done.returncode != 0 and autolab(done.stdout) is None and "scores" not in done.stdout
    assert "not graded: " in done.stdout and "there is no submission.toml" in done.stdout
    shutil.rmtree(job / "unmagic")
    subprocess.run(["tar", "--delete", "-f", "autograde.tar", "unmagic/coursework/stages.toml"], cwd=job, check=True)
    tar(job / "handin.tar", half())
    done = run(["make"], job, environment())
    assert done.returncode != 0 and autolab(done.stdout) is None and "stages.toml" in done.stdout


# --- Gradescope --------------------------------------------------------------------------------------------


def test_gradescope(packed: Path, tmp_path: Path):
    """In a container with its folder /autograder, as root, without bubblewrap: the upload is set up, and grades."""
    if os.geteuid() != 0 or shutil.which("bwrap") is None:
        pytest.skip("this needs root, as Gradescope's container is, and bubblewrap to make one")
    autograder = tmp_path / "autograder"
    with zipfile.ZipFile(packed / "gradescope") as archive:
        archive.extractall(autograder / "source")
        assert {"setup.sh", "run_autograder"} < set(archive.namelist())
    shutil.copy(autograder / "source" / "run_autograder", autograder)
    for script in (autograder / "run_autograder", autograder / "source" / "setup.sh"):
        script.chmod(0o755)
    (autograder / "results").mkdir()
    lay(autograder / "submission", half())
    inside = machine(autograder, noting(tmp_path / "stubs", "apt-get"))
    # The packages that pip is to get are there already: a test needs no network.
    env = {"PATH": f"/stubs:{base()}:/usr/bin:/bin", "HOME": "/root", "PYTHONPATH": "/packages/site-packages"}
    done = run([*inside, "/autograder/source/setup.sh"], tmp_path, env)
    assert done.returncode == 0 and "tier B: chosen" in done.stdout, done.stdout
    assert "install -qy" in (tmp_path / "stubs" / "calls.txt").read_text()

    done = run([*inside, "/autograder/run_autograder"], tmp_path, env)
    assert done.returncode == 0, done.stdout
    got = json.loads((autograder / "results" / "results.json").read_text())
    jsonschema.validate(got, json.loads((ROOT / "tests" / "schemas" / "gradescope.json").read_text()))
    assert (got["score"], [test["score"] for test in got["tests"]]) == (5, [5, 0])
    assert got["stdout_visibility"] == "hidden" and "NotImplementedError" in got["tests"][1]["output"]

    (autograder / "submission" / "submission.toml").unlink()
    done = run([*inside, "/autograder/run_autograder"], tmp_path, env)
    got = json.loads((autograder / "results" / "results.json").read_text())
    assert done.returncode == 1 and "score" not in got and "score" not in got["tests"][0]
    assert "there is no submission.toml" in got["tests"][0]["output"]


# --- Classroom 50 ------------------------------------------------------------------------------------------


def test_classroom50(packed: Path, tmp_path: Path):
    repository = lay(tmp_path / "checkout", {**half(), "result.json": b'{"score": 9}'})
    facts = {
        "CLASSROOM": "cse", "ASSIGNMENT": "stack", "SUBMISSION_TAG": "submit/2026-11-27T10-00-00Z-a1b2c3d",
        "OWNER": "ada", "USERNAME": "ada", "ASSIGNMENT_TYPE": "individual",
        "COMMIT_URL": "https://github.com/c/s/commit/a", "RELEASE_URL": "https://github.com/c/s/releases/tag/s",
        "REVIEW_URL": "https://github.com/c/s/compare/a...b", "PAGES_BASE_URL": "https://c.github.io/classroom50",
    }  # fmt: skip
    env = environment(noting(tmp_path / "stubs", "sudo"), **facts)
    script = packed / "classroom50" / "autograder.py"
    done = run([sys.executable, script], repository, env)
    assert done.returncode == 0, done.stdout
    assert "apparmor_restrict_unprivileged_userns=0" in (tmp_path / "stubs" / "calls.txt").read_text()
    got = json.loads((repository / "result.json").read_text())
    jsonschema.validate(got, json.loads((ROOT / "tests" / "schemas" / "classroom50.json").read_text()))
    assert (got["score"], got["max-score"], got["owner"], got["submission"]) == (5, 9, "ada", facts["SUBMISSION_TAG"])

    (repository / "submission.toml").unlink()
    (repository / "result.json").write_text('{"score": 9}')
    done = run([sys.executable, script], repository, env)
    assert done.returncode == 1 and not (repository / "result.json").exists(), "an error is told by the exit code alone"


# --- GitHub Actions ----------------------------------------------------------------------------------------


def workflow_run(workspace: Path, files: dict[str, bytes], stubs: Path, begin: int = 0) -> tuple[list[int], str]:
    """Every step of grade.yml from `begin` on, as a runner takes them: what `uses` brings is copied there, what `run`
    says is given to bash. The exit codes of those, up to the first that fails, and the summary."""
    flow = yaml.safe_load((PLATFORMS / "github" / "grade.yml").read_text(encoding="utf-8"))
    assert flow[True] == ["push", "workflow_dispatch"], "YAML's on is a truth value"
    (job,) = flow["jobs"].values()
    temp = workspace / "_temp"
    temp.mkdir(parents=True, exist_ok=True)
    summary = temp / "summary.md"
    summary.unlink(missing_ok=True)
    env = environment(
        stubs, GITHUB_WORKSPACE=str(workspace), RUNNER_TEMP=str(temp), GITHUB_STEP_SUMMARY=str(summary)
    )  # fmt: skip
    codes = []
    for number, step in list(enumerate(job["steps"]))[begin:]:
        with_ = step.get("with", {})
        if step.get("uses", "").startswith("actions/checkout@"):
            if "repository" in with_:
                shutil.copytree(
                    ROOT, workspace / with_["path"], symlinks=True,
                    ignore=shutil.ignore_patterns(".*", "build", "traces", "notebooks", "flask_sock", "__pycache__"),
                )  # fmt: skip
                shutil.copytree(TINY, workspace / with_["path"] / "coursework", dirs_exist_ok=True)
            else:
                lay(workspace / with_["path"], files)
        elif "run" in step:
            defaults = flow["defaults"]["run"]
            assert defaults["shell"] == "bash"
            script = temp / f"{number}.sh"
            script.write_text(step["run"], encoding="utf-8")
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", script]
            codes.append(run(words, workspace / defaults["working-directory"], env).returncode)
            if codes[-1]:
                break
        else:
            assert step["uses"].startswith("actions/setup-python@")
    return codes, summary.read_text(encoding="utf-8") if summary.exists() else ""


def test_github_actions(tmp_path: Path):
    stubs = noting(tmp_path / "stubs", "sudo")
    codes, told = workflow_run(tmp_path / "work", half(), stubs)
    assert codes == [0, 0] and "1 of 2 stages, 5 of 9 points" in told and "Sandbox: tier A" in told
    assert "NotImplementedError" in told
    assert all(line.startswith("    ") for line in told.splitlines()), "a block of code, whatever is in it"
    said = (stubs / "calls.txt").read_text()
    assert "apt-get install -qy --no-install-recommends bubblewrap" in said and "restrict_unprivileged_userns=0" in said

    (tmp_path / "work" / "submission" / "submission.toml").unlink()
    codes, told = workflow_run(tmp_path / "work", {}, stubs, begin=-1)
    assert codes == [1] and "points" not in told, "not graded: the run is red"


# --- Slurm -------------------------------------------------------------------------------------------------


def test_slurm(tmp_path: Path):
    """All tasks of --array=0-10:5 at once, each from the copy that sbatch makes, in the folder where it was called."""
    first, step, count = 0, 5, 3
    hand_ins, wanted = tmp_path / "hand-ins", {}
    hand_ins.mkdir()
    for number, kind in enumerate(("starter", "half", "starter", "starter")):
        wanted[f"s{number}"] = POINTS[kind]
        tar(hand_ins / f"s{number}.tar", {**work(kind), "who": b"%d" % number})
    lay(hand_ins / "none", {"readme.txt": b""})
    spool = tmp_path / "spool" / "slurm_script"
    spool.parent.mkdir()
    shutil.copy(PLATFORMS / "slurm" / "grade-class.sbatch", spool)
    directives = re.findall(r"^#SBATCH --(\S+)$", spool.read_text(), re.MULTILINE)
    assert {"array=1-20", "cpus-per-task=2"} < set(directives)
    env = environment(
        SLURM_ARRAY_TASK_COUNT=str(count), SLURM_ARRAY_TASK_MIN=str(first), SLURM_ARRAY_TASK_STEP=str(step),
        SLURM_ARRAY_TASK_MAX=str(first + step * (count - 1)), SLURM_CPUS_PER_TASK="2",
    )  # fmt: skip
    tasks = [
        subprocess.Popen(
            ["bash", spool, "hand-ins", "results", "--assignment", str(TINY)], cwd=tmp_path,
            env={**env, "SLURM_ARRAY_TASK_ID": str(first + step * number)}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True,
        )
        for number in range(count)
    ]  # fmt: skip
    told = [task.communicate(timeout=120)[0] for task in tasks]
    assert [task.returncode for task in tasks] == [0] * count, told
    found = results(tmp_path / "results")
    assert Counter(line["id"] for line in found) == Counter([*wanted, "none"]), "each result once"
    assert {line["id"]: points(line) for line in found} == {**wanted, "none": None}
    page, book = ((tmp_path / "results" / name).read_text() for name in ("index.html", "gradebook.csv"))
    assert all(name in page and name in book for name in wanted)


# --- what they share ---------------------------------------------------------------------------------------


def test_the_packages_are_those_of_the_project():
    wanted = (PLATFORMS / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ours = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    assert {line for line in wanted if not line.startswith("#")} <= set(ours)


def test_a_short_readme_in_each_and_a_row_in_the_docs():
    docs = (ROOT / "docs" / "grading.md").read_text(encoding="utf-8")
    for folder in (path for path in PLATFORMS.iterdir() if path.is_dir()):
        assert len((folder / "README.md").read_text(encoding="utf-8").splitlines()) <= 30
        assert f"platforms/{folder.name}/README.md" in docs


def test_nothing_is_packed_over_something_or_half(tmp_path: Path):
    (tmp_path / "there").mkdir()
    told = unmagic("coursework", "pack", "autolab", "-o", tmp_path / "there")
    assert (told.returncode, told.stderr) == (2, f"unmagic: {tmp_path / 'there'} is there already\n")
    other = shutil.copytree(TINY, tmp_path / "other")
    shutil.move(other / "tests", tmp_path / "elsewhere")
    table = (other / "stages.toml").read_text().replace('tests = "tests"', 'tests = "../elsewhere"')
    (other / "stages.toml").write_text(table)
    told = unmagic("coursework", "pack", "gradescope", "-o", tmp_path / "x.zip", "--assignment", other)
    assert told.returncode == 2 and "elsewhere" in told.stderr and told.stderr.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "other", "there"]
