"""The cache of vectors: no text encoded twice, and nothing left of an erased one."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from solomonic.encoders import CachedEncoder
from solomonic.encoders.cache import text_key
from solomonic.encoders.hashing import HashingEncoder
from solomonic.errors import InputError


class Counting(HashingEncoder):
    """Remembers what it was asked to encode."""

    def __init__(self, dimensions: int = 64) -> None:
        super().__init__(dimensions=dimensions)
        self.asked: list[str] = []

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return super().encode(texts)


TEXTS = ["one", "two", "one", "", "\ud800", "x" * 100_000]


@pytest.mark.parametrize("where", ["file", "memory"])
def test_each_text_is_encoded_once_and_comes_back_the_same(where: str, tmp_path: Path) -> None:
    inner = Counting()
    cached = CachedEncoder(inner, tmp_path / "cache.db" if where == "file" else None)
    expected = HashingEncoder(dimensions=64).encode(TEXTS)
    np.testing.assert_array_equal(cached.encode(TEXTS), expected)
    np.testing.assert_array_equal(cached.encode(TEXTS[::-1]), expected[::-1])
    assert sorted(inner.asked) == sorted(set(TEXTS))
    assert (cached.name, cached.fingerprint, cached.dimensions) == (inner.name, inner.fingerprint, 64)
    assert cached.encode([]).shape == (0, 64)
    assert len(cached) == 5
    cached.close()


def test_what_was_encoded_is_still_known_to_the_next_process(tmp_path: Path) -> None:
    CachedEncoder(Counting(), tmp_path / "cache.db").encode(TEXTS)
    inner = Counting()
    CachedEncoder(inner, tmp_path / "cache.db").encode(TEXTS)
    assert inner.asked == []


def test_encoders_of_other_fingerprints_do_not_mix(tmp_path: Path) -> None:
    CachedEncoder(Counting(64), tmp_path / "cache.db").encode(["one"])
    other = Counting(32)
    assert CachedEncoder(other, tmp_path / "cache.db").encode(["one"]).shape == (1, 32)
    assert other.asked == ["one"]


def test_erased_texts_are_in_no_byte_of_any_file_under_any_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    kept, gone = [f"kept {i}" for i in range(300)], [f"gone {i}" for i in range(300)]
    mixed = [text for pair in zip(kept, gone, strict=True) for text in pair]
    traces = []
    for dimensions in (64, 32):
        cached = CachedEncoder(Counting(dimensions), path)
        traces += [vector.tobytes() for vector in cached.encode(mixed)[1::2]]
        cached.close()
    cached = CachedEncoder(Counting(), path)
    assert cached.probe(["gone 0", "kept 0"]) == [True, True]
    assert cached.erase(gone) == 600
    assert cached.probe(["gone 0", "kept 0"]) == [False, True]
    assert cached.erase(gone) == 0
    content = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert text_key("kept 7") in content
    assert not any(text_key(text) in content for text in gone)
    assert not any(trace in content for trace in traces)


@pytest.mark.parametrize("damage", [b"", b"not a database at all" * 100, None])
def test_a_damaged_cache_is_made_anew(damage: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "cache.db"
    first = CachedEncoder(Counting(), path)
    first.encode([f"text {i}" for i in range(500)])
    first.close()
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096) if damage is None else damage)
    cached = CachedEncoder(Counting(), path)
    expected = HashingEncoder(dimensions=64).encode(["text 3"])
    for _ in range(2):
        np.testing.assert_array_equal(cached.encode(["text 3"]), expected)
    assert cached.probe(["text 3"]) == [True]
    assert cached.erase(["text 3"]) == 1


def test_a_cache_that_another_program_holds_is_done_without_but_never_passed_over_in_erasing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("solomonic.encoders.cache._BUSY_S", 0.05)
    path = tmp_path / "cache.db"
    cached = CachedEncoder(Counting(), path)
    cached.encode(["one"])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    np.testing.assert_array_equal(cached.encode(["one", "two"]), HashingEncoder(dimensions=64).encode(["one", "two"]))
    with pytest.raises(InputError, match="cannot be changed"):
        cached.erase(["one"])
    other.execute("ROLLBACK")
    other.close()
    assert cached.erase(["one", "two"]) == 1


def test_another_programs_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    theirs = sqlite3.connect(path)
    theirs.execute("CREATE TABLE letters (body TEXT)")
    theirs.commit()
    theirs.close()
    before = path.read_bytes()
    with pytest.raises(InputError, match="another program"):
        CachedEncoder(Counting(), path)
    with pytest.raises(InputError, match="cannot be opened"):
        CachedEncoder(Counting(), tmp_path)
    assert path.read_bytes() == before
