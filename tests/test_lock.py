"""The lock: proved against real git repositories and real wheels, both made by the test; no network, no ../shared."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from tracer.reading import lock as room
from tracer.reading import wheel as wheels
from tracer.reading.lock import Lock, LockError, Package, Release, blob_id, dump, load, write
from tracer.reading.prove import Proof, extend, prove
from unmagic.lock import lock as command

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
FILES = {"demo/__init__.py": b"x = 1\n", "demo/deep/a.py": b"def f():\n    return 2\n", "demo/empty.py": b""}
SEED = Path(__file__).parents[2] / "shared" / "data" / "permalinks.json"


def git(repository: Path, *arguments: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", "-c", "user.name=T", "-c", "user.email=t@example.org", "-C", str(repository), *arguments],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
    )
    return done.stdout.strip()


def repository(folder: Path, files: dict[str, bytes], *tags: str) -> Path:
    """A git repository in `folder` with one commit more, of exactly these files, under these tags."""
    if not folder.exists():
        folder.mkdir()
        git(folder, "init", "-q")
    for old in folder.iterdir():
        if old.name != ".git":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", "a commit")
    for tag in tags:
        git(folder, "tag", tag)
    return folder


def rooted(files: dict[str, bytes], root: str) -> dict[str, bytes]:
    return {root + name: data for name, data in files.items()}


def digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def wheel(
    folder: Path,
    files: dict[str, bytes],
    version: str = "1.2.3",
    name: str = "Demo_Pkg",
    urls: tuple[str, ...] = ("Source, https://github.com/demo/demo-pkg/",),
    record: dict[str, str] | None = None,
    without: str = "",
) -> Path:
    """A wheel of these files; `record` overrides hashes, `without` leaves one file of the .dist-info out."""
    info = f"{name}-{version}.dist-info"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    metadata += "".join(f"Project-URL: {url}\n" for url in urls)
    content = {**files, f"{info}/METADATA": metadata.encode(), f"{info}/WHEEL": b"Wheel-Version: 1.0\n"}
    hashes = {path: digest(data) for path, data in content.items()} | (record or {})
    rows = [f"{path},{hashed}," for path, hashed in hashes.items()] + [f"{info}/RECORD,,"]
    content[f"{info}/RECORD"] = "\n".join(rows).encode()
    content.pop(f"{info}/{without}", None)
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inner, data in content.items():
            archive.writestr(inner, data)
    return path


def install(path: Path, folder: Path) -> Path:
    """Unpack a wheel as an installer does; the .dist-info folder."""
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    return next(folder.glob("*.dist-info"))


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """A wheel and the clone that holds exactly its files under src/ at v1.2.3."""
    return wheel(tmp_path, FILES), repository(tmp_path / "clone", rooted(FILES, "src/"), "v1.2.3")


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


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


# The lock's value and file ---------------------------------------------------------------------------------

PROOF = Proof("demo", "1.0", "v1.0", COMMIT, "src/", {"demo.py": OTHER}, ("gen.py",), {}, (), "", ())
URL = "https://github.com/demo/demo"


def test_extending_writing_and_loading(tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    lock = extend(Lock(), PROOF, URL, blobs=True)
    write(lock, path)
    assert load(path) == lock
    release = load(path).packages["demo"].releases["1.0"]
    assert release == Release("v1.0", COMMIT, "src/", 2, 1, ("gen.py",), {"demo.py": OTHER})
    assert extend(Lock(), PROOF, URL).packages["demo"].releases["1.0"].blobs == {}


def test_blobs_once_written_are_kept_up_to_date() -> None:
    lock = extend(extend(Lock(), PROOF, URL, blobs=True), PROOF, URL)
    assert lock.packages["demo"].releases["1.0"].blobs == {"demo.py": OTHER}


def test_the_text_does_not_depend_on_the_order() -> None:
    releases = {v: Release(f"v{v}", COMMIT, "", 1, 1) for v in ["1.9.0", "1.10.0", "1.10.0rc1"]}
    backwards = dict(reversed(releases.items()))
    releases["1.9.0"] = Release("v1.9.0", COMMIT, "", 2, 2, (), {"b.py": OTHER, "a.py": OTHER})
    backwards["1.9.0"] = Release("v1.9.0", COMMIT, "", 2, 2, (), {"a.py": OTHER, "b.py": OTHER})
    one = Lock({"a": Package(URL, releases), "b": Package(URL, {})})
    other = Lock({"b": Package(URL, {}), "a": Package(URL, backwards)})
    assert dump(one) == dump(other)
    assert list(json.loads(dump(one))["a"]["releases"]) == ["1.10.0", "1.10.0rc1", "1.9.0"]  # newest first


def test_extending_refuses_what_contradicts_the_lock() -> None:
    lock = extend(Lock(), PROOF, URL)
    with pytest.raises(
        LockError, match=r"the lock knows https://github\.com/demo/demo, not https://github\.com/fork/demo"
    ):
        extend(lock, PROOF, "https://github.com/fork/demo")
    moved = Proof("demo", "1.0", "v1.0", OTHER, "", {"demo.py": OTHER}, (), {}, (), "", ())
    with pytest.raises(LockError, match=f"the lock has commit {COMMIT}, but tag v1.0 is now {OTHER}"):
        extend(lock, moved, URL)
    nothing = Proof("demo", "2.0", "v2.0", OTHER, "", {}, ("demo.py",), {}, (), "", ())
    with pytest.raises(LockError, match=r"no file equals tag v2\.0"):
        extend(lock, nothing, URL)
    with pytest.raises(LockError, match="is not an https URL"):
        extend(Lock(), PROOF, "javascript:alert(1)")


GOOD = {"tag": "v1", "commit": COMMIT, "root": "", "python_files": 2, "identical": 1, "not_identical": ["b.py"]}


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("", ":1: the lock is not JSON"),
        ("{\n\n,}", ":3: the lock is not JSON"),
        ("[]", "the lock is not a JSON object"),
        ('{"a": 1}', "a is not a JSON object"),
        ('{"a": {}, "a": {}}', "'a' is there twice"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ('{"Flask": {}}', "'Flask' is not a normalized package name"),
        ('{"a": {"repository": "https://github.com/o/r"}}', "a has no 'releases'"),
        ('{"a": {"repository": "javascript:alert(1)", "releases": {}}}', "is not an https URL"),
        ('{"a": {"repository": "https://u:p@github.com/o/r", "releases": {}}}', "is not an https URL"),
        ('{"a": {"repository": "https://github.com/o/..", "releases": {}}}', "is not an https URL"),
        ('{"a": {"repository": 5, "releases": {}}}', "is not an https URL"),
        ('{"a": {"repository": "https://github.com/o/r", "releases": {"main": {}}}}', "'main' is not a version"),
    ],
)
def test_a_corrupt_lock_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "lock.json"
    path.write_text(text)
    with pytest.raises(LockError, match=sentence) as caught:
        load(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"commit": "main"}, "is not 40 hexadecimal digits"),
        ({"commit": COMMIT.upper()}, "is not 40 hexadecimal digits"),
        ({"commit": None}, "is not 40 hexadecimal digits"),
        ({"tag": "../v1"}, "is not a tag"),
        ({"tag": "v1\n"}, "is not a tag"),
        ({"root": "src"}, "the root 'src' is not"),
        ({"root": "../"}, "the root '../' is not"),
        ({"root": "/"}, "the root '/' is not"),
        ({"python_files": True}, "cannot be"),
        ({"identical": 3}, "cannot be"),
        ({"identical": "1"}, "cannot be"),
        ({"not_identical": []}, "not_identical names 0 files, but 1 are missing"),
        ({"not_identical": ["b.py", "c.py"]}, "not_identical names 2 files"),
        ({"not_identical": ["../b.py"]}, "not a list of relative paths"),
        ({"not_identical": "b"}, "not a list of relative paths"),
        ({"blobs": {"a.py": "abc"}}, "'abc' is no blob id"),
        ({"blobs": {"/a.py": COMMIT}}, "is no blob id of a path"),
        ({"blobs": {"b.py": COMMIT}}, "cannot be both"),
        ({"blobs": {"a.py": COMMIT, "c.py": COMMIT}}, "2 blobs for 1 identical"),
        ({"blobs": []}, "is not a JSON object"),
        ({"comit": COMMIT}, "has the unknown key 'comit'"),
    ],
)
def test_a_corrupt_release_is_refused_by_name(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    path = tmp_path / "lock.json"
    for entry in (GOOD, {**GOOD, **change}):
        path.write_text(json.dumps({"demo": {"repository": URL, "releases": {"1": entry}}}))
        if entry is GOOD:
            load(path)  # so that only the change can be what is refused
    with pytest.raises(LockError, match=sentence) as caught:
        load(path)
    assert "demo 1" in str(caught.value)


KEYS = st.text() | st.sampled_from(["a", "1.0", "repository", "releases", *GOOD, "blobs"])
LEAVES = st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from([URL, COMMIT, "v1", "src/"])


@given(st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner)))
def test_any_json_is_a_lock_or_a_sentence(data: object) -> None:
    for nested in (data, {"a": data}, {"a": {"repository": URL, "releases": {"1": data}}}):
        try:
            lock = room.parse(nested)
        except LockError as error:
            assert str(error)
        else:
            assert room.parse(json.loads(dump(lock))) == lock


def test_unreadable_locks(tmp_path: Path) -> None:
    with pytest.raises(LockError, match="cannot be read"):
        load(tmp_path / "none.json")
    with pytest.raises(LockError, match="cannot be read"):
        load(tmp_path)
    (tmp_path / "latin.json").write_bytes(b'{"\xe9": 1}')
    with pytest.raises(LockError, match="not UTF-8 text \\(byte offset 2\\)"):
        load(tmp_path / "latin.json")


def test_a_write_that_fails_leaves_the_old_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lock.json"
    path.write_text("{}\n")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(LockError, match=r"cannot be written \(No space left on device\)"):
        write(extend(Lock(), PROOF, URL), path)
    assert path.read_text() == "{}\n" and [p.name for p in tmp_path.iterdir()] == ["lock.json"]
    monkeypatch.undo()
    with pytest.raises(LockError, match="cannot be written"):
        write(Lock(), tmp_path / "no" / "folder.json")


@pytest.mark.skipif(sys.platform == "win32", reason="modes and links of POSIX")
def test_a_write_keeps_the_mode_and_the_symbolic_link(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("{}\n")
    real.chmod(0o640)
    link.symlink_to(real)
    write(extend(Lock(), PROOF, URL), link)
    assert link.is_symlink() and "demo" in load(real).packages and real.stat().st_mode & 0o777 == 0o640


# The project's own lock ------------------------------------------------------------------------------------


def pins() -> dict[str, str]:
    text = (Path(__file__).parents[1] / "requirements.txt").read_text()
    block = text.split("# What those bring along")[0]
    return dict(line.split("==") for line in block.splitlines() if "==" in line)


def test_our_lock_is_canonical() -> None:
    assert room.LOCK_FILE.read_text() == dump(load())


def test_every_traced_pin_is_proven_with_blobs() -> None:
    lock = load()
    assert len(pins()) >= 6
    for name, version in pins().items():
        release = lock.packages[name].releases[version]
        assert release.identical == release.python_files == len(release.blobs) > 0, name


def test_the_installed_files_are_the_locks() -> None:
    """The files that the scenarios run, against the blobs; of other versions installed nothing is asked."""
    compared = 0
    for name, package in load().packages.items():
        try:
            installed = wheels.read(name)
        except LockError:
            continue
        release = package.releases.get(installed.version)
        if release and release.blobs and not installed.changed:
            assert dict(installed.files) == dict(release.blobs), name
            compared += len(release.blobs)
    if not compared:
        pytest.skip("none of the traced releases is installed here")


@pytest.mark.skipif(not SEED.exists(), reason="the seed data is not part of this repository")
def test_our_lock_holds_the_whole_seed() -> None:
    ours, seed = json.loads(dump(load())), json.loads(SEED.read_text())
    assert len(seed) == 17
    for name, package in seed.items():
        assert ours[name]["repository"] == package["repository"]
        for version, release in package["releases"].items():
            mine = {key: value for key, value in ours[name]["releases"][version].items() if key != "blobs"}
            assert mine == {key: sorted(value) if key == "not_identical" else value for key, value in release.items()}


# The command -----------------------------------------------------------------------------------------------


def test_prove_says_writes_and_shows(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    result = run("prove", *made, "--lock", path)
    assert result.exit_code == 0 and not path.exists()
    commit = git(made[1], "rev-parse", "HEAD")
    assert f"Proven: demo-pkg 1.2.3: 3 of 3 Python files equal tag v1.2.3 (commit {commit}, in src/)." in result.output
    result = run("prove", *made, "--write", "--blobs", "--version", "1.2.3", "--lock", path)
    assert result.exit_code == 0 and f"Written to {path}." in result.output
    assert load(path).packages["demo-pkg"].repository == "https://github.com/demo/demo-pkg"  # from the metadata
    assert set(load(path).packages["demo-pkg"].releases["1.2.3"].blobs) == set(FILES)
    result = run("show", "Demo_Pkg", "--lock", path)
    assert result.exit_code == 0
    assert f"1.2.3: tag v1.2.3, commit {commit}, 3 of 3 files identical, with blobs" in result.output
    assert "demo-pkg: 1 release, https://github.com/demo/demo-pkg" in run("show", "--lock", path).output


def test_prove_takes_the_repository_from_the_clones_origin(made: tuple[Path, Path], tmp_path: Path) -> None:
    path = tmp_path / "lock.json"
    git(made[1], "remote", "add", "origin", "https://somebody:secret@codeberg.org/demo/real.git")
    assert run("prove", *made, "--write", "--lock", path).exit_code == 0
    assert load(path).packages["demo-pkg"].repository == "https://codeberg.org/demo/real"
    assert "secret" not in path.read_text()
    result = run("prove", *made, "--write", "--lock", path, "--repository", "git@server:demo/real")
    assert result.exit_code == 2 and "no repository on a code host" in result.output
    result = run("prove", *made, "--write", "--lock", path, "--repository", "https://github.com/demo/fork")
    assert result.exit_code == 2 and "the lock knows https://codeberg.org/demo/real" in result.output


def test_prove_does_not_guess_a_repository(tmp_path: Path) -> None:
    made = wheel(tmp_path, FILES, urls=()), repository(tmp_path / "clone", FILES, "v1.2.3")
    path = tmp_path / "lock.json"
    result = run("prove", *made, "--write", "--lock", path)
    assert result.exit_code == 2 and "give --repository" in result.output and not path.exists()
    assert run("prove", *made, "--write", "--lock", path, "--repository", "javascript:alert(1)").exit_code == 2
    assert run("prove", *made, "--write", "--lock", path, "--repository", "https://gitlab.com/a/b/c").exit_code == 0
    assert load(path).packages["demo-pkg"].repository == "https://gitlab.com/a/b/c"
    # From now on the lock itself knows.
    assert run("prove", *made, "--write", "--blobs", "--lock", path).exit_code == 0


def test_prove_of_what_differs_ends_with_1(tmp_path: Path) -> None:
    many = {f"demo/m{i}.py": b"%d" % i for i in range(12)}
    files = {**many, "demo/deep/a.py": FILES["demo/deep/a.py"]}
    clone = repository(
        tmp_path / "clone", dict.fromkeys(many, b"else") | {"demo/b.py": FILES["demo/deep/a.py"]}, "v1.2.3"
    )
    path = tmp_path / "lock.json"
    result = run("prove", wheel(tmp_path, files), clone, "--write", "--lock", path)
    assert result.exit_code == 1 and not path.exists() and "nothing is written" in result.output
    assert "not identical: demo/deep/a.py (its bytes are at demo/b.py)" in result.output
    assert "and 3 more" in result.output
    repository(clone, {**many, "demo/deep/a.py": b"else"})
    git(clone, "tag", "-f", "v1.2.3")
    result = run("prove", wheel(tmp_path, files), clone, "--write", "--lock", path)
    assert result.exit_code == 1 and load(path).packages["demo-pkg"].releases["1.2.3"].identical == 12
    assert "not identical: demo/deep/a.py" in run("show", "demo-pkg", "--lock", path).output


def test_bad_input_is_one_sentence_and_2(made: tuple[Path, Path], tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    for arguments in (
        ["prove", tmp_path / "none-1-py3-none-any.whl", made[1]],
        ["prove", made[0], tmp_path],
        ["prove", *made, "--version", "9"],
        ["prove", *made, "--write", "--lock", broken],
        ["prove", *made, "--blobs"],
        ["show", "--lock", broken],
        ["show", "flsk"],
    ):
        result = run(*arguments)
        assert result.exit_code == 2, arguments
        assert "Traceback" not in result.output
        assert len([line for line in result.output.splitlines() if line.startswith(("Error: ", "unmagic: "))]) == 1
    assert broken.read_text() == "{"
    assert "did you mean flask?" in run("show", "flsk").output


@pytest.mark.parametrize("arguments", [[], ["show"], ["prove"]])
def test_help(arguments: list[str]) -> None:
    result = run(*arguments, "--help")
    assert result.exit_code == 0
    assert not arguments or "Exit codes: 0" in result.output
