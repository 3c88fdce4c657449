"""Personalised PageRank: networkx's scores, and the push method's error, held to what they state."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.memory.pagerank import Walk

Edges = list[tuple[int, int, float]]


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges, list[float]]:
    """A small weighted, directed graph with dangling nodes, self-loops and double edges, and the masses of its seeds."""
    n = draw(st.integers(1, 12))
    node = st.integers(0, n - 1)
    weight = st.sampled_from([0.0, 0.25, 1.0, 2.0, 7.5])
    edges = draw(st.lists(st.tuples(node, node, weight), max_size=40))
    masses = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=n, max_size=n).filter(lambda m: sum(m) > 0))
    return n, edges, masses


def walk_of(n: int, edges: Edges) -> Walk:
    order = sorted(range(len(edges)), key=lambda i: edges[i][0])
    counts = np.bincount([e[0] for e in edges], minlength=n) if edges else np.zeros(n, dtype=int)
    indptr = np.concatenate(([0], np.cumsum(counts)))
    return Walk(indptr, np.array([edges[i][1] for i in order], dtype=np.int32), np.array([edges[i][2] for i in order], dtype=np.float64))


def reference(n: int, edges: Edges, masses: list[float], damping: float) -> np.ndarray:
    """The definition, solved as a dense linear system."""
    matrix = np.zeros((n, n))
    for a, b, weight in edges:
        matrix[a, b] += weight
    seeds = np.array(masses) / sum(masses)
    total = matrix.sum(axis=1)
    for i in range(n):
        matrix[i] = seeds if total[i] == 0 else matrix[i] / total[i]
    return np.linalg.solve(np.eye(n) - damping * matrix.T, (1 - damping) * seeds)


@given(graphs(), st.sampled_from([0.0, 0.5, 0.85, 0.99]))
@settings(deadline=None)
def test_power_iteration_solves_the_definition(graph: tuple[int, Edges, list[float]], damping: float) -> None:
    n, edges, masses = graph
    found = walk_of(n, edges).pagerank(np.array(masses), damping=damping, tolerance=1e-10)
    assert np.abs(found - reference(n, edges, masses, damping)).sum() < 1e-8
    assert found.sum() == pytest.approx(1.0)


@given(graphs(), st.sampled_from([0.5, 0.85]))
@settings(deadline=None)
def test_scores_equal_those_of_networkx_within_a_millionth(graph: tuple[int, Edges, list[float]], damping: float) -> None:
    n, edges, masses = graph
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(n))
    theirs.add_weighted_edges_from(edges)
    expected = nx.pagerank(theirs, alpha=damping, personalization=dict(enumerate(masses)), tol=1e-12, max_iter=10_000)
    found = walk_of(n, edges).pagerank(np.array(masses), damping=damping)
    assert max(abs(found[i] - expected[i]) for i in range(n)) < 1e-6


def test_scores_equal_those_of_networkx_on_a_large_graph_with_several_seeds() -> None:
    rng = np.random.default_rng(5)
    n, m = 2_000, 10_000
    edges = list(zip(rng.integers(0, n, m).tolist(), rng.integers(0, n // 2, m).tolist(), rng.random(m).tolist(), strict=True))
    masses = np.zeros(n)
    masses[rng.choice(n, 7, replace=False)] = rng.random(7)
    theirs = nx.MultiDiGraph()
    theirs.add_nodes_from(range(n))
    theirs.add_weighted_edges_from(edges)
    expected = nx.pagerank(theirs, personalization=dict(enumerate(masses.tolist())), tol=1e-13, max_iter=1_000)
    found = walk_of(n, edges).pagerank(masses)
    assert max(abs(found[i] - expected[i]) for i in range(n)) < 1e-6


@given(graphs(), st.sampled_from([0.5, 0.85]), st.sampled_from([1e-1, 1e-3, 1e-6]))
@settings(deadline=None)
def test_what_push_leaves_is_exactly_its_error(graph: tuple[int, Edges, list[float]], damping: float, epsilon: float) -> None:
    n, edges, masses = graph
    pushed = walk_of(n, edges).push(np.arange(n), np.array(masses), damping=damping, epsilon=epsilon)
    short = reference(n, edges, masses, damping)
    short[pushed.nodes] -= pushed.scores
    assert (short > -1e-12).all()
    assert short.sum() == pytest.approx(pushed.left, abs=1e-9)


@given(graphs(), st.sampled_from([1e-1, 1e-2, 1e-4]))
@settings(deadline=None)
def test_on_an_undirected_graph_no_score_is_short_by_more_than_epsilon_a_unit_of_strength(
    graph: tuple[int, Edges, list[float]], epsilon: float
) -> None:
    n, edges, masses = graph
    both = [(a, b, 1.0) for a, b, _ in edges] + [(b, a, 1.0) for a, b, _ in edges]
    walk = walk_of(n, both)
    masses = [mass if walk.strength[i] > 0 else 0.0 for i, mass in enumerate(masses)]
    if sum(masses) == 0:
        return
    pushed = walk.push(np.arange(n), np.array(masses), epsilon=epsilon)
    short = reference(n, both, masses, 0.85)
    short[pushed.nodes] -= pushed.scores
    assert (short <= epsilon * walk.strength + 1e-12).all()


def test_push_touches_only_what_lies_near() -> None:
    n = 10_000
    line = [(i, i + 1, 1.0) for i in range(n - 1)] + [(i + 1, i, 1.0) for i in range(n - 1)]
    pushed = walk_of(n, line).push(np.array([5_000]), np.array([1.0]), epsilon=1e-4)
    assert 5_000 in pushed.nodes
    assert len(pushed.nodes) < 200


def test_an_isolated_seed_keeps_all_the_mass() -> None:
    walk = walk_of(3, [(0, 1, 1.0)])
    assert walk.pagerank(np.array([0, 0, 1.0])).tolist() == [0, 0, 1.0]
    pushed = walk.push(np.array([2]), np.array([1.0]), epsilon=1e-6)
    assert pushed.nodes.tolist() == [2]
    assert pushed.scores[0] == pytest.approx(1.0, abs=1e-5)


def test_bad_input_is_named() -> None:
    walk = walk_of(2, [(0, 1, 1.0)])
    for seeds in ([1.0], [0.0, 0.0], [-1.0, 2.0], [np.nan, 1.0]):
        with pytest.raises(InputError):
            walk.pagerank(np.array(seeds))
    with pytest.raises(InputError, match="damping"):
        walk.pagerank(np.array([1.0, 0.0]), damping=1.0)
    with pytest.raises(InputError, match="nodes from 0 to 2"):
        walk.push(np.array([0, 2]), np.array([1.0, 1.0]))
    with pytest.raises(InputError, match="epsilon"):
        walk.push(np.array([0]), np.array([1.0]), epsilon=0.0)
    with pytest.raises(InputError, match="negative"):
        Walk(np.array([0, 1]), np.array([0]), np.array([-1.0]))
    with pytest.raises(InputError, match="no graph"):
        Walk(np.array([0, 2]), np.array([0]), np.array([1.0]))
