"""Links: what is proven, what is only guessed, and what a stranger's metadata cannot make a page point at."""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.reading.links import Link, Links, SourceFile, Status, repository_url
from tracer.reading.lock import Lock, Package, Release, load

COMMIT, OLDER, OWN = "a" * 40, "b" * 40, "c" * 40
BLOB, OTHER = "1" * 40, "2" * 40
LOCK = Lock(
    {
        "demo": Package(
            "https://github.com/demo/demo",
            {
                "2.0": Release("v2.0", COMMIT, "src/", 2, 1, ("demo/gen.py",), {"demo/a.py": BLOB}),
                "1.0": Release("v1.0", OLDER, "", 2, 1, ("demo/gen.py",)),
            },
        ),
        "bare": Package("https://codeberg.org/demo/bare", {}),
    }
)
LINKS = Links(LOCK)
DEMO = SourceFile("/venv/demo/a.py", "distribution", "demo", "2.0", "demo/a.py", BLOB, True, (), "", "", False)
STRANGER = replace(DEMO, distribution="stranger", project_urls=("Source, https://github.com/some/stranger",))
STDLIB = SourceFile("/usr/lib/x.py", "stdlib", "", "3.11.7", "socketserver.py", OTHER, False, (), "", "", False)
PROGRAM = SourceFile(
    "/home/me/app.py", "program", "", "", "web/app.py", OTHER, False, (), "git@github.com:me/app.git", OWN, False
)


def link(file: SourceFile, first: int = 12, last: int = 20, links: Links = LINKS) -> Link:
    found = links.link(file, first, last)
    assert (found.url == "") == (found.status is Status.NONE)
    assert found.label and found.why.endswith(".") and "\n" not in found.label + found.why
    return found


# Proven ----------------------------------------------------------------------------------------------------


def test_a_file_whose_blob_is_the_locks_is_proven() -> None:
    for file in (DEMO, replace(DEMO, recorded=False)):  # the bytes count, not what RECORD says of them
        found = link(file)
        assert found.url == f"https://github.com/demo/demo/blob/{COMMIT}/src/demo/a.py#L12-L20"
        assert found.status is Status.PROVEN and found.label == "demo 2.0 demo/a.py:12-20"


def test_a_changed_file_is_not_proven_whatever_record_says() -> None:
    for file in (replace(DEMO, blob=OTHER), replace(DEMO, blob=OTHER, recorded=False), replace(DEMO, blob="")):
        found = link(file)
        assert found.status is Status.UNPROVEN and COMMIT in found.url
    assert "it was changed" in link(replace(DEMO, blob=OTHER)).why
    assert "could not be read" in link(replace(DEMO, blob="")).why


def test_without_blobs_the_release_and_the_record_prove() -> None:
    old = replace(DEMO, version="1.0", blob=OTHER)
    found = link(old)
    assert found.url == f"https://github.com/demo/demo/blob/{OLDER}/demo/a.py#L12-L20"
    assert found.status is Status.PROVEN and "as it was installed" in found.why
    changed = link(replace(old, recorded=False))
    assert changed.status is Status.UNPROVEN and "differs from what was installed" in changed.why


def test_a_file_that_the_release_does_not_share_with_its_commit() -> None:
    for version, commit in {"2.0": COMMIT, "1.0": OLDER}.items():
        found = link(replace(DEMO, version=version, relative="demo/gen.py", blob=OTHER))
        assert found.status is Status.UNPROVEN and commit in found.url
        assert "own file differs from its commit" in found.why


def test_a_file_that_nobody_compared() -> None:
    for file in (
        replace(DEMO, relative="demo/more.py"),
        replace(DEMO, version="1.0", relative="demo/page.html", blob=""),
    ):
        found = link(file)
        assert found.status is Status.UNPROVEN and "not compared" in found.why


def test_the_same_bytes_in_another_release_are_proven_at_its_commit() -> None:
    for version in ("2.0.1", "1.0"):
        found = link(replace(DEMO, version=version, recorded=False))
        assert found.status is Status.PROVEN and found.url.startswith(
            f"https://github.com/demo/demo/blob/{COMMIT}/src/"
        )
        assert "another release, 2.0" in found.why and f"demo {version} " in found.label
    # At its own commit where that is proven too.
    assert OLDER in link(replace(DEMO, version="1.0")).url
    # The same bytes at another path are another file.
    assert link(replace(DEMO, version="2.0.1", relative="demo/b.py")).status is Status.UNPROVEN


def test_one_line_and_no_lines() -> None:
    assert link(DEMO, 5, 5).url.endswith("/a.py#L5")
    assert link(DEMO, 5, 5).label.endswith("a.py:5")
    for first, last in [(0, 5), (7, 3), (-1, -1), (0, 0)]:
        found = link(DEMO, first, last)
        assert found.status is Status.NONE and f"Lines {first} to {last} are not" in found.why


def test_the_name_may_be_spelt_as_in_the_metadata() -> None:
    assert link(replace(DEMO, distribution="Demo")).status is Status.PROVEN


def test_every_release_of_our_own_lock_gives_a_proven_link_at_its_commit() -> None:
    lock, count = load(), 0
    for name, package in lock.packages.items():
        for version, release in package.releases.items():
            blobs = dict(release.blobs) or {"pkg/mod.py": OTHER}
            for path, blob in blobs.items():
                file = replace(
                    DEMO, distribution=name, version=version, relative=path, blob=blob, recorded=not release.blobs
                )
                found = link(file, 1, 2, Links(lock))
                assert found.status is Status.PROVEN
                assert found.url == f"{package.repository}/blob/{release.commit}/{release.root}{path}#L1-L2"
                count += 1
    assert count > 200


# Guessed ---------------------------------------------------------------------------------------------------


def test_an_unknown_package_by_its_metadata() -> None:
    found = link(STRANGER)
    assert found.url == "https://github.com/some/stranger/blob/v2.0/demo/a.py#L12-L20"
    assert found.status is Status.UNPROVEN and "v2.0 is a guess" in found.why


def test_an_unknown_release_is_guessed_like_its_neighbour() -> None:
    found = link(replace(DEMO, version="2.1", blob=OTHER))
    assert found.url == "https://github.com/demo/demo/blob/v2.1/src/demo/a.py#L12-L20"
    assert found.status is Status.UNPROVEN
    plain = Lock({"demo": Package("https://github.com/demo/demo", {"2.0": Release("2.0", COMMIT, "lib/", 1, 1)})})
    assert "/blob/2.1/lib/demo/a.py" in link(replace(DEMO, version="2.1"), links=Links(plain)).url
    bare = link(replace(DEMO, distribution="bare"))
    assert bare.url == "https://codeberg.org/demo/bare/src/tag/v2.0/demo/a.py#L12-L20"


@pytest.mark.parametrize(
    "version",
    ["main", "", "2.0.dev1", "2.0+g1234567", "2.0 ", "v2.0", "2.0/../../main", "2.0\n", "HEAD", "2.x", "２.0"],
)
def test_what_was_never_released_has_no_tag(version: str) -> None:
    """A guess at `main` or at a development version would be a branch, and a branch moves."""
    for file in (replace(STRANGER, version=version), replace(DEMO, version=version, blob=OTHER)):
        found = link(file)
        assert found.status is Status.NONE and "not a released one" in found.why


@pytest.mark.parametrize("version", ["2", "2.0rc1", "2.0a1", "2.0.post1", "2024.1.15"])
def test_what_was_released_has_one(version: str) -> None:
    assert f"/blob/v{version}/" in link(replace(STRANGER, version=version)).url


def test_the_source_is_preferred_to_other_urls_of_the_metadata() -> None:
    urls = (
        "Funding, https://github.com/sponsors/somebody",
        "Donate, https://github.com/donate/here",
        "Tracker, https://github.com/group/tracker/issues",
        "Homepage, https://github.com/group/home",
        "Source Code, https://github.com/group/source/tree/main/src",
    )
    assert "/group/source/blob/v2.0/" in link(replace(STRANGER, project_urls=urls)).url
    assert "/group/home/blob/v2.0/" in link(replace(STRANGER, project_urls=urls[:4])).url
    assert "/group/tracker/blob/v2.0/" in link(replace(STRANGER, project_urls=urls[:3])).url
    assert link(replace(STRANGER, project_urls=urls[:2])).status is Status.NONE
    assert "/a/b/blob/" in link(replace(STRANGER, project_urls=("https://github.com/a/b",))).url  # a bare home page


HOSTILE = [
    "javascript:alert(1)",
    "JavaScript://github.com/a/b%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "file:///etc/passwd",
    "https://github.com/a/b<script>",
    'https://github.com/a/b" onclick="x',
    "https://github.com/a/b\nhttps://evil.example/",
    "https://github.com/a/b\r",
    "https://github.com/a\t/b",
    "https://github.com/a /b",
    "https://github.com/a/b\x00",
    "https://github.com/a/b)[x](javascript:y",
    "https://github.com/../../evil",
    "https://github.com/a/..",
    "https://github.com/a/.git",
    "https://github.com/%2e%2e/b",
    "https://github.com/a",
    "https://github.com.evil.example/a/b",
    "https://evil.example/github.com/a/b",
    "https://github.com@evil.example/a/b",
    "https://github.com:8443/a/b",
    "https://github.com:port/a/b",
    "https://[github.com/a/b",
    "https://gitlab./a/b",
    "https://gıthub.com/a/b",
    "https://github.com/sponsors/somebody",
    "//github.com/a/b",
    "github.com/a/b",
    "/srv/git/a.git",
    "../a/b",
    "ext::sh -c evil",
    "https://github.com/" + "a" * 3000 + "/b",
    "",
]


@pytest.mark.parametrize("url", HOSTILE)
def test_hostile_metadata_gives_no_link(url: str) -> None:
    assert repository_url(url) == ""
    for entry in (url, f"Source, {url}"):
        found = link(replace(STRANGER, project_urls=(entry,)))
        assert found.status is Status.NONE and "names no repository" in found.why
    assert link(replace(PROGRAM, remote=url)).status is Status.NONE


# The standard library, the program, the rest ---------------------------------------------------------------


@pytest.mark.parametrize("version", ["3.11.7", "3.10.0", "3.14.0rc1", "3.15.0a2", "3.13.0b4"])
def test_the_standard_library_by_its_tag(version: str) -> None:
    found = link(replace(STDLIB, version=version), 5, 9)
    assert found.url == f"https://github.com/python/cpython/blob/v{version}/Lib/socketserver.py#L5-L9"
    assert found.status is Status.TAG and found.label == f"Python {version} socketserver.py:5-9"


@pytest.mark.parametrize(
    "version", ["3.14.0rc1+", "3.12.0+", "", "3.11", "main", "2.7.18", "3.11.7/../main", "3.11.7\n"]
)
def test_a_python_that_is_no_release_has_no_tag(version: str) -> None:
    assert link(replace(STDLIB, version=version)).status is Status.NONE


@pytest.mark.parametrize("relative", ["<frozen importlib._bootstrap>", "_sysconfigdata__linux_x86_64-linux-gnu.py", ""])
def test_code_without_a_file_in_lib(relative: str) -> None:
    assert link(replace(STDLIB, relative=relative)).status is Status.NONE


def test_the_programs_own_file() -> None:
    found = link(PROGRAM)
    assert found.url == f"https://github.com/me/app/blob/{OWN}/web/app.py#L12-L20"
    assert found.status is Status.OWN and found.label == "web/app.py:12-20"
    dirty = link(replace(PROGRAM, dirty=True))
    assert (dirty.url, dirty.status) == (found.url, Status.UNPROVEN) and "differs from its commit" in dirty.why


@pytest.mark.parametrize("commit", ["", "main", "HEAD", OWN[:12], OWN.upper(), OWN + "\n", OWN + "0"])
def test_a_program_whose_commit_is_not_known_gets_no_link(commit: str) -> None:
    found = link(replace(PROGRAM, commit=commit))
    assert found.status is Status.NONE and "a branch would move" in found.why


def test_a_program_without_a_remote_and_files_of_nobody() -> None:
    assert "no git repository with a remote" in link(replace(PROGRAM, remote="")).why
    assert link(replace(DEMO, kind="other")).status is Status.NONE
    assert link(replace(DEMO, kind="?")).status is Status.NONE


@pytest.mark.parametrize(
    "remote",
    [
        "git@github.com:me/app.git",
        "github.com:me/app",
        "ssh://git@github.com/me/app.git",
        "ssh://git@ssh.github.com:443/me/app.git",
        "https://github.com/me/app",
        "https://GitHub.com/me/app.git/",
        "http://www.github.com/me/app",
        "https://me:ghp_secret@github.com/me/app.git",
        "https://x-access-token:ghp_secret@github.com/me/app",
        "git+https://github.com/me/app.git",
        "git+ssh://git@github.com/me/app.git",
        "git://github.com/me/app.git",
        "https://github.com/me/app?token=ghp_secret#L1",
    ],
)
def test_remotes_become_https_without_credentials(remote: str) -> None:
    assert repository_url(remote) == "https://github.com/me/app"
    found = link(replace(PROGRAM, remote=remote))
    assert "secret" not in repr(found) and found.url.startswith(f"https://github.com/me/app/blob/{OWN}/")


@pytest.mark.parametrize(
    "remote, at_commit, at_tag, lines, line",
    [
        ("https://gitlab.com/g/sub/app", "/-/blob/", "/-/blob/", "#L2-4", "#L2"),
        ("git@gitlab.gnome.org:g/app.git", "/-/blob/", "/-/blob/", "#L2-4", "#L2"),
        ("https://gitlab.com/g/app/-/issues", "/-/blob/", "/-/blob/", "#L2-4", "#L2"),
        ("https://gitlab.com/g/app/issues", "/-/blob/", "/-/blob/", "#L2-4", "#L2"),
        ("git@codeberg.org:g/app.git", "/src/commit/", "/src/tag/", "#L2-L4", "#L2"),
        ("https://gitea.com/g/app", "/src/commit/", "/src/tag/", "#L2-L4", "#L2"),
        ("git@bitbucket.org:g/app.git", "/src/", "/src/", "#lines-2:4", "#lines-2"),
    ],
)
def test_other_code_hosts(remote: str, at_commit: str, at_tag: str, lines: str, line: str) -> None:
    project = repository_url(remote)
    assert project.startswith("https://") and project.endswith("/app")
    own = replace(PROGRAM, remote=remote)
    assert link(own, 2, 4).url == f"{project}{at_commit}{OWN}/web/app.py{lines}"
    assert link(own, 2, 2).url.endswith(f"/web/app.py{line}")
    stranger = replace(STRANGER, project_urls=(f"Source, {project}",))
    assert link(stranger, 2, 4).url == f"{project}{at_tag}v2.0/demo/a.py{lines}"


# Paths and text --------------------------------------------------------------------------------------------


def test_paths_are_percent_encoded() -> None:
    odd = 'web/mein tägliches (#1) 100%?"<b>.py'
    url = link(replace(PROGRAM, relative=odd), 1, 1).url
    assert url.endswith("/web/mein%20t%C3%A4gliches%20%28%231%29%20100%25%3F%22%3Cb%3E.py#L1")
    assert unquote(urlsplit(url).path).endswith(odd)
    undecodable = b"web/\xff.py".decode("utf-8", "surrogateescape")
    assert link(replace(PROGRAM, relative=undecodable), 1, 1).url.endswith("/web/%FF.py#L1")


@pytest.mark.parametrize(
    "relative", ["../x.py", "a/../../x.py", "/etc/passwd", "a//x.py", "./x.py", "a/.", "", "\ud800.py"]
)
def test_a_path_that_leaves_its_tree_gives_no_link(relative: str) -> None:
    for file in (DEMO, STRANGER, STDLIB, PROGRAM):
        assert link(replace(file, relative=relative)).status is Status.NONE


def test_labels_hold_nothing_unprintable() -> None:
    found = link(replace(PROGRAM, relative="a\nb\x1b[31m\u202ec.py"), 3, 3)
    assert found.label == "a�b�[31m�c.py:3"


def test_a_status_prints_as_its_word() -> None:
    assert [str(status) for status in Status] == ["proven", "tag", "unproven", "own", "none"]
    assert f"{Status.PROVEN}" == "proven" == Status.PROVEN


# Whatever the trace holds ----------------------------------------------------------------------------------

WORDS = st.text() | st.sampled_from([*HOSTILE, "demo", "2.0", "3.11.7", "1.0", "demo/a.py", COMMIT, BLOB, "v2.0"])
REMOTES = WORDS | st.builds(
    "{}{}{}/{}{}".format,
    st.sampled_from(["https://", "ssh://git@", "git@", "git+https://u:hunter2@", "http://"]),
    st.sampled_from(["github.com", "gitlab.com", "codeberg.org", "bitbucket.org", "gitlab.x.org", "evil.example"]),
    st.sampled_from(["/me", ":me", ":443/me", "//", "/me/../..", "/%2e%2e"]),
    WORDS,
    st.sampled_from(["", ".git", "/", "?q", "#f"]),
)
FILES = st.builds(
    SourceFile,
    path=st.text(),
    kind=st.sampled_from(["distribution", "stdlib", "program", "other", ""]),
    distribution=WORDS,
    version=WORDS,
    relative=WORDS,
    blob=WORDS,
    recorded=st.booleans(),
    project_urls=st.lists(REMOTES | REMOTES.map("Source, {}".format), max_size=3).map(tuple),
    remote=REMOTES,
    commit=st.sampled_from([OWN, "main", ""]) | WORDS,
    dirty=st.booleans(),
)
SAFE = re.compile(
    r"https://(github\.com|gitlab\.com|codeberg\.org|gitea\.com|bitbucket\.org|(gitlab|gitea|forgejo)\.[a-z0-9.-]+)"
    r"/[A-Za-z0-9._/~%-]+#(L[0-9]+(-L?[0-9]+)?|lines-[0-9]+(:[0-9]+)?)"
)


@given(FILES, st.integers(), st.integers())
def test_no_trace_makes_an_unsafe_url(file: SourceFile, first: int, last: int) -> None:
    found = link(file, first, last)
    if found.url:
        assert SAFE.fullmatch(found.url)
        parts = urlsplit(found.url)
        assert not {"..", ".", ""} & set(parts.path.split("/")[1:])
        assert "@" not in parts.netloc and "hunter2" not in parts.netloc
        pinned = (
            COMMIT in parts.path or OLDER in parts.path or file.commit in parts.path or re.search(r"/v?\d", parts.path)
        )
        assert pinned  # a commit or a released version's tag, never a branch


@given(
    st.sampled_from([DEMO, STRANGER, STDLIB, PROGRAM]), st.text(min_size=1), st.integers(1, 10**6), st.integers(0, 500)
)
def test_any_path_comes_back_from_its_url(file: SourceFile, relative: str, first: int, more: int) -> None:
    found = link(replace(file, relative=relative), first, first + more)
    if found.url:
        assert SAFE.fullmatch(found.url)
        assert unquote(urlsplit(found.url).path).endswith("/" + relative)
        assert found.url.endswith(f"#L{first}-L{first + more}" if more else f"#L{first}")


@given(REMOTES)
def test_a_repository_url_is_one_already(text: str) -> None:
    url = repository_url(text)
    assert url == "" or repository_url(url) == url
