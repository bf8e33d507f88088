"""What a reader is promised: examples that run, the standard library only, small files, links that are proven."""

from __future__ import annotations

import ast
import doctest
import importlib
import re
import sys
from pathlib import Path

import pytest

import reference_impl

FOLDER = Path(reference_impl.__file__).parent
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
class TestEachFile:
    def test_examples(self, path: Path) -> None:
        if path.stem != "__main__":
            assert doctest.testmod(importlib.import_module(f"reference_impl.{path.stem}")).failed == 0

    def test_standard_library_only(self, path: Path) -> None:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module or ""]
            assert all(name.partition(".")[0] in sys.stdlib_module_names for name in names), names

    def test_docstring(self, path: Path) -> None:
        text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not path.stem.startswith("__"):
            assert "Leaves out:" in text
            assert re.search(r"Follows\s+https://github\.com/\S+/blob/[0-9a-f]{40}/\S+#L\d+-L\d+", text)

    def test_functions_are_short(self, path: Path) -> None:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name != "__init__":
                assert (node.end_lineno or 0) - node.lineno < 40, node.name
