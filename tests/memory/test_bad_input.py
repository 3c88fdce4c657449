"""What people and machines get wrong: each is refused in one clear line, or kept word for word, and nothing is half-written."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from solomonic.errors import InputError, StoreError, StoreForeign
from solomonic.memory import Log, Record
from solomonic.memory.schema import APPLICATION_ID, VERSION

HOSTILE = ["'; DROP TABLE record; --", '" OR 1=1 --', "Robert'); DELETE FROM record;", "%s %d {} \\x00", "\0", "NEAR(", "a" * 10_000]


@pytest.mark.parametrize("text", HOSTILE)
def test_sql_in_any_field_is_only_text(text: str, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        record = Record(text, source=text, session=text, speaker=text, meta={text: text})
        (stored,) = log.add([record], vectors=np.ones((1, 2)), fingerprint=text)
        fact = log.assert_fact(text, text, text, record=stored.id, source=text)
        log.keep(text, text)
        assert log.get(stored.id) == stored
        assert (stored.text, stored.source, stored.session, stored.speaker, stored.meta) == (text, text, text, text, {text: text})
        assert list(log.facts()) == [fact]
        assert log.spaces() == {text: (2, 1)}
        assert log.setting(text) == text
        log.match([text], 5)
        with pytest.raises(InputError):
            log.get(text)
        assert log.check() == []


@pytest.mark.parametrize(
    "text", [b"\xff\xfe\xc3(", b"\xed\xa0\x80", b"\0" * 100, "a\0b", "", b"", "\ud83d", "\ufeffx", "e\u0301", "\r\n\u2028"]
)
def test_odd_bytes_come_back_as_they_went_in(text: str | bytes, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        (stored,) = log.add([Record(text)])
    with Log.open(tmp_path) as log:
        assert log.get(stored.id).text == text
        assert log.check() == []


@pytest.mark.parametrize("text", ["word " * 2_000_000, os.urandom(10_000_000), "x" * 10_000_000])
def test_ten_megabytes_are_a_record_like_any_other(text: str | bytes, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        (stored,) = log.add([Record(text)])
        log.add([Record("after")])
        assert log.get(stored.id).text == text
        assert log.match(["after"], 3)[0][0] == 2


@pytest.mark.parametrize("n", [20_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_duplicates_without_number_stay_apart(n: int, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        ids = {stored.id for _ in range(n // 10_000) for stored in log.add([Record("the same again")] * 10_000)}
        assert len(ids) == log.count() == n
        assert len(log.match(["again"], 10)) == 10


@pytest.mark.parametrize(
    ("vectors", "says"),
    [
        (np.ones((2, 5)), "d=5.*d=4"),
        (np.ones((3, 4)), r"shape \(3, 4\)"),
        (np.ones(4), "shape"),
        (np.ones((2, 0)), "shape"),
        (np.array([[1, 2, 3, np.nan], [1, 2, 3, 4]]), "record 0 of this batch is not finite"),
        (np.array([[1, 2, 3, 4], [1, 2, -np.inf, 4]]), "record 1 of this batch is not finite"),
        (np.full((2, 4), 1e300), "not finite in float32"),
        (np.array([["a"] * 4] * 2), "numbers"),
        (np.ones((2, 4), dtype=complex), "numbers"),
        ([[1, 2, 3, 4], [1]], "numbers|shape"),
    ],
)
def test_vectors_that_cannot_be_are_refused_with_the_whole_batch(vectors: np.ndarray, says: str, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record("a")], vectors=np.ones((1, 4)), fingerprint="f")
        with pytest.raises(InputError, match=says):
            log.add([Record("b"), Record("c")], vectors=vectors, fingerprint="f")
        assert log.count() == 1
        assert log.spaces() == {"f": (4, 1)}


def test_vectors_without_the_name_of_their_encoder_are_refused(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        for name in (None, ""):
            with pytest.raises(InputError, match="fingerprint"):
                log.add([Record("a")], vectors=np.ones((1, 4)), fingerprint=name)
        with pytest.raises(InputError, match="for 0 records"):
            log.add_vectors([1], np.ones((1, 4)), "f")
        assert log.add([], vectors=np.ones((0, 4)), fingerprint="f") == []


def test_what_is_no_record_is_refused(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        with pytest.raises(InputError, match="expected a Record, not str"):
            log.add(["text"])  # type: ignore[list-item]
        with pytest.raises(InputError, match="2 times of recording were given for 1"):
            log.add([Record("a")], recorded=[1.0, 2.0])
        with pytest.raises(InputError, match="ids were given"):
            log.add([Record("a")], ids=[])
        assert log.count() == 0


@pytest.mark.parametrize("readonly", [False, True])
def test_a_path_that_is_a_file_is_refused(readonly: bool, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="is a file; a store is a folder"):
        Log.open(tmp_path / "file", readonly=readonly)
    with pytest.raises(StoreError, match="cannot be"):
        Log.open(tmp_path / "file" / "below", readonly=False)
    assert (tmp_path / "file").read_text() == "mine"


def test_reading_what_is_not_there_is_refused_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="no store in"):
        Log.open(tmp_path / "none", readonly=True)
    assert not (tmp_path / "none").exists()
    with pytest.raises(StoreError):
        Log.open("with\0nul")


def test_paths_with_odd_characters_work(tmp_path: Path) -> None:
    folder = tmp_path / "a b?c#d%20e'\"ü"
    with Log.open(folder) as log:
        log.add([Record("x")])
    with Log.open(folder, readonly=True) as log:
        assert log.count() == 1
    assert {path.name for path in folder.iterdir()} >= {"memory.db", "writer.lock"}
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def foreign(path: Path, **pragmas: int) -> bytes:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE theirs (x)")
    for name, value in pragmas.items():
        connection.execute(f"PRAGMA {name} = {value}")
    connection.commit()
    connection.close()
    return path.read_bytes()


@pytest.mark.parametrize("readonly", [False, True])
@pytest.mark.parametrize("pragmas", [{}, {"application_id": 77}, {"user_version": 1}])
def test_another_programs_database_is_refused_and_left_as_it_is(pragmas: dict[str, int], readonly: bool, tmp_path: Path) -> None:
    before = foreign(tmp_path / "memory.db", **pragmas)
    with pytest.raises(StoreForeign, match="another program's"):
        Log.open(tmp_path, readonly=readonly)
    assert (tmp_path / "memory.db").read_bytes() == before


@pytest.mark.parametrize("readonly", [False, True])
def test_a_newer_store_is_refused_and_left_as_it_is(readonly: bool, tmp_path: Path) -> None:
    before = foreign(tmp_path / "memory.db", application_id=APPLICATION_ID, user_version=VERSION + 1)
    with pytest.raises(StoreForeign, match=f"version {VERSION + 1}.*upgrade solomonic"):
        Log.open(tmp_path, readonly=readonly)
    assert (tmp_path / "memory.db").read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "memory.db").write_bytes(b"my diary\n" * 1_000)
    with pytest.raises(StoreForeign, match="not a SQLite file"):
        Log.open(tmp_path)
    assert (tmp_path / "memory.db").read_bytes() == b"my diary\n" * 1_000


def test_an_opening_that_failed_leaves_no_lock(tmp_path: Path) -> None:
    foreign(tmp_path / "memory.db")
    with pytest.raises(StoreForeign):
        Log.open(tmp_path)
    (tmp_path / "memory.db").unlink()
    Log.open(tmp_path).close()


@pytest.fixture
def readonly_folder(tmp_path: Path) -> Iterator[Path]:
    """A store that was closed in order, in a folder where nothing can be written."""
    folder = tmp_path / "readonly"
    folder.mkdir()
    root = os.geteuid() == 0
    if root and subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("root can write to any folder, and mounting one that is read-only is not allowed here")
    try:
        with Log.open(folder / "store") as log:
            log.add([Record("kept in amber")])
        if root:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        else:
            (folder / "store").chmod(0o555)
        yield folder / "store"
    finally:
        if root:
            subprocess.run(["umount", "-l", str(folder)], check=True)
        else:
            (folder / "store").chmod(0o755)


def test_a_readonly_folder_can_be_read_and_is_refused_for_writing(readonly_folder: Path) -> None:
    with pytest.raises(StoreError, match="readonly=True"):
        Log.open(readonly_folder)
    with Log.open(readonly_folder, readonly=True) as log:
        assert [record.text for record in log.records()] == ["kept in amber"]
        assert log.match(["amber"], 1)
        assert log.check() == []
        with pytest.raises(StoreError, match="opened for reading"):
            log.add([Record("x")])


def test_a_new_store_in_a_readonly_folder_is_refused(readonly_folder: Path) -> None:
    if os.geteuid():
        with pytest.raises(StoreError):
            Log.open(readonly_folder / "below")
    else:
        with pytest.raises(StoreError, match="Read-only file system"):
            Log.open(readonly_folder / "below")


def test_a_log_that_came_with_a_fork_does_not_write(tmp_path: Path) -> None:
    code = """
import os, sys
from solomonic.errors import StoreBusy
from solomonic.memory import Log, Record
log = Log.open(sys.argv[1])
log.add([Record("parent")])
child = os.fork()
if not child:
    try:
        log.add([Record("child")])
    except StoreBusy as error:
        assert "forked" in str(error)
        assert log.count() == 1
        os._exit(7)
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
log.add([Record("parent again")])
assert log.check() == [] and log.count() == 2
lingering = os.fork()
if not lingering:
    import time
    time.sleep(20)
    os._exit(0)
log.close()
Log.open(sys.argv[1]).close()
os.kill(lingering, 9)
"""
    import sys

    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
