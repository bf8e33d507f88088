# %% [markdown]
# # 5 · A frame, bit by bit
#
# **Eleven bytes arrive, `81 85 37 fa 21 3d 7f 9f 4d 51 58`, and the view gets `'Hello'`. Which bits say what?**
#
# After the handshake, both sides send **frames**. At the end of this notebook you can read one with a pencil, take its mask off, and build
# one. These are the three things that a WebSocket library does all day.

# %%
from flask import Flask
from flask_sock import Sock

from notebooks.course import HELLO, HELLO_FRAGMENTS, bits, check, frame, record, reveal, source, upgrade

# %%
app = Flask("echo")


@Sock(app).route("/echo")
def echo(ws):
    while True:
        ws.send(ws.receive())


# %% [markdown]
# The client will send a text, the same text in two pieces, the same bytes as binary, and the end. All of it is recorded at once, and looked at
# piece by piece.

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    for message in (HELLO, b"".join(HELLO_FRAGMENTS), frame(0x2, b"Hello")):
        client.send(message)
        client.read_frame()
    client.send(frame(0x8, b"\x03\xe8"))
    client.read_to_end()

# %%
run.contents()

# %% [markdown]
# ## Two bytes of header
#
# A frame begins with two bytes, and their bits are packed tight. Here is where the parts are; the bits themselves are yours to fill in. `0x81` and `0x85` are the
# two bytes in hexadecimal: each digit is four bits.

# %%
bits(HELLO, hidden=True)

# %% [markdown]
# - **FIN**: does the message end with this frame?
# - RSV: three bits for extensions; 0 without one.
# - **opcode**: what this is. 1 is text, 2 binary, 8 close, 9 ping, 10 pong; 0 is *more of the last message*.
# - MASK: is the payload masked?
# - length: of the payload, in bytes.
#
# **Predict:** the second byte is `0x85`. How long is the payload?

# %%
guess = ...  # a number

# %%
bits(HELLO)

# %%
reveal("payload-length", guess, HELLO[1] & 0b0111_1111)

# %% [markdown]
# And here is what the recorder makes of the same bytes, as they came over the socket. Message 4 is the text.

# %%
run.octets(4)

# %% [markdown]
# ## The mask
#
# What a client sends is **masked**: each byte of the payload is XORed with one of the four bytes of the *masking key*, in turn, and the key stands in front of it.
# XOR (`^`) is its own inverse: do it twice, and you have what you had.

# %%
chr(0x7F ^ 0x37), chr(0x9F ^ 0xFA), chr(0x4D ^ 0x21)

# %% [markdown]
# Everybody can see the key, so this hides nothing. It is there against proxies that do not know WebSocket and might take what a page sends
# for an HTTP request ([RFC 6455, 10.3](https://www.rfc-editor.org/rfc/rfc6455#section-10.3)): with a random mask no page can choose the bytes on the wire.
#
# **Predict:** which library takes the mask off? `werkzeug`, `flask_sock`, `simple_websocket`, `wsproto` or `h11`?

# %%
guess = ...  # a library, such as "flask"

# %%
run.way("Hello")

# %%
reveal("who-unmasks", guess, "wsproto")

# %% [markdown]
# This is the line, in wsproto. It has a table of 256 bytes for each byte of the key, because `bytes.translate` is faster than a loop in Python.

# %%
from wsproto.frame_protocol import XorMaskerSimple

source(XorMaskerSimple.process)

# %% [markdown]
# ## Exercise: take the mask off
#
# Write `unmask(payload, key)`: byte *i* of the payload, XORed with byte *i* mod 4 of the key. It gets `bytes` and returns `bytes`.


# %% tags=["exercise:unmask"]
def unmask(payload, key):
    """The payload without its mask (RFC 6455, 5.3)."""
    ### BEGIN SOLUTION
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    ### END SOLUTION


# %%
check("unmask")

# %% [markdown]
# ## Lengths
#
# Seven bits can say 0 to 127. Up to 125 that is the length. 126 means: *the next two bytes are the length*. 127 means: the next eight are. The bytes are in
# network order, the highest first (`int.from_bytes(…, "big")`).
#
# **Predict:** how many bytes is the whole frame in which a *server* sends a text of 200 letters?

# %%
guess = ...  # a number

# %%
from reference_impl.frames import Frame, Opcode

# %%
long = Frame(Opcode.TEXT, b"x" * 200).serialize()
bits(long)

# %%
reveal("frame-of-200", guess, len(long))

# %% [markdown]
# ## Exercise: find the payload
#
# Write `payload_at(frame)`. It gets a whole frame, masked or not, and returns two numbers: where the payload begins, and how long it is. For the
# eleven bytes above that is `(6, 5)`.


# %% tags=["exercise:payload_at"]
def payload_at(frame):
    """(first byte, length) of a frame's payload (RFC 6455, 5.2)."""
    ### BEGIN SOLUTION
    length, start = frame[1] & 0b0111_1111, 2
    if length == 126:
        length, start = int.from_bytes(frame[2:4], "big"), 4
    elif length == 127:
        length, start = int.from_bytes(frame[2:10], "big"), 10
    if frame[1] & 0b1000_0000:
        start += 4  # the masking key
    return start, length
    ### END SOLUTION


# %%
check("payload_at")

# %% [markdown]
# ## Exercise: a frame of your own
#
# Write `text_frame(text)`: the bytes that a *server* sends for a text of at most 125 bytes. A server does not mask. Mind that the length counts bytes, not letters.


# %% tags=["exercise:text_frame"]
def text_frame(text):
    """A final text frame, unmasked (RFC 6455, 5.2)."""
    ### BEGIN SOLUTION
    payload = text.encode()
    return bytes([0b1000_0001, len(payload)]) + payload
    ### END SOLUTION


# %%
check("text_frame")

# %% [markdown]
# ## Fragments
#
# A message may come in several frames, **fragments**: the first has the opcode, the others have opcode 0, and the last has FIN. This is the RFC's example, `Hel` and `lo`.

# %%
run.octets(6, bits=False)

# %% [markdown]
# Both came in one read, and the view got one `'Hello'`, so the echo is one frame. The boundaries of frames are as invisible for a view as those of TCP are for HTTP.
#
# In `reference_impl` the parser reads like the RFC. Wherever it wants more bytes than have come, it stops in a `yield`, and goes on when there are more.

# %%
from reference_impl.frames import FrameParser

source(FrameParser._parse)

# %% [markdown]
# ## Break it
#
# **Predict:** a client forgets the mask. What will the server do?
#
# - A: take the text as it is
# - B: ignore the frame
# - C: close the connection

# %%
guess = ...  # "A", "B" or "C"

# %%
with record(app) as run, run.connect() as client:
    client.send(upgrade("/echo"))
    client.read_until(b"\r\n\r\n")
    client.send(frame(0x1, b"Hello", mask=None))
    client.read_to_end()

run.contents()

# %%
reveal("no-mask", guess, "C")

# %% [markdown]
# The answer is a frame, too: opcode 8, and in its payload a number of two bytes, the **close code**, and a reason.

# %%
run.octets(5, bits=False)

# %% [markdown]
# Break more, in the cell that sent the frame without a mask: set a bit of RSV (`bytes([0xC1]) + HELLO[1:]`), use opcode 3 (`frame(0x3, b"Hello")`), announce
# 200 bytes and send five (`b"\x81\xfe\x00\xc8" + HELLO[2:]`). Which of them closes the connection, and which makes the server wait?
#
# ## What was left out
#
# Compression (RFC 7692), which uses RSV1; when a text is no UTF-8; what a ping is for. The page [ws.receive()](../report/flask_sock/receive.md) has every call
# that these bytes went through. Words are in the [glossary](glossary.md).

# %%
run.explore()

# %% [markdown]
# **Next:** `'Hello'` is there. But it was made on one thread, and the view waits on another. → [6 · `receive()`: two threads and one message](06_receive.ipynb)
