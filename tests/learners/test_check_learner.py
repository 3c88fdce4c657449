"""`check_learner`: every learner of the registry passes, and every kind of liar is caught."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solomonic.errors import UnknownName, UnsupportedTask
from solomonic.learners import registry
from solomonic.learners.floors import Majority
from solomonic.learners.reachable import reachable, rows_kept
from solomonic.learners.sequence import Kt
from solomonic.records import Answer, Categorical, Observation, Query, TaskInfo
from solomonic.testing import EXAMS, check_learner, small_exam

SLOW = ("mlp", "boosting")
QUICK_EXAMS = ("vector class", "vector number", "symbols symbol")


def sittings() -> list[Any]:
    """Every built-in learner with every small exam that it accepts; the costly ones marked slow."""
    cases = []
    for name in registry.BUILTIN:
        for kind in EXAMS:
            if registry.factory(name).refuses(small_exam(kind).info) is None:
                marks = [pytest.mark.slow] if name in SLOW and kind not in QUICK_EXAMS else []
                cases.append(pytest.param(name, kind, marks=marks))
    return cases


@pytest.mark.parametrize(("name", "kind"), sittings())
def test_built_in_learner_passes(name: str, kind: str) -> None:
    assert check_learner(name, kinds=[kind]) == [kind]


def test_every_built_in_learner_sits_some_exam() -> None:
    lookers = {name for name in registry.BUILTIN if name.startswith("recall:")}  # they rank; test_recall_learners checks them
    assert {case.values[0] for case in sittings()} == set(registry.BUILTIN) - lookers


class Hoarder(Majority):
    """Keeps its lesson and denies it."""

    def observe(self, observations: Sequence[Observation]) -> None:
        super().observe(observations)
        self.hidden = [*getattr(self, "hidden", []), *(o.x for o in observations)]


class EncodingHoarder(Majority):
    """Keeps its lesson in another form and denies it."""

    def observe(self, observations: Sequence[Observation]) -> None:
        super().observe(observations)
        new = np.array([o.x for o in observations]).reshape(len(observations), -1) * 2.0
        self.table = np.vstack([self.table, new]) if hasattr(self, "table") and len(new) else new


class Forgetful(Majority):
    keeps_data = True


class Gossip(Majority):
    """Answers by the number of questions asked together."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return [replace(a, predictive=tilted(a, len(queries))) for a in super().answer(queries)]


class Orderly(Majority):
    """Answers by the place of a question in its batch, and says that it looks at the batch."""

    sees_batch = True

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return [replace(a, predictive=tilted(a, i)) for i, a in enumerate(super().answer(queries))]


class Solitary(Majority):
    sees_batch = True


class Certain(Majority):
    def _make(self) -> Answer:
        answer = super()._make()
        logs = np.full(len(self.labels), -np.inf)
        logs[0] = 0.0
        return replace(answer, predictive=Categorical(logs))


class Generous(Majority):
    def _make(self) -> Answer:
        answer = super()._make()
        assert isinstance(answer.predictive, Categorical)
        return replace(answer, predictive=Categorical(answer.predictive.log_probs + 1e-6))


class Wandering(Majority):
    def study(self) -> None:
        np.random.random()  # noqa: NPY002


class Restless(Majority):
    """Every answer differs from the last."""

    asked = 0

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        self.asked += 1
        return [replace(a, predictive=tilted(a, self.asked)) for a in super().answer(queries)]


class Boaster(Majority):
    def state_bytes(self) -> int:
        return 1_000_000


class Chatty(Majority):
    def __repr__(self) -> str:
        return "two\nlines"


class Anonymous(Majority):
    __repr__ = object.__repr__


class Unprincipled(Majority):
    """Refuses, but sits all the same."""

    @classmethod
    def refuses(cls, info: TaskInfo) -> str | None:
        return None if info.name == "never" else "it does not feel like it"

    def __init__(self, info: TaskInfo, **rest: Any) -> None:
        super().__init__(replace(info, name="never"), **rest)


class Mute(Majority):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return super().answer(queries[:1])


class Meddler(Majority):
    def observe(self, observations: Sequence[Observation]) -> None:
        super().observe(observations)
        for observation in observations:
            observation.x[0] = 0.0


class Prophet(Kt):
    """Its curves know more than its answers."""

    def curves(self, sequences: Sequence[Sequence[object]]) -> list[np.ndarray]:
        return [curve[::-1] for curve in super().curves(sequences)]


def tilted(answer: Answer, by: int) -> Categorical:
    """The same probabilities, tilted a little."""
    assert isinstance(answer.predictive, Categorical)
    logs = answer.predictive.log_probs + 0.01 * by * np.arange(len(answer.predictive.log_probs))
    return Categorical(logs - np.log(np.exp(logs).sum()))


@pytest.mark.parametrize(
    ("liar", "claim"),
    [
        (Hoarder, "keeps_data is declared False, but the whole x"),
        (EncodingHoarder, "keeps_data is declared False, but a table"),
        (Forgetful, "keeps_data is declared True, but no observation"),
        (Gossip, "sees_batch is declared False"),
        (Orderly, "the order of a batch changes answers"),
        (Solitary, "sees_batch is declared True, but no answer changes"),
        (Certain, "a log-probability is not finite"),
        (Generous, "probabilities sum to"),
        (Wandering, "numpy's global random state"),
        (Restless, "gives other answers"),
        (Boaster, r"state_bytes\(\) says 1000000"),
        (Chatty, "repr"),
        (Anonymous, "repr"),
        (Unprincipled, "the constructor raises no UnsupportedTask"),
        (Mute, "got 1 answers"),
    ],
)
def test_liar_is_caught(liar: Any, claim: str) -> None:
    with pytest.raises(AssertionError, match=claim) as caught:
        check_learner(liar, kinds=["vector class"])
    assert str(caught.value).startswith(liar.__name__)


def test_curves_that_differ_from_the_steps_are_caught() -> None:
    with pytest.raises(AssertionError, match="step-by-step"):
        check_learner(Prophet)


def test_changing_what_was_given_is_caught() -> None:
    with pytest.raises(ValueError, match="read-only"):
        check_learner(Meddler, kinds=["vector class"])


def test_a_learner_that_sits_nothing_does_not_pass() -> None:
    with pytest.raises(AssertionError, match="accepts none"):
        check_learner("mean", kinds=["vector class"])
    with pytest.raises(UnknownName, match="did you mean vector class"):
        check_learner("mean", kinds=["vector clas"])


def test_small_exams_are_the_same_at_every_call() -> None:
    for name in EXAMS:
        one, other = small_exam(name), small_exam(name)
        assert [repr(o) for o in one.lesson] == [repr(o) for o in other.lesson]
        assert [repr(q) for q in one.queries] == [repr(q) for q in other.queries]


def test_everything_is_reachable_through_containers_attributes_and_closures() -> None:
    rows = np.random.default_rng(0).standard_normal((5, 3))

    class Slotted:
        __slots__ = ("inner",)

        def __init__(self, inner: Any) -> None:
            self.inner = inner

    def closing(value: Any) -> Any:
        return lambda: value

    circular: list[Any] = []
    circular.append(circular)
    for hidden in (
        rows,
        [rows],
        {"a": (rows,)},
        {rows.tobytes(): rows[:2]},
        Slotted(rows),
        closing(rows),
        np.array([rows, None], dtype=object),
    ):
        assert rows_kept([circular, hidden], rows)
    assert not rows_kept([circular, rows + 1.0, "text"], rows)
    assert "text" in reachable({"key": ["text"]})


def test_unsupported_task_is_what_the_constructor_raises() -> None:
    with pytest.raises(UnsupportedTask):
        registry.factory("mean")(small_exam("vector class").info, rng=np.random.default_rng(0), budget=None)  # type: ignore[arg-type]


def test_the_learner_of_the_guide_passes() -> None:
    guide = Path(__file__).parents[2] / "docs" / "own-learner.md"
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", guide.read_text(), flags=re.DOTALL):
        exec(block, names)
    assert check_learner(names["Centroids"]) == ["vector class", "record class", "text class", "episodes"]
