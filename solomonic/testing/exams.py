"""Small exams of every kind, the same at every call, on which `check_learner` tests a learner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

from ..records import Column, Observation, Query, TaskInfo, XType, YType, stable_hash

CLASSES: Final = ("a", "b", "c", "never seen")
SMALL_LESSON: Final = 61
WORDS: Final = {
    "a": ["amber", "anchor", "apple", "arrow", "attic", "autumn"],
    "b": ["basin", "beacon", "birch", "bottle", "bridge", "butter"],
    "c": ["cabin", "candle", "cedar", "cherry", "cliff", "copper"],
}
COLUMNS: Final = (Column("size", "number", 6), Column("colour", "category", 4), Column("weight", "number"), Column("note", "text"))


@dataclass(frozen=True)
class SmallExam:
    """A lesson and questions of one kind."""

    name: str
    info: TaskInfo
    lesson: tuple[Observation, ...]
    queries: tuple[Query, ...]


def small_exam(name: str, *, n: int = SMALL_LESSON) -> SmallExam:
    """Return the small exam called "<x_type> <y_type>" or "episodes", with n observations; the same at every call."""
    if name == "symbols symbol":
        return _symbols(n)
    x_type, y_type = ("vector", "class") if name == "episodes" else name.split()
    rng = np.random.default_rng(stable_hash("check_learner", name))
    items = [_item(x_type, y_type, i, rng) for i in range(n + 12)]
    lesson = tuple(Observation(f"o{i}", x, y, float(i)) for i, (x, y) in enumerate(items[:n]))
    queries = [Query(f"q{i}", x, float(n + i)) for i, (x, _) in enumerate(items[n:])]
    queries += [Query("seen before", lesson[0].x), Query("o1", lesson[1].x), Query("strange", _strange(x_type))]
    info = TaskInfo(
        f"small {name}",
        cast(XType, x_type),
        cast(YType, y_type),
        CLASSES if y_type == "class" else (),
        ("log_loss",) if y_type == "class" else ("rmse",),
        columns=COLUMNS if x_type == "record" else (),
    )
    if name == "episodes":
        queries = [_episode(i, rng) for i in range(2)]
        lesson = ()
    return SmallExam(name, info, lesson, tuple(queries))


EXAMS: Final = (
    "vector class", "vector number", "record class", "record number", "text class", "text number", "symbols symbol", "episodes",
)  # fmt: skip


def repetitive_lesson(name: str, n: int) -> tuple[Observation, ...]:
    """Return n observations of three tight clusters, each with one answer: all different, and nothing new in any but the first few."""
    if name == "symbols symbol":
        return _symbols(n).lesson
    rng = np.random.default_rng(stable_hash("check_learner", "growth"))
    answers: tuple[Any, ...] = ("a", "b", "c") if name.endswith("class") else (1.0, 2.0, 3.0)
    xs = 5.0 * np.eye(4)[np.arange(n) % 3] + 0.1 * rng.standard_normal((n, 4))
    return tuple(Observation(f"o{i}", x, answers[i % 3], float(i)) for i, x in enumerate(xs))


def _item(x_type: str, y_type: str, i: int, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return one x, read-only where it is an array, and its answer; a tenth of the classes are noise."""
    true = "abc"[i % 3]
    centre = "abc".index(true)
    vector = rng.standard_normal(4) + np.array([2.0 * centre, 0.0, -centre, 0.0])
    vector.flags.writeable = False
    label = "abc"[int(rng.integers(3))] if rng.random() < 0.1 else true
    number = 10.0 + 3.0 * float(vector[0]) + float(rng.standard_normal())
    text = " ".join([*rng.choice(WORDS[true], 4), *rng.choice(WORDS["abc"[int(rng.integers(3))]], 4)])
    record = (
        None if i % 10 == 3 else float(vector[0]),
        None if i % 15 == 4 else ("red", "green", "blue")[(centre + int(rng.random() < 0.2)) % 3],
        float(vector[1]),
        text,
    )
    x = {"vector": vector, "record": record, "text": text}[x_type]
    return x, label if y_type == "class" else number


def _strange(x_type: str) -> Any:
    """Return an x unlike any in the lesson."""
    far = np.full(4, 1e3)
    far.flags.writeable = False
    return {"vector": far, "record": (None, "a colour never seen", -1e6, ""), "text": "zyzzyva"}[x_type]


def _episode(i: int, rng: np.random.Generator) -> Query:
    """Return a question with a context of its own, whose choices are not the task's."""
    ways = ("p", "q", "r")
    centres = rng.standard_normal((3, 4)) * 4.0
    context = tuple(
        Observation(f"e{i}/{way}{shot}", centres[w] + rng.standard_normal(4), way) for w, way in enumerate(ways) for shot in range(2)
    )
    return Query(f"e{i}", centres[i % 3] + rng.standard_normal(4), context=context, choices=ways)


def _symbols(n: int) -> SmallExam:
    """Return two sequences: a short one, then one that repeats a word of five letters, so that contexts do not become more with n."""
    info = TaskInfo("small symbols symbol", "symbols", "symbol", ("x", "y"), ("log_loss",), resample_by="sequence")
    symbols = {"first": "xyyxy", "second": ("xxyxy" * (n // 5 + 1))[: n - 5]}
    lesson = tuple(Observation(f"{name}:{t}", name, s, float(t)) for name, word in symbols.items() for t, s in enumerate(word))
    queries = (Query(f"second:{n - 5}", "second"), Query("first:5", "first"), Query("third:0", "third"))
    return SmallExam("symbols symbol", info, lesson, queries)
