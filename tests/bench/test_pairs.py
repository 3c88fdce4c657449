from __future__ import annotations

import dataclasses
import itertools
import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.champions import choose
from solomonic.bench.pairs import Outcome, decide
from solomonic.bench.results import CellResult, Row, Run, TaskMeta
from solomonic.bench.scores import resolved_margin
from solomonic.bench.sheets import COMPARED_ANSWERS, Selection, Sheet, sheets
from solomonic.bench.statistics import Estimate, estimate


def made(
    synthetic: ModuleType, answers: dict[str, dict[int, dict[str, float]]], *, kinds: dict[str, str] | None = None, **changes: object
) -> Run:
    """A run of one task from learner -> seed -> question -> right (1) or wrong (0)."""
    fields = {"exam": "split", "resample_by": "question", **changes}
    meta = TaskMeta("suite", "task", "", fields["exam"], "class", ("accuracy",), fields["resample_by"], 2)  # type: ignore[arg-type]
    cells = []
    for name, seeds in answers.items():
        student = synthetic.Student(name, (kinds or {}).get(name, "inductive"), 0.0)
        for seed, given_answers in seeds.items():
            rows = [Row(question, "exam", 0, question, right, 1.0, {"accuracy": right}) for question, right in given_answers.items()]
            cells.append(synthetic.cell(meta, student, rows, seed=seed))
    made_run: Run = synthetic.run((meta, cells))
    return made_run


def interval(low: float, high: float) -> Estimate:
    return Estimate((low + high) / 2, low, high, 10, 10, 9.0, 0.1, 0.5)


def test_outcomes_are_decided_by_the_interval_first_and_then_by_p() -> None:
    assert decide(interval(-0.01, 0.01), 0.9, 0.01) is Outcome.EQUIVALENT
    assert decide(interval(0.002, 0.008), 0.0, 0.01) is Outcome.EQUIVALENT
    assert decide(interval(0.002, 0.02), 0.01, 0.01) is Outcome.DIFFER
    assert decide(interval(0.002, 0.02), 0.05, 0.01) is Outcome.CANNOT_TELL
    assert decide(interval(-math.inf, math.inf), 1.0, 0.01) is Outcome.CANNOT_TELL
    assert decide(interval(-0.001, 0.001), 0.0, math.nan) is Outcome.DIFFER


def test_a_difference_is_the_mean_over_questions_of_means_over_the_seeds_that_both_have(synthetic: ModuleType) -> None:
    a = {0: {"x": 1.0, "y": 1.0}, 1: {"x": 0.0, "z": 1.0}, 2: {"x": 1.0}}
    b = {0: {"x": 0.0, "y": 1.0}, 1: {"x": 0.0, "z": 0.0}}
    pair = analyse(made(synthetic, {"a": a, "b": b})).pairs[0]
    assert pair.n == 3
    assert pair.difference == pytest.approx(((1.0 + 0.0) / 2 + 0.0 + 1.0) / 3)


def test_pairs_do_not_depend_on_the_order_of_rows_or_cells(synthetic: ModuleType) -> None:
    rng = np.random.default_rng(0)
    answers = {
        name: {seed: {f"q{i}": float(rng.integers(2)) for i in range(20)} for seed in range(3)} for name in ("a", "b")
    }  # fmt: skip
    turned = {name: {seed: dict(reversed(rows.items())) for seed, rows in reversed(seeds.items())} for name, seeds in answers.items()}
    first, second = (analyse(made(synthetic, one)).pairs[0] for one in (answers, turned))
    assert (first.difference, first.low, first.high, first.p) == pytest.approx((second.difference, second.low, second.high, second.p))


def test_every_pair_is_compared_but_two_floors(core: Analysis) -> None:
    task = core.task("digits")
    floors = {name for name, kind in task.kinds.items() if kind == "floor"}
    expected = [pair for pair in itertools.combinations(task.kinds, 2) if not set(pair) <= floors]
    assert [(pair.a, pair.b) for pair in task.pairs if {pair.a, pair.b} <= set(task.kinds)] == expected


def test_holm_counts_all_pairs_of_a_suite_and_no_other(synthetic: ModuleType) -> None:
    one = analyse(synthetic.run(synthetic.split_task("one", n=100, curves=False)))
    both = analyse(
        synthetic.run(synthetic.split_task("one", n=100, curves=False), synthetic.split_task("two", n=100, base=1, curves=False))
    )
    apart = analyse(
        synthetic.run(
            synthetic.split_task("one", n=100, curves=False), synthetic.split_task("two", suite="other", n=100, base=1, curves=False)
        )
    )
    least = [min(pair.p_holm for pair in found.pairs if pair.task == "one" and pair.p > 1e-12) for found in (one, both, apart)]
    assert least[0] == pytest.approx(least[2])
    assert least[1] > least[0]
    assert all(pair.p_holm >= pair.p for pair in both.pairs)


def test_streams_are_compared_without_their_opening(synthetic: ModuleType) -> None:
    meta, cells = synthetic.stream_task(n=100, seeds=2)
    sheet = Sheet(meta, cells)
    pair = analyse(synthetic.run((meta, cells))).pairs[-1]
    assert pair.n == 160
    scored = sheet.score("nearest", "accuracy")
    compared = sheet.score("nearest", "accuracy", COMPARED_ANSWERS)
    assert scored is not None
    assert compared is not None
    assert (scored.n, compared.n) == (200, 160)


def test_streams_take_blocks_within_each_seed_and_other_exams_take_units(synthetic: ModuleType) -> None:
    meta, cells = synthetic.stream_task(n=100, seeds=2)
    sheet = Sheet(meta, cells)
    found = sheet.difference("maxent", "nearest", "accuracy")
    rights = [
        [float(row.scores["accuracy"]) for cell in cells if cell.learner == name for row in cell.rows if row.part == "exam"]
        for name in ("maxent", "nearest")
    ]
    expected = estimate(
        np.subtract(*rights), np.repeat([0, 1], 80), blocks=True, pseudo=(1.0, -1.0), bounds=(-1.0, 1.0)
    )  # fmt: skip
    assert found is not None
    assert (found.low, found.high, found.units) == pytest.approx((expected.low, expected.high, expected.units))


def test_rounds_of_one_question_are_one_unit(synthetic: ModuleType) -> None:
    pair = analyse(synthetic.run(synthetic.repeat_task(n=40, seeds=2))).pairs[0]
    assert (pair.n, pair.n_units) == (160, 40)


def test_the_winner_is_the_better_one_whichever_way_the_metric_points(core: Analysis) -> None:
    for pair in core.pairs:
        if pair.winner is not None:
            assert pair.gain(pair.winner)[0] > 0
        kinds = core.task(f"{pair.suite}/{pair.task}").kinds
        if pair.winner is not None and {pair.a, pair.b} <= set(kinds):
            row = {row.learner: row.score for row in core.task(f"{pair.suite}/{pair.task}").main_rows()}
            better = max if pair.higher_is_better else min
            assert row[pair.winner] == better(row[pair.a], row[pair.b])


def test_gains_of_the_two_are_opposite(core: Analysis) -> None:
    for pair in core.pairs:
        a, b = pair.gain(pair.a), pair.gain(pair.b)
        assert a == pytest.approx((-b[0], -b[2], -b[1]))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=30))
@settings(max_examples=30, deadline=None)
def test_flips_are_the_two_ways_of_disagreeing(synthetic: ModuleType, rights: list[tuple[bool, bool]]) -> None:
    answers = {name: {0: {f"q{i}": float(pair[place]) for i, pair in enumerate(rights)}} for place, name in enumerate("ab")}
    pair = analyse(made(synthetic, answers)).pairs[0]
    assert pair.nfr == pytest.approx(sum(a and not b for a, b in rights) / len(rights))
    assert pair.pfr == pytest.approx(sum(b and not a for a, b in rights) / len(rights))
    assert pair.difference == pytest.approx(pair.nfr - pair.pfr)


def test_flips_are_only_given_for_classes(core: Analysis) -> None:
    assert all((pair.nfr is None) == (pair.task in ("diabetes", "sequences")) for pair in core.pairs)


def test_the_margin_is_absolute_for_fractions_and_else_relative_to_the_floor(core: Analysis) -> None:
    rows = core.task("diabetes").rows
    floor = next(row.floor for row in rows if row.metric == "rmse")
    assert resolved_margin(rows, "rmse", 0.02, y_type="number") == pytest.approx(0.02 * floor)
    assert resolved_margin(rows, "accuracy", 0.02, y_type="class") == 0.02
    assert resolved_margin(rows, "log_loss", 0.02, y_type="number") == 0.02
    without = [dataclasses.replace(row, floor=None) for row in rows]
    mean = np.mean([row.score for row in rows if row.metric == "rmse"])
    assert resolved_margin(without, "rmse", 0.02, y_type="number") == pytest.approx(0.02 * mean)


def test_a_metric_that_some_answers_lack_is_left_out(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(n=60, seeds=2, curves=False)
    bare = [
        dataclasses.replace(cell, rows=tuple(dataclasses.replace(row, scores={"accuracy": row.scores["accuracy"]}) for row in cell.rows))
        if cell.learner == "mlp"
        else cell
        for cell in cells
    ]
    rows = analyse(synthetic.run((meta, bare))).rows
    assert {row.metric for row in rows if row.learner == "mlp"} == {"accuracy"}
    assert {row.metric for row in rows if row.learner == "maxent"} == {"accuracy", "log_loss"}


def test_champions_are_the_best_on_the_rehearsal_whatever_the_exam_says(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(n=100, seeds=2)

    def swapped(cell: CellResult) -> CellResult:
        good = cell.learner == "boosting"
        rows = [
            dataclasses.replace(row, scores={**row.scores, "accuracy": float(good)}) if row.part == "rehearsal" else row
            for row in cell.rows
        ]
        return dataclasses.replace(cell, rows=tuple(rows))

    chosen = choose(Sheet(meta, [swapped(cell) for cell in cells]), "inductive", ["maxent", "mlp", "boosting"], "accuracy")
    assert (chosen.label, dict(chosen.candidates)["boosting"]) == ("boosting", 1.0)


def test_no_exam_answer_takes_part_in_the_choice(synthetic: ModuleType) -> None:
    meta, cells = synthetic.stream_task(n=100, seeds=2)
    blanked = [
        dataclasses.replace(
            cell, rows=tuple(dataclasses.replace(row, scores={"accuracy": 0.0}) if row.part == "exam" else row for row in cell.rows)
        )
        for cell in cells
    ]
    names = ["maxent", "mlp", "boosting"]
    first, second = (choose(Sheet(meta, some), "inductive", names, "accuracy") for some in (cells, blanked))
    assert first == second
    assert "opening" in first.how


def test_of_losses_the_smallest_is_chosen(synthetic: ModuleType) -> None:
    meta, cells = synthetic.sequence_task(length=40)
    chosen = choose(Sheet(meta, cells), "inductive", ["ngram", "kt"], "log_loss_bits")
    assert dict(chosen.candidates)[str(chosen.label)] == min(value for _, value in chosen.candidates)


def test_equals_are_settled_by_plan_order(synthetic: ModuleType) -> None:
    meta, cells = synthetic.split_task(
        n=60, seeds=2, students=(synthetic.Student("b", "inductive", 9.0), synthetic.Student("a", "inductive", 9.0))
    )
    assert choose(Sheet(meta, cells), "inductive", ["b", "a"], "accuracy").label == "b"


def episodic(synthetic: ModuleType, skills: dict[str, tuple[str, float]], n: int = 300) -> Analysis:
    rng = np.random.default_rng(1)
    level = rng.random(n)
    answers = {name: {0: {f"0/{i}": float(level[i] < skill) for i in range(n)}} for name, (_, skill) in skills.items()}
    return analyse(made(synthetic, answers, kinds={name: kind for name, (kind, _) in skills.items()}, exam="episodic"))


def test_without_a_rehearsal_families_differ_only_if_all_cross_pairs_agree(synthetic: ModuleType) -> None:
    skills = {"a": ("inductive", 0.5), "b": ("inductive", 0.55), "c": ("transductive", 0.8), "d": ("transductive", 0.9)}
    outcome = episodic(synthetic, skills).outcomes[0]
    assert (outcome.outcome, outcome.winner, outcome.first) == (Outcome.DIFFER, "transductive", None)
    assert all(champion.how == "not chosen: no rehearsal" for champion in outcome.champions)
    mixed = episodic(synthetic, {**skills, "e": ("inductive", 0.97)}).outcomes[0]
    assert (mixed.outcome, mixed.winner) == (Outcome.CANNOT_TELL, None)


def test_without_a_rehearsal_a_family_of_one_needs_no_choice(synthetic: ModuleType) -> None:
    outcome = episodic(synthetic, {"a": ("inductive", 0.5), "c": ("transductive", 0.9)}).outcomes[0]
    assert (outcome.first, outcome.second, outcome.winner) == ("a", "c", "c")


@pytest.mark.parametrize(
    ("skills", "compared"),
    [
        ({"a": ("inductive", 0.5), "h": ("hybrid", 0.9)}, {"a", "h"}),
        ({"a": ("inductive", 0.9), "f": ("floor", 0.5), "g": ("floor", 0.6)}, {"a", "g"}),
        ({"f": ("floor", 0.5), "g": ("floor", 0.6)}, set()),
        ({"a": ("inductive", 0.5), "b": ("inductive", 0.7), "h": ("hybrid", 0.9)}, set()),
    ],
)
def test_where_a_family_is_absent_the_learners_that_came_are_compared(
    synthetic: ModuleType, skills: dict[str, tuple[str, float]], compared: set[str]
) -> None:
    outcome = episodic(synthetic, skills).outcomes[0]
    assert {outcome.first, outcome.second} - {None} == compared
    assert outcome.families is False
    assert (outcome.outcome is Outcome.DIFFER) == bool(compared)


def rehearsed(synthetic: ModuleType, scores: dict[str, list[float]], kinds: dict[str, str] | None = None) -> list[CellResult]:
    """The cells of a split in which each learner has these shares of right answers on the rehearsals of seeds 0, 1, ..."""
    students = [synthetic.Student(name, (kinds or {}).get(name, "inductive"), 2.0) for name in scores]
    _, cells = synthetic.split_task(n=60, seeds=len(next(iter(scores.values()))), students=students)

    def set_to(cell: CellResult) -> CellResult:
        right = round(20 * scores[cell.learner][cell.seed])
        rows = [row for row in cell.rows if row.part != "rehearsal"]
        if cell.fraction == 0.5:
            rows += [synthetic.class_row(f"r{cell.seed}-{i}", i < right, 0.9, part="rehearsal") for i in range(20)]
        return dataclasses.replace(cell, rows=tuple(rows))

    return [set_to(cell) for cell in cells]


FAMILIES = {"a": "inductive", "b": "inductive", "m": "transductive"}


def in_families(synthetic: ModuleType, a: list[float], b: list[float]) -> tuple[TaskMeta, list[CellResult]]:
    cells = rehearsed(synthetic, {"a": a, "b": b, "m": [0.5] * len(a)}, FAMILIES)
    return synthetic.split_task(n=60)[0], cells


def test_each_seed_chooses_its_champion_on_its_own_rehearsal(synthetic: ModuleType) -> None:
    meta, cells = in_families(synthetic, [0.9, 0.6, 0.9], [0.8, 0.7, 0.8])
    inductive, memory = analyse(synthetic.run((meta, cells))).outcomes[0].champions
    assert inductive.side is not None
    assert dict(inductive.side.by_seed) == {0: "a", 1: "b", 2: "a"}
    assert (inductive.label, memory.label) == ("a/b (2 + 1 seeds)", "m")


def test_no_other_seed_has_a_say_in_a_seeds_champion(synthetic: ModuleType) -> None:
    ours, others = ([0.8, 0.9, 0.9], [0.85, 0.2, 0.2]), ([0.8, 0.1, 0.1], [0.85, 0.9, 0.9])
    for a, b in (ours, others):
        champion = choose(Sheet(*in_families(synthetic, a, b)), "inductive", ["a", "b"], "accuracy")
        assert champion.side is not None
        assert champion.side.by_seed[0] == "b"


def test_champions_that_change_are_compared_by_each_seeds_own_answers(synthetic: ModuleType) -> None:
    meta, cells = in_families(synthetic, [0.9, 0.6, 0.9], [0.8, 0.7, 0.8])
    found = analyse(synthetic.run((meta, cells)))
    outcome, speakers = found.outcomes[0], {0: "a", 1: "b", 2: "a"}
    exam = {
        (cell.learner, cell.seed): [row.scores["accuracy"] for row in cell.rows if row.part == "exam"]
        for cell in cells
        if cell.fraction == 1.0
    }
    values = [x - y for seed, name in speakers.items() for x, y in zip(exam[name, seed], exam["m", seed], strict=True)]
    expected = estimate(np.array(values), np.arange(60), pseudo=(1.0, -1.0), bounds=(-1.0, 1.0))
    assert outcome.pair is not None
    assert (outcome.difference, outcome.low, outcome.high) == pytest.approx((expected.value, expected.low, expected.high))
    assert outcome.pair.nfr == pytest.approx(np.mean([value > 0 for value in values]))
    costs = [next(c.cost.study_cpu_s for c in cells if (c.learner, c.seed, c.fraction) == (speakers[s], s, 1.0)) for s in range(3)]
    assert found.break_even[0].result.study_inductive_s == pytest.approx(np.mean(costs))
    assert (found.break_even[0].inductive, found.tasks[0].champions()) == (outcome.first, ("a", "b", "m"))


def test_holm_counts_one_comparison_more_where_champions_change(synthetic: ModuleType) -> None:
    same, changing = (
        analyse(synthetic.run(in_families(synthetic, a, [0.8, 0.7, 0.8]))) for a in ([0.9, 0.9, 0.9], [0.9, 0.6, 0.9])
    )  # fmt: skip
    assert [len(found.pairs) for found in (same, changing)] == [3, 4]
    assert same.outcomes[0].pair in same.pairs
    assert changing.outcomes[0].pair is changing.pairs[-1]
    assert (same.outcomes[0].first, changing.pairs[-1].a) == ("a", "a/b (2 + 1 seeds)")


def test_a_seed_without_a_rehearsal_has_no_champion_and_no_part_in_the_comparison(synthetic: ModuleType) -> None:
    meta, cells = in_families(synthetic, [0.9, 0.9, 0.9], [0.8, 0.7, 0.8])
    kept = [cell for cell in cells if (cell.seed, cell.fraction) != (2, 0.5)]
    outcome = analyse(synthetic.run((meta, kept))).outcomes[0]
    assert outcome.first == "a (2 seeds)"
    assert outcome.pair is not None
    assert outcome.pair.n == 40


def test_a_learner_that_missed_a_seeds_exam_is_not_its_champion(synthetic: ModuleType) -> None:
    meta, cells = in_families(synthetic, [0.9, 0.9, 0.9], [0.8, 0.7, 0.8])
    kept = [cell for cell in cells if (cell.learner, cell.seed, cell.fraction) != ("a", 2, 1.0)]
    assert analyse(synthetic.run((meta, kept))).outcomes[0].first == "a/b (2 + 1 seeds)"


@pytest.mark.parametrize(
    ("rehearsals", "compared"),
    [
        ({"a": [0.9, 0.9, 0.8], "b": [0.8, 0.8, 0.9], "c": [0.1, 0.1, 0.1]}, ("a", "b")),
        ({"a": [0.8, 0.8, 0.9], "b": [0.9, 0.9, 0.8], "c": [0.1, 0.1, 0.1]}, ("b", "a")),
        ({"a": [0.9, 0.9, 0.9], "b": [0.8, 0.8, 0.1], "c": [0.1, 0.1, 0.8]}, ("a", "b/c (2 + 1 seeds)")),
    ],
)
def test_without_one_of_the_families_the_best_two_on_the_rehearsal_are_compared(
    synthetic: ModuleType, rehearsals: dict[str, list[float]], compared: tuple[str, str]
) -> None:
    found = analyse(synthetic.run((synthetic.split_task(n=60)[0], rehearsed(synthetic, rehearsals))))
    outcome = found.outcomes[0]
    assert (outcome.first, outcome.second) == compared == tuple(champion.label for champion in outcome.champions)
    assert (outcome.families, found.break_even) == (False, ())


def test_hybrids_and_limits_are_never_champions(synthetic: ModuleType) -> None:
    students = (
        *synthetic.STUDENTS[:3],
        synthetic.STUDENTS[5],
        synthetic.Student("solomonic", "hybrid", 9.0),
        synthetic.Student("limit", "limit", 9.0),
    )
    found = analyse(synthetic.run(synthetic.split_task(n=100, students=students)))
    assert {found.outcomes[0].first, found.outcomes[0].second} == {"maxent", "nearest"}
    assert {"solomonic", "limit"} <= {row.learner for row in found.rows}


def test_selections_pick_parts_rounds_and_places(synthetic: ModuleType) -> None:
    meta, cells = synthetic.repeat_task(n=40, seeds=2)
    sheet = Sheet(meta, cells)
    assert sum(len(column.codes) for column in sheet.columns("mlp", "accuracy", Selection(round=2))) == 40
    assert sum(len(column.codes) for column in sheet.columns("mlp", "accuracy", Selection(("rehearsal",), 0.5))) == 120
    assert sheet.columns("mlp", "accuracy", Selection(("rehearsal",), 1.0)) == ()
    assert sheet.rounds() == 4


def test_tasks_without_a_finished_cell_have_no_sheet(synthetic: ModuleType) -> None:
    meta, _ = synthetic.number_task(n=20)
    assert sheets(synthetic.run((meta, []))) == []
