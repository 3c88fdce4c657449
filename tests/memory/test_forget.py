"""Forgetting: no byte is left in any file, the receipt says so, and the store is as if the record had never been."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, StoreError, UnknownRecord
from solomonic.memory import Log, Record, Stored, erase
from solomonic.memory.export import export
from solomonic.memory.forget import PLACES, Eraser, forget

LETTERS = "bcdfghjklmnpqrstvwxz0123456789"


def token(chance: random.Random, size: int = 12) -> str:
    """A word that is nowhere else, and its own stem."""
    return "".join(chance.choice(LETTERS) for _ in range(size))


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def left(folder: Path, traces: Sequence[bytes]) -> list[tuple[str, bytes]]:
    """Which eight bytes of which traces lie in which files, in any case of letters, as UTF-8 or as UTF-16."""
    wanted: dict[int, bytes] = {}
    for trace in traces:
        forms = [trace.lower()]
        if trace.isascii() and trace.isalnum():
            forms += [trace.decode().lower().encode(code) for code in ("utf-16-le", "utf-16-be")]
        for form in forms:
            assert len(form) >= 8
            wanted |= {int.from_bytes(form[i : i + 8], "little"): form for i in (*range(0, len(form) - 7, 4), len(form) - 8)}
    keys = np.array(sorted(wanted), dtype=np.uint64)
    found = []
    for name, content in files(folder).items():
        image = content.lower() + bytes(16)
        for shift in range(8):
            windows = np.frombuffer(image, dtype="<u8", count=len(content) // 8 + 1, offset=shift)
            places = np.minimum(np.searchsorted(keys, windows), len(keys) - 1)
            found += [(name, wanted[int(hit)]) for hit in np.unique(windows[keys[places] == windows])]
    return found


def traces_of(record: Stored, words: Sequence[str], vector: np.ndarray) -> list[bytes]:
    """Everything of a record that could be recognised: its words, its id without the part that the clock gives, its hash, its vector."""
    return [bytes.fromhex(record.sha256), record.id.encode()[-8:], *(word.encode() for word in words), vector.tobytes()]


def churned(folder: Path, seed: int, sizes: Sequence[int]) -> tuple[Log, list[tuple[Stored, list[bytes]]]]:
    """A store that has grown in batches, with long and short records, facts, sessions and meta, all of them recognisable."""
    chance = random.Random(seed)
    rng = np.random.default_rng(seed)
    log = Log.open(folder)
    held = []
    for size in sizes:
        words = [[token(chance) for _ in range(chance.choice([1, 3, 40, 300]))] for _ in range(size)]
        vectors = rng.standard_normal((size, 24), dtype=np.float32)
        extra = [token(chance) for _ in range(size)]
        texts = [
            Record(" ".join(line), session=f"s{more}", speaker="Ann", meta={"key": more}) for line, more in zip(words, extra, strict=True)
        ]
        for record, line, more, vector in zip(log.add(texts, vectors=vectors, fingerprint="f"), words, extra, vectors, strict=True):
            if chance.random() < 0.1:
                fact = log.assert_fact(line[0], "is near", more, record=record.id, span=(0, 12))
                log.close_fact(fact.id, ended=3)
            held.append((record, traces_of(record, [*line, more], vector)))
    return log, held


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 20))])
def test_no_byte_of_a_forgotten_record_is_in_any_file(seed: int, tmp_path: Path) -> None:
    log, held = churned(tmp_path, seed, [40, 1, 25, 60])
    chance = random.Random(seed)
    chance.shuffle(held)
    with log:
        for _ in range(5):
            gone = [held.pop() for _ in range(chance.choice([1, 2, 25]))]
            receipt = forget(log, [record.id for record, _ in gone])
            assert receipt.ok, receipt.found
            assert left(tmp_path, [trace for _, traces in gone for trace in traces]) == []
        assert log.check() == []
        assert {record.id for record in log.records()} == {record.id for record, _ in held}
    assert not left(tmp_path, [b"surelynotthere"])
    assert all(left(tmp_path, traces) for _, traces in held[:5]), "the search itself must find what is there"


def test_deleting_rows_alone_would_leave_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason for merging, rewriting and truncating: without them the search above finds what secure_delete leaves."""
    log, held = churned(tmp_path, 0, [60, 60])
    with log:
        gone = held[::3]
        monkeypatch.setattr(erase, "erase", lambda connections: True)
        log.forget([record.seq for record, _ in gone])
        assert left(tmp_path, [trace for _, traces in gone for trace in traces])


def test_stems_and_diacritics_of_forgotten_words_are_gone(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        secret, kept = log.add([Record("Zyzzyvating PSYCHOKINETICALLY crème-brûléed 東京タワー"), Record("kept")])
        log.add([Record("more")])
        assert left(tmp_path, [b"psychokinet"])
        assert forget(log, [secret.id]).ok
        assert left(tmp_path, [b"sychokin", "東京タワー".encode(), "東京タワー".encode("utf-16-le")]) == []
        for content in files(tmp_path).values():
            assert not any(trace in content.lower() for trace in (b"zyzzyv", b"yzzyv", b"rulee", "brûlé".encode(), "東京".encode()))
        assert log.get(kept.id).text == "kept"


@pytest.mark.parametrize("text", ["", "x", b"\0", b"\xff\xfe\0binary\0\xff" * 30, "word " * 200_000, "ab" * 500_000])
def test_any_text_can_be_forgotten(text: str | bytes, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        (before,) = log.add([Record("first")])
        (record,) = log.add([Record(text)])
        receipt = forget(log, [record.id])
        assert receipt.ok, receipt.found
        assert [one.id for one in log.records()] == [before.id]
        assert log.check() == []
        if len(text) > 20:
            assert left(tmp_path, [record.data[:20], record.data[-20:]]) == []


def test_a_duplicate_that_is_kept_does_not_spoil_the_receipt(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        first, second = log.add([Record("the very same sentence, twice")] * 2, vectors=np.ones((2, 8)), fingerprint="f")
        receipt = forget(log, [first.id])
        assert receipt.ok, receipt.found
        assert log.get(second.id).text == "the very same sentence, twice"
        assert log.match(["sentence"], 5)[0][0] == second.seq


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_a_store_that_forgot_equals_one_that_never_saw(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 12))
    texts = [Record(f"word{i} common w{rng.integers(4)}", at=float(i)) for i in range(n)]
    vectors = rng.standard_normal((n, 4), dtype=np.float32)
    keep = [i for i in range(n) if rng.random() < 0.5]
    with Log.open(":memory:") as log, Log.open(":memory:") as never:
        ids = [f"r{i}" for i in range(n)]
        log.add(texts, ids=ids, recorded=7, vectors=vectors, fingerprint="f")
        never.add([texts[i] for i in keep], ids=[ids[i] for i in keep], recorded=7, vectors=vectors[keep], fingerprint="f")
        assert forget(log, [ids[i] for i in range(n) if i not in keep]).ok
        assert list(export(log, vectors=True)) == list(export(never, vectors=True))
        names = {record.seq: record.id for record in log.records()}, {record.seq: record.id for record in never.records()}
        for words in (["common"], ["w1"], ["word3", "common"]):
            assert [(names[0][s], score) for s, score in log.match(words, 20)] == [
                (names[1][s], score) for s, score in never.match(words, 20)
            ]


def test_an_unknown_id_forgets_nothing(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        (record,) = log.add([Record("x")])
        with pytest.raises(UnknownRecord, match="nothing was done"):
            forget(log, [record.id, "rnone"])
        with pytest.raises(InputError, match="list of ids"):
            forget(log, record.id)
        assert log.count() == 1


def test_the_receipt_keeps_the_contract(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        one, two = log.add([Record("some text to forget"), Record("b")])
        receipt = forget(log, [two.id, one.id, two.id]).json()
    assert receipt["schema_version"] == 1
    assert receipt["forgotten"] == [two.id, one.id]
    assert receipt["probes"] == dict.fromkeys(PLACES, True)
    assert receipt["ok"] is True
    assert "models trained" in receipt["not_covered"]


class Cache:
    """A projection that may forget badly."""

    def __init__(self, folder: Path, records: Sequence[Stored], *, forgets: bool) -> None:
        self.file = folder / "projections" / "cache"
        self.file.parent.mkdir()
        self.forgets = forgets
        self.held = {record.id: record.data for record in records}
        self.save()

    def save(self) -> None:
        self.file.write_bytes(b"".join(self.held.values()))

    def erase(self, records: Sequence[Stored]) -> None:
        if self.forgets:
            for record in records:
                del self.held[record.id]
            self.save()

    def probe(self, records: Sequence[Stored]) -> list[str]:
        return [f"{record.id} is cached" for record in records if record.id in self.held]


@pytest.mark.parametrize("forgets", [True, False])
def test_projections_forget_too_or_the_receipt_says_who_did_not(forgets: bool, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        records = log.add([Record("a text that a projection keeps as well"), Record("another text that nobody minds")])
        cache = Cache(tmp_path, records, forgets=forgets)
        receipt = forget(log, [records[0].id], [Eraser("caches", cache.erase, cache.probe)])
    assert receipt.ok is forgets
    assert receipt.probes == dict.fromkeys(PLACES, True) | {"caches": forgets, "pages": forgets}
    assert forgets == (receipt.found == ())
    with pytest.raises(InputError, match="place"):
        forget(log, [], [Eraser("cellar", cache.erase, cache.probe)])


def test_a_reader_that_holds_the_past_is_named_and_the_erasure_finished_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solomonic.memory.connections.BUSY_S", 0.1)
    with Log.open(tmp_path) as log, Log.open(tmp_path, readonly=True) as reader:
        (record,) = log.add([Record("the albatross has landed")])
        with reader.read():
            assert reader.count() == 1
            receipt = forget(log, [record.id])
            assert not receipt.ok
            assert not receipt.probes["pages"]
            assert "old state" in receipt.found[0]
            assert reader.get(record.id).text == "the albatross has landed"
        assert log.erasing
        assert log.erase()
        assert left(tmp_path, [b"albatross"]) == []


def test_a_damaged_index_keeps_no_record_from_being_forgotten(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        secret, _ = log.add([Record("the marmalade incident"), Record("another")])
        log.connections.writer().execute("DELETE FROM words_data WHERE id > 10")
        assert log.check()
        receipt = forget(log, [secret.id])
        assert receipt.ok, receipt.found
        assert left(tmp_path, [b"marmalade", b"marmalad"]) == []
        assert log.check() == []


def test_a_store_opened_for_reading_forgets_nothing(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        (record,) = log.add([Record("x")])
    with Log.open(tmp_path, readonly=True) as reader:
        with pytest.raises(StoreError, match="opened for reading"):
            forget(reader, [record.id])
        assert reader.count() == 1


def test_in_memory_stores_forget_as_well() -> None:
    with Log.open(":memory:") as log:
        first, second = log.add([Record("a"), Record("b")])
        assert forget(log, [first.id]).ok
        assert [record.id for record in log.records()] == [second.id]


@pytest.fixture(autouse=True)
def _temporary_files_are_watched(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may be written to SQLite's folder of temporary files by a store this small."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setenv("SQLITE_TMPDIR", str(folder))
    yield
    assert list(folder.iterdir()) == []


def test_sqlite_here_is_one_that_the_proof_was_made_for() -> None:
    assert sqlite3.sqlite_version_info >= (3, 35)
