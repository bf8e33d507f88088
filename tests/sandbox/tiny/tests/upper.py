"""Stage upper: over TCP."""

from grader.coursework.staged import Asked


def a_line(t: Asked) -> None:
    """A line comes back in upper case"""
    word = t.word(12).encode()
    with t.peer() as peer:
        peer.send(word + b"\n", "a line")
        peer.expect(word.upper() + b"\n", "the line in upper case", "bytes have a method upper")


def in_pieces(t: Asked) -> None:
    """A line in pieces is one line"""
    word = t.word(12).encode() + b"\n"
    with t.peer() as peer:
        peer.send(word, "a line in pieces", t.cuts(len(word)))
        peer.expect(word.upper(), "the line in upper case")
