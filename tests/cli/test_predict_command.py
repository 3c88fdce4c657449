"""`solomonic predict`: the contract of its JSON, and one clear line for every wrong input."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest

from solomonic.cli.predict import predict
from solomonic.errors import SolomonicError


def call(*args: str) -> None:
    predict.main(args=list(args), standalone_mode=False)


def test_json_is_one_object_that_keeps_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    call("010101", "--length", "15", "--json")
    out = json.loads(capsys.readouterr().out)
    assert {
        "schema_version", "target", "length", "steps", "space", "scale", "mass", "mass_resummed", "log2_mass", "next", "prediction", "programs", "nodes", "seconds",
    } <= set(out)  # fmt: skip
    assert next(iter(out)) == "schema_version"
    assert sum(map(int, out["mass"].values())) == int(out["scale"]) == 2**15
    assert set(out["mass"]) == {"acc", "mis", "dead", "ut", "ul", "us"}
    for bit in "01":
        low, high = out["next"][bit]
        assert 0.0 <= low <= out["prediction"][bit] <= high <= 1.0
    assert out["programs"][0] == {"program": ".!]", "bits": 9, "next": 0}
    assert out["log2_mass"][0] <= out["log2_mass"][1]


def test_a_target_that_nothing_prints_has_no_lower_bound(capsys: pytest.CaptureFixture[str]) -> None:
    call("0110111001011", "--length", "9", "--json")
    out = json.loads(capsys.readouterr().out)
    assert out["log2_mass"][0] is None
    assert out["programs"] == []


def test_the_default_says_what_it_walked(capsys: pytest.CaptureFixture[str]) -> None:
    call("0101", "--seconds", "0.1")
    captured = capsys.readouterr()
    assert "program  .!]" in captured.out
    assert "certainly in" in captured.out
    assert "length" in captured.err
    assert max(map(len, captured.out.splitlines())) <= 100


@pytest.mark.parametrize("empty", ["", "-"])
def test_an_empty_sequence_is_the_root_interval(empty: str, capsys: pytest.CaptureFixture[str]) -> None:
    call(empty, "--length", "9", "--json")
    out = json.loads(capsys.readouterr().out)
    assert out["mass"]["acc"] == out["scale"] == "512"
    assert out["next"]["0"][0] > 0


def test_no_time_at_all_is_the_whole_interval(capsys: pytest.CaptureFixture[str]) -> None:
    call("01", "--seconds", "0", "--json")
    out = json.loads(capsys.readouterr().out)
    assert out["length"] == 0
    assert out["next"] == {"0": [0.0, 1.0], "1": [0.0, 1.0]}


def test_a_picture_is_written(tmp_path: Path) -> None:
    call("0101", "--length", "9", "--plot", str(tmp_path / "p.png"))
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["01x1"], "'x' at place 2 is not a bit"),
        (["01", "--length", "61"], "length is 61"),
        (["01", "--length", "-1"], "length is -1"),
        (["01", "--steps", "0"], "steps is 0"),
        (["01", "--seconds", "-1"], "seconds is -1"),
        (["01", "--seconds", "nan"], "seconds is nan"),
        (["01", "--seconds", "1", "--length", "9"], "give one"),
        (["0" * 1_000_000], "1,000,000 symbols"),
        (["01", "--plot", "picture.doc"], "--plot"),
        (["01", "--plot", "/no/such/folder/p.png"], "no folder"),
    ],
)
def test_bad_input_is_one_clear_line(args: list[str], said: str) -> None:
    with pytest.raises(SolomonicError, match=said) as caught:
        call(*args)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_length_that_is_no_number_is_misuse() -> None:
    with pytest.raises(click.ClickException):
        call("01", "--length", "many")
