"""Files of projections: whole or not at all, ours or not used."""

from __future__ import annotations

import builtins
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

from solomonic.errors import StoreError
from solomonic.memory import Log, Record, projection
from solomonic.memory.projection import Header, Projection, Unusable
from solomonic.memory.record import Position

HEADER = Header("test", 1, "store", "print", Position(7, 2, 3), "anchor", {"n": 4})
OLD = {"a": [np.arange(100, dtype=np.int64)], "b": [np.ones((3, 5), dtype=np.float32)]}
NEW = {"a": [np.arange(50, dtype=np.int64), np.arange(9, dtype=np.int64)], "b": [np.zeros((2, 5), dtype=np.float32)]}


def load(path: Path, **other: Any) -> Projection | Unusable:
    return projection.load(path, **{"kind": "test", "version": 1, "store_id": "store", "fingerprint": "print", **other})


def reason(path: Path, **other: Any) -> str:
    found = load(path, **other)
    assert isinstance(found, Unusable)
    return found.reason


def holds(path: Path, arrays: dict[str, list[np.ndarray]]) -> bool:
    found = load(path)
    return isinstance(found, Projection) and all(
        np.array_equal(found.arrays[name], np.concatenate(parts)) for name, parts in arrays.items()
    )


SHAPES = arrays_of.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6)
ARRAYS = st.sampled_from([np.int64, np.int32, np.uint8, np.float32, np.float64]).flatmap(lambda dtype: arrays_of.arrays(dtype, SHAPES))


@settings(max_examples=60, deadline=None)
@given(parts=st.dictionaries(st.text("abcdef", min_size=1, max_size=4), ARRAYS, max_size=5))
def test_what_is_saved_is_loaded(parts: dict[str, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("p") / "file"
    projection.save(path, HEADER, {name: [array] for name, array in parts.items()})
    found = load(path)
    assert isinstance(found, Projection)
    assert found.header == HEADER
    assert list(found.arrays) == list(parts)
    for name, array in parts.items():
        np.testing.assert_array_equal(found.arrays[name], array)
        assert found.arrays[name].dtype == array.dtype
        assert found.arrays[name].shape == array.shape
        assert not (array.size and found.arrays[name].flags.writeable)


def test_a_large_array_is_written_in_chunks_and_read_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projection, "_CHUNK", 64)
    projection.save(tmp_path / "file", HEADER, OLD)
    assert holds(tmp_path / "file", OLD)


def test_a_changed_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    projection.save(path, HEADER, OLD)
    content = path.read_bytes()
    for at in range(0, len(content), 7):
        path.write_bytes(content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :])
        assert isinstance(load(path), Unusable), at
    path.write_bytes(content)
    assert holds(path, OLD)


def test_a_file_cut_or_grown_at_any_length_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    projection.save(path, HEADER, OLD)
    content = path.read_bytes()
    for length in [*range(0, len(content), 13), len(content) - 1]:
        path.write_bytes(content[:length])
        assert reason(path) == "is truncated"
        path.write_bytes(content[:length] + bytes(len(content) - length))
        assert isinstance(load(path), Unusable) or not content[length:].strip(b"\0")
    path.write_bytes(content + b"\0")
    assert isinstance(load(path), Unusable)


def test_what_is_not_ours_is_named(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert load(path) == Unusable("is missing", missing=True)
    projection.save(path, HEADER, OLD)
    assert "another store" in reason(path, store_id="other")
    assert "another version" in reason(path, version=2)
    assert "another version" in reason(path, kind="graph")
    assert "another encoder" in reason(path, fingerprint="other")
    path.write_bytes(b"something else entirely, and long enough to hold a prefix of ours")
    assert "does not begin" in reason(path)
    path.unlink()
    path.mkdir()
    assert "cannot be read" in reason(path)


class Killed(BaseException):
    """The process ends here: nothing after this runs."""


class Disk:
    """Every write, flush, rename and removal goes through here and is numbered; the one with the number `fails` does half of its work and raises."""

    def __init__(self, fails: int | None, error: Callable[[], BaseException]) -> None:
        self.done: list[str] = []
        self._fails, self._error = fails, error
        self.path, self.rename, self.O_RDONLY = os.path, os.rename, os.O_RDONLY
        self.open_folder, self.close, self.fstat, self.stat = os.open, os.close, os.fstat, os.stat

    def _step(self, name: str) -> None:
        self.done.append(name)
        if len(self.done) - 1 == self._fails:
            raise self._error()

    def fsync(self, handle: int) -> None:
        self._step("fsync")
        os.fsync(handle)

    def replace(self, old: Path, new: Path) -> None:
        self._step("replace")
        os.replace(old, new)

    def unlink(self, path: Path) -> None:
        os.unlink(path)

    def open(self, path: Path, flags: int) -> int:
        self._step("open folder")
        return os.open(path, flags)

    def file(self, path: Path, mode: str) -> Any:
        if mode == "rb":
            return builtins.open(path, mode)
        self._step("open file")
        handle = builtins.open(path, mode, buffering=0)  # noqa: SIM115
        disk = self

        class Handle:
            def __enter__(self) -> Handle:
                return self

            def __exit__(self, *_: object) -> None:
                handle.close()

            def write(self, data: Any) -> None:
                try:
                    disk._step("write")
                except BaseException:
                    handle.write(bytes(data)[: len(data) // 2])
                    raise
                handle.write(data)

            def __getattr__(self, name: str) -> Any:
                return getattr(handle, name)

        return Handle()


def saved_with(disk: Disk, path: Path) -> BaseException | None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projection, "os", disk)
        patch.setattr(projection, "open", disk.file, raising=False)
        try:
            projection.save(path, HEADER, NEW)
        except (StoreError, Killed) as error:
            return error
    return None


def full() -> OSError:
    return OSError(28, "No space left on device")


@pytest.mark.parametrize("error", [full, Killed])
def test_after_any_failure_the_old_file_or_the_new_one_is_whole(error: Callable[[], BaseException], tmp_path: Path) -> None:
    whole = Disk(None, error)
    path = tmp_path / "file"
    projection.save(path, HEADER, OLD)
    assert saved_with(whole, path) is None
    assert whole.done[0] == "open file"
    # The bytes are on the disk before the name points to them, and the name is on the disk before the caller is told.
    assert whole.done[-4:] == ["fsync", "replace", "open folder", "fsync"]
    seen = set()
    for number, step in enumerate(whole.done):
        projection.save(path, HEADER, OLD)
        raised = saved_with(Disk(number, error), path)
        assert isinstance(raised, Killed if error is Killed else StoreError), step
        state = "old" if holds(path, OLD) else "new" if holds(path, NEW) else "neither"
        assert state == ("old" if number <= whole.done.index("replace") else "new"), (number, step)
        seen.add(state)
        if error is full:
            assert "No space left" in str(raised)
            assert [file.name for file in tmp_path.iterdir()] == ["file"]
        projection.sweep(path)
        assert [file.name for file in tmp_path.iterdir()] == ["file"]
    assert seen == {"old", "new"}


def test_a_folder_that_cannot_be_written_is_an_error_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the memory itself is safe"):
        projection.save(tmp_path / "file" / "below", HEADER, OLD)


def test_writing_into_a_mapped_file_is_noticed_and_renaming_over_it_is_harmless(tmp_path: Path) -> None:
    path = tmp_path / "file"
    projection.save(path, HEADER, OLD)
    found = load(path)
    assert isinstance(found, Projection)
    assert not found.touched()
    projection.save(path, HEADER, NEW)
    assert not found.touched()
    np.testing.assert_array_equal(found.arrays["a"], OLD["a"][0])
    now = load(path)
    assert isinstance(now, Projection)
    with open(path, "r+b") as handle:
        handle.write(b"\0")
    os.utime(path, ns=(1, 1))
    assert now.touched()
    path.unlink()
    assert not now.touched()


def test_an_anchor_names_one_history_of_one_log(tmp_path: Path) -> None:
    with Log.open(tmp_path / "store") as log:
        empty = projection.anchor(log, 0)
        log.add([Record("one"), Record("two")])
        first, second = projection.anchor(log, 1), projection.anchor(log, 2)
        assert len({empty, first, second}) == 3
        log.add([Record("three")])
        assert projection.anchor(log, 2) == second
        log.forget([1])
        assert projection.anchor(log, 2) != second
