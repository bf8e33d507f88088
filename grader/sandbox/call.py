"""How a supervisor is started: our own files, whatever the folder that we were called in or its variables say.

Without `site`, whose hooks for installed packages take longer than all that a supervisor imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

HOME = Path(__file__).parent.parent.parent
#: What a process that forks supervisors answers with, and sends a handle along.
BORN = b"+"
_BEGIN = "import sys; sys.path[:0] = [{home!r}]; sys.path += {packages!r}; {rest}"
_REST = "from grader.sandbox.{module} import main; main()"


def words(module: str = "supervise") -> list[str]:
    """The command line that runs `main` of a module of this room."""
    packages = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    begin = _BEGIN.format(home=str(HOME), packages=packages, rest=_REST.format(module=module))
    return [sys.executable, "-I", "-S", "-c", begin]
