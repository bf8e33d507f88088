"""Faults in HTTP: line ends, heads, bodies (RFC 9112)."""

from __future__ import annotations

import re
from urllib.parse import quote

from ..exchange import End, Exchange
from ..raised import follows


def line_ends(x: Exchange) -> str:
    """LF where CRLF must be."""
    head = x.came.partition(b"\n\n")[0]
    if x.came.startswith(b"HTTP/") and b"\n" in head and b"\r\n" not in head:
        return "lines end with LF alone: in HTTP each ends with CRLF, \\r\\n (RFC 9112, 2.1)"
    return ""


def blank_line(x: Exchange) -> str:
    """A head that never ends."""
    if x.came.startswith(b"HTTP/") and b"\r\n" in x.came and b"\r\n\r\n" not in x.came:
        return "the empty line behind the header fields is missing: it ends the head (RFC 9112, 2.1)"
    return ""


def second_head(x: Exchange) -> str:
    """A response behind the response."""
    if x.expected == b"" and "refused" in x.facts and (found := re.match(rb"HTTP/1\.[01] (\d{3})", x.came)):
        return (
            f"a second response, {int(found[1])}, came behind the refusal, which is on the wire already: catch the "
            "exception that tells of it, and write nothing more"
        )
    if x.expected == b"" and x.came.startswith(b"HTTP/"):
        return "a second head came behind the body: write the head once, and each part of the body behind it"
    return ""


def no_status_line(x: Exchange) -> str:
    """Something else than a response."""
    if (
        "status" in x.facts
        and x.expected is None
        and x.came
        and not x.came.startswith(b"HTTP/")
        and "field" not in x.facts
    ):
        if "header" in x.facts:
            return ""
        return "a response begins with its status line, such as HTTP/1.1 200 OK (RFC 9112, 4)"
    return ""


def other_status(x: Exchange) -> str:
    """A status that is wrong where one was refused, or should have been."""
    found = re.match(rb"HTTP/1\.[01] (\d{3})", x.came)
    wanted = x.facts.get("status")
    if not found or wanted is None or int(found[1]) == wanted or x.expected is not None:
        return ""
    status = int(found[1])
    if "refused" in x.facts:
        return f"{x.facts['refused']}: that is answered with {wanted}, not with {status}"
    if status == 500:
        return f"the application failed, so 500 was answered where {wanted} should be: look at what the server printed"
    if status == 501 or "varied" not in x.facts:
        return ""
    return f"{x.facts['varied']}: it must be {wanted}, not {status}"


def reset(x: Exchange) -> str:
    """The connection was reset before an answer."""
    if x.came or x.end is not End.RST or "status" not in x.facts:
        return ""
    wanted = f"{x.facts['refused']}: that is answered with {x.facts['status']}, but " if "refused" in x.facts else ""
    if (raised := x.facts.get("raised", "")) and not follows(raised):
        return wanted and f"{wanted}the server failed: {raised}"  # of which the reset is only what came next
    return (
        f"{wanted}the connection was reset before an answer: write it all, then end only the writing, and read what is "
        "left"
    )


def head_of_nothing(x: Exchange) -> str:
    """The application gave no part of a body, and so its head was not written either."""
    if x.came or x.end is not End.FIN or "status" not in x.facts or x.facts.get("raised"):
        return ""
    if not x.sent or not x.sent[-1].data.startswith(b"HEAD "):
        return ""
    return (
        "nothing came, not even a head: HEAD is answered without a body, and the head goes out also where the "
        "application returns no parts at all"
    )


def not_decoded(x: Exchange) -> str:
    """A path that is still quoted, or has the query in it."""
    got, value = x.facts.get("got"), x.facts.get("value")
    if x.facts.get("field") != "path" or not isinstance(got, str) or not isinstance(value, str):
        return ""
    if "?" in got:
        return "the path still has the query in it: they part at the first question mark"
    if got != value and got.lower() == quote(value, encoding="latin-1").lower():
        return "the path is still percent-encoded: %20 is a space"
    return ""


def field(x: Exchange) -> str:
    """A header that got lost, or kept its case or its spaces."""
    if x.facts.get("field") != "headers":
        return ""
    got, value = x.facts.get("got"), x.facts.get("value")
    if not isinstance(got, dict) or not isinstance(value, dict):
        return ""
    for name, right in value.items():
        have = got.get(name)
        if have == right:
            continue
        if have is None:
            return f"the header {name!r} got lost: names have any case, and the colon needs no space (RFC 9112, 5)"
        if isinstance(have, str) and have.strip(" \t") == right:
            return f"the value of {name!r} keeps spaces or tabs around it: they are not part of it (RFC 9112, 5.1)"
        if ", " in right and isinstance(have, str) and have in right.split(", "):
            return f"the header {name!r} came twice, and a line got lost: they are joined by commas (RFC 9110, 5.3)"
        if isinstance(have, str) and have.replace(",", ", ").replace(",  ", ", ") == right:
            return f"the lines of {name!r} are joined by a comma and a space"
        return f"the value of {name!r} is {have!r}, but it must be {right!r}"
    extra = [name for name in got if name not in value]
    return _never_sent(extra[0], x) if extra else ""


def _never_sent(name: str, x: Exchange) -> str:
    """Of a header that nobody sent, or sent by a name that looks the same in WSGI."""
    looks_so = re.escape(name).replace(r"\-", "[-_]").encode("latin-1", "replace")
    sent = re.search(rb"^(%b)[ \t]*:" % looks_so, x.sent[-1].data, re.IGNORECASE | re.MULTILINE) if x.sent else None
    if not sent or b"_" not in sent[1]:
        return f"a header {name!r} that was never sent"
    return (
        f"a header {name!r} that was never sent: {sent[1].decode('latin-1')!r} was, and names with _ are dropped, "
        "since in WSGI nobody could tell them from names with -"
    )


def owed(x: Exchange) -> str:
    """One of the things that WSGI owes an application."""
    return _OWED.get(x.facts.get("field", ""), "")


def body_read(x: Exchange) -> str:
    """The body of our request was not read right."""
    if x.facts.get("field") != "body":
        return ""
    got, value = x.facts.get("got"), x.facts.get("value")
    if got == "" and value:
        return "the body got lost: Content-Length, or Transfer-Encoding, says that there is one (RFC 9112, 6.3)"
    if isinstance(got, str) and isinstance(value, str) and value.startswith(got):
        return (
            f"{(len(value) - len(got)) // 2} bytes of the body are missing at its end: it may arrive in several pieces"
        )
    if isinstance(got, str) and isinstance(value, str) and b"\r\n" in bytes.fromhex(got if _hex(got) else ""):
        return "the sizes and line ends of the chunks are still in the body (RFC 9112, 7.1)"
    return ""


def body_sent(x: Exchange) -> str:
    """The body of the response."""
    if x.expected is None or x.came == x.expected:
        return ""
    if not x.came and x.expected:
        return "the response has no body"
    if x.expected.startswith(x.came):
        return f"{len(x.expected) - len(x.came)} bytes of the response's body are missing at its end"
    return ""


def _hex(text: str) -> bool:
    return bool(re.fullmatch("(?:[0-9a-f]{2})*", text))


#: By the name that the page /wsgi has for it.
_OWED = {
    "version": "wsgi.version is the tuple (1, 0) (PEP 3333)",
    "scheme": 'wsgi.url_scheme is "http" (PEP 3333)',
    "multithread": "wsgi.multithread is True: other threads may call the application at the same time (PEP 3333)",
    "multiprocess": "wsgi.multiprocess is False: there is one process (PEP 3333)",
    "run_once": "wsgi.run_once is False: the application is called again and again (PEP 3333)",
    "script": "SCRIPT_NAME is an empty str: the application stands at the root (PEP 3333)",
    "remote": "REMOTE_ADDR is the client's address, a str",
    "port": "SERVER_PORT is the port that the server listens on, and it is a str (PEP 3333)",
    "type": "PEP 3333 has CONTENT_TYPE, without the HTTP_ of the other headers, and only if the client sent it",
    "length": "PEP 3333 has CONTENT_LENGTH, without the HTTP_ of the other headers, and only if the client sent it",
    "protocol": "SERVER_PROTOCOL is the version that stands in the request line (PEP 3333)",
}
TABLE = (
    second_head, line_ends, blank_line, no_status_line, other_status, reset, head_of_nothing, not_decoded, field, owed,
    body_read,
)  # fmt: skip
GENERAL = (body_sent,)
