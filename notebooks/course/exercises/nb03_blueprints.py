"""Notebook 03, Blueprints and `Sock()`: a decorator that remembers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..exercise import Case, Exercise, Guess, Mistake

Routes = list[Any]


def remember(routes: Routes, path: str) -> Callable[..., Any]:
    """Right: two functions, the inner one with the function that is decorated."""

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        routes.append((path, function))
        return function

    return decorator


def _used(answer: Callable[..., Any]) -> dict[str, Any]:
    """Decorate two functions, call the first, and tell what became of all of them."""
    routes: Routes = []
    called = []

    def echo(word: str = "") -> str:
        called.append(word)
        return f"echo {word}"

    def other() -> None:
        called.append("other")

    names = {id(echo): "echo", id(other): "other"}
    decorator = answer(routes, "/echo")
    if not callable(decorator):
        return dict.fromkeys(TOLD, f"{decorator!r} instead of a decorator")
    first, second = decorator(echo), answer(routes, "/other")(other)
    early = list(called)
    return {
        NAMES: [names.get(id(one), _told(one)) for one in (first, second)],
        LIST: [tuple(map(partial(_part, names), one)) if isinstance(one, tuple) else _told(one) for one in routes],
        CALLED: early,
        USED: first("Hello") if callable(first) else "not to be called",
    }


def _part(names: dict[int, str], part: object) -> str:
    """A part of a pair: a text as it is written in Python, a function by the name that it has here."""
    return repr(part) if isinstance(part, str) else names.get(id(part), _told(part))


def _told(value: object) -> str:
    return "None" if value is None else f"a {type(value).__name__}"


#: What is told of a decorator that was used, as a case completes "for …".
NAMES, LIST = "what the names `echo` and `other` stand for afterwards", "what is in the list `routes` afterwards"
CALLED, USED = "what was called while the functions were defined", "what the name `echo` gives when it is called"
TOLD = (NAMES, LIST, CALLED, USED)


def _case(told: str) -> Case:
    return Case(told, lambda answer: _used(answer)[told])


def _no_return(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> None:
        routes.append((path, function))

    return decorator


def _calls(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Any:
        routes.append((path, function))
        return function()

    return decorator


def _late(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            routes.append((path, function))
            return function(*args, **kwargs)

        return wrapper

    return decorator


def _wraps(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        routes.append((path, function))

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return function(*args, **kwargs)

        return wrapper

    return decorator


def _swapped(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        routes.append((function, path))
        return function

    return decorator


def _one_function(routes: Routes, path: str) -> None:
    routes.append((path, None))


def _appending(entry: Callable[[Any, str], Any]) -> Callable[[Routes, str], Callable[..., Any]]:
    """A decorator that appends something else than the pair."""

    def remembering(routes: Routes, path: str) -> Callable[..., Any]:
        def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
            routes.append(entry(function, path))
            return function

        return decorator

    return remembering


def _name_kept(routes: Routes, path: str) -> Callable[..., Any]:
    return _appending(lambda function, path: (path, function.__name__))(routes, path)


def _a_list(routes: Routes, path: str) -> Callable[..., Any]:
    return _appending(lambda function, path: [path, function])(routes, path)


def _function_only(routes: Routes, path: str) -> Callable[..., Any]:
    return _appending(lambda function, path: function)(routes, path)


def _result_kept(routes: Routes, path: str) -> Callable[..., Any]:
    return _appending(lambda function, path: (path, function()))(routes, path)


def _other_list(routes: Routes, path: str) -> Callable[..., Any]:
    return _appending(lambda function, path: None)([], path)


def _too_early(routes: Routes, path: str) -> Callable[..., Any]:
    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        return function

    routes.append((path, decorator))
    return decorator


EXERCISES = (
    Exercise(
        "remember",
        remember,
        tuple(map(_case, TOLD)),
        (
            Mistake(
                _no_return,
                "Your decorator returns nothing, so the name stands for `None` afterwards, as in Flask-Sock. Return the function at its end.",
            ),
            Mistake(
                _calls,
                "Your decorator calls the function. It is only being defined: remember it, and return it without the brackets.",
            ),
            Mistake(
                _late,
                "You append when the function is called. By then it is too late: nobody knows the path, so nobody calls it. Append when it is defined.",
            ),
            Mistake(
                _wraps,
                "It works, but the name stands for a new function around the old one. Return the function itself.",
            ),
            Mistake(
                _name_kept, "You remember the function's name. Remember the function itself: a name cannot be called."
            ),
            Mistake(_a_list, "You append a list. A pair is written in round brackets: `(path, function)`."),
            Mistake(
                _function_only,
                "You append the function alone. Without its path nobody can find it: `(path, function)`.",
            ),
            Mistake(
                _result_kept,
                "You call the function, and remember what it returned. Leave the brackets out: `(path, function)`.",
            ),
            Mistake(
                _other_list,
                "Nothing is in the list afterwards. Append to the `routes` that was given, and do not give that name to a new list.",
            ),
            Mistake(
                _too_early,
                "You append before there is a function: what is in the list is your decorator. Append inside of it.",
            ),
            Mistake(_swapped, "The pair is the other way round: `(path, function)` is asked for."),
            Mistake(
                _one_function,
                "`remember(routes, path)` has no function to remember yet. It must return a decorator, which is then called with the function.",
            ),
        ),
        "The pair is in the list as soon as the function is defined, and the name still stands for it.",
    ),
)

GUESSES = (
    Guess(
        "what-echo-is",
        "Flask-Sock's decorator returns nothing, so your function has no name any more. You will hardly ever notice: nobody calls a view by its name.",
        {
            "my function": "With Flask's own `@app.route` it would be.",
            "another function": "Many decorators return one that wraps yours.",
        },
    ),
    Guess(
        "endpoint",
        "It is the Blueprint's name, a dot, and the function's name. So two WebSocket views of one name are refused.",
        {
            "echo": "Nearly: a Blueprint puts its own name in front.",
            "/echo": "That is the rule. The endpoint is a name, of which there may be several rules.",
            "websocket_route": "That is the function's real name; `functools.wraps` has put yours over it.",
        },
    ),
    Guess(
        "plain-get",
        "The rule matches, but it is one for WebSockets: Werkzeug raises `WebsocketMismatch`, a kind of `400 Bad Request`, and no view is called.",
        {
            "404": "The path is known.",
            "405": "GET is the right method; opening a WebSocket is a GET, too.",
            "426": "426 (Upgrade Required) would be a good answer; Werkzeug gives a more general one.",
            "101": "101 is the answer to a request that asks for an upgrade.",
            "200": "There is nothing to show for it: the view expects a WebSocket.",
        },
    ),
)
