"""Run a notebook in a kernel of its own, from the first cell to the last."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode

#: Seconds that one cell may take.
CELL = 180


class RunError(Exception):
    """A cell failed; the message names the notebook and the cell, and tells what was raised."""


def run(notebook: NotebookNode, name: str, folder: Path) -> NotebookNode:
    """The notebook with its outputs; `folder` is where it would lie. Raises `RunError`."""
    with tempfile.TemporaryDirectory(prefix="unmagic-ipython-") as own:
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("FLASK_", "WERKZEUG_"))}
        environment |= {"PYTHONHASHSEED": "0", "IPYTHONDIR": own, "JUPYTER_PLATFORM_DIRS": "1", "NO_COLOR": "1"}
        client = NotebookClient(
            notebook, timeout=CELL, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
        )
        client.km = client.create_kernel_manager()
        if os.name == "posix":  # sockets in a folder of its own: no port that another kernel may want, and less to say
            client.km.transport, client.km.ip = "ipc", os.path.join(own, "kernel")
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            number = next(n for n, cell in enumerate(notebook.cells) if _failed(cell))
            raise RunError(f"{name}, cell {number}: {error.ename}: {error.evalue}") from None
    return notebook


def _failed(cell: NotebookNode) -> bool:
    return any(output.output_type == "error" for output in cell.get("outputs", []))
