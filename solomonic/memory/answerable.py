"""The probability that the memory holds an answer to a question, from how its best records look.

A logistic model of three signs. The score of the best hit tells a question about something else from one about what is remembered. It cannot tell
"What did Ann paint?" from the same question about Tom, who never painted: the same records come up. `foreign` can: there, the best
record of another speaker beats the best of the speaker whom the question names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer, or against it.

    score: the fused score of the best hit. named: 1 where the question names a speaker of some, but not all, candidates, else 0.
    foreign: how far the best record of another speaker lies above the best of a named one, the speaker channel left out; 0 where `named` is 0.
    """

    score: float
    named: float
    foreign: float


@dataclass(frozen=True, slots=True)
class Model:
    """Logit of the probability: bias + score * s + named * n + foreign * f.

    Fitted by `python benchmarks/recall_answerable.py --choose` on questions with an answer (half of the weight), adversarial ones (a quarter) and
    questions about another dialogue, asked with this one's names (a quarter): so the probability is calibrated for even odds.
    """

    bias: float = -2.49
    score: float = 0.23
    named: float = -1.10
    foreign: float = -0.64


MODEL: Final = Model()


def signs(total: np.ndarray, speaker: np.ndarray | None, weight: float) -> Signs:
    """Return the signs of a question's candidates.

    total: fused scores (n,), n > 0. speaker: the speaker channel (n,), None where it is not used; weight: what it counted in the total.
    """
    score = float(total.max())
    if speaker is None or speaker.all() or not speaker.any():
        return Signs(score, 0.0, 0.0)
    plain = total - weight * speaker
    return Signs(score, 1.0, float(plain[speaker == 0].max() - plain[speaker > 0].max()))


def probability(found: Signs | None, model: Model = MODEL) -> float:
    """Return the probability in [0, 1] that an answer is in the memory; 0 where there is no candidate (None)."""
    if found is None:
        return 0.0
    logit = model.bias + model.score * found.score + model.named * found.named + model.foreign * found.foreign
    return 1.0 / (1.0 + math.exp(-min(max(logit, -500.0), 500.0)))
