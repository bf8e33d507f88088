"""From traces to a truth: the chains of the tasks as hops, and what ran.

In: open traces by scenario. Out: a `Truth`. A hop is a step of a chain that a reader has to know of: every step on the
way from the socket or to it, each that crosses into another library or leads to one, each that the chain's value
passes, thread starts, handoffs, and what moves bytes or connections. Helpers that are called again and again are none.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from string import ascii_uppercase

from tracer.reading.chain import SYNCHRONISATION, Chains
from tracer.reading.extent import last_line
from tracer.reading.flow import Flow
from tracer.reading.journeys import journeys
from tracer.reading.links import metadata_repository
from tracer.reading.lock import Lock, normalize
from tracer.reading.steps import Step
from tracer.reading.trace import Call, Code, File, Trace

from .symbols import Symbols, of_source
from .tasks import ChainSpec, Part, load
from .truth import Chain, Hop, Library, Site, Source, Truth, TruthError

PYTHON = "python"
#: How the reason begins for which a file was recorded of which only some functions were asked for.
PARTS = "kept for the functions of"
#: Python's own way into the operating system, for what a wire event is called.
_BEHIND = {
    "accept": ("socket.accept",), "recv_into": ("SocketIO.readinto",), "bind": (), "listen": (), "recv": (),
    "sendall": (), "send": (),
}  # fmt: skip
#: By these calls one thread puts something down for another, and by these it is taken up.
PUTS = frozenset({"append", "appendleft", "put", "put_nowait", "set", "notify", "notify_all"})
TAKES = frozenset({"pop", "popleft", "get", "get_nowait", "wait"})
#: The definitions of what wakes another thread, which show a handoff, too.
SIGNALS = ("Event.set", "Condition.notify", "Condition.notify_all", "Queue.put")
#: What is called so often in one chain is a helper.
OFTEN = 3
#: A call beside the value's way with more inside than this is a hop.
MUCH = 4


def make(name: str, traces: Mapping[str, Trace], lock: Lock) -> Truth:
    """The truth of these traces; chains whose scenario is not among them are left out. Raises `TruthError`."""
    libraries = _Libraries(lock)
    _, specs = load()
    chains = {}
    read = {trace.path: _Read(trace) for trace in traces.values()}  # several scenarios may be one trace
    for spec in specs.values():
        if all(part.scenario in traces for part in spec.parts):
            hops = [
                hop for part in spec.parts for hop in _Hops(read[traces[part.scenario].path], libraries, spec).of(part)
            ]
            if hops:
                chains[spec.name] = Chain(spec.name, spec.title, tuple(_through_wrappers(list(_once(hops)), traces)))
    if not chains:
        raise TruthError("the traces hold none of the calls that the tasks are about")
    python = next(iter(traces.values())).meta.get("python", "")
    shown = {(h.library, h.path, h.qualname) for chain in chains.values() for h in chain.hops}
    shown |= {(s.library, s.path, s.within) for chain in chains.values() for h in chain.hops for s in h.sites}
    sources = tuple(_sources(traces, libraries, shown))
    known = dict(sorted(libraries.found.items()))
    return Truth(name, python, known, chains, sources)


def of_call(name: str, trace: Trace, lock: Lock, call: str, *, up: bool) -> Truth:
    """A truth with one chain: below a call (LANE:QUALNAME), or up to what it returned; in any stack, packages of the
    program's own among them. Raises `TruthError`."""
    libraries = _Libraries(lock, own=True)
    part = Part("", "upward" if up else "below", call)
    hops = list(_once(_Hops(_Read(trace), libraries, ChainSpec("call", call, (), (part,))).of(part)))
    if not hops:
        raise TruthError(f"{trace.path} has no chain of {call}")
    sources = tuple(_sources({"": trace}, libraries, {(h.library, h.path, h.qualname) for h in hops}))
    found = dict(sorted(libraries.found.items()))
    return Truth(name, trace.meta.get("python", ""), found, {"call": Chain("call", call, tuple(hops))}, sources)


class _Libraries:
    """The libraries that files belong to, as they are met. `own`: packages that nobody installed count as well."""

    def __init__(self, lock: Lock, *, own: bool = False) -> None:
        self._lock = lock
        self._own = own
        self.found: dict[str, Library] = {}

    def of(self, file: File) -> str:
        """The name of a file's library; '' for the program's own files."""
        facts = file.facts
        if facts.kind == "stdlib":
            self.found.setdefault(PYTHON, Library(PYTHON, "python/cpython", facts.version, f"v{facts.version}", "Lib/"))
            return PYTHON
        if self._own and facts.kind in ("program", "other") and file.lane not in ("", "app"):
            self.found.setdefault(file.lane, Library(file.lane, "", "", "", ""))
            return file.lane
        if facts.kind != "distribution":
            return ""
        name = normalize(facts.distribution)
        if name not in self.found:
            self.found[name] = self._library(name, facts.version, facts.project_urls)
        return name

    def _library(self, name: str, version: str, urls: tuple[str, ...]) -> Library:
        package = self._lock.packages.get(name)
        release = package.releases.get(version) if package else None
        repository = package.repository if package else metadata_repository(urls)
        reference = release.commit if release else f"v{version}"
        owner = repository.removeprefix("https://github.com/")
        return Library(name, owner, version, reference, release.root if release else "")


@dataclass
class _Read:
    """A trace with what is made of the whole of it, once."""

    trace: Trace

    @cached_property
    def chains(self) -> Chains:
        return Chains(self.trace)

    @cached_property
    def passed(self) -> list[tuple[str, frozenset[int]]]:
        """(direction, calls that its value passes) of each journey."""
        return [
            (one.direction, frozenset(sighting.call for _, sighting in one.sightings))
            for one in journeys(Flow(self.trace))
        ]


@dataclass
class _Hops:
    """The hops of one chain of one trace."""

    read: _Read
    libraries: _Libraries
    spec: ChainSpec
    receiver: Code | None = None  # the function that a value is handed to on another thread

    @property
    def trace(self) -> Trace:
        return self.read.trace

    def of(self, part: Part) -> list[Hop]:
        """The hops of a part, in order; none where the trace has not its call."""
        steps, calls = self._steps(self.read.chains, part)
        flat = [step for top in steps for step in self._kept(top, calls)]
        often = Counter(step.code.id for step in flat if step.code and step.kind == "call" and step.depth > 0)
        threads = self._threads(flat)
        hops = []
        handed = any(step.kind == "handoff" for step in flat)
        for step in flat:
            helper = step.code is not None and step.depth > 0 and often[step.code.id] >= OFTEN
            signal = handed and step.code is not None and step.code.file.module in SYNCHRONISATION and step.depth > 0
            hop = None if helper or signal or self._aside(step, calls, flat) else self._hop(step, threads)
            if hop is not None:
                hops.append(hop)
        return hops

    def _steps(self, chains: Chains, part: Part) -> tuple[list[Step], frozenset[int]]:
        """The steps of a part, and the calls that its value passes."""
        if part.way == "arrival":
            reads = [wire for wire in self.trace.wires if wire.direction == "in"]
            return (chains.arrival(reads[part.nth]), frozenset()) if part.nth < len(reads) else ([], frozenset())
        found = chains.find(*part.call.split(":"))
        if part.nth >= len(found):
            return [], frozenset()
        call = found[part.nth]
        self.receiver = call.code
        if part.way == "upward":
            try:
                return chains.upward(call), self._passed(call, "in")
            except LookupError:
                return [], frozenset()  # what it returned came from no read: no chain to hold a report against
        below = [chains.below(call)]
        if part.came:
            accepts = [step for step in chains.towards(call.thread, call.first.start) if step.key != below[0].key]
            below = [*accepts, *below]
        return below, self._passed(call, "out")

    def _passed(self, call: Call, direction: str) -> frozenset[int]:
        """The calls that the journey of a call's value passes."""
        return next((calls for way, calls in self.read.passed if way == direction and call.id in calls), frozenset())

    def _kept(self, step: Step, passed: frozenset[int], beside: bool = False) -> list[Step]:
        """A step and what of its inside is kept, flat; nothing where neither is. `beside`: the value passes the call
        around it, so one with much inside counts: a frame's header is parsed there, which is no part of the value."""
        lane = step.code.lane if step.code is not None else ""
        if step.kind not in ("wire", "thread", "handoff") and lane in self.spec.skip and step.depth > 0:
            return []
        inner = [one for child in step.children for one in self._kept(child, passed, step.call in passed)]
        much = beside and len(list(step.walk())) > MUCH
        wanted = step.depth == 0 or step.kind == "wire" or step.crosses or step.call in passed or much
        return [step, *inner] if wanted or inner else []

    def _aside(self, step: Step, passed: frozenset[int], flat: list[Step]) -> bool:
        """Whether a step of a chain that ends in bytes only makes an object, which neither has the value nor leads to
        the bytes: worth knowing, and no hop."""
        if not any(one.kind == "wire" for one in flat) or step.depth == 0 or step.code is None or step.call in passed:
            return False
        leads = any(inner.kind in ("wire", "thread") for inner in step.walk())
        return step.code.qualname.endswith(".__init__") and not leads

    def _threads(self, steps: Iterable[Step]) -> dict[int, str]:
        letters = iter(ascii_uppercase)
        seen = dict.fromkeys(step.thread for step in steps)
        return {t: "main" if self.trace.threads.get(t) == "MainThread" else next(letters, "Z") for t in seen}

    def _hop(self, step: Step, threads: Mapping[int, str]) -> Hop | None:
        thread = threads[step.thread]
        if step.wire is not None:
            site = self._site(step.caller, step.line)
            return Hop("wire", step.wire.op, thread, True, sites=site, also=_BEHIND.get(step.wire.op, ()))
        if step.kind == "thread":
            return Hop("thread", "a thread starts", thread, True, sites=self._started(step))
        if step.kind == "handoff" and step.code is not None:
            name = f"handed over by {_plain(step.code.qualname)}"
            taken = self._lines(self.receiver, TAKES) if self.receiver is not None else ()
            called = self._site(step.caller, step.line)
            sites = (*self._lines(step.code, PUTS), *taken)
            return Hop("handoff", name, thread, True, sites=sites, also=SIGNALS, near=called)
        code = step.code
        if code is None or step.kind == "return" or code.lane in self.spec.skip or code.kind not in _FUNCTIONS:
            return None
        library = self.libraries.of(code.file)
        if not library or code.qualname.endswith(("<genexpr>", "<lambda>", "<listcomp>", "<module>")):
            return None
        symbol = (symbols_of(code.file) or Symbols(())).get(code.qualname)
        line = symbol.line if symbol else code.first
        return Hop(
            "call", _plain(code.qualname), thread, step.crosses, library, code.file.facts.relative, code.qualname,
            code.first, line, last_line(code), self._site(step.caller, step.line),
        )  # fmt: skip

    def _site(self, caller: Code | None, line: int) -> tuple[Site, ...]:
        """The statement at a line of a library's file; nothing where it is the program's own."""
        if caller is None or not line:
            return ()
        library = self.libraries.of(caller.file)
        symbols = symbols_of(caller.file)
        if not library or symbols is None:
            return ()
        simple = [f for f in symbols.facts_at(line, line) if f.first <= line <= f.last]
        first = max((f.first for f in simple), default=line)
        last = min((f.last for f in simple), default=line)
        return (Site(library, caller.file.facts.relative, caller.qualname, min(first, line), max(last, line)),)

    def _started(self, step: Step) -> tuple[Site, ...]:
        """Where a thread is started, and where the object was made that is started there."""
        sites = self._site(step.caller, step.line)
        if step.caller is None or not sites:
            return sites
        made = _made(step.caller.file.source or "", step.line)
        return (*sites, *(replace(sites[0], first=line, last=line) for line in made if line != step.line))

    def _lines(self, code: Code, names: frozenset[str]) -> tuple[Site, ...]:
        """The statements of a function that call something of one of these names."""
        symbols = symbols_of(code.file)
        symbol = symbols.get(code.qualname) if symbols else None
        library = self.libraries.of(code.file)
        if symbols is None or symbol is None or not library:
            return ()
        facts = [f for f in symbols.inside(symbol) if f.kind == "call" and f.short in names]
        return tuple(Site(library, code.file.facts.relative, code.qualname, f.first, f.last) for f in facts)


_COMPREHENSION = re.compile(r"(\.<locals>\.<\w+>)+$")
_FUNCTIONS = frozenset({"function", "generator", "coroutine", "method", ""})


def _plain(qualname: str) -> str:
    return qualname.replace(".<locals>", "")


def _once(hops: Iterable[Hop]) -> Iterator[Hop]:
    """Each hop where it is met first: what is called twice is understood once."""
    seen: set[tuple[object, ...]] = set()
    for hop in hops:
        key = (hop.kind, hop.library, hop.path, hop.qualname) if hop.kind == "call" else (hop.kind, hop.name, hop.sites)
        if key not in seen:
            seen.add(key)
            yield hop


def _through_wrappers(hops: list[Hop], traces: Mapping[str, Trace]) -> Iterator[Hop]:
    """A function that a decorator wraps is called where its name stands, although the wrapper is what runs there: that
    line shows both."""
    sources = {
        (file.facts.relative): symbols_of(file) for trace in traces.values() for file in trace.files.values()
    }  # fmt: skip
    wrappers = {hop.qualname: hop for hop in hops if "<locals>" in hop.qualname}
    for hop in hops:
        more = [
            site
            for own in hop.sites if own.within in wrappers
            for site in wrappers[own.within].sites
            for symbols in (sources.get(site.path),) if symbols is not None
            if any(f.kind == "call" and f.short == hop.qualname.rpartition(".")[2]
                   for f in symbols.facts_at(site.first, site.last))
        ]  # fmt: skip
        yield replace(hop, sites=(*hop.sites, *more))


@lru_cache(maxsize=512)
def symbols_of(file: File) -> Symbols | None:
    """The symbols of a file of a trace, by the source that the trace keeps."""
    return of_source(file.source) if file.source else None


def _made(source: str, line: int) -> list[int]:
    """The lines that assign what is started at `line`: `t = Thread(...)` before `t.start()`."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return []
    calls = [
        n for n in ast.walk(tree) if isinstance(n, ast.Call) and n.lineno == line and isinstance(n.func, ast.Attribute)
    ]
    names = {ast.unparse(call.func.value) for call in calls if isinstance(call.func, ast.Attribute)}
    assigned = [n for n in ast.walk(tree) if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) in names]
    return [node.lineno for node in assigned if line - 8 <= node.lineno < line]


def _sources(traces: Mapping[str, Trace], libraries: _Libraries, shown: set[tuple[str, str, str]]) -> Iterator[Source]:
    """Every file of a library in which something ran, with what ran in each scenario."""
    symbols: dict[tuple[str, str], Symbols] = {}
    ran: dict[tuple[str, str], dict[str, set[str]]] = {}
    partly: set[tuple[str, str]] = set()
    for scenario, trace in traces.items():
        whole = {path for path, _, recorded, reason in trace.scope if recorded and not reason.startswith(PARTS)}
        for code in trace.codes.values():  # in scope, or seen calling what is
            library = libraries.of(code.file)
            found = symbols_of(code.file) if library else None
            if found is not None:
                key = (library, code.file.facts.relative)
                symbols[key] = found
                partly |= set() if code.file.facts.path in whole else {key}
                name = _COMPREHENSION.sub("", code.qualname)  # what runs inside one, its function runs
                ran.setdefault(key, {}).setdefault(scenario, set()).update((code.qualname, name))
    for key in sorted(symbols):
        every = {scenario: tuple(sorted(names)) for scenario, names in sorted(ran[key].items())}
        trimmed = _trimmed(symbols[key], {name for *file, name in shown if tuple(file) == key})
        yield Source(*key, trimmed, every, key in partly)


def _trimmed(symbols: Symbols, shown: set[str]) -> Symbols:
    """The symbols with the facts of the functions that a chain shows; the others' would be most of the file."""
    facts = tuple(f for f in symbols.facts if (at := symbols.at(f.line)) is not None and at.qualname in shown)
    return replace(symbols, facts=facts)
