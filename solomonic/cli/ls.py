"""`solomonic ls`: what there is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("what", type=click.Choice(["suites", "tasks", "learners"]), default="suites")
@click.option("--suite-path", multiple=True, type=click.Path(path_type=Path), metavar="DIR", help="A folder with suites of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ls(what: str, suite_path: tuple[Path, ...], as_json: bool) -> None:
    """List suites (the default), tasks or learners."""
    rows = _learners() if what == "learners" else _suites(suite_path) if what == "suites" else _tasks(suite_path)
    if as_json:
        click.echo(json.dumps({"schema_version": 1, what: rows}, ensure_ascii=False))
        return
    widths = {key: max(len(str(row[key])) for row in rows) for key in rows[0]} if rows else {}
    for row in rows:
        click.echo("  ".join(str(row[key]).ljust(width) for key, width in widths.items()).rstrip())


def _suites(suite_path: tuple[Path, ...]) -> list[dict[str, Any]]:
    from ..tasks.suites import list_suites

    return [{"name": s.name, "tasks": f"{len(s.tasks)} tasks", "title": s.title} for s in list_suites(suite_path)]


def _tasks(suite_path: tuple[Path, ...]) -> list[dict[str, Any]]:
    from ..tasks.suites import list_suites

    return [{"suite": s.name, "name": t.name, "exam": t.exam, "title": t.title} for s in list_suites(suite_path) for t in s.tasks]


def _learners() -> list[dict[str, Any]]:
    from ..learners import registry

    return [
        {
            "name": one.name,
            "kind": one.kind,
            "keeps_data": "keeps the data" if one.keeps_data else "forgets it",
            "title": one.title,
        }
        for one in registry.learners()
    ]
