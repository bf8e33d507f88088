"""Every shape of call that Python has, each small enough to know its calls by heart."""

import asyncio
import functools
import threading
from _thread import allocate_lock


def counter(n):
    got = []
    for i in range(n):
        got.append((yield i))
    return got


def use_counter():
    steps = counter(2)
    first = next(steps)
    second = steps.send("a")
    try:
        steps.send("b")
    except StopIteration as end:
        return first, second, end.value


def patient():
    while True:
        try:
            yield "waiting"
        except ValueError as error:
            yield f"caught {error}"


def throw_and_close():
    steps = patient()
    next(steps)
    answer = steps.throw(ValueError("v"))
    steps.close()
    return answer


def never_begun():
    yield "never"


def throw_before_start():
    steps = never_begun()
    try:
        steps.throw(KeyError("early"))
    except KeyError as error:
        return error.args[0]


def close_before_start():
    never_begun().close()
    return "closed"


def inner():
    got = yield 1
    yield got
    return "inner is done"


def outer():
    result = yield from inner()
    yield result


def delegate():
    steps = outer()
    return [next(steps), steps.send("sent"), next(steps)]


def delegate_throw():
    steps = outer()
    next(steps)
    try:
        steps.throw(LookupError("down"))
    except LookupError as error:
        return error.args[0]


def finaliser(log):
    try:
        yield 1
    finally:
        log.append("finally")


def dropped():
    log = []
    for _ in finaliser(log):
        break
    return log


def bottom():
    raise KeyError("k")


def middle():
    return bottom()


def passes():
    try:
        middle()
    except KeyError:
        return "caught"


def reraises():
    try:
        bottom()
    except KeyError:
        raise


def replaces():
    try:
        bottom()
    except KeyError as error:
        raise RuntimeError("instead") from error


def swallow(function):
    try:
        function()
    except Exception as error:
        return type(error).__name__


def finally_returns():
    try:
        bottom()
    finally:
        return "kept"  # noqa: B012


def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)


def is_even(n):
    return True if n == 0 else is_odd(n - 1)


def is_odd(n):
    return False if n == 0 else is_even(n - 1)


def loud(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs) + "!"

    return wrapper


@loud
def greet(name, *, mark=""):
    return f"hello {name}{mark}"


class Shape:
    sides = 4

    def __init__(self, width):
        self.width = width

    @property
    def area(self):
        return self.width**2

    @area.setter
    def area(self, value):
        self.width = value

    @classmethod
    def unit(cls):
        return cls(1)

    @staticmethod
    def plain(x):
        return x

    def __add__(self, other):
        return Shape(self.width + other.width)


def objects():
    shape = Shape.unit() + Shape(2)
    shape.area = 7
    return shape.area, Shape.plain(5)


def lambdas():
    return sorted([3, 1, 2], key=lambda n: -n)


def comprehensions():
    listed = [n * 2 for n in range(3)]
    mapped = {n: factorial(n) for n in range(2)}
    lazy = sum(n for n in listed)
    return listed, mapped, lazy


def class_body():
    class Made:
        value = factorial(2)

    return Made.value


def all_arguments(a, b=2, /, c=3, *rest, d, e=5, **more):
    a = "changed after the call began"
    return a


def call_all():
    return all_arguments(1, d=4, f=6) and all_arguments(1, 2, 3, 4, 5, d=6)


def in_thread(box, x):
    box.append(factorial(x))


def threads():
    box = []
    for x in (2, 3):
        thread = threading.Thread(target=in_thread, args=(box, x), name=f"worker-{x}")
        thread.start()
        thread.join()
    return box


def raw_thread():
    from _thread import start_new_thread  # while it is recorded: what was imported before is out of settrace's reach

    box, done = [], allocate_lock()
    done.acquire()

    def body():
        in_thread(box, 4)
        done.release()

    start_new_thread(body, ())
    assert done.acquire(timeout=10)
    return box


def pull(steps, box):
    box.append(next(steps))


def generator_changes_thread():
    steps, box = counter(3), []
    pull(steps, box)
    thread = threading.Thread(target=pull, args=(steps, box), name="puller")
    thread.start()
    thread.join()
    pull(steps, box)
    return box


async def add(a, b):
    await asyncio.sleep(0)
    return a + b


async def count_to(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


class Manager:
    async def __aenter__(self):
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, kind, error, traceback):
        await asyncio.sleep(0)
        return kind is ValueError


async def fails():
    await asyncio.sleep(0)
    raise ValueError("async")


async def asynchronous():
    total = sum(await asyncio.gather(add(1, 2), add(3, 4)))
    async for i in count_to(2):
        total += i
    async with Manager():
        await fails()
    squares = [i async for i in count_to(2)]
    return total, squares


def run_async():
    return asyncio.run(asynchronous())


async def hangs():
    try:
        await asyncio.get_running_loop().create_future()
    except asyncio.CancelledError:
        return "cancelled"


async def cancels():
    task = asyncio.ensure_future(hangs())
    await asyncio.sleep(0)
    task.cancel()
    return await task


def run_cancel():
    return asyncio.run(cancels())


def unhashable(values):
    return {"set": {1, 2, 3}, "none": None, "values": values}


class First(Exception):
    pass


class Second(Exception):
    pass


def handled_meanwhile():
    try:
        raise First
    finally:
        try:
            raise Second
        except Second:
            pass


def replaced_meanwhile():
    try:
        raise First
    finally:
        try:
            raise Second
        finally:
            is_even(0)


def raised_again():
    try:
        raise First
    except First:
        swallow(replaced_meanwhile)
        raise


def will_not_end():
    try:
        yield 1
    finally:
        yield 2


def closed_in_vain():
    steps = will_not_end()
    next(steps)
    try:
        steps.close()
    except RuntimeError:
        next(steps)


def waits_with_one():
    try:
        raise First
    finally:
        swallow(replaced_meanwhile)
        yield from iter([1])


def thrown_out():
    steps = waits_with_one()
    next(steps)
    steps.throw(Second)


def retries():
    for _ in range(3):
        try:
            yield
        except Second:
            continue


def tried_again():
    steps = retries()
    next(steps)
    steps.throw(Second)
    next(steps)


def several_at_once():
    left = []
    for function in (handled_meanwhile, replaced_meanwhile, raised_again, closed_in_vain, thrown_out, tried_again):
        try:
            function()
        except BaseException as error:
            left.append(type(error).__name__)
    return left


EVERYTHING = {
    name: globals()[name]
    for name in (
        "use_counter", "throw_and_close", "throw_before_start", "close_before_start", "delegate", "delegate_throw",
        "dropped", "passes", "finally_returns", "objects", "lambdas", "comprehensions", "class_body", "call_all",
        "threads", "raw_thread", "generator_changes_thread", "run_async", "run_cancel", "several_at_once",
    )
}  # fmt: skip
