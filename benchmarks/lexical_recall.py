"""How fast the lexical channel is, beside SQLite's full-text index over the same records in the same run.

    python benchmarks/lexical_recall.py [--records 100000] [--questions 60]        (needs SOLOMONIC_DATA: locomo, musique-100, 2wiki-corpus, clinc150)

Records: the data sets' turns and sentences, and halves of two of them put together until there are enough. Questions: LoCoMo's and MuSiQue's, as they are.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from solomonic.memory import Log, Record
from solomonic.memory import postings as weights
from solomonic.memory.lexical import LexicalIndex
from solomonic.memory.postings import Postings, asked
from solomonic.memory.stems import words


def material() -> tuple[list[str], list[str]]:
    data = Path(os.environ["SOLOMONIC_DATA"])
    texts, questions = [], []
    for dialogue in json.loads((data / "locomo" / "locomo.json").read_text()):
        for name, session in dialogue["conversation"].items():
            if name.startswith("session_") and isinstance(session, list):
                texts += [turn["text"] for turn in session]
        questions += [item["question"] for item in dialogue["qa"]]
    for corpus in ("musique-100/corpus.json", "2wiki-corpus/2wikimultihopqa_corpus.json"):
        for passage in json.loads((data / corpus).read_text()):
            texts += [part for part in re.split(r"(?<=[.!?])\s+", passage["text"]) if len(part) > 20]
    questions += [item["question"] for item in json.loads((data / "musique-100" / "questions.json").read_text())]
    for part in json.loads((data / "clinc150" / "full_train_val.json").read_text()).values():
        texts += [text for text, _ in part]
    return list(dict.fromkeys(texts)), questions


def enlarged(texts: list[str], n: int) -> list[str]:
    rng = random.Random(0)
    rng.shuffle(texts)
    texts = texts[:n]
    while len(texts) < n:
        one, other = rng.choice(texts).split(), rng.choice(texts).split()
        texts.append(" ".join(one[: len(one) // 2] + other[len(other) // 2 :]))
    return texts


def evidence_recall(k1: float, b: float) -> tuple[float, float]:
    """Return the mean share of LoCoMo's evidence turns among the first 5 and 10, by BM25 over each dialogue's turns alone."""
    five, ten = [], []
    weights.K1, weights.B = k1, b  # type: ignore[misc]
    for dialogue in json.loads((Path(os.environ["SOLOMONIC_DATA"]) / "locomo" / "locomo.json").read_text()):
        sessions = [
            session for name, session in dialogue["conversation"].items() if name.startswith("session_") and isinstance(session, list)
        ]
        turns = [turn for session in sessions for turn in session]
        held = Postings()
        held.add([turn["text"] + (f" [shares {turn['blip_caption']}]" if turn.get("blip_caption") else "") for turn in turns])
        place = {turn["dia_id"]: i for i, turn in enumerate(turns)}
        for item in dialogue["qa"]:
            wanted = {place[name] for name in item.get("evidence", []) if name in place}
            if wanted:
                best = np.argsort(-held.scores(asked(item["question"])), kind="stable")[:10].tolist()
                five.append(len(wanted & set(best[:5])) / len(wanted))
                ten.append(len(wanted & set(best)) / len(wanted))
    return float(np.mean(five)), float(np.mean(ten))


def percentiles(ask: object, questions: list[str]) -> str:
    spent = []
    for question in questions:
        start = time.perf_counter()
        ask(question)  # type: ignore[operator]
        spent.append(1e3 * (time.perf_counter() - start))
    return f"p50 {np.percentile(spent, 50):8.3f} ms   p95 {np.percentile(spent, 95):8.3f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--questions", type=int, default=60)
    given = parser.parse_args()
    texts, questions = material()
    texts = enlarged(texts, given.records)
    questions = random.Random(1).sample(questions, given.questions)
    folder = Path(tempfile.mkdtemp())
    try:
        with Log.open(folder / "store") as log:
            for start in range(0, len(texts), 5_000):
                log.add([Record(text) for text in texts[start : start + 5_000]])
            start_s = time.perf_counter()
            index = LexicalIndex.load(folder / "projections", log)
            made = time.perf_counter() - start_s
            index.close()
            start_s = time.perf_counter()
            index = LexicalIndex.load(folder / "projections", log)
            index.search(questions[0], 10)
            opened = time.perf_counter() - start_s
            size = (folder / "projections" / "lexical.npz").stat().st_size / len(texts)
            print(f"{len(texts):,d} records; made in {made:.1f} s; reopening to first answer {opened:.3f} s; {size:.0f} bytes/record")
            index.search("warm up", 10)
            print(f"LexicalIndex.search, k = 200            {percentiles(lambda q: index.search(q, 200), questions)}")
            print(f"Log.match (FTS5), all words             {percentiles(lambda q: log.match(words(q), 200), questions)}")
            print(f"Log.match (FTS5), without stop words    {percentiles(lambda q: log.match(asked(q), 200), questions)}")
    finally:
        shutil.rmtree(folder)
    for k1, b in ((1.2, 0.75), (0.9, 0.4)):
        five, ten = evidence_recall(k1, b)
        print(f"LoCoMo turns, BM25 with k1 = {k1}, b = {b}: evidence recall at 5 {five:.3f}, at 10 {ten:.3f}")


if __name__ == "__main__":
    main()
