"""Notebook 04, the handshake: the token that a server answers with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from reference_impl.handshake import generate_accept_token
from tracer.scenarios.client import NONCE

from ..exercise import Exercise, Guess, Mistake, call

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_token(key: str) -> str:
    """Right: RFC 6455, section 4.2.2, item 5.4, as reference_impl has it."""
    return generate_accept_token(key.encode()).decode()


def _token(text: bytes, algorithm: Callable[..., hashlib._Hash] = hashlib.sha1) -> str:
    return base64.b64encode(algorithm(text).digest()).decode()


def _no_guid(key: str) -> str:
    return _token(key.encode())


def _guid_first(key: str) -> str:
    return _token((GUID + key).encode())


def _decoded_key(key: str) -> str:
    return _token(base64.b64decode(key) + GUID.encode())


def _hexadecimal(key: str) -> str:
    return hashlib.sha1((key + GUID).encode()).hexdigest()


def _base64_of_hexadecimal(key: str) -> str:
    return base64.b64encode(hashlib.sha1((key + GUID).encode()).hexdigest().encode()).decode()


def _sha256(key: str) -> str:
    return _token((key + GUID).encode(), hashlib.sha256)


def _lower_guid(key: str) -> str:
    return _token((key + GUID.lower()).encode())


def _no_base64(key: str) -> bytes:
    return hashlib.sha1((key + GUID).encode()).digest()


def _bytes(key: str) -> bytes:
    return accept_token(key).encode()


def _not_encoded(key: str) -> str:
    raise TypeError("Strings must be encoded before hashing")


def _text_of_bytes(key: str) -> str:
    return str(accept_token(key).encode())


def _no_hash(key: str) -> str:
    return base64.b64encode((key + GUID).encode()).decode()


def _newline(key: str) -> str:
    return accept_token(key) + "\n"


EXERCISES = (
    Exercise(
        "accept_token",
        accept_token,
        (call(NONCE), call("x3JJHMbDL1EzLkh9GBhXDw=="), call("AAAAAAAAAAAAAAAAAAAAAA==")),
        (
            Mistake(
                _no_guid,
                "You hash the key alone. The GUID belongs behind it: it is what shows that the server has read the RFC.",
            ),
            Mistake(
                _not_encoded,
                "A `str` is where `bytes` are wanted: `sha1` and `b64encode` take bytes, and `encode()` makes them.",
            ),
            Mistake(
                _text_of_bytes, "`str(…)` of bytes writes the `b` and the quotes, too. `decode()` makes a text of them."
            ),
            Mistake(_no_hash, "You write key and GUID in base64. Take their SHA-1 hash first, and write that."),
            Mistake(_newline, "There is a newline at the end. `encodebytes` puts it there; `b64encode` does not."),
            Mistake(_guid_first, "You put the GUID in front of the key. It belongs behind."),
            Mistake(_decoded_key, "You take the key out of base64 first. It is hashed as it is written in the header."),
            Mistake(
                _hexadecimal,
                "You give the hash in hexadecimal. Take its 20 bytes (`digest()`), and write these in base64.",
            ),
            Mistake(
                _base64_of_hexadecimal,
                "You write the hash in hexadecimal, and that in base64: 56 letters in all. Take its 20 bytes (`digest()`, not `hexdigest()`).",
            ),
            Mistake(
                _sha256,
                "That is SHA-256. The RFC says SHA-1 (it is not meant to keep a secret, only to show who has read the RFC).",
            ),
            Mistake(_lower_guid, "You put the GUID into lower case. It is a text here, and every letter counts."),
            Mistake(_no_base64, "These are the 20 bytes of the hash. The last step is to write them in base64."),
            Mistake(_bytes, "The bytes are right; a `str` is asked for. `decode()` makes one of them."),
        ),
        "For the RFC's key it is `s3pPLMBiTxaQ9kYGzzhZRbK+xOo=`, as in the answer that was recorded above.",
    ),
)

GUESSES = (
    Guess(
        "what-key",
        "It is no secret, and nothing is encrypted with it. It only shows that whoever answers has understood the question.",
        {
            "A": "Nothing is encrypted by a WebSocket; that is TLS's work, below it (wss://).",
            "B": "It is random each time, so there is nothing to look up. Who may come in is told by cookies, as ever.",
        },
    ),
    Guess(
        "parsed-how-often",
        "Once by `http.server`, and once more by h11, inside wsproto.",
        {
            1: "So one would think: it is in the environ already.",
            3: "Flask and Werkzeug only look into the environ; they parse no HTTP.",
            0: "Without reading the request, nobody would know the key.",
        },
    ),
    Guess(
        "no-key",
        "A 400 would be right.",
        {
            400: "So it should be.",
            101: "That would be worse: the token cannot be computed without a key.",
            426: "426 is for a version that the server does not speak.",
            403: "Nobody has looked at who may come in; the request is just not whole.",
        },
    ),
)
