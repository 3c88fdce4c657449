"""What the agent says: a quotation with its place in the memory, or that it does not know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

SCHEMA_VERSION: Final = 1


class Verdict(Enum):
    """What is known of a claim in words. SUPPORTED: the memory says it, word for word. UNCHECKED: nothing is known of it."""

    SUPPORTED = "SUPPORTED"
    UNCHECKED = "UNCHECKED"


@dataclass(frozen=True, slots=True)
class Quotation:
    """Bytes [span[0], span[1]) of a record, which are `text`, checked against the record when the answer was given."""

    id: str
    span: tuple[int, int]
    text: str
    source: str | None = None
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, or None where the agent declines.

    answer: the quotation's text, or the date that it comes to (`resolved`) where its words are relative to the time of the record.
    answerable: the probability that the memory holds an answer. reason: why there is no answer, else "". context: the sentence around the quotation.
    """

    question: str
    answer: str | None
    verdict: Verdict
    answerable: float
    evidence: tuple[Quotation, ...] = ()
    resolved: str | None = None
    reason: str = ""
    context: str = ""

    @property
    def abstained(self) -> bool:
        """Whether the agent declined to answer."""
        return self.answer is None

    def __repr__(self) -> str:
        said = f"abstains: {self.reason}" if self.answer is None else f"{self.answer[:60]!r} from {self.evidence[0].id}"
        return f"Reply({said}, answerable {self.answerable:.2f})"

    def json(self) -> dict[str, Any]:
        """Return the reply as `solomonic ask --json` prints it."""
        evidence = [
            {"id": one.id, "span": list(one.span), "text": _plain(one.text), "source": one.source, "speaker": one.speaker}
            for one in self.evidence
        ]
        claims = []
        if self.answer is not None:
            claims = [{"text": _plain(one.text), "verdict": Verdict.SUPPORTED.value, "evidence": [one.id]} for one in self.evidence]
        return {
            "schema_version": SCHEMA_VERSION,
            "question": _plain(self.question),
            "answer": None if self.answer is None else _plain(self.answer),
            "verdict": self.verdict.value,
            "answerable": self.answerable,
            "evidence": evidence,
            "claims": claims,
            "resolved": self.resolved,
            "reason": self.reason,
            "context": _plain(self.context),
        }


def _plain(text: str) -> str:
    """Return text that can be printed: what is no character becomes a replacement character."""
    return "".join("\ufffd" if "\ud800" <= letter <= "\udfff" else letter for letter in text) if not text.isascii() else text
