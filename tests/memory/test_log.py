"""The log: word for word, in order, in one transaction; facts with both times; words and vectors."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, StoreBusy, StoreError, UnknownRecord
from solomonic.memory import Log, Position, Record


@pytest.fixture(params=["file", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    with Log.open(tmp_path / "store" if request.param == "file" else ":memory:") as opened:
        yield opened


texts = st.text() | st.binary() | st.text(st.characters(categories=["Cs", "L"]))
names = st.none() | st.text()
times = st.none() | st.floats(-1e12, 1e12)
records = st.builds(
    Record,
    texts,
    source=names,
    session=names,
    speaker=names,
    at=times,
    valid=st.none() | st.tuples(times, st.none()),
    meta=st.dictionaries(
        st.text(),
        st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.floats(allow_nan=False, allow_infinity=False)),
        max_size=3,
    ),
)


@given(batches=st.lists(st.lists(records, max_size=5), max_size=4))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_every_record_comes_back_as_it_went_in(batches: list[list[Record]]) -> None:
    with Log.open(":memory:") as log:
        stored = [one for batch in batches for one in log.add(batch, recorded=5)]
        given_records = [record for batch in batches for record in batch]
        assert list(log.records()) == stored
        for record, back in zip(given_records, stored, strict=True):
            assert back.text == record.text
            assert type(back.text) is type(record.text)
            assert (back.source, back.session, back.speaker, back.at) == (record.source, record.session, record.speaker, record.at)
            assert back.valid == (None if record.valid_s == (None, None) else record.valid_s)
            assert back.meta == record.meta
            assert log.get(back.id) == back
        assert log.check() == []


def test_reopening_gives_the_same_records(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        stored = log.add([Record("one"), Record(b"\xff\0two", at=3, meta={"a": [1]})])
        identity = log.store_id
    with Log.open(tmp_path) as log:
        assert list(log.records()) == stored
        assert log.store_id == identity


def test_records_keep_the_order_of_adding_and_can_be_read_in_parts(log: Log) -> None:
    stored = log.add([Record(str(i)) for i in range(2_500)])
    assert [record.seq for record in log.records()] == list(range(1, 2_501))
    assert list(log.records(after=1_000, until=1_003)) == stored[1_000:1_003]
    assert log.by_seq([7, 3, 9_999, 3]) == [stored[6], stored[2], stored[2]]
    assert log.seqs([stored[5].id, stored[1].id]) == [6, 2]
    assert log.count() == 2_500


def test_equal_texts_stay_two_records(log: Log) -> None:
    first, second = log.add([Record("same"), Record("same")])
    assert first.id != second.id
    assert first.sha256 == second.sha256


def test_a_batch_with_a_fault_leaves_nothing(log: Log) -> None:
    log.add([Record("kept")], ids=["rtaken"])
    before = log.position()
    with pytest.raises(InputError, match="already in the store"):
        log.add([Record("lost"), Record("taken")], ids=["rfree", "rtaken"], vectors=np.ones((2, 3)), fingerprint="f")
    assert log.position() == before
    assert [record.text for record in log.records()] == ["kept"]
    assert log.spaces() == {}
    assert log.match(["lost"], 5) == []
    assert log.check() == []


def test_numbers_of_forgotten_records_are_not_used_again(log: Log) -> None:
    log.add([Record("a"), Record("b")])
    log.forget([2])
    assert log.add([Record("c")])[0].seq == 3


def test_unknown_ids_are_refused(log: Log) -> None:
    with pytest.raises(UnknownRecord, match="forgotten, or belongs to another"):
        log.get("rnone")
    with pytest.raises(UnknownRecord, match="nor 1 others"):
        log.seqs(["rnone", "rnor"])


def test_the_position_tells_of_every_change(log: Log) -> None:
    assert log.position() == Position(0, 0, 0)
    one, _ = log.add([Record("a"), Record("b")])
    assert log.position() == (2, 0, 0)
    fact = log.assert_fact("a", "is", "b", record=one.id)
    assert log.position() == (2, 0, 1)
    log.close_fact(fact.id)
    assert log.position() == (2, 1, 1)
    log.add_vectors([1], np.ones((1, 2)), "late")
    assert log.position() == (2, 2, 1)
    log.forget([1])
    assert log.position() == (2, 3, 1)


def test_settings_are_kept_and_taken_away(log: Log) -> None:
    log.keep("encoder", "minilm")
    assert log.setting("encoder") == "minilm"
    log.keep("encoder", None)
    assert log.setting("encoder") is None


def test_vectors_come_back_bit_for_bit_in_blocks(log: Log, rng: np.random.Generator) -> None:
    vectors = rng.standard_normal((25, 7), dtype=np.float32)
    log.add([Record(str(i)) for i in range(10)], vectors=vectors[:10], fingerprint="a")
    log.add([Record("without")])
    log.add([Record(str(i)) for i in range(15)], vectors=vectors[10:], fingerprint="a")
    log.add([Record("other")], vectors=np.ones((1, 3), dtype=np.float64), fingerprint="b")
    blocks = list(log.vectors("a", block=4))
    assert [len(seqs) for seqs, _ in blocks] == [4] * 6 + [1]
    assert np.concatenate([seqs for seqs, _ in blocks]).tolist() == [*range(1, 11), *range(12, 27)]
    assert np.array_equal(np.concatenate([part for _, part in blocks]), vectors)
    assert log.spaces() == {"a": (7, 25), "b": (3, 1)}
    assert [seqs.tolist() for seqs, _ in log.vectors("a", after=9, until=12)] == [[10, 12]]
    assert list(log.vectors("unknown")) == []


def test_words_are_found_by_their_stems_best_first(log: Log) -> None:
    log.add([Record("the dog was running"), Record("running runs"), Record("a cat"), Record("nothing of the kind")])
    found = log.match(["run"], 5)
    assert [seq for seq, _ in found] == [2, 1]
    assert found[0][1] > found[1][1] > 0
    assert log.match(["run"], 1) == found[:1]


def test_words_in_bytes_that_are_not_utf8_are_found_too(log: Log) -> None:
    log.add([Record(b"\xff\xfe zebra \xc3("), Record("before\0behind")])
    assert [seq for seq, _ in log.match(["zebra"], 5)] == [1]
    assert [seq for seq, _ in log.match(["behind"], 5)] == [2]


@given(
    tokens=st.lists(
        st.text(max_size=8)
        | st.sampled_from(['"', "*", "NEAR(", "OR", "AND NOT", "a:b", "^x", "{", "'; DROP TABLE record; --", "\0", "\ud800"])
    )
)
@settings(max_examples=150, deadline=None)
def test_no_token_is_ever_syntax(tokens: list[str]) -> None:
    log = _words_log()
    for seq, score in log.match(tokens, 10):
        assert seq in (1, 2)
        assert score >= 0


_kept: list[Log] = []


def _words_log() -> Log:
    if not _kept:
        _kept.append(Log.open(":memory:"))
        _kept[0].add([Record("either or near x a b drop table"), Record("nothing here")])
    return _kept[0]


def test_a_thousand_tokens_are_no_error(log: Log) -> None:
    log.add([Record("needle")])
    assert [seq for seq, _ in log.match([f"w{i}" for i in range(999)] + ["needle"], 3)] == [1]


def test_a_fact_names_its_record_and_bytes(log: Log) -> None:
    (record,) = log.add([Record("Ann lives in Oslo", valid=(10, None))])
    fact = log.assert_fact("Ann", "lives in", "Oslo", record=record.id, span=(0, 17), recorded=50)
    whole = log.assert_fact("Ann", "exists", "yes", record=record.id)
    assert (fact.record, fact.span, fact.valid) == (record.id, (0, 17), (10.0, None))
    assert whole.span == (0, 17)
    assert list(log.facts()) == [fact, whole]
    assert list(log.facts(after=fact.seq)) == [whole]


def test_a_closed_fact_is_still_held_as_of_then(log: Log) -> None:
    (record,) = log.add([Record("Ann lives in Oslo")])
    fact = log.assert_fact("Ann", "lives in", "Oslo", record=record.id, valid=(10, None), recorded=100)
    ended = log.close_fact(fact.id, ended=20, recorded=200)
    assert ended is not None
    assert ended.valid == (10.0, 20.0)
    assert [f.valid for f in log.facts(at=25, known_at=150)] == [(10.0, None)]
    assert list(log.facts(at=25)) == []
    assert list(log.facts(at=15)) == [ended]
    assert [f.id for f in log.facts(history=True)] == [fact.id, ended.id]
    with pytest.raises(InputError, match="already closed"):
        log.close_fact(fact.id)


def test_a_fact_that_never_was_true_has_no_successor(log: Log) -> None:
    (record,) = log.add([Record("x")])
    fact = log.assert_fact("a", "is", "b", record=record.id, recorded=1)
    assert log.close_fact(fact.id, recorded=2) is None
    assert list(log.facts()) == []
    assert [f.id for f in log.facts(known_at=1.5)] == [fact.id]


def test_facts_that_cannot_be_are_refused(log: Log) -> None:
    (record,) = log.add([Record("four")])
    with pytest.raises(InputError, match="outside"):
        log.assert_fact("a", "b", "c", record=record.id, span=(0, 5))
    with pytest.raises(UnknownRecord):
        log.assert_fact("a", "b", "c", record="rnone")
    with pytest.raises(UnknownRecord):
        log.close_fact("fnone")
    with pytest.raises(InputError, match="relation"):
        log.assert_fact("a", None, "c", record=record.id)  # type: ignore[arg-type]
    fact = log.assert_fact("a", "b", "c", record=record.id, valid=(10, None))
    with pytest.raises(InputError, match="before it starts"):
        log.close_fact(fact.id, ended=5)
    assert list(log.facts()) == [fact]


def test_a_snapshot_does_not_see_what_comes_after(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record("a")])
        with log.read(), log.read():
            assert log.count() == 1
            log.add([Record("b")])
            assert log.count() == 1
            assert [record.text for record in log.records()] == ["a"]
        assert log.count() == 2


def test_records_added_while_reading_are_left_out(log: Log) -> None:
    log.add([Record(str(i)) for i in range(1_500)])
    reading = log.records()
    next(reading)
    log.add([Record("late")])
    assert sum(1 for _ in reading) == 1_499


def test_threads_may_read_and_write_at_once(log: Log) -> None:
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(20):
                log.add([Record(f"{number} {i}"), Record("pair")])
                assert log.count() % 2 == 0
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert log.count() == 160


def test_a_thread_that_has_ended_leaves_no_file_open(tmp_path: Path) -> None:
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("this system does not show a process's open files")
    with Log.open(tmp_path) as log:
        log.count()
        before = len(list(handles.iterdir()))
        for _ in range(20):
            thread = threading.Thread(target=log.count)
            thread.start()
            thread.join()
        assert len(list(handles.iterdir())) <= before + 4
    Log.open(tmp_path).close()


def test_a_second_writer_is_told_who_writes(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record("a")])
        with pytest.raises(StoreBusy, match="being written by process"):
            Log.open(tmp_path)
        with Log.open(tmp_path, readonly=True) as reader:
            assert reader.count() == 1
            with pytest.raises(StoreError, match="opened for reading"):
                reader.add([Record("b")])
    Log.open(tmp_path).close()


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = Log.open(tmp_path)
    log.close()
    log.close()
    with pytest.raises(StoreError, match="closed"):
        log.count()


def test_the_file_is_a_write_ahead_store_that_syncs_fully(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        pragmas = {
            name: log.connections.writer().execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "secure_delete", "encoding")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "encoding": "UTF-8"}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
