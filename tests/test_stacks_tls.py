"""TLS servers: the bytes inside TLS, on threads (a socket of TLS) and on asyncio (TLS over buffers)."""

from __future__ import annotations

import shutil
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from stacks.playing import Client, Played, holds, play

from report.view.messages import bytes_of, parts
from tracer.reading.fields import dissect, uncovered
from tracer.reading.fields.connection import Protocol

BODIES = (b"every byte of it is wanted back", b"and once more, please")
SERVERS = {"threads": ("tls_threads",), "asyncio": ("tls_uvicorn", "asyncio"), "uvloop": ("tls_uvicorn", "uvloop")}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("certificate")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    return folder


def asking(certificate: Path) -> Client:
    trusted = ssl.create_default_context(cafile=str(certificate / "cert.pem"))

    def client(port: int) -> list[bytes]:
        answers = []
        for body in BODIES:
            request = urllib.request.Request(f"https://127.0.0.1:{port}/", data=body)
            with urllib.request.urlopen(request, context=trusted) as answer:
                answers.append(answer.read())
        return answers

    return client


@pytest.fixture(scope="module", params=SERVERS)
def served(
    request: pytest.FixtureRequest, certificate: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Played]:
    program, *loop = SERVERS[request.param]
    keys = (str(certificate / "cert.pem"), str(certificate / "key.pem"))
    played = play(program, tmp_path_factory.mktemp(request.param), asking(certificate), *keys, *loop)
    yield played
    played.trace.close()


def test_it_holds(served: Played) -> None:
    holds(served)
    assert served.got == [body.upper() for body in BODIES]


def test_the_bytes_inside_tls(served: Played) -> None:
    for body in BODIES:
        came = next(j for j in served.found if j.direction == "in" and served.wire(j) == [body])
        (left,) = served.journey("out", body.upper()).wires
        assert served.wire(served.journey("out", body.upper())) == [body.upper()]
        assert left.wire.connection == came.wires[0].wire.connection
        assert {left.wire.detail, came.wires[0].wire.detail} == {"inside TLS"}
        assert served.trace.connections[left.wire.connection].tls


def test_tls_over_buffers_lies_on_a_connection_whose_records_are_named(served: Played) -> None:
    """Only the loop that is Python shows the encrypted bytes; a socket of TLS, and uvloop, read by themselves."""
    over = [wire for wire in served.trace.wires if wire.detail.startswith("over connection ")]
    below = {int(wire.detail.rpartition(" ")[2]): wire.connection for wire in over}
    connections = served.trace.connections
    for number, inside in below.items():
        assert connections[number].peer == connections[inside].peer != ""
        assert (connections[inside].role, connections[number].tls) == ("server", False)
        told = [part for part in parts(served.trace) if part.connection == number]
        assert {part.kind for part in told} == {"TLS record"}
        assert told[0].title.startswith("handshake, ")
        encrypted = b"".join(bytes_of(served.trace, w) for w in served.trace.wires if w.connection == number)
        assert encrypted and not any(body in encrypted or body.upper() in encrypted for body in BODIES)
    assert (len(below) == len(BODIES)) == any(wire.op == "recv_into" and wire.size for wire in served.trace.wires)


HELLO = bytes([22, 3, 1, 0, 4]) + b"abcd"


@pytest.mark.parametrize(
    ("client", "server", "told"),
    [
        (HELLO, bytes([22, 3, 3, 0, 2]) + b"ef" + bytes([23, 3, 3, 0, 3]) + b"ghi", ["handshake, 2 bytes",
                                                                                   "application_data, 3 bytes"]),
        (HELLO, bytes([21, 3, 3, 0, 2]) + b"\x02\x28", ["alert, 2 bytes"]),
        (HELLO, HELLO[:7], ["handshake, incomplete: 2 of 4 bytes"]),
        (HELLO, HELLO + b"\x17\x03", ["handshake, 4 bytes", "incomplete: 2 of at least 5 bytes"]),
        (HELLO, HELLO + b"plain", ["handshake, 4 bytes", "5 bytes, no TLS record"]),
        (HELLO, b"", []),
    ],
)  # fmt: skip
def test_records(client: bytes, server: bytes, told: list[str]) -> None:
    found = dissect(client, server)
    assert found.protocol is Protocol.TLS
    assert [field.value for field in found.sent] == told
    assert uncovered(found.received, len(client)) == uncovered(found.sent, len(server)) == []


def test_what_only_begins_like_tls_is_data() -> None:
    assert dissect(HELLO, b"HTTP/1.1 400 Bad Request\r\n\r\n").protocol is not Protocol.TLS
    assert dissect(bytes([22, 2, 0]), b"").protocol is not Protocol.TLS
