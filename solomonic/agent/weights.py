"""Weights."""

from typing import Final

WEIGHTS: Final[dict[str, float]] = {}
ANSWERABLE: Final[dict[str, float]] = {}
