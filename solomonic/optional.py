"""One door for packages that are heavy or optional."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

from .errors import MissingExtra


def require(module: str, *, extra: str) -> ModuleType:
    """Return the imported module, or say which extra brings it.

    Raises:
        MissingExtra: the package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != module.split(".")[0]:
            raise
        raise MissingExtra(f"{module} is not installed; run: pip install 'solomonic[{extra}]'") from None


def lazy(package: str, where: dict[str, str]) -> Any:
    """Return a module-level `__getattr__` that imports each public name from its file when first asked for.

    where: public name -> module, relative to the package (".bench.compare").
    """

    def __getattr__(name: str) -> Any:
        if name not in where:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(importlib.import_module(where[name], package), name)

    return __getattr__
