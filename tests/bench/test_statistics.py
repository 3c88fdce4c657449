from __future__ import annotations

import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.bench.pairs import Outcome, decide
from solomonic.bench.statistics import (
    PAIR_PSEUDO,
    SCORE_PSEUDO,
    TIE,
    bell_mccaffrey_df,
    block_length,
    estimate,
    holm,
    p_value,
    t_quantile,
)

PAIR = {"pseudo": PAIR_PSEUDO, "bounds": (-1.0, 1.0)}
SCORE = {"pseudo": SCORE_PSEUDO, "bounds": (0.0, 1.0)}
DESIGNS = 26

samples = st.lists(st.tuples(st.integers(0, 6), st.sampled_from([-1.0, 0.0, 0.0, 0.5, 1.0])), min_size=1, max_size=40)


def alone(n: int) -> np.ndarray:
    return np.arange(n)


@pytest.mark.parametrize("place", range(DESIGNS))
def test_intervals_hold_the_truth_as_often_as_they_promise(simulation: ModuleType, place: int) -> None:
    design = simulation.DESIGNS[place]
    share, _ = simulation.coverage(design, trials=500, rng=np.random.default_rng(0))
    assert (0.92 <= share <= 0.98) if design.held_to_bar else share >= 0.88, design.name


def test_every_design_of_the_benchmark_is_tested(simulation: ModuleType) -> None:
    assert len(simulation.DESIGNS) == DESIGNS


@pytest.mark.parametrize("classes", [True, False])
def test_equal_learners_are_rarely_said_to_differ(simulation: ModuleType, classes: bool) -> None:
    assert simulation.false_differences(trials=500, rng=np.random.default_rng(0), classes=classes) <= 0.06


@pytest.mark.parametrize("n", [80, 1500])
@pytest.mark.parametrize("classes", [True, False])
def test_equal_learners_are_rarely_said_to_differ_on_a_stream(simulation: ModuleType, n: int, classes: bool) -> None:
    assert simulation.false_differences_on_streams(trials=500, rng=np.random.default_rng(0), n=n, classes=classes) <= 0.06


def test_the_champion_of_many_equals_gains_nothing_when_each_seed_chooses_for_itself(simulation: ModuleType) -> None:
    bias, share = simulation.champions(trials=2000, rng=np.random.default_rng(0), nested=True)
    assert abs(bias) <= 0.001
    assert share <= 0.06
    leaking, _ = simulation.champions(trials=500, rng=np.random.default_rng(0), nested=False)
    assert leaking > 0.004


def test_a_difference_as_large_as_the_margin_is_rarely_called_equivalent(simulation: ModuleType) -> None:
    assert simulation.false_equivalence(trials=500, rng=np.random.default_rng(0)) <= 0.05


def test_single_questions_without_pseudo_observations_give_students_interval() -> None:
    values = np.random.default_rng(1).standard_normal(17)
    found = estimate(values, alone(17))
    half = t_quantile(16) * values.std(ddof=1) / math.sqrt(17)
    assert (found.value, found.low, found.high) == pytest.approx((values.mean(), values.mean() - half, values.mean() + half))
    assert found.df == pytest.approx(16)


def test_p_value_is_that_of_the_t_test() -> None:
    from scipy.stats import ttest_1samp

    values = np.random.default_rng(2).standard_normal(23) + 0.4
    assert estimate(values, alone(23)).p == pytest.approx(ttest_1samp(values, 0.0).pvalue)


@pytest.mark.parametrize(("both", "only_a", "only_b"), [(70, 7, 3), (60, 0, 0), (10, 5, 5), (300, 1, 0)])
def test_single_right_or_wrong_answers_give_the_interval_of_bonett_and_price(both: int, only_a: int, only_b: int) -> None:
    values = np.concatenate([np.zeros(both), np.ones(only_a), -np.ones(only_b)])
    n = len(values)
    p, q = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    se = math.sqrt((p + q - (p - q) ** 2) / (n + 2)) * math.sqrt((n + 2) / (n + 1))
    found = estimate(values, alone(n), **PAIR)
    assert found.se == pytest.approx(se)
    assert found.high == pytest.approx(max(found.value, p - q + t_quantile(n - 1) * se))


@pytest.mark.parametrize(("right", "n"), [(30, 40), (40, 40), (0, 12)])
def test_single_scores_give_the_interval_of_agresti_and_coull(right: int, n: int) -> None:
    values = np.concatenate([np.ones(right), np.zeros(n - right)])
    middle = (right + 2) / (n + 4)
    se = math.sqrt(middle * (1 - middle) / (n + 3))
    found = estimate(values, alone(n), **SCORE)
    assert found.low == pytest.approx(min(right / n, max(0.0, middle - t_quantile(n - 1) * se)))
    assert found.high == pytest.approx(max(right / n, min(1.0, middle + t_quantile(n - 1) * se)))


@given(samples)
@settings(max_examples=150, deadline=None)
def test_the_interval_contains_the_plain_mean_and_keeps_to_the_scale(sample: list[tuple[int, float]]) -> None:
    units, values = np.array([unit for unit, _ in sample]), np.array([value for _, value in sample])
    found = estimate(values, units, **PAIR)
    assert found.value == pytest.approx(values.mean())
    assert -1.0 <= found.low <= found.value <= found.high <= 1.0
    assert 0.0 <= found.p <= 1.0


@given(samples, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_neither_the_order_of_questions_nor_the_names_of_units_matter(sample: list[tuple[int, float]], random: object) -> None:
    shuffled = list(sample)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    first = estimate(np.array([v for _, v in sample]), np.array([u for u, _ in sample]), **PAIR)
    second = estimate(np.array([v for _, v in shuffled]), np.array([100 - 3 * u for u, _ in shuffled]), **PAIR)
    assert (first.low, first.high, first.p) == pytest.approx((second.low, second.high, second.p), abs=1e-12)


@given(samples)
@settings(max_examples=60, deadline=None)
def test_swapping_the_learners_turns_the_interval_round(sample: list[tuple[int, float]]) -> None:
    units, values = np.array([unit for unit, _ in sample]), np.array([value for _, value in sample])
    one, other = estimate(values, units, **PAIR), estimate(-values, units, **PAIR)
    assert (one.low, one.high, one.p) == pytest.approx((-other.high, -other.low, other.p), abs=1e-12)


def reference_variance(values: np.ndarray, units: np.ndarray) -> float:
    """The variance of a mean over clusters, as written: residual totals with the correction of Bell & McCaffrey."""
    n, mean, total = len(values), values.mean(), 0.0
    for unit in set(units.tolist()):
        residual = sum(value - mean for value, mine in zip(values, units, strict=True) if mine == unit)
        share = sum(mine == unit for mine in units) / n
        total += residual**2 / (1.0 - share)
    return float(total / n**2)


@given(samples.filter(lambda sample: len({unit for unit, _ in sample}) > 1))
@settings(max_examples=80, deadline=None)
def test_the_variance_over_units_equals_the_plain_reference(sample: list[tuple[int, float]]) -> None:
    units, values = np.array([unit for unit, _ in sample]), np.array([value for _, value in sample])
    assert estimate(values, units).se == pytest.approx(math.sqrt(reference_variance(values, units)), abs=1e-12)


@given(st.lists(st.integers(1, 30), min_size=2, max_size=12))
@settings(max_examples=80, deadline=None)
def test_degrees_of_freedom_equal_those_of_the_full_matrix(sizes: list[int]) -> None:
    share = np.array(sizes) / sum(sizes)
    correct = 1.0 / np.sqrt(1.0 - share)
    matrix = np.outer(correct, correct) * (np.diag(share) - np.outer(share, share))
    expected = np.trace(matrix) ** 2 / np.trace(matrix @ matrix)
    assert bell_mccaffrey_df(np.array(sizes, dtype=float)) == pytest.approx(expected)


def test_equal_units_have_one_degree_of_freedom_less_than_their_number() -> None:
    assert bell_mccaffrey_df(np.full(9, 4.0)) == pytest.approx(8.0)
    assert bell_mccaffrey_df(np.array([100.0, 1.0, 1.0, 1.0])) < 2.0


def test_blocks_equal_the_plain_reference_and_never_cross_a_stream() -> None:
    rng = np.random.default_rng(3)
    streams = np.repeat([0, 1, 2], [90, 90, 70])
    values = rng.standard_normal(250)
    length = block_length(90)
    mean, n = values.mean(), len(values)
    squares = []
    for stream in (0, 1, 2):
        mine = values[streams == stream]
        squares += [sum(mine[i : i + length] - mean) ** 2 for i in range(len(mine) - length + 1)]
    expected = np.mean(squares) / length / (1.0 - length / n) / n
    found = estimate(values, streams, blocks=True)
    assert found.se**2 == pytest.approx(expected)
    assert found.units == sum(size // length for size in (90, 90, 70))
    assert found.df == found.units - 1


def test_dependence_along_a_stream_widens_the_interval() -> None:
    noise = np.random.default_rng(4).standard_normal(400)
    smooth = np.convolve(noise, np.ones(10) / 10, mode="same")
    streams = np.zeros(400, dtype=int)
    assert estimate(smooth, streams, blocks=True).se > 2.0 * estimate(smooth, alone(400)).se


def test_a_group_answered_alike_counts_less_than_as_many_single_questions() -> None:
    units = np.repeat(np.arange(20), 10)
    values = np.repeat(np.random.default_rng(5).choice([-1.0, 0.0, 1.0], 20), 10)
    assert estimate(values, units, **PAIR).se > 2.5 * estimate(values, alone(200), **PAIR).se


@given(st.integers(2, 270))
@settings(max_examples=40, deadline=None)
def test_equal_answers_on_few_questions_are_never_called_equivalent(n: int) -> None:
    found = estimate(np.zeros(n), alone(n), **PAIR)
    assert found.low < 0.0 < found.high
    assert decide(found, found.p, 0.01) is Outcome.CANNOT_TELL


def test_learners_that_answer_alike_are_equivalent_from_277_questions_on() -> None:
    outcomes = [decide(found, found.p, 0.01) for found in (estimate(np.zeros(n), alone(n), **PAIR) for n in (276, 277, 1000))]
    assert outcomes == [Outcome.CANNOT_TELL, Outcome.EQUIVALENT, Outcome.EQUIVALENT]


def test_equal_answers_in_few_sequences_are_not_taken_for_certainty() -> None:
    tied = estimate(np.zeros(2048), np.repeat(np.arange(8), 256), **PAIR)
    free = estimate(np.zeros(2048), alone(2048), **PAIR)
    assert tied.high > 10.0 * free.high
    assert decide(tied, tied.p, 0.01) is Outcome.CANNOT_TELL


def test_pseudo_questions_stand_for_the_assumed_tie_only_while_nothing_is_known() -> None:
    units = np.repeat(np.arange(40), 25)
    assumed = 1.0 + TIE * 24.0
    total = 1000.0 + 2.0 * assumed
    nothing = estimate(np.zeros(1000), units, **PAIR)
    assert nothing.se == pytest.approx(math.sqrt(2.0 * assumed**2 / (1.0 - assumed / total)) / total)
    values = np.random.default_rng(6).choice([-1.0, 0.0, 1.0], 1000, p=[0.1, 0.8, 0.1])
    plain = estimate(values, units)
    assert estimate(values, units, **PAIR).se == pytest.approx(plain.se, rel=0.05)


def test_averaging_over_seeds_counts_a_question_once() -> None:
    rng = np.random.default_rng(7)
    per_seed = rng.choice([-1.0, 0.0, 1.0], (60, 3))
    found = estimate(per_seed.mean(axis=1), alone(60), **PAIR)
    assert found.n == 60
    assert found.se > 1.5 * estimate(np.repeat(per_seed.mean(axis=1), 3), alone(180), **PAIR).se


@pytest.mark.parametrize("values", [[], [0.3], [math.nan, 1.0, 2.0], [math.inf, 1.0, 2.0]])
def test_where_nothing_is_known_the_interval_is_the_whole_scale(values: list[float]) -> None:
    found = estimate(np.array(values), alone(len(values)), bounds=(-1.0, 1.0))
    assert (found.low, found.high, found.p) == (-1.0, 1.0, 1.0)


def test_one_unit_says_nothing_however_many_questions_it_has() -> None:
    assert estimate(np.ones(500), np.zeros(500, dtype=int), **PAIR).low == -1.0


def test_blocks_are_longer_in_longer_streams_and_never_longer_than_the_stream() -> None:
    lengths = [block_length(n) for n in (0, 1, 2, 10, 80, 1000, 45_000)]
    assert lengths == sorted(lengths)
    assert lengths[:3] == [1, 1, 2]
    assert lengths[4] == 12


def reference_holm(p_values: list[float], alpha: float) -> set[int]:
    """Holm's procedure as he states it: reject in rising order until one fails."""
    rejected: set[int] = set()
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if p_values[i] >= alpha / (len(p_values) - rank):
            break
        rejected.add(i)
    return rejected


@given(st.lists(st.floats(0.0, 1.0), max_size=20), st.sampled_from([0.01, 0.05, 0.2]))
@settings(max_examples=100, deadline=None)
def test_holm_rejects_what_the_stepwise_procedure_rejects(p_values: list[float], alpha: float) -> None:
    adjusted = holm(p_values)
    close = any(math.isclose(p, alpha, rel_tol=1e-9) for p in adjusted)
    assert close or {i for i, p in enumerate(adjusted) if p < alpha} == reference_holm(p_values, alpha)
    assert all(a >= p for a, p in zip(adjusted, p_values, strict=True))


def test_a_difference_without_spread_is_certain_and_none_is_not() -> None:
    assert p_value(0.2, 0.0, 5.0) == 0.0
    assert p_value(0.0, 0.0, 5.0) == 1.0
