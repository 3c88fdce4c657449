"""BERT without padding, held to BERT with it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.encoders.bert import Bert
from solomonic.errors import InputError

WORDS = ["the", "cats", "sat", "on", "mat", "dog", "zzz", "é", "中", "x" * 99, "y" * 100, "z" * 101, "w" * 300, "!", "\u0301", "\x00", "\t"]
LENGTH = 20


def reference(bert: Bert, folder: Path, text: str) -> np.ndarray:
    """Return a text's vector by plain formulas in float64, one text at a time."""
    from safetensors.numpy import load_file

    weights = {name: value.astype(np.float64) for name, value in load_file(folder / "model.safetensors").items()}

    def dense(x: np.ndarray, name: str) -> np.ndarray:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(1, keepdims=True)
        return centred / np.sqrt(x.var(1, keepdims=True) + 1e-12) * weights[f"{name}.weight"] + weights[f"{name}.bias"]

    def gelu(x: np.ndarray) -> np.ndarray:
        from math import erf

        return x * 0.5 * (1 + np.vectorize(erf)(x / np.sqrt(2)))

    ids = bert.pieces(text)
    x = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = norm(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for layer in range(2):
        name = f"encoder.layer.{layer}"
        q, k, v = (dense(x, f"{name}.attention.self.{part}").reshape(len(ids), 4, 8).swapaxes(0, 1) for part in ("query", "key", "value"))
        scores = q @ k.swapaxes(1, 2) / np.sqrt(8)
        shares = np.exp(scores - scores.max(2, keepdims=True))
        mixed = (shares / shares.sum(2, keepdims=True) @ v).swapaxes(0, 1).reshape(len(ids), 32)
        x = norm(dense(mixed, f"{name}.attention.output.dense") + x, f"{name}.attention.output.LayerNorm")
        x = norm(dense(gelu(dense(x, f"{name}.intermediate.dense")), f"{name}.output.dense") + x, f"{name}.output.LayerNorm")
    mean = x.mean(0)
    return mean / np.linalg.norm(mean)


@pytest.fixture(scope="module")
def bert(tiny: Path) -> Bert:
    return Bert(tiny, dtype="float32", max_length=LENGTH)


TEXTS = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@settings(max_examples=40, deadline=None)
@given(texts=st.lists(TEXTS, min_size=1, max_size=12))
def test_batches_without_padding_equal_the_plain_formulas(bert: Bert, tiny: Path, texts: list[str]) -> None:
    expected = np.stack([reference(bert, tiny, text) for text in texts])
    np.testing.assert_allclose(bert.encode(texts), expected, atol=2e-6)


@settings(max_examples=100, deadline=None)
@given(text=st.lists(st.sampled_from(WORDS), max_size=400).map(" ".join), look=st.integers(1, 300))
def test_a_long_text_is_cut_into_the_pieces_that_the_whole_text_has(bert: Bert, text: str, look: int) -> None:
    whole = bert._tokenizer.encode(text).ids
    expected = whole if len(whole) <= LENGTH else [*whole[: LENGTH - 1], whole[-1]]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("solomonic.encoders.bert._FIRST_LOOK", look)
        assert bert.pieces(text) == expected


def test_a_text_of_ten_megabytes_is_looked_at_from_its_start_only(bert: Bert, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    class Counting:
        def encode(self, text: str) -> object:
            looked.append(len(text))
            return tokenizer.encode(text)

    tokenizer = bert._tokenizer
    monkeypatch.setattr(bert, "_tokenizer", Counting())
    assert len(bert.pieces("the cat sat on the mat " * 500_000)) == LENGTH
    assert bert.pieces("x" * 10_000_000) == [2, 1, 3]
    assert max(looked) <= 4_096


def test_batches_are_cut_by_tokens_and_come_back_in_order(bert: Bert, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [" ".join(["cat"] * (i % 17)) + f" {i}" for i in range(200)]
    whole = bert.encode(texts)
    monkeypatch.setattr("solomonic.encoders.bert.BATCH_TOKENS", 13)
    np.testing.assert_allclose(bert.encode(texts), whole, atol=2e-6)


def test_bfloat16_stays_near_float32(tiny: Path, bert: Bert) -> None:
    texts = ["the cat sat on the mat", "dogs", "", "a b c d e f"]
    near = Bert(tiny, dtype="bfloat16", max_length=LENGTH).encode(texts)
    assert (near * bert.encode(texts)).sum(1).min() > 0.998


def test_another_network_is_refused_by_name(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "roberta", "hidden_act": "gelu"}')
    with pytest.raises(InputError, match="model_type = 'roberta'"):
        Bert(tmp_path, dtype="float32", max_length=LENGTH)
