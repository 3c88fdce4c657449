"""Where a learner's name leads."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import cloudpickle
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from solomonic.errors import InputError, UnknownName
from solomonic.learners import registry
from solomonic.learners.floors import Majority
from solomonic.records import Budget, TaskInfo

INFO = TaskInfo("t", "vector", "class", ("a", "b"))


@pytest.mark.parametrize("name", registry.BUILTIN)
def test_every_built_in_name_leads_to_a_factory_that_declares_itself(name: str) -> None:
    made = registry.factory(name)
    assert isinstance(made.keeps_data, bool)
    assert isinstance(made.sees_batch, bool)
    assert made.kind in ("floor", "inductive", "transductive", "limit")
    assert made.kind in ("floor", "limit") or made.keeps_data == (made.kind == "transductive")


def test_summaries_follow_the_names_and_have_a_title() -> None:
    summaries = registry.learners()
    assert [summary.name for summary in summaries] == registry.names()
    assert all(summary.title.endswith(".") for summary in summaries)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("nearst", "did you mean nearest"),
        ("sklearn.svm.SVX", "sklearn.svm.SVC"),
        ("no.such.module.Thing", "unknown module 'no'"),
        ("solomonic.learners.floors:Majorty", "solomonic.learners.floors:Majority"),
        ("", "known: attention"),
    ],
)
def test_unknown_names_say_which_near_ones_exist(name: str, hint: str) -> None:
    with pytest.raises(UnknownName, match=hint):
        registry.factory(name)


@pytest.mark.parametrize("spec", ["json.dumps", "sklearn.svm", 7, lambda info: None])
def test_what_is_no_learner_is_refused_in_one_line(spec: Any) -> None:
    with pytest.raises(InputError, match="neither a learner's factory nor a scikit-learn estimator") as caught:
        registry.factory(spec)
    assert "\n" not in str(caught.value)


def test_an_estimator_that_needs_arguments_is_refused_by_path() -> None:
    with pytest.raises(InputError, match="give an instance"):
        registry.factory("sklearn.ensemble.VotingClassifier")


def test_both_import_paths_lead_to_the_same_factory() -> None:
    assert registry.factory("solomonic.learners.floors.Majority") is Majority
    assert registry.factory("solomonic.learners.floors:Majority") is Majority
    assert registry.factory(Majority) is Majority


def test_other_packages_join_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "entry_points", lambda: {"theirs": "solomonic.learners.floors:Majority"})
    assert "theirs" in registry.names()
    assert registry.factory("theirs") is Majority
    assert registry.learners()[-1].where == "solomonic.learners.floors:Majority"


def test_labels_are_one_stable_line() -> None:
    assert registry.label("maxent") == "maxent"
    assert registry.label(SVC(C=10)) == "SVC(C=10)"
    assert registry.label(SVC) == "SVC"
    assert registry.label(make_pipeline(StandardScaler(), SVC(C=2))) == "StandardScaler() | SVC(C=2)"
    long = registry.label(SVC(C=1.0e-5, kernel="poly", degree=7, tol=1e-9, gamma=0.125))
    assert len(long) == registry.LABEL_WIDTH
    assert long.endswith("...")


class Custom:
    """A factory with settings."""

    kind = "inductive"
    keeps_data = False
    sees_batch = False

    def __init__(self, width: float, extra: Any = None) -> None:
        self.width, self.extra = width, extra

    def refuses(self, info: TaskInfo) -> str | None:
        return None

    def __call__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> Majority:
        return Majority(info, rng=rng, budget=budget)


def test_parameters_differ_where_answers_may() -> None:
    specs = [
        "kt", "ctw", "sklearn.svm.SVC", SVC(C=2), SVC(C=3), LogisticRegression(), make_pipeline(SVC(C=2)), make_pipeline(SVC(C=3)),
        Custom(1.0), Custom(2.0), Custom(1.0, np.arange(3)), Custom(1.0, np.arange(4)), Custom(1.0, lambda x: x), Majority,
    ]  # fmt: skip
    texts = [registry.parameters(spec) for spec in specs]
    assert len(set(texts)) == len(specs)


def test_parameters_are_the_same_for_equal_learners() -> None:
    assert registry.parameters(SVC(C=2)) == registry.parameters(SVC(C=2))
    assert registry.parameters(Custom(1.0, {"b": 1, "a": (2, None)})) == registry.parameters(Custom(1.0, {"a": (2, None), "b": 1}))
    assert registry.parameters(Custom(1.0, np.random.default_rng(1))) == registry.parameters(Custom(1.0, np.random.default_rng(1)))


def test_parameters_are_the_same_in_another_process() -> None:
    code = "from sklearn.svm import SVC; from solomonic.learners import registry; print(registry.parameters(SVC(C=2)))"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == registry.parameters(SVC(C=2))


@pytest.mark.parametrize("spec", [Custom(1.0), SVC(C=2)])
def test_factories_travel_to_workers(spec: Any) -> None:
    made = registry.factory(cloudpickle.loads(cloudpickle.dumps(spec)))
    assert made.refuses(INFO) is None
    again = cloudpickle.loads(cloudpickle.dumps(made))
    assert again.kind == made.kind
    assert again(INFO, rng=np.random.default_rng(0), budget=Budget()).answer(()) == []
