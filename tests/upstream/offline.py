"""Inside pytest: names that no server here can resolve are this machine's, as for whoever has no network.

simple-websocket's tests ask for the address of example.com, and put a mock in the place of the connection to it.
"""

from __future__ import annotations

import socket
from typing import Any

original = socket.getaddrinfo


def getaddrinfo(host: Any, port: Any, *more: Any, **options: Any) -> Any:
    try:
        return original(host, port, *more, **options)
    except socket.gaierror:
        return original("127.0.0.1", port, *more, **options)


socket.getaddrinfo = getaddrinfo
