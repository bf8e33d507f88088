"""Which view is for which URL: a rule with variables becomes a pattern, the pattern gives the view its arguments.

In: `/users/<int:number>` and a path. Out: `{"number": 7}`; None if the rule is not for this path.

    >>> Rule("/users/<int:number>", "user", print).match("/users/7")
    {'number': 7}

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/rules.py#L605-L696
and https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/matcher.py#L69-L202
Leaves out: building URLs, redirects to add a slash, hosts and subdomains, defaults, arguments of converters.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

#: `<converter:variable>`: (what it matches, what becomes of it, its weight). No converter means "string".
CONVERTERS: dict[str, tuple[str, Callable[[str], Any], int]] = {
    "": ("[^/]+", str, 100),
    "string": ("[^/]+", str, 100),
    "int": ("[0-9]+", int, 50),
    "float": (r"[0-9]+\.[0-9]+", float, 50),
    "path": ("[^/].*", str, 200),
}
VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")
END = 1000  # heavier than any part: of two rules that are the same so far, the one that goes on is tried first


class HTTPError(Exception):
    """The request ends with this status instead of a view's answer."""

    def __init__(self, status: int, headers: list[tuple[str, str]] | None = None) -> None:
        super().__init__(f"{status} {HTTPStatus(status).phrase}")
        self.status = status
        self.headers = headers or []


@dataclass(frozen=True)
class Rule:
    rule: str
    endpoint: str
    view: Callable[..., Any]
    methods: frozenset[str] = frozenset({"GET", "HEAD"})
    websocket: bool = False

    def __post_init__(self) -> None:
        for converter, _ in VARIABLE.findall(self.rule):
            if converter not in CONVERTERS:
                raise LookupError(f"the converter {converter!r} does not exist")

    def weight(self) -> list[int]:
        """The lighter rule is tried first: `/users/me`, `/users/<int:id>`, `/users/<name>`, `/<path:rest>`."""
        parts = (VARIABLE.findall(part) for part in self.rule.split("/"))
        return [*(sum(CONVERTERS[converter][2] for converter, _ in part) for part in parts), END]

    def match(self, path: str) -> dict[str, Any] | None:
        """The values of the variables, or None."""
        # split gives text, converter, variable, text, converter, variable, ..., text
        text, *rest = VARIABLE.split(self.rule)
        pattern, convert = re.escape(text), {}
        for converter, variable, text in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
            regex, convert[variable], _ = CONVERTERS[converter or ""]
            pattern += f"(?P<{variable}>{regex}){re.escape(text)}"
        found = re.fullmatch(pattern, path)
        with contextlib.suppress(ValueError):  # Python reads no int of thousands of digits
            return {name: convert[name](value) for name, value in found.groupdict().items()} if found else None
        return None


def find_rule(rules: list[Rule], method: str, path: str, websocket: bool) -> tuple[Rule, dict[str, Any]]:
    """The rule for a request, and the view's arguments. Raises HTTPError: 404, 405, or 400 for HTTP where a WebSocket
    is spoken and the reverse."""
    matches = [(rule, arguments) for rule in rules if (arguments := rule.match(path)) is not None]
    fitting = [match for match in matches if match[0].websocket == websocket]
    if not fitting:
        raise HTTPError(400 if matches else 404)
    for rule, arguments in fitting:
        if method in rule.methods:
            return rule, arguments
    allowed = sorted(frozenset[str]().union(*(rule.methods for rule, _ in fitting)))
    raise HTTPError(405, [("Allow", ", ".join(allowed))])
