from __future__ import annotations

import dataclasses
import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.bench.analysis import Analysis, TaskAnalysis, analyse
from solomonic.bench.break_even import BreakEven, State
from solomonic.bench.pairs import Outcome
from solomonic.bench.verdict import cost_clause, task_verdict, verdict
from solomonic.bench.wording import bracket, decimals, listed, number, rounded, seconds, size


@pytest.fixture(scope="module")
def digits(synthetic: ModuleType) -> TaskAnalysis:
    """A task with one learner a family: mlp and nearest."""
    students = [student for student in synthetic.STUDENTS if student.name in ("majority", "mlp", "nearest")]
    return analyse(synthetic.run(synthetic.split_task(n=300, students=students))).tasks[0]


def posed(
    task: TaskAnalysis, outcome: Outcome, difference: tuple[float, float, float], winner: str | None = None, p: float = 0.5
) -> TaskAnalysis:
    """The task with another outcome of its two champions, mlp and nearest."""
    pair = task.outcome.pair
    assert pair is not None
    value, low, high = difference
    kind = task.kinds[winner] if winner else None
    pair = dataclasses.replace(pair, difference=value, low=low, high=high, outcome=outcome, winner=winner, p=p)
    told = dataclasses.replace(
        task.outcome, outcome=outcome, winner=winner, winner_kind=kind, difference=value, low=low, high=high, pair=pair
    )  # fmt: skip
    return dataclasses.replace(task, outcome=told)


def costing(task: TaskAnalysis, result: BreakEven) -> TaskAnalysis:
    return dataclasses.replace(task, crossings=(dataclasses.replace(task.crossings[0], result=result),))


def test_an_equivalence_reads_as_the_design_says(digits: TaskAnalysis) -> None:
    task = costing(posed(digits, Outcome.EQUIVALENT, (-0.002, -0.008, 0.004)), BreakEven(State.AFTER, questions=1312.0))
    assert task_verdict(task) == "nearest and mlp are equivalent (difference 0.002 [-0.004, 0.008]); studying pays after 1,300 questions"


def test_a_winner_is_named_with_its_gain(digits: TaskAnalysis) -> None:
    task = costing(posed(digits, Outcome.DIFFER, (-0.016, -0.025, -0.007), "nearest"), BreakEven(State.NEVER))
    assert task_verdict(task) == "nearest beats mlp by 0.016 [0.007, 0.025]; studying never pays"
    assert task_verdict(posed(digits, Outcome.DIFFER, (0.016, 0.007, 0.025), "mlp")).startswith("mlp beats nearest by 0.016 [0.007, 0.025]")


def test_uncertainty_names_no_winner(digits: TaskAnalysis) -> None:
    text = task_verdict(posed(digits, Outcome.CANNOT_TELL, (-0.004, -0.018, 0.010)))
    assert text.startswith("cannot tell nearest and mlp apart (difference 0.004 [-0.010, 0.018])")
    assert "beats" not in text
    assert "wins" not in text


def test_an_interval_that_leaves_zero_out_before_correction_says_so(digits: TaskAnalysis) -> None:
    text = task_verdict(posed(digits, Outcome.CANNOT_TELL, (-0.02, -0.03, -0.01), p=0.003))
    assert "not beyond chance once all pairs are counted" in text


def test_losses_are_told_with_their_unit_and_less_is_better(core: Analysis) -> None:
    assert re.search(r"ctw and ngram apart \(difference 0\.\d{3} \[-?\d.*\] bits", task_verdict(core.task("sequences")))
    assert "in RMSE" in task_verdict(core.task("diabetes"))


@pytest.mark.parametrize(
    ("result", "text"),
    [
        (BreakEven(State.NOW), "studying pays from the first question"),
        (BreakEven(State.NOW, until=523.0), "studying is cheaper up to 520 questions, remembering after"),
        (BreakEven(State.AFTER, questions=12.3), "studying pays after 12 questions"),
        (BreakEven(State.NEVER), "studying never pays"),
        (BreakEven(State.NOT_COMPARABLE, reason="costs are not compared, as one is missing"), "costs are not compared, as one is missing"),
    ],
)
def test_each_state_of_the_costs_has_its_words(result: BreakEven, text: str) -> None:
    assert cost_clause(result) == text


def test_a_learner_under_its_floor_is_named(synthetic: ModuleType) -> None:
    students = (
        synthetic.Student("floor", "floor", 2.0),
        synthetic.Student("bad", "inductive", 0.5),
        synthetic.Student("good", "transductive", 3.0),
    )
    text = verdict(analyse(synthetic.run(synthetic.split_task(n=300, students=students))))
    assert "bad scores under the floor" in text
    assert "good score" not in text


def test_who_does_not_beat_the_floor_is_told(synthetic: ModuleType) -> None:
    students = (
        synthetic.Student("floor", "floor", 1.0),
        synthetic.Student("a", "inductive", 1.02),
        synthetic.Student("b", "transductive", 1.03),
    )
    text = verdict(analyse(synthetic.run(synthetic.split_task(n=200, students=students))))
    assert "is shown to beat the floor" in text or "under the floor" in text


def test_champions_that_change_are_named_with_their_seeds(core: Analysis) -> None:
    assert re.search(r"nearest and mlp/boosting \(4 \+ 1 seeds\) apart", task_verdict(core.task("digits")))


def test_several_tasks_get_a_summary_and_a_line_each(core: Analysis) -> None:
    lines = verdict(core).splitlines()
    assert lines[0].startswith("Of 6 tasks: ")
    assert [line.split(": ")[0] for line in lines[1:]] == [task.meta.name for task in core.tasks]
    counted = sum(int(count) for count in re.findall(r"(?:wins|on) (\d+) \(", lines[0]))
    assert counted == 6


def test_one_task_gets_one_sentence(synthetic: ModuleType) -> None:
    assert "\n" not in verdict(analyse(synthetic.run(synthetic.split_task(n=60))))


def test_nobody_wins_where_no_task_differs(core: Analysis) -> None:
    text = verdict(core)
    assert all(outcome.outcome is not Outcome.DIFFER for outcome in core.outcomes) == ("beats" not in text)


@given(st.floats(1.0, 1e12))
def test_counts_of_questions_have_two_figures(value: float) -> None:
    shown = int(rounded(value).replace(",", ""))
    assert abs(shown - value) <= 0.0501 * value + 0.5
    assert len(str(shown).rstrip("0")) <= 2


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_zero_has_no_sign(value: float, places: int) -> None:
    assert not re.fullmatch(r"-0(\.0*)?", number(value, places))


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (seconds(0.0), "<0.001"), (seconds(0.0123), "0.012"), (seconds(0.5), "0.50"), (seconds(12.345), "12.3"), (seconds(4567.0), "4,570"),
        (seconds(None), "-"), (size(90), "90 B"), (size(5400), "5.4 kB"), (size(760_000), "760 kB"), (size(2_400_000_000), "2.4 GB"),
        (bracket(-float("inf"), float("inf"), 3), "[unknown]"), (listed(["a", "b", "c"]), "a, b and c"), (listed([]), ""), (rounded(0.4), "1"),
        (rounded(float("inf")), "never"), (str(decimals("rmse", 5.2, 1.9, 8.5)), "1"), (str(decimals("log_loss", 0.06, 0.0, 0.11)), "3"),
    ],
)  # fmt: skip
def test_numbers_are_written_plainly(shown: str, expected: str) -> None:
    assert shown == expected
