"""What the tests of the bootstrap share: a program run plainly and recorded, which has to be the same.

The fixture is imported `as` its own name: pytest finds it there, and nobody takes it for unused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, Ran, run


@pytest.fixture
def both(tmp_path: Path) -> Callable[..., Ran]:
    """Run a program plainly and recorded by each engine; all must be the same. What the runs gave."""

    def both(source: str, *args: str, name: str = "program.py", same_err: bool = True, **how: Any) -> Ran:
        folder = tmp_path / "project"
        folder.mkdir(exist_ok=True)
        program = folder / name
        program.write_text(source, encoding="utf-8")
        plain = run(program, None, *args, **how)
        for engine in ENGINES:
            taped = run(program, tmp_path / f"{engine}.trace", *args, engine=engine, **how)
            assert taped.out == plain.out
            assert taped.code == plain.code
            if same_err:
                assert taped.err == plain.err
        return plain

    return both
