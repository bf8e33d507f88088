"""Secrets in compressed headers (RFC 7541): what the code makes of a text; nothing of it is left in a trace."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from helpers_recording import ENGINES, from_source, raw, recorded
from hypothesis import given
from hypothesis import strategies as st

from tracer.recording.secret_huffman import PREFACE, huffman
from tracer.recording.secrets import Secrets

#: Of RFC 7541, appendix C: texts, and what they are coded as.
EXAMPLES = {
    "no-cache": "a8eb10649cbf",
    "custom-value": "25a849e95bb8e8b4bf",
    "https://www.example.com": "9d29ad171863c78f0b97c8e9ae82ae43d3",
    "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1": "94e7821dd7f2e6c7b335dfdfcd5b3960"
    "d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
}
#: "Bearer q7Xk-2mPz-Lw9R": the first five bytes are the word and the space, the last one ends in padding.
AUTHORIZATION = bytes.fromhex("ba51d85b14ecefe755854ebf6b67f0fedf")
#: "theme=dark; session=q7Xk2mPzLw9R5tYb; n=1": the session begins within a byte.
COOKIE = bytes.fromhex("4ce5a4b0483b3afda882a1063d507677f3a8a9d7ef3f87f6b69e71fda95401")


@pytest.mark.parametrize("text", EXAMPLES)
def test_the_code_is_the_standards(text: str) -> None:
    """All but the last byte, of which a part is padding."""
    coded = bytes.fromhex(EXAMPLES[text])
    first = next(huffman(text)).encode("latin-1")
    assert len(coded) - len(first) <= 1 and coded.startswith(first)


@given(st.text(min_size=1, max_size=40), st.text(min_size=8, max_size=40), st.text(max_size=40))
def test_wherever_a_secret_begins_one_of_its_forms_is_there(before: str, secret: str, after: str) -> None:
    whole = next(huffman(before + secret + after + "padding"))
    forms = list(huffman(secret))
    assert len(forms) == 8 and any(form in whole for form in forms)


def test_they_are_looked_for_once_headers_are_compressed() -> None:
    secrets = Secrets()
    assert secrets.text("q7Xk-2mPz-Lw9R", "api_key") == "*" * 14
    assert secrets.data(AUTHORIZATION) == AUTHORIZATION
    secrets.compress()
    assert secrets.data(AUTHORIZATION) == AUTHORIZATION[:5] + b"*" * 11 + AUTHORIZATION[-1:]
    assert secrets.text("q7Xk2mPzLw9R5tYb", "session") == "*" * 16
    hidden = secrets.data(COOKIE)
    assert len(hidden) == len(COOKIE) and hidden.count(b"*") >= 11 and hidden[:13] == COOKIE[:13]


PROGRAM = """
def handle(headers):
    return len(headers)


def serve(end):
    end.recv(33)
    end.recv(1000)
    handle([(b"authorization", b"Bearer q7Xk-2mPz-Lw9R"), (b"cookie", b"theme=dark; session=q7Xk2mPzLw9R5tYb; n=1")])
    end.sendall(b"\\x00\\x00\\x01\\x01\\x05\\x00\\x00\\x00\\x01\\x88")
"""


@pytest.mark.parametrize("engine", ENGINES)
def test_nothing_of_them_is_in_a_trace(tmp_path: Path, engine: str) -> None:
    """They are learned from what the program is given, after they were read."""
    block = b"\x82\x84\x1f\x08" + bytes([0x80 | len(AUTHORIZATION)]) + AUTHORIZATION
    block += b"\x60" + bytes([0x80 | len(COOKIE)]) + COOKIE
    headers = len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(PREFACE + b"\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")
        module = from_source(PROGRAM, tmp_path)
        theirs.sendall(headers)
        done = recorded(tmp_path / "t.trace", module.serve, ours, program=str(tmp_path), engine=engine)
    assert done.error is None
    written = raw(tmp_path / "t.trace")
    assert b"q7Xk" not in written and AUTHORIZATION[6:-1] not in written
    assert not any(COOKIE[at : at + 4] in written for at in range(14, 24))
