"""`solomonic compare`: what it prints, what it leaves, and one clear line for every wrong input."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from solomonic.cli.app import run


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def table(path: Path, n: int = 60, **columns: list[object]) -> Path:
    rng = np.random.default_rng(0)
    size = rng.normal(size=n).round(3)
    labels = ["yes" if s > 0 else "no" for s in size]
    data: dict[str, list[object]] = {"size": size.tolist(), "colour": ["red", "blue", "green"] * (n // 3), "y": labels, **columns}  # type: ignore[dict-item]
    lines = [",".join(data)] + [",".join(map(str, row)) for row in zip(*data.values(), strict=True)]
    path.write_text("\n".join(lines) + "\n")
    return path


FAST = ["--learner", "majority", "--learner", "nearest", "--seeds", "1", "--jobs", "1"]


def test_own_data_end_in_a_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    table(Path("t.csv"))
    assert run(["compare", "--data", "t.csv", "--target", "y", *FAST]) == 0
    out, err = capsys.readouterr()
    assert "nearest" in out
    assert "majority" in out
    assert "y" in err
    assert max(map(len, out.splitlines())) <= 100


def test_json_is_one_object_that_keeps_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    table(Path("t.csv"))
    assert run(["compare", "--data", "t.csv", "--target", "y", "--json", *FAST, "--learner", "maxent"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert {"schema_version", "run", "verdict", "outcomes", "drift", "columns", "rows", "pairs", "break_even"} <= set(out)
    row = {
        "suite",
        "task",
        "learner",
        "kind",
        "keeps_data",
        "sees_batch",
        "metric",
        "higher_is_better",
        "score",
        "low",
        "high",
        "floor",
        "n",
        "seeds",
    }
    row |= {"study_cpu_s", "study_wall_s", "answer_p50_s", "answer_p95_s", "answer_batch_s", "state_bytes", "peak_bytes", "state_growth"}
    assert all(row <= set(one) for one in out["rows"])
    assert {one["outcome"] for one in out["outcomes"]} <= {"differ", "equivalent", "cannot tell"}
    assert {one["state"] for one in out["break_even"]} <= {"now", "after", "never", "not comparable"}


def test_a_dry_run_prints_the_plan_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["compare", "--dry-run", "--limit", "60"]) == 0
    assert "to run" in capsys.readouterr().err
    assert list(Path().iterdir()) == []


def test_the_same_call_again_finds_everything_done(capsys: pytest.CaptureFixture[str]) -> None:
    table(Path("t.csv"))
    run(["compare", "--data", "t.csv", "--target", "y", *FAST])
    first = capsys.readouterr().out
    assert run(["compare", "--data", "t.csv", "--target", "y", *FAST]) == 0
    out, err = capsys.readouterr()
    assert "0 to run" in err
    assert out == first


def bad_files(folder: Path) -> dict[str, Path]:
    n = 60
    files = {
        "empty": folder / "empty.csv",
        "header only": folder / "header.csv",
        "junk": folder / "junk.csv",
    }
    files["empty"].write_text("")
    files["header only"].write_text("a,b,y\n")
    files["junk"].write_bytes(bytes(range(256)) * 20)
    files["one class"] = table(folder / "one.csv", y=["yes"] * n)
    files["ids"] = table(folder / "many.csv", 10_000 * 3, y=[f"c{i % 10_000}" for i in range(10_000 * 3)])
    files["short"] = table(folder / "short.csv", 6)
    return files


@pytest.mark.parametrize("name", ["empty", "header only", "junk", "one class", "ids", "short"])
def test_a_table_that_cannot_be_used_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    path = bad_files(tmp_path)[name]
    assert run(["compare", "--data", str(path), "--target", "y", *FAST]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert len(err.strip().splitlines()) == 1, err
    assert not (tmp_path / ".solomonic").exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["compare", "--data", "absent.csv", "--target", "y"], "absent.csv"),
        (["compare", "--data", "t.csv", "--target", "z"], "'z'"),
        (["compare", "--data", "t.csv"], "--target"),
        (["compare", "--data", "t.csv", "--target", "y", "--time", "when"], "'when'"),
        (["compare", "--data", "t.csv", "--target", "y", "core"], "one of the two"),
        (["compare", "--target", "y"], "--data"),
        (["compare", "nosuch"], "unknown suite"),
        (["compare", "--learner", "nearset"], "did you mean nearest"),
        (["compare", "--learner", "no.such.Thing"], "no.such"),
        (["compare", "--seeds", "-1"], "--seeds"),
        (["compare", "--seeds", "two"], "--seeds"),
        (["compare", "--margin", "0"], "--margin"),
        (["compare", "--margin", "nan"], "margin is nan"),
        (["compare", "--margin", "inf"], "margin is inf"),
        (["compare", "t.csv"], "--target"),
        (["compare", "--limit", "0"], "--limit"),
        (["compare", "--jobs", "0"], "--jobs"),
        (["compare", "--sedes", "1"], "--seeds"),
        (["report", "nowhere"], "no run"),
        (["ls", "nothing"], "nothing"),
        (["compare", "--limit", "60", "--out", "t.csv"], "t.csv"),
        (["compare", "--limit", "60", "--out", "/proc/solomonic"], "/proc/solomonic"),
    ],
)
def test_misuse_is_one_line_and_leaves_nothing(capsys: pytest.CaptureFixture[str], args: list[str], says: str) -> None:
    table(Path("t.csv"))
    assert run(args) == 2
    out, err = capsys.readouterr()
    line = err.strip().splitlines()[-1]
    assert says in line
    assert line.startswith("solomonic: ")
    assert "Traceback" not in err
    assert out == ""
    assert [path.name for path in Path().iterdir()] == ["t.csv"]


def test_a_suite_with_an_unknown_key_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "suites" / "mine").mkdir(parents=True)
    (tmp_path / "suites" / "mine" / "suite.toml").write_text(
        '[suite]\ntitle = "mine"\n[[task]]\nname = "a"\nsource = "sklearn:iris"\nmetriks = []\n'
    )
    assert run(["compare", "mine", "--suite-path", str(tmp_path / "suites")]) == 2
    err = capsys.readouterr().err
    assert "metriks" in err
    assert "metrics" in err
    assert len(err.strip().splitlines()) == 1


def test_missing_and_infinite_values_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    size: list[object] = np.random.default_rng(0).normal(size=60).tolist()
    table(Path("t.csv"), size=["", "inf", "NaN", *size[3:]], y=["a", "b"] * 30)
    assert run(["compare", "--data", "t.csv", "--target", "y", "--json", *FAST]) == 0
    columns = json.dumps(json.loads(capsys.readouterr().out)["columns"])
    assert "3" in columns


def test_no_header_numbers_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    path = table(Path("t.csv"))
    path.write_text("\n".join(path.read_text().splitlines()[1:]))
    assert run(["compare", "--data", "t.csv", "--target", "-1", "--no-header", *FAST]) == 0


def test_a_sklearn_estimator_joins_by_its_import_path(capsys: pytest.CaptureFixture[str]) -> None:
    table(Path("t.csv"))
    assert run(["compare", "--data", "t.csv", "--target", "y", "--learner", "sklearn.naive_bayes.GaussianNB", "--seeds", "1"]) == 0
    assert "GaussianNB" in capsys.readouterr().out


def test_the_report_is_written_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    table(Path("t.csv"))
    run(["compare", "--data", "t.csv", "--target", "y", "--out", "run", *FAST])
    assert run(["report", "run", "-o", "r.html"]) == 0
    text = Path("r.html").read_text()
    assert "<script" not in text
    assert "http" not in text.replace("http://www.w3.org", "")
    assert "What the columns were taken for" in text
    assert "colour" in text


def test_an_interrupt_says_how_to_continue_and_exits_130(tmp_path: Path) -> None:
    import signal
    import time

    command = [sys.executable, "-m", "solomonic", "compare", "--out", str(tmp_path / "run")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run" / "run.json").exists():
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "the same command continues" in err
    assert "Traceback" not in err


def test_a_suite_named_twice_is_played_once(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for names in (["core"], ["core", "core"]):
        assert run(["compare", *names, "--limit", "60", "--dry-run"]) == 0
        said.append(capsys.readouterr().err)
    assert said[0] == said[1]
