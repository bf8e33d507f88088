# %% [markdown]
# # 1 · The socket
#
# **When a browser sends something, what does your server get: a message, a line, or something else?**
#
# You write `ws.receive()` and get `'Hello'`. You read `request.headers` and get a dictionary. Neither is what comes in at the
# bottom. This notebook is about the bottom. At its end you can say what a socket gives, why nothing that you know from above
# (requests, lines, messages) exists there, and which thread of a real server reads it.
#
# How these notebooks work, all ten of them:
#
# - **Predict.** You write down what you think will happen. It costs ten seconds. A wrong guess is worth more than none.
# - **Reveal.** The code runs, is recorded, and you see what happened: each call, each byte.
# - **Check.** You write a few lines, and `check("…")` tells you whether they are right, or which mistake it was.
# - **Break.** You change something until it fails, and see how.
#
# Run the cells from top to bottom, with Shift-Enter. Where a cell says `guess = ...`, put your guess in the place of the three dots first.

# %%
import socket

from notebooks.course import arrived, boxes, check, record, reveal, source

# %% [markdown]
# ## Three sockets for one connection
#
# A **socket** is a thing that your program holds, and the operating system (its **kernel**) moves bytes through it. A server needs two
# kinds. One **listens**: it has an address, and nothing is ever read from it.

# %%
listener = socket.create_server(("127.0.0.1", 0))  # port 0: any that is free

# %% [markdown]
# A client **connects** to that address. Its side of the connection is a second socket.

# %%
client = socket.create_connection(listener.getsockname())

# %% [markdown]
# The server **accepts**, and that makes the third: the server's side of this one connection. The listener stays as it was, ready for
# the next client.

# %%
server, _ = listener.accept()
boxes(("client", "kernel", "server"), ("sendall", "recv"), ("a socket", "keeps the bytes", "made by accept"))

# %% [markdown]
# The protocol between the two is **TCP**. It promises that bytes arrive in order, each once. What else it promises, and what not, you
# are about to find out.
#
# ## Predict: two sends, one recv
#
# In a moment the client will send three bytes, and then two more. When all five have arrived, the server calls `recv(1024)` once.
# How many bytes will it get?

# %%
guess = ...  # a number

# %% [markdown]
# `record()` notes every call on every socket while the block below runs. (`arrived` waits until five bytes lie ready, without
# taking them, so that this does not depend on luck.)

# %%
with record() as run:
    client.sendall(b"Hel")
    client.sendall(b"lo")
    arrived(server, 5)
    got = server.recv(1024)

# %%
reveal("one-recv", guess, len(got))

# %% [markdown]
# And this is what was recorded. Two calls put bytes in, one took them all out. (The row in the middle is `arrived`, which only
# looked.)

# %%
run.calls()

# %% [markdown]
# So a socket gives a **stream**: bytes in order, and no marks in it. It goes the other way, too: what was sent in one piece can be
# taken in three.

# %%
client.sendall(b"Hello")
arrived(server, 5)
server.recv(2), server.recv(2), server.recv(2)

# %% [markdown]
# The last `recv(2)` had only one byte to give. The number is the most that you are ready to take, not what you will get.
#
# ## Predict: the end
#
# Now the client closes its side. What will `recv` return then: `None`, an error, or something else? Or will it wait?

# %%
guess = ...  # a value, "an error", or "it waits"

# %%
client.close()
end = server.recv(1024)
reveal("after-the-end", guess, end)

# %% [markdown]
# ## Exercise: find a line in the stream
#
# HTTP is made of lines, and TCP has none. So whoever speaks HTTP has to cut them out, and this is the first thing that a web server
# does. Write `read_line(recv)`. It calls `recv(n)`, as often as it needs to, and returns one line with its `\n`. If the other side
# leaves before that, it returns what had come. And it takes nothing that belongs to the next line.


# %% tags=["exercise:read_line"]
def read_line(recv):
    """Return the bytes up to and with the next newline; fewer if the connection ends before."""
    ### BEGIN SOLUTION
    line = b""
    while not line.endswith(b"\n"):
        byte = recv(1)
        if not byte:  # the other side has left
            break
        line += byte
    return line
    ### END SOLUTION


# %%
check("read_line")

# %% [markdown]
# A byte at a time is slow, of course. Real servers take what is there into a **buffer**, and cut lines out of that. You will meet
# three such buffers on the way up: in Python's `http.server`, in h11, and in wsproto.
#
# ## The real thing: Flask
#
# Here is a whole web program. `record(app)` serves it with Werkzeug, the server that `flask run` uses, and `run.connect()`
# opens a connection to it, as a browser would.

# %%
from flask import Flask

app = Flask("hello")

# %% [markdown]
# A program's **view** is the function that answers a request. This one has one:


# %%
@app.route("/")
def index():
    return "Hello"


# %% [markdown]
# A **thread** is a line of execution; several run side by side in one program. **Predict:** the server's thread is called A. It waits
# in `accept`. When a client has come: on which thread will the server read what that client sends, on A or on another?

# %%
guess = ...  # "A", or "another"

# %%
with record(app) as run, run.connect() as client:
    client.send(b"GET / HTTP/1.1\r\nHost: server.example.com\r\n\r\n")
    answer = client.read_to_end()

run.contents()

# %% [markdown]
# These are the **messages** of the connection: what a reader would call a request and an answer. The first row is the connection
# itself. Look at its steps. Each is a call that happened, and each name is a link to the exact lines that ran; `→` in the last column is
# what the call returned.

# %%
run.steps(1)

# %%
reveal("which-thread", guess, "another")

# %% [markdown]
# And the first read of the request, on that other thread. The whole request came in one `recv_into`, since it is short. Nothing
# promises that.

# %%
run.steps(2, "socket")

# %% [markdown]
# A **lane** in the recordings is the library that a function belongs to (the third column; `python` is Python's own). When a function of one
# library calls one of another, that is a **crossing**, and the tables show these alone. `run.steps(1, every=True)` shows every call.
#
# ## The same in ten lines
#
# `reference_impl` is this stack once more, small enough to read in an evening. Its `accept` does what you have just seen: a socket, a
# thread for it, and back to waiting.

# %%
from reference_impl.http import WSGIServer

source(WSGIServer._accept)

# %% [markdown]
# ## Break it
#
# Take the blank line away from the request above (the second `\r\n` at its end), and run the cell again. The client waits
# five seconds, and then says that nothing came. Who is waiting for what? (The server is in your `read_line`, or its cousin: it has a
# line, and waits for the next. Nothing in TCP tells it that there will be none.)
#
# ## What was left out
#
# How TCP keeps its promise: numbers on bytes, acknowledgements, sending again. You need none of it to read a web server, and
# [RFC 9293](https://www.rfc-editor.org/rfc/rfc9293) tells all. From `app.run` to `accept`, call by call, is on the
# page [TCP connections](../report/flask_sock/tcp.md). Words are in the [glossary](glossary.md).
#
# **To step through:** the same run as a page, with the lines that ran. Use the arrow keys.

# %%
run.explore()

# %% [markdown]
# **Next:** the bytes of a request are a stream. Who turns them into `request.headers`? → [2 · HTTP headers from
# bytes](02_headers.ipynb)
