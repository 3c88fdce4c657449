"""Who sits an exam where its suite names nobody: a floor or two, and the strongest of each family that can sit it."""

from __future__ import annotations

from typing import Final

from ..records import YType
from .events import ExamKind

_LEARNERS: Final[dict[tuple[ExamKind, bool], tuple[str, ...]]] = {
    ("split", False): ("majority", "maxent", "mlp", "boosting", "nearest", "attention", "local"),
    ("split", True): ("mean", "linear", "mlp", "boosting", "nearest", "attention", "local"),
    ("stream", False): ("majority", "no-change", "online", "maxent", "nearest", "attention", "local"),
    ("stream", True): ("mean", "no-change", "online", "linear", "nearest", "attention", "local"),
    ("repeat", False): ("majority", "maxent", "mlp", "nearest", "attention", "local"),
    ("episodic", False): ("uniform", "nearest", "attention", "local"),
    ("sequence", False): ("uniform", "ngram", "kt", "ctw", "solomonoff", "solomonoff+ctw"),
}


def default_learners(exam: ExamKind, y_type: YType) -> tuple[str, ...]:
    """Return the names of the learners that sit such an exam by default; none for kinds of answer that no learner here gives."""
    return _LEARNERS.get((exam, y_type == "number"), ())
