"""Suites: folders with a suite.toml that lists tasks, and with a task.py where they need code of their own.

Finding and listing suites reads the suite.toml files and nothing else; data are read when the tasks are asked for. `docs/suites.md` explains the keys.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from ..content import content_folder
from ..errors import InputError, SolomonicError, SuiteError, UnknownName
from ..records import stable_hash
from .build import build_task
from .limits import limited
from .settings import Settings, read_settings
from .task import Task

SuitePath = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class TaskSummary:
    """A task as its suite.toml names it; `exam`: the kind of exam; `source`: where its data come from."""

    name: str
    exam: str
    title: str
    source: str


@dataclass(frozen=True)
class SuiteSummary:
    """A suite as its suite.toml describes it; tasks that a task.py makes are not in it, and `has_code` says that there is one."""

    name: str
    title: str
    description: str
    budget_s: float | None
    folder: Path
    tasks: tuple[TaskSummary, ...]
    has_code: bool

    @property
    def size(self) -> int:
        """How many tasks the suite.toml lists."""
        return len(self.tasks)


class Suite:
    """A suite whose tasks are built when asked for."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self._settings: Settings = read_settings(folder / "suite.toml")

    @property
    def title(self) -> str:
        """What the suite is called."""
        return self._settings.title

    @property
    def description(self) -> str:
        """What it asks, in a few sentences."""
        return self._settings.description

    @property
    def budget_s(self) -> float | None:
        """Seconds that the suite is meant to take with its own learners and seeds on two cores; None where it does not say."""
        return self._settings.budget_s

    def summary(self) -> SuiteSummary:
        """Return what is known of the suite without reading any data."""
        lines = tuple(
            TaskSummary(one["name"], one["exam"], one.get("title", ""), one.get("source", "generated")) for one in self._settings.tasks
        )
        return SuiteSummary(self.name, self.title, self.description, self.budget_s, self.folder, lines, (self.folder / "task.py").is_file())

    def tasks(self, limit: int | None = None) -> list[Task]:
        """Return the tasks: those of suite.toml, then those of task.py.

        limit: at most so many observations a task (`limits.limited` says which).

        Raises:
            SuiteError: a task cannot be made as it is described.
            DataMissing: a data set is not on this machine.
        """
        tasks = [build_task(settings, suite=self.name, folder=self.folder, seeds=self._settings.seeds) for settings in self._settings.tasks]
        tasks += _code_tasks(self.folder / "task.py", self.name)
        _refuse_doubles([task.name for task in tasks], self.folder)
        if not tasks:
            raise SuiteError(f"suite {self.name!r} in {self.folder} has no task; give it a [[task]] in suite.toml, or a task.py")
        return [limited(task, limit) for task in tasks]

    def __repr__(self) -> str:
        return f"Suite({self.name}: {len(self._settings.tasks)} tasks in {self.folder})"


def load_suite(name: str, *, suite_path: SuitePath = ()) -> Suite:
    """Return the suite of that name, of those bundled and those below the folders of `suite_path`.

    Raises:
        UnknownName: there is no such suite.
        SuiteError: two folders hold a suite of that name, or its suite.toml is wrong.
    """
    found = _find(suite_path)
    if name not in found:
        raise UnknownName("suite", name, found)
    if len(found[name]) > 1:
        raise SuiteError(f"there are two suites called {name!r}, in {found[name][0]} and {found[name][1]}; rename one folder")
    return Suite(name, found[name][0])


def list_suites(suite_path: SuitePath = ()) -> list[SuiteSummary]:
    """Return what there is, by name; no data and no code of a suite is read.

    Raises:
        SuiteError: a suite.toml is wrong, or two folders hold a suite of one name.
    """
    return [load_suite(name, suite_path=suite_path).summary() for name in sorted(_find(suite_path))]


def _find(suite_path: SuitePath) -> dict[str, list[Path]]:
    """Return suite name -> folders; a folder of `suite_path` may hold suites, or be one."""
    found: dict[str, list[Path]] = {}
    for root in (content_folder("tasks"), *map(Path, suite_path)):
        if not root.is_dir():
            raise SuiteError(f"suite path {root} is not a folder; give a folder that holds suites")
        folders = [root] if (root / "suite.toml").is_file() else sorted(path.parent for path in root.glob("*/suite.toml"))
        if not folders:
            raise SuiteError(f"suite path {root} holds no suite; a suite is a folder with a suite.toml")
        for folder in folders:
            same = found.setdefault(folder.resolve().name, [])
            if folder.resolve() not in same:
                same.append(folder.resolve())
    return found


def _refuse_doubles(names: Sequence[str], folder: Path) -> None:
    for name in names:
        if names.count(name) > 1:
            raise SuiteError(f"{folder} has two tasks called {name!r}; rename one")


def _code_tasks(path: Path, suite: str) -> list[Task]:
    """Return what `tasks()` of a task.py yields, under the suite's name."""
    if not path.is_file():
        return []
    try:
        make = getattr(_load(path), "tasks", None)
        if not callable(make):
            raise SuiteError(f"{path} has no function tasks(); write def tasks() -> Iterable[Task]")
        made: Iterable[object] = make()
        listed = list(made)
    except SolomonicError:
        raise
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f" line {lines[-1]}" if lines else ""
        raise SuiteError(f"{path}{where} raised {type(error).__name__}: {error}; mend it") from error
    strange = next((one for one in listed if not isinstance(one, Task)), None)
    if strange is not None:
        raise SuiteError(f"{path}: tasks() gave a {type(strange).__name__}; give solomonic.tasks.Task objects")
    return [dataclasses.replace(task, suite=suite) for task in listed if isinstance(task, Task)]


def _load(path: Path) -> ModuleType:
    """Return the module in a file, under a name of its own.

    The name is registered only while the code runs: what it defines then travels to worker processes by value, since no worker could import it.

    Raises:
        InputError: the file cannot be loaded.
    """
    name = f"_solomonic_suite_{stable_hash(path.resolve()):x}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise InputError(f"{path} cannot be loaded as Python; give a task.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[name]
    return module
