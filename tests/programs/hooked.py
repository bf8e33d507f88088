"""Calls that a thread makes which was already running when the recording began."""

import queue


def work(x):
    return x + 1


def serve(asked: queue.Queue, answered: queue.Queue):
    while (x := asked.get()) is not None:
        answered.put(work(x))
