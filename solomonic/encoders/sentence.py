"""Any model that sentence-transformers can load, by name or by folder.

A name that is neither a folder nor in the hub's cache is fetched from the network: the user named it, so the user asked for it. Nothing else here
ever reaches the network.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.metadata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from ..errors import InputError
from .precision import chosen
from .protocol import fingerprint_of, unit, well_formed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

BATCH: Final = 32
BLOCK: Final = 4096
"""Texts sorted together by length; more would gain little and hold more tokens at once."""


class SentenceEncoder:
    """An encoder by sentence-transformers.

    dtype: "bfloat16" or "float32"; where None, the faster one of this machine.

    Raises:
        InputError: no model of that name could be loaded, and why.
    """

    def __init__(self, name: str, *, dtype: str | None = None) -> None:
        self.name = name
        self.dtype = chosen(dtype)
        self._model = _loaded(name, self.dtype)
        dimensions = _dimensions(self._model)
        self.dimensions: int = len(self._model.encode("a", show_progress_bar=False)) if dimensions is None else dimensions
        self.fingerprint = fingerprint_of(
            {
                "weights": _weights_hash(self._model),
                "dtype": self.dtype,
                "modules": [type(module).__name__ for module in self._model],
                "pooling": _pooling(self._model),
                "max_length": self._model.max_seq_length,
                **{
                    package: importlib.metadata.version(package).split(".")[0]
                    for package in ("sentence-transformers", "transformers", "torch")
                },
            }
        )

    def __repr__(self) -> str:
        return f"SentenceEncoder({self.name!r}, {self.dtype}, {self.dimensions} dimensions, {self.fingerprint[:8]})"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d), each row of unit length, in the order of the texts.

        The model pads the texts of one batch to one length, so a text's vector may differ in its last bits with what stands beside it.
        """
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        for start in range(0, len(texts), BLOCK):
            block = [well_formed(text) for text in texts[start : start + BLOCK]]
            # As a tensor first: numpy has no bfloat16.
            found = self._model.encode(block, batch_size=BATCH, convert_to_tensor=True, show_progress_bar=False)
            vectors[start : start + BLOCK] = found.float().cpu().numpy()
        return unit(vectors)


def _loaded(name: str, dtype: str) -> SentenceTransformer:
    import torch
    from sentence_transformers import SentenceTransformer

    local = Path(name).expanduser().is_dir()
    with _quiet():
        try:
            return SentenceTransformer(str(Path(name).expanduser()) if local else name, device="cpu", local_files_only=True).to(
                getattr(torch, dtype)
            )
        except (OSError, ValueError, KeyError) as error:
            if local:
                raise InputError(f"the folder {name!r} holds no model that sentence-transformers can load: {_first_line(error)}") from None
        try:
            return SentenceTransformer(name, device="cpu").to(getattr(torch, dtype))
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise InputError(
                f"no encoder {name!r}: it is neither built in (minilm, hashing), nor a folder, nor a model that could be fetched: {_first_line(error)}"
            ) from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from drawing a bar for each file that it reads."""
    logging: Any = importlib.import_module("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _dimensions(model: SentenceTransformer) -> int | None:
    find = getattr(model, "get_embedding_dimension", None) or model.get_sentence_embedding_dimension
    found = find()
    return None if found is None else int(found)


def _pooling(model: SentenceTransformer) -> list[str]:
    return [repr(module) for module in model if "Transformer" not in type(module).__name__]


def _weights_hash(model: SentenceTransformer) -> str:
    """Return the SHA-256 over names and bytes of all weights, as loaded."""
    import torch

    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(memoryview(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()))
    return digest.hexdigest()
