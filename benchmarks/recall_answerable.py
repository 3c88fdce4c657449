"""How well `answerable` tells questions that the memory can answer from those that it cannot; and the command that fitted it.

    python benchmarks/recall_answerable.py [--choose] [--cache FILE]

Unanswerable are LoCoMo's adversarial questions (category 5: about the wrong one of the two speakers), and the questions of the next dialogue asked of
this one, with this one's names put in place of that one's. ROC areas (chance: 0.5) inside each dialogue, then Student's interval over the
five; the model is fitted without the dialogue that it is tried on. Beside it the area of the best hit's score alone.
"""

from __future__ import annotations

import argparse
import os
import re
import tempfile
from pathlib import Path

import numpy as np
from recall_open import Opened
from recall_sets import locomo
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from solomonic.encoders import CachedEncoder, encoder
from solomonic.memory import answerable

SHARES = {"answerable": 0.5, "adversarial": 0.25, "foreign": 0.25}


def renamed(text: str, names: tuple[str, ...], others: tuple[str, ...]) -> str:
    table = dict(zip(names, others, strict=True))
    return re.sub(rf"\b(?:{'|'.join(names)})\b", lambda match: table[match[0]], text)


def gathered(stores: list[Opened]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Signs (n, 3), kinds (n,) and stores (n,) of all questions."""
    signs, kinds, places = [], [], []
    for i, store in enumerate(stores):
        other = stores[(i + 1) % len(stores)]
        asked = [(q.text, "adversarial" if q.kind == "5" else "answerable") for q in store.questions]
        asked += [(renamed(q.text, other.speakers, store.speakers), "foreign") for q in other.questions]
        for text, kind in asked:
            found = store.recall(text).signs
            assert found is not None
            signs.append((found.score, found.named, found.foreign))
            kinds.append(kind)
            places.append(i)
    return np.array(signs), np.array(kinds), np.array(places)


def fitted(signs: np.ndarray, kinds: np.ndarray) -> LogisticRegression:
    weights = np.array([SHARES[kind] / (kinds == kind).sum() for kind in kinds]) * len(kinds)
    return LogisticRegression(C=10.0).fit(signs, kinds == "answerable", sample_weight=weights)


def area(values: np.ndarray, kinds: np.ndarray, places: np.ndarray, against: str) -> str:
    areas = []
    for place in np.unique(places):
        chosen = (places == place) & np.isin(kinds, ("answerable", against))
        areas.append(roc_auc_score(kinds[chosen] == "answerable", values[chosen]))
    half = stats.t.ppf(0.975, len(areas) - 1) * np.std(areas, ddof=1) / np.sqrt(len(areas))
    return f"{np.mean(areas):.3f} +-{half:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", action="store_true")
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "solomonic-recall-quality.sqlite")
    options = parser.parse_args()
    coder = CachedEncoder(encoder("minilm"), options.cache)
    signs, kinds, places = gathered([Opened(store, coder) for store in locomo(Path(os.environ["SOLOMONIC_DATA"]))])
    held_out = np.zeros(len(kinds))
    for place in np.unique(places):
        model = fitted(signs[places != place], kinds[places != place])
        held_out[places == place] = model.predict_proba(signs[places == place])[:, 1]
    shipped = np.array([answerable.probability(answerable.Signs(*row)) for row in signs])
    for against in ("adversarial", "foreign"):
        print(f"answerable ({(kinds == 'answerable').sum()}) against {against} ({(kinds == against).sum()}); chance 0.5")
        for name, values in (("score alone", signs[:, 0]), ("left out", held_out), ("shipped", shipped)):
            print(f"  {name:12s} ROC area {area(values, kinds, places, against)}")
    weights = np.array([SHARES[kind] / (kinds == kind).sum() for kind in kinds])
    print("calibration at even odds (left out): probability said -> share that was answerable")
    for low, high in zip(np.linspace(0, 0.8, 5), np.linspace(0.2, 1, 5), strict=True):
        chosen = (held_out >= low) & (held_out < high + 1e-9)
        if chosen.sum() >= 10:
            said, was = (np.average(values[chosen], weights=weights[chosen]) for values in (held_out, kinds == "answerable"))
            print(f"  {said:.2f} -> {was:.2f}  n={chosen.sum()}")
    if options.choose:
        model = fitted(signs, kinds)
        print(
            f"Model(bias={model.intercept_[0]:.2f}, "
            + ", ".join(f"{n}={w:.2f}" for n, w in zip(("score", "named", "foreign"), model.coef_[0], strict=True))
            + ")"
        )


if __name__ == "__main__":
    main()
