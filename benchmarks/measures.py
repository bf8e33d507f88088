"""What is measured: echoes per second on one connection and on 200, and the memory that they take."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from itertools import pairwise
from time import perf_counter

from .client import BINARY, TEXT, Client, Message
from .servers import Server

SHORT = Message(TEXT, b"x" * 64)
LARGE = Message(BINARY, bytes(range(256)) * 4096)  # 1 MiB
CONNECTIONS = 200
MESSAGES = 10_000


def echoes(server: Server, message: Message, count: int) -> float:
    """Round trips per second on one connection, one after the other."""
    with Client(server.port) as client:
        for _ in range(max(3, count // 20)):  # both sides warm
            client.send(message)
            client.expect(message)
        began = perf_counter()
        for _ in range(count):
            client.send(message)
            client.expect(message)
        return count / (perf_counter() - began)


def rounds(clients: list[Client], count: int) -> None:
    """`count` times a message on every connection, all under way at once. Raises RuntimeError if one is lost."""
    for _ in range(count):
        for client in clients:
            client.send(SHORT)
        for client in clients:
            client.expect(SHORT)


def many_connections(server: Server) -> float:
    """Messages per second over 200 connections that are open at the same time, 10,000 in all."""
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(CONNECTIONS)]
        began = perf_counter()
        rounds(clients, MESSAGES // CONNECTIONS)
        return MESSAGES / (perf_counter() - began)


def growth(server: Server) -> list[int]:
    """By how many bytes the server grows with each 10,000 messages on 200 connections, five times.

    The first time each thread touches its memory; after that it should come to rest.
    """
    with ExitStack() as stack:
        clients = [stack.enter_context(Client(server.port)) for _ in range(CONNECTIONS)]
        sizes = [server.memory()]
        for _ in range(5):
            rounds(clients, MESSAGES // CONNECTIONS)
            sizes.append(server.memory())
        return [after - before for before, after in pairwise(sizes)]


#: (title, what it must be at least, or None; how often a pair is measured; the measure)
RATES: list[tuple[str, float | None, int, Callable[[Server], float]]] = [
    ("text of 64 bytes, round trips", 0.9, 15, lambda server: echoes(server, SHORT, 1500)),
    ("binary of 1 MiB, round trips", 1.0, 11, lambda server: echoes(server, LARGE, 12)),
    ("64 bytes over 200 connections", None, 3, many_connections),
]
