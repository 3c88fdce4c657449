"""A run's folder on disk: what is finished stays finished, whatever happens to the process.

    RUN/run.json        versions, machine, seeds, tasks           replaced atomically
    RUN/answers.jsonl   one line an answered question             appended and flushed, a cell at a time
    RUN/cells.jsonl     one line a finished cell, with its cost   appended after its answers are on disk
    RUN/failed.jsonl    one line a cell whose learner failed, with the traceback

A cell is finished when its line in cells.jsonl is whole and as many answers as it names are there. Anything else (a torn last line, answers without a cell)
is dropped when the run is continued. `seal` puts both files in plan order, so that equal runs leave equal files, timing fields excepted.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import RunError
from ..records import SCHEMA_VERSION, Column, Cost
from .results import CellResult, Row, Run, TaskMeta

Coordinates = tuple[str, str, str, int, float]
_ROW: Final = b'{"cell": "'
"""How the line of an answer begins; the cell's key follows."""

SCRATCH = ".tasks-"
DAMAGE = (KeyError, TypeError, AttributeError, ValueError)
"""What reading raises where a line is whole JSON but no line of ours."""


def coordinates(cell: CellResult) -> Coordinates:
    """Return where a cell stands: suite, task, learner, seed, fraction."""
    return cell.suite, cell.task, cell.learner, cell.seed, cell.fraction


class Ledger:
    """The one writer of a run's folder; use as a context, which holds the folder's lock.

    Raises:
        RunError: the folder cannot be written, belongs to a newer version, or another process is writing it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stack = contextlib.ExitStack()
        self.finished: dict[Coordinates, str] = {}

    def __enter__(self) -> Ledger:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock()
            _read_info(self.folder)
            self._clear()
            kept = _kept(self.folder)
            self._rewrite(kept)
            self.finished = {one.where: one.key for one in kept}
        except OSError as error:
            self._stack.close()
            raise _unwritable(self.folder, error) from None
        except DAMAGE as error:
            self._stack.close()
            raise _damaged(self.folder, error) from None
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _lock(self) -> None:
        import fcntl

        handle = open(self.folder / "lock", "a")  # noqa: SIM115 - the stack closes it, and with it goes the lock
        self._stack.callback(handle.close)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunError(f"another process is running in {self.folder}; wait for it, or choose another folder with --out") from None

    def _clear(self) -> None:
        """Remove what a killed process left half-written."""
        for pattern in (".run.json.*", ".answers.jsonl.*", ".cells.jsonl.*"):
            for path in self.folder.glob(pattern):
                path.unlink()
        for path in self.folder.glob(f"{SCRATCH}*"):
            shutil.rmtree(path)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Give a folder inside this one that is removed at the end, or by the next run where this one is killed.

        Raises:
            RunError: it cannot be made.
        """
        with self.reporting():
            folder = Path(tempfile.mkdtemp(prefix=SCRATCH, dir=self.folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def write_info(self, info: Mapping[str, Any], tasks: Sequence[TaskMeta]) -> None:
        """Replace run.json; tasks known from earlier calls are kept."""
        kept = {(meta["suite"], meta["name"]): meta for meta in _read_info(self.folder).get("tasks", [])}
        kept |= {(meta.suite, meta.name): dataclasses.asdict(meta) for meta in tasks}
        text = json.dumps({"schema_version": SCHEMA_VERSION, **info, "tasks": list(kept.values())}, indent=1, default=str)
        with self.reporting():
            replace(self.folder / "run.json", [text.encode()])

    def append(self, cell: CellResult) -> None:
        """Put a finished cell on disk: its answers first, then the line that says that it is whole."""
        with self.reporting():
            _append(self.folder / "answers.jsonl", "".join(_row_line(cell.key, row) for row in cell.rows))
            _append(self.folder / "cells.jsonl", _cell_line(cell))
        self.finished[coordinates(cell)] = cell.key

    def append_failure(self, where: Coordinates, reason: str, trace: str) -> None:
        """Note a cell whose learner failed."""
        line = json.dumps({"suite": where[0], "task": where[1], "learner": where[2], "seed": where[3], "reason": reason, "trace": trace})
        with self.reporting():
            _append(self.folder / "failed.jsonl", line + "\n")

    def seal(self, order: Sequence[Coordinates]) -> None:
        """Put the files in plan order; cells outside the plan keep their place behind it."""
        place = {where: i for i, where in enumerate(order)}
        with self.reporting():
            self._rewrite(sorted(_kept(self.folder), key=lambda one: (place.get(one.where, len(place)), one.where)))

    def _rewrite(self, kept: Sequence[_Kept]) -> None:
        """Leave exactly these cells on disk, in this order; answers go first, so that a crash between the two leaves a readable run."""
        answers, cells = self.folder / "answers.jsonl", self.folder / "cells.jsonl"
        ends = [0, *(one.end for one in kept)]
        if not answers.exists() or [one.start for one in kept] != ends[:-1] or answers.stat().st_size != ends[-1]:
            replace(answers, _copied(answers, kept))
        lines = b"".join(one.line for one in kept)
        if not cells.exists() or cells.read_bytes() != lines:
            replace(cells, [lines])

    @contextlib.contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn a failure of the disk into one line."""
        try:
            yield
        except OSError as error:
            raise _unwritable(self.folder, error) from None


def read_run(folder: Path) -> Run:
    """Return the run in a folder.

    Raises:
        RunError: there is no run, it is of a newer version, or it cannot be read.
    """
    if not (folder / "run.json").is_file():
        raise RunError(f"{folder} holds no run (no run.json); give a folder that 'solomonic compare --out' wrote")
    try:
        info = _read_info(folder)
        cells = list(_cells(folder))
        tasks = [_meta(entry) for entry in info.pop("tasks", [])]
    except OSError as error:
        raise RunError(f"the run in {folder} cannot be read: {error.strerror or error}") from None
    except DAMAGE as error:
        raise _damaged(folder, error) from None
    return Run(folder, tasks, cells, info)


def finished(folder: Path) -> dict[Coordinates, str]:
    """Return the keys of the cells that a folder holds; none where there is no run yet.

    Raises:
        RunError: the run is of a newer version or cannot be read.
    """
    try:
        return {one.where: one.key for one in _kept(folder)} if _read_info(folder) else {}
    except OSError as error:
        raise _unwritable(folder, error) from None
    except DAMAGE as error:
        raise _damaged(folder, error) from None


def _damaged(folder: Path, error: Exception) -> RunError:
    return RunError(f"the run in {folder} is damaged ({type(error).__name__}: {error}); remove the folder and run again")


def _unwritable(folder: Path, error: OSError) -> RunError:
    return RunError(f"cannot write the run in {folder}: {error.strerror or error}; choose another folder with --out, or free the disk")


def replace(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file so that at any moment either the old or the new content is there, whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(partial, "wb") as handle:
            handle.writelines(parts)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def _append(path: Path, text: str) -> None:
    with open(path, "a", encoding="utf-8") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())


def _row_line(key: str, row: Row) -> str:
    return json.dumps(
        {
            "cell": key,
            "question": row.question,
            "part": row.part,
            "round": row.round,
            "unit": row.unit,
            "prediction": row.prediction,
            "truth": row.truth,
            "scores": row.scores,
            "confidence": row.confidence,
        },
        ensure_ascii=False,
    ) + "\n"  # fmt: skip


def _cell_line(cell: CellResult) -> str:
    fields = {field.name: getattr(cell, field.name) for field in dataclasses.fields(cell) if field.name not in ("rows", "cost")}
    return json.dumps({**fields, "rows": len(cell.rows), "cost": dataclasses.asdict(cell.cost)}, ensure_ascii=False) + "\n"


def _read_info(folder: Path) -> dict[str, Any]:
    path = folder / "run.json"
    if not path.exists():
        return {}
    try:
        info: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        version = int(info["schema_version"])
    except (ValueError, KeyError, TypeError):
        raise RunError(f"{path} is not the description of a run; remove it, or choose another folder with --out") from None
    if version > SCHEMA_VERSION:
        raise RunError(
            f"the run in {folder} was written by a newer version (schema {version}, this one reads {SCHEMA_VERSION}); "
            "upgrade solomonic, or choose another folder with --out"
        )
    return info


def _meta(entry: dict[str, Any]) -> TaskMeta:
    return TaskMeta(**{**entry, "metrics": tuple(entry["metrics"]), "columns": tuple(Column(**column) for column in entry["columns"])})


@dataclass(frozen=True, slots=True)
class _Kept:
    """A finished cell on disk: its line in cells.jsonl, and the bytes of answers.jsonl that are its rows."""

    where: Coordinates
    key: str
    line: bytes
    start: int
    end: int


def _kept(folder: Path) -> list[_Kept]:
    """Return the finished cells, in the order of their lines; of two with the same coordinates, the later. Answers are counted, not parsed."""
    entries: dict[Coordinates, tuple[dict[str, Any], bytes]] = {}
    for line in _whole_lines(folder / "cells.jsonl"):
        with contextlib.suppress(ValueError):
            entry = json.loads(line)
            where = entry["suite"], entry["task"], entry["learner"], entry["seed"], entry["fraction"]
            entries.pop(where, None)
            entries[where] = entry, line
    starts: dict[bytes, list[int]] = {}
    ends: dict[bytes, int] = {}
    offset = 0
    for line in _whole_lines(folder / "answers.jsonl"):
        key, quote, _ = line[len(_ROW) :].partition(b'"')
        if line.startswith(_ROW) and quote:
            starts.setdefault(key, []).append(offset)
            ends[key] = offset + len(line)
        offset += len(line)
    kept, at = [], 0
    for where, (entry, line) in entries.items():
        key, rows = entry["key"], entry["rows"]
        mine = starts.get(key.encode(), [])
        if len(mine) >= rows:
            start, end = (mine[-rows], ends[key.encode()]) if rows else (at, at)
            kept.append(_Kept(where, key, line, start, end))
            at = end
    return kept


def _whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines of a file; a torn last one is not whole."""
    if path.exists():
        with open(path, "rb") as handle:
            for line in handle:
                if line.endswith(b"\n"):
                    yield line


def _copied(path: Path, kept: Sequence[_Kept]) -> Iterator[bytes]:
    """Yield the bytes of these cells' answers, in this order."""
    if kept:
        with open(path, "rb") as handle:
            for one in kept:
                handle.seek(one.start)
                yield handle.read(one.end - one.start)


def _cells(folder: Path) -> Iterator[CellResult]:
    """Yield the finished cells with their rows."""
    kept = _kept(folder)
    for one, body in zip(kept, _copied(folder / "answers.jsonl", kept), strict=True):
        entry = json.loads(one.line)
        rows = tuple(_row(json.loads(line)) for line in body.split(b"\n") if line)
        cost = {**entry["cost"], "answer_s": tuple(entry["cost"]["answer_s"]), "answer_cpu_s": tuple(entry["cost"]["answer_cpu_s"])}
        growth = tuple((int(n), int(size)) for n, size in entry["growth"])
        yield CellResult(**{**entry, "rows": rows, "cost": Cost(**cost), "growth": growth, "notes": tuple(entry["notes"])})


def _row(fields: dict[str, Any]) -> Row:
    del fields["cell"]
    return Row(**fields)
