"""The folder of one graded submission: its files as they were handed in, and the little else that its processes see.

It lies in the system's folder for temporary files and is locked as long as its process lives, so that what a killed
grader left behind is known for what it is and taken away by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType

PREFIX = "unmagic-job-"
_ETC = {
    "passwd": "student:x:65534:65534:student:/tmp:/bin/sh\n",
    "group": "student:x:65534:\n",
    "hosts": "127.0.0.1 localhost\n::1 localhost\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\n",
}


class Job:
    """Makes the folder, and removes it at the end of a `with` block. `user`: to whom the submission's files belong."""

    def __init__(self, user: int | None = None) -> None:
        self.user = user
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self._lock = os.open(self.folder / "locking", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        os.rename(self.folder / "locking", self.folder / "lock")  # `sweep` sees it only when it is held
        os.chmod(self.folder, 0o711)
        self.submission, self.scratch = self.folder / "submission", self.folder / "scratch"
        self.empty, self.etc = self.folder / "empty", self.folder / "etc"
        for path in (self.submission, self.scratch, self.empty, self.etc):
            path.mkdir(mode=0o755)
        for name, text in _ETC.items():
            (self.etc / name).write_text(text, encoding="ascii")
        self.nothing = self.folder / "nothing"
        self.nothing.touch()
        self.inside = self.folder / "inside.py"
        shutil.copyfile(Path(__file__).parent / "inside.py", self.inside)

    def hand_over(self) -> None:
        """Give the submission's files, which are there now, to its user; nobody else may read them."""
        owner = -1 if self.user is None else self.user
        for top, folders, names in os.walk(self.submission):
            for path in (Path(top), *(Path(top, name) for name in names)):
                mode = path.lstat().st_mode
                if stat.S_ISLNK(mode):
                    continue
                keep = 0o500 if stat.S_ISDIR(mode) or mode & 0o111 else 0o400
                os.chown(path, owner, owner, follow_symlinks=False)
                os.chmod(path, keep)
            folders[:] = [name for name in folders if not Path(top, name).is_symlink()]
        os.chown(self.scratch, owner, owner)
        os.chmod(self.scratch, 0o700)

    def __enter__(self) -> Job:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        remove(self.folder)
        os.close(self._lock)


def remove(folder: Path) -> None:
    """Remove a job's folder, and nothing else: no other folder, and nothing that is mounted in it (a removal would go
    through to what is mounted). Raises ValueError where it is asked for that."""
    if not folder.name.startswith(PREFIX) or folder.parent != Path(tempfile.gettempdir()) or folder.is_symlink():
        raise ValueError(f"{folder} is no folder of a job")
    mounted = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    if any(line.split()[4].startswith(f"{folder}/") for line in mounted.splitlines()):
        raise ValueError(f"something is mounted in {folder}")
    if os.geteuid() != 0:
        with contextlib.suppress(RecursionError):
            _writable(folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
    except RecursionError:  # folders in folders in folders, which a submission of tier B or C may have made
        subprocess.run(["rm", "-rf", "--one-file-system", "--", str(folder)], check=False)


def _writable(folder: Path) -> None:
    """Have us enter and empty our own folders, whatever modes a submission gave them."""
    for top, folders, _ in os.walk(folder):
        for name in folders:
            with contextlib.suppress(OSError):
                if not os.path.islink(os.path.join(top, name)):
                    os.chmod(os.path.join(top, name), 0o700)


def sweep() -> int:
    """Remove the folders of this user's jobs whose process is gone; how many there were."""
    gone = 0
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            if folder.lstat().st_uid != os.getuid() or not stat.S_ISDIR(folder.lstat().st_mode):
                continue
            lock = os.open(folder / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove(folder)
            gone += 1
        except OSError:
            continue  # its process lives
        finally:
            os.close(lock)
    return gone
