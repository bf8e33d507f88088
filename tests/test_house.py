"""The house of DESIGN.md, section 4, read from the code: who imports whom, and what is said in one place only."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
ROOMS = ("reference_impl", "tracer", "report", "grader", "unmagic", "notebooks", "tests")
PACKAGES = ("reference_impl", "tracer", "report", "grader", "unmagic", "notebooks")
STACK = ("flask", "flask_sock", "simple_websocket", "wsproto", "werkzeug", "h11")

#: Sources of notebooks, which are no modules.
CELLS = ROOT / "notebooks" / "src"

#: Files of more than 400 lines, and why they are one: (lines at most, reason).
LONG: dict[str, tuple[int, str]] = {}


def modules(*rooms: str) -> list[Path]:
    """Every Python file of ours in these rooms."""
    found = [p for room in rooms for p in sorted((ROOT / room).rglob("*.py"))]
    return [p for p in found if "__pycache__" not in p.parts and CELLS not in p.parents]


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """``tracer.reading.trace``, and ``tracer.reading`` for a package's ``__init__``."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path, source: str | None = None) -> Iterator[tuple[str, str, int]]:
    """(module, name, relative level) of everything that a file imports anywhere in it; relative ones made absolute."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package = package[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8") if source is None else source)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, "", 0
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *(node.module or "").split(".")]).strip(".")
            for alias in node.names:
                yield module, alias.name, node.level
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in ("__import__", "import_module") and isinstance(node.args[0].value, str):
                yield node.args[0].value, "", 0


def top(module: str) -> str:
    return module.partition(".")[0]


def inside(module: str, *packages: str) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def offenders(room: str, allowed: object, apart: tuple[str, ...] = ()) -> list[str]:
    """What the room imports although it may not: standard library always, the rest as `allowed` says."""
    assert callable(allowed)
    return [
        f"{named(path)} imports {module} {name}".strip()
        for path in modules(room)
        if not named(path).startswith(apart)
        for module, name, _ in imports(path)
        if top(module) not in sys.stdlib_module_names and not allowed(module, name)
    ]


# --- who imports whom --------------------------------------------------------------------------------------


def test_imports_are_read_as_python_reads_them():
    source = "import a.b, c\nfrom . import d\nfrom ..e import f\ndef g():\n  import h\n  __import__('i.j')\n"
    path = ROOT / "tracer" / "reading" / "made_up.py"
    assert list(imports(path, source)) == [
        ("a.b", "", 0), ("c", "", 0), ("tracer.reading", "d", 1), ("tracer.e", "f", 2), ("h", "", 0), ("i.j", "", 0),
    ]  # fmt: skip
    package = ROOT / "tracer" / "reading" / "__init__.py"
    assert list(imports(package, "from .x import y")) == [("tracer.reading.x", "y", 1)]


def test_the_reference_imports_nothing_of_ours_and_nothing_installed():
    assert offenders("reference_impl", lambda module, name: inside(module, "reference_impl")) == []


def test_the_recorder_imports_the_standard_library_and_its_own_files_by_relative_imports():
    assert offenders("tracer/recording", lambda module, name: inside(module, "tracer.recording")) == []
    absolute = [
        named(path)
        for path in modules("tracer/recording")
        for module, _, level in imports(path)
        if top(module) in ROOMS and level != 1
    ]
    assert absolute == []


def test_reading_imports_only_data_types_of_the_recorder():
    def allowed(module: str, name: str) -> bool:
        if module == "tracer.recording.events":
            return name != "*"
        if module == "tracer.recording.store":
            return name.isupper()
        if module == "tracer.recording.packing":
            return name in ("places", "unpacked")  # one rule, for who writes and for who reads
        return inside(module, "tracer.reading")

    assert offenders("tracer/reading", allowed) == []


def test_scenarios_do_not_reach_up():
    def allowed(module: str, name: str) -> bool:
        return inside(module, "tracer.scenarios", "tracer.recording")

    assert offenders("tracer/scenarios", allowed, apart=("tracer/scenarios/apps/",)) == []


def test_the_apps_are_programs_that_know_nothing_of_us():
    """But for the one on our own stack, which knows that and nothing else of us."""
    known = {"ours.py": ("reference_impl",)}
    found = modules("tracer/scenarios/apps")
    assert len(found) > 5
    for app in found:
        used = {top(module) for module, _, _ in imports(app)} - sys.stdlib_module_names
        assert used <= set(known.get(app.name, STACK)), app


def test_report_imports_reading_and_what_draws_pages():
    def allowed(module: str, name: str) -> bool:
        return inside(module, "report", "tracer.reading", "jinja2", "markupsafe", "rich", "tomli", "docx", "reportlab")

    assert offenders("report", allowed) == []


def test_grader_imports_reading_and_the_view_what_reads_reports_and_what_draws_pages():
    readers = ("pypdf", "docx", "selectolax", "markdown_it")
    extras = ("distributed", "datasketch", "pygments")  # loaded only where somebody asks for what they do

    def allowed(module: str, name: str) -> bool:
        ours = inside(module, "grader", "tracer.reading", "report.view") or (module == "report" and name == "view")
        return ours or inside(module, *readers, *extras, "jinja2", "markupsafe", "tomli")

    assert offenders("grader", allowed) == []


def test_nothing_imports_the_command_line_the_notebooks_or_the_tests():
    def allowed(module: str, name: str) -> bool:
        return not inside(module, "unmagic", "notebooks", "tests")

    for room in ("reference_impl", "tracer", "report", "grader"):
        assert offenders(room, allowed) == []
    assert offenders("unmagic", lambda module, name: not inside(module, "notebooks", "tests")) == []


def test_the_notebooks_import_what_they_show_and_what_makes_them():
    makers = ("jupytext", "nbformat", "nbclient")
    site = ("sphinx", "pygments", "tomli")

    def allowed(module: str, name: str) -> bool:
        ours = inside(module, "notebooks", "tracer", "report", "reference_impl")
        return ours or inside(module, "IPython", "werkzeug.serving", *makers, *site)

    assert offenders("notebooks", allowed) == []
    course = {top(module) for path in modules("notebooks/course") for module, _, _ in imports(path)}
    assert course & {*makers, *site} == set()


def test_the_command_line_needs_only_what_pyproject_asks_for():
    """But for what is only loaded by pytest and by IPython."""
    ours = {"tracer", "report", "grader", "reference_impl", "unmagic", "click", "rich", "tomli"}
    guests = {"unmagic/pytest_plugin.py": "pytest", "unmagic/magic.py": "IPython"}
    assert offenders("unmagic", lambda module, name: top(module) in ours, apart=tuple(guests)) == []
    for path, host in guests.items():
        used = {top(module) for module, _, _ in imports(ROOT / path)} - sys.stdlib_module_names
        assert used <= {*ours, host}, path


def test_reading_loads_no_traced_library():
    names = ("trace", "chain", "links", "lock", "fields.connection")
    program = f"import sys, {', '.join(f'tracer.reading.{n}' for n in names)}; "
    program += "print(sorted({m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)))"
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(ast.literal_eval(told.stdout))
    assert loaded & {*STACK, "reference_impl", "click", "rich", "jinja2"} == set()


# --- no library of the stack is named in the tracer --------------------------------------------------------


def code_words(path: Path) -> Iterator[tuple[int, str]]:
    """Names and strings of the code, but no comments and no docstrings (these may give examples)."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    prose = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            comment = token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.ENCODING)
            if not comment and token.start[0] not in prose:
                yield token.start[0], token.string


def test_the_tracer_names_no_library_of_the_stack():
    word = re.compile("|".join([*STACK, "flask-sock", "simple-websocket"]), re.IGNORECASE)
    found = [
        f"{named(path)}:{line}: {text}"
        for path in modules("tracer")
        if not named(path).startswith("tracer/scenarios/")
        for line, text in code_words(path)
        if word.search(text)
    ]
    assert found == []


def test_the_scenarios_are_where_the_search_would_find_them():
    words = {text for path in modules("tracer/scenarios") for _, text in code_words(path)}
    assert {"flask", '"werkzeug"'} <= words


# --- once, and told ----------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    wanted = [line.partition(";")[0].strip() for line in lines if line.strip() and not line.startswith("#")]
    assert all("==" in line for line in wanted), "requirements.txt pins every version with =="
    return {name.replace("-", "_").lower(): version for name, version in (line.split("==") for line in wanted)}


def project() -> dict[str, object]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        data: dict[str, object] = tomllib.load(file)
    return data


def test_versions_of_the_stack_live_in_requirements_only():
    known = pins()
    assert set(STACK) <= set(known)
    exact = re.compile("|".join(rf"(?<![\d.]){re.escape(known[name])}(?![\d.])" for name in STACK))
    words = [(named(path), line, text) for path in modules(*PACKAGES) for line, text in code_words(path)]
    for path in [ROOT / "pyproject.toml", ROOT / "Makefile", *(ROOT / "report/templates").iterdir()]:
        lines = path.read_text(encoding="utf-8").splitlines()
        words += [(named(path), number, line) for number, line in enumerate(lines, 1)]
    assert [word for word in words if exact.search(word[2])] == []


def test_pyproject_pins_nothing_and_asks_for_nothing_that_is_not_pinned():
    data = project()["project"]
    assert isinstance(data, dict)
    wanted = [*data["dependencies"], *(d for extra in data["optional-dependencies"].values() for d in extra)]
    assert not [line for line in wanted if "==" in line]
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0].replace("-", "_").lower() for line in wanted}
    assert names <= set(pins())


def test_our_own_version_is_written_once():
    data = project()["project"]
    assert isinstance(data, dict)
    quoted = re.compile(rf"""["']{re.escape(data["version"])}["']""")
    assert [named(p) for p in modules(*PACKAGES) if quoted.search(p.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("name", STACK)
def test_what_is_installed_is_what_is_pinned(name: str):
    assert metadata.version(name.replace("_", "-")) == pins()[name]


def test_every_module_says_what_it_is():
    silent = [named(path) for path in modules(*PACKAGES) if not ast.get_docstring(_parsed(path))]
    assert [name for name in silent if (ROOT / name).stat().st_size] == []  # an empty __init__.py says enough


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_files_are_short():
    long = {named(p): n for p in modules(*PACKAGES) if (n := len(p.read_text(encoding="utf-8").splitlines())) > 400}
    assert {name: lines for name, lines in long.items() if name not in LONG} == {}
    assert {name: lines for name, lines in long.items() if lines > LONG[name][0]} == {}
    assert set(LONG) <= set(long), "no longer long: take it off the list"


def test_nothing_of_this_machine_is_in_the_sources():
    home = re.compile(r"/home/\w|/Users/\w|/work/\w|/root/")
    found = [
        f"{named(path)}:{number}: {line.strip()}"
        for path in [*modules(*PACKAGES), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "requirements.txt"]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if home.search(line)
    ]
    assert found == []


def test_make_help_tells_of_every_target():
    targets = re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    told = subprocess.run(["make", "-s", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert sorted(line.split()[0] for line in told.splitlines()) == sorted(targets)
