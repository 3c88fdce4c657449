"""What may be wrong with the log, and where."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .log import Log


def problems(log: Log) -> Iterator[str]:
    """Return what is wrong with the log, one line each."""
    connection: sqlite3.Connection = log.connections.reader()
    for (line,) in connection.execute("PRAGMA integrity_check(100)").fetchall():
        if line != "ok":
            yield line
