"""Any floor of the real stack can be ours, any of ours the real one, and neither the client nor the view sees it.

Each combination of floors is a process of its own that serves the scenarios' programs, unchanged, and one of the
tests'; the scenarios' scripted clients talk to it over TCP. The original is one of the combinations, and held to the
same bytes. tests/floors/frames.py says what these are, and the few differences that there are, floor by floor.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from email.parser import BytesParser
from http import HTTPStatus
from pathlib import Path

import pytest
from floors import frames, wires
from floors.play import Run, run
from floors.stack import OURS, REAL, STACKS, Stack

from reference_impl.closing import CloseReason

pytest.importorskip("flask_sock", reason="the original stack is not installed")

AT_ONCE = 3  # combinations: a process starts while another one waits for its clients


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[dict[Stack, Future[Run]]]:
    """Every combination that a test of this session is about, in the making."""
    selected = {item.callspec.params.get("stack") for item in request.session.items if hasattr(item, "callspec")}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield {stack: pool.submit(run, stack) for stack in STACKS if stack in selected}
        pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> dict[Stack, wires.Recorded]:
    """The original and ours, whole, recorded while all scripts talked to them."""
    folder: Path = tmp_path_factory.mktemp("floors")
    with ThreadPoolExecutor(2) as pool:
        done = pool.map(lambda stack: wires.record(stack, folder / f"{stack}.trace"), (REAL, OURS))
        return dict(zip((REAL, OURS), done, strict=True))


def head_and_body(data: bytes) -> tuple[bytes, dict[str, str], bytes]:
    """An HTTP response as (first line, headers, body)."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, _, lines = head.partition(b"\r\n")
    return first, {name.lower(): value for name, value in BytesParser().parsebytes(lines).items()}, body


@pytest.mark.parametrize("stack", STACKS, ids=str)
def test_the_same_bytes_and_messages(runs: dict[Stack, Future[Run]], stack: Stack) -> None:
    if stack.http == "gunicorn":
        pytest.importorskip("gunicorn", reason="gunicorn is not installed")
    got = runs[stack].result()
    assert got.code == 0, got.errors
    for floor in ("protocol", "server", "sock", "app"):
        assert got.built[floor] == getattr(stack, floor), "that floor was not put in"
    check_routes(got)
    check_http(got, stack)
    check_websockets(got, stack)
    check_messages(got, stack)
    if stack.is_ours("server"):
        assert got.resets == [], "a connection ends with FIN, and no RST"
    if stack.is_ours("server") and stack.is_ours("sock"):
        assert "Traceback" not in got.errors, got.errors


def check_routes(got: Run) -> None:
    """The scenario `sock`: routes on an application, on a blueprint, and before there is either."""
    waited, direct = got.built["routes"]
    assert waited == [["/chat/<room>", "chat.talk"], ["/echo", "__flask_sock.echo"]]
    assert direct == [["/echo", "direct_echo"]]


def check_http(got: Run, stack: Stack) -> None:
    """Ordinary requests; `Server`, `Date` and `Connection` are each HTTP server's own."""
    for script, body in (("tcp", b"Hello"), ("http_headers", b"Who parsed me?")):
        (data,) = got.received[script]
        first, headers, content = head_and_body(data)
        assert (first, content) == (b"HTTP/1.1 200 OK", body)
        assert headers["content-type"] == "text/html; charset=utf-8"
        assert headers["content-length"] == str(len(body))
    refused, headers, content = head_and_body(got.received["rejected"][0])
    status = HTTPStatus.BAD_REQUEST if stack.is_ours("server") else HTTPStatus.INTERNAL_SERVER_ERROR
    assert refused.startswith(f"HTTP/1.1 {status.value} ".encode())  # a phrase may be left out, and wsproto does so
    assert headers.get("content-length", "0") == str(len(content))


def check_websockets(got: Run, stack: Stack) -> None:
    for script, wanted in frames.expected(stack).items():
        numbers = range(len(got.received[script]))[-len(wanted) :]
        assert len(numbers) == len(wanted)
        for number in numbers:
            data = got.received[script][number]
            assert data.startswith(frames.HEAD), (script, number)
            check_frames(stack, script, number, data[len(frames.HEAD) :])


def check_frames(stack: Stack, script: str, number: int, data: bytes) -> None:
    wanted = frames.frames_of(stack, script, number)
    if stack.is_ours("server"):
        assert data == wanted, (script, number)
        return
    spoken, responses = frames.without_response(data)
    allowed = {wanted}
    if (script, number) in frames.ANSWERS:
        allowed.add(wanted.removesuffix(frames.answer(stack, script, number)))
    assert spoken in allowed, (script, number)
    assert responses in ([], [b"101" if stack.is_ours("sock") else b"200"]), (script, number)


def check_messages(got: Run, stack: Stack) -> None:
    assert [line for line in got.printed if line.startswith("told ")] == [f"told {words}" for words in frames.TOLD]
    # RFC 6455, 7.1.5: a connection that is lost is closed with 1006; the original leaves it at 1005
    lost = CloseReason.ABNORMAL_CLOSURE if stack.is_ours("server") else CloseReason.NO_STATUS_RCVD
    closed = sorted(line for line in got.printed if not line.startswith("told "))
    assert closed == sorted([f"closed with {CloseReason.NORMAL_CLOSURE!s} done", f"closed with {lost!s} None"])


def test_there_is_every_combination() -> None:
    assert len(set(STACKS)) == 3 * 2 * 2 * 2 * 2 and {REAL, OURS} < set(STACKS)


@pytest.mark.parametrize("script", wires.SCRIPTS)
def test_the_traces_agree(recordings: dict[Stack, wires.Recorded], script: str) -> None:
    """The wire events of each connection, thread by thread: who read what, who wrote what."""
    real, ours = (recordings[stack].connections(script) for stack in (REAL, OURS))
    assert len(real) == len(ours)
    for number, (theirs, mine) in enumerate(zip(real, ours, strict=True)):
        assert theirs.accepted_by == mine.accepted_by == "MainThread"
        assert theirs.read == mine.read, (script, number)
        assert set(theirs.read) <= {"request", "reader"}
        wires.check_written(script, number, theirs.wrote, mine.wrote)


@pytest.mark.parametrize("stack", [REAL, OURS], ids=str)
def test_a_recorded_run_says_the_same(recordings: dict[Stack, wires.Recorded], stack: Stack) -> None:
    got = recordings[stack].run
    check_http(got, stack)
    check_websockets(got, stack)
    check_messages(got, stack)
