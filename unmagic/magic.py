"""``%%unmagic`` in a notebook: record what a cell runs, and show it below.

    %load_ext unmagic

    %%unmagic -o login.trace
    client.post("/login", data=form)

The cell runs as it would without the first line: its output, its exception, `await` at its top level, other magics. So
the first line is not made a function that is given the cell; it becomes ``%unmagic``, which begins a recording, and
the end of the cell ends it. Comes from `load_ipython_extension` of the package; loaded by nobody else.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, line_cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring
from IPython.display import display

from report.notebook import MOST, cells, show
from report.notes import ReportError
from tracer.reading.trace import Trace, TraceError
from tracer.recording import DEFAULT, Options, Recorder, RecorderError

#: What runs the notebook, and is none of what the cell does: left out unless it is asked for by --scope.
HOSTS = (
    "IPython", "ipykernel", "ipywidgets", "jupyter_client", "jupyter_core", "nbclient", "zmq", "tornado", "traitlets",
    "comm", "debugpy", "matplotlib_inline", "prompt_toolkit", "stack_data", "executing", "asttokens", "pure_eval",
    "decorator", "pygments", "nest_asyncio", "nest_asyncio2", "psutil", "unmagic", "report", "tracer",
)  # fmt: skip
FILE = "cell.trace"
_FIRST = re.compile(r"%%unmagic(?=\s|$)")


@magics_class
class UnmagicMagics(Magics):
    """The magic, with the recording of the cell that runs."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._recorder: Recorder | None = None
        self._asked: Any = None

    @magic_arguments()
    @argument(
        "-o", "--output", default=FILE, metavar="FILE", help=f"The trace (default: {FILE}; each run replaces it)."
    )
    @argument("--scope", action="append", metavar="WORD", help="Record this instead of the default: program, "
              "installed, a package, a module of the standard library, module:function. May be repeated.")  # fmt: skip
    @argument("--exclude", action="append", metavar="WORD", help="Leave this out.")
    @argument("--lines", action="append", metavar="LANE", help="Record the executed lines of this library too; the "
              "notebook's own are those of app.")  # fmt: skip
    @argument("--no-values", action="store_true", help="No arguments and results.")
    @argument("--show-secrets", action="store_true", help="Do not mask cookies, tokens and passwords.")
    @argument("--engine", choices=["auto", "settrace", "monitoring"], default="auto", help="How to trace.")
    @argument("--most", type=int, default=MOST, metavar="N", help=f"Messages to show at most (default: {MOST}).")
    @argument("--quiet", action="store_true", help="Show nothing; only write the trace.")
    @line_cell_magic
    def unmagic(self, line: str, cell: str | None = None) -> None:
        """Record what this cell runs, on every thread, and show it below; as %unmagic, the rest of the cell."""
        self._begin(parse_argstring(self.unmagic, line))
        if cell is not None:  # a magic in a magic: this one was not on the cell's first line
            try:
                self.shell.run_cell(cell).raise_error()  # type: ignore[union-attr]
            finally:
                self.end()

    def _begin(self, asked: Any) -> None:
        if self._recorder is not None:
            raise UsageError(f"this cell is recorded already, into {self._recorder.path}")
        scope, exclude = tuple(asked.scope or DEFAULT), tuple(asked.exclude or ())
        options = Options(
            engine=asked.engine, scope=scope, lines=tuple(asked.lines or ()), values=not asked.no_values,
            exclude=exclude + tuple(word for word in HOSTS if word not in {w.partition(".")[0] for w in scope}),
            show_secrets=asked.show_secrets, program=os.getcwd(), cells=cells(self.shell),
        )  # fmt: skip
        recorder = Recorder(asked.output, options)
        try:
            recorder.start()
        except RecorderError as error:
            raise UsageError(str(error)) from None
        self._recorder, self._asked = recorder, asked

    def end(self, result: Any = None) -> None:
        """The cell is over: end the recording, and show what was recorded. IPython calls this after every cell."""
        recorder, self._recorder = self._recorder, None
        if recorder is None:
            return
        summary = recorder.stop()
        for fault in summary.faults:
            print(f"unmagic: the recorder stopped early, by a fault of its own: {fault}")
        try:
            with Trace.open(Path(summary.path)) as trace:
                print(f"unmagic: {_counted(trace)}; the trace is {os.path.relpath(summary.path)}")
            if not self._asked.quiet:
                self._show(summary.path)
        except (TraceError, ReportError) as error:
            print(f"unmagic: {error}")

    def _show(self, path: str) -> None:
        shown = show(path, most=max(1, self._asked.most))
        (recording,) = shown.view.recordings
        if not recording.messages:
            print("unmagic: nothing crossed a socket, and no library was called, so there is no message to show")
            return
        display(shown)
        if recording.left_out:
            print(f"unmagic: {recording.left_out:,} more messages; --most shows more of them")


def _counted(trace: Trace) -> str:
    masked = sum(int(count) for key, count in trace.meta.items() if key.startswith("masked."))
    counts = (
        (len(trace.calls), "call"), (len(trace.threads), "thread"), (len(trace.wires), "socket event"),
        (masked, "masked secret"),
    )  # fmt: skip
    return ", ".join(f"{count:,} {thing}{'' if count == 1 else 's'}" for count, thing in counts)


def _first_line(lines: list[str]) -> list[str]:
    """``%%unmagic`` on the first line of a cell becomes ``%unmagic``, unless another magic wants the cell below it."""
    if lines and _FIRST.match(lines[0]) and not lines[0].rstrip().endswith("?"):
        below = next((line for line in lines[1:] if line.strip()), "")
        if not below.startswith("%%"):
            return [lines[0][1:], *lines[1:]]
    return lines


def load(shell: Any) -> None:
    """``%load_ext unmagic``."""
    magics = UnmagicMagics(shell)
    shell.register_magics(magics)
    shell.input_transformers_cleanup.append(_first_line)
    shell.events.register("post_run_cell", magics.end)
    shell.user_ns_hidden.setdefault("__unmagic__", magics)


def unload(shell: Any) -> None:
    """``%unload_ext unmagic``."""
    magics = shell.user_ns_hidden.pop("__unmagic__", None)
    if magics is not None:
        magics.end()
        shell.events.unregister("post_run_cell", magics.end)
        shell.input_transformers_cleanup.remove(_first_line)
        for kind in ("line", "cell"):
            shell.magics_manager.magics[kind].pop("unmagic", None)
