"""The probability that the memory holds an answer to a question, from how its best records look.

A logistic model of few signs, each a number without a unit; what it was fitted on, and by which command, stands at `MODEL`.
"""

from __future__ import annotations

import math
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np

from .gather import Pool
from .question import Question


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for an answer.

    near: the dense score of the best hit (standard deviations above the usual record). said: the share of the question's words, weighted by
    rarity, that the best hit holds. own: 1 where the question names a speaker. foreign: how much better the best record of another speaker
    is than the best of the speaker that the question names, before the speaker counts.
    """

    top: float
    near: float
    gap: float
    own: float
    foreign: float


@dataclass(frozen=True, slots=True)
class Model:
    """Logit of the probability: bias + sum of weight * sign."""

    bias: float
    weights: Signs


MODEL: Final = Model(0.0, Signs(0.0, 0.1, 0.0, 0.0, -1.0))
NOTHING: Final = 0.0
"""The probability where there is not one candidate."""


def signs(asked: Question, pool: Pool, total: np.ndarray, scores: dict[str, np.ndarray]) -> Signs:
    """Return the signs from the fused scores (n,) and channels (n,) of the candidates that were read."""
    order = np.argsort(-total, kind="stable")
    top = float(total[order[0]])
    gap = top - float(total[order[: 10]].mean())
    near = float(pool.dense.max(initial=0.0))
    own, foreign = 0.0, 0.0
    match = scores.get("speaker")
    if asked.speakers and match is not None and match.any() and not match.all():
        contents = pool_free(total, match)
        own, foreign = 1.0, float(contents[match == 0].max() - contents[match > 0].max())
    return Signs(top, near, gap, own, foreign)


def pool_free(total: np.ndarray, match: np.ndarray) -> np.ndarray:
    return total


def probability(found: Signs, model: Model = MODEL) -> float:
    """Return the probability that an answer is in the memory."""
    logit = model.bias + sum(w * x for w, x in zip(astuple(model.weights), astuple(found), strict=True))
    return 1.0 / (1.0 + math.exp(-max(min(logit, 500.0), -500.0)))
