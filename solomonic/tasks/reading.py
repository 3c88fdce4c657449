"""Tables from files: delimited text, JSON lines, Parquet; nothing is converted, and whatever is wrong is said in one line.

Delimited text is read as strings, so that what a column holds is decided in one place (`columns`). Records must have one length: a short row is an
error, not a row with missing values.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..errors import InputError
from ..optional import require

if TYPE_CHECKING:
    from pandas import DataFrame

PARQUET: Final = (".parquet", ".pq")
JSON_LINES: Final = (".jsonl", ".ndjson")
DELIMITERS: Final = ",;\t|"
LARGEST_FIELD: Final = 2**31 - 1


def read_table(path: str | os.PathLike[str], header: bool = True, *, quote: str = '"') -> DataFrame:
    """Return the table in a file: Parquet (.parquet), JSON lines (.jsonl), or delimited text (any other name).

    Text is UTF-8; its delimiter is the one of comma, semicolon, tab and bar that is most frequent in the first line outside quotes.
    header: does the first line hold the names? Without it columns are called c0, c1, and so on. quote: the quotation mark.

    Raises:
        InputError: the file is missing, empty, not text, not UTF-8, or ragged; the message says where.
    """
    file = Path(path)
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise InputError(f"{file} {what}; give the path of a CSV, Parquet or JSONL file")
    if file.suffix.lower() in PARQUET:
        return _read_parquet(file)
    text = _text(file)
    rows, names = _json_rows(file, text) if file.suffix.lower() in JSON_LINES else _delimited_rows(file, text, header=header, quote=quote)
    if not rows:
        raise InputError(f"{file} has {'a header and ' if header else ''}no rows; give a table with data")
    from pandas import DataFrame

    return DataFrame(rows, columns=names)


def _text(file: Path) -> str:
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}; mend its permissions") from None
    if not raw.strip():
        raise InputError(f"{file} is empty; give a table with a header and rows")
    if b"\0" in raw:
        raise InputError(f"{file} is not text (byte {raw.index(0)} is zero); give CSV or JSONL in UTF-8, or a .parquet file")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise InputError(f"{file} is not UTF-8 (line {line} has byte 0x{raw[error.start]:02x}); save it as UTF-8") from None


def _delimited_rows(file: Path, text: str, *, header: bool, quote: str) -> tuple[list[list[str]], list[str]]:
    """Return the rows and the names of the columns."""
    delimiter = _delimiter(text, quote)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, skipinitialspace=True, strict=True)
    rows: list[list[str]] = []
    before = csv.field_size_limit(LARGEST_FIELD)
    try:
        for row in reader:
            if row and (len(row) > 1 or row[0].strip()):
                if rows and len(row) != len(rows[0]):
                    what = "the header" if header else "the first row"
                    raise InputError(f"{file} line {reader.line_num} has {len(row)} values but {what} has {len(rows[0])}; mend the line")
                rows.append(row)
    except csv.Error as error:
        raise InputError(f"{file} line {reader.line_num}: {error}; mend the line, or quote its values with {quote}") from None
    finally:
        csv.field_size_limit(before)
    if not header:
        return rows, [f"c{i}" for i in range(len(rows[0]))]
    names = [name.strip() or f"c{i}" for i, name in enumerate(rows.pop(0))]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{file} has two columns called {twice[0]!r}; rename one, or say that there is no header")
    return rows, names


def _delimiter(text: str, quote: str) -> str:
    """Return the delimiter that is most frequent in the first line, outside quotes; a comma where there is none."""
    outside = "".join(text.lstrip().split("\n", 1)[0].split(quote)[::2])
    best = max(DELIMITERS, key=outside.count)
    return best if best in outside else ","


def _json_rows(file: Path, text: str) -> tuple[list[list[Any]], list[str]]:
    """Return the rows and names of JSON lines; a key that a line lacks is missing there."""
    objects: list[dict[str, Any]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            one = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{file} line {number} is not JSON ({error.msg}); give one JSON object a line") from None
        if "\\u" in line and not _encodable(one):
            raise InputError(f"{file} line {number} has half of a surrogate pair (such as \\ud83d alone); give whole characters")
        if not isinstance(one, dict):
            raise InputError(f"{file} line {number} holds a {type(one).__name__}; give one JSON object a line")
        nested = next((key for key, value in one.items() if isinstance(value, (list, dict))), None)
        if nested is not None:
            raise InputError(
                f"{file} line {number}: {nested!r} holds a {type(one[nested]).__name__}; give numbers, texts, booleans or null"
            )
        objects.append(one)
    names = list(dict.fromkeys(key for one in objects for key in one))
    if objects and not names:
        raise InputError(f"{file} has no columns: its objects are empty; give objects with keys")
    return [[one.get(name) for name in names] for one in objects], names


def _encodable(value: Any) -> bool:
    """Return whether all texts in a JSON value can be written again: an escaped half of a pair is a text, but no characters."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _read_parquet(file: Path) -> DataFrame:
    require("pyarrow", extra="parquet")
    from pandas import read_parquet

    try:
        frame: DataFrame = read_parquet(file, engine="pyarrow")
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0].rstrip(".")
        raise InputError(f"{file} is not a Parquet file that can be read ({reason}); write it again") from None
    if not len(frame):
        raise InputError(f"{file} has no rows; give a table with data")
    return frame
