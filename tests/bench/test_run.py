"""Runs: equal at any number of jobs, after any kill, and with learners that fail."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from solomonic.bench.plan import make_plan
from solomonic.bench.run import Failed, iter_run, load
from solomonic.errors import InputError, UnknownName, UnsupportedTask
from solomonic.records import Answer, Budget, Categorical, Observation, Query, TaskInfo, categorical
from solomonic.tasks.exams import Sequences, Split, Stream
from solomonic.tasks.task import Task

TIMING = {"cost"}


def small_task(n: int = 60, exam: type = Split, **options: Any) -> Task:
    rng = np.random.default_rng(0)
    items = tuple(Observation(f"i{i}", rng.normal(size=3) + 2 * (i % 2), i % 2, float(i)) for i in range(n))
    info = TaskInfo("small", "vector", "class", (0, 1), ("accuracy", "log_loss"), resample_by="block" if exam is Stream else "question")
    return Task(info, exam(items, **options), "own", ("majority", "nearest"), 2)


class Scripted:
    """A factory whose learner does what the test says."""

    kind, keeps_data, sees_batch = "inductive", False, False

    def __init__(self, act: str = "") -> None:
        self.act = act

    def __call__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> Scripted:
        self.info = info
        return self

    def refuses(self, info: TaskInfo) -> str | None:
        return "it never sits" if self.act == "refuse" else None

    def observe(self, observations: Sequence[Observation]) -> None:
        if self.act == "print":
            print("noise on stdout")

    def study(self) -> None:
        if self.act == "raise" and os.environ.get("OMP_NUM_THREADS") == "1":
            raise ValueError("no way")

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        if self.act == "die" and len(queries) > 2:
            os.kill(os.getpid(), signal.SIGKILL)
        answers = [categorical(np.log([0.5, 0.5]), self.info.choices) for _ in queries]
        if self.act == "boast":
            answers = [Answer(0, Categorical(np.zeros(2))) for _ in queries]
        return answers[1:] if self.act == "short" and len(queries) > 1 else answers

    def state_bytes(self) -> int:
        return 8


def rows_on_disk(folder: Path) -> tuple[bytes, list[dict[str, Any]]]:
    """The answers as bytes, and the cells without what was timed."""
    cells = [json.loads(line) for line in (folder / "cells.jsonl").read_text().splitlines()]
    return (folder / "answers.jsonl").read_bytes(), [{k: v for k, v in one.items() if k not in TIMING} for one in cells]


def play_to_end(folder: Path, task: Task, jobs: int = 1, **options: Any) -> list[Any]:
    return list(iter_run(make_plan([task], **options), folder, jobs=jobs))


def test_two_jobs_leave_the_rows_of_one(tmp_path: Path) -> None:
    play_to_end(tmp_path / "one", small_task(), jobs=1)
    play_to_end(tmp_path / "two", small_task(), jobs=2)
    assert rows_on_disk(tmp_path / "one") == rows_on_disk(tmp_path / "two")


def test_a_run_left_half_way_continues_to_the_rows_of_an_undisturbed_one(tmp_path: Path) -> None:
    play_to_end(tmp_path / "whole", small_task())
    plan = make_plan([small_task()])
    results = iter_run(plan, tmp_path / "cut", jobs=2)
    for _ in range(3):
        next(results)
    results.close()
    again = list(iter_run(plan, tmp_path / "cut", jobs=2))
    assert len(again) == len(plan.cells) - 3
    assert rows_on_disk(tmp_path / "cut") == rows_on_disk(tmp_path / "whole")
    assert list(iter_run(plan, tmp_path / "cut")) == []


@pytest.mark.slow
@pytest.mark.parametrize("after_s", [1.5, 3.0, 4.0, 5.0])
def test_a_killed_run_continues_to_the_rows_of_an_undisturbed_one(tmp_path: Path, after_s: float) -> None:
    command = [
        sys.executable,
        "-m",
        "solomonic",
        "compare",
        "core",
        "--seeds",
        "1",
        "--limit",
        "120",
        "--learner",
        "majority",
        "--learner",
        "nearest",
    ]
    subprocess.run([*command, "--out", str(tmp_path / "whole"), "--jobs", "1"], check=True, capture_output=True)
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "cut"), "--jobs", "2"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    time.sleep(after_s)
    process.kill()
    process.wait()
    subprocess.run([*command, "--out", str(tmp_path / "cut"), "--jobs", "2"], check=True, capture_output=True)
    assert rows_on_disk(tmp_path / "cut") == rows_on_disk(tmp_path / "whole")


@pytest.mark.parametrize(
    ("act", "reason"),
    [("raise", "ValueError: no way"), ("die", "killed by SIGKILL"), ("short", "questions were asked but"), ("boast", "sum to 2;")],
)
def test_a_learner_that_fails_costs_only_its_own_cells(tmp_path: Path, act: str, reason: str) -> None:
    results = play_to_end(tmp_path, small_task(), learners=["majority", Scripted(act)], seeds=1)
    failed = [one for one in results if isinstance(one, Failed)]
    assert len(failed) == 4
    assert all(reason in str(one) for one in failed)
    assert sum(not isinstance(one, Failed) for one in results) == 4
    assert reason in (tmp_path / "failed.jsonl").read_text()


def test_what_a_learner_prints_does_not_disturb_the_run(tmp_path: Path) -> None:
    assert not any(isinstance(one, Failed) for one in play_to_end(tmp_path, small_task(), learners=[Scripted("print")], seeds=1))


def test_changed_data_make_cells_stale_and_only_they_run_again(tmp_path: Path) -> None:
    play_to_end(tmp_path, small_task(60))
    plan = make_plan([small_task(61)])
    again = list(iter_run(plan, tmp_path))
    assert len(again) == len(plan.cells)
    run = load(plan, tmp_path, [])
    assert len(run.cells) == len(plan.cells)
    assert sum(len(one.rows) for one in run.cells if one.fraction == 1.0) == 2 * (13 + 12)


def test_another_learner_joins_a_run_without_playing_the_first_again(tmp_path: Path) -> None:
    play_to_end(tmp_path, small_task(), learners=["majority"], seeds=1)
    again = play_to_end(tmp_path, small_task(), learners=["majority", "nearest"], seeds=1)
    assert {one.learner for one in again} == {"nearest"}


def test_a_stream_is_answered_before_it_is_seen(tmp_path: Path) -> None:
    results = play_to_end(tmp_path, small_task(50, Stream, study_every=10), learners=["no-change"], seeds=1)
    rows = results[0].rows
    assert [row.question for row in rows] == [f"i{i}" for i in range(50)]
    assert [row.prediction for row in rows[2:]] == [i % 2 for i in range(1, 49)]
    assert [row.part for row in rows] == ["opening"] * 10 + ["exam"] * 40


def test_curves_give_the_rows_of_the_step_by_step_loop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from solomonic.bench.play import play
    from solomonic.learners.registry import factory

    info = TaskInfo("bits", "symbols", "symbol", (0, 1), ("log_loss_bits", "accuracy"), resample_by="sequence")
    bits = {"a": (0, 1) * 20, "b": tuple(np.random.default_rng(1).integers(0, 2, 50).tolist())}
    task = Task(info, Sequences(bits), "own", ("ctw",), 1)
    made: Any = factory("ctw")
    fast = play(task, made, "ctw", seed=0)

    class Stepwise(made):  # type: ignore[misc]
        curves = None

    slow = play(task, Stepwise, "ctw", seed=0)
    assert [row.question for row in fast.rows] == [row.question for row in slow.rows]
    for a, b in zip(fast.rows, slow.rows, strict=True):
        assert a.scores["log_loss_bits"] == pytest.approx(b.scores["log_loss_bits"], abs=1e-9)
    assert fast.observed == slow.observed == 90


def test_tasks_of_two_suites_never_share_a_key() -> None:
    one, other = small_task(), dataclasses.replace(small_task(), suite="other")
    keys = [cell.key for cell in make_plan([one, other]).cells]
    assert len(set(keys)) == len(keys)


def test_no_score_stands_without_a_floor() -> None:
    assert {cell.name for cell in make_plan([small_task()], learners=["nearest"]).cells} == {"majority", "nearest"}
    assert {cell.name for cell in make_plan([small_task()], learners=["nearest", "uniform"]).cells} == {"nearest", "uniform"}


def test_the_plan_refuses_what_cannot_be_played() -> None:
    with pytest.raises(InputError, match="seeds is -1"):
        make_plan([small_task()], seeds=-1)
    with pytest.raises(InputError, match="whole number"):
        make_plan([small_task()], seeds=1.5)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean nearest"):
        make_plan([small_task()], learners=["nearset"])
    with pytest.raises(UnsupportedTask, match="it never sits"):
        make_plan([small_task()], learners=["majority", Scripted("refuse")])
