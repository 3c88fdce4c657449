"""The columns of a walk's masses at a node of the trie."""

from __future__ import annotations

from typing import Final

COLUMNS: Final = 8
DEAD, UT, UL, US, SPEED, SLOW = range(2, COLUMNS)
"""0 and 1: arrived by printing that symbol from the node; then silent, undecided by time, length and space; then the speed prior's two."""
SPEED_SCALE: Final = 62
"""The speed prior's sums are in units of 2^-62."""
