"""The lock's value and file: written canonically, refused where it is corrupt, and the project's own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.reading import lock as room
from tracer.reading import wheel as wheels
from tracer.reading.lock import Lock, LockError, Package, Release, dump, load, write
from tracer.reading.prove import Proof, extend

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "f" * 40
SEED = Path(__file__).parents[2] / "shared" / "data" / "permalinks.json"


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
