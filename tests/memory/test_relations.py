"""Relations by patterns: what is stated is found with its bytes; what is asked, denied or somebody else's is not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.memory.mentions import MOST, mentions
from solomonic.memory.relations import LONGEST_GAP, relations

Triple = tuple[str, str, str]


def read(text: str, speaker: str | None = None) -> list[Triple]:
    found = relations(text, mentions(text, speaker=speaker))
    for relation in found:
        assert relation.object in text.encode()[relation.start : relation.end].decode()
    return [(relation.subject, relation.relation, relation.object) for relation in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Kolmogorov was born in Tambov.", ("Kolmogorov", "was born in", "Tambov")),
        ("Kolmogorov died on 20 October 1987.", ("Kolmogorov", "died on", "20 October 1987")),
        ("Paris is the capital of France.", ("Paris", "capital of", "France")),
        ("Ann works at Google.", ("Ann", "works at", "Google")),
        ("Ann lives in Paris now.", ("Ann", "lives in", "Paris")),
        ("Hamlet was written by William Shakespeare.", ("Hamlet", "was written by", "William Shakespeare")),
        ("Ann's brother Tom called.", ("Ann", "brother", "Tom")),
        ("Ann's brother is Tom.", ("Ann", "brother", "Tom")),
        ("Ann is a nurse.", ("Ann", "is a", "nurse")),
        ("Antarctica is a frozen desert with ice.", ("Antarctica", "is a", "frozen desert")),
        ("In 1933 Kolmogorov published Grundbegriffe.", ("Kolmogorov", "published", "Grundbegriffe")),
    ],
)
def test_what_a_text_states_is_found(text: str, expected: Triple) -> None:
    assert expected in read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I live in Rome.", ("Eve", "live in", "Rome")),
        ("I was born in Rome", ("Eve", "was born in", "Rome")),
        ("I'm a nurse.", ("Eve", "is a", "nurse")),
        ("I’m from Sweden", ("Eve", "am from", "Sweden")),
        ("My sister Ann called", ("Eve", "sister", "Ann")),
        ("and my dog is called Rex", ("Eve", "dog", "Rex")),
        ("I went to Rome yesterday", ("Eve", "went to", "Rome")),
    ],
)
def test_the_first_person_is_the_speaker(text: str, expected: Triple) -> None:
    assert expected in read(text, "Eve")
    assert "Eve" not in [subject for subject, _, _ in read(text)]


@pytest.mark.parametrize(
    "text",
    [
        "Ann is not a nurse.",
        "Did Ann meet Tom?",
        "Is Ann a nurse?",
        "If Ann met Tom, we left.",
        "The author of Hamlet was born in Stratford.",
        "Tom and Ann live apart; Ann never met Tom.",
        "Ann built a Roman wall.",
        "When Ann lived in Rome, it rained.",
        "Ann. Met Tom.",
        "Ann, who met Tom, left.",
        "Ann is a bit late.",
        "I bought yesterday's Times",
    ],
)
def test_what_is_asked_denied_or_said_of_another_is_left_alone(text: str) -> None:
    assert read(text, "Eve") == []


WORDS = ["Ann", "Tom", "I", "my", "is", "a", "the", "'s", "brother", "was", "born", "in", "Rome", "not", "met", "of", "1990", ",", ".", "é"]


@given(st.lists(st.sampled_from(WORDS), max_size=20))
@settings(deadline=None)
def test_every_statement_lies_in_its_bytes_and_begins_no_later_than_it_ends(words: list[str]) -> None:
    text = " ".join(words)
    data = text.encode()
    for relation in relations(text, mentions(text, speaker="Eve")):
        assert 0 <= relation.start < relation.end <= len(data)
        assert relation.object.encode() in data[relation.start : relation.end]
        assert relation.relation
        assert relation.end - relation.start < 4 * LONGEST_GAP


@pytest.mark.parametrize("piece", ["I ", "I'm a ", "my a ", "Ann is a ", "Ann's b ", "I met Ann "])
def test_of_a_hostile_text_no_more_is_read_than_of_any_other(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    assert len(relations(text, mentions(text, speaker="Eve"))) <= 2 * MOST
