"""Numbers of the system calls that the sandbox denies, for the two machines that it knows."""

from __future__ import annotations

#: AUDIT_ARCH_* of linux/audit.h: what seccomp calls the machine.
ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}

#: From 424 on every machine has the same numbers.
_COMMON = {
    "pidfd_send_signal": 424, "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427,
    "open_tree": 428, "move_mount": 429, "fsopen": 430, "fsconfig": 431, "fsmount": 432, "fspick": 433, "clone3": 435,
    "pidfd_getfd": 438, "process_madvise": 440, "mount_setattr": 442, "fchmodat2": 452,
    "setxattrat": 463, "removexattrat": 466, "quotactl_fd": 443, "memfd_secret": 447,
    "process_mrelease": 448, "set_mempolicy_home_node": 450, "map_shadow_stack": 453, "open_tree_attr": 467,
}  # fmt: skip

NUMBERS: dict[str, dict[str, int]] = {
    "x86_64": {
        **_COMMON, "mmap": 9, "ioctl": 16, "shmget": 29, "shmat": 30, "socket": 41, "connect": 42, "sendto": 44,
        "sendmsg": 46, "socketpair": 53, "clone": 56, "semget": 64, "msgget": 68, "ptrace": 101, "syslog": 103,
        "personality": 135, "pivot_root": 155, "adjtimex": 159, "chroot": 161, "acct": 163, "settimeofday": 164,
        "mount": 165, "umount2": 166, "swapon": 167, "swapoff": 168, "reboot": 169, "sethostname": 170,
        "setdomainname": 171, "iopl": 172, "ioperm": 173, "init_module": 175, "delete_module": 176, "quotactl": 179,
        "lookup_dcookie": 212, "clock_settime": 227, "mbind": 237, "set_mempolicy": 238, "mq_open": 240,
        "kexec_load": 246, "add_key": 248, "request_key": 249, "keyctl": 250, "migrate_pages": 256, "unshare": 272,
        "move_pages": 279, "vmsplice": 278, "perf_event_open": 298, "fanotify_init": 300, "name_to_handle_at": 303,
        "open_by_handle_at": 304, "clock_adjtime": 305, "setns": 308, "sendmmsg": 307, "process_vm_readv": 310,
        "process_vm_writev": 311, "kcmp": 312, "finit_module": 313, "memfd_create": 319, "kexec_file_load": 320,
        "bpf": 321, "userfaultfd": 323, "modify_ldt": 154, "nfsservctl": 180, "kill": 62, "tkill": 200, "tgkill": 234,
        "rt_sigqueueinfo": 129, "rt_tgsigqueueinfo": 297, "truncate": 76, "chmod": 90, "fchmod": 91, "fchmodat": 268,
        "chown": 92, "fchown": 93, "lchown": 94, "fchownat": 260, "utime": 132, "utimes": 235, "futimesat": 261,
        "utimensat": 280, "setxattr": 188, "lsetxattr": 189, "fsetxattr": 190, "removexattr": 197,
        "lremovexattr": 198, "fremovexattr": 199, "prlimit64": 302, "setpriority": 141, "sched_setaffinity": 203,
        "sched_setscheduler": 144, "sched_setattr": 314, "ioprio_set": 251,
    },
    "aarch64": {
        **_COMMON, "mmap": 222, "ioctl": 29, "shmget": 194, "shmat": 196, "socket": 198, "connect": 203, "sendto": 206,
        "sendmsg": 211, "socketpair": 199, "clone": 220, "semget": 190, "msgget": 186, "ptrace": 117, "syslog": 116,
        "personality": 92, "pivot_root": 41, "adjtimex": 171, "chroot": 51, "acct": 89, "settimeofday": 170,
        "mount": 40, "umount2": 39, "swapon": 224, "swapoff": 225, "reboot": 142, "sethostname": 161,
        "setdomainname": 162, "init_module": 105, "delete_module": 106, "quotactl": 60, "lookup_dcookie": 18,
        "clock_settime": 112, "mbind": 235, "set_mempolicy": 237, "mq_open": 180, "kexec_load": 104, "add_key": 217,
        "request_key": 218, "keyctl": 219, "migrate_pages": 238, "unshare": 97, "move_pages": 239, "vmsplice": 75,
        "perf_event_open": 241, "fanotify_init": 262, "name_to_handle_at": 264, "open_by_handle_at": 265,
        "clock_adjtime": 266, "setns": 268, "sendmmsg": 269, "process_vm_readv": 270, "process_vm_writev": 271,
        "kcmp": 272, "finit_module": 273, "memfd_create": 279, "kexec_file_load": 294, "bpf": 280,
        "userfaultfd": 282, "nfsservctl": 42, "kill": 129, "tkill": 130, "tgkill": 131, "rt_sigqueueinfo": 138,
        "rt_tgsigqueueinfo": 240, "truncate": 45, "fchmod": 52, "fchmodat": 53, "fchown": 55, "fchownat": 54,
        "utimensat": 88, "setxattr": 5, "lsetxattr": 6, "fsetxattr": 7, "removexattr": 14, "lremovexattr": 15,
        "fremovexattr": 16, "prlimit64": 261, "setpriority": 140, "sched_setaffinity": 122, "sched_setscheduler": 119,
        "sched_setattr": 274, "ioprio_set": 30,
    },
}  # fmt: skip

#: Denied outright, with EPERM: nothing that a server needs, and each a way out, around a limit, or to another process.
DENIED = (
    "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd", "kcmp", "process_madvise", "process_mrelease",
    "mount", "umount2", "pivot_root", "chroot", "open_tree", "open_tree_attr", "move_mount", "fsopen", "fsconfig",
    "fsmount", "fspick", "mount_setattr", "unshare", "setns", "name_to_handle_at", "open_by_handle_at",
    "keyctl", "add_key", "request_key", "io_uring_setup", "io_uring_enter", "io_uring_register", "bpf",
    "perf_event_open", "userfaultfd", "fanotify_init", "memfd_create", "memfd_secret", "shmget", "shmat", "semget",
    "msgget", "mq_open", "vmsplice", "move_pages", "migrate_pages", "mbind", "set_mempolicy",
    "set_mempolicy_home_node", "kexec_load", "kexec_file_load", "init_module", "finit_module", "delete_module",
    "reboot", "swapon", "swapoff", "sethostname", "setdomainname", "iopl", "ioperm", "acct", "syslog", "quotactl",
    "quotactl_fd", "lookup_dcookie", "nfsservctl", "settimeofday", "clock_settime", "adjtimex", "clock_adjtime",
    "personality", "modify_ldt",
)  # fmt: skip

#: Denied too where the submission runs as the same user: what Landlock does not cover, and signals.
DENIED_TO_SAME_USER = (
    "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal", "truncate", "chmod",
    "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "utime", "utimes", "futimesat",
    "utimensat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr", "fremovexattr",
    "removexattrat", "setpriority", "sched_setaffinity", "sched_setscheduler", "sched_setattr",
    "ioprio_set",
)  # fmt: skip
