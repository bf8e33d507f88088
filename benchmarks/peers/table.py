"""What was measured, as Markdown: ratios to untraced with their spread, and what is left on disk."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from .environment import PINS, ROOT, STACK, pins
from .measure import Measured
from .recorders import KINDS

#: What our own are to cost at most, in processor time of a 64-byte echo.
WANTED = {
    "ours, monitoring, values": 2.5,
    "ours, settrace, values": 3.2,
    "ours, monitoring, calls and wire": 1.5,
    "ours, settrace, calls and wire": 1.9,
}

INTRODUCTION = """\
<!-- Made by `make bench-peers`. -->
# What recording costs

Flask-Sock's echo on Werkzeug's threads, one process for each recorder, all alive together; a client in a process of
its own takes them in turn, {blocks} blocks each. Processor time and round trip are ratios to the untraced server's
block of the same turn: the median, and in brackets the middle half. Processor time is all of the process's, the
recorder's own thread included. A *call* is its begin and its end. Durations under a tracer are none of the
program's own: a ratio says what one waits for. Differences below a tenth mean nothing.

Machine: {machine}. Stack: {stack}.
Peers: {peers}.
Each peer is set to record these libraries (`benchmarks/peers/recorders.py`), as far as it can: VizTracer records
everything, PySnooper one thread, AppMap no dunder methods and nothing inside generators. *A bare callback* is the
floor (`benchmarks/peers/bare.py`): a Python function at each call and return of these libraries that puts a tuple into
a ring, without call sites, sockets, threads or a file; with arguments it asks each frame for its locals, too.
"""


@dataclass(frozen=True)
class Row:
    """One recorder at one size. Ratios are of its blocks to the untraced ones beside them: (median, low, high)."""

    title: str
    processor: tuple[float, float, float]
    waited: tuple[float, float, float]
    calls: float | None
    size: float


def ratios(of: list[float], base: list[float]) -> tuple[float, float, float]:
    """The median and the middle half of the ratios, block by block."""
    found = [a / b for a, b in zip(of, base, strict=True)]
    low, middle, high = quantiles(found, n=4)
    return middle, low, high


def row(server: Measured, untraced: Measured) -> Row:
    calls, size = server.left.get("calls"), server.left.get("bytes") or 0
    return Row(
        server.title,
        ratios(server.served.processor, untraced.served.processor),
        ratios(server.served.waited, untraced.served.waited),
        None if calls is None else calls / server.messages,
        size / server.messages,
    )


def machine() -> str:
    """Processor, how many, and the system, without names of this machine's own."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{len(models) or '?'} × {models[0] if models else platform.machine()}, {platform.system()}"


def spread(ratio: tuple[float, float, float]) -> str:
    middle, low, high = ratio
    return f"**{middle:.2f}** ({low:.2f} – {high:.2f})"


def table(servers: list[Measured]) -> list[str]:
    """The lines of one table, the untraced server first."""
    untraced = servers[0]
    lines = ["| recorder | processor time | round trip | calls a message | bytes a message | bytes a call | keeps |"]
    lines.append("| --- | --- | --- | ---: | ---: | ---: | --- |")
    for server in servers[1:]:
        if server.broken:
            lines.append(f"| {server.title} | {server.broken} | – | – | – | – | {KINDS[server.title].keeps} |")
            continue
        one = row(server, untraced)
        counted = one.calls if one.calls and one.calls >= 1 else None
        calls = "–" if counted is None else f"{counted:,.0f}"
        each = "–" if counted is None or one.size < 1 else f"{one.size / counted:,.0f}"
        lines.append(
            f"| {one.title} | {spread(one.processor)} | {spread(one.waited)} | {calls} | {one.size:,.0f} | {each} "
            f"| {KINDS[one.title].keeps} |"
        )
    return lines


def verdicts(servers: list[Measured]) -> list[str]:
    """What ours should cost at most, and whether it does."""
    found = []
    for server in servers[1:]:
        wanted = WANTED.get(server.title)
        if wanted is not None and not server.broken:
            middle = row(server, servers[0]).processor[0]
            found.append(
                f"{server.title}: {middle:.2f}, wanted at most {wanted}: {'yes' if middle <= wanted else 'NO'}"
            )
    return found


def page(sections: list[tuple[str, str, list[Measured]]], blocks: int) -> str:
    """The whole page; `sections` are (version of Python, size of the message, servers)."""
    stack, peers = pins(ROOT / "requirements.txt"), pins(PINS)
    versions = ", ".join(f"{name} {stack[name]}" for name in STACK)
    told = ", ".join(f"{name} {version}" for name, version in peers.items())
    lines = INTRODUCTION.format(blocks=blocks, machine=machine(), stack=versions, peers=told).splitlines()
    for python, size, servers in sections:
        base = servers[0].served
        processor, waited = median(base.processor) * 1e6, median(base.waited) * 1e6
        lines += ["", f"## Python {python}, {size}", ""]
        lines += [
            f"Untraced: {processor:,.0f} µs of processor time and {waited:,.0f} µs a round trip.",
            "",
            *table(servers),
        ]
        if size == "64 bytes":
            lines += ["", *(f"- {verdict}" for verdict in verdicts(servers))]
    return "\n".join(lines) + "\n"
