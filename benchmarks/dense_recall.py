"""How fast and how right the vector index is, beside bare FAISS in the same run.

    python benchmarks/dense_recall.py [--records 100000] [--spread 1.0 | --isotropic | --real [--cache FILE]] [--graph] [--curve] [--folder DIR]

Vectors: unit, 384 dimensions, in clusters of about 50 around 64 topics, the noise `spread` times as long as the centre; or isotropic, the hardest case;
or `--real`: sentences and questions of the data sets (SOLOMONIC_DATA) by `minilm`; `--cache` keeps their vectors, for encoding takes minutes. Every index is asked the same single questions in one thread; p50 of the wall clock and of the CPU; recall@10 against comparing everything.
`--graph` adds HNSW (its building takes long). `--curve`: the index alone from 10,000 to 1,000,000 records, in RAM.
"""

from __future__ import annotations

import argparse
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from solomonic.encoders import CachedEncoder, encoder
from solomonic.memory import Log, Record
from solomonic.memory.codes import Codes
from solomonic.memory.nearest import nearest
from solomonic.memory.vectorrows import VectorRows
from solomonic.memory.vectors import VectorIndex

D = 384
K = 10
QUESTIONS = 200
PRINT = "be" * 16


def drawn(n: int, questions: int, spread: float | None, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    size = max(64, n // 50)
    topics = rng.standard_normal((64, D))
    centres = topics[rng.integers(64, size=size)] + rng.standard_normal((size, D))
    centres /= np.linalg.norm(centres, axis=1, keepdims=True)

    def some(m: int) -> np.ndarray:
        out = np.empty((m, D), dtype=np.float32)
        for start in range(0, m, 50_000):
            part = min(50_000, m - start)
            x = rng.standard_normal((part, D), dtype=np.float32)
            if spread is not None:
                x = centres[rng.integers(size, size=part)] + spread / np.sqrt(D) * x
            out[start : start + part] = x / np.linalg.norm(x, axis=1, keepdims=True)
        return out

    return some(n), some(questions)


def encoded(n: int, cache: Path | None) -> tuple[np.ndarray, np.ndarray]:
    from lexical_recall import material

    texts, questions = material()
    random.Random(0).shuffle(texts)
    cached = CachedEncoder(encoder("minilm"), cache)
    blocks = [cached.encode(texts[start : start + 2_048]) for start in range(0, min(n, len(texts)), 2_048)]
    return np.concatenate(blocks)[:n], cached.encode(random.Random(1).sample(questions, QUESTIONS))


def p50_ms(ask: Callable[[np.ndarray], Any], queries: np.ndarray, rounds: int = 2) -> tuple[float, float]:
    """Return the median of the wall clock and of the thread's own CPU time, which other programs on the machine do not touch."""
    ask(queries[:1])
    wall, cpu = [], []
    for _ in range(rounds):
        for i in range(len(queries)):
            start, start_cpu = time.perf_counter(), time.thread_time()
            ask(queries[i : i + 1])
            cpu.append(time.thread_time() - start_cpu)
            wall.append(time.perf_counter() - start)
    return 1e3 * float(np.median(wall)), 1e3 * float(np.median(cpu))


def recall(found: np.ndarray, right: np.ndarray) -> float:
    return float(np.mean([len(set(a.tolist()) & set(b.tolist())) / len(b) for a, b in zip(found, right, strict=True)]))


def line(name: str, ms: tuple[float, float], found: float, build: float, size: float) -> None:
    print(
        f"{name:40s} p50 {ms[0]:8.3f} ms (CPU {ms[1]:7.3f})   recall@10 {found:.4f}   made in {build:6.1f} s   {size:7.0f} bytes/record",
        flush=True,
    )


def bare(x: np.ndarray, queries: np.ndarray, right: np.ndarray, graph: bool) -> list[tuple[str, tuple[float, float], float]]:
    """Return (name, p50 in ms, recall) of FAISS's own indexes, each at the first setting that reaches 0.99, or at its last."""
    found = []
    makers: list[tuple[str, str, Callable[[Any, int], None], list[int]]] = [
        ("Flat", "Flat", lambda index, value: None, [0]),
        ("SQ8", "SQ8", lambda index, value: None, [0]),
        (
            "IVF{nlist},Flat",
            f"IVF{max(64, 4 * int(len(x) ** 0.5))},Flat",
            lambda index, value: setattr(index, "nprobe", value),
            [4, 16, 64, 256],
        ),
        ("PQ192x4fs + exact end", "PQ192x4fs,RFlat", lambda index, value: setattr(index, "k_factor", value), [5, 10, 20, 40]),
    ]
    if graph:
        makers.append(("HNSW32", "HNSW32", lambda index, value: setattr(index.hnsw, "efSearch", value), [32, 64, 128, 256, 512]))
    for name, factory, tune, values in makers:
        start = time.perf_counter()
        index = faiss.index_factory(D, factory, faiss.METRIC_INNER_PRODUCT)
        index.train(x[np.random.default_rng(1).choice(len(x), min(len(x), 40_000), replace=False)])
        index.add(x)
        build = time.perf_counter() - start
        size = len(faiss.serialize_index(index)) / len(x)
        for value in values:
            tune(index, value)
            reached = recall(np.concatenate([index.search(queries[i : i + 1], K)[1] for i in range(len(queries))]), right)
            if reached >= 0.99:
                break
        ms = p50_ms(lambda q, index=index: index.search(q, K), queries, 1 if name == "Flat" else 2)  # type: ignore[misc]
        line(f"bare FAISS {name} ({value})" if len(values) > 1 else f"bare FAISS {name}", ms, reached, build, size)
        found.append((name, ms, reached))
    return found


def stored(folder: Path, x: np.ndarray) -> None:
    with Log.open(folder) as log:
        for start in range(0, len(x), 10_000):
            part = x[start : start + 10_000]
            log.add([Record(f"record {start + i}") for i in range(len(part))], vectors=part, fingerprint=PRINT)


def ours(folder: Path, x: np.ndarray, queries: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    projections = folder / "projections"
    stored(folder, x)
    with Log.open(folder) as log:
        start = time.perf_counter()
        index = VectorIndex.load(projections, log, PRINT)
        build = time.perf_counter() - start
        index.close()
    start = time.perf_counter()
    log = Log.open(folder)
    index = VectorIndex.load(projections, log, PRINT)
    index.search(queries[:1], K)
    reopened = time.perf_counter() - start
    size = sum(path.stat().st_size for path in projections.iterdir()) / len(x)
    ms = p50_ms(lambda q: index.search(q, K), queries)
    hits = [index.search(queries[i : i + 1], K) for i in range(len(queries))]
    line("VectorIndex.search", ms, recall(np.concatenate([hit.ids for hit in hits]) - 1, right), build, size)
    print(f"    k = 100: {p50_ms(lambda q: index.search(q, 100), queries)[0]:.3f} ms; 200 questions at once: ", end="")
    start = time.perf_counter()
    index.search(queries, K)
    print(f"{1e3 * (time.perf_counter() - start) / len(queries):.3f} ms each")
    held = 0 if index._codes is None else len(index._codes.packed()) / len(x)
    print(f"    reopening to first answer {reopened:.3f} s; in RAM {held:.0f} bytes/record (codes), the vectors mapped from the file")
    start = time.perf_counter()
    log.forget([1, 2, 3])
    middle = time.perf_counter()
    index.remove([1, 2, 3])
    print(f"    forgetting three records: log {middle - start:.2f} s, index and its file {time.perf_counter() - middle:.2f} s")
    log.close()
    return ms


def curve(spread: float | None) -> None:
    for n in (10_000, 30_000, 100_000, 300_000, 1_000_000):
        x, queries = drawn(n, 100, spread)
        rows = VectorRows(np.arange(1, n + 1), x)
        flat = p50_ms(lambda q, x=x: faiss.knn(q, x, K, metric=faiss.METRIC_INNER_PRODUCT), queries[:20], 1)  # type: ignore[misc]
        right = faiss.knn(queries, x, K, metric=faiss.METRIC_INNER_PRODUCT)[1]
        start = time.perf_counter()
        codes = Codes(D)
        codes.add(x)
        build = time.perf_counter() - start
        exact = p50_ms(lambda q, rows=rows: nearest(rows, None, q, K), queries[:20], 1)  # type: ignore[misc]
        coded = p50_ms(lambda q, rows=rows, codes=codes: nearest(rows, codes, q, K), queries)  # type: ignore[misc]
        found = recall(nearest(rows, codes, queries, K)[0], right)
        print(
            f"{n:9,d} records   bare flat {flat[0]:8.3f} ms (CPU {flat[1]:7.3f})   exact {exact[0]:8.3f} ({exact[1]:7.3f})   "
            f"codes {coded[0]:7.3f} ({coded[1]:6.3f})   recall@10 {found:.4f}   "
            f"codes made in {build:5.1f} s",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--spread", type=float, default=1.0)
    parser.add_argument("--isotropic", action="store_true")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--cache", type=Path, default=None)
    parser.add_argument("--graph", action="store_true")
    parser.add_argument("--curve", action="store_true")
    parser.add_argument("--folder", type=Path, default=None, help="where to write the store (a temporary folder)")
    given = parser.parse_args()
    faiss.omp_set_num_threads(1)
    spread = None if given.isotropic else given.spread
    if given.curve:
        return curve(spread)
    if given.real:
        x, queries = encoded(given.records, given.cache)
    else:
        x, queries = drawn(given.records, QUESTIONS, spread)
    scores, right = faiss.knn(queries, x, K, metric=faiss.METRIC_INNER_PRODUCT)
    print(
        f"{len(x):,d} vectors of {x.shape[1]} dimensions; the first neighbour is at {scores[:, 0].mean():.3f}, the tenth at {scores[:, -1].mean():.3f}"
    )
    folder = Path(tempfile.mkdtemp(dir=given.folder))
    try:
        ms = ours(folder / "store", x, queries, right)
    finally:
        shutil.rmtree(folder)
    for name, bare_ms, reached in bare(x, queries, right, given.graph):
        print(
            f"    ratio to bare {name}: {ms[0] / bare_ms[0]:.2f} (CPU {ms[1] / bare_ms[1]:.2f}){'' if reached >= 0.99 else '   (which does not reach 0.99)'}",
            flush=True,
        )


if __name__ == "__main__":
    main()
