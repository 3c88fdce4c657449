"""How fast a batch becomes durable, beside SQLite alone putting the same bytes into the same disk in the same run.

    python benchmarks/memory_ingest.py [--records 100000] [--batch 1000] [--dimensions 384] [--folder DIR]

`raw`: one table of (text, vector), no index, no hash, no full text; the same WAL, fsync and batches. `raw + words`: with FTS5 and an index of ids.
Each is timed twice, in turn, and the better time counts. Then what forgetting ten records costs, and how long `verify` takes.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from solomonic.memory import Log, Record
from solomonic.memory.forget import forget
from solomonic.memory.verify import verify

WORDS = 20_000


def texts(n: int, rng: np.random.Generator) -> list[str]:
    """Sentences of 8 to 32 made-up words, whose frequencies fall like those of real ones (Zipf)."""
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
    vocabulary = ["".join(rng.choice(letters, size)) for size in rng.integers(2, 11, WORDS)]
    weights = 1.0 / np.arange(1, WORDS + 1)
    sizes = rng.integers(8, 33, n)
    drawn = rng.choice(WORDS, int(sizes.sum()), p=weights / weights.sum())
    ends = np.cumsum(sizes)
    return [" ".join(vocabulary[w] for w in drawn[end - size : end]) for end, size in zip(ends, sizes, strict=True)]


def batches(lines: list[str], vectors: np.ndarray, size: int) -> Iterator[tuple[list[str], np.ndarray]]:
    for start in range(0, len(lines), size):
        yield lines[start : start + size], vectors[start : start + size]


def ours(folder: Path, lines: list[str], vectors: np.ndarray, size: int) -> None:
    with Log.open(folder) as log:
        for i, (part, matrix) in enumerate(batches(lines, vectors, size)):
            log.add([Record(text, session=f"s{i}", speaker="someone", at=1.7e9 + i) for text in part], vectors=matrix, fingerprint="f" * 16)


def raw(folder: Path, lines: list[str], vectors: np.ndarray, size: int, *, words: bool = False) -> None:
    folder.mkdir()
    connection = sqlite3.connect(folder / "raw.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE item (seq INTEGER PRIMARY KEY, text TEXT, vector BLOB)")
    if words:
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(text, content='', tokenize='porter')")
    seq = 0
    for part, matrix in batches(lines, vectors, size):
        connection.execute("BEGIN")
        connection.executemany("INSERT INTO item VALUES (?, ?, ?)", [(seq + i, text, matrix[i].tobytes()) for i, text in enumerate(part)])
        if words:
            connection.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", [(seq + i, text) for i, text in enumerate(part)])
        connection.execute("COMMIT")
        seq += len(part)
    connection.close()


def timed(play: Callable[[Path], None], folder: Path) -> tuple[float, float, int]:
    shutil.rmtree(folder, ignore_errors=True)
    start, cpu = time.perf_counter(), time.process_time()
    play(folder)
    return time.perf_counter() - start, time.process_time() - cpu, sum(path.stat().st_size for path in folder.iterdir())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--folder", type=Path, default=None, help="where to write (a temporary folder)")
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    lines = texts(given.records, rng)
    vectors = rng.standard_normal((given.records, given.dimensions), dtype=np.float32)
    payload = sum(map(len, lines)) + vectors.nbytes
    print(f"{given.records} records in batches of {given.batch}, {payload / given.records:.0f} bytes of text and vector each")
    with tempfile.TemporaryDirectory(dir=given.folder) as scratch:
        plays: dict[str, Callable[[Path], None]] = {
            "raw": lambda folder: raw(folder, lines, vectors, given.batch),
            "raw + words": lambda folder: raw(folder, lines, vectors, given.batch, words=True),
            "log": lambda folder: ours(folder, lines, vectors, given.batch),
        }
        runs = [{name: timed(play, Path(scratch) / name.replace(" ", "")) for name, play in plays.items()} for _ in range(2)]
        best = {name: min(run[name] for run in runs) for name in plays}
        for name, (seconds, cpu, size) in best.items():
            speed = f"{given.records / seconds:10,.0f} records/s {seconds / best['raw'][0]:6.2f} times raw"
            print(f"{name:12} {seconds:7.2f} s ({cpu:5.2f} s of CPU) {speed} {size / given.records:8.0f} bytes a record on disk")
        with Log.open(Path(scratch) / "log") as log:
            start = time.perf_counter()
            receipt = forget(log, [record.id for record in log.by_seq(range(1, given.records, max(1, given.records // 10)))])
            print(f"{receipt}, erased from every file and probed in {time.perf_counter() - start:.2f} s")
            start = time.perf_counter()
            print(f"{verify(log)} in {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    main()
