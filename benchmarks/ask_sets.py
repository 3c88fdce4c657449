"""Questions with answers in words, each with the store that is asked: LoCoMo's dialogues, single steps of MuSiQue's questions, the textbook."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from recall_sets import locomo as dialogues

from solomonic.agent.bundled import records
from solomonic.agent.sentences import sentences
from solomonic.content import content_folder
from solomonic.memory import Record

DISTRACTORS = 4
"""Passages of each MuSiQue question, beside those that support it, that are put into the store."""

_punctuation = re.compile(r"[^\w\s]")


@dataclass(frozen=True)
class Asked:
    """A question; `answers`: accepted ones, none where there is none. kind: LoCoMo's category, the textbook's type. evidence: places of records in the store.

    span: (chapter, start, end) in bytes, for the textbook.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    kind: str
    evidence: tuple[int, ...] = ()
    span: tuple[str, int, int] | None = None


@dataclass(frozen=True)
class Store:
    """What is remembered, and what is asked of it."""

    name: str
    records: Sequence[Record]
    questions: Sequence[Asked]


def tokens(text: str) -> list[str]:
    """Words in lower case, without punctuation and articles: those that token F1 compares."""
    return [word for word in _punctuation.sub(" ", text.lower().replace(",", "")).split() if word not in ("a", "an", "the", "and")]


def f1(said: Sequence[str], wanted: Sequence[str]) -> float:
    common = sum((Counter(said) & Counter(wanted)).values())
    return 2.0 * common / (len(said) + len(wanted)) if common else 0.0


def best_f1(said: str, answers: Sequence[str]) -> float:
    return max((f1(tokens(said), tokens(answer)) for answer in answers), default=0.0)


def locomo(data: Path) -> list[Store]:
    """One store a dialogue, without the questions that the audit found wrong but for their citation; category 5 has no answer."""
    raw = json.loads((data / "locomo" / "locomo.json").read_text(encoding="utf-8"))
    audit = json.loads((data / "locomo" / "audit_errors.json").read_text(encoding="utf-8"))
    wrong = {(row["question"], str(row["golden_answer"])) for row in audit if row["error_type"] != "WRONG_CITATION"}
    stores = []
    for dialogue, store in zip(raw, dialogues(data), strict=True):
        questions = []
        for i, (row, asked) in enumerate(zip(dialogue["qa"], store.questions, strict=True)):
            adversarial = row["category"] == 5
            if adversarial or (row["question"], str(row.get("answer"))) not in wrong:
                answers = () if adversarial else (str(row["answer"]),)
                questions.append(Asked(f"{store.name}-{i}", row["question"], answers, str(row["category"]), asked.mended))
        stores.append(Store(store.name, store.records, questions))
    return stores


def steps(data: Path) -> Store:
    """MuSiQue's questions taken apart into their steps, `#1` filled in and "Spain >> capital" made a question; the passages that support them and a few that do not."""
    texts: dict[str, int] = {}
    asked: dict[str, Asked] = {}
    for row in json.loads((data / "musique-100" / "questions.json").read_text(encoding="utf-8")):
        beside = [part for part in row["paragraphs"] if not part["is_supporting"]][:DISTRACTORS]
        for part in (*(part for part in row["paragraphs"] if part["is_supporting"]), *beside):
            texts.setdefault(f"{part['title']}\n\n{part['paragraph_text']}", len(texts))
        said: list[str] = []
        for step in row["question_decomposition"]:
            text = step["question"]
            for i, answer in enumerate(said, 1):
                text = text.replace(f"#{i}", answer)
            said.append(step["answer"])
            if ">>" in text:
                subject, relation = (part.strip() for part in text.split(">>"))
                text = f"What is the {relation} of {subject}?"
            part = row["paragraphs"][step["paragraph_support_idx"]]
            place = texts[f"{part['title']}\n\n{part['paragraph_text']}"]
            asked.setdefault(text, Asked(f"step-{len(asked)}", text, (step["answer"],), "step", (place,)))
    return Store("musique", [Record(text) for text in texts], list(asked.values()))


def by_sentence(store: Store) -> Store:
    """The same passages, a record being a sentence, as the bundled textbook is kept, and the title the session; every third question has lost its passage."""
    questions = [replace(asked, answers=()) if i % 3 == 0 else asked for i, asked in enumerate(store.questions)]
    kept = {place for asked in questions if asked.answers for place in asked.evidence}
    gone = {place for asked in questions if not asked.answers for place in asked.evidence} - kept
    questions = [asked for asked in questions if asked.answers or set(asked.evidence) <= gone]
    cut = []
    for i, record in enumerate(store.records):
        title, text = str(record.text).split("\n\n", 1)
        if i not in gone:
            cut += [Record(text[start:end], session=title) for start, end in sentences(text)]
    return Store(f"{store.name} by sentence", cut, questions)


def textbook() -> Store:
    rows = [json.loads(line) for line in (content_folder("tasks") / "recall" / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    questions = [
        Asked(
            row["id"],
            row["question"],
            () if row["answer"] is None else (row["answer"],),
            row["type"],
            (),
            None if row["answer"] is None else (row["chapter"], *row["span"]),
        )
        for row in rows
    ]
    return Store("textbook", records(), questions)
