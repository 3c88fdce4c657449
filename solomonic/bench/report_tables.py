"""The tables of a report, as HTML; everything that comes from a run is escaped."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from ..tasks.metrics import metric as metric_named
from .analysis import Analysis, TaskAnalysis
from .pairs import Outcome, Pair
from .palette import LOOKS
from .report_pictures import forest
from .scores import ScoreRow
from .table import crossing_line, places_of
from .verdict import task_names
from .wording import FAMILY_WORDS, UNKNOWN, bracket, decimals, metric_with_unit, milliseconds, number, seconds, share, size

BADGES = {
    Outcome.DIFFER: ("differ", "≠ differ"),
    Outcome.EQUIVALENT: ("equivalent", "= equivalent"),
    Outcome.CANNOT_TELL: ("unsure", "? cannot tell"),
}
OUTSIDE = '<span class="interval">{}</span>'


def badge(outcome: Outcome) -> str:
    """Return the outcome as a small label, told apart by word and sign."""
    name, text = BADGES[outcome]
    return f'<span class="badge {name}">{text}</span>'


def family(kind: str) -> str:
    """Return a family's sign and word."""
    look = LOOKS.get(kind)
    sign = f'<span class="sign" style="color:var(--{kind})" aria-hidden="true">{look.sign}</span>' if look else ""
    return f'<span class="family">{sign}{escape(FAMILY_WORDS.get(kind, kind))}</span>'


def table(
    caption: str, heads: Sequence[tuple[str, str]], rows: Iterable[tuple[str, Sequence[str]]], *, label: str, compact: bool = False
) -> str:
    """Return a table that scrolls by itself where the page is narrow.

    heads: (HTML, class) a column. rows: (class of the row, HTML of the cells); the first cell heads its row. label: what assistive software calls the region.
    compact: no wider than its cells need.
    """
    head = "".join(f'<th scope="col"{_class(name)}>{html}</th>' for html, name in heads)
    body = "".join(
        f'<tr{_class(row_class)}><th scope="row">{cells[0]}</th>'
        + "".join(f"<td{_class(name)}>{html}</td>" for html, (_, name) in zip(cells[1:], heads[1:], strict=True))
        + "</tr>"
        for row_class, cells in rows
    )
    return (
        f'<p class="caption">{caption}</p><div class="scroll" role="region" tabindex="0" aria-label="{escape(label)}"><table{_class("compact" * compact)} aria-label="{escape(label)}">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def overview(analysis: Analysis) -> str:
    """Return the table of all tasks: outcome, difference, break-even."""
    heads = [
        ("task", "left"),
        ("outcome", "left"),
        ("winner", "left names"),
        ("first − second", "left names"),
        ("difference", ""),
        ("studying pays", "left"),
    ]
    rows = []
    for i, (name, task) in enumerate(zip(task_names(analysis), analysis.tasks, strict=True)):
        outcome = task.outcome
        compared = f"{escape(outcome.first)} − {escape(outcome.second)}" if outcome.first and outcome.second else UNKNOWN
        winner = f"{escape(outcome.winner)} {family(outcome.winner_kind) if outcome.winner_kind else ''}" if outcome.winner else UNKNOWN
        crossing = crossing_line(task.crossings[0]) if len(task.crossings) == 1 else UNKNOWN
        crossing = crossing.split(" (")[0]
        cells = [
            f'<a href="#task-{i}">{escape(name)}</a>',
            badge(outcome.outcome),
            winner,
            compared,
            _difference(outcome.metric, outcome.difference, outcome.low, outcome.high),
            escape(crossing),
        ]
        rows.append(("", cells))
    return table("Differences in each task's own metric, with 95 % intervals.", heads, rows, label="All tasks")


def scores(task: TaskAnalysis) -> str:
    """Return the learners of a task: scores beside the floor, and the costs that matter most."""
    rows = task.main_rows()
    second = next((name for name in task.meta.metrics[1:] if "log_loss" in name), next(iter(task.meta.metrics[1:]), None))
    heads = [("learner", "left"), ("family", "left"), (escape(metric_with_unit(task.metric)), ""), ("95 % interval", ""), ("", "left")]
    heads += [(escape(metric_with_unit(second)), "")] if second else []
    heads += [("study<br>CPU s", ""), ("answer<br>CPU ms", ""), ("state", ""), ("state<br>growth", "")]
    places = places_of(rows)
    body = []
    for row in rows:
        under = '<span class="under">under floor</span>' if row.under_floor else ""
        cells = [
            escape(row.learner) + ('<span class="interval"> *</span>' if row.learner in task.champions() else ""),
            family(row.kind),
            f"<strong>{number(row.score, places)}</strong>{under}",
            OUTSIDE.format(bracket(row.low, row.high, places)),
            forest(rows, row),
            *([_other(task, row.learner, second)] if second else []),
            escape(seconds(row.study_cpu_s)),
            escape(milliseconds(row.answer_mean_s)),
            size(row.state_bytes),
            number(row.state_growth, 2),
        ]
        body.append((_row_class(task, row), cells))
    return table(_caption(task, rows), heads, body, label="Learners, scores and costs")


def more(task: TaskAnalysis) -> str:
    """Return the other metrics and costs, and the two axes on which learners are told apart."""
    rows = task.main_rows()
    others = [name for name in task.meta.metrics[1:] if any(row.metric == name for row in task.rows)]
    heads = [
        ("learner", "left"),
        *((escape(metric_with_unit(name)), "") for name in others),
        ("study<br>wall s", ""),
        ("answer ms<br>95th pct", ""),
    ]
    heads += [("answer ms<br>in a batch", ""), ("peak<br>memory", ""), ("keeps<br>data", "left"), ("sees<br>batch", "left")]
    body = []
    for row in rows:
        cells = [
            escape(row.learner),
            *(_other(task, row.learner, name, interval=True) for name in others),
            escape(seconds(row.study_wall_s)),
        ]
        cells += [escape(milliseconds(row.answer_p95_s)), escape(milliseconds(row.answer_batch_s)), size(row.peak_bytes)]
        body.append((_row_class(task, row), [*cells, "yes" if row.keeps_data else "no", "yes" if row.sees_batch else "no"]))
    caption = (
        "Keeps data: are the raw observations still reachable after the study? Sees batch: does an answer depend on which other questions are asked with it? "
        "In a batch: milliseconds a question when all are asked at once."
    )
    return table(caption, heads, body, label="Other metrics and costs")


def _other(task: TaskAnalysis, learner: str, metric: str, *, interval: bool = False) -> str:
    row = task.row(learner, metric)
    if row is None:
        return UNKNOWN
    places = places_of([one for one in task.rows if one.metric == metric])
    return number(row.score, places) + (f" {OUTSIDE.format(bracket(row.low, row.high, places))}" if interval else "")


def _row_class(task: TaskAnalysis, row: ScoreRow) -> str:
    return "floor" if row.kind == "floor" else "champion" if row.learner in task.champions() else ""


def _caption(task: TaskAnalysis, rows: Sequence[ScoreRow]) -> str:
    higher = metric_named(task.metric).higher_is_better
    counts = sorted({row.n for row in rows})
    asked = f"{counts[-1]:,} questions" if counts else "no questions"
    floor = next((row.floor for row in rows if row.floor is not None), None)
    beside = f" Best floor: {number(floor, places_of(rows))} (dashed where in sight)." if floor is not None else " No floor sat this exam."
    seeds = max((row.seeds for row in rows), default=0)
    return (
        f"{escape(metric_with_unit(task.metric))}: {'higher' if higher else 'lower'} is better. {asked}, {seeds} seed{'s' * (seeds != 1)}.{beside} "
        "* compared in the end. Growth: exponent of the state's bytes against the observations seen."
    )


def pairs(task: TaskAnalysis) -> str:
    """Return all pairs of learners of a task."""
    classes = any(pair.nfr is not None for pair in task.pairs)
    heads = [("a − b", "left"), ("difference", ""), ("p (Holm)", ""), ("outcome", "left"), ("winner", "left")]
    if classes:
        heads += [("only a right<br>(negative flips)", ""), ("only b right<br>(positive flips)", "")]
    rows = []
    for pair in sorted(task.pairs, key=lambda pair: _place(task, pair)):
        cells = [
            f"{escape(pair.a)} − {escape(pair.b)}",
            _pair_difference(pair),
            f"{'&lt;0.001' if pair.p_holm < 0.001 else f'{pair.p_holm:.3f}'}",
        ]
        cells += [badge(pair.outcome), escape(pair.winner) if pair.winner else UNKNOWN]
        mine = pair is task.outcome.pair
        rows.append(("champion" if mine else "", cells + ([share(pair.nfr), share(pair.pfr)] if classes else [])))
    return table("Question by question; 95 % intervals, p-values corrected over all pairs of the suite.", heads, rows, label="All pairs")


def _place(task: TaskAnalysis, pair: Pair) -> int:
    """Return where a pair stands: the two compared in the end first, pairs with a floor last."""
    return 0 if pair is task.outcome.pair else 2 if "floor" in (task.kinds.get(pair.a), task.kinds.get(pair.b)) else 1


def _pair_difference(pair: Pair) -> str:
    return _difference(pair.metric, pair.difference, pair.low, pair.high)


def _difference(metric: str, difference: float, low: float, high: float) -> str:
    if not math.isfinite(difference):
        return UNKNOWN
    places = decimals(metric, difference, low, high)
    return f"{number(difference, places)} {OUTSIDE.format(bracket(low, high, places))}"


def rounds(task: TaskAnalysis) -> str:
    """Return the score of each asking of the same questions; nothing where they were asked once."""
    if not task.rounds:
        return ""
    numbers = sorted({one.round for one in task.rounds})
    names = {0: "first asking", 1: "asked again", 2: "reworded", 3: "evidence changed"} if task.meta.exam == "repeat" else {}
    heads = [("learner", "left"), *((names.get(i, f"asking {i + 1}"), "") for i in numbers)]
    places = places_of(task.main_rows())
    rows = []
    for learner in dict.fromkeys(one.learner for one in task.rounds):
        mine = {one.round: one for one in task.rounds if one.learner == learner}
        cells = [
            f"{number(mine[i].score, places)} {OUTSIDE.format(bracket(mine[i].low, mine[i].high, places))}" if i in mine else UNKNOWN
            for i in numbers
        ]
        rows.append(("floor" if task.kinds[learner] == "floor" else "", [escape(learner), *cells]))
    return table(f"{escape(metric_with_unit(task.metric))} each time the questions were asked.", heads, rows, label="Askings", compact=True)


def champions(task: TaskAnalysis) -> str:
    """Return how the champions were chosen, with what the candidates scored on the rehearsal."""
    chosen = [champion for champion in task.outcome.champions if champion.candidates]
    values = [value for champion in chosen for _, value in champion.candidates if math.isfinite(value)]
    places = decimals(task.metric, *values)
    rows = []
    for champion in chosen:
        seeds = Counter(champion.side.by_seed.values() if champion.side else ())
        for name, value in champion.candidates:
            cells = [
                escape(name),
                family(task.kinds[name]),
                number(value, places),
                f"{seeds[name]} of {seeds.total()}" if seeds else UNKNOWN,
            ]
            rows.append(("champion" if seeds[name] else "", cells))
    if not rows:
        return ""
    heads = [
        ("candidate", "left"),
        ("family", "left"),
        (f"{escape(metric_with_unit(task.metric))} on the rehearsal", ""),
        ("chosen in seeds", ""),
    ]
    caption = "Chosen under each seed on that seed's own rehearsal; its exam's answers took no part."
    return table(caption, heads, rows, label="Candidates", compact=True)


def columns(guess: Mapping[str, Any]) -> str:
    """Return what each column of a user's own table was taken for, from the object that `--json` has under "columns"."""
    target = guess["target"]
    kind = f"{target['kind']}, {target['classes']} values" if target["classes"] else str(target["kind"])
    rows = [("champion", [escape(target["name"]), f"target: {escape(kind)}", str(guess["rows_without_answer"])])]
    rows += [("", [escape(guess[what]), what, "0"]) for what in ("time", "group") if guess[what] is not None]
    for one in guess["features"]:
        infinite = f" ({one['infinite']} infinite)" if one["infinite"] else ""
        taken = "date" if one["name"] in guess["dates"] else one["kind"]
        rows.append(("", [escape(one["name"]), taken, f"{one['missing']}{infinite}"]))
    rows += [("floor", [escape(one["name"]), f"dropped: {escape(one['reason'])}", UNKNOWN]) for one in guess["dropped"]]
    caption = (
        f"{guess['rows']:,} rows with an answer. Missing values are imputed from each lesson alone; rows without an answer are left out."
    )
    return table(caption, [("column", "left"), ("taken for", "left"), ("missing", "")], rows, label="Columns", compact=True)
