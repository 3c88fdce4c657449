"""Labels that do not lie on each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .palette import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.text import Text

Box = tuple[float, float, float, float]
CROWD = 10
LONGEST = 24


def spread(positions: Sequence[float], gap: float, low: float, high: float) -> np.ndarray:
    """Return positions (n,) at least `gap` apart and within [low, high] where there is room, as near the wanted ones as squares go.

    Without the gap the problem is isotonic regression on positions - rank * gap (Best & Chakravarti 1990), solved by pooling adjacent violators.
    """
    order = np.argsort(positions, kind="stable")
    wanted = np.asarray(positions, dtype=np.float64)[order]
    n = len(wanted)
    gap = min(gap, (high - low) / max(n - 1, 1))
    steps = gap * np.arange(n)
    blocks: list[tuple[float, int]] = []
    for value in wanted - steps:
        mean, count = float(value), 1
        while blocks and blocks[-1][0] > mean:
            other, size = blocks.pop()
            mean, count = (mean * count + other * size) / (count + size), count + size
        blocks.append((mean, count))
    pooled = np.repeat([mean for mean, _ in blocks], [count for _, count in blocks])
    placed = np.empty(n)
    placed[order] = np.clip(pooled, low, high - gap * (n - 1)) + steps
    return placed


def shortened(name: str) -> str:
    """Return the name, cut where it is too long for a picture, without characters that cannot be drawn."""
    name = "".join(character if character.isprintable() else "?" for character in name)
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def label_ends(ax: Axes, ends: Sequence[tuple[float, float, str, bool]], *, size: float = 8.5) -> None:
    """Write each line's name at the right edge of the axes, at its end's height or as near as the others allow.

    ends: (x, y, name, bold) in data units. A thin line leads from the end to a name that had to move. The axes' limits must be final.
    """
    if not ends:
        return
    if len(ends) > CROWD:
        size -= 1.0
    to_pixels, to_axes = ax.transData, ax.transAxes.inverted()
    pixels = [to_pixels.transform((x, y)) for x, y, _, _ in ends]
    figure = ax.get_figure(root=True)
    dpi = figure.dpi if figure is not None else 100.0
    bottom, top = ax.transAxes.transform((0, 0))[1], ax.transAxes.transform((0, 1))[1]
    heights = spread([float(y) for _, y in pixels], size * 1.3 * dpi / 72.0, bottom + size * 0.6, top - size * 0.6)
    texts = []
    for (x, y), height, (_, _, name, bold) in zip(pixels, heights, ends, strict=True):
        x_end, y_end = to_axes.transform((x, y))
        y_name = float(to_axes.transform((x, height))[1])
        lead = [float(x_end) + 0.008, 1.015], [float(y_end), y_name]
        ax.plot(*lead, transform=ax.transAxes, color=MUTED.light, linewidth=0.5, clip_on=False, zorder=1)
        weight = "bold" if bold else "normal"
        texts.append(
            ax.text(1.025, y_name, shortened(name), fontsize=size, fontweight=weight, parse_math=False, transform=ax.transAxes, va="center")
        )
    if figure is not None and len(figure.axes) == 1:
        widest = max(float(text.get_window_extent().width) for text in texts)
        margin = (widest + 4.0) / float(figure.bbox.width)
        figure.subplots_adjust(right=max(0.45, 1.0 - margin - 0.022))


def label_points(
    ax: Axes,
    points: Sequence[tuple[float, float, str, bool]],
    obstacles: Sequence[Box] = (),
    texts: Sequence[Text] = (),
    *,
    size: float = 8.5,
) -> None:
    """Write each point's name beside it, where it overlaps least with other names, other points and the obstacles.

    points: (x, y, name, bold) in data units; obstacles: (left, bottom, right, top) in data units; texts: what stands there already. The axes' limits must be final.
    """
    if len(points) > CROWD:
        size -= 1.0
    figure = ax.get_figure(root=True)
    scale = (figure.dpi if figure is not None else 100.0) / 72.0
    at = [tuple(map(float, ax.transData.transform((x, y)))) for x, y, _, _ in points]
    radius = 4.5 * scale
    blocked: list[Box] = [(x - radius, y - radius, x + radius, y + radius) for x, y in at]
    for left, bottom, right, top in obstacles:
        (x0, y0), (x1, y1) = ax.transData.transform([(left, bottom), (right, top)])
        blocked.append((float(x0) - 1.5, float(y0) - 1.5, float(x1) + 1.5, float(y1) + 1.5))
    blocked += [(box.x0, box.y0, box.x1, box.y1) for box in (text.get_window_extent() for text in texts)]
    frame = ax.get_window_extent()
    placed: list[Box] = []
    for i in sorted(range(len(points)), key=lambda i: (not points[i][3], -at[i][1])):
        text = ax.annotate(
            shortened(points[i][2]), points[i][:2], xytext=(0, 0), textcoords="offset points", fontsize=size, parse_math=False,
            fontweight="bold" if points[i][3] else "normal",
        )  # fmt: skip
        extent = text.get_window_extent()
        options = _around(at[i], float(extent.width), float(extent.height), scale)
        costs = [_cost(box, away, placed, blocked, (frame.x0, frame.y0, frame.x1, frame.y1)) for box, away in options]
        box, away = options[int(np.argmin(costs))]
        placed.append(box)
        text.set_position(((box[0] - at[i][0]) / scale, (box[1] - at[i][1]) / scale))
        if away > 1:
            _lead(ax, at[i], box)


def _around(at: tuple[float, ...], width: float, height: float, scale: float) -> list[tuple[Box, int]]:
    """Return boxes around a point, near ones first, each with how far out it is."""
    found = []
    for ring in range(1, 11):
        step = (3.0 + 5.0 * ring) * scale
        for across, up in itertools.product((1, -1, 0), (0, 1, -1)):
            if across == up == 0:
                continue
            x = at[0] + across * step * (0.8 if up else 1.0) - (width if across < 0 else 0.0 if across > 0 else width / 2)
            y = at[1] + up * step * (0.8 if across else 1.0) - height / 2
            found.append(((x, y, x + width, y + height), ring))
    return found


def _cost(box: Box, away: int, placed: Sequence[Box], blocked: Sequence[Box], frame: Box) -> float:
    outside = (box[2] - box[0]) * (box[3] - box[1]) - _overlap(box, frame)
    return (
        2.0 * away**2
        + 20.0 * sum(_overlap(box, other) for other in placed)
        + 5.0 * sum(_overlap(box, other) for other in blocked)
        + 20.0 * outside
    )


def _overlap(a: Box, b: Box) -> float:
    """Return the area that two boxes share."""
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _lead(ax: Axes, at: tuple[float, ...], box: Box) -> None:
    """Draw a thin line from a point to its name."""
    x, y = min(max(at[0], box[0]), box[2]), min(max(at[1], box[1]), box[3])
    ends = ax.transData.inverted().transform([at, (x, y)])
    ax.plot(ends[:, 0], ends[:, 1], color=MUTED.light, linewidth=0.5, zorder=1)
