"""What is finished stays finished: torn files, killed runs, newer versions, two writers."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest

from solomonic.bench.ledger import Ledger, coordinates, finished, read_run
from solomonic.bench.results import CellResult, Row, TaskMeta
from solomonic.errors import RunError
from solomonic.records import Cost

META = TaskMeta("own", "t", "", "split", "class", ("accuracy",), "question", 2)
COST = Cost(0.1, 0.1, (0.001, 0.002), 0.001, 100, 200)


def cell(learner: str = "nearest", seed: int = 0, rows: int = 3) -> CellResult:
    answered = tuple(Row(f"q{i}", "exam", 0, f"q{i}", "a\u2028b", "b", {"accuracy": 0.0, "f1": [0, 1]}, 0.5) for i in range(rows))
    return CellResult(
        f"key-{learner}-{seed}", "own", "t", learner, "transductive", True, False, seed, 1.0, 10, COST, answered, ((10, 100),), ("n",)
    )


def write(folder: Path, *cells: CellResult) -> None:
    with Ledger(folder) as ledger:
        ledger.write_info({"created": "now"}, [META])
        for one in cells:
            ledger.append(one)


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    write(tmp_path, cell(), cell(seed=1, rows=0))
    run = read_run(tmp_path)
    assert list(run.cells) == [cell(), cell(seed=1, rows=0)]
    assert list(run.tasks) == [META]


@pytest.mark.parametrize("keep", range(0, 101, 4))
def test_a_run_torn_at_any_byte_keeps_its_whole_cells_and_continues(tmp_path: Path, keep: int) -> None:
    write(tmp_path, cell(), cell(seed=1))
    for name in ("answers.jsonl", "cells.jsonl"):
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) * keep // 100])
        kept = list(read_run(tmp_path).cells)
        assert kept == [cell(), cell(seed=1)][: len(kept)]
        with Ledger(tmp_path) as ledger:
            for one in (cell(), cell(seed=1)):
                if coordinates(one) not in ledger.finished:
                    ledger.append(one)
            ledger.seal([coordinates(cell()), coordinates(cell(seed=1))])
        assert list(read_run(tmp_path).cells) == [cell(), cell(seed=1)]
        assert (tmp_path / name).read_bytes() == whole


def test_sealing_puts_cells_in_plan_order_and_drops_answers_without_a_cell(tmp_path: Path) -> None:
    write(tmp_path, cell(seed=1), cell(seed=0))
    with open(tmp_path / "answers.jsonl", "a") as handle:
        handle.write('{"cell": "gone", "question": "q"}\n{"torn')
    with Ledger(tmp_path) as ledger:
        ledger.seal([coordinates(cell(seed=0)), coordinates(cell(seed=1))])
    assert [one.seed for one in read_run(tmp_path).cells] == [0, 1]
    lines = (tmp_path / "answers.jsonl").read_bytes().decode().rstrip("\n").split("\n")
    assert all(json.loads(line)["cell"] != "gone" for line in lines)


@pytest.mark.parametrize("line", ["[1]", "7", '{"cell": "half'])
def test_an_answer_that_is_not_ours_is_passed_over_and_then_dropped(tmp_path: Path, line: str) -> None:
    write(tmp_path, cell())
    whole = (tmp_path / "answers.jsonl").read_bytes()
    (tmp_path / "answers.jsonl").write_bytes(line.encode() + b"\n" + whole)
    assert list(read_run(tmp_path).cells) == [cell()]
    with Ledger(tmp_path):
        pass
    assert (tmp_path / "answers.jsonl").read_bytes() == whole


@pytest.mark.parametrize("line", ["{}", "[1]"])
def test_a_cell_that_is_not_ours_is_one_error(tmp_path: Path, line: str) -> None:
    write(tmp_path, cell())
    with open(tmp_path / "cells.jsonl", "a") as handle:
        handle.write(line + "\n")
    with pytest.raises(RunError, match="damaged"):
        read_run(tmp_path)
    with pytest.raises(RunError, match="damaged"), Ledger(tmp_path):
        pass


def test_what_a_killed_run_left_half_written_is_gone_after_the_next(tmp_path: Path) -> None:
    write(tmp_path, cell())
    (tmp_path / ".tasks-abc").mkdir()
    (tmp_path / ".tasks-abc" / "0.task").write_bytes(b"half")
    (tmp_path / ".cells.jsonl.123").write_text("half")
    with Ledger(tmp_path) as ledger, ledger.scratch() as scratch:
        assert scratch.parent == tmp_path
        assert {path.name for path in tmp_path.glob(".*")} == {scratch.name}
    assert not list(tmp_path.glob(".*"))


def test_a_stale_cell_is_replaced_by_the_new_one(tmp_path: Path) -> None:
    write(tmp_path, cell())
    new = dataclasses.replace(cell(), key="new", observed=11)
    with Ledger(tmp_path) as ledger:
        ledger.append(new)
    assert list(read_run(tmp_path).cells) == [new]


def test_a_newer_run_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    write(tmp_path, cell())
    info = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps({**info, "schema_version": 99}))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    for use in (lambda: Ledger(tmp_path).__enter__(), lambda: read_run(tmp_path), lambda: finished(tmp_path)):
        with pytest.raises(RunError, match="newer version"):
            use()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("junk", [b"", b"{}", b"\xff\xfe", b"[1]", b'{"schema_version": "x"}'])
def test_a_run_json_that_is_not_one_is_refused(tmp_path: Path, junk: bytes) -> None:
    (tmp_path / "run.json").write_bytes(junk)
    with pytest.raises(RunError, match="not the description of a run"):
        Ledger(tmp_path).__enter__()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="cannot write the run"):
        Ledger(tmp_path / "file").__enter__()
    assert (tmp_path / "file").read_text() == "mine"


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="holds no run"):
        read_run(tmp_path)


def test_two_processes_do_not_write_one_run(tmp_path: Path) -> None:
    code = f"from pathlib import Path\nfrom solomonic.bench.ledger import Ledger\nLedger(Path({str(tmp_path)!r})).__enter__()"
    with Ledger(tmp_path):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "another process is running" in other.stderr


def test_a_full_disk_is_one_error_and_keeps_what_was_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, cell())

    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    with Ledger(tmp_path) as ledger:
        monkeypatch.setattr("os.fsync", full)
        with pytest.raises(RunError, match="No space left"):
            ledger.append(cell(seed=1))
    monkeypatch.undo()
    assert next(iter(read_run(tmp_path).cells)) == cell()
