"""Greenlets without a loop: two that give each other work, one that raises, and a function of the program's own."""

import sys

import greenlet

switches = []
greenlet.settrace(lambda event, greenlets: switches.append(event))


def double(text):
    other.switch(text)
    return text * 2


def ping(text):
    first = double(text)
    second = double("b")
    return first + second


def pong(text):
    while True:
        note(text)
        text = one.switch()


def note(text):
    return text


def breaks():
    main.switch()
    raise ValueError("on purpose")


main = greenlet.getcurrent()
one, other = greenlet.greenlet(ping), greenlet.greenlet(pong)
if __name__ == "__main__":
    print(one.switch("a"))
    broken = greenlet.greenlet(breaks)
    broken.switch()
    try:
        broken.switch()
    except ValueError as error:
        print(error)
    print(len(switches), sys.gettrace() is None)
