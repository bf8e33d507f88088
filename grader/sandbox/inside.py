"""The last step before a student's command, on the inside of the wall: sets limits and walls of the process itself, and
becomes the command. Run as a file of its own, by any Python 3, so nothing of ours is imported.

Arguments: a file's number, limits (RLIMIT_AS=1,…), a wall, the environment (NAME=VALUE …), "--", the command. The wall
is empty, or, where no bubblewrap stands around it, a JSON object with `rules` (Landlock: `read`, `list` and `write`
folders, `port`) and `filter` (seccomp, in hex). On the file, which the command does not get, it writes "+" as it
becomes the command, "!" and a sentence if the wall could not be set, "?" and a sentence if the command is missing.
Little is imported, since each start of each submission waits for it.
"""

from __future__ import annotations

import os
import resource
import sys

try:
    import _signal as signal  # type: ignore[import-not-found]  # without its enumerations
except ImportError:
    import signal

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # Landlock's system calls, the same on every machine
_EXECUTE, _WRITE, _READ, _LIST = 1, 2, 4, 8
#: Which rights over files each version of Landlock knows, and what of them a folder for writing gets.
_KNOWN = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_MAKE = (
    (1 << 4) | (1 << 5) | (1 << 7) | (1 << 8) | (1 << 12) | (1 << 13) | (1 << 14)
)  # folders, files, links, truncation
_BIND = 1


def limit(rlimits: str) -> None:
    for each in rlimits.split(","):
        name, _, value = each.partition("=")
        number, most = getattr(resource, name, None), int(value)
        if number is None:
            continue
        _, hard = resource.getrlimit(number)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(number, (most, most))


def wall(rules: dict[str, object]) -> None:
    """Landlock: what is not named here is not there for the command. Raises OSError where the kernel has none."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)

    def ask(*arguments: object) -> int:
        result = int(libc.syscall(*arguments))
        if result < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result

    version = ask(_CREATE, None, 0, 1)
    rights = _KNOWN[min(version, 5)]
    handled = struct.pack("=QQQ", rights, 3 if version >= 4 else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = ask(_CREATE, handled, size, 0)

    def allow(path: str, wanted: int) -> None:
        try:
            folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            return  # it is not there, so nothing has to be allowed
        if not os.path.isdir(path):
            wanted &= _EXECUTE | _WRITE | _READ | (1 << 14) | (1 << 15)
        ask(_ADD, ruleset, 1, struct.pack("=Qi", wanted & rights, folder), 0)
        os.close(folder)

    for path in rules["read"]:  # type: ignore[attr-defined]
        allow(path, _EXECUTE | _READ | _LIST)
    for path in rules["list"]:  # type: ignore[attr-defined]
        allow(path, _LIST)
    for path in rules["write"]:  # type: ignore[attr-defined]
        allow(path, _READ | _WRITE | _LIST | _MAKE)
    if version >= 4 and rules["port"]:
        ask(_ADD, ruleset, 2, struct.pack("=QQ", _BIND, rules["port"]), 0)
    libc.prctl(1, 9, 0, 0, 0)  # killed when the supervisor ends
    libc.prctl(38, 1, 0, 0, 0)  # no new privileges
    ask(_RESTRICT, ruleset, 0)


def deny(program: bytes) -> None:
    """Load a seccomp program. Raises OSError."""
    import ctypes

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_char_p))

    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(38, 1, 0, 0, 0)
    made = Program(len(program) // 8, program)
    if libc.prctl(22, 2, ctypes.byref(made), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main() -> None:
    """Never returns."""
    status, rlimits, walls, *rest = sys.argv[1:]
    command = rest[rest.index("--") + 1 :]
    environment = dict(each.split("=", 1) for each in rest[: rest.index("--")])
    told = int(status)
    os.set_inheritable(told, False)
    try:
        limit(rlimits)
        if walls:
            import json

            said = json.loads(walls)
            wall(said["rules"])
            deny(bytes.fromhex(said["filter"]))
    except (OSError, ValueError) as error:
        os.write(told, f"!{error}".encode())
        os._exit(125)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # this Python ignores them; a program does not begin so
        signal.signal(number, signal.SIG_DFL)
    os.write(told, b"+")
    try:
        os.execvpe(command[0], command, environment)
    except (OSError, ValueError) as error:
        os.write(told, f"?{getattr(error, 'strerror', None) or error}".encode())
        os._exit(127)


if __name__ == "__main__":
    main()
