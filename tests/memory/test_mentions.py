"""Mentions: what is found, on which bytes, under which form; and that no text is too hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.memory.mentions import LONGEST, MOST, Mention, Quantity, mentions, scan
from solomonic.memory.names import Casing, normal
from solomonic.memory.periods import Duration, Period

MONDAY = 1_683_554_160.0
"""8 May 2023, 13:56 UTC."""


def names_of(text: str, **more: object) -> list[str]:
    return [mention.norm for mention in mentions(text, **more) if mention.kind == "name"]  # type: ignore[arg-type]


def test_a_turn_is_read_whole() -> None:
    text = 'Hey Mel! Caroline\'s brother read "Becoming Nicole" in New York on 7 May 2023, with two dogs, for 3 hours.'
    found = [(mention.kind, mention.surface, mention.norm) for mention in mentions(text, at=MONDAY, speaker="Ann Lee")]
    assert found == [
        ("speaker", "Ann Lee", "ann lee"),
        ("name", "Mel", "mel"),
        ("name", "Caroline", "caroline"),
        ("quoted", "Becoming Nicole", "becoming nicole"),
        ("name", "New York", "new york"),
        ("date", "7 May 2023", "2023-05-07"),
        ("number", "two dogs", "2 dogs"),
        ("duration", "3 hours", "3 hours"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We met Dr. Smith's aunt.", ["smith"]),
        ("the U.S. Army", ["us army"]),
        ("by J. R. R. Tolkien himself", ["j r r tolkien"]),
        ("saw The Lord of the Rings", ["lord of the rings"]),
        ("at the University of Copenhagen", ["university of copenhagen"]),
        ("with Li-Vitányi and Vincent van Gogh", ["li vitanyi", "vincent van gogh"]),
        ("he's at O'Brien’s", ["obrien"]),
        ("Did Caroline go? I'm sure. Don't ask.", ["caroline"]),
        ("with Caroline and I", ["caroline"]),
        ("Will you ask Will Smith?", ["will smith"]),
        ("Jorma Rissanen wrote it. So did Rissanen.", ["jorma rissanen", "rissanen"]),
        ("The Kremlin stands. It is the Kremlin.", ["kremlin", "kremlin"]),
        ("every Friday in the HQ", ["hq"]),
        ("Straße nach Ülzen und Ærø", ["strasse", "ulzen", "ærø"]),
    ],
)
def test_names_are_runs_of_capitalised_words(text: str, expected: list[str]) -> None:
    assert names_of(text) == expected


def test_a_capital_that_only_begins_a_sentence_is_judged_by_how_the_word_is_written_elsewhere() -> None:
    assert "thanks" not in names_of("Thanks for that. She thanks him.")
    assert "melanie" in names_of("Melanie went home. I like Melanie.")
    seen = Casing()
    for _ in range(10):
        seen.add(["Gosh", "nice"], ["Gosh"])
    assert names_of("Gosh Melanie!", casing=seen) == ["melanie"]
    assert names_of("Gosh!", casing=seen) == []


def test_words_in_capitals_are_names_unless_the_store_writes_them_small() -> None:
    assert names_of("I LOVE it, as all love NASA") == ["nasa"]


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("it costs $5 million now", 5e6, "$"),
        ("it is 1,200 metres high", 1200.0, "m"),
        ("about 3.5% of it", 3.5, "%"),
        ("-40 °C outside", -40.0, "°C"),
        ("twenty-one miles away", 21.0, "mi"),
        ("a drop of 20 degrees celsius", 20.0, "°C"),
        ("five cats", 5.0, "cats"),
        ("room 1234", 1234.0, None),
    ],
)
def test_numbers_come_with_their_units(text: str, number: float, unit: str | None) -> None:
    assert [mention.value for mention in mentions(text)] == [Quantity(number, unit)]


@pytest.mark.parametrize("text", ["at 13:45:10.5x", "version 1.2.3", "the 5th", "B2 and x86", "a 3D film", "one of them", "a id 0x1f"])
def test_parts_of_words_clocks_and_versions_are_no_numbers(text: str) -> None:
    assert [mention for mention in mentions(text) if mention.kind == "number"] == []


def test_speech_is_no_quoted_title() -> None:
    text = 'She said "I know. You do not know that yet, do you?" and left "Les Nuits".'
    assert [mention.surface for mention in mentions(text) if mention.kind == "quoted"] == ["Les Nuits"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Caroline's", "CAROLINE"),
        ("the Kremlin", "Kremlin"),
        ("Vitányi", "Vitanyi"),
        ("U.S.", "US"),
        ("Li-Lee", "li  lee"),
        ("Charlotte’s", "charlotte"),
    ],
)
def test_one_thing_has_one_normal_form(one: str, other: str) -> None:
    assert normal(one) == normal(other)


TEXT = st.text(alphabet=st.sampled_from(list("aZé Bö.\"“”'’-\n1,7$%ÀИ𝔘\ud800日Mr.May")), max_size=60) | st.text(max_size=40)


@given(TEXT, st.none() | st.floats(-1e10, 1e10), st.none() | st.text(max_size=5))
@settings(deadline=None)
def test_every_mention_stands_on_its_own_bytes(text: str, at: float | None, speaker: str | None) -> None:
    data = text.encode("utf-8", "surrogatepass")
    spoken = [mention for mention in mentions(text, at=at, speaker=speaker) if mention.kind == "speaker"]
    assert all((mention.start, mention.end) == (0, 0) for mention in spoken)
    end = 0
    for mention in mentions(text, at=at):
        assert data[mention.start : mention.end].decode("utf-8", "surrogatepass") == mention.surface
        assert end <= mention.start < mention.end
        assert mention.norm
        end = mention.end


@given(st.binary(max_size=60))
@settings(deadline=None)
def test_bytes_that_are_no_text_keep_their_offsets(data: bytes) -> None:
    data = data + b" Anna \xff Karla"
    found = mentions(data)
    assert all(data[mention.start : mention.end].decode("utf-8", "surrogateescape") == mention.surface for mention in found)
    assert (b" Anna \xff Karla".rfind(b"Karla") + len(data) - len(b" Anna \xff Karla")) in [mention.start for mention in found]


@given(st.lists(st.sampled_from(["Anna", "anna", "Wow", "wow", "met", "Bob", ".", "!", "in", "the", "NASA"]), max_size=30))
def test_a_text_settled_by_its_own_casing_is_settled_as_mentions_does(words: list[str]) -> None:
    text = " ".join(words)
    scanned = scan(text)
    assert scanned.settled(Casing.of(scanned.words, scanned.starts)) == mentions(text)


@given(st.lists(st.lists(st.sampled_from(["Anna", "anna", "Wow"]), max_size=4), max_size=5), st.integers(0, 4))
def test_casing_forgets_exactly_what_is_taken_out(texts: list[list[str]], gone: int) -> None:
    left, whole = Casing(), Casing()
    for i, words in enumerate(texts):
        whole.add(words, words[:1])
        if i != gone:
            left.add(words, words[:1])
    if gone < len(texts):
        whole.remove(texts[gone], texts[gone][:1])
    assert (whole.forms, whole.starts) == (left.forms, left.starts)


HOSTILE = ["a", "A", "A ", "Ab", "é", '"', "“", "1", "1 ", "$", "'", "A'", "A.", "may ", "((A", "-", "\n", "Mr. ", "A-b", '"x', "two dogs "]


@pytest.mark.parametrize("piece", HOSTILE)
def test_a_hostile_text_has_no_more_than_the_most_mentions(piece: str) -> None:
    found = mentions(piece * (100_000 // len(piece)))
    assert len(found) <= MOST


@pytest.mark.slow
@pytest.mark.parametrize("piece", [*HOSTILE, "x\ud800"])
def test_of_ten_hostile_megabytes_the_first_are_read(piece: str) -> None:
    """Work that grew with the square of the length would not end here."""
    scanned = scan(piece * (10_000_000 // len(piece)))
    assert sum(map(len, scanned.words)) <= LONGEST
    assert len(scanned.sure) + len(scanned.guarded) <= MOST


def test_a_long_text_is_read_to_its_end_piece_by_piece() -> None:
    text = "é filler words here. " * 10_000 + "Then came Zaphod Beeblebrox."
    last = mentions(text)[-1]
    assert last.norm == "zaphod beeblebrox"
    assert text.encode()[last.start : last.end].decode() == "Zaphod Beeblebrox"


def test_values_have_the_type_of_their_kind(data: Path) -> None:
    types: dict[str, tuple[type, ...]] = {"date": (Period, type(None)), "duration": (Duration,), "number": (Quantity,)}
    dialogue = json.loads((data / "locomo" / "locomo.json").read_text())[0]["conversation"]
    turns = [turn for name, session in dialogue.items() if isinstance(session, list) and name.startswith("session") for turn in session]
    found: list[Mention] = []
    for turn in turns:
        found += mentions(turn["text"], at=MONDAY, speaker=turn["speaker"])
    assert all(isinstance(mention.value, types.get(mention.kind, (type(None),))) for mention in found)
    assert {"name", "speaker", "date", "duration", "number", "quoted"} == {mention.kind for mention in found}
