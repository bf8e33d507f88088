"""`unmagic doctor`: what this machine can do for the grader, and why not more."""

from __future__ import annotations

import click

from grader.sandbox.tiers import WHAT, tried

from .errors import DIFFERENT

#: What to do about a tier that does not work, by words of the reason.
ADVICE = (
    ("bubblewrap is not installed", "install it: apt-get install bubblewrap"),
    ("forbids user namespaces", "on Ubuntu 23.10 and newer: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; "
                                "in a container: a seccomp profile that allows unshare, or tier B as root"),
    ("uid map", "on Ubuntu 23.10 and newer: sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
    ("only root", "start the grader as root, as autograding containers do"),
)  # fmt: skip


@click.command()
def doctor() -> None:
    """Say which sandbox this machine has, by trying each tier, and why not a better one.

    \b
    A  bubblewrap: namespaces of its own, a private network, seccomp
    B  another user, Landlock, seccomp: for containers in which you are root
    C  the same user, Landlock, seccomp: your own work; grade-class wants --unsafe

    Exit codes: 0 a class can be graded (A or B), 1 it cannot.
    """
    chosen = ""
    for one in tried():
        works = not one.why_not
        mark = "chosen" if works and not chosen else "works" if works else "no"
        chosen = chosen or (one.tier if works else "")
        click.echo(f"tier {one.tier}: {mark}: {WHAT[one.tier]}")
        if one.why_not:
            click.echo(f"        why not: {one.why_not}")
            for words, advice in ADVICE:
                if words in one.why_not:
                    click.echo(f"        {advice}")
                    break
    if not chosen:
        click.echo("no tier works: nothing can be graded on this machine")
    if chosen not in ("A", "B"):
        raise SystemExit(DIFFERENT)
