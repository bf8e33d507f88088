# %% [markdown]
# # 7 · `send()` and close, and a race in a real library
#
# **Your view has returned, and the WebSocket is closed. Why does the client get `HTTP/1.1 200 OK` after that?**
#
# At the end of this notebook you can follow a value from `ws.send()` to the bytes, say what a close is, and explain a fault of a real stack from its trace. You will see how
# `reference_impl` avoids it.

# %%
from flask import Flask
from flask_sock import Sock

from notebooks.course import HELLO, check, close, lifelines, record, reveal, source, upgrade


# %%
def echo(ws):
    while True:
        ws.send(ws.receive())


app = Flask("echo")
Sock(app).route("/echo")(echo)

# %% [markdown]
# The client says `Hello`, and then closes: it sends a **close frame**, with a number that says why (1000: all is well) and a reason, and waits for the server's. Close, ping and
# pong are **control frames**: they are about the connection, and no view sees them.


# %%
def talk(run):
    with run.connect() as client:
        client.send(upgrade("/echo"))
        client.read_until(b"\r\n\r\n")
        client.send(HELLO)
        client.read_frame()
        client.send(close(1000, "bye"))
        client.read_to_end()


# %%
with record(app) as run:
    talk(run)

# %% [markdown]
# ## `send()`
#
# **Predict:** the view sends `'Hello'`. The client's `Hello` was eleven bytes. How many will the server's be?

# %%
guess = ...  # a number

# %%
run.way("Hello", out=True)

# %%
reveal("bytes-out", guess, run.message(5).size)

# %% [markdown]
# It is the way of notebook 5 backwards, and shorter: encode, put two bytes in front, write. And it is all on *one* thread, that of the view. Nobody waits for anybody.

# %%
from simple_websocket import Server

source(Server.send, 10, 14)

# %% [markdown]
# ## The close
#
# When the client's close frame comes, the server answers with one of its own. **Predict:** on which thread is that written? Thread B is the view's, which waits in `receive()`; thread C is
# the reader's (notebook 6).

# %%
guess = ...  # "B" or "C"

# %%
run.contents()

# %%
reveal("who-closes", guess, "C")

# %% [markdown]
# The last row is the question at the top: an HTTP answer, on a connection that has not spoken HTTP since the handshake. A client that is strict takes these bytes for a frame: `H` is
# `0x48`, so FIN is 0, a reserved bit is set, and the opcode is 8. Who sent it? Look at the thread, and at the library.

# %%
run.steps(8)

# %% [markdown]
# It is Werkzeug's handler (it inherits these methods from Python's), on the view's thread. The view has returned, Flask has made a response of that, and a server writes the response: it does not know that this connection is no longer HTTP.
#
# And this is how thread C writes the close frame:

# %%
run.steps(7)

# %% [markdown]
# Look closely: the reader sets the event in step 2, which wakes the view, and *then* writes the close frame in step 4.
#
# **Predict:** so which of the two reaches the client first?

# %%
guess = ...  # "the close frame", "the answer", or "either"

# %%
reveal("who-is-first", guess, "either")

# %% [markdown]
# From step 2 on, both threads run towards the same socket:

# %% tags=["hide-input"]
lifelines(
    ("reader (C)", "view (B)", "socket"),
    [
        ("reader (C)", "view (B)", "event.set(): wake up"),
        ("view (B)", "view (B)", "receive() raises"),
        ("reader (C)", "socket", "the close frame"),
        ("view (B)", "socket", "HTTP/1.1 200 OK"),
    ],
    "after the event is set, both threads write to the socket, and nothing fixes which is first",
)

# %% [markdown]
# That is a **race**: what comes first depends on luck. It is why no table here orders two threads by time. Try it: this function tells what came first. Take away the `#` in the
# second of these cells, and it is called twenty times.


# %%
def first_to_come():
    with record(app, scope=("program",)) as run, run.connect() as client:
        client.send(upgrade("/echo"))
        client.read_until(b"\r\n\r\n")
        client.send(close(1000))
        return "close frame" if client.read_to_end().startswith(b"\x88") else "HTTP"


# %%
# [first_to_come() for _ in range(20)]

# %% [markdown]
# ## The cure
#
# Here is the same view on `reference_impl`. It is the same Python function; the stack below it is another.

# %%
import reference_impl

ours = reference_impl.App("echo")
reference_impl.Sock(ours).route("/echo")(echo)

with record(ours) as cured:
    talk(cured)

# %%
cured.contents()

# %% [markdown]
# No HTTP. When its reader's thread has written the close frame, it does three things, in this order: it says that nothing more will be written (`SHUT_WR`), so that whatever a server wants to say cannot reach
# the client; *then* it sets `hung_up`, and only now does `receive` raise in the view; and it stays until the client has closed, too.

# %%
source(reference_impl.Server._thread, 13, 17)

# %% [markdown]
# Whether writes of two threads could mix is a question, too. In `reference_impl` there is one place that writes, and it takes a lock:

# %%
source(reference_impl.Server._write)

# %% [markdown]
# ## Exercise: a close frame
#
# Write `close_payload(code, reason="")`: what stands in a close frame behind its header. Two bytes of code, the highest first, and the reason in UTF-8. A control frame holds 125 bytes at
# most, so cut the reason, but never in the middle of a character. Without a code (`None`) it is empty.


# %% tags=["exercise:close_payload"]
def close_payload(code, reason=""):
    """The payload of a close frame (RFC 6455, 5.5.1)."""
    ### BEGIN SOLUTION
    if code is None:
        return b""
    cut = reason.encode()[:123].decode(errors="ignore")
    return code.to_bytes(2, "big") + cut.encode()
    ### END SOLUTION


# %%
check("close_payload")

# %% [markdown]
# ## Exercise: and read one
#
# Write `closed_with(payload)`: the code and the reason of a close frame's payload. If it is empty, the code is 1005, which says "there was none" and is never sent. One byte alone is no code: raise `ValueError`.


# %% tags=["exercise:closed_with"]
def closed_with(payload):
    """(code, reason) of a close frame's payload (RFC 6455, 7.1.5 and 7.1.6)."""
    ### BEGIN SOLUTION
    if not payload:
        return 1005, ""
    if len(payload) == 1:
        raise ValueError("a code is two bytes")
    return int.from_bytes(payload[:2], "big"), payload[2:].decode()
    ### END SOLUTION


# %%
check("closed_with")

# %% [markdown]
# ## Break it
#
# Let the *view* close: write a view that echoes one message and then calls `ws.close(1001, "going away")`, give it to a new `Flask` and `Sock`, and record `talk` with it. Which thread writes
# the close frame now? Is there still a race? (Compare the threads of the rows `← out` in `contents()`.)
#
# ## What was left out
#
# What a client does that gets HTTP instead of a frame (browsers have closed by then, and say nothing). Ping and pong, the other control frames. The page [ConnectionClosed and close](../report/flask_sock/close.md) shows six ways in
# which a connection ends, and [ws.send()](../report/flask_sock/send.md) every step of a send. Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** you have seen how it works. Now everything that can be wrong. → [8 · Break it](08_break_it.ipynb)
