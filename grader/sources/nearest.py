"""The nearest source for a link: what is installed, a release from the index, a clone, the code host, the table.

A link that none of them knows "could not be looked up here", and costs nobody anything.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from ..links import CodeLink
from ..truth import Truth
from .host import Host
from .index import Index
from .installed import Installed
from .mirrors import Mirrors
from .source import Absent, Answer, Place, Source
from .table import Table


def cache_folder() -> Path:
    """Where what was got is kept."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "unmagic" / "sources"


@dataclass
class Sources:
    """The places in order, and what each link was found to be."""

    places: list[Place]
    mirrors: Mirrors | None = None
    _found: dict[tuple[str, str, str], Answer] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        truths: list[Truth],
        *,
        mirrors: Path | None = None,
        day: str = "",
        index: bool = False,
        host: bool = False,
        host_mirror: str = "",
        cache: Path | None = None,
    ) -> Sources:
        """The places that were allowed: `index` and `host` may use the network, `mirrors` is a folder of clones,
        `host_mirror` the address of a host that answers as the code host does."""
        folder = cache or cache_folder()
        clones = Mirrors(mirrors, day) if mirrors is not None else None
        places: list[Place] = [Installed(), Index(folder / "index", fetch=index)]
        places += [clones] if clones is not None else []
        places += [Host(folder / "host", host_mirror)] if host or host_mirror else []
        return cls([*places, Table(truths)], clones)

    def find(self, link: CodeLink) -> Answer:
        """The source, or that there surely is none; None where nobody knows."""
        key = (link.repository, link.reference, link.path)
        if key not in self._found:
            self._found[key] = self._ask(link)
        return self._found[key]

    def now(self, link: CodeLink) -> Answer:
        """What a branch shows now, as far as a clone tells."""
        return self.mirrors.now(link) if self.mirrors is not None else None

    def _ask(self, link: CodeLink) -> Answer:
        absent: Absent | None = None
        for place in self.places:
            answer = place.find(link)
            if isinstance(answer, Source):
                return answer
            absent = absent or answer
        return absent
