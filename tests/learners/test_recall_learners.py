"""Learners that look records up rank the ids of what they were told, survive a pickle, and beat an order drawn at random."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from solomonic.encoders import Encoder, encoder
from solomonic.errors import UnsupportedTask
from solomonic.learners import recall, registry
from solomonic.learners.recall import RANKED
from solomonic.records import Answer, Budget, Column, Observation, Query, Ranking, TaskInfo
from solomonic.tasks.lookup import Lookup

NAMES = tuple(name for name in registry.BUILTIN if name.startswith("recall:"))
LOOKERS = tuple(name for name in NAMES if name != "recall:random")
TEXT = TaskInfo("lookup", "text", "ranking", metrics=("recall@5",))
RECORD = TaskInfo(
    "turns",
    "record",
    "ranking",
    metrics=("recall@5",),
    columns=(Column("speaker", "category"), Column("text", "text"), Column("session", "category")),
)
PLACES = ("Lisbon", "Oslo", "Quito", "Hanoi", "Accra", "Perth", "Minsk", "Cusco", "Turin", "Dakar", "Osaka", "Leeds")
THINGS = ("violin", "kayak", "telescope", "bakery", "falcon", "orchard", "lantern", "glacier", "saddle", "compass", "quilt", "anvil")


def lesson(info: TaskInfo = TEXT, n: int = 60) -> list[Observation]:
    rows = []
    for i in range(n):
        text = f"Number {i} was seen in {PLACES[i % 12]} with a {THINGS[(i // 12 + i) % 12]}."
        rows.append(Observation(f"obs/{i}", text if info.x_type == "text" else ("Ann", text, f"s{i // 10}"), at=1_600_000_000.0 + i))
    return rows


def questions(info: TaskInfo = TEXT, n: int = 60) -> list[Query]:
    made = []
    for i in range(n):
        text = f"What was seen in {PLACES[i % 12]} with a {THINGS[(i // 12 + i) % 12]}?"
        made.append(Query(f"ask/{i}", text if info.x_type == "text" else (None, text, None)))
    return made


@pytest.fixture(autouse=True)
def _no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    """The vectors here are those of `hashing`: the claims do not depend on which encoder it is."""

    def hashing() -> Encoder:
        return encoder("hashing")

    monkeypatch.setattr(recall, "_minilm", hashing)


def fresh(name: str, info: TaskInfo = TEXT, seed: int = 0) -> Any:
    return registry.factory(name)(info, rng=np.random.default_rng(seed), budget=Budget())


def taught(name: str, info: TaskInfo = TEXT, seed: int = 0) -> Any:
    learner = fresh(name, info, seed)
    learner.observe(lesson(info))
    learner.study()
    return learner


def said(answers: Sequence[Answer]) -> list[Any]:
    found = []
    for answer in answers:
        assert isinstance(answer.predictive, Ranking)
        found.append((answer.value, answer.predictive.ids, answer.predictive.scores.round(6).tolist(), answer.evidence))
    return found


def share_in_first(answers: Sequence[Answer], k: int) -> float:
    return float(np.mean([f"obs/{i}" in answer.predictive.ids[:k] for i, answer in enumerate(answers)]))  # type: ignore[union-attr]


@pytest.mark.parametrize("info", [TEXT, RECORD], ids=lambda info: info.x_type)
@pytest.mark.parametrize("name", NAMES)
def test_a_ranking_names_observations_each_once_and_best_first(name: str, info: TaskInfo) -> None:
    known = {observation.id for observation in lesson(info)}
    for answer in taught(name, info).answer(questions(info, 8)):
        ranking = answer.predictive
        assert isinstance(ranking, Ranking)
        assert 0 < len(ranking.ids) == len(ranking.scores) == len(set(ranking.ids)) <= RANKED
        assert set(ranking.ids) <= known
        assert answer.value == ranking.ids[0]
        assert (np.diff(ranking.scores) <= 0).all()
        assert np.isfinite(ranking.scores).all()
        assert {evidence.record for evidence in answer.evidence} <= set(ranking.ids[:3])


@pytest.mark.parametrize("name", LOOKERS)
def test_every_channel_beats_an_order_drawn_at_random(name: str) -> None:
    floor = share_in_first(taught("recall:random").answer(questions()), 10)
    assert floor < 0.35
    assert share_in_first(taught(name).answer(questions()), 10) > floor + 0.3


def test_random_orders_belong_to_the_question_and_the_seed() -> None:
    asked = questions()
    one = said(taught("recall:random").answer(asked))
    assert said(taught("recall:random").answer(asked[::-1]))[::-1] == one
    assert said(taught("recall:random", seed=1).answer(asked)) != one
    assert len({ids for _, ids, _, _ in one}) == len(asked)
    share = np.mean([share_in_first(taught("recall:random", seed=seed).answer(asked), 10) for seed in range(20)])
    assert share == pytest.approx(10 / 60, abs=0.04)


@pytest.mark.parametrize("name", NAMES)
def test_a_learner_that_was_pickled_answers_as_before(name: str) -> None:
    learner = taught(name)
    asked = questions(n=6)
    before = said(learner.answer(asked))
    assert said(pickle.loads(pickle.dumps(learner)).answer(asked)) == before
    assert said(learner.answer(asked)) == before


@pytest.mark.parametrize("name", NAMES)
def test_answers_depend_neither_on_the_batch_nor_on_how_the_lesson_was_cut(name: str) -> None:
    asked = questions(n=6)
    whole = said(taught(name).answer(asked))
    assert [said(taught(name).answer([query]))[0] for query in asked[:2]] == whole[:2]
    cut = fresh(name)
    for start in range(0, 60, 25):
        cut.observe(lesson()[start : start + 25])
        cut.answer(asked[:1])
    cut.observe([])
    cut.study()
    assert said(cut.answer(asked)) == whole


@pytest.mark.parametrize("name", NAMES)
def test_what_was_never_told_cannot_be_ranked(name: str) -> None:
    (answer,) = fresh(name).answer(questions(n=1))
    assert answer.value is None
    assert isinstance(answer.predictive, Ranking)
    assert answer.predictive.ids == ()


@pytest.mark.parametrize("name", LOOKERS)
def test_state_holds_the_records_and_grows_with_them(name: str) -> None:
    small, large = fresh(name), taught(name)
    small.observe(lesson(n=10))
    assert large.state_bytes() > 3 * small.state_bytes() > 0
    assert large.state_bytes() <= len(pickle.dumps(large))
    assert large.keeps_data
    assert not large.sees_batch


@pytest.mark.parametrize("name", NAMES)
def test_only_rankings_of_texts_and_records_are_sat(name: str) -> None:
    for info in (TaskInfo("t", "vector", "ranking"), TaskInfo("t", "text", "class", ("a", "b"))):
        with pytest.raises(UnsupportedTask):
            fresh(name, info)


def test_odd_texts_are_ranked_too() -> None:
    odd = ["", "\0", "lone \ud800", '" OR NEAR(', "x" * 100_000]
    learner = fresh("recall:hybrid")
    learner.observe([Observation(f"o{i}", text) for i, text in enumerate(odd)])
    learner.study()
    for answer in learner.answer([Query(f"q{i}", text) for i, text in enumerate(odd)]):
        assert set(answer.predictive.ids) <= {f"o{i}" for i in range(len(odd))}


def test_a_lookup_is_sat_from_its_events() -> None:
    records, queries = lesson(), questions(n=12)
    exam = Lookup(tuple(records), tuple(queries), tuple((f"obs/{i}",) for i in range(12)))
    learner = fresh("recall:lexical")
    told, _, asked = exam.events(seed=0)
    learner.observe(told.observations)  # type: ignore[union-attr]
    learner.study()
    assert share_in_first(learner.answer(asked.queries), 10) == 1.0  # type: ignore[union-attr]
