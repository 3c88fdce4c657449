"""Made-up runs with known truth: learners of given skill on questions of random difficulty."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from solomonic.bench.results import CellResult, Row, Run, TaskMeta
from solomonic.records import Cost, Kind


@dataclass(frozen=True)
class Student:
    """skill: z-score of being right on a question of mean difficulty (accuracy = Phi(skill / sqrt 2)); of a number: the error's scale is exp(-skill)."""

    name: str
    kind: Kind
    skill: float
    study_s: float = 0.0
    answer_s: float = 1e-4
    state: int = 10_000
    growth: float = 0.0


STUDENTS = (
    Student("majority", "floor", -1.8, 0.0001, 2e-6, 120),
    Student("uniform", "floor", -1.9, 0.0001, 2e-6, 90),
    Student("maxent", "inductive", 2.6, 1.9, 4.1e-5, 5_400),
    Student("mlp", "inductive", 2.85, 6.4, 7.7e-5, 83_000),
    Student("boosting", "inductive", 2.7, 14.2, 1.9e-3, 2_400_000, 0.2),
    Student("nearest", "transductive", 3.2, 0.12, 6.2e-4, 760_000, 1.0),
    Student("attention", "transductive", 3.1, 0.35, 8.4e-4, 760_000, 1.0),
    Student("local", "transductive", 3.15, 0.13, 5.9e-3, 760_000, 1.0),
)


def accuracy(skill: float) -> float:
    """The true share of right answers of a student of this skill."""
    return 0.5 * math.erfc(-skill / 2.0)


def cell(
    meta: TaskMeta, student: Student, rows: Iterable[Row], *, seed: int, fraction: float = 1.0, observed: int = 1000, **changes: Any
) -> CellResult:
    noise = np.random.default_rng([seed, len(student.name), int(1000 * fraction)])
    size = round(student.state * fraction**student.growth)
    singles = tuple(student.answer_s * noise.lognormal(0.0, 0.2, size=60)) if fraction == 1.0 else ()
    cost = Cost(
        study_cpu_s=student.study_s * fraction * float(noise.uniform(0.9, 1.1)),
        study_wall_s=student.study_s * fraction * 1.05,
        answer_s=singles,
        answer_cpu_s=singles,
        answer_batch_s=student.answer_s / 8,
        state_bytes=size,
        peak_bytes=40 * size + 3_000_000,
    )
    seen = round(observed * fraction)
    fields = {"growth": ((seen, size),), **changes}
    return CellResult(
        f"{meta.name}/{student.name}/{seed}/{fraction}", meta.suite, meta.name, student.name, student.kind, student.kind == "transductive",
        False, seed, fraction, seen, cost, tuple(rows), **fields,
    )  # fmt: skip


def class_row(question: str, right: bool, confidence: float, *, part: str = "exam", round: int = 0, unit: str = "") -> Row:
    share = min(max(confidence, 1e-6), 1 - 1e-6)
    scores = {"accuracy": float(right), "log_loss": -math.log(share if right else (1 - share) / 9)}
    return Row(question, part, round, unit or question, 1 if right else 0, 1, scores, confidence)  # type: ignore[arg-type]


def class_rows(
    student: Student, questions: Sequence[str], rng_of: Callable[[str], np.random.Generator], *, shift: float = 0.0, **marks: Any
) -> list[Row]:
    """Answers to these questions; a question's difficulty is shared by all students, the rest is the student's own luck."""
    rows = []
    for question in questions:
        difficulty = float(rng_of(question).standard_normal())
        luck = float(rng_of(question + student.name).standard_normal())
        margin = student.skill + shift - difficulty - luck
        stated = 0.5 * math.erfc(-(student.skill + shift - difficulty) / 1.6)
        rows.append(class_row(question, margin > 0, min(max(stated, 0.1), 0.999), **marks))
    return rows


def generator(base: int) -> Callable[[str], np.random.Generator]:
    from solomonic.records import child_rng

    return lambda name: child_rng(base, name)


def split_task(
    name: str = "digits", *, suite: str = "core", n: int = 300, seeds: int = 5, students: Sequence[Student] = STUDENTS, title: str = "", base: int = 0,
    curves: bool = True,
) -> tuple[TaskMeta, list[CellResult]]:  # fmt: skip
    meta = TaskMeta(suite, name, title or name.capitalize(), "split", "class", ("accuracy", "log_loss"), "question", 10)
    rng_of, cells = generator(base), []
    for student in students:
        for seed in range(seeds):
            for fraction in (0.125, 0.25, 0.5, 1.0) if curves else (1.0,):
                asked = [f"q{i}" for i in range(n) if i % seeds == seed]
                shift = 0.45 * math.log2(fraction) * (student.kind != "floor")
                rows = class_rows(student, asked, rng_of, shift=shift)
                if fraction == 0.5:
                    rehearsed = [f"r{seed}-{i}" for i in range(60)]
                    rows += class_rows(student, rehearsed, rng_of, shift=shift, part="rehearsal")
                cells.append(cell(meta, student, rows, seed=seed, fraction=fraction, observed=4 * n // 5))
    return meta, cells


def number_task(
    name: str = "diabetes", *, suite: str = "core", n: int = 200, seeds: int = 3, students: Sequence[Student] | None = None
) -> tuple[TaskMeta, list[CellResult]]:
    given = students or (
        Student("mean", "floor", -4.34, 1e-4, 1e-6, 100),
        Student("linear", "inductive", -4.02, 0.4, 2e-5, 900),
        Student("boosting", "inductive", -4.06, 4.0, 1e-3, 500_000),
        Student("nearest", "transductive", -4.07, 0.05, 4e-4, 60_000, 1.0),
    )
    meta = TaskMeta(suite, name, "Diabetes progression", "split", "number", ("rmse", "mae"), "question")
    cells = []
    for student in given:
        for seed in range(seeds):
            for fraction in (0.25, 0.5, 1.0):
                rows = []
                parts = [("exam", [f"q{i}" for i in range(n) if i % seeds == seed])] + (
                    [("rehearsal", [f"r{i}" for i in range(40)])] if fraction == 0.5 else []
                )
                for part, asked in parts:
                    for question in asked:
                        shared = float(generator(5)(question).standard_normal())
                        own = float(generator(5)(question + student.name).standard_normal())
                        error = math.exp(-student.skill) * (0.95 * shared + 0.3 * own) / math.sqrt(fraction) ** 0.2
                        rows.append(Row(question, part, 0, question, 150 + error, 150.0, {"rmse": error**2, "mae": abs(error)}, None))  # type: ignore[arg-type]
                cells.append(cell(meta, student, rows, seed=seed, fraction=fraction, observed=n))
    return meta, cells


def stream_task(
    name: str = "shift", *, suite: str = "core", n: int = 600, seeds: int = 3, students: Sequence[Student] = STUDENTS
) -> tuple[TaskMeta, list[CellResult]]:
    meta = TaskMeta(suite, name, "Digits whose labels are permuted half-way", "stream", "class", ("accuracy", "log_loss"), "block", 10)
    rng_of, cells = generator(3), []
    for student in students:
        for seed in range(seeds):
            rows = []
            for t in range(n):
                lost = (
                    3.0 * math.exp(-(t - n / 2) / 60) * (student.kind == "inductive") + 1.0 * math.exp(-(t - n / 2) / 25)
                    if t >= n / 2
                    else 0.0
                )
                rows += class_rows(
                    student, [f"{seed}/{t}"], rng_of, shift=-lost - 1.5 * math.exp(-t / 40), part="opening" if t < n // 5 else "exam"
                )
            growth = tuple((t, round(student.state * (t / n) ** student.growth)) for t in range(100, n + 1, 100))
            cells.append(cell(meta, student, rows, seed=seed, observed=n, growth=growth))
    return meta, cells


def repeat_task(
    name: str = "again", *, suite: str = "core", n: int = 80, seeds: int = 2, students: Sequence[Student] = STUDENTS
) -> tuple[TaskMeta, list[CellResult]]:
    meta = TaskMeta(suite, name, "Questions that come back", "repeat", "class", ("accuracy", "log_loss"), "question", 10)
    rng_of, cells = generator(4), []
    for student in students:
        for seed in range(seeds):
            asked = [f"q{i}" for i in range(n) if i % seeds == seed]
            for fraction in (0.5, 1.0):
                rows = class_rows(student, asked, rng_of, shift=0.3 * math.log2(fraction))
                if fraction == 0.5:
                    rows += class_rows(student, [f"r{seed}-{i}" for i in range(60)], rng_of, part="rehearsal")
                else:
                    for number, shift in ((1, 0.0), (2, -0.4), (3, -0.9 if student.kind == "inductive" else -0.2)):
                        for question in asked:
                            rows += class_rows(student, [question], rng_of, shift=shift, round=number, unit=question)
                            rows[-1] = dataclasses.replace(rows[-1], question=f"{question}#{number}")
                cells.append(cell(meta, student, rows, seed=seed, fraction=fraction, observed=4 * n))
    return meta, cells


def sequence_task(name: str = "sequences", *, suite: str = "core", length: int = 128) -> tuple[TaskMeta, list[CellResult]]:
    students = (
        Student("uniform", "floor", 0.0, 1e-4, 1e-6, 60),
        Student("ngram", "inductive", 1.1, 0.02, 5e-6, 2_000, 0.3),
        Student("kt", "inductive", 0.2, 0.005, 3e-6, 80, 0.0),
        Student("ctw", "transductive", 1.3, 0.06, 4e-5, 60_000, 0.9),
    )
    meta = TaskMeta(suite, name, "Eight binary sequences", "sequence", "symbol", ("log_loss_bits", "accuracy"), "sequence", 2)
    cells = []
    for student in students:
        rows = []
        for part, names in (("rehearsal", ["r0", "r1"]), ("exam", [f"s{i}" for i in range(8)])):
            for sequence in names:
                hard = float(generator(7)(sequence).uniform(0.2, 1.5))
                for t in range(length):
                    u = float(generator(7)(f"{sequence}{t}").uniform())
                    p = 1 - 0.5 * math.exp(-student.skill * hard * t / 40) if student.skill else 0.5
                    right = u < p
                    loss = -math.log2(max(p if right else 1 - p, 0.02))
                    scores = {"log_loss_bits": loss, "accuracy": float(right)}
                    rows.append(Row(f"{sequence}:{t}", part, 0, sequence, int(right), 1, scores, max(p, 1 - p)))  # type: ignore[arg-type]
        cells.append(
            cell(meta, student, rows, seed=0, observed=10 * length, growth=((100, student.state // 4), (10 * length, student.state)))
        )
    return meta, cells


def run(*tasks: tuple[TaskMeta, list[CellResult]], **changes: Any) -> Run:
    info = {
        "created": "2026-01-02T03:04:05+00:00",
        "code": "0123456789abcdef",
        "python": "3.12.1",
        "packages": {"solomonic": "0.1.0", "numpy": "2.1.0"},
        "machine": {"system": "Linux", "processor": "A processor", "cores": 2},
        "seeds": 5,
    }
    fields = {"info": info, **changes}
    return Run(Path("runs/made-up"), [meta for meta, _ in tasks], [one for _, cells in tasks for one in cells], **fields)


def core_run() -> Run:
    """A run like that of the default suite."""
    cancer = (
        *STUDENTS[:3],
        dataclasses.replace(STUDENTS[3], skill=2.62),
        dataclasses.replace(STUDENTS[5], skill=2.6),
        dataclasses.replace(STUDENTS[7], skill=2.6),
    )
    return run(
        split_task(),
        split_task("breast-cancer", n=250, seeds=5, students=cancer, title="Breast cancer", base=1),
        number_task(),
        stream_task(),
        repeat_task(),
        sequence_task(),
    )
