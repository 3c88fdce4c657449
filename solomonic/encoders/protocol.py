"""What an encoder is, and how it names the space that its vectors live in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into unit vectors."""

    @property
    def name(self) -> str:
        """The name that the registry knows it by."""
        ...

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits; two encoders with the same fingerprint give the same vectors, so one index may hold both."""
        ...

    @property
    def dimensions(self) -> int:
        """The length d of every vector."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 (n, d), each row of unit length, in the order of the texts.

        Any str is accepted: empty, of many megabytes, with NUL or with lone surrogates. A text has the same vector, to rounding, whatever stands beside it.
        """
        ...


def fingerprint_of(settings: Mapping[str, object]) -> str:
    """Return 32 hexadecimal digits that change when any setting changes; the order of the keys does not count."""
    text = json.dumps(dict(settings), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def well_formed(text: str) -> str:
    """Return the text with lone surrogates replaced by question marks: tokenizers take only what UTF-8 can carry."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return the rows (n, d) as float32 of unit length; a row of zeros becomes the first axis, so that no row is without direction."""
    vectors = np.asarray(vectors, dtype=np.float64)
    norms = np.linalg.norm(vectors, axis=1)
    if not norms.all():
        vectors = vectors.copy()
        vectors[norms == 0.0, 0] = 1.0
        norms = np.where(norms == 0.0, 1.0, norms)
    return np.asarray(vectors / norms[:, None], dtype=np.float32)
