"""For ever: says a number on its output, and sends it through a socket to itself. Killed at some moment."""

import socket
import sys


def send(end, number):
    end.sendall(b"%d\n" % number)


def receive(end):
    return end.recv(100)


def main():
    left, right = socket.socketpair()
    number = 0
    while True:
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()
        send(left, number)
        receive(right)
        number += 1


main()
