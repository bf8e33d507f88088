"""Does a submission bring the real library along? No sandbox can forbid that, so it is told to a person.

By the names of packages and modules, by the names of release archives, and by what the sources call themselves: a copy
under another name keeps its classes.
"""

from __future__ import annotations

import ast
import re
import unicodedata
import warnings
from pathlib import Path

from ..coursework.submission import files

#: The libraries that are to be rebuilt, or that do the same.
LIBRARIES = (
    "wsproto", "h11", "simple_websocket", "flask", "flask_sock", "werkzeug", "websockets", "websocket", "aiohttp",
    "tornado", "gevent", "geventwebsocket", "autobahn", "starlette", "uvicorn", "eventlet", "ws4py", "picows",
    "fastapi", "quart", "hypercorn", "sanic", "bottle", "socketio", "engineio", "gunicorn", "twisted",
)  # fmt: skip
#: Classes and functions that only those libraries have together: (library, how many of them, names).
MARKS: tuple[tuple[str, int, frozenset[str]], ...] = (
    ("wsproto", 4, frozenset({"WSConnection", "FrameProtocol", "FrameDecoder", "MessageDecoder", "PerMessageDeflate",
                              "XorMaskerSimple", "H11Handshake", "CloseConnection", "RemoteProtocolError"})),
    ("h11", 3, frozenset({"ConnectionState", "ReceiveBuffer", "ContentLengthReader", "ChunkedReader", "Http10Reader",
                          "InformationalResponse"})),
    ("werkzeug", 3, frozenset({"WSGIRequestHandler", "BaseWSGIServer", "ThreadedWSGIServer", "StateMachineMatcher",
                               "EnvironHeaders", "ImmutableMultiDict"})),
    ("flask", 3, frozenset({"AppContext", "RequestContext", "SecureCookieSessionInterface", "BlueprintSetupState"})),
    ("websockets", 3, frozenset({"ServerProtocol", "ClientProtocol", "StreamReader", "WebSocketServerProtocol",
                                 "WebSocketCommonProtocol", "PerMessageDeflate"})),
)  # fmt: skip
_RELEASE = re.compile(r"^([A-Za-z0-9_.]+?)-\d[\w.!+]*(?:\.tar\.gz|\.zip|\.whl|-py\d.*\.whl|\.dist-info|\.egg-info)?$")
_NAMES = frozenset(LIBRARIES)
_WORD, _JOINED = re.compile(r"\w+"), re.compile(r"\\\r?\n")
_DEFINED = re.compile(r"\b(?:class|def)\s+(\w+)")
_IMPORTS = re.compile(r"(?:^|[;:])[ \t\f]*(?:import|from)\b[^\n]*", re.MULTILINE)
_MOST = 2 << 20  # bytes of a source that is looked into


def vendored(folder: Path) -> list[str]:
    """Sentences about what was found, for a person; none if nothing was. Raises `SubmissionError`."""
    found: dict[str, None] = {}
    for path in files(folder):
        relative = path.relative_to(folder)
        for part in (
            *relative.parts[:-1],
            relative.stem if relative.suffix in (".py", ".pyc", ".so", ".pyd") else relative.name,
        ):
            if library := _named(part):
                found[f"{relative} is called as the library {library} is"] = None
        if path.suffix == ".py" or relative.suffix == "":
            for sentence in _marked(path, str(relative)):
                found[sentence] = None
        elif path.suffix in (".pyc", ".whl", ".so", ".pyd", ".egg", ".zip"):
            found[f"{relative} is no source: a person has to look into it"] = None
    return list(found)[:20]


def _named(part: str) -> str:
    name = part.lower().replace("-", "_")
    release = _RELEASE.match(part)
    bare = release[1].lower().replace("-", "_") if release else name.split(".")[0]
    return bare if bare in LIBRARIES else ""


def _worth_parsing(source: bytes) -> bool:
    """Whether there may be anything in it, by its words: parsing takes a hundred times as long.

    Names are compared as Python does (NFKC); what says that it is written in another encoding is parsed.

    >>> _worth_parsing(b"if here:import os, flask"), _worth_parsing(b"x = 1  # imported as flask does")
    (True, False)
    """
    try:
        text = unicodedata.normalize("NFKC", source.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return True
    text = _JOINED.sub(" ", text).replace("\r", "\n")
    defined = set(_DEFINED.findall(text))
    if any("coding" in line for line in text.split("\n")[:2]) or any(
        len(defined & names) >= n for _, n, names in MARKS
    ):
        return True
    return any(_NAMES.intersection(_WORD.findall(line)) for line in _IMPORTS.findall(text))


def _marked(path: Path, relative: str) -> list[str]:
    try:
        if path.stat().st_size > _MOST:
            return [f"{relative} is larger than {_MOST >> 20} MiB: a person has to look into it"]
        source = path.read_bytes()
        if not _worth_parsing(source):
            return []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
        return []
    defined: set[str] = set()
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            defined.add(node.name)
        elif isinstance(node, ast.Import):
            imported |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            imported.add(node.module.partition(".")[0])
    found = [
        f"{relative} defines what the library {library} does: {', '.join(sorted(defined & marks))}"
        for library, least, marks in MARKS
        if len(defined & marks) >= least
    ]
    return found + [f"{relative} imports {name}" for name in sorted(imported & set(LIBRARIES))]
