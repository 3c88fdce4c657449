"""An exam of memory: records to be kept, then questions whose answer is which of the records to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from ..errors import InputError
from ..records import Observation, Query
from .events import Event, ExamKind, Lesson, Questions, Study
from .exams import refuse_duplicates


@dataclass(frozen=True)
class Lookup:
    """One lesson of records in time order, one study, then all questions; a truth is the ids of the records that hold the evidence.

    rehearsal: questions that are asked of the same memory but not scored, to choose the best of a family on.

    Raises:
        InputError: two records share an id, a question has no evidence, its evidence is no record, or a rehearsal is no question.
    """

    kind: ClassVar[ExamKind] = "split"
    records: tuple[Observation, ...]
    queries: tuple[Query, ...]
    evidence: tuple[tuple[str, ...], ...]
    rehearsal: tuple[int, ...] = ()
    fractions: ClassVar[tuple[float, ...]] = (1.0,)

    def __post_init__(self) -> None:
        refuse_duplicates(self.records)
        if len(self.queries) != len(self.evidence):
            raise InputError(f"{len(self.queries)} questions have {len(self.evidence)} lists of evidence; give one a question")
        known = {record.id for record in self.records}
        for query, ids in zip(self.queries, self.evidence, strict=True):
            if not ids or not known.issuperset(ids):
                raise InputError(f"question {query.id!r} rests on {ids!r}; name at least one record, by its id")

        strange = sorted(set(self.rehearsal) - set(range(len(self.queries))))
        if strange:
            raise InputError(f"rehearsal names the question {strange[0]}; places go from 0 to {len(self.queries) - 1}")

    def events(self, *, seed: int, fraction: float = 1.0) -> Iterator[Event]:
        yield Lesson(self.records)
        yield Study()
        rehearsed = set(self.rehearsal)
        for part in ("rehearsal", "exam"):
            places = [i for i in range(len(self.queries)) if (i in rehearsed) == (part == "rehearsal")]
            if places:
                queries, truths = tuple(self.queries[i] for i in places), tuple(self.evidence[i] for i in places)
                yield Questions(queries, truths, part="rehearsal" if part == "rehearsal" else "exam")
