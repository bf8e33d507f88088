"""What a notebook of the course imports: record a run, look at it, write down a guess, have an answer checked.

    from notebooks.course import check, record, reveal

    with record(app) as run, run.connect() as peer:   # recorded from `accept` on
        peer.send(b"GET / HTTP/1.1\\r\\n\\r\\n")
        peer.read_to_end()
    run.contents()                                    # the messages, numbered
    run.octets(2)                                     # the bytes of message 2, each with its name
    run.steps(2)                                      # the calls that it went through
    run.way("Hello")                                  # the way of one value
    reveal("reads", guess, 2)                         # compare a guess with what happened
    check("read_line")                                # check an exercise

Needs the scenarios' stack (requirements.txt) and a notebook, or plain IPython, around it.
"""

from tracer.scenarios.client import HELLO, HELLO_FRAGMENTS, MASK, NONCE, Peer, close, frame, upgrade

from .answers import close_code
from .checking import check
from .drawings import bits, boxes, lifelines
from .predicting import reveal
from .programs import Program
from .recording import arrived, record
from .sources import source

__all__ = [
    "HELLO",
    "HELLO_FRAGMENTS",
    "MASK",
    "NONCE",
    "Peer",
    "Program",
    "arrived",
    "bits",
    "boxes",
    "check",
    "close",
    "close_code",
    "frame",
    "lifelines",
    "record",
    "reveal",
    "source",
    "upgrade",
]
