"""What a suite.toml may say: every key, its type, and a refusal of all else."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ..errors import SuiteError

EXAMS: Final = ("split", "stream", "repeat", "episodic", "sequence")

_TEXT: Final = (str,)
_WHOLE: Final = (int,)
_NUMBER: Final = (int, float)
_TRUTH: Final = (bool,)
_COLUMN: Final = (str, int)
_LIST: Final = (list,)

SUITE_KEYS: Final = {"title": _TEXT, "description": _TEXT, "budget_s": _NUMBER, "seeds": _WHOLE}

TASK_KEYS: Final = {
    "name": _TEXT,
    "title": _TEXT,
    "exam": _TEXT,
    "exam_options": (dict,),
    "metrics": _LIST,
    "learners": _LIST,
    "seeds": _WHOLE,
    "together": _TRUTH,
    "limit": _WHOLE,
    "source": _TEXT,
    "header": _TRUTH,
    "quote": _TEXT,
    "target": _COLUMN,
    "target_kind": _TEXT,
    "drop": _LIST,
    "time": _COLUMN,
    "group": _COLUMN,
    "text": _LIST,
    "id": _COLUMN,
    "generator": (str, dict, list),
    "rehearsal": (str, dict, list),
    "length": _WHOLE,
}

SOURCE_ONLY: Final = ("header", "quote", "target", "target_kind", "drop", "time", "group", "text", "id", "limit", "together")
GENERATOR_ONLY: Final = ("rehearsal", "length")

EXAM_KEYS: Final[dict[str, dict[str, tuple[type, ...]]]] = {
    "split": {"folds": _WHOLE, "stratify": _TRUTH},
    "stream": {"study_every": _WHOLE, "delay": _WHOLE, "opening": _NUMBER, "shift_labels": _TRUTH},
    "repeat": {"noise": _NUMBER, "swap": _LIST, "corrected": _WHOLE, "asked": _WHOLE, "folds": _WHOLE},
    "episodic": {"ways": _WHOLE, "shots": _WHOLE, "episodes": _WHOLE},
    "sequence": {},
}

_WORDS: Final = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", list: "a list", dict: "a table"}


@dataclass(frozen=True)
class Settings:
    """A suite.toml, checked; `tasks`: one mapping a [[task]], with "where" beside its keys: what to call it in an error."""

    title: str
    description: str
    budget_s: float | None
    seeds: int
    tasks: tuple[dict[str, Any], ...]


def read_settings(path: Path) -> Settings:
    """Return what a suite.toml says.

    Raises:
        SuiteError: it cannot be read, has an unknown key, lacks one, or has a value of another type.
    """
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SuiteError(f"{path} cannot be read ({error}); give a text file in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise SuiteError(f"{path} is not TOML: {error}") from None
    check_keys(said, {"suite": (dict,), "task": _LIST}, str(path))
    suite = said.get("suite", {})
    check_keys(suite, SUITE_KEYS, f"{path}: [suite]")
    if "title" not in suite:
        raise SuiteError(f"{path}: [suite] has no title; give it one")
    budget = suite.get("budget_s")
    if budget is not None and not budget > 0:
        raise SuiteError(f"{path}: [suite] budget_s is {budget}; give seconds above 0, or leave it out")
    _check_seeds(suite, f"{path}: [suite]")
    tasks = tuple(_task(one, number, path) for number, one in enumerate(said.get("task", []), start=1))
    return Settings(suite["title"], suite.get("description", ""), budget, suite.get("seeds", 3), tasks)


def _task(said: Any, number: int, path: Path) -> dict[str, Any]:
    """Return one [[task]], checked."""
    if not isinstance(said, dict):
        raise SuiteError(f"{path}: task {number} is not a table; write [[task]]")
    where = f"{path}: task {said.get('name', number)!r}"
    check_keys(said, TASK_KEYS, where)
    for key in ("name", "exam"):
        if key not in said:
            raise SuiteError(f"{where} has no {key}; give it one")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", said["name"]):
        raise SuiteError(f"{where}: a name is made of letters, digits, '_', '-' and '.', and starts with a letter or digit")
    if said["exam"] not in EXAMS:
        raise SuiteError(f"{where}: exam is {said['exam']!r}{_near(said['exam'], EXAMS)}")
    check_keys(said.get("exam_options", {}), EXAM_KEYS[said["exam"]], f"{where}: exam_options of a {said['exam']}")
    _check_seeds(said, where)
    for key in ("metrics", "learners"):
        if not all(isinstance(one, str) for one in said.get(key, [])) or said.get(key) == []:
            raise SuiteError(f"{where}: {key} must be a list of names, not {said[key]!r}")
    _check_origin(said, where)
    return {**said, "where": where}


def _check_origin(said: Mapping[str, Any], where: str) -> None:
    """Check that a task has a source or a generator, and only the keys that belong to it."""
    wanted, other = ("generator", "source") if said["exam"] == "sequence" else ("source", "generator")
    if wanted not in said or other in said:
        raise SuiteError(
            f"{where}: a {said['exam']} exam takes a {wanted}{f' and no {other}' if other in said else ''}; see docs/suites.md"
        )
    for key in SOURCE_ONLY if wanted == "generator" else GENERATOR_ONLY:
        if key in said:
            raise SuiteError(f"{where}: {key} has no meaning beside a {wanted}; leave it out")
    if wanted == "generator" and "length" not in said:
        raise SuiteError(f"{where} has no length; give the number of symbols of each sequence")
    if said.get("target_kind", "class") not in ("class", "number"):
        raise SuiteError(f"{where}: target_kind is {said['target_kind']!r}; give 'class' or 'number', or leave it out")
    if len(said.get("quote", '"')) != 1:
        raise SuiteError(f"{where}: quote is {said['quote']!r}; give one character")
    for key in ("drop", "text"):
        if not all(isinstance(one, (str, int)) for one in said.get(key, [])):
            raise SuiteError(f"{where}: {key} must be a list of columns, by name or number, not {said[key]!r}")


def _check_seeds(said: Mapping[str, Any], where: str) -> None:
    if said.get("seeds", 1) < 1:
        raise SuiteError(f"{where}: seeds is {said['seeds']}; give 1 or more")


def check_keys(said: Mapping[str, Any], known: Mapping[str, tuple[type, ...]], where: str) -> None:
    """Check that all keys are known and their values of the right type.

    Raises:
        SuiteError: one is not; the nearest known key is named.
    """
    for key, value in said.items():
        if key not in known:
            raise SuiteError(f"{where} has the unknown key {key!r}{_near(key, known)}")
        # In Python true is a whole number; in a suite.toml it is not.
        if not isinstance(value, known[key]) or (isinstance(value, bool) and bool not in known[key]):
            expected = " or ".join(dict.fromkeys(_WORDS[one] for one in known[key]))
            raise SuiteError(f"{where}: {key} is {value!r}; give {expected}")


def _near(key: str, known: Any) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.5)
    return f"; did you mean {near[0]!r}?" if near else f"; known: {', '.join(known) or 'none'}"
