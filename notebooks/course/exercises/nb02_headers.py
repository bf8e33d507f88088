"""Notebook 02, HTTP headers: a parser for them."""

from __future__ import annotations

from ..exercise import Exercise, Guess, Mistake, call


def parse_headers(data: bytes) -> dict[str, str]:
    """Right: RFC 9112, section 5; a repeated name by RFC 9110, section 5.3."""
    headers: dict[str, str] = {}
    for line in data.decode("latin-1").split("\r\n"):
        if not line:
            break
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _pairs(data: bytes) -> list[tuple[str, str]]:
    lines = data.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n")
    return [(name, value) for name, _, value in (line.partition(":") for line in lines if line)]


def _joined(pairs: list[tuple[str, str]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in pairs:
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _every_colon(data: bytes) -> dict[str, str]:
    return _joined([(name.lower(), value.split(":")[0].strip()) for name, value in _pairs(data)])


def _last_colon(data: bytes) -> dict[str, str]:
    lines = [f"{name}:{value}".rpartition(":") for name, value in _pairs(data)]
    return _joined([(name.lower(), value.strip()) for name, _, value in lines])


def _unpacked(data: bytes) -> dict[str, str]:
    headers = {}
    for line in data.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n"):
        name, value = line.split(":")
        headers[name.lower()] = value.strip()
    return headers


def _case(data: bytes) -> dict[str, str]:
    return _joined([(name, value.strip()) for name, value in _pairs(data)])


def _upper(data: bytes) -> dict[str, str]:
    return _joined([(name.upper(), value.strip()) for name, value in _pairs(data)])


def _spaces(data: bytes) -> dict[str, str]:
    return _joined([(name.lower(), value) for name, value in _pairs(data)])


def _first_space(data: bytes) -> dict[str, str]:
    return _joined([(name.lower(), value.removeprefix(" ")) for name, value in _pairs(data)])


def _last_wins(data: bytes) -> dict[str, str]:
    return {name.lower(): value.strip() for name, value in _pairs(data)}


def _first_wins(data: bytes) -> dict[str, str]:
    return {name.lower(): value.strip() for name, value in reversed(_pairs(data))}


def _utf8(data: bytes) -> dict[str, str]:
    data.decode()
    return parse_headers(data)


def _bytes(data: bytes) -> dict[bytes, bytes]:
    return {name.encode("latin-1"): value.encode("latin-1") for name, value in parse_headers(data).items()}


def _newlines(data: bytes) -> dict[str, str]:
    lines = data.decode("latin-1").split("\n")
    lines = lines[: lines.index("")] if "" in lines else lines
    return _joined([(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)])


def _colon_and_space(data: bytes) -> dict[str, str]:
    for line in data.decode("latin-1").partition("\r\n\r\n")[0].split("\r\n"):
        if line:
            _, _ = line.split(": ", 1)
    return parse_headers(data)


def _comma(data: bytes) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in _pairs(data):
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


def _lists(data: bytes) -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in _pairs(data):
        headers.setdefault(name.lower(), []).append(value.strip())
    return headers


def _empty_name(data: bytes) -> dict[str, str]:
    lines = [line.partition(":") for line in data.decode("latin-1").splitlines()]
    return _joined([(name.lower(), value.strip()) for name, _, value in lines])


def _empty_unpacked(data: bytes) -> dict[str, str]:
    for line in data.decode("latin-1").split("\r\n"):
        _, _ = line.split(":", 1)
    return parse_headers(data)


def _no_end(data: bytes) -> dict[str, str]:
    lines = [line.partition(":") for line in data.decode("latin-1").split("\r\n") if line]
    return _joined([(name.lower(), value.strip()) for name, _, value in lines])


EXERCISES = (
    Exercise(
        "parse_headers",
        parse_headers,
        (
            call(b"Host: server.example.com\r\nAccept: text/plain\r\n\r\n"),
            call(b"Host: localhost:5000\r\n\r\n"),
            call(b"X-Padded:   Hello  \r\nX-Tight:Hello\r\n\r\n"),
            call(b"X-Name: Andr\xe9\r\n\r\n"),
            call(b"Accept: text/html\r\nAccept: text/plain\r\n\r\n"),
            call(b"Host: a\r\n\r\nbody: this is no header\r\n"),
            call(b"\r\n"),
        ),
        (
            Mistake(
                _every_colon,
                'You cut at every colon, so `localhost:5000` loses its port. Cut at the first colon only: `line.partition(":")` does.',
            ),
            Mistake(
                _last_colon, "You cut at the last colon. A value may hold colons, a name may not: cut at the first."
            ),
            Mistake(
                _unpacked,
                '`name, value = line.split(":")` fails where the value holds a colon, as in `localhost:5000`. Cut at the first colon only: '
                '`line.partition(":")` does.',
            ),
            Mistake(
                _case,
                "You keep the names as they were written. `host` and `Host` are the same header: put names into lower case.",
            ),
            Mistake(
                _upper,
                "You put names into upper case; lower case is asked for here. (The environ has them in upper case.)",
            ),
            Mistake(_spaces, "You keep the spaces around the value. They are no part of it (RFC 9112, 5.1)."),
            Mistake(
                _first_space,
                "You take off one space before the value. There may be none, or several, and some after it, too: `strip()` takes all of them.",
            ),
            Mistake(_last_wins, 'When a name comes twice, you keep the last value. Join the two with `", "`.'),
            Mistake(_first_wins, 'When a name comes twice, you keep the first value. Join the two with `", "`.'),
            Mistake(
                _utf8,
                "You decode as UTF-8, and not all bytes are that: the one byte 0xe9 is none. `data.decode('latin-1')` takes any byte.",
            ),
            Mistake(_bytes, 'Names and values are `bytes` still. Decode first: `data.decode("latin-1")`.'),
            Mistake(
                _newlines,
                'You cut at `\\n` only, so each line keeps its `\\r`, and the empty line is not empty. Cut at `"\\r\\n"`.',
            ),
            Mistake(
                _colon_and_space,
                'You cut at `": "`, and the space may be missing, as in `X-Tight:Hello`. Cut at the colon, and `strip()` the value.',
            ),
            Mistake(_comma, 'You join two values with `","`. There is a space behind the comma: `", "`.'),
            Mistake(_lists, 'Each value is a list. One `str` is asked for: values of one name are joined with `", "`.'),
            Mistake(
                _empty_name,
                "You take the empty line for a header without a name. It is the end: look for it, and stop there.",
            ),
            Mistake(
                _empty_unpacked,
                "It fails at the empty line, which has no colon to cut at. Look for that line first: it is the end.",
            ),
            Mistake(
                _no_end, "You go on after the empty line. What comes after it is the body, whatever it looks like."
            ),
        ),
        "Names in lower case, values without spaces at their ends, and the empty line is the end.",
    ),
)

GUESSES = (
    Guess(
        "which-parser",
        "Headers look like those of an e-mail, and Python has a parser for these. `http.client` reads the lines and hands them to it.",
        {
            "http": "Nearly: `http.server` and `http.client` read the lines. But they cut nothing at a colon.",
            "http.client": "Nearly: it reads the lines, and hands them on. It cuts nothing at a colon.",
            "http.server": "Nearly: it has `http.client` read the lines. It cuts nothing at a colon.",
            "urllib": "urllib is for clients, and for URLs.",
            "json": "json is for bodies that are JSON; headers are not.",
            "werkzeug": "Werkzeug gets them when they are parsed already.",
        },
    ),
    Guess(
        "environ-key",
        "The `HTTP_` says that it came from the client, so that nobody can set `SERVER_NAME` by sending a header of that name.",
        {
            "X-Question": "That is how it stood in the request.",
            "X_QUESTION": "Nearly: every header of the client's has `HTTP_` before it, but for two.",
            "HTTP_X-QUESTION": "Nearly: the `-` becomes a `_`, too.",
        },
    ),
    Guess(
        "underscore",
        "Werkzeug leaves out every header with a `_` in its name (the second line of its loop above), so the view finds none.",
        {
            "the question": "So it would be if the server did not look.",
            "Who parsed me?": "So it would be if the server did not look.",
            "an error": "`headers[...]` would raise a KeyError here; the view asks by `get`, with an answer for when there is none.",
        },
    ),
)
