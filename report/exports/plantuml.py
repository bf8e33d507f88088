"""A sequence diagram as PlantUML's text (plantuml.com/sequence-diagram).

Text there is Creole, with images, links and a preprocessor (``%getenv()``, ``!include``): whatever could be read as one
of these is spelled as ``<U+0025>``, which PlantUML turns into the character when it draws.
"""

from __future__ import annotations

from .asked import Asked, Exported
from .sequence import drawing, left_out
from .text import plain, spelled

#: Characters of an arrow's text.
WIDTH = 80


def plantuml(asked: Asked) -> Exported:
    """The journey or chain. Raises `ExportError`."""
    one = drawing(asked)
    lines = ["@startuml", f"title {_text(one.title)}", "autonumber"]
    lines += [f'participant "{_text(label)}" as {short}' for short, label in one.participants]
    for source, target, moment in one.arrows:
        lines.append(f"{source} {'-->' if moment.dashed else '->'} {target} : {_text(moment.text)}")
    if one.more:
        lines.append(f"note over {one.participants[0][0]} : and {one.more} more")
    return Exported("\n".join([*lines, "@enduml"]).encode("utf-8", "replace") + b"\n", left_out(one))


def _text(text: str) -> str:
    return spelled(plain(text, WIDTH), lambda point: f"<U+{point:04X}>")
