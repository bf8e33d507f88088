"""The sandbox: a place (grader/coursework/place.py) with a wall between the submission and whoever grades it.

One supervisor process for each submission (supervise.py) stands in a network of its own, with the trusted client; what
the student wrote runs behind the best wall that this machine has (tiers.py): A bubblewrap, B another user with Landlock
and seccomp, C the same user with what is left. Nothing that the submission writes is ever parsed as a result.
"""
