"""How an answer is scored, and how the scores of many questions become one number with an influence for each question.

A metric maps one answer to a contribution (a float, or a few), and many contributions (n, m) to an estimate and to n pseudo-values whose mean is
the estimate and whose spread is its sampling error (the infinitesimal jackknife; Efron & Tibshirani 1993, ch. 21). So one paired interval
serves means, the root of a mean (RMSE), rank statistics (ROC area, DeLong 1988) and ratios (F1) alike.

An abstention is wrong for accuracy, F1 and recall, the uniform distribution for log-loss, Brier score and ROC area, and a wrong answer of uniform
confidence for calibration. Numbers have no uniform distribution, so an abstention on one fails the cell. A class answered without probabilities
is taken at its word: all the probability on it. Probabilities of classes and symbols are clipped at 1e-12, so one answer costs at most 27.6 nats.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from ..errors import CellFailed, InputError, UnknownName
from ..records import ABSTAIN, Answer, Categorical, Predictive, Query, Ranking, YType
from . import influence
from .densities import distribution, log_density

LOG_FLOOR: Final = math.log(1e-12)
CERTAIN: Final = 745.0
"""Log-odds beyond which a probability is 0 or 1 in float64."""

Unit = Literal["fraction", "nats", "bits", "target"]
Contribution = Callable[[Query, Any, Answer, Sequence[Any]], float | list[float]]


@dataclass(frozen=True, slots=True)
class Metric:
    """One way of scoring.

    unit: "fraction" (within [0, 1]), "nats", "bits", or "target" (units of the target). y_types: what it can score.
    contribution(query, truth, answer, choices): what one answer contributes, a float or a list of floats; `choices` are the question's own, or the task's.
    """

    name: str
    higher_is_better: bool
    unit: Unit
    y_types: tuple[YType, ...]
    contribution: Contribution
    statistic: influence.Statistic

    def estimate(self, contributions: np.ndarray) -> float:
        """Return the metric of many questions; contributions: float (n,), or (n, m) where one question contributes m numbers."""
        return self.statistic(contributions)[0]

    def pseudo_values(self, contributions: np.ndarray) -> np.ndarray:
        """Return n pseudo-values whose mean is the estimate; contributions as in `estimate`."""
        estimate, of_each = self.statistic(contributions)
        return estimate + of_each


def _accuracy(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    return 1.0 if answer.value == truth else 0.0


def _log_p(answer: Answer, choice: Any, choices: Sequence[Any]) -> float:
    """Return the log-probability that the answer gives to a choice, at least LOG_FLOOR."""
    predictive = answer.predictive
    if answer.value is ABSTAIN:
        return -math.log(len(choices))
    if predictive is None:
        return 0.0 if answer.value == choice else LOG_FLOOR
    try:
        log_p = float(_log_probs(predictive, choices)[choices.index(choice)])
    except ValueError:
        return LOG_FLOOR
    return log_p if log_p > LOG_FLOOR else LOG_FLOOR


def _log_probs(predictive: Predictive, choices: Sequence[Any]) -> np.ndarray:
    """Return the log-probabilities (a,) over the choices."""
    if not isinstance(predictive, Categorical) or len(predictive.log_probs) != len(choices):
        what = f"{len(predictive.log_probs)} probabilities" if isinstance(predictive, Categorical) else type(predictive).__name__
        raise CellFailed(f"the answer to a question with {len(choices)} choices holds {what}; give a Categorical with one for each choice")
    return predictive.log_probs


def _log_loss(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    if choices:
        return -_log_p(answer, truth, choices)
    loss = -log_density(answer.predictive, _number(answer, truth))
    if not math.isfinite(loss):
        raise CellFailed(f"{answer.predictive} gives {truth} a log-density of {-loss}; widen it, so that the loss is finite")
    return loss


def _log_loss_bits(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    return -_log_p(answer, truth, choices) / math.log(2.0)


def _brier(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    if answer.value is ABSTAIN:
        probabilities = np.full(len(choices), 1.0 / len(choices))
    elif answer.predictive is None:
        return 0.0 if answer.value == truth else 1.0
    else:
        probabilities = np.exp(_log_probs(answer.predictive, choices))
    of_truth = float(probabilities[choices.index(truth)]) if truth in choices else 0.0
    return 0.5 * (float(probabilities @ probabilities) - 2.0 * of_truth + 1.0)


def _calibration(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float | list[float]:
    if not choices:
        return distribution(answer.predictive, _number(answer, truth))
    right = 1.0 if answer.value == truth else 0.0
    return [min(1.0, math.exp(_log_p(answer, answer.value, choices))), right]


def _roc_score(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> list[float]:
    if len(choices) != 2:
        raise InputError(f"roc_area needs two choices, and there are {len(choices)}; leave it out of this task's metrics")
    if answer.value is ABSTAIN:
        score = 0.0
    elif answer.predictive is None:
        score = CERTAIN if answer.value == choices[1] else -CERTAIN
    else:
        first, second = (max(-CERTAIN, float(log_p)) for log_p in _log_probs(answer.predictive, choices))
        score = second - first
    return [score, 1.0 if truth == choices[1] else 0.0]


def _places(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> list[float]:
    return [float(choices.index(value)) if value in choices else -1.0 for value in (answer.value, truth)]


def _number(answer: Answer, truth: Any) -> float:
    if answer.value is ABSTAIN:
        raise CellFailed("the learner abstains from a number, which has no score: let it answer, or sit exams with classes")
    return float(truth)


def _error(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    error = abs(float(answer.value) - truth) if answer.value is not ABSTAIN else _number(answer, truth)
    if not math.isfinite(error):
        raise CellFailed(f"the learner answers {answer.value} where {truth} is true; an answer must be a finite number")
    return error


def _squared_error(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
    return _error(query, truth, answer, choices) ** 2


def _recall(k: int) -> Contribution:
    def contribution(query: Query, truth: Any, answer: Answer, choices: Sequence[Any]) -> float:
        relevant = {truth} if isinstance(truth, str) else set(truth)
        if answer.value is ABSTAIN or not relevant:
            return 0.0
        ranked = answer.predictive.ids if isinstance(answer.predictive, Ranking) else answer.value
        return len(relevant.intersection(ranked[:k])) / len(relevant)

    return contribution


_METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("accuracy", True, "fraction", ("class", "symbol", "text"), _accuracy, influence.mean),
        Metric("log_loss", False, "nats", ("class", "symbol", "number"), _log_loss, influence.mean),
        Metric("log_loss_bits", False, "bits", ("class", "symbol"), _log_loss_bits, influence.mean),
        Metric("brier", False, "fraction", ("class", "symbol"), _brier, influence.mean),
        Metric("calibration_error", False, "fraction", ("class", "symbol", "number"), _calibration, influence.expected_calibration_error),
        Metric("roc_area", True, "fraction", ("class", "symbol"), _roc_score, influence.roc_area),
        Metric("f1", True, "fraction", ("class", "symbol"), _places, influence.macro_f1),
        Metric("rmse", False, "target", ("number",), _squared_error, influence.root_mean),
        Metric("mae", False, "target", ("number",), _error, influence.mean),
    )
}


def metric(name: str) -> Metric:
    """Return the metric of that name; "recall@10" is the share of what is relevant that stands among the first ten.

    Brier is half the squared distance of the probabilities from the truth, so within [0, 1]; calibration error has 15 equal-width bins of confidence
    for classes and 19 levels of coverage for numbers; F1 is the mean over classes.

    Raises:
        UnknownName: there is no such metric.
    """
    if name in _METRICS:
        return _METRICS[name]
    recall = re.fullmatch(r"recall@([1-9]\d*)", name)
    if recall:
        return Metric(name, True, "fraction", ("ranking",), _recall(int(recall[1])), influence.mean)
    raise UnknownName("metric", name, [*_METRICS, "recall@10"])


def default_metrics(y_type: YType, choices: Sequence[Any] = ()) -> tuple[str, ...]:
    """Return the metrics of a task that names none; the first is the one that comparisons use."""
    if y_type == "number":
        return ("rmse", "mae", "log_loss", "calibration_error")
    if y_type == "symbol":
        return ("log_loss_bits", "accuracy")
    if y_type == "class":
        return ("accuracy", "log_loss", "calibration_error", *(["roc_area"] if len(choices) == 2 else []))
    return ("recall@10",) if y_type == "ranking" else ("accuracy",)


def check_metrics(names: Sequence[str], y_type: YType, choices: Sequence[Any] = ()) -> None:
    """Check that these metrics can score such answers.

    Raises:
        UnknownName: there is no such metric.
        InputError: a metric cannot score this kind of answer.
    """
    for name in names:
        if y_type not in metric(name).y_types:
            able = [one.name for one in _METRICS.values() if y_type in one.y_types] or list(default_metrics(y_type))
            raise InputError(f"{name} cannot score answers of type {y_type}; choose among {', '.join(able)}")
        if name == "roc_area" and len(choices) != 2:
            raise InputError(f"roc_area needs two choices, and there are {len(choices)}; take f1 or log_loss instead")
