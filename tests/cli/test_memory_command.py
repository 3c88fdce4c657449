"""`solomonic memory`: records in, found, forgotten and verified, each by one command, and one clear line for every wrong input."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from solomonic.cli.app import run

LINES = (
    {
        "text": "I painted that lake sunrise last year.",
        "speaker": "Melanie",
        "session": "one",
        "at": "2023-05-08",
        "source": "chat",
        "meta": {"n": 1},
    },
    {"text": "Żółw — two lines\nand a tab\t.", "speaker": "Caroline", "session": "one", "at": 1683504000},
    {"text": ""},
    {"base64": base64.b64encode(b"\xff\x00raw").decode()},
)


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOLOMONIC_STORE", raising=False)


@pytest.fixture
def ids(capsys: pytest.CaptureFixture[str]) -> list[str]:
    Path("in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    assert run(["memory", "add", "--store", "s", "--encoder", "hashing", "--jsonl", "in.jsonl"]) == 0
    return [json.loads(line)["id"] for line in capsys.readouterr().out.splitlines()]


def found(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(capsys.readouterr().out)
    return result


def test_each_record_is_acknowledged_with_id_and_hash(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert len(set(ids)) == len(LINES)
    assert run(["memory", "get", "--store", "s", ids[0], "--json"]) == 0
    record = found(capsys)
    assert record["text"] == LINES[0]["text"]
    assert record["speaker"] == "Melanie"


def test_get_prints_the_bytes_that_went_in(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    Path("in.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    assert run(["memory", "add", "--store", "s", "--encoder", "hashing", "--jsonl", "in.jsonl"]) == 0
    acknowledged = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    for one, wanted in zip(acknowledged, (*(str(line["text"]).encode() for line in LINES[:3]), b"\xff\x00raw"), strict=True):
        assert run(["memory", "get", "--store", "s", one["id"]]) == 0
        assert capsysbinary.readouterr().out == wanted
        assert one["sha256"] == hashlib.sha256(wanted).hexdigest()


def test_recall_keeps_the_json_contract(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "recall", "--store", "s", "What did Melanie paint?", "-k", "2", "--json"]) == 0
    result = found(capsys)
    assert list(result)[:4] == ["schema_version", "question", "answerable", "hits"]
    assert 0.0 <= result["answerable"] <= 1.0
    assert len(result["hits"]) == 2
    assert result["hits"][0]["id"] == ids[0]
    assert all({"id", "text", "score", "channels", "span"} <= set(hit) for hit in result["hits"])


def test_recall_says_for_people_why_each_was_chosen(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "recall", "--store", "s", "What did Melanie paint?", "--channel", "lexical"]) == 0
    out, err = capsys.readouterr()
    assert "lake sunrise" in out
    assert "lexical" in out
    assert "probability" in err


def test_recall_as_of_a_time_sees_nothing_later(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "recall", "--store", "s", "paint", "--known-at", "2001-01-01", "--json"]) == 0
    assert found(capsys)["hits"] == []


def test_show_and_stats_say_what_there_is(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "show", "--store", "s", "-n", "2"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ids[:1:-1]
    assert run(["memory", "stats", "--store", "s", "--json"]) == 0
    assert found(capsys)["records"] == len(LINES)
    assert run(["memory", "stats", "--store", "s"]) == 0
    assert "hashing" in capsys.readouterr().out


def test_forget_prints_a_receipt_and_the_record_is_gone(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "forget", "--store", "s", ids[0], "--json"]) == 0
    receipt = found(capsys)
    assert receipt["ok"]
    assert receipt["forgotten"] == [ids[0]]
    assert set(receipt["probes"]) == {"log", "pages", "vectors", "text", "graph", "caches"}
    assert run(["memory", "get", "--store", "s", ids[0]]) == 2
    assert ids[0] in capsys.readouterr().err
    assert b"lake sunrise" not in b"".join(path.read_bytes() for path in Path("s").rglob("*") if path.is_file())


def test_verify_is_clean_and_keeps_the_contract(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "verify", "--store", "s", "--json"]) == 0
    report = found(capsys)
    assert report["ok"]
    assert report["records"] == len(LINES)
    assert {"schema_version", "ok", "records", "problems", "rebuilt"} <= set(report)


def test_a_damaged_log_is_a_failure_with_the_place(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("s/memory.db")
    data = bytearray(path.read_bytes())
    at = data.find(b"lake sunrise")
    data[at : at + 4] = b"LAKE"
    path.write_bytes(bytes(data))
    assert run(["memory", "verify", "--store", "s", "--json"]) == 1
    report = found(capsys)
    assert not report["ok"]
    assert report["problems"]


def test_export_and_import_make_an_equal_store(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", "export", "--store", "s", "--vectors"]) == 0
    exported = capsys.readouterr().out
    Path("out.jsonl").write_text(exported, encoding="utf-8")
    assert run(["memory", "import", "--store", "t", "out.jsonl"]) == 0
    assert "4 records" in capsys.readouterr().err
    assert run(["memory", "export", "--store", "t", "--vectors"]) == 0
    assert capsys.readouterr().out == exported


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]\n", b"\xff\xfe\n", b'{"kind": "store", "schema_version": 999}\n', b'{"kind": "store", "encoder": 3}\n']
)
def test_what_is_no_export_is_refused_in_one_line(data: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.jsonl").write_bytes(data)
    assert run(["memory", "import", "--store", "t", "--encoder", "hashing", "bad.jsonl"]) == (2 if data else 0)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_texts_may_be_given_as_arguments(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOLOMONIC_STORE", "named")
    assert run(["memory", "add", "--encoder", "hashing", "one", "two"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2
    assert (Path("named") / "memory.db").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "not JSON"), ("[]", "an object"), ('{"text": "a", "base64": "YQ=="}', "an object"), ('{"speaker": "a"}', "an object"),
        ('{"text": "a", "colour": "red"}', "unknown field 'colour'"), ('{"base64": "*"}', "cannot be decoded"), ('{"text": 3}', "str or bytes"),
        ('{"text": "a", "at": "soon"}', "ISO 8601"), ('{"text": "a", "valid": [1, 2, 3]}', "expected (start, end)"),
        ('{"text": "a", "meta": 3}', "meta"), ('{"text": ' + "[" * 200_000, "not JSON"),
    ],
)  # fmt: skip
def test_a_wrong_line_is_named_and_what_stands_before_it_is_stored(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.jsonl").write_text(f'{{"text": "good"}}\n\n{line}\n{{"text": "behind"}}\n')
    assert run(["memory", "add", "--store", "s", "--encoder", "hashing", "--jsonl", "in.jsonl"]) == 2
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 1
    assert err.startswith("solomonic: line 3: ")
    assert says in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["add", "--store", "s"], "either as --jsonl"),
        (["add", "--store", "s", "--jsonl", "in.jsonl", "text"], "either as --jsonl"),
        (["recall", "--store", "nowhere", "x"], "there is no store"),
        (["recall", "--store", "s", "x", "-k", "0"], "-k"),
        (["recall", "--store", "s", "x", "--channel", "smell"], "channel"),
        (["recall", "--store", "s", "x", "--at", "soon"], "ISO 8601"),
        (["get", "--store", "s", "rnone"], "rnone"),
        (["forget", "--store", "s"], "ID"),
        (["forget", "--store", "s", "rnone"], "rnone"),
        (["verify", "--store", "nowhere"], "there is no store"),
        (["add", "--store", "in.jsonl", "x"], "in.jsonl"),
        (["add", "--store", "s", "--encoder", "minilm", "x"], "encoder"),
    ],
)
def test_a_misuse_is_one_line_and_code_two(args: list[str], says: str, ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["memory", *args]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert len(err.splitlines()) == 1
    assert "Traceback" not in err


def test_a_pipe_is_acknowledged_line_by_line(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from solomonic.cli import main; main()",
        "memory",
        "add",
        "--store",
        "p",
        "--encoder",
        "hashing",
        "--jsonl",
        "-",
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for text in ("one", "two"):
            process.stdin.write(json.dumps({"text": text}).encode() + b"\n")
            process.stdin.flush()
            assert {"id", "sha256"} <= set(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.wait(60) == 0


def test_an_argument_whose_bytes_are_no_text_comes_back_byte_for_byte(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["memory", "add", "--store", "s", "--encoder", "hashing", os.fsdecode(b"caf\xe9 \xff")]) == 0
    id = json.loads(capsysbinary.readouterr().out)["id"]
    assert run(["memory", "get", "--store", "s", id]) == 0
    assert capsysbinary.readouterr().out == b"caf\xe9 \xff"


def test_verify_tells_what_opening_made_anew(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    from solomonic.memory import Memory

    with Memory.open("s") as memory:
        memory.lexical().rebuild()
    (Path("s") / "projections" / "lexical.npz").write_bytes(b"torn")
    assert run(["memory", "verify", "--store", "s", "--json"]) == 0
    report = found(capsys)
    assert report["ok"]
    assert len(report["rebuilt"]) == 1
    assert report["rebuilt"][0].startswith("lexical.npz")
    assert run(["memory", "verify", "--store", "s", "--json"]) == 0
    assert found(capsys)["rebuilt"] == []


@pytest.mark.parametrize("command", ["recall", "get", "show", "stats", "verify", "forget", "export"])
def test_a_store_that_is_a_file_is_said_to_be_one(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("x")
    assert run(["memory", command, "--store", "file", *(["x"] if command in ("recall", "get", "forget") else [])]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "file is a file; a store is a folder" in captured.err
    assert Path("file").read_text() == "x"


def test_a_pipe_that_breaks_is_named_after_all_that_came_is_stored(capsys: pytest.CaptureFixture[str]) -> None:
    from solomonic.cli.memory import _add_batches, _lines
    from solomonic.errors import InputError
    from solomonic.memory import Memory

    class Broken(io.BytesIO):
        name = "pipe"

        def __next__(self) -> bytes:
            line = self.readline()
            if not line:
                raise OSError(5, "Input/output error")
            return line

    with Memory.open("s", encoder="hashing") as memory:
        with pytest.raises(InputError, match="pipe cannot be read to the end"):
            _add_batches(memory, _lines(Broken(b'{"text": "one"}\n{"text": "two"}\n')))
        assert len(memory) == len(capsys.readouterr().out.splitlines()) == 2
