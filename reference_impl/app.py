"""The smallest Flask: an application of routes and blueprints, a request to look at, a response to return.

In: a WSGI environ. Out: a WSGI response, made of what the view function returned. A blueprint keeps its routes until it
is registered, perhaps within another blueprint; then each becomes one `app.add_url_rule`, with prefixes and names.

    >>> app = App(__name__)
    >>> @app.route("/hello/<name>")
    ... def hello(name):
    ...     return f"Hello, {name}!"
    >>> app.dispatch_request(Request({"REQUEST_METHOD": "GET", "PATH_INFO": "/hello/Ann"})).body
    b'Hello, Ann!'

Follows https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/app.py#L879-L939
and https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/app.py#L1129-L1269
and https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/app.py#L570-L660
and, for rules, https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/rules.py#L605-L696
and https://github.com/pallets/werkzeug/blob/c1a26b45fb06d5e086b4d6be820c3302f588d815/src/werkzeug/routing/matcher.py#L69-L202
and, for blueprints, https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/blueprints.py#L34-L377
Leaves out: templates, static files, sessions, cookies, forms, hooks, signals, error handlers, URL building, the test
client; the arguments and the body of a request, which are in its `environ`; of what a view may return dicts, lists and
tuples. Of routing: that WebSockets and HTTP have rules of their own (`Server` refuses what is no WebSocket), that views
are found by their endpoint's name, so that none may be taken twice; redirects to add a slash, hosts, defaults,
converters (each variable is text), and most of the weights by which the original sorts its rules. Of blueprints:
another name at registration.
"""

import re
from collections.abc import Callable, Iterable
from contextvars import ContextVar, copy_context
from typing import Any, NamedTuple, cast

from .request import status_line

View = Callable[..., Any]


class Request:
    """The request that is being handled; `environ` is all of it."""

    def __init__(self, environ: dict[str, Any]) -> None:
        self.environ = environ
        self.method: str = environ["REQUEST_METHOD"]
        self.path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        self.headers = {k[5:].replace("_", "-").title(): v for k, v in environ.items() if k.startswith("HTTP_")}


class Response:
    """A body, a status and headers; itself a WSGI application, as Werkzeug's is."""

    def __init__(self, body: str | bytes = b"", status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        self.body = body.encode() if isinstance(body, str) else body
        self.status = status
        self.headers = [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(self.body))), *headers]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        start_response(status_line(self.status), self.headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else self.body]


class LocalProxy:
    """One name for what each thread has for itself: `request.path` is the path of *this* thread's request."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        """Raises AttributeError where there is no request. (Flask raises RuntimeError. LookupError would do, too: any
        of them says that there is none, which a value would not.)"""
        try:
            return getattr(_here.get()[self._name], name)
        except LookupError:
            raise AttributeError(f"no request is being handled here, so there is no {self._name}") from None


_here: ContextVar[dict[str, Any]] = ContextVar("here")  # each thread has its own
request = cast(Request, LocalProxy("request"))
current_app = cast("App", LocalProxy("current_app"))


class Rule(NamedTuple):
    """Which view is for which URL.

    >>> Rule("/users/<name>", "user", print, {"GET"}).match("/users/Ann")
    {'name': 'Ann'}
    """

    rule: str
    endpoint: str
    view: View
    methods: set[str]

    def match(self, path: str) -> dict[str, str] | None:
        """The values of the variables; None if the rule is not for this path."""
        found = re.fullmatch(re.sub(r"<(\w+)>", r"(?P<\1>[^/]+)", re.escape(self.rule)), path)
        return found.groupdict() if found else None


class Scaffold:
    """What an application and a blueprint have in common: the decorator."""

    add_url_rule: Callable[..., None]

    def route(self, rule: str, endpoint: str | None = None, **options: Any) -> Callable[[View], View]:
        def decorator(f: View) -> View:
            self.add_url_rule(rule, endpoint, f, **options)
            return f

        return decorator


class App(Scaffold):
    """A WSGI application: give it to `make_server`, or to any other WSGI server."""

    def __init__(self, import_name: str) -> None:
        self.import_name = import_name
        self.config: dict[str, Any] = {}
        self.rules: list[Rule] = []

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        """`options`: methods (default GET); others, such as Werkzeug's `websocket`, change nothing here."""
        methods = set(options.get("methods", ["GET"]))
        methods |= {"HEAD"} if "GET" in methods else set()
        self.rules.append(Rule(rule, endpoint or view_func.__name__, view_func, methods))
        self.rules.sort(key=lambda rule: rule.rule.count("<"))  # `/users/me` is tried before `/users/<name>`

    def register_blueprint(self, blueprint: "Blueprint", **options: Any) -> None:
        blueprint.register(self, options)

    def dispatch_request(self, request: Request) -> Response:
        """Find the view, call it, make a response of what it returns; or one that says why there is no view.

        What the view raises is for the server below: it knows what has been written already.
        """
        _here.set({"request": request, "current_app": self})
        matches = [(rule, arguments) for rule in self.rules if (arguments := rule.match(request.path)) is not None]
        for rule, arguments in matches:
            if request.method in rule.methods:
                value = rule.view(**arguments)
                return value if isinstance(value, Response) else Response(value)
        allowed = ", ".join(sorted({method for rule, _ in matches for method in rule.methods}))
        status, headers = (405, [("Allow", allowed)]) if matches else (404, [])
        return Response(f"<h1>{status_line(status)}</h1>\n", status, headers)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # what `dispatch_request` sets, is set for this call only
        response = copy_context().run(self.dispatch_request, Request(environ))
        return response(environ, start_response)


class BlueprintSetupState(NamedTuple):
    """What the deferred functions get when there is an application."""

    app: Any
    name: str  # with the names of the blueprints around it, and dots
    url_prefix: str  # with theirs

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        endpoint = f"{self.name}.{endpoint or view_func.__name__}"
        self.app.add_url_rule(join_prefix(self.url_prefix, rule), endpoint, view_func, **options)


def join_prefix(prefix: str, rule: str) -> str:
    """`/a/` and `/b` make `/a/b`; if there is only one, it is that."""
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if prefix and rule else prefix or rule


class Blueprint(Scaffold):
    def __init__(self, name: str, import_name: str, url_prefix: str = "") -> None:
        self.name, self.import_name, self.url_prefix = name, import_name, url_prefix
        self.deferred_functions: list[Callable[[BlueprintSetupState], Any]] = []

    def record(self, func: Callable[[BlueprintSetupState], Any]) -> None:
        """Have `func` called with the setup state whenever the blueprint is registered."""
        self.deferred_functions.append(func)

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def register_blueprint(self, blueprint: "Blueprint", **options: Any) -> None:
        """A blueprint in a blueprint: its routes get both prefixes, its endpoints both names."""
        if blueprint is self:
            raise ValueError("Cannot register a blueprint on itself")
        self.record(lambda outer: blueprint.register(outer.app, options, outer))

    def register(self, app: Any, options: dict[str, Any], outer: BlueprintSetupState | None = None) -> None:
        """Called by the application's `register_blueprint`; a real Flask's may call it, too."""
        name, prefix = self.name, options.get("url_prefix", self.url_prefix)
        if outer:
            name, prefix = f"{outer.name}.{name}", join_prefix(outer.url_prefix, prefix)
        for deferred in self.deferred_functions:
            deferred(BlueprintSetupState(app, name, prefix))
