"""One function turns the scores of the channels into one score, with its weights in one place.

A candidate's score is the weighted sum of its channels. So a hit can say what each channel added, a channel that does not apply (no date in the
question, no session in the store) adds nothing, and leaving channels out needs no new weights. The weights are those of a conditional logit:
the probability that a record is evidence is the softmax of its score over the candidates of its question (McFadden 1974; as a ranking loss,
Cao et al. 2007, "ListNet").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final

import numpy as np

from ..errors import UnknownName


@dataclass(frozen=True, slots=True)
class Weights:
    """How much one unit of each channel counts; no weight is below zero. `channels` says what a unit is.

    Chosen by `python benchmarks/recall_quality.py --choose`, which fits them on the evidence of the dialogues and of the passages, and reports
    what they are worth on dialogues that had no part in it (one left out at a time, the passages in five folds).
    """

    dense: float = 0.57
    lexical: float = 2.80
    context: float = 0.74
    session: float = 2.01
    graph: float = 2.13
    hop: float = 2.18
    time: float = 3.38
    speaker: float = 1.16
    cue: float = 1.97
    form: float = 2.90


WEIGHTS: Final = Weights()
CHANNELS: Final = tuple(field.name for field in fields(Weights))


def fuse(scores: Mapping[str, np.ndarray], weights: Weights = WEIGHTS) -> np.ndarray:
    """Return the fused scores (n,) in float64: the weighted sum of the channels that are given.

    scores: channel -> float (n,), all of one length.

    Raises:
        UnknownName: a channel that has no weight.
    """
    table = asdict(weights)
    total: np.ndarray | None = None
    # In the order of CHANNELS, so that the last bit of a sum does not hang on the order of a caller's dict.
    for name in sorted(scores, key=lambda name: CHANNELS.index(name) if name in table else len(table)):
        if name not in table:
            raise UnknownName("channel", name, CHANNELS)
        part = table[name] * np.asarray(scores[name], dtype=np.float64)
        total = part if total is None else total + part
    return np.zeros(0) if total is None else total
