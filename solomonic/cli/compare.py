"""`solomonic compare`: suites, or your own data."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import InputError

if TYPE_CHECKING:
    from ..bench.compare import Asked, Comparison
    from ..bench.plan import Plan


@click.command()
@click.argument("suites", nargs=-1, metavar="[SUITE]...")
@click.option(
    "--learner",
    "learners",
    multiple=True,
    metavar="NAME",
    help="Who sits the exams: a name from 'ls learners', or an import path; may be repeated.",
)
@click.option("--seeds", type=click.IntRange(min=1), metavar="N", help="Seeds a task, instead of the suite's own number.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="The run's folder; the same call continues it.")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Cells played at once; all cores by default.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most this many items a task, for a quick look.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    show_default=True,
    help="A difference too small to matter to you.",
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--suite-path", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="A folder with suites of your own.")
@click.option("--data", type=click.Path(path_type=Path), metavar="FILE", help="Your own table: CSV, Parquet or JSONL.")
@click.option("--target", metavar="COLUMN", help="The column to predict.")
@click.option("--time", metavar="COLUMN", help="A time column: the exam becomes a stream.")
@click.option("--group", metavar="COLUMN", help="A group column: groups are never split.")
@click.option("--text", multiple=True, metavar="COLUMN", help="A column to be read as text; may be repeated.")
@click.option("--no-header", is_flag=True, help="The file's first line is data; columns are numbered from 0, and -1 is the last.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def compare(
    suites: tuple[str, ...],
    learners: tuple[str, ...],
    seeds: int | None,
    out: Path | None,
    jobs: int | None,
    limit: int | None,
    margin: float,
    dry_run: bool,
    suite_path: tuple[Path, ...],
    data: Path | None,
    target: str | None,
    time: str | None,
    group: str | None,
    text: tuple[str, ...],
    no_header: bool,
    as_json: bool,
) -> int:
    """Should you train, or remember? Runs learners on suites (core by default) or on your own data.

    \b
    solomonic compare
    solomonic compare iid --learner maxent --learner nearest --learner sklearn.svm.SVC
    solomonic compare --data sales.csv --target price --time date
    """
    from ..bench.analysis import check_margin
    from ..bench.compare import asked_suites, finish

    check_margin(margin)
    if data is None:
        for name, value in {"--target": target, "--time": time, "--group": group, "--text": text, "--no-header": no_header}.items():
            if value:
                raise InputError(f"{name} describes a table of your own; give the table with --data FILE")
        asked = asked_suites(suites or ("core",), suite_path=suite_path, limit=limit, out=out)
    elif suites:
        raise InputError(f"{suites[0]!r} is a suite and --data is a table; give one of the two")
    else:
        asked = _own(data, target, time=time, group=group, text=text, header=not no_header, limit=limit, out=out)
    if os.getcwd() not in sys.path:
        # As python itself does, so that --learner my_module.MyLearner finds a file in this folder.
        sys.path.insert(0, os.getcwd())
    plan, folder = asked.plan(learners or None, seeds), asked.folder
    assert folder is not None
    todo = _say_plan(plan, folder)
    if dry_run:
        return 0
    failed = _play(plan, asked, folder, todo, jobs)
    result = finish(plan, asked, folder, failed, margin=margin)
    _show(result, as_json)
    for line in failed:
        click.echo(f"failed: {line}", err=True)
    return 1 if failed else 0


def _own(
    data: Path,
    target: str | None,
    *,
    time: str | None,
    group: str | None,
    text: tuple[str, ...],
    header: bool,
    limit: int | None,
    out: Path | None,
) -> Asked:
    from ..bench.compare import asked_own
    from ..tasks.frames import own_task, read_table

    frame = read_table(data, header=header)
    if target is None:
        raise InputError(f"--data needs --target COLUMN; {data} has the columns {', '.join(map(str, frame.columns[:20]))}")
    own = own_task(frame, target, time=time, group=group, text=text, limit=limit, name=data.stem)
    click.echo(own.text, err=True)
    folder = out or Path(".solomonic") / "runs" / f"{data.stem}-{own.task.fingerprint()[:8]}"
    return asked_own(own, out=folder)


def _say_plan(plan: Plan, folder: Path) -> int:
    """Tell what is done and what is to be done; return how many cells have to be played."""
    from ..bench.ledger import finished

    todo, done, stale = plan.sort(finished(folder))
    exams = ", ".join(task.name for task in plan.tasks)
    click.echo(f"{len(plan.cells)} cells on {exams}: {done} done, {stale} stale, {len(todo) - stale} to run -> {folder}", err=True)
    for name in dict.fromkeys(name for _, name, _ in plan.skipped):
        tasks = [task for task, left_out, _ in plan.skipped if left_out == name]
        click.echo(f"{name} cannot sit {', '.join(tasks)}", err=True)
    return len(todo)


def _play(plan: Plan, asked: Asked, folder: Path, todo: int, jobs: int | None) -> list[str]:
    """Return what failed; shows a bar where stderr is a terminal."""
    from tqdm import tqdm

    from ..bench.run import Failed, iter_run

    failed: list[str] = []
    bar = tqdm(total=todo, unit="cell", file=sys.stderr, disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False)
    try:
        with bar:
            for result in iter_run(plan, folder, jobs=jobs, columns=asked.columns):
                if isinstance(result, Failed):
                    failed.append(str(result))
                else:
                    bar.set_postfix_str(f"{result.task} {result.learner}", refresh=False)
                bar.update()
    except KeyboardInterrupt:
        click.echo(f"\nstopped; finished cells are kept in {folder}, and the same command continues", err=True)
        raise
    return failed


def _show(result: Comparison, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False, allow_nan=False))
        return
    from ..bench.table import terminal

    click.echo(terminal(result.analysis))
    click.echo(f"pictures: solomonic report {result.run.folder}", err=True)
