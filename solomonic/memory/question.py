"""What a question says of the record that it asks for: whose words, at what time, of what kind.

A dialogue is told in the first person. "What did Caroline paint?" is answered by a record of Caroline's that reads "I painted ...", and a
sentence encoder puts the question nearer to whoever *names* Caroline ("Wow, Caroline!"). So where a question names a speaker of the store, it
is put into that speaker's mouth ("What did I paint?") before it is encoded, and the name is matched against the records' speaker field instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from .dates import dates
from .periods import Period

Cue = Literal["time", "number"]

_words: Final = re.compile(r"\w+(?:[-.]\w+)*").finditer
_when: Final = re.compile(
    r"\W*(?:(?:since |until |till |by |in |on |at |from )?(?:when|(?:which|what) (?:exact )?(?:year|month|week|day|date|season|time)s?)"
    r"|how (?:long|recently|soon|far back))\b",
    re.IGNORECASE,
).match
_count: Final = re.compile(r"\W*how (?:many|much|often|old|big|tall|large|high|fast|heavy)\b", re.IGNORECASE).match
MOST_WORDS: Final = 4
MOST: Final = 4_096
"""Characters of a question that are read for names and dates; the encoder and the word index read all of it."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question and what it says of its answer.

    voiced: as the speakers that it names would ask it; equal to `text` where it names none. nameless: without their names.
    speakers: those names, as the store writes them. periods: the stretches of time that it names. cue: what kind of thing it asks for.
    """

    text: str
    voiced: str
    nameless: str
    speakers: frozenset[str]
    periods: tuple[Period, ...]
    cue: Cue | None


class Voices:
    """The speakers of a store, found by name in a text: as a whole, or by the first word where only one speaker begins with it.

    A name matches in the store's own casing: a speaker called Will is not in "will it rain?".
    """

    def __init__(self, speakers: Iterable[str]) -> None:
        self._forms: dict[str, set[str]] = {}
        self.count = 0
        for speaker in speakers:
            self.count += 1
            words = [match[0] for match in _words(speaker)]
            if words:
                self._forms.setdefault(speaker, set()).add(speaker)
                self._forms.setdefault(words[0], set()).add(speaker)

    def named(self, text: str) -> dict[str, str]:
        """Return form in the text -> speaker, for the speakers that a text names."""
        found: dict[str, str] = {}
        spans = [match.span() for match in _words(text)] if self._forms else []
        for i, (start, _) in enumerate(spans):
            for j in range(min(i + MOST_WORDS, len(spans)) - 1, i - 1, -1):
                form = text[start : spans[j][1]]
                owners = self._forms.get(form, ())
                owner = form if form in owners else next(iter(owners)) if len(owners) == 1 else None
                if owner is not None:
                    found[form] = owner
                    break
        return found


NOBODY: Final = Voices(())


def read(text: str, voices: Voices = NOBODY, *, now: float | None = None) -> Question:
    """Return what a question says. now: the time against which its dates are resolved; those that need it are left out without it."""
    head, tail = text[:MOST], text[MOST:]
    named = voices.named(head)
    voiced, nameless = head, head
    for form in sorted(named, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(form)}(['’]s)?(?!\w)"
        voiced = re.sub(pattern, lambda match: "my" if match[1] else "I", voiced)
        nameless = re.sub(pattern, " ", nameless)
    periods = tuple(found.value for found in dates(head, at=now) if isinstance(found.value, Period))
    cue: Cue | None = "time" if _when(head) else "number" if _count(head) else None
    return Question(text, voiced + tail, nameless + tail, frozenset(named.values()), periods, cue)
