"""A user's own table or arrays become a task, and the guess can be read."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, UnknownName
from solomonic.records import Column
from solomonic.tasks.events import Lesson, Questions
from solomonic.tasks.exams import Split, Stream
from solomonic.tasks.frames import Own, own_arrays, own_task

N = 60


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "id": [f"u{i}" for i in range(N)],
            "age": rng.integers(20, 60, N),
            "income": rng.normal(size=N),
            "city": ["Rome", "Milan", "Turin"] * 20,
            "note": [f"a remark of person {i}" for i in range(N)],
            "planet": "Earth",
            "day": pd.date_range("2024-01-01", periods=N)[::-1],
            "likes": ["yes", "no", "no"] * 20,
        }
    )


def observations(own: Own) -> Any:
    exam = own.task.exam
    assert isinstance(exam, (Split, Stream))
    return exam.observations


def test_a_table_becomes_records_with_a_guess_of_every_column() -> None:
    own = own_task(people(), "likes", name="people")
    info = own.task.info
    assert (info.name, info.x_type, info.y_type, info.choices, info.resample_by) == ("people", "record", "class", ("no", "yes"), "question")
    assert info.metrics == ("accuracy", "log_loss", "calibration_error", "roc_area")
    kinds = {"age": "number", "income": "number", "city": "category", "note": "text", "day": "number"}
    assert info.columns == tuple(Column(name, kind) for name, kind in kinds.items())  # type: ignore[arg-type]
    assert own.text == (
        "target: likes (class, 2 values); numbers: age, income; categories: city; texts: note; "
        "dates: day, as numbers (named as time, one makes the exam a stream); dropped: id (all different), planet (constant)"
    )
    assert own.columns["target"] == {"name": "likes", "kind": "class", "classes": 2}
    assert own.columns["dropped"] == [{"name": "id", "reason": "all different"}, {"name": "planet", "reason": "constant"}]
    json.dumps(own.columns, allow_nan=False)
    first = observations(own)[0]
    assert (first.id, first.y, first.at) == ("0", "yes", 0.0)
    assert first.x[2:4] == ("Rome", "a remark of person 0")
    assert [type(value) for value in first.x] == [float, float, str, str, float]


def test_missing_and_infinite_values_are_none_and_counted() -> None:
    frame = people()
    frame.loc[3, "income"] = math.inf
    frame.loc[4, "income"] = math.nan
    frame.loc[5, "city"] = "?"
    own = own_task(frame, "likes")
    assert [column.missing for column in own.task.info.columns] == [0, 2, 1, 0, 0]
    assert "missing: income 2 (1 infinite), city 1" in own.text
    assert {"name": "income", "kind": "number", "missing": 2, "infinite": 1} in own.columns["features"]
    rows = observations(own)
    assert rows[3].x[1] is rows[4].x[1] is rows[5].x[2] is None


def test_rows_without_an_answer_are_left_out_and_counted() -> None:
    frame = people()
    frame.loc[[0, 7], "likes"] = ["", None]
    own = own_task(frame, "likes")
    assert own.columns["rows_without_answer"] == 2
    assert "2 rows without an answer left out" in own.text
    assert [o.id for o in observations(own)][:3] == ["1", "2", "3"]


def test_numbers_alone_are_vectors_and_a_text_alone_is_text() -> None:
    vectors = own_task(people()[["age", "income", "likes"]], "likes")
    assert vectors.task.info.x_type == "vector"
    assert observations(vectors)[0].x.dtype == np.float64
    assert not observations(vectors)[0].x.flags.writeable
    texts = own_task(people()[["note", "likes"]], "likes")
    assert texts.task.info.x_type == "text"
    assert observations(texts)[1].x == "a remark of person 1"


def test_numbers_with_a_missing_one_are_records() -> None:
    frame = people()[["age", "income", "likes"]].astype({"age": float})
    frame.loc[0, "age"] = math.nan
    own = own_task(frame, "likes")
    assert own.task.info.x_type == "record"
    assert observations(own)[0].x[0] is None


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 9), min_size=N, max_size=N))
def test_a_time_column_makes_a_stream_in_stable_time_order(when: list[int]) -> None:
    own = own_task(people().assign(day=when), "likes", time="day")
    rows = observations(own)
    assert [(o.at, int(o.id)) for o in rows] == sorted(zip(map(float, when), range(N), strict=True))
    assert own.task.exam.kind == "stream"
    assert own.task.info.resample_by == "block"
    assert "day" not in [column.name for column in own.task.info.columns]


def test_a_stream_is_studied_fifty_times_but_never_after_fewer_than_fifty() -> None:
    rng = np.random.default_rng(0)
    for n, every in ((60, 50), (2_500, 50), (5_000, 100)):
        exam = own_arrays(rng.normal(size=(n, 1)), rng.normal(size=n), time=np.arange(n)).task.exam
        assert isinstance(exam, Stream)
        assert exam.study_every == every


def test_a_group_column_is_never_split_and_no_feature() -> None:
    own = own_task(people(), "likes", group="city")
    assert own.task.info.resample_by == "group"
    assert "city" not in [column.name for column in own.task.info.columns]
    city = dict(zip(map(str, range(N)), people()["city"], strict=True))
    for seed in range(3):
        lesson, _, questions = own.task.exam.events(seed=seed)
        assert isinstance(lesson, Lesson)
        assert isinstance(questions, Questions)
        assert not {city[o.id] for o in lesson.observations} & {city[q.id] for q in questions.queries}
        assert questions.units == tuple(city[q.id] for q in questions.queries)


def test_time_and_group_together_make_a_stream_resampled_by_group() -> None:
    own = own_task(people(), "likes", time="day", group="city")
    assert (own.task.exam.kind, own.task.info.resample_by) == ("stream", "group")
    units = [event.units for event in own.task.exam.events(seed=0) if isinstance(event, Questions)]
    assert units[:3] == [("Turin",), ("Milan",), ("Rome",)]


def test_without_a_header_columns_are_given_by_number() -> None:
    frame = pd.DataFrame({"c0": ["1.5", "2.5", "1"] * 20, "c1": ["x", "y", "y"] * 20})
    for target in (-1, 1, "-1", "1", "c1"):
        assert own_task(frame, target).columns["target"]["name"] == "c1"
    with pytest.raises(InputError, match="target is column 5, but there are 2"):
        own_task(frame, 5)


def test_an_absent_column_is_named_with_its_near_names() -> None:
    with pytest.raises(UnknownName, match="unknown column 'lkes'; did you mean likes"):
        own_task(people(), "lkes")
    with pytest.raises(UnknownName, match="unknown column '-1'"):
        own_task(people(), "-1")


def test_a_column_cannot_serve_twice() -> None:
    with pytest.raises(InputError, match="both the target and the time"):
        own_task(people(), "likes", time="likes")
    with pytest.raises(InputError, match="both the target and the text"):
        own_task(people(), "likes", text=["likes"])


def test_columns_can_be_dropped_read_as_text_or_be_ids() -> None:
    own = own_task(people(), "likes", drop=["note", "day"], text=["city"], id="id")
    assert [(column.name, column.kind) for column in own.task.info.columns] == [("age", "number"), ("income", "number"), ("city", "text")]
    assert observations(own)[0].id == "u0"


def test_duplicate_ids_are_refused() -> None:
    with pytest.raises(InputError, match="'Rome'"):
        own_task(people(), "likes", id="city")


def test_a_lone_counter_is_kept_since_nothing_else_is_there() -> None:
    own = own_task(pd.DataFrame({"n": range(N), "y": np.arange(N) * 0.5}), "y")
    assert own.task.info.x_type == "vector"


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (people()[["planet", "likes"]], "no column is left .* planet \\(constant\\)"),
        (people()[["likes"]], "no column is left"),
        (people()[:0], "no rows"),
        (people()[:6], "6 rows are too few"),
        (people().rename(columns={"age": "city"}), "two columns are called 'city'"),
        (people().assign(likes="yes"), "is 'yes' in every row"),
        ({"likes": [1, 2]}, "a dict was given"),
    ],
)
def test_tables_that_make_no_exam_are_refused(frame: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        own_task(frame, "likes")


def test_groups_must_be_there_and_be_two() -> None:
    with pytest.raises(InputError, match="one group only"):
        own_task(people(), "likes", group="planet")
    with pytest.raises(InputError, match="no value in 1 of 60"):
        own_task(people().assign(city=["", *["a", "b", "c"] * 19, "a", "b"]), "likes", group="city")


def test_the_guess_of_a_wide_table_stays_short() -> None:
    own = own_arrays(np.random.default_rng(0).normal(size=(N, 300)), np.arange(N) % 2)
    assert own.text == "target: y (class, 2 values); numbers: x0, x1, x2, x3, x4, x5, x6, x7 and 292 more"


def test_a_limit_keeps_a_fair_sample_or_the_beginning() -> None:
    assert len(observations(own_task(people(), "likes", limit=30))) == 30
    assert [o.at for o in observations(own_arrays(np.eye(N), np.arange(N) % 2, time=np.arange(N)[::-1], limit=12))] == list(range(12))


# arrays

X = np.random.default_rng(1).normal(size=(N, 3))
Y = np.arange(N) % 3


@pytest.mark.parametrize("given_x", [X, X.tolist(), X.astype(np.float32), pd.DataFrame(X), X > 0, (X * 9).astype(int)])
def test_arrays_of_numbers_are_vectors_in_their_order(given_x: Any) -> None:
    own = own_arrays(given_x, Y)
    assert own.task.info.x_type == "vector"
    assert np.allclose([o.x for o in observations(own)], np.asarray(given_x, dtype=float))
    assert [o.y for o in observations(own)] == Y.tolist()


def test_columns_of_an_array_are_all_kept() -> None:
    own = own_arrays(np.column_stack([np.ones(N), np.arange(N)]), Y)
    assert [o.x.tolist() for o in observations(own)] == [[1.0, float(i)] for i in range(N)]


def test_one_array_is_one_column_and_the_caller_keeps_his() -> None:
    mine = np.arange(N) / 2
    own = own_arrays(mine, Y)
    assert observations(own)[3].x.tolist() == [1.5]
    mine[:] = 0
    assert observations(own)[3].x.tolist() == [1.5]


@pytest.mark.parametrize("texts", [[f"{'ham' if i % 2 else 'spam'} and eggs" for i in range(N)], ["yes", "no"] * 30])
def test_a_list_of_strings_is_text(texts: list[str]) -> None:
    for given_x in (texts, np.array(texts), np.array(texts, dtype=object), pd.Series(texts, index=range(5, N + 5))):
        own = own_arrays(given_x, Y)
        assert own.task.info.x_type == "text"
        assert [o.x for o in observations(own)] == texts


def test_words_in_an_array_of_objects_are_categories() -> None:
    own = own_arrays(np.array([[i * 1.5, "ab"[i % 2]] for i in range(N)], dtype=object), Y)
    assert [column.kind for column in own.task.info.columns] == ["number", "category"]


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_missing_numbers_in_an_array_make_records(bad: float) -> None:
    broken = X.copy()
    broken[2, 1] = bad
    own = own_arrays(broken, Y)
    assert own.task.info.x_type == "record"
    assert observations(own)[2].x[1] is None
    assert own.task.info.columns[1].missing == 1


def test_answers_keep_their_kind() -> None:
    assert own_arrays(X, list("abc") * 20).task.info.choices == ("a", "b", "c")
    assert own_arrays(X, Y[:, None]).task.info.choices == (0, 1, 2)
    assert own_arrays(X, X[:, 0]).task.info.y_type == "number"
    assert own_arrays(X, X[:, 0]).task.info.metrics[0] == "rmse"
    assert "target: label (class" in own_arrays(pd.DataFrame(X), pd.Series(Y, name="label", index=range(100, 100 + N))).text


def test_a_frame_with_its_own_index_and_a_column_called_y_is_no_trouble() -> None:
    frame = pd.DataFrame(X, columns=["y", "time", "b"], index=[f"r{i}" for i in range(N)])
    own = own_arrays(frame, Y, time=np.arange(N))
    assert [column.name for column in own.task.info.columns] == ["y", "time", "b"]
    assert own.columns["target"]["name"] == "y_"
    assert list(frame.columns) == ["y", "time", "b"]


def test_times_and_groups_of_arrays_are_values() -> None:
    own = own_arrays(X, Y, time=np.datetime64("2024-01-01") + np.arange(N)[::-1])
    assert observations(own)[0].id == str(N - 1)
    assert own_arrays(X, Y, group=np.arange(N) // 6).task.info.resample_by == "group"
    with pytest.raises(InputError, match="two observations have the id 'a'"):
        own_arrays(X, Y, ids=["a"] * N)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (X, Y[:-1], "60 rows and the target 59 values"),
        (X, None, "y is None"),
        (X.reshape(N, 3, 1), Y, "reshape"),
        (X[:0], Y[:0], "nothing to learn from"),
        ([], [], "nothing to learn from"),
        ([[1, 2], [3]] * 30, Y, "different lengths"),
        (None, Y, "NoneType"),
        ("text", Y, "X is a str"),
        ({"a": X[:, 0]}, Y, "X is a dict"),
        (X + 1j, Y, "complex"),
        (X, np.zeros(N), "in every row"),
        (np.repeat(X, 400, axis=0), [f"c{i % 10_000}" for i in range(400 * N)], "10,000 classes"),
    ],
)
def test_arrays_that_make_no_exam_are_refused_in_one_line(x: Any, y: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        own_arrays(x, y)
    assert "\n" not in str(caught.value)


def test_a_sparse_matrix_is_refused_with_its_remedy() -> None:
    from scipy.sparse import csr_matrix

    with pytest.raises(InputError, match="toarray"):
        own_arrays(csr_matrix(X), Y)
