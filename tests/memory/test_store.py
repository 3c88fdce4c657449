"""The memory as a whole: what goes in comes out, is found, and goes for good; and nothing that happens to a projection shows in an answer."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solomonic.encoders import encoder
from solomonic.errors import InputError, MissingExtra, SolomonicError, StoreBusy, StoreDamaged, StoreError, UnknownName, UnknownRecord
from solomonic.memory import Log, Memory, Record
from solomonic.memory import store as module
from solomonic.memory.export import export
from solomonic.memory.store import PROJECTIONS

TURNS = (
    Record("Alice Moreau moved to Paris in May 2021.", speaker="Bob", session="one", at="2021-06-01T10:00:00Z"),
    Record("She keeps a grey cat called Pluto.", speaker="Bob", session="one", at="2021-06-01T10:01:00Z"),
    Record("Carol Zimbeni sails a red boat near Lisbon.", speaker="Dora", session="two", at="2022-01-05"),
    Record("The recipe wants two eggs and a spoon of Quetzalcoatl pepper.", speaker="Alice Moreau", session="two", at="2022-01-06"),
    Record(b"\xff\xfe raw bytes that are no text"),
    Record(""),
    Record("lone \ud800 surrogate, NUL \0 and 'SQL'; DROP TABLE record; --", source="x", meta={"n": [1, None, "ż"]}),
)
QUESTIONS = (
    "Where did Alice Moreau move?",
    "What is the cat called?",
    "Who sails a boat near Lisbon?",
    "pepper",
    "raw bytes",
    '" OR NEAR(*',
)


def made(path: Path | str, records: tuple[Record, ...] = TURNS) -> Memory:
    memory = Memory.open(path, encoder="hashing")
    memory.add(records)
    return memory


def answers(memory: Memory) -> list[Any]:
    return [
        (found.answerable, [(hit.id, hit.text, hit.score, hit.channels, hit.span) for hit in found])
        for found in (memory.recall(question, k=5) for question in QUESTIONS)
    ]


def closely(found: list[Any]) -> list[Any]:
    """Answers without their last bits, which may hang on the order of sums."""
    return [(round(p, 6), [(id, round(score, 6), span) for id, _, score, _, span in hits]) for p, hits in found]


@pytest.fixture
def memory(tmp_path: Path) -> Any:
    with made(tmp_path / "s") as kept:
        yield kept


def in_a_process(target: Callable[..., None], *args: Any) -> int:
    process = multiprocessing.get_context("fork").Process(target=target, args=args)
    process.start()
    process.join(30)
    assert process.exitcode is not None
    return process.exitcode


# Records


def test_what_went_in_comes_out_after_reopening(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s", encoder="hashing") as memory:
        ids = memory.add(TURNS)
        assert len(memory) == len(set(ids)) == len(TURNS)
    with Memory.open(tmp_path / "s", readonly=True) as memory:
        assert [memory.get(id).text for id in ids] == [record.text for record in TURNS]
        assert [record.id for record in memory.records()] == ids
        assert memory.get(ids[6]).meta == TURNS[6].meta
        assert [record.id for record in memory.newest(3)] == ids[:-4:-1]
        assert memory.encoder_name == "hashing"


def test_what_is_stored_can_be_found_and_says_why(memory: Memory) -> None:
    hit = memory.recall("Who sails a boat near Lisbon?")[0]
    assert hit.text == TURNS[2].text
    assert hit.channels["lexical"] > 0
    assert hit.channels["dense"] > 0
    assert memory.recall("raw bytes")[0].text == TURNS[4].text


@pytest.mark.parametrize("given", ["text", b"bytes", Record("one"), ["text"], [None], [Record("a"), "b"]])
def test_what_is_no_list_of_records_is_refused(given: Any, memory: Memory) -> None:
    with pytest.raises(InputError, match="Record"):
        memory.add(given)
    assert len(memory) == len(TURNS)
    assert memory.add([]) == []


def test_a_closed_memory_says_so_and_closes_twice(memory: Memory) -> None:
    memory.close()
    memory.close()
    with pytest.raises(StoreError, match="closed"):
        memory.add([Record("late")])
    assert "not open" in repr(memory)


def test_one_writes_and_many_read(memory: Memory, tmp_path: Path) -> None:
    with pytest.raises(StoreBusy):
        Memory.open(tmp_path / "s")
    with Memory.open(tmp_path / "s", readonly=True) as reader:
        assert closely(answers(reader)) == closely(answers(memory))
        id = memory.add([Record("The zeppelin landed on the Ozwick meadow.")])[0]
        assert reader.recall("zeppelin on the Ozwick meadow")[0].id == id
        with pytest.raises(StoreError):
            reader.add([Record("no")])


def test_a_reader_that_came_before_the_first_record_finds_it(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s", encoder="hashing") as writer, Memory.open(tmp_path / "s", readonly=True) as reader:
        assert len(reader.recall("anything")) == 0
        writer.add(TURNS)
        assert closely(answers(reader)) == closely(answers(writer))


def test_threads_may_add_and_ask_at_once(memory: Memory) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for i in range(5):
                id = memory.add([Record(f"thread {number} says unique{number}x{i}")])[0]
                assert memory.recall(f"unique{number}x{i}", k=1)[0].id == id
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(memory) == len(TURNS) + 20
    assert memory.verify().ok


# The encoder


def test_a_store_keeps_its_encoder(memory: Memory, tmp_path: Path) -> None:
    memory.close()
    with pytest.raises(InputError, match="has the encoder 'hashing', not 'minilm'"):
        Memory.open(tmp_path / "s", encoder="minilm")
    with Memory.open(tmp_path / "s", encoder="hashing") as same:
        assert same.stats()["vectors"] == {encoder("hashing").fingerprint: {"dimensions": 512, "count": len(TURNS)}}


def test_vectors_of_another_version_of_the_encoder_are_not_mixed(memory: Memory, tmp_path: Path) -> None:
    memory.log.keep("fingerprint", "0" * 32)
    memory.close()
    with Memory.open(tmp_path / "s") as again:
        with pytest.raises(InputError, match="another version of 'hashing'"):
            again.add([Record("new")])
        assert len(again) == len(TURNS)


def _add_and_die(folder: Path) -> None:
    memory = Memory.open(folder, encoder="hashing")
    add = memory.log.add

    def dying(*args: Any, **kwargs: Any) -> Any:
        add(*args, **kwargs)
        os._exit(9)

    memory.log.add = dying  # type: ignore[method-assign]
    memory.add(TURNS)


def test_a_death_right_after_the_first_commit_loses_neither_records_nor_encoder(tmp_path: Path) -> None:
    assert in_a_process(_add_and_die, tmp_path / "s") == 9
    with Memory.open(tmp_path / "s") as memory:
        assert len(memory) == len(TURNS)
        assert memory.encoder_name == "hashing"
        assert memory.recall(QUESTIONS[0])[0].channels["dense"] > 0
        assert memory.verify().rebuilt == ()


def test_words_are_found_where_the_encoder_is_missing(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: Any, **__: Any) -> Any:
        raise MissingExtra("the weights are not on this machine")

    monkeypatch.setattr(module, "encoder", missing)
    memory._encoder = None
    assert memory.recall("Lisbon boat", channels=["lexical", "graph"])[0].text == TURNS[2].text
    assert memory.verify().ok
    assert memory.forget([memory.newest(1)[0].id]).ok
    with pytest.raises(MissingExtra):
        memory.recall("Lisbon boat")


# Vectors of one's own


def test_own_vectors_are_found_by_own_vectors(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s") as memory:
        ids = memory.add([Record("east"), Record("north"), Record("up")], vectors=np.eye(3))
        assert memory.recall("?", vector=np.array([0.1, 0.9, 0.0]), k=1)[0].id == ids[1]
    with Memory.open(tmp_path / "s") as memory:
        assert memory.encoder_name == "own"
        assert memory.recall("?", vector=np.array([0.0, 0.1, 0.9], dtype=np.float32), k=1)[0].id == ids[2]
        assert memory.recall("north")[0].id == ids[1]  # by its words alone
        with pytest.raises(InputError, match="vectors are your own"):
            memory.add([Record("west")])
        with pytest.raises(InputError, match="d=4, but the store's have d=3"):
            memory.add([Record("west")], vectors=np.ones((1, 4)))
        with pytest.raises(InputError, match="not finite"):
            memory.recall("?", vector=np.array([0.0, np.nan, 1.0]))
        with pytest.raises(InputError, match=r"\(1, 4\)"):
            memory.recall("?", vector=np.ones(4))
        assert len(memory) == 3


@pytest.mark.parametrize("vectors", [np.ones(2), np.ones((1, 3)), [[1, 2], [3]], [["a"], ["b"]], np.full((2, 3), np.inf), np.ones((2, 0))])
def test_vectors_that_cannot_be_leave_the_memory_as_it_was(vectors: Any, tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s", encoder="hashing") as memory:
        with pytest.raises(InputError):
            memory.add([Record("a"), Record("b")], vectors=vectors)
        assert len(memory) == 0
        memory.add([Record("a")])  # still a store that makes its own
        assert memory.encoder_name == "hashing"


def test_a_store_that_makes_its_vectors_takes_no_others_even_when_it_has_forgotten_all(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s", encoder="hashing") as memory:
        ids = memory.add([Record("a")])
        for _ in range(2):
            with pytest.raises(InputError, match="made by 'hashing'"):
                memory.add([Record("b")], vectors=np.ones((1, 3)))
            if len(memory):
                memory.forget(ids)
        assert memory.encoder_name == "hashing"


# Forgetting


def test_a_memory_that_forgot_equals_one_that_never_saw(tmp_path: Path) -> None:
    secret = Record("Quillibrand Vostok hid the ruby under Zanzibar Bridge in June 2020.", speaker="Ottoline", session="one")
    with made(tmp_path / "a", (*TURNS[:3], secret, *TURNS[3:])) as memory:
        answers(memory)
        memory.assert_fact("Quillibrand Vostok", "hid", "ruby", record=memory.newest(4 + 1)[-1].id)
        forgotten = memory.newest(4 + 1)[-1]
        assert forgotten.text == secret.text
        receipt = memory.forget([forgotten.id])
        assert receipt.ok, receipt.found
        with pytest.raises(UnknownRecord):
            memory.get(forgotten.id)
        lines = list(export(memory.log, vectors=True))
        found = answers(memory)
    with Memory.open(tmp_path / "b", encoder="hashing") as other:
        other.restore(lines)  # the same ids and times, and never the secret
        assert list(export(other.log, vectors=True)) == lines
        assert closely(answers(other)) == closely(found)
    with Memory.open(tmp_path / "a") as reopened:
        assert closely(answers(reopened)) == closely(found)
        assert reopened.notices == []


def test_no_file_of_the_store_holds_a_word_of_what_was_forgotten(tmp_path: Path) -> None:
    words = (b"quillibrand", b"vostok", b"zanzibar", b"ottoline")
    records = [Record(f"note {i} about the harbour, the boats and Lisbon", session="s") for i in range(module.WORTH_INDEXING)]
    with made(tmp_path / "s", (*records, Record("Quillibrand Vostok left for Zanzibar.", speaker="Ottoline"))):
        pass
    files = [path for path in (tmp_path / "s").rglob("*") if path.is_file()]
    assert len([path for path in files if path.parent.name == PROJECTIONS]) == 3
    assert any(word in path.read_bytes().lower() for path in files for word in words)
    with Memory.open(tmp_path / "s") as memory:
        assert memory.forget([memory.newest(1)[0].id]).ok
        for path in (tmp_path / "s").rglob("*"):
            assert not path.is_file() or not any(word in path.read_bytes().lower() for word in words), path
    for path in (tmp_path / "s").rglob("*"):
        assert not path.is_file() or not any(word in path.read_bytes().lower() for word in words), path


def test_a_reader_with_a_snapshot_is_named_in_the_receipt_and_the_rest_done_at_the_next_opening(tmp_path: Path, memory: Memory) -> None:
    id = memory.newest(4)[-1].id
    memory.log.connections.writer().execute("PRAGMA busy_timeout = 100")
    with Memory.open(tmp_path / "s", readonly=True) as reader, reader.log.read():
        assert reader.get(id).id == id
        receipt = memory.forget([id])
        assert not receipt.probes["pages"]
        assert reader.get(id).id == id
    memory.close()
    with Memory.open(tmp_path / "s") as again:
        assert not again.log.erasing
        assert all(hit.id != id for question in QUESTIONS for hit in again.recall(question))
    assert all(b"Quetzalcoatl" not in path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file())


def test_an_unknown_id_forgets_nothing(memory: Memory) -> None:
    with pytest.raises(UnknownRecord, match="nothing was done"):
        memory.forget([memory.newest(1)[0].id, "r000"])
    assert len(memory) == len(TURNS)


# Projections


def spoil(path: Path, how: str, other: Path) -> None:
    data = path.read_bytes()
    if how == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif how == "zeroed":
        path.write_bytes(bytes(len(data)))
    elif how == "a bit":
        path.write_bytes(data[:-100] + bytes([data[-100] ^ 1]) + data[-99:])
    elif how == "removed":
        path.unlink()
    else:
        shutil.copy(other / PROJECTIONS / path.name, path)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two stores with projections on disk."""
    folder = tmp_path_factory.mktemp("indexed")
    for name in ("s", "other"):
        made(folder / name, (*TURNS, *(Record(f"{name} note {i} about harbours") for i in range(module.WORTH_INDEXING)))).close()
    return folder


@pytest.mark.parametrize("how", ["truncated", "zeroed", "a bit", "removed", "another store's"])
@pytest.mark.parametrize("readonly", [False, True])
def test_whatever_happens_to_projections_the_answers_are_the_same_and_a_notice_says_so(
    how: str, readonly: bool, indexed: Path, tmp_path: Path
) -> None:
    shutil.copytree(indexed / "s", tmp_path / "s")
    with Memory.open(tmp_path / "s", readonly=True) as memory:
        expected = closely(answers(memory))
        assert memory.notices == []
    names = sorted(path.name for path in (tmp_path / "s" / PROJECTIONS).iterdir())
    for name in names:
        spoil(tmp_path / "s" / PROJECTIONS / name, how, indexed / "other")
    with Memory.open(tmp_path / "s", readonly=readonly) as memory:
        assert closely(answers(memory)) == expected
        assert sorted(line.split()[0] for line in memory.notices) == names
    with Memory.open(tmp_path / "s") as memory:
        assert closely(answers(memory)) == expected
        assert memory.verify().ok


def test_verify_says_which_projections_it_made_anew(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed / "s", tmp_path / "s")
    names = sorted(path.name for path in (tmp_path / "s" / PROJECTIONS).iterdir())
    for name in names:
        spoil(tmp_path / "s" / PROJECTIONS / name, "zeroed", indexed)
    with Memory.open(tmp_path / "s") as memory:
        report = memory.verify()
        assert report.ok
        assert sorted(line.split()[0] for line in report.rebuilt) == names
        assert memory.notices == []
        assert memory.verify().rebuilt == ()


def test_a_reader_of_a_store_whose_projections_are_behind_sees_all(indexed: Path, tmp_path: Path) -> None:
    shutil.copytree(indexed / "s", tmp_path / "s")
    with Memory.open(tmp_path / "s") as memory:
        id = memory.add([Record("The zeppelin landed on the Ozwick meadow.")])[0]
    before = {path: path.read_bytes() for path in (tmp_path / "s" / PROJECTIONS).iterdir()}
    with Memory.open(tmp_path / "s", readonly=True) as reader:
        hit = reader.recall("zeppelin on the Ozwick meadow")[0]
        assert hit.id == id
        assert hit.channels["dense"] > 0
    assert {path: path.read_bytes() for path in (tmp_path / "s" / PROJECTIONS).iterdir()} == before


# A damaged record


def test_a_damaged_record_keeps_no_other_from_being_found_and_can_be_forgotten(memory: Memory, tmp_path: Path) -> None:
    ids = [record.id for record in memory.records()]
    memory.close()
    shutil.rmtree(tmp_path / "s" / PROJECTIONS, ignore_errors=True)
    path = tmp_path / "s" / "memory.db"
    data = path.read_bytes()
    assert data.count(b"grey cat called Pluto") == 1
    path.write_bytes(data.replace(b"grey cat called Pluto", b"grey cat called Pluta"))
    with Memory.open(tmp_path / "s") as damaged:
        assert damaged.recall(QUESTIONS[2])[0].text == TURNS[2].text
        assert all(hit.id != ids[1] for question in QUESTIONS for hit in damaged.recall(question))
        assert [record.id for record in damaged.newest(len(TURNS)) if not record.intact] == [ids[1]]
        with pytest.raises(StoreDamaged, match=ids[1]):
            damaged.get(ids[1])
        assert ids[1] in damaged.verify().problems[0]
        receipt = damaged.forget([ids[1]])
        assert receipt.ok, receipt.found
        assert damaged.verify().ok
        assert len(list(damaged.records())) == len(TURNS) - 1


# Export


@pytest.mark.parametrize("vectors", [False, True])
def test_an_imported_memory_equals_the_exported_one(vectors: bool, memory: Memory, tmp_path: Path) -> None:
    memory.assert_fact("Alice Moreau", "lives in", "Paris", record=next(memory.records()).id, span=(0, 5), valid=("2021-05-01", None))
    lines = list(export(memory.log, vectors=vectors))
    with Memory.open(tmp_path / "copy", encoder="hashing") as copy:
        assert copy.restore(lines) == (len(TURNS), 1)
        assert list(export(copy.log, vectors=True)) == list(export(memory.log, vectors=True))
        assert closely(answers(copy)) == closely(answers(memory))
        assert copy.verify().rebuilt == ()


def test_own_vectors_travel_with_an_export_and_their_kind_without_them(tmp_path: Path) -> None:
    with Memory.open(tmp_path / "s") as memory:
        ids = memory.add([Record("east"), Record("north")], vectors=np.eye(2))
        both = [list(export(memory.log, vectors=vectors)) for vectors in (True, False)]
    for place, lines in enumerate(both):
        with Memory.open(tmp_path / str(place), encoder="own") as copy:
            copy.restore(lines)
        with Memory.open(tmp_path / str(place)) as copy:
            assert copy.encoder_name == "own"
            assert list(export(copy.log, vectors=not place)) == lines
            if not place:
                assert copy.recall("?", vector=np.array([0.1, 1.0]), k=1)[0].id == ids[1]


def test_records_before_a_line_that_is_refused_have_vectors_too(memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("solomonic.memory.export.BATCH", 2)
    lines = list(export(memory.log))
    with Memory.open(tmp_path / "copy", encoder="hashing") as copy:
        with pytest.raises(InputError, match="4 records"):
            copy.restore([*lines[:6], "{}"])
        assert len(copy) == 4
        assert copy.stats()["vectors"][encoder("hashing").fingerprint]["count"] == 4


def test_records_that_an_interrupted_import_left_without_vectors_get_them_from_verify(memory: Memory) -> None:
    memory.log.add([Record("The zeppelin landed.")])  # as if the process had died before they were encoded
    report = memory.verify()
    assert report.ok
    assert report.rebuilt == ("encodings: 1 records have no vector",)
    assert memory.recall("zeppelin")[0].channels["dense"] > 0


# Doors


@pytest.mark.parametrize(
    "question", ["", '"', "*", "NEAR(", "OR", "a AND", "text:cat", "'; DROP TABLE record; --", "\0", "\ud800", "?" * 5_000]
)
def test_any_text_is_only_a_question(question: str, memory: Memory) -> None:
    assert len(memory.recall(question, k=3)) <= 3
    assert len(memory) == len(TURNS)


def test_wrong_options_are_members_of_the_error_tree(memory: Memory, tmp_path: Path) -> None:
    for wrong in ({"k": 0}, {"channels": ["smell"]}, {"at": "yesterday"}, {"known_at": float("nan")}):
        with pytest.raises(SolomonicError):
            memory.recall("cat", **wrong)  # type: ignore[arg-type]
    with pytest.raises(UnknownName):
        Memory.open(tmp_path / "new", encoder="hasing").add([Record("x")])


def test_a_memory_in_ram_does_all_of_it() -> None:
    with made(":memory:") as memory:
        assert memory.recall("cat called")[0].text == TURNS[1].text
        assert memory.verify().ok
        assert memory.forget([memory.newest(1)[0].id]).ok
        assert memory.graph().number_of_edges() > 0
        assert isinstance(memory.log, Log)
        assert memory.stats()["files"] == {}
