"""The textbook and the questions on it: files that are valid, spans that are the answers, questions in words of their own."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from solomonic.content import content_folder

TEXTBOOK = content_folder("memory") / "textbook"
QUESTIONS = content_folder("tasks") / "recall" / "questions.jsonl"
TYPES = {"name", "date", "number", "duration", "yes-no", "definition", "unanswerable"}


def questions() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def body(chapter: bytes) -> bytes:
    """What stands before the sources."""
    return chapter[: chapter.index(b"\n## Sources\n")]


@pytest.mark.parametrize("path", sorted(TEXTBOOK.glob("*.md")), ids=lambda path: path.stem)
def test_a_chapter_is_short_has_a_title_and_says_its_sources(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert 400 <= len(text.split()) <= 800
    sources = text.split("\n## Sources\n\n")[1].splitlines()
    assert len(sources) >= 3
    assert all(line.startswith("- ") for line in sources)
    assert "\u00a0" not in text
    assert not re.search(r"[ \t]\n", text)
    paragraphs = text.split("\n\n")
    assert all("\n" not in paragraph.strip() for paragraph in paragraphs[:-1])


def test_there_are_enough_chapters_and_the_readme_names_them_all() -> None:
    names = sorted(path.name for path in TEXTBOOK.glob("*.md"))
    assert 8 <= len(names) <= 10
    readme = (TEXTBOOK.parent / "README.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in readme for name in names)


def test_every_span_is_its_answer_byte_for_byte_and_stands_once_in_its_chapter() -> None:
    for row in questions():
        if row["type"] == "unanswerable":
            continue
        data = (TEXTBOOK / row["chapter"]).read_bytes()
        start, end = row["span"]
        answer = row["answer"].encode()
        assert data[start:end] == answer, row
        assert [match.start() for match in re.finditer(rb"(?<!\w)" + re.escape(answer) + rb"(?!\w)", body(data))] == [start], row


def test_every_question_has_the_keys_and_values_of_its_type() -> None:
    rows = questions()
    assert len({row["id"] for row in rows}) == len({row["question"] for row in rows}) == len(rows)
    for row in rows:
        assert set(row) == {"id", "question", "answer", "chapter", "span", "type"} | ({"says"} if row["type"] == "yes-no" else set())
        assert row["type"] in TYPES
        assert row["question"].endswith("?")
        nothing = [row["answer"], row["chapter"], row["span"]] == [None, None, None]
        assert nothing == (row["type"] == "unanswerable")
        assert row.get("says", "no") in ("yes", "no")


def test_there_are_questions_of_every_type_on_every_chapter() -> None:
    rows = questions()
    counts = Counter(row["type"] for row in rows)
    assert set(counts) == TYPES
    assert counts["unanswerable"] == 8
    assert len(rows) >= 60
    assert {row["chapter"] for row in rows} - {None} == {path.name for path in TEXTBOOK.glob("*.md")}


def test_no_question_is_made_of_the_words_of_its_answer_alone() -> None:
    for row in questions():
        if row["answer"] is None:
            continue
        text = body((TEXTBOOK / row["chapter"]).read_bytes()).decode()
        start = len((TEXTBOOK / row["chapter"]).read_bytes()[: row["span"][0]].decode())
        sentence = text[text.rfind(". ", 0, start) + 1 : text.find(".", start + len(row["answer"])) + 1].lower()
        asked = re.findall(r"[a-z]{4,}", row["question"].lower())
        assert any(word not in sentence for word in asked if word not in ("what", "which", "when", "whom", "where", "does")), row[
            "question"
        ]


def test_what_is_unanswerable_is_not_said_word_for_word() -> None:
    texts = " ".join(path.read_text(encoding="utf-8").lower() for path in TEXTBOOK.glob("*.md"))
    for word in ("wife", "salary", "seminar", "prize"):
        assert word not in texts
