"""What lives how long, printed: files, views, weak references, finalizers and their threads, descriptors."""

import sys
import threading
import weakref

PATH = sys.argv[1]


class Loud:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print(self.name, "ends on", threading.current_thread().name)

    def method(self):
        return None


def save(file, text):
    file.write(text)


def take(x, *more, **named):
    return x


def pair():
    return Loud("in a tuple"), 1


def made():
    yield Loud("yielded")


def holds(loud):
    return take(Holder(loud))


class Holder:
    def __init__(self, loud):
        self.loud = loud


save(open(PATH, "w"), "written")  # noqa: SIM115
print(open(PATH).read())  # noqa: SIM115

data = bytearray(b"0123456789")
take(memoryview(data))
data.extend(b"!")
print(len(data))

take(Loud("an argument"))
print("after the argument")
take(1, Loud("further"), key=Loud("named"))
print("after the further ones")
first, _ = pair()
del first
print("after the tuple")
take(Loud("bound").method)
print("after the method")
for loud in made():
    del loud
print("after the generator")
holds(Loud("an attribute"))
print("after the attribute")

known = weakref.WeakValueDictionary(a=Loud("weak"))
print(len(known))
kept = Loud("kept")
known["b"] = kept
take(kept)
take(kept)
del kept
print(len(known))
