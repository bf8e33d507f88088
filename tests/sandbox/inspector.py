"""A submission that looks around: for each line on stdin, the name of a look and its argument, one JSON line of what it
saw. Everything that it tries is harmless, should the wall be missing."""

import ctypes
import json
import os
import resource
import socket
import sys

libc = ctypes.CDLL(None, use_errno=True)


def tried(what):
    """What came of it, or the error's name."""
    try:
        return what()
    except OSError as error:
        return f"OSError {error.errno}"
    except ImportError as error:
        return type(error).__name__


def environment(_):
    found = []
    for name in os.listdir("/proc") if os.path.isdir("/proc") else []:
        if name.isdigit():
            data = read(f"/proc/{name}/environ", 1 << 20)
            found.append(data)
    return [dict(os.environ), found]


def read(path, most=100):
    def some():
        with open(path, "rb") as file:
            return file.read(most).decode("latin-1")

    return tried(some)


def listed(path):
    return tried(lambda: sorted(os.listdir(path)))


def written(path):
    def write():
        with open(path, "w") as file:
            file.write("mine")
        return "written"

    return tried(write)


def files(_):
    opened = []
    for number in range(200):
        try:
            opened.append([number, oct(os.fstat(number).st_mode >> 12)])
        except OSError:
            continue
    return opened


def connect(address):
    family, kind, where = address
    if isinstance(where, list):
        where = tuple(where)
    if isinstance(where, str) and where.startswith("@"):
        where = "\0" + where[1:]

    def go():
        with socket.socket(getattr(socket, family), getattr(socket, kind)) as sock:
            sock.settimeout(2)
            if kind == "SOCK_DGRAM":
                sock.sendto(b"out", where)
            else:
                sock.connect(where)
                sock.sendall(b"out")
            return "connected"

    return tried(go)


def fast_open(where):
    def go():
        with socket.socket() as sock:
            sock.settimeout(2)
            sock.sendto(b"out", socket.MSG_FASTOPEN, tuple(where))
            return "connected"

    return tried(go)


def call(numbers):
    """A system call by its number: 0 or more, or minus the error's number."""
    result = libc.syscall(*[ctypes.c_long(one) for one in numbers])
    return result if result >= 0 else -ctypes.get_errno()


def status(_):
    lines = read("/proc/self/status", 1 << 20).splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def processes(_):
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


def identity(_):
    return [os.getuid(), os.getgid(), os.getgroups(), os.getpid(), os.getsid(0) == os.getpid()]


def signalled(pid):
    return tried(lambda: os.kill(pid, 0) or "may signal")


def imported(name):
    return tried(lambda: __import__(name).__name__)


def room(path):
    def look():
        told = os.statvfs(path)
        return [told.f_blocks * told.f_frsize, bool(told.f_flag & os.ST_RDONLY)]

    return tried(look)


def limits(_):
    return {
        name: resource.getrlimit(getattr(resource, name))[0] for name in dir(resource) if name.startswith("RLIMIT_")
    }


def found(words):
    """Every file and folder below these roots whose name is one of the words."""
    roots, names = words
    seen = []
    for root in roots:
        for top, folders, plain in os.walk(root):
            seen += [os.path.join(top, name) for name in (*folders, *plain) if name in names]
    there = {path: listed(path) if os.path.isdir(path) else [read(path)] for path in seen}
    return [path for path, what in there.items() if what and not str(what).startswith(("OSError", "['OSError"))]


for line in sys.stdin:
    name, argument = json.loads(line)
    try:
        told = globals()[name](argument)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
