"""A failed test as a student reads it: what was sent, wanted and got, the first byte that differs, one hint.

In: a `Wrong`, and what the server printed meanwhile. Out: text of several lines, in which nothing of the submission's
is left that a terminal would obey, and one sentence.
"""

from __future__ import annotations

import json
import re

from .dump import compared, fields, lines, shown
from .exchange import End, Exchange, Kind, Wrong, first_difference
from .hints import hint
from .place import TASKS, Ending, SubmissionFailed
from .wire import Sent

_RAISED = re.compile(r"^(?:\w+\.)*(\w*(?:Error|Exception|Exit|Interrupt|Failed|Closed)\w*)(?:: (.*))?$")
_PLACE = re.compile(r'^  File "(?:[^"]*/)?([^"/]+)", line (\d+), in (\S+)')
#: What Python, Java and Go say where no thread can be had.
_NO_THREAD = re.compile("can't start new thread|unable to create (?:new )?native thread|create new OS thread")
NO_THREAD = f"it could start no further thread: {TASKS} are allowed, and those of connections that are over still run"
MOST_SENT = 6  # pieces that are told; of more, the last ones


def explained(wrong: Wrong, printed: str, ending: Ending | None) -> tuple[str, str]:
    """The text, and the hint."""
    exchange, raised = wrong.exchange, _raised(printed)
    left_out = len(exchange.sent) - MOST_SENT
    told = [f"{left_out} earlier pieces were sent, too"] if left_out > 0 else []
    for sent in exchange.sent[-MOST_SENT:]:
        told += _section("sent", _sent(sent, exchange))
    told += _section("wanted", [_clean(exchange.wanted)])
    told += _section("came", _came(exchange))
    if exchange.end.value and not (exchange.kind is Kind.HTTP and exchange.came):
        told += _section("then", [exchange.end.value + (f"; the process {ending}" if ending else "")])
    if raised:
        told += _section("printed", [raised])
    return "\n".join(told), hint(wrong, raised)


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
    """The same for a submission that did not start, or has ended."""
    text = printed or failed.output.text
    raised, told = _raised(text), _section("then", [_clean(str(failed))])
    if text.strip():
        told += _section("printed", [shown(line, 110) for line in text.strip().splitlines()[-8:]])
    return "\n".join(told), raised.removeprefix("NotImplementedError: ") or str(failed)


def _section(name: str, rows: list[str]) -> list[str]:
    return [f"{name if number == 0 else '':9}{row}".rstrip() for number, row in enumerate(rows)]


def _sent(sent: Sent, exchange: Exchange) -> list[str]:
    size = f"{len(sent.data)} byte" + ("s" if len(sent.data) != 1 else "")
    cuts = f", in pieces that begin at {', '.join(map(str, (0, *sent.cuts[:8])))}" if sent.cuts else ""
    cuts += " …" if len(sent.cuts) > 8 else ""
    rows = [f"{sent.what} ({size}{cuts})"]
    if exchange.kind is Kind.FUNCTION:
        return [rows[0], shown(sent.data.decode(), 300)]
    if b" HTTP/1." in sent.data[:300]:
        if exchange.kind is Kind.HTTP:
            return rows + lines(sent.data)
        behind = sent.data.partition(b"\r\n\r\n")[2]
        rows[0] += ", which was answered with 101"
        return rows + fields(behind, client=True)
    if exchange.kind is Kind.HTTP:
        return rows + lines(sent.data)
    return rows + fields(sent.data, client=True, deflate=bool(exchange.facts.get("extensions")))


def _came(exchange: Exchange) -> list[str]:
    if exchange.kind is Kind.FUNCTION:
        return _function(exchange)
    if not exchange.came:
        return ["nothing"]
    at = None if exchange.expected is None else first_difference(exchange.expected, exchange.came)
    if exchange.expected is None or at is None:
        return lines(exchange.came)
    rows = compared(exchange.expected, exchange.came, at) if exchange.expected else lines(exchange.came)
    if exchange.kind is Kind.FRAMES and not exchange.came.startswith(b"HTTP/1."):
        deflate = bool(exchange.facts.get("extensions"))
        rows = [*rows, "which is", *fields(exchange.came, client=False, deflate=deflate)]
    return rows


def _function(exchange: Exchange) -> list[str]:
    expected, came = exchange.facts.get("expected"), exchange.facts.get("came")
    if isinstance(expected, str) and isinstance(came, str):
        try:
            one, other = bytes.fromhex(expected), bytes.fromhex(came)
            return compared(one, other, first_difference(one, other) or 0)
        except ValueError:
            pass
    if "came" not in exchange.facts:
        return [shown(exchange.came.decode(errors="replace"), 300) or "nothing"]
    return [f"expected {shown(json.dumps(expected), 300)}", f"came     {shown(json.dumps(came), 300)}"]


def _raised(printed: str) -> str:
    """The last exception that was printed, and the line of the submission's that raised it."""
    found, place = "", ""
    for line in printed.splitlines():
        if at := _PLACE.match(line):
            place = f"{at[1]}, line {at[2]}, in {at[3]}"
        elif raised := _RAISED.match(line):
            said = f"{raised[1]}: {raised[2]}" if raised[2] else raised[1]
            found = f"{said} ({place})" if place else said
    return shown(found, 300)


def _clean(text: str) -> str:
    return shown(text, 400)
