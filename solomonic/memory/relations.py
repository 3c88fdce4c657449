"""Relations that a text states outright, by patterns around its mentions: (subject, relation, object) with the bytes that say so.

Precision before recall: two mentions with nothing between them but a verb and its prepositions ("works at", "was born in", "is the capital
of"), a possessive ("Ann's brother Tom", "Ann's brother is Tom"), or a name said to be something ("Ann is a nurse"). With a known speaker, "I"
and "my" stand for the speaker. Negated, hedged and asked statements are left alone. One look at each gap between neighbouring mentions:
linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice
from typing import Final, NamedTuple

from .datewords import DAY_WORDS, ORDINALS, closed_class
from .mentions import LONGEST, MOST, Mention
from .names import FUNCTION_WORDS

SOURCE: Final = "pattern"
"""How the origin of these relations is marked wherever they are kept."""

LONGEST_GAP: Final = 60
"""Bytes between two mentions beyond which no pattern is tried."""

_BE: Final = closed_class("is was are were am became becomes remains remained")
_AUXILIARIES: Final = _BE | closed_class("has had have been being")
_VERBS: Final = closed_class(
    "met wrote won made led took gave went began ran held left kept built bought sold sent taught thought knew saw told found "
    "got came grew drew flew sang fought beat brought caught chose drove fell felt lost paid put read rose said sat shot "
    "spoke spent stood stole swam threw understood wore lies lay"
)
_THIRD_PERSON: Final = closed_class(
    "works lives plays wins leads runs owns writes teaches studies makes takes gives goes comes flows borders operates "
    "contains includes features stars hosts holds serves employs produces publishes supports loves likes hates knows meets "
    "marries joins covers uses wants needs visits sits stands lies begins ends opens closes represents governs follows "
    "precedes crosses connects belongs refers has directs performs manages builds sells buys speaks eats drinks drives rides "
    "sings reads keeps brings calls owes loses leaves enters moves travels"
)
_PREPOSITIONS: Final = closed_class("in at on from to for with by of as into near under over after against about around within outside")
_ARTICLES: Final = frozenset(("a", "an", "the"))
_FILLERS: Final = closed_class("also later first then once now currently originally still recently formerly")
_PLACE: Final = closed_class("in at on from near within outside")
_TIMES: Final = closed_class("in on at since from until by during before after around")
_EMPTY: Final = closed_class("bit lot few little while way thing one kind sort part type number couple member")

_word: Final = re.compile(rb"[a-z]+(?:-[a-z]+)*")
_is_a: Final = re.compile(rb" (?:is|was|am|became) (?:an?|the) ((?:[A-Za-z]+(?:-[A-Za-z]+)*[ ]?){1,5})").match
_short_is_a: Final = re.compile(rb"(?:'m|\xe2\x80\x99m|'s|\xe2\x80\x99s) an? ((?:[A-Za-z]+(?:-[A-Za-z]+)*[ ]?){1,5})").match
_possessed: Final = re.compile(
    rb"(?:'s|\xe2\x80\x99s|s'|s\xe2\x80\x99) ([a-z]+(?: [a-z]+)??)(?:,| (?:is|was)(?: called| named)?|(?:'s|\xe2\x80\x99s) name is)? "
).fullmatch
_i: Final = re.compile(rb"\bI\b").finditer
_my: Final = re.compile(rb"\b[Mm]y ([a-z]+(?: [a-z]+)??)(?:,| (?:is|was)(?: called| named)?|(?:'s|\xe2\x80\x99s) name is)? $").search


class Relation(NamedTuple):
    """What a text states of two things, in its own words; bytes [start, end) are the statement."""

    subject: str
    relation: str
    object: str
    start: int
    end: int


class Stated(NamedTuple):
    """A relation with the mentions that it ties; a subject of kind "speaker" is the record's speaker, an object may be plain words."""

    subject: Mention
    relation: str
    object: Mention | str
    start: int
    end: int


def relations(text: str | bytes, found: Sequence[Mention]) -> list[Relation]:
    """Return what the text states of its mentions, in order; `found`: its mentions (`mentions.mentions`)."""
    return [
        Relation(subject.surface, relation, thing if isinstance(thing, str) else thing.surface, start, end)
        for subject, relation, thing, start, end in stated(text, found)
    ]


def stated(text: str | bytes, found: Sequence[Mention]) -> list[Stated]:
    """Return what the text states, tied to the given mentions."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    speaker = next((mention for mention in found if mention.kind == "speaker"), None)
    result: list[Stated] = []
    ends = [mention for mention in found if mention.kind != "speaker" and mention.end > mention.start]
    if speaker is not None:
        ends += [speaker._replace(start=at.start(), end=at.end()) for at in islice(_i(data, 0, LONGEST), MOST)]
        ends.sort(key=lambda mention: mention.start)
    for i, subject in enumerate(ends):
        following = ends[i + 1] if i + 1 < len(ends) else None
        if speaker is not None and subject.kind == "name":
            named = _my(data, max(0, subject.start - LONGEST_GAP), subject.start)
            if named and (relation := _noun(named[1])):
                result.append(Stated(speaker, relation, subject, named.start(), subject.end))
        if subject.kind not in ("name", "quoted", "speaker"):
            continue
        between = _between(data, subject, following) if following else None
        if between:
            result.append(between)
        elif is_a := _something(data, subject):
            result.append(is_a)
    return result


def _between(data: bytes, subject: Mention, other: Mention) -> Stated | None:
    """Return what the words between two neighbouring mentions state, or None."""
    gap = data[subject.end : other.start]
    if not 3 <= len(gap) <= LONGEST_GAP or other.kind == "speaker" or _inside(data, subject.start) or modifies(data, other):
        return None
    possessed = _possessed(gap)
    if possessed and subject.kind != "speaker":
        noun = _noun(possessed[1])
        return Stated(subject, noun, other, subject.start, other.end) if noun and other.kind == "name" else None
    if subject.kind == "speaker":
        gap = re.sub(rb"^(?:'m|\xe2\x80\x99m) ", b" am ", gap)
    if gap[:1] != b" " or gap[-1:] not in b" $":
        return None
    words = gap.split()
    if not all(_word.fullmatch(word) for word in words):
        return None
    verbal = _verbal([word.decode() for word in words], first_person=subject.kind == "speaker")
    if verbal and other.kind in ("date", "duration") and verbal.rpartition(" ")[2] not in _TIMES:
        return None
    return Stated(subject, verbal, other, subject.start, other.end) if verbal else None


def _verbal(words: list[str], *, first_person: bool) -> str | None:
    """Return the relation that words between two mentions are, or None where they are no plain verb phrase."""
    words = [word for word in words if word not in _FILLERS]
    if words and words[-1] in _ARTICLES:
        words = words[:-1]
    if not words or len(words) > 6:
        return None
    first = words[0]
    if first in _BE and len(words) > 2 and words[1] in _ARTICLES:
        noun, preposition = words[2:-1], words[-1]
        if noun and preposition in _PREPOSITIONS and not any(word in FUNCTION_WORDS or word in _EMPTY for word in noun):
            return " ".join([*noun, preposition])
        return None
    verb = next((i for i, word in enumerate(words) if word not in _AUXILIARIES), None)
    if verb is None or (verb == 0 and not _is_verb(first, first_person=first_person)):
        return None
    if verb > 0 and not (words[verb].endswith(("ed", "en", "ing", "wn", "rn")) or words[verb] in _VERBS or words[verb] in _PLACE):
        return None
    rest = words[verb + 1 :]
    return " ".join(words) if all(word in _PREPOSITIONS for word in rest) else None


def _is_verb(word: str, *, first_person: bool) -> bool:
    if word in FUNCTION_WORDS or word in _PREPOSITIONS:
        return False
    return first_person or word in _VERBS or word in _THIRD_PERSON or (len(word) > 3 and word.endswith("ed"))


def _something(data: bytes, subject: Mention) -> Stated | None:
    """Return "X is a Y" where the noun phrase Y follows the mention, or None."""
    match = _is_a(data, subject.end) or (_short_is_a(data, subject.end) if subject.kind == "speaker" else None)
    if match is None or _inside(data, subject.start):
        return None
    phrase: list[str] = []
    for word in match[1].decode().split():
        if word.lower() in FUNCTION_WORDS:
            break
        phrase.append(word)
    while phrase and (phrase[-1].endswith(("ed", "est")) or phrase[-1] in ORDINALS):
        phrase.pop()
    if not phrase or any(word.lower() in _EMPTY for word in phrase) or phrase[-1].endswith("ly") or len(phrase[-1]) < 3:
        return None
    noun = " ".join(phrase)
    if data[match.start(1) : match.start(1) + len(noun)] != noun.encode() or len(phrase) == 5:
        return None
    return Stated(subject, "is a", noun, subject.start, match.start(1) + len(noun))


def _noun(words: bytes) -> str | None:
    """Return one or two words as the noun of a possessive, or None."""
    plain = words.decode()
    parts = plain.split()
    return None if any(word in FUNCTION_WORDS for word in parts) or parts[-1] in _EMPTY else plain


_OPENERS: Final = (
    rb"[Ii]f|[Ww]hether|[Ww]hen|[Ww]hile|[Dd]id|[Dd]oes|[Dd]o|[Ii]s|[Ww]as|[Aa]re|[Ww]ere|[Ww]ould|[Cc]ould|[Mm]ay|[Ll]ike|[Aa]s"
)
_HELD: Final = rb"of|in|at|on|from|to|for|with|by|into|near|between|and|or|nor|like|than|as|if|whether|when|while|because"
_inner: Final = re.compile(rb"(?:\b(?:" + _HELD + rb")(?: (?:the|an?))?|'s|\xe2\x80\x99s) $").search
_question: Final = re.compile(rb"(?:^|[.!?\n]\s*)(?:" + _OPENERS + rb")\s[^.!?\n]*$").search


def _inside(data: bytes, start: int) -> bool:
    """Is the mention only a part of the subject ("the author of Hamlet"), or its sentence a question or a condition?"""
    near = max(0, start - LONGEST_GAP)
    return start > 0 and (_inner(data, near, start) is not None or _question(data, near, start) is not None)


_next_word: Final = re.compile(rb"[ -]([a-z]+)").match


def modifies(data: bytes, other: Mention) -> bool:
    """Is the mention only an adjective of the noun after it ("a Roman wall")?"""
    match = _next_word(data, other.end) if other.kind in ("name", "quoted") else None
    if match is None:
        return False
    word = match[1].decode()
    return not (
        word in FUNCTION_WORDS or word in _THIRD_PERSON or word in _VERBS or word in DAY_WORDS or word.endswith(("ing", "ed", "ly"))
    )
