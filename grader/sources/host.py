"""The code host itself, when that was allowed: one kind of address, of repositories that are known, kept once got.

The address is built from parts that were checked, never taken from a report; it leads to raw.githubusercontent.com over
https, or to the mirror of it that whoever runs the checker named, and nowhere else: a redirection is not followed, and
an address of a private network is asked only where it was named. Whatever goes wrong, the file is only not known here.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import socket
import tempfile
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from ..links import CodeLink, repositories
from .source import LARGEST, Absent, Answer, made

HOST = "https://raw.githubusercontent.com"
SECONDS = 20  # until it answers, and of silence in between
WHOLE = 60  # seconds of one answer
PATIENCE = 30  # seconds that it may ask us to wait
TRIES = 3  # of one file that it asks to wait for, and failures in a row after which it is not asked again
_SAFE = re.compile(r"[0-9A-Za-z_][0-9A-Za-z_./+-]{0,200}")
_BUSY = (429, 503)


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """None: what was asked for is not there."""


class Host:
    """Files of commits and tags, kept in `folder`. A branch moves, so what it shows is never kept. `mirror` is the
    address of another host that answers as the code host does."""

    def __init__(self, folder: Path, mirror: str = "") -> None:
        self._folder = folder
        self._base = (mirror or HOST).rstrip("/")
        self._trusted = bool(mirror)  # whoever names an address knows where it leads
        self._opener = urllib.request.build_opener(_NoRedirection)
        self._failures = 0

    def find(self, link: CodeLink) -> Answer:
        """The file at the link's reference."""
        if link.repository.lower() not in repositories() or not link.path or link.short:
            return None
        if not (_SAFE.fullmatch(link.reference) and _SAFE.fullmatch(link.path)) or ".." in link.path.split("/"):
            return None
        name = f"{link.repository}/{link.reference}/{link.path}"
        kept = self._folder / hashlib.sha256(name.encode()).hexdigest()
        where = f"{link.repository} at {link.reference[:12]}, from the code host"
        if kept.is_file() and not link.moves:
            return made(kept.read_bytes(), link.reference, where)
        data = self._get(f"{self._base}/{quote(name)}")
        if isinstance(data, Absent) or data is None:
            return data
        if not link.moves:
            _keep(data, kept)
        return made(data, link.reference, where)

    def _get(self, url: str) -> bytes | Absent | None:
        """What the host answers; None where it does not say. It is asked again when it says so, and not for ever."""
        for _ in range(TRIES):
            if self._failures >= TRIES or not (self._trusted or _is_public(url)):
                return None
            try:
                with self._opener.open(url, timeout=SECONDS) as answer:
                    data = _body(answer)
                self._failures = 0
                return data
            except urllib.error.HTTPError as error:
                if error.code == 404:
                    return Absent("the code host has no such file at that reference")
                if error.code not in _BUSY:
                    return None
                pause = _pause(error.headers.get("Retry-After"))
                if pause > PATIENCE:
                    self._failures = TRIES  # not today
                    return None
                time.sleep(pause)
            except (OSError, HTTPException, ValueError):
                self._failures += 1
                return None
        self._failures += 1
        return None


def _body(answer: Any) -> bytes | None:
    """The bytes of an answer; None where there are more than of any source. Raises `OSError` where it is not whole."""
    until = time.monotonic() + WHOLE
    data = bytearray()
    while piece := answer.read1(1 << 16):
        data += piece
        if len(data) > LARGEST:
            return None
        if time.monotonic() > until:
            raise TimeoutError
    if str(answer.headers.get("Content-Length") or len(data)) != str(len(data)):
        raise ConnectionError("the answer was cut short")
    return bytes(data)


def _pause(said: str | None) -> int:
    """The seconds that an answer asks us to wait; a date, which nobody sends here, is too long."""
    if not said:
        return 1
    return int(said) if said.isascii() and said.isdigit() and len(said) < 9 else PATIENCE + 1


def _is_public(url: str) -> bool:
    """Whether a host's name leads out of here; behind a proxy it may lead nowhere, and the proxy knows."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, proto=socket.IPPROTO_TCP)
    except OSError:
        return bool(urllib.request.getproxies())
    return all(ipaddress.ip_address(one[4][0]).is_global for one in found)


def _keep(data: bytes, path: Path) -> None:
    """Keep an answer, beside first; where there is no room for it, it is asked for again."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        return
