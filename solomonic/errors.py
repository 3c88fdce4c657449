"""Every error that is the user's to mend; the command line prints these in one line and keeps the traceback of any other.

SolomonicError
|-- InputError          what was given cannot be used: a file, a column, a value, a flag   (exit code 2)
|   |-- SuiteError      a suite's folder or suite.toml is wrong
|   |-- UnknownName     no learner, suite, task or metric of that name; near names are suggested
|   `-- DataMissing     a data folder or file is not on this machine
|-- UnsupportedTask     this learner cannot sit this exam
|-- MissingExtra        an optional package is not installed
|-- CellFailed          a learner raised or died inside its cell
`-- RunError            a run's folder cannot be read, written or continued
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SolomonicError(Exception):
    """The root of the tree; its message says what was given, what was expected and what to do."""

    exit_code = 1


class InputError(SolomonicError):
    """What was given cannot be used."""

    exit_code = 2


class SuiteError(InputError):
    """A suite's folder or its suite.toml is wrong."""


class DataMissing(InputError):
    """A data folder or file is not on this machine."""


class UnknownName(InputError):
    """No such name; says which near ones exist."""

    def __init__(self, what: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known: {', '.join(known) or 'none'}"
        super().__init__(f"unknown {what} {name!r}; {hint}")


class UnsupportedTask(SolomonicError):
    """This learner cannot sit this exam."""

    exit_code = 2


class MissingExtra(SolomonicError):
    """An optional package is not installed."""

    exit_code = 2


class CellFailed(SolomonicError):
    """A learner raised or died inside its cell."""


class RunError(SolomonicError):
    """A run's folder cannot be read, written or continued."""

    exit_code = 2
