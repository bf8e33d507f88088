"""Record every scenario again and again, and compare the pages with what is committed: `make repeat`.

Prints one line a run and the counts at the end; the number of runs is the argument (20 if none).
"""

from __future__ import annotations

import subprocess
import sys


def main() -> int:
    """0 if every run gave the committed pages, byte for byte."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    equal = 0
    for number in range(1, runs + 1):
        command = [sys.executable, "-m", "unmagic", "pages", "--check"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        equal += done.returncode == 0
        print(f"run {number}/{runs}: {'the same' if done.returncode == 0 else 'DIFFERENT'}", flush=True)
        if done.returncode:
            print(done.stdout + done.stderr, flush=True)
    print(f"{equal} passed, {runs - equal} failed")
    return 0 if equal == runs else 1


if __name__ == "__main__":
    sys.exit(main())
