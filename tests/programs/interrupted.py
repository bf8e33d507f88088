"""Busy in small calls; every alarm must reach the program as the exception that its handler raises."""

import signal
import sys


class Alarm(Exception):
    pass


def ring(number, frame):
    global rang
    rang += 1
    raise Alarm


def step(x):
    return x + 1


def busy():
    x = 0
    while True:
        x = step(x)


signal.signal(signal.SIGALRM, ring)
rang = heard = 0
while heard < int(sys.argv[1]) and rang == heard:  # up to the first that is lost
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.002, 2)  # the second one, only where the first was lost
        busy()
    except Alarm:
        signal.setitimer(signal.ITIMER_REAL, 0)
        heard += 1
print(f"rang {rang}, heard {heard}")


def after():
    return "recorded to the end"


after()
