"""Record any program from the socket up, and follow its values.

    import tracer

    with tracer.record("login.trace"):  # a block
        ...

    @tracer.recorded  # or every call of a function
    def login(): ...

`tracer.recording` runs inside the traced process (standard library only), `tracer.reading` works from the
trace file alone, `tracer.scenarios` holds our own programs with their scripted clients and is the only part
that knows Flask-Sock. Importing this package loads none of them; `record` and its like do when they are asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .recording import Options, Recorder, RecorderError, record, recorded

__all__ = ["Options", "Recorder", "RecorderError", "record", "recorded"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import recording

    globals().update({public: getattr(recording, public) for public in __all__})
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
