"""Grade a class of 500, made from the mutants of reference_impl, with `unmagic grade-class`: counts and rate.

    make class-500                                    500 raw-socket hand-ins of the stages up to the handshake
    python tests/campaigns/class_500.py 100 --all     100, all stages

Each hand-in differs from each other one, so nothing is known of it before. In the middle the whole command is
killed with SIGKILL and started again. Exit codes: 0 every result is there, none is doubled, none is a fault; 1 not so.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from helpers_coursework import written_mutants

from grader.coursework import assignment as assignments
from grader.coursework.assignment import Assignment, Stage
from grader.coursework.starter import made

ROOT = Path(__file__).parent.parent.parent
UNTIL = "handshake"


def shortened(folder: Path, stages: tuple[Stage, ...]) -> Path:
    """The course's assignment with these stages alone, in a new folder."""
    source = assignments.OURS
    text = (source / "stages.toml").read_text(encoding="utf-8")
    head, *blocks = text.split("[[stage]]\n")
    kept = [block for block in blocks if any(f'id = "{stage.id}"' in block for stage in stages)]
    for key in ("source", "starter", "tests"):
        line = next(line for line in head.splitlines() if line.startswith(f"{key} ="))
        there = (source / line.split('"')[1]).resolve()
        head = head.replace(line, f'{key} = "{there}"')
    folder.mkdir()
    (folder / "stages.toml").write_text("[[stage]]\n".join([head, *kept]), encoding="utf-8")
    return folder


def hand_ins(folder: Path, assignment: Assignment, count: int) -> None:
    """Solutions and mutants of them in turn, each with a line of its own."""
    whole = made(assignment, assignment.stages)
    mutants = written_mutants()
    for number in range(count):
        files = dict(whole)
        if number % 4:  # a class is not all wrong
            mutant = mutants[number % len(mutants)]
            name = f"{assignment.package}/{mutant.module}.py"
            files[name] = mutant.of(files[name].decode()).encode()
        files["who.txt"] = f"student {number}\n".encode()
        for name, data in files.items():
            path = folder / f"student-{number:04}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)


def main() -> None:
    said = argparse.ArgumentParser()
    said.add_argument("count", type=int, nargs="?", default=500)
    said.add_argument("--jobs", type=int, help="default: grade-class's own")
    said.add_argument("--all", action="store_true", help="all stages")
    asked = said.parse_args()
    whole = assignments.load()
    stages = whole.stages if asked.all else whole.until(UNTIL)
    there = Path(tempfile.mkdtemp(prefix="unmagic-class-"))
    try:
        folder = shortened(there / "assignment", stages)
        hand_ins(there / "in", whole, asked.count)
        words = [sys.executable, "-m", "unmagic", "grade-class", str(there / "in"), "-o", str(there / "out")]
        words += ["--assignment", str(folder), *(["--jobs", str(asked.jobs)] if asked.jobs else [])]
        results = there / "out" / "results.jsonl"
        began = time.monotonic()
        process = subprocess.Popen(words, cwd=ROOT, start_new_session=True, stderr=subprocess.DEVNULL)
        while process.poll() is None and _lines(results) < asked.count // 2:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        print(f"killed at {_lines(results)} of {asked.count}", flush=True)
        code = subprocess.run(words, cwd=ROOT, check=False).returncode
        seconds = time.monotonic() - began
        sys.exit(_told(results, asked.count, seconds, code))
    finally:
        shutil.rmtree(there, ignore_errors=True)


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _told(results: Path, count: int, seconds: float, code: int) -> int:
    lines = [json.loads(line) for line in results.read_text(encoding="utf-8").splitlines()]
    ids = Counter(line["id"] for line in lines)
    statuses = Counter(line["status"] for line in lines)
    points = Counter(line["outcome"]["points"] for line in lines)
    tried = Counter(line["attempts"] for line in lines)
    print(f"{len(lines)} results, {count - len(ids)} lost, {len(lines) - len(ids)} doubled; {dict(statuses)}")
    print(f"attempts {dict(tried)}; points {dict(sorted(points.items(), key=str))}")
    print(
        f"{seconds:.1f} seconds with the kill and the pages, {count / seconds:.2f} hand-ins a second, exit code {code}"
    )
    return int(len(ids) != count or len(lines) != count or statuses["graded"] != count)


if __name__ == "__main__":
    main()
