"""What the tests of the bench share."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.results import Run


def _load(name: str, path: Path) -> ModuleType:
    """Load a file by its path, so that it needs no place on sys.path."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def synthetic() -> ModuleType:
    """The builder of made-up runs."""
    return _load("synthetic_runs", Path(__file__).with_name("synthetic.py"))


@pytest.fixture(scope="session")
def simulation() -> ModuleType:
    """The simulation of coverage, which is also a command: benchmarks/interval_coverage.py."""
    return _load("coverage_simulation", Path(__file__).parents[2] / "benchmarks" / "interval_coverage.py")


@pytest.fixture(scope="session")
def core_run(synthetic: ModuleType) -> Run:
    """A made-up run like that of the default suite."""
    made: Run = synthetic.core_run()
    return made


@pytest.fixture(scope="session")
def core(core_run: Run) -> Analysis:
    """Its analysis."""
    return analyse(core_run)
