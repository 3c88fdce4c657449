"""The two sets by which recall is measured, each as stores and questions: LoCoMo's dialogues (turns) and MuSiQue's passages."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from solomonic.memory import Record

SPEAKERS = ("speaker_a", "speaker_b")


@dataclass(frozen=True)
class Asked:
    """A question; `evidence`: places of records in its store; `mended`: those after the audit, equal where it found nothing wrong."""

    text: str
    kind: str
    evidence: tuple[int, ...]
    mended: tuple[int, ...]


@dataclass(frozen=True)
class Store:
    """What is remembered, and what is asked of it."""

    name: str
    records: Sequence[Record]
    questions: Sequence[Asked]
    speakers: tuple[str, ...] = ()


def locomo(data: Path) -> list[Store]:
    """One store a dialogue. Evidence that names no turn is left out; a question may be left with none."""
    dialogues = json.loads((data / "locomo" / "locomo.json").read_text(encoding="utf-8"))
    audit = json.loads((data / "locomo" / "audit_errors.json").read_text(encoding="utf-8"))
    wrong = {
        (row["question"], tuple(row["cited_evidence"])): row["correct_evidence"] for row in audit if row["error_type"] == "WRONG_CITATION"
    }
    stores = []
    for dialogue in dialogues:
        places: dict[str, int] = {}
        records = []
        for session, at, turn in _turns(dialogue["conversation"]):
            places[turn["dia_id"]] = len(records)
            caption = turn.get("blip_caption")
            text = turn["text"] + (f" [shares {caption}]" if caption else "")
            records.append(Record(text, session=session, speaker=turn["speaker"], at=at))
        questions = []
        for asked in dialogue["qa"]:
            cited = asked["evidence"]
            mended = wrong.get((asked["question"], tuple(cited)), cited)
            questions.append(Asked(asked["question"], str(asked["category"]), _known(cited, places), _known(mended, places)))
        names = tuple(dialogue["conversation"][name] for name in SPEAKERS)
        stores.append(Store(dialogue["sample_id"], records, questions, names))
    return stores


def _known(cited: Sequence[str], places: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({places[name] for name in cited if name in places}))


def _turns(conversation: dict[str, object]) -> Iterator[tuple[str, datetime.datetime, dict[str, str]]]:
    numbers = sorted(int(match[1]) for name in conversation if (match := re.fullmatch(r"session_(\d+)", name)))
    for number in numbers:
        at = datetime.datetime.strptime(str(conversation[f"session_{number}_date_time"]), "%I:%M %p on %d %B, %Y").replace(
            tzinfo=datetime.UTC
        )
        turns = conversation[f"session_{number}"]
        assert isinstance(turns, list)
        for turn in turns:
            yield f"session {number}", at, turn


def musique(data: Path) -> Store:
    """The passages, titles first, in no session and of no speaker."""
    folder = data / "musique-100"
    corpus = json.loads((folder / "corpus.json").read_text(encoding="utf-8"))
    texts = [f"{passage['title']}\n{passage['text']}" for passage in corpus]
    places = {text: i for i, text in enumerate(texts)}
    questions = []
    for asked in json.loads((folder / "questions.json").read_text(encoding="utf-8")):
        support = [f"{part['title']}\n{part['paragraph_text']}" for part in asked["paragraphs"] if part["is_supporting"]]
        evidence = tuple(sorted({places[text] for text in support}))
        questions.append(Asked(asked["question"], asked["id"][:4], evidence, evidence))
    return Store("musique-100", [Record(text) for text in texts], questions)
