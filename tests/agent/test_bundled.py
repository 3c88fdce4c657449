"""The bundled textbook as a memory: every record is a stretch of its chapter, and the cached store is built once."""

from __future__ import annotations

from pathlib import Path

import pytest

from solomonic.agent import Agent, bundled, textbook


def test_every_record_is_the_bytes_of_its_chapter() -> None:
    chapters = {name: text.encode() for name, text in bundled.chapters()}
    made = bundled.records()
    assert len(made) > 200
    for record in made:
        start = record.meta["start"]
        assert chapters[str(record.source)][start : start + len(record.data)] == record.data


def test_it_is_built_once_and_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with textbook(name="hashing", folder=tmp_path) as memory:
        assert Agent(memory, threshold=0.0).ask("Who made the first popular transductive SVM?").evidence
        first = [record.id for record in memory.records()]
    with textbook(name="hashing", folder=tmp_path) as memory:
        assert [record.id for record in memory.records()] == first
    assert [path.name.split("-")[0] for path in tmp_path.iterdir()] == ["textbook"]


def test_where_nothing_may_be_written_it_stays_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with textbook(name="hashing", folder=tmp_path / "file") as memory:
        assert len(memory) > 200


def test_the_cache_folder_is_the_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert bundled.cache_folder() == tmp_path / "solomonic"
