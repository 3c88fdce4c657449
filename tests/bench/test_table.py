from __future__ import annotations

import dataclasses
from types import ModuleType

import pytest

from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.table import render, terminal


@pytest.mark.parametrize("width", [60, 80, 100, 120])
def test_no_line_is_wider_than_the_terminal(core: Analysis, width: int) -> None:
    assert max(len(line) for line in render(core, width=width).splitlines()) <= width


def test_plain_ascii_is_all_that_a_dumb_terminal_gets(core: Analysis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert terminal(core).isascii()
    assert render(core, ascii=True).isascii()
    assert not render(core).isascii()


def test_there_is_no_colour_and_no_control_character(synthetic: ModuleType) -> None:
    student = synthetic.Student("\x1b[31mred\x07", "inductive", 2.0)
    text = render(analyse(synthetic.run(synthetic.split_task(n=60, students=(*synthetic.STUDENTS[:1], student, synthetic.STUDENTS[5])))))
    assert all(character.isprintable() or character == "\n" for character in text)


def test_every_learner_stands_beside_its_costs(core: Analysis) -> None:
    text = render(core, width=100)
    head = next(line for line in text.splitlines() if "learner" in line)
    for words in ("family", "accuracy", "95 % interval", "log-loss", "study CPU s", "answer ms", "state", "growth"):
        assert words in head
    line = next(line for line in text.splitlines() if line.lstrip("* ").startswith("boosting"))
    assert "2.4 MB" in line
    assert "study" in line


def test_numbers_line_up_with_their_heads(core: Analysis) -> None:
    lines = render(core, width=100).splitlines()
    start = next(i for i, line in enumerate(lines) if "learner" in line)
    end = lines[start].index("accuracy") + len("accuracy")
    rows = lines[start + 2 : start + 10]
    assert all(row[end - 1].isdigit() and row[end] == " " for row in rows)


def test_the_narrow_table_gives_up_the_least_important_columns_first(core: Analysis) -> None:
    wide, narrow = (render(core, width=width) for width in (110, 60))
    assert "growth" in wide.split("champions")[0]
    assert "growth" not in narrow.split("no room for")[0]
    assert "no room for growth" in narrow
    assert "study CPU s" in narrow
    assert "95 % interval" in narrow


def test_each_task_ends_with_its_verdict_and_the_run_with_a_summary(core: Analysis) -> None:
    text = render(core)
    assert text.count("verdict     ") == len(core.tasks)
    assert "Of 6 tasks" in text
    assert text.count("break-even  ") == sum(len(task.crossings) == 1 for task in core.tasks)


def test_wide_characters_keep_the_columns_in_line(synthetic: ModuleType) -> None:
    from rich.cells import cell_len

    students = (synthetic.STUDENTS[0], synthetic.Student("記憶", "transductive", 2.0), synthetic.Student("study", "inductive", 2.0))
    lines = render(analyse(synthetic.run(synthetic.split_task(n=60, students=students)))).splitlines()
    start = next(i for i, line in enumerate(lines) if "learner" in line)
    head, rows = lines[start], lines[start + 2 : start + 5]
    end = cell_len(head[: head.index("accuracy") + len("accuracy")])
    assert all(cell_len(row.split("[")[0].rstrip()) == end for row in rows)


def test_failures_are_told(core: Analysis) -> None:
    text = render(dataclasses.replace(core, failed=("core/digits svc seed 1: ValueError: boom",)))
    assert "1 cell failed:" in text
    assert "boom" in text


def test_a_run_without_results_says_so(synthetic: ModuleType) -> None:
    assert "Nothing was compared" in render(analyse(synthetic.run()))


def test_under_the_floor_is_marked_and_explained(synthetic: ModuleType) -> None:
    students = (
        synthetic.Student("floor", "floor", 2.0),
        synthetic.Student("bad", "inductive", 0.5),
        synthetic.Student("good", "transductive", 3.0),
    )
    text = render(analyse(synthetic.run(synthetic.split_task(n=200, students=students))))
    assert next(line for line in text.splitlines() if "bad" in line and "[" in line).count("!") == 1
    assert "! under the floor" in text
