# %% [markdown]
# # 6 · `receive()`: two threads and one message
#
# **Your view called `ws.receive()` before the message existed. Who woke it up, and how did `'Hello'` get from one thread to the other?**
#
# At the end of this notebook you know the second thread that every WebSocket of simple-websocket starts, the list between the two, and the flag. You will have built
# the same thing, and seen why one line in the wrong place loses a message.

# %%
import threading
import time

from flask import Flask
from flask_sock import Sock

from notebooks.course import HELLO, check, frame, lifelines, record, reveal, source, upgrade

# %%
app = Flask("echo")


@Sock(app).route("/echo")
def echo(ws):
    while True:
        ws.send(ws.receive())


# %% [markdown]
# One message, and the end:

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(HELLO)
    client.read_frame()
    client.send(frame(0x8, b"\x03\xe8"))
    client.read_to_end()

# %% [markdown]
# ## Predict: who reads?
#
# Thread B runs your view: it handles the connection, and calls `ws.receive()`. When the eleven bytes come, on which thread is `recv` called?

# %%
guess = ...  # "B", or "another"

# %%
run.contents()

# %% [markdown]
# Message 4 is the text. Its steps:

# %%
run.steps(4)

# %%
reveal("who-reads", guess, "another")

# %% [markdown]
# Read it as two stories. On thread C, the **reader's** thread: `recv` returns, wsproto makes `'Hello'` of the bytes, and an **event** is set. (An event is a flag that threads can wait for.)
# On thread B, which waited for that flag: `receive` returns. In between, the value changes threads: a **handoff**.
#
# When did the reader's `recv` *begin*? Before the message existed: it was called, and blocked. So the story of a message begins where `recv` *returns*.

# %% tags=["hide-input"]
lifelines(
    ("reader (C)", "ws", "view (B)"),
    [
        ("view (B)", "ws", "receive(): the list is empty"),
        ("view (B)", "view (B)", "event.wait()"),
        ("reader (C)", "reader (C)", "recv() returns 11 bytes"),
        ("reader (C)", "ws", "input_buffer.append('Hello')"),
        ("reader (C)", "ws", "event.set()"),
        ("ws", "view (B)", "input_buffer.pop(0)"),
    ],
    "the reader puts a message into a list and sets a flag; the view waits for the flag and takes it out",
)

# %% [markdown]
# Here is the view's side, as simple-websocket has it: wait as long as the list is empty, then take the first.

# %%
from simple_websocket import Server

source(Server.receive, 11, 20)

# %% [markdown]
# And the reader's: read, hand over to the protocol, handle what it meant, again.

# %%
source(Server._thread, 26, 30)

# %% [markdown]
# ## Predict: a copy?
#
# The message goes through a list from one thread to another. Is what the view gets a copy of what wsproto made, or the same object?

# %%
guess = ...  # "a copy" or "the same object"

# %%
run.way("Hello")

# %%
reveal("copy-or-same", guess, "the same object")

# %% [markdown]
# ## Predict: two at once
#
# A client sends two messages in one segment, so one `recv` returns both. The flag is set twice, but a flag is only up or down. The view calls `receive()` twice.
# What does it get: the first only, the second only, or both?

# %%
guess = ...  # "the first", "the second" or "both"

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(frame(0x1, b"one") + frame(0x1, b"two"))
    answers = [client.read_frame()[2:].decode(), client.read_frame()[2:].decode()]
    client.send(frame(0x8, b"\x03\xe8"))
    client.read_to_end()

answers

# %%
reveal("two-at-once", guess, "both")

# %% [markdown]
# ## Exercise: a mailbox
#
# Write the class `Mailbox`: what stands between the two threads. `put(message)` is called by one thread, `get(timeout=None)` by another. `get` waits until there is a message and gives the
# oldest; if none comes within `timeout` seconds, it gives `None`.
#
# Use `threading.Condition`, or a `threading.Event` and a list. Mind what happens when two messages are put before one is taken.


# %% tags=["exercise:Mailbox"]
class Mailbox:
    """Messages from one thread to another, in order."""

    def __init__(self):
        self.messages = []
        self.news = threading.Condition()

    def put(self, message):
        ### BEGIN SOLUTION
        with self.news:
            self.messages.append(message)
            self.news.notify()
        ### END SOLUTION

    def get(self, timeout=None):
        ### BEGIN SOLUTION
        with self.news:
            if self.news.wait_for(lambda: self.messages, timeout):
                return self.messages.pop(0)
        return None
        ### END SOLUTION


# %%
check("Mailbox")

# %% [markdown]
# `reference_impl` uses a condition, too. Compare it with yours; what is more than yours is for the end of the connection.

# %%
from reference_impl.server import Server as OurServer

source(OurServer.receive)

# %% [markdown]
# ## Break it
#
# The view is slow and the client is fast. **Predict:** a view waits, and the client sends 500 messages meanwhile. How many of them will simple-websocket keep in its list?

# %%
guess = ...  # a number

# %%
slow_app = Flask("slow")


@Sock(slow_app).route("/slow")
def slow(ws):
    while len(ws.input_buffer) < 500:
        time.sleep(0.01)
    ws.send(len(ws.input_buffer))


# %% [markdown]
# (`scope=("program",)` records your own functions alone, and so disturbs less.)

# %%
with record(slow_app, scope=("program",)) as flood, flood.connect() as client:
    client.send(upgrade("/slow"))
    client.read_until(b"\r\n\r\n")
    client.send(frame(0x1, b"more") * 500)
    kept = int(client.read_frame()[2:])

reveal("how-many-kept", guess, kept)

# %% [markdown]
# All of them, and it would keep a million, until memory is full: nothing tells the reader to stop. `reference_impl` stops reading when the view is too far behind; then the kernel's
# buffer fills up, and TCP makes the client wait. That is called *back-pressure*, and it is two lines (the last two here):

# %%
source(OurServer._on_message)

# %% [markdown]
# ## What was left out
#
# `ping_interval`, with which the reader waits in a `select` instead of `recv`; how a message's parts are put together. The page [Server](../report/flask_sock/server.md) shows where the second thread comes
# from, and [ws.receive()](../report/flask_sock/receive.md) every step of a message. Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** the way back, and the end: two threads share one socket, and each writes to it. → [7 · `send()` and close, and a race](07_close.ipynb)
