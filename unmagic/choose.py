"""What of a trace a command is asked for: a call by its function's name, and the steps of its chain."""

from __future__ import annotations

from tracer.reading.chain import Chains
from tracer.reading.steps import Step, fold, prune
from tracer.reading.trace import Call, Trace

from .errors import Failure


def pick(trace: Trace, function: str, nth: int) -> Call:
    """The `nth` call of MODULE:FUNCTION. Raises `Failure`."""
    module, colon, qualname = function.rpartition(":")
    if not colon:
        raise Failure(f"{function!r} names no function: write it as MODULE:FUNCTION, such as flask:Flask.run")
    found = [
        call
        for call in trace.calls.values()
        if call.code.qualname == qualname and (call.code.lane == module or call.code.file.module == module)
    ]
    if not found:
        raise Failure(f"{trace.path} has no call of {function}")
    if not 1 <= nth <= len(found):
        raise Failure(f"{function} was called {len(found)} times in {trace.path}, there is no call {nth}")
    return found[nth - 1]


def steps_of(trace: Trace, call: Call, up: bool, depth: int) -> list[Step]:
    """The chain of a call: all that ran inside it, or (`up`) the way from the socket to what it returned;
    `depth` levels that cross into no other library. Raises `Failure`."""
    chains = Chains(trace)
    try:
        return prune(fold(chains.upward(call) if up else [chains.below(call)]), depth)
    except RecursionError:
        raise Failure(f"{trace.path}: the calls below {call.code.qualname} are nested too deeply to be shown") from None
    except LookupError as error:
        if type(error) is not LookupError:  # a KeyError is a fault of ours
            raise
        raise Failure(f"{error}; try it without --up") from None
