"""`unmagic lock`: show which releases' links are proven, and prove another one.

In: the lock file, and for `prove` a wheel (or an installed distribution) and a local clone of its repository.
Out: sentences on standard output; with --write, the lock. The work is done by `tracer.reading.lock`.
"""

from __future__ import annotations

import difflib
from pathlib import Path

import click

from tracer.reading.links import metadata_repository, repository_url
from tracer.reading.lock import LOCK_FILE, Lock, Package, load, normalize, write
from tracer.reading.prove import ROOTS, Proof, extend, prove

from .errors import Failure, sentences

LISTED = 10  # files that differ, before "and n more"


_lock_option = click.option(
    "--lock",
    "lock_file",
    type=click.Path(path_type=Path),
    default=LOCK_FILE,
    help="The lock file; unmagic's own where not given.",
)


@click.group()
def lock() -> None:
    """Which links are proven: releases whose files equal a commit, blob by blob.

    A link in a report names a commit. It is proven where the installed file has the same bytes as the file at that
    commit; the lock holds the releases for which that was compared.
    """


@lock.command()
@click.argument("package", required=False)
@_lock_option
def show(package: str | None, lock_file: Path) -> None:
    """List the packages of the lock, or the releases of PACKAGE.

    Exit codes: 0 shown, 2 no such package or a lock that cannot be read.
    """
    with sentences():
        packages = load(lock_file).packages
    if package is None:
        for name, entry in packages.items():
            click.echo(f"{name}: {_count(len(entry.releases), 'release')}, {entry.repository}")
        return
    name = normalize(package)
    if name not in packages:
        near = difflib.get_close_matches(name, packages, n=1)
        hint = f"; did you mean {near[0]}?" if near else "."
        raise Failure(f"{lock_file}: the lock has no package {package!r}{hint}")
    _show_package(name, packages[name])


@lock.command("prove")
@click.argument("installed", metavar="WHEEL_OR_DISTRIBUTION")
@click.argument("clone", type=click.Path(path_type=Path))
@click.option("--version", default="", help="The version that it must be; where not given, what its metadata says.")
@click.option(
    "--tag", default="", metavar="PATTERN", help="Which tags to try: {version} stands for the version, * for anything."
)
@click.option("--root", multiple=True, help="The folder of the packages in the repository; may be repeated.")
@click.option("--repository", default="", metavar="URL", help="Where CLONE is from, if its origin does not say.")
@click.option("--write", "write_it", is_flag=True, help="Put what was proved into the lock.")
@click.option("--blobs", is_flag=True, help="With --write: also every file's blob id, so that a file proves itself.")
@_lock_option
@click.pass_context
def prove_(
    context: click.Context,
    installed: str,
    clone: Path,
    version: str,
    tag: str,
    root: tuple[str, ...],
    repository: str,
    write_it: bool,
    blobs: bool,
    lock_file: Path,
) -> None:
    """Compare WHEEL_OR_DISTRIBUTION with the tags of CLONE, file by file.

    WHEEL_OR_DISTRIBUTION is a .whl file, a .dist-info folder, or the name of a distribution installed beside unmagic.
    CLONE is a git repository on this machine, bare or not, with its tags; it is only read, and nothing is fetched.
    The tags tried are v1.2.3, 1.2.3, name-1.2.3 and any other that contains the version; the packages may stand at
    the top, in src/ or in lib/.

    \b
      pip download --no-deps flask==3.1.3
      git clone --bare https://github.com/pallets/flask
      unmagic lock prove flask-3.1.3-py3-none-any.whl flask.git --write --blobs

    Exit codes: 0 every Python file is proven, 1 some are not identical, 2 bad input (nothing is written).
    """
    if blobs and not write_it:
        raise click.UsageError("--blobs says what to write, so it needs --write.")
    with sentences():
        roots = tuple(folder.strip("/") + "/" if folder.strip("/") else "" for folder in root) or ROOTS
        proof = prove(installed, clone, version, tag, roots=roots)
        _show_proof(proof)
        if write_it and proof.blobs:
            known = load(lock_file) if lock_file.exists() else Lock()
            write(extend(known, proof, _repository(proof, known, clone, repository), blobs=blobs), lock_file)
            click.echo(f"Written to {lock_file}.")
        elif write_it:
            click.echo("Nothing was proved, so nothing is written.")
    context.exit(0 if proof.proven else 1)


def _repository(proof: Proof, known: Lock, clone: Path, given: str) -> str:
    """Where the links will point: what was given, the clone's origin, the lock's, or what the metadata says."""
    if given and not repository_url(given):
        raise Failure(f"{given}: this is no repository on a code host whose links are known.")
    found = repository_url(given) or repository_url(proof.remote)
    if not found and proof.package in known.packages:
        return known.packages[proof.package].repository
    found = found or metadata_repository(proof.project_urls)
    if not found:
        raise Failure(f"{clone}: neither its origin nor the package's metadata names a repository; give --repository.")
    return found


def _show_package(name: str, package: Package) -> None:
    click.echo(f"{name}: {package.repository}")
    for version, release in package.releases.items():
        how = ", with blobs" if release.blobs else ""
        click.echo(
            f"  {version}: tag {release.tag}, commit {release.commit}, "
            f"{release.identical} of {_count(release.python_files, 'file')} identical{how}"
        )
        for path in release.not_identical:
            click.echo(f"    not identical: {path}")


def _show_proof(proof: Proof) -> None:
    total = len(proof.blobs) + len(proof.not_identical)
    where = f"tag {proof.tag} (commit {proof.commit}{', in ' + proof.root if proof.root else ''})"
    verdict = "Proven" if proof.proven else "Not identical"
    equal = f"{len(proof.blobs)} of {_count(total, 'Python file')} equal {where}"
    click.echo(f"{verdict}: {proof.package} {proof.version}: {equal}.")
    for path in proof.not_identical[:LISTED]:
        place = f" (its bytes are at {proof.moved[path]})" if path in proof.moved else ""
        click.echo(f"  not identical: {path}{place}")
    if len(proof.not_identical) > LISTED:
        click.echo(f"  and {len(proof.not_identical) - LISTED} more")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")
