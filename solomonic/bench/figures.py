"""The four pictures of a task: score against cost, learning curves, cumulative cost, reliability.

Each takes `ax` or makes a figure of its own, and returns the Axes. Families have their own markers, not colours alone; the learners that were compared in the
end stand out. What lies far from the learners (a floor, say) is named at the edge rather than shrinking the picture.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..tasks.metrics import metric as metric_named
from .analysis import Analysis, TaskAnalysis
from .break_even import State
from .curves import Curve
from .labels import label_ends, label_points
from .palette import DASHES, GRID, LOOKS, MUTED
from .scores import ScoreRow
from .table import places_of
from .wording import metric_with_unit, number, rounded

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.text import Text

SIZE = (4.2, 3.0)
MARGINS = {"left": 0.165, "right": 0.97, "top": 0.92, "bottom": 0.17}


def score_against_cost(analysis: Analysis, task: str, *, questions: int = 1000, ax: Axes | None = None) -> Axes:
    """Return scores, with intervals, against the seconds that studying and answering so many questions one at a time takes."""
    found = analysis.task(task)
    ax = _axes(ax)
    rows = [row for row in found.main_rows() if _total(row, questions) is not None]
    shown = [row for row in rows if row.kind != "floor"] or rows
    costs = {row.learner: max(_total(row, questions) or 0.0, 1e-6) for row in shown}
    for row in shown:
        look, bold = LOOKS[row.kind], row.learner in found.champions()
        below, above = row.score - _finite(row.low, row.score), _finite(row.high, row.score) - row.score
        ax.errorbar(
            costs[row.learner], row.score, yerr=[[below], [above]], fmt=look.marker, color=look.light, markersize=7 if bold else 5.5,
            elinewidth=1.6 if bold else 1.0, capsize=0, zorder=3,
        )  # fmt: skip
    ax.set_xscale("log")
    _focus(ax, shown)
    if costs:
        low, high = min(costs.values()), max(costs.values())
        ax.set_xlim(low / 2.5, high * 4.0)
        _plain_log(ax.xaxis, low / 2.5, high * 4.0)
    obstacles = [(costs[row.learner], _finite(row.low, row.score), costs[row.learner], _finite(row.high, row.score)) for row in shown]
    written = _floor_line(
        ax, found, [(costs[row.learner], end) for row in shown for end in (_finite(row.low, row.score), _finite(row.high, row.score))]
    )
    label_points(ax, [(costs[row.learner], row.score, row.learner, row.learner in found.champions()) for row in shown], obstacles, written)
    ax.set_xlabel(f"seconds to study and to answer {questions:,} questions")
    ax.set_ylabel(_score_label(found))
    _families(ax, [row.kind for row in shown])
    return ax


def learning_curves(analysis: Analysis, task: str, *, ax: Axes | None = None) -> Axes:
    """Return scores against the size of the lesson, or along the stream or the sequence where the exam is one."""
    found = analysis.task(task)
    ax = _axes(ax)
    curves = [curve for curve in found.curves if found.kinds[curve.learner] != "floor"]
    along = any(curve.axis == "along" for curve in curves)
    dashes = _dashes([(curve.learner, found.kinds[curve.learner]) for curve in curves], found.champions())
    for curve in curves:
        look, bold = LOOKS[found.kinds[curve.learner]], curve.learner in found.champions()
        x = [point.x for point in curve.points]
        ax.plot(
            x, [point.score for point in curve.points], color=look.light, linestyle=dashes[curve.learner], marker=look.marker,
            markersize=(4.5 if bold else 3.5) - along, linewidth=1.9 if bold else 1.1, zorder=4 if bold else 3,
        )  # fmt: skip
        if bold:
            ends = [(_finite(point.low, point.score), _finite(point.high, point.score)) for point in curve.points]
            ax.fill_between(x, [low for low, _ in ends], [high for _, high in ends], color=look.light, alpha=0.13, linewidth=0, zorder=2)
    if not along:
        _lesson_axis(ax, curves)
    _floor_line(ax, found, [(point.x, point.score) for curve in curves for point in curve.points])
    ax.set_xlabel(
        "questions asked so far" if along and found.meta.exam == "stream" else "symbols seen" if along else "observations in the lesson"
    )
    ax.set_ylabel(_score_label(found))
    label_ends(ax, [(curve.points[-1].x, curve.points[-1].score, curve.learner, curve.learner in found.champions()) for curve in curves])
    return ax


def cumulative_cost(analysis: Analysis, task: str, *, ax: Axes | None = None) -> Axes:
    """Return total seconds, study and answers, against the number of questions asked; the champions' break-even is marked with its interval.

    Champions that change from seed to seed have a line of their own.
    """
    found = analysis.task(task)
    ax = _axes(ax)
    rows = [row for row in found.main_rows() if row.kind != "floor" and _total(row, 1) is not None]
    lines = [(row.learner, row.kind, row.study_cpu_s or 0.0, row.answer_mean_s or 0.0) for row in rows] + _lines_of_sides(found)
    crossing = found.crossings[0].result if len(found.crossings) == 1 else None
    bold = tuple(_sides(found).values()) if crossing else found.champions()
    marked = next((value for value in (crossing.questions, crossing.until) if value), None) if crossing else None
    furthest = 10.0 ** math.ceil(math.log10(max(1e4, 8.0 * (marked or 1.0))))
    x = np.geomspace(1.0, furthest, 120)
    dashes = _dashes([(name, kind) for name, kind, _, _ in lines], bold)
    for name, kind, study, answer in lines:
        wide = name in bold
        ax.plot(
            x, study + answer * x, color=LOOKS[kind].light, linestyle=dashes[name], linewidth=2.0 if wide else 1.0, zorder=4 if wide else 3
        )
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.set_xlim(1.0, furthest)
    _plain_log(ax.xaxis, 1.0, furthest)
    _plain_log(ax.yaxis, *ax.get_ylim())
    ax.set_xlabel("questions asked")
    ax.set_ylabel("seconds in all, study included")
    if marked and crossing:
        low, high = max(crossing.low or 1.0, 1.0), min(crossing.high or furthest, furthest)
        ax.axvspan(low, high, color=MUTED.light, alpha=0.16, linewidth=0, zorder=1)
        ax.axvline(marked, color=MUTED.light, linewidth=1.0, linestyle=(0, (2, 2)), zorder=2)
        text = (
            f"studying pays after {rounded(marked)}" if crossing.state is State.AFTER else f"remembering is cheaper after {rounded(marked)}"
        )
        left = math.log(marked) > 0.5 * math.log(furthest)
        ax.annotate(
            text, (marked, 1.0), xycoords=("data", "axes fraction"), xytext=(-5 if left else 5, -4), textcoords="offset points",
            ha="right" if left else "left", va="top", fontsize=8.5,
        )  # fmt: skip
    label_ends(ax, [(furthest, study + answer * furthest, name, name in bold) for name, _, study, answer in lines])
    return ax


def reliability(analysis: Analysis, task: str, *, learners: Sequence[str] | None = None, ax: Axes | None = None) -> Axes:
    """Return how often answers of a given confidence are right, for the learners that were compared in the end, or for those named."""
    found = analysis.task(task)
    ax = _axes(ax)
    wanted = tuple(learners or found.champions())
    diagrams = [diagram for diagram in found.reliability if diagram.learner in wanted] or list(
        found.reliability[:3] if not learners else ()
    )
    ax.plot([0, 1], [0, 1], color=MUTED.light, linewidth=0.9, linestyle=(0, (2, 2)), zorder=1)
    dashes = _dashes([(diagram.learner, found.kinds[diagram.learner]) for diagram in diagrams], found.champions())
    lowest = 1.0
    for diagram in diagrams:
        look = LOOKS[found.kinds[diagram.learner]]
        x, y = [bin.confidence for bin in diagram.bins], [bin.accuracy for bin in diagram.bins]
        ends = [[bin.accuracy - bin.low for bin in diagram.bins], [bin.high - bin.accuracy for bin in diagram.bins]]
        ax.errorbar(
            x,
            y,
            yerr=ends,
            color=look.light,
            marker=look.marker,
            markersize=4.5,
            linestyle=dashes[diagram.learner],
            linewidth=1.3,
            elinewidth=0.8,
        )
        lowest = min([lowest, *x, *(bin.low for bin in diagram.bins)])
    start = max(0.0, math.floor(10.0 * lowest) / 10.0 - 0.02)
    ax.set_xlim(start, 1.01)
    ax.set_ylim(start, 1.01)
    ax.set_xlabel("stated confidence")
    ax.set_ylabel("share that was right")
    label_ends(ax, [(diagram.bins[-1].confidence, diagram.bins[-1].accuracy, diagram.learner, False) for diagram in diagrams])
    return ax


def has_picture(found: TaskAnalysis) -> dict[str, bool]:
    """Return which pictures of a task have anything to show."""
    costs = [row for row in found.main_rows() if row.kind != "floor" and _total(row, 1) is not None]
    return {
        "score_against_cost": bool(costs),
        "learning_curves": any(found.kinds[curve.learner] != "floor" for curve in found.curves),
        "cumulative_cost": bool(costs),
        "reliability": bool(found.reliability),
    }


def _axes(ax: Axes | None) -> Axes:
    """Return the axes, or new ones: of pyplot where it can show them (a notebook, or already in use), else of a bare figure."""
    if ax is None:
        notebook = sys.modules.get("IPython")
        if "matplotlib.pyplot" in sys.modules or (notebook is not None and notebook.get_ipython() is not None):
            import matplotlib.pyplot as plt

            ax = plt.figure(figsize=SIZE, dpi=110).add_subplot()
        else:
            from matplotlib.backends.backend_agg import FigureCanvasAgg
            from matplotlib.figure import Figure

            figure = Figure(figsize=SIZE, dpi=110)
            FigureCanvasAgg(figure)
            ax = figure.add_subplot()
        ax.figure.subplots_adjust(**MARGINS)
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(True, color=GRID.light, linewidth=0.7, zorder=0)
    ax.set_axisbelow(True)
    ax.tick_params(labelsize=8.5)
    ax.xaxis.label.set_fontsize(9.5)
    ax.yaxis.label.set_fontsize(9.5)
    return ax


def _plain_log(axis: Axis, low: float, high: float) -> None:
    """Write plain numbers on a logarithmic axis: 0.1, 1, 10; also 2 and 5 in between where it spans little."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    decades = math.log10(high / low)
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if decades < 2.2 else (1.0,), numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}" if value >= 1.0 else f"{value:.6f}".rstrip("0")))
    axis.set_minor_formatter(NullFormatter())


def _score_label(found: TaskAnalysis) -> str:
    return f"{metric_with_unit(found.metric)}, {'higher' if metric_named(found.metric).higher_is_better else 'lower'} is better"


def _total(row: ScoreRow, questions: int) -> float | None:
    """Return the seconds of studying and of answering so many questions one at a time."""
    return None if row.study_cpu_s is None or row.answer_mean_s is None else row.study_cpu_s + row.answer_mean_s * questions


def _finite(value: float, otherwise: float) -> float:
    return value if math.isfinite(value) else otherwise


def _sides(found: TaskAnalysis) -> dict[str, str]:
    """Return the label of each champion and what it is called in a picture, where there is no room for the seeds: "mlp/maxent"."""
    return {champion.side.label: "/".join(champion.side.learners) for champion in found.outcome.champions if champion.side}


def _lines_of_sides(found: TaskAnalysis) -> list[tuple[str, str, float, float]]:
    """Return (name, family, study, answer) of champions that change from seed to seed: no learner's line meets where their costs do."""
    lines = []
    names = _sides(found)
    for crossing in found.crossings:
        result = crossing.result
        sides = (
            (names.get(crossing.inductive), "inductive", result.study_inductive_s, result.answer_inductive_s),
            (names.get(crossing.transductive), "transductive", result.study_transductive_s, result.answer_transductive_s),
        )
        lines += [
            (name, kind, study, answer) for name, kind, study, answer in sides if name and name not in found.kinds and study and answer
        ]
    return lines


def _dashes(learners: Sequence[tuple[str, str]], bold: Sequence[str]) -> dict[str, object]:
    """Return a line style a (learner, family): solid for those compared in the end, the others of a family in turn."""
    styles: dict[str, object] = {}
    counts: dict[str, int] = {}
    for learner, kind in learners:
        counts[kind] = counts.get(kind, 0) + (learner not in bold)
        styles[learner] = "solid" if learner in bold else DASHES[1 + (counts[kind] - 1) % (len(DASHES) - 1)]
    return styles


def _focus(ax: Axes, shown: Sequence[ScoreRow]) -> None:
    """Fit the scale of the scores to the learners and their intervals."""
    ends = [end for row in shown for end in (row.score, _finite(row.low, row.score), _finite(row.high, row.score))]
    if ends:
        low, high = min(ends), max(ends)
        room = 0.12 * (high - low) or 0.05 * (abs(high) or 1.0)
        ax.set_ylim(low - room, high + room)


def _floor_line(ax: Axes, found: TaskAnalysis, points: Sequence[tuple[float, float]]) -> list[Text]:
    """Draw the best floor where it is within reach of the learners' scores, else name it at the edge; return what was written.

    points: (x, score) of all that is drawn; the limits of x must be final. The name stands at the side that has fewer of them near.
    """
    rows = found.main_rows()
    floor = next((row.floor for row in rows if row.floor is not None), None)
    if floor is None or not points:
        return []
    low, high = min(y for _, y in points), max(y for _, y in points)
    reach = 0.6 * (high - low)
    near = low - reach <= floor <= high + reach
    if near:
        bottom, top = ax.get_ylim()
        room = 0.05 * (max(top, floor) - min(bottom, floor))
        ax.set_ylim(min(bottom, floor - room), max(top, floor + room))
        ax.axhline(floor, color=LOOKS["floor"].light, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
    bottom, top = ax.get_ylim()
    height = (floor - bottom) / (top - bottom) if near else 0.0 if floor < low else 1.0
    at = ax.transAxes.inverted().transform(ax.transData.transform(points))
    crowd = [x for x, y in at if abs(y - height) < 0.18]
    right = sum(x < 0.45 for x in crowd) > sum(x > 0.55 for x in crowd)
    text = f"floor {number(floor, places_of(rows))}{'' if near else ' (below)' if floor < low else ' (above)'}"
    up = 3 if height < 0.5 or near else -3
    return [
        ax.annotate(
            text, (float(right), height), xycoords="axes fraction", xytext=(-4 if right else 4, up), textcoords="offset points", fontsize=8.5,
            ha="right" if right else "left", va="bottom" if up > 0 else "top",
        )
    ]  # fmt: skip


def _lesson_axis(ax: Axes, curves: Sequence[Curve]) -> None:
    """Put a tick at each lesson size, evenly spaced when they double."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

    sizes = sorted({round(point.x) for curve in curves for point in curve.points})
    if sizes and sizes[0] > 0:
        ax.set_xscale("log")
        apart = [size for size, following in zip(sizes, [*sizes[1:], math.inf], strict=True) if following / size > 1.15]
        ax.xaxis.set_major_locator(FixedLocator(apart))
        ax.xaxis.set_major_formatter(FixedFormatter([f"{size:,}" for size in apart]))
        ax.xaxis.set_minor_locator(NullLocator())
        ax.xaxis.set_minor_formatter(NullFormatter())


def _families(ax: Axes, kinds: Sequence[str]) -> None:
    """Write above the axes which marker is which family."""
    from matplotlib.lines import Line2D

    present = [kind for kind in LOOKS if kind in kinds]
    handles = [
        Line2D([], [], linestyle="none", marker=LOOKS[kind].marker, color=LOOKS[kind].light, markersize=5, label=LOOKS[kind].word)
        for kind in present
    ]
    ax.legend(
        handles=handles,
        loc="lower left",
        bbox_to_anchor=(-0.02, 0.99),
        ncols=len(present),
        frameon=False,
        fontsize=8.5,
        handletextpad=0.1,
        columnspacing=1.2,
    )
