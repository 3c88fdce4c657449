"""Colours and markers by family, told apart without colour too, and readable on light and dark paper (after Okabe & Ito 2008)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """How a family is drawn; `dark` replaces `light` on dark paper; `sign` stands for the marker in text."""

    word: str
    light: str
    dark: str
    marker: str
    sign: str


LOOKS = {
    "inductive": Look("study", "#0a66a3", "#63b8f0", "o", "●"),
    "transductive": Look("remember", "#c24e00", "#ff9a52", "D", "◆"),
    "hybrid": Look("hybrid", "#00795a", "#3ccba0", "^", "▲"),
    "limit": Look("limit", "#97417a", "#e39cc9", "s", "■"),
    "floor": Look("floor", "#74767c", "#9a9ca3", "x", "×"),
}
INK, MUTED, GRID = (
    Look("ink", "#17181b", "#eceef2", "", ""),
    Look("muted", "#5b5d63", "#a6a9b1", "", ""),
    Look("grid", "#e2e3e7", "#34363d", "", ""),
)
DASHES = ("solid", (0, (5, 1.5)), (0, (1.2, 1.4)), (0, (5, 1.4, 1.2, 1.4)), (0, (7, 2, 1.2, 1.6, 1.2, 1.6)))
"""Line styles in turn, for the members of one family."""
