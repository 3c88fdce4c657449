"""The network answers as scikit-learn's would, is stopped where held-out loss is least, and goes on from where it was."""

from __future__ import annotations

import numpy as np
import pytest

from solomonic.learners.mlp import Mlp, outputs
from solomonic.records import Budget, Normal, Observation, Query, TaskInfo

RINGS = TaskInfo("rings", "vector", "class", ("inner", "outer"))


def rings(n: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    angle, outer = rng.uniform(0, 2 * np.pi, n), rng.random(n) < 0.5
    radius = np.where(outer, 2.0, 1.0) + rng.normal(0, 0.2, n)
    x = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return [Observation(f"{seed}/{i}", row, "outer" if o else "inner") for i, (row, o) in enumerate(zip(x, outer, strict=True))]


def studied(*blocks: list[Observation], budget: Budget | None = None) -> Mlp:
    learner = Mlp(RINGS, rng=np.random.default_rng(0), budget=budget or Budget(candidates=1, folds=1))
    for block in blocks:
        learner.observe(block)
        learner.study()
    return learner


def accuracy(learner: Mlp, asked: list[Observation]) -> float:
    return float(np.mean([a.value == o.y for a, o in zip(learner.answer([Query(o.id, o.x) for o in asked]), asked, strict=True)]))


def test_it_learns_what_no_line_can_separate() -> None:
    assert accuracy(studied(rings(300)), rings(300, seed=1)) > 0.9


@pytest.mark.parametrize("classes", [2, 3])
def test_the_direct_forward_pass_is_scikit_learns(classes: int) -> None:
    rng = np.random.default_rng(0)
    info = TaskInfo("blobs", "vector", "class", tuple(range(classes)))
    lesson = [Observation(str(i), rng.normal(i % classes, 1.0, 3), i % classes) for i in range(60)]
    learner = Mlp(info, rng=np.random.default_rng(0), budget=Budget(candidates=1, folds=1))
    learner.observe(lesson)
    learner.study()
    x = learner._features.transform([o.x for o in lesson])
    np.testing.assert_allclose(learner._probabilities(x), learner._network.predict_proba(x), atol=1e-12)
    assert outputs(learner._network, x).shape == (60, 1 if classes == 2 else 3)


def test_the_epochs_are_those_of_the_least_held_out_loss() -> None:
    learner = studied(rings(120))
    lesson = rings(120)
    x = learner._features.transform([o.x for o in lesson])
    codes = learner.labels.codes([o.y for o in lesson])
    from solomonic.learners.tuning import inner_folds

    curve = learner._curve(x, codes, inner_folds(codes, learner.budget), learner.penalty)
    assert learner.epochs == int(np.argmin(curve)) + 1


def test_a_later_study_goes_on_from_what_was_learned() -> None:
    learner, few = studied(rings(300)), rings(12, seed=2)
    learner.observe(few)
    learner.study()
    assert accuracy(learner, rings(300, seed=3)) > 0.9
    assert accuracy(studied(few), rings(300, seed=3)) < 0.85


def test_a_later_study_learns_what_has_changed() -> None:
    swapped = [Observation(o.id, o.x, {"inner": "outer", "outer": "inner"}[o.y]) for o in rings(300, seed=2)]
    assert accuracy(studied(rings(300), swapped), rings(300, seed=3)) < 0.1


def test_a_later_block_of_noise_is_not_learned() -> None:
    learner = studied(rings(400))
    rng = np.random.default_rng(9)
    noise = [Observation(f"n{i}", o.x, str(rng.choice(["inner", "outer"]))) for i, o in enumerate(rings(60, seed=4))]
    learner.observe(noise)
    learner.study()
    assert accuracy(learner, rings(300, seed=3)) > 0.8


def test_numbers_are_learned_in_any_unit_and_the_scale_is_the_held_out_error() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-2, 2, (400, 1))
    y = 1e6 + 1e3 * np.sin(2 * x[:, 0]) + 100.0 * rng.normal(size=400)
    learner = Mlp(TaskInfo("sine", "vector", "number"), rng=np.random.default_rng(0), budget=Budget(candidates=1))
    learner.observe([Observation(str(i), a, float(b)) for i, (a, b) in enumerate(zip(x, y, strict=True))])
    learner.study()
    answer = learner.answer([Query("q", np.array([0.8]))])[0]
    assert isinstance(answer.predictive, Normal)
    assert abs(answer.predictive.mean - (1e6 + 1e3 * np.sin(1.6))) < 200.0
    assert 80.0 < answer.predictive.scale < 300.0
