"""`[tool.unmagic]` in a project's pyproject.toml: what `unmagic run` does there when nobody says otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import Failure
from .sizes import octets

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ENGINES = ("auto", "settrace", "monitoring")


@dataclass(frozen=True)
class Key:
    """One key: what its value has to be, in words and as a test."""

    wanted: str
    right: Callable[[Any], bool]


def _words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def _count(value: Any) -> bool:
    return type(value) is int and value >= 0


_WORDS = Key("a list of strings", _words)
_SWITCH = Key("true or false", lambda value: isinstance(value, bool))
_TEXT = Key("a path", lambda value: isinstance(value, str) and bool(value))
KEYS: dict[str, Key] = {
    "scope": _WORDS,
    "exclude": _WORDS,
    "lines": _WORDS,
    "values": _SWITCH,
    "max-value": Key("a number of bytes", _count),
    "max-trace-size": Key(
        "a size, such as 500MB", lambda v: _count(v) or (isinstance(v, str) and octets(v) is not None)
    ),
    "show-secrets": _SWITCH,
    "engine": Key(f"one of {', '.join(ENGINES)}", lambda value: value in ENGINES),
    "live": _SWITCH,
    "python": _TEXT,
    "output": _TEXT,
}
#: What names a file: relative to the folder of pyproject.toml.
PATHS = frozenset({"python", "output"})


def read(folder: Path) -> dict[str, Any]:
    """What the nearest pyproject.toml at or above `folder` with such a table says, by the options' names. Raises
    `Failure`."""
    for place in (folder, *folder.parents):
        path = place / "pyproject.toml"
        table = _table(path) if path.is_file() else None
        if table is not None:
            return {key.replace("-", "_"): _checked(path, key, value) for key, value in table.items()}
    return {}


def _table(path: Path) -> dict[str, Any] | None:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Failure(f"cannot read {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Failure(f"{path} is no TOML: {error}") from None
    tools = data.get("tool")
    table = tools.get("unmagic") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise Failure(f"{path}: tool.unmagic has to be a table")
    return table


def _checked(path: Path, key: str, value: Any) -> Any:
    if key not in KEYS:
        raise Failure(f"{path}: [tool.unmagic] has no key {key!r}; its keys are {', '.join(KEYS)}")
    if not KEYS[key].right(value):
        raise Failure(f"{path}: {key} in [tool.unmagic] has to be {KEYS[key].wanted}, not {value!r}")
    return str(path.parent / value) if key in PATHS else value
