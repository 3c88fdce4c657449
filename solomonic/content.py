"""Where the bundled content lies: suites of exams (`tasks`) and the textbook (`memory`).

In a wheel it is `solomonic/_content/`; in a checkout that is installed editable it is the folders `tasks/` and `memory/` beside the package.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from .errors import InputError


def content_folder(kind: Literal["tasks", "memory"]) -> Path:
    """Return the folder of the bundled content of one kind.

    Raises:
        InputError: neither place has it, so the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    places = (package / "_content" / kind, package.parent / kind)
    for place in places:
        if (place / "README.md").is_file():
            return place
    raise InputError(
        f"the bundled {kind} are neither in {places[0]} nor in {places[1]}; the installation is incomplete: install solomonic again"
    )
