"""What the tests of the terminal share: commands in a real terminal (a pty), and what a reader sees of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

from helpers_recording import environment, interruptible

ROOT = Path(__file__).parent.parent
#: What a terminal obeys: colours, and hyperlinks (OSC 8).
COLOUR = re.compile(r"\x1b\[[\d;]*m")
LINK = re.compile(r"\x1b\]8;[^;]*;([^\x1b]*)\x1b\\")


def words(*command: str | Path) -> list[str]:
    """The command line of `unmagic`."""
    return [sys.executable, "-m", "unmagic", *map(str, command)]


def told(**more: str) -> dict[str, str]:
    """The environment of a terminal that has colours; `unmagic` is found whatever the folder."""
    kept = {k: v for k, v in environment().items() if k not in ("NO_COLOR", "COLUMNS", "COLORTERM", "FORCE_COLOR")}
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **more}


def on_a_terminal(*command: str | Path, columns: int = 80, **more: str) -> str:
    """What `unmagic` prints on a terminal of so many columns, with all escapes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    with subprocess.Popen(
        words(*command), stdin=theirs, stdout=theirs, stderr=theirs, env=told(**more), preexec_fn=interruptible
    ) as process:
        os.close(theirs)
        said = read(ours)
    os.close(ours)
    assert process.returncode == 0, said
    return said


def read(terminal: int) -> str:
    """All that comes until the other end is closed."""
    said = b""
    while True:
        try:
            new = os.read(terminal, 1 << 16)
        except OSError:  # Linux says it so
            break
        if not new:
            break
        said += new
    return said.decode("utf-8").replace("\r\n", "\n")


def seen(said: str) -> str:
    """The text without what a terminal obeys; fails where anything else would be obeyed."""
    text = LINK.sub("", COLOUR.sub("", said))
    assert "\x1b" not in text
    return text


def links(said: str) -> list[tuple[str, str]]:
    """(address, text) of every hyperlink."""
    found = re.findall(r"\x1b\]8;[^;]*;([^\x1b]+)\x1b\\(.*?)\x1b\]8;;\x1b\\", said)
    return [(url, COLOUR.sub("", text)) for url, text in found]
