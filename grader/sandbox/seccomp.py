"""The list of system calls that a submission may not make, as the program that the kernel runs before each of them.

Assembled here: classic BPF as in linux/filter.h, eight bytes an instruction. The network namespace alone does not cover
AF_VSOCK, keyrings or io_uring; memory outside of what is counted (memfd, SysV) and new namespaces are closed as well.
"""

from __future__ import annotations

import errno
import platform
import socket
import struct
from collections.abc import Sequence

from .syscalls import ARCHITECTURES, DENIED, DENIED_TO_SAME_USER, NUMBERS

_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NR, _ARCH, _ARGS = 0, 4, 16  # offsets in struct seccomp_data
_X32 = 0x40000000

#: Any of the flags of clone(2) that make a namespace: cgroup, uts, ipc, user, pid, net, time, mount.
NAMESPACES = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x00020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FASTOPEN = 0x20000000  # MSG_FASTOPEN connects as it sends
_SOCK_TYPE = 0xF

Instruction = tuple[int, int, int, int]


class UnknownMachine(Exception):
    """There are no system call numbers for this machine here."""


def program(*, network: bool, same_user: bool = False, machine: str = "") -> bytes:
    """The filter, for bwrap's --seccomp or for `install`. `network`: whether the network is private, so that only kinds
    of sockets are denied; otherwise nothing but a TCP server may be made.
    `same_user`: whether it runs as whoever grades. Raises `UnknownMachine`."""
    machine = machine or platform.machine()
    if machine not in NUMBERS:
        raise UnknownMachine(f"there is no list of system calls for {machine}")
    numbers = NUMBERS[machine]
    code: list[Instruction] = [
        (_LD, 0, 0, _ARCH), (_JEQ, 1, 0, ARCHITECTURES[machine]), (_RET, 0, 0, _KILL), (_LD, 0, 0, _NR),
    ]  # fmt: skip
    if machine == "x86_64":
        code += [(_JGE, 0, 1, _X32), (_RET, 0, 0, _ERRNO | errno.EPERM)]
    for name in (*DENIED, *(DENIED_TO_SAME_USER if same_user else ())):
        if name in numbers:
            code += [(_JEQ, 0, 1, numbers[name]), (_RET, 0, 0, _ERRNO | errno.EPERM)]
    # The flags of clone3 lie in memory, where a filter cannot look; libraries then fall back to clone.
    code += [(_JEQ, 0, 1, numbers["clone3"]), (_RET, 0, 0, _ERRNO | errno.ENOSYS)]
    code += _when(numbers["clone"], [_load(0), *_deny_if_set(NAMESPACES, errno.EPERM)])
    code += _when(numbers["ioctl"], [_load(1), *_deny_if(_TIOCSTI, errno.EPERM), *_deny_if(_TIOCLINUX, errno.EPERM)])
    code += _when(numbers["prlimit64"], [_load(0), *_deny_unless([0], errno.EPERM)])  # its own limits only
    families = [socket.AF_INET, socket.AF_INET6, *([socket.AF_UNIX] if network else [])]
    checks = [_load(0), *_deny_unless(families, errno.EAFNOSUPPORT)]
    kinds = [socket.SOCK_STREAM, *([socket.SOCK_DGRAM, socket.SOCK_SEQPACKET] if network else [])]
    checks += [_load(1), (0x54, 0, 0, _SOCK_TYPE), *_deny_unless(kinds, errno.EPROTONOSUPPORT)]
    protocols = [0, socket.IPPROTO_TCP, *([socket.IPPROTO_UDP] if network else [])]
    checks += [_load(2), *_deny_unless(protocols, errno.EPROTONOSUPPORT)]
    code += _when(numbers["socket"], checks)
    pairs = [_load(0), *_deny_unless([socket.AF_UNIX], errno.EAFNOSUPPORT)]
    code += _when(numbers["socketpair"], pairs)
    if not network:
        code += [(_JEQ, 0, 1, numbers["connect"]), (_RET, 0, 0, _ERRNO | errno.EACCES)]
        code += _when(numbers["sendto"], [_load(3), *_deny_if_set(_FASTOPEN, errno.EACCES)])
        code += _when(numbers["sendmsg"], [_load(2), *_deny_if_set(_FASTOPEN, errno.EACCES)])
        code += _when(numbers["sendmmsg"], [_load(3), *_deny_if_set(_FASTOPEN, errno.EACCES)])
    code.append((_RET, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *one) for one in code)


def _load(argument: int) -> Instruction:
    """The lower half of an argument; all that is looked at here are ints."""
    return _LD, 0, 0, _ARGS + 8 * argument


def _deny_if(value: int, number: int) -> list[Instruction]:
    return [(_JEQ, 0, 1, value), (_RET, 0, 0, _ERRNO | number)]


def _deny_if_set(bits: int, number: int) -> list[Instruction]:
    return [(_JSET, 0, 1, bits), (_RET, 0, 0, _ERRNO | number)]


def _deny_unless(values: Sequence[int], number: int) -> list[Instruction]:
    last = len(values) - 1
    return [*[(_JEQ, last - place + 1, 0, value) for place, value in enumerate(values)],
            (_RET, 0, 0, _ERRNO | number)]  # fmt: skip


def _when(number: int, checks: list[Instruction]) -> list[Instruction]:
    """For one system call: its checks, and allowed if they find nothing."""
    body = [*checks, (_RET, 0, 0, _ALLOW)]
    return [(_JEQ, 0, len(body), number), *body]
