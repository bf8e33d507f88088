"""Who got a signal: we alone, or all of our process group; told by a process that may have to wait for its turn."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import os, signal, sys, threading, time
from unmagic.witness import Witness

got = threading.Event()
signal.signal(signal.SIGUSR1, lambda *_: got.set())
witness = Witness([signal.SIGUSR1], [signal.SIGTERM])
process = witness._process


def told(send):
    got.clear()
    send()
    while not got.is_set():
        time.sleep(0.001)
    begun = time.monotonic()
    return witness.has_it(signal.SIGUSR1), time.monotonic() - begun


def held(send):
    os.kill(process, signal.SIGSTOP)
    while open(f"/proc/{process}/stat").read().split()[2] != "T":
        time.sleep(0.001)
    threading.Timer(2.5, os.kill, (process, signal.SIGCONT)).start()
    send()


def to_all():
    os.killpg(0, signal.SIGUSR1)


def to_us():
    os.kill(os.getpid(), signal.SIGUSR1)


while not int(open(f"/proc/{process}/status").read().split("SigCgt:")[1].split()[0], 16) >> signal.SIGUSR1 - 1 & 1:
    time.sleep(0.001)  # it has no handlers yet
for send in (to_us, to_all, to_us, *([lambda: held(to_all)] if "held" in sys.argv else []), to_us):
    answer, took = told(send)
    print(answer, took < 2)
witness.end()
"""


def answers(*words: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, timeout=60, start_new_session=True
    )
    assert not done.stderr
    return done.stdout.splitlines()


LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells what a process waits for")


@LINUX
def test_whose_a_signal_is():
    assert answers() == ["False True", "True True", "False True", "False True"]


@LINUX
def test_a_witness_without_a_processor_is_waited_for():
    assert answers("held") == ["False True", "True True", "False True", "True False", "False True"]
