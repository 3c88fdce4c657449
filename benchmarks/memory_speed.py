"""What the whole memory costs at question time: hybrid recall, and reopening to the first answer.

    python benchmarks/memory_speed.py [--records 100000] [--questions 200]

Records are sentences of words drawn by Zipf's law, with speakers, sessions and times; vectors (384) are given, clustered as real ones are. In the same run: the
time of the dense channel alone and of exact search over the bare matrix, so that ratios hold on a busy machine.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from solomonic.memory import Memory, Record

DIMENSIONS = 384


def texts(n: int, rng: np.random.Generator) -> list[str]:
    """Return n sentences of 6 to 24 words; every tenth names somebody."""
    words = np.array(
        [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "el", "i", "on", "u") for c in ("ra", "den", "sto", "li", "mak", "vu")]
    )
    names = ["Ann Lee", "Tom Berg", "Rosa Diaz", "Ivan Petrov", "Mia Novak", "Omar Said"]
    lengths = rng.integers(6, 25, n)
    drawn = words[np.minimum(rng.zipf(1.3, int(lengths.sum())) - 1, len(words) - 1)]
    ends = np.cumsum(lengths)
    found = [" ".join(drawn[end - length : end]) for end, length in zip(ends, lengths, strict=True)]
    return [f"{names[i % 6]} {text}" if i % 10 == 0 else text for i, text in enumerate(found)]


def vectors(n: int, rng: np.random.Generator) -> np.ndarray:
    """Return unit vectors (n, 384) around 200 centres."""
    centres = rng.normal(size=(200, DIMENSIONS))
    found = (centres[rng.integers(0, 200, n)] + 0.9 * rng.normal(size=(n, DIMENSIONS))).astype(np.float32)
    return found / np.linalg.norm(found, axis=1, keepdims=True)


def p50_ms(seconds: list[float]) -> str:
    return f"p50 {1e3 * float(np.percentile(seconds, 50)):.2f} ms, p95 {1e3 * float(np.percentile(seconds, 95)):.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    said, where = texts(options.records, rng), vectors(options.records, rng)
    asked, targets = texts(options.questions, rng), where[rng.integers(0, options.records, options.questions)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store"
        start = time.perf_counter()
        with Memory.open(path) as memory:
            for first in range(0, options.records, 1_000):
                part = range(first, min(first + 1_000, options.records))
                memory.add(
                    [Record(said[i], speaker=f"s{i % 7}", session=f"d{i // 40}", at=1.6e9 + i) for i in part],
                    vectors=where[part.start : part.stop],
                )
        print(f"{options.records:,} records added, indexes made: {time.perf_counter() - start:.1f} s")
        start = time.perf_counter()
        with Memory.open(path, readonly=True) as memory:
            memory.recall(asked[0], vector=targets[0])
            print(f"reopened to the first answer: {time.perf_counter() - start:.2f} s")
            for name, channels in (("hybrid recall", None), ("dense channel alone", ("dense",))):
                wall, cpu = [], []
                for question, vector in zip(asked, targets, strict=True):
                    w, c = time.perf_counter(), time.process_time()
                    memory.recall(question, vector=vector, channels=channels)
                    wall.append(time.perf_counter() - w)
                    cpu.append(time.process_time() - c)
                print(f"{name}: {p50_ms(wall)}; CPU {p50_ms(cpu)}")
            exact = []
            for vector in targets:
                w = time.perf_counter()
                np.argpartition(where @ vector, -10)
                exact.append(time.perf_counter() - w)
            print(f"bare exact search: {p50_ms(exact)}")
            found = memory.stats()
            print(f"on disk: {found['bytes'] / options.records:,.0f} bytes a record")


if __name__ == "__main__":
    main()
