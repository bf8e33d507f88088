"""The lock: a release is proved against a real git repository and a real wheel, and bad input is one sentence."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from helpers_lock import FILES, digest, git, install, repository, rooted, wheel
from helpers_lock import made as made

from tracer.reading import wheel as wheels
from tracer.reading.lock import Lock, LockError, blob_id
from tracer.reading.prove import extend, prove

# Proving ---------------------------------------------------------------------------------------------------


def test_a_blob_id_is_gits(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone", {"a.py": b"print()\r\n\xff"}, "v1")
    assert blob_id(b"print()\r\n\xff") == git(clone, "rev-parse", "HEAD:a.py")
    assert blob_id(b"") == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"


def test_a_release_is_proven_blob_by_blob(made: tuple[Path, Path]) -> None:
    proof = prove(*made)
    assert proof.proven and (proof.package, proof.version, proof.tag) == ("demo-pkg", "1.2.3", "v1.2.3")
    assert proof.commit == git(made[1], "rev-parse", "HEAD")
    assert proof.root == "src/"
    assert proof.blobs == {path: blob_id(data) for path, data in FILES.items()}
    assert proof.project_urls == ("Source, https://github.com/demo/demo-pkg/",)


@pytest.mark.parametrize("root", ["", "src/", "lib/"])
@pytest.mark.parametrize(
    "tag", ["v1.2.3", "1.2.3", "demo-pkg-1.2.3", "demo_pkg-1.2.3", "release/1.2.3-final", "V1.2.3"]
)
def test_tags_and_roots_as_projects_have_them(tmp_path: Path, root: str, tag: str) -> None:
    clone = repository(tmp_path / "clone", rooted(FILES, root), tag, "v9.9.9")
    proof = prove(wheel(tmp_path, FILES), clone)
    assert (proof.tag, proof.root, proof.proven) == (tag, root, True)


@pytest.mark.parametrize("tag", ["v11.2.3", "v1.2.30", "v1.2.3rc1", "v1.2.3.1", "v0.1.2.3", "v1.2.x"])
def test_another_versions_tag_is_not_taken(tmp_path: Path, tag: str) -> None:
    clone = repository(tmp_path / "clone", FILES, tag)
    with pytest.raises(LockError, match=r"demo-pkg 1\.2\.3 has no tag there that names this version"):
        prove(wheel(tmp_path, FILES), clone)


def test_of_several_tags_the_one_with_equal_files_wins(tmp_path: Path) -> None:
    """In a repository of several packages v1.2.3 may be the neighbour's."""
    clone = repository(tmp_path / "clone", {**FILES, "demo/__init__.py": b"x = 0\n"}, "v1.2.3")
    repository(clone, FILES, "other-1.2.3")
    assert prove(wheel(tmp_path, FILES), clone).tag == "other-1.2.3"


def test_a_tag_pattern_and_a_root_can_be_given(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone", rooted(FILES, "python/"), "r1_2_3", "r1.2.3-a")
    path = wheel(tmp_path, FILES)
    assert prove(path, clone, tags="r1_*", roots=["python/"]).tag == "r1_2_3"
    assert prove(path, clone, tags="r{version}-*", roots=["python/"]).tag == "r1.2.3-a"
    with pytest.raises(LockError, match="no tag there that matches 'x'"):
        prove(path, clone, tags="x")


def test_bare_annotated_and_read_from_anywhere(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(made[1], "tag", "-d", "v1.2.3")
    git(made[1], "tag", "-a", "v1.2.3", "-m", "annotated")
    bare = tmp_path / "bare.git"
    git(tmp_path, "clone", "-q", "--bare", str(made[1]), str(bare))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))  # as in a git hook
    proof = prove(made[0], Path("bare.git"))
    assert proof.proven and proof.commit == git(made[1], "rev-parse", "HEAD")  # the commit, not the tag object


def test_the_clones_working_tree_does_not_count(made: tuple[Path, Path]) -> None:
    (made[1] / "src/demo/__init__.py").write_bytes(b"changed, not committed\n")
    assert prove(*made).proven
    assert git(made[1], "status", "--porcelain") == "M src/demo/__init__.py"  # and is left as it was


def test_a_local_replacement_does_not_count(made: tuple[Path, Path]) -> None:
    """`git replace` shows this clone other bytes than the code host shows for the same commit."""
    true = git(made[1], "rev-parse", "HEAD")
    repository(made[1], {"src/demo/__init__.py": b"another\n"})
    git(made[1], "replace", true, git(made[1], "rev-parse", "HEAD"))
    assert prove(*made).proven


@pytest.mark.parametrize("data", [b"x = 2\n", b"x = 1\r\n", b"x = 1", b"\xef\xbb\xbfx = 1\n"])
def test_one_other_byte_is_not_identical(tmp_path: Path, data: bytes) -> None:
    clone = repository(tmp_path / "clone", FILES, "v1.2.3")
    proof = prove(wheel(tmp_path, {**FILES, "demo/__init__.py": data}), clone)
    assert not proof.proven and proof.not_identical == ("demo/__init__.py",)
    assert set(proof.blobs) == set(FILES) - {"demo/__init__.py"}


def test_a_moved_file_is_not_identical_and_is_found(tmp_path: Path) -> None:
    files = dict(FILES)
    files["demo/old.py"] = files.pop("demo/deep/a.py")
    proof = prove(wheel(tmp_path, FILES), repository(tmp_path / "clone", files, "v1.2.3"))
    assert proof.not_identical == ("demo/deep/a.py",)
    assert proof.moved == {"demo/deep/a.py": "demo/old.py"}


def test_a_clone_whose_files_all_moved_is_still_the_packages(tmp_path: Path) -> None:
    proof = prove(wheel(tmp_path, FILES), repository(tmp_path / "clone", rooted(FILES, "python/"), "v1.2.3"))
    assert proof.blobs == {} and proof.moved["demo/__init__.py"] == "python/demo/__init__.py"


def test_a_generated_file_and_a_symbolic_link_are_not_identical(tmp_path: Path) -> None:
    clone = repository(tmp_path / "clone", FILES)
    (clone / "demo/link.py").symlink_to("target")
    git(clone, "add", "-A")
    git(clone, "commit", "-q", "-m", "link")
    git(clone, "tag", "v1.2.3")
    proof = prove(wheel(tmp_path, {**FILES, "demo/_version.py": b"v\n", "demo/link.py": b"target"}), clone)
    assert proof.not_identical == ("demo/_version.py", "demo/link.py")


def test_only_python_files_that_land_in_site_packages_count(tmp_path: Path) -> None:
    extra = {
        "demo/py.typed": b"", "Demo_Pkg-1.2.3.data/scripts/run.py": b"no",
        "Demo_Pkg-1.2.3.data/purelib/demo/pure.py": b"yes", "Demo_Pkg-1.2.3.dist-info/hook.py": b"no",
    }  # fmt: skip
    clone = repository(tmp_path / "clone", {**FILES, "demo/pure.py": b"yes"}, "v1.2.3")
    proof = prove(wheel(tmp_path, {**FILES, **extra}), clone)
    assert proof.proven and set(proof.blobs) == {*FILES, "demo/pure.py"}


def test_an_installed_distribution(made: tuple[Path, Path], tmp_path: Path) -> None:
    info = install(made[0], tmp_path / "site-packages")
    assert prove(info, made[1]).blobs == prove(*made).blobs
    (info.parent / "demo/__init__.py").write_bytes(b"print('debugging')\n")
    (info.parent / "demo/deep/a.py").unlink()
    proof = prove(info, made[1])
    assert proof.changed == proof.not_identical == ("demo/__init__.py", "demo/deep/a.py")
    with pytest.raises(LockError, match=r"demo/__init__\.py was changed since it was installed"):
        extend(Lock(), proof, "https://github.com/demo/demo-pkg")


def test_an_installed_distribution_by_name(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(made[0], tmp_path / "site-packages")
    monkeypatch.syspath_prepend(str(tmp_path / "site-packages"))
    assert prove("demo.pkg", made[1]).proven


# Bad input -------------------------------------------------------------------------------------------------


def test_the_version_asked_for_must_be_the_wheels(made: tuple[Path, Path]) -> None:
    assert prove(*made, "1.2.3").proven
    with pytest.raises(LockError, match=r"this is demo-pkg 1\.2\.3, not 1\.2\.4"):
        prove(*made, "1.2.4")


def test_a_clone_that_is_none(made: tuple[Path, Path], tmp_path: Path) -> None:
    plain = made[1] / "src"  # inside a repository, but not one: git alone would climb up to it
    with pytest.raises(LockError, match="this is not a git repository"):
        prove(made[0], plain)
    with pytest.raises(LockError, match="no such folder"):
        prove(made[0], tmp_path / "nowhere")
    with pytest.raises(LockError, match="no tags at all: fetch them"):
        prove(made[0], repository(tmp_path / "untagged", FILES))


def test_a_damaged_clone_is_one_sentence(made: tuple[Path, Path]) -> None:
    tree = git(made[1], "rev-parse", "HEAD^{tree}")
    (made[1] / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(LockError, match="`git ls-tree` failed") as caught:
        prove(*made)
    assert "\n" not in str(caught.value)


def test_without_git(made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LockError, match="There is no `git` on the PATH"):
        prove(*made)


def test_another_packages_clone(made: tuple[Path, Path], tmp_path: Path) -> None:
    other = repository(tmp_path / "other", {"other/x.py": b"y = 5\n", "other/empty.py": b""}, "v1.2.3")
    with pytest.raises(LockError, match="another package's repository"):
        prove(made[0], other)


def test_another_packages_wheel(made: tuple[Path, Path]) -> None:
    renamed = made[0].with_name("flask-1.2.3-py3-none-any.whl")
    made[0].rename(renamed)
    with pytest.raises(LockError, match=r"another package than its name says: it holds demo-pkg 1\.2\.3"):
        prove(renamed, made[1])


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"record": {"demo/__init__.py": digest(b"else")}}, r"demo/__init__\.py differs from its RECORD"),
        ({"record": {"demo/__init__.py": ""}}, r"demo/__init__\.py differs from its RECORD"),
        ({"record": {"demo/__init__.py": "md5=AAAA"}}, r"demo/__init__\.py differs from its RECORD"),
        ({"record": {"demo/gone.py": digest(b"")}}, r"its RECORD names demo/gone\.py, which it lacks"),
        ({"without": "RECORD"}, "it has no RECORD"),
        ({"without": "METADATA"}, "it has no METADATA"),
        ({"files": {**FILES, "b-2.dist-info/METADATA": b""}}, r"it has 2 \.dist-info folders"),
        ({"files": {"demo.so": b"binary"}}, "no Python file of its own"),
        ({"version": "main"}, "its METADATA names no package and version"),
    ],
)
def test_damaged_wheels(made: tuple[Path, Path], tmp_path: Path, changes: dict[str, object], sentence: str) -> None:
    path = wheel(tmp_path, **{"files": FILES, **changes})  # type: ignore[arg-type]
    with pytest.raises(LockError, match=sentence):
        prove(path, made[1])


def test_a_wheel_that_holds_a_path_twice(made: tuple[Path, Path]) -> None:
    """Which of the two an installer takes is not for us to guess."""
    with zipfile.ZipFile(made[0], "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr("demo/__init__.py", FILES["demo/__init__.py"])
    with pytest.raises(LockError, match="it holds one path twice"):
        prove(*made)


def test_what_is_no_wheel(made: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "text-1-py3-none-any.whl").write_text("hello")
    (tmp_path / "folder-1-py3-none-any.whl").mkdir()
    (tmp_path / "a-1.dist-info").mkdir()
    for name, sentence in {
        "text-1-py3-none-any.whl": "damaged", "folder-1-py3-none-any.whl": "cannot be read",
        "none-1-py3-none-any.whl": "no such wheel", "a-1.dist-info": "it has no METADATA",
        "b-1.dist-info": "no such folder", "sub/dir": r"no \.whl file, no \.dist-info folder",
    }.items():  # fmt: skip
        with pytest.raises(LockError, match=sentence):
            prove(tmp_path / name, made[1])
    with pytest.raises(LockError, match="no such distribution"):
        prove("surely-not-installed", made[1])


def test_a_wheel_that_unpacks_to_too_much(made: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "LARGEST_WHEEL", 20)
    with pytest.raises(LockError, match="unpacks to over"):
        prove(*made)


def test_a_wheel_damaged_anywhere_gives_a_sentence_or_a_true_proof(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Cut or flip it at every 7th byte: never another exception, and never a blob that is not the file's."""
    whole = made[0].read_bytes()
    truth = wheels.read(made[0]).files
    copy = tmp_path / "copies" / made[0].name
    copy.parent.mkdir()
    refused = 0
    for at in range(0, len(whole), 7):
        for data in (whole[:at], whole[:at] + bytes([whole[at] ^ 0x55]) + whole[at + 1 :]):
            copy.write_bytes(data)
            try:
                assert wheels.read(copy).files == truth
            except LockError as error:
                assert "\n" not in str(error)
                refused += 1
    assert refused > len(whole) / 7  # every cut one, and some of the others
