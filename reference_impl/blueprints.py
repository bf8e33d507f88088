"""Routes without an application: a blueprint keeps them until it is registered, perhaps within another blueprint.

In: view functions. Out: when `register` is called at last, one `app.add_url_rule` for each, with prefixes and names.

    >>> admin = Blueprint("admin", __name__, url_prefix="/admin")
    >>> @admin.route("/users")
    ... def users(): ...
    >>> len(admin.deferred_functions)
    1

Follows https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/blueprints.py#L34-L377
Leaves out: templates, static files, error handlers, hooks, subdomains, URL defaults and commands of a blueprint,
another name at registration, and the list of an application's blueprints that tells when a name is taken.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

View = Callable[..., Any]


class Scaffold:
    """What an application and a blueprint have in common: the decorator."""

    add_url_rule: Callable[..., None]

    def route(self, rule: str, endpoint: str | None = None, **options: Any) -> Callable[[View], View]:
        def decorator(f: View) -> View:
            self.add_url_rule(rule, endpoint, f, **options)
            return f

        return decorator


class BlueprintSetupState(NamedTuple):
    """What the deferred functions get when there is an application."""

    blueprint: "Blueprint"
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
            deferred(BlueprintSetupState(self, app, name, prefix))
