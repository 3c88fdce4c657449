"""The five kinds of exam: split, stream, repeat, episodic, sequence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from ..errors import InputError
from ..records import Observation, Query, child_rng
from .events import Event, ExamKind, Lesson, Part, Questions, Study
from .folds import grouped_folds, nested_order, stratified_folds

CURVE = (0.125, 0.25, 0.5, 1.0)
REHEARSAL_FRACTION = 0.5
REHEARSAL_QUESTIONS = 300


def _query(observation: Observation, *, id: str | None = None, at: float | None = None) -> Query:
    """Return the question whose answer the observation holds."""
    return Query(id or observation.id, observation.x, observation.at if at is None else at, observation.links)


def _refuse_duplicates(observations: Sequence[Observation]) -> None:
    seen: set[str] = set()
    for observation in observations:
        if observation.id in seen:
            raise InputError(f"two observations have the id {observation.id!r}; ids must be unique, so rename or drop one")
        seen.add(observation.id)


@dataclass(frozen=True)
class Split:
    """Lessons, study, all questions: i.i.d. data.

    Seeds 0 to folds-1 are the folds of one stratified partition, the next ones those of another: over `folds` seeds every item is a question once.
    At half a lesson the learner is also asked a sample of the other half, the rehearsal on which the best of a family is chosen.

    stratify: give every fold and every part of a lesson the same share of each answer. groups: item -> group; a group is never split, and is the unit
    of resampling.

    Raises:
        InputError: two observations share an id, or there are too few rows or groups.
    """

    kind: ClassVar[ExamKind] = "split"
    observations: tuple[Observation, ...]
    folds: int = 5
    stratify: bool = True
    groups: tuple[str, ...] = ()
    fractions: tuple[float, ...] = CURVE

    def __post_init__(self) -> None:
        _refuse_duplicates(self.observations)
        if self.folds < 2:
            raise InputError(f"folds is {self.folds}; give 2 or more, so that something is left to learn from")
        if self.groups and len(self.groups) != len(self.observations):
            raise InputError(f"{len(self.groups)} groups for {len(self.observations)} observations; give one group an observation")
        if len(self.observations) < 2 * self.folds:
            raise InputError(f"{len(self.observations)} rows are too few for an exam; give at least {2 * self.folds}")
        if self.groups and len(set(self.groups)) < self.folds:
            raise InputError(f"{len(set(self.groups))} groups are too few; give at least {self.folds}, so that each fold holds one")

    def parts(self, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the indices of the lesson, in nested order, and of the questions."""
        ys = [observation.y for observation in self.observations]
        partition = child_rng(seed // self.folds, "partition")
        if self.groups:
            fold = grouped_folds(self.groups, self.folds, rng=partition)
        else:
            fold = stratified_folds(ys if self.stratify else [0] * len(ys), self.folds, rng=partition)
        lesson = np.flatnonzero(fold != seed % self.folds)
        nested = nested_order([ys[i] for i in lesson], stratify=self.stratify, rng=child_rng(seed, "nested"))
        return lesson[nested], np.flatnonzero(fold == seed % self.folds)

    def questions(self, indices: np.ndarray, **marks: Any) -> Questions:
        """Return these items as questions."""
        asked = [self.observations[i] for i in indices]
        units = tuple(self.groups[i] for i in indices) if self.groups else ()
        return Questions(tuple(_query(o) for o in asked), tuple(o.y for o in asked), units=units, **marks)

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        lesson, asked = self.parts(seed)
        size = max(2, round(fraction * lesson.size))
        if self.groups and fraction < 1.0:
            lesson, size = _whole_groups(lesson, size, self.groups)
        yield Lesson(tuple(self.observations[i] for i in lesson[:size]))
        yield Study()
        yield self.questions(asked)
        if fraction == REHEARSAL_FRACTION and size < lesson.size:
            yield self.questions(lesson[size:][:REHEARSAL_QUESTIONS], part="rehearsal")


def _whole_groups(lesson: np.ndarray, size: int, groups: Sequence[str]) -> tuple[np.ndarray, int]:
    """Return the lesson reordered group by group, and the size rounded up to whole groups."""
    first: dict[str, int] = {}
    for i in lesson:
        first.setdefault(groups[i], len(first))
    rank = np.array([first[groups[i]] for i in lesson])
    order = np.argsort(rank, kind="stable")
    lesson, rank = lesson[order], rank[order]
    while 0 < size < lesson.size and rank[size] == rank[size - 1]:
        size += 1
    return lesson, size


@dataclass(frozen=True)
class Stream:
    """Question first, then its answer as a lesson (prequential; Dawid 1984).

    delay: questions that pass before an answer is revealed. study_every: observations between two studies.
    opening: the share at the start on which the best of a family is chosen. groups: item -> group, the unit of resampling; empty where time is it.

    Raises:
        InputError: two observations share an id, or a number is out of range.
    """

    kind: ClassVar[ExamKind] = "stream"
    observations: tuple[Observation, ...]
    study_every: int = 200
    delay: int = 0
    opening: float = 0.2
    groups: tuple[str, ...] = ()
    fractions: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        _refuse_duplicates(self.observations)
        if self.study_every < 1 or self.delay < 0:
            raise InputError(f"a stream takes study_every >= 1 and delay >= 0, not {self.study_every} and {self.delay}")
        if not 0.0 <= self.opening < 1.0:
            raise InputError(f"opening is {self.opening}; give a share from 0 to below 1")
        if self.groups and len(self.groups) != len(self.observations):
            raise InputError(f"{len(self.groups)} groups for {len(self.observations)} observations; give one group an observation")

    def ordered(self, seed: int) -> Sequence[Observation]:
        """Return the observations as they come under this seed."""
        return self.observations

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        observations = self.ordered(seed)
        end_of_opening = int(self.opening * len(observations))
        revealed = 0
        for i, observation in enumerate(observations):
            unit = self.groups[i : i + 1]
            yield Questions((_query(observation),), (observation.y,), "opening" if i < end_of_opening else "exam", unit)
            if i >= self.delay:
                yield Lesson((observations[i - self.delay],))
                revealed += 1
                if revealed % self.study_every == 0:
                    yield Study()


@dataclass(frozen=True)
class Shifted(Stream):
    """A stream of i.i.d. items in random order, whose labels are permuted from the middle on.

    y_t = y for t < n/2, sigma(y) after; sigma is a random permutation of the classes without a fixed point. Order and sigma belong to the exam (`draw`),
    not to the seed: shuffling the same items anew under each seed would count every item several times.

    Raises:
        InputError: there are fewer than two choices, an answer is none of them, or there are groups.
    """

    choices: tuple[Any, ...] = ()
    draw: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(set(self.choices)) < max(2, len(self.choices)):
            raise InputError(f"choices are {self.choices!r}; labels can be permuted where there are two or more, all different")
        strange = next((o.y for o in self.observations if o.y not in self.choices), None)
        if strange is not None:
            raise InputError(f"the answer {strange!r} is none of the choices {self.choices!r}; name it there")
        if self.groups:
            raise InputError("a stream whose order is drawn anew has no groups; leave groups out")

    def ordered(self, seed: int) -> Sequence[Observation]:
        rng = child_rng(self.draw, "shifted")
        order = rng.permutation(len(self.observations))
        ring = rng.permutation(len(self.choices))
        renamed = {self.choices[a]: self.choices[b] for a, b in zip(ring, np.roll(ring, 1), strict=True)}
        half = len(order) // 2
        picked = [self.observations[i] for i in order]
        return [Observation(o.id, o.x, o.y if t < half else renamed[o.y], float(t)) for t, o in enumerate(picked)]


@dataclass(frozen=True)
class Repeat:
    """A split whose questions come back: as they were, reworded, and after the evidence has changed.

    Round 0 asks; round 1 asks the same again; round 2 asks them reworded (`noise` standard deviations of Gaussian noise on each coordinate that varies);
    then a lesson exchanges the names of two classes for `corrected` of their items (the newest word counts, so `at` rises), the learner studies, and round 3 asks
    again, under the exchanged names. Only vectors can be reworded.
    """

    kind: ClassVar[ExamKind] = "repeat"
    observations: tuple[Observation, ...]
    noise: float = 0.2
    swap: tuple[Any, Any] | None = None
    corrected: int = 60
    asked: int = 120
    folds: int = 5
    fractions: ClassVar[tuple[float, ...]] = (0.5, 1.0)

    def __post_init__(self) -> None:
        Split(self.observations, folds=self.folds)
        if self.asked < 1 or self.corrected < 0 or self.noise < 0:
            raise InputError(
                f"a repeat exam takes asked >= 1, corrected >= 0, noise >= 0, not {self.asked}, {self.corrected}, {self.noise}"
            )
        if not all(isinstance(observation.x, np.ndarray) for observation in self.observations):
            raise InputError("a repeat exam rewords its questions with noise, so x must be vectors; use a split for records and texts")
        missing = [name for name in self.swap or () if all(o.y != name for o in self.observations)]
        if missing or (self.swap is not None and len(set(self.swap)) != 2):
            raise InputError(f"swap is {self.swap!r}; name two different classes that the data have")

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        split = Split(self.observations, folds=self.folds)
        lesson, asked = split.parts(seed)
        size = max(2, round(fraction * lesson.size))
        # The file may be sorted by class, so its first rows are no fair sample of the fold.
        asked = asked[nested_order([self.observations[i].y for i in asked], stratify=True, rng=child_rng(seed, "asked"))][: self.asked]
        yield Lesson(tuple(self.observations[i] for i in lesson[:size]))
        yield Study()
        once = split.questions(asked)
        yield once
        if fraction == REHEARSAL_FRACTION:
            yield split.questions(lesson[size:][:REHEARSAL_QUESTIONS], part="rehearsal")
        if fraction < 1.0:
            return
        yield _again(once, 1)
        spread = np.std([self.observations[i].x for i in lesson], axis=0)
        yield _again(once, 2, reworded=tuple(self._reword(query, spread, seed) for query in once.queries))
        if self.swap is not None:
            new_name = dict(zip(self.swap, self.swap[::-1], strict=True))
            touched = [i for i in lesson if self.observations[i].y in new_name][: self.corrected]
            yield Lesson(
                tuple(Observation(f"{o.id}*", o.x, new_name[o.y], o.at + 1.0, (o.id,)) for o in (self.observations[i] for i in touched))
            )
            yield Study()
            changed = _again(once, 3)
            yield Questions(changed.queries, tuple(new_name.get(y, y) for y in changed.truths), units=changed.units, round=3)

    def _reword(self, query: Query, spread: np.ndarray, seed: int) -> Query:
        rng = child_rng(seed, "reword", query.id)
        return Query(query.id, query.x + self.noise * spread * rng.standard_normal(len(query.x)), query.at, query.links)


def _again(once: Questions, number: int, reworded: tuple[Query, ...] | None = None) -> Questions:
    """Return the same questions with ids of their own, as round `number`; each belongs to the unit of its first asking."""
    queries = tuple(Query(f"{q.id}#{number}", q.x, q.at, q.links) for q in reworded or once.queries)
    return Questions(queries, once.truths, units=once.units or tuple(q.id for q in once.queries), round=number)


@dataclass(frozen=True)
class Episodic:
    """Every question brings its own context and choices: few-shot, one-shot, rules from examples.

    Each episode draws `ways` classes and `shots` examples of each as context, and asks one further item of one of them.
    """

    kind: ClassVar[ExamKind] = "episodic"
    observations: tuple[Observation, ...]
    ways: int = 5
    shots: int = 1
    episodes: int = 200
    fractions: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        _refuse_duplicates(self.observations)
        if self.ways < 2 or self.shots < 1 or self.episodes < 1:
            raise InputError(f"episodes take ways >= 2, shots >= 1, episodes >= 1, not {self.ways}, {self.shots}, {self.episodes}")
        able = sum(len(items) > self.shots for items in self._by_class().values())
        if able < self.ways:
            raise InputError(f"{able} classes have over {self.shots} items; {self.ways} ways need as many classes: lower ways or shots")

    def _by_class(self) -> dict[Any, list[int]]:
        items: dict[Any, list[int]] = {}
        for i, observation in enumerate(self.observations):
            items.setdefault(observation.y, []).append(i)
        return items

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        able = {y: items for y, items in self._by_class().items() if len(items) > self.shots}
        names = list(able)
        yield Study()
        queries, truths = [], []
        for episode in range(self.episodes):
            rng = child_rng(seed, "episode", episode)
            ways = [names[j] for j in rng.choice(len(names), self.ways, replace=False)]
            drawn = {y: rng.choice(able[y], self.shots + 1, replace=False) for y in ways}
            truth = ways[int(rng.integers(self.ways))]
            context = tuple(self.observations[i] for y in ways for i in drawn[y][: self.shots])
            item = self.observations[drawn[truth][self.shots]]
            queries.append(Query(f"{seed}/{episode}", item.x, context=context, choices=tuple(ways)))
            truths.append(truth)
        yield Questions(tuple(queries), tuple(truths), part="exam")


@dataclass(frozen=True)
class Sequences:
    """Next-symbol prediction along sequences, each from scratch; x is the sequence's name, y the symbol that came.

    rehearsal: further sequences, not scored, on which the best of a family is chosen.

    Raises:
        InputError: there is no sequence, or a rehearsal has the name of a sequence of the exam.
    """

    kind: ClassVar[ExamKind] = "sequence"
    sequences: Mapping[str, tuple[Any, ...]]
    rehearsal: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    fractions: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        if not self.sequences:
            raise InputError("a sequence exam without a sequence asks nothing; give one or more")
        both = sorted(set(self.sequences) & set(self.rehearsal))
        if both:
            raise InputError(
                f"{both[0]!r} is a sequence of the exam and of its rehearsal; rename one, since a learner tells them apart by name"
            )

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        yield Study()
        parts: tuple[tuple[Part, Mapping[str, tuple[Any, ...]]], ...] = (("rehearsal", self.rehearsal), ("exam", self.sequences))
        for part, named in parts:
            for name, symbols in named.items():
                for t, symbol in enumerate(symbols):
                    step = f"{name}:{t}"
                    yield Questions((Query(step, name, float(t)),), (symbol,), part, (name,))
                    yield Lesson((Observation(step, name, symbol, float(t)),))
