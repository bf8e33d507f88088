"""Programs made of chance: `program(seed)` is the source of a module whose `run(fuel)` says what it did.

Every function uses fuel, so that each program ends; nothing hangs on the clock or on how threads take turns, so that
two runs of one program do the same. (An event loop's own clock would: of a time-out and what is done meanwhile, either
may come first on a busy machine. So `counted.py` has one whose time is counted.) What can be in
one: recursion, closures, classes with metaclasses, properties and `__getattr__`, comprehensions, exceptions through
`finally` and context managers, generators that are sent to, thrown into, closed and delegated to, threads with queues,
and asyncio's tasks, cancelled, timed out and gathered.
"""

from __future__ import annotations

import random
from collections.abc import Callable

HEAD = '''\
import asyncio
import queue
import threading
from contextlib import asynccontextmanager, contextmanager

from campaigns.counted import run_counted

log = []
fuel = 0
looping = False


class Empty(BaseException):
    """No fuel is left."""


class E0(Exception):
    pass


class E1(E0):
    def __init__(self, *words):
        super().__init__(*words)
        self.words = words


def tick():
    global fuel
    fuel -= 1
    if fuel < 0:
        raise Empty
    return fuel


def decorated(function):
    def around(*args, **kwargs):
        log.append("before")
        try:
            return function(*args, **kwargs)
        finally:
            log.append("after")

    return around


class Meta(type):
    def __new__(kind, name, bases, names, **options):
        made = super().__new__(kind, name, bases, names)
        made.options = sorted(options)
        return made

    def __call__(cls, *args):
        made = super().__call__(*args)
        made.made = True
        return made

    def __getitem__(cls, item):
        return (cls.__name__, item)


class Thing(metaclass=Meta, colour=1):
    def __init__(self, n):
        self.n = n

    @property
    def value(self):
        return self.n * 2

    @value.setter
    def value(self, n):
        if n % 3 == 0:
            raise E1(n)
        self.n = n

    def __getattr__(self, name):
        if name.startswith("no"):
            raise AttributeError(name)
        return lambda *args: (name, args)

    def __call__(self, *args, key=None):
        return (self.n, args, key)

    def __eq__(self, other):
        return self.n == other.n

    def __hash__(self):
        return self.n

    def __iter__(self):
        yield self.n
        yield from range(self.n % 3)

    def __enter__(self):
        log.append("enter")
        return self

    def __exit__(self, kind, error, traceback):
        log.append(kind and kind.__name__)
        return kind is E1 and self.n % 2 == 0

    @classmethod
    def make(cls, n):
        return cls(n)

    @staticmethod
    def plain(n):
        return -n


@contextmanager
def managed(n):
    log.append(("managed", n))
    try:
        yield n
    except E0 as error:
        if n % 2:
            raise E1("managed") from error
    finally:
        log.append(("left", n))


@asynccontextmanager
async def managed_later(n):
    await asyncio.sleep(0)
    try:
        yield n
    finally:
        log.append(("left", n))


def recursive(n):
    if n <= 0:
        return 0
    if n % 7 == 5:
        try:
            return recursive(n - 1) + 1
        finally:
            log.append("up")
    return recursive(n - 1) + recursive(n - 3)


def counter(start):
    def add(n=1):
        nonlocal start
        start += n
        return start

    return add


def pure(n):
    """What the threads run: it shares nothing with the others."""
    def steps():
        try:
            for k in range(n % 4):
                yield k
        finally:
            pass

    if n % 5 == 4:
        raise E1(n)
    return sum(steps()) + len([k for k in range(n % 3)])


def in_threads(numbers, count):
    """Numbers, dealt out to threads; what they make of them, in order."""
    ends = [(queue.Queue(), queue.Queue()) for _ in range(count)]

    def worker(place):
        todo, done = ends[place]
        while (n := todo.get()) is not None:
            try:
                done.put(pure(n))
            except E1 as error:
                done.put(error.words)

    threads = [threading.Thread(target=worker, args=(n,), name="worker " + "abc"[n]) for n in range(count)]
    for thread in threads:
        thread.start()
    for n, number in enumerate(numbers):
        ends[n % count][0].put(number)
    found = [ends[n % count][1].get() for n, _ in enumerate(numbers)]
    for todo, _ in ends:
        todo.put(None)
    for thread in threads:
        thread.join()
    return found


def on_a_thread(function):
    """One thread, waited for."""
    found = []

    def body():
        try:
            found.append(function())
        except Exception as error:
            found.append(type(error).__name__)
        except Empty:
            found.append("empty")

    thread = threading.Thread(target=body, name="other")
    thread.start()
    thread.join()
    return found


def play(steps, moves):
    """Do things to a generator."""
    for move in moves:
        try:
            if move == "next":
                log.append(next(steps))
            elif move == "send":
                log.append(steps.send(None if steps.gi_frame is None or steps.gi_frame.f_lasti < 0 else "sent"))
            elif move == "throw":
                log.append(steps.throw(E1("thrown")))
            elif move == "close":
                steps.close()
        except StopIteration as end:
            log.append(("end", end.value))
        except RuntimeError as error:
            log.append(str(error))


def looped(coroutine_function):
    """Run it in an event loop; where one runs already, do nothing."""
    global looping
    if looping:
        return "running"
    looping = True
    try:
        return run_counted(coroutine_function())
    finally:
        looping = False


async def forever(n):
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        log.append(("cancelled", n))
        if n % 2:
            raise
        return n
    finally:
        await asyncio.sleep(0)


async def cancelled(n):
    task = asyncio.create_task(forever(n))
    await asyncio.sleep(0)
    task.cancel("enough")
    try:
        return await task
    except asyncio.CancelledError:
        return "gone"


async def timed_out(n):
    try:
        return await asyncio.wait_for(forever(n), 0.001)
    except asyncio.TimeoutError:
        return "late"


async def gathered(*functions):
    found = await asyncio.gather(*(function() for function in functions), return_exceptions=True)
    return [type(one).__name__ if isinstance(one, BaseException) else one for one in found]


async def handed_on(count):
    line = asyncio.Queue(1)

    async def put():
        for n in range(count):
            await line.put(n)
        await line.put(None)

    task = asyncio.create_task(put())
    found = []
    while (n := await line.get()) is not None:
        found.append(n)
    await task
    return found


def run(n):
    global fuel, looping
    fuel, looping = n, False
    del log[:]
    try:
        log.append(("returned", f0()))
    except BaseException as error:
        log.append(("raised", type(error).__name__))
    print(len(log), log[-1])
    return [repr(one) if isinstance(one, Thing) else one for one in log]
'''

KINDS = {
    **dict.fromkeys(("f0", "f1", "f2"), "plain"),
    **dict.fromkeys(("g0", "g1"), "generator"),
    **dict.fromkeys(("a0", "a1"), "coroutine"),
    **dict.fromkeys(("s0",), "stream"),
}
BODY = "    "


class Maker:
    """Writes one program. `chance` decides everything."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def source(self) -> str:
        lines = [HEAD]
        for name, kind in KINDS.items():
            head = "async def" if kind in ("coroutine", "stream") else "def"
            if kind == "plain" and name != "f0" and self.chance.random() < 0.4:
                lines += ["", "", "@decorated"]
            else:
                lines += ["", ""]
            lines += [f"{head} {name}():", BODY + "tick()", *self.block(kind, self.chance.randint(1, 3), BODY)]
            if kind in ("generator", "stream"):
                lines.append(BODY + "yield 'last'")
        return "\n".join(lines) + "\n"

    def number(self, most: int = 9) -> int:
        return self.chance.randint(0, most)

    def block(self, kind: str, depth: int, pad: str) -> list[str]:
        return [line for _ in range(self.chance.randint(1, 3)) for line in self.statement(kind, depth, pad)]

    def statement(self, kind: str, depth: int, pad: str) -> list[str]:
        simple: list[Callable[[str], list[str]]] = [self.expression, self.expression, self.ends]
        if kind in ("generator", "stream"):
            simple += [self.yields, self.yields]
        if kind == "generator":
            simple.append(self.delegates)
        if kind in ("coroutine", "stream"):
            simple += [self.awaits, self.awaits]
        compound: list[Callable[[str, int, str], list[str]]] = [
            self.tries, self.cleans_up, self.loops, self.manages, self.decides, self.defines,
        ]  # fmt: skip
        if kind in ("coroutine", "stream"):
            compound += [self.loops_later, self.manages_later]
        if depth and self.chance.random() < 0.6:
            return self.chance.choice(compound)(kind, depth - 1, pad)
        return self.chance.choice(simple)(pad)

    # -- one line or two ---------------------------------------------------------------------------------------------

    def expression(self, pad: str) -> list[str]:
        n, m = self.number(), self.number()
        moves = [self.chance.choice(["next", "send", "throw", "close"]) for _ in range(self.chance.randint(1, 4))]
        forms = [
            "f0()", "f1()", "f2()", f"f{self.number(2)}()", f"recursive({n})", f"counter({n})({m})",
            f"Thing({n}).value", f"Thing({n}).anything({m})", f"Thing({n})({m}, key=tick())",
            f"Thing.make({n}).plain({m})",
            f"Thing[{n}]", "Thing.options", f"Thing({n}) == Thing({m})", f"len({{Thing({n}), Thing({m})}})",
            f"getattr(Thing({n}), 'nothing', {m})", f"setattr(Thing({n}), 'value', tick())", f"list(Thing({n}))",
            f"[pure(k) for k in range({n % 4})]", f"{{k: [j for j in range(k)] for k in range({n % 4})}}",
            f"sorted({{k % 3 for k in range({n})}}, key=lambda k: -k)", f"sum(k for k in Thing({n}) if k)",
            f"in_threads(range({n}), {1 + m % 3})", f"on_a_thread(f{self.number(2)})",
            f"play(g{n % 2}(), {moves})", f"list(g{n % 2}())", f"[*map(pure, range({n % 4}))]",
            f"looped(a{n % 2})", "(lambda *a, **k: (a, sorted(k)))(1, *[2], three=tick())",
        ]  # fmt: skip
        return [f"{pad}log.append({self.chance.choice(forms)})"]

    def ends(self, pad: str) -> list[str]:
        what = self.chance.choice(["raise E0", "raise E1(1, 2)", "return", f"assert tick() % 2, 'odd {self.number()}'"])
        return [f"{pad}if tick() % {self.chance.randint(1, 4)} == 0:", f"{pad}    {what}"]

    def yields(self, pad: str) -> list[str]:
        return [f"{pad}log.append((yield {self.number()}))"]

    def delegates(self, pad: str) -> list[str]:
        return [f"{pad}log.append((yield from {self.chance.choice(['g0()', 'g1()', 'Thing(tick())', 'range(2)'])}))"]

    def awaits(self, pad: str) -> list[str]:
        n = self.number()
        forms = [
            "a0()", "a1()", "asyncio.sleep(0)", f"cancelled({n})", f"timed_out({n})", f"handed_on({n % 4})",
            "gathered(a0, a1)", f"gathered(a{n % 2}, lambda: cancelled({n}))", "asyncio.shield(a0())",
        ]  # fmt: skip
        return [f"{pad}log.append(await {self.chance.choice(forms)})"]

    # -- with a body of their own ------------------------------------------------------------------------------------

    def tries(self, kind: str, depth: int, pad: str) -> list[str]:
        caught = self.chance.choice(["E0", "E1", "(E1, AssertionError)", "Exception"])
        again = self.chance.choice([[], [f"{pad}    raise"], [f"{pad}    raise E0('again') from error"]])
        lines = [f"{pad}try:", *self.block(kind, depth, pad + BODY), f"{pad}except {caught} as error:"]
        lines += [f"{pad}    log.append(type(error).__name__)", *self.block(kind, depth, pad + BODY), *again]
        if self.chance.random() < 0.3:
            lines += [f"{pad}else:", *self.block(kind, depth, pad + BODY)]
        return lines

    def cleans_up(self, kind: str, depth: int, pad: str) -> list[str]:
        first, last = (self.block(kind, depth, pad + BODY) for _ in range(2))
        return [f"{pad}try:", *first, f"{pad}finally:", *last]

    def loops(self, kind: str, depth: int, pad: str) -> list[str]:
        over = self.chance.choice(["g0()", "g1()", "range(2)", "Thing(tick())", "[f1, f2]", "iter(tick, 3)"])
        leave = self.chance.choice([[], [f"{pad}    break"], [f"{pad}    if tick() % 2:", f"{pad}        continue"]])
        return [f"{pad}for item in {over}:", *leave, *self.block(kind, depth, pad + BODY)]

    def manages(self, kind: str, depth: int, pad: str) -> list[str]:
        n = self.number()
        manager = self.chance.choice([f"Thing({n})", f"managed({n})", f"Thing({n}), managed({n})"])
        return [f"{pad}with {manager}:", *self.block(kind, depth, pad + BODY)]

    def decides(self, kind: str, depth: int, pad: str) -> list[str]:
        return [f"{pad}if tick() % 2:", *self.block(kind, depth, pad + BODY)]

    def defines(self, kind: str, depth: int, pad: str) -> list[str]:
        name = f"inner_{self.number()}"
        return [f"{pad}def {name}():", *self.block("plain", depth, pad + BODY), f"{pad}log.append({name}())"]

    def loops_later(self, kind: str, depth: int, pad: str) -> list[str]:
        leave = self.chance.choice([[], [f"{pad}    break"]])
        return [f"{pad}async for item in s0():", *self.block(kind, depth, pad + BODY), *leave]

    def manages_later(self, kind: str, depth: int, pad: str) -> list[str]:
        return [f"{pad}async with managed_later({self.number()}):", *self.block(kind, depth, pad + BODY)]


def program(seed: object) -> str:
    """The source of the program of this seed."""
    return Maker(random.Random(f"program {seed}")).source()
