"""What the projections that follow the log have in common: to open, to catch up, to drop what was forgotten, to save now and then.

A follower is never ahead of the log for long and never wrong about it. Every question first compares positions: what was added by anyone is read, what was
forgotten by anyone is dropped, a file that somebody wrote into is made anew. An old file is used only where the log's history up to
its position is the very one it was made from (`projection.anchor`).
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..errors import StoreError
from . import projection
from .log import Log
from .projection import Header, Projection, Unusable
from .record import Position

_UNSAVED: Final = 1_024
_FEW: Final = 8_192


class Follower(ABC):
    """A projection of the log with a file of its own.

    folder: where the file lies; None keeps everything in RAM. fingerprint: of the encoder or the settings that it was made with.
    notices: what was found wrong with the file and made anew, as sentences; whoever shows them takes them out.
    """

    kind: str
    version: int

    def __init__(self, folder: Path | None, name: str, log: Log, fingerprint: str, notices: list[str] | None) -> None:
        self.fingerprint = fingerprint
        self.notices: list[str] = [] if notices is None else notices
        self._log = log
        self._path = None if folder is None else folder / name
        self._lock = threading.RLock()
        self._file: Projection | None = None
        self._seq = 0
        self._state = ""
        self._saved_state = ""
        self._commits: int | None = None
        # Kept in the log with the first save: a file that never was there is not missed.
        self._mark = f"saved {name}"

    @abstractmethod
    def __len__(self) -> int:
        """Return how many records it covers."""

    @abstractmethod
    def _clear(self) -> None:
        """Hold nothing."""

    @abstractmethod
    def _take_in(self, after: int, until: int) -> None:
        """Read what the log has with after < seq <= until and put it behind what is here."""

    @abstractmethod
    def _differences(self) -> tuple[np.ndarray, bool]:
        """Return the rows that the log no longer holds, and whether anything else up to this position is other than in the log."""

    @abstractmethod
    def _rows_of(self, seqs: np.ndarray) -> np.ndarray:
        """Return the row of each seq, -1 where there is none."""

    @abstractmethod
    def _drop(self, rows: np.ndarray) -> None:
        """Take rows out."""

    @abstractmethod
    def _contents(self) -> tuple[Mapping[str, Sequence[np.ndarray]], Mapping[str, Any]]:
        """Return what the file holds: arrays in parts, and numbers for its header."""

    @abstractmethod
    def _adopt(self, found: Projection, *, ours: bool) -> None:
        """Use a file's contents; `ours`: it has just been written from what is here."""

    @abstractmethod
    def _settle(self) -> None:
        """Do now what was put off, so that the next question finds it done."""

    @property
    @abstractmethod
    def _grown(self) -> int:
        """How many rows came since the file was read or written."""

    def _remove(self, seqs: Sequence[int] | np.ndarray) -> int:
        with self._held():
            rows = self._rows_of(np.unique(np.asarray(seqs, dtype=np.int64)))
            rows = rows[rows >= 0]
            state = self._log.vectors_state()
            if _changes(state) == _changes(self._state) + 1:
                self._state = state
            self._drop(rows)
            if len(rows) or self._file is not None:
                self._rewrite()
        return len(rows)

    def save(self) -> None:
        """Write the file anew, in one stroke, and map it; nothing where this lives in RAM or the log may only be read.

        Raises:
            StoreError: it could not be written; the old file is untouched.
        """
        with self._held():
            if self._path is None or self._log.readonly:
                return
            arrays, extra = self._contents()
            # Where something was forgotten that this projection has not been told of, it has no anchor, and the next opening compares.
            current = self._log.vectors_state() == self._state
            header = Header(
                kind=self.kind,
                version=self.version,
                store_id=self._log.store_id,
                fingerprint=self.fingerprint,
                position=Position(self._seq, 0),
                anchor=projection.anchor(self._log, self._seq) if current else "",
                extra=extra,
            )
            projection.save(self._path, header, arrays)
            found = self._read(prove=False)
            if isinstance(found, Projection):
                self._file = found
                self._adopt(found, ours=True)
            self._saved_state = self._state
            if self._log.setting(self._mark) is None:
                self._log.keep(self._mark, "yes")

    def close(self) -> None:
        """Save what would take long to read again, and let go of the file; before the log is closed."""
        with self._held():
            if self._path is not None and not self._log.readonly and self._worth_saving():
                self._settle()
                self._save_or_note()
            self._forget_everything()

    def check(self) -> list[str]:
        """Return what is wrong when all that is here is held against the log; empty where nothing is."""
        with self._held():
            wrong = []
            if self._file is not None and isinstance(found := self._read(), Unusable):
                wrong.append(f"its file {found.reason}")
            self._refresh()
            dead, changed = self._differences()
            if len(dead):
                wrong.append(f"{len(dead)} records are not in the log")
            if changed:
                wrong.append("it is not what the log says")
        return wrong

    def rebuild(self) -> None:
        """Make it anew from the log, and save it."""
        with self._held():
            self._remake()
            self._settle()
            self.save()

    # Inside

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Read one state of the log and keep other threads out; always in this order, for callers hold the log first too.

        What is mapped is looked at only while it is what was proven whole.
        """
        with self._log.read(), self._lock:
            self._mend()
            yield

    @contextmanager
    def _current(self) -> Iterator[None]:
        """Keep other threads out, with everything taken in that the log has; the way in for questions.

        A state of the log is held only where there is something to take in: to open and close one for each question costs more than all else here.
        """
        if self._log.folder is None:
            with self._held():
                self._refresh()
                yield
            return
        with self._lock:
            if self._behind():
                with self._log.read():
                    self._refresh()
            yield

    def _forget_everything(self) -> None:
        self._clear()
        self._file = None
        self._seq = 0
        self._state = ""
        self._commits = None

    def _read(self, *, prove: bool = True) -> Projection | Unusable:
        if self._path is None:
            return Unusable("lives in RAM", missing=True)
        return projection.load(
            self._path, kind=self.kind, version=self.version, store_id=self._log.store_id, fingerprint=self.fingerprint, prove=prove
        )

    def _open(self) -> None:
        if self._path is not None and not self._log.readonly:
            projection.sweep(self._path)
        found = self._read()
        if isinstance(found, Unusable):
            self._remake()
            if len(self) and self._path is not None:
                self._settle()
                if not found.missing or self._log.setting(self._mark) is not None:
                    self.notices.append(f"{self._path.name} {found.reason}; made anew from the log ({len(self)} records)")
                self._save_or_note()
            return
        self._file = found
        self._adopt(found, ours=False)
        self._seq = found.header.position.seq
        if found.header.anchor == projection.anchor(self._log, self._seq):
            self._state = self._saved_state = self._log.vectors_state()
            self._refresh()
        elif self._compare():
            self.notices.append(f"{found.path.name} held another state of the store; brought to that of the log ({len(self)} records)")

    def _mend(self) -> None:
        """Make this anew where somebody wrote into its file."""
        if self._file is not None and self._file.touched():
            name = self._file.path.name
            self._remake()
            self.notices.append(f"{name} was changed while it was in use; made anew from the log ({len(self)} records)")
            self._save_or_note()

    def _behind(self) -> bool:
        """Return whether the file was written into, or the log has more or less than has been taken in."""
        if self._file is not None and self._file.touched():
            return True
        # Where only this process writes, its own count of commits says without a question to SQLite that nothing is new.
        commits = self._log.connections.commits_seen()
        if commits is not None and commits == self._commits:
            return False
        if self._log.position().seq > self._seq or self._rewritten(self._log.vectors_state()):
            return True
        self._commits = commits
        return False

    def _rewritten(self, state: str) -> bool:
        # Inside a snapshot the log may be older than what this process has already taken in; that is no reason to go back.
        return state != self._state and _changes(state) >= _changes(self._state)

    def _refresh(self) -> None:
        """Bring this to where the log is."""
        self._mend()
        if self._rewritten(self._log.vectors_state()):
            self._compare()
        elif (seq := self._log.position().seq) > self._seq:
            self._catch_up(seq)

    def _catch_up(self, until: int) -> None:
        self._take_in(self._seq, until)
        self._seq = until
        self._save_if_due()

    def _remake(self) -> None:
        self._forget_everything()
        self._state = self._log.vectors_state()
        until = self._log.position().seq
        self._take_in(0, until)
        self._seq = until

    def _compare(self) -> bool:
        """Hold all that is here against the log and take over what it says; return whether the file held anything else and was written anew."""
        state = self._log.vectors_state()
        dead, changed = self._differences()
        if changed:
            self._remake()
        else:
            self._drop(dead)
            self._state = state
            # A log that was restored from a backup may be shorter than what has been read here.
            until = self._log.position().seq
            self._seq = min(self._seq, until)
            self._catch_up(until)
        if changed or len(dead):
            try:
                self._rewrite()
            except StoreError as error:
                self.notices.append(str(error))
            return True
        return False

    def _rewrite(self) -> None:
        """Save what was dropped out of the file; where that fails, at least the old file must not stay."""
        try:
            self.save()
        except StoreError:
            if self._path is not None:
                self._path.unlink(missing_ok=True)
            raise

    def _save_or_note(self) -> None:
        try:
            self.save()
        except StoreError as error:
            self.notices.append(str(error))

    def _save_if_due(self) -> None:
        """Save when as much is new as is saved: all saves together then write each row about twice."""
        if self._path is not None and not self._log.readonly and self._grown > max(_FEW, len(self) // 2):
            self._save_or_note()

    def _worth_saving(self) -> bool:
        if self._file is None:
            return len(self) > 0
        return self._state != self._saved_state or self._grown >= max(_UNSAVED, len(self) // 16)


def _changes(state: str) -> int:
    """Return how often the vectors of a log have changed, by the name of its state."""
    count = state.partition("-")[0]
    return int(count) if count else -1
