"""A sequence diagram as mermaid's text (mermaid.js.org/syntax/sequenceDiagram.html).

A statement ends at a line's end or at ``;``, ``#`` begins an entity, and ``end`` alone ends a block: whatever is no
plain text is spelled as an entity, which mermaid turns back when it draws.
"""

from __future__ import annotations

from ..markdown import drawn
from .asked import Asked, Exported
from .sequence import drawing, left_out

#: Characters of an arrow's text.
WIDTH = 80


def mermaid(asked: Asked) -> Exported:
    """The journey or chain. Raises `ExportError`."""
    one = drawing(asked)
    lines = ["sequenceDiagram", f"  title {drawn(one.title, WIDTH)}", "  autonumber"]
    lines += [f"  participant {short} as {drawn(label)}" for short, label in one.participants]
    for source, target, moment in one.arrows:
        lines.append(f"  {source}{'-->>' if moment.dashed else '->>'}{target}: {drawn(moment.text, WIDTH)}")
    if one.more:
        lines.append(f"  Note over {one.participants[0][0]}: and {one.more} more")
    return Exported("\n".join(lines).encode("utf-8", "replace") + b"\n", left_out(one))
