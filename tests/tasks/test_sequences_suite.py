"""The suite `sequences`: its words, its sources, and the parities."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from solomonic.tasks import load_suite


@pytest.fixture(scope="module")
def code() -> ModuleType:
    path = load_suite("sequences").folder / "task.py"
    spec = importlib.util.spec_from_file_location("sequences_task", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_its_tasks_are_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOLOMONIC_DATA", raising=False)
    tasks: dict[str, Any] = {task.name: task.exam for task in load_suite("sequences").tasks()}
    assert list(tasks) == ["fourteen", "markov", "automatic"]
    assert len(tasks["fourteen"].sequences) == 14
    assert {len(s) for exam in tasks.values() for s in exam.sequences.values()} == {256}
    rehearsed = [dict(exam.rehearsal) for exam in tasks.values()]
    assert rehearsed[0].keys() == {"markov_rehearsal"}
    assert all(one == rehearsed[0] for one in rehearsed)


def test_words_begin_as_they_should(code: ModuleType) -> None:
    assert "".join(map(str, code.rudin_shapiro(16))) == "0001001000011101"
    assert "".join(map(str, code.tribonacci_word(14))) == "10101011010101"


def test_the_entropy_rate_of_a_source_is_what_its_draws_cost(code: ModuleType) -> None:
    from solomonic.tasks.generators import markov

    assert code.entropy_rate(0, [0.5]) == pytest.approx(1.0)
    assert code.entropy_rate(1, [0.0, 1.0]) == pytest.approx(0.0)
    p = [0.9, 0.2, 0.7, 0.1]
    draws = markov(40_000, order=2, p=p, rng=np.random.default_rng(0))
    cost = [-np.log2(p[2 * a + b] if c else 1 - p[2 * a + b]) for a, b, c in zip(draws, draws[1:], draws[2:], strict=False)]
    assert np.mean(cost) == pytest.approx(code.entropy_rate(2, p), abs=0.02)


def test_parities_are_bits_of_the_file(code: ModuleType, data: Path) -> None:
    found = code.parities(data)
    assert len(found) == code.PARITIES
    assert all(len(bits) == code.TERMS and set(bits) == {0, 1} for bits in found.values())
