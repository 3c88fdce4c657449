"""`solomonic ask`: what it prints, and where it looks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from solomonic.cli.app import run

CONTRACT = {"schema_version", "question", "answer", "verdict", "answerable", "evidence", "claims"}


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOLOMONIC_STORE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def store(capsys: pytest.CaptureFixture[str]) -> str:
    assert (
        run(["memory", "add", "--store", "s", "--encoder", "hashing", "The bridge over the river Don was built by Anna Berg in 1987."]) == 0
    )
    capsys.readouterr()
    return "s"


def test_json_is_one_object_that_keeps_the_contract(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "Who built the bridge over the river Don?", "--store", store, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) >= CONTRACT
    for one in found["evidence"]:
        assert one["text"] in "The bridge over the river Don was built by Anna Berg in 1987."


def test_an_answer_names_its_record_and_bytes(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "Who built the bridge over the river Don?", "--store", store]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == "Anna Berg"
    assert "bytes 43 to 52" in out
    assert "SUPPORTED" in err


def test_what_is_not_known_is_declined_and_is_no_failure(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "Which enzyme breaks down lactose?", "--store", store]) == 0
    out, err = capsys.readouterr()
    assert out == "no answer\n"
    assert err.startswith("UNCHECKED: ")


def test_a_store_that_is_named_but_not_there_is_a_misuse(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ask", "Who?", "--store", "nowhere"]) == 2
    assert "there is no store in nowhere" in capsys.readouterr().err


def test_without_a_store_the_textbook_is_asked(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from solomonic.agent import bundled

    def here(name: str) -> None:
        from solomonic.errors import MissingExtra

        raise MissingExtra("not here")

    monkeypatch.setattr(bundled, "encoder", here)
    assert run(["ask", "Who made the first popular transductive SVM?", "--json"]) == 0
    out, err = capsys.readouterr()
    assert set(json.loads(out)) >= CONTRACT
    assert "the bundled textbook is asked" in err
    assert "minilm are not here" in err
    assert not Path(".solomonic").exists()
