"""Stage turned: a function."""

from grader.coursework.staged import Asked


def a_word(t: Asked) -> None:
    """A word is turned round"""
    word = t.word(9)
    t.ask("turned", word[::-1], "the word turned round", "a slice can go backwards", text=word)
