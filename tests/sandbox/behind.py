"""Runs something behind a wall and says what came of it: a process of its own, as a supervisor is one.

On stdin, as JSON: `tier`, `files` (name to text), `server` and `functions` (commands), `ask` (lines for the shim) or
`send` (bytes for the server, in hex), `limits`, `hidden`, `wait` (seconds for the process to end). On stdout what was
seen.
"""

import json
import os
import socket
import sys
import time
from pathlib import Path


def main() -> None:
    from grader.coursework.place import PlaceError, SubmissionFailed
    from grader.coursework.submission import Submission
    from grader.sandbox import slots
    from grader.sandbox.enter import enter, user_of
    from grader.sandbox.job import Job
    from grader.sandbox.limits import Limits

    asked = json.load(sys.stdin)
    parent = os.getppid()
    told: dict[str, object] = {"answers": [], "error": "", "ending": "", "output": "", "received": ""}
    slot = slots.take()
    with Job(user_of(asked["tier"], slot)) as job:
        for name, text in asked["files"].items():
            (job.submission / name).write_text(text, encoding="utf-8")
        told["folder"] = str(job.folder)
        submission = Submission(
            "tried", job.submission, tuple(asked.get("server", ())), tuple(asked.get("functions", ())), ""
        )
        job.hand_over()
        limits = Limits(**asked.get("limits", {}))
        place = enter(asked["tier"], job, slot, limits, tuple(map(Path, asked.get("hidden", ()))), parent)
        began = time.monotonic()
        running = None
        try:
            if submission.functions:
                running = shim = place.shim(submission)
                for line in asked.get("ask", ()):
                    told["answers"].append(shim.ask(line.encode(), asked.get("patience", 20)).decode())  # type: ignore[attr-defined]
            if submission.server:
                running = server = place.server(submission, asked.get("patience", 20))
                with server.connect(5) as sock:
                    sock.sendall(bytes.fromhex(asked.get("send", "")))
                    sock.settimeout(5)
                    told["received"] = _all(sock).hex()
            deadline = time.monotonic() + asked.get("wait", 0)
            while running is not None and running.ending() is None and _before(asked, running, deadline):
                time.sleep(0.01)
        except SubmissionFailed as error:
            told["error"], told["ending"] = str(error), str(error.ending or "")
            told["output"] = error.output.text
        except PlaceError as error:
            told["place error"] = str(error)
        if running is not None:
            told["ending"] = str(running.ending() or "")
            told["output"] = running.output().text
            told["cut"] = running.output().cut
            told["pids"] = running._started.pids()  # type: ignore[attr-defined]
            told["processor"] = running._watch.processor  # type: ignore[attr-defined]
            told["nice"] = [_nice(pid) for pid in told["pids"]]  # type: ignore[attr-defined]
            told["users"] = [_user(pid) for pid in told["pids"]]  # type: ignore[attr-defined]
        told["seconds"] = time.monotonic() - began
        place.close()
        told["left"] = [pid for pid in told.get("pids", ()) if Path(f"/proc/{pid}").exists()]  # type: ignore[attr-defined]
        told["memory"] = _most_memory()
    told["folder is there"] = Path(str(told["folder"])).exists()
    json.dump(told, sys.stdout)


def _before(asked: dict[str, object], running: object, deadline: float) -> bool:
    """Whether to wait on: until so much processor time was used, or for so long."""
    if "busy" in asked:
        return bool(running._watch.processor < asked["busy"])  # type: ignore[attr-defined]
    return time.monotonic() < deadline


def _nice(pid: int) -> int:
    """How much a process gives way; -1 when it is gone."""
    try:
        return os.getpriority(os.PRIO_PROCESS, pid)
    except ProcessLookupError:
        return -1


def _user(pid: int) -> int:
    """To whom a process belongs, seen from out here; -1 when it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return -1
    return next(int(line.split()[1]) for line in lines if line.startswith("Uid:"))


def _most_memory() -> int:
    """Kilobytes that this process had at most."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def _all(sock: socket.socket) -> bytes:
    data = b""
    try:
        while (more := sock.recv(1 << 16)) and len(data) < 1 << 20:
            data += more
    except OSError:
        pass
    return data


if __name__ == "__main__":
    main()
