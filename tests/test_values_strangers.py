"""Values as text: a stranger's code is never run for it, and types and attributes are told as they really are."""

from __future__ import annotations

import pytest
from helpers_engines import engine as engine
from helpers_recording import argument, consistent, from_source, named, recorded, text
from helpers_values import given_to

HOSTILE = '''\
ran = []


def trap(name):
    def method(*args, **kwargs):
        ran.append(name)
        raise RuntimeError(name)

    return method


NAMES = """__repr__ __str__ __eq__ __ne__ __hash__ __len__ __length_hint__ __iter__ __next__ __bool__ __getattribute__
__getattr__ __setattr__ __delattr__ __getitem__ __contains__ __format__ __bytes__ __int__ __index__ __float__ __dir__
__call__ __lt__ __le__ __gt__ __ge__ __reduce__ __reduce_ex__ __sizeof__ __enter__ __exit__ __reversed__ __copy__
__deepcopy__ __getstate__ __fspath__ __buffer__ __missing__ __instancecheck__ __subclasscheck__ __await__ keys items
values decode encode read tobytes""".split()
TRAPS = {name: trap(name) for name in NAMES}


class Meta(type):
    locals().update({name: trap("meta " + name) for name in NAMES if name not in ("__call__",)})
    __name__ = property(trap("meta __name__"))
    __module__ = property(trap("meta __module__"))
    __dict__ = property(trap("meta __dict__"))
    __mro__ = property(trap("meta __mro__"))
    __bases__ = property(trap("meta __bases__"))
    __doc__ = property(trap("meta __doc__"))
    mro_entries = property(trap("meta mro_entries"))


class Plain:
    locals().update(TRAPS)
    __class__ = property(trap("__class__ lies"))
    __dict__ = property(trap("__dict__ lies"))
    area = property(trap("property"))


class Slots:
    __slots__ = ("a", "b")
    locals().update({n: t for n, t in TRAPS.items()})


class Hidden(Slots):
    """Its slot is shadowed by a property."""

    __slots__ = ()
    a = property(trap("shadowed slot"))


class WithMeta(metaclass=Meta):
    pass


class Int(int):
    locals().update(TRAPS)


class Float(float):
    locals().update(TRAPS)


class Str(str):
    locals().update(TRAPS)


class Bytes(bytes):
    locals().update(TRAPS)


class Array(bytearray):
    locals().update(TRAPS)


class List(list):
    locals().update(TRAPS)


class Tuple(tuple):
    locals().update(TRAPS)


class Dict(dict):
    locals().update(TRAPS)


class Set(set):
    locals().update(TRAPS)


class Frozen(frozenset):
    locals().update(TRAPS)


class Error(Exception):
    locals().update(TRAPS)
    args = property(trap("args"))


class Descriptor:
    __get__ = trap("__get__")
    __set__ = trap("__set__")


class Described:
    d = Descriptor()


class Half:
    """Half-built: the attribute that its methods need is not there yet."""

    def __new__(cls):
        self = object.__new__(cls)
        give(self)
        return self

    def __init__(self):
        give(self)
        self.whole = 1
        give(self)

    def __repr__(self):
        ran.append("half repr")
        return self.whole


class Key:
    """A dictionary's key: hashable once, then never again."""

    armed = False

    def __hash__(self):
        if Key.armed:
            ran.append("hash of a key")
            raise RuntimeError
        return 1

    def __eq__(self, other):
        ran.append("eq of a key")
        raise RuntimeError

    def __repr__(self):
        ran.append("repr of a key")
        raise RuntimeError


class Odd:
    pass


def make():
    Key.armed = False
    made = [object.__new__(Plain), object.__new__(Slots), object.__new__(Hidden), object.__new__(Described)]
    made += [WithMeta, type.__call__(WithMeta), Plain, Slots]
    made += [int.__new__(Int, 5), float.__new__(Float, 5), str.__new__(Str, "s"), bytes.__new__(Bytes, b"b")]
    made += [bytearray.__new__(Array), tuple.__new__(Tuple, (1, 2)), list.__new__(List), dict.__new__(Dict)]
    made += [set.__new__(Set), frozenset.__new__(Frozen, [1]), Exception.__new__(Error, 1)]
    list.extend(made[14], [1, 2])
    dict.__setitem__(made[15], "k", 1)
    set.add(made[16], 1)
    object.__setattr__(made[0], "attribute", made[1])
    keys, odd, many = {Key(): 1}, Odd(), Odd()
    odd.__dict__.update({Key(): 1, "plain": 2})
    many.__dict__.update({f"a{number}": number for number in range(70)})
    many.__dict__[Key()] = 1
    Key.armed = True
    made += [odd, many]
    made += [keys, list(made), {"all": tuple(made)}]
    return [*made, (lambda: None), make, iter([]), object.__init__.__get__(made[0])]


def give(x, *rest, **named):
    return x


def throw(error):
    raise error


def step(x):
    got = yield x
    yield got


def compared():
    """Functions whose arguments are compared or hashed by nobody, in each place where values are recorded."""
    made = make()
    for x in made:
        give(x)
        give(1, x, key=x)
        steps = step(x)
        steps.send(None)
        steps.send(x)
        steps.close()
    try:
        throw(made[18])
    except BaseException:
        pass
    Half()
    return [id(give(x)) for x in made] == [id(x) for x in made]


def run():
    del ran[:]
    try:
        compared()
    except BaseException as error:
        ran.append(type.__repr__(type(error)))
    return list(ran)
'''


@pytest.mark.parametrize("show", [False, True], ids=["masked", "shown"])
def test_no_method_of_a_strangers_is_ever_run(tmp_path, engine, show):
    plain = from_source(HOSTILE, tmp_path).run()
    module = from_source(HOSTILE, tmp_path)
    done = recorded(tmp_path / "t.trace", module.run, program=str(tmp_path), engine=engine, show_secrets=show)
    assert plain == []
    assert done.result == []
    assert done.error is None
    with done.trace() as trace:
        consistent(trace)
        assert len(named(trace, "give")) > 50
        halves = [trace.value(argument(trace, c, "x")) for c in named(trace, "give")]
        parts = [[label for label, _ in trace.parts.get(h.id, ())] for h in halves if h.type == "made.Half"]
        assert parts == [[], [], [".whole"]]


def test_types_are_told_by_their_real_names(tmp_path):
    class Liar:
        @property
        def __class__(self) -> type:
            return int

    _, (value,) = given_to(tmp_path, Liar())
    assert value.type.endswith("Liar") and value.kind == "object"


def test_an_objects_attributes_and_slots(tmp_path):
    class Both:
        __slots__ = ("__dict__", "a", "unset")

        def __init__(self) -> None:
            self.a = 1
            self.b = "two"

    trace, (value,) = given_to(tmp_path, Both())
    parts = {label: text(trace, child) for label, child in trace.parts[value.id]}
    assert parts == {".a": "1", ".b": "two"}
