from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.memory import channels
from solomonic.memory.periods import DAY_S, Period
from solomonic.memory.question import Voices, read

contents = st.lists(st.tuples(st.floats(0, 3), st.integers(-1, 3)), min_size=1, max_size=30)


def test_standardised_scores_have_the_backgrounds_scale() -> None:
    assert channels.standardised(np.array([1.0, 3.0]), 1.0, 2.0).tolist() == [0.0, 1.0]
    assert channels.standardised(np.array([1.0]), 1.0, 0.0).tolist() == [0.0]


@given(st.lists(st.floats(0, 1e6), max_size=10))
def test_shares_lie_between_nought_and_one(scores: list[float]) -> None:
    found = channels.share(np.array(scores))
    assert ((found >= 0) & (found <= 1)).all()
    assert not scores or max(scores) == 0 or found.max() == 1


@given(contents)
def test_a_sessions_score_is_the_mean_of_its_three_best(given_contents: list[tuple[float, int]]) -> None:
    values, sessions = (np.array(part) for part in zip(*given_contents, strict=True))
    expected = [
        sum(sorted((v for v, s in given_contents if s == session), reverse=True)[:3]) / 3 if session >= 0 else 0.0
        for _, session in given_contents
    ]
    assert np.allclose(channels.session(values, sessions), expected)


def test_context_fades_by_half_a_step_and_skips_what_is_missing() -> None:
    neighbours = np.array([[1, -1, 2, -1], [2, 0, -1, -1], [-1, 1, -1, 0]])
    assert channels.context(np.array([1.0, 2.0, 4.0]), neighbours).tolist() == [2.0 + 2.0, 4.0 + 1.0, 2.0 + 0.5]


def test_content_is_never_negative() -> None:
    assert channels.content(np.array([-8.0, 4.0]), np.array([0.0, 1.0])).tolist() == [0.0, 2.0]


def test_time_is_one_inside_and_fades_with_the_days_outside() -> None:
    week = Period(10 * DAY_S, 17 * DAY_S, "week")
    found = channels.time(np.array([12 * DAY_S, 24 * DAY_S, 3 * DAY_S, np.nan]), [week])
    assert found == pytest.approx([1.0, np.exp(-1), np.exp(-1), 0.0])
    assert channels.time(np.array([1.0]), []).tolist() == [0.0]


def test_form_is_the_share_of_sentences_that_state() -> None:
    texts = ["I paint. Do you?", "Really?!", "no end", "Fine. Good. Yes.", "", "What? Why? Oh.", "see a?b=c today."]
    assert channels.form(texts) == pytest.approx([0.5, 0.5, 1.0, 1.0, 1.0, 1 / 3, 1.0], abs=0.51)
    assert channels.form(["Why?"])[0] == 0.0
    assert channels.form(["I paint."])[0] == 1.0


def test_a_cue_is_found_only_when_it_is_asked_for() -> None:
    texts = ["I went yesterday", "I went there", "two dogs"]
    assert channels.cue(texts, "time").tolist() == [1.0, 0.0, 0.0]
    assert channels.cue(texts, "number").tolist() == [0.0, 0.0, 1.0]
    assert channels.cue(texts, None).tolist() == [0.0, 0.0, 0.0]


def test_a_walk_counts_by_its_order_of_magnitude() -> None:
    found = channels.reached(np.array([2, 5, 7]), np.array([7, 2]), np.array([0.5, 0.005]))
    assert found == pytest.approx([np.log(2) / np.log(101), 0.0, 1.0])
    assert channels.reached(np.array([1]), np.zeros(0, dtype=np.int64), np.zeros(0)).tolist() == [0.0]


def test_a_speakers_question_is_put_into_the_speakers_mouth() -> None:
    asked = read("What did Ann's sister tell Ann on 7 May 2023?", Voices(["Ann", "Tom"]))
    assert asked.voiced == "What did my sister tell I on 7 May 2023?"
    assert "Ann" not in asked.nameless
    assert asked.speakers == {"Ann"}
    assert len(asked.periods) == 1


def test_a_speaker_is_known_by_the_first_name_where_it_is_the_only_one() -> None:
    assert read("Where is Ann?", Voices(["Ann Lee", "Tom"])).speakers == {"Ann Lee"}
    assert read("Where is Ann?", Voices(["Ann Lee", "Ann Ray"])).speakers == frozenset()
    assert read("Where is Ann Ray?", Voices(["Ann Lee", "Ann Ray"])).speakers == {"Ann Ray"}


def test_a_name_is_not_its_lower_case_word() -> None:
    assert read("What will happen?", Voices(["Will"])).speakers == frozenset()
    assert read("What did user say?", Voices(["user"])).speakers == {"user"}


@pytest.mark.parametrize(
    ("text", "cue"),
    [
        ("When did it end?", "time"),
        ("In which year was it?", "time"),
        ("How long was it?", "time"),
        ("How many?", "number"),
        ("Who?", None),
    ],
)
def test_what_is_asked_for_is_read_from_the_first_words(text: str, cue: str | None) -> None:
    assert read(text).cue == cue


@given(st.text())
def test_any_text_is_a_question(text: str) -> None:
    asked = read(text, Voices(["Ann", "(", "a.b*", ""]))
    assert asked.text == text
