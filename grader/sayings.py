"""What a link's sentence says, as far as a program can read it: the names in it, and a few plain statements.

Names are words that look like code, and words that are names of the file that is linked. Reading prose errs: so what is
found here only ever explains a verdict, or raises a doubt for a person.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .documents.document import Mention
from .symbols import Symbols

_CODE = re.compile(
    r"`([^`]{1,80})`|\b([A-Za-z_][\w.]*)\(|\b([A-Za-z]\w*_\w+|_\w+|[A-Z][a-z]+[A-Z]\w*)\b"
    r"|\b([A-Za-z_]\w*\.[A-Za-z_]\w*)\b"
)
_WORD = re.compile(r"[A-Za-z_]\w*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*])")
_FILES = re.compile(r"[\w./-]*\w\.(?:py|md|txt|pyx)\b(?::\d+(?:-\d+)?)?")
_FILE = re.compile(r"^[\w/]+\.(?:py|md|txt)(?::\d+(?:-\d+)?)?$")
#: Words of English that are names of functions, too: alone they name nothing.
_PROSE = frozenset({
    "run", "get", "set", "send", "receive", "handle", "close", "open", "read", "write", "start", "stop", "add", "pop",
    "name", "json", "data", "app", "request", "response", "headers", "events", "event", "connect", "wait", "clear",
    "path", "process", "feed", "parse", "join", "update", "wrapper", "decorator", "record", "register", "push", "all",
    "method", "stream", "files", "args", "form", "values", "copy", "items", "keys", "add_header", "commit", "route",
    "is", "in", "to", "of", "execute", "error", "finish", "setup", "version", "default", "message", "server", "ping",
})  # fmt: skip


@dataclass(frozen=True)
class Said:
    """`names` are all short names that the sentence may give, `strong` the one that it gives for sure (''), `callee`
    the function that it says is called at the place that the link is called after, `label` the link's own words where
    they are a name, `site` that they are a place (`ws.py:155`); `first` is the first sentence, `text` all of it."""

    text: str
    first: str
    names: frozenset[str]
    strong: str = ""
    callee: str = ""
    label: str = ""
    site: bool = False


def said(mention: Mention, symbols: Symbols | None, known: frozenset[str]) -> Said:
    """What a link's words say. `known` are the names of functions and classes anywhere in the truth."""
    label = mention.label
    own = {one.short for one in symbols.symbols} if symbols else set()
    text = _FILES.sub(" ", mention.text)  # a file's name is no function's, even where it is __init__.py
    code = _codelike(text)
    plain = {word for word in _WORD.findall(text) if word in own or word in known}
    sentences = _SENTENCE.split(text.strip())
    site = bool(_FILE.match(label.strip()))
    name = "" if site else _name(label)
    last = name.rpartition(".")[2]
    strong = last if last and not last.startswith("__") else _only(_said_to_be_code(text) & (own | set(known)))
    named = frozenset(code | plain | ({strong} if strong else set()))
    return Said(
        text, sentences[0] if sentences else "", named, strong, _name(mention.beside) if site else "", name, site
    )


_TOLD = re.compile(
    r"\b([A-Za-z_][\w.]*)\(|\b(?:function|method|class)\s+[`'\"]?([A-Za-z_]\w*)"
    r"|[`'\"]?\b([A-Za-z_]\w*)[`'\"]?\s+(?:function|method|class)\b"
)


def _said_to_be_code(text: str) -> set[str]:
    """The names that a sentence says to be functions or classes: `f()`, the function f, the f method."""
    return {name.rpartition(".")[2] for groups in _TOLD.findall(text) for name in groups if name}


def _codelike(text: str) -> set[str]:
    found: set[str] = set()
    for groups in _CODE.findall(text):
        for word in groups:
            if word and not _FILE.match(word):
                found |= {part for part in re.split(r"[^\w]+", word) if part}
    return found - {"py", "self"}


def _only(names: set[str]) -> str:
    """The one name of these that is no word of English; '' where there are none or several."""
    told = {name for name in names if name.lower() not in _PROSE and not name.startswith("__")}
    return next(iter(told)) if len(told) == 1 else ""


def _name(label: str) -> str:
    """A link's words where they are the name of a function or class."""
    word = label.strip().strip("`*").removesuffix("()")
    return word if re.fullmatch(r"[A-Za-z_][\w]*(\.[A-Za-z_<>][\w<>]*)*", word) else ""


_REMOVES = re.compile(
    r"\b(?:remov\w+|pop\w*|take\w*\s+(?:it|the\s+\w+)?\s*out|delet\w+)\b[^.]{0,40}?\b(?:from|out\s+of|of)\s+(?:the\s+|a\s+|its\s+)?(\w+)",
    re.IGNORECASE,
)


def removal(sentence: str) -> str:
    """The thing that a sentence says something is taken out of ("removes it from the buffer" -> "buffer"); or ''."""
    found = _REMOVES.search(sentence)
    return found[1].lower() if found else ""
