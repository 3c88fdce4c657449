"""A BERT encoder run straight from its weights, without padding.

The network is that of Devlin et al. (2019) as Sentence-BERT pools it (Reimers & Gurevych 2019): mean of the last layer's tokens, unit length.
Two things make it faster than the usual batch of padded rows. All tokens of a batch stand in one matrix, so the dense layers, nine tenths of
the work, never touch a padding token; only attention is done apart, for each run of texts of equal length. And nothing but torch, tokenizers
and safetensors is imported, which saves seconds at the first question.

What it does not do: training, masks, segment pairs, other activations than the exact GELU.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.torch
import torch
import torch.nn.functional as F
from tokenizers import Tokenizer

from ..errors import InputError
from .protocol import unit, well_formed

BATCH_TOKENS: Final = 2048
"""Tokens a batch: enough to fill the matrix units, few enough that the widest layer's activations stay in a second-level cache or near it."""

_FIRST_LOOK: Final = 4096
# BERT's tokenizers make one unknown piece of a word of over 100 characters, so a word gives 100 pieces at the most,
# and a run of 101 letters stands for a run of ten million.
_LONGEST_WORD: Final = 100
_ENDLESS: Final = re.compile(r"([A-Za-z0-9]{101})[A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class _Layer:
    """Weight, bias of each dense layer and gain, bias of each norm, in the order in which they are used."""

    qkv: tuple[torch.Tensor, torch.Tensor]
    out: tuple[torch.Tensor, torch.Tensor]
    norm1: tuple[torch.Tensor, torch.Tensor]
    up: tuple[torch.Tensor, torch.Tensor]
    down: tuple[torch.Tensor, torch.Tensor]
    norm2: tuple[torch.Tensor, torch.Tensor]


class Bert:
    """The network and its tokenizer, read from a folder.

    max_length: word pieces kept of each text, the two marks at its ends included; what comes after is not seen.

    Raises:
        InputError: the folder holds another kind of network.
    """

    def __init__(self, folder: Path, *, dtype: str, max_length: int) -> None:
        config = json.loads((folder / "config.json").read_text())
        for key, wanted in (("model_type", "bert"), ("hidden_act", "gelu")):
            if config.get(key) != wanted:
                raise InputError(f"{folder / 'config.json'} says {key} = {config.get(key)!r}; this reader knows only {wanted!r}")
        self._heads: int = config["num_attention_heads"]
        self._width: int = config["hidden_size"]
        self._eps: float = config["layer_norm_eps"]
        self._max_length = max_length
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        to = getattr(torch, dtype)
        weights = {
            name.removeprefix("bert."): tensor.to(to) if tensor.is_floating_point() else tensor
            for name, tensor in safetensors.torch.load_file(folder / "model.safetensors").items()
        }
        self._words = weights["embeddings.word_embeddings.weight"]
        # Every text is a first segment, so the segment's vector belongs to the position's.
        self._positions = weights["embeddings.position_embeddings.weight"] + weights["embeddings.token_type_embeddings.weight"][0]
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self._layers = [_layer(weights, f"encoder.layer.{index}") for index in range(config["num_hidden_layers"])]

    def pieces(self, text: str) -> list[int]:
        """Return the ids of a text's word pieces, at most `max_length`.

        A long text is looked at from its start only as far as is needed, with the same result as reading all of it.
        """
        text = well_formed(text)
        if len(text) > _FIRST_LOOK:
            text = _ENDLESS.sub(r"\1", text)
        look = _FIRST_LOOK
        while True:
            pieces: list[int] = self._tokenizer.encode(text[:look]).ids
            # The last word of a cut text may itself be cut; its pieces are the last _LONGEST_WORD ones at the most.
            if look >= len(text) or len(pieces) >= self._max_length + _LONGEST_WORD:
                break
            look *= 4
        return pieces if len(pieces) <= self._max_length else [*pieces[: self._max_length - 1], pieces[-1]]

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, width), each row of unit length."""
        pieces = [self.pieces(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda row: len(pieces[row]))
        vectors = np.empty((len(texts), self._width), dtype=np.float32)
        start = 0
        while start < len(order):
            end, tokens = start, 0
            while end < len(order) and (end == start or tokens + len(pieces[order[end]]) <= BATCH_TOKENS):
                tokens += len(pieces[order[end]])
                end += 1
            vectors[order[start:end]] = self._forward([pieces[row] for row in order[start:end]])
            start = end
        return unit(vectors)

    @torch.inference_mode()
    def _forward(self, rows: list[list[int]]) -> np.ndarray:
        """Return the mean of the last layer's tokens, float32 (n, width), for rows of rising length."""
        runs = _runs([len(row) for row in rows])
        ids = torch.tensor([piece for row in rows for piece in row])
        places = torch.cat([torch.arange(length).repeat(count) for _, count, length in runs])
        x = self._normed(F.embedding(ids, self._words) + F.embedding(places, self._positions), self._norm)
        for layer in self._layers:
            x = self._normed(F.linear(self._attended(F.linear(x, *layer.qkv), runs), *layer.out) + x, layer.norm1)
            x = self._normed(F.linear(F.gelu(F.linear(x, *layer.up)), *layer.down) + x, layer.norm2)
        means = [x[start : start + count * length].view(count, length, -1).float().mean(1) for start, count, length in runs]
        return np.asarray(torch.cat(means).numpy())

    def _normed(self, x: torch.Tensor, norm: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        return F.layer_norm(x, (self._width,), *norm, self._eps)

    def _attended(self, qkv: torch.Tensor, runs: list[tuple[int, int, int]]) -> torch.Tensor:
        """Return softmax(q k' / sqrt(e)) v within each text; qkv: (tokens, 3 * width)."""
        out = qkv.new_empty((qkv.shape[0], self._width))
        for start, count, length in runs:
            end = start + count * length
            q, k, v = qkv[start:end].view(count, length, 3, self._heads, -1).permute(2, 0, 3, 1, 4)
            out[start:end] = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(count * length, self._width)
        return out


def _runs(lengths: Sequence[int]) -> list[tuple[int, int, int]]:
    """Return (first token, texts, length) for each run of equal lengths."""
    runs: list[tuple[int, int, int]] = []
    token = 0
    for length in lengths:
        if runs and runs[-1][2] == length:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1, length)
        else:
            runs.append((token, 1, length))
        token += length
    return runs


def _pair(weights: dict[str, torch.Tensor], name: str) -> tuple[torch.Tensor, torch.Tensor]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _layer(weights: dict[str, torch.Tensor], name: str) -> _Layer:
    parts = [_pair(weights, f"{name}.attention.self.{part}") for part in ("query", "key", "value")]
    return _Layer(
        qkv=(torch.cat([weight for weight, _ in parts]), torch.cat([bias for _, bias in parts])),
        out=_pair(weights, f"{name}.attention.output.dense"),
        norm1=_pair(weights, f"{name}.attention.output.LayerNorm"),
        up=_pair(weights, f"{name}.intermediate.dense"),
        down=_pair(weights, f"{name}.output.dense"),
        norm2=_pair(weights, f"{name}.output.LayerNorm"),
    )
