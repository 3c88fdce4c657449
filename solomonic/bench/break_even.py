"""After how many questions has studying paid for itself?

Asking q questions costs study + q * answer. With S = study_inductive - study_transductive and A = answer_transductive - answer_inductive (what each question
saves by having studied), the two costs cross at Q* = S / A, and the signs decide:

    S > 0, A > 0     after     remembering is cheaper up to Q* questions, studying after
    S <= 0, A >= 0   now       studying is cheaper from the first question on (not both zero)
    S >= 0, A <= 0   never     studying is never cheaper
    S < 0, A < 0     now, until Q*     studying is cheaper at first, remembering after Q* questions

No cost is worth comparing at a loss: where the learner that the state calls the cheaper one is worse by more than the margin, or a cost is missing, the two
are not comparable. Both are counted in CPU seconds of one thread, answers as the mean of single questions.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from ..records import Cost

DRAWS = 1000


class State(StrEnum):
    """The four things that can be said of two costs."""

    NOW = "now"
    AFTER = "after"
    NEVER = "never"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Whether and when studying pays.

    questions: Q* where the state is `after`. until: Q* where studying is cheaper only up to there. low, high: the 95 % interval of whichever of the two
    stands; 0 means from the first question on, infinity that the costs may never cross. reason: why the two are not comparable.
    """

    state: State
    questions: float | None = None
    until: float | None = None
    low: float | None = None
    high: float | None = None
    study_inductive_s: float | None = None
    study_transductive_s: float | None = None
    answer_inductive_s: float | None = None
    answer_transductive_s: float | None = None
    reason: str = ""


def break_even(
    inductive: Mapping[int, Cost], transductive: Mapping[int, Cost], *, gain: float, margin: float, rng: np.random.Generator
) -> BreakEven:
    """Return when the inductive learner's study has paid for itself.

    inductive, transductive: seed -> cost; only seeds that both have are used. gain: by how much the inductive learner is better in the metric (below 0:
    worse). margin: on the metric's scale. The interval resamples seeds, and the timed questions inside each.
    """
    seeds = sorted(set(inductive) & set(transductive))
    mine, other = [inductive[seed] for seed in seeds], [transductive[seed] for seed in seeds]
    if not seeds or not all(_known(cost) for cost in mine + other):
        return BreakEven(State.NOT_COMPARABLE, reason="costs are not compared, as one is missing")
    study_i, study_t = (float(np.mean([cost.study_cpu_s for cost in costs])) for costs in (mine, other))
    answer_i, answer_t = (float(np.mean([np.mean(cost.answer_cpu_s) for cost in costs])) for costs in (mine, other))
    study, saved = study_i - study_t, answer_t - answer_i
    state, crossing = crossing_of(study, saved)
    found = BreakEven(
        state, study_inductive_s=study_i, study_transductive_s=study_t, answer_inductive_s=answer_i, answer_transductive_s=answer_t
    )
    worse = _worse(state, crossing, gain, margin)
    if worse:
        return dataclasses.replace(found, state=State.NOT_COMPARABLE, reason=worse)
    if crossing is None:
        return found
    draws = _draws(mine, other, rng)
    low, high = interval(draws, until=state is State.NOW)
    if state is State.AFTER:
        return dataclasses.replace(found, questions=crossing, low=low, high=high)
    return dataclasses.replace(found, until=crossing, low=low, high=high)


def crossing_of(study: float, saved: float) -> tuple[State, float | None]:
    """Return the state of S = study and A = saved, and where the two costs cross, if they do at a positive number of questions."""
    if study > 0.0 and saved > 0.0:
        return State.AFTER, study / saved
    if study < 0.0 and saved < 0.0:
        return State.NOW, study / saved
    if study >= 0.0 and saved <= 0.0:
        return State.NEVER, None
    return State.NOW, None


def _worse(state: State, crossing: float | None, gain: float, margin: float) -> str:
    """Return why the cheaper learner is no choice, or nothing: it is worse by more than the margin."""
    if not math.isfinite(gain):
        return "costs are not compared, as the scores cannot be"
    if state in (State.AFTER, State.NOW) and gain < -margin:
        return "studying is cheaper but behind by more than the margin, so costs are not compared"
    if (state is State.NEVER or (state is State.NOW and crossing is not None)) and gain > margin:
        return "remembering is cheaper but behind by more than the margin, so costs are not compared"
    return ""


def interval(draws: np.ndarray, *, until: bool) -> tuple[float, float]:
    """Return the 95 % percentile interval of Q* over draws (m, 2) of S and A.

    A draw in which the costs do not cross counts as 0 or infinity: for `after`, 0 where studying is cheaper at once and infinity where it never is;
    for `until`, 0 where studying is not cheaper at first and infinity where it always is.
    """
    study, saved = draws.T
    crosses = (study > 0) == (saved > 0)
    ratio = np.divide(study, saved, out=np.zeros(len(study)), where=saved != 0)
    if until:
        values = np.where(study >= 0, 0.0, np.where(saved >= 0, np.inf, ratio))
    else:
        values = np.where(study <= 0, 0.0, np.where(crosses & (saved > 0), ratio, np.inf))
    low, high = np.quantile(values, 0.025, method="lower"), np.quantile(values, 0.975, method="higher")
    return float(low), float(high)


def _draws(mine: list[Cost], other: list[Cost], rng: np.random.Generator) -> np.ndarray:
    """Return bootstrap draws (m, 2) of S and A: seeds with replacement, then questions inside each drawn seed."""
    picked = rng.integers(len(mine), size=(DRAWS, len(mine)))
    study = np.array([a.study_cpu_s - b.study_cpu_s for a, b in zip(mine, other, strict=True)])[picked].mean(axis=1)
    means = [[_resampled_means(np.asarray(cost.answer_cpu_s), rng) for cost in costs] for costs in (mine, other)]
    columns = np.arange(DRAWS)[:, None]
    answer_i, answer_t = (np.stack(kept, axis=1)[columns, picked].mean(axis=1) for kept in means)
    return np.stack([study, answer_t - answer_i], axis=1)


def _resampled_means(seconds: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.asarray(seconds[rng.integers(seconds.size, size=(DRAWS, seconds.size))].mean(axis=1))


def _known(cost: Cost) -> bool:
    return math.isfinite(cost.study_cpu_s) and bool(cost.answer_cpu_s) and bool(np.all(np.isfinite(cost.answer_cpu_s)))
