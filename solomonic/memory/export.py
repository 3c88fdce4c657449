"""A store as JSON lines, and back: records in order, facts with both their times, vectors if wanted.

    {"kind": "store", "schema_version": 1}
    {"kind": "record", "id", "text", "sha256", "recorded", and where they are known "source", "session", "speaker", "at", "valid", "meta"}
        text that went in as bytes has "bytes": true, and "base64" instead of "text" where it is not UTF-8;
        "vectors": {fingerprint: base64 of little-endian float32} where they were asked for
    {"kind": "fact", "id", "subject", "relation", "object", "record", "span", "valid", "recorded", "closed", "source"}

Nothing in it depends on what the store once held and has forgotten: two stores that remember the same export the same.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..errors import InputError, SolomonicError, StoreForeign
from ..records import SCHEMA_VERSION
from .log import Log
from .record import Fact, Record, Stored, interval, seconds

BATCH: Final = 1_000
Settings = Callable[[Sequence[str]], Mapping[str, str]]
LINE_ENDS: Final = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Characters that end a line for some readers, though not for JSON."""


def export(log: Log, *, vectors: bool = False) -> Iterator[str]:
    """Return the store's lines, without line ends, all of one and the same state."""
    with log.read():
        encoder = log.setting("encoder")
        yield _line({"kind": "store", "schema_version": SCHEMA_VERSION, **({} if encoder is None else {"encoder": encoder})})
        position = log.position()
        for after in range(0, position.seq, BATCH):
            until = min(after + BATCH, position.seq)
            spaces = _vectors(log, after, until) if vectors else {}
            for record in log.records(after, until):
                yield record_line(record, spaces.get(record.seq))
        yield from map(fact_line, log.facts(history=True))


def record_line(record: Stored, vectors: Mapping[str, str] | None = None) -> str:
    """Return the line of a record."""
    fields: dict[str, Any] = {"kind": "record", "id": record.id}
    try:
        fields["text"] = record.data.decode("utf-8", "surrogatepass" if record.is_text else "strict")
    except UnicodeDecodeError:
        fields["base64"] = base64.b64encode(record.data).decode()
    if not record.is_text:
        fields["bytes"] = True
    fields |= {"sha256": record.sha256, "recorded": record.recorded}
    optional = {"source": record.source, "session": record.session, "speaker": record.speaker, "at": record.at, "valid": record.valid}
    fields |= {name: value for name, value in optional.items() if value is not None}
    if record.meta:
        fields["meta"] = dict(record.meta)
    if vectors:
        fields["vectors"] = dict(vectors)
    return _line(fields)


def fact_line(fact: Fact) -> str:
    """Return the line of a fact."""
    return _line(
        {
            "kind": "fact",
            "id": fact.id,
            "subject": fact.subject,
            "relation": fact.relation,
            "object": fact.object,
            "record": fact.record,
            "span": fact.span,
            "valid": fact.valid,
            "recorded": fact.recorded,
            "closed": fact.closed,
            "source": fact.source,
        }
    )


def restore(log: Log, lines: Iterable[str], settings: Settings | None = None) -> tuple[int, int]:
    """Put an export's lines into a store and return how many records and facts came in; into an empty one, it is then equal to the exported one.

    settings: given the fingerprints of a batch's vectors, what the log keeps in the batch's transaction.

    Raises:
        InputError: a line is not an export's, its bytes do not have its SHA-256, or its id is already there; what came before it stays, and the message says so.
    """
    count = [0, 0]
    place = 0
    waiting: list[dict[str, Any]] = []
    try:
        for line in lines:
            place += 1
            if not line.strip():
                continue
            fields = _fields(line)
            kind = fields.get("kind")
            if kind == "store":
                _check_version(fields)
                continue
            if kind not in ("record", "fact"):
                raise InputError(f"its kind is {kind!r}; expected store, record or fact")
            if waiting and (waiting[0]["kind"] != kind or len(waiting) == BATCH or _spaces(waiting[0]) != _spaces(fields)):
                _flush(log, waiting, count, settings)
            waiting.append(fields)
        _flush(log, waiting, count, settings)
    except SolomonicError as error:
        raise type(error)(f"line {place} or the batch before it: {error} ({count[0]} records and {count[1]} facts came in)") from None
    return count[0], count[1]


def _vectors(log: Log, after: int, until: int) -> dict[int, dict[str, str]]:
    found: dict[int, dict[str, str]] = {}
    for fingerprint in log.spaces():
        for seqs, matrix in log.vectors(fingerprint, after, until):
            for seq, vector in zip(seqs.tolist(), matrix, strict=True):
                found.setdefault(seq, {})[fingerprint] = base64.b64encode(vector.astype("<f4").tobytes()).decode()
    return found


def _line(fields: Mapping[str, Any]) -> str:
    line = json.dumps(fields, ensure_ascii=False).translate(LINE_ENDS)
    try:
        line.encode()
    except UnicodeEncodeError:
        return json.dumps(fields)
    return line


def _fields(line: str) -> dict[str, Any]:
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise InputError(f"it is no JSON object: {line[:40]!r}")
    return fields


def _check_version(fields: Mapping[str, Any]) -> None:
    found = fields.get("schema_version")
    if not isinstance(found, int) or found > SCHEMA_VERSION:
        raise StoreForeign(f"the export has schema version {found!r}, but this solomonic reads up to {SCHEMA_VERSION}; upgrade solomonic")


def _spaces(fields: Mapping[str, Any]) -> list[str]:
    found = fields.get("vectors") or {}
    if not isinstance(found, dict):
        raise InputError(f"its vectors are a {type(found).__name__}; expected base64 by fingerprint")
    return sorted(found)


def _flush(log: Log, waiting: list[dict[str, Any]], count: list[int], settings: Settings | None) -> None:
    if not waiting:
        return
    try:
        if waiting[0]["kind"] == "record":
            _put_records(log, waiting, settings)
            count[0] += len(waiting)
        else:
            log.restore_facts([_fact(fields) for fields in waiting])
            count[1] += len(waiting)
    except KeyError as error:
        raise InputError(f"{error} is missing") from None
    waiting.clear()


def _put_records(log: Log, waiting: Sequence[Mapping[str, Any]], settings: Settings | None) -> None:
    spaces = {name: _matrix([fields["vectors"][name] for fields in waiting], name) for name in _spaces(waiting[0])}
    kept = None if settings is None else settings(tuple(spaces))
    first = next(iter(spaces), None)
    stored = log.add(
        [_record(fields) for fields in waiting],
        vectors=None if first is None else spaces.pop(first),
        fingerprint=first,
        recorded=[seconds(fields["recorded"], "recorded") for fields in waiting],
        ids=[fields["id"] for fields in waiting],
        settings=kept,
    )
    for name, matrix in spaces.items():
        log.add_vectors([record.seq for record in stored], matrix, name)


def _record(fields: Mapping[str, Any]) -> Record:
    try:
        data = base64.b64decode(fields["base64"], validate=True) if "base64" in fields else fields["text"].encode("utf-8", "surrogatepass")
    except (binascii.Error, ValueError, TypeError, AttributeError):
        raise InputError(f"record {fields.get('id')!r}: its text is neither text nor base64") from None
    if hashlib.sha256(data).hexdigest() != fields["sha256"]:
        raise InputError(f"record {fields['id']!r}: its bytes do not have its SHA-256; the export was changed or damaged")
    valid = fields.get("valid")
    return Record(
        data if fields.get("bytes") else data.decode("utf-8", "surrogatepass"),
        source=fields.get("source"),
        session=fields.get("session"),
        speaker=fields.get("speaker"),
        at=fields.get("at"),
        valid=None if valid is None else interval(valid),
        meta=fields.get("meta") or {},
    )


def _fact(fields: Mapping[str, Any]) -> Fact:
    for name in ("id", "subject", "relation", "object", "record", "source"):
        if not isinstance(fields[name], str):
            raise InputError(f"a fact's {name} is {fields[name]!r}; expected text")
    span = fields["span"]
    if not isinstance(span, list) or len(span) != 2 or not all(isinstance(bound, int) for bound in span):
        raise InputError(f"a fact's span is {span!r}; expected [start, end] in bytes")
    closed = fields["closed"]
    return Fact(
        0,
        fields["id"],
        fields["subject"],
        fields["relation"],
        fields["object"],
        fields["record"],
        0,
        (span[0], span[1]),
        interval(fields["valid"]),
        seconds(fields["recorded"], "recorded"),
        None if closed is None else seconds(closed, "closed"),
        fields["source"],
    )


def _matrix(encoded: Sequence[str], name: str) -> np.ndarray:
    try:
        rows = [np.frombuffer(base64.b64decode(text, validate=True), dtype="<f4") for text in encoded]
        return np.stack(rows)
    except (binascii.Error, ValueError, TypeError):
        raise InputError(f"the vectors of encoder {name!r} are not base64 of float32, all of one length") from None
