"""Verify: every damaged page is found and named, what is intact stays readable, and what the log can make anew is made anew."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from solomonic.errors import SolomonicError, StoreDamaged, StoreError, StoreForeign
from solomonic.memory import Fact, Log, Record, Stored
from solomonic.memory.forget import forget
from solomonic.memory.salvage import salvage
from solomonic.memory.schema import PAGE_BYTES
from solomonic.memory.verify import Watch, verify, verify_folder

Kept = tuple[bytes, list[Stored], list[Fact]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A closed store's file, and what it holds."""
    folder = tmp_path_factory.mktemp("kept")
    chance = random.Random(0)
    with Log.open(folder) as log:
        texts = [
            Record(
                f"record {i} " + "text " * chance.choice([0, 5, 60, 3_000]), at=i if i % 2 else i + 0.5, session=f"s{i // 9}", meta={"i": i}
            )
            for i in range(300)
        ]
        records = log.add(texts, recorded=1_000, vectors=np.random.default_rng(0).standard_normal((300, 32)), fingerprint="f")
        for record in records[::10]:
            fact = log.assert_fact("a", "is", "b", record=record.id, span=(0, 6), valid=(1, None), recorded=5)
            log.close_fact(fact.id, ended=3, recorded=7)
        facts = list(log.facts(history=True))
    return (folder / "memory.db").read_bytes(), records, facts


def put(folder: Path, content: bytes) -> Path:
    for path in folder.iterdir():
        path.unlink()
    (folder / "memory.db").write_bytes(content)
    return folder


def spoiled(content: bytes, page: int, how: str) -> bytes:
    chance = random.Random(page)
    start = (page - 1) * PAGE_BYTES
    filling = {"noise": chance.randbytes(PAGE_BYTES), "zeros": bytes(PAGE_BYTES), "another": content[PAGE_BYTES * 5 : PAGE_BYTES * 6]}[how]
    return content[:start] + filling + content[start + PAGE_BYTES :]


def pages_of(content: bytes, request: pytest.FixtureRequest) -> Sequence[int]:
    """Every page when slow tests run; else the first ones, which hold all roots, and some of the others."""
    count = len(content) // PAGE_BYTES
    return range(1, count + 1) if request.config.getoption("--slow") else [*range(1, 18), *range(18, count, count // 8)]


def test_a_sound_store_is_said_to_be_sound(kept: Kept, tmp_path: Path) -> None:
    with Log.open(put(tmp_path, kept[0])) as log:
        report = verify(log)
    assert report.json() == {"schema_version": 1, "ok": True, "records": 300, "problems": [], "rebuilt": []}
    assert verify_folder(tmp_path).ok


@pytest.mark.parametrize("how", ["noise", "zeros", "another"])
def test_every_spoiled_page_is_found_and_intact_records_stay_readable(
    how: str, kept: Kept, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    content, records, facts = kept
    for page in pages_of(content, request):
        damaged = spoiled(content, page, how)
        if damaged == content:
            continue
        put(tmp_path, damaged)
        found, said = salvage(tmp_path)
        assert all(record in records for record in found)
        assert all(fact in facts for fact in said)
        assert len(found) >= len(records) - PAGE_BYTES // 60
        try:
            report = verify_folder(tmp_path)
        except StoreForeign:
            assert page == 1
            continue
        assert report.problems or report.rebuilt, f"page {page} was spoiled with {how}, and nobody noticed"
        if report.ok:
            assert [record.id for record in found] == [record.id for record in records]


def test_a_spoiled_page_of_records_is_named_with_what_it_held(kept: Kept, tmp_path: Path) -> None:
    content, records, _ = kept
    page = next(n for n in range(1, len(content) // PAGE_BYTES + 1) if b"record 7 " in content[(n - 1) * PAGE_BYTES : n * PAGE_BYTES])
    with Log.open(put(tmp_path, spoiled(content, page, "noise"))) as log:
        problems = verify(log).problems
        assert any(re.search(rf"\b[Pp]age {page}\b", line) for line in problems), problems
        lost = {record.seq for record in records} - {record.seq for record in salvage(tmp_path)[0]}
        assert 8 in lost
        assert any("cannot be read" in line and str(min(lost)) in line for line in problems), problems
        for record in records:
            if record.seq not in lost:
                assert log.by_seq([record.seq]) == [record]
        with pytest.raises(StoreDamaged, match="verify"):
            list(log.records())


def test_a_flipped_bit_in_a_text_names_the_record_and_its_page(kept: Kept, tmp_path: Path) -> None:
    content, records, _ = kept
    place = content.index(b"record 42 ")
    changed = content[:place] + b"Record 42 " + content[place + 10 :]
    with Log.open(put(tmp_path, changed)) as log:
        problems = verify(log).problems
    assert any(records[42].id in line and f"page {place // PAGE_BYTES + 1}" in line.replace("pages", "page") for line in problems), problems


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("UPDATE record SET data = CAST('other' AS BLOB) WHERE seq = 5", "seq 5"),
        ("UPDATE record SET at = 77 WHERE seq = 5", "seq 5"),
        ("UPDATE record SET speaker = 'Eve' WHERE seq = 5", "seq 5"),
        ("UPDATE record SET meta = NULL WHERE seq = 5", "seq 5"),
        ("UPDATE vector SET data = zeroblob(128) WHERE (key & 0xffff) = 5", "vector of record seq 5"),
        ("UPDATE vector SET data = zeroblob(4) WHERE (key & 0xffff) = 5", "does not have 128 bytes"),
        ("INSERT INTO vector VALUES ((9 << 40) | 3, 0, zeroblob(8))", "space 9 is not known"),
        ("UPDATE space SET dimensions = 3", "does not have 12 bytes"),
        ("UPDATE fact SET object = 'x' WHERE seq = 3", "(seq 3)"),
        ("UPDATE fact SET closed = NULL WHERE seq = 1", "(seq 1)"),
        ("DELETE FROM record WHERE seq = 1", "is not there"),
    ],
)
def test_any_row_that_was_changed_behind_the_log_is_named(sql: str, says: str, kept: Kept, tmp_path: Path) -> None:
    put(tmp_path, kept[0])
    connection = sqlite3.connect(tmp_path / "memory.db")
    connection.execute(sql)
    connection.commit()
    connection.close()
    report = verify_folder(tmp_path)
    assert not report.ok
    assert any(says in line for line in report.problems), report.problems


def test_a_full_text_index_that_does_not_agree_is_made_anew(kept: Kept, tmp_path: Path) -> None:
    with Log.open(put(tmp_path, kept[0])) as log:
        log.connections.writer().execute("DELETE FROM words_data WHERE id > 10")
        with Log.open(tmp_path, readonly=True) as reader:
            assert verify(reader).rebuilt == ()
        report = verify(log)
        assert report.ok
        assert "full-text index" in report.rebuilt[0]
        assert len(log.match(["record"], 1_000)) == 300
        assert verify(log).rebuilt == ()


def test_projections_are_checked_and_made_anew(tmp_path: Path) -> None:
    wrong = ["behind by 3 records"]
    watch = Watch("graph", lambda: list(wrong), wrong.clear)
    hopeless = Watch("vectors", lambda: ["torn"], lambda: None)
    with Log.open(tmp_path) as log:
        log.add([Record("x")])
        assert verify(log, [watch]).rebuilt == ("graph: behind by 3 records",)
        assert verify(log, [watch]).ok
        assert verify(log, [hopeless]).problems == ("vectors, made anew: torn",)
    with Log.open(tmp_path, readonly=True) as reader:
        wrong.append("behind")
        assert verify(reader, [watch]).problems == ("graph: behind",)


def test_rows_in_the_write_ahead_log_are_salvaged_too(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        records = log.add([Record("a"), Record("b" * 50_000)])
        assert (tmp_path / "memory.db-wal").stat().st_size
        assert salvage(tmp_path) == (records, [])


def test_forgotten_records_are_not_salvaged(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        first, second = log.add([Record("a"), Record("b")])
        log.forget([first.seq])
    assert [record.id for record in salvage(tmp_path)[0]] == [second.id]


@pytest.mark.parametrize("content", [b"", b"short", b"SQLite format 3\0" + bytes(3_000), bytes(100_000)])
def test_what_never_was_a_store_is_said_not_to_be_one(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        verify_folder(tmp_path)
    (tmp_path / "memory.db").write_bytes(content)
    assert salvage(tmp_path) == ([], [])
    if content:
        with pytest.raises(SolomonicError):
            verify_folder(tmp_path)


def test_verify_reads_the_disk_and_not_what_it_has_in_mind(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record("unmistakable " * 100)])
        log.forget([999])
        assert verify(log).ok
        with (tmp_path / "memory.db").open("r+b") as file:
            place = (tmp_path / "memory.db").read_bytes().index(b"unmistakable")
            file.seek(place)
            file.write(b"U")
        assert not verify(log).ok


def test_a_record_that_was_changed_is_never_handed_out_and_can_be_forgotten(kept: Kept, tmp_path: Path) -> None:
    put(tmp_path, kept[0])
    connection = sqlite3.connect(tmp_path / "memory.db")
    connection.execute("UPDATE record SET data = CAST('forged' AS BLOB) WHERE seq = 5")
    connection.commit()
    connection.close()
    record = kept[1][4]
    with Log.open(tmp_path) as log:
        with pytest.raises(StoreDamaged, match=record.id):
            log.get(record.id)
        assert log.get(kept[1][3].id) == kept[1][3]
        assert forget(log, [record.id]).ok
        assert verify(log).ok
        assert verify(log).rebuilt == ()
        assert [one.id for one in log.records()] == [one.id for one in kept[1] if one != record]
