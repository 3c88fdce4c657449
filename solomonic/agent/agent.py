"""The first agent: it is told things, and answers questions by quoting what it was told, or not at all.

    agent = Agent(Memory.open("notes"))
    agent.tell("I painted that lake sunrise last year.", speaker="Melanie", at="2023-05-08")
    agent.ask("When did Melanie paint a sunrise?").answer          # "2022", from the words "last year"

No language model: recall finds records, `scoring` weighs their stretches. What is remembered is only ever read, never obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ..errors import StoreDamaged
from ..memory import Memory, Recall, Record, Stored
from ..memory.dates import Duration, Period, dates, format_period
from ..memory.periods import date_of, days
from . import asking
from .asking import Asked
from .reply import Quotation, Reply, Verdict
from .scoring import RECORDS, Candidate, Weighed, candidates, probability, signs, weigh
from .sentences import encoded
from .weights import ANSWERABLE, WEIGHTS

THRESHOLD: Final = 0.27
"""The agent answers where the probability of an answer reaches this: the level under which a tenth of the answerable questions lies, on LoCoMo's dialogues, each
judged by a model fitted without it (`benchmarks/ask_quality.py` prints it). A higher one declines more of both kinds."""

SUPPORT: Final = 0.5
"""The share of a yes/no question's weight that the quoted sentence and its neighbours must say."""


class Agent:
    """Tells and asks over one memory. threshold: the least probability at which it answers; 0 answers whatever can be quoted."""

    def __init__(
        self,
        memory: Memory,
        *,
        threshold: float = THRESHOLD,
        weights: Mapping[str, float] = WEIGHTS,
        answerable: Mapping[str, float] = ANSWERABLE,
    ) -> None:
        self.memory, self.threshold, self._weights, self._answerable = memory, threshold, weights, answerable

    def __repr__(self) -> str:
        return f"Agent({self.memory!r})"

    def tell(self, text: str | bytes, **fields: Any) -> str:
        """Remember a text and return its record's id; fields: source, session, speaker, at, valid, meta of `Record`."""
        return self.memory.add([Record(text, **fields)])[0]

    def ask(self, question: str) -> Reply:
        """Return the smallest stretch of the memory that answers, with its place; or a reply without an answer, and why.

        Raises:
            StoreDamaged: a quotation is not what its record holds; nothing is shown then.
        """
        asked, ranked, p = self.ranked(question)
        if not ranked:
            return _declined(question, 0.0, "the memory holds nothing to quote")
        best = ranked[0].candidate
        if p < self.threshold:
            return _declined(question, p, f"the probability that the memory holds an answer is {p:.2f}, under {self.threshold:.2f}")
        if asked.kind == "yes-no" and best.place.near < SUPPORT and self.threshold > 0:
            return _declined(question, p, "no record says enough of the question to bear on a yes or no")
        return _reply(self.memory, question, p, asked, best)

    def ranked(self, question: str) -> tuple[Asked, list[Weighed], float]:
        """Return the question as it was read, all candidates best first, and the probability that the memory holds an answer."""
        asked, found, options = self.options(question)
        ranked = weigh(options, self._weights)
        return asked, ranked, probability(signs(asked, found, ranked), self._answerable) if ranked else 0.0

    def options(self, question: str) -> tuple[Asked, Recall, list[Candidate]]:
        """Return the question as it was read, what recall found, and the candidates, not weighed yet."""
        if not question.strip() or not len(self.memory):
            return asking.read(question, {}), Recall([], None, 0.0), []
        found = self.memory.recall(question, k=RECORDS)
        asked = asking.read(question, self.memory.lexical().rarity(question[: asking.MOST]))
        seqs = {hit.seq for hit in found.hits}
        beside = {seq + step for seq in seqs for step in (-1, 1)} - seqs
        known = {record.seq: record for record in self.memory.log.by_seq(sorted(seqs | beside))}
        return asked, found, candidates(asked, found, known)


def _declined(question: str, p: float, reason: str) -> Reply:
    return Reply(question, None, Verdict.UNCHECKED, p, reason=reason)


def _reply(memory: Memory, question: str, p: float, asked: Asked, best: Candidate) -> Reply:
    """Return the answer, its bytes compared with the record's as the log holds it now."""
    shown = quoted(best)
    held = memory.get(best.record.id).data[shown.span[0] : shown.span[1]]
    if held != encoded(shown.text):
        raise StoreDamaged(f"record {best.record.id} no longer holds the bytes {shown.span} that were read; run 'solomonic memory verify'")
    resolved = settled(asked, best)
    context = best.text[best.read.sentence.start : best.read.sentence.end]
    return Reply(question, resolved or shown.text, Verdict.SUPPORTED, p, (shown,), resolved, "", context)


def quoted(best: Candidate) -> Quotation:
    """Return a candidate as a quotation, with its byte span."""
    record, text, span = best.record, best.text, best.span
    start = len(encoded(text[: span.start]))
    words = text[span.start : span.end]
    return Quotation(record.id, (start, start + len(encoded(words))), words, record.source, record.speaker)


def settled(asked: Asked, best: Candidate) -> str | None:
    """Return the date that the quoted words come to, None where they are no date, or name it fully themselves."""
    if best.span.kind == "told":
        return _day(best.record)
    value = best.span.value
    if asked.kind != "when" or isinstance(value, Duration) or not isinstance(value, Period):
        return None
    words = best.text[best.span.start : best.span.end]
    alone = [found for found in dates(words, at=None) if found.value == value]
    return None if alone else format_period(value)


def _day(record: Stored) -> str | None:
    day = date_of(record.at)
    return None if day is None else format_period(days(day))
