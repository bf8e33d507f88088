"""The command line: one small file a command, the only room that knows all the others. pytest and IPython load a file
of it too (`pytest_plugin.py`, `magic.py`), in somebody's process: so nothing happens when the package is imported."""

from typing import Any


def load_ipython_extension(shell: Any) -> None:
    """What ``%load_ext unmagic`` calls."""
    from .magic import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """What ``%unload_ext unmagic`` calls."""
    from .magic import unload

    unload(shell)
