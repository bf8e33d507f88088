"""The smallest Flask: routes with variables, blueprints that wait for an application, a request to look at.

In: a WSGI environ. Out: a WSGI response, made of what the view function returned.

    >>> app = App(__name__)
    >>> @app.route("/hello/<name>")
    ... def hello(name):
    ...     return f"Hello, {name}!"
    >>> app.match("GET", "/hello/Ann", websocket=False).view_args
    {'name': 'Ann'}

Follows https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/app.py#L879-L939 (dispatching),
https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/app.py#L570-L657 (routes) and
https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/blueprints.py#L34-L377 (blueprints)
Leaves out: templates, sessions, hooks, signals, error handlers, URL building, static files, subdomains, the test client.
"""

from __future__ import annotations

import json
import re
import sys
import traceback
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar, cast
from urllib.parse import parse_qsl

from .http import make_server

View = Callable[..., Any]
F = TypeVar("F", bound=View)
#: The converters of a rule's variables, `<int:number>`: (what it matches, what becomes of it).
CONVERTERS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "string": ("[^/]+", str),
    "int": ("[0-9]+", int),
    "float": (r"[0-9]+\.[0-9]+", float),
    "path": ("[^/].*?", str),
}
VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")


class HTTPError(Exception):
    """The request ends with this status and not with a view's answer."""

    def __init__(self, status: int, headers: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(f"{status} {HTTPStatus(status).phrase}")
        self.status = status
        self.headers = list(headers)


@dataclass(frozen=True)
class Rule:
    """One route: which URLs, which methods, a WebSocket or not, which view."""

    rule: str
    endpoint: str
    view: View
    methods: frozenset[str]
    websocket: bool

    def match(self, path: str) -> dict[str, Any] | None:
        """The variables in `path`, or None. A part that no variable stands for is compared as it is."""
        pattern, position = "", 0
        converters = {}
        for variable in VARIABLE.finditer(self.rule):
            regex, converters[variable[2]] = CONVERTERS[variable[1] or "string"]
            pattern += re.escape(self.rule[position : variable.start()]) + f"(?P<{variable[2]}>{regex})"
            position = variable.end()
        found = re.fullmatch(pattern + re.escape(self.rule[position:]), path)
        return found and {name: converters[name](text) for name, text in found.groupdict().items()}


@dataclass(frozen=True)
class Match:
    rule: Rule
    view_args: dict[str, Any]


@dataclass(frozen=True)
class Request:
    """The request that is being handled; `environ` is the whole of it."""

    environ: dict[str, Any]
    view_args: dict[str, Any] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    @property
    def path(self) -> str:
        return str(self.environ["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace")

    @property
    def args(self) -> dict[str, str]:
        return dict(parse_qsl(self.environ["QUERY_STRING"], keep_blank_values=True))

    @property
    def headers(self) -> dict[str, str]:
        return {k[5:].replace("_", "-").title(): v for k, v in self.environ.items() if k.startswith("HTTP_")}

    @property
    def data(self) -> bytes:
        return bytes(self.environ["wsgi.input"].read())

    @property
    def is_websocket(self) -> bool:
        """Whether the client asks for a WebSocket; the router needs to know, as Werkzeug's does."""
        connection = self.environ.get("HTTP_CONNECTION", "").lower().split(",")
        upgrade = self.environ.get("HTTP_UPGRADE", "").lower()
        return upgrade == "websocket" and "upgrade" in (token.strip() for token in connection)


class Response:
    """A status, headers and a body; itself a WSGI application."""

    def __init__(
        self,
        response: str | bytes = b"",
        status: int = 200,
        headers: Iterable[tuple[str, str]] = (),
        mimetype: str = "text/html; charset=utf-8",
    ) -> None:
        self.body = response.encode() if isinstance(response, str) else response
        self.status = status
        self.headers = [("Content-Type", mimetype), ("Content-Length", str(len(self.body))), *headers]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(f"{self.status} {HTTPStatus(self.status).phrase}", self.headers)
        return [self.body]


class LocalProxy:
    """A global name for something that each thread has for itself."""

    def __init__(self, variable: ContextVar[Any]) -> None:
        object.__setattr__(self, "_variable", variable)

    def __getattr__(self, name: str) -> Any:
        try:
            return getattr(self._variable.get(), name)
        except LookupError:
            raise RuntimeError(f"there is no {self._variable.name} here: no request is being handled") from None


_request: ContextVar[Request] = ContextVar("request")
_current_app: ContextVar[App] = ContextVar("current_app")
request = cast(Request, LocalProxy(_request))
current_app = cast("App", LocalProxy(_current_app))


class Scaffold:
    """What an application and a blueprint have in common: the decorator."""

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        raise NotImplementedError

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        def decorator(f: F) -> F:
            self.add_url_rule(rule, options.pop("endpoint", None), f, **options)
            return f

        return decorator


class App(Scaffold):
    """A WSGI application, made of routes."""

    def __init__(self, import_name: str) -> None:
        self.import_name = import_name
        self.config: dict[str, Any] = {}
        self.rules: list[Rule] = []
        self.view_functions: dict[str, View] = {}
        self.blueprints: dict[str, Blueprint] = {}

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        endpoint = endpoint or view_func.__name__
        if self.view_functions.setdefault(endpoint, view_func) is not view_func:
            raise AssertionError(f"View function mapping is overwriting an existing endpoint function: {endpoint}")
        methods = frozenset(method.upper() for method in options.pop("methods", ("GET",)))
        methods |= {"HEAD"} if "GET" in methods else set()
        self.rules.append(Rule(rule, endpoint, view_func, methods, options.pop("websocket", False)))
        # Rules without variables are tried first: "/users/me" before "/users/<name>".
        self.rules.sort(key=lambda rule: len(VARIABLE.findall(rule.rule)))

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        blueprint.register(self, options)

    def match(self, method: str, path: str, websocket: bool) -> Match:
        """The rule for a request. Raises HTTPError: 404, 405, or 400 for a WebSocket where none is, or the reverse."""
        found = [Match(rule, args) for rule in self.rules if (args := rule.match(path)) is not None]
        if not found:
            raise HTTPError(404)
        fitting = [match for match in found if match.rule.websocket == websocket]
        if not fitting:
            raise HTTPError(400)
        for match in fitting:
            if method in match.rule.methods:
                return match
        allowed = set().union(*(match.rule.methods for match in fitting))
        raise HTTPError(405, [("Allow", ", ".join(sorted(allowed)))])

    def make_response(self, value: Any) -> Response:
        """What a view may return: a Response, str, bytes, dict or list (JSON), or a tuple (body, status, headers)."""
        if isinstance(value, Response):
            return value
        body, status, headers = (*value, 200, ())[:3] if isinstance(value, tuple) else (value, 200, ())
        if len(value) == 3 if isinstance(value, tuple) else False:
            headers = value[2].items() if isinstance(value[2], dict) else value[2]
        if isinstance(body, (dict, list)):
            return Response(json.dumps(body), status, headers, "application/json")
        if isinstance(body, (str, bytes)):
            return Response(body, status, headers)
        raise TypeError(f"the view must return str, bytes, dict, list, tuple or Response, not {type(body).__name__}")

    def dispatch_request(self, request: Request) -> Response:
        """Find the view, call it, make its answer a response."""
        match = self.match(request.method, request.path, request.is_websocket)
        request.view_args.update(match.view_args)
        return self.make_response(match.rule.view(**match.view_args))

    def wsgi_app(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        token_app, token_request = _current_app.set(self), _request.set(Request(environ))
        try:
            response = self.dispatch_request(_request.get())
        except HTTPError as error:
            response = Response(f"<h1>{error}</h1>\n", error.status, error.headers)
        except Exception:
            traceback.print_exc(file=environ.get("wsgi.errors", sys.stderr))
            response = Response("<h1>500 Internal Server Error</h1>\n", 500)
        finally:
            _request.reset(token_request)
            _current_app.reset(token_app)
        return response(environ, start_response)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.wsgi_app(environ, start_response)

    def run(self, host: str = "127.0.0.1", port: int = 5000) -> None:
        """Serve until Ctrl-C."""
        server = make_server(host, port, self)
        print(f"Serving on {server.url}", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("Stopped.", file=sys.stderr)


@dataclass(frozen=True)
class BlueprintSetupState:
    """What a blueprint's deferred functions get when there is an application at last."""

    blueprint: Blueprint
    app: App
    name: str  # dotted, with the names of the blueprints around it
    url_prefix: str | None

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        endpoint = f"{self.name}.{endpoint or view_func.__name__}"
        self.app.add_url_rule(join_prefix(self.url_prefix, rule) or "/", endpoint, view_func, **options)


def join_prefix(prefix: str | None, rule: str | None) -> str | None:
    """`/a/` and `/b` make `/a/b`; what is missing is left out."""
    if prefix and rule:
        return prefix.rstrip("/") + "/" + rule.lstrip("/")
    return prefix or rule


class Blueprint(Scaffold):
    """Routes without an application: each is kept as a function of the setup state, and called when there is one."""

    def __init__(self, name: str, import_name: str, url_prefix: str | None = None) -> None:
        self.name = name
        self.import_name = import_name
        self.url_prefix = url_prefix
        self.deferred_functions: list[Callable[[BlueprintSetupState], Any]] = []
        self._blueprints: list[tuple[Blueprint, dict[str, Any]]] = []

    def record(self, func: Callable[[BlueprintSetupState], Any]) -> None:
        """Call `func` with the setup state when the blueprint is registered, each time."""
        self.deferred_functions.append(func)

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """A blueprint in this one; its routes get both prefixes."""
        if blueprint is self:
            raise ValueError("Cannot register a blueprint on itself")
        self._blueprints.append((blueprint, options))

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """An application calls this; a real Flask may, too: all that is asked of it is `add_url_rule`."""
        own_name = options.get("name", self.name)
        name = f"{options['name_prefix']}.{own_name}" if options.get("name_prefix") else own_name
        if name in app.blueprints:
            which = "this" if app.blueprints[name] is self else "a different"
            raise ValueError(
                f"The name '{name}' is already registered for {which} blueprint. Use 'name=' to change it."
            )
        if isinstance(app, App):
            app.blueprints[name] = self
        prefix = options.get("url_prefix", self.url_prefix)
        state = BlueprintSetupState(self, app, name, prefix)
        for deferred in self.deferred_functions:
            deferred(state)
        for blueprint, nested in self._blueprints:
            nested_prefix = join_prefix(prefix, nested.get("url_prefix", blueprint.url_prefix))
            blueprint.register(app, {**nested, "url_prefix": nested_prefix, "name_prefix": name})
