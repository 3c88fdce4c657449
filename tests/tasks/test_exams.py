"""The laws of the five exams."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.records import Observation
from solomonic.tasks.events import Event, Exam, Lesson, Questions, Study
from solomonic.tasks.exams import Episodic, Repeat, Sequences, Shifted, Split, Stream

relaxed = settings(deadline=None, max_examples=40)
seeds = st.integers(0, 1_000)


def items(n: int, classes: int = 3) -> tuple[Observation, ...]:
    return tuple(Observation(f"i{i}", np.array([float(i), i % 7, 1.0]), i % classes) for i in range(n))


def played(exam: Exam, seed: int = 0, fraction: float = 1.0) -> list[Event]:
    return list(exam.events(seed=seed, fraction=fraction))


def questions(events: Sequence[Event], part: str = "exam") -> list[Questions]:
    return [event for event in events if isinstance(event, Questions) and event.part == part]


def asked(events: Sequence[Event], part: str = "exam") -> list[str]:
    return [query.id for event in questions(events, part) for query in event.queries]


def learned(events: Sequence[Event]) -> list[str]:
    return [observation.id for event in events if isinstance(event, Lesson) for observation in event.observations]


# split


@relaxed
@given(st.integers(10, 80), st.integers(0, 4))
def test_five_seeds_ask_every_item_exactly_once(n: int, round_of_five: int) -> None:
    exam = Split(items(n))
    ids = [one for seed in range(5 * round_of_five, 5 * round_of_five + 5) for one in asked(played(exam, seed))]
    assert sorted(ids) == sorted(observation.id for observation in exam.observations)


@relaxed
@given(st.integers(10, 80), seeds)
def test_a_split_learns_studies_and_asks_the_rest(n: int, seed: int) -> None:
    exam = Split(items(n))
    events = played(exam, seed)
    assert [type(event) for event in events] == [Lesson, Study, Questions]
    assert sorted(learned(events) + asked(events)) == sorted(observation.id for observation in exam.observations)
    truth = {observation.id: observation.y for observation in exam.observations}
    assert all(truth[query.id] == y for event in questions(events) for query, y in zip(event.queries, event.truths, strict=True))


@relaxed
@given(st.integers(10, 80), seeds, st.sampled_from(["none", "few", "many"]))
def test_lessons_are_nested_and_the_questions_stay(n: int, seed: int, grouping: str) -> None:
    groups = {"none": (), "few": tuple(str(i % 6) for i in range(n)), "many": tuple(str(i // 2) for i in range(n))}[grouping]
    exam = Split(items(n), groups=groups)
    events = [played(exam, seed, fraction) for fraction in exam.fractions]
    for smaller, larger in itertools.pairwise(events):
        assert set(learned(smaller)) <= set(learned(larger))
        assert asked(smaller) == asked(larger)


@relaxed
@given(st.integers(20, 80), seeds)
def test_the_rehearsal_is_taken_from_the_unseen_half_of_the_lesson(n: int, seed: int) -> None:
    exam = Split(items(n))
    half, whole = played(exam, seed, 0.5), played(exam, seed)
    assert asked(whole, "rehearsal") == []
    assert set(asked(half, "rehearsal")) == set(learned(whole)) - set(learned(half))


@relaxed
@given(st.lists(st.integers(0, 14), min_size=20, max_size=60), seeds, st.sampled_from([0.125, 0.25, 0.5, 1.0]))
def test_a_group_is_never_split(raw: list[int], seed: int, fraction: float) -> None:
    groups = tuple(map(str, [*raw, *range(5)]))
    exam = Split(items(len(groups)), groups=groups)
    group_of = dict(zip([observation.id for observation in exam.observations], groups, strict=True))
    events = played(exam, seed, fraction)
    lesson, exam_ids, rehearsal = learned(events), asked(events), asked(events, "rehearsal")
    parts = [{group_of[one] for one in part} for part in (lesson, exam_ids, rehearsal)]
    assert sum(map(len, parts)) == len(set().union(*parts))
    for event in (event for event in events if isinstance(event, Questions)):
        assert event.queries
        assert event.units == tuple(group_of[query.id] for query in event.queries)


@relaxed
@given(st.integers(10, 60), seeds)
def test_each_class_is_asked_in_its_share_within_one_item(n: int, seed: int) -> None:
    exam = Split(items(n))
    counts = np.array([np.bincount([y for event in questions(played(exam, s)) for y in event.truths], minlength=3) for s in range(5)])
    assert (counts.max(axis=0) - counts.min(axis=0) <= 1).all()


def test_a_split_that_is_not_stratified_ignores_the_answers() -> None:
    one = Split(items(40), stratify=False)
    other = Split(tuple(Observation(o.id, o.x, 39 - i) for i, o in enumerate(one.observations)), stratify=False)
    assert asked(played(one)) == asked(played(other))
    assert learned(played(one)) == learned(played(other))


def test_too_few_rows_or_groups_are_refused() -> None:
    with pytest.raises(InputError, match="9 rows are too few"):
        Split(items(9))
    with pytest.raises(InputError, match="2 groups are too few"):
        Split(items(20), groups=("a", "b") * 10)
    with pytest.raises(InputError, match="folds is 1"):
        Split(items(20), folds=1)


@pytest.mark.parametrize("kind", [Split, Stream, Shifted, Repeat, Episodic])
def test_duplicate_ids_are_refused(kind: Any) -> None:
    twice = (*items(20), Observation("i3", np.zeros(3), 0))
    with pytest.raises(InputError, match="'i3'"):
        kind(twice)


# stream


@relaxed
@given(st.integers(1, 60), st.integers(0, 8), st.integers(1, 20), seeds)
def test_a_stream_asks_in_order_and_reveals_each_answer_after_its_delay(n: int, delay: int, study_every: int, seed: int) -> None:
    exam = Stream(items(n), study_every=study_every, delay=delay)
    ids = [observation.id for observation in exam.observations]
    order: list[str] = []
    revealed: list[str] = []
    studies = 0
    for event in exam.events(seed=seed):
        if isinstance(event, Questions):
            (query,) = event.queries
            assert query.id not in revealed
            assert revealed == ids[: max(0, len(order) - delay)]
            order.append(query.id)
        elif isinstance(event, Lesson):
            revealed += [observation.id for observation in event.observations]
        else:
            studies += 1
            assert len(revealed) == studies * study_every
    assert order == ids
    assert revealed == ids[: max(0, n - delay)]
    assert studies == len(revealed) // study_every


def test_the_opening_of_a_stream_is_its_first_share() -> None:
    events = played(Stream(items(50), opening=0.3))
    assert asked(events, "opening") == [f"i{i}" for i in range(15)]
    assert asked(events) == [f"i{i}" for i in range(15, 50)]


def test_a_stream_marks_each_question_with_its_group() -> None:
    groups = tuple(str(i % 4) for i in range(20))
    events = played(Stream(items(20), groups=groups))
    assert [event.units for event in events if isinstance(event, Questions)] == [(group,) for group in groups]


def test_stream_settings_out_of_range_are_refused() -> None:
    for settings_ in ({"study_every": 0}, {"delay": -1}, {"opening": 1.0}, {"groups": ("a",)}):
        with pytest.raises(InputError):
            Stream(items(20), **settings_)  # type: ignore[arg-type]


@relaxed
@given(st.integers(10, 60), st.integers(2, 6), seeds)
def test_shifted_labels_are_permuted_without_a_fixed_point_from_the_middle_on(n: int, classes: int, seed: int) -> None:
    source = items(n, classes)
    exam = Shifted(source, choices=tuple(range(classes)))
    shown = exam.ordered(seed)
    label_of = {float(observation.x[0]): observation.y for observation in source}
    assert sorted(float(observation.x[0]) for observation in shown) == sorted(label_of)
    renamed: dict[int, set[int]] = {}
    for t, observation in enumerate(shown):
        before = label_of[float(observation.x[0])]
        if t < n // 2:
            assert observation.y == before
        else:
            renamed.setdefault(before, set()).add(observation.y)
    assert all(len(after) == 1 and before not in after for before, after in renamed.items())
    assert len({next(iter(after)) for after in renamed.values()}) == len(renamed)
    assert [observation.at for observation in shown] == sorted(observation.at for observation in shown)


def test_a_shifted_stream_is_the_same_under_every_seed_and_another_draw_is_another_stream() -> None:
    streams = [Shifted(items(40), choices=(0, 1, 2), draw=draw).ordered(seed) for draw, seed in ((0, 0), (0, 1), (1, 0))]
    orders = [[(observation.id, observation.y) for observation in stream] for stream in streams]
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize("choices", [(), (0,), (0, 1), (0, 1, 1, 2)])
def test_labels_that_cannot_be_permuted_are_refused(choices: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="choices"):
        Shifted(items(20), choices=choices)


# repeat


@relaxed
@given(seeds)
def test_questions_come_back_the_same_then_reworded_then_under_exchanged_names(seed: int) -> None:
    exam = Repeat(items(60), swap=(0, 2), asked=9)
    rounds = questions(played(exam, seed))
    assert [event.round for event in rounds] == [0, 1, 2, 3]
    first, same, reworded, changed = rounds
    assert len(first.queries) == 9
    assert len({query.id for event in rounds for query in event.queries}) == 36
    units = tuple(query.id for query in first.queries)
    assert same.units == reworded.units == changed.units == units
    assert first.truths == same.truths == reworded.truths
    assert changed.truths == tuple({0: 2, 2: 0}.get(y, y) for y in first.truths)
    for a, b, c in zip(first.queries, same.queries, reworded.queries, strict=True):
        assert np.array_equal(a.x, b.x)
        assert not np.array_equal(a.x, c.x)
        assert a.x[2] == c.x[2]  # a coordinate that never varies is not noised


def test_the_corrections_are_items_of_the_lesson_under_the_other_name_and_newer() -> None:
    exam = Repeat(items(60), swap=(0, 2), corrected=5)
    events = played(exam)
    first, corrections = [event for event in events if isinstance(event, Lesson)]
    known = {observation.id: observation for observation in first.observations}
    assert len(corrections.observations) == 5
    for observation in corrections.observations:
        (link,) = observation.links
        assert observation.y == {0: 2, 2: 0}[known[link].y]
        assert observation.at > known[link].at
    assert not set(asked(events)) & set(known)


def test_the_questions_of_a_repeat_are_a_fair_sample_even_of_sorted_data() -> None:
    ordered = tuple(Observation(f"i{i}", np.array([float(i), 0.0]), i // 100) for i in range(300))
    truths = questions(played(Repeat(ordered, asked=30)))[0].truths
    assert [truths.count(y) for y in range(3)] == [10, 10, 10]


def test_half_a_repeat_ends_with_its_rehearsal() -> None:
    events = played(Repeat(items(60), swap=(0, 1)), fraction=0.5)
    assert [type(event) for event in events] == [Lesson, Study, Questions, Questions]
    assert len(questions(events, "rehearsal")) == 1


@pytest.mark.parametrize("wrong", [{"swap": (0, 9)}, {"swap": (1, 1)}, {"asked": 0}, {"noise": -1.0}, {"corrected": -1}])
def test_a_repeat_that_cannot_be_held_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Repeat(items(60), **wrong)


def test_only_vectors_can_be_reworded() -> None:
    with pytest.raises(InputError, match="vectors"):
        Repeat(tuple(Observation(f"i{i}", ("a", 1.0), i % 2) for i in range(30)))


# episodic


@relaxed
@given(st.integers(2, 5), st.integers(1, 3), seeds)
def test_an_episode_never_shows_the_item_it_asks(ways: int, shots: int, seed: int) -> None:
    exam = Episodic(items(60, classes=6), ways=ways, shots=shots, episodes=20)
    (event,) = questions(played(exam, seed))
    for query, truth in zip(event.queries, event.truths, strict=True):
        assert query.choices is not None
        assert truth in query.choices
        assert len(query.choices) == len(set(query.choices)) == ways
        assert sorted(o.y for o in query.context) == sorted([*query.choices] * shots)
        assert len({o.id for o in query.context}) == ways * shots
        assert all(not np.array_equal(o.x, query.x) for o in query.context)


def test_episodes_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(InputError, match="ways"):
        Episodic(items(20, classes=3), ways=4)
    with pytest.raises(InputError, match="shots"):
        Episodic(items(20), ways=2, shots=0)


# sequence


def test_sequences_come_one_after_the_other_question_before_symbol() -> None:
    exam = Sequences({"a": (0, 1, 1), "b": (1, 0)}, {"r": (0, 0)})
    events = played(exam)
    assert isinstance(events[0], Study)
    steps = []
    for question, lesson in zip(events[1::2], events[2::2], strict=True):
        assert isinstance(question, Questions)
        assert isinstance(lesson, Lesson)
        (query,), (truth,), (observation,) = question.queries, question.truths, lesson.observations
        assert (query.id, query.x, query.at) == (observation.id, observation.x, observation.at)
        assert question.units == (query.x,)
        assert truth == observation.y
        steps.append((question.part, query.x, int(query.at), truth))
    assert steps == [
        ("rehearsal", "r", 0, 0), ("rehearsal", "r", 1, 0),
        ("exam", "a", 0, 0), ("exam", "a", 1, 1), ("exam", "a", 2, 1), ("exam", "b", 0, 1), ("exam", "b", 1, 0),
    ]  # fmt: skip


def test_a_rehearsal_under_the_name_of_an_exam_sequence_is_refused() -> None:
    with pytest.raises(InputError, match="'a'"):
        Sequences({"a": (0,)}, {"a": (1,)})
    with pytest.raises(InputError, match="without a sequence"):
        Sequences({})
