"""Kill a recorded echo server, under load, at random moments: what is in its trace then is true and fits together.

The server is the real stack's (`benchmarks/real_stack.py`) under the recorder; clients send numbered messages over raw
sockets, and keep what crossed. For each kill: the trace opens; nothing in it points to what is not there; what it says
of a connection is how what the client saw begins; every answer until then was the echo. Exit codes: 0 all held, 1
something did not.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT)]

from helpers_recording import command, consistent, environment, moved  # noqa: E402

from benchmarks.client import REQUEST, TEXT, Message  # noqa: E402
from campaigns.pythons import with_engines  # noqa: E402 (only now can it be found)
from tracer.reading.trace import Trace, TraceError  # noqa: E402

SERVER = ROOT / "benchmarks" / "real_stack.py"
SCOPE = ["program", "installed"]
CLIENTS = 3
#: Seconds until the kill, after the server is ready and, one time of ten, after its process began.
LATEST, ONCE_IN = 1.5, 10


@dataclass
class Client:
    """One connection: every byte of it, both ways, and what was wrong with the answers."""

    port: int
    local: str = ""
    sent: bytearray = field(default_factory=bytearray)
    got: bytearray = field(default_factory=bytearray)
    echoes: int = 0
    wrong: str = ""

    def talk(self) -> None:
        """Echo after echo until the server is gone."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=30) as end:
                self.local = "{}:{}".format(*end.getsockname())
                self._put(end, REQUEST)
                while b"\r\n\r\n" not in self.got:
                    self._take(end)
                while True:
                    message = Message(TEXT, f"message number {self.echoes} ".encode() * (1 + self.echoes % 40))
                    self._put(end, message.sent)
                    wanted = len(self.got) + len(message.echo)
                    while len(self.got) < wanted:
                        self._take(end)
                    if self.got[-len(message.echo) :] != message.echo:
                        self.wrong = f"message {self.echoes} came back as something else"
                        return
                    self.echoes += 1
        except OSError:
            pass  # the server is gone, as it should be

    def _put(self, end: socket.socket, data: bytes) -> None:
        self.sent += data
        end.sendall(data)

    def _take(self, end: socket.socket) -> None:
        data = end.recv(1 << 16)
        if not data:
            raise ConnectionError("the server is gone")
        self.got += data


@dataclass(frozen=True)
class Found:
    """What one kill left: the calls and bytes in the trace, the echoes that the clients saw, the connections that both
    told of, and what was wrong."""

    kind: str
    calls: int = 0
    octets: int = 0
    echoes: int = 0
    compared: int = 0
    problems: tuple[str, ...] = ()


def kill_once(python: str, engine: str, chance: random.Random, folder: Path) -> Found:
    """Start the server, talk to it, kill it, look at the trace."""
    trace = folder / "killed.trace"
    for name in folder.iterdir():
        name.unlink()
    words = command(SERVER, trace, engine=engine, scope=SCOPE)
    process = subprocess.Popen(
        [python, *words[1:]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment(), text=True, cwd=ROOT
    )
    clients: list[Client] = []
    try:
        assert process.stdout is not None
        if chance.randrange(ONCE_IN):
            found = re.search(r":(\d+)/", process.stdout.readline())
            assert found, "the server does not start"
            clients = [Client(int(found[1])) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.talk) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0, LATEST))
    finally:
        process.kill()
        process.communicate()
    for thread in threads:
        thread.join()
    wrong = [client.wrong for client in clients if client.wrong]
    if process.returncode != -signal.SIGKILL:
        wrong.append(f"it had ended before it was killed, with {process.returncode}")
    return look(trace, clients, wrong)


def look(trace: Path, clients: list[Client], wrong: list[str]) -> Found:
    """Hold a trace that was cut off against what the clients saw."""
    echoes = sum(client.echoes for client in clients)
    if not trace.exists():
        return Found("before the trace was made", problems=tuple(wrong))
    try:
        with Trace.open(trace) as opened:
            wrong += _contradictions(opened, clients)
            octets = sum(wire.size for wire in opened.wires)
            both = len({c.peer for c in opened.connections.values()} & {client.local for client in clients})
            when = "in the midst" if echoes else "at the start"
            return Found(when, len(opened.calls), octets, echoes, both, tuple(wrong))
    except TraceError as error:
        if "the recording never began" in str(error) and not echoes:
            return Found("before the recording began", problems=tuple(wrong))
        return Found("refused", echoes=echoes, problems=(*wrong, str(error)))


def _contradictions(trace: Trace, clients: list[Client]) -> list[str]:
    try:
        consistent(trace)
    except AssertionError as error:
        return [f"something in it points to what is not there: {error}"]
    found = ["it says that it is complete"] if "complete" in trace.meta else []
    by_peer = {connection.peer: number for number, connection in trace.connections.items()}
    for client in clients:
        number = by_peer.get(client.local)
        if number is not None:
            came, went = moved(trace, number, "in"), moved(trace, number, "out")
            if not bytes(client.sent).startswith(came):
                found.append(f"what came from {client.local} is not what it sent")
            if not alike(bytes(client.got), went):
                found.append(f"what went to {client.local} is not what it got")
    return found


def alike(one: bytes, other: bytes) -> bool:
    """Whether they are the same as far as both go: who is killed may have sent what nobody read any more."""
    size = min(len(one), len(other))
    return one[:size] == other[:size]


def campaign(python: str, engine: str, times: int, seed: int) -> list[Found]:
    """So many kills; a dot for each."""
    chance = random.Random(f"{seed} {engine}")
    found = []
    with TemporaryDirectory(prefix="unmagic-") as folder:
        for _ in range(times):
            found.append(kill_once(python, engine, chance, Path(folder)))
            print("!" if found[-1].problems else ".", end="", flush=True, file=sys.stderr)
    print(file=sys.stderr)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--times", type=int, default=50, metavar="N", help="kills for each engine (50)")
    parser.add_argument("--seed", type=int, default=6, metavar="N", help="of the random moments (6)")
    arguments = parser.parse_args()
    right = True
    for python, engines in with_engines().items():
        version = subprocess.check_output([python, "-V"], text=True).strip()
        for engine in engines:
            found = campaign(python, engine, arguments.times, arguments.seed)
            kinds = ", ".join(f"{count} {kind}" for kind, count in Counter(one.kind for one in found).most_common())
            calls, octets, echoes, compared = (
                sum(getattr(one, what) for one in found) for what in ("calls", "octets", "echoes", "compared")
            )
            print(f"{version}, {engine}: killed {len(found)} times ({kinds})")
            print(f"  {echoes:,} echoes seen, {calls:,} calls and {octets:,} bytes on the wire in the traces", end="; ")
            print(f"{compared} connections compared byte by byte")
            for number, one in enumerate(found, 1):
                for problem in one.problems:
                    print(f"  PROBLEM at kill {number}: {problem}")
            right = right and echoes > 0 and compared > 0 and not any(one.problems for one in found)
            print(f"  {'all traces open, and fit together' if right else 'NOT all is well'}", flush=True)
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
