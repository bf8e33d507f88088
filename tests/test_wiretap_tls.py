"""The wiretap: what crosses inside TLS, and a program that cannot tell there either."""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers_recording import PROGRAMS, consistent, moved, recorded, run
from helpers_wiretap import LARGE, PAYLOAD, _recv_into, outcome, sha, take_all, tcp_pair, the_connection
from helpers_wiretap import nothing_is_left as nothing_is_left

from tracer.reading.trace import Trace


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True, timeout=90,
    )  # fmt: skip
    return folder


class TlsOutside(threading.Thread):
    """A TLS peer in a process' other half: what `ssl.SSLObject` wraps, over memory, and a plain descriptor. Nothing
    tapped."""

    def __init__(self, end: socket.socket, certificate: Path, sends: bytes) -> None:
        super().__init__(daemon=True)
        self.descriptor = end.detach()
        os.set_blocking(self.descriptor, True)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        self.inbound, self.outbound = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls: Any = context.wrap_bio(self.inbound, self.outbound, server_side=True)._sslobj
        self.sent = sends
        self.got = b""
        self.error = ""

    def run(self) -> None:
        try:
            self._until(self.tls.do_handshake)
            self.tls.write(self.sent)
            self._flush()
            while data := self._until(lambda: self.tls.read(65536)):
                self.got += data
            self._until(self.tls.shutdown)
        except (ssl.SSLError, OSError, EOFError) as error:
            self.error = repr(error)
        finally:
            os.close(self.descriptor)

    def _until(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                result = step()
                self._flush()
                return result
            except ssl.SSLWantReadError:
                self._flush()
                data = os.read(self.descriptor, 65536)
                if not data:
                    raise EOFError from None
                self.inbound.write(data)
            except ssl.SSLZeroReturnError:
                return b""

    def _flush(self) -> None:
        data = self.outbound.read()
        while data:
            data = data[os.write(self.descriptor, data) :]


def _tls_recv(s: ssl.SSLSocket) -> bytes:
    s.sendall(b"hello")
    return take_all(lambda: s.recv(999))


def _tls_recv_into(s: ssl.SSLSocket) -> bytes:
    assert s.send(b"hello") == 5
    return _recv_into(s)


def _tls_read(s: ssl.SSLSocket) -> bytes:
    assert s.write(b"hello") == 5
    return take_all(lambda: s.read(500))


def _tls_read_buffer(s: ssl.SSLSocket) -> bytes:
    s.write(memoryview(b"hello"))
    buffer = bytearray(700)

    def read() -> bytes:
        return bytes(buffer[: s.read(700, buffer)])

    return take_all(read)


def _tls_makefile(s: ssl.SSLSocket) -> bytes:
    with s.makefile("rwb") as file:
        file.write(b"hello")
        file.flush()
        return file.read(len(PAYLOAD))


def _tls_large(s: ssl.SSLSocket) -> bytes:
    got = take_all(lambda: s.recv(16384))
    s.sendall(LARGE)
    return got


def _tls_sendfile(s: ssl.SSLSocket) -> bytes:
    import tempfile

    with tempfile.TemporaryFile() as file:
        file.write(PAYLOAD)
        file.seek(0)
        assert s.sendfile(file) == len(PAYLOAD)
    return _tls_recv(s)


TLS = [_tls_recv, _tls_recv_into, _tls_read, _tls_read_buffer, _tls_makefile, _tls_large, _tls_sendfile]


@pytest.mark.parametrize("when", ["wrapped before", "wrapped while recording"])
@pytest.mark.parametrize("program", TLS, ids=lambda f: f.__name__[1:])
def test_tls(tmp_path, certificate, program, when):
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    context.check_hostname = False
    ours, theirs = tcp_pair()
    outside = TlsOutside(theirs, certificate, PAYLOAD)
    outside.start()

    def wrap() -> ssl.SSLSocket:
        return context.wrap_socket(ours)

    if when == "wrapped before":
        wrapped = wrap()

    def whole() -> bytes:
        s = wrapped if when == "wrapped before" else wrap()
        assert type(s) is ssl.SSLSocket and isinstance(s, socket.socket)
        got = program(s)
        s.unwrap().close()
        return got

    try:
        done = recorded(tmp_path / "t.trace", whole, max_value=1 << 20)
    finally:
        ours.close()
        if when == "wrapped before":
            wrapped.close()
        outside.join(10)
    assert (done.error, outside.error) == (None, "")
    assert done.result == PAYLOAD and outside.got
    with done.trace() as trace:
        consistent(trace)
        number = the_connection(trace)
        assert trace.connections[number].tls
        assert sha(moved(trace, number, "out")) == sha(outside.got)
        assert sha(moved(trace, number, "in")) == sha(PAYLOAD)


def test_tls_failures_are_the_same(tmp_path, certificate):
    def untrusted() -> tuple[Any, ...]:
        ours, theirs = tcp_pair()
        outside = TlsOutside(theirs, certificate, b"")
        outside.start()
        with ours:
            got = outcome(lambda: ssl.create_default_context().wrap_socket(ours, server_hostname="localhost"))
        outside.join(10)
        return got[:2]

    def timeout() -> tuple[Any, ...]:
        ours, theirs = tcp_pair()
        with ours, theirs:
            ours.settimeout(0.01)
            context = ssl.create_default_context()
            return outcome(lambda: context.wrap_socket(ours, server_hostname="localhost"))[:3]

    def closed() -> tuple[Any, ...]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        s = context.wrap_socket(socket.socket())
        s.close()
        return outcome(lambda: s.recv(1))[:3] + outcome(lambda: s.send(b"x"))[:3]

    for failure in (untrusted, timeout, closed):
        plain = failure()
        done = recorded(tmp_path / "t.trace", failure)
        assert done.error is None and done.result == plain


def test_a_non_blocking_tls_read_wants_more(tmp_path, certificate):
    context = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
    context.check_hostname = False
    ours, theirs = tcp_pair()
    outside = TlsOutside(theirs, certificate, b"")
    outside.start()

    def program() -> str:
        with context.wrap_socket(ours) as s:
            s.setblocking(False)
            try:
                s.recv(10)
            except ssl.SSLWantReadError as error:
                assert error.errno == ssl.SSL_ERROR_WANT_READ
                return "wants to read"
        return "read"

    done = recorded(tmp_path / "t.trace", program)
    outside.join(10)
    assert done.result == "wants to read"


def test_tls_that_is_loaded_while_it_is_recorded(tmp_path, certificate):
    """A program imports `ssl` after the recording began."""
    files = str(certificate / "cert.pem"), str(certificate / "key.pem")
    ran = run(PROGRAMS / "secure.py", tmp_path / "t.trace", *files)
    assert (ran.code, ran.out) == (0, "b'INSIDE'\n"), ran.err
    with Trace.open(tmp_path / "t.trace") as trace:
        inside = [(w.direction, trace.value(w.value).data) for w in trace.wires if w.detail == "inside TLS" and w.size]
    assert sorted(inside) == sorted([(d, t) for d in ("in", "out") for t in (b"inside", b"INSIDE")])
