# %% [markdown]
# # 3 · Blueprints and `Sock()`
#
# **You write `@sock.route("/echo")` before there is an app. Where is the route until then?**
#
# Flask-Sock is 102 lines. This notebook is about the half of them that run before any client comes. At its end you can say what a
# decorator does, what a Blueprint remembers, what `init_app` really calls, and which function Flask calls when it calls yours.

# %%
from flask import Flask
from flask_sock import Sock

from notebooks.course import HELLO, boxes, check, record, reveal, source, upgrade

# %% [markdown]
# A **decorator** is a function that is given a function, at the moment when that is defined. `@sock.route("/echo")` above `def echo` is
# short for `echo = sock.route("/echo")(echo)`. So `route("/echo")` is called first, and what *that* returns is called with `echo`.

# %%
sock = Sock()


@sock.route("/echo")
def echo(ws):
    ws.send(ws.receive())


# %% [markdown]
# **Predict:** what does the name `echo` stand for now? Your function, another function, or something else?

# %%
guess = ...  # "my function", "another function", or something else

# %%
reveal("what-echo-is", guess, echo)

# %% [markdown]
# Here is why. These are the last lines of `Sock.route`. Between them and `return decorator`, which belongs to `route`, there is no `return` of
# `decorator`'s own.

# %%
source(Sock.route, 62, 72)

# %% [markdown]
# These lines also answer the question at the top. There are three places that a route can go to: a Blueprint that you gave, the app if there is one, or
# else a Blueprint that `Sock` makes for itself.
#
# A **Blueprint** is Flask's list of things to do to an app later. It has one entry now.

# %%
sock.bp, len(sock.bp.deferred_functions)

# %% [markdown]
# ## Predict: what does `init_app` add?
#
# An app's `url_map` says which path belongs to which view. It begins with one **rule**: that for the app's static files.

# %%
app = Flask("chat")
len(list(app.url_map.iter_rules()))

# %% [markdown]
# `sock.init_app(app)` will add one. Flask finds the view of a rule by a name, the **endpoint**. Which name will this one have?

# %%
guess = ...  # the endpoint's name, in quotes

# %%
with record() as run:
    sock.init_app(app)

# %% [markdown]
# The rules that there are now, by their endpoints:

# %%
rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
rules

# %%
reveal("endpoint", guess, list(rules)[1])

# %% [markdown]
# No byte crossed a socket here, so the run has one entry: the call that your cell made. These are the crossings in it.

# %%
run.steps(1)

# %% [markdown]
# And this is every call of Flask's that is between the first two. The Blueprint's list is walked through, and each entry is called with a *setup
# state* that knows the app.

# %%
run.steps(1, "flask", every=True)

# %% tags=["hide-input"]
boxes(
    ("@sock.route", "Blueprint", "register", "url_map"),
    ("remember", "init_app", "add_url_rule"),
    ("when you define", "the list", "walks the list", "ready for requests"),
)

# %% [markdown]
# ## Which function does Flask call?
#
# Not yours. Look at what is under the endpoint's name.

# %%
view = app.view_functions["__flask_sock.echo"]
view.__name__, view.__code__.co_name, view.__wrapped__.__code__.co_name

# %% [markdown]
# The view is `websocket_route`. It *says* that it is called `echo`, because `functools.wraps` copied the name, and it holds your function
# in `__wrapped__`. When a client comes, it makes the `Server` that you know as `ws`, calls your function with it, and closes.

# %%
source(Sock.route, 27, 38)

# %% [markdown]
# Now let a client come. It sends the request that opens a WebSocket (notebook 4 is about that), and one message.

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(HELLO)
    client.read_to_end()

run.contents()

# %% [markdown]
# (The last row looks odd, and is. Notebook 7 is about it.) And the crossings between the request and your function:

# %%
run.steps(2, "flask", "flask_sock")

# %% [markdown]
# ## Exercise: a decorator that remembers
#
# Write `remember(routes, path)`. It is used as Flask's are: `@remember(routes, "/echo")` above a function puts the pair `(path, function)` into the
# list `routes`, and leaves the function as it is, under its name. (Flask's own decorators do so. You have seen one that does not.)


# %% tags=["exercise:remember"]
def remember(routes, path):
    """A decorator that appends (path, function) to `routes`."""

    ### BEGIN SOLUTION
    def decorator(function):
        routes.append((path, function))
        return function

    return decorator
    ### END SOLUTION


# %%
check("remember")

# %% [markdown]
# In `reference_impl`, `Sock.route` returns the function, too:

# %%
from reference_impl import Sock as OurSock

source(OurSock.route)

# %% [markdown]
# ## Break it
#
# The rule in the `url_map` says `websocket=True`. **Predict:** what does a plain `GET /echo`, without the WebSocket's headers, get?

# %%
guess = ...  # a status code

# %%
with record(app) as run, run.connect() as client:
    client.send(b"GET /echo HTTP/1.1\r\nHost: server.example.com\r\n\r\n")
    status = client.read_until(b"\r\n").split()[1].decode()

reveal("plain-get", guess, status)

# %% [markdown]
# Two more things to break. Call `sock.init_app(app)` once more, now that the app has served a request, and read the last lines of what Flask
# says. And with a new `Sock()` and a new `Flask("late")`: define a route *after* `init_app` has been called. Where does that one go? (Read the
# three branches above again, and look at the `url_map`.)
#
# ## What was left out
#
# How the URL map matches a path: Werkzeug builds a state machine of all rules. Blueprints that are nested, and what else they remember (error
# handlers, `before_request`). The pages [Sock()](../report/flask_sock/sock.md), [init_app](../report/flask_sock/init_app.md), [@sock.route](../report/flask_sock/route.md)
# and [Blueprint](../report/flask_sock/blueprint.md) have every step. Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** the view is called, and makes a `Server`. Its first act is to answer the request in a way that ends HTTP. → [4 · The
# handshake](04_handshake.ipynb)
