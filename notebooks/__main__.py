"""`python -m notebooks [--check] [NAME …]`: run the course's notebooks and write them, or compare.

Exit codes: 0 made, or the same; 1 a committed notebook differs; 2 a cell failed, or there is no such notebook.
"""

from __future__ import annotations

import argparse
import sys

from .making.building import differing, make_all, names, write
from .making.running import RunError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m notebooks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="notebooks, such as 01_socket (default: all)")
    parser.add_argument("--check", action="store_true", help="write nothing; tell what differs from what is committed")
    asked = parser.parse_args()
    unknown = [name for name in asked.names if name not in names()]
    if unknown:
        print(f"there is no notebook {unknown[0]!r}; these are: {', '.join(names())}", file=sys.stderr)
        return 2
    try:
        files = make_all(asked.names or names(), lambda name: print(f"ran {name}", flush=True))
    except (RunError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    if not asked.check:
        write(files)
        return 0
    found = list(differing(files))
    print("\n".join(found) or "the notebooks are what their sources make")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
