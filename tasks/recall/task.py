"""The tasks of the suite `recall`: one a dialogue of LoCoMo, one of MuSiQue's passages, one of the bundled textbook."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from solomonic.content import content_folder
from solomonic.errors import DataMissing
from solomonic.records import Column, Observation, Query, TaskInfo
from solomonic.tasks.lookup import Lookup
from solomonic.tasks.task import Task

LEARNERS = ("recall:random", "recall:lexical", "recall:dense", "recall:graph", "recall:hybrid")
METRICS = ("recall@10", "recall@5", "recall@2")
COLUMNS = (Column("text", "text"), Column("speaker", "category"), Column("session", "category"))


def tasks() -> Iterable[Task]:
    """Return the tasks; the two public sets are read from SOLOMONIC_DATA."""
    yield textbook()
    data = os.environ.get("SOLOMONIC_DATA")
    for name in ("locomo", "musique-100"):
        if not data or not (Path(data) / name).is_dir():
            raise DataMissing(
                f"the suite recall reads {name} from the folder that SOLOMONIC_DATA names ({data!r} has none); set it to your data"
            )
    yield from locomo(Path(data or "") / "locomo")
    yield musique(Path(data or "") / "musique-100")


def textbook() -> Task:
    """Return the paragraphs of the bundled chapters, and the questions on them that have an answer."""
    paragraphs: list[Observation] = []
    spans: dict[tuple[str, int, int], str] = {}
    for chapter in sorted((content_folder("memory") / "textbook").glob("*.md")):
        for start, end in paragraphs_of(chapter.read_bytes()):
            id = f"{chapter.stem}:{start}"
            spans[chapter.name, start, end] = id
            paragraphs.append(Observation(id, chapter.read_bytes()[start:end].decode()))
    queries, evidence = [], []
    for line in (content_folder("tasks") / "recall" / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        asked = json.loads(line)
        if asked["answer"] is None:
            continue
        low, high = asked["span"]
        ids = tuple(id for (name, start, end), id in spans.items() if name == asked["chapter"] and start <= low and high <= end)
        queries.append(Query(asked["id"], asked["question"]))
        evidence.append(ids)
    info = TaskInfo("textbook", "text", "ranking", metrics=METRICS)
    return Task(
        info,
        Lookup(tuple(paragraphs), tuple(queries), tuple(evidence), rehearsed(queries)),
        "recall",
        LEARNERS,
        1,
        "Which paragraph of the bundled textbook answers",
    )


def rehearsed(queries: Sequence[Query]) -> tuple[int, ...]:
    """Return every fifth question: not scored, the best of a family is chosen on them."""
    return tuple(range(0, len(queries), 5))


def paragraphs_of(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the byte spans of the blocks between blank lines."""
    for match in re.finditer(rb"(?:[^\n]+\n?)+", data):
        yield match.start(), match.end()


def locomo(folder: Path) -> Iterator[Task]:
    """Yield a task a dialogue: which turns hold the evidence; questions without valid evidence are left out."""
    for dialogue in json.loads((folder / "locomo.json").read_text(encoding="utf-8")):
        turns: list[Observation] = []
        for session, at, turn in _turns(dialogue["conversation"]):
            caption = turn.get("blip_caption")
            text = turn["text"] + (f" [shares {caption}]" if caption else "")
            turns.append(Observation(turn["dia_id"], (text, turn["speaker"], session), None, at))
        known = {turn.id for turn in turns}
        queries, evidence = [], []
        for number, asked in enumerate(dialogue["qa"]):
            ids = tuple(dict.fromkeys(id for id in asked["evidence"] if id in known))
            if ids:
                queries.append(Query(f"{dialogue['sample_id']}/{number}", (asked["question"], None, None)))
                evidence.append(ids)
        name = f"locomo_{dialogue['sample_id']}".replace("-", "_")
        info = TaskInfo(name, "record", "ranking", metrics=METRICS, columns=COLUMNS)
        title = f"Which turns of a dialogue hold the evidence ({len(turns)} turns)"
        yield Task(info, Lookup(tuple(turns), tuple(queries), tuple(evidence), rehearsed(queries)), "recall", LEARNERS, 1, title)


def _turns(conversation: dict[str, Any]) -> Iterator[tuple[str, float, dict[str, str]]]:
    numbers = sorted(int(match[1]) for name in conversation if (match := re.fullmatch(r"session_(\d+)", name)))
    for number in numbers:
        said = datetime.datetime.strptime(conversation[f"session_{number}_date_time"], "%I:%M %p on %d %B, %Y")
        for turn in conversation[f"session_{number}"]:
            yield f"session {number}", said.replace(tzinfo=datetime.UTC).timestamp(), turn


def musique(folder: Path) -> Task:
    """Return the passages of all questions, and which of them each question needs."""
    passages: dict[str, str] = {}
    for passage in json.loads((folder / "corpus.json").read_text(encoding="utf-8")):
        passages.setdefault(f"{passage['title']}\n{passage['text']}", f"p{len(passages)}")
    queries, evidence = [], []
    for asked in json.loads((folder / "questions.json").read_text(encoding="utf-8")):
        support = [f"{part['title']}\n{part['paragraph_text']}" for part in asked["paragraphs"] if part["is_supporting"]]
        queries.append(Query(asked["id"], asked["question"]))
        evidence.append(tuple(dict.fromkeys(passages[text] for text in support)))
    records = tuple(Observation(id, text) for text, id in passages.items())
    info = TaskInfo("musique", "text", "ranking", metrics=METRICS)
    return Task(
        info,
        Lookup(records, tuple(queries), tuple(evidence), rehearsed(queries)),
        "recall",
        LEARNERS,
        1,
        "Which passages a question of several steps needs",
    )
