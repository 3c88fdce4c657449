"""A small BERT with random weights, in the files that a real one has, and the real one where its weights are on this machine."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from solomonic.encoders.minilm import MiniLM
from solomonic.errors import MissingExtra

WIDTH, HEADS, LAYERS, INNER = 32, 4, 2, 64
PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    *"abcdefghijklmnopqrstuvwxyz0123456789.,?!-'",
    *(f"##{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789"),
]
PIECES += ["the", "cat", "dog", "##s", "##ing", "sat", "on", "mat"]


def write_tiny_bert(folder: Path) -> Path:
    import safetensors.numpy
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    rng = np.random.default_rng(0)

    def dense(rows: int, columns: int) -> np.ndarray:
        return (rng.standard_normal((rows, columns)) * 0.2).astype(np.float32)

    def norm(name: str) -> dict[str, np.ndarray]:
        return {f"{name}.weight": (1 + 0.1 * rng.standard_normal(WIDTH)).astype(np.float32), f"{name}.bias": dense(1, WIDTH)[0]}

    weights = {
        "embeddings.word_embeddings.weight": dense(len(PIECES), WIDTH),
        "embeddings.position_embeddings.weight": dense(64, WIDTH),
        "embeddings.token_type_embeddings.weight": dense(2, WIDTH),
        **norm("embeddings.LayerNorm"),
    }
    for layer in range(LAYERS):
        name = f"encoder.layer.{layer}"
        for part, rows, columns in (
            *((f"attention.self.{which}", WIDTH, WIDTH) for which in ("query", "key", "value")),
            ("attention.output.dense", WIDTH, WIDTH),
            ("intermediate.dense", INNER, WIDTH),
            ("output.dense", WIDTH, INNER),
        ):
            weights |= {f"{name}.{part}.weight": dense(rows, columns), f"{name}.{part}.bias": dense(1, rows)[0]}
        weights |= norm(f"{name}.attention.output.LayerNorm") | norm(f"{name}.output.LayerNorm")
    safetensors.numpy.save_file(weights, folder / "model.safetensors")
    config = {
        "model_type": "bert", "architectures": ["BertModel"], "hidden_act": "gelu", "hidden_size": WIDTH, "num_attention_heads": HEADS, "num_hidden_layers": LAYERS,
        "intermediate_size": INNER, "layer_norm_eps": 1e-12, "max_position_embeddings": 64, "type_vocab_size": 2, "vocab_size": len(PIECES),
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text("\n".join(PIECES))
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    tokenizer.save(str(folder / "tokenizer.json"))
    return folder


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a BERT of random weights."""
    return write_tiny_bert(tmp_path_factory.mktemp("tiny"))


@pytest.fixture(scope="session")
def minilm() -> MiniLM:
    """The real encoder in float32."""
    try:
        return MiniLM(dtype="float32")
    except MissingExtra as error:
        required = "minilm" in os.environ.get("SOLOMONIC_REQUIRE", "").split(",")
        (pytest.fail if required else pytest.skip)(str(error))
