"""The graph: the same whatever way it came to be, gone where records are gone, and with its evidence on every edge."""

from __future__ import annotations

import threading
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from solomonic.errors import StoreError
from solomonic.memory.graph import FILE, GraphIndex
from solomonic.memory.log import Log
from solomonic.memory.record import Record

SENTENCES = [
    "Anna Karlsson lives in Rome.",
    "Anna met Tom yesterday.",
    "I saw Anna's dog. Dogs like Anna.",
    "Thanks Anna! See you on 7 May 2023.",
    "thanks, all. The dog is a Labrador.",
    "Wow! Tom bought two dogs for $300.",
    "I am a nurse. My brother Tom works at Google.",
    "Nothing here.",
    "",
    'We read "The Trial" in Rome with NASA.',
    "ANNA SAID NO. Rome is the capital of Italy.",
]
RECORDS = st.builds(
    Record,
    st.sampled_from(SENTENCES) | st.binary(max_size=8),
    session=st.sampled_from([None, "a", "b"]),
    speaker=st.sampled_from([None, "Anna", "Tom"]),
    at=st.sampled_from([None, "2023-05-08", "2023-06-01"]),
)
QUIET = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(one: GraphIndex, other: GraphIndex) -> bool:
    """Do two graphs say the same, to the last bit of every weight?"""
    return one.drawn().entities.keys == other.drawn().entities.keys and one.drawn().graph.equals(other.drawn().graph)


@given(st.lists(st.lists(RECORDS, max_size=4), max_size=4))
@QUIET
def test_caught_up_in_steps_is_read_in_one_go(batches: list[list[Record]]) -> None:
    with Log.open(":memory:") as log:
        grown = GraphIndex.load(None, log)
        for batch in batches:
            log.add(batch)
            grown.drawn()
        assert same(grown, GraphIndex.load(None, log))
        assert grown.check() == []
        assert grown.notices == []


@given(st.lists(RECORDS, min_size=1, max_size=8), st.sets(st.integers(0, 7)))
@QUIET
def test_what_is_erased_leaves_the_graph_of_a_store_that_never_saw_it(records: list[Record], gone: set[int]) -> None:
    with Log.open(":memory:") as log, Log.open(":memory:") as other:
        stored = log.add(records)
        index = GraphIndex.load(None, log)
        index.drawn()
        lost = [stored[i] for i in gone if i < len(stored)]
        other.add([record for i, record in enumerate(records) if i not in gone])
        log.forget([record.seq for record in lost])
        index.erase(lost)
        assert index.probe(lost) == []
        assert index.check() == []
        assert index.notices == []
        never = GraphIndex.load(None, other)
        assert np.array_equal(index.drawn().graph.weights, never.drawn().graph.weights)
        assert index.drawn().entities.keys == never.drawn().entities.keys
        assert sorted(index._table.keys.texts) == sorted(never._table.keys.texts)
        assert index._table.casing.forms == never._table.casing.forms


@pytest.fixture
def store(tmp_path: Path) -> Path:
    with Log.open(tmp_path / "store") as log:
        log.add([Record(text, session="a", speaker="Anna", at="2023-05-08") for text in SENTENCES])
        log.assert_fact("Anna", "owns", "Rex", record=next(log.records()).id)
        GraphIndex.load(tmp_path / "store", log).save()
    return tmp_path / "store"


def test_a_saved_graph_is_read_back_as_it_was(store: Path) -> None:
    with Log.open(store) as log:
        read, made = GraphIndex.load(store, log), GraphIndex.load(None, log)
        assert read.notices == []
        assert same(read, made)
        read.drawn()
        read.rebuild()
        again = GraphIndex.load(store, log)
        assert again._drawn is None
        again.drawn()
        again.save()
        kept = GraphIndex.load(store, log)
        assert kept._drawn is not None
        assert same(kept, made)
        assert kept.check() == []
        log.add([Record("Rex ran to Tom.")])
        assert same(kept, GraphIndex.load(None, log))
        assert same(read, GraphIndex.load(None, log))
        assert read.notices == []


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "one byte", "removed", "another store's", "empty", "nonsense"])
def test_a_damaged_file_is_made_anew_and_says_so(store: Path, tmp_path: Path, damage: str) -> None:
    file = store / FILE
    whole = file.read_bytes()
    if damage == "removed":
        file.unlink()
    elif damage == "another store's":
        with Log.open(tmp_path / "other") as log:
            log.add([Record("Zaphod was here.")] * len(SENTENCES))
            GraphIndex.load(tmp_path / "other", log).save()
        file.write_bytes((tmp_path / "other" / FILE).read_bytes())
    else:
        broken = {"truncated": whole[: len(whole) // 2], "zeroed": bytes(len(whole)), "empty": b"", "nonsense": b"x" * 4096}
        flipped = whole[: len(whole) // 2] + bytes([whole[len(whole) // 2] ^ 1]) + whole[len(whole) // 2 + 1 :]
        file.write_bytes(broken.get(damage, flipped))
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        assert len(index.notices) == 1
        assert "made anew" in index.notices[0]
        assert same(index, GraphIndex.load(None, log))
        index.save()
        assert GraphIndex.load(store, log).notices == []


def test_records_that_were_forgotten_while_the_graph_was_closed_are_not_in_it(store: Path) -> None:
    with Log.open(store) as log:
        log.forget([1])
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        assert "forgotten" in index.notices[0]
        assert same(index, GraphIndex.load(None, log))
        assert index.check() == []


def test_a_backup_that_went_another_way_is_noticed(store: Path) -> None:
    with Log.open(store) as log:
        log.add([Record("Zaphod was here.")])
        ahead = GraphIndex.load(store, log)
        ahead.save()
        file = (store / FILE).read_bytes()
        log.forget([log.position().seq])
        log.add([Record("Ford was here.")])
    (store / FILE).write_bytes(file)
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        assert index.notices
        assert same(index, GraphIndex.load(None, log))
        assert index.entities("Zaphod") == {}


def test_the_file_forgets_too(store: Path) -> None:
    with Log.open(store) as log:
        stored = log.add([Record("Zaphod Beeblebrox zxqwv", session="heart of gold", speaker="Trillian")])
        index = GraphIndex.load(store, log)
        index.save()
        written = (store / FILE).read_bytes()
        for trace in (b"zaphod beeblebrox", b"zxqwv", b"heart of gold", b"trillian"):
            assert trace in written
        log.forget([stored[0].seq])
        index.erase(stored)
        written = (store / FILE).read_bytes()
        for trace in (b"zaphod", b"zxqwv", b"heart of gold", b"trillian", b"Zaphod"):
            assert trace not in written
        assert index.probe(stored) == []


def test_probe_finds_what_was_not_erased(store: Path) -> None:
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        assert index.probe(list(log.records(until=1))) != []


def test_a_file_that_is_written_into_while_it_is_in_use_changes_no_answer(store: Path) -> None:
    with Log.open(store) as log:
        first = GraphIndex.load(store, log)
        first.drawn()
        first.save()
        index = GraphIndex.load(store, log)
        assert index._drawn is not None
        with open(store / FILE, "r+b") as handle:
            handle.seek(-4_096, 2)
            handle.write(b"\xff" * 4_096)
        assert same(index, GraphIndex.load(None, log))
        assert "while it was in use" in index.notices[0]
        index.save()
        assert GraphIndex.load(store, log).notices == []


def test_a_file_that_cannot_be_rewritten_does_not_keep_what_was_erased(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StoreError("no space left")

    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        lost = log.by_seq([1])
        log.forget([1])
        monkeypatch.setattr("solomonic.memory.graph.save", full)
        with pytest.raises(StoreError):
            index.erase(lost)
        assert not (store / FILE).exists()
        assert index.probe(lost) == []


def test_a_reader_with_an_older_state_of_the_log_does_not_take_the_graph_back(store: Path) -> None:
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        done = threading.Event()

        def grow() -> None:
            log.add([Record("Zaphod was here.")])
            assert index.entities("Zaphod")
            done.set()

        with log.read():
            before = index.position
            other = threading.Thread(target=grow)
            other.start()
            assert done.wait(30)
            assert log.position() == before
            assert index.rank("Anna").seqs.size
            other.join()
        assert len(index) == len(SENTENCES) + 1
        assert index.notices == []


def test_many_readers_and_one_writer_agree_in_the_end() -> None:
    with Log.open(":memory:") as log:
        index = GraphIndex.load(None, log)
        wrong: list[BaseException] = []

        def ask() -> None:
            try:
                for _ in range(30):
                    index.rank("Where is Anna?")
                    index.view()
            except BaseException as error:
                wrong.append(error)

        readers = [threading.Thread(target=ask) for _ in range(3)]
        for reader in readers:
            reader.start()
        for i in range(30):
            stored = log.add([Record(SENTENCES[i % len(SENTENCES)], session="a")])
            if i % 7 == 6:
                log.forget([stored[0].seq])
                index.erase(stored)
        for reader in readers:
            reader.join()
        assert wrong == []
        assert same(index, GraphIndex.load(None, log))


def test_facts_are_tied_in_and_closed_ones_are_not(store: Path) -> None:
    with Log.open(store) as log:
        index = GraphIndex.load(store, log)
        fact = next(log.facts())
        assert index.entities("Rex")
        assert list(index.rank("Rex").seqs[:1]) == [1]
        log.close_fact(fact.id)
        assert index.entities("Rex") == {}
        assert index.notices == []
        assert same(index, GraphIndex.load(None, log))
        log.assert_fact("Rex", "chased", "Tom", record=fact.record)
        assert index.entities("Rex")
        assert same(index, GraphIndex.load(None, log))


def test_a_first_name_is_the_one_full_name_that_begins_with_it() -> None:
    with Log.open(":memory:") as log:
        log.add(
            [
                Record("I met Anna Karlsson."),
                Record("I like Anna."),
                Record("We saw Copenhagen."),
                Record("In Copenhagen we saw Copenhagen Tivoli."),
            ]
        )
        index = GraphIndex.load(None, log)
        assert index.entities("Where is Anna?") == index.entities("Where is Anna Karlsson?") != {}
        assert index.entities("in Copenhagen") != index.entities("in Copenhagen Tivoli")
        log.add([Record("Then came Anna Svensson.")])
        assert index.entities("Where is Anna?") != index.entities("Where is Anna Karlsson?")


def test_plurals_are_one_with_their_singulars_but_surnames_are_not() -> None:
    with Log.open(":memory:") as log:
        log.add(
            [
                Record("We have a Golden Retriever."),
                Record("I like Golden Retrievers."),
                Record("I met William."),
                Record("I met Williams."),
            ]
        )
        index = GraphIndex.load(None, log)
        assert index.entities("the Golden Retrievers") == index.entities("a Golden Retriever") != {}
        assert index.entities("did Williams") != index.entities("did William")


def test_a_question_reaches_over_two_hops_to_what_shares_no_word_with_it() -> None:
    with Log.open(":memory:") as log:
        log.add(
            [
                Record("We met Marcel Duval in a bar."),
                Record("The painter Duval, that is Marcel Duval, owns Villa Rosa."),
                Record("They say that Villa Rosa burned down."),
                *[Record(f"It rained in Lyon on day {i}, said Pierre.") for i in range(20)],
            ]
        )
        ranked = GraphIndex.load(None, log).rank("What happened to the house of Marcel Duval?", epsilon=1e-7)
        assert set(ranked.seqs[:3].tolist()) == {1, 2, 3}
        assert (np.diff(ranked.scores) <= 0).all()
        assert 0 <= ranked.left < 1


def test_rank_may_start_from_records_and_knows_what_it_does_not_know() -> None:
    with Log.open(":memory:") as log:
        log.add([Record(text, session="a") for text in SENTENCES])
        index = GraphIndex.load(None, log)
        ranked = index.rank(records={2: 1.0, 999: 5.0})
        assert ranked.seqs[0] == 2
        assert len(index.rank("Zaphod?").seqs) == 0
        assert len(index.rank("").seqs) == 0
        assert index.rank("anna karlsson").seqs[0] == 1


def test_shared_is_the_weight_of_the_entities_in_common() -> None:
    with Log.open(":memory:") as log:
        log.add([Record("I met Anna and Tom."), Record("I saw Tom."), Record("I saw Rex."), Record("it rained")])
        index = GraphIndex.load(None, log)
        tom = index.entities("the Tom")
        assert index.shared([1], [1, 2, 3, 4, 99]).tolist() == [0.0, *tom.values(), 0.0, 0.0, 0.0]
        assert index.shared([1], [2], without=tom).tolist() == [0.0]


def test_the_walk_of_the_view_is_the_walk_of_the_index() -> None:
    """Personalised PageRank on the same edges by networkx; the push is short by no more than it says."""
    with Log.open(":memory:") as log:
        log.add([Record(text, session="a", speaker="Tom") for text in SENTENCES])
        index = GraphIndex.load(None, log)
        graph = index.drawn().graph
        theirs = nx.MultiDiGraph()
        theirs.add_nodes_from(range(graph.walk.n))
        sources = np.repeat(np.arange(graph.walk.n), np.diff(graph.indptr)).tolist()
        theirs.add_weighted_edges_from(zip(sources, graph.indices.tolist(), graph.weights.astype(float).tolist(), strict=True))
        seeds = {entity + graph.records: weight for entity, weight in index._named(index.drawn(), "Where is Anna?", None).items()}
        expected = nx.pagerank(theirs, personalization=seeds, tol=1e-12, max_iter=1_000)
        ranked = index.rank("Where is Anna?", epsilon=1e-9)
        for seq, score in zip(ranked.seqs.tolist(), ranked.scores.tolist(), strict=True):
            assert score == pytest.approx(expected[int(np.searchsorted(graph.seqs, seq))], abs=1e-6)


def test_every_edge_of_the_view_names_the_bytes_it_rests_on(store: Path) -> None:
    with Log.open(store) as log:
        graph = GraphIndex.load(store, log).view()
        texts = {record.id: record.data for record in log.records()}
        relations = set()
        for source, target, edge in graph.edges(data=True):
            start, end = edge["span"]
            assert 0 <= start <= end <= len(texts[edge["record"]])
            assert edge["source"] in ("rules", "order", "pattern", "user")
            relations.add(edge["relation"])
            if edge["relation"] == "mentions":
                assert source == edge["record"]
            if edge["relation"] == "mentions" and edge["source"] == "rules" and edge["kind"] == "name":
                assert texts[source][start:end].decode().lower().split()[0] in graph.nodes[target]["label"].lower() + target
        assert {"mentions", "follows", "near", "owns", "lives in", "works at", "brother", "is a"} <= relations
        assert {node["kind"] for _, node in graph.nodes(data=True)} == {"record", "name", "date", "number"}


def test_the_view_is_as_of_then() -> None:
    with Log.open(":memory:") as log:
        log.add([Record("I met Anna.", at="2020-01-01", session="a")], recorded="2020-01-02")
        log.add([Record("I met Tom.", at="2022-01-01", session="a")], recorded="2022-01-02")
        log.add([Record("Rome is ours.", valid=("2019-01-01", "2021-01-01"))], recorded="2020-01-02")
        first = next(log.records())
        log.assert_fact("Anna", "owns", "Rex", record=first.id, valid=("2021-06-01", None), recorded="2021-06-02")
        index = GraphIndex.load(None, log)
        instant = {year: Record("", at=f"{year}-03-01").at_s for year in (2020, 2021, 2022)}
        assert "name:anna" in index.view(at=instant[2020])
        assert "name:tom" not in index.view(at=instant[2020])
        assert "name:rome" in index.view(at=instant[2020])
        assert "name:rome" not in index.view(at=instant[2022])
        assert "name:tom" not in index.view(known_at=instant[2021])
        assert "name:rex" not in index.view(known_at=instant[2021])
        assert "name:rex" not in index.view(at=instant[2021])
        assert "name:rex" in index.view(at=instant[2022])
        assert not nx.is_empty(index.view())


def test_a_store_that_is_only_read_writes_nothing(store: Path) -> None:
    (store / FILE).unlink()
    with Log.open(store, readonly=True) as log:
        index = GraphIndex.load(store, log)
        index.save()
        assert len(index) == len(SENTENCES)
    assert not (store / FILE).exists()


def test_an_empty_store_has_an_empty_graph(tmp_path: Path) -> None:
    with Log.open(tmp_path / "store") as log:
        index = GraphIndex.load(tmp_path / "store", log)
        assert index.notices == []
        assert len(index.rank("Anna").seqs) == 0
        assert len(index.view()) == 0
        index.save()
        assert same(GraphIndex.load(tmp_path / "store", log), index)
