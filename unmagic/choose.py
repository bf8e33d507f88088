"""What of a trace a command is asked for: a call by its function's name, and the steps of its chain."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping

from tracer.reading.apis import LOCALS, Apis
from tracer.reading.chain import Chains
from tracer.reading.flow import Flow
from tracer.reading.journeys import Journey, journeys
from tracer.reading.spine import Spines
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Call, Code, Trace

from .errors import Failure

#: As many names are told where one is wrong.
NEAR = 5
#: From this likeness on (difflib's ratio) a name is near.
LIKE = 0.7


def pick(trace: Trace, function: str, nth: int) -> Call:
    """The `nth` call of MODULE:FUNCTION, or of FUNCTION where only one is called so, or only one of
    these by the program itself. Raises `Failure`, with the names
    that are near."""
    wanted = _named(trace, function)
    found = [call for call in trace.calls.values() if call.code.id in wanted]
    if not 1 <= nth <= len(found):
        times = "once" if len(found) == 1 else f"{len(found)} times"
        raise Failure(f"{function} was called {times} in {trace.path}, there is no call {nth}")
    return found[nth - 1]


def _named(trace: Trace, function: str) -> set[int]:
    """The numbers of the function that is meant: of each of its code objects. Raises `Failure`."""
    module, _, name = function.rpartition(":")
    if not name:
        raise Failure(f"{function!r} names no function: write it as MODULE:FUNCTION, such as flask:Flask.run")
    codes = {call.code.id: call.code for call in trace.calls.values()}.values()
    for fits in (_whole, _end):
        found = [code for code in codes if fits(code, name) and (not module or module in _modules(code))]
        names = dict.fromkeys(shown(code) for code in found)
        if len(names) > 1:
            own = {use.call.code.id for api in Apis(trace).all for use in api.uses}
            found = [code for code in found if code.id in own]
        if len({shown(code) for code in found}) != min(len(names), 1):
            raise Failure(f"{trace.path} has calls of {len(names)} functions named {function}: {_listed(names)}")
        if found:
            return {code.id for code in found}
    if not trace.calls:
        raise Failure(f"{trace.path} has no call of any function")
    near = dict.fromkeys(_near(function, codes))
    asked = f"did you mean {_listed(near, ' or ')}?" if near else "no name in it is near"
    raise Failure(f"{trace.path} has no call of {function}; {asked} (unmagic chain {trace.path} --list tells of all)")


def shown(code: Code) -> str:
    """``module:qualname``, without what only the compiler says."""
    return f"{code.file.module or code.lane}:{plain(code.qualname)}"


def plain(qualname: str) -> str:
    """A qualified name as a reader writes it."""
    return qualname.replace(LOCALS, "")


def _modules(code: Code) -> set[str]:
    return {code.lane, code.file.module, code.file.module.partition(".")[0]} - {""}


def _whole(code: Code, name: str) -> bool:
    return name in (code.qualname, plain(code.qualname))


def _end(code: Code, name: str) -> bool:
    return plain(code.qualname).endswith(f".{plain(name)}")


def _near(function: str, codes: Iterable[Code]) -> Iterator[str]:
    """Names like this one: as a whole, by what stands behind the colon, by their last word."""
    names = {shown(code): plain(code.qualname) for code in codes}
    asked = function.lower()
    name = asked.rpartition(":")[2]
    for wanted, keys in (
        (asked, _by_key(names, lambda own, whole: whole)),
        (name, _by_key(names, lambda own, whole: own)),
        (name, _by_key(names, lambda own, whole: own.rpartition(".")[2])),
    ):
        for key in difflib.get_close_matches(wanted, keys, NEAR, LIKE):
            yield from keys[key]


def _by_key(names: Mapping[str, str], key: Callable[[str, str], str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for whole, own in names.items():
        found.setdefault(key(own, whole).lower(), []).append(whole)
    return found


def _listed(names: Iterable[str], last: str = ", ") -> str:
    """The first few, and how many more there are."""
    told = list(names)
    if len(told) > NEAR:
        return f"{', '.join(told[:NEAR])} and {len(told) - NEAR} more"
    return last.join([", ".join(told[:-1]), told[-1]] if len(told) > 1 else told)


def steps_of(trace: Trace, call: Call, up: bool, depth: int) -> list[Step]:
    """The chain of a call: all that ran inside it, and what came of it on other threads; or (`up`) the way from the
    socket to what it returned; `depth` levels that cross into no other library. Raises `Failure`."""
    chains = Chains(trace)
    try:
        return _up(chains, call, depth) if up else _down(chains, call, depth)
    except RecursionError:
        raise Failure(f"{trace.path}: the calls below {call.code.qualname} are nested too deeply to be shown") from None


def _up(chains: Chains, call: Call, depth: int) -> list[Step]:
    try:
        return prune(fold(chains.upward(call)), depth)
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a fault of ours
            raise
        journey = _journey(chains.trace, call, "in")
        if journey is None:
            raise Failure(f"{error}; try it without --up") from None
        return Spines(chains).into(journey)


def _down(chains: Chains, call: Call, depth: int) -> list[Step]:
    spines = Spines(chains)
    steps = prune(fold([spines.whole(call)]), depth)
    if any(step.wire is not None for top in steps for step in top.walk()):
        return steps
    journey = _journey(chains.trace, call, "out")
    later = spines.out_of(journey) if journey is not None else []
    first = next((place for place, step in enumerate(later) if step.thread != call.thread), len(later))
    return [*steps, *later[first:]]


def _journey(trace: Trace, call: Call, direction: str) -> Journey | None:
    """The first value that came to the program by this call, or left it."""
    found = journeys(Flow(trace))
    return next((j for j in found if j.call.id == call.id and j.direction == direction), None)
