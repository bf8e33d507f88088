"""Virtual environments that are not ours: made for a test, of copies of what is installed here, without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

#: What Flask needs.
FLASK = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click")
ROOT = Path(__file__).parent.parent


def needed(*lines: str) -> list[str]:
    """The names of the distributions that these requirements ask for, here, with all that those need."""
    todo, found = list(lines), []
    while todo:
        one = Requirement(todo.pop())
        if one.name not in found and (one.marker is None or one.marker.evaluate({"extra": ""})):
            found.append(one.name)
            todo += metadata.requires(one.name) or []
    return found


def of_ours() -> list[str]:
    """What pyproject.toml asks for."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        return needed(*tomllib.load(file)["project"]["dependencies"])


def environment_with(folder: Path, *distributions: str) -> Path:
    """The interpreter of a new virtual environment at `folder` that has these distributions, and nothing else."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    told = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    for name in distributions:
        put(name, Path(told.stdout.strip()), folder / "bin")
    return python


def put(name: str, site: Path, scripts: Path) -> None:
    """Copy an installed distribution, file by file, with its commands, which name the new interpreter then."""
    ours = Path(sysconfig.get_path("scripts")).resolve()
    for file in metadata.distribution(name).files or ():
        source = Path(str(file.locate())).resolve()
        if source.parent == ours:
            text = source.read_text(encoding="utf-8").partition("\n")[2]
            (scripts / source.name).write_text(f"#!{scripts / 'python'}\n{text}", encoding="utf-8")
            (scripts / source.name).chmod(0o755)
        elif source.is_file() and source.suffix != ".pyc":
            target = site / str(file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
