"""Busy in small calls; every alarm must reach the program as the exception that its handler raises."""

import signal
import sys


class Alarm(Exception):
    pass


def ring(number, frame):
    raise Alarm


def step(x):
    return x + 1


def busy():
    x = 0
    while True:
        x = step(x)


signal.signal(signal.SIGALRM, ring)
heard = 0
for _ in range(int(sys.argv[1])):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.003)
        busy()
    except Alarm:
        heard += 1
print("heard", heard)


def after():
    return "recorded to the end"


after()
