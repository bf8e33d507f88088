"""Measure ours and its peers in one run, for each Python that is found, and write docs/benchmarks.md.

Exit codes: 0 measured; 1 a server failed, or a peer cannot be installed: then nothing is written.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from tests.other_pythons import interpreters

from .environment import ROOT, CannotInstall
from .measure import SIZES, Measured, environments, measured
from .recorders import KINDS
from .table import page, table, verdicts

PAGE = ROOT / "docs" / "benchmarks.md"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--python", type=int, action="append", metavar="MINOR", help="one Python: 12 for 3.12; repeatable"
    )
    parser.add_argument("--only", action="append", metavar="KIND", help="these recorders alone, and write nothing")
    parser.add_argument("--blocks", type=int, default=15, metavar="N", help="blocks of each (15)")
    arguments = parser.parse_args()
    pythons = {sys.version_info[1]: sys.executable, **interpreters()}
    sections: list[tuple[str, str, list[Measured]]] = []
    try:
        for minor in arguments.python or sorted(minor for minor in pythons if minor >= 11):
            titles = [title for title, kind in KINDS.items() if kind.since <= minor]
            if arguments.only:
                titles = ["untraced", *(title for title in titles if title in arguments.only)]
            ready = environments(pythons[minor], minor, titles)
            version = subprocess.check_output([ready["untraced"], "-V"], text=True).split()[1]
            for size in SIZES:
                print(f"Python {version}, {size}", flush=True)
                servers = measured(titles, ready, size, arguments.blocks)
                print("\n".join([*table(servers), *(verdicts(servers) if size == "64 bytes" else [])]), flush=True)
                failed = [
                    f"{one.title} {one.broken}" for one in servers if one.broken and not KINDS[one.title].distribution
                ]
                if failed:
                    raise RuntimeError(failed[0])
                sections.append((version, size, servers))
    except (CannotInstall, OSError, RuntimeError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    if not arguments.only:
        beside = PAGE.with_suffix(".new")
        beside.write_text(page(sections, arguments.blocks), encoding="utf-8")
        os.replace(beside, PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
