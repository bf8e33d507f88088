"""Notebook 09, your own app: a permalink."""

from __future__ import annotations

import re

from ..exercise import Exercise, Guess, Mistake, call

COMMIT = "d44409d9a76278c3d8ad6dbbcaeb40277f0b8d42"


def _link(repository: str, commit: str, path: str, lines: str, kind: str = "blob") -> str:
    return f"https://github.com/{repository}/{kind}/{commit}/{path}#{lines}"


def _checked(commit: str) -> str:
    if not re.fullmatch("[0-9a-f]{40}", commit):
        raise ValueError("a permalink has a whole commit in it")
    return commit


def _lines(first: int, last: int) -> str:
    return f"L{first}" if first == last else f"L{first}-L{last}"


def permalink(repository: str, commit: str, path: str, first: int, last: int) -> str:
    """Right."""
    return _link(repository, _checked(commit), path, _lines(first, last))


def _any_commit(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, commit, path, _lines(first, last))


def _short_commit(repository: str, commit: str, path: str, first: int, last: int) -> str:
    if not re.fullmatch("[0-9a-f]{7,40}", commit):
        raise ValueError
    return _link(repository, commit, path, _lines(first, last))


def _one_l(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, f"L{first}" if first == last else f"L{first}-{last}")


def _always_two(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, f"L{first}-L{last}")


def _first_only(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, f"L{first}")


def _tree(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, _lines(first, last), "tree")


def _forty_of_any(repository: str, commit: str, path: str, first: int, last: int) -> str:
    if len(commit) != 40:
        raise ValueError
    return _link(repository, commit, path, _lines(first, last))


def _error_returned(repository: str, commit: str, path: str, first: int, last: int) -> str | type[ValueError]:
    return permalink(repository, commit, path, first, last) if _whole(commit) else ValueError


def _none(repository: str, commit: str, path: str, first: int, last: int) -> str | None:
    return permalink(repository, commit, path, first, last) if _whole(commit) else None


def _whole(commit: str) -> bool:
    return bool(re.fullmatch("[0-9a-f]{40}", commit))


def _no_scheme(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return permalink(repository, commit, path, first, last).removeprefix("https://")


def _no_blob(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return permalink(repository, commit, path, first, last).replace("/blob/", "/")


def _no_l(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, _lines(first, last).replace("L", ""))


def _no_lines(repository: str, commit: str, path: str, first: int, last: int) -> str:
    return _link(repository, _checked(commit), path, "").rstrip("#")


EXERCISES = (
    Exercise(
        "permalink",
        permalink,
        (
            call("miguelgrinberg/simple-websocket", COMMIT, "src/simple_websocket/ws.py", 85, 104),
            call("pallets/flask", COMMIT, "src/flask/app.py", 7, 7),
            call("pallets/flask", "main", "src/flask/app.py", 7, 9),
            call("pallets/flask", "stable", "src/flask/app.py", 7, 9),
            call("pallets/flask", COMMIT[:7], "src/flask/app.py", 7, 9),
            call("pallets/flask", "a-branch-with-a-name-of-forty-characters", "src/flask/app.py", 7, 9),
        ),
        (
            Mistake(
                _any_commit,
                "You take any name for a commit. `main` is another commit tomorrow: raise `ValueError` unless it is 40 hexadecimal digits.",
            ),
            Mistake(
                _short_commit,
                "A shortened commit is taken. It may become ambiguous as the repository grows: all 40 digits are asked for.",
            ),
            Mistake(_one_l, "The second line has an `L`, too: `#L7-L9`."),
            Mistake(_always_two, "One line is `#L7`, not `#L7-L7`."),
            Mistake(_first_only, "You give the first line only. A function is all of its lines: `#L7-L9`."),
            Mistake(_tree, "`tree` is for folders. A file is under `blob`."),
            Mistake(
                _forty_of_any,
                "A branch may have a name of 40 characters, too. A commit has hexadecimal digits only: `0` to `9` and `a` to `f`.",
            ),
            Mistake(_error_returned, "You *return* the error. Raise it: `raise ValueError(…)`."),
            Mistake(
                _none, "You return `None` for what is no commit. Whoever asks would not notice: raise `ValueError`."
            ),
            Mistake(
                _no_scheme, "`https://` is missing, so a browser or a reader takes it for a text and not for a link."
            ),
            Mistake(_no_blob, "`blob` is missing: a file is at `…/blob/<commit>/<path>`."),
            Mistake(_no_l, "Lines have an `L` in front of them: `#L7-L9`."),
            Mistake(_no_lines, "The lines are missing: `#L7-L9` at the end."),
        ),
        "It shows the same lines in ten years.",
    ),
)

GUESSES = (
    Guess(
        "lines-to-change",
        "`unmagic run` starts the program as Python would, with the recorder beside it: same arguments, same output, same exit code.",
        {1: "One import, or one call? Not even that.", 2: "Not even an import."},
    ),
    Guess(
        "functions-called",
        "Only what your own lines call counts here. What these call in turn is in their chains.",
        {
            4: "Nearly: creating the app, the extension and running it count as well.",
            5: "Nearly: one of the six is easily overlooked.",
            7: "Nearly.",
        },
    ),
)
