"""What the graph of a memory costs: reading records, drawing the graph, saving and opening it, and a question.

    python benchmarks/memory_graph.py [--records 100000]

Made-up records of about twenty words with three names each, drawn from as many names as there are records in ten, frequencies falling as 1/rank^0.8; one
in seven says when. Seconds are of the processor, so that other work on the machine counts little; questions are wall time.
Where SOLOMONIC_DATA is set, also: reading real texts (LoCoMo turns, MuSiQue passages; the best of eight times), and how many of the passages that a
MuSiQue question needs are among the first records by the graph alone, nothing else being asked.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from solomonic.memory import Log, Record
from solomonic.memory.graph import FILE, GraphIndex
from solomonic.memory.mentions import mentions, scan
from solomonic.memory.relations import relations


def texts(n: int, rng: np.random.Generator) -> list[str]:
    syllables = np.array(["ka", "lo", "mi", "ren", "tas", "vo", "du", "shi", "bel", "nor", "ga", "pe", "ti", "zu", "fra", "mol"])
    names = ["".join(row).capitalize() for row in rng.choice(syllables, (max(10, n // 10), 5))]
    words = ["".join(row) for row in rng.choice(syllables, (5_000, 2))]
    fall = 1.0 / np.arange(1, len(names) + 1) ** 0.8
    often = 1.0 / np.arange(1, len(words) + 1)
    named = rng.choice(len(names), (n, 3), p=fall / fall.sum())
    said = rng.choice(len(words), (n, 20), p=often / often.sum())
    lines = []
    for i in range(n):
        line = [words[w] for w in said[i]]
        for place, name in zip((3, 9, 15), named[i], strict=True):
            line[place] = names[name]
        if i % 7 == 0:
            line.append("last week")
        text = " ".join(line)
        lines.append(text[0].upper() + text[1:] + ".")
    return lines


def reading(name: str, lines: list[tuple[str, str | None]]) -> None:
    found = [mentions(text, at=1.6e9, speaker=speaker) for text, speaker in lines]
    scans, stated = [], []
    for _ in range(8):
        began = time.process_time()
        for text, speaker in lines:
            scan(text, at=1.6e9, speaker=speaker)
        scans.append(time.process_time() - began)
        began = time.process_time()
        for (text, _speaker), there in zip(lines, found, strict=True):
            relations(text, there)
        stated.append(time.process_time() - began)
    length = sum(len(text) for text, _ in lines) / len(lines)
    print(
        f"{len(lines)} {name} of {length:.0f} characters: mentions {min(scans) / len(lines) * 1e6:.1f}, "
        f"relations {min(stated) / len(lines) * 1e6:.1f} microseconds each"
    )


def real_texts(data: Path) -> None:
    dialogues = [entry["conversation"] for entry in json.loads((data / "locomo" / "locomo.json").read_text())]
    sessions = [value for dialogue in dialogues for key, value in dialogue.items() if key.startswith("session") and isinstance(value, list)]
    reading("LoCoMo turns", [(turn["text"], turn["speaker"]) for session in sessions for turn in session])
    passages = json.loads((data / "musique-100" / "corpus.json").read_text())
    reading("MuSiQue passages", [(passage["text"], None) for passage in passages])
    places = {(passage["title"], passage["text"]): i for i, passage in enumerate(passages, 1)}
    with Log.open(":memory:") as log:
        log.add([Record(f"{passage['title']}\n{passage['text']}") for passage in passages])
        index = GraphIndex.load(None, log)
        rows = []
        for question in json.loads((data / "musique-100" / "questions.json").read_text()):
            needed = {places[p["title"], p["paragraph_text"]] for p in question["paragraphs"] if p["is_supporting"]}
            first = index.rank(question["question"]).seqs.tolist()
            rows.append([len(needed.intersection(first[:k])) / len(needed) for k in (2, 5, 10)])
    at_2, at_5, at_10 = np.mean(rows, axis=0)
    print(f"MuSiQue, {len(rows)} questions, the graph alone: R@2 {at_2:.3f}, R@5 {at_5:.3f}, R@10 {at_10:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    lines = texts(given.records, rng)
    clock = time.process_time
    with tempfile.TemporaryDirectory() as name, Log.open(Path(name) / "store") as log:
        folder = Path(name) / "store" / "projections"
        for start in range(0, len(lines), 1_000):
            part = enumerate(lines[start : start + 1_000], start)
            log.add([Record(text, session=f"s{i // 30}", speaker=("Ann", "Bob")[i % 2], at=1.6e9 + 60 * i) for i, text in part])
        began = clock()
        index = GraphIndex.load(folder, log)
        read = clock() - began
        began = clock()
        graph = index.drawn().graph
        drawn = clock() - began
        began = clock()
        index.save()
        saved = clock() - began
        size = (folder / FILE).stat().st_size
        began = time.perf_counter()
        index = GraphIndex.load(folder, log)
        opened = time.perf_counter() - began
        index.rank(lines[0])
        first = time.perf_counter() - began
        took, left = [], []
        for line in rng.choice(lines, 200):
            began = time.perf_counter()
            left.append(index.rank(line).left)
            took.append(time.perf_counter() - began)
        print(f"{given.records} records, {graph.walk.n - graph.records} entities, {len(graph.indices)} entries")
        print(f"  reading                      {read / given.records * 1e6:8.1f} microseconds a record (log, mentions, relations)")
        print(f"  drawing the graph            {drawn * 1e3:8.1f} ms, once after each change, when a question comes")
        print(f"  saving                       {saved * 1e3:8.1f} ms, {size / given.records:.0f} bytes a record")
        print(f"  opening                      {opened * 1e3:8.1f} ms, to the first answer {first * 1e3:.1f} ms")
        print(
            f"  a question of four names     {np.median(took) * 1e3:8.2f} ms p50, {np.quantile(took, 0.95) * 1e3:.2f} ms p95; short in all by {np.median(left):.3f}"
        )
    if os.environ.get("SOLOMONIC_DATA"):
        real_texts(Path(os.environ["SOLOMONIC_DATA"]))


if __name__ == "__main__":
    main()
