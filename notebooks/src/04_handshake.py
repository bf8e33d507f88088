# %% [markdown]
# # 4 · The handshake
#
# **A WebSocket begins as an HTTP request. What turns the one into the other, and what is the strange key for?**
#
# At the end of this notebook you can read the request and its answer, compute yourself what the answer makes of the key, and say which libraries took part. And
# you will have found that a real stack answers a bad request in a way that it should not.

# %%
from flask import Flask
from flask_sock import Sock

from notebooks.course import HELLO, check, lifelines, record, reveal, source, upgrade

# %% [markdown]
# The view, and its route: `route("/echo")(echo)` is what `@route("/echo")` is short for (notebook 3), and leaves us the name `echo`.


# %%
def echo(ws):
    ws.send(ws.receive())


app = Flask("echo")
Sock(app).route("/echo")(echo)


# %% [markdown]
# ## The request
#
# This is the example of [RFC 6455, 1.3](https://www.rfc-editor.org/rfc/rfc6455#section-1.3). It is a plain HTTP request. Two headers ask the
# server to *upgrade*: to stop speaking HTTP on this connection, and to speak WebSocket from then on.

# %%
print(upgrade("/echo").decode())

# %% [markdown]
# `Sec-WebSocket-Key` is a **nonce**: 16 random bytes, used once, written in base64. **Predict:** what must the server do with it?
#
# - A: keep it, and encrypt everything with it
# - B: look up whether this client may come in
# - C: compute something from it, and send that back

# %%
guess = ...  # "A", "B" or "C"

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(HELLO)
    client.read_to_end()

# %% [markdown]
# This is what came back. Look at the fifth row.

# %%
run.octets(3)

# %%
reveal("what-key", guess, "C")

# %% [markdown]
# ## The answer
#
# `101 Switching Protocols`: after its empty line HTTP is over, and both sides send **frames**, of which notebook 5 tells. It is the same socket, the
# same TCP connection; only the meaning of its bytes has changed.

# %% tags=["hide-input"]
lifelines(
    ("client", "server"),
    [
        ("client", "server", "GET /echo, Upgrade: websocket"),
        ("server", "server", "computes the token"),
        ("server", "client", "101 Switching Protocols"),
        ("client", "server", "a frame"),
        ("server", "client", "a frame"),
    ],
    "a handshake, and then frames both ways",
)

# %% [markdown]
# The value of `Sec-WebSocket-Accept` is called the token here. It is made of the client's key, and of a text that stands in the RFC and nowhere
# else, the **GUID**. So a server that sends it back has read the RFC: it is no cache, no old HTTP server, no form that somebody was tricked into sending.
#
# ## Exercise: the token
#
# Write `accept_token(key)`. By [4.2.2](https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2): take the key *as it is written*, put the GUID behind it, take the SHA-1 hash
# of that, and write the hash in base64. Key and token are `str`.

# %%
import base64
import hashlib

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


# %% tags=["exercise:accept_token"]
def accept_token(key):
    """The value of Sec-WebSocket-Accept for that of Sec-WebSocket-Key."""
    ### BEGIN SOLUTION
    digest = hashlib.sha1((key + GUID).encode()).digest()
    return base64.b64encode(digest).decode()
    ### END SOLUTION


# %%
check("accept_token")

# %% [markdown]
# ## Who does it?
#
# **Predict:** Python's `http.server` has parsed this request already (notebook 2). How many times is it parsed in all, before the 101 goes out?

# %%
guess = ...  # a number

# %% [markdown]
# Here are the steps from the view to the answer, in three libraries. `→` is what a call returned, `↯` what it raised, `⇢` what a generator yielded;
# `↻` is a generator that goes on, and `× 6` are six such calls in a row.

# %%
run.steps(3, "simple_websocket", "wsproto", "h11")

# %%
reveal("parsed-how-often", guess, 2)

# %% [markdown]
# `h11` is a parser of HTTP. Why does it run, when the request is in the environ? Because `wsproto` wants bytes, and there are none any more. So
# simple-websocket writes the request anew, from the environ:

# %%
from simple_websocket import Server

source(Server.handshake)

# %% [markdown]
# The path is not even in it: it says `GET /`, since nobody looks. (And `reference_impl` does the same, with the path. An agreement such as WSGI costs
# something, where one has to go around it.)
#
# ## Break it
#
# A client may send anything. Here are four requests, each with something wrong. **Predict:** what will Flask-Sock answer to the one without a key?

# %%
guess = ...  # a status code

# %%
good = upgrade("/echo")
BAD = {
    "no key": upgrade("/echo", key=None),
    "a key of five letters": upgrade("/echo", key="short"),
    "version 8": good.replace(b"Version: 13", b"Version: 8"),
    "no Upgrade": good.replace(b"Upgrade: websocket\r\n", b""),
}


# %%
def answers(run):
    for what, request in BAD.items():
        with run.connect() as client:
            client.send(request)
            yield what, client.read_until(b"\r\n").decode().strip()


# %%
with record(app, log=False) as run:
    theirs = dict(answers(run))

theirs

# %%
reveal("no-key", guess, theirs["no key"].split()[1])

# %% [markdown]
# 500 says "the fault is mine", and it is not: the client's request was bad. `wsproto` raises an error that says exactly what is missing, and
# nobody catches it: not simple-websocket, not Flask-Sock. So Flask takes it for a fault of your view. The trace shows how far up it went:

# %%
run.steps(2, "flask", "flask_sock", "simple_websocket", "wsproto")

# %% [markdown]
# And a key of five letters is accepted, though it must be 16 bytes. Now the same four against `reference_impl`, which checks section 4.2.1 item by item:

# %%
import reference_impl

ours = reference_impl.App("echo")
reference_impl.Sock(ours).route("/echo")(echo)

with record(ours) as run:
    print(*answers(run), sep="\n")

# %% [markdown]
# It is a table: what must hold, what to answer if it does not, and the sentence.

# %%
from reference_impl import handshake

source(handshake.check_request)

# %% [markdown]
# ## What was left out
#
# Subprotocols and extensions, which are agreed on here, too (compression is one: RFC 7692). `Origin`, by which a server can refuse pages of other sites.
# The page [the handshake](../report/flask_sock/handshake.md) has every step, and what happens to bad ones. Words are in the
# [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** the connection speaks WebSocket. What are those eleven bytes? → [5 · A frame, bit by bit](05_frame.ipynb)
