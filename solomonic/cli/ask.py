"""`solomonic ask`: an answer that is a quotation, with its place, or none."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .memory import json_option, opened, say_notices, store_option, store_path

if TYPE_CHECKING:
    from ..agent import Reply
    from ..memory import Memory


@click.command()
@click.argument("question")
@store_option
@json_option
def ask(question: str, store: Path | None, as_json: bool) -> None:
    """Answer from what is remembered, word for word, or not at all.

    Without a store (no --store, no SOLOMONIC_STORE, no ./.solomonic) the bundled textbook is asked.
    """
    from ..agent import Agent

    with closing(_memory(store)) as memory:
        reply = Agent(memory).ask(question)
        say_notices(memory)
    if as_json:
        click.echo(json.dumps(reply.json(), ensure_ascii=False))
    else:
        _show(reply)


def _memory(store: Path | None) -> Memory:
    """Return the store that is named or stands at the default place, else the textbook."""
    from ..agent import textbook

    named = store is not None or bool(os.environ.get("SOLOMONIC_STORE"))
    if named or (store_path(store) / "memory.db").exists():
        return opened(store)
    click.echo("note: no store here; the bundled textbook is asked (name a store with --store)", err=True)
    return textbook()


def _show(reply: Reply) -> None:
    found = reply.json()
    if found["answer"] is None:
        click.echo("no answer")
        click.echo(f"{reply.verdict.value}: {reply.reason}", err=True)
        return
    click.echo(_line(found["answer"]))
    for one in found["evidence"]:
        place = ", ".join(part for part in (one["source"], one["speaker"]) if part)
        words = f"{_line(one['text'])!r} = {found['resolved']}; " if found["resolved"] else ""
        click.echo(f"    {words}{one['id']} bytes {one['span'][0]} to {one['span'][1]}{f' ({_line(place)})' if place else ''}")
    if found["context"] != found["answer"]:
        click.echo(f"    in: {_line(found['context'])}")
    click.echo(f"{reply.verdict.value}; the memory holds an answer with probability {reply.answerable:.2f}", err=True)


def _line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
