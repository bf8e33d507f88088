# %% [markdown]
# # 8 · Break it
#
# **A client may send anything at all. With which number does the server close, when is it none, and where do two servers differ?**
#
# Whoever writes a server has to think of every byte that may come. At the end of this notebook you know the **close codes** by having caused them, and you have written the part of a parser that says no.

# %%
from flask import Flask
from flask_sock import Sock
from simple_websocket import ConnectionClosed

import reference_impl
from notebooks.course import HELLO, MASK, check, close, close_code, frame, record, reveal, source, upgrade

# %% [markdown]
# The same view on the real stack and on `reference_impl`, both with a limit of 1,000 bytes for a message.


# %%
def echo(ws):
    while True:
        ws.send(ws.receive())


# %%
app, ours = Flask("echo"), reference_impl.App("echo")
for one, sock in ((app, Sock), (ours, reference_impl.Sock)):
    one.config["SOCK_SERVER_OPTIONS"] = {"max_message_size": 1000}
    sock(one).route("/echo")(echo)

# %% [markdown]
# The numbers that a server may close with, and may not, are in [RFC 6455, 7.4.1](https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1). These you will need:
#
# | code | name | when |
# | --- | --- | --- |
# | 1000 | normal closure | all is well |
# | 1002 | protocol error | the frames break the rules |
# | 1005 | no status received | *never sent*: the close frame was empty |
# | 1006 | abnormal closure | *never sent*: TCP ended without a close frame |
# | 1007 | invalid payload | what should be text is no UTF-8 |
# | 1009 | message too big | longer than the server takes |
#
# ## Bad frames
#
# Each of these differs from the good `HELLO` in one thing. (Numbers in a frame are written in hexadecimal here: `0xC1` is `1100_0001`.)

# %%
FRAMES = {
    "no mask": frame(0x1, b"Hello", mask=None),
    "a reserved bit": bytes([0xC1]) + HELLO[1:],
    "opcode 3": bytes([0x83]) + HELLO[1:],
    "a ping in fragments": bytes([0x09]) + HELLO[1:],
    "more of no message": bytes([0x80]) + HELLO[1:],
    "a second beginning": bytes([0x01]) + HELLO[1:] + HELLO,
    "5 bytes, length in two": b"\x81\xfe\x00\x05" + HELLO[2:],
}

# %% [markdown]
# And in these two the frame is good, and its payload is not: no UTF-8, the way in which a text is written as bytes.

# %%
TEXTS = {
    "no UTF-8": frame(0x1, b"Hel\xfflo"),
    "half a character": frame(0x1, "é".encode()[:1]),
}

# %% [markdown]
# **Predict:** all seven of the first list get the same code. Which? And what do the two of the second list get?

# %%
guess_frames = ...  # a number
guess = ...  # two numbers, such as (1000, 1009)

# %% [markdown]
# `codes` sends each message on a connection of its own, and notes the code in the close frame that comes back.


# %%
def codes(messages, app):
    found = {}
    with record(app, log=False) as run:
        for what, message in messages.items():
            with run.connect() as client:
                client.send(upgrade("/echo"))
                client.read_until(b"\r\n\r\n")
                client.send(message)
                found[what] = close_code(client.read_to_end())
    return found


# %%
frames = codes(FRAMES, app)
frames

# %%
reveal("bad-frames", guess_frames, frames["no mask"])

# %%
texts = codes(TEXTS, app)
texts

# %%
reveal("bad-texts", guess, tuple(texts.values()))

# %% [markdown]
# Who found the fault, and when? The bytes that are no text went as far as the decoder. These are the calls that raised (`↯`), the innermost last.

# %%
with record(app, log=False) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(TEXTS["no UTF-8"])
    client.read_to_end()

# %%
run.steps(4, raised=True)

# %% [markdown]
# ## Bad closes
#
# A close frame can be wrong, too. **Predict:** a client closes with 1005, which means "there was no code" and must never be sent. What does the server answer?

# %%
guess = ...  # a number

# %%
CLOSES = {
    "1005": close(1005),
    "999": close(999),
    "one byte": frame(0x8, b"\x03"),
    "a reason that is no UTF-8": frame(0x8, b"\x03\xe8\xff"),
    "4000, for programs": close(4000, "mine"),
    "nothing": frame(0x8, b""),
}

# %%
closes = codes(CLOSES, app)
closes

# %%
reveal("close-1005", guess, closes["1005"])

# %% [markdown]
# An empty close frame is answered by an empty one: there is no code to send, so the last row says `None`.
#
# ## The two servers beside each other
#
# A second implementation is the best critic of a first one. Where do they differ?

# %%
EVERY = FRAMES | TEXTS | CLOSES
theirs = codes(EVERY, app)
mine = codes(EVERY, ours)
{what: (theirs[what], mine[what]) for what in EVERY if theirs[what] != mine[what]}

# %% [markdown]
# In no case of fifteen. Both took the RFC at its word, and that is what it is for. (For handshakes it was otherwise: notebook 4.)
#
# ## Too big, and a view that sleeps on
#
# Both have a limit of 1,000 bytes. **Predict:** a client sends a text of 2,000. With which code does `reference_impl` close?

# %%
guess = ...  # a number

# %%
TOO_BIG = {"2,000 bytes": b"\x81\xfe\x07\xd0" + MASK + MASK * 500}
big = codes(TOO_BIG, ours)
reveal("too-big", guess, big["2,000 bytes"])

# %% [markdown]
# The real stack sends 1009, too. But try it a few times (`codes(TOO_BIG, app)`), and now and then your client waits in vain for the end. These are the lines, on the reader's thread:

# %%
from simple_websocket import Server

source(Server._handle_events, 25, 31)

# %% [markdown]
# It sets the event, and the view wakes up. `receive` (notebook 6) clears the event, and looks: is the list empty? Yes. Is `self.connected` still true? It is set to False only *after* `_handle_events` has returned. If the view is faster, it goes back
# to wait for an event that nobody will set any more. That is called a *lost wake-up*. The cure is the one that you know from the mailbox: change what the other will look at first, and wake it then.
#
# ## Half-closed
#
# TCP has two directions, and each can end alone. A client that calls `shutdown(SHUT_WR)` says *I will send no more*, and still listens: the connection is **half-closed**. **Predict:** the client ends its side without a close frame.
# Which code does the view see, in `ConnectionClosed.reason`, on `reference_impl`?

# %%
guess = ...  # a number

# %%
seen = []


def listen(ws):
    try:
        ws.receive()
    except (ConnectionClosed, reference_impl.ConnectionClosed) as closed:
        seen.append(int(closed.reason))


# %%
app, ours = Flask("listen"), reference_impl.App("listen")
for one, sock in ((app, Sock), (ours, reference_impl.Sock)):
    sock(one).route("/listen")(listen)


# %%
def half_close(app):
    with record(app, log=False) as run, run.connect() as client:
        client.send(upgrade("/listen"))
        client.read_until(b"\r\n\r\n")
        client.end()
        client.read_to_end()
    return run


# %%
run = half_close(ours)
reveal("half-closed", guess, seen[-1])

# %% [markdown]
# Here the two do differ. The real stack says:

# %%
run = half_close(app)
seen[-1]

# %% [markdown]
# 1005 would be "the close frame was empty", but none came: simple-websocket's attribute has that value from the beginning, and nobody changes it when TCP ends.
#
# ## Exercise: say no
#
# Write `refuse(first, second)`. It gets the first two bytes of a frame from a client, and returns the close code if they break a rule, `None` if all is well. The rules, all of them in
# [5.1](https://www.rfc-editor.org/rfc/rfc6455#section-5.1), [5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2) and [5.5](https://www.rfc-editor.org/rfc/rfc6455#section-5.5): the three reserved bits are 0; the opcode is one of 0, 1, 2, 8, 9, 10; MASK is set; a control frame (opcode 8 or more) has FIN, and at most 125 bytes.


# %% tags=["exercise:refuse"]
def refuse(first, second):
    """The close code for a bad beginning of a frame, or None."""
    ### BEGIN SOLUTION
    opcode = first & 0b0000_1111
    control = opcode >= 8
    bad = (
        first & 0b0111_0000
        or opcode not in (0, 1, 2, 8, 9, 10)
        or not second & 0b1000_0000
        or (control and not first & 0b1000_0000)
        or (control and second & 0b0111_1111 > 125)
    )
    return 1002 if bad else None
    ### END SOLUTION


# %%
check("refuse")

# %% [markdown]
# In `reference_impl` it is a table again: what is wrong, and the sentence that goes into the close frame.

# %%
from reference_impl.frames import FrameParser

source(FrameParser._check)

# %% [markdown]
# ## Break it
#
# You have done so all the time. Two more, for the curious: announce a length of 2⁶³ (`codes({"long": b"\x81\xff\x80" + bytes(7) + MASK}, app)`); and send `HELLO` one byte at a time, with a pause between. Which of them should fail?
#
# ## What was left out
#
# What a client does when the *server* breaks the rules: the same, but for the mask. The [Autobahn test suite](https://github.com/crossbario/autobahn-testsuite) has some five hundred such cases. The page [ConnectionClosed and
# close](../report/flask_sock/close.md) shows the bad frames call by call. Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** enough of our programs. Now yours. → [9 · Your own app](09_your_own_app.ipynb)
