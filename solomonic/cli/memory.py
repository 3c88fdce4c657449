"""`solomonic memory`: put records in, find them again, forget them for good, and see that all is well."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from ..errors import InputError, StoreError

if TYPE_CHECKING:
    from ..memory import Memory, Record

BATCH = 1_000
FIELDS = ("text", "base64", "source", "session", "speaker", "at", "valid", "meta")

store_option = click.option(
    "--store", type=click.Path(path_type=Path), metavar="DIR", help="The store; else SOLOMONIC_STORE, else ./.solomonic."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def store_path(store: Path | None) -> Path:
    """Return the store's folder: the one that is named, else SOLOMONIC_STORE, else ./.solomonic."""
    return store or Path(os.environ.get("SOLOMONIC_STORE") or ".solomonic")


def opened(store: Path | None, *, readonly: bool = True) -> Memory:
    """Return the memory in a store that is there already.

    Raises:
        StoreError: there is none.
    """
    from ..memory import Memory

    folder = store_path(store)
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"{folder} is a file; a store is a folder: name another with --store")
    if not (folder / "memory.db").exists():
        raise StoreError(
            f"there is no store in {folder}; make one with 'solomonic memory add --store {folder}', or name another with --store"
        )
    return Memory.open(folder, readonly=readonly)


def say_notices(memory: Memory) -> None:
    """Tell on stderr what had to be made anew."""
    for notice in memory.notices:
        click.echo(f"note: {notice}", err=True)
    memory.notices.clear()


@click.group()
def memory() -> None:
    """A verbatim long-term memory: add, recall, forget, verify."""


@memory.command()
@store_option
@click.option("--jsonl", type=click.File("rb"), metavar="FILE", help='One JSON object a line ({"text": ..., "speaker": ...}); - is stdin.')
@click.option("--encoder", metavar="NAME", help="Of a new store: minilm by default, hashing for no weights at all.")
@click.argument("texts", nargs=-1)
def add(store: Path | None, jsonl: IO[bytes] | None, encoder: str | None, texts: tuple[str, ...]) -> None:
    """Remember records; prints {"id", "sha256"} for each once it is durable."""
    from ..memory import Memory

    if (jsonl is None) == (not texts):
        raise InputError("give records either as --jsonl FILE (- for stdin) or as TEXT arguments")
    with Memory.open(store_path(store), encoder=encoder) as kept:
        batches = _lines(jsonl) if jsonl is not None else iter([[_line_of(text) for text in texts]])
        _add_batches(kept, batches)
        say_notices(kept)


def _add_batches(kept: Memory, batches: Iterator[list[bytes]]) -> None:
    """Store batch by batch; a line that is no record stops it, with everything before that line stored."""
    from tqdm import tqdm

    number = 0
    with tqdm(unit="record", file=sys.stderr, disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False) as bar:
        for lines in batches:
            records: list[Record] = []
            wrong: InputError | None = None
            for line in lines:
                number += 1
                if line.strip():
                    try:
                        records.append(record_of(line))
                    except InputError as error:
                        wrong = InputError(f"line {number}: {error}; the lines before it are stored")
                        break
            for id in kept.add(records):
                click.echo(json.dumps({"id": id, "sha256": kept.get(id).sha256}))
            sys.stdout.flush()
            bar.update(len(records))
            if wrong is not None:
                raise wrong


def _line_of(text: str) -> bytes:
    """Return the line of a text from the command line, whose bytes need not be UTF-8."""
    import base64

    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps({"base64": base64.b64encode(os.fsencode(text)).decode()}).encode()
    return json.dumps({"text": text}).encode()


def record_of(line: bytes) -> Record:
    """Return the record that a line of JSON describes.

    Raises:
        InputError: it is no JSON object, or has a field that a record does not have.
    """
    import base64

    from ..memory import Record

    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON ({error})") from None
    if not isinstance(found, dict) or ("text" in found) == ("base64" in found):
        raise InputError('a record is an object with "text" (or "base64", for bytes that are no text)')
    strange = set(found) - set(FIELDS)
    if strange:
        raise InputError(f"unknown field {min(strange)!r}; a record has {', '.join(FIELDS)}")
    fields: dict[str, Any] = {name: found[name] for name in FIELDS[2:] if found.get(name) is not None}
    if isinstance(fields.get("valid"), list):
        fields["valid"] = tuple(fields["valid"])
    if "text" in found:
        return Record(found["text"], **fields)
    try:
        return Record(base64.b64decode(found["base64"], validate=True), **fields)
    except (ValueError, TypeError) as error:
        raise InputError(f'"base64" cannot be decoded ({error})') from None


def _lines(handle: IO[bytes]) -> Iterator[list[bytes]]:
    """Yield the lines that have arrived, at most BATCH at a time: a slow writer gets each line acknowledged, a fast one gets large batches."""
    arrived: queue.Queue[bytes | None] = queue.Queue(maxsize=4 * BATCH)
    failed: list[OSError] = []

    def read() -> None:
        try:
            for line in handle:
                arrived.put(line)
        except OSError as error:
            failed.append(error)
        finally:
            arrived.put(None)

    threading.Thread(target=read, daemon=True).start()
    ended = False
    while not ended:
        batch = [arrived.get()]
        while batch[-1] is not None and len(batch) < BATCH and not arrived.empty():
            batch.append(arrived.get())
        ended = batch[-1] is None
        lines = [line for line in batch if line is not None]
        if lines:
            yield lines
    if failed:
        raise InputError(f"{handle.name} cannot be read to the end ({failed[0].strerror}); what came before is stored")


@memory.command()
@store_option
@click.argument("question")
@click.option("-k", type=click.IntRange(min=1), default=10, show_default=True, help="How many records.")
@click.option("--at", metavar="TIME", help="As true at this time (ISO 8601).")
@click.option("--known-at", metavar="TIME", help="As known at this time (ISO 8601).")
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Only these channels.")
@json_option
def recall(
    store: Path | None, question: str, k: int, at: str | None, known_at: str | None, channels: tuple[str, ...], as_json: bool
) -> None:
    """Find the records that answer a question, and say why each was chosen."""
    with opened(store) as kept:
        found = kept.recall(question, k=k, at=at, known_at=known_at, channels=channels or None)
        say_notices(kept)
        hits: list[dict[str, Any]] = [
            {"id": hit.id, "text": _shown(hit.text), "score": hit.score, "channels": hit.channels, "span": list(hit.span)}
            for hit in found.hits
        ]
        if as_json:
            click.echo(
                json.dumps({"schema_version": 1, "question": question, "answerable": found.answerable, "hits": hits}, ensure_ascii=False)
            )
            return
        click.echo(f"the memory holds an answer with probability {found.answerable:.2f}", err=True)
        for place, hit in enumerate(hits, 1):
            parts = "  ".join(f"{name} {value:.2f}" for name, value in hit["channels"].items() if value)
            click.echo(f"{place:2d}. {_one_line(hit['text'], 92)}\n    {hit['id']}  score {hit['score']:.2f}  {parts}")


@memory.command()
@store_option
@click.argument("id")
@json_option
def get(store: Path | None, id: str, as_json: bool) -> None:
    """Print a record byte for byte."""
    from ..memory.export import record_line

    with opened(store) as kept:
        record = kept.get(id)
        if as_json:
            click.echo(record_line(record))
        else:
            sys.stdout.buffer.write(record.data)
            sys.stdout.buffer.flush()


@memory.command()
@store_option
@click.option("-n", "count", type=click.IntRange(min=1), default=20, show_default=True, help="How many of the newest.")
def show(store: Path | None, count: int) -> None:
    """List the newest records, one a line."""
    with opened(store) as kept:
        for record in kept.newest(count):
            who = f"{record.speaker}: " if record.speaker else ""
            text = record.readable if record.intact else "(damaged: its bytes are not what was written)"
            click.echo(f"{record.id}  {_one_line(who + text, 78)}")


@memory.command()
@store_option
@json_option
def stats(store: Path | None, as_json: bool) -> None:
    """Count records, facts, vectors and bytes."""
    with opened(store) as kept:
        found = kept.stats()
    if as_json:
        click.echo(json.dumps({"schema_version": 1, **found}))
        return
    for name in ("store", "records", "facts", "encoder", "bytes"):
        click.echo(f"{name:9}{found[name]:,}" if isinstance(found[name], int) else f"{name:9}{found[name]}")


@memory.command()
@store_option
@json_option
def verify(store: Path | None, as_json: bool) -> int:
    """Check every record against its hash, and every index against the log."""
    from ..errors import StoreDamaged
    from ..memory.verify import verify_folder

    try:
        with opened(store, readonly=False) as kept:
            report = kept.verify()
    except StoreDamaged:
        report = verify_folder(store_path(store))
    if as_json:
        click.echo(json.dumps(report.json(), ensure_ascii=False))
    else:
        for line in report.problems:
            click.echo(f"problem: {line}")
        for line in report.rebuilt:
            click.echo(f"made anew: {line}")
        click.echo(f"{report.records:,} records, {'all sound' if report.ok else f'{len(report.problems)} problems'}")
    return 0 if report.ok else 1


@memory.command()
@store_option
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@json_option
def forget(store: Path | None, ids: tuple[str, ...], as_json: bool) -> int:
    """Erase records from every file of the store, probe all of them, and print the receipt."""
    with opened(store, readonly=False) as kept:
        receipt = kept.forget(ids)
        say_notices(kept)
    if as_json:
        click.echo(json.dumps(receipt.json(), ensure_ascii=False))
    else:
        for place, clean in receipt.probes.items():
            click.echo(f"{place:9}{'nothing left' if clean else 'SOMETHING LEFT'}")
        for line in receipt.found:
            click.echo(line)
        click.echo(f"{len(receipt.forgotten)} forgotten; not covered: {receipt.json()['not_covered']}")
    return 0 if receipt.ok else 1


@memory.command()
@store_option
@click.option("--vectors", is_flag=True, help="With the vectors, for a store equal to the last bit.")
def export(store: Path | None, vectors: bool) -> None:
    """Print everything as JSONL, which `import` makes an equal store of."""
    from ..memory.export import export as lines

    with opened(store) as kept:
        for line in lines(kept.log, vectors=vectors):
            click.echo(line)


@memory.command("import")
@store_option
@click.option("--encoder", metavar="NAME", help="Of a new store: that of the exported one by default.")
@click.argument("jsonl", type=click.File("r", encoding="utf-8"), metavar="FILE")
def import_(store: Path | None, encoder: str | None, jsonl: IO[str]) -> None:
    """Read what `export` printed into a new store; - is stdin."""
    from ..memory import Memory

    try:
        first = jsonl.readline()
        with Memory.open(store_path(store), encoder=encoder or _encoder_of(first)) as kept:
            records, facts = kept.restore(chain([first], jsonl))
            say_notices(kept)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{jsonl.name} is not UTF-8 ({error.reason} at byte {error.start}); give what 'solomonic memory export' printed"
        ) from None
    click.echo(f"{records:,} records and {facts:,} facts restored", err=True)


def _encoder_of(line: str) -> str | None:
    """Return the encoder that the first line of an export names, None where it names none."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    named = found.get("encoder") if isinstance(found, dict) and found.get("kind") == "store" else None
    return named if isinstance(named, str) else None


def _shown(text: str | bytes) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text.encode("utf-8", "replace").decode()


def _one_line(text: str, width: int) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= width else line[: width - 1] + "…"
