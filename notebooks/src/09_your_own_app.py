# %% [markdown]
# # 9 · Your own app
#
# **All of this was about our programs. What does it take to see the same of yours, and to write the report that a course asks for?**
#
# At the end of this notebook you have recorded a program without changing it, made a report with a link to each line, and had the links checked.

# %%
from notebooks.course import Program, check, close, frame, reveal, upgrade

# %% [markdown]
# Here is a program. Put your own in its place, if it is one file that ends with `app.run(port=0)`; or do what follows in a terminal, in your project's folder.

# %%
CHAT = """
from flask import Flask
from flask_sock import Sock

app = Flask(__name__)
sock = Sock(app)


@sock.route("/chat")
def chat(ws):
    name = ws.receive()
    ws.send(f"Hello, {name}")
    while True:
        ws.send(f"{name}: {ws.receive()}")


if __name__ == "__main__":
    app.run(port=0)
"""
own = Program("chat.py", CHAT)

# %% [markdown]
# **Predict:** how many lines of it have to change, so that it can be recorded?

# %%
guess = ...  # a number

# %% [markdown]
# In a terminal you would type `unmagic run chat.py`, use it in a browser, and stop it with Ctrl-C. This cell does the same, with the course's client for a browser.

# %%
with own.running() as connect, connect() as client:
    client.send(upgrade("/chat"))
    client.read_until(b"\r\n\r\n")
    client.send(frame(0x1, b"Ada"))
    client.read_frame()
    client.send(frame(0x1, b"Hi"))
    client.read_frame()
    client.send(close(1000))
    client.read_to_end()

# %%
reveal("lines-to-change", guess, 0)

# %% [markdown]
# The trace is in `chat.trace`. `journeys` lists every value that your code got from a socket, or sent to one, with its bytes on the wire: `recv 6–8 of 9` are bytes 6 to 8 of the nine that one `recv`
# returned. Threads are numbered here; `3 → 2` is a handoff. The last row is the close, which no view sees. (In a terminal: `unmagic journeys chat.trace`.)

# %%
own.unmagic("journeys", "chat.trace")

# %% [markdown]
# ## Which functions are yours to explain?
#
# A course asks: for each technology, what is it for, and which lines are *the entire chain of calls*, from the TCP socket to your code? A **chain** is what a person reads: a journey, or the calls below one call, as ordered steps.
#
# **Predict:** how many different functions of libraries do the lines of `chat.py` call? (Classes count: to call one is to call its `__init__`.)

# %%
guess = ...  # a number

# %%
own.unmagic("chain", "chat.trace", "--list")

# %%
reveal("functions-called", guess, 6)

# %% [markdown]
# ## The report
#
# `unmagic report chat.trace --for-course` writes all of it: TCP, headers, WebSockets, and a section for each of these functions, with its licence, where you use it, and each **hop** (one call) with its link.

# %%
own.unmagic("report", "chat.trace", "--for-course", "-o", ".")
report = own.read("course.md")
[line[3:].replace("\\", "") for line in report.splitlines() if line.startswith("## ")]

# %% [markdown]
# What a library is *to you* only you know. Where the report says `TODO`, you write; made again, it keeps what you wrote.
#
# Look at a link. It is a **permalink**: it has the commit in it, so it shows the same lines for ever. And it is **proven**: the file that ran here is that file, byte for byte.

# %%
import re

re.search(r"https://github.com/miguelgrinberg/simple-websocket/blob/[^)>\s]+", report)[0]

# %% [markdown]
# ## Exercise: a permalink
#
# Write `permalink(repository, commit, path, first, last)`. `repository` is such as `"pallets/flask"`. One line is `#L7`, several are `#L7-L9`. A commit is 40 hexadecimal digits; for anything else (a branch, a tag, a shortened one) raise `ValueError`, since that link may show something else next year.


# %% tags=["exercise:permalink"]
def permalink(repository, commit, path, first, last):
    """The address of lines of a file at GitHub, for ever."""
    ### BEGIN SOLUTION
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise ValueError("a permalink has a whole commit in it")
    lines = f"L{first}" if first == last else f"L{first}-L{last}"
    return f"https://github.com/{repository}/blob/{commit}/{path}#{lines}"
    ### END SOLUTION


# %%
check("permalink")

# %% [markdown]
# ## The checker
#
# `unmagic check report.pdf` reads a report as your grader would: PDF, DOCX, HTML, Markdown. It tells of each link whether it shows what it should, and above all which hops are *missing*, in order, each with its link. Try it on yours before you hand it in. On the report from
# above (a few seconds):

# %%
own.unmagic("check", "course.md", lines=21)

# %% [markdown]
# Two hops of `init_app()` are missing, and rightly so: `chat.py` gives `Sock` its app at once, so no Blueprint was ever registered. Whoever has to explain `init_app` records a program that uses it, as notebook 3 did.
# The purpose is missing as long as a `TODO` stands for it: that sentence is yours.
# (The one link of 289 that counts less shows a function that ran in your program, and not in the recording that the checker compares with.)
#
# ## Break it
#
# Take the lines out of the links to `receive` in simple-websocket, and check again: `(own.folder / "mine.md").write_text(report.replace("#L85-L104", ""))`, then `own.unmagic("check", "mine.md", lines=80)`. Then put `#L95-L114` in their
# place. What does the checker say of the one, and what of the other?
#
# ## What was left out
#
# `unmagic show`, `live` and `diff`; recording one block or one test; gunicorn and its workers. All in the [README](../README.md). What a course asks for, and where it comes from: [docs/courses.md](../docs/courses.md). Our reports are checked by the same rules: a **note** is a sentence of ours about a function, and a call from
# library to library without one fails the build. A **scenario** is one of our programs with a scripted client, so that its trace repeats: [the pages](../report/flask_sock/README.md) are made of nine of them. Words are in the [glossary](glossary.md).
#
# **Next:** you have every part in your hands. → [10 · Build it](10_build_it.ipynb)
