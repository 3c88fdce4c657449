"""The bundled textbook as a memory, so that the agent can answer in the first minute.

A record is a sentence of a chapter, its `source` the chapter's file and `meta["start"]` the byte where it begins there; the records of a chapter are one
session. Headings and lists of sources are left out. The store is built once, in the user's cache folder, or in RAM where nothing may be written.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..content import content_folder
from ..encoders import encoder
from ..errors import MissingExtra, StoreError
from ..memory import Memory, Record
from .sentences import sentences

LAYOUT: Final = 1
"""Rises when the records are cut in another way, so that an older cached store is not taken."""


def chapters() -> Iterator[tuple[str, str]]:
    """Yield the file name and text of each chapter."""
    for path in sorted((content_folder("memory") / "textbook").glob("*.md")):
        yield path.name, path.read_text(encoding="utf-8")


def records() -> list[Record]:
    """Return the textbook's sentences as records."""
    found = []
    for name, text in chapters():
        body = text.split("\n## Sources\n")[0]
        title = body.split("\n", 1)[0].lstrip("# ")
        for start, end in sentences(body):
            if not body[start:end].startswith("#"):
                byte = len(body[:start].encode())
                found.append(Record(body[start:end], source=name, session=title, meta={"start": byte}))
    return found


def cache_folder() -> Path:
    """Return the user's cache folder for this project: XDG_CACHE_HOME, else ~/.cache, and `solomonic` in it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "solomonic"


def textbook(*, name: str | None = None, folder: Path | None = None) -> Memory:
    """Return the textbook as an open memory; what the user should know of it is in its `notices`.

    name: the encoder; `minilm` where its weights are here, else `hashing`, with a notice. folder: where the store is kept; the cache folder where None.
    """
    notices = []
    if name is None:
        try:
            encoder("minilm")
            name = "minilm"
        except MissingExtra:
            name = "hashing"
            notices.append(
                "the weights of minilm are not here; the textbook is searched by hashed letters, which finds less (see: solomonic[minilm])"
            )
    made = records()
    content = hashlib.sha256("\0".join([str(LAYOUT), name, *(str(record.text) for record in made)]).encode()).hexdigest()[:12]
    memory = _cached((folder or cache_folder()) / f"textbook-{content}", name, made)
    memory.notices[:0] = notices
    return memory


def _cached(place: Path, name: str, made: list[Record]) -> Memory:
    """Return the store in its place, built beside it and renamed when it is whole; one in RAM where that cannot be."""
    try:
        if (place / "memory.db").exists():
            return Memory.open(place, readonly=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix="building-", dir=place.parent))
        try:
            with Memory.open(building / "store", encoder=name) as memory:
                memory.add(made)
                memory.recall("a first question, so that every index is made")
            os.rename(building / "store", place)
        finally:
            shutil.rmtree(building, ignore_errors=True)
        return Memory.open(place, readonly=True)
    except (OSError, StoreError):
        memory = Memory.open(":memory:", encoder=name)
        memory.add(made)
        return memory
