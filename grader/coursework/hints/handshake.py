"""Faults in the opening handshake: the token, above all (RFC 6455, section 4.2.2)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re

from ..exchange import Exchange
from ..wire import GUID, accept_token


def b64(data: bytes) -> str:
    """Base64 as text."""
    return base64.b64encode(data).decode()


def token(key: str, came: str) -> str:
    """How a wrong `Sec-WebSocket-Accept` was made, if it can be told."""
    joined = (key + GUID).encode("latin-1")
    digest = hashlib.sha1(joined)
    try:
        raw = base64.b64decode(key)
    except binascii.Error:
        raw = b""
    ways = {
        b64(
            hashlib.sha1(key.encode("latin-1")).digest()
        ): "the GUID is forgotten: the key and 258EAFA5-… are hashed together",
        b64(
            hashlib.sha1(GUID.encode()).digest()
        ): "the client's key is forgotten: the key and the GUID are hashed together",
        b64(
            hashlib.sha1(GUID.encode() + key.encode("latin-1")).digest()
        ): "the GUID stands before the key: it comes behind it",
        b64(
            hashlib.sha1((key + GUID.lower()).encode("latin-1")).digest()
        ): "the GUID is written in lower case: it is in capitals",
        b64(
            hashlib.sha1(raw + GUID.encode()).digest()
        ): "the key was decoded from base64 first: it is used as it stands in the header",
        b64(digest.hexdigest().encode()): "base64 was made of the hex digest: it is made of the 20 bytes of the digest",
        digest.hexdigest(): "the digest is in hexadecimal: it must be in base64",
        key: "this is the client's key itself: hash it together with the GUID",
        b64(hashlib.sha256(joined).digest()): "the hash is SHA-256: it must be SHA-1",
        b64(hashlib.md5(joined).digest()): "the hash is MD5: it must be SHA-1",
        base64.urlsafe_b64encode(digest.digest()).decode(): "this is the URL-safe base64: the alphabet has + and /",
        accept_token(key).rstrip("="): "the = at the end is missing: base64 of 20 bytes has 28 characters",
        accept_token(key) + "\n": "there is a line end behind the token",
    }
    if came == accept_token(key):
        return ""
    if said := ways.get(came):
        return said
    try:
        size = len(base64.b64decode(came, validate=True))
    except binascii.Error:
        return "this is no base64"
    if size == 20:
        return "the form is right, but not what was hashed: the key as it came, then the GUID, letter by letter (1.3)"
    return f"this is base64 of {size} bytes: SHA-1 has 20"


def accept(x: Exchange) -> str:
    """A wrong `Sec-WebSocket-Accept`."""
    if x.facts.get("header") != "Sec-WebSocket-Accept" or "key" not in x.facts:
        return ""
    got = x.facts["got"]
    if not got:
        return "the header Sec-WebSocket-Accept is missing: it proves that the key was read (4.2.2)"
    return token(x.facts["key"], got[0]) if len(got) == 1 else "Sec-WebSocket-Accept came more than once"


def switching(x: Exchange) -> str:
    """A 101 was wanted, another status came."""
    if x.facts.get("status") != 101 or not (found := re.match(rb"HTTP/1\.[01] (\d{3})", x.came)):
        return ""
    status = int(found[1])
    if status in (101, 404, 500, 501) or "varied" in x.facts:
        return ""
    return f"a right handshake was answered with {status}: it must be 101 Switching Protocols (4.2.2)"


def upgraded(x: Exchange) -> str:
    """Another status was wanted, a 101 came."""
    if x.facts.get("status") not in (None, 101) and x.came.startswith((b"HTTP/1.1 101", b"HTTP/1.0 101")):
        why = x.facts.get("refused", "this is no handshake")
        return f"{why}, and the server switched all the same: it must answer {x.facts['status']} (4.2.1)"
    return ""


TABLE = (accept, switching, upgraded)
