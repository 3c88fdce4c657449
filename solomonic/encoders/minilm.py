"""all-MiniLM-L6-v2 (Wang et al. 2020; Reimers & Gurevych 2019): 384 dimensions, 22 million weights, the encoder a new store gets.

Nothing heavy is loaded before the first text is encoded: opening a store needs the fingerprint alone, and that needs the files' hash.
A text longer than 256 word pieces (about 190 English words) is encoded by its first 254 and the two marks at its ends; the rest is
invisible to the vectors, though not to the lexical channel.
"""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from .precision import chosen
from .protocol import fingerprint_of
from .weights import SHA256, minilm_folder, sha256_of

if TYPE_CHECKING:
    from .bert import Bert

MAX_LENGTH: Final = 256
"""Word pieces that are read of each text, the two marks at its ends included."""


class MiniLM:
    """The encoder `minilm`.

    dtype: "bfloat16" or "float32"; where None, the faster one of this machine. folder: where its files lie; where None, they are looked for.

    Raises:
        MissingExtra: the weights are not on this machine.
        InputError: no such dtype, or the folder named by SOLOMONIC_MINILM does not hold the genuine weights.
    """

    name: Final = "minilm"
    dimensions: Final = 384

    def __init__(self, *, dtype: str | None = None, folder: Path | None = None) -> None:
        self.dtype = chosen(dtype)
        self.folder = minilm_folder() if folder is None else folder
        self.fingerprint = fingerprint_of(
            {
                "weights": SHA256 if folder is None else sha256_of(self.folder / "model.safetensors"),
                "vocabulary": sha256_of(self.folder / "vocab.txt"),
                "dtype": self.dtype,
                "pooling": "mean, unit length",
                "max_length": MAX_LENGTH,
                **{package: importlib.metadata.version(package).split(".")[0] for package in ("tokenizers", "torch")},
            }
        )

    def __repr__(self) -> str:
        return f"MiniLM({self.dtype}, {self.dimensions} dimensions, {self.fingerprint[:8]})"

    @cached_property
    def _bert(self) -> Bert:
        from .bert import Bert

        return Bert(self.folder, dtype=self.dtype, max_length=MAX_LENGTH)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, 384), each row of unit length, in the order of the texts."""
        if not texts:
            return np.empty((0, self.dimensions), dtype=np.float32)
        return self._bert.encode(texts)
