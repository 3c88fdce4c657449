"""The limit as a learner: what every learner should pass, and what only it does."""

from __future__ import annotations

import numpy as np
import pytest

from solomonic.errors import UnsupportedTask
from solomonic.learners.solomonoff import Solomonoff, SolomonoffCtw
from solomonic.records import Budget, Observation, Query, TaskInfo
from solomonic.solomonoff import loss_curves
from solomonic.solomonoff.enumeration import Limits
from solomonic.tasks.generators import GENERATORS
from solomonic.testing import check_learner

LENGTH = 12


def info(choices: tuple[object, ...] = (0, 1)) -> TaskInfo:
    return TaskInfo("t", "symbols", "symbol", choices, ("log_loss",), resample_by="sequence")


def made(kind: type[Solomonoff], choices: tuple[object, ...] = (0, 1), candidates: int = 1) -> Solomonoff:
    return kind(info(choices), rng=np.random.default_rng(0), budget=Budget(candidates=candidates))


@pytest.mark.parametrize("kind", [Solomonoff, SolomonoffCtw])
def test_it_passes_what_every_learner_should(kind: type[Solomonoff]) -> None:
    check_learner(kind)


@pytest.mark.parametrize("choices", [(0, 1), ("a", "b", "c"), tuple(range(7))])
def test_curves_are_the_step_by_step_answers(choices: tuple[object, ...]) -> None:
    symbols = [choices[t % 2] for t in range(8)]
    for kind in (Solomonoff, SolomonoffCtw):
        learner = made(kind, choices)
        rows = []
        for t, symbol in enumerate(symbols):
            rows.append(learner.answer((Query(f"q{t}", "s"),))[0].predictive.log_probs)  # type: ignore[union-attr]
            learner.observe((Observation(f"o{t}", "s", symbol),))
        np.testing.assert_allclose(learner.curves([symbols])[0], rows, atol=1e-9)


def test_sequences_played_one_after_the_other_are_each_from_scratch() -> None:
    several = {"first": (0, 1, 1, 0, 1, 0), "second": (1, 1, 1, 1, 1), "third": (0, 0, 1, 0, 0)}
    for kind in (Solomonoff, SolomonoffCtw):
        learner = made(kind)
        expected = learner.curves(list(several.values()))
        for (name, symbols), rows in zip(several.items(), expected, strict=True):
            for t, symbol in enumerate(symbols):
                answer = learner.answer((Query(f"{name}{t}", name),))[0].predictive
                np.testing.assert_allclose(answer.log_probs, rows[t], atol=1e-9)  # type: ignore[union-attr]
                learner.observe((Observation(f"{name}{t}", name, symbol),))


def test_many_sequences_at_once_are_each_alone() -> None:
    learner = made(Solomonoff)
    several = [GENERATORS[name](40) for name in ("zeros", "alternating", "thue_morse", "primes")]
    for alone, together in zip(several, learner.curves(several), strict=True):
        np.testing.assert_allclose(learner.curves([alone])[0], together, atol=1e-12)


def test_on_bits_it_is_the_completed_mixture() -> None:
    target = GENERATORS["alternating"](30)
    line = loss_curves([target], Limits(LENGTH, Solomonoff.steps))[0]
    np.testing.assert_allclose(made(Solomonoff).curves([target])[0], line.log_probs()[:-1], atol=1e-12)


def test_it_learns_what_one_short_program_prints() -> None:
    rows = made(Solomonoff, candidates=5).curves([GENERATORS["paperfolding"](64)])[0]
    target = list(GENERATORS["paperfolding"](64))
    assert -rows[np.arange(64), target].sum() / np.log(2) < 21


def test_a_question_about_another_sequence_is_about_its_first_symbol() -> None:
    learner = made(Solomonoff)
    first = learner.answer((Query("q", "s"),))[0].predictive
    learner.observe([Observation(f"o{t}", "s", 1) for t in range(6)])
    other = learner.answer((Query("q", "another"),))[0].predictive
    np.testing.assert_allclose(first.log_probs, other.log_probs)  # type: ignore[union-attr]


@pytest.mark.parametrize("choices", [(), ("only",), tuple(range(300))])
def test_an_alphabet_it_cannot_code_is_refused_in_one_line(choices: tuple[object, ...]) -> None:
    with pytest.raises(UnsupportedTask, match="symbols"):
        made(Solomonoff, choices)
