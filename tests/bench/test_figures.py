from __future__ import annotations

import itertools
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.bench import figures
from solomonic.bench.analysis import Analysis, analyse
from solomonic.bench.labels import label_points, shortened, spread

PICTURES = ("score_against_cost", "learning_curves", "cumulative_cost", "reliability")


def own_axes() -> object:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figures.SIZE)
    FigureCanvasAgg(figure)
    return figure.add_subplot()


@pytest.mark.parametrize("picture", PICTURES)
@pytest.mark.parametrize("task", ["digits", "breast-cancer", "diabetes", "shift", "again", "sequences"])
def test_each_picture_draws_each_task_it_has_something_to_show_of(core: Analysis, task: str, picture: str) -> None:
    able = figures.has_picture(core.task(task))[picture]
    assert able == (picture != "reliability" or task != "diabetes")
    if able:
        ax = getattr(figures, picture)(core, task)
        ax.figure.canvas.draw()
        assert ax.get_xlabel()
        assert ax.get_ylabel()


@pytest.mark.parametrize("picture", PICTURES)
def test_pictures_draw_on_the_axes_they_are_given(core: Analysis, picture: str) -> None:
    ax = own_axes()
    assert getattr(figures, picture)(core, "digits", ax=ax) is ax


def test_learners_are_named_and_no_two_names_overlap(core: Analysis) -> None:
    for picture, task in itertools.product(("score_against_cost", "learning_curves", "cumulative_cost"), ("digits", "shift", "again")):
        ax = getattr(figures, picture)(core, task)
        found = core.task(task)
        names = [text for text in ax.texts if text.get_text() in found.kinds]
        assert {text.get_text() for text in names} == {name for name, kind in found.kinds.items() if kind != "floor"}
        boxes = [text.get_window_extent() for text in names]
        for a, b in itertools.combinations(boxes, 2):
            across, up = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert min(across, up) < 2.0


def test_families_have_markers_of_their_own(core: Analysis) -> None:
    from solomonic.bench.palette import LOOKS

    assert len({look.marker for look in LOOKS.values()}) == len({look.sign for look in LOOKS.values()}) == len(LOOKS)


def test_the_break_even_is_marked_where_there_is_one(core: Analysis) -> None:
    texts = [text.get_text() for text in figures.cumulative_cost(core, "digits").texts]
    assert any(text.startswith("studying pays after") for text in texts)


def test_a_floor_far_away_is_named_rather_than_shrinking_the_picture(core: Analysis) -> None:
    ax = figures.score_against_cost(core, "digits")
    assert ax.get_ylim()[0] > 0.5
    assert any("floor 0.107 (below)" in text.get_text() for text in ax.texts)
    near = figures.score_against_cost(core, "diabetes")
    assert near.get_ylim()[0] < 75.9 < near.get_ylim()[1]


def test_names_that_look_like_formulas_or_hold_control_characters_are_drawn_as_they_are(synthetic: ModuleType) -> None:
    students = (synthetic.STUDENTS[0], synthetic.Student("$x_1$ \x07", "inductive", 2.0), synthetic.STUDENTS[5])
    found = analyse(synthetic.run(synthetic.split_task(n=60, students=students)))
    ax = figures.score_against_cost(found, "digits")
    ax.figure.canvas.draw()
    assert "$x_1$ ?" in [text.get_text() for text in ax.texts]


def test_drawing_in_a_script_leaves_pyplot_alone() -> None:
    code = (
        "import sys, numpy as np; from solomonic.bench import figures; figures._axes(None); "
        "assert 'matplotlib.pyplot' not in sys.modules, 'pyplot was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@given(st.lists(st.floats(0.0, 100.0), min_size=1, max_size=20), st.floats(0.1, 30.0))
@settings(max_examples=100, deadline=None)
def test_spread_positions_keep_their_distance_their_order_and_their_bounds(wanted: list[float], gap: float) -> None:
    placed = spread(wanted, gap, 0.0, 100.0)
    room = min(gap, 100.0 / max(len(wanted) - 1, 1))
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(placed[order]) >= room - 1e-6)
    assert placed.min() >= -1e-6
    assert placed.max() <= 100.0 + 1e-6


@given(st.lists(st.floats(30.0, 70.0), min_size=2, max_size=5))
@settings(max_examples=25, deadline=None)
def test_spread_positions_are_the_nearest_that_keep_the_distance(wanted: list[float]) -> None:
    from scipy.optimize import minimize

    placed = spread(wanted, 5.0, 0.0, 100.0)
    order = np.argsort(wanted, kind="stable")
    gaps = [{"type": "ineq", "fun": lambda x, i=i, j=j: x[j] - x[i] - 5.0} for i, j in itertools.pairwise(order)]
    best = minimize(lambda x: np.sum((x - wanted) ** 2), placed + np.linspace(0, 0.1, len(wanted)), method="SLSQP", constraints=gaps)
    assert np.sum((placed - wanted) ** 2) <= best.fun + 1e-3


def test_points_on_each_other_get_names_apart() -> None:
    ax = own_axes()
    ax.set_xlim(0, 1)  # type: ignore[attr-defined]
    ax.set_ylim(0, 1)  # type: ignore[attr-defined]
    label_points(ax, [(0.5, 0.5, f"name {i}", i == 0) for i in range(6)])  # type: ignore[arg-type]
    boxes = [text.get_window_extent() for text in ax.texts]  # type: ignore[attr-defined]
    assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))


def test_long_names_are_cut() -> None:
    assert shortened("n" * 50).endswith("…")
    assert len(shortened("n" * 50)) == 24
