"""Pictures of the limit; matplotlib is imported when one is drawn."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .mixture import Line

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_line(line: Line, ax: Axes | None = None) -> Axes:
    """Draw the loss along a line so far, in bits, and the bounds on the probability of the symbols that came; return the axes of the loss."""
    from matplotlib.figure import Figure

    axes = Figure(figsize=(7.0, 3.6), layout="constrained").subplots() if ax is None else ax
    n = len(line.target)
    axes.set_xlabel("symbols")
    axes.set_ylabel("loss so far (bits)")
    if n == 0:
        axes.set_title("an empty target: nothing was lost")
        return axes
    steps = np.arange(1, n + 1)
    axes.plot(steps, np.cumsum(line.losses_bits()), color="C0", label="completed mixture")
    bounds = [line.mass(k) for k in range(1, n + 1)]
    high = np.array([-np.log2(float(b.high)) if b.high else np.nan for b in bounds])
    low = np.array([-np.log2(float(b.low)) if b.low else np.nan for b in bounds])
    axes.plot(steps, low, color="C0", linestyle=":", label="-log2 of the lower bound on M")
    axes.plot(steps, high, color="C0", linestyle="--", label="-log2 of the upper bound on M")
    came = line.intervals()[np.arange(n), list(line.target)]
    twin = axes.twinx()
    twin.fill_between(steps, came[:, 0], came[:, 1], color="C1", alpha=0.3, step="mid", label="bounds on P(what came)")
    twin.set_ylim(0, 1)
    twin.set_ylabel("probability")
    axes.legend(loc="upper left", fontsize="small")
    axes.set_title(f"L = {line.walk.limits.length}, T = {line.walk.limits.steps}")
    return axes


def save_line(line: Line, path: Path) -> None:
    """Write the picture of a line to a file; the ending of its name says in which format."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    draw_line(line, figure.subplots())
    figure.savefig(path)
