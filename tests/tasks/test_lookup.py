"""An exam of memory gives its records once, then its questions, and refuses evidence that is no record."""

from __future__ import annotations

import pytest

from solomonic.errors import InputError
from solomonic.records import Observation, Query
from solomonic.tasks.events import Lesson, Questions, Study
from solomonic.tasks.lookup import Lookup

RECORDS = tuple(Observation(f"r{i}", f"text {i}", at=float(i)) for i in range(4))
QUERIES = tuple(Query(f"q{i}", f"question {i}") for i in range(5))
EVIDENCE = (("r0",), ("r1", "r2"), ("r3",), ("r0",), ("r2",))


def test_the_events_are_one_lesson_one_study_the_rehearsal_and_the_exam() -> None:
    lesson, study, rehearsal, exam = Lookup(RECORDS, QUERIES, EVIDENCE, rehearsal=(3, 0)).events(seed=1)
    assert isinstance(lesson, Lesson)
    assert lesson.observations == RECORDS
    assert isinstance(study, Study)
    assert isinstance(rehearsal, Questions)
    assert rehearsal.part == "rehearsal"
    assert isinstance(exam, Questions)
    assert exam.part == "exam"
    assert [query.id for query in rehearsal.queries] == ["q0", "q3"]
    assert rehearsal.truths == (EVIDENCE[0], EVIDENCE[3])
    assert [query.id for query in exam.queries] == ["q1", "q2", "q4"]
    assert exam.truths == (EVIDENCE[1], EVIDENCE[2], EVIDENCE[4])


def test_no_rehearsal_is_no_event_and_every_seed_sits_the_same_exam() -> None:
    lookup = Lookup(RECORDS, QUERIES, EVIDENCE)
    kinds = [type(event) for event in lookup.events(seed=1)]
    assert kinds == [Lesson, Study, Questions]
    assert [repr(event) for event in lookup.events(seed=1)] == [repr(event) for event in lookup.events(seed=2)]


def test_records_that_hold_no_answer_are_told_without_one() -> None:
    lesson = next(iter(Lookup(RECORDS, QUERIES, EVIDENCE).events(seed=0)))
    assert isinstance(lesson, Lesson)
    assert all(observation.y is None for observation in lesson.observations)


@pytest.mark.parametrize(
    ("records", "evidence", "rehearsal", "says"),
    [
        ((*RECORDS, RECORDS[0]), EVIDENCE, (), "two observations have the id 'r0'"),
        (RECORDS, EVIDENCE[:4], (), "5 questions have 4 lists"),
        (RECORDS, (*EVIDENCE[:4], ()), (), "'q4' rests on"),
        (RECORDS, (*EVIDENCE[:4], ("r0", "r9")), (), "'q4' rests on"),
        (RECORDS, EVIDENCE, (5,), "rehearsal names the question 5"),
        (RECORDS, EVIDENCE, (-1,), "rehearsal names the question -1"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    records: tuple[Observation, ...], evidence: tuple[tuple[str, ...], ...], rehearsal: tuple[int, ...], says: str
) -> None:
    with pytest.raises(InputError, match=says):
        Lookup(records, QUERIES, evidence, rehearsal)
