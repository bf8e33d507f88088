"""How much of a submission is also in another, or in the reference: a hint for a person, who looks at both, never a
verdict.

Sources become runs of tokens without names, comments and layout (Pygments); each run of `RUN` tokens is one shingle,
and two submissions are as similar as the share of the smaller one's shingles that the other has too. What everybody was
given does not count. Which pairs are worth comparing, MinHash says (datasketch), so that a class of a thousand takes
seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

#: Tokens in a row that have to agree, and the shares from which on a pair is told.
RUN, FROM = 14, 0.6
_PERMUTATIONS, _CANDIDATE = 64, 0.35
_PARTNERS = 15  # of one submission that are compared closely
_LARGEST = 1 << 20  # bytes of a file that is looked at
_FEWEST = 60  # shingles below which nothing can be said


class NoSimilarity(Exception):
    """It cannot be looked for here; the message is one sentence."""


@dataclass(frozen=True)
class Pair:
    """Two submissions (or one and the reference) and the share of the smaller one that both have."""

    one: str
    other: str
    share: float


def shingles(files: Mapping[str, bytes]) -> frozenset[int]:
    """The shingles of a submission's sources. Raises `NoSimilarity` without Pygments."""
    return frozenset[int]().union(*(_of_file(name.rpartition("/")[2], data) for name, data in files.items()))


@lru_cache(maxsize=4096)  # most files of a class are given, and nobody has changed them
def _of_file(name: str, data: bytes) -> frozenset[int]:
    try:
        from pygments.lexers import get_lexer_for_filename
        from pygments.token import Comment, Name, Number, String, Text
        from pygments.util import ClassNotFound
    except ImportError:
        raise NoSimilarity("similarity needs Pygments: pip install 'unmagic[similar]'") from None
    try:
        lexer = get_lexer_for_filename(name)
    except ClassNotFound:
        return frozenset()
    if len(data) > _LARGEST or lexer.name in ("Markdown", "TOML", "HTML", "Text only", "JSON", "YAML"):
        return frozenset()
    tokens = []
    for kind, text in lexer.get_tokens(data.decode("utf-8", "replace")):
        if kind in Comment or kind in String.Doc or kind in Text:
            continue
        tokens.append("n" if kind in Name else "0" if kind in Number else "s" if kind in String else text)
    runs = ("\0".join(tokens[at : at + RUN]).encode() for at in range(len(tokens) - RUN + 1))
    return frozenset(int.from_bytes(hashlib.blake2b(run, digest_size=8).digest(), "big") for run in runs)


def pairs(
    classes: Mapping[str, frozenset[int]], given: frozenset[int], reference: frozenset[int]
) -> tuple[list[Pair], list[Pair]]:
    """Pairs of submissions, and submissions beside the reference, the most similar first. `given`: what everybody got.
    Raises `NoSimilarity`."""
    own = {name: one - given for name, one in classes.items()}
    large = {name: one for name, one in own.items() if len(one) >= _FEWEST}
    known = reference - given
    beside = [Pair(name, "reference", _share(one, known)) for name, one in large.items()] if known else []
    return _sorted(_close(large)), _sorted(beside)


def _share(one: frozenset[int], other: frozenset[int]) -> float:
    return len(one & other) / (min(len(one), len(other)) or 1)


def _sorted(found: Iterable[Pair]) -> list[Pair]:
    return sorted((pair for pair in found if pair.share >= FROM), key=lambda pair: (-pair.share, pair.one, pair.other))


def _close(large: Mapping[str, frozenset[int]]) -> list[Pair]:
    try:
        from datasketch import MinHash, MinHashLSH
    except ImportError:
        raise NoSimilarity("similarity needs datasketch: pip install 'unmagic[similar]'") from None
    index, hashes = MinHashLSH(threshold=_CANDIDATE, num_perm=_PERMUTATIONS), {}
    for name, one in large.items():
        made = MinHash(num_perm=_PERMUTATIONS, seed=1, hashfunc=_low_half)
        made.update_batch(list(one))
        hashes[name] = made
        index.insert(name, made)
    found: dict[tuple[str, str], Pair] = {}
    for name, made in hashes.items():
        others = [other for other in index.query(made) if other != name]
        others.sort(key=lambda other: (-made.jaccard(hashes[other]), other))
        for other in others[:_PARTNERS]:
            first, second = sorted((name, other))
            found[first, second] = Pair(first, second, _share(large[first], large[second]))
    return list(found.values())


def _low_half(shingle: int) -> int:
    """32 bits, as MinHash wants them, of what is a hash already."""
    return shingle & 0xFFFFFFFF


def sources(folder: Path) -> dict[str, bytes]:
    """A folder's files, for `shingles`. Raises `SubmissionError`."""
    from ..coursework.submission import files

    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files(folder)}
