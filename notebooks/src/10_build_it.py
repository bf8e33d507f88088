# %% [markdown]
# # 10 · Build it
#
# **You have a line reader, a header parser, a token, a mask, a length and a close. What is missing for a WebSocket server?**
#
# Sixty lines. At the end of this notebook a client that knows nothing of you has talked to a server that you wrote, from the socket up, and you know the stages of the coursework, where the same grows into a whole stack.

# %%
import base64
import hashlib
import socket
import threading

from notebooks.course import HELLO, boxes, check, close, close_code, frame, record, reveal, source, upgrade

# %% [markdown]
# These are the parts, as you have built them in notebooks 1, 4 and 5. If yours are better, put them here.


# %%
def read_line(recv):
    line = b""
    while not line.endswith(b"\n") and (byte := recv(1)):
        line += byte
    return line


# %%
def accept_token(key):
    guid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    return base64.b64encode(hashlib.sha1((key + guid).encode()).digest()).decode()


# %%
def unmask(payload, key):
    return bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))


# %% [markdown]
# One part is new. A frame may come in pieces, so whoever wants `count` bytes has to ask until all of them are there:


# %%
def read_exactly(recv, count):
    data = b""
    while len(data) < count and (piece := recv(count - len(data))):
        data += piece
    return data


# %% [markdown]
# And this is how they go together:

# %% tags=["hide-input"]
boxes(
    ("read_line", "handshake", "read_frame", "answer", "send"),
    ("a request", "101", "opcode, payload", "bytes"),
    ("notebook 1", "2 and 4", "5", "this one", "5 and 7"),
)

# %% [markdown]
# ## The handshake
#
# Read the request's lines up to the empty one, find the key, and answer.


# %%
def handshake(sock):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += read_line(sock.recv)
    key = head.partition(b"Sec-WebSocket-Key: ")[2].partition(b"\r\n")[0].decode()
    lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"]
    answer = "\r\n".join([*lines, f"Sec-WebSocket-Accept: {accept_token(key)}", "", ""])
    sock.sendall(answer.encode())


# %% [markdown]
# ## A frame
#
# Two bytes, the length if it is longer, the key, and the payload.


# %%
def read_frame(recv):
    first, second = read_exactly(recv, 2)
    length = second & 0b0111_1111
    if length > 125:
        length = int.from_bytes(read_exactly(recv, {126: 2, 127: 8}[length]), "big")
    key = read_exactly(recv, 4)
    return first & 0b0000_1111, unmask(read_exactly(recv, length), key)


# %% [markdown]
# ## Exercise: the answer
#
# What remains is to decide. Write `answer(opcode, payload)` for an echo server: what it sends for a frame that has come, as bytes. Text (1) and binary (2) go back as they came. A ping (9) is answered by a pong (10) with the same payload. A pong needs no answer: `b""`. A close (8) is
# answered by a close with the same payload. All frames are final and not masked; payloads have at most 125 bytes.


# %% tags=["exercise:answer"]
def answer(opcode, payload):
    """The frame that an echo server sends for this one; no bytes if it sends none."""
    ### BEGIN SOLUTION
    answers = {1: 1, 2: 2, 8: 8, 9: 10}
    if opcode not in answers:
        return b""
    return bytes([0b1000_0000 | answers[opcode], len(payload)]) + payload
    ### END SOLUTION


# %%
check("answer")

# %% [markdown]
# ## The server
#
# Accept, shake hands, answer until a close has come; then say that nothing more will be written, and wait for the client's end (notebook 7).


# %%
def serve_one(listener):
    sock, _ = listener.accept()
    with sock:
        handshake(sock)
        opcode = 0
        while opcode != 8:
            opcode, payload = read_frame(sock.recv)
            sock.sendall(answer(opcode, payload))
        sock.shutdown(socket.SHUT_WR)
        sock.recv(1)


# %% [markdown]
# **Predict:** a client says `Hello`, pings, and closes with 1000. How many bytes will come back after the 101? (A text of 5, a pong of 5, and a close with a code.)

# %%
guess = ...  # a number

# %%
listener = socket.create_server(("127.0.0.1", 0))

# %% [markdown]
# The client knows nothing of your server but its address. It reads the 101 up to the empty line, sends its three frames, and then reads what comes until the end.


# %%
def talk():
    with socket.create_connection(listener.getsockname(), timeout=5) as client:
        client.sendall(upgrade("/"))
        head = b"".join(iter(lambda: read_line(client.recv), b"\r\n"))
        client.sendall(HELLO + frame(0x9, b"still") + close(1000))
        return head, b"".join(iter(lambda: client.recv(1024), b""))


# %% [markdown]
# As long as `answer` is not written, your server cannot answer, so nothing is started.

# %%
came, run = b"", None
if check("answer"):
    with record() as run:
        server = threading.Thread(target=serve_one, args=(listener,), daemon=True)
        server.start()
        head, came = talk()
        server.join(5)

len(came), close_code(came)

# %%
LATER = "solve the exercise, and run the cells from there on again"
reveal("sixteen-and-some", guess, len(came)) if run else LATER

# %% [markdown]
# The recorder saw it as it saw the others: it knows no library by name, and yours is one more.

# %%
run.contents() if run else LATER

# %% [markdown]
# `reference_impl` has the same bones. This is its loop:

# %%
import reference_impl

source(reference_impl.Server._thread, 1, 12)

# %% [markdown]
# ## The stages
#
# In the coursework it grows, stage by stage, each with tests that talk to your server over a real socket: TCP and one request; headers; routes and Blueprints; the handshake; a frame in, a frame out; lengths and masks; fragments; ping and close; `receive` and `send` with a thread; `Sock`; bad input; compression, if you
# like. A **stage** has tests, and is earned when all of them pass; a stage whose ground is missing is skipped, not failed.
#
# ```console
# $ unmagic coursework new my-stack     # the starter: reference_impl with its functions emptied
# $ unmagic coursework try my-stack     # how far you are, and at which byte it went wrong
# ```
#
# Your functions from these notebooks fit in: `apply_mask` is `unmask`, `generate_accept_token` is `accept_token`, and so on.
#
# ## Break it
#
# Your server trusts everybody. Send it a frame without a mask: which four bytes will it take for the key? Send the request in two pieces, a second apart. Connect and say nothing. Which of these would a stage's test find? Then look up what `reference_impl` does about each.
#
# ## What was left out
#
# From here on, nothing: it is yours to build. Read [reference_impl](../reference_impl/__init__.py) upwards, `closing`, `frames`, `connection`, and hold each file against the original that its first lines name. Words are in the [glossary](glossary.md).
#
# You began with `ws.receive()`, and a `'Hello'` that came from nowhere. It came from eleven bytes, two threads, and five libraries, and you have met every one of them.
