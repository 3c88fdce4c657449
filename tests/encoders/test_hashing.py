"""The encoder without weights, and the registry that never chooses it by itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from solomonic.encoders import Encoder, encoder, fingerprint_of, names
from solomonic.encoders.hashing import HashingEncoder
from solomonic.encoders.protocol import unit, well_formed
from solomonic.errors import MissingExtra, UnknownName


@given(st.lists(st.text(st.characters(), max_size=30), max_size=8))
def test_any_text_has_a_unit_vector_that_depends_on_it_alone(texts: list[str]) -> None:
    hashing = HashingEncoder()
    vectors = hashing.encode(texts)
    assert vectors.shape == (len(texts), 512)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-6)
    for text, vector in zip(texts, vectors, strict=True):
        np.testing.assert_array_equal(hashing.encode([text])[0], vector)


def test_the_vector_of_a_text_is_the_same_on_every_machine() -> None:
    vector = HashingEncoder(dimensions=8).encode(["The lake sunrise, painted"])[0]
    np.testing.assert_allclose(vector, [0.514631, 0.514631, 0.191369, -0.160121, -0.131892, -0.193849, -0.349011, -0.480903], atol=1e-5)


def test_spellings_that_are_near_have_vectors_that_are_near() -> None:
    cat, cats, invoice = HashingEncoder().encode(["painting a sunrise", "Paintings of sunrises", "quarterly invoice"])
    assert cat @ cats > 0.4 > 0.1 > abs(cat @ invoice)


def test_lone_surrogates_become_question_marks_and_all_else_stays() -> None:
    assert well_formed("a\ud800b") == "a?b"
    assert well_formed("é中\x00") == "é中\x00"


def test_a_vector_of_zeros_gets_a_direction() -> None:
    np.testing.assert_array_equal(unit(np.zeros((1, 3))), [[1.0, 0.0, 0.0]])


def test_fingerprints_do_not_depend_on_the_order_of_settings() -> None:
    assert fingerprint_of({"a": 1, "b": 2}) == fingerprint_of({"b": 2, "a": 1}) != fingerprint_of({"a": 1, "b": 3})
    assert HashingEncoder().fingerprint != HashingEncoder(dimensions=256).fingerprint


def test_the_registry_knows_its_own_and_says_what_was_nearly_meant() -> None:
    assert names() == ("hashing", "minilm")
    assert isinstance(encoder("hashing"), Encoder)
    for slip in ("minlm", "Hashing", "hashin"):
        with pytest.raises(UnknownName, match="did you mean"):
            encoder(slip)


def test_hashing_never_stands_in_for_weights_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise MissingExtra("no weights")

    monkeypatch.setattr("solomonic.encoders.minilm.minilm_folder", gone)
    with pytest.raises(MissingExtra):
        encoder("minilm")


def test_the_format_that_a_store_was_written_with_is_found_again(minilm: Encoder) -> None:
    rounded = encoder("minilm", dtype="bfloat16")
    for written in (minilm, rounded):
        assert encoder("minilm", fingerprint=written.fingerprint).fingerprint == written.fingerprint
    assert encoder("minilm", fingerprint="0" * 32).fingerprint in (minilm.fingerprint, rounded.fingerprint)
