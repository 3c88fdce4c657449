"""Personalised PageRank beside networkx on the same graph in one run, and the push method beside the exact scores.

    python benchmarks/pagerank.py [--edges 100000] [--sizes 100000 1000000] [--repeats 5]

First a random weighted, directed graph with dangling nodes: `networkx.pagerank(graph, personalization=...)` as it is called, from its own graph, and
`Walk.pagerank` from compressed rows that are already there, as a memory has them; building the walk's transposed matrix is shown apart and
counted in the second ratio. The better of several times counts. Then graphs shaped like a memory (records that mention entities whose frequencies
fall as 1/rank, one session after the other), undirected, from two entities: what a question costs, exactly and by pushing.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np

from solomonic.memory.pagerank import Walk


def best(call: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """The least of several wall times in seconds, and the last result."""
    spent = []
    for _ in range(repeats):
        began = time.perf_counter()
        result = call()
        spent.append(time.perf_counter() - began)
    return min(spent), result


def rows(n: int, source: np.ndarray, target: np.ndarray, weight: np.ndarray) -> Walk:
    order = np.argsort(source, kind="stable")
    indptr = np.concatenate(([0], np.cumsum(np.bincount(source, minlength=n))))
    return Walk(indptr, target[order].astype(np.int32), weight[order])


def beside_networkx(edges: int, repeats: int, rng: np.random.Generator) -> None:
    n = edges // 5
    source, target, weight = rng.integers(0, n, edges), rng.integers(0, n, edges), rng.random(edges)
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(n))
    graph.add_weighted_edges_from(zip(source.tolist(), target.tolist(), weight.tolist(), strict=True))
    masses = np.zeros(n)
    masses[rng.choice(n, 5, replace=False)] = 1.0
    personal = dict.fromkeys(np.flatnonzero(masses).tolist(), 1.0)
    theirs, _ = best(lambda: nx.pagerank(graph, personalization=personal), repeats)
    _, exact = best(lambda: nx.pagerank(graph, personalization=personal, tol=1e-13, max_iter=1_000), 1)
    walk = rows(n, source, target, weight)
    built, _ = best(lambda: rows(n, source, target, weight)._incoming, repeats)
    walk.pagerank(masses)
    ours, scores = best(lambda: walk.pagerank(masses), repeats)
    apart = max(abs(scores[i] - exact[i]) for i in range(n))
    print(f"{n} nodes, {edges} weighted edges, {int((walk.strength == 0).sum())} dangling, 5 seeds")
    print(f"  networkx.pagerank            {theirs * 1e3:8.1f} ms   (its default tolerance, 1e-6 a node)")
    print(f"  Walk.pagerank                {ours * 1e3:8.1f} ms   (total error 1e-8)   {theirs / ours:5.1f} times faster")
    print(f"  with rows and transpose      {(ours + built) * 1e3:8.1f} ms   {theirs / (ours + built):5.1f} times faster")
    print(f"  greatest difference from networkx at tolerance 1e-13: {apart:.1e}")


def memory_like(edges: int, rng: np.random.Generator) -> tuple[Walk, int]:
    """About so many entries: records with four mentions each, entities a quarter as many, sessions of thirty records."""
    records = edges // 10
    entities = records // 4
    weights = 1.0 / np.arange(1, entities + 1) ** 0.8
    entity = rng.choice(entities, 4 * records, p=weights / weights.sum())
    record = np.repeat(np.arange(records), 4)
    count = np.bincount(entity, minlength=entities)
    frequency = np.log1p((records - count + 0.5) / (count + 0.5))[entity]
    ahead = np.flatnonzero(np.arange(records - 1) % 30 != 29)
    first, second = np.append(record, ahead), np.append(records + entity, ahead + 1)
    weight = np.append(frequency, np.ones(len(ahead)))
    return rows(
        records + entities, np.append(first, second), np.append(second, first), np.append(weight, weight).astype(np.float32)
    ), records


def questions(edges: int, asked: int, rng: np.random.Generator) -> None:
    walk, records = memory_like(edges, rng)
    named = records + np.flatnonzero(walk.strength[records:] > 0)
    starts = [rng.choice(named, 2, replace=False) for _ in range(asked)]
    exact, took = [], []
    walk.pagerank(np.bincount(starts[0], minlength=walk.n).astype(float))
    for nodes in starts:
        spent, scores = best(lambda nodes=nodes: walk.pagerank(np.bincount(nodes, minlength=walk.n).astype(float)), 1)  # type: ignore[misc]
        exact.append(scores)
        took.append(spent)
    power = float(np.median(took))
    print(f"{walk.n} nodes, {len(walk.indices)} entries, {asked} questions of two entities, damping 0.85; medians")
    print(f"  exact (total error 1e-8)     {power * 1e3:8.2f} ms")
    for epsilon in (1e-4, 1e-5, 1e-6):
        took, left, agree, worst = [], [], [], 0.0
        for nodes, scores in zip(starts, exact, strict=True):
            spent, pushed = best(lambda nodes=nodes, e=epsilon: walk.push(nodes, np.ones(2), epsilon=e), 1)  # type: ignore[misc]
            near = np.zeros(walk.n)
            near[pushed.nodes] = pushed.scores
            worst = max(worst, float(((scores - near) / np.maximum(walk.strength, 1e-9)).max()))
            top = set(np.argsort(-scores[:records])[:10].tolist())
            agree.append(len(top & set(np.argsort(-near[:records])[:10].tolist())) / 10)
            took.append(spent)
            left.append(pushed.left)
        spent = float(np.median(took))
        print(
            f"  push, epsilon {epsilon:.0e}         {spent * 1e3:8.2f} ms   {power / spent:5.1f} times faster; ten best records {np.mean(agree):.2f} the same; "
            f"short in all by {np.median(left):.3f}, at most {worst:.1e} a unit of strength"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edges", type=int, default=100_000)
    parser.add_argument("--sizes", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    rng = np.random.default_rng(given.seed)
    beside_networkx(given.edges, given.repeats, rng)
    for size in given.sizes:
        questions(size, given.questions, rng)


if __name__ == "__main__":
    main()
