"""What failed in a server: of the tracebacks that it printed, the exception that is the cause, and where it was raised.

In: all that was printed. Out: one line, such as "KeyError: b'upgrade' (server.py, line 9, in handshake)", or nothing.
"""

from __future__ import annotations

import re

from .dump import shown

LONG = 300  # characters
_TRACEBACK = "Traceback (most recent call last):"
_GROUP = re.compile(r"^ *(?:\||\+-*\+?|\+) ?")  # what an exception group writes before each of its lines
_PLACE = re.compile(r'^ +File "([^"]*?)([^"/\\]+)", line (\d+)(?:, in (.+))?$')  # a SyntaxError's has no function
_LIBRARY = re.compile(r"/lib(?:64)?/python3|^<frozen ")
_RAISED = re.compile(r"^(?:\w+\.)*(\w+)(?:: (.*))?$")
_NAMED = re.compile(r"Error|Exception|Exit|Interrupt|Failed|Closed")
#: What has its cause elsewhere: the connection was gone already, or it holds other exceptions, or a test wants it.
_FOLLOWS = re.compile(
    r"(?:BrokenPipe|Connection(?:Reset|Aborted))Error|OSError: \[Errno (?:9|107)\]|(?:Base)?ExceptionGroup"
    r"|\w+: .*\bfails on purpose\b"
)


def raised(printed: str) -> str:
    """The first exception that was printed, and so of a chain the first. One that only follows from others is told if
    there are no others, and before it a line that merely looks like an exception."""
    found: list[tuple[bool, bool, str]] = []
    place, inside, grouped = "", False, False
    for line in printed.splitlines():
        if line.endswith(f"+ Exception Group {_TRACEBACK}"):
            grouped = True
        if grouped:
            grouped, line = bool(_GROUP.match(line)), _GROUP.sub("", line)
        if line.endswith(_TRACEBACK):
            place, inside = "", True
        elif at := _PLACE.match(line):
            inside = True
            if not place or not _LIBRARY.search(at[1] + at[2]):
                place = f"{at[2]}, line {at[3]}" + (f", in {at[4]}" if at[4] else "")
        elif (name := _RAISED.match(line)) and (inside or _NAMED.search(name[1])):
            said = f"{name[1]}: {name[2]}" if name[2] else name[1]
            found.append((follows(said), not inside, f"{said} ({place})" if place else said))
            place, inside = "", False
    return shown(min(found, key=lambda one: one[:2])[2], LONG) if found else ""


def follows(said: str) -> bool:
    """Whether this exception says nothing of the cause."""
    return bool(_FOLLOWS.match(said))
