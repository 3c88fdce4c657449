"""Who speaks for one side of a comparison: under each seed one learner, mostly the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Contestant:
    """One side of a comparison.

    label: the learner's name where it is one learner under all its seeds; else "mlp/maxent (2 + 1 seeds)": mlp under two seeds, maxent under one.
    by_seed: seed -> learner. learners: all of them, those with the most seeds first.
    """

    label: str
    by_seed: Mapping[int, str]
    learners: tuple[str, ...]

    @property
    def single(self) -> bool:
        """Whether it is one learner under all its seeds."""
        return self.learners == (self.label,)


def contestant(by_seed: Mapping[int, str], seeds: Mapping[str, int]) -> Contestant:
    """Return who speaks under each seed; `seeds`: under how many each learner was examined at all, in plan order."""
    counts = Counter(by_seed.values())
    names = sorted(counts, key=lambda name: (-counts[name], list(seeds).index(name)))
    if len(names) == 1 and counts[names[0]] == seeds[names[0]]:
        return Contestant(names[0], dict(by_seed), (names[0],))
    shares = " + ".join(str(counts[name]) for name in names)
    return Contestant(f"{'/'.join(names)} ({shares} seed{'s' * (len(by_seed) > 1)})", dict(by_seed), tuple(names))
