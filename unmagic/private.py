"""The recording half under its private name, for a process that is somebody else's: there a `tracer` is theirs."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

NAME = "_unmagic_recording"
FOLDER = Path(__file__).parent.parent / "tracer" / "recording"


def recording() -> ModuleType:
    """`tracer.recording`, loaded from its files; what `unmagic run` has brought along already, where it has."""
    if NAME not in sys.modules:
        spec = spec_from_file_location(NAME, FOLDER / "__init__.py", submodule_search_locations=[str(FOLDER)])
        assert spec is not None and spec.loader is not None
        module = sys.modules[NAME] = module_from_spec(spec)
        spec.loader.exec_module(module)
    return sys.modules[NAME]
