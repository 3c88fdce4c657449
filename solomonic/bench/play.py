"""One loop that plays any exam with any learner, and what it costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..errors import CellFailed
from ..learners.protocol import Factory, Learner
from ..records import ABSTAIN, Answer, Budget, Categorical, Cost, Query, child_rng
from ..tasks.events import Lesson, Questions, Study
from ..tasks.metrics import Metric, metric
from ..tasks.task import Task
from .peak import PeakMemory
from .results import CellResult, Row

SINGLES = 200
"""Single questions timed in a cell, at most; fewer where they take long, but never fewer than FEWEST."""
FEWEST = 20
SINGLES_S = 0.5
PROPER = 1e-4
"""How far from one the probabilities of an answer may sum: as far as single precision gets with thousands of choices."""


@dataclass(slots=True)
class _Clock:
    """CPU and wall seconds of study and answers; `singles`: (wall, CPU) seconds of questions asked alone."""

    study_cpu: float = 0.0
    study_wall: float = 0.0
    batch_s: float = 0.0
    batched: int = 0
    singles: list[tuple[float, float]] = field(default_factory=list)

    def study(self, work: Callable[[], None]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        work()
        self.study_wall += time.perf_counter() - wall
        self.study_cpu += time.process_time() - cpu

    def answer(self, learner: Learner, queries: Sequence[Query]) -> list[Answer]:
        if len(queries) == 1:
            answers = self.single(learner, queries[0])
            self.batch_s += self.singles[-1][0]
        else:
            wall = time.perf_counter()
            answers = learner.answer(queries)
            self.batch_s += time.perf_counter() - wall
        self.batched += len(queries)
        return answers

    def single(self, learner: Learner, query: Query) -> list[Answer]:
        """Return the answer to a question asked alone, and note what it cost."""
        cpu, wall = time.process_time(), time.perf_counter()
        answers = learner.answer((query,))
        self.singles.append((time.perf_counter() - wall, time.process_time() - cpu))
        return answers


def play(
    task: Task,
    factory: Factory,
    name: str,
    *,
    seed: int,
    fraction: float = 1.0,
    budget: Budget | None = None,
    key: str = "",
    warm_up_s: float = 0.0,
) -> CellResult:
    """Return what one learner did in one exam under one seed.

    name: what the learner is called; its generator depends on the seed, the task and this name, and on nothing else.

    Raises:
        CellFailed: the learner gave too few answers, or an answer that its exam does not allow.
    """
    fresh = _maker(task, factory, name, seed, budget or Budget())
    clock = _Clock()
    rows: list[Row] = []
    notes: list[str] = []
    growth: list[tuple[int, int]] = []
    scorer = _Scorer(task)
    observed = 0
    with PeakMemory() as peak:
        learner = fresh()
        whole = getattr(learner, "curves", None)
        if task.exam.kind == "sequence" and whole is not None:
            rows, observed = _curves(task, learner, fresh, whole, scorer, clock, seed)
        else:
            for event in task.exam.events(seed=seed, fraction=fraction):
                if isinstance(event, Lesson):
                    clock.study(lambda lesson=event.observations: learner.observe(lesson))  # type: ignore[misc]
                    observed += len(event.observations)
                elif isinstance(event, Study):
                    clock.study(learner.study)
                    growth.append((observed, learner.state_bytes()))
                else:
                    answers = clock.answer(learner, event.queries)
                    rows += scorer.rows(event, answers)
                    if fraction == 1.0 and len(event.queries) > 1:
                        notes += _time_singles(learner, event, answers, clock, sees_batch=factory.sees_batch)
    notes += getattr(learner, "notes", ())
    if not growth or growth[-1][0] != observed:
        growth.append((observed, learner.state_bytes()))
    singles = _thinned(clock.singles)
    cost = Cost(
        study_cpu_s=clock.study_cpu,
        study_wall_s=clock.study_wall,
        answer_s=tuple(wall for wall, _ in singles),
        answer_cpu_s=tuple(cpu for _, cpu in singles),
        answer_batch_s=clock.batch_s / max(1, clock.batched),
        state_bytes=growth[-1][1],
        peak_bytes=peak.bytes,
        warm_up_s=warm_up_s,
    )
    return CellResult(
        key, task.suite, task.name, name, factory.kind, factory.keeps_data, factory.sees_batch, seed, fraction, observed, cost,
        tuple(rows), tuple(growth), tuple(dict.fromkeys(notes)),
    )  # fmt: skip


def _maker(task: Task, factory: Factory, name: str, seed: int, budget: Budget) -> Callable[[], Learner]:
    def fresh() -> Learner:
        return factory(task.info, rng=child_rng(seed, task.suite, task.name, name), budget=budget)

    return fresh


def _thinned(seconds: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """Return at most SINGLES of the timings, evenly spread."""
    if len(seconds) <= SINGLES:
        return seconds
    return [seconds[i] for i in np.linspace(0, len(seconds) - 1, SINGLES).astype(int)]


def _time_singles(learner: Learner, event: Questions, answers: Sequence[Answer], clock: _Clock, *, sees_batch: bool) -> list[str]:
    """Ask some of the questions again one at a time, for their cost; return a note where an answer changed and should not have."""
    if event.part == "rehearsal":
        return []
    changed = 0
    picked = np.unique(np.linspace(0, len(event.queries) - 1, SINGLES).astype(int))
    spent, asked = 0.0, 0
    # A stride that visits all of them in no particular order, so that stopping early leaves a fair sample.
    for i in picked[np.argsort(np.arange(picked.size) * 0.6180339887 % 1.0)]:
        alone = clock.single(learner, event.queries[i])
        changed += _differ(alone[0].value, answers[i].value)
        spent += clock.singles[-1][0]
        asked += 1
        if spent > SINGLES_S and asked >= FEWEST:
            break
    if changed and not sees_batch:
        return [f"{changed} of {asked} answers change when a question is asked alone, though sees_batch is declared False"]
    return []


def _differ(a: Any, b: Any) -> bool:
    """Return whether two answers are not the same; numbers may differ by rounding, since a batch is summed in another order."""
    if isinstance(a, float) and isinstance(b, float):
        return not np.isclose(a, b, rtol=1e-6, atol=1e-9)
    return bool(a != b)


class _Scorer:
    """Turns answers into rows."""

    def __init__(self, task: Task) -> None:
        self.name = task.name
        self.choices = task.info.choices
        self.metrics: list[Metric] = [metric(name) for name in task.info.metrics]

    def rows(self, event: Questions, answers: Sequence[Answer]) -> list[Row]:
        if len(answers) != len(event.queries):
            raise CellFailed(f"{len(event.queries)} questions were asked but {len(answers)} answers came back")
        units = event.units or tuple(query.id for query in event.queries)
        return [
            self.row(query, truth, answer, event, unit)
            for query, truth, answer, unit in zip(event.queries, event.truths, answers, units, strict=True)
        ]

    def row(self, query: Query, truth: Any, answer: Answer, event: Questions, unit: str) -> Row:
        choices = query.choices if query.choices is not None else self.choices
        confidence = _confidence(answer)
        scores = {m.name: m.contribution(query, truth, answer, choices) for m in self.metrics}
        value = None if answer.value is ABSTAIN else _plain(answer.value)
        return Row(query.id, event.part, event.round, unit, value, _plain(truth), scores, confidence)


def _confidence(answer: Answer) -> float | None:
    """Return the probability of the most probable choice, where probabilities were given.

    Raises:
        CellFailed: they do not sum to one: more than that would earn a log-loss that nobody can have.
    """
    if not isinstance(answer.predictive, Categorical):
        return None
    probabilities = np.exp(answer.predictive.log_probs)
    total = float(probabilities.sum())
    if not abs(total - 1.0) < PROPER:
        raise CellFailed(f"the probabilities of an answer sum to {total:.6g}; give log-probabilities, natural logarithms, that sum to 1")
    return float(probabilities.max())


def _plain(value: Any) -> Any:
    """Return a value that JSON can hold."""
    return value.item() if isinstance(value, np.generic) else value


def _curves(
    task: Task,
    learner: Learner,
    fresh: Callable[[], Learner],
    whole: Callable[..., list[np.ndarray]],
    scorer: _Scorer,
    clock: _Clock,
    seed: int,
) -> tuple[list[Row], int]:
    """Play a sequence exam at one stroke: all step-wise log-probabilities first, then the same rows as step by step."""
    steps: dict[str, list[Questions]] = {}
    for event in task.exam.events(seed=seed):
        if isinstance(event, Questions):
            steps.setdefault(event.queries[0].x, []).append(event)
    wall = time.perf_counter()
    predicted = whole([[event.truths[0] for event in events] for events in steps.values()])
    clock.batch_s = time.perf_counter() - wall
    rows: list[Row] = []
    for (name, events), log_probs in zip(steps.items(), predicted, strict=True):
        if len(log_probs) != len(events):
            raise CellFailed(f"curves gave {len(log_probs)} steps for sequence {name!r} of length {len(events)}")
        for event, step in zip(events, log_probs, strict=True):
            rows += scorer.rows(event, [Answer(scorer.choices[int(np.argmax(step))], Categorical(step))])
    clock.batched = len(rows)
    _time_steps(fresh(), task, clock, seed)
    for events in steps.values():
        clock.study(lambda seen=events: _observe_all(learner, seen))  # type: ignore[misc]
    return rows, len(rows)


def _observe_all(learner: Learner, events: Sequence[Questions]) -> None:
    """Let the learner see a whole sequence, so that its state and the cost of observing are those of the loop."""
    from ..records import Observation

    for event in events:
        query = event.queries[0]
        learner.observe((Observation(query.id, query.x, event.truths[0], query.at),))


def _time_steps(learner: Learner, task: Task, clock: _Clock, seed: int) -> None:
    """Time the first single questions of the exam as they come, step by step."""
    for event in task.exam.events(seed=seed):
        if len(clock.singles) == SINGLES:
            return
        if isinstance(event, Lesson):
            learner.observe(event.observations)
        elif isinstance(event, Questions):
            clock.single(learner, event.queries[0])
