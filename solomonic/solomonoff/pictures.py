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
    from matplotlib.ticker import MaxNLocator

    axes = Figure(figsize=(7.0, 3.6), layout="constrained").subplots() if ax is None else ax
    n = len(line.target)
    axes.set_xlabel("symbols")
    axes.set_ylabel("loss so far (bits)")
    if n == 0:
        axes.set_title("an empty target: nothing was lost")
        return axes
    steps = np.arange(1, n + 1)
    markers = ("o", "^", "v") if n == 1 else ("", "", "")
    axes.plot(steps, np.cumsum(line.losses_bits()), color="C0", marker=markers[0], label="completed mixture")
    bounds = [line.mass(k) for k in range(1, n + 1)]
    high = np.array([-np.log2(float(b.high)) if b.high else np.nan for b in bounds])
    low = np.array([-np.log2(float(b.low)) if b.low else np.nan for b in bounds])
    axes.plot(steps, low, color="C0", linestyle=":", marker=markers[1], label="-log2 of the lower bound on M")
    axes.plot(steps, high, color="C0", linestyle="--", marker=markers[2], label="-log2 of the upper bound on M")
    came = line.intervals()[np.arange(n), list(line.target)]
    twin = axes.twinx()
    twin.stairs(came[:, 1], np.arange(n + 1) + 0.5, baseline=came[:, 0], fill=True, color="C1", alpha=0.3, label="bounds on P(what came)")
    twin.set_ylim(0, 1)
    twin.set_ylabel("probability")
    axes.set_xlim(0.5, n + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    # The curves lie before the area of the other axis.
    axes.set_zorder(twin.get_zorder() + 1)
    axes.patch.set_visible(False)
    # One legend, outside, for what both axes show, so that it hides nothing.
    lines, names = axes.get_legend_handles_labels()
    areas, more = twin.get_legend_handles_labels()
    axes.legend(lines + areas, names + more, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2, fontsize="small", frameon=False)
    axes.set_title(f"L = {line.walk.limits.length}, T = {line.walk.limits.steps}")
    return axes


def save_line(line: Line, path: Path) -> None:
    """Write the picture of a line to a file; the ending of its name says in which format."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    draw_line(line, figure.subplots())
    figure.savefig(path)
