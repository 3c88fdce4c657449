"""The answer in words: who wins, by how much, and when studying pays; no winner where there is none."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..tasks.metrics import metric as metric_named
from .analysis import Analysis, TaskAnalysis
from .break_even import BreakEven, State
from .champions import TaskOutcome
from .pairs import SIGNIFICANCE, Outcome
from .wording import bracket, decimals, listed, metric_word, number, rounded

NEITHER = "neither is shown to beat the floor"
"""Where this is said, nothing is said of costs: neither of two that may be guessing is worth a price."""


def verdict(analysis: Analysis) -> str:
    """Return one sentence for one task; for several a summary, and a line a task."""
    if not analysis.tasks:
        return "nothing was compared: no cell was finished"
    if len(analysis.tasks) == 1:
        return task_verdict(analysis.tasks[0])
    names = task_names(analysis)
    lines = [f"{name}: {task_verdict(task)}" for name, task in zip(names, analysis.tasks, strict=True)]
    return "\n".join([summary(analysis), *lines])


def task_names(analysis: Analysis) -> list[str]:
    """Return the tasks' names, with their suite where the run has several."""
    several = len({task.meta.suite for task in analysis.tasks}) > 1
    return [f"{task.meta.suite}/{task.meta.name}" if several else task.meta.name for task in analysis.tasks]


def summary(analysis: Analysis) -> str:
    """Return how the tasks came out, counted: "Of 6 tasks: remembering wins 2 (shift, again); ..."."""
    groups: dict[str, list[str]] = {}
    for name, task in zip(task_names(analysis), analysis.tasks, strict=True):
        groups.setdefault(_group(task.outcome), []).append(name)
    order = ["studying wins", "remembering wins", "equivalent on", "cannot tell on"]
    ranked = sorted(groups, key=lambda group: order.index(group) if group in order else 2)
    return (
        f"Of {len(analysis.tasks)} tasks: "
        + "; ".join(f"{group} {len(groups[group])} ({', '.join(groups[group])})" for group in ranked)
        + "."
    )


def _group(outcome: TaskOutcome) -> str:
    if outcome.outcome is not Outcome.DIFFER:
        return f"{outcome.outcome} on"
    words = {"inductive": "studying wins", "transductive": "remembering wins"}
    return words.get(outcome.winner_kind or "", f"{outcome.winner} wins") if outcome.families else f"{outcome.winner} wins"


def task_verdict(task: TaskAnalysis) -> str:
    """Return the sentence for one task."""
    clauses = [_scores(task), *_floors(task)]
    if NEITHER in clauses:
        return "; ".join(clauses)
    if len(task.crossings) == 1:
        clauses.append(cost_clause(task.crossings[0].result))
    elif task.crossings:
        clauses.append(_many_crossings([crossing.result for crossing in task.crossings]))
    return "; ".join(filter(None, clauses))


def _scores(task: TaskAnalysis) -> str:
    """Return what the comparison of scores says."""
    outcome = task.outcome
    if outcome.first is None or outcome.second is None:
        return _whole_families(outcome)
    pair = outcome.pair
    assert pair is not None
    first = outcome.winner or (outcome.first if pair.gain(outcome.first)[0] > 0.0 else outcome.second)
    second = outcome.second if first == outcome.first else outcome.first
    gain = pair.gain(first)
    places = decimals(pair.metric, *gain)
    interval = f"{number(gain[0], places)} {bracket(gain[1], gain[2], places)}{_suffix(pair.metric)}"
    if outcome.outcome is Outcome.DIFFER:
        return f"{first} beats {second} by {interval}"
    if outcome.outcome is Outcome.EQUIVALENT:
        return f"{first} and {second} are equivalent (difference {interval})"
    if not math.isfinite(gain[0]):
        return f"cannot tell {first} and {second} apart (a score is not finite)"
    corrected = ", not beyond chance once all pairs are counted" if pair.p < SIGNIFICANCE else ""
    return f"cannot tell {first} and {second} apart (difference {interval}{corrected})"


def _whole_families(outcome: TaskOutcome) -> str:
    """Return what is said where no two learners stand for the rest."""
    if not outcome.families:
        return f"cannot tell: {outcome.how}"
    if outcome.outcome is Outcome.DIFFER:
        loser = "inductive" if outcome.winner == "transductive" else "transductive"
        return f"every {outcome.winner} learner beats every {loser} one (no champions: there is no rehearsal)"
    if outcome.outcome is Outcome.EQUIVALENT:
        return "every inductive learner is equivalent to every transductive one (no champions: there is no rehearsal)"
    return (
        "cannot tell studying and remembering apart (the pairs of learners do not agree, and without a rehearsal no champions were chosen)"
    )


def _suffix(metric: str) -> str:
    """Return what follows a difference: nothing for accuracy, a unit, or the metric."""
    unit = metric_named(metric).unit
    return "" if metric == "accuracy" else f" {unit}" if unit in ("nats", "bits") else f" in {metric_word(metric)}"


def _floors(task: TaskAnalysis) -> list[str]:
    """Return who is under the floor, and which of the two compared is not shown to beat it."""
    floors = {name for name, kind in task.kinds.items() if kind == "floor"}
    under = [row.learner for row in task.main_rows() if row.under_floor]
    champions = [name for name in task.champions() if name not in floors and name not in under]
    unproven = [name for name in champions if any({pair.a, pair.b} <= {name, *floors} and pair.winner != name for pair in task.pairs)]
    clauses = [f"{listed(under)} {'scores' if len(under) == 1 else 'score'} under the floor"] if under else []
    if len(unproven) == len(task.champions()) >= 2:
        clauses.append(NEITHER)
    elif unproven and not (set(task.champions()) & floors):
        clauses.append(f"{listed(unproven)} {'is' if len(unproven) == 1 else 'are'} not shown to beat the floor")
    return clauses


def cost_clause(result: BreakEven) -> str:
    """Return when studying pays, in words."""
    if result.state is State.AFTER:
        return f"studying pays after {rounded(result.questions)} questions"
    if result.state is State.NEVER:
        return "studying never pays"
    if result.state is State.NOT_COMPARABLE:
        return result.reason
    return (
        f"studying is cheaper up to {rounded(result.until)} questions, remembering after"
        if result.until
        else "studying pays from the first question"
    )


def _many_crossings(results: Sequence[BreakEven]) -> str:
    """Return what the break-evens of several pairs have in common."""
    states = {result.state for result in results}
    if states == {State.AFTER}:
        questions = [result.questions or 0.0 for result in results]
        return f"studying pays after {rounded(min(questions))} to {rounded(max(questions))} questions, depending on the pair"
    if len(states) == 1 and states <= {State.NEVER, State.NOT_COMPARABLE} and len({result.reason for result in results}) == 1:
        return cost_clause(results[0])
    return "when studying pays depends on the pair" if len(states) > 1 else ""
