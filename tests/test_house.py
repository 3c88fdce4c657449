"""The shape of the house: who imports whom, what is public, and what `import solomonic` costs."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import solomonic

PACKAGE = Path(solomonic.__file__).parent
GROUND = ("records", "errors", "optional", "content")
ROOMS = ("tasks", "prediction", "encoders", "memory", "solomonoff", "formal", "learners", "agent", "bench", "cli")
HEAVY = ("torch", "faiss", "numba", "sklearn", "matplotlib", "pandas", "scipy")


def room_of(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def height(room: str) -> int:
    if room in GROUND:
        return 0
    return ROOMS.index(room) + 1 if room in ROOMS else len(ROOMS) + 1


def imports(path: Path) -> list[str]:
    """Every module of ours that a file names in an import, absolute."""
    package = ("solomonic", *path.relative_to(PACKAGE).parts[:-1])
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{module}.{alias.name}" for alias in node.names] if not node.module else [module]
        elif isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
    return [module for module in found if module.split(".")[0] == "solomonic"]


def test_a_room_imports_only_from_rooms_below() -> None:
    wrong = []
    for path in PACKAGE.rglob("*.py"):
        own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for module in imports(path):
            if height(room_of(module)) > height(own):
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    assert wrong == []


def test_no_file_is_called_utils_or_helpers() -> None:
    assert [path for path in PACKAGE.rglob("*.py") if path.stem in ("utils", "helpers", "common", "misc")] == []


@pytest.mark.parametrize("module", [m.name for m in pkgutil.walk_packages([str(PACKAGE)], "solomonic.") if m.ispkg] + ["solomonic"])
def test_all_is_sorted_and_everything_in_it_is_there(module: str) -> None:
    found = importlib.import_module(module)
    names = getattr(found, "__all__", [])
    assert sorted(names) == list(names)
    for name in names:
        assert getattr(found, name) is not None


@pytest.mark.parametrize(
    "what", ["import solomonic", "from solomonic.cli import main", "import solomonic.learners.registry as r; r.names()"]
)
def test_importing_loads_nothing_heavy(what: str) -> None:
    code = f"{what}\nimport sys\nprint([m for m in {HEAVY!r} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
