"""The vector index: held to comparing everything with everything, whatever happened to its file."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, StoreError
from solomonic.memory import Log, Record, codes, follower, nearest, projection, vectors
from solomonic.memory.codes import Codes
from solomonic.memory.vectorrows import VectorRows
from solomonic.memory.vectors import VectorIndex

PRINT = "0123456789abcdef" * 2
D = 64


def unit(n: int, seed: int = 0, *, d: int = D, clusters: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    if clusters:
        x = x * 0.3 + rng.standard_normal((clusters, d))[rng.integers(clusters, size=n)]
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), dtype=np.float32)


def add(log: Log, x: np.ndarray) -> list[int]:
    return [stored.seq for stored in log.add([Record(f"text {i}") for i in range(len(x))], vectors=x, fingerprint=PRINT)]


def reference(log: Log, queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what the log alone says: every vector compared, one by one, in float64."""
    found = [(seq, row) for seqs, block in log.vectors(PRINT) for seq, row in zip(seqs.tolist(), block, strict=True)]
    ids, scores = np.full((len(queries), k), -1), np.full((len(queries), k), -np.inf)
    for i, query in enumerate(queries):
        ranked = sorted(((-float(np.dot(row.astype(np.float64), query)), seq) for seq, row in found))[:k]
        for j, (score, seq) in enumerate(ranked):
            ids[i, j], scores[i, j] = seq, -score
    return ids, scores


def assert_right(index: VectorIndex, log: Log, queries: np.ndarray, k: int = 5) -> None:
    hits = index.search(queries, k)
    ids, scores = reference(log, queries, k)
    assert hits.ids.dtype == np.int64
    assert hits.scores.dtype == np.float32
    np.testing.assert_allclose(hits.scores, scores, atol=1e-6)
    # Where two are equally near to rounding, their order is not at stake.
    unlike = hits.ids != ids
    assert np.abs(hits.scores - index_scores(index, queries, ids))[unlike & (ids >= 0)].max(initial=0.0) < 1e-6


def index_scores(index: VectorIndex, queries: np.ndarray, ids: np.ndarray) -> np.ndarray:
    return np.stack([index.scores(query[None], row)[0] for query, row in zip(queries, ids, strict=True)])


@pytest.fixture
def store(tmp_path: Path) -> Iterator[tuple[Log, Path]]:
    with Log.open(tmp_path / "store") as log:
        yield log, tmp_path / "store" / "projections"


@pytest.fixture(params=["exact", "codes"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of searching, on stores small enough for a test."""
    if request.param == "codes":
        monkeypatch.setattr(vectors, "EXACT_BYTES", 0)
        monkeypatch.setattr(vectors, "_UNCODED", 8)
        monkeypatch.setattr(nearest, "FIRST_LOOK", 8)
    return str(request.param)


@pytest.mark.parametrize("clusters", [0, 5])
def test_the_nearest_are_those_of_comparing_everything(store: tuple[Log, Path], way: str, clusters: int) -> None:
    log, folder = store
    add(log, unit(700, clusters=clusters))
    index = VectorIndex.load(folder, log, PRINT)
    queries = unit(20, 1, clusters=clusters)
    for k in (1, 10, 100, 700, 900):
        assert_right(index, log, queries, k)
    assert (index._codes is not None) == (way == "codes")


def test_equal_vectors_come_in_the_order_in_which_they_were_added(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    x = np.repeat(unit(3), 100, axis=0)[np.random.default_rng(0).permutation(300)]
    seqs = np.array(add(log, x))
    index = VectorIndex.load(folder, log, PRINT)
    for query in unit(3):
        same = seqs[(x == query).all(axis=1)]
        np.testing.assert_array_equal(index.search(query[None], 50).ids[0], same[:50])
        np.testing.assert_array_equal(index.search(np.repeat(query[None], 9, axis=0), 50).ids[7], same[:50])


def test_fewer_than_k_leave_the_rest_open(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    index = VectorIndex.load(folder, log, PRINT)
    hits = index.search(unit(2), 3)
    np.testing.assert_array_equal(hits.ids, np.full((2, 3), -1))
    assert (hits.scores == -np.inf).all()
    add(log, unit(2))
    hits = index.search(unit(1), 3)
    assert hits.ids[0].tolist()[:1] == [1]
    assert hits.ids[0].tolist()[2:] == [-1]
    assert hits.scores[0, 2] == -np.inf


def test_scores_are_those_of_the_search_and_nan_where_there_is_no_vector(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    add(log, unit(50))
    log.add([Record("without a vector")])
    index = VectorIndex.load(folder, log, PRINT)
    queries = unit(3, 1)
    for k in (2, 5, 40):
        hits = index.search(queries, k)
        for i, query in enumerate(queries):
            np.testing.assert_array_equal(index.scores(query[None], hits.ids[i])[0], hits.scores[i])
    assert np.isnan(index.scores(queries, [51, 99])).all()


@pytest.mark.parametrize(
    "queries", [np.zeros(D), np.zeros((1, D + 1)), np.full((1, D), np.nan), np.full((1, D), np.inf), np.array([["a"] * D])]
)
def test_queries_that_cannot_be_answered_are_refused(store: tuple[Log, Path], queries: np.ndarray) -> None:
    log, folder = store
    add(log, unit(3))
    index = VectorIndex.load(folder, log, PRINT)
    with pytest.raises(InputError):
        index.search(queries, 3)
    with pytest.raises(InputError):
        index.search(unit(1), 0)


def test_vectors_that_are_not_of_unit_length_are_compared_exactly(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    add(log, unit(300) * np.linspace(0, 3, 300, dtype=np.float32)[:, None])
    index = VectorIndex.load(folder, log, PRINT)
    assert_right(index, log, unit(5, 1))
    assert index._codes is None


def test_short_vectors_are_compared_exactly(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    add(log, unit(300, d=3))
    index = VectorIndex.load(folder, log, PRINT)
    assert_right(index, log, unit(5, 1, d=3))
    assert index._codes is None


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 40)),
        st.tuples(st.just("add, not told"), st.integers(1, 40)),
        st.tuples(st.just("forget"), st.integers(0, 10**6)),
        st.tuples(st.just("forget, not told"), st.integers(0, 10**6)),
        st.tuples(st.just("search"), st.just(0)),
        st.tuples(st.just("save"), st.just(0)),
        st.tuples(st.just("reopen"), st.just(0)),
        st.tuples(st.just("killed"), st.just(0)),
        st.tuples(st.just("replace"), st.integers(0, 10**6)),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, coded=st.booleans())
def test_an_index_answers_alike_however_it_came_about(
    steps: list[tuple[str, int]], coded: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("s")
    with pytest.MonkeyPatch.context() as patch, Log.open(folder / "store") as log:
        patch.setattr(vectors, "_UNCODED", 8)
        patch.setattr(vectors, "EXACT_BYTES", 0 if coded else 1 << 30)
        patch.setattr(nearest, "FIRST_LOOK", 8)
        patch.setattr(follower, "_FEW", 30)
        patch.setattr(follower, "_UNSAVED", 20)
        index = VectorIndex.load(folder / "p", log, PRINT)
        alive: list[int] = []
        for number, (step, value) in enumerate(steps):
            if step.startswith("add"):
                x = unit(value, number)
                seqs = add(log, x)
                alive += seqs
                if step == "add":
                    index.add(seqs, x)
            elif step.startswith("forget") and alive:
                gone = alive.pop(value % len(alive))
                log.forget([gone])
                if step == "forget":
                    index.remove([gone])
            elif step == "replace" and alive:
                log.add_vectors([alive[value % len(alive)]], unit(1, 1000 + number), PRINT)
            elif step == "search":
                index.search(unit(1), 2)
            elif step == "save":
                index.save()
            elif step in ("reopen", "killed"):
                if step == "reopen":
                    index.close()
                index = VectorIndex.load(folder / "p", log, PRINT)
        assert_right(index, log, unit(3, 7))
        assert index.check() == []
        assert len(index) == len(alive)
        fresh = VectorIndex.load(None, log, PRINT)
        np.testing.assert_array_equal(index.search(unit(3, 7), 5).ids, fresh.search(unit(3, 7), 5).ids)


def damage_truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_zeroed(path: Path) -> None:
    path.write_bytes(bytes(path.stat().st_size))


def damage_flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def damage_removed(path: Path) -> None:
    path.unlink()


def damage_emptied(path: Path) -> None:
    path.write_bytes(b"")


def damage_swapped(path: Path) -> None:
    other = path.parents[2] / "other"
    with Log.open(other) as log:
        add(log, unit(200, 99))
        VectorIndex.load(other / "projections", log, PRINT).close()
    shutil.copy(other / "projections" / path.name, path)


@pytest.mark.parametrize(
    "damage", [damage_truncated, damage_zeroed, damage_flipped, damage_removed, damage_emptied, damage_swapped], ids=lambda f: f.__name__
)
def test_whatever_happened_to_the_file_the_answers_are_the_same_and_it_is_said(damage: object, way: str, tmp_path: Path) -> None:
    folder = tmp_path / "store" / "projections"
    queries = unit(4, 5)
    with Log.open(tmp_path / "store") as log:
        add(log, unit(200))
        index = VectorIndex.load(folder, log, PRINT)
        before = index.search(queries, 10)
        index.close()
    path = folder / f"vectors-{PRINT[:8]}.faiss"
    damage(path)  # type: ignore[operator]
    with Log.open(tmp_path / "store") as log:
        index = VectorIndex.load(folder, log, PRINT)
        after = index.search(queries, 10)
        np.testing.assert_array_equal(before.ids, after.ids)
        np.testing.assert_array_equal(before.scores, after.scores)
        assert len(index.notices) == 1
        assert path.name in index.notices[0]
        assert "made anew" in index.notices[0]
        index.close()
        assert VectorIndex.load(folder, log, PRINT).notices == []


@pytest.mark.parametrize("act", ["search", "add", "remove", "save", "close", "check", "scores"])
def test_a_file_that_is_cut_short_while_it_is_in_use_harms_nothing(store: tuple[Log, Path], act: str) -> None:
    log, folder = store
    x = unit(2_000)
    add(log, x[:1_000])
    VectorIndex.load(folder, log, PRINT).close()
    index = VectorIndex.load(folder, log, PRINT)
    os.truncate(next(folder.iterdir()), 100)
    if act == "add":
        index.add(add(log, x[1_000:]), x[1_000:])
    elif act == "remove":
        log.forget([1])
        index.remove([1])
    elif act == "search":
        index.search(x[:1], 3)
    elif act == "scores":
        index.scores(x[:1], [1, 2])
    elif act == "check":
        assert index.check() == []
    else:
        getattr(index, act)()
    if act == "close":
        index = VectorIndex.load(folder, log, PRINT)
        assert index.notices == []
    assert_right(index, log, unit(3, 1))


def test_codes_that_this_faiss_cannot_read_are_made_again(store: tuple[Log, Path], way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log, folder = store
    add(log, unit(200))
    VectorIndex.load(folder, log, PRINT).close()

    def unreadable(*_: object) -> None:
        raise RuntimeError("Index type not recognized")

    with monkeypatch.context() as patch:
        patch.setattr(codes.faiss, "deserialize_index", unreadable)
        index = VectorIndex.load(folder, log, PRINT)
    assert_right(index, log, unit(3, 1))


def test_a_file_that_is_written_into_while_it_is_in_use_is_made_anew(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    add(log, unit(100))
    VectorIndex.load(folder, log, PRINT).close()
    index = VectorIndex.load(folder, log, PRINT)
    before = index.search(unit(3, 1), 5)
    path = next(folder.iterdir())
    with open(path, "r+b") as handle:
        handle.write(bytes(path.stat().st_size))
    after = index.search(unit(3, 1), 5)
    np.testing.assert_array_equal(before.ids, after.ids)
    np.testing.assert_array_equal(before.scores, after.scores)
    assert "changed while it was in use" in index.notices[0]


def test_a_forgotten_vector_is_in_no_byte_of_any_file(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    x = unit(300)
    seqs = add(log, x)
    index = VectorIndex.load(folder, log, PRINT)
    index.save()
    path = next(folder.iterdir())
    assert x[7].tobytes() in path.read_bytes()
    log.forget([seqs[7], seqs[299]])
    assert index.remove([seqs[7], seqs[299]]) == 2
    assert [file.name for file in folder.iterdir()] == [path.name]
    content = path.read_bytes()
    assert x[7].tobytes() not in content
    assert x[299].tobytes() not in content
    assert x[8].tobytes() in content
    assert seqs[7] not in index.search(x[7:8], 300).ids
    assert_right(index, log, unit(3, 1))


def test_a_forgetting_that_was_cut_off_is_finished_at_the_next_opening(store: tuple[Log, Path], way: str) -> None:
    log, folder = store
    x = unit(100)
    seqs = add(log, x)
    VectorIndex.load(folder, log, PRINT).close()
    path = next(folder.iterdir())
    (folder / f"{path.name}.tmp").write_bytes(x[3].tobytes())
    log.forget([seqs[3]])
    index = VectorIndex.load(folder, log, PRINT)
    assert not any(x[3].tobytes() in file.read_bytes() for file in folder.iterdir())
    assert len(index.notices) == 1
    assert_right(index, log, unit(3, 1))


def test_a_file_that_cannot_be_cleaned_of_what_was_forgotten_is_removed(store: tuple[Log, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    log, folder = store
    x = unit(100)
    seqs = add(log, x)
    index = VectorIndex.load(folder, log, PRINT)
    index.save()
    log.forget(seqs[:5])

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(projection, "save", full)
    with pytest.raises(StoreError, match="full"):
        index.remove(seqs[:5])
    assert list(folder.iterdir()) == []
    assert_right(index, log, unit(3, 1))


def test_a_reader_sees_what_the_writer_adds_and_forgets_and_writes_nothing(store: tuple[Log, Path], way: str, tmp_path: Path) -> None:
    log, folder = store
    x = unit(120)
    seqs = add(log, x[:100])
    VectorIndex.load(folder, log, PRINT).close()
    stamp = next(folder.iterdir()).stat()
    with Log.open(tmp_path / "store", readonly=True) as reading:
        reader = VectorIndex.load(folder, reading, PRINT)
        assert reader.search(x[110:111], 1).scores[0, 0] < 0.999
        add(log, x[100:])
        assert reader.search(x[110:111], 1).ids[0, 0] == 111
        log.forget([seqs[4], 111])
        assert not {seqs[4], 111} & set(reader.search(x[4:5], 120).ids[0].tolist())
        assert_right(reader, reading, unit(3, 1))
        reader.close()
    now = next(folder.iterdir()).stat()
    assert (stamp.st_ino, stamp.st_mtime_ns) == (now.st_ino, now.st_mtime_ns)


def test_a_snapshot_older_than_the_index_does_not_set_it_back(store: tuple[Log, Path]) -> None:
    log, folder = store
    x = unit(10)
    add(log, x[:5])
    index = VectorIndex.load(folder, log, PRINT)

    def write() -> None:
        seqs = add(log, x[5:])
        index.add(seqs, x[5:])

    with log.read():
        log.position()
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert index.search(x[9:10], 1).ids[0, 0] == 10
        assert len(index) == 10
    assert_right(index, log, unit(3, 1))


def test_another_history_of_the_same_store_is_not_mistaken_for_this_one(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    first, other = unit(20), unit(20, 1)
    with Log.open(folder) as log:
        add(log, first[:10])
    shutil.copytree(folder, tmp_path / "backup")
    with Log.open(folder) as log:
        add(log, first[10:])
        log.forget([3])
        index = VectorIndex.load(folder / "projections", log, PRINT)
        index.close()
    shutil.copytree(folder / "projections", tmp_path / "backup" / "projections")
    with Log.open(tmp_path / "backup") as log:
        assert VectorIndex.load(tmp_path / "backup" / "projections", log, PRINT).search(first[2:3], 1).ids[0, 0] == 3
        add(log, other[10:])
        log.forget([4])
        index = VectorIndex.load(tmp_path / "backup" / "projections", log, PRINT)
        assert_right(index, log, np.concatenate([first, other]), 3)
        assert index.check() == []


def test_what_is_added_out_of_order_is_read_from_the_log(store: tuple[Log, Path]) -> None:
    log, folder = store
    x = unit(30)
    index = VectorIndex.load(folder, log, PRINT)
    early, late = add(log, x[:10]), add(log, x[10:20])
    index.add(late, x[10:20])
    index.add(early, x[:10])
    index.add([], x[:0])
    assert_right(index, log, unit(3, 1))
    assert len(index) == 20
    with pytest.raises(InputError):
        index.add([21], x[20:22])


def test_saves_are_few_while_a_store_grows(store: tuple[Log, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    log, folder = store
    monkeypatch.setattr(follower, "_FEW", 64)
    written = []
    save = projection.save
    monkeypatch.setattr(projection, "save", lambda path, header, arrays: (written.append(len(index)), save(path, header, arrays)))
    index = VectorIndex.load(folder, log, PRINT)
    for number in range(100):
        x = unit(10, number)
        index.add(add(log, x), x)
    assert sum(written) <= 2 * 1_000
    assert len(written) >= 3


def test_a_memory_in_ram_has_an_index_without_a_file() -> None:
    with Log.open(":memory:") as log:
        add(log, unit(20))
        index = VectorIndex.load(None, log, PRINT)
        assert_right(index, log, unit(3, 1))
        log.forget([2])
        index.remove([2])
        assert_right(index, log, unit(3, 1))
        index.save()
        index.close()
        assert index.notices == []


@settings(max_examples=25, deadline=None)
@given(d=st.sampled_from([64, 65, 257, 300]), seed=st.integers(0, 99))
def test_codes_estimate_inner_products_with_the_error_that_they_state(d: int, seed: int) -> None:
    x, queries = unit(2_000, seed, d=d), unit(5, seed + 1, d=d)
    held = Codes(d)
    held.add(x)
    rows, estimates = held.scan(queries, 2_000)
    errors = estimates - np.einsum("qrd,qd->qr", x[rows], queries)
    assert errors.std() < 1.1 * held.sigma
    assert np.sort(rows, axis=1).tolist() == [list(range(2_000))] * 5


def test_codes_depend_on_their_own_vectors_alone() -> None:
    x = unit(300)
    gone = np.array([0, 31, 32, 64, 299])
    held, fresh = Codes(D), Codes(D)
    for part in np.array_split(x, 7):
        held.add(part)
    held.remove(gone)
    fresh.add(np.delete(x, gone, axis=0))
    np.testing.assert_array_equal(held.packed(), fresh.packed())
    again = Codes(D, packed=held.packed(), rotation=held.rotation)
    np.testing.assert_array_equal(again.scan(x[:3], 20)[0], held.scan(x[:3], 20)[0])
    assert codes.DISTORTION < 0.12


@given(st.lists(st.integers(1, 9), max_size=6), st.data())
@settings(max_examples=60, deadline=None)
def test_rows_in_two_parts_are_like_rows_in_one(sizes: list[int], data: st.DataObject) -> None:
    n = sum(sizes)
    x, seqs = unit(n, d=4), np.arange(n, dtype=np.int64) * 2 + 1
    still = data.draw(st.integers(0, n))
    rows = VectorRows(seqs[:still], x[:still])
    rows.append(seqs[still:], x[still:])
    np.testing.assert_array_equal(rows.take(np.arange(n)), x)
    np.testing.assert_array_equal(rows.seqs(np.arange(n)), seqs)
    np.testing.assert_array_equal(rows.rows_of(np.arange(2 * n + 2)), [i // 2 if i % 2 and i < 2 * n else -1 for i in range(2 * n + 2)])
    start = data.draw(st.integers(0, n))
    pieces = list(rows.spans(start))
    np.testing.assert_array_equal(np.concatenate([np.empty((0, 4)), *(piece for _, piece in pieces)]), x[start:])
    gone = np.array(sorted(data.draw(st.sets(st.integers(0, n - 1)))) if n else [], dtype=np.int64)
    left = rows.without(gone)
    np.testing.assert_array_equal(left.take(np.arange(n - len(gone))), np.delete(x, gone, axis=0))
    assert left.last == (int(np.delete(seqs, gone)[-1]) if n > len(gone) else 0)
