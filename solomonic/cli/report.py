"""`solomonic report`: a finished run as one HTML file."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Where to write it; RUN/report.html by default.")
@click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    default=0.01,
    show_default=True,
    help="A difference too small to matter to you.",
)
def report(run: Path, output: Path | None, margin: float) -> None:
    """Write a run's report: one HTML file, no script, no network."""
    from ..bench.analysis import analyse
    from ..bench.ledger import read_run
    from ..bench.report import write_report

    finished = read_run(run)
    path = output or run / "report.html"
    write_report(finished, analyse(finished, margin=margin), path)
    click.echo(str(path))
