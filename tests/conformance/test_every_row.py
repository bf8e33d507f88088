"""Each row of PROTOCOL.md's table, and of the list of the real libraries' faults, has a test that carries its id."""

from __future__ import annotations

import re
from pathlib import Path

ROWS = {
    "H": {*range(1, 23), 24},
    "F": {*range(1, 22)},
    "U": {1, 2, 3, 5},
    "C": {1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21},
    "L": {1, 2, 4, 5},
    "D": {*range(1, 9)},
}


def test_every_row_has_a_test() -> None:
    """An id counts in a test's name or in a parameter's; a span such as H01-H03 counts for each."""
    found: set[str] = set()
    for path in Path(__file__).parent.glob("test_*.py"):
        text = path.read_text()
        for name in re.findall(r"def test_(\w+)", text):
            found |= set(re.findall(r"[HFUCLD]\d\d", name))
        for first, last in re.findall(r'"([HFUCLD]\d\d)(?:-([HFUCLD]\d\d))?', text):
            span = range(int(first[1:]), int((last or first)[1:]) + 1)
            found |= {f"{first[0]}{number:02}" for number in span}
    wanted = {f"{letter}{number:02}" for letter, numbers in ROWS.items() for number in numbers}
    assert wanted <= found, f"no test for {sorted(wanted - found)}"
