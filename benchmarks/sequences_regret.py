"""What each learner of the suite `sequences` loses, what it regrets, and what the limit is certain of.

    SOLOMONIC_DATA=... python benchmarks/sequences_regret.py              all programs of up to 27 bits
    python benchmarks/sequences_regret.py --length 33 --task fourteen     deeper, about a minute; --json for one object

Losses are bits over the whole sequence. *Best known* is what one who knows the law loses: 0 on a sequence that an algorithm prints, -log2 of the drawn bits
under the source itself where there is one, n on a coin; there is none for parities of integer sequences. *Regret* is a loss less that. *Certain* holds
-log2 M(x): from -log2(A + U) to -log2 A, or to n + 9 where that is less or A is 0, since `,.]` copies x from n + 9 bits. The completed predictor normalises,
so it may lose less than the lower end; it never loses more than -log2 A. The learners have the default budget (`solomonoff`: 21 bits); `limit` is
the completed predictor at --length.
"""

from __future__ import annotations

import argparse
import json
import math
import tomllib
from collections.abc import Sequence
from typing import Any

import numpy as np

from solomonic.learners import registry
from solomonic.records import Budget, Observation, Query
from solomonic.solomonoff import Limits, Line, loss_curves
from solomonic.tasks import Task, load_suite

COPY_BITS = 9
"""The length of `,.]`, which prints its own input."""


def source_bits(symbols: Sequence[int], order: int, p: Sequence[float]) -> float:
    """Return -log2 of the probability that a Markov source draws these bits; the first `order` of them are fair coins."""
    bits, context = 0.0, 0
    for t, symbol in enumerate(symbols):
        one = p[context] if t >= order else 0.5
        bits -= math.log2(one if symbol else 1.0 - one)
        context = (2 * context + symbol) % 2**order
    return bits


def sources() -> dict[str, tuple[int, list[float]]]:
    """Return name -> (order, p) of the Markov sources of the suite."""
    described = tomllib.loads((load_suite("sequences").folder / "suite.toml").read_text(encoding="utf-8"))
    tables = [one for task in described["task"] for one in task["generator"] if isinstance(one, dict)]
    return {one["name"]: (one["order"], one["p"]) for one in tables if one["generator"] == "markov"}


def best_known(task: str, name: str, symbols: Sequence[int], known: dict[str, tuple[int, list[float]]]) -> float | None:
    """Return the bits that one who knows the law loses, or None where the suite knows of no law."""
    if name in known:
        return source_bits(symbols, *known[name])
    if name == "coin":
        return float(len(symbols))
    return None if task == "parities" else 0.0


def losses(task: Task, learner: str, sequences: list[tuple[int, ...]]) -> list[float]:
    """Return a learner's loss in bits on each sequence."""
    made: Any = registry.factory(learner)(task.info, rng=np.random.default_rng(0), budget=Budget())
    if hasattr(made, "curves"):
        return [
            float(-rows[np.arange(len(x)), list(x)].sum() / math.log(2)) for rows, x in zip(made.curves(sequences), sequences, strict=True)
        ]
    found = []
    for i, symbols in enumerate(sequences):
        bits = 0.0
        for t, symbol in enumerate(symbols):
            answer = made.answer((Query(f"{i}:{t}", str(i)),))[0].predictive
            bits -= answer.log_probs[list(task.info.choices).index(symbol)] / math.log(2)
            made.observe((Observation(f"{i}:{t}", str(i), symbol),))
        found.append(float(bits))
    return found


def rows_of(task: Task, limits: Limits, known: dict[str, tuple[int, list[float]]]) -> list[dict[str, Any]]:
    """Return a row for each sequence of a task."""
    exam: Any = task.exam
    sequences = list(exam.sequences.values())
    lines: list[Line] = loss_curves(sequences, limits)
    bits = {learner: losses(task, learner, sequences) for learner in task.learners} | {"limit": [line.loss_bits() for line in lines]}
    rows = []
    for i, (name, line) in enumerate(zip(exam.sequences, lines, strict=True)):
        n = len(sequences[i])
        low, high = line.log2_mass()
        copied = n + COPY_BITS
        best = best_known(task.name, name, sequences[i], known)
        programs = line.walk.programs(line.path[-1])
        rows.append(
            {
                "task": task.name,
                "sequence": name,
                "n": n,
                "loss_bits": {learner: found[i] for learner, found in bits.items()},
                "best_known": best,
                "regret": None if best is None else {learner: found[i] - best for learner, found in bits.items()},
                "certain": [0.0 - high, copied if low is None else min(copied, 0.0 - low)],
                "shortest": programs[0][0] if programs else None,
            }
        )
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """Print a table of losses and one of regrets, a task after the other."""
    for task in dict.fromkeys(row["task"] for row in rows):
        some = [row for row in rows if row["task"] == task]
        names = list(some[0]["loss_bits"])
        print(
            f"\n{task}: loss in bits\n{'sequence':18}{'n':>5}"
            + "".join(f"{name:>15}" for name in names)
            + f"{'shortest':>10}   certain: -log2 M in"
        )
        for row in some:
            low, high = row["certain"]
            ends = f"[{low:.1f}, {high:.1f}]"
            cells = "".join(f"{row['loss_bits'][name]:15.1f}" for name in names)
            print(f"{row['sequence']:18}{row['n']:5}{cells}{row['shortest'] or '-':>10}   {ends}")
        total = "".join(f"{np.mean([row['loss_bits'][name] for row in some]):15.1f}" for name in names)
        print(f"{'mean':18}{'':5}{total}")
        judged = [row for row in some if row["regret"] is not None]
        if judged:
            print(f"{task}: regret in bits\n{'sequence':18}{'best':>5}" + "".join(f"{name:>15}" for name in names))
        for row in judged:
            print(f"{row['sequence']:18}{row['best_known']:5.0f}" + "".join(f"{row['regret'][name]:15.1f}" for name in names))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--length", type=int, default=27, help="input bits of the longest programs")
    parser.add_argument("--task", nargs="*", help="only these tasks of the suite")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    tasks = [task for task in load_suite("sequences").tasks() if not asked.task or task.name in asked.task]
    known = sources()
    rows = [row for task in tasks for row in rows_of(task, Limits(asked.length), known)]
    if asked.json:
        print(json.dumps({"schema_version": 1, "length": asked.length, "rows": rows}))
    else:
        show(rows)


if __name__ == "__main__":
    main()
