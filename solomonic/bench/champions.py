"""Who speaks for a family, and what a task says in the end.

The best of a family is chosen on the rehearsal: questions taken from the lesson, or a stream's opening. Exam answers never take part in the choice. Within a
seed no item does either; across seeds the same item may be rehearsed in one and asked in another (docs/statistics.md). Hybrids and limits are compared and shown,
but speak for no family.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..tasks.metrics import metric as metric_named
from .pairs import Outcome, Pair
from .scores import best_floor
from .sheets import Selection, Sheet
from .wording import figures, metric_word

FAMILIES: tuple[Literal["inductive", "transductive"], ...] = ("inductive", "transductive")


@dataclass(frozen=True, slots=True)
class Champion:
    """A family's champion, and how it was chosen; `learner` is None where nobody could be chosen.

    family: inductive or transductive; best or second where one of the two families is absent.
    candidates: (learner, score on the rehearsal), plan order; a score is nan where the learner had none.
    """

    family: str
    learner: str | None
    how: str
    candidates: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a task says: `first` and `second` are the two that were compared, None where a whole family stands for itself.

    winner: a learner's name, or a family's where all of it beats all of the other; None unless the outcome is differ.
    difference, low, high: first - second in the metric. how: in words, how the two came to be compared.
    """

    suite: str
    task: str
    metric: str
    outcome: Outcome
    winner: str | None
    winner_kind: str | None
    first: str | None
    second: str | None
    difference: float
    low: float
    high: float
    families: bool
    champions: tuple[Champion, ...]
    how: str
    pair: Pair | None = None


def task_outcome(sheet: Sheet, pairs: Sequence[Pair]) -> TaskOutcome:
    """Return the outcome of one task: of the two families' champions where both families sat the exam, else of the learners that did."""
    metric = sheet.meta.metrics[0]
    sides = [[name for name in sheet.learners if sheet.kinds[name] == family] for family in FAMILIES]
    if all(sides):
        champions = tuple(choose(sheet, family, names, metric) for family, names in zip(FAMILIES, sides, strict=True))
        first, second = (champion.learner for champion in champions)
        if first is not None and second is not None:
            return _of_pair(sheet, pairs, first, second, champions, "the champions of the two families", families=True)
        chosen = [[c.learner] if c.learner else names for c, names in zip(champions, sides, strict=True)]
        return _of_cross_pairs(sheet, pairs, chosen[0], chosen[1], champions)
    return _without_families(sheet, pairs, metric)


def _without_families(sheet: Sheet, pairs: Sequence[Pair], metric: str) -> TaskOutcome:
    """Return the outcome where a family is absent: of the two learners, of the best two on the rehearsal, or of the one and its floor."""
    able = [name for name in sheet.learners if sheet.kinds[name] != "floor"]
    if len(able) == 2:
        return _of_pair(sheet, pairs, able[0], able[1], (), "the two learners", families=False)
    if len(able) > 2:
        best = choose(sheet, "best", able, metric)
        if best.learner is None:
            return _nothing(sheet, "no pair was chosen: there is no rehearsal to choose on")
        runner_up = choose(sheet, "second", [name for name in able if name != best.learner], metric)
        if runner_up.learner is None:
            return _nothing(sheet, "no pair was chosen: only one learner had a rehearsal")
        two = (best, dataclasses.replace(runner_up, candidates=()))
        return _of_pair(sheet, pairs, best.learner, runner_up.learner, two, "the best two on the rehearsal", families=False)
    floor = best_floor(sheet, metric)
    if able and floor:
        return _of_pair(sheet, pairs, able[0], floor[0], (), "the one learner and its floor", families=False)
    return _nothing(sheet, "fewer than two learners sat this exam" if able else "only floors sat this exam")


def choose(sheet: Sheet, family: str, names: Sequence[str], metric: str) -> Champion:
    """Return the member with the best mean score on the rehearsal, over the seeds that all candidates have; the first of equals."""
    if len(names) == 1:
        return Champion(family, names[0], f"the only {family} learner" if family in FAMILIES else "the only one")
    selection = _rehearsal(sheet, names, metric)
    if selection is None:
        return Champion(family, None, "not chosen: no rehearsal", tuple((name, math.nan) for name in names))
    by_seed = {name: {c.seed: float(np.mean(c.values)) for c in sheet.columns(name, metric, selection)} for name in names}
    able = {name: scores for name, scores in by_seed.items() if scores}
    shared = set.intersection(*(set(scores) for scores in able.values()))
    means = {name: float(np.mean([scores[seed] for seed in sorted(shared or scores)])) for name, scores in able.items()}
    higher = metric_named(metric).higher_is_better
    rank = {name: (value if higher else -value) if math.isfinite(value) else -math.inf for name, value in means.items()}
    best = max(rank, key=lambda name: rank[name])
    where = "the stream's opening" if "opening" in selection.parts else "the rehearsal"
    how = f"best of {len(names)} on {where}, {metric_word(metric)} {figures(means[best])}"
    return Champion(family, best, how, tuple((name, means.get(name, math.nan)) for name in names))


def _rehearsal(sheet: Sheet, names: Sequence[str], metric: str) -> Selection | None:
    """Return the answers on which a champion may be chosen: the largest shortened lesson's rehearsal, a full one's, or a stream's opening."""
    shortened = [fraction for fraction in sheet.fractions() if fraction < 1.0]
    options = [Selection(("rehearsal",), fraction) for fraction in [*reversed(shortened), 1.0]] + [Selection(("opening",))]
    return next((option for option in options if any(sheet.columns(name, metric, option) for name in names)), None)


def _of_pair(
    sheet: Sheet, pairs: Sequence[Pair], first: str, second: str, champions: tuple[Champion, ...], how: str, *, families: bool
) -> TaskOutcome:
    pair = find(pairs, sheet, first, second)
    if pair is None:
        return _nothing(sheet, f"{first} and {second} have no question in common", champions)
    values = (pair.difference, pair.low, pair.high) if pair.a == first else (-pair.difference, -pair.high, -pair.low)
    kind = sheet.kinds[pair.winner] if pair.winner else None
    meta = sheet.meta
    return TaskOutcome(
        meta.suite, meta.name, pair.metric, pair.outcome, pair.winner, kind, first, second, *values, families, champions, how, pair
    )


def _of_cross_pairs(
    sheet: Sheet, pairs: Sequence[Pair], inductive: Sequence[str], transductive: Sequence[str], champions: tuple[Champion, ...]
) -> TaskOutcome:
    """Return an outcome only where every inductive learner against every transductive one says the same."""
    found = [find(pairs, sheet, a, b) for a in inductive for b in transductive]
    outcomes = {pair.outcome if pair else Outcome.CANNOT_TELL for pair in found}
    winners = {sheet.kinds[pair.winner] for pair in found if pair and pair.winner}
    outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.CANNOT_TELL
    if outcome is Outcome.DIFFER and len(winners) != 1:
        outcome = Outcome.CANNOT_TELL
    winner = winners.pop() if outcome is Outcome.DIFFER else None
    how = "every inductive learner against every transductive one, because no champions were chosen (no rehearsal)"
    return _nothing(sheet, how, champions, outcome=outcome, winner=winner, families=True)


def _nothing(
    sheet: Sheet,
    how: str,
    champions: tuple[Champion, ...] = (),
    *,
    outcome: Outcome = Outcome.CANNOT_TELL,
    winner: str | None = None,
    families: bool = False,
) -> TaskOutcome:
    """Return an outcome that rests on no single pair."""
    meta = sheet.meta
    unknown = math.nan
    return TaskOutcome(
        meta.suite, meta.name, meta.metrics[0], outcome, winner, winner, None, None, unknown, unknown, unknown, families, champions, how
    )


def find(pairs: Sequence[Pair], sheet: Sheet, a: str, b: str) -> Pair | None:
    """Return the pair of these two learners, whichever comes first."""
    where = sheet.meta.suite, sheet.meta.name
    return next((pair for pair in pairs if (pair.suite, pair.task) == where and {pair.a, pair.b} == {a, b}), None)
