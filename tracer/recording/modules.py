"""The standard library's modules that the recorder needs, and how the program comes not to find them loaded.

A plain Python loads almost nothing before the program. A project may so have a `json.py` or a `socket.py` of its
own, and finds it, because its folder comes first. The recorder needs the library's, and three ways out are unsound:

- leave them in `sys.modules`: the program gets the library's module for its own;
- take them out and let the program load others: there would be two classes `socket.socket`, one tapped and one
  used, two lists of the threads that run, two of every exception class;
- watch for one list of names: every version of Python loads others.

So they are put away, and lent. The program's `import` searches as always; where the search ends at the very file
that a module of ours came from, the program gets that module, the one and only, in place of a second one. It gets
what the module had imported too, as it would have otherwise. Where a module that ours imported would be another one
by now (a `token.py` of the project's, below the library's `inspect`), Python loads it all anew and fails, or not, as
it would without us.

This file is loaded before all others and imports nothing that a plain Python has not loaded.
"""

import _frozen_importlib_external as external
import builtins
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

#: The module name under which the recording half is loaded.
PRIVATE = "_unmagic_recording"
_FROM_FILES = (external.SourceFileLoader, external.SourcelessFileLoader, external.ExtensionFileLoader)


class Shelf:
    """What the recorder has loaded and the program has not. One for each process."""

    def __init__(self) -> None:
        self._found = dict(sys.modules)
        self._ours: dict[str, ModuleType] = {}
        #: Where a search finds each of them; '' for what no search finds, since the package around it makes it.
        self._origins: dict[str, str | None] = {}
        #: Those that the program has by now, or has made anew: they are not lent again.
        self._lent: set[str] = set()
        #: What was imported by its own name, while it was not there yet.
        self._asked: set[str] = set()
        #: module -> what it has imported, in order.
        self._needs: dict[str, dict[str, None]] = {}
        self._search: Any = external.PathFinder.__dict__["find_spec"].__func__

    def load(self, load: "Callable[[], Any]") -> "Any":
        """What `load` returns; what it imports is the standard library's, wherever the program's folders are."""
        path, foreign = sys.path[:], {name: module for name, module in sys.modules.items() if _foreign(name, module)}
        for name in foreign:
            del sys.modules[name]
        sys.path[:] = filter(_librarys, path)
        imported, builtins.__import__ = builtins.__import__, self._watch(builtins.__import__)
        try:
            return load()
        finally:
            builtins.__import__ = imported
            sys.path[:] = path
            self._ours.update((name, sys.modules.pop(name)) for name in foreign if name in sys.modules)
            sys.modules.update(foreign)

    def put_away(self) -> None:
        """Take out of `sys.modules` what was not there when this object was made, and lend it from now on."""
        new = {n: m for n, m in sys.modules.items() if n not in self._found and n.partition(".")[0] != PRIVATE}
        # What is built in stays: it is found before every file, whatever the program's folder holds.
        self._ours.update((n, m) for n, m in new.items() if type(getattr(_spec(m), "loader", None)) in _FROM_FILES)
        self._ours.update((n, m) for n, m in new.items() if n.rpartition(".")[0] in self._ours)
        for name, module in self._ours.items():
            if sys.modules.get(name) is module:
                del sys.modules[name]
            self._origins[name] = self._origin(name, _spec(module))
            if self._origins[name] == "":
                self._needs.setdefault(name.rpartition(".")[0], {})[name] = None
        for name in self._ours:
            self._unbind(name)
        self._found.clear()
        self._lend()

    def _origin(self, name: str, spec: "ModuleSpec | None") -> "str | None":
        """The file of a module; also of one that has put another one in its place, as `collections.abc` does."""
        if spec is None or spec.name != name:
            path = getattr(self._package(name), "__path__", None)
            spec = self._search(external.PathFinder, name, path) if path and name in self._asked else None
        return spec.origin if spec else ""

    def _package(self, name: str) -> "ModuleType | None":
        holder = name.rpartition(".")[0]
        return self._ours.get(holder) or sys.modules.get(holder)

    def _unbind(self, name: str) -> None:
        """A package knows a module inside it once that is imported, and not before; but for those that it needs."""
        holder, _, child = name.rpartition(".")
        package = self._package(name)
        if package is not None and name not in self._closure(holder):
            package.__dict__.pop(child, None)

    def _watch(self, original: "Any") -> "Any":
        """`__import__` that notes who imports what. Its parameters have the names that callers give: the library's
        search for a codec does."""

        def watching(
            name: str, globals: "Any" = None, locals: "Any" = None, fromlist: "Any" = (), level: int = 0
        ) -> "Any":
            full, space = name, globals or {}
            if level:
                holder = (space.get("__package__") or "").rsplit(".", level - 1)[0]
                full = f"{holder}.{name}" if name else holder
            if full not in sys.modules:
                self._asked.add(full)
            module = original(name, globals, locals, fromlist, level)
            parts = full.split(".")
            needs = self._needs.setdefault(_importer(space), {})
            needs.update(dict.fromkeys(".".join(parts[: n + 1]) for n in range(len(parts))))
            needs.update(dict.fromkeys(inner for item in fromlist or () if (inner := f"{full}.{item}") in sys.modules))
            return module

        return watching

    def _closure(self, name: str) -> "dict[str, None]":
        """A module with all of ours that it needs, each after what it needs itself."""
        seen: set[str] = set()
        ordered: dict[str, None] = {}

        def visit(name: str) -> None:
            if name in self._ours and name not in seen:
                seen.add(name)
                for need in self._needs.get(name, ()):
                    visit(need)
                ordered[name] = None

        visit(name)
        return ordered

    def _lend(self) -> None:
        """Have Python's search along a path end at our modules. The finder itself is changed, not the list
        `sys.meta_path`: the program sees that, and other finders stand before or after it."""
        search = self._search

        def find_spec(cls: "Any", fullname: str, path: "Any" = None, target: "Any" = None) -> "ModuleSpec | None":
            """Try to find a spec for 'fullname' on sys.path or 'path'."""
            spec: ModuleSpec | None = search(cls, fullname, path, target)
            if (
                spec is not None
                and fullname in self._ours
                and fullname not in self._lent
                and self._same(fullname, spec)
            ):
                if all(self._still(name) for name in self._closure(fullname)):
                    self._prepare(spec, self._ours[fullname])
                else:
                    self._lent.add(fullname)
            return spec

        find_spec.__qualname__ = search.__qualname__
        find_spec.__module__ = search.__module__
        external.PathFinder.find_spec = classmethod(find_spec)  # type: ignore[assignment]

    def _same(self, name: str, spec: "ModuleSpec | None") -> bool:
        return spec is not None and spec.origin == self._origins[name]

    def _still(self, name: str) -> bool:
        """Whether the program's import of a module that one of ours needs would give what ours has."""
        if name in sys.modules:
            return sys.modules[name] is self._ours[name]
        if name in self._lent:
            return False  # the program has thrown it away, to have another
        return "." in name or self._same(name, self._search(external.PathFinder, name))

    def _prepare(self, spec: "ModuleSpec", module: "ModuleType") -> None:
        """Have what loads `spec` give `module`, once: what the program loads again later on is its own, and so is
        what it makes of the spec by itself."""
        name, loader, own = spec.name, spec.loader, module.__spec__

        def exec_module(made: "ModuleType") -> None:
            if sys.modules.get(name) is made and name not in self._lent:
                module.__spec__ = own
                self._hand_over(name)
            else:
                type(loader).exec_module(loader, made)  # type: ignore[union-attr, arg-type]

        loader.exec_module = exec_module  # type: ignore[union-attr, method-assign]
        if isinstance(loader, external.ExtensionFileLoader):  # it is loaded where it is created
            loader.create_module = lambda spec: module  # type: ignore[method-assign]

    def _hand_over(self, wanted: str) -> None:
        new = [name for name in self._closure(wanted) if name not in self._lent]
        self._lent.update(new)
        sys.modules.update((name, self._ours[name]) for name in new)
        for name in new:
            holder, _, child = name.rpartition(".")
            if holder:
                setattr(sys.modules[holder], child, self._ours[name])


def _importer(space: "dict[str, Any]") -> str:
    """The module whose code imports something. A compiled one that does so while it is loaded has no frame: that is
    the import system's, which holds what it loads."""
    name = str(space.get("__name__", ""))
    if name in ("importlib._bootstrap", "_frozen_importlib"):
        for loaded in sys._getframe(2).f_locals.get("args", ()):
            return str(getattr(loaded, "name", "") or getattr(loaded, "__name__", ""))
    return name


def _spec(module: "ModuleType") -> "ModuleSpec | None":
    return getattr(module, "__spec__", None)


#: The standard library's folder: this package of it is loaded before all.
_LIBRARY = sys.modules["encodings"].__path__[0].rpartition(external.path_sep)[0]


def _librarys(folder: str) -> bool:
    """Whether an entry of `sys.path` is of the standard library: the folder, its compiled modules, its archive."""
    name = folder.rpartition(external.path_sep)[2]
    archive = "python{}{}.zip".format(*sys.version_info)
    return folder == _LIBRARY or name in ("lib-dynload", "DLLs", archive)


def _foreign(name: str, module: "ModuleType") -> bool:
    """Whether what is loaded under a name of the standard library's is somebody else's (`sitecustomize` may have
    imported the project's)."""
    spec = _spec(module)
    if name.partition(".")[0] not in sys.stdlib_module_names or spec is None or not spec.has_location:
        return False
    folders = tuple(entry + external.path_sep for entry in (_LIBRARY, *filter(_librarys, sys.path)))
    return not str(spec.origin).startswith(folders)
