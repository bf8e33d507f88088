"""A folder of reports, checked by a few processes at once: resumable, and one bad file never stops the rest.

Each report gets its record and its page in the output folder; `results.jsonl` gets a line as each is done, keyed by the
report's content and all that decides the outcome. What has such a line already is not done again.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

from .check import Checker
from .documents.document import Document, DocumentError, clean
from .documents.read import read
from .faces import html
from .faces.data import data
from .record import RecordError, dump, write
from .result import Result
from .rubric import RUBRIC_FILE
from .rubric import load as load_rubric
from .sources.nearest import Sources
from .tasks import Task
from .truth import Truth

#: What a file's name ends in, to be taken for a report when a folder is given.
REPORTS = (".pdf", ".docx", ".html", ".htm", ".md", ".markdown", ".txt", ".ipynb")
RESULTS = "results.jsonl"
#: Links, below which two reports may have the same ones by chance.
FEW = 6


@dataclass(frozen=True)
class Options:
    """All that decides what comes of a report, but the report."""

    task: Task
    truths: tuple[Truth, ...]
    rubric: Path = RUBRIC_FILE
    day: str = ""
    mirrors: Path | None = None
    index: bool = False
    host: bool = False
    host_mirror: str = ""
    cache: Path | None = None

    def checker(self) -> Checker:
        """A checker with these options."""
        sources = Sources.of(
            list(self.truths), mirrors=self.mirrors, day=self.day, index=self.index, host=self.host,
            host_mirror=self.host_mirror, cache=self.cache,
        )  # fmt: skip
        return Checker(self.truths, sources, load_rubric(self.rubric), self.day)

    @property
    def key(self) -> str:
        """Changes when anything that decides the outcome does, the checker itself included."""
        code = b"".join(
            path.read_bytes() for path in sorted(Path(__file__).parent.rglob("*")) if path.suffix in _DECIDES
        )
        given = (self.task.name, [t.name + t.python + str(len(t.sources)) for t in self.truths], self.day,
                 str(self.mirrors or ""), self.index, self.host, self.host_mirror)  # fmt: skip
        return hashlib.sha256(code + self.rubric.read_bytes() + repr(given).encode()).hexdigest()[:16]


_DECIDES = (".py", ".toml", ".json")


def reports(paths: Sequence[Path]) -> list[Path]:
    """The reports that files and folders hold, in order. In folders, hidden files and other formats are passed over, as
    are links that lead out of them: what is handed in must not show what the grader's machine holds."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = (one for one in sorted(path.rglob("*")) if one.suffix.lower() in REPORTS and one.is_file())
            seen = (one for one in inside if not any(part.startswith(".") for part in one.relative_to(path).parts))
            found += [one for one in seen if path.resolve() in one.resolve().parents]
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def without(paths: Sequence[Path], found: Sequence[Path]) -> list[Path]:
    """What lies in folders that were given and holds none of the reports found: handed in in another format, or not."""
    seen = {one for path in found for one in (path, *path.parents)}
    inside = [one for path in paths if path.is_dir() for one in sorted(path.iterdir())]
    return [one for one in inside if one not in seen and not one.name.startswith(".")]


def one(path: Path, name: str, checker: Checker, task: Task) -> tuple[Result, Document | None]:
    """The result of one report; where it cannot be read, one that says why and has no score."""
    try:
        document = read(path, name)
        return checker.check(document, task), document
    except DocumentError as error:
        return Result(name, task.name, task.title, "", problem=told(str(error))), None


def told(path: Path | str) -> str:
    """A file's name as one line of text, whatever a stranger put into it."""
    return " ".join(clean(Path(path).as_posix()).split())


def names(paths: Sequence[Path], roots: Sequence[Path]) -> dict[Path, str]:
    """What each report is called: its path inside the folder that was given, or its own name."""
    found = {}
    for path in paths:
        inside = [root for root in roots if root.is_dir() and root in path.parents]
        found[path] = told(path.relative_to(inside[0]) if inside else path.name)
    return found


def run(paths: dict[Path, str], folder: Path, options: Options, processes: int = 0) -> Iterator[dict[str, Any]]:
    """Check reports into a folder; a line of results.jsonl for each, as it is done. Raises `RecordError`."""
    known = _known(folder / RESULTS)
    key = options.key
    todo: list[tuple[Path, str, str]] = []
    for path, name in paths.items():
        digest = f"{_digest(path)}-{key}"
        if (name, digest) in known and (folder / stem(name, "record.json")).exists():
            yield known[name, digest]
        else:
            todo.append((path, name, digest))
    folder.mkdir(parents=True, exist_ok=True)
    _end_the_last_line(folder / RESULTS)
    for line in _all(todo, folder, options, processes or os.cpu_count() or 1):
        with (folder / RESULTS).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        yield line


def stem(name: str, suffix: str) -> str:
    """The file of one report in the output folder: its name, made safe, and a few digits that keep two apart."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name).lstrip(".")[:80] or "report"
    return f"{safe}-{hashlib.sha256(name.encode()).hexdigest()[:6]}.{suffix}"


def _known(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """The lines that are there; one that was cut short counts as not there."""
    found = {}
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    for line in lines:
        try:
            entry = json.loads(line)
            found[entry["report"], entry["key"]] = entry
        except (ValueError, KeyError, TypeError):
            continue
    return found


def _end_the_last_line(path: Path) -> None:
    """Whoever was killed in the midst of a line must not spoil the next one."""
    if path.exists() and path.stat().st_size:
        with path.open("r+b") as file:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                file.write(b"\n")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            made = hashlib.sha256()
            while piece := file.read(1 << 20):
                made.update(piece)
            return made.hexdigest()[:24]
    except OSError:
        return "unreadable"


def _all(todo: list[tuple[Path, str, str]], folder: Path, options: Options, processes: int) -> Iterator[dict[str, Any]]:
    """Every report's line. A process that dies takes one report with it, which is tried alone and then told."""
    waiting = list(todo)
    while waiting:
        pool = ProcessPoolExecutor(min(processes, len(waiting)), initializer=_begin, initargs=(folder, options))
        running: dict[Future[dict[str, Any]], tuple[Path, str, str]] = {}
        alone = processes == 1
        try:
            while waiting or running:
                while waiting and len(running) < 2 * processes:
                    item = waiting.pop(0)
                    running[pool.submit(_work, *item)] = item
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    item = running[future]
                    yield future.result()
                    del running[future]
        except BrokenProcessPool:
            if alone:
                item = next(iter(running.values()))
                yield _broken(item, folder, options.task)
                waiting = [other for other in running.values() if other != item] + waiting
            else:
                waiting = list(running.values()) + waiting
                suspects, waiting = waiting[: len(running)], waiting[len(running) :]
                for suspect in suspects:
                    yield from _all([suspect], folder, options, 1)
        finally:
            pool.shutdown(cancel_futures=True)


def _broken(item: tuple[Path, str, str], folder: Path, task: Task) -> dict[str, Any]:
    _, name, digest = item
    why = f"{name}: the checker itself stopped on this report, which is no fault of its author's."
    return _put(Result(name, task.name, task.title, "", problem=why), None, folder, digest)


# In each process -------------------------------------------------------------------------------------------

_here: dict[str, Any] = {}


def _begin(folder: Path, options: Options) -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _here.update(folder=folder, task=options.task, checker=options.checker())


def _end_with_parent() -> None:
    """A process of the pool would wait for work for ever, where the one that gives it was killed."""
    parent = parent_process()
    if parent is not None:
        wait_for([parent.sentinel])
        os._exit(1)


def _work(path: Path, name: str, digest: str) -> dict[str, Any]:
    task: Task = _here["task"]
    document: Document | None = None
    try:
        result, document = one(path, name, _here["checker"], task)
    except Exception as error:  # a fault of ours: told as one, and never a score
        where = traceback.extract_tb(error.__traceback__)[-1]
        why = f"{name}: the checker failed ({type(error).__name__} at {Path(where.filename).name}:{where.lineno})."
        result = Result(name, task.name, task.title, "", problem=why)
    return _put(result, document, _here["folder"], digest)


def _links(result: Result) -> str:
    """A hash of all its links in order, which a copy has too, whatever words were changed; '' where these are few."""
    urls = [one.link.url for one in result.judged]
    return hashlib.sha256("\n".join(urls).encode()).hexdigest()[:16] if len(urls) >= FEW else ""


def _put(result: Result, document: Document | None, folder: Path, digest: str) -> dict[str, Any]:
    try:
        write(dump(data(result)), folder / stem(result.name, "record.json"))
        write(html.page(result, document), folder / stem(result.name, "html"))
    except RecordError as error:
        result = Result(result.name, result.task, result.title, "", problem=str(error))
    return {
        "report": result.name,
        "key": digest,
        "points": result.points if result.gradable else None,
        "most": result.most,
        "doubts": len(result.doubts),
        "links": _links(result),
        "problem": result.problem,
        "page": stem(result.name, "html"),
        "record": stem(result.name, "record.json"),
    }
