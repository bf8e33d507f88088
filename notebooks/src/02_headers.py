# %% [markdown]
# # 2 · HTTP headers from bytes
#
# **`request.headers["X-Question"]` is a `str`. Which bytes on the wire is it, and who cut it out?**
#
# Notebook 1 ended with a stream of bytes and a thread that reads it. At the end of this one you can follow one header all the way: as
# bytes, as a line, as an entry in a dictionary, as what your view gets. You will have written the parser, too.

# %%
from flask import Flask, request

from notebooks.course import boxes, check, record, reveal, source

# %% [markdown]
# The program for it: a view that answers with one header of the request.

# %%
app = Flask("question")


@app.route("/question")
def question():
    return request.headers.get("X-Question", "no question")


# %% [markdown]
# The client sends a request with three **headers**: lines of a name, a colon and a value, between the first line and an empty one. Each line
# ends with two bytes, `\r\n`.

# %%
HEADERS = b"Host: server.example.com\r\nX-Question: Who parsed me?\r\nAccept: text/plain\r\n"
REQUEST = b"GET /question HTTP/1.1\r\n" + HEADERS + b"\r\n"

# %% [markdown]
# What comes back has an empty line, too. What stands after it is what the view returned:

# %%
with record(app) as run, run.connect() as client:
    client.send(REQUEST)
    answer = client.read_to_end()

answer.partition(b"\r\n\r\n")[2]

# %% [markdown]
# What you have now is a **trace**: one recorded run, in a file. It holds **calls** (who called which function, from which line, with
# what, and what came of it) and **wire events** (bytes that crossed a socket, and the call that moved them). The tables are made of
# it, after the run.

# %%
run.contents()

# %% [markdown]
# Here is the request again, byte by byte. A **field** is a run of bytes that the protocol has a name for. Every byte is in exactly one
# field: no byte is left without a name.

# %%
run.octets(2)

# %% [markdown]
# ## Predict: which module?
#
# Python's standard library has packages called `http`, `urllib`, `json`, `email` and more. Which of them took the header apart, at the colon?

# %%
guess = ...  # a package, such as "json"

# %% [markdown]
# The trace can answer that, because it can follow one value. A **journey** is the life of a value: the bytes that came in, the piece that
# was cut out of them, what was made of that, up to what the view got. Nothing in it goes by names: a step is there because it is the
# same object, or because one was made from the other.

# %%
run.way("Who parsed me?")

# %%
reveal("which-parser", guess, "email")

# %% [markdown]
# Read the table from the top. The bytes are read; a line is cut out (`_read_headers` is a function of `http.client`); the lines are joined and
# decoded; `email` cuts the value out (`Parser`, `FeedParser` and `Compat32` are classes of that package); and then it is the *same object*
# from hand to hand, until the view has it.
#
# ## The environ
#
# Between the server and Flask there is an agreement, **WSGI**: an application is a function that is called with a dictionary, the
# **environ**, and everything about the request is in there. Flask never sees a byte of the request's head.

# %% tags=["hide-input"]
boxes(
    ("socket", "http.server", "werkzeug", "flask", "view"),
    ("bytes", "lines", "environ", "request"),
    ("", "cuts", "renames", "looks up", "asks by name"),
)

# %% [markdown]
# **Predict:** under which key is `X-Question` in the environ?

# %%
guess = ...  # a str

# %% [markdown]
# These are the lines of Werkzeug that put it there.

# %%
from werkzeug.serving import WSGIRequestHandler

source(WSGIRequestHandler.make_environ, 45, 55)

# %% [markdown]
# And here is an application without Flask, in four lines. It answers with the keys that it was given.


# %%
def bare(environ, start_response):
    body = ", ".join(key for key in environ if "QUESTION" in key).encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


# %%
with record(bare) as run, run.connect() as client:
    client.send(REQUEST)
    keys = client.read_to_end().partition(b"\r\n\r\n")[2].decode()

# %%
reveal("environ-key", guess, keys)

# %% [markdown]
# Upper case, with `_` for `-`, and `HTTP_` in front. So case is lost on the way, and that is why `request.headers["x-question"]` works,
# too: Werkzeug turns your key into the environ's before it looks.
#
# ## Exercise: the parser
#
# Write `parse_headers(data)`. It gets the bytes *after* the first line of a request, and returns a dictionary of `str`. Names are in lower
# case; values have no spaces at their ends; an empty line is the end, whatever comes after it. If a name comes twice, its values are joined with
# `", "`, as [RFC 9110, 5.3](https://www.rfc-editor.org/rfc/rfc9110#section-5.3) says. Bytes become `str` by `latin-1`, which has a character for each
# byte.


# %% tags=["exercise:parse_headers"]
def parse_headers(data):
    """The headers of a request, by name in lower case."""
    ### BEGIN SOLUTION
    headers = {}
    for line in data.decode("latin-1").split("\r\n"):
        if not line:
            break
        name, _, value = line.partition(":")
        name, value = name.lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers
    ### END SOLUTION


# %%
check("parse_headers")

# %% [markdown]
# In `reference_impl` it is longer, because it must not trust the client: a line that is too long, a head that is too big, a space before the colon,
# two `Host` headers. Each of these has been an attack.

# %%
from reference_impl.request import read_head

source(read_head)

# %% [markdown]
# ## Break it
#
# `X-Question` and `X_Question` would have the same key in the environ. A proxy may let only its own `X-User` through, and an attacker then sends
# `X_User`. **Predict:** what will the view return when the client sends `X_Question` only? (Werkzeug's lines above know it. Guess first, then read
# them again.)

# %%
guess = ...  # what the view returns

# %%
with record(app) as run, run.connect() as client:
    client.send(REQUEST.replace(b"X-Question", b"X_Question"))
    body = client.read_to_end().partition(b"\r\n\r\n")[2].decode()

reveal("underscore", guess, body)

# %% [markdown]
# Now break something yourself: send a header without a colon, or a name with a space in it, and look at the answer and at
# `run.steps(2)`. (Each run needs a connection of its own: run the whole cell.)
#
# ## What was left out
#
# Bodies, and how the server knows where one ends (`Content-Length`, chunks); keep-alive, where a second request comes on the same connection.
# The whole way of this header, every step with its line, is on the page [HTTP headers](../report/flask_sock/http_headers.md). The grammar is
# [RFC 9112](https://www.rfc-editor.org/rfc/rfc9112). Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** the request is parsed. How does Flask find the function that is called, and what does `Sock()` add to that? → [3 · Blueprints and
# `Sock()`](03_blueprints.ipynb)
