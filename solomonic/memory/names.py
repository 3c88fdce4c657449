"""Names in English text: runs of capitalised words, and whether a capital says more than that a sentence begins.

A capital inside a sentence marks a name. One at the start of a sentence, and a word in capitals throughout, proves nothing by itself: such a
find is *guarded* by its first word, and how the store writes that word elsewhere decides (`Casing`). So the decision may change as a store
grows, and depends on what it holds, not on the order in which it came. Only closed classes of English (pronouns, articles, prepositions,
auxiliaries, titles) are listed; no list of names.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from .datewords import WEEKDAY_WORDS, closed_class

MOST_WORDS: Final = 8
"""A longer run of capitalised words is a heading or a shout, not a name."""

OFTEN: Final = 5
"""A word seen at so many starts of sentences, and never capitalised inside one, is no name."""

FUNCTION_WORDS: Final = closed_class(
    "a an the this that these those some any each every either neither no none all both half such much many more most few "
    "several other another i me my mine myself you your yours yourself he him his himself she her hers herself it its itself "
    "we us our ours ourselves they them their theirs themselves one who whom whose which what when where why how whether that "
    "if because since although though while unless until till as than and or but nor so yet for of in on at by to from with "
    "without within into onto upon about above across after against along among around before behind below beneath beside "
    "besides between beyond despite down during except inside like near off out outside over past through throughout "
    "toward towards under underneath up via is am are was were be been being do does did done doing have has had having can "
    "could may might must shall should will would ought not yes then there here now also just only even still again too very "
    "else ever never once perhaps maybe however therefore thus hence moreover meanwhile otherwise instead"
)
INTERJECTIONS: Final = closed_class(
    "ah aha alas aw bye congrats congratulations dear goodbye ha hello hey hi hurray no nope oh ok okay ooh oops ouch please "
    "sorry thank thanks ugh wow yay yeah yep yes"
)
_CUTS: Final = FUNCTION_WORDS | INTERJECTIONS
_ALSO_NAMES: Final = frozenset(("will", "may"))
_JOINING: Final = closed_class("of the de la le del della di da do dos du van von der den bin ibn al el y")
_TITLES: Final = closed_class("dr mr mrs ms miss prof sr jr sir madam")
_SHORT: Final = _TITLES | frozenset(("st", "vs", "eg", "ie", "e.g", "i.e", "no", "vol", "fig", "cf", "al"))
"""Words whose full stop ends no sentence."""

_CAPITALS: Final = "A-Z" + "".join(map(chr, (c for c in (*range(0xC0, 0x590), *range(0x1E00, 0x2000)) if chr(c).isupper())))
_WORD: Final = rf"[{_CAPITALS}](?:\.(?:[{_CAPITALS}]\.)+|\.(?=[ ]?[{_CAPITALS}])|\w*(?:['’&-]\w+)*)"
_runs: Final = re.compile(rf"{_WORD}(?:[ \xa0]?(?:(?:{'|'.join(sorted(_JOINING))})[ \xa0](?:the[ \xa0])?)?{_WORD})*").finditer
_NO_NAMES: Final = WEEKDAY_WORDS | {"Mon", "Tue", "Tues", "Wed", "Thu", "Thur", "Thurs", "Fri", "Sat"}
_words: Final = re.compile(r"[^\s\xa0]+").finditer
_first: Final = re.compile(r"\w+").match
_ENDINGS: Final = ("'s", "’s", "'ll", "’ll", "'d", "’d", "'re", "’re", "'ve", "’ve", "'m", "’m")


class Name(NamedTuple):
    """A find at characters [start, end). `guard`: the word whose casing elsewhere decides, or None where the find is sure.

    rest: what is left of it, (start, norm), where the guarding first word turns out to be none of the name.
    begins: does a sentence begin with it?
    """

    start: int
    end: int
    norm: str
    guard: str | None
    rest: tuple[int, str] | None
    begins: bool


class Casing:
    """How a store writes its words: how often in each form, and how often at the start of a sentence."""

    def __init__(self) -> None:
        self.forms: Counter[str] = Counter()
        self.starts: Counter[str] = Counter()

    @classmethod
    def of(cls, words: Iterable[str], starts: Iterable[str]) -> Casing:
        """Return the counts of one text."""
        casing = cls()
        casing.add(words, starts)
        return casing

    def add(self, words: Iterable[str], starts: Iterable[str]) -> None:
        """Count the words of a text, and those with a capital that begin its sentences."""
        self.forms.update(words)
        self.starts.update(starts)

    def remove(self, words: Iterable[str], starts: Iterable[str]) -> None:
        """Take a text's words out again, so that no trace of a word is left that no other text has."""
        for counter, gone in ((self.forms, words), (self.starts, starts)):
            for word, count in Counter(gone).items():
                left = counter[word] - count
                if left > 0:
                    counter[word] = left
                else:
                    counter.pop(word, None)

    def inside(self, word: str) -> int:
        """Return how often the word, so written, stands inside a sentence."""
        return self.forms[word] - self.starts[word]

    def is_name(self, word: str) -> bool:
        """Return whether a capitalised word is one because it is a name, as far as the store can tell."""
        small = self.forms[word.lower()]
        if small:
            return self.inside(word) > small
        return self.starts[word] < OFTEN or self.inside(word) > 0


def decide(name: str, guard: str, rest: str | None, casing: Casing) -> str | None:
    """Return the normal form that a guarded find has: the whole, what is left without the guard, or None."""
    return name if casing.is_name(guard) else rest


def normal(surface: str) -> str:
    """Return the form under which names are held to be the same: no case, accents, punctuation, possessive or leading article."""
    if surface.isalpha() and surface.isascii():
        return surface.lower()
    plain = surface.casefold() if surface.isascii() else _unaccented(surface.casefold())
    plain = plain.removesuffix("'s").removesuffix("’s")
    words = "".join(c if c.isalnum() else "" if c in "'’." else " " for c in plain).split()
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return " ".join(words)


def _unaccented(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _begins(text: str, start: int) -> bool:
    """Does a sentence begin here?"""
    i = start - 1
    while i >= 0 and text[i] in " \t\xa0\"'“‘([{*#>_":
        i -= 1
    if i < 0 or text[i] in "!?:;\n…":
        return True
    if text[i] != ".":
        return False
    j = i
    while j > 0 and i - j < 5 and text[j - 1].isalnum():
        j -= 1
    word = text[j:i]
    return not ((len(word) == 1 and word.isupper()) or word.lower() in _SHORT)


def names(text: str) -> Iterator[Name]:
    """Yield the names of a text, in order."""
    for run in _runs(text):
        start = run.start()
        if start and (text[start - 1].isalnum() or text[start - 1] in "_'’"):
            continue
        yield from _of_run(text, start, run[0])


def _of_run(text: str, offset: int, run: str) -> Iterator[Name]:
    """Yield the names of one run of capitalised words: it is cut at function words, and stripped of titles and endings."""
    if len(run) > 40 * MOST_WORDS:
        return
    piece: list[tuple[int, str]] = []
    for start, word in [(offset, run)] if " " not in run and "\xa0" not in run else _split(run, offset):
        base = word.partition("'")[0].partition("’")[0].lower()
        joins = base in _JOINING and bool(piece) and word.islower()
        cut = base in _CUTS and not (base in _ALSO_NAMES and (piece or not _begins(text, start)))
        if not joins and (cut or base.rstrip(".") in _TITLES or word.endswith(("n't", "n’t"))):
            yield from _of_piece(text, piece)
            piece = []
            continue
        piece.append((start, word))
        if word.endswith(_ENDINGS):
            yield from _of_piece(text, piece)
            piece = []
    yield from _of_piece(text, piece)


def _split(run: str, offset: int) -> Iterator[tuple[int, str]]:
    return ((offset + match.start(), match[0]) for match in _words(run))


def _of_piece(text: str, piece: list[tuple[int, str]]) -> Iterator[Name]:
    """Yield the one name that a run of words without function words is, if it is one."""
    while piece and piece[-1][1].lower() in _JOINING:
        piece = piece[:-1]
    if not piece or len(piece) > MOST_WORDS:
        return
    start, first = piece[0]
    last = piece[-1][1]
    for ending in _ENDINGS:
        if last.endswith(ending):
            last = last[: -len(ending)]
            break
    end = piece[-1][0] + len(last)
    if end - start < 2 or text[start:end] in _NO_NAMES:
        return
    norm = normal(text[start:end])
    begins = _begins(text, start)
    if not norm or not (begins or (len(piece) == 1 and first.isupper())):
        if norm:
            yield Name(start, end, norm, None, None, begins)
        return
    guard = _first(first)
    rest = None
    if len(piece) > 1 and piece[1][1].lower() not in _JOINING and (left := normal(text[piece[1][0] : end])) and end - piece[1][0] > 1:
        rest = (piece[1][0], left)
    yield Name(start, end, norm, guard[0] if guard else first, rest, begins)
