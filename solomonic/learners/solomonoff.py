"""The limit as learners: `Solomonoff`, the bounded mixture over programs, and `SolomonoffCtw`, half of it and half context-tree weighting.

They keep the sequence word for word and reason when asked: an answer is one walk of all programs up to `length` bits with what came so far as
the target. The length is `least` and an opcode for each of Budget.candidates: 21 bits by default. `curves` walks once for all sequences. What they say is the completed predictor of `solomonic.solomonoff.mixture`; symbols other than
bits are coded as in `solomonic.solomonoff.symbols`.

The half-and-half mixture starts from one half each and shifts by Bayes' rule, so over a sequence it loses at most one bit more than the better.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

import numpy as np

from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo, XType, YType, categorical
from .base import Base, prior_answer
from .sequence import ctw_depth

LEAST: Final = 9
OPCODE: Final = 3
STEPS: Final = 1_000
ALPHABET: Final = 256


class Solomonoff(Base):
    """All programs of up to 21 bits at once, each with the weight 2^-bits: the certified limit of inference on short programs."""

    kind: ClassVar[Kind] = "limit"
    keeps_data: ClassVar[bool] = True
    x_types: ClassVar[tuple[XType, ...]] = ("symbols",)
    y_types: ClassVar[tuple[YType, ...]] = ("symbol",)
    least: ClassVar[int] = LEAST
    steps: ClassVar[int] = STEPS

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self.memory: list[Observation] = []
        self.length = min(self.least + OPCODE * budget.candidates, 60)

    @classmethod
    def refuses(cls, info: TaskInfo) -> str | None:
        """Return why this learner cannot sit the exam, or None where it can."""
        reason = super().refuses(info)
        if reason is None and not 2 <= len(info.choices) <= ALPHABET:
            reason = (
                f"the limit takes 2 to {ALPHABET} symbols, which TaskInfo.choices must name; task {info.name!r} has {len(info.choices)}"
            )
        return reason

    def observe(self, observations: Sequence[Observation]) -> None:
        """Keep the symbols that came; a new sequence starts from scratch."""
        for observation in observations:
            if self.memory and observation.x != self.memory[-1].x:
                self.memory = []
            if observation.y is not None:
                self.labels.code(observation.y)
                self.memory.append(observation)

    def curves(self, sequences: Sequence[Sequence[object]]) -> list[np.ndarray]:
        """Return, a sequence, the log-probabilities (t, a) of the next symbol before each step, each sequence from scratch."""
        coded = [self.labels.codes(symbols).tolist() for symbols in sequences]
        return [self._mixed(rows, symbols) for rows, symbols in zip(self._walk(coded, ahead=False), coded, strict=True)]

    def _known(self) -> int:
        # The mixture predicts before anything was seen, and not uniformly; so there is never nothing to answer from.
        return len(self.memory) + 1

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        symbols = self.labels.codes([observation.y for observation in self.memory]).tolist()
        followed = self.memory[-1].x if self.memory else None
        wanted = {query.x == followed for query in queries}
        answers: dict[bool, np.ndarray] = {}
        for same in wanted:
            told = symbols if same else []
            answers[same] = self._mixed(self._walk([told], ahead=True)[0], told)[-1]
        return [
            categorical(answers[query.x == followed], self.labels.choices) if query.choices is None else prior_answer(query, self.info)
            for query in queries
        ]

    def _walk(self, coded: Sequence[Sequence[int]], *, ahead: bool) -> list[np.ndarray]:
        """Return, a sequence, the log-probabilities before each step; `ahead`: and after the last."""
        from ..solomonoff.enumeration import Limits, enumerate_programs
        from ..solomonoff.symbols import Coding, symbol_log_probs
        from ..solomonoff.targets import Trie

        coding, trie = Coding(len(self.labels)), Trie()
        nodes = [coding.grow(trie, symbols, ahead=ahead) for symbols in coded]
        walk = enumerate_programs(trie, Limits(self.length, self.steps), threads=1)
        assert walk is not None
        return [symbol_log_probs(walk, coding, path, symbols) for path, symbols in zip(nodes, coded, strict=True)]

    def _mixed(self, rows: np.ndarray, symbols: Sequence[int]) -> np.ndarray:
        return rows


class SolomonoffCtw(Solomonoff):
    """The limit and context-tree weighting, half and half: at most one bit over the better of the two."""

    def _mixed(self, rows: np.ndarray, symbols: Sequence[int]) -> np.ndarray:
        from ..prediction.ctw import ContextTree
        from ..solomonoff.mixture import half_and_half

        tree: Any = ContextTree(len(self.labels), ctw_depth(len(self.labels)))
        other = tree.curve(np.asarray(symbols, dtype=np.int64))
        if len(rows) > len(symbols):
            other = np.vstack([other, tree.predict()])
        return half_and_half(rows, other, symbols)


class SolomonoffDeep(Solomonoff):
    """All programs of up to 30 bits at once; an exam takes about a minute, whatever the number of its sequences."""

    least: ClassVar[int] = 18
    steps: ClassVar[int] = 4_000


class SolomonoffDeepCtw(SolomonoffCtw):
    """All programs of up to 30 bits and context-tree weighting, half and half."""

    least: ClassVar[int] = 18
    steps: ClassVar[int] = 4_000


def warm_up() -> None:
    """Compile the walk, or load it from numba's cache, so that no answer waits for that."""
    from ..solomonoff.enumeration import warm_up as compile_walk

    compile_walk()
