"""Measure both stacks in turn, pair by pair, and print ours over real: the median of the pairs, and their spread.
`python -m benchmarks journeys` measures the building of journeys instead (`journeys.py`).

A machine that others use is fast now and slow then; the two halves of a pair follow each other at once, and every
second pair begins with the other server. Exit codes: 0 measured, 1 a message was lost or a server failed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from statistics import median, quantiles

from . import journeys
from .measures import CONNECTIONS, MESSAGES, RATES, growth
from .servers import Server, serving


def pairs(ours: Server, real: Server, count: int, measure: Callable[[Server], float]) -> list[tuple[float, float]]:
    """(ours, real), `count` times."""
    found = []
    for number in range(count):
        order = (ours, real) if number % 2 else (real, ours)
        rates = {server.name: measure(server) for server in order}
        found.append((rates["ours"], rates["real"]))
    return found


def line(title: str, wanted: float | None, measured: list[tuple[float, float]]) -> str:
    ratios = [ours / real for ours, real in measured]
    low, _, high = quantiles(ratios, n=4)
    rate, other = (median(side) for side in zip(*measured, strict=True))
    verdict = "" if wanted is None else f"  wanted {wanted:.1f}: {'yes' if median(ratios) >= wanted else 'NO'}"
    spread = f"middle half {low:.2f} to {high:.2f}, all {min(ratios):.2f} to {max(ratios):.2f}"
    return f"{title:32} {median(ratios):5.2f}  ({spread}; {rate:,.0f} and {other:,.0f} a second){verdict}"


def main() -> int:
    print("ours over the real stack, median of pairs")
    try:
        with serving("ours") as ours, serving("real") as real:
            for title, wanted, count, measure in RATES:
                print(line(title, wanted, pairs(ours, real, count, measure)), flush=True)
        print(f"memory, KiB more with each {MESSAGES:,} messages on {CONNECTIONS} connections")
        for name in ("ours", "real"):
            with serving(name) as server:
                print(f"  {name}: " + ", ".join(f"{size / 1024:+,.0f}" for size in growth(server)), flush=True)
    except (OSError, RuntimeError) as error:
        print(f"not measured: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(journeys.main() if sys.argv[1:] == ["journeys"] else main())
