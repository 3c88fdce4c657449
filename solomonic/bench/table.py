"""The analysis as text for a terminal: readable at 100 columns, without colour, and in plain ASCII where that is all there is."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from ..tasks.metrics import metric as metric_named
from .analysis import Analysis, Crossing, TaskAnalysis
from .break_even import State
from .pairs import Pair
from .scores import ScoreRow
from .verdict import summary, task_names, task_verdict
from .wording import (
    FAMILY_WORDS,
    UNKNOWN,
    bracket,
    column_decimals,
    decimals,
    listed,
    metric_with_unit,
    metric_word,
    milliseconds,
    number,
    p_value,
    rounded,
    seconds,
    share,
    size,
)

WIDEST = 120


@dataclass(frozen=True, slots=True)
class Field:
    """A column: its head, its cells, how it is aligned; the lower `keep`, the sooner it goes when there is no room."""

    head: str
    cells: list[str]
    left: bool = False
    keep: int = 99


def terminal(analysis: Analysis, *, width: int | None = None, ascii: bool | None = None) -> str:
    """Return the text that suits this terminal; `width` and `ascii` replace what is found out about it."""
    if width is None:
        width = shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100
    if ascii is None:
        encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
        ascii = os.environ.get("TERM") == "dumb" or encoding != "utf8"
    return render(analysis, width=min(width, WIDEST), ascii=ascii)


def render(analysis: Analysis, *, width: int = 100, ascii: bool = False) -> str:
    """Return the whole analysis as text of at most this width (names may force more below 60)."""
    blocks = [_task_block(name, task, width) for name, task in zip(task_names(analysis), analysis.tasks, strict=True)]
    if not blocks:
        blocks = ["Nothing was compared: no cell was finished."]
    if len(analysis.tasks) > 1:
        blocks.append("\n".join(_wrapped(summary(analysis), width)))
    if analysis.tasks:
        blocks.append("\n".join(_legend(analysis, width)))
    if analysis.failed:
        many = f"{len(analysis.failed)} cell{'s' * (len(analysis.failed) > 1)} failed:"
        blocks.append("\n".join([many, *(line for text in analysis.failed for line in _wrapped(text, width, "  "))]))
    text = _printable("\n\n".join(blocks))
    return text.translate({0x2500: "-", 0x2026: "."}).encode("ascii", "replace").decode() if ascii else text


def _task_block(name: str, task: TaskAnalysis, width: int) -> str:
    rows = task.main_rows()
    what = f"{metric_with_unit(task.metric)}, {'higher' if metric_named(task.metric).higher_is_better else 'lower'} is better"
    floor = next((row.floor for row in rows if row.floor is not None), None)
    counts = sorted({row.n for row in rows})
    asked = f"{counts[0]:,} questions" if len(counts) == 1 else f"up to {counts[-1]:,} questions" if counts else "no questions"
    most = max((row.seeds for row in rows), default=0)
    title = f"{name}: {task.meta.title}" if task.meta.title.lower() not in ("", name.lower()) else name
    facts = f"{what}; {asked}, {most} seed{'s' * (most != 1)}; floor {number(floor, places_of(rows)) if floor is not None else 'none'}"
    lines = [_cut(title, width), _cut(facts, width), *_score_table(task, rows, width)]
    lines += _wrapped(f"champions   {_champions(task)}", width, " " * 12)
    if task.outcome.pair is not None:
        lines += _wrapped(f"pair        {_pair_line(task.outcome.pair)}", width, " " * 12)
    if len(task.crossings) == 1:
        lines += _wrapped(f"break-even  {crossing_line(task.crossings[0])}", width, " " * 12)
    lines += _wrapped(f"verdict     {task_verdict(task)}", width, " " * 12)
    return "\n".join(lines)


def _score_table(task: TaskAnalysis, rows: Sequence[ScoreRow], width: int) -> list[str]:
    champions, places = task.champions(), places_of(rows)
    second = next((name for name in task.meta.metrics[1:] if "log_loss" in name), next(iter(task.meta.metrics[1:]), None))
    fields = [
        Field("", ["*" if row.learner in champions else "" for row in rows], left=True),
        Field("learner", [_name(row.learner, 24) for row in rows], left=True),
        Field("family", [FAMILY_WORDS[row.kind] for row in rows], left=True, keep=6),
        Field(metric_word(task.metric), [number(row.score, places) for row in rows]),
        Field("95 % interval", [bracket(row.low, row.high, places) for row in rows], keep=9),
        Field("", ["!" if row.under_floor else "" for row in rows], left=True),
    ]
    if second is not None:
        others = [task.row(row.learner, second) for row in rows]
        finer = places_of([row for row in others if row])
        fields.append(Field(_cut(metric_word(second), 12), [number(row.score, finer) if row else UNKNOWN for row in others], keep=2))
    fields += [
        Field("study CPU s", [seconds(row.study_cpu_s) for row in rows], keep=8),
        Field("answer ms", [milliseconds(row.answer_mean_s) for row in rows], keep=7),
        Field("state", [size(row.state_bytes) for row in rows], keep=5),
        Field("growth", [number(row.state_growth, 2) for row in rows], keep=1),
    ]
    fields = [field for field in fields if field.head or any(field.cells)]
    left_out = []
    while _width(fields) > width and any(field.keep < 99 for field in fields):
        left_out.append(min(fields, key=lambda field: field.keep))
        fields.remove(left_out[-1])
    lines = ["  ".join(_aligned(field, field.head) for field in fields).rstrip()]
    lines.append("─" * max(_width(fields), 1))
    lines += ["  ".join(_aligned(field, field.cells[i]) for field in fields).rstrip() for i in range(len(rows))]
    if left_out:
        lines += _wrapped(f"no room for {', '.join(field.head for field in left_out)}: see --json or the report", width)
    return lines


def places_of(rows: Sequence[ScoreRow]) -> int:
    """Return the decimals in which all these scores of one metric are shown."""
    return column_decimals(rows[0].metric, [(row.score, row.low, row.high) for row in rows]) if rows else 3


def _champions(task: TaskAnalysis) -> str:
    if not task.outcome.champions:
        return f"none: {task.outcome.how}"
    return "; ".join(
        f"{FAMILY_WORDS.get(champion.family, champion.family)}: {champion.label or 'nobody'} ({champion.how})"
        for champion in task.outcome.champions
    )


def _pair_line(pair: Pair) -> str:
    places = decimals(pair.metric, pair.difference, pair.low, pair.high)
    text = f"{pair.a} - {pair.b} = {number(pair.difference, places)} {bracket(pair.low, pair.high, places)}, "
    text += f"{p_value(pair.p_holm)} (Holm), margin {number(pair.margin, max(places, 2))}: {pair.outcome}"
    if pair.nfr is not None:
        text += f"; only {pair.a} right {share(pair.nfr)}, only {pair.b} right {share(pair.pfr)}"
    return text


def crossing_line(crossing: Crossing) -> str:
    """Return the break-even of a pair with its interval."""
    result = crossing.result
    if result.state is State.AFTER:
        return f"after {rounded(result.questions)} questions {_questions(result.low, result.high)}"
    if result.state is State.NOW and result.until is not None:
        return f"now, until {rounded(result.until)} questions {_questions(result.low, result.high)}"
    return f"{result.state}{f' ({result.reason})' if result.reason else ''}"


def _questions(low: float | None, high: float | None) -> str:
    return f"[{rounded(low)}, {rounded(high)}]"


def _legend(analysis: Analysis, width: int) -> list[str]:
    text = (
        "* compared in the end (champions are chosen under each seed on its rehearsal or its stream's opening, never on what is compared). study CPU s: to study the whole lesson; answer ms: CPU, mean of "
        "single questions; growth: exponent of the state against observations. Intervals are over questions: another lesson could move scores further."
    )
    if any(row.under_floor for task in analysis.tasks for row in task.main_rows()):
        text = "! under the floor. " + text
    mixed = next(
        (champion for task in analysis.tasks for champion in task.outcome.champions if champion.side and not champion.side.single), None
    )
    if mixed:
        text += f" A name like {mixed.label} says under how many seeds each was chosen; each answers for these seeds alone."
    streams = [task.meta.name for task in analysis.tasks if task.meta.exam == "stream"]
    if streams:
        text += f" Pairs on {listed(streams)} leave out the stream's opening, on which champions are chosen; scores include it."
    return _wrapped(text, width)


def _width(fields: Sequence[Field]) -> int:
    return sum(_field_width(field) for field in fields) + 2 * (len(fields) - 1)


def _field_width(field: Field) -> int:
    return max(_cells(text) for text in (field.head, *field.cells))


def _aligned(field: Field, text: str) -> str:
    space = " " * (_field_width(field) - _cells(text))
    return text + space if field.left else space + text


def _cells(text: str) -> int:
    """Return how many columns a text takes."""
    from rich.cells import cell_len

    return cell_len(_printable(text))


def _name(learner: str, width: int) -> str:
    """Return a learner's name; of an import path that is too long the end, which tells more than the beginning."""
    if len(learner) > width and "." in learner and " " not in learner and "(" not in learner:
        return "…" + learner[-(width - 1) :]
    return _cut(learner, width)


def _cut(text: str, width: int) -> str:
    text = _printable(text)
    if _cells(text) <= width:
        return text
    while text and _cells(text) > width - 1:
        text = text[:-1]
    return text + "…"


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    return textwrap.wrap(_printable(text), max(width, 40), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _printable(text: str) -> str:
    """Return the text without control characters, which a learner's name might carry."""
    return "".join(character if character.isprintable() or character == "\n" else "?" for character in text)
