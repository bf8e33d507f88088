"""Which of our functions stands for which original: by its name, or by `renamed.toml` where ours has another.

In: a module of `reference_impl`. Out: a `Pairing`: a `Pair` for each of its functions and classes, and what of
the cited lines none of ours stands for. The module's docstring says in which files and lines an original may be.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

from .originals import Citation, Definition, OriginalError, Proven, citations, definitions

OURS = Path(__file__).parents[2] / "reference_impl"
RENAMED = Path(__file__).with_name("renamed.toml")
#: A class up to this many lines is shown in one piece, with its methods.
SMALL_CLASS = 20


@dataclass(frozen=True)
class Original:
    """A definition in a proven file."""

    file: Proven
    definition: Definition

    @property
    def link(self) -> str:
        return self.file.link(self.definition.first, self.end)

    @property
    def end(self) -> int:
        """A larger class is shown up to its first method: those are originals of their own."""
        if self.whole:
            return self.definition.last
        above = self.file.text.splitlines()[: self.definition.head]
        return max(number for number, line in enumerate(above, 1) if line.strip())

    @property
    def whole(self) -> bool:
        one = self.definition
        return not one.is_class or one.head == one.last or one.last - one.first < SMALL_CLASS


@dataclass(frozen=True)
class Pair:
    """One of ours, lines `first` to `last`, and what it stands for: nothing, one, or several that it joins."""

    name: str
    first: int
    last: int
    originals: tuple[Original, ...]


@dataclass(frozen=True)
class Pairing:
    """One module: its pairs in the order of its lines, and the originals that are left over."""

    module: str
    text: str
    citations: tuple[Citation, ...]
    pairs: tuple[Pair, ...]
    left: tuple[Original, ...]


def following() -> tuple[str, ...]:
    """The modules whose docstrings name an original."""
    found = {path.stem: citations(path.read_text(encoding="utf-8")) for path in sorted(OURS.glob("*.py"))}
    return tuple(name for name, cited in found.items() if cited)


@cache
def pairing(module: str) -> Pairing:
    """Raises OriginalError: an original is not what is installed, or renamed.toml names what there is not."""
    text = (OURS / f"{module}.py").read_text(encoding="utf-8")
    cited, shown = citations(text), tuple(units(definitions(text)))
    search = _Search(module, cited, definitions(text))
    pairs = tuple(Pair(one.name, one.first, end, search.of(one)) for one, end in shown)
    names = {one.name for one, _ in shown}
    for name in search.renamed:
        if name not in names:
            raise OriginalError(f"renamed.toml: reference_impl/{module}.py shows no {name}.")
    used = [one for pair in pairs for one in pair.originals]
    left = tuple(one for one in search.cited if not any(_tells(other, one) for other in used))
    return Pairing(module, text, cited, pairs, left)


def units(found: Iterable[Definition]) -> Iterator[tuple[Definition, int]]:
    """What is shown as one piece, and its last line: a function, a method, a small class, the head of a larger one."""
    whole: list[Definition] = []
    for one in found:
        if any(outer.first <= one.first and one.last <= outer.last for outer in whole):
            continue
        if not one.is_class or one.last - one.first < SMALL_CLASS:
            whole.append(one)
            yield one, one.last
        else:
            yield one, one.head


def _tells(shown: Original, one: Original) -> bool:
    """Whether `one` is what is shown, or within it."""
    outer, inner = shown.definition, one.definition
    return shown.file == one.file and (inner == outer or (shown.whole and outer.first <= inner.first <= outer.last))


@cache
def _table() -> MappingProxyType[str, dict[str, list[str]]]:
    return MappingProxyType(tomllib.loads(RENAMED.read_text(encoding="utf-8")))


@cache
def _everywhere() -> tuple[Proven, ...]:
    """All files that `reference_impl` cites."""
    sources = [path.read_text(encoding="utf-8") for path in sorted(OURS.glob("*.py"))]
    return tuple(dict.fromkeys(citation.file for text in sources for citation in citations(text)))


class _Search:
    """The originals of one module, by name."""

    def __init__(self, module: str, cited: tuple[Citation, ...], ours: tuple[Definition, ...]) -> None:
        self.module, self.renamed = module, _table().get(module, {})
        self.classes = {one.name: one for one in ours if one.is_class}
        files = dict.fromkeys(citation.file for citation in cited)
        self.all = [Original(file, one) for file in files for one in definitions(file.text)]
        self.cited = [one for one in self.all if any(_within(one, citation) for citation in cited)]

    def of(self, ours: Definition) -> tuple[Original, ...]:
        """By renamed.toml; by the same qualified name; by the method of the class that ours stands for; by the same
        name, if only one of the cited lines' has it."""
        if ours.name in self.renamed:
            return tuple(self._named(name) for name in self.renamed[ours.name])
        same = [one for one in self.cited if one.definition.name == ours.name]
        same = same or [one for one in self.all if one.definition.name == ours.name]
        if not same and not ours.owner and not ours.is_class:
            same = [one for one in _global() if one.definition.name == ours.name]
        if not same and ours.owner in self.classes:
            parents = {one.definition.name for one in self.of(self.classes[ours.owner])}
            same = [one for one in self.all if one.definition.owner in parents and _alike(one.definition, ours)]
        if not same and not ours.is_class and not ours.short.startswith("__"):
            alone = [one for one in self.cited if _alike(one.definition, ours) and not one.definition.is_class]
            same = alone if len(alone) == 1 else []
        return tuple(same[:1])

    def _named(self, name: str) -> Original:
        for one in (*self.cited, *self.all, *_global()):
            if one.definition.name == name:
                return one
        raise OriginalError(f"renamed.toml: no file that reference_impl/{self.module}.py follows has a {name}.")


@cache
def _global() -> tuple[Original, ...]:
    return tuple(Original(file, one) for file in _everywhere() for one in definitions(file.text))


def _alike(one: Definition, other: Definition) -> bool:
    return one.short.lstrip("_") == other.short.lstrip("_")


def _within(one: Original, citation: Citation) -> bool:
    """Of a class, the line that it begins on is enough."""
    first, last = one.definition.first, one.definition.first if one.definition.is_class else one.definition.last
    return one.file == citation.file and citation.first <= first and last <= citation.last
