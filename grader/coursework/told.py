"""A failed test as a student reads it: what was sent, wanted and got, the first byte that differs, one hint.

In: a `Wrong`, and what was printed meanwhile by whoever was asked. Out: text of several lines, in which nothing of the
submission's is left that a terminal would obey, and one sentence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .dump import compared, counted, lines, shown, wrapped
from .exchange import End, Exchange, Kind, Wrong, first_difference
from .frame_rows import fields
from .hints import hint
from .place import TASKS, Ending, SubmissionFailed
from .raised import raised
from .wire import Sent

#: What Python, Java and Go say where no thread can be had.
_NO_THREAD = re.compile("can't start new thread|unable to create (?:new )?native thread|create new OS thread")
NO_THREAD = f"it could start no further thread: {TASKS} are allowed, and those of connections that are over still run"
MOST_SENT = 6  # pieces that are told; of more, the last ones
MOST_KEYS = 8  # of a table that differs
WANTED, LONG = 200, 400  # characters of what was wanted, and of another sentence, or value


def explained(wrong: Wrong, printed: str, ending: Ending | None) -> tuple[str, str]:
    """The text, and the hint."""
    exchange, failed = wrong.exchange, raised(printed)
    left_out = max(len(exchange.sent) - MOST_SENT, 0)
    told = [f"{counted(left_out, 'earlier piece')} {'was' if left_out == 1 else 'were'} sent, too"] if left_out else []
    for number, sent in enumerate(exchange.sent[left_out:], left_out):
        told += _section("sent", _sent(sent, exchange.sent[:number], exchange))
    told += _section("wanted", wrapped(shown(exchange.wanted, WANTED)))
    told += _section("came", _came(exchange))
    if exchange.end.value and not (exchange.kind is Kind.HTTP and exchange.came):
        told += _section("then", [exchange.end.value + (f"; the process {ending}" if ending else "")])
    if failed:
        told += _section("printed", wrapped(failed))
    return "\n".join(told), hint(wrong, failed)


def class_of_failure(exchange: Exchange, printed: str = "", ending: Ending | None = None) -> str:
    """All that is told of a hidden test."""
    if without_thread(printed):
        return NO_THREAD
    if ending is not None:
        return f"the server {ending}"
    if not exchange.came:
        return "nothing came" if exchange.end is End.SILENT else "the connection ended without an answer"
    if exchange.end is End.FLOOD:
        return "far too much came"
    if exchange.expected == b"":
        return "something came where nothing should"
    if exchange.expected is not None and exchange.expected.startswith(exchange.came):
        return "the answer is not whole"
    return "the answer is not the right one"


def without_thread(printed: str) -> bool:
    """Whether the submission has said that it could start no further thread."""
    return _NO_THREAD.search(printed) is not None


def start_failed(failed: SubmissionFailed, printed: str) -> tuple[str, str]:
    """The same for a submission that did not start, or has ended. How it failed is the hint if nobody knows why."""
    text = printed or failed.output.text
    why = raised(text).removeprefix("NotImplementedError: ")
    told = _section("then", _sentence(str(failed))) if why else []
    if text.strip():
        told += _section("printed", [row for line in text.strip().splitlines()[-8:] for row in _sentence(line)])
    return "\n".join(told), why or str(failed)


def _section(name: str, rows: list[str]) -> list[str]:
    return [f"{name if number == 0 else '':9}{row}".rstrip() for number, row in enumerate(rows)]


def _sent(sent: Sent, before: tuple[Sent, ...], exchange: Exchange) -> list[str]:
    """One piece. Frames are told by what they are behind all that went before them."""
    cuts = f", in pieces that begin at {', '.join(map(str, (0, *sent.cuts[:8])))}" if sent.cuts else ""
    cuts += " …" if len(sent.cuts) > 8 else ""
    what = f"{sent.what} ({counted(len(sent.data), 'byte')}{cuts})"
    if exchange.kind is Kind.FUNCTION:
        return _sentence(what) + _sentence(sent.data.decode())
    if exchange.kind is Kind.HTTP:
        return _sentence(what) + lines(sent.data)
    what += ", which was answered with 101" if _is_request(sent) else ""
    earlier = b"".join(map(_frames, before))
    return _sentence(what) + fields(_frames(sent), client=True, before=earlier, extensions=_extensions(exchange))


def _is_request(sent: Sent) -> bool:
    return b" HTTP/1." in sent.data[:300]


def _frames(sent: Sent) -> bytes:
    return sent.data.partition(b"\r\n\r\n")[2] if _is_request(sent) else sent.data


def _extensions(exchange: Exchange) -> list[str]:
    return list(exchange.facts.get("extensions", ()))


def _came(exchange: Exchange) -> list[str]:
    if exchange.kind is Kind.FUNCTION:
        return _function(exchange)
    if not exchange.came:
        return ["nothing"]
    if "field" in exchange.facts:
        return list(_field(**{name: exchange.facts[name] for name in ("field", "value", "got")}))
    at = None if exchange.expected is None else first_difference(exchange.expected, exchange.came)
    differs = exchange.expected and at is not None
    rows = compared(exchange.expected or b"", exchange.came, at or 0) if differs else lines(exchange.came)
    if exchange.kind is not Kind.FRAMES or exchange.came.startswith(b"HTTP/1."):
        return rows
    earlier = exchange.before.partition(b"\r\n\r\n")[2]  # behind the handshake
    return [*rows, "which is", *fields(exchange.came, client=False, before=earlier, extensions=_extensions(exchange))]


def _field(field: str, value: Any, got: Any) -> Iterator[str]:
    """One field of a page in JSON, and only what of it is not right."""
    one, other = _bytes(value), _bytes(got)
    if field == "body" and one is not None and other is not None:
        yield from [f"another {field}:", *compared(one, other, first_difference(one, other) or 0)]
    elif isinstance(value, dict) and isinstance(got, dict):
        wrong = [key for key in {**value, **got} if value.get(key) != got.get(key)]
        for key in wrong[:MOST_KEYS]:
            is_so = f"is {_json(got[key])}" if key in got else "is missing"
            should = f"be {_json(value[key])}" if key in value else "not be there"
            yield from _sentence(f"{field}: {key} {is_so}, and should {should}")
        if len(wrong) > MOST_KEYS:
            yield f"… {len(wrong) - MOST_KEYS} more"
    else:
        yield from _sentence(f"{field} is {_json(got)}")


def _function(exchange: Exchange) -> list[str]:
    expected, came = exchange.facts.get("expected"), exchange.facts.get("came")
    one, other = _bytes(expected), _bytes(came)
    if one is not None and other is not None:
        return compared(one, other, first_difference(one, other) or 0)
    if "came" not in exchange.facts:
        return _sentence(exchange.came.decode(errors="replace") or "nothing")
    return [
        f"{name if number == 0 else '':9}{row}"
        for name, value in (("expected", expected), ("came", came))
        for number, row in enumerate(wrapped(_json(value), 79))
    ]


def _bytes(value: object) -> bytes | None:
    """What was written in hexadecimal."""
    try:
        return bytes.fromhex(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _json(value: object) -> str:
    return shown(json.dumps(value), LONG)


def _sentence(text: str) -> list[str]:
    return wrapped(shown(text, LONG))
