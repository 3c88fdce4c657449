"""How the weights of the agent are fitted: candidates of every question as rows of features, with the token F1 that each would earn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from ask_sets import Asked, Store, best_f1
from scipy import optimize, sparse

from solomonic.agent.agent import Agent, quoted, settled
from solomonic.agent.asking import Asked as Reading
from solomonic.agent.scoring import Candidate, Weighed, signs
from solomonic.encoders import Encoder
from solomonic.memory import Memory, Recall

RIDGE = 1e-3


@dataclass
class Names:
    """Feature -> column."""

    columns: dict[str, int] = field(default_factory=dict)

    def column(self, name: str) -> int:
        return self.columns.setdefault(name, len(self.columns))


@dataclass
class Case:
    """One question: its candidates' features (n, columns), what each would say, and the F1 it would earn."""

    store: str
    asked: Asked
    features: sparse.csr_matrix
    said: list[str]
    earned: np.ndarray
    options: list[Candidate]
    read: Reading
    found: Recall


def remembered(store: Store, encoder: Encoder) -> Memory:
    memory = Memory.open(":memory:", encoder="minilm")
    memory._bare, memory._encoder = encoder, encoder  # type: ignore[assignment]
    memory.add(store.records)
    return memory


def cases(store: Store, memory: Memory, names: Names) -> list[Case]:
    agent, made = Agent(memory), []
    for asked in store.questions:
        read, found, options = agent.options(asked.text)
        if not options:
            continue
        said = [settled(read, option) or quoted(option).text for option in options]
        earned = np.array([best_f1(words, asked.answers) for words in said])
        rows, columns, values = [], [], []
        for i, option in enumerate(options):
            for name, value in option.features.items():
                if value:
                    rows.append(i)
                    columns.append(names.column(name))
                    values.append(value)
        matrix = sparse.csr_matrix((values, (rows, columns)), shape=(len(options), 4096), dtype=np.float32)
        made.append(Case(store.name, asked, matrix, said, earned, [option._replace(features={}) for option in options], read, found))
    return made


def fitted(made: Sequence[Case], columns: int) -> np.ndarray:
    """Return the weights (columns,) that make the F1 to be expected from drawing by softmax(score) largest, by its logarithm."""
    used = [case for case in made if len(case.earned) and case.earned.max() > 0.3]
    stacked = sparse.vstack([case.features[:, :columns] for case in used]).tocsr().astype(np.float64)
    turned = stacked.T.tocsr()
    starts = np.concatenate([[0], np.cumsum([len(case.earned) for case in used])])[:-1]
    lengths = np.diff(np.append(starts, stacked.shape[0]))
    earned = np.concatenate([case.earned for case in used])
    # There are fewer questions on prose than on dialogues; both count alike.
    prose = np.array([case.store.startswith("musique") for case in used])
    share = np.where(prose, 0.5 / max(prose.sum(), 1), 0.5 / max((~prose).sum(), 1))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        scores = stacked @ weights
        scores -= np.repeat(np.maximum.reduceat(scores, starts), lengths)
        shares = np.exp(scores)
        shares /= np.repeat(np.add.reduceat(shares, starts), lengths)
        gains = np.add.reduceat(shares * earned, starts) + 1e-4
        each = np.repeat(share, lengths)
        slope = shares * earned / np.repeat(gains, lengths) - shares * np.repeat((gains - 1e-4) / gains, lengths)
        value = -float(share @ np.log(gains)) + RIDGE * float(weights @ weights)
        return value, -(turned @ (each * slope)) + 2 * RIDGE * weights

    found = optimize.minimize(loss, np.zeros(columns), jac=True, method="L-BFGS-B", options={"maxiter": 150})
    return np.asarray(found.x)


def chosen(case: Case, weights: np.ndarray) -> int:
    """Return which candidate is best; the first of equals."""
    return int(np.argmax(case.features[:, : len(weights)] @ weights))


def signs_of(case: Case, weights: np.ndarray) -> dict[str, float]:
    """Return what `scoring.signs` sees when the candidates are weighed so."""
    scores = case.features[:, : len(weights)] @ weights
    order = np.argsort(-scores, kind="stable")
    return signs(case.read, case.found, [Weighed(float(scores[i]), case.options[i]) for i in order])


def logistic(rows: np.ndarray, answered: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weights (d,) of a ridge-penalised logistic model; rows (n, d), the last column ones."""

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = rows @ weights
        p = 1.0 / (1.0 + np.exp(-logits))
        value = float(weight @ (np.logaddexp(0.0, logits) - answered * logits)) + 1e-3 * float(weights @ weights)
        return value, rows.T @ (weight * (p - answered)) + 2e-3 * weights

    return np.asarray(optimize.minimize(loss, np.zeros(rows.shape[1]), jac=True, method="L-BFGS-B").x)
