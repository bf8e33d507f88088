"""Does the same work whatever befalls the trace: `steady.py MISCHIEF TRACE END`. It does the mischief itself, once some
calls are recorded: so the moment is always the same. Says what it computed, and ends with the exit code END.
"""

import os
import resource
import shutil
import socket
import sqlite3
import sys
import threading
import time

FOLDER = os.path.dirname(os.path.abspath(sys.argv[2]))


def begun(trace):
    db = sqlite3.connect(f"file:{trace}?mode=ro", uri=True)
    try:
        return db.execute("select count(*) from batch").fetchone()[0] > 0
    except sqlite3.Error:
        return False
    finally:
        db.close()


def nothing(trace):
    pass


def full_disk(trace):
    """As where no file can grow any more, once something has been written."""
    while os.path.exists(trace) and not begun(trace):
        time.sleep(0.01)
    written = os.path.getsize(trace + "-wal") if os.path.exists(trace + "-wal") else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (written + 50_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    total(range(45_000))  # more than there is room for


def folder_removed(trace):
    shutil.rmtree(FOLDER, ignore_errors=True)


def file_removed(trace):
    for name in os.listdir(FOLDER):
        os.remove(os.path.join(FOLDER, name))


def file_replaced(trace):
    beside = trace + ".other"
    with open(beside, "w") as file:
        file.write("somebody else's\n")
    os.replace(beside, trace)


def replaced_and_forked(trace):
    """The recorder lets go of its file for a fork, and finds another one."""
    file_replaced(trace)
    child = os.fork()
    if not child:
        os._exit(total(range(100)) and 5)
    print("the child", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def no_descriptors(trace):
    """As where so many files are open that no other can be."""
    try:
        while True:
            HELD.append(os.dup(2))
    except OSError:
        pass


HELD = []
ALL = (nothing, full_disk, folder_removed, file_removed, file_replaced, replaced_and_forked, no_descriptors)
MISCHIEF = {function.__name__: function for function in ALL}


def part(number, text):
    return f"{number}:{text[number % len(text) :]}"


def total(numbers):
    return sum(len(part(n, "abcdefgh" * 40)) for n in numbers)


def echo(end):
    while data := end.recv(4096):
        end.sendall(data.upper())


def talk(rounds):
    left, right = socket.socketpair()
    server = threading.Thread(target=echo, args=(right,))
    server.start()
    said = 0
    for number in range(rounds):
        left.sendall(f"message {number} ".encode() * 20)
        said += len(left.recv(8192))
    left.shutdown(socket.SHUT_WR)
    server.join()
    left.close()
    right.close()
    return said


def committed(trace):
    """Wait until the recorder has written something; where there is none, there is nothing to wait for."""
    log = trace + "-wal"
    while os.path.exists(log) and os.path.getsize(log) < 400_000:
        total(range(500))


def main(mischief, trace, end):
    print("before", total(range(6_000)), talk(50), flush=True)
    committed(trace)
    MISCHIEF[mischief](trace)
    print("meanwhile", total(range(15_000)), flush=True)
    for number in HELD:
        os.close(number)
    print("after", total(range(6_000)), talk(200), flush=True)
    print("a word on the other stream", file=sys.stderr, flush=True)
    return int(end)


sys.exit(main(*sys.argv[1:]))
