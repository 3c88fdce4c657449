"""Encoders by name."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Final

from ..errors import MissingExtra, UnknownName
from .precision import DTYPES
from .protocol import Encoder

DEFAULT: Final = "minilm"
_BUILT_IN: Final = ("hashing", "minilm")
_SAME_AS_MINILM: Final = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")


def names() -> tuple[str, ...]:
    """Return the names of the encoders that come with the project, sorted; any sentence-transformers name or folder is one more."""
    return _BUILT_IN


def encoder(name: str = DEFAULT, *, dtype: str | None = None, fingerprint: str | None = None) -> Encoder:
    """Return the encoder of that name: `minilm`, `hashing`, or any model of sentence-transformers by its name or folder.

    dtype: "bfloat16" or "float32"; where None, the faster one of this machine. fingerprint: that of a store's vectors, perhaps written on another
    machine; where it is given, the dtype that has this fingerprint is chosen even if it is the slower one here. Where none has it, the
    encoder comes with its own fingerprint, and it is for the caller to compare.

    Raises:
        UnknownName: the name is none of ours, but nearly; nothing is fetched for what looks like a slip of the pen.
        MissingExtra: the weights of `minilm` are not on this machine.
        InputError: no model of that name could be loaded.
    """
    found = _encoder(name, dtype)
    if fingerprint is None or dtype is not None or found.fingerprint == fingerprint or not hasattr(found, "dtype"):
        return found
    for other in DTYPES:
        if other != found.dtype:
            candidate = _encoder(name, other)
            if candidate.fingerprint == fingerprint:
                return candidate
    return found


def _encoder(name: str, dtype: str | None) -> Encoder:
    if name == "hashing":
        from .hashing import HashingEncoder

        return HashingEncoder()
    if name in ("minilm", *_SAME_AS_MINILM):
        from .minilm import MiniLM

        try:
            return MiniLM(dtype=dtype)
        except MissingExtra:
            if name == "minilm":
                raise
    elif not Path(name).expanduser().is_dir() and "/" not in name and difflib.get_close_matches(name.lower(), _BUILT_IN, n=1, cutoff=0.7):
        raise UnknownName("encoder", name, _BUILT_IN)
    from .sentence import SentenceEncoder

    return SentenceEncoder(name, dtype=dtype)
