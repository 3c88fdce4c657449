"""Fixtures and switches that every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

REQUIRED = {name for name in os.environ.get("SOLOMONIC_REQUIRE", "").split(",") if name}


def missing(reason: str, *, what: str) -> None:
    """Skip, or fail where SOLOMONIC_REQUIRE says that `what` must be here."""
    if what in REQUIRED:
        pytest.fail(f"SOLOMONIC_REQUIRE names {what!r}, but {reason}")
    pytest.skip(reason)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.getoption("--slow"):
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="slow; run with --slow"))


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public data sets, named by SOLOMONIC_DATA."""
    named = os.environ.get("SOLOMONIC_DATA")
    folder = Path(named) if named else None
    if folder is None or not folder.is_dir():
        missing(f"SOLOMONIC_DATA is {named!r}, not a folder of data sets", what="data")
        raise AssertionError
    return folder
