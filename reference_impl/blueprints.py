"""Routes without an application: a blueprint keeps them until it is registered, perhaps within another blueprint.

In: view functions. Out: when `register` is called at last, one `app.add_url_rule` for each, with prefixes and names.

    >>> admin = Blueprint("admin", __name__, url_prefix="/admin")
    >>> @admin.route("/users")
    ... def users(): ...
    >>> len(admin.deferred_functions)
    1

Follows https://github.com/pallets/flask/blob/22d924701a6ae2e4cd01e9a15bbaf3946094af65/src/flask/sansio/blueprints.py#L34-L377
Leaves out: templates, static files, error handlers, hooks, subdomains, URL defaults and commands of a blueprint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

View = Callable[..., Any]
F = TypeVar("F", bound=View)


class Scaffold:
    """What an application and a blueprint have in common: the decorator."""

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        raise NotImplementedError

    def route(self, rule: str, **options: Any) -> Callable[[F], F]:
        def decorator(f: F) -> F:
            self.add_url_rule(rule, options.pop("endpoint", None), f, **options)
            return f

        return decorator


@dataclass(frozen=True)
class BlueprintSetupState:
    """What the deferred functions get when there is an application."""

    blueprint: Blueprint
    app: Any
    name: str  # with the names of the blueprints around it, and dots
    url_prefix: str | None

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        endpoint = f"{self.name}.{endpoint or view_func.__name__}"
        self.app.add_url_rule(join_prefix(self.url_prefix, rule), endpoint, view_func, **options)


def join_prefix(prefix: str | None, rule: str | None) -> str | None:
    """`/a/` and `/b` make `/a/b`; if there is only one, it is that."""
    return f"{prefix.rstrip('/')}/{rule.lstrip('/')}" if prefix and rule else prefix or rule


class Blueprint(Scaffold):
    jinja_loader = None  # a real Flask asks its blueprints for their templates

    def __init__(self, name: str, import_name: str, url_prefix: str | None = None) -> None:
        self.name = name
        self.import_name = import_name
        self.url_prefix = url_prefix
        self.deferred_functions: list[Callable[[BlueprintSetupState], Any]] = []
        self._blueprints: list[tuple[Blueprint, dict[str, Any]]] = []

    def record(self, func: Callable[[BlueprintSetupState], Any]) -> None:
        """Have `func` called with the setup state whenever the blueprint is registered."""
        self.deferred_functions.append(func)

    def add_url_rule(self, rule: str, endpoint: str | None, view_func: View, **options: Any) -> None:
        self.record(lambda state: state.add_url_rule(rule, endpoint, view_func, **options))

    def register_blueprint(self, blueprint: Blueprint, **options: Any) -> None:
        """A blueprint in a blueprint: its routes get both prefixes, its endpoints both names."""
        if blueprint is self:
            raise ValueError("Cannot register a blueprint on itself")
        self._blueprints.append((blueprint, options))

    def register(self, app: Any, options: dict[str, Any]) -> None:
        """Called by the application's `register_blueprint`; a real Flask's may call it, too.

        Raises ValueError if the application has a blueprint of this name already.
        """
        name = f"{options.get('name_prefix', '')}.{options.get('name', self.name)}".lstrip(".")
        if name in app.blueprints:
            which = "this" if app.blueprints[name] is self else "a different"
            raise ValueError(f"The name '{name}' is already registered for {which} blueprint. Use 'name=' for another.")
        app.blueprints[name] = self
        prefix = options.get("url_prefix", self.url_prefix)
        state = BlueprintSetupState(self, app, name, prefix)
        for deferred in self.deferred_functions:
            deferred(state)
        for blueprint, nested in self._blueprints:
            nested_prefix = join_prefix(prefix, nested.get("url_prefix", blueprint.url_prefix))
            blueprint.register(app, {**nested, "url_prefix": nested_prefix, "name_prefix": name})
