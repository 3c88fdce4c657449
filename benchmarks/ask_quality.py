"""How well the agent answers: token F1 on LoCoMo, right spans on the textbook; and the command that chose its weights.

    python benchmarks/ask_quality.py [--choose FILE] [--cache FILE] [--half first|second|both] [--show]        (needs SOLOMONIC_DATA: locomo, musique-100)

LoCoMo: five dialogues, each a store; answerable questions (categories 1 to 4) without those that the audit found wrong. `ask` is weighed by weights that were
fitted without the dialogue that is asked; beside it stand quotations of whole turns, and the best stretch that can be quoted at all. Intervals: 95 %, a bootstrap
over dialogues. An abstention earns 0 in `ask, may abstain`.
Textbook: a span is right where it holds the gold span or lies in it, at the same place, and token F1 of the two is at least 0.5; an unanswerable question is
right where the agent abstains. The half of the chapters 6 to 10 (and the unanswerable questions of odd number) was not looked at while rules were made.
--choose writes fitted weights to FILE (solomonic/agent/weights.py). --show prints the first half's questions one by one.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ask_fit import Case, Names, cases, chosen, fitted, logistic, remembered, signs_of
from ask_sets import Store, best_f1, by_sentence, f1, locomo, steps, textbook, tokens

from solomonic.agent.agent import THRESHOLD, Agent
from solomonic.agent.weights import ANSWERABLE, WEIGHTS
from solomonic.encoders import CachedEncoder, encoder

SIGNS = ("recall", "dense", "cover", "record", "unmet", "margin", "score")


def interval(values: Sequence[float], groups: Sequence[str]) -> str:
    """Mean, and the percentiles of the mean over dialogues drawn again."""
    rng = np.random.default_rng(0)
    names = sorted(set(groups))
    by = {name: np.array([v for v, g in zip(values, groups, strict=True) if g == name]) for name in names}
    drawn = [np.concatenate([by[name] for name in rng.choice(names, len(names))]).mean() for _ in range(4_000)]
    low, high = np.percentile(drawn, [2.5, 97.5])
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def signs_table(made: Sequence[Case], weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rows = []
    for case in made:
        found = signs_of(case, weights)
        rows.append([*(found[name] for name in SIGNS), 1.0])
    answered = np.array([bool(case.asked.answers) for case in made], dtype=float)
    prose = np.array([case.store.startswith("musique") for case in made])
    weight = np.zeros(len(made))
    for of_prose in (True, False):
        for of_answered in (0.0, 1.0):
            mask = (prose == of_prose) & (answered == of_answered)
            weight[mask] = 0.25 / max(mask.sum(), 1)
    return np.array(rows), answered, weight


def on_locomo(made: Sequence[Case], stores: Sequence[Store], columns: int) -> None:
    dialogues = [store.name for store in stores]
    texts = {store.name: [str(record.text) for record in store.records] for store in stores}
    rows: dict[str, list[float]] = {}
    groups, kinds, right = [], [], []
    for left in dialogues:
        others = [case for case in made if case.store != left]
        weights = fitted([case for case in others if case.asked.answers], columns)
        # By passage there are no questions without an answer: they would only teach that prose has one.
        judged = [case for case in others if case.store != "musique"]
        model = logistic(*signs_table(judged, weights))
        mine = [case for case in made if case.store == left]
        table, answered, _ = signs_table(mine, weights)
        p = 1.0 / (1.0 + np.exp(-(table @ model)))
        right += [(float(pi), bool(a)) for pi, a in zip(p, answered, strict=True)]
        for case, pi in zip(mine, p, strict=True):
            if not case.asked.answers:
                continue
            best = chosen(case, weights)
            gold = [texts[left][place] for place in case.asked.evidence]
            top = str(case.found.hits[0].text)
            for name, value in (
                ("ask", case.earned[best]),
                ("ask, may abstain", case.earned[best] if pi >= THRESHOLD else 0.0),
                ("best turn found, whole", best_f1(top, case.asked.answers)),
                ("gold turn, whole", max((best_f1(text, case.asked.answers) for text in gold), default=0.0)),
                ("best candidate of the sentences read", case.earned.max()),
            ):
                rows.setdefault(name, []).append(float(value))
            groups.append(left)
            kinds.append(case.asked.kind)
    print(f"LoCoMo, answerable and audited: {len(groups)} questions of {len(dialogues)} dialogues; token F1")
    for name, values in rows.items():
        parts = [
            f"category {kind} {np.mean([v for v, k in zip(values, kinds, strict=True) if k == kind]):.3f}" for kind in sorted(set(kinds))
        ]
        print(f"    {name:38s} {interval(values, groups)}   {'  '.join(parts)}")
    yes, no = np.array([p for p, a in right if a]), np.array([p for p, a in right if not a])
    tenth = float(np.quantile(yes, 0.1))
    print(f"    a tenth of the answerable ones lies under {tenth:.2f}, and {np.mean(no < tenth):.3f} of the adversarial ones")
    area = np.mean([(yes > p).mean() + 0.5 * (yes == p).mean() for p in no])
    print(
        f"    abstains on {np.mean(no < THRESHOLD):.3f} of {len(no)} adversarial and {np.mean(yes < THRESHOLD):.3f} of {len(yes)} answerable; ROC area {area:.3f}"
    )


def write(path: Path, weights: np.ndarray, names: Names, model: np.ndarray) -> None:
    lines = [
        '"""The weights of `scoring`: as `python benchmarks/ask_quality.py --choose FILE` fitted them; not to be edited by hand."""',
        "",
    ]
    lines += ["from typing import Final", "", "WEIGHTS: Final[dict[str, float]] = {"]
    lines += [f'    "{name}": {weights[i]:.3f},' for name, i in sorted(names.columns.items()) if abs(weights[i]) >= 0.0005]
    lines += ["}", "", "ANSWERABLE: Final[dict[str, float]] = {"]
    lines += [f'    "{name}": {value:.3f},' for name, value in zip((*SIGNS, "bias"), model, strict=True)] + ["}", ""]
    path.write_text("\n".join(lines), encoding="utf-8")


def on_textbook(coder: CachedEncoder, weights: dict[str, float], model: dict[str, float], half: str, show: bool) -> None:
    store = textbook()
    memory = remembered(store, coder)
    agent = Agent(memory, weights=weights, answerable=model)
    spent: list[float] = []
    kept: dict[str, list[tuple[str, bool, bool]]] = {"first": [], "second": []}
    for asked in store.questions:
        number = int(asked.id[1:])
        part = "first" if (asked.span is not None and asked.span[0] < "06") or (asked.span is None and number % 2 == 0) else "second"
        if half not in (part, "both"):
            continue
        start_s = time.perf_counter()
        reply = agent.ask(asked.text)
        spent.append(time.perf_counter() - start_s)
        forced = Agent(memory, threshold=0.0, weights=weights, answerable=model).ask(asked.text)
        outcome = []
        for given in (reply, forced):
            good = given.abstained
            if asked.span is not None:
                good = False
                if given.evidence:
                    one, (chapter, low, high) = given.evidence[0], asked.span
                    start = memory.get(one.id).meta["start"] + one.span[0]
                    end = start + one.span[1] - one.span[0]
                    nested = (start <= low and high <= end) or (low <= start and end <= high)
                    good = one.source == chapter and nested and f1(tokens(one.text), tokens(asked.answers[0])) >= 0.5
            outcome.append(good)
        kept[part].append((asked.kind, outcome[0], outcome[1]))
        if show and part == "first":
            print(f"    {'right' if outcome[1] else 'wrong'} p {reply.answerable:.2f} | {asked.text} | {asked.answers} | {forced.answer}")
    for part, rows in kept.items():
        if rows:
            with_answer = [row for row in rows if row[0] != "unanswerable"]
            none = [row for row in rows if row[0] == "unanswerable"]
            kinds = [
                f"{kind} {np.mean([row[2] for row in rows if row[0] == kind]):.2f}" for kind in sorted({row[0] for row in with_answer})
            ]
            print(f"textbook, {part} half: right span {np.mean([row[1] for row in with_answer]):.3f} of {len(with_answer)} answerable,")
            print(f"    {np.mean([row[2] for row in with_answer]):.3f} where it may not abstain ({', '.join(kinds)});")
            print(
                f"    abstains on {sum(row[1] for row in none)} of {len(none)} unanswerable; right of all {np.mean([row[1] for row in rows]):.3f} of {len(rows)}"
            )
    print(f"one ask: p50 {1e3 * np.percentile(spent, 50):.0f} ms, p95 {1e3 * np.percentile(spent, 95):.0f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--choose", type=Path)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "solomonic-ask-quality.sqlite")
    parser.add_argument("--half", choices=["first", "second", "both", "none"], default="both")
    parser.add_argument("--textbook-only", action="store_true")
    parser.add_argument("--show", action="store_true")
    given = parser.parse_args()
    coder = CachedEncoder(encoder("minilm"), given.cache)
    weights, model = WEIGHTS, ANSWERABLE
    if not given.textbook_only:
        data = Path(os.environ["SOLOMONIC_DATA"])
        names, made = Names(), []
        dialogues, passages = locomo(data), steps(data)
        for store in (*dialogues, passages, by_sentence(passages)):
            made += cases(store, remembered(store, coder), names)
        if given.choose:
            found = fitted([case for case in made if case.asked.answers], len(names.columns))
            judged = logistic(*signs_table([case for case in made if case.store != "musique"], found))
            write(given.choose, found, names, judged)
            weights = {name: float(found[i]) for name, i in names.columns.items()}
            model = dict(zip((*SIGNS, "bias"), judged.tolist(), strict=True))
        on_locomo(made, dialogues, len(names.columns))
    if given.half != "none":
        on_textbook(coder, weights, model, given.half, given.show)


if __name__ == "__main__":
    main()
