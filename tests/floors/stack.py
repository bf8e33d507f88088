"""Which floors there are, and who can be each of them."""

from __future__ import annotations

import itertools
from dataclasses import astuple, dataclass

#: Who can be what, the original first.
HTTP = ("werkzeug", "gunicorn", "reference_impl")
APP = ("flask", "reference_impl")
SOCK = ("flask_sock", "reference_impl")
SERVER = ("simple_websocket", "reference_impl")
PROTOCOL = ("wsproto", "reference_impl")


@dataclass(frozen=True)
class Stack:
    """One combination, from the socket up to the view; each floor is the name of the package that it is taken from."""

    http: str = HTTP[0]
    protocol: str = PROTOCOL[0]
    server: str = SERVER[0]
    sock: str = SOCK[0]
    app: str = APP[0]

    def __str__(self) -> str:
        return "-".join(name.replace("reference_impl", "ours") for name in astuple(self))

    def is_ours(self, floor: str) -> bool:
        return str(getattr(self, floor)) == "reference_impl"


REAL = Stack()
OURS = Stack(*["reference_impl"] * 5)
STACKS = [Stack(*floors) for floors in itertools.product(HTTP, PROTOCOL, SERVER, SOCK, APP)]
