"""Which code is recorded, and why: one decision a file, one a code object, each with its reason.

A file belongs to a **lane**: the package it is installed in, the standard library's module, or ``app`` for the
program itself. A scope is a list of what to keep: ``program``, ``installed`` (every installed package), ``other``
(packages that lie elsewhere), a lane (``flask``), a standard library module (``http.server``), one function
(``threading:Event.set``), or ``stdlib``.
`Scope.entry` is asked once for each code object and answers with an `Entry`, or None for "never tell me again".
"""

from __future__ import annotations

import _imp  # type: ignore[import-not-found,unused-ignore]
import ast
import os
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from types import CodeType, FrameType, ModuleType
from typing import Any

from .bytecode import SUSPENDS, beginning, returns, suspensions
from .handlers import Handlers

#: What `unmagic run` keeps when nothing else is said: the program, what is installed (or lies elsewhere on the path,
#: as a package does that is installed to be edited), and the standard library's part of the way from the socket.
DEFAULT = (
    "program",
    "installed",
    "other",
    "socketserver",
    "http.server",
    "http.client",
    "http.cookies",
    "urllib.request",
    "wsgiref",
    "asyncio.streams",
    "asyncio.selector_events",
    "email.parser",
    "email.feedparser",
    "email.message",
    "threading:Thread.start",
    "threading:Thread.run",
    "threading:Event.set",
    "threading:Event.wait",
    "queue:Queue.put",
    "queue:Queue.get",
)

#: What a loop does in every round, whatever for; kept only where it is asked for by name.
ROUNDS = ("asyncio.selector_events:BaseSelectorEventLoop._process_events",)

#: What installers put beside the packages to change how Python imports: asked at each import, and on nobody's way.
IMPORT_HOOKS = ("_distutils_hack", "_virtualenv", "__editable__", "sitecustomize", "usercustomize")

#: How the files of compiled modules end.
COMPILED = tuple(_imp.extension_suffixes())

#: Our own files: never recorded, whatever the scope says.
OWN = os.path.dirname(os.path.abspath(__file__)) + os.sep


@dataclass(frozen=True)
class Place:
    """Where a file belongs. `kind` is program, installed, stdlib, other or none; `module` is dotted."""

    path: str
    kind: str
    lane: str
    module: str
    base: str


@dataclass(frozen=True)
class Verdict:
    """One decision, as `unmagic scope` prints it."""

    path: str
    lane: str
    recorded: bool
    reason: str


class Entry:
    """All that a hook needs to know of one code object in scope; made once. `Codes.enter` completes it: its number, and
    the heads of its records (a call, a resume, an exception in it)."""

    __slots__ = (
        "_handlers",
        "arguments",
        "beginning",
        "begins",
        "code",
        "first",
        "how",
        "lane",
        "lines",
        "nothing",
        "number",
        "path",
        "pick",
        "raises",
        "resumes",
        "returns",
        "secret",
        "suspended",
        "suspends",
        "tapped",
        "variable",
    )

    def __init__(self, code: CodeType, place: Place, lines: bool) -> None:
        self.number = self.begins = self.resumes = self.raises = 0
        self.code = code
        self.path = place.path
        self.lane = place.lane
        self.lines = lines
        #: How many of the last arguments are `*args` and `**kwargs`, which each call makes anew.
        self.variable = bool(code.co_flags & 0x04) + bool(code.co_flags & 0x08)
        self.arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + self.variable]
        self.first = self.arguments[0] if self.arguments else ""
        #: Takes the arguments' values out of a frame's locals, in their order; None where there is one, or none.
        self.pick: Any = itemgetter(*self.arguments) if len(self.arguments) > 1 else None
        #: Their numbers where there are no values to be had.
        self.nothing = (0,) * len(self.arguments)
        #: How they are taken: 0 none, 1 one, 2 two, 3 more of them, 4 with care (secrets, `*args`).
        self.how = 4 if self.variable else min(len(self.arguments), 3)
        #: Their names where one of them may be a secret's, else None.
        self.secret: tuple[str, ...] | None = None
        self.suspends = bool(code.co_flags & SUSPENDS)
        self.suspended = suspensions(code)
        self.beginning = beginning(code)
        self.returns = returns(code)
        self._handlers: Handlers | None = None
        #: Whether one of our own replacements (of a socket's or a thread's method) may be its caller.
        self.tapped = place.kind == "stdlib" and place.module in TAPPED

    @property
    def handlers(self) -> Handlers:
        """Its handlers of exceptions, found when they are asked for."""
        if self._handlers is None:
            self._handlers = Handlers(self.code)
        return self._handlers


#: The modules whose functions the wiretap and `threads.py` call in place of the program.
TAPPED = frozenset({"socket", "ssl", "threading"})


def beyond_us(frame: FrameType) -> FrameType:
    """The frame that called, our own replacements left out."""
    while frame.f_code.co_filename.startswith(OWN) and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _real(path: str) -> str:
    return os.path.realpath(path)


class Scope:
    """Decides, and remembers each decision with its reason.

    `wanted` and `excluded` are scope words (see the module's text), `lines` the lanes whose lines are recorded
    too. `program` is the folder of the program; None where there is no program of its own (tests, notebooks). `cells`
    is code of the program that is in no file: `co_filename`, and what it is called.
    """

    def __init__(
        self,
        wanted: Iterable[str] = DEFAULT,
        excluded: Iterable[str] = (),
        lines: Iterable[str] = (),
        program: str | None = None,
        cells: Mapping[str, str] | None = None,
    ) -> None:
        self.wanted = tuple(wanted)
        self.excluded = tuple(excluded)
        self.lines = frozenset(lines)
        self.program = _real(program) if program else None
        self._stdlib = _real(sysconfig.get_path("stdlib"))
        names = ("purelib", "platlib")
        bases = {_real(sysconfig.get_path(name)) for name in names}
        bases |= {_real(p) for p in sys.path if os.path.basename(p) in ("site-packages", "dist-packages")}
        self._installed = tuple(sorted(bases, key=len, reverse=True))
        self._places: dict[str, Place] = {}
        for filename, name in (cells or {}).items():
            self._places[filename] = self._places[name] = Place(name, "program", "app", name, "")
        self._verdicts: dict[str, Verdict] = {}
        self._qualnames: dict[str, dict[tuple[str, int], str]] = {}
        self._used: set[str] = set()

    def place(self, filename: str) -> Place:
        """Where the file named by a code object's `co_filename` belongs."""
        if filename not in self._places:
            self._places[filename] = self._find_place(filename)
        return self._places[filename]

    def _find_place(self, filename: str) -> Place:
        if filename.startswith("<") or _is_no_file(filename):
            return Place(filename, "none", "", "", "")
        path = _real(filename)
        if path.startswith(OWN):
            return Place(path, "none", "", "", "")
        for base in self._installed:
            if path.startswith(base + os.sep):
                module = _dotted(path[len(base) + 1 :])
                return Place(path, "installed", module.partition(".")[0], module, base)
        library = path.startswith(self._stdlib + os.sep)
        own = bool(self.program) and path.startswith(str(self.program).rstrip(os.sep) + os.sep)
        if own and library:  # the narrower folder counts: a Python may be installed below a program's folder
            own = len(str(self.program)) > len(self._stdlib)
        if own:
            base = str(self.program).rstrip(os.sep)
            return Place(path, "program", "app", _dotted(path[len(_import_base(path, base)) + 1 :]), base)
        if library:
            module = _dotted(path[len(self._stdlib) + 1 :])
            return Place(path, "stdlib", module.partition(".")[0], module, self._stdlib)
        base = _package_base(path)
        module = _dotted(path[len(base) + 1 :])
        return Place(path, "other", module.partition(".")[0], module, base)

    def verdict(self, filename: str, qualname: str = "") -> Verdict:
        """Whether code of this file (of this function, where given) is recorded, with the reason."""
        place = self.place(filename)
        if place.kind == "none":
            why = "the recorder itself" if place.path.startswith(OWN) else "no source file"
            return Verdict(filename, "", False, why)
        out = self._matching(self.excluded, place, qualname)
        if out:
            return Verdict(place.path, place.lane, False, f"excluded by {out!r}")
        word = self._matching(self.wanted, place, qualname)
        if word not in ROUNDS and self._matching(ROUNDS, place, qualname):
            return Verdict(place.path, place.lane, False, f"left out: every round of the loop, {_describe(place)}")
        if word:
            self._used.add(word)
            return Verdict(place.path, place.lane, True, f"kept by {word!r}: {_describe(place)}")
        return Verdict(place.path, place.lane, False, f"not in scope: {_describe(place)}")

    def _matching(self, words: tuple[str, ...], place: Place, qualname: str) -> str:
        for word in words:
            module, _, function = word.partition(":")
            if function and function != qualname:
                continue
            if not function and module == place.kind and not place.lane.startswith(IMPORT_HOOKS):
                return word
            dotted = place.module
            if dotted == module or dotted.startswith(module + ".") or (module == place.lane and place.lane):
                return word
        return ""

    def concerns(self, filename: str) -> bool:
        """False where no function of this file can be in scope; asked once a file, so that most code costs
        one look-up in a dictionary."""
        place = self.place(filename)
        if self.verdict(filename).recorded:
            self._verdicts[filename] = self.verdict(filename)
            return True
        some = any(":" in w and w.partition(":")[0] == place.module for w in self.wanted) and place.kind != "none"
        verdict = self.verdict(filename)
        if some:
            verdict = Verdict(verdict.path, verdict.lane, False, f"no call of {self._functions(place)}")
        self._verdicts[filename] = verdict
        return some

    def _functions(self, place: Place) -> str:
        return ", ".join(repr(word) for word in self.wanted if word.startswith(place.module + ":"))

    def entry(self, code: CodeType) -> Entry | None:
        """The `Entry` of a code object in scope, else None. Called once for each code object."""
        place = self.place(code.co_filename)
        if not self.verdict(code.co_filename, self.qualname(code)).recorded:
            return None
        file = self._verdicts.get(code.co_filename)
        if file is not None and not file.recorded:
            kept = Verdict(file.path, file.lane, True, f"kept for the functions of {self._functions(place)}")
            self._verdicts[code.co_filename] = kept
        return Entry(code, place, place.lane in self.lines or place.module in self.lines)

    def qualname(self, code: CodeType) -> str:
        """`co_qualname`, which 3.10 does not have: there it is read from the source, once a file."""
        name = getattr(code, "co_qualname", None)
        if isinstance(name, str):
            return name
        if code.co_filename not in self._qualnames:
            self._qualnames[code.co_filename] = _qualnames(code.co_filename)
        return self._qualnames[code.co_filename].get((code.co_name, code.co_firstlineno), code.co_name)

    def note_compiled(self, modules: Iterable[object]) -> None:
        """Add a decision for each compiled module of what is installed: no hook sees what runs in it."""
        for module in modules:
            names = module.__dict__ if type(module) is ModuleType else {}
            path, name = names.get("__file__"), names.get("__name__")
            if type(path) is str and type(name) is str and path.endswith(COMPILED):
                place = self.place(path)
                if place.kind == "installed":
                    lane, reason = name.partition(".")[0], f"compiled: {name}, nothing in it is seen"
                    self._verdicts[path] = Verdict(place.path, lane, False, reason)

    def unmatched(self) -> tuple[str, ...]:
        """The words that kept nothing so far."""
        return tuple(word for word in self.wanted if word not in self._used)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Every decision about a file so far, in the order of path."""
        return tuple(sorted([*self._verdicts.values()], key=lambda v: v.path))


def _describe(place: Place) -> str:
    return {
        "program": "the program's own file",
        "installed": f"installed package {place.lane}",
        "stdlib": f"standard library, {place.module}",
        "other": f"package {place.lane}, outside site-packages",
    }[place.kind]


def _is_no_file(filename: str) -> bool:
    """Whether it is only what somebody called the code that they compiled, a function's name or nothing at all: taken
    as a path it would lie in the folder that the program happens to run in. A module's file may be gone by now."""
    return not os.path.isabs(filename) and not filename.endswith(".py") and not os.path.isfile(filename)


def _dotted(relative: str) -> str:
    stem = relative[:-3] if relative.endswith(".py") else relative
    parts = stem.replace("\\", "/").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def _import_base(path: str, base: str) -> str:
    """The folder that the program's modules are found from, below its own one: that is `src/` in many. A package's
    folder is none, though it is on the path where a script in it is run."""
    entries = [_real(entry) for entry in sys.path if type(entry) is str]
    inside = [one for one in entries if one.startswith(base + os.sep) and path.startswith(one + os.sep)]
    return max((one for one in inside if not os.path.exists(os.path.join(one, "__init__.py"))), key=len, default=base)


def _package_base(path: str) -> str:
    folder = os.path.dirname(path)
    while os.path.exists(os.path.join(folder, "__init__.py")) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return folder


def _qualnames(filename: str) -> dict[tuple[str, int], str]:
    """(co_name, co_firstlineno) -> qualified name, for every function in a source file."""
    try:
        with open(filename, "rb") as file:
            tree = ast.parse(file.read())
    except (OSError, SyntaxError, ValueError):
        return {}
    found: dict[tuple[str, int], str] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            inner = prefix
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                first = min([child.lineno, *[d.lineno for d in child.decorator_list]])
                found.setdefault((child.name, first), prefix + child.name)
                inner = prefix + child.name + ("." if isinstance(child, ast.ClassDef) else ".<locals>.")
            elif type(child) in _ANONYMOUS:
                name = _ANONYMOUS[type(child)]
                found.setdefault((name, child.lineno), prefix + name)  # type: ignore[attr-defined]
                inner = prefix + name + ".<locals>."
            visit(child, inner)

    visit(tree, "")
    return found


_ANONYMOUS: dict[type, str] = {
    ast.Lambda: "<lambda>",
    ast.ListComp: "<listcomp>",
    ast.SetComp: "<setcomp>",
    ast.DictComp: "<dictcomp>",
    ast.GeneratorExp: "<genexpr>",
}
