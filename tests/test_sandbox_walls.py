"""What a submission sees and can reach from behind each wall: the traps that sandboxes fell into, one by one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers_sandbox import A_ROOT, A_USER, B_ROOT, C_USER, EVERY, INSPECTOR, MAIN, Way, behind, program, talker

from grader.sandbox import seccomp
from grader.sandbox.bubblewrap import BubblewrapStarted
from grader.sandbox.syscalls import NUMBERS

BOXED = (A_ROOT, A_USER)
BARE = (B_ROOT, C_USER)
CALLS = NUMBERS.get(os.uname().machine, NUMBERS["x86_64"])


def looks(way: Way, *asked: list[Any], **more: Any) -> list[Any]:
    """What the inspector saw, look by look."""
    told = behind(way, files=program(INSPECTOR), functions=MAIN, ask=[json.dumps(one) for one in asked], **more)
    assert not told["error"], told
    return [json.loads(answer) for answer in told["answers"]]


@pytest.fixture
def canary() -> Iterator[dict[str, Any]]:
    """Sockets of this machine that nobody inside may reach: TCP, UDP, abstract; and what came to them."""
    came: list[bytes] = []
    name = f"\0unmagic-canary-{os.getpid()}"
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        udp = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(name)
        abstract.listen()
        yield {
            "tcp": list(tcp.getsockname()), "udp": list(udp.getsockname()), "abstract": "@" + name[1:], "came": came,
        }  # fmt: skip
        for sock in (tcp, abstract):
            sock.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                came.append(sock.accept()[0].recv(10))
        udp.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            came.append(udp.recv(10))
        assert came == []


# --- the ten traps -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_trap_1_no_capability_is_left_and_the_user_is_not_the_graders(way: Way):
    status, identity = looks(way, ["status", 0], ["identity", 0])
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert identity[0] == identity[1] == 65534 and identity[2] in ([], [65534])


def test_trap_1_and_7_the_process_belongs_to_no_user_of_this_machine():
    """Seen from out here: root's own processes would not be bound by RLIMIT_NPROC."""
    told = behind(A_ROOT, files=program(INSPECTOR), functions=MAIN)
    assert len(told["users"]) >= 3 and min(told["users"]) >= 60100, told["users"]


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_trap_2_nothing_of_the_graders_environment_is_to_be_seen(way: Way):
    [environment] = looks(way, ["environment", 0])
    assert "a-secret-of-the-grader" not in json.dumps(environment)
    if way in BOXED:
        assert environment[1][0] == "", "process 1 is bubblewrap, whose own environment is to be empty"
    else:
        assert "PermissionError" in environment


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_trap_3_and_8_processes_are_counted_inside_and_for_each_submission_alone(way: Way):
    """Another submission, or the user's session, may run as many as it likes."""
    if way.root:
        pytest.skip("each has a user of its own there")
    with subprocess.Popen(
        ["setpriv", "--reuid", "1000", "--regid", "1000", "--clear-groups", "sh", "-c",
         "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 60 & done; echo up; wait"],
        stdout=subprocess.PIPE, start_new_session=True,
    ) if os.geteuid() == 0 else contextlib.nullcontext() as others:  # fmt: skip
        if others is not None:
            others.stdout.readline()
        try:
            source = "import os\nfor n in range(9):\n  if os.fork() == 0: os.read(0, 1); os._exit(0)\nprint('nine')\n"
            told = behind(way, files=talker(source), functions=MAIN, limits={"processes": 11}, wait=5)
            assert told["output"] == "nine\n", told
        finally:
            if others is not None:
                os.killpg(others.pid, 9)


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_trap_4_every_folder_in_memory_is_small_or_read_only(way: Way):
    everything = looks(way, ["read", "/proc/self/mountinfo"], *[["room", p] for p in ("/", "/dev", "/tmp", "/dev/shm")])
    root, dev, tmp, shared = everything[1:]
    assert root[1] and dev[1], "read-only"
    assert tmp == [32 << 20, False] and shared == [1 << 20, False]
    [refused, *_] = looks(way, ["written", "/x"], ["written", "/dev/x"], ["written", "/submission/x"])
    assert refused == f"OSError {errno.EROFS}"


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_trap_4_no_mount_that_can_be_written_to_is_missing_from_that_list(way: Way):
    source = "print(open('/proc/self/mountinfo').read())"
    told = behind(way, files=talker(source), functions=MAIN, wait=10)
    writable = {
        line.split()[4] for line in told["output"].splitlines()
        if line and "rw" in line.split()[5].split(",") and " proc " not in line and " devpts " not in line
    }  # fmt: skip
    devices = {f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty")}
    assert writable - devices == {"/tmp", "/dev/shm"}


DENIED = ("keyctl", "add_key", "request_key", "io_uring_setup", "ptrace", "mount", "unshare", "setns", "bpf",
          "memfd_create", "shmget", "userfaultfd", "perf_event_open", "open_tree", "pidfd_getfd", "kcmp",
          "process_vm_readv", "open_by_handle_at", "vmsplice", "personality")  # fmt: skip


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_trap_5_no_way_out_by_system_calls_and_strange_sockets(way: Way):
    asked = [["call", [CALLS[name], 0, 0, 0, 0, 0, 0]] for name in DENIED]
    families = ["AF_VSOCK", "AF_NETLINK", "AF_PACKET", "AF_ALG"]
    sockets = [
        ["call", [CALLS["socket"], getattr(socket, name), 2 if name == "AF_NETLINK" else 1, 0]] for name in families
    ]
    raw = [["call", [CALLS["socket"], socket.AF_INET, socket.SOCK_RAW, 1]], ["call", [CALLS["socket"], 2, 1, 262]]]
    namespace = [["call", [CALLS["clone"], 0x10000000 | 17, 0, 0, 0, 0]], ["call", [CALLS["clone3"], 0, 0]]]
    told = looks(way, *asked, *sockets, *raw, *namespace)
    names = [*DENIED, *families, "SOCK_RAW", "MPTCP", "new user", "clone3"]
    by_name = dict(zip(names, told, strict=True))
    assert {by_name[name] for name in DENIED} == {-errno.EPERM}, by_name
    assert {by_name[name] for name in families} == {-errno.EAFNOSUPPORT}, by_name
    assert by_name["SOCK_RAW"] == by_name["MPTCP"] == -errno.EPROTONOSUPPORT
    assert (by_name["new user"], by_name["clone3"]) == (-errno.EPERM, -errno.ENOSYS)


def test_trap_5_system_calls_by_their_other_numbers_are_denied_too():
    """x86-64 has a second door to most of them; and a program for another machine has other numbers altogether."""
    code = seccomp.program(network=True, machine="x86_64")
    steps = [struct.unpack("=HBBI", code[at : at + 8]) for at in range(0, len(code), 8)]
    assert steps[0] == (0x20, 0, 0, 4) and steps[1][3] == 0xC000003E and steps[2] == (6, 0, 0, 0x80000000)
    assert (0x35, 0, 1, 0x40000000) in steps
    assert all(
        place + 1 + max(step[1], step[2]) < len(steps) for place, step in enumerate(steps[:-1]) if step[0] & 7 == 5
    )
    if os.uname().machine == "x86_64":
        assert looks(A_ROOT if os.geteuid() == 0 else A_USER, ["call", [0x40000000 | 39]]) == [-errno.EPERM]


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_trap_6_no_socket_and_no_file_is_passed_in(way: Way):
    [files] = looks(way, ["files", 0])
    assert files == [[0, "0o1"], [1, "0o1"], [2, "0o1"]], "stdin, stdout and stderr, pipes all three"
    source = (
        "import os, socket\nfrom http.server import *\nprint(sorted(os.listdir('/proc/self/fd')))\n"
        "server = HTTPServer(('127.0.0.1', int(os.environ['PORT'])), BaseHTTPRequestHandler)\nserver.handle_request()\n"
    )
    if way in BOXED:
        told = behind(way, files=program(source), server=MAIN, send=b"GET / HTTP/1.0\r\n\r\n".hex(), wait=5)
        assert told["output"].startswith("['0', '1', '2', '3']\n") and bytes.fromhex(told["received"])[:5] == b"HTTP/"


@pytest.mark.parametrize("way", BOXED, ids=str)
def test_trap_9_the_python_is_there_and_knows_no_installed_library(way: Way):
    names = ["flask", "flask_sock", "wsproto", "h11", "simple_websocket", "werkzeug", "grader", "reference_impl", "pip"]
    told = looks(way, *[["imported", name] for name in names], ["imported", "ssl"], ["imported", "sqlite3"])
    assert told == ["ModuleNotFoundError"] * len(names) + ["ssl", "sqlite3"]
    words = ["wsproto", "flask", "flask_sock", "h11", "reference_impl", "coursework"]
    assert looks(way, ["found", [["/usr", "/submission", "/tmp", "/.unmagic"], words]]) == [[]]


@pytest.mark.parametrize("way", BARE, ids=str)
def test_trap_10_without_user_namespaces_the_real_library_cannot_be_read_either(way: Way):
    names = ["flask", "wsproto", "grader", "reference_impl"]
    told = looks(way, *[["imported", name] for name in names], ["imported", "ssl"])
    assert told[-1] == "ssl" and not set(told[:-1]) & set(names)


# --- reading, writing, reaching, signalling ----------------------------------------------------------------


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_answers_passwords_and_other_submissions_cannot_be_read(way: Way, tmp_path: Path):
    answers = tmp_path / "answers.txt"
    answers.write_text("forty-two", encoding="utf-8")
    for path in (tmp_path, *tmp_path.parents[:2], answers):
        path.chmod(0o755 if path.is_dir() else 0o644)
    there = [
        str(answers),
        "/etc/shadow",
        "/etc/hostname",
        "/proc/1/root/etc/shadow",
        "/proc/1/cwd/README.md",
        "/sys/kernel",
    ]
    asked = [["read", path] for path in there] + [["listed", "/root"], ["listed", "/home"], ["listed", str(tmp_path)]]
    told = looks(way, *asked, hidden=[str(tmp_path)])
    assert all(str(one).startswith("OSError") for one in told), told


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_nothing_is_written_outside(way: Way, tmp_path: Path):
    tmp_path.chmod(0o777)
    targets = [
        "/usr/x",
        "/etc/x",
        "/dev/shm/../x",
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        str(tmp_path / "x"),
    ]
    targets += ["/.unmagic/inside.py", "main.py", "submission.toml"]
    told = looks(way, *[["written", path] for path in targets])
    assert "written" not in told, dict(zip(targets, told, strict=True))
    if way in BARE:
        told = looks(
            way, *[["written", f"{folder}/unmagic-mine"] for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run/lock")]
        )
        assert "written" not in told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_nobody_outside_is_reached(way: Way, canary: dict[str, Any]):
    told = looks(
        way, ["connect", ["AF_INET", "SOCK_STREAM", canary["tcp"]]],
        ["connect", ["AF_INET", "SOCK_DGRAM", canary["udp"]]],
        ["connect", ["AF_UNIX", "SOCK_STREAM", canary["abstract"]]],
        ["connect", ["AF_INET", "SOCK_STREAM", ["192.0.2.1", 80]]],
        ["connect", ["AF_VSOCK", "SOCK_STREAM", [2, 1]]], ["fast_open", canary["tcp"]],
    )  # fmt: skip
    reached = [one for one in told if not str(one).startswith("OSError")]
    assert [one for one in reached if way not in BOXED or one != "connected"] == [], told
    assert told[1] == "connected" if way in BOXED else True, "into its own network, where nobody listens"


@pytest.mark.parametrize("way", EVERY, ids=str)
def test_no_process_outside_can_be_signalled(way: Way):
    outside = os.getpid()
    told = looks(way, *[["signalled", pid] for pid in (outside, os.getppid())])
    assert "may signal" not in told and None not in told, told
    if way in BOXED:
        assert looks(way, ["processes", 0]) == [[1, 2]]


def test_two_submissions_at_once_see_nothing_of_each_other():
    """Each has port 8080, its own /tmp and its own processes."""
    source = (
        "import os, socket, sys\nopen('/tmp/mine', 'x').write('1')\n"
        "server = socket.create_server(('127.0.0.1', 8080))\n"
        "line = sys.stdin.readline()\nprint(len([n for n in os.listdir('/proc') if n.isdigit()]), flush=True)\n"
    )
    answers: list[list[str]] = []
    way = A_ROOT if os.geteuid() == 0 else A_USER
    threads = [
        threading.Thread(
            target=lambda: answers.append(behind(way, files=program(source), functions=MAIN, ask=["?"])["answers"])
        )
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [["2"], ["2"]]


class Watched(BubblewrapStarted):
    """Two threads that end it meet where the one has looked at it and the other has not changed it yet."""

    meet = threading.Barrier(2)

    @property  # type: ignore[override]
    def told(self) -> int:
        told = self.__dict__["told"]
        with contextlib.suppress(threading.BrokenBarrierError):
            self.meet.wait(0.5)
        return int(told)

    @told.setter
    def told(self, number: int) -> None:
        self.__dict__["told"] = number


def test_two_who_end_it_at_once_close_nothing_twice():
    """Seen once: the one who watched the processor's time, and the grader, whose time was over as well."""
    mine, theirs = os.pipe()
    with subprocess.Popen(["true"]) as process:
        started, failed = Watched(process, 0, mine), []

        def end() -> None:
            try:
                started.kill()
            except OSError as error:
                failed.append(error)

        threads = [threading.Thread(target=end) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    os.close(theirs)
    assert not failed and started.told == -1
