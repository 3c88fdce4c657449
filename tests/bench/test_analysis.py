from __future__ import annotations

import dataclasses
import json
import math
from types import ModuleType

import numpy as np
import pytest

from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.results import Run
from solomonic.bench.scores import state_growth
from solomonic.errors import InputError
from solomonic.tasks.metrics import metric

ROW_KEYS = {
    "suite", "task", "learner", "kind", "keeps_data", "sees_batch", "metric", "higher_is_better", "score", "low", "high", "floor", "n", "seeds",
    "study_cpu_s", "study_wall_s", "answer_p50_s", "answer_p95_s", "answer_batch_s", "state_bytes", "peak_bytes", "state_growth",
}  # fmt: skip
PAIR_KEYS = {"task", "a", "b", "difference", "low", "high", "p_holm", "nfr", "pfr"}
CROSSING_KEYS = {"task", "inductive", "transductive", "state", "questions", "low", "high"}


def test_the_json_keeps_the_contract(core: Analysis) -> None:
    out = json.loads(json.dumps(core.as_json(), allow_nan=False))
    assert out["schema_version"] == 1
    assert {"run", "verdict", "outcomes", "rows", "pairs", "break_even"} <= set(out)
    assert all(set(entry) >= ROW_KEYS for entry in out["rows"])
    assert all(set(entry) >= PAIR_KEYS for entry in out["pairs"])
    assert all(set(entry) >= CROSSING_KEYS for entry in out["break_even"])
    assert all(set(entry) >= {"task", "outcome", "winner"} for entry in out["outcomes"])
    assert {entry["outcome"] for entry in out["outcomes"]} <= {"differ", "equivalent", "cannot tell"}
    assert {entry["state"] for entry in out["break_even"]} <= {"now", "after", "never", "not comparable"}


def test_numbers_that_are_not_finite_are_null_in_json(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(n=40, seeds=1, curves=False)
    rows = tuple(dataclasses.replace(row, scores={"accuracy": row.scores["accuracy"], "log_loss": math.inf}) for row in cells[2].rows)
    broken = [dataclasses.replace(cells[2], rows=rows), *cells[3:]]
    found = analyse(synthetic.run((dataclasses.replace(meta, metrics=("log_loss", "accuracy")), broken)))
    out = json.loads(json.dumps(found.as_json(), allow_nan=False))
    assert next(row for row in out["rows"] if (row["learner"], row["metric"]) == ("maxent", "log_loss"))["score"] is None
    assert all(pair["outcome"] == "cannot tell" for pair in out["pairs"] if "maxent" in (pair["a"], pair["b"]))


def test_there_is_a_row_a_learner_and_metric(core: Analysis, core_run: Run) -> None:
    keys = [(row.task, row.learner, row.metric) for row in core.rows]
    assert len(keys) == len(set(keys))
    for meta in core_run.tasks:
        learners = {cell.learner for cell in core_run.cells if cell.task == meta.name}
        assert {key for key in keys if key[0] == meta.name} == {(meta.name, learner, name) for learner in learners for name in meta.metrics}
    frame = core.frame()
    assert list(zip(frame.task, frame.learner, frame.metric, strict=True)) == keys
    assert set(frame.columns) >= ROW_KEYS


def test_scores_are_means_over_questions_and_leave_the_rehearsal_out(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(n=100, seeds=2)
    row = analyse(synthetic.run((meta, cells))).task("digits").row("mlp")
    rights = [row.scores["accuracy"] for cell in cells if cell.learner == "mlp" and cell.fraction == 1.0 for row in cell.rows]
    assert row is not None
    assert row.score == pytest.approx(np.mean(rights))
    assert (row.n, row.seeds) == (100, 2)


def test_a_score_that_is_no_mean_is_the_mean_of_its_values_over_the_seeds(synthetic: ModuleType) -> None:
    meta, cells = synthetic.number_task(n=60, seeds=3)
    row = analyse(synthetic.run((meta, cells))).task("diabetes").row("linear")
    by_seed = [
        metric("rmse").estimate(np.array([row.scores["rmse"] for row in cell.rows if row.part == "exam"]))
        for cell in cells
        if cell.learner == "linear" and cell.fraction == 1.0
    ]
    assert row is not None
    assert row.score == pytest.approx(np.mean(by_seed))


def test_the_floor_is_the_best_floor_and_learners_below_it_are_marked(synthetic: ModuleType) -> None:
    students = (
        synthetic.Student("low", "floor", 0.0),
        synthetic.Student("high", "floor", 1.0),
        synthetic.Student("bad", "inductive", 0.5),
        synthetic.Student("good", "transductive", 2.0),
    )
    rows = {row.learner: row for row in analyse(synthetic.run(synthetic.split_task(n=400, students=students))).task("digits").main_rows()}
    assert {row.floor for row in rows.values()} == {rows["high"].score}
    assert {name for name, row in rows.items() if row.under_floor} == {"bad"}


def test_a_loss_above_the_floor_is_under_it(synthetic: ModuleType) -> None:
    students = (
        synthetic.Student("mean", "floor", -4.0),
        synthetic.Student("worse", "inductive", -4.4),
        synthetic.Student("better", "transductive", -3.6),
    )
    rows = {row.learner: row for row in analyse(synthetic.run(synthetic.number_task(n=60, students=students))).task("diabetes").main_rows()}
    assert {name for name, row in rows.items() if row.under_floor} == {"worse"}


def test_costs_are_means_over_seeds_and_percentiles_over_questions(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(n=60, seeds=3)
    row = analyse(synthetic.run((meta, cells))).task("digits").row("nearest")
    mine = [cell.cost for cell in cells if cell.learner == "nearest" and cell.fraction == 1.0]
    assert row is not None
    assert row.study_cpu_s == pytest.approx(np.mean([cost.study_cpu_s for cost in mine]))
    assert row.answer_p95_s == pytest.approx(np.percentile([second for cost in mine for second in cost.answer_s], 95))
    assert row.state_bytes == round(np.mean([cost.state_bytes for cost in mine]))


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0])
def test_growth_is_the_exponent_of_the_state_against_observations(synthetic: ModuleType, exponent: float) -> None:
    student = synthetic.Student("one", "transductive", 2.0, state=1_000_000, growth=exponent)
    _, cells = synthetic.split_task(n=60, seeds=2, students=(student,))
    assert state_growth(cells) == pytest.approx(exponent, abs=0.01)


def test_growth_is_unknown_where_one_size_was_seen(synthetic: ModuleType) -> None:
    _, cells = synthetic.split_task(n=60, seeds=2, curves=False)
    assert state_growth(cells) is None


def test_curves_have_a_point_a_lesson_size_and_end_at_the_score(core: Analysis) -> None:
    task = core.task("digits")
    for curve in task.curves:
        row = task.row(curve.learner)
        assert row is not None
        assert [point.fraction for point in curve.points] == [0.125, 0.25, 0.5, 1.0]
        assert [point.x for point in curve.points] == [30.0, 60.0, 120.0, 240.0]
        assert curve.points[-1].score == pytest.approx(row.score)


def test_streams_and_sequences_have_scores_along_the_way(core: Analysis) -> None:
    for name in ("shift", "sequences"):
        curves = core.task(name).curves
        assert {curve.axis for curve in curves} == {"along"}
        assert all(len(curve.points) == 12 for curve in curves)
    shift = {curve.learner: [point.score for point in curve.points] for curve in core.task("shift").curves}
    assert min(shift["mlp"]) == shift["mlp"][6]


def test_questions_that_come_back_have_a_score_each_time(core: Analysis) -> None:
    task = core.task("again")
    assert {one.round for one in task.rounds} == {0, 1, 2, 3}
    for learner in task.kinds:
        row = task.row(learner)
        assert row is not None
        assert np.mean([one.score for one in task.rounds if one.learner == learner]) == pytest.approx(row.score)
    assert core.task("digits").rounds == ()


def test_learning_curves_of_repeated_questions_use_the_first_asking(core: Analysis) -> None:
    task = core.task("again")
    first = {one.learner: one.score for one in task.rounds if one.round == 0}
    assert {curve.learner: curve.points[-1].score for curve in task.curves} == pytest.approx(first)


def test_reliability_bins_hold_every_answer_once(core: Analysis, core_run: Run) -> None:
    for diagram in core.task("digits").reliability:
        cells = [cell for cell in core_run.cells if (cell.task, cell.learner, cell.fraction) == ("digits", diagram.learner, 1.0)]
        assert sum(bin.n for bin in diagram.bins) == sum(len(cell.rows) for cell in cells)
        assert [bin.confidence for bin in diagram.bins] == sorted(bin.confidence for bin in diagram.bins)
        assert all(bin.low <= bin.accuracy <= bin.high for bin in diagram.bins)
    assert core.task("diabetes").reliability == ()


def test_a_wider_margin_turns_uncertainty_into_equivalence(core_run: Run) -> None:
    wide = analyse(core_run, margin=0.2)
    assert {str(outcome.outcome) for outcome in wide.outcomes if outcome.task in ("digits", "breast-cancer", "again")} == {"equivalent"}
    assert all(outcome.winner is None for outcome in wide.outcomes if str(outcome.outcome) != "differ")


@pytest.mark.parametrize("margin", [0.0, -0.1, math.nan, math.inf])
def test_a_margin_must_be_above_zero(core_run: Run, margin: float) -> None:
    with pytest.raises(InputError, match="margin is"):
        analyse(core_run, margin=margin)


def test_tasks_are_found_by_name_and_an_unknown_one_names_the_others(core: Analysis) -> None:
    assert core.task("core/digits") is core.task("digits")
    with pytest.raises(InputError, match=r"no task is called 'nope'; give one of: core/digits"):
        core.task("nope")


def test_a_name_that_two_suites_share_needs_its_suite(synthetic: ModuleType) -> None:
    both = analyse(
        synthetic.run(synthetic.split_task(n=40, seeds=1, curves=False), synthetic.split_task(suite="other", n=40, seeds=1, curves=False))
    )
    with pytest.raises(InputError, match="several tasks are called"):
        both.task("digits")
    assert both.task("other/digits").meta.suite == "other"


def test_a_run_without_cells_has_an_analysis(synthetic: ModuleType) -> None:
    empty = analyse(synthetic.run((synthetic.split_task(n=20, seeds=1)[0], []), failed=["core/digits maxent seed 0: ValueError"]))
    assert (empty.rows, empty.pairs, empty.outcomes) == ((), (), ())
    assert "nothing was compared" in empty.as_json()["verdict"]
    assert list(empty.frame().columns)


def test_an_analysis_repeats_itself(core: Analysis, core_run: Run) -> None:
    assert analyse(core_run).as_json() == core.as_json()
