"""Which view is for which URL: a rule with variables becomes a pattern, the pattern gives the view its arguments.

In: `/users/<name>` and a path. Out: `{"name": "Ann"}`; None if the rule is not for this path.

    >>> Rule("/users/<name>", "user", print, set()).match("/users/Ann")
    {'name': 'Ann'}

Follows https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/rules.py#L605-L696
and https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/matcher.py#L69-L202
Leaves out: building URLs, redirects to add a slash, hosts and subdomains, defaults, converters (each variable is text),
and most of the weights by which the original sorts its rules.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any


class HTTPError(Exception):
    """The request ends with this status instead of a view's answer."""

    def __init__(self, status: int, *headers: tuple[str, str]) -> None:
        super().__init__(f"{status} {HTTPStatus(status).phrase}")
        self.status = status
        self.headers = headers


@dataclass(frozen=True)
class Rule:
    rule: str
    endpoint: str
    view: Callable[..., Any]
    methods: set[str]
    websocket: bool = False

    def order(self) -> list[bool]:
        """The smaller is tried first: `/users/me` before `/users/<name>`."""
        return ["<" in part for part in self.rule.split("/")]

    def match(self, path: str) -> dict[str, str] | None:
        """The values of the variables, or None."""
        found = re.fullmatch(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", re.escape(self.rule)), path)
        return found.groupdict() if found else None


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
    allowed = {method for rule, _ in fitting for method in rule.methods}
    raise HTTPError(405, ("Allow", ", ".join(sorted(allowed))))
