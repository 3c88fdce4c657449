"""The words that every room speaks: what was seen, what was asked, what was answered, and at what cost.

Log-probabilities are natural logarithms in float64 everywhere.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

import numpy as np

SCHEMA_VERSION: Final = 1

XType = Literal["vector", "text", "symbols", "record", "statement"]
YType = Literal["class", "number", "symbol", "ranking", "text", "proof"]
ResampleBy = Literal["question", "block", "sequence", "group"]
Kind = Literal["inductive", "transductive", "hybrid", "limit", "floor"]


class _Abstain(Enum):
    ABSTAIN = "abstain"

    def __repr__(self) -> str:
        return "ABSTAIN"


ABSTAIN: Final = _Abstain.ABSTAIN
"""The value of an answer that declines to answer: data, not an exception and not a zero."""


@dataclass(frozen=True, slots=True)
class Observation:
    """Something seen; `y` where it had an answer; `links`: ids of observations it is tied to."""

    id: str
    x: Any
    y: Any = None
    at: float = 0.0
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Something asked; `context`: the question's own examples; `choices`: its own possible answers."""

    id: str
    x: Any
    at: float = 0.0
    links: tuple[str, ...] = ()
    context: tuple[Observation, ...] = ()
    choices: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Categorical:
    """Log-probabilities (a,) over the query's choices, or over the task's where the query has none."""

    log_probs: np.ndarray


@dataclass(frozen=True, slots=True)
class Normal:
    """A normal predictive; `scale` is its standard deviation, above zero."""

    mean: float
    scale: float

    def log_density(self, y: float) -> float:
        """Return log N(y; mean, scale^2) in nats."""
        z = (y - self.mean) / self.scale
        return -0.5 * z * z - math.log(self.scale) - 0.5 * math.log(2.0 * math.pi)


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Predicted values at rising probability levels, both (m,)."""

    levels: np.ndarray
    values: np.ndarray


@dataclass(frozen=True, slots=True)
class Ranking:
    """Ids best first, with their scores (k,)."""

    ids: tuple[str, ...]
    scores: np.ndarray


Predictive = Categorical | Normal | Quantiles | Ranking


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an answer rests on: a remembered record, with its byte span where only a part of it counts."""

    record: str
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a learner says; `value` may be ABSTAIN; `route` says how it was answered."""

    value: Any
    predictive: Predictive | None = None
    evidence: tuple[Evidence, ...] = ()
    verdict: object | None = None
    route: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record: its name and what its values are taken to be.

    kind: number | category | text; `missing`: how many values were missing or infinite when the column was read.
    """

    name: str
    kind: Literal["number", "category", "text"]
    missing: int = 0


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """What a learner is told of an exam before it starts.

    x_type "vector": x is a float array (d,). "text": x is a str. "record": x is a tuple aligned with `columns`; a missing value is None.
    "symbols": x is the id of a sequence; the learner meets its symbols one by one, as the y of observations.
    y_type "class" and "symbol": y is one of `choices`; "number": y is a float.
    metrics: names of metrics; the first is the one that comparisons use.
    together: are the questions of a batch asked together? world: what everyone may see before the exam.
    """

    name: str
    x_type: XType
    y_type: YType
    choices: tuple[Any, ...] = ()
    metrics: tuple[str, ...] = ()
    together: bool = False
    world: tuple[Observation, ...] = ()
    resample_by: ResampleBy = "question"
    columns: tuple[Column, ...] = ()


@dataclass(frozen=True, slots=True)
class Budget:
    """What a learner may spend on choosing its own settings, the same for all that sit one exam.

    candidates: settings tried by inner validation. folds: inner folds, or None for the rule in `learners.tuning`.
    """

    candidates: int = 4
    folds: int | None = None


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds and bytes of one cell. `answer_s`, `answer_cpu_s`: wall and CPU seconds of single questions, at most 200 of them.

    answer_batch_s: wall seconds a question when all are asked at once.
    """

    study_cpu_s: float
    study_wall_s: float
    answer_s: tuple[float, ...]
    answer_batch_s: float
    state_bytes: int
    peak_bytes: int
    warm_up_s: float = 0.0
    answer_cpu_s: tuple[float, ...] = ()


def stable_hash(*parts: object) -> int:
    """Return a 63-bit hash of the parts' text that is the same in every process and on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big") >> 1


def child_rng(seed: int, *parts: object) -> np.random.Generator:
    """Return the generator that belongs to the parts (a question's id, say) under a run's seed."""
    return np.random.default_rng([seed, stable_hash(*parts)])


def categorical(log_probs: np.ndarray, choices: Sequence[Any], *, route: str | None = None, evidence: tuple[Evidence, ...] = ()) -> Answer:
    """Return the answer that names the most probable choice; the first of equals."""
    return Answer(choices[int(np.argmax(log_probs))], Categorical(log_probs), evidence, None, route)
