"""`python -m notebooks.book [--out FOLDER]`: make the course's site, check its links, and say where it is.

Exit codes: 0 made; 1 a link in it leads nowhere, or something in it would be fetched; 2 it could not be made.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from .building import BuildError, build
from .checking import check
from .gathering import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m notebooks.book", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "book", help="default: build/book")
    out = parser.parse_args().out.resolve()
    fresh = out.with_name(out.name + ".new")
    try:
        build(fresh, out.with_name(out.name + ".sources"))
    except BuildError as error:
        print(error, file=sys.stderr)
        return 2
    found = check(fresh)
    for sentence in (*found.broken, *found.fetched):
        print(sentence, file=sys.stderr)
    if found.broken or found.fetched:
        return 1
    (fresh / "links-outward.txt").write_text("".join(f"{link}\n" for link in found.outward), encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    os.replace(fresh, out)
    print(f"{found.pages} pages, {found.links:,} links: all of those in the site lead somewhere")
    print(f"{len(found.outward):,} addresses outside of it, not asked: {_short(out / 'links-outward.txt')}")
    print(f"open {_short(out / 'index.html')} in a browser")
    return 0


def _short(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
