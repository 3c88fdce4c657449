"""The pictures of a report as inline SVG that follows the page's colours, each with a text that says what it shows."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from . import figures
from .analysis import Analysis, TaskAnalysis
from .break_even import State
from .palette import INK, MUTED
from .report_style import VARIABLES
from .scores import ScoreRow
from .table import places_of
from .wording import FAMILY_WORDS, metric_word, number, rounded, seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RC: dict[Any, Any] = {
    "svg.fonttype": "path",
    "text.color": INK.light,
    "axes.labelcolor": INK.light,
    "axes.edgecolor": MUTED.light,
    "xtick.color": MUTED.light,
    "ytick.color": MUTED.light,
    "xtick.labelcolor": INK.light,
    "ytick.labelcolor": INK.light,
    "font.family": "DejaVu Sans",
}


def pictures(analysis: Analysis, name: str, prefix: str) -> list[tuple[str, str, str]]:
    """Return (title, SVG, note) of each picture that has something to show; `name` finds the task, `prefix` makes ids unique in the page."""
    found = analysis.task(name)
    able = figures.has_picture(found)
    curve = "Learning curves"
    if any(one.axis == "along" for one in found.curves):
        curve = "Score along the stream" if found.meta.exam == "stream" else "Score along the sequences"
    options: list[tuple[str, str, Callable[..., Axes], Callable[[TaskAnalysis], str], str]] = [
        ("score_against_cost", "Score against cost", figures.score_against_cost, _cost_text, "Bars: 95 % intervals over questions."),
        ("learning_curves", curve, figures.learning_curves, _curve_text, "Bands: 95 % intervals of the two that were compared in the end."),
        (
            "cumulative_cost",
            "Cost in all",
            figures.cumulative_cost,
            _crossing_text,
            "CPU seconds of study, and seconds of answers asked one at a time.",
        ),
        (
            "reliability",
            "Reliability",
            figures.reliability,
            _reliability_text,
            "On the diagonal, answers of a given confidence are right as often as stated.",
        ),
    ]
    made = []
    for key, title, draw, text, note in options:
        if able[key]:
            made.append((title, _svg(draw, analysis, name, f"{prefix}-{key}", text(found)), note))
    return made


def _svg(draw: Callable[..., Axes], analysis: Analysis, name: str, prefix: str, alt: str) -> str:
    """Return the picture as an SVG element without ids that collide, comments, or colours of its own."""
    import matplotlib as mpl
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    with mpl.rc_context({**_RC, "svg.hashsalt": prefix}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        figure = Figure(figsize=figures.SIZE, dpi=72)
        FigureCanvasSVG(figure)
        figure.subplots_adjust(**figures.MARGINS)
        ax = draw(analysis, name, ax=figure.add_subplot())
        if ax.get_legend() is None:
            figure.subplots_adjust(top=0.97)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return _inline(buffer.getvalue(), prefix, alt)


def _inline(svg: str, prefix: str, alt: str) -> str:
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<!--.*?-->|<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    box = re.search(r'viewBox="([^"]*)"', body)
    body = body[body.index(">") + 1 :]
    body = re.sub(r'\bid="([^"]*)"', rf'id="{prefix}-\1"', body)
    body = re.sub(r"url\(#([^)]*)\)", rf"url(#{prefix}-\1)", body)
    body = re.sub(r'xlink:href="#([^"]*)"', rf'href="#{prefix}-\1"', body)
    for color, variable in VARIABLES.items():
        body = body.replace(color, variable)
    body = re.sub(r">\s+<", "><", body).strip()
    return f'<svg role="img" aria-label="{escape(alt)}" viewBox="{box[1] if box else "0 0 331 238"}">{body}'


def forest(rows: tuple[ScoreRow, ...], row: ScoreRow, *, width: int = 130, height: int = 20) -> str:
    """Return a small picture of a row's interval on the scale that the learners of the task share; the floor is a dashed line."""
    learners = [one for one in rows if one.kind != "floor"] or list(rows)
    ends = [end for one in learners for end in (one.low, one.high, one.score) if abs(end) < float("inf")]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if row.floor is not None and low - 0.6 * (high - low) <= row.floor <= high + 0.6 * (high - low):
        low, high = min(low, row.floor), max(high, row.floor)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return 6 + (width - 12) * min(max((value - low) / span, -0.03), 1.03)

    inside = low <= row.score <= high
    color, middle = f"var(--{row.kind})", height / 2
    parts = [f'<line x1="6" x2="{width - 6}" y1="{middle}" y2="{middle}" stroke="var(--line)"/>']
    if row.floor is not None and low <= row.floor <= high:
        parts.append(
            f'<line x1="{x(row.floor):.1f}" x2="{x(row.floor):.1f}" y1="1" y2="{height - 1}" stroke="var(--floor)" stroke-dasharray="3 2"/>'
        )
    if inside:
        parts.append(f'<line x1="{x(row.low):.1f}" x2="{x(row.high):.1f}" y1="{middle}" y2="{middle}" stroke="{color}" stroke-width="2"/>')
        parts.append(_marker(row.kind, x(row.score), middle, color))
    else:
        side = 2 if row.score < low else width - 2
        turn = 5 if row.score < low else -5
        parts.append(f'<path d="M{side} {middle}l{turn} -4v8z" fill="{color}"/>')
    return f'<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" aria-hidden="true">{"".join(parts)}</svg>'


def _marker(kind: str, x: float, y: float, color: str) -> str:
    shapes = {
        "inductive": f'<circle cx="{x:.1f}" cy="{y}" r="4" fill="{color}"/>',
        "transductive": f'<path d="M{x:.1f} {y - 5}l5 5l-5 5l-5 -5z" fill="{color}"/>',
        "hybrid": f'<path d="M{x:.1f} {y - 5}l5 9h-10z" fill="{color}"/>',
        "limit": f'<rect x="{x - 4:.1f}" y="{y - 4}" width="8" height="8" fill="{color}"/>',
    }
    return shapes.get(kind, f'<path d="M{x - 3.5:.1f} {y - 3.5}l7 7m0 -7l-7 7" stroke="{color}" stroke-width="1.6"/>')


def _cost_text(found: TaskAnalysis) -> str:
    rows = [row for row in found.main_rows() if row.kind != "floor" and row.study_cpu_s is not None and row.answer_mean_s is not None]
    places = places_of(rows)
    said = [
        f"{row.learner} ({FAMILY_WORDS[row.kind]}) {number(row.score, places)} at {seconds((row.study_cpu_s or 0) + 1000 * (row.answer_mean_s or 0))} s"
        for row in rows
    ]
    return f"Score against cost. {metric_word(found.metric)} against seconds to study and answer 1,000 questions: {'; '.join(said)}."


def _curve_text(found: TaskAnalysis) -> str:
    places = places_of(found.main_rows())
    said = [
        f"{curve.learner} from {number(curve.points[0].score, places)} at {curve.points[0].x:,.0f} to {number(curve.points[-1].score, places)} "
        f"at {curve.points[-1].x:,.0f}"
        for curve in found.curves
        if found.kinds[curve.learner] != "floor"
    ]
    return f"{metric_word(found.metric)} as more is seen: {'; '.join(said)}."


def _crossing_text(found: TaskAnalysis) -> str:
    start = "Seconds in all against the number of questions asked."
    if len(found.crossings) != 1:
        return start
    crossing = found.crossings[0]
    result = crossing.result
    if result.state is State.AFTER:
        return f"{start} {crossing.inductive} becomes cheaper than {crossing.transductive} after {rounded(result.questions)} questions."
    if result.until is not None:
        return f"{start} {crossing.transductive} becomes cheaper than {crossing.inductive} after {rounded(result.until)} questions."
    return f"{start} {crossing.inductive} and {crossing.transductive}: {result.state}."


def _reliability_text(found: TaskAnalysis) -> str:
    wanted = found.champions()
    shown = [one for one in found.reliability if one.learner in wanted] or list(found.reliability[:3])
    said = [f"{one.learner}: {', '.join(f'{bin.confidence:.2f} stated, {bin.accuracy:.2f} right' for bin in one.bins)}" for one in shown]
    return f"Reliability. {'; '.join(said)}."
