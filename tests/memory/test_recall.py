from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.encoders import encoder
from solomonic.errors import InputError, UnknownName
from solomonic.memory.fusion import CHANNELS, WEIGHTS
from solomonic.memory.graph import GraphIndex
from solomonic.memory.lexical import LexicalIndex
from solomonic.memory.log import Log
from solomonic.memory.outline import Outline
from solomonic.memory.recall import Recall, recall
from solomonic.memory.record import Record
from solomonic.memory.vectors import VectorIndex

CODER = encoder("hashing")
TURNS = [
    ("s1", "Ann", "2023-05-01", "Hi Tom! What did you do last weekend?"),
    ("s1", "Tom", "2023-05-01", "I painted a lake at sunrise with my sister Julia."),
    ("s1", "Ann", "2023-05-01", "How lovely! Which colours did you use?"),
    ("s1", "Tom", "2023-05-01", "Mostly orange and violet."),
    ("s2", "Ann", "2023-06-20", "I adopted a dog yesterday. Her name is Pepper."),
    ("s2", "Tom", "2023-06-20", "Ann, congratulations on the dog!"),
    ("s2", "Ann", "2023-06-20", "Thank you. She sleeps all day."),
    ("s3", "Tom", "2023-08-02", "Julia moved to Lisbon in March, she works at a bakery there."),
    ("s3", "Ann", "2023-08-02", "What a change! Does she like it?"),
]


class Store:
    def __init__(self, records: list[Record]) -> None:
        self.log = Log.open(":memory:")
        self.add(records)
        self.vectors = VectorIndex.load(None, self.log, CODER.fingerprint)
        self.words = LexicalIndex.load(None, self.log)
        self.graph = GraphIndex.load(None, self.log)

    def add(self, records: list[Record]) -> None:
        texts = [record.text if isinstance(record.text, str) else record.text.decode("utf-8", "replace") for record in records]
        self.log.add(records, vectors=CODER.encode(texts), fingerprint=CODER.fingerprint)

    def recall(self, question: str, **options: object) -> Recall:
        return recall(self.log, self.vectors, self.words, self.graph, CODER, question, **options)  # type: ignore[arg-type]


def turns() -> list[Record]:
    return [Record(text, session=session, speaker=speaker, at=at) for session, speaker, at, text in TURNS]


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(turns())
    yield opened
    opened.log.close()


def texts(found: Recall) -> list[str]:
    return [str(hit.text) for hit in found.hits]


def test_the_turn_that_answers_comes_first(store: Store) -> None:
    assert texts(store.recall("What did Tom paint?"))[0].startswith("I painted")
    assert texts(store.recall("What is the name of Ann's dog?"))[0].startswith("I adopted")


def test_a_score_is_the_weighted_sum_of_the_channels_that_a_hit_shows(store: Store) -> None:
    table = asdict(WEIGHTS)
    for hit in store.recall("When did Tom paint a lake?").hits:
        assert set(hit.channels) == set(CHANNELS)
        assert hit.score == pytest.approx(sum(table[name] * value for name, value in hit.channels.items()))


def test_hits_come_best_first_each_once_and_as_they_went_in(store: Store) -> None:
    hits = store.recall("lake dog Lisbon", k=50).hits
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert len({hit.id for hit in hits}) == len(hits) == len(TURNS)
    assert all(store.log.get(hit.id).text == hit.text for hit in hits)
    assert all(hit.span == (0, len(str(hit.text).encode())) for hit in hits)


def test_a_turn_is_carried_by_its_neighbours(store: Store) -> None:
    hit = next(hit for hit in store.recall("Which colours did Tom use?", k=9).hits if "orange" in str(hit.text))
    assert hit.channels["context"] > 0
    assert hit.channels["session"] > 0


def test_neighbours_are_within_a_session(store: Store) -> None:
    outline = Outline().caught_up(store.log)
    assert outline.neighbours(np.array([3, 4]), 2).tolist() == [[-1, 2, -1, 1], [5, -1, 6, -1]]


def test_a_date_in_the_question_counts(store: Store) -> None:
    hits = store.recall("What did Ann say on 20 June 2023?", k=9).hits
    assert {hit.channels["time"] for hit in hits if hit.seq in (5, 6, 7)} == {1.0}
    assert all(hit.channels["time"] < 0.1 for hit in hits if hit.seq not in (5, 6, 7))


def test_a_second_hop_reaches_what_the_question_does_not_name(store: Store) -> None:
    hits = store.recall("Who was with Tom when he painted a lake?", k=9).hits
    lisbon = next(hit for hit in hits if "Lisbon" in str(hit.text))
    assert lisbon.channels["hop"] > 0


def test_channels_can_be_left_out(store: Store) -> None:
    hits = store.recall("What did Tom paint?", channels=["lexical"]).hits
    assert all(set(hit.channels) == {"lexical"} for hit in hits)
    assert texts(Recall(hits, None, 0.0))[0].startswith("I painted")
    for name in CHANNELS:
        assert store.recall("What did Tom paint?", channels=[name]).hits


def test_each_projection_may_be_missing(store: Store) -> None:
    for missing in ("vectors", "words", "graph"):
        parts = {"vectors": store.vectors, "words": store.words, "graph": store.graph} | {missing: None}
        found = recall(store.log, parts["vectors"], parts["words"], parts["graph"], CODER, "What did Tom paint?")  # type: ignore[arg-type]
        assert texts(found)[0].startswith("I painted"), missing
    assert recall(store.log, None, None, None, None, "What did Tom paint?").hits == []


def test_a_given_vector_is_used_instead_of_the_encoder(store: Store) -> None:
    vector = 3.0 * CODER.encode(["I adopted a dog yesterday. Her name is Pepper."])[0]
    assert texts(store.recall("?", vector=vector, channels=["dense"]))[0].startswith("I adopted")


def test_filters_let_through_only_what_they_name(store: Store) -> None:
    assert {hit.seq for hit in store.recall("dog", k=9, where={"speaker": "Tom"}).hits} <= {2, 4, 6, 8}
    assert {hit.seq for hit in store.recall("dog", k=9, where={"session": "s2", "speaker": "Ann"}).hits} == {5, 7}
    assert {hit.seq for hit in store.recall("dog", k=9, where=lambda record: record.seq == 1).hits} == {1}
    assert store.recall("dog", where={"speaker": "nobody"}).hits == []
    assert store.recall("dog", where={"colour": "red"}).answerable == 0.0


def test_recall_as_of_a_time_sees_nothing_later(store: Store) -> None:
    assert {hit.seq for hit in store.recall("dog Lisbon", k=9, at="2023-06-01").hits} == {1, 2, 3, 4}
    assert store.recall("dog", known_at=0.0).hits == []


def test_what_was_true_only_for_a_while_is_not_found_after_it() -> None:
    store = Store(
        [Record("The office is in Rome.", valid=("2020-01-01", "2022-01-01")), Record("The office is in Oslo.", valid="2022-01-01")]
    )
    assert texts(store.recall("Where is the office?", at="2021-05-01")) == ["The office is in Rome."]
    assert texts(store.recall("Where is the office?", at="2023-05-01")) == ["The office is in Oslo."]


def test_new_records_are_found_and_forgotten_ones_are_not(store: Store) -> None:
    store.add([Record("I bought a kayak.", session="s3", speaker="Ann")])
    assert texts(store.recall("Who bought a kayak?"))[0] == "I bought a kayak."
    store.log.forget([10])
    assert all("kayak" not in text for text in texts(store.recall("Who bought a kayak?", k=20)))


def test_an_answer_is_likelier_for_what_is_remembered(store: Store) -> None:
    known = store.recall("What is the name of Ann's dog?").answerable
    assert known > store.recall("Which rocket engine did Ann's company license?").answerable
    assert known > store.recall("What is the name of Tom's dog?").answerable


def test_an_empty_store_has_no_hits() -> None:
    store = Store([])
    found = store.recall("anything?")
    assert (found.hits, found.answerable) == ([], 0.0)


@pytest.mark.parametrize("text", ["", "\0", '"*" OR NEAR(', "'; DROP TABLE record; --", "\ud800", "?" * 10_000, "ünïcödé " * 500])
def test_any_question_is_only_a_question(store: Store, text: str) -> None:
    assert len(store.recall(text, k=3).hits) <= 3


def test_wrong_options_are_named(store: Store) -> None:
    with pytest.raises(InputError, match="k=0"):
        store.recall("dog", k=0)
    with pytest.raises(UnknownName, match="densee"):
        store.recall("dog", channels=["densee"])
    with pytest.raises(InputError, match="finite"):
        store.recall("dog", vector=np.full(CODER.dimensions, np.nan))
    with pytest.raises(InputError, match="where"):
        store.recall("dog", where=["Ann"])


def test_the_same_question_has_the_same_answer_whatever_was_asked_before(store: Store) -> None:
    first = store.recall("What did Tom paint?")
    store.recall("dog", where={"speaker": "Ann"}, k=50)
    assert store.recall("What did Tom paint?") == first
    assert Store(turns()).recall("What did Tom paint?").answerable == first.answerable


def test_many_may_ask_while_one_adds(store: Store) -> None:
    failures: list[BaseException] = []

    def ask() -> None:
        try:
            for _ in range(30):
                for hit in store.recall("Where does Julia work?", k=30).hits:
                    assert store.log.get(hit.id).text == hit.text
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(40):
        store.add([Record(f"Julia sold {i} loaves.", session=f"n{i % 3}", speaker="Tom")])
    for thread in threads:
        thread.join()
    assert not failures


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "Ann", "Tom"])), max_size=20), st.integers(0, 20))
def test_an_outline_grown_in_steps_equals_one_read_at_once(rows: list[tuple[str | None, str | None]], cut: int) -> None:
    records = [Record(f"text {i}", session=session, speaker=speaker) for i, (session, speaker) in enumerate(rows)]
    with Log.open(":memory:") as log:
        log.add(records[:cut])
        grown = Outline().caught_up(log)
        log.add(records[cut:])
        grown, whole = grown.caught_up(log), Outline().caught_up(log)
        for name in ("seqs", "before", "after", "recorded"):
            assert np.array_equal(getattr(grown, name), getattr(whole, name))
        assert grown.names == whole.names
        for i, (session, _) in enumerate(rows):
            later = [j for j in range(i + 1, len(rows)) if rows[j][0] == session and session is not None]
            assert whole.after[i] == (later[0] if later else -1)
