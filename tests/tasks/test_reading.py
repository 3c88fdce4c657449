"""Files become tables word for word, or one line says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError
from solomonic.tasks.reading import read_table

cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8)


def put(folder: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path, header: bool = True, **options: str) -> list[list[object]]:
    return read_table(path, header, **options).astype(object).values.tolist()


@settings(deadline=None)
@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=6))
def test_what_csv_writes_is_what_is_read(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str]]) -> None:
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    quoted = "\n".join(",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in [("a", "b"), *table])
    path.write_bytes(quoted.encode())
    assert rows(path) == [list(row) for row in table]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str) -> None:
    frame = read_table(
        put(tmp_path, delimiter.join(["a", "b", "c"]) + "\n" + delimiter.join(["1,5" if delimiter != "," else "1.5", "x", ""]))
    )
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame.iloc[0].tolist() == ["1,5" if delimiter != "," else "1.5", "x", ""]


def test_without_a_header_columns_are_numbered(tmp_path: Path) -> None:
    frame = read_table(put(tmp_path, "1,2\n3,4\n"), header=False)
    assert list(frame.columns) == ["c0", "c1"]
    assert len(frame) == 2


def test_line_ends_byte_order_marks_blank_lines_and_spaces_do_not_matter(tmp_path: Path) -> None:
    path = put(tmp_path, b"\xef\xbb\xbfa, b\r\n1, x y\r\n\r\n2, z\r\n")
    assert list(read_table(path).columns) == ["a", "b"]
    assert rows(path) == [["1", "x y"], ["2", "z"]]


def test_another_quotation_mark_can_be_named(tmp_path: Path) -> None:
    assert rows(put(tmp_path, "'0-4','it, is'\n'5-9',nan\n"), header=False, quote="'") == [["0-4", "it, is"], ["5-9", "nan"]]


def test_a_line_break_inside_quotes_is_kept(tmp_path: Path) -> None:
    assert rows(put(tmp_path, 'a,b\n"one\ntwo",3\n')) == [["one\ntwo", "3"]]


def test_a_very_long_text_is_read(tmp_path: Path) -> None:
    assert rows(put(tmp_path, "a,b\n" + "x" * 200_000 + ",1\n")) == [["x" * 200_000, "1"]]


def test_an_unnamed_column_is_called_by_its_place(tmp_path: Path) -> None:
    assert list(read_table(put(tmp_path, ",b\n0,1\n")).columns) == ["c0", "b"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("  \n\n", "is empty"),
        ("a,b\n", "no rows"),
        ("a,b\n1,2\n3\n", "line 3 has 1 values but the header has 2"),
        ("a,b\n1,2,3\n", "line 2 has 3 values but the header has 2"),
        ("a,a\n1,2\n", "two columns called 'a'"),
        ('a,b\n"1,2\n', "line 2"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text"),
        (b"a,b\n\xe9,1\n", r"not UTF-8 \(line 2 has byte 0xe9\)"),
        ("a,b\n1,2\n".encode("utf-16"), "is not text"),
    ],
)
def test_a_table_that_cannot_be_read_says_why_in_one_line(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_table(put(tmp_path, content))
    assert "\n" not in str(caught.value)
    assert "table.csv" in str(caught.value)


def test_a_ragged_table_without_a_header_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the first row has 2"):
        read_table(put(tmp_path, "1,2\n3\n"), header=False)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        read_table(tmp_path / "none.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)


def test_json_lines_keep_types_and_a_key_that_is_not_there_is_missing(tmp_path: Path) -> None:
    lines = [{"a": 1, "b": "x"}, {"b": "y", "c": True}]
    frame = read_table(put(tmp_path, "\n".join(map(json.dumps, lines)) + "\n\n", "t.jsonl"))
    assert list(frame.columns) == ["a", "b", "c"]
    assert frame["a"].isna().tolist() == [False, True]
    assert frame["b"].tolist() == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}\n{"a": \n', "line 2 is not JSON"),
        ("[1, 2]\n", "line 1 holds a list"),
        ('{"a": [1]}\n', "'a' holds a list"),
        ("{}\n{}\n", "no columns"),
        ('{"a": "\\ud83d"}\n', "line 1 has half of a surrogate pair"),
    ],
)
def test_json_lines_that_are_none_are_refused(tmp_path: Path, content: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_table(put(tmp_path, content, "t.jsonl"))


def test_parquet_is_read_with_its_types(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    import pandas as pd

    pd.DataFrame({"a": [1.5, None], "b": ["x", "y"]}).to_parquet(tmp_path / "t.parquet")
    frame = read_table(tmp_path / "t.parquet")
    assert frame["a"].dtype == float
    assert frame["b"].tolist() == ["x", "y"]
    with pytest.raises(InputError, match="not a Parquet file"):
        read_table(put(tmp_path, "a,b\n1,2\n", "bad.parquet"))
