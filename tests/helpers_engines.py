"""What the tests of the two engines share: each engine in turn, a recording by it, and where anything is hooked.

The fixtures are imported `as` their own names: pytest finds them there, and nobody takes them for unused.
"""

from __future__ import annotations

import gc
import inspect
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import ENGINES, consistent, load, recorded

shapes = load("shapes")


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def take(tmp_path: Path, engine: str) -> Iterator[Callable[..., Any]]:
    """Record a function; get the open trace and what the function gave."""
    opened = []

    def take(function: Callable[..., Any], *args: Any, **options: Any) -> tuple[Any, Any]:
        path = tmp_path / f"{len(opened)}.trace"
        done = recorded(path, function, *args, **{"engine": engine, **options})
        opened.append(done.trace())
        consistent(opened[-1])
        return opened[-1], done.error or done.result

    yield take
    for trace in opened:
        trace.close()


def row(function: Callable[..., Any]) -> int:
    """The first line of a function of `shapes`."""
    return inspect.getsourcelines(function)[1]


def hooked_places() -> dict[str, Any]:
    """Everything that a recorder may have touched, as it is now."""
    return {
        "socket": dict(vars(socket.socket)),
        "ssl": dict(vars(ssl.SSLSocket)),
        "SocketIO": dict(vars(socket.SocketIO)),
        "socket module": {k: v for k, v in vars(socket).items() if callable(v)},
        "Thread": dict(vars(threading.Thread)),
        "threading": {k: v for k, v in vars(threading).items() if callable(v)},
        "meta path": list(sys.meta_path),
        "path": list(sys.path),
        "trace": sys.gettrace(),
        "profile": sys.getprofile(),
        "excepthook": (sys.excepthook, sys.unraisablehook, threading.excepthook),
        "limits": (sys.getrecursionlimit(), sys.getswitchinterval()),
        "gc": (gc.isenabled(), gc.get_threshold(), list(gc.callbacks)),
    }
