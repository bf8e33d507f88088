"""Record a part of a program: a block (`record`), or the calls of a function (`recorded`).

Both record the whole process while they last, every thread of it. What comes in is a path; what goes out is a trace
there. Starting and stopping takes some milliseconds, so neither belongs around what runs a thousand times a second.
"""

from __future__ import annotations

import atexit
import os
import sys
import warnings
from _thread import RLock, get_ident
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import wraps
from typing import Any, TypeVar, overload

from . import store
from .forks import recording
from .options import Options, RecorderError
from .recorder import Recorder
from .sharing import Both

Function = TypeVar("Function", bound=Callable[..., Any])

#: How many traces one function makes where nobody says.
MOST = 100


def record(
    path: str | os.PathLike[str], options: Options | None = None, **chosen: Any
) -> AbstractContextManager[Recorder]:
    """Record what runs inside the block, on every thread, into the trace file at `path`:

        with tracer.record("login.trace"):
            client.post("/login", data=form)

    Then, in a shell: ``unmagic journeys login.trace``, ``unmagic show login.trace``. An older trace there is replaced,
    and nothing else is. Further words are fields of `Options`: ``scope=("program", "flask")``, ``lines=("app",)``,
    ``values=False``, ``show_secrets=True``. The program is, where they do not say, the folder of the file that calls
    this: its functions are recorded, and the installed packages'.

    What the block raises goes through; the trace ends with it. ``with … as recorder`` gives the `Recorder`, whose
    `stop` (called once more) tells what was recorded. Raises `RecorderError` where the trace cannot be written.

    Inside another recording it makes a trace of its own as well. A debugger's or coverage's trace function that is
    there already goes on beside it.
    """
    return _recorded(os.fspath(path), _options(options, chosen, sys._getframe(1).f_globals.get("__file__")))


def _options(options: Options | None, chosen: dict[str, Any], file: object) -> Options:
    """The options with what was chosen by name; the program is the folder of `file` unless they say."""
    options = replace(options or Options(), **chosen)
    if options.program is None and isinstance(file, str):
        options = replace(options, program=os.path.dirname(os.path.abspath(file)))
    return options


@contextmanager
def _recorded(path: str, options: Options) -> Iterator[Recorder]:
    recorder = Recorder(path, options)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


@overload
def recorded(function: Function, /) -> Function: ...
@overload
def recorded(
    path: str | os.PathLike[str] = "", /, *, most: int = MOST, options: Options | None = None, **chosen: Any
) -> Callable[[Function], Function]: ...
def recorded(function: Any = "", /, *, most: int = MOST, options: Options | None = None, **chosen: Any) -> Any:
    """Record every call of a function, each into a trace of its own:

        @tracer.recorded
        def login(request): ...

        @tracer.recorded("traces/login.trace", lines=("app",))
        async def login(request): ...

    The first call writes ``login.trace``, the second ``login-2.trace``, and so on; the next run of the program
    replaces them. Without a path the name is the module's and the function's, ``app.login.trace``, in the current
    folder; a path that is a folder (or ends with ``/``) is where such names go. Further words are fields of `Options`,
    as for `record`. `most` is how many traces are made (default: 100); later calls only run. ``login.traces`` lists
    the paths.

    A call is recorded from its first line to its end: a coroutine's until it has returned, a generator's from the first
    item to the last, or until it is closed. A call that begins while another one is recorded (it calls itself, calls
    another recorded function, another thread or task calls it) is in that trace, which then ends with the last of them:
    so every call is whole in one trace. Inside `record`, `unmagic run` or ``pytest --unmagic`` all is recorded already,
    and no further trace is made. In a process that was forked off, or begun by
    `multiprocessing`, or where another one that runs has made a trace of this name, the name has the process's number.

    The function stays what it was: signature, name, pickling, result and exceptions. Where a trace cannot be written,
    a `RuntimeWarning` says so, once, and the call runs.
    """
    if isinstance(function, (str, os.PathLike)):
        return lambda decorated: _decorate(decorated, os.fspath(function), most, options, chosen)
    return _decorate(function, "", most, options, chosen)


def _decorate(function: Any, path: str, most: int, options: Options | None, chosen: dict[str, Any]) -> Any:
    if isinstance(function, (staticmethod, classmethod)):
        return type(function)(_decorate(function.__func__, path, most, options, chosen))
    if isinstance(function, type) or not callable(function):
        raise TypeError(f"recorded is for functions, not for {function!r}")
    code = getattr(function, "__code__", None)
    flags = getattr(code, "co_flags", 0)
    calls = _Calls(function, path, most, _options(options, chosen, getattr(code, "co_filename", None)))
    wrapper: Any = next(make for flag, make in _WRAPPERS if flags & flag == flag)(function, calls)
    wrapper.traces = calls.traces
    return wrapper


def _plain(function: Any, calls: _Calls) -> Any:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        with calls.recorded():
            return function(*args, **kwargs)

    return wrapper


def _coroutine(function: Any, calls: _Calls) -> Any:
    @wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> Any:
        with calls.recorded():
            return await function(*args, **kwargs)

    return wrapper


def _generator(function: Any, calls: _Calls) -> Any:
    @wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with calls.recorded():
            return (yield from function(*args, **kwargs))

    return wrapper


def _async_generator(function: Any, calls: _Calls) -> Any:
    @wraps(function)
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        with calls.recorded():
            inner = function(*args, **kwargs)
            try:
                item = await inner.__anext__()
                while True:  # what `yield from` does, which async generators have not
                    try:
                        sent = yield item
                    except GeneratorExit:
                        raise
                    except BaseException as error:
                        item = await inner.athrow(error)
                    else:
                        item = await inner.asend(sent)
            except StopAsyncIteration:
                return
            finally:
                await inner.aclose()

    return wrapper


#: By the flags of a function's code (inspect.CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR); 0 is every other one's.
_WRAPPERS = ((0x200, _async_generator), (0x80, _coroutine), (0x20, _generator), (0, _plain))


class _Calls:
    """The calls of one decorated function: their names, and how many may still be recorded."""

    def __init__(self, function: Any, path: str, most: int, options: Options) -> None:
        self.traces: list[str] = []
        self.options = options
        self._most = most
        self._warned = False
        self._process = os.getpid()
        self._apart = f".{os.getpid()}" if _is_child() else ""
        if not path or path.endswith(("/", os.sep)) or os.path.isdir(path):
            path = os.path.join(path, f"{_name_of(function)}.trace")
        self._stem, self._suffix = os.path.splitext(path)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Around one call."""
        joined = _running.join(self)
        try:
            yield
        finally:
            if joined is not None:
                joined()

    def next(self) -> str | None:
        """Where the next trace goes; None where there are enough."""
        here = os.getpid()
        if self._process != here:  # forked off: what there is, is the parent's
            self._process, self._apart = here, f".{here}"
            self.traces.clear()
        count = len(self.traces) + 1
        if count > self._most:
            return None
        number = "" if count == 1 else f"-{count}"
        path = os.path.abspath(f"{self._stem}{self._apart}{number}{self._suffix}")
        return os.path.abspath(f"{self._stem}.{here}{number}{self._suffix}") if _anothers(path) else path

    def warn(self, error: str) -> None:
        """Say once what went wrong; the program goes on."""
        if not self._warned:
            self._warned = True
            warnings.warn(f"unmagic: {error}", RuntimeWarning, stacklevel=7)


def _name_of(function: Any) -> str:
    """``app.login``: of a program that is run as a file, the file's name stands for the module's."""
    module = getattr(function, "__module__", None) or ""
    if module == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None) or ""
        module = os.path.splitext(os.path.basename(file))[0]
    name = getattr(function, "__qualname__", type(function).__qualname__).replace(".<locals>", "")
    return ".".join(filter(None, (module, "".join(c if c.isalnum() or c in "._" else "_" for c in name))))


def _anothers(path: str) -> bool:
    """Whether there is a trace of another process at `path`, and that process still runs."""
    process = store.process_of(path)
    if not process or process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it runs, and is somebody else's
        return True
    return True


def _is_child() -> bool:
    """Whether `multiprocessing` began this process: then there are others that do the same."""
    module = sys.modules.get("multiprocessing.process")
    return module is not None and module.parent_process() is not None


class _Running:
    """The one recording that calls of decorated functions share while they overlap."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._recorder: Recorder | None = None
        self._calls: _Calls | None = None
        self._process = 0
        #: For each thread with calls inside: how many there are, and the trace function that it had before.
        self._inside: dict[int, list[Any]] = {}
        self._registered = False

    def join(self, calls: _Calls) -> Callable[[], None] | None:
        """A call begins: in the recording that runs, or in a new one. Gives what ends it; None where it is not ours."""
        with self._lock:
            if self._process != os.getpid():  # forked off meanwhile: the recording stayed with the parent
                self._recorder, self._inside, self._process = None, {}, os.getpid()
            before, thread = sys.gettrace(), get_ident()
            if self._recorder is None and not self._start(calls):
                return None
            if thread not in self._inside:
                self._inside[thread] = [0, before]
                _hook(self._recorder)
            self._inside[thread][0] += 1
            recorder, process = self._recorder, self._process

        def leave() -> None:
            with self._lock:
                if recorder is self._recorder and process == os.getpid():
                    self._leave(thread)

        return leave

    def _leave(self, thread: int) -> None:
        self._inside[thread][0] -= 1
        if not self._inside[thread][0]:
            _, before = self._inside.pop(thread)
            if not self._inside:
                self._stop()
            born_hooked = _of_this_room(before)  # a thread that began during a recording, this one or one before
            if thread == get_ident() and _of_this_room(sys.gettrace()) and not (born_hooked and self._inside):
                sys.settrace(None if born_hooked else before)

    def _start(self, calls: _Calls) -> bool:
        path = None if recording() else calls.next()
        if path is None:
            return False
        try:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            about = {**calls.options.about, "process": str(os.getpid())}
            recorder = Recorder(path, replace(calls.options, about=about))
            recorder.start()
        except (RecorderError, OSError) as error:
            calls.warn(str(error))
            return False
        calls.traces.append(path)
        self._recorder, self._calls = recorder, calls
        if not self._registered:
            self._registered = True
            atexit.register(self._stop)  # a generator that nobody came back to
        return True

    def _stop(self) -> None:
        recorder, self._recorder = self._recorder, None
        self._inside = {}
        if recorder is not None and self._calls is not None:
            for fault in recorder.stop().faults:
                self._calls.warn(f"the recorder stopped early, by a fault of its own: {fault}")


_running = _Running()


def _hook(recorder: Recorder | None) -> None:
    """Have this thread traced too: it may have run before the recording began, and `sys.settrace` is a thread's own."""
    boot = getattr(getattr(recorder, "_engine", None), "boot", None)
    if boot is not None:
        before = sys.gettrace()
        sys.settrace(boot if before is None or _of_this_room(before) else Both(boot, before))


def _of_this_room(hook: Any) -> bool:
    code = getattr(hook, "__code__", None)
    ours = code is not None and os.path.dirname(code.co_filename) == os.path.dirname(__file__)
    return ours or isinstance(hook, Both)
