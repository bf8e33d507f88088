"""Check 500 reports with `unmagic check`, without the network: how long, and whether one bad file stops the rest.

A folder of hand-ins as a course gets them: essays and lists of links (tests/fixtures/hand_ins.toml), the report of
2022, course reports as Markdown, DOCX and PDF, each with a link moved by some lines where it is text; every 50th is no
document at all. In the middle the whole command is killed with SIGKILL and started again. Exit codes: 0 each report has
its one line and all took at most ten minutes, 1 not so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent.parent
#: Seconds that 500 may take on two processors.
WANTED = 600
SUFFIXES = {"txt": ".txt", "md": ".md", "html": ".html"}


def models(folder: Path) -> list[tuple[str, bytes]]:
    """The hand-ins that the others are made of: (suffix, content)."""
    found = [(".txt", (ROOT / "grader" / "examples" / "flask_sock_2022.txt").read_bytes())]
    written = tomllib.loads((ROOT / "tests" / "fixtures" / "hand_ins.toml").read_text(encoding="utf-8"))
    at = written["at"]
    for one in written["hand_in"]:
        if one["form"] in SUFFIXES:
            text = re.sub(r"\{(\w+)\}", lambda match: at.get(match[1], match[0]), one["text"])
            found.append((SUFFIXES[one["form"]], text.encode()))
    _run("trace", "-o", str(folder), "receive", "http_headers")
    for name in ("receive", "http_headers"):
        formats = [word for form in ("md", "docx", "pdf") for word in ("--format", form)]
        course = folder / f"{name}-course"
        _run("report", str(folder / f"{name}.trace"), "--for-course", *formats, "-o", str(course))
        found += [(path.suffix, path.read_bytes()) for path in sorted(course.glob("course.*"))]
    return found


def hand_ins(folder: Path, of: list[tuple[str, bytes]], count: int) -> None:
    """So many files; no two that are text are the same."""
    folder.mkdir()
    for number in range(count):
        suffix, data = of[number % len(of)]
        if number % 50 == 49:
            suffix, data = ".pdf", b"%PDF-1.7 that is all"
        elif suffix in SUFFIXES.values():
            data = _moved(data.decode(), number).encode()
        (folder / f"student-{number:03}{suffix}").write_bytes(data)


def _moved(text: str, number: int) -> str:
    """Every seventh link leads some lines further down."""
    seen = iter(range(1, 1 << 20))
    return re.sub(
        r"#L(\d+)\b",
        lambda match: f"#L{int(match[1]) + (number % 9 if (next(seen) + number) % 7 == 0 else 0)}",
        text,
    )


def _run(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "unmagic", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def main() -> int:
    said = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    said.add_argument("count", type=int, nargs="?", default=500)
    count = said.parse_args().count
    there = Path(tempfile.mkdtemp(prefix="unmagic-reports-"))
    try:
        (there / "made").mkdir()
        hand_ins(there / "in", models(there / "made"), count)
        words = [sys.executable, "-m", "unmagic", "check", str(there / "in"), "-o", str(there / "out")]
        results = there / "out" / "results.jsonl"
        began = time.monotonic()
        process = subprocess.Popen(words, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
        while process.poll() is None and _lines(results) < count // 2:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"killed at {_lines(results)} of {count}", flush=True)
        code = subprocess.run(words, cwd=ROOT, check=False, stdout=subprocess.DEVNULL).returncode
        seconds = time.monotonic() - began
        lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
        once = Counter(line["report"] for line in lines)
        kinds = Counter(Path(name).suffix for name in once)
        right = len(once) == count and seconds <= WANTED and code == (1 if count >= 50 else 0)
        print(f"{len(once)} of {count} reports checked ({', '.join(f'{n} {kind}' for kind, n in kinds.most_common())})")
        print(f"{seconds:.0f} s on {os.cpu_count()} processors, wanted at most {WANTED}: {'yes' if right else 'NO'}")
        return 0 if right else 1
    finally:
        shutil.rmtree(there, ignore_errors=True)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


if __name__ == "__main__":
    sys.exit(main())
