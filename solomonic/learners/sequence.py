"""Learners that predict the next symbol of a sequence: `Kt` and `Ctw`, and the shell that `ngram` shares with them.

Contract of symbol tasks: x is the name of a sequence, and each observation's y is the symbol that came next. When x changes, a new sequence
starts from scratch; a question about a sequence other than the one being followed is a question about its first symbol.

They are declared inductive, keeps_data False: what remains of a sequence is counts of symbols after contexts, and the last few symbols as the
current context; the sequence cannot be read back from them. The state of `kt` has a fixed size. That of `ctw` grows with the number of
distinct contexts, at most `depth` nodes a symbol, up to the full tree: its growth is a property of the sequence, and is measured.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Final, Protocol

import numpy as np

from ..records import Answer, Budget, Kind, Observation, Query, TaskInfo, XType, YType, categorical
from .base import Base, prior_answer

CTW_DEPTH: Final = 16
CTW_ALPHABET: Final = 64


class Predictor(Protocol):
    """What follows one sequence; symbols are their places among the task's choices."""

    def predict(self) -> np.ndarray:
        """Return the log-probabilities (a,) of the next symbol."""
        ...

    def update(self, symbol: int) -> None:
        """Take in the symbol that came."""
        ...

    def curve(self, symbols: np.ndarray) -> np.ndarray:
        """Return the log-probabilities (t, a) before each symbol."""
        ...


class SequenceBase(Base):
    """A shell around one predictor a sequence; a subclass makes it in `_predictor`."""

    kind: ClassVar[Kind] = "inductive"
    keeps_data: ClassVar[bool] = False
    x_types: ClassVar[tuple[XType, ...]] = ("symbols",)
    y_types: ClassVar[tuple[YType, ...]] = ("symbol",)
    alphabet_limit: ClassVar[int | None] = None

    def __init__(self, info: TaskInfo, *, rng: np.random.Generator, budget: Budget) -> None:
        super().__init__(info, rng=rng, budget=budget)
        self._sequence: Any = None
        self._n = 0
        self._model = self._predictor()

    @classmethod
    def refuses(cls, info: TaskInfo) -> str | None:
        """Return why this learner cannot sit the exam, or None where it can."""
        reason = super().refuses(info)
        if reason is None and not info.choices:
            reason = f"{cls.__name__.lower()} must know the alphabet; task {info.name!r} names no choices"
        if reason is None and cls.alphabet_limit is not None and len(info.choices) > cls.alphabet_limit:
            reason = f"{cls.__name__.lower()} takes at most {cls.alphabet_limit} symbols; task {info.name!r} has {len(info.choices)}"
        return reason

    @abstractmethod
    def _predictor(self) -> Predictor:
        """Return a predictor that has seen nothing."""

    def observe(self, observations: Sequence[Observation]) -> None:
        """Take in the symbols that came."""
        for observation in observations:
            if observation.x != self._sequence or not self._n:
                self._sequence = observation.x
                self._n = 0
                self._model = self._predictor()
            if observation.y is not None:
                self._model.update(self.labels.code(observation.y))
                self._n += 1

    def curves(self, sequences: Sequence[Sequence[object]]) -> list[np.ndarray]:
        """Return, a sequence, the log-probabilities (t, a) of the next symbol before each step, each sequence from scratch."""
        return [self._predictor().curve(self.labels.codes(symbols)) for symbols in sequences]

    def _known(self) -> int:
        return self._n

    def _answer(self, queries: Sequence[Query]) -> list[Answer]:
        now = categorical(self._model.predict(), self.labels.choices)
        return [now if query.x == self._sequence else prior_answer(query, self.info) for query in queries]


class Kt(SequenceBase):
    """The Krichevsky-Trofimov estimator: symbol frequencies, no context."""

    def _predictor(self) -> Predictor:
        from ..prediction.kt import KrichevskyTrofimov

        return KrichevskyTrofimov(len(self.labels))


class Ctw(SequenceBase):
    """Context-tree weighting: all tree sources at once, to depth 16 for up to four symbols and about 24 bits of context for more."""

    alphabet_limit: ClassVar[int | None] = CTW_ALPHABET

    def _predictor(self) -> Predictor:
        from ..prediction.ctw import ContextTree

        return ContextTree(len(self.labels), ctw_depth(len(self.labels)))


def ctw_depth(alphabet: int) -> int:
    """Return the depth for an alphabet: so many symbols as 24 bits hold, rounded up, and 16 at most."""
    bits = max(1.0, float(np.log2(max(alphabet, 1))))
    return min(CTW_DEPTH, int(np.ceil(24.0 / bits)))
