"""Is everything what was written? Every record by its hash, every page, every vector, fact and word, and the projections against the log.

What can be made from the log (the full-text index, projections) is made anew where it is wrong and reported as rebuilt; what cannot is a problem.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import StoreBusy, StoreDamaged, StoreError, StoreForeign
from ..records import SCHEMA_VERSION
from .check import WORDS
from .connections import DATABASE
from .log import Log
from .salvage import salvage


@dataclass(frozen=True, slots=True)
class Watch:
    """How one projection is checked: what is wrong with it (empty: nothing), and how to make it anew."""

    name: str
    check: Callable[[], Sequence[str]]
    rebuild: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Report:
    """What `verify` found. problems: what cannot be mended from the log. rebuilt: what was wrong and has been made anew."""

    records: int
    problems: tuple[str, ...] = ()
    rebuilt: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything is what was written, now."""
        return not self.problems

    def json(self) -> dict[str, Any]:
        """Return the report as the JSON contract has it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "ok": self.ok,
            "records": self.records,
            "problems": list(self.problems),
            "rebuilt": list(self.rebuilt),
        }

    def __repr__(self) -> str:
        return f"Report({self.records} records, {'sound' if self.ok else f'{len(self.problems)} problems'}, {len(self.rebuilt)} rebuilt)"


def verify(log: Log, watches: Sequence[Watch] = ()) -> Report:
    """Check an open store against itself and its projections against it; a store opened for reading is left as it is."""
    rebuilt: list[str] = []
    problems = log.check()
    words = [line for line in problems if line.startswith(WORDS)]
    if words and not log.readonly:
        try:
            log.rebuild_words()
            rebuilt += words
            problems = log.check()
        except StoreError:
            pass  # the pages under the index are damaged too; they stand among the problems
    for watch in watches:
        wrong = [f"{watch.name}: {line}" for line in watch.check()]
        if wrong and not log.readonly and not problems:
            watch.rebuild()
            rebuilt += wrong
            wrong = [f"{watch.name}, made anew: {line}" for line in watch.check()]
        problems += wrong
    try:
        count = log.count()
    except StoreError:
        count = 0
    return Report(count, tuple(problems), tuple(rebuilt))


def verify_folder(folder: Path) -> Report:
    """Check the store in a folder even where it can no longer be opened; the log alone.

    Raises:
        StoreBusy: another process is writing it.
        StoreError: there is none.
    """
    if not (folder / DATABASE).is_file():
        raise StoreError(f"there is no store in {folder}; name another folder with --store")
    try:
        with Log.open(folder) as log:
            return verify(log)
    except StoreBusy:
        raise
    except (StoreDamaged, StoreForeign) as error:
        records, facts = salvage(folder)
        if isinstance(error, StoreForeign) and not records:
            raise
        kept = f"{len(records)} records and {len(facts)} facts are intact and can be salvaged"
        return Report(len(records), (f"the pages that every opening needs are damaged: {error}", kept))
