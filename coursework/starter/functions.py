"""Single functions of yours, to be asked one at a time: a JSON line comes on stdin, a JSON line goes out on stdout.

    {"function": "accept_token", "arguments": {"key": "dGhlIHNhbXBsZSBub25jZQ=="}}
    {"result": "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="}

This file is given: you do not have to change it. Bytes are written in hexadecimal. What you print goes to stderr, so
that it cannot get between the answers.
"""

import json
import os
import sys

from stack.frames import Frame, FrameParser, Opcode, apply_mask
from stack.handshake import generate_accept_token
from stack.request import split_list


def accept_token(key):
    return generate_accept_token(key.encode()).decode()


def mask(payload, key, offset):
    return apply_mask(bytes.fromhex(payload), bytes.fromhex(key), offset).hex()


def frame(opcode, payload, fin):
    return Frame(Opcode(opcode), bytes.fromhex(payload), fin).serialize().hex()


def frames(pieces):
    """What a parser finds in bytes that arrive in pieces; the parts of one frame put together again."""
    parser, found, part = FrameParser(from_client=True), [], None
    for piece in pieces:
        parser.receive_bytes(bytes.fromhex(piece))
        for one in parser.frames():
            if part is None:
                part = {"opcode": int(one.opcode), "fin": one.fin, "payload": one.payload.hex()}
            else:
                part["payload"] += one.payload.hex()
            if not one.missing:
                found.append(part)
                part = None
    return found


FUNCTIONS = {f.__name__: f for f in (accept_token, mask, frame, frames, split_list)}


def main():
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        try:
            question = json.loads(line)
            answer = {"result": FUNCTIONS[question["function"]](**question["arguments"])}
        except Exception as error:
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
