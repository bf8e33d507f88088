"""The one sentence that only the program's author can write, and the mark that stands where it is missing."""

from __future__ import annotations

#: Stands in a course's report until its author has replaced it; whoever checks a report looks for it.
TODO = "TODO: purpose"
#: The mark with what is asked for.
ASKED = f"{TODO}. In a sentence of your own, say what this does for your program and where you use it."
