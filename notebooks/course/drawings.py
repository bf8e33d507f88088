"""Drawings of what cannot be seen: bytes as bits, boxes and what flows between them, threads and what they say.

In: plain values, those of a run where there is one. Out: a `Drawing`: an SVG in an ``<img>``, which every notebook
shows, with its own light ground, a sentence for those who do not see it, and text for a terminal. No colour means
anything that is not written, too.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from .table import Shown

INK, QUIET, PAPER = "#1b1f24", "#57606a", "#fbfbf8"
#: Fills of boxes that differ, by turns; the ink on them is 8:1 at least.
FILLS = ("#dcecf8", "#fbe9d3", "#dff3e8", "#f4e1ee", "#ececec")
MONO, SANS = "ui-monospace,Menlo,Consolas,monospace", "system-ui,Helvetica,Arial,sans-serif"


@dataclass(frozen=True, repr=False)
class Drawing(Shown):
    """`shapes` is the inside of an SVG of `width` by `height`; `alt` says what it shows; `plain` is its text form."""

    shapes: str
    width: int
    height: int
    alt: str
    plain: str

    def svg(self) -> str:
        """The whole image."""
        ground = f'<rect width="{self.width}" height="{self.height}" rx="6" fill="{PAPER}"/>'
        size = f'width="{self.width}" height="{self.height}" viewBox="0 0 {self.width} {self.height}"'
        return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="{SANS}">{ground}{self.shapes}</svg>'

    def html(self) -> str:
        data = base64.b64encode(self.svg().encode()).decode()
        style = "max-width:100%;height:auto"
        return f'<img alt="{escape(self.alt, quote=True)}" style="{style}" src="data:image/svg+xml;base64,{data}">'

    def text(self) -> str:
        return f"{self.alt}\n\n{self.plain}"


def _text(x: float, y: float, said: str, size: int = 13, *, anchor: str = "middle", mono: bool = False,
          fill: str = INK, bold: bool = False) -> str:  # fmt: skip
    family = f' font-family="{MONO}"' if mono else ""
    weight = ' font-weight="600"' if bold else ""
    where = f'x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}" fill="{fill}"'
    return f"<text {where}{family}{weight}>{escape(said)}</text>"


def _box(x: float, y: float, width: float, height: float, fill: str = "#fff") -> str:
    where = f'x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}"'
    return f'<rect {where} fill="{fill}" stroke="{INK}" stroke-width="1.2"/>'


def _arrow(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    way = 1 if x2 >= x1 else -1
    if abs(y2 - y1) > abs(x2 - x1):  # downwards
        way = 1 if y2 >= y1 else -1
        tip = f"M{x2 - 4:g} {y2 - 7 * way:g}L{x2:g} {y2:g}L{x2 + 4:g} {y2 - 7 * way:g}"
    else:
        tip = f"M{x2 - 7 * way:g} {y2 - 4:g}L{x2:g} {y2:g}L{x2 - 7 * way:g} {y2 + 4:g}"
    return (
        f'<path d="M{x1:g} {y1:g}L{x2:g} {y2:g}" stroke="{INK}" stroke-width="1.4" fill="none"{dash}/>'
        f'<path d="{tip}" stroke="{INK}" stroke-width="1.4" fill="none"/>'
    )


def boxes(names: Sequence[str], between: Sequence[str] = (), below: Sequence[str] = ()) -> Drawing:
    """Boxes in a row, an arrow from each to the next with a word of `between` on it, and a word of `below` under each.

    boxes(("client", "kernel", "server"), ("send", "recv"))
    """
    wide = max(96, *(9 * len(name) + 24 for name in names))
    gap = max(64, *(7 * len(word) + 26 for word in between), 64)
    width = int(len(names) * wide + (len(names) - 1) * gap + 32)
    shapes = []
    for place, name in enumerate(names):
        x = 16 + place * (wide + gap)
        shapes += [_box(x, 30, wide, 40, FILLS[place % len(FILLS)]), _text(x + wide / 2, 55, name, bold=True)]
        if place < len(below):
            shapes.append(_text(x + wide / 2, 90, below[place], 12, fill=QUIET))
        if place:
            shapes.append(_arrow(x - gap + 4, 50, x - 4, 50))
            if place - 1 < len(between):
                shapes.append(_text(x - gap / 2, 42, between[place - 1], 12, fill=QUIET))
    words = [*between, *([""] * len(names))]
    plain = "".join(f"[{name}]" + (f" --{word}--> " if n < len(names) - 1 else "") for n, (name, word)
                    in enumerate(zip(names, words, strict=False)))  # fmt: skip
    notes = "\n".join(f"  {name}: {word}" for name, word in zip(names, below, strict=False) if word)
    alt = ", then ".join(names)
    return Drawing("".join(shapes), width, 104 if below else 86, alt, "\n".join(filter(None, (plain, notes))))


def lifelines(actors: Sequence[str], said: Sequence[tuple[str, str, str]], title: str = "") -> Drawing:
    """A line down for each actor (a thread, a process), and in order who says what to whom: (from, to, words). Who says
    something to itself waits, or works."""
    gap, top, step = 210, 46, 38
    width, height = gap * len(actors) + 20, top + step * (len(said) + 1) + 8
    at = {actor: 10 + gap * (place + 0.5) for place, actor in enumerate(actors)}
    shapes = []
    for place, actor in enumerate(actors):
        x = at[actor]
        line = f'<path d="M{x:g} {top}V{height - 12}" stroke="{QUIET}" stroke-width="1" stroke-dasharray="2 3"/>'
        shapes += [line, _box(x - 90, 12, 180, 28, FILLS[place % len(FILLS)]), _text(x, 31, actor, bold=True)]
    for place, (source, target, words) in enumerate(said):
        y = top + step * (place + 0.85)
        if source == target:
            shapes += [_box(at[source] - 98, y - 15, 196, 24, "#fff"), _text(at[source], y + 1, words, 12)]
            continue
        shapes.append(_arrow(at[source], y, at[target], y))
        shapes.append(_text((at[source] + at[target]) / 2, y - 6, words, 12))
    order = "\n".join(f"  {n}. {_sentence(*one)}" for n, one in enumerate(said, 1))
    alt = title or f"{', '.join(actors)}, and what passes between them"
    return Drawing("".join(shapes), width, height, alt, order)


def _sentence(source: str, target: str, words: str) -> str:
    return f"{source}: {words}" if source == target else f"{source} -> {target}: {words}"


#: The bits of a frame's first two bytes: (name, how many).
FIRST, SECOND = (("FIN", 1), ("RSV", 3), ("opcode", 4)), (("MASK", 1), ("length", 7))


def bits(frame: bytes, *, hidden: bool = False) -> Drawing:
    """The first two bytes of a WebSocket frame as bits, and the rest as bytes; with `hidden` the bits are left out, to
    be filled in by hand."""
    shapes, plain, unit = [], [], 34
    for row, (byte, parts) in enumerate(zip(frame[:2], (FIRST, SECOND), strict=True)):
        y, place = 34 + row * 84, 0
        shapes.append(_text(12, y + 23, f"byte {row}", anchor="start", fill=QUIET))
        shapes.append(_text(12, y + 40, f"0x{byte:02x}", anchor="start", mono=True, fill=QUIET))
        told = []
        for number, (name, count) in enumerate(parts):
            x = 84 + place * unit
            value = f"{byte:08b}"[place : place + count]
            fill = FILLS[(number + row * 3) % len(FILLS)]
            for bit in range(count):
                shapes.append(_box(x + bit * unit, y, unit, 32, fill))
                said = "?" if hidden else value[bit]
                shapes.append(_text(x + (bit + 0.5) * unit, y + 22, said, 15, mono=True))
            shapes.append(_text(x + count * unit / 2, y + 48, name, 12))
            told.append(f"{name} {'?' * count if hidden else value}")
            place += count
        plain.append(f"byte {row}  0x{byte:02x}  " + " | ".join(told))
    rest = frame[2:14]
    for place, byte in enumerate(rest):
        x = 84 + place * unit
        shapes += [_box(x, 202, unit, 30), _text(x + unit / 2, 222, f"{byte:02x}", 13, mono=True)]
    if rest:
        more = f" and {len(frame) - 14} more" if len(frame) > 14 else ""
        shapes.append(_text(12, 222, "then", anchor="start", fill=QUIET))
        if more:
            shapes.append(_text(84 + len(rest) * unit + 8, 222, f"…{more}", 12, anchor="start", fill=QUIET))
        plain.append(f"then    {rest.hex(' ')}{' …' + more if more else ''}")
    alt = f"a frame of {len(frame)} bytes, its first two as bits"
    width = 84 + 8 * unit + 16 if len(rest) <= 8 else 84 + len(rest) * unit + (100 if len(frame) > 14 else 16)
    return Drawing("".join(shapes), width, 250 if rest else 196, alt, "\n".join(plain))
