"""`unmagic lock`: it says, writes and shows what it proves, and refuses with one sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from helpers_lock import FILES, git, repository, wheel
from helpers_lock import made as made

from tracer.reading.lock import load
from unmagic.lock import lock as command


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_prove_says_writes_and_shows(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    result = run("prove", *made, "--lock", path)
    assert result.exit_code == 0 and not path.exists()
    commit = git(made[1], "rev-parse", "HEAD")
    assert f"Proven: demo-pkg 1.2.3: 3 of 3 Python files equal tag v1.2.3 (commit {commit}, in src/)." in result.output
    result = run("prove", *made, "--write", "--blobs", "--version", "1.2.3", "--lock", path)
    assert result.exit_code == 0 and f"Written to {path}." in result.output
    assert load(path).packages["demo-pkg"].repository == "https://github.com/demo/demo-pkg"  # from the metadata
    assert set(load(path).packages["demo-pkg"].releases["1.2.3"].blobs) == set(FILES)
    result = run("show", "Demo_Pkg", "--lock", path)
    assert result.exit_code == 0
    assert f"1.2.3: tag v1.2.3, commit {commit}, 3 of 3 files identical, with blobs" in result.output
    assert "demo-pkg: 1 release, https://github.com/demo/demo-pkg" in run("show", "--lock", path).output


def test_prove_takes_the_repository_from_the_clones_origin(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    git(made[1], "remote", "add", "origin", "https://somebody:secret@codeberg.org/demo/real.git")
    assert run("prove", *made, "--write", "--lock", path).exit_code == 0
    assert load(path).packages["demo-pkg"].repository == "https://codeberg.org/demo/real"
    assert "secret" not in path.read_text()
    result = run("prove", *made, "--write", "--lock", path, "--repository", "git@server:demo/real")
    assert result.exit_code == 2 and "no repository on a code host" in result.output
    result = run("prove", *made, "--write", "--lock", path, "--repository", "https://github.com/demo/fork")
    assert result.exit_code == 2 and "the lock knows https://codeberg.org/demo/real" in result.output


def test_prove_does_not_guess_a_repository(tmp_path: Path) -> None:
    made = wheel(tmp_path, FILES, urls=()), repository(tmp_path / "clone", FILES, "v1.2.3")
    path = tmp_path / "lock.json"
    result = run("prove", *made, "--write", "--lock", path)
    assert result.exit_code == 2 and "give --repository" in result.output and not path.exists()
    assert run("prove", *made, "--write", "--lock", path, "--repository", "javascript:alert(1)").exit_code == 2
    assert run("prove", *made, "--write", "--lock", path, "--repository", "https://gitlab.com/a/b/c").exit_code == 0
    assert load(path).packages["demo-pkg"].repository == "https://gitlab.com/a/b/c"
    # From now on the lock itself knows.
    assert run("prove", *made, "--write", "--blobs", "--lock", path).exit_code == 0


def test_prove_of_what_differs_ends_with_1(tmp_path: Path) -> None:
    many = {f"demo/m{i}.py": b"%d" % i for i in range(12)}
    files = {**many, "demo/deep/a.py": FILES["demo/deep/a.py"]}
    clone = repository(
        tmp_path / "clone", dict.fromkeys(many, b"else") | {"demo/b.py": FILES["demo/deep/a.py"]}, "v1.2.3"
    )
    path = tmp_path / "lock.json"
    result = run("prove", wheel(tmp_path, files), clone, "--write", "--lock", path)
    assert result.exit_code == 1 and not path.exists() and "nothing is written" in result.output
    assert "not identical: demo/deep/a.py (its bytes are at demo/b.py)" in result.output
    assert "and 3 more" in result.output
    repository(clone, {**many, "demo/deep/a.py": b"else"})
    git(clone, "tag", "-f", "v1.2.3")
    result = run("prove", wheel(tmp_path, files), clone, "--write", "--lock", path)
    assert result.exit_code == 1 and load(path).packages["demo-pkg"].releases["1.2.3"].identical == 12
    assert "not identical: demo/deep/a.py" in run("show", "demo-pkg", "--lock", path).output


def test_bad_input_is_one_sentence_and_2(made: tuple[Path, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for arguments in (
        ["prove", tmp_path / "none-1-py3-none-any.whl", made[1]],
        ["prove", made[0], tmp_path],
        ["prove", *made, "--version", "9"],
        ["prove", *made, "--write", "--lock", broken],
        ["prove", *made, "--blobs"],
        ["show", "--lock", broken],
        ["show", "flsk"],
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert "Traceback" not in result.output
        assert len([line for line in result.output.splitlines() if line.startswith(("Error: ", "unmagic: "))]) == 1
    assert broken.read_text() == "{"
    assert "did you mean flask?" in run("show", "flsk").output


@pytest.mark.parametrize("arguments", [[], ["show"], ["prove"]])
def test_help(arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert not arguments or "Exit codes: 0" in result.output
