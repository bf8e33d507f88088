"""The course: ten notebooks from a socket to Flask-Sock. README.md says how one is made, glossary.md what words mean.

`course` is what the notebooks import, `making` makes the committed ``.ipynb`` files of ``src/*.py``. Nothing else
imports this room.
"""
