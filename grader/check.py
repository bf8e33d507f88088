"""Check one report: its document in, a `Result` out. The order of the steps is the order of the functions here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from .claims import doubts
from .coverage import Coverage, coverage
from .documents.document import Document, Mention
from .landing import land
from .links import CodeLink, release_of, resolve
from .result import Part, Result
from .rubric import UNCOUNTED, Rubric
from .sayings import said
from .sources.nearest import Sources
from .sources.source import Absent, Source
from .tasks import Task
from .tasks import load as load_tasks
from .truth import Library, Truth
from .verdicts import Case, Judged, Verdict, judge

#: Links for each hop, above which nobody chose them one by one.
MANY = 5


@dataclass
class Checker:
    """Everything that a check needs besides the report."""

    truths: Sequence[Truth]
    sources: Sources
    rubric: Rubric
    day: str = ""

    def check(self, document: Document, task: Task, name: str = "") -> Result:
        """Hold a document against what ran."""
        links = [(mention, resolve(mention.target.url, self._paths)) for mention in document.mentions]
        truth = self.truth_of([link for _, link in links], task)
        api = _apis(task)
        ran = truth.ran(task.scenarios)
        known = frozenset(one.short for source in truth.sources for one in source.symbols.symbols)
        judged = tuple(self._judge(mention, link, truth, ran, api, known) for mention, link in links)
        chains = [truth.chains[chain] for chain in task.chains if chain in truth.chains]
        covered = tuple(coverage(chain, judged, truth, self.rubric) for chain in chains)
        present = _present(document, self.rubric)
        warnings = (*document.warnings, *_elsewhere(judged, truth), *_too_many(judged, covered))
        parts = (*self._chain_parts(covered), self._links_part(judged), self._presence_part(present))
        return Result(
            name or document.name, task.name, task.title, truth.name, document.format,
            tuple(part for part in parts if part.most), judged, covered, present, warnings, held=truth,
        )  # fmt: skip

    # -- which truth -------------------------------------------------------------------------------------------------

    def truth_of(self, links: Sequence[CodeLink], task: Task) -> Truth:
        """The truth of the versions that a report cites: of which the most links are, or nearest."""
        able = [truth for truth in self.truths if any(chain in truth.chains for chain in task.chains)]
        votes = Counter(nearest.name for link in links for nearest in self._nearest(link, able))
        return max(able, key=lambda truth: votes[truth.name])  # of equals the first: the newest

    def _nearest(self, link: CodeLink, truths: Sequence[Truth]) -> list[Truth]:
        """The truths that a link may be of: by its release, else by where its function stands."""
        if link.kind != "code" or link.moves or link.package == "python":
            return []
        with_it = [truth for truth in truths if link.package in truth.libraries]
        release = release_of(link)
        if release and with_it:
            far = {truth.name: _distance(release, truth.libraries[link.package].version) for truth in with_it}
            least = min(far.values())
            return [truth for truth in with_it if far[truth.name] == least]
        found = self.sources.find(link)
        if not isinstance(found, Source):
            return []
        return [truth for truth in with_it if _stands_there(link, found, truth)]

    @property
    def _paths(self) -> list[tuple[str, str]]:
        return [(one.library, one.path) for truth in self.truths for one in truth.sources]

    # -- links -------------------------------------------------------------------------------------------------------

    def _judge(
        self,
        mention: Mention,
        link: CodeLink,
        truth: Truth,
        ran: frozenset[tuple[str, str, str]],
        api: dict[str, tuple[str, str]],
        known: frozenset[str],
    ) -> Judged:
        simple = _without_source(mention, link)
        if simple is not None:
            return simple
        answer = self.sources.find(link)
        if isinstance(answer, Absent):
            return Judged(mention, link, Verdict.BROKEN, f"{answer.why}.", "Open the link: is it the one you mean?")
        if answer is None:
            return self._unknown(mention, link, truth)
        other = self._other_library(link, answer, truth)
        landing = land(link, answer, truth, ran, other)
        section = _section(mention, api)
        others = tuple(one for name, one in api.items() if name != section)
        spoken = said(mention, answer.symbols, known)
        case = Case(mention, link, landing, spoken, truth, ran, api.get(section), others)
        judged = replace(judge(case), doubts=doubts(case))
        if judged.verdict is Verdict.WRONG_TARGET:
            judged = replace(judged, better=self._at_same_commit(judged) or judged.better)
        return self._moving(judged, answer, truth) if link.moves or link.short else judged

    def _at_same_commit(self, judged: Judged) -> str:
        """The function that ran in place of the linked one, at the link's own commit where that is known."""
        landing = judged.landing
        for library, path, qualname in landing.namesakes[:1] if landing is not None else ():
            root = judged.link.path.removesuffix(judged.link.inner)
            there = replace(judged.link, path=root + path, inner=path)
            found = self.sources.find(there) if library == judged.link.package else None
            symbol = found.symbols.get(qualname) if isinstance(found, Source) else None
            if symbol is not None and not judged.link.moves:
                return replace(there, first=symbol.line, last=symbol.last).pinned
        return ""

    def _unknown(self, mention: Mention, link: CodeLink, truth: Truth) -> Judged:
        if link.moves:
            evidence = (
                f"{link.reference} is a branch: what it shows changes, and what it showed cannot be looked up here."
            )
            return Judged(mention, link, Verdict.MOVING, evidence, _PIN, as_if=Verdict.UNKNOWN)
        evidence = f"{link.repository} at {link.reference[:12]} is neither installed nor mirrored here."
        if re.fullmatch(r"[0-9a-f]{41,}", link.reference):
            evidence = f"{link.reference} has {len(link.reference)} digits, and a commit has forty."
        return Judged(mention, link, Verdict.UNKNOWN, evidence, "This costs nothing. A person has to look.")

    def _moving(self, judged: Judged, then: Source, truth: Truth) -> Judged:
        """A link to a branch: what it showed on the day, what it shows now, and the link that stays."""
        if judged.link.short:
            return replace(
                judged, hint=judged.hint or "Write the commit's forty digits: a short one may become ambiguous."
            )
        now = self.sources.now(judged.link)
        on = f", and on {self.day} " if self.day else "; "
        evidence = f"{judged.link.reference} is a branch{on}{judged.evidence[:1].lower()}{judged.evidence[1:]}"
        if isinstance(now, Source) and judged.link.first and self.day:
            symbol = now.symbols.at(judged.link.first)
            name = symbol.qualname if symbol else "something outside every function"
            evidence += f" Now it shows {name}." if name != judged.symbol else " It still shows that."
        pinned = replace(judged.link, reference=then.reference).pinned
        return replace(
            judged, verdict=Verdict.MOVING, as_if=judged.verdict, evidence=evidence, hint=_PIN,
            better=judged.better or pinned,
        )  # fmt: skip

    def _other_library(self, link: CodeLink, source: Source, truth: Truth) -> Library | None:
        """The library of another truth that a link is of, where it is not the one that the report is held against."""
        if link.moves or _stands_there(link, source, truth):
            return None
        nearest = self._nearest(link, self.truths)
        if not nearest or truth in nearest:
            return None
        return nearest[0].libraries[link.package]

    # -- points ------------------------------------------------------------------------------------------------------

    def _chain_parts(self, covered: Sequence[Coverage]) -> list[Part]:
        weights = {one.chain.name: self.rubric.chains.get(one.chain.name, 1.0) for one in covered}
        whole = sum(weights.values()) or 1.0
        shares = _whole(self.rubric.points["chains"], [weights[one.chain.name] / whole for one in covered])
        parts = []
        for one, most in zip(covered, shares, strict=True):
            shown = sum(1 for hop in one.hops if hop.share)
            said = f"{shown} of {len(one.hops)} hops are shown"
            first = one.missing[0].hop if one.missing else None
            said += f"; the first that is missing is {first.name}." if first else "."
            parts.append(Part(f"chain:{one.chain.name}", one.chain.title, round(most * one.share, 2), most, said))
        return parts

    def _links_part(self, judged: Sequence[Judged]) -> Part:
        counted = [one for one in judged if one.verdict not in UNCOUNTED]
        share = sum(self._link_share(one) for one in counted) / len(counted) if counted else 0.0
        most = self.rubric.points["links"]
        right = sum(one.verdict in (Verdict.RIGHT, Verdict.ELSEWHERE) for one in counted)
        return Part("links", "links", round(most * share, 2), most, f"{right} of {len(counted)} links are right.")

    def _link_share(self, one: Judged) -> float:
        """What a link gets: a branch's no more than what it shows would get by itself."""
        return min(self.rubric.links[one.verdict], self.rubric.links.get(one.stands, 1.0))

    def _presence_part(self, present: dict[str, bool]) -> Part:
        most = self.rubric.points["presence"]
        share = sum(present.values()) / len(present) if present else 1.0
        missing = [name for name, there in present.items() if not there]
        said = f"Missing: {', '.join(missing)}." if missing else "All is there; how good it is, a person judges."
        return Part("presence", "what a report must say", round(most * share, 2), most, said)


_PIN = "Pin it: on the file's page, press y, and the address becomes that of the commit."


def _without_source(mention: Mention, link: CodeLink) -> Judged | None:
    """The verdict on what is no file of a library."""
    if link.kind == "nowhere":
        return Judged(mention, link, Verdict.NOT_SOURCE, "This is no address of a web page.", "Link a file on the web.")
    if link.kind == "page":
        return Judged(mention, link, Verdict.NOT_SOURCE, "A page, and no source file.", "")
    if link.kind in ("hosted", "shortened"):
        host = urlsplit(link.url).hostname
        evidence = f"A source file at {host}, where nothing is looked up."
        if link.kind == "shortened":
            evidence = f"An address of {host} leads on to another, which cannot be told here."
        hint = "This costs nothing. A person has to look; a link to the library's own repository can be checked."
        return Judged(mention, link, Verdict.UNKNOWN, evidence, hint)
    if link.kind == "library":
        evidence = f"{link.repository} is a library of which nothing is known here."
        return Judged(mention, link, Verdict.UNKNOWN, evidence, "This costs nothing. A person has to look.")
    if link.kind == "own":
        evidence = f"{link.repository} is no library that is known here, so it is taken for the program's own."
        return Judged(mention, link, Verdict.OWN, evidence, "The chain is made of the library's code.")
    if link.kind == "fork":
        better = replace(link, repository=next(iter(_known(link))), kind="code").pinned
        evidence = f"{link.repository} is a copy of {next(iter(_known(link)))}."
        return Judged(mention, link, Verdict.WRONG_TARGET, evidence, "Link the library itself.", better)
    return None


def _known(link: CodeLink) -> list[str]:
    from .links import repositories

    return [one.name for one in repositories().values() if one.package == link.package]


def _elsewhere(judged: Sequence[Judged], truth: Truth) -> Iterator[str]:
    """A warning where most of a report's links are of libraries that no scenario runs: another framework's report."""
    code = [one.link for one in judged if one.link.kind in ("code", "library")]
    other = Counter(link.package or link.repository for link in code if link.package not in truth.libraries)
    if 2 * sum(other.values()) > len(code):
        most = ", ".join(name for name, _ in other.most_common(3))
        yield (
            f"most links are of libraries that took no part in what this report is held against ({most}); hold it "
            "against a recording of the program that it is about: unmagic check --trace"
        )


def _too_many(judged: Sequence[Judged], covered: Sequence[Coverage]) -> Iterator[str]:
    """A warning where links are so many that they show hops by chance: a link to each line shows every one."""
    hops, links = sum(len(one.hops) for one in covered), sum(one.link.kind == "code" for one in judged)
    if links > MANY * hops:
        yield (
            f"{links} links to source are more than {MANY} for each of the {hops} hops: whether they were chosen, or "
            "cover all lines, a person has to see"
        )


def _stands_there(link: CodeLink, source: Source, truth: Truth) -> bool:
    """Whether the linked function stands at the same lines in the truth."""
    symbol = source.symbols.at(link.first) if link.first else None
    mine = truth.source.get((link.package, link.inner))
    same = mine.symbols.get(symbol.qualname) if mine and symbol else None
    return same is not None and symbol is not None and (same.first, same.last) == (symbol.first, symbol.last)


def _distance(one: str, other: str) -> tuple[float, ...]:
    """How far two versions are apart, part by part."""
    numbers = [[int(part) for part in re.findall(r"\d+", version)[:3]] + [0, 0, 0] for version in (one, other)]
    return tuple(abs(a - b) for a, b in zip(numbers[0][:3], numbers[1][:3], strict=True))


def _apis(task: Task) -> dict[str, tuple[str, str]]:
    """(library, qualname) of the function that each chain of a task is about."""
    _, specs = load_tasks()
    found = {}
    for name in task.chains:
        call = specs[name].parts[-1].call
        if call:
            lane, _, qualname = call.partition(":")
            found[name] = (lane.replace("_", "-"), qualname)
    return found


def _section(mention: Mention, api: dict[str, tuple[str, str]]) -> str:
    """The chain that the nearest heading is about; '' where no heading says."""
    _, specs = load_tasks()
    for heading in reversed(mention.headings):
        plain = re.sub(r"[^a-z]", "", heading.lower())
        for name in api:
            if any(plain.startswith(re.sub(r"[^a-z]", "", word.lower())) for word in specs[name].headings):
                return name
    return ""


def _present(document: Document, rubric: Rubric) -> dict[str, bool]:
    """What a report must have, and whether it has. What still stands as a mark where it is to be written, as in what
    `unmagic report --for-course` makes, is not there (report/view/purpose.py)."""
    text = (document.text + " " + " ".join(one.target.url for one in document.mentions)).lower()
    words, line = rubric.presence, " ".join(text.split())
    return {name: any(w.lower() in text for w in words[name]) and f"todo: {name}" not in line for name in words}


def _whole(points: int, shares: Sequence[float]) -> list[int]:
    """Whole points for shares, which together are all of them: the largest remainders get what is left."""
    exact = [points * share for share in shares]
    given = [int(one) for one in exact]
    order = sorted(range(len(exact)), key=lambda place: (given[place] - exact[place], place))
    for place in order[: points - sum(given)]:
        given[place] += 1
    return given
