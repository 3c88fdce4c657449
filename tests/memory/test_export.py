"""Export and back: a store that is equal, whatever bytes it holds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, StoreForeign, UnknownRecord
from solomonic.memory import Log, Record
from solomonic.memory.export import export, fact_line, record_line, restore
from solomonic.memory.salvage import salvage

texts = st.text() | st.binary() | st.text(st.characters(categories=["Cs", "L", "Zl", "Zp", "Cc"]))
names = st.none() | st.text()
times = st.none() | st.floats(-1e12, 1e12)
records = st.builds(Record, texts, source=names, session=names, speaker=names, at=times, valid=st.none() | st.tuples(times, st.none()))


@given(batches=st.lists(st.lists(records, max_size=4), max_size=4), data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_restored_store_equals_the_exported_one(batches: list[list[Record]], data: st.DataObject) -> None:
    with Log.open(":memory:") as log, Log.open(":memory:") as again:
        for i, batch in enumerate(batches):
            vectors = np.full((len(batch), 3), i, dtype=np.float32) if i % 2 else None
            for record in log.add(batch, vectors=vectors, fingerprint="f", recorded=float(i)):
                if data.draw(st.booleans()):
                    size = len(record.data)
                    fact = log.assert_fact("sübject", "is", "\0", record=record.id, span=(size // 2, size), valid=(1, None))
                    if data.draw(st.booleans()):
                        log.close_fact(fact.id, ended=data.draw(st.none() | st.just(2)))
        lines = list(export(log, vectors=True))
        assert all("\n" not in line and len(line.splitlines()) == 1 for line in lines)
        count = restore(again, [line.encode().decode() for line in lines])
        assert count == (log.count(), len(list(log.facts(history=True))))
        assert list(export(again, vectors=True)) == lines
        assert [(r.id, r.text, r.is_text, r.recorded) for r in again.records()] == [
            (r.id, r.text, r.is_text, r.recorded) for r in log.records()
        ]
        assert again.check() == []


def test_lines_say_what_they_are_and_vectors_come_only_when_asked(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add(
            [Record("häuser", speaker="Ann", at=5), Record(b"\xff"), Record(b"ascii"), Record("\ud800")],
            vectors=np.eye(4, dtype=np.float32),
            fingerprint="f",
            recorded=1,
        )
        lines = [json.loads(line) for line in export(log)]
        with_vectors = [json.loads(line) for line in export(log, vectors=True)]
    assert lines[0] == {"kind": "store", "schema_version": 1}
    assert [line["kind"] for line in lines[1:]] == ["record"] * 4
    assert (lines[1]["text"], lines[1]["speaker"], lines[1]["at"]) == ("häuser", "Ann", 5.0)
    assert lines[2]["base64"] == "/w=="
    assert lines[3]["text"] == "ascii"
    assert [line.get("bytes") for line in lines[1:]] == [None, True, True, None]
    assert lines[4]["text"] == "\ud800"
    assert not any("vectors" in line for line in lines)
    assert with_vectors[1]["vectors"].keys() == {"f"}


def test_records_with_vectors_of_several_encoders_come_back(tmp_path: Path) -> None:
    with Log.open(tmp_path / "a") as log, Log.open(tmp_path / "b") as again:
        log.add([Record(str(i)) for i in range(6)], vectors=np.arange(12).reshape(6, 2), fingerprint="a")
        log.add_vectors([2, 4], np.arange(6).reshape(2, 3), "b")
        restore(again, export(log, vectors=True))
        for name in ("a", "b"):
            (seqs, one), (seqs_again, other) = next(log.vectors(name)), next(again.vectors(name))
            assert np.array_equal(seqs, seqs_again)
            assert np.array_equal(one, other)


def test_an_export_shows_one_state_though_records_are_added_meanwhile(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record(str(i)) for i in range(2_500)])
        lines = export(log)
        next(lines)
        log.add([Record("late")])
        assert sum(1 for _ in lines) == 2_500


def test_what_was_salvaged_can_be_restored(tmp_path: Path) -> None:
    with Log.open(tmp_path / "a") as log:
        (record,) = log.add([Record("x")])
        log.assert_fact("a", "b", "c", record=record.id)
        lines = list(export(log))
    found, facts = salvage(tmp_path / "a")
    assert lines[1:] == [*map(record_line, found), *map(fact_line, facts)]
    with Log.open(tmp_path / "b") as again:
        restore(again, lines[1:])
        assert list(export(again)) == lines


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("not json", "no JSON object"),
        ("[1]", "no JSON object"),
        ('{"kind": "song"}', "kind is 'song'"),
        ('{"kind": "record", "id": "r1"}', "'text' is missing"),
        ('{"kind": "record", "text": "x", "sha256": "", "recorded": 1}', "SHA-256|id"),
        ('{"kind": "record", "id": "r1", "text": "x", "sha256": "00", "recorded": 1}', "SHA-256"),
        ('{"kind": "record", "id": "r1", "base64": "?", "sha256": "00", "recorded": 1}', "base64"),
        ('{"kind": "record", "id": "r 1", "text": "", "sha256": "E3B0", "recorded": 1}', "SHA-256"),
        ('{"kind": "fact", "id": "f1"}', "missing"),
    ],
)
def test_a_line_that_is_no_exports_is_named(line: str, says: str, tmp_path: Path) -> None:
    with Log.open(tmp_path / "a") as log:
        log.add([Record("good")])
        good = list(export(log))
    with Log.open(tmp_path / "b") as again, pytest.raises(InputError, match=rf"line 3.*({says}).*came in"):
        restore(again, [*good, line])


def test_ids_that_are_no_ids_are_refused(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        for id in ("", "a b", "x" * 65, "é", 3):
            with pytest.raises(InputError, match="is no id"):
                log.add([Record("x")], ids=[id])  # type: ignore[list-item]
        assert log.count() == 0


def test_facts_that_rest_on_nothing_are_refused(tmp_path: Path) -> None:
    with Log.open(tmp_path / "a") as log:
        (record,) = log.add([Record("four")])
        log.assert_fact("a", "b", "c", record=record.id)
        head, body, fact = export(log)
    with Log.open(tmp_path / "b") as again:
        with pytest.raises(UnknownRecord, match="not in the store"):
            restore(again, [head, fact])
        with pytest.raises(InputError, match="outside its record"):
            restore(again, [head, body, fact.replace("[0, 4]", "[0, 5]")])
        assert list(again.facts(history=True)) == []
        with pytest.raises(InputError, match="already in the store"):
            restore(again, [head, body])


def test_an_export_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log, pytest.raises(StoreForeign, match="upgrade"):
        restore(log, ['{"kind": "store", "schema_version": 99}'])
