"""The report of a run: one HTML file with its pictures inside; no script, no network.

Summary first, then a section a task, then how it was made. The file appears whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Any

from ..errors import RunError
from . import report_tables as tables
from .analysis import Analysis, TaskAnalysis
from .ledger import replace
from .report_pictures import pictures
from .report_style import FRAGMENT, style
from .results import Run
from .table import crossing_line, places_of
from .verdict import summary, task_names, task_verdict
from .wording import FAMILY_WORDS, bracket, metric_with_unit, milliseconds, number, seconds, size


def write_report(run: Run, analysis: Analysis, path: Path) -> None:
    """Write the report to a file, replacing it at one stroke.

    Raises:
        RunError: the file cannot be written.
    """
    text = report_html(run, analysis)
    try:
        replace(Path(path), [text.encode()])
    except OSError as error:
        raise RunError(f"cannot write the report to {path}: {error.strerror or error}; choose another place for it") from None


def report_html(run: Run, analysis: Analysis) -> str:
    """Return the report as one HTML page."""
    names = task_names(analysis)
    several = len(analysis.tasks) > 1
    lead = (
        summary(analysis)
        if several
        else task_verdict(analysis.tasks[0])
        if analysis.tasks
        else "nothing was compared: no cell was finished"
    )
    told = "" if several or not analysis.tasks else f"<p>{tables.badge(analysis.tasks[0].outcome.outcome)}</p>"
    sections = "".join(_section(analysis, task, i, name) for i, (name, task) in enumerate(zip(names, analysis.tasks, strict=True)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><title>Study or remember: {escape(", ".join(names) or run.folder.name)}</title>'
        f'<style>{style()}</style></head><body><header><h1>Study or remember?</h1><p class="lead">{escape(_sentence(lead))}</p>{told}'
        f'<p class="meta">{_counts(run, analysis)}</p></header><main>'
        + (f"<section><h2>All tasks</h2>{tables.overview(analysis)}</section>" if several else "")
        + f"{sections}{_failures(analysis)}{_columns(run)}{_made(run, analysis)}</main><footer><p>Made by <code>solomonic report</code>.</p></footer></body></html>\n"
    )


def summary_html(run: Run, analysis: Analysis) -> str:
    """Return what a notebook shows: the verdict and a small table a task, in the notebook's own colours."""
    parts = [f'<div class="solomonic"><style>{FRAGMENT}</style>']
    if len(analysis.tasks) != 1:
        parts.append(f"<p>{escape(summary(analysis) if analysis.tasks else 'Nothing was compared: no cell was finished.')}</p>")
    for name, task in zip(task_names(analysis), analysis.tasks, strict=True):
        rows = task.main_rows()
        places = places_of(rows)
        body = "".join(
            f'<tr class="{"floor" if row.kind == "floor" else "champion" if row.learner in task.champions() else "plain"}">'
            f'<th scope="row">{escape(row.learner)}</th><td class="left">{escape(FAMILY_WORDS[row.kind])}</td><td>{number(row.score, places)} '
            f'<span class="interval">{bracket(row.low, row.high, places)}</span>{" under the floor" if row.under_floor else ""}</td>'
            f"<td>{escape(seconds(row.study_cpu_s))}</td><td>{escape(milliseconds(row.answer_mean_s))}</td><td>{size(row.state_bytes)}</td></tr>"
            for row in rows
        )
        heads = ["learner", "family", f"{metric_with_unit(task.metric)} [95 %]", "study CPU s", "answer CPU ms", "state"]
        head = "".join(f'<th scope="col"{" class=left" if i < 2 else ""}>{escape(text)}</th>' for i, text in enumerate(heads))
        parts.append(f"<table><caption>{escape(name)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        parts.append(f"<p>{escape(_sentence(task_verdict(task)))}</p>")
    if run.failed:
        parts.append(f"<p>{len(run.failed)} cells failed.</p>")
    return "".join(parts) + "</div>"


def _sentence(text: str) -> str:
    """Return the text with its full stop; learners keep the case of their names."""
    return text if text.endswith(".") else f"{text}."


def _counts(run: Run, analysis: Analysis) -> str:
    cells = len(run.cells)
    learners = len({cell.learner for cell in run.cells})
    created = run.info.get("created")
    facts = [f"{len(analysis.tasks)} task{'s' * (len(analysis.tasks) != 1)}", f"{learners} learners", f"{cells:,} cells"]
    facts += [f"{len(run.failed)} failed"] if run.failed else []
    facts += [f"margin {analysis.margin:g}"] + ([str(created)] if created else [])
    return escape(" · ".join(facts))


def _section(analysis: Analysis, task: TaskAnalysis, i: int, name: str) -> str:
    full = f"{task.meta.suite}/{task.meta.name}"
    drawn = "".join(
        f"<figure><figcaption>{escape(title)}</figcaption>{svg}<p>{escape(note)}</p></figure>"
        for title, svg, note in pictures(analysis, full, f"p{i}")
    )
    title = task.meta.title or name
    said = (
        f'<p class="verdict">{tables.badge(task.outcome.outcome)} {escape(_sentence(task_verdict(task)))}</p>'
        if len(analysis.tasks) > 1
        else ""
    )
    asides = f' <span class="meta">{escape(name)}</span>' if title.lower() != name.lower() else ""
    return (
        f'<section id="task-{i}"><h2>{escape(title)}{asides}</h2>{said}{tables.scores(task)}'
        + (f'<div class="pictures">{drawn}</div>' if drawn else "")
        + (f"<h3>When questions come back</h3>{tables.rounds(task)}" if task.rounds else "")
        + f"<details><summary>Other metrics and costs</summary>{tables.more(task)}</details>"
        + f"<details><summary>All {len(task.pairs)} pairs of learners</summary>{tables.pairs(task) if task.pairs else ''}</details>"
        + f"<details><summary>How the two were chosen, and when studying pays</summary>{_choice(task)}{tables.champions(task)}{_break_even(task)}</details>"
        + f"<details><summary>What the intervals leave out</summary><ul>{''.join(f'<li>{escape(line)}</li>' for line in left_out(task))}</ul></details>"
        + _notes(task)
        + "</section>"
    )


def _choice(task: TaskAnalysis) -> str:
    if not task.outcome.champions:
        return f"<p>Compared: {escape(task.outcome.how)}.</p>"
    lines = [f"{FAMILY_WORDS.get(c.family, c.family)}: {c.label or 'nobody'} ({c.how})" for c in task.outcome.champions]
    return f"<p>Compared: {escape(task.outcome.how)}. {escape('; '.join(lines))}.</p>"


def _break_even(task: TaskAnalysis) -> str:
    lines = []
    for crossing in task.crossings:
        result = crossing.result
        costs = (
            f" Study {seconds(result.study_inductive_s)} s against {seconds(result.study_transductive_s)} s; an answer "
            f"{milliseconds(result.answer_inductive_s)} ms against {milliseconds(result.answer_transductive_s)} ms (means)."
            if result.study_inductive_s is not None
            else ""
        )
        lines.append(
            f"<p>{escape(f'Break-even of {crossing.inductive} against {crossing.transductive}: {crossing_line(crossing)}.{costs}')}</p>"
        )
    return "".join(lines)


def _notes(task: TaskAnalysis) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in task.notes)
    return f"<details><summary>Notes</summary><ul>{items}</ul></details>" if items else ""


def left_out(task: TaskAnalysis) -> Iterator[str]:
    """Yield what the intervals of this task do not cover, in words."""
    unit = {"question": "question", "block": "block of the stream", "sequence": "sequence", "group": "group"}[task.meta.resample_by]
    counts = sorted({row.n_units for row in task.main_rows()})
    yield f"The unit that varies is the {unit}: there are {counts[-1] if counts else 0:,}. The intervals say what other {unit}s of the same kind would change."
    if task.meta.exam in ("split", "repeat"):
        yield "They take the lessons as drawn: another lesson, fold or data set could move a score further, and answers of one fold share one lesson."
    if task.meta.exam == "stream":
        yield "They take the stream's changes as they came: another stream, with its changes elsewhere, could come out otherwise."
        yield "Blocks are 1.3 times the root of the stream's length; dependence that reaches further than that makes the intervals too short."
        yield "Pairs leave out the opening, on which champions are chosen; scores include it."
    if task.meta.exam == "sequence":
        yield "They say nothing of kinds of sequences that are not among these."
    yield "Costs are those of this machine, on one thread, and not part of any interval except the break-even's own."
    if task.meta.exam == "stream" or len({row.seeds for row in task.main_rows()} - {1}):
        yield "Where the same item comes back under several seeds, only its mean counts in a split; streams drawn anew under each seed count as separate."
    yield "The intervals of scores and differences are not widened for their number; the p-values are corrected over all pairs of the suite (Holm)."


def _failures(analysis: Analysis) -> str:
    if not analysis.failed:
        return ""
    items = "".join(f"<li>{escape(text)}</li>" for text in analysis.failed)
    return f"<section><h2>What failed</h2><p>These cells have no result and take no part above.</p><ul>{items}</ul></section>"


def _columns(run: Run) -> str:
    """Return what was made of the columns of a user's own table."""
    guess = run.info.get("columns")
    return f"<section><h2>What the columns were taken for</h2>{tables.columns(guess)}</section>" if guess else ""


def _made(run: Run, analysis: Analysis) -> str:
    told = {key: value for key, value in run.info.items() if key != "columns"}
    facts = {"run": str(run.folder), "margin": f"{analysis.margin:g}", **dict(_flat(told))}
    items = "".join(f"<dt>{escape(key)}</dt><dd>{escape(value)}</dd>" for key, value in facts.items())
    return f"<section><h2>How it was made</h2><dl>{items}</dl></section>"


def _flat(info: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield the entries of a nested description, one a line."""
    for key, value in info.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key} ")
        elif value is not None:
            yield f"{prefix}{key}".replace("_", " "), ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
