from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.bench.break_even import BreakEven, State, break_even, crossing_of, interval
from solomonic.records import Cost

seconds = st.floats(1e-6, 100.0)


def cost(study: float, answers: float | tuple[float, ...]) -> Cost:
    each = answers if isinstance(answers, tuple) else (answers,) * 20
    return Cost(study, study, tuple(9.0 * s for s in each), 0.0, 1, 1, answer_cpu_s=each)


def crossing(study_i: float, answer_i: float, study_t: float, answer_t: float, *, gain: float = 0.0, margin: float = 0.01) -> BreakEven:
    rng = np.random.default_rng(0)
    return break_even({0: cost(study_i, answer_i)}, {0: cost(study_t, answer_t)}, gain=gain, margin=margin, rng=rng)


def test_studying_pays_after_the_questions_that_save_its_cost() -> None:
    found = crossing(13.0, 0.0, 0.0, 0.01)
    assert (found.state, found.questions, found.until) == (State.AFTER, pytest.approx(1300.0), None)


@pytest.mark.parametrize(
    ("study", "saved", "state", "until"),
    [
        (-1.0, 1.0, State.NOW, None),
        (0.0, 1.0, State.NOW, None),
        (-1.0, 0.0, State.NOW, None),
        (1.0, -1.0, State.NEVER, None),
        (1.0, 0.0, State.NEVER, None),
        (0.0, -1.0, State.NEVER, None),
        (0.0, 0.0, State.NEVER, None),
        (-2.0, -1.0, State.NOW, 2.0),
        (2.0, 1.0, State.AFTER, 2.0),
    ],
)
def test_the_signs_of_the_two_differences_decide(study: float, saved: float, state: State, until: float | None) -> None:
    assert crossing_of(study, saved) == (state, until)


@given(seconds, seconds, seconds, seconds)
@settings(max_examples=150, deadline=None)
def test_the_state_says_truly_who_is_cheaper(study_i: float, answer_i: float, study_t: float, answer_t: float) -> None:
    found = crossing(study_i, answer_i, study_t, answer_t)

    def saved(questions: float) -> float:
        return study_t + questions * answer_t - study_i - questions * answer_i

    if found.state is State.NEVER:
        assert all(saved(q) <= 1e-9 * (1 + q) for q in (1.0, 10.0, 1e6))
    elif found.state is State.NOW and found.until is None:
        assert all(saved(q) >= -1e-9 * (1 + q) for q in (1.0, 10.0, 1e6))
    else:
        at = found.questions or found.until
        assert at is not None
        before, after = saved(at / 2), saved(at * 2)
        assert before < after if found.state is State.AFTER else before > after


@given(seconds, seconds, seconds, seconds, st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_the_interval_holds_the_crossing_when_timings_do_not_vary(
    study_i: float, answer_i: float, study_t: float, answer_t: float, seed: int
) -> None:
    costs = {s: cost(study_i, answer_i) for s in range(3)}, {s: cost(study_t, answer_t) for s in range(3)}
    found = break_even(*costs, gain=0.0, margin=0.01, rng=np.random.default_rng(seed))
    at = found.questions if found.state is State.AFTER else found.until
    if at is not None:
        assert (found.low, found.high) == pytest.approx((at, at), rel=1e-6)


@pytest.mark.parametrize(
    ("given_costs", "gain", "comparable"),
    [
        ((10.0, 0.001, 1.0, 0.01), -0.02, False),
        ((10.0, 0.001, 1.0, 0.01), 0.02, True),
        ((1.0, 0.001, 10.0, 0.01), -0.02, False),
        ((1.0, 0.001, 10.0, 0.01), 0.02, True),
        ((10.0, 0.01, 1.0, 0.001), 0.02, False),
        ((10.0, 0.01, 1.0, 0.001), -0.02, True),
        ((1.0, 0.01, 10.0, 0.001), 0.02, False),
        ((1.0, 0.01, 10.0, 0.001), -0.02, False),
        ((10.0, 0.001, 1.0, 0.01), math.nan, False),
    ],
)
def test_no_cost_is_compared_at_a_loss(given_costs: tuple[float, float, float, float], gain: float, comparable: bool) -> None:
    found = crossing(*given_costs, gain=gain)
    assert (found.state is not State.NOT_COMPARABLE) == comparable
    assert bool(found.reason) != comparable
    assert found.questions is None or comparable


def test_a_loss_within_the_margin_does_not_stop_the_comparison() -> None:
    assert crossing(10.0, 0.001, 1.0, 0.01, gain=-0.01).state is State.AFTER


@pytest.mark.parametrize("answers", [(), (math.nan, 0.1)])
def test_a_missing_cost_is_not_compared(answers: tuple[float, ...]) -> None:
    found = break_even({0: cost(1.0, answers)}, {0: cost(1.0, 0.1)}, gain=0.0, margin=0.01, rng=np.random.default_rng(0))
    assert (found.state, found.reason) == (State.NOT_COMPARABLE, "costs are not compared, as one is missing")
    assert (
        break_even({0: cost(1.0, 0.1)}, {1: cost(1.0, 0.1)}, gain=0.0, margin=0.01, rng=np.random.default_rng(0)).state
        is State.NOT_COMPARABLE
    )


def test_the_interval_widens_with_the_spread_of_timings_and_repeats_itself() -> None:
    spread = np.random.default_rng(1).lognormal(-5.0, 1.0, 100)
    costs = {0: cost(9.0, 1e-5), 1: cost(11.0, 1e-5)}, {0: cost(0.1, tuple(spread)), 1: cost(0.1, tuple(spread))}
    first, second = (break_even(*costs, gain=0.0, margin=0.01, rng=np.random.default_rng(0)) for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.high is not None
    assert first.questions is not None
    assert first.low < 0.9 * first.questions < 1.1 * first.questions < first.high


def test_draws_that_do_not_cross_count_as_at_once_or_never() -> None:
    draws = np.array([[1.0, 1.0]] * 10 + [[1.0, -1.0]] * 5 + [[-1.0, 1.0]] * 5)
    assert interval(draws, until=False) == (0.0, math.inf)
    draws = np.array([[-1.0, -1.0]] * 10 + [[1.0, -1.0]] * 5 + [[-1.0, 1.0]] * 5)
    assert interval(draws, until=True) == (0.0, math.inf)
