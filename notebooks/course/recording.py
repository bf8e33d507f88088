"""Record what a cell does: a program served on a thread, a client that speaks to it, and every call between.

In: a WSGI application, or nothing. Out: a `Run`, whose trace lies in a folder that goes when the kernel does. It is
the recorder that `unmagic run` uses; the server is Werkzeug's own unless another is given. Whatever a cell gets wrong,
the server and the recorder end with it.
"""

from __future__ import annotations

import atexit
import functools
import logging
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from time import monotonic
from typing import Any

from werkzeug.serving import make_server as of_werkzeug

import reference_impl
from report.notebook import cells
from tracer.recording import Options, Recorder
from tracer.scenarios.client import Peer
from tracer.scenarios.scripts import SCOPE

from .run import Run

#: What is recorded of a program that `reference_impl` serves.
OURS = ("program", "reference_impl")
#: Werkzeug's server, as `flask run` uses it: a thread for each connection.
make_server = functools.partial(of_werkzeug, threaded=True)
#: Seconds that a client waits for an answer before it says that none came.
PATIENCE = 5.0
#: Seconds that the threads of connections have to end when a recording does.
ENDING = 2.0
_number = count(1).__next__


@contextmanager
def record(
    app: Any = None,
    *,
    scope: tuple[str, ...] = (),
    log: bool = True,
) -> Iterator[Run]:
    """Record the block below, on every thread. With `app`, it is served meanwhile on a free port of this machine, and
    `run.connect()` opens a connection to it: by `reference_impl`'s server if it is an application of that, by
    Werkzeug's if not. `scope` are the words of `unmagic run --scope`, by default the stack that serves; without `log`
    nothing is shown that is logged, such as the traceback of a view that raises. The run can be looked at when the
    block is over."""
    ours = isinstance(app, reference_impl.App)
    run = Run(folder() / f"{_number()}.trace")
    scope = scope or (OURS if ours else SCOPE)
    options = Options(scope=scope, cells=cells(_shell()), thorough=True, lines=("app",))
    recorder = Recorder(str(run.path), options)
    before = set(threading.enumerate())
    recorder.start()
    try:
        with _quiet(log), _served(app, reference_impl.make_server if ours else make_server) as address:
            run.connect = lambda: Peer(*address, timeout=PATIENCE)
            yield run
            _wait_for(set(threading.enumerate()) - before)
    finally:
        recorder.stop()


@contextmanager
def _served(app: Any, make_server: Callable[..., Any]) -> Iterator[tuple[str, int]]:
    if app is None:
        yield ("", 0)
        return
    server = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=server.serve_forever, name="server", daemon=True)
    thread.start()
    try:
        yield server.host, server.port
    finally:
        server.shutdown()
        thread.join(ENDING)
        server.server_close()


def _wait_for(threads: set[threading.Thread]) -> None:
    """Until the connections' threads are over; the server's own, which waits for the next client, is not waited for."""
    deadline = monotonic() + ENDING
    for thread in sorted(threads, key=lambda t: t.name):
        if thread.name != "server" and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - monotonic()))


@contextmanager
def _quiet(log: bool) -> Iterator[None]:
    """Without the server's line for each request, which has the time in it; without `log` all is quiet."""
    requests, disabled = logging.getLogger("werkzeug"), logging.root.manager.disable
    level = requests.level
    requests.setLevel(logging.ERROR)
    logging.disable(disabled if log else logging.CRITICAL)
    try:
        yield
    finally:
        requests.setLevel(level)
        logging.disable(disabled)


def folder() -> Path:
    """Where this kernel keeps what it makes; gone when it ends."""
    global _made
    if _made is None:
        _made = Path(tempfile.mkdtemp(prefix="unmagic-course-"))
        atexit.register(shutil.rmtree, _made, ignore_errors=True)
    return _made


_made: Path | None = None


def _shell() -> Any:
    """IPython's shell; None outside of it."""
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:
        return None
    return get_ipython()  # type: ignore[no-untyped-call]


def arrived(sock: socket.socket, count: int) -> None:
    """Wait until `count` bytes lie ready in `sock`, without taking them. Raises TimeoutError after five seconds."""
    deadline = monotonic() + PATIENCE
    while len(sock.recv(count, socket.MSG_PEEK)) < count:
        if monotonic() > deadline:
            raise TimeoutError(f"fewer than {count} bytes came")
