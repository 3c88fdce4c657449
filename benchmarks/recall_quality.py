"""How much of the evidence recall finds, beside plain BM25 and dense search; and the command that chose the weights.

    python benchmarks/recall_quality.py [--choose] [--ablate] [--audited] [--cache FILE]

Sets are read from SOLOMONIC_DATA. LoCoMo: turns of five dialogues, each a store of its own; R@k is the share of a question's evidence turns among the
first k, averaged over all questions with evidence. Its interval is Student's over the dialogues. MuSiQue: passages; interval over questions.

`left out`: fusion with weights that were fitted without the dialogue (the fifth of the passages) that is asked. `shipped`: with the weights of
`fusion.WEIGHTS`. --choose fits on everything and prints what `fusion.py` and `answerable.py` should hold. --ablate: each channel alone, and all but it.
--audited: with the corrected citations of the audit. Vectors are kept in the cache file, so only the first run takes minutes.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import recall_fit as fitting
from recall_open import Opened, opened
from recall_sets import Asked, locomo, musique
from scipy import stats

from solomonic.encoders import CachedEncoder, encoder
from solomonic.memory.fusion import CHANNELS, WEIGHTS

KS = {"locomo": (5, 10), "musique": (2, 5, 10)}
KINDS = {"1": "multi-hop", "2": "temporal", "3": "open-domain", "4": "single-hop", "5": "adversarial"}


@dataclass(frozen=True)
class Row:
    """One question's outcome: share, any and all of its evidence among the first k, for each k."""

    store: str
    kind: str
    share: tuple[float, ...]

    def any(self) -> np.ndarray:
        return np.array(self.share) > 0

    def all(self) -> np.ndarray:
        return np.array(self.share) > 1 - 1e-9


def outcome(store: str, asked: Asked, places: Sequence[int], evidence: Sequence[int], ks: Sequence[int]) -> Row:
    wanted = set(evidence)
    return Row(store, asked.kind, tuple(len(wanted & set(places[:k])) / len(wanted) for k in ks))


def interval(rows: Sequence[Row], value: Callable[[Row], np.ndarray], *, over: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean over questions, and half the width of Student's 95 % interval over stores ("store") or over questions."""
    values = np.array([value(row) for row in rows], dtype=float)
    units = values
    if over == "store":
        names = np.array([row.store for row in rows])
        units = np.array([values[names == name].mean(axis=0) for name in dict.fromkeys(names)])
    half = (
        stats.t.ppf(0.975, len(units) - 1) * units.std(axis=0, ddof=1) / np.sqrt(len(units))
        if len(units) > 1
        else np.full(values.shape[1], np.nan)
    )
    return values.mean(axis=0), half


def line(name: str, rows: Sequence[Row], ks: Sequence[int], over: str) -> str:
    mean, half = interval(rows, lambda row: np.array(row.share), over=over)
    some, _ = interval(rows, Row.any, over=over)
    whole, _ = interval(rows, Row.all, over=over)
    parts = [f"R@{k} {m:.3f} +-{h:.3f}" for k, m, h in zip(ks, mean, half, strict=True)]
    parts += [f"any@{k} {m:.3f}" for k, m in zip(ks, some, strict=True)] + [f"all@{k} {m:.3f}" for k, m in zip(ks, whole, strict=True)]
    return f"{name:28s} {'  '.join(parts)}  n={len(rows)}"


def by_kind(rows: Sequence[Row], ks: Sequence[int]) -> list[str]:
    return [
        line(f"  {kind} {KINDS.get(kind, '')}", [row for row in rows if row.kind == kind], ks, "store")
        for kind in sorted({row.kind for row in rows})
    ]


def tables(stores: Sequence[Opened], *, audited: bool) -> list[fitting.Table]:
    """Every channel of every candidate of every question with evidence."""
    out = []
    for store in stores:
        for asked in store.questions:
            evidence = asked.mended if audited else asked.evidence
            if evidence:
                # In the order of the log, so that a channel that cannot tell candidates apart gains nothing from the order of recall.
                hits = sorted(store.recall(asked.text, k=1_000).hits, key=lambda hit: hit.seq)
                places = np.array([store.place[hit.seq] for hit in hits])
                parts = np.array([[hit.channels.get(name, 0.0) for name in CHANNELS] for hit in hits])
                out.append(fitting.Table(store.name, asked, places, parts, np.isin(places, evidence), evidence))
    return out


def ranked(table: fitting.Table, weights: np.ndarray, ks: Sequence[int]) -> Row:
    order = np.argsort(-(table.parts @ weights), kind="stable")
    return outcome(table.store, table.asked, table.places[order].tolist(), table.evidence, ks)


def floors(stores: Sequence[Opened], ks: Sequence[int], over: str, *, audited: bool) -> list[str]:
    """Recall by one index alone, in the order that it gives."""
    lines = []
    for name in ("lexical", "dense"):
        for voiced in (False, True) if name == "dense" else (False,):
            rows = []
            for store in stores:
                for asked in store.questions:
                    evidence = asked.mended if audited else asked.evidence
                    if evidence:
                        rows.append(outcome(store.name, asked, store.alone(name, asked.text, max(ks), voiced=voiced), evidence, ks))
            lines.append(line({"lexical": "floor: BM25", "dense": "floor: dense"}[name] + (", voiced" if voiced else ""), rows, ks, over))
    return lines


def report(
    name: str, stores: Sequence[Opened], found: Sequence[fitting.Table], held_out: dict[str, np.ndarray], *, audited: bool
) -> list[str]:
    ks, over = KS[name], "store" if name == "locomo" else "question"
    out = [f"{name} ({sum(len(store.place) for store in stores)} records, {len(found)} questions with evidence)"]
    out += floors(stores, ks, over, audited=audited)
    left = [ranked(table, held_out[table.fold], ks) for table in found]
    shipped = [ranked(table, fitting.vector_of(WEIGHTS), ks) for table in found]
    whole = [
        outcome(store.name, asked, [store.place[hit.seq] for hit in store.recall(asked.text).hits], evidence, ks)
        for store in stores
        for asked in store.questions
        if (evidence := asked.mended if audited else asked.evidence)
    ]
    out += [
        line("fusion, left out", left, ks, over),
        line("fusion, shipped", shipped, ks, over),
        line("recall, shipped, k=10", whole, ks, over),
    ]
    if name == "locomo":
        out += by_kind(left, ks)
        out.append(line("  without adversarial", [row for row in left if row.kind != "5"], ks, over))
    return out


def ablation(name: str, found: Sequence[fitting.Table]) -> list[str]:
    """Each channel alone, and everything but it with weights fitted again without it."""
    ks, over = KS[name], "store" if name == "locomo" else "question"
    out = []
    for i, channel in enumerate(CHANNELS):
        alone = np.zeros(len(CHANNELS))
        alone[i] = 1.0
        out.append(line(f"only {channel}", [ranked(table, alone, ks) for table in found], ks, over))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--ablate", action="store_true")
    parser.add_argument("--audited", action="store_true")
    parser.add_argument("--encoder", default="minilm")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "solomonic-recall-quality.sqlite")
    options = parser.parse_args()
    data = Path(os.environ["SOLOMONIC_DATA"])
    coder = CachedEncoder(encoder(options.encoder), options.cache)
    dialogues = [opened(store, coder) for store in locomo(data)]
    passages = [opened(musique(data), coder)]
    found = {"locomo": tables(dialogues, audited=options.audited), "musique": tables(passages, audited=False)}
    every = [table for name in found for table in found[name]]
    folds = sorted({table.fold for table in every})
    held_out = {fold: fitting.fit([table for table in every if table.fold != fold]) for fold in folds}
    for name, stores in (("locomo", dialogues), ("musique", passages)):
        print("\n".join(report(name, stores, found[name], held_out, audited=options.audited)), end="\n\n")
    if options.ablate:
        for name, part in found.items():
            print(name, *ablation(name, part), sep="\n")
            for i, channel in enumerate(CHANNELS):
                keep = np.arange(len(CHANNELS)) != i
                less = {fold: fitting.fit([table for table in every if table.fold != fold], keep=keep) for fold in folds}
                print(
                    line(
                        f"without {channel}",
                        [ranked(table, less[table.fold], KS[name]) for table in part],
                        KS[name],
                        "store" if name == "locomo" else "question",
                    )
                )
            print()
    if options.choose:
        weights = fitting.fit(every)
        print("Weights(" + ", ".join(f"{name}={value:.2f}" for name, value in zip(CHANNELS, weights, strict=True)) + ")")
        spread = np.array([held_out[fold] for fold in folds])
        print(
            "left out, least to most: "
            + ", ".join(f"{name} {low:.2f}-{high:.2f}" for name, low, high in zip(CHANNELS, spread.min(0), spread.max(0), strict=True))
        )


if __name__ == "__main__":
    main()
