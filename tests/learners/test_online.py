"""One pass of gradient steps equals a loop in plain Python, needs no study, and follows a world that changes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from solomonic.learners.maxent import Maxent
from solomonic.learners.online import FADING, GRID, NUMBER_GRID, Online
from solomonic.learners.running import RunningFeatures
from solomonic.records import Budget, Categorical, Normal, Observation, Query, TaskInfo

CLASSES = TaskInfo("classes", "vector", "class", (0, 1, 2))
NUMBERS = TaskInfo("numbers", "vector", "number")


def stream(n: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    ys = rng.integers(3, size=n)
    return [Observation(f"{seed}/{i}", rng.normal([y, -y], 1.0), int(y), float(i)) for i, y in enumerate(ys)]


def numbers(n: int, seed: int = 0) -> list[Observation]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    y = 100.0 + x @ [5.0, -1.0, 0.0] + rng.normal(size=n)
    return [Observation(f"{seed}/{i}", row, float(value)) for i, (row, value) in enumerate(zip(x, y, strict=True))]


def taught(info: TaskInfo, lesson: list[Observation], candidates: int = 4) -> Online:
    learner = Online(info, rng=np.random.default_rng(0), budget=Budget(candidates=candidates))
    learner.observe(lesson)
    return learner


def test_the_weights_are_those_of_a_plain_loop() -> None:
    lesson = stream(60)
    learner = taught(CLASSES, lesson)
    for j, step in enumerate(GRID[:4]):
        features = RunningFeatures(CLASSES)
        weights = [[0.0] * 3 for _ in range(3)]
        mean_length = loss = 0.0
        for t, o in enumerate(lesson):
            features.learn(o.x)
            z = features.dense([o.x])[0].tolist()
            length = sum(value * value for value in z)
            mean_length += (length - mean_length) / (t + 1)
            scores = [sum(weights[i][a] * z[i] for i in range(3)) for a in range(3)]
            total = sum(math.exp(score) for score in scores)
            p = [math.exp(score) / total for score in scores]
            loss = FADING * loss - math.log((t * p[o.y] + 1 / 3) / (t + 1))
            for i in range(3):
                for a in range(3):
                    weights[i][a] -= step / max(mean_length, length) * (p[a] - (a == o.y)) * z[i]
        np.testing.assert_allclose(learner._dense[:, 3 * j : 3 * j + 3], weights, rtol=1e-9)
        assert learner.losses[j] == pytest.approx(loss)


def test_the_step_with_the_least_fading_loss_answers() -> None:
    lesson = stream(200)
    learner = taught(CLASSES, lesson)
    best = int(np.argmin(learner.losses))
    alone = taught(CLASSES, lesson)
    alone.losses = np.where(np.arange(4) == best, 0.0, 1.0)
    query = [Query("q", np.array([1.0, -1.0]))]
    np.testing.assert_array_equal(_logs(learner, query), _logs(alone, query))


def _logs(learner: Online | Maxent, queries: list[Query]) -> np.ndarray:
    return np.array([answer.predictive.log_probs for answer in learner.answer(queries)])  # type: ignore[union-attr]


def test_lessons_in_pieces_and_studies_change_nothing() -> None:
    lesson, asked = stream(80), [Query(o.id, o.x) for o in stream(10, seed=1)]
    whole, pieces = taught(CLASSES, lesson), taught(CLASSES, [])
    for start in range(0, 80, 7):
        pieces.observe(lesson[start : start + 7])
        pieces.study()
    np.testing.assert_array_equal(_logs(whole, asked), _logs(pieces, asked))


def test_it_recovers_from_exchanged_labels_sooner_than_the_posterior_mode() -> None:
    lesson = stream(1_200)
    changed = [Observation(o.id, o.x, 2 - o.y if i >= 600 else o.y) for i, o in enumerate(lesson)]
    online, maxent = taught(CLASSES, []), Maxent(CLASSES, rng=np.random.default_rng(0), budget=Budget(candidates=1))
    right = {"online": 0, "maxent": 0}
    for i, o in enumerate(changed):
        for name, learner in (("online", online), ("maxent", maxent)):
            if i >= 900:
                right[name] += learner.answer([Query(o.id, o.x)])[0].value == o.y
            learner.observe([o])
            if i % 200 == 199:
                learner.study()
    assert right["online"] > right["maxent"] + 15


def test_numbers_are_learned_with_the_noise_as_scale() -> None:
    learner = taught(NUMBERS, numbers(1_500))
    for o in numbers(20, seed=1):
        answer = learner.answer([Query(o.id, o.x)])[0]
        assert isinstance(answer.predictive, Normal)
        assert abs(answer.predictive.mean - (100.0 + o.x @ [5.0, -1.0, 0.0])) < 0.8
        assert 0.9 < answer.predictive.scale < 1.3


def test_large_jumps_in_numbers_do_not_make_it_diverge() -> None:
    lesson = [Observation(str(i), np.array([float(i % 3)]), 1e9 if i % 50 == 49 else float(i % 3)) for i in range(500)]
    answer = taught(NUMBERS, lesson).answer([Query("q", np.array([1.0]))])[0]
    assert math.isfinite(answer.value)
    assert NUMBER_GRID[1] < 2.0  # the largest step stays below the stability limit of the squared error


def test_texts_are_learned_word_by_word() -> None:
    info = TaskInfo("texts", "text", "class", ("sea", "land"))
    words = {"sea": ["wave", "ship", "salt"], "land": ["road", "hill", "dust"]}
    rng = np.random.default_rng(0)
    lesson = [Observation(str(i), " ".join(rng.choice(words[y], 3)), y) for i, y in enumerate(rng.choice(["sea", "land"], 80))]
    learner = taught(info, lesson)
    answers = learner.answer([Query("1", "salt on the wave"), Query("2", "a hill of dust")])
    assert [answer.value for answer in answers] == ["sea", "land"]
    assert isinstance(answers[0].predictive, Categorical)
    assert np.exp(answers[0].predictive.log_probs).sum() == pytest.approx(1.0)
