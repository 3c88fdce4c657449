"""Who speaks for a family, and what a task says in the end.

The best of a family is chosen seed by seed, on that seed's own rehearsal: questions taken from its lesson, or its stream's opening. The questions that this
seed's champion is then judged by took no part in the choice. One choice for all seeds would: the seeds are folds of one data set, so that what one
rehearses another asks (nested validation; Varma & Simon 2006, Cawley & Talbot 2010). Where the seeds choose differently, a side of the comparison is played by
several learners, each under its seeds (`contestants`). Hybrids and limits are compared and shown, but speak for no family.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..tasks.metrics import metric as metric_named
from .contestants import Contestant
from .pairs import Outcome, Pair
from .scores import best_floor
from .sheets import COMPARED_ANSWERS, Selection, Sheet
from .wording import figures, metric_word

FAMILIES: tuple[Literal["inductive", "transductive"], ...] = ("inductive", "transductive")


@dataclass(frozen=True, slots=True)
class Champion:
    """A family's champion, and how it was chosen; `side` is None where nobody could be chosen.

    family: inductive or transductive; best or second where one of the two families is absent.
    candidates: (learner, mean score on the rehearsals), plan order; a score is nan where the learner had none.
    """

    family: str
    side: Contestant | None
    how: str
    candidates: tuple[tuple[str, float], ...] = ()

    @property
    def label(self) -> str | None:
        """A learner's name, or several with the number of their seeds."""
        return self.side.label if self.side else None


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is compared in the end, before any comparison is made: two sides, or none; how: in words, how it came to that."""

    sides: tuple[Contestant, Contestant] | None
    how: str
    champions: tuple[Champion, ...] = ()
    families: bool = False

    def speakers(self, sheet: Sheet) -> tuple[list[Contestant], list[Contestant]]:
        """Return who speaks for the inductive and for the transductive family: a champion, or everybody where none was chosen; nobody without families."""
        found: list[list[Contestant]] = []
        for champion in self.champions if self.families else ():
            everybody = [sheet.alone(name) for name in sheet.learners if sheet.kinds[name] == champion.family]
            found.append([champion.side] if champion.side else everybody)
        return (found[0], found[1]) if found else ([], [])


@dataclass(frozen=True, slots=True)
class TaskOutcome:
    """What a task says: `first` and `second` are the two that were compared, None where a whole family stands for itself.

    winner: `first` or `second`, or a family where all of it beats all of the other; None unless the outcome is differ. learners: who speaks for the two.
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
    learners: tuple[str, ...] = ()


def contest(sheet: Sheet) -> Contest:
    """Return who is compared: the two families' champions where both families sat the exam, else of the learners that did."""
    metric = sheet.meta.metrics[0]
    teams = [[name for name in sheet.learners if sheet.kinds[name] == family] for family in FAMILIES]
    if not all(teams):
        return _without_families(sheet, metric)
    inductive, transductive = (choose(sheet, family, names, metric) for family, names in zip(FAMILIES, teams, strict=True))
    if inductive.side and transductive.side:
        sides = inductive.side, transductive.side
        return Contest(sides, "the champions of the two families", (inductive, transductive), families=True)
    how = "every inductive learner against every transductive one, because no champions were chosen (no rehearsal)"
    return Contest(None, how, (inductive, transductive), families=True)


def _without_families(sheet: Sheet, metric: str) -> Contest:
    """Return who is compared where a family is absent: the two learners, the best two on the rehearsal, or the one and its floor."""
    able = [name for name in sheet.learners if sheet.kinds[name] != "floor"]
    if len(able) == 2:
        return Contest((sheet.alone(able[0]), sheet.alone(able[1])), "the two learners")
    if len(able) > 2:
        return _best_two(sheet, able, metric)
    floor = best_floor(sheet, metric)
    if able and floor:
        return Contest((sheet.alone(able[0]), sheet.alone(floor[0])), "the one learner and its floor")
    return Contest(None, "fewer than two learners sat this exam" if able else "only floors sat this exam")


def _best_two(sheet: Sheet, names: Sequence[str], metric: str) -> Contest:
    """Return each seed's best against its second; where every seed has the same two, these, the one that is best under most seeds first."""
    best = choose(sheet, "best", names, metric)
    if best.side is None:
        return Contest(None, "no pair was chosen: there is no rehearsal to choose on")
    ranked = {seed: ranking for seed, ranking in _rankings(sheet, names, metric).items() if len(ranking) > 1}
    if not ranked:
        return Contest(None, "no pair was chosen: only one learner had a rehearsal")
    if len({frozenset(ranking[:2]) for ranking in ranked.values()}) == 1:
        first = best.side.learners[0]
        second = next(name for name in next(iter(ranked.values())) if name != first)
        picked = [dict.fromkeys(ranked, first), dict.fromkeys(ranked, second)]
    else:
        picked = [{seed: ranking[place] for seed, ranking in ranked.items()} for place in (0, 1)]
    sides = sheet.contestant(picked[0]), sheet.contestant(picked[1])
    first_how, second_how = (_how(sheet, names, metric, mine) for mine in picked)
    two = (
        Champion("best", sides[0], f"best of {first_how}", best.candidates),
        Champion("second", sides[1], f"second best of {second_how}"),
    )
    return Contest(sides, "the best two on the rehearsal", two)


def choose(sheet: Sheet, family: str, names: Sequence[str], metric: str) -> Champion:
    """Return under each seed the member that is best on that seed's rehearsal; seeds without one are left out."""
    if len(names) == 1:
        return Champion(family, sheet.alone(names[0]), f"the only {family} learner" if family in FAMILIES else "the only one")
    scores = _rehearsed(sheet, names, metric)
    means = tuple((name, float(np.mean(list(scores[name].values()))) if scores[name] else math.nan) for name in names)
    best = {seed: ranking[0] for seed, ranking in _rankings(sheet, names, metric).items()}
    if not best:
        return Champion(family, None, "not chosen: no rehearsal", means)
    return Champion(family, sheet.contestant(best), f"best of {_how(sheet, names, metric, best)}", means)


def _how(sheet: Sheet, names: Sequence[str], metric: str, picked: Mapping[int, str]) -> str:
    """Return in words on what somebody was picked, and the mean score with which."""
    scores = _rehearsed(sheet, names, metric)
    place = "opening" if sheet.meta.exam == "stream" else "rehearsal"
    where = f"each seed's {place}" if len(picked) > 1 else "the stream's opening" if place == "opening" else "the rehearsal"
    reached = float(np.mean([scores[name][seed] for seed, name in picked.items()]))
    return f"{len(names)} on {where}, {metric_word(metric)} {figures(reached)}"


def _rankings(sheet: Sheet, names: Sequence[str], metric: str) -> dict[int, list[str]]:
    """Return seed -> the learners from best to worst on its rehearsal, equals in plan order; only those that sat its exam too."""
    scores = _rehearsed(sheet, names, metric)
    examined = {name: {column.seed for column in sheet.columns(name, metric, COMPARED_ANSWERS)} for name in names}
    higher = metric_named(metric).higher_is_better

    def loss(score: float) -> float:
        return (-score if higher else score) if math.isfinite(score) else math.inf

    found = {}
    for seed in dict.fromkeys(seed for name in names for seed in scores[name]):
        able = [name for name in names if seed in scores[name] and seed in examined[name]]
        if able:
            found[seed] = sorted(able, key=lambda name: loss(scores[name][seed]))
    return found


def _rehearsed(sheet: Sheet, names: Sequence[str], metric: str) -> dict[str, dict[int, float]]:
    """Return learner -> seed -> mean score on the rehearsal."""
    selection = _rehearsal(sheet, names, metric)
    columns = {name: sheet.columns(name, metric, selection) if selection else () for name in names}
    return {name: {column.seed: float(np.mean(column.values)) for column in mine} for name, mine in columns.items()}


def _rehearsal(sheet: Sheet, names: Sequence[str], metric: str) -> Selection | None:
    """Return the answers on which a champion may be chosen: the largest shortened lesson's rehearsal, a full one's, or a stream's opening."""
    shortened = [fraction for fraction in sheet.fractions() if fraction < 1.0]
    options = [Selection(("rehearsal",), fraction) for fraction in [*reversed(shortened), 1.0]] + [Selection(("opening",))]
    return next((option for option in options if any(sheet.columns(name, metric, option) for name in names)), None)


def task_outcome(sheet: Sheet, ends: Contest, pairs: Sequence[Pair]) -> TaskOutcome:
    """Return what the pairs say of those who are compared in the end."""
    if ends.sides is None:
        return _of_cross_pairs(sheet, ends, pairs) if ends.families else _nothing(sheet, ends)
    first, second = ends.sides
    pair = find(pairs, sheet, first.label, second.label)
    if pair is None:
        return _nothing(
            sheet, dataclasses.replace(ends, how=f"{first.label} and {second.label} have no question in common", families=False)
        )
    values = (pair.difference, pair.low, pair.high) if pair.a == first.label else (-pair.difference, -pair.high, -pair.low)
    winner = next((side for side in ends.sides if side.label == pair.winner), None)
    kinds = {sheet.kinds[name] for name in winner.learners} if winner else set()
    meta = sheet.meta
    return TaskOutcome(
        meta.suite, meta.name, pair.metric, pair.outcome, pair.winner, kinds.pop() if len(kinds) == 1 else None, first.label, second.label,
        *values, ends.families, ends.champions, ends.how, pair, tuple(dict.fromkeys(first.learners + second.learners)),
    )  # fmt: skip


def _of_cross_pairs(sheet: Sheet, ends: Contest, pairs: Sequence[Pair]) -> TaskOutcome:
    """Return an outcome only where every inductive learner against every transductive one says the same."""
    inductive, transductive = ends.speakers(sheet)
    found = [find(pairs, sheet, a.label, b.label) for a in inductive for b in transductive]
    outcomes = {pair.outcome if pair else Outcome.CANNOT_TELL for pair in found}
    winners = {sheet.kinds[pair.winner] for pair in found if pair and pair.winner}
    outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.CANNOT_TELL
    if outcome is Outcome.DIFFER and len(winners) != 1:
        outcome = Outcome.CANNOT_TELL
    return _nothing(sheet, ends, outcome=outcome, winner=winners.pop() if outcome is Outcome.DIFFER else None)


def _nothing(sheet: Sheet, ends: Contest, *, outcome: Outcome = Outcome.CANNOT_TELL, winner: str | None = None) -> TaskOutcome:
    """Return an outcome that rests on no single pair."""
    meta = sheet.meta
    unknown = (math.nan, math.nan, math.nan)
    return TaskOutcome(
        meta.suite, meta.name, meta.metrics[0], outcome, winner, winner, None, None, *unknown, ends.families, ends.champions, ends.how
    )


def find(pairs: Sequence[Pair], sheet: Sheet, a: str, b: str) -> Pair | None:
    """Return the pair of these two learners, whichever comes first."""
    where = sheet.meta.suite, sheet.meta.name
    return next((pair for pair in pairs if (pair.suite, pair.task) == where and {pair.a, pair.b} == {a, b}), None)
