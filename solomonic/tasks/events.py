"""The three events of which every exam is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ..records import Observation, Query

ExamKind = Literal["split", "stream", "repeat", "episodic", "sequence"]
Part = Literal["exam", "opening", "rehearsal"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """The learner observes."""

    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Study:
    """The learner may fit."""


@dataclass(frozen=True, slots=True)
class Questions:
    """The learner answers and the bench scores; `truths` are aligned with `queries` and never shown to the learner.

    part "exam": scored. "opening": scored, and the only part of a stream on which the best of a family is chosen; comparisons leave it out.
    "rehearsal": questions taken from the lesson (or kept beside the exam) to choose the best of a family; not part of any score.
    units: what each question is resampled with (its group, its sequence), or empty where each question stands alone.
    round: which asking of the same questions this is, from 0.
    """

    queries: tuple[Query, ...]
    truths: tuple[Any, ...]
    part: Part = "exam"
    units: tuple[str, ...] = ()
    round: int = 0


Event = Lesson | Study | Questions


class Exam(Protocol):
    """A generator of events: the whole protocol of an evaluation lies in it."""

    @property
    def kind(self) -> ExamKind:
        """Which of the five kinds this is."""
        ...

    @property
    def fractions(self) -> tuple[float, ...]:
        """The nested lesson sizes worth playing for a learning curve, rising, the last one 1.0."""
        ...

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        """Yield the events under a seed; `fraction` of each lesson, nested: a smaller one is contained in a larger."""
        ...
