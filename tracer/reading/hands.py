"""What the program had in its hands: values that crossed between its own code and other code, and a socket."""

from __future__ import annotations

from collections.abc import Iterator

from .bundles import bundled
from .extent import defaults
from .flow import Flow
from .nodes import Node, is_data
from .trace import Call, Code

Seen = tuple[int, Call, str, Node]


def seen_by_program(flow: Flow) -> Iterator[Seen]:
    """(order, call, in, out or own, node): every value that crossed between the program's own code and other code, what
    it read and wrote by itself, and what one of its functions gave another. A coroutine that a loop begins has no
    caller that is known: what the program had, and gave to none by itself, it gave to that."""
    seen: list[Seen] = []
    own: list[Seen] = []
    begun: list[Seen] = []
    for call in flow.trace.calls.values():
        caller = flow.trace.codes.get(call.first.caller)
        from_program, to_program = of_program(caller), of_program(call.code)
        if from_program and to_program:
            own += _given(flow, call, "own")
        elif not from_program and not to_program:
            if call.code.kind == "coroutine" and caller is not None and not caller.recorded:
                begun += _given(flow, call, "out")
        else:
            given, got = ("out", "in") if from_program else ("in", "out")
            seen += _given(flow, call, given)
            for span in call.spans:
                if span.ended in ("returned", "yielded"):
                    seen += [(span.stop, call, got, node) for node in _nodes(flow, span.value)]
    passed = {node.id for _, _, direction, node in seen if direction == "out"}
    seen += [one for one in _moved_by_program(flow) if one[2] == "in" or one[3].id not in passed]
    had = {one[3].id for one in (*seen, *own)}
    seen += [one for one in begun if one[3].id in had and one[3].id not in passed]
    return iter(sorted([*seen, *own], key=lambda found: found[0]))


def _given(flow: Flow, call: Call, direction: str) -> list[Seen]:
    """What the arguments of a call are, or hold. What a library's parameter is by default, the program did not pass."""
    own = defaults(call.code) if direction == "out" else frozenset()
    passed = [number for number in call.arguments if (v := flow.trace.value(number)) is None or v.data not in own]
    return [(call.first.start, call, direction, node) for number in passed for node in _nodes(flow, number)]


def _moved_by_program(flow: Flow) -> Iterator[Seen]:
    """What the program read from a socket, or wrote to one, without a library between."""
    for wire in flow.wires.values():
        call = flow.trace.calls.get(wire.call)
        value = flow.trace.value(wire.value)
        node = flow.node_of(value) if value is not None else None
        if call is not None and node is not None and of_program(flow.trace.codes.get(wire.code)):
            yield wire.ended if wire.direction == "in" else wire.began, call, wire.direction, node


def of_program(code: Code | None) -> bool:
    return code is not None and code.file.facts.kind == "program"


def _nodes(flow: Flow, number: int) -> list[Node]:
    """The node of a value that is text or bytes; of a container, those inside it."""
    value = flow.trace.value(number)
    if value is None:
        return []
    held = [value]
    if value.kind == "container":
        holders = (value, *(child for _, child in bundled(flow.trace, value)))
        parts = (child for holder in holders for _, child in flow.trace.parts.get(holder.id, ()))
        held = [v for child in parts if (v := flow.trace.value(child)) is not None]
    return [node for v in held if is_data(v) and (node := flow.node_of(v)) is not None]


def given_inside(flow: Flow, node: Node) -> bool:
    """Whether the program was given an object that had it."""
    for sighting in node.sightings:
        call = flow.trace.calls.get(sighting.call)
        code = call and (call.code if sighting.role == "argument" else flow.trace.codes.get(call.first.caller))
        if "." in sighting.name and of_program(code):
            return True
    return False
