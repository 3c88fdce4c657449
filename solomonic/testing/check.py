"""Checks that any learner should pass, ours and third parties': `check_learner`.

Small exams of every kind that the learner accepts; each check states one claim, and its failure names learner, exam and claim. Two of the claims
are the axes that a factory declares: whether raw observations can be reached after `study()`, and whether an answer depends on what else is asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import cloudpickle
import numpy as np

from ..errors import UnknownName, UnsupportedTask
from ..learners import registry
from ..learners.protocol import Factory, Learner
from ..learners.reachable import reachable
from ..records import (
    ABSTAIN,
    Answer,
    Budget,
    Categorical,
    Normal,
    Observation,
    Quantiles,
    Query,
)
from .exams import CLASSES, EXAMS, SmallExam, repetitive_lesson, small_exam

SLACK_BYTES: Final = 4_096
TABLE_LESSON: Final = 131
"""Observations of the lesson that tells a table with a row an observation from one that has so many rows by chance (a basis of texts has 100)."""

ROUNDING: Final = 1e-5
"""Relative difference up to which two answers are the same: sums over a batch round otherwise than one by one, in single precision."""

FRUGAL: Final = Budget(candidates=1, folds=1)
GROWTH_SIZES: Final = (800, 3_200)
GROWTH_LIMIT: Final = 0.75
"""Bytes of state may grow no faster than n to this power where the data are thrown away."""


def check_learner(factory: Any, *, kinds: Sequence[str] | None = None) -> list[str]:
    """Return the names of the small exams that a learner passed.

    factory: a registry name, an import path, a factory, or a scikit-learn estimator. kinds: which of EXAMS; all that it accepts where None.

    Raises:
        AssertionError: a claim does not hold, or no exam is accepted; the message names the learner, the exam and the claim.
        UnknownName: there is no such small exam or learner.
    """
    for kind in kinds or ():
        if kind not in EXAMS:
            raise UnknownName("small exam", kind, EXAMS)
    made = registry.factory(factory)
    name = registry.label(factory)
    _check_declarations(made, name)
    passed = []
    for kind in kinds or EXAMS:
        exam = small_exam(kind)
        check = _Check(made, f"{name} at {kind!r}", exam)
        if not check.refusal():
            continue
        with _global_randomness_untouched(check.name):
            check.run()
        passed.append(kind)
    _require(bool(passed), name, f"it accepts none of the exams {', '.join(kinds or EXAMS)}")
    return passed


def _require(holds: bool, name: str, claim: str) -> None:
    if not holds:
        raise AssertionError(f"{name}: {claim}")


def _check_declarations(made: Factory, name: str) -> None:
    _require(made.kind in ("inductive", "transductive", "hybrid", "limit", "floor"), name, f"its kind is {made.kind!r}")
    _require(isinstance(made.keeps_data, bool), name, f"keeps_data is {made.keeps_data!r}, not a bool")
    _require(isinstance(made.sees_batch, bool), name, f"sees_batch is {made.sees_batch!r}, not a bool")
    _require("\n" not in registry.label(made), name, "its label has more than one line")


@contextmanager
def _global_randomness_untouched(name: str) -> Iterator[None]:
    before: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    yield
    after: Any = np.random.get_state(legacy=True)  # noqa: NPY002
    _require(before[2] == after[2] and np.array_equal(before[1], after[1]), name, "it changed numpy's global random state; use rng")


class _Check:
    """One learner at one small exam."""

    def __init__(self, made: Factory, name: str, exam: SmallExam) -> None:
        self.made = made
        self.name = name
        self.exam = exam
        # A learner that sees its batch may do so only where the questions are asked together.
        self.info = replace(exam.info, together=made.sees_batch)

    def require(self, holds: bool, claim: str) -> None:
        _require(holds, self.name, claim)

    def fresh(self, budget: Budget = FRUGAL) -> Learner:
        return self.made(self.info, rng=np.random.default_rng(0), budget=budget)

    def taught(self, lesson: Sequence[Observation], budget: Budget = FRUGAL) -> Learner:
        learner = self.fresh(budget)
        learner.observe(tuple(lesson))
        learner.study()
        return learner

    def refusal(self) -> bool:
        """Return whether the learner sits this exam, having checked that `refuses` and the constructor agree."""
        reason = self.made.refuses(self.info)
        if reason is None:
            self.fresh()
            return True
        self.require(bool(reason) and "\n" not in reason, f"refuses() gives {reason!r}, not one line")
        try:
            self.fresh()
        except UnsupportedTask:
            return False
        raise AssertionError(f"{self.name}: refuses() says {reason!r}, but the constructor raises no UnsupportedTask")

    def run(self) -> None:
        learner = self.fresh()
        self.one_line(learner)
        if self.exam.lesson:
            self.valid(learner.answer(self.exam.queries), "before anything was seen")
            learner.study()
            self.valid(learner.answer(self.exam.queries), "after the study of nothing")
        learner = self.taught(self.exam.lesson)
        answers = learner.answer(self.exam.queries)
        self.valid(answers, "after the lesson")
        self.require(learner.answer(()) == [], "answer() of no questions is not an empty list")
        self.one_line(learner)
        if self.exam.lesson:
            self.same(learner.answer(self.exam.queries), answers, "asking again gives other answers", exact=True)
        self.same(self.taught(self.exam.lesson).answer(self.exam.queries), answers, "the same rng gives other answers", exact=True)
        self.check_batch(learner, answers)
        self.check_pickle(learner, answers)
        self.check_state(learner)
        if not self.exam.lesson:
            return
        self.check_own_choices(learner)
        self.check_data_kept(learner)
        self.check_odd_lessons()
        self.check_pieces()
        if hasattr(learner, "curves"):
            self.check_curves()
        if self.exam.name in ("vector class", "vector number", "symbols symbol"):
            self.check_growth()

    def one_line(self, learner: Learner) -> None:
        text = repr(learner)
        self.require(
            "\n" not in text and " at 0x" not in text and 0 < len(text) <= 200, f"its repr is not one short line of its own: {text[:200]!r}"
        )

    def valid(self, answers: Sequence[Answer], when: str, queries: Sequence[Query] | None = None) -> None:
        """Require answers that the bench can score."""
        queries = self.exam.queries if queries is None else queries
        self.require(len(answers) == len(queries), f"{len(queries)} questions got {len(answers)} answers {when}")
        for query, answer in zip(queries, answers, strict=True):
            choices = self.info.choices if query.choices is None else query.choices
            where = f"{when}, question {query.id!r}"
            self.require(isinstance(answer, Answer), f"an answer is a {type(answer).__name__} {where}")
            if self.info.y_type == "number":
                plain = isinstance(answer.value, (int, float)) and math.isfinite(answer.value)
                self.require(plain or answer.value is ABSTAIN, f"the value {answer.value!r} is not a finite number {where}")
            else:
                self.require(answer.value in choices or answer.value is ABSTAIN, f"the value {answer.value!r} is none of {choices} {where}")
            self.valid_predictive(answer.predictive, len(choices), where)

    def valid_predictive(self, predictive: Any, a: int, where: str) -> None:
        if isinstance(predictive, Categorical):
            logs = predictive.log_probs
            self.require(
                isinstance(logs, np.ndarray) and logs.shape == (a,) and logs.dtype == np.float64, f"log_probs is not float64 ({a},) {where}"
            )
            self.require(bool(np.isfinite(logs).all()), f"a log-probability is not finite {where}: {logs}")
            total = float(np.exp(logs).sum())
            self.require(abs(total - 1.0) <= 1e-9, f"probabilities sum to {total!r} {where}")
        elif isinstance(predictive, Normal):
            self.require(
                math.isfinite(predictive.mean) and 0 < predictive.scale < math.inf, f"{predictive} is no normal distribution {where}"
            )
        elif isinstance(predictive, Quantiles):
            rising = bool((np.diff(predictive.levels) > 0).all() and (np.diff(predictive.values) >= 0).all())
            self.require(rising and bool(np.isfinite(predictive.values).all()), f"quantiles do not rise {where}")

    def same(self, got: Sequence[Answer], expected: Sequence[Answer], claim: str, *, exact: bool = False) -> None:
        for one, other in zip(got, expected, strict=True):
            self.require(distance(one, other) <= (0.0 if exact else ROUNDING), f"{claim}: {one} and {other}")

    def check_batch(self, learner: Learner, answers: Sequence[Answer]) -> None:
        """The axis sees_batch: neither order nor company of questions changes an answer, unless so declared."""
        backwards = learner.answer(self.exam.queries[::-1])[::-1]
        self.same(backwards, answers, "the order of a batch changes answers")
        alone = [learner.answer((query,))[0] for query in self.exam.queries]
        self.valid(alone, "asked alone")
        changed = max(distance(one, other) for one, other in zip(alone, answers, strict=True)) > ROUNDING
        if not self.made.sees_batch:
            self.require(not changed, "answers change with what else is asked, but sees_batch is declared False")
        elif self.exam.lesson:
            self.require(changed, "sees_batch is declared True, but no answer changes with what else is asked")

    def check_pickle(self, learner: Learner, answers: Sequence[Answer]) -> None:
        self.same(
            cloudpickle.loads(cloudpickle.dumps(learner)).answer(self.exam.queries),
            answers,
            "a pickled copy gives other answers",
            exact=True,
        )

    def check_state(self, learner: Learner) -> None:
        stated, pickled = learner.state_bytes(), len(cloudpickle.dumps(learner))
        low, high = 0.3 * pickled - SLACK_BYTES, 3.0 * pickled + SLACK_BYTES
        self.require(low <= stated <= high, f"state_bytes() says {stated}, but its pickle has {pickled} bytes")

    def check_odd_lessons(self) -> None:
        """Lessons from which little can be learned still lead to answers."""
        lesson, queries = self.exam.lesson, self.exam.queries
        odd: dict[str, Sequence[Observation]] = {"two observations": lesson[:2], "one observation": lesson[:1]}
        odd["the same x under three answers"] = [replace(o, x=lesson[0].x) for o in lesson[:9]]
        odd["some observations without an answer"] = [replace(o, y=None) if i % 3 == 0 else o for i, o in enumerate(lesson[:12])]
        if self.info.y_type == "class":
            odd["one class only"] = [replace(o, y=CLASSES[1]) for o in lesson[:20]]
        if self.info.y_type == "number":
            odd["one number only"] = [replace(o, y=2.5) for o in lesson[:20]]
        for what, observations in odd.items():
            learner = self.taught(observations)
            self.valid(learner.answer(queries), f"after {what}")
        self.valid(self.taught(lesson, Budget(candidates=2)).answer(queries), "under a budget of two candidates")

    def check_own_choices(self, learner: Learner) -> None:
        """Questions may bring choices of their own, one of them new."""
        if self.info.y_type == "class":
            own = tuple(replace(query, choices=("b", "c", "new")) for query in self.exam.queries)
            self.valid(learner.answer(own), "where questions bring their own choices", own)

    def check_pieces(self) -> None:
        """Lessons may come again and again, with studies between and without."""
        lesson, queries = self.exam.lesson, self.exam.queries
        learner = self.fresh()
        for start in range(0, len(lesson), 10):
            for observation in lesson[start : start + 10]:
                learner.observe((observation,))
            self.valid(learner.answer(queries[:2]), "between two studies", queries[:2])
            if start == 20:
                learner.study()
        learner.study()
        answers = learner.answer(queries)
        self.valid(answers, "after a lesson in pieces")
        learner.study()
        self.same(learner.answer(queries), answers, "a study of nothing new changes answers")

    def check_data_kept(self, learner: Learner) -> None:
        """The axis keeps_data: are raw observations within reach after the study?"""
        why = kept(learner, self.exam.lesson)
        if why is not None and why.startswith("a table"):
            larger = small_exam(self.exam.name, n=TABLE_LESSON).lesson
            why = kept(self.taught(larger), larger)
        if self.exam.info.x_type == "symbols" and why is None:
            return  # a sequence's name is all there is to reach
        if self.made.keeps_data:
            self.require(why is not None, "keeps_data is declared True, but no observation is within reach after study()")
        else:
            self.require(why is None, f"keeps_data is declared False, but {why} is within reach after study()")

    def check_growth(self) -> None:
        """Where the data are thrown away, the state must not grow in proportion to them when nothing new is in them."""
        if self.made.keeps_data:
            return
        sizes = [self.taught(repetitive_lesson(self.exam.name, n)).state_bytes() for n in GROWTH_SIZES]
        limit = sizes[0] * (GROWTH_SIZES[1] / GROWTH_SIZES[0]) ** GROWTH_LIMIT + SLACK_BYTES
        claim = f"from {GROWTH_SIZES[0]} to {GROWTH_SIZES[1]} observations its state grew from {sizes[0]} to {sizes[1]} bytes"
        self.require(sizes[1] <= limit, f"keeps_data is declared False, but {claim}")

    def check_curves(self) -> None:
        """The curves of whole sequences are the answers of the step-by-step loop."""
        learner: Any = self.fresh()
        sequences: dict[str, list[Any]] = {}
        for observation in self.exam.lesson:
            sequences.setdefault(observation.x, []).append(observation.y)
        steps: dict[str, list[np.ndarray]] = {name: [] for name in sequences}
        for observation in self.exam.lesson:
            predictive = learner.answer((Query(observation.id, observation.x),))[0].predictive
            steps[observation.x].append(predictive.log_probs)
            learner.observe((observation,))
        curves = learner.curves(list(sequences.values()))
        for name, curve in zip(sequences, curves, strict=True):
            off = float(np.abs(np.asarray(curve) - np.array(steps[name])).max())
            self.require(off <= 1e-9, f"curves() differ from the step-by-step answers by {off} nats")


def distance(one: Answer, other: Answer) -> float:
    """Return how far two answers are apart: the largest difference of their predictives' numbers, infinite where values differ in kind."""
    if one.value != other.value and not (isinstance(one.value, float) and isinstance(other.value, float)):
        return math.inf
    first, second = _numbers(one), _numbers(other)
    if first.shape != second.shape:
        return math.inf
    return float(np.max(np.abs(first - second) / np.maximum(1.0, np.abs(second)), initial=0.0))


def _numbers(answer: Answer) -> np.ndarray:
    predictive = answer.predictive
    parts: list[Any] = [answer.value] if isinstance(answer.value, float) else []
    if isinstance(predictive, Categorical):
        parts += predictive.log_probs.tolist()
    elif isinstance(predictive, Normal):
        parts += [predictive.mean, predictive.scale]
    elif isinstance(predictive, Quantiles):
        parts += predictive.values.tolist()
    return np.array(parts, dtype=np.float64)


def kept(learner: object, lesson: Sequence[Observation]) -> str | None:
    """Return what of a lesson can be reached from a learner, or None.

    An observation itself; a whole x (equal text, record or vector, also inside arrays and in the bytes of the pickle); or a table with a row an
    observation, which is what remains where x was encoded first.
    """
    texts = {o.x for o in lesson if isinstance(o.x, str) and o.x not in ("", None) and " " in o.x}
    records = {o.x for o in lesson if isinstance(o.x, tuple)}
    vectors = [o.x for o in lesson if isinstance(o.x, np.ndarray)]
    rows = {dtype: {v.astype(dtype).tobytes() for v in vectors} for dtype in (np.float32, np.float64)}
    for value in reachable(learner):
        if isinstance(value, Observation):
            return f"the observation {value.id!r}"
        if (isinstance(value, str) and value in texts) or (isinstance(value, tuple) and value in records):
            return f"the whole x {value!r}"
        shape = getattr(value, "shape", ())
        if len(shape) == 2 and len(lesson) in shape:
            return f"a table of shape {shape}, {type(value).__name__}, with a row an observation"
        if isinstance(value, np.ndarray) and value.ndim in (1, 2) and value.dtype in (np.float32, np.float64):
            found = {row.tobytes() for row in np.ascontiguousarray(np.atleast_2d(value))}
            if found & rows[value.dtype.type]:
                return "the whole x of an observation, as a row of an array"
    body = cloudpickle.dumps(learner)
    wanted = [text.encode() for text in texts] + [row for encoded in rows.values() for row in encoded]
    return "the whole x of an observation, in its pickle" if any(piece in body for piece in wanted) else None
