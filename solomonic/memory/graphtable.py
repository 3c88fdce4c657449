"""What every record mentions and states, as flat arrays: the part of the graph that is read from texts, with nothing decided yet.

A row is written once, when its record is read, and depends on that record alone. What depends on the whole store (which guarded names are
names, which forms mean the same) is decided from all rows at once (`coreference`). So a table that was filled in steps, or from which
records were taken out again, decides as one that was filled with the same records in one go.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from .mentions import Guarded, Mention, Scan, scan
from .names import Casing, normal
from .record import Fact, Stored
from .relations import Stated, modifies, stated

KINDS: Final = ("name", "quoted", "speaker", "date", "number", "duration", "phrase")
CLASS: Final = {"name": "n", "quoted": "n", "speaker": "n", "phrase": "n", "date": "d", "number": "q", "duration": "t"}
"""Kind -> the first letter of its keys: what may be named alike is one class."""

_I, _L = np.int32, np.int64
RECORD: Final = np.dtype([("seq", _L), ("session", _I)])
MENTION: Final = np.dtype(
    [
        ("record", _I),
        ("key", _I),
        ("rest", _I),
        ("guard", _I),
        ("start", _I),
        ("end", _I),
        ("inner", _I),
        ("kind", np.int8),
        ("loose", np.int8),
    ]
)
"""key: what is named. guard: the word that decides (-1: sure). rest, inner: the key and first byte without the guard (-1: none).
loose: 1 where the words around it speak of a place or a property rather than a person ("in Boston", "a Boston team")."""
RELATION: Final = np.dtype([("record", _I), ("subject", _I), ("object", _I), ("phrase", _I), ("label", _I), ("start", _I), ("end", _I)])
"""subject, object: rows of the mention table; phrase: the key of an object that is no mention, else -1."""
FACT: Final = np.dtype([("record", _I), ("subject", _I), ("object", _I)])
"""Facts that are held now: keys of subject and object."""
_TABLES: Final = {"records": RECORD, "mentions": MENTION, "relations": RELATION, "facts": FACT}
_LISTS: Final = ("keys", "guards", "labels", "sessions")
_COUNTS: Final = ("forms", "starts")


_NUMBER: Final = {kind: i for i, kind in enumerate(KINDS)}
_PLACED: Final = (b" in ", b"In ", b" at ", b"At ", b" near ", b" into ", b" across ", b" the ", b"The ", b" a ", b" an ")


class Strings:
    """Texts by number, in order of first use."""

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self.texts = list(texts)
        self._number = {text: i for i, text in enumerate(self.texts)}

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, text: str) -> int:
        """Return the number of a text, a new one where it has none."""
        number = self._number.setdefault(text, len(self.texts))
        if number == len(self.texts):
            self.texts.append(text)
        return number

    def find(self, text: str) -> int:
        """Return the number of a text, or -1."""
        return self._number.get(text, -1)

    def kept(self, used: np.ndarray) -> tuple[Strings, np.ndarray]:
        """Return the texts with these numbers alone, and old number -> new number, -1 where dropped, with one -1 more at the end."""
        alive = np.zeros(len(self.texts) + 1, dtype=bool)
        alive[used[used >= 0]] = True
        renamed = np.where(alive, np.cumsum(alive) - 1, -1).astype(_I)
        return Strings(text for text, lives in zip(self.texts, alive, strict=False) if lives), renamed


class Table:
    """The rows of all records, in order of seq; `casing`: how they write their words."""

    def __init__(self) -> None:
        self.keys, self.guards, self.labels, self.sessions = Strings(), Strings(), Strings(), Strings()
        self.casing = Casing()
        self._done: dict[str, np.ndarray] = {name: np.zeros(0, dtype=dtype) for name, dtype in _TABLES.items()}
        self._new: dict[str, list[tuple[int, ...]]] = {name: [] for name in _TABLES}

    def __len__(self) -> int:
        return len(self._done["records"]) + len(self._new["records"])

    def rows(self, name: str) -> np.ndarray:
        """Return one table as a structured array: "records", "mentions", "relations" or "facts"."""
        new = self._new[name]
        if new:
            self._done[name] = np.concatenate((self._done[name], np.array(new, dtype=_TABLES[name])))
            self._new[name] = []
        return self._done[name]

    def add(self, record: Stored) -> None:
        """Read one record; its seq is above those of all before."""
        place = len(self)
        self._new["records"].append((record.seq, -1 if record.session is None else self.sessions.add(record.session)))
        scanned = scan_of(record)
        self.casing.add(scanned.words, scanned.starts)
        found = _ordered(scanned)
        first = len(self._done["mentions"]) + len(self._new["mentions"])
        row_of: dict[tuple[str, int, int], int] = {}
        for mention, rest, guard in found:
            row_of[mention.kind, mention.start, mention.end] = first + len(row_of)
            self._new["mentions"].append(self._row(place, mention, rest, guard, record.data))
        for statement in stated(record.data, [mention for mention, _, _ in found]):
            self._state(place, statement, row_of)

    def _row(self, place: int, mention: Mention, rest: Mention | None, guard: str | None, data: bytes) -> tuple[int, ...]:
        letter = CLASS[mention.kind]
        return (
            place,
            self.keys.add(f"{letter}:{mention.norm}"),
            -1 if rest is None else self.keys.add(f"{letter}:{rest.norm}"),
            -1 if guard is None else self.guards.add(guard),
            mention.start,
            mention.end,
            -1 if rest is None else rest.start,
            _NUMBER[mention.kind],
            int(mention.kind == "name" and (data.endswith(_PLACED, 0, mention.start) or modifies(data, mention))),
        )

    def _state(self, place: int, statement: Stated, row_of: dict[tuple[str, int, int], int]) -> None:
        subject, thing = statement.subject, statement.object
        spoken = subject.kind == "speaker"
        subject_row = row_of.get((subject.kind, 0, 0) if spoken else (subject.kind, subject.start, subject.end), -1)
        object_row = phrase = -1
        if isinstance(thing, Mention):
            object_row = row_of.get((thing.kind, thing.start, thing.end), -1)
        elif norm := normal(thing):
            phrase = self.keys.add(f"n:{norm}")
        if subject_row >= 0 and (object_row >= 0 or phrase >= 0):
            label = self.labels.add(statement.relation)
            self._new["relations"].append((place, subject_row, object_row, phrase, label, statement.start, statement.end))

    def set_facts(self, facts: Iterable[Fact]) -> None:
        """Replace the facts by those that are held now; names that only the old ones had are gone with them."""
        had = len(self.rows("facts"))
        self._done["facts"] = np.zeros(0, dtype=FACT)
        if had:
            self._drop_unused()
        self.add_facts(facts)

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Add facts; those whose record is not here, or that name nothing, are left out."""
        seqs = self.rows("records")["seq"]
        for fact in facts:
            place = int(np.searchsorted(seqs, fact.record_seq))
            subject, thing = normal(fact.subject), normal(fact.object)
            if place < len(seqs) and seqs[place] == fact.record_seq and subject and thing:
                self._new["facts"].append((place, self.keys.add(f"n:{subject}"), self.keys.add(f"n:{thing}")))

    def remove(self, records: Sequence[Stored]) -> None:
        """Take records out, with every word that only they had; facts are to be set anew by the caller."""
        rows = self.rows("records")
        gone = np.isin(rows["seq"], [record.seq for record in records])
        here = set(rows["seq"][gone].tolist())
        for record in records:
            if record.seq in here:
                scanned = scan_of(record)
                self.casing.remove(scanned.words, scanned.starts)
        new_place = (np.cumsum(~gone) - 1).astype(_I)
        mentions, relations = self.rows("mentions"), self.rows("relations")
        lost = gone[mentions["record"]]
        new_row = np.append(np.cumsum(~lost) - 1, -1).astype(_I)
        mentions, relations = mentions[~lost].copy(), relations[~gone[relations["record"]]].copy()
        for column in ("subject", "object"):
            relations[column] = new_row[relations[column]]
        for part in (mentions, relations):
            part["record"] = new_place[part["record"]]
        self._done |= {"records": rows[~gone].copy(), "mentions": mentions, "relations": relations, "facts": np.zeros(0, dtype=FACT)}
        self._new["facts"] = []
        self._drop_unused()

    def _drop_unused(self) -> None:
        """Forget every text that no row names any more."""
        records, mentions, relations = (self.rows(name) for name in ("records", "mentions", "relations"))
        self.keys, keys = self.keys.kept(np.concatenate((mentions["key"], mentions["rest"], relations["phrase"])))
        for part, column in ((mentions, "key"), (mentions, "rest"), (relations, "phrase")):
            part[column] = keys[part[column]]
        for part, column, name in ((mentions, "guard", "guards"), (relations, "label", "labels"), (records, "session", "sessions")):
            texts, renamed = getattr(self, name).kept(part[column])
            setattr(self, name, texts)
            part[column] = renamed[part[column]]

    def unused(self) -> dict[str, int]:
        """Return how many texts of each kind no row names; there should be none."""
        records, mentions, relations, facts = (self.rows(name) for name in _TABLES)
        used = {
            "keys": np.concatenate((mentions["key"], mentions["rest"], relations["phrase"], facts["subject"], facts["object"])),
            "guards": mentions["guard"],
            "labels": relations["label"],
            "sessions": records["session"],
        }
        return {name: len(getattr(self, name)) - len(np.unique(numbers[numbers >= 0])) for name, numbers in used.items()}

    def differs(self, other: Table) -> list[str]:
        """Return which parts of two tables say different things, whatever numbers their texts have."""
        wrong = [name for name in _TABLES if not _alike(self._spelled(name), other._spelled(name))]
        return wrong + [f"words ({name})" for name in _COUNTS if getattr(self.casing, name) != getattr(other.casing, name)]

    def _spelled(self, name: str) -> dict[str, np.ndarray]:
        """Return the columns of a table, with texts in the place of their numbers."""
        rows = self.rows(name)
        lists = {
            "key": self.keys,
            "rest": self.keys,
            "phrase": self.keys,
            "guard": self.guards,
            "label": self.labels,
            "session": self.sessions,
        }
        if name == "facts":
            lists = {"subject": self.keys, "object": self.keys}
        return {
            column: np.array([*lists[column].texts, ""], dtype=object)[rows[column]] if column in lists else rows[column]
            for column in rows.dtype.names or ()
        }

    def arrays(self) -> dict[str, list[np.ndarray]]:
        """Return everything as arrays by name, each in one part, as `projection.save` takes them."""
        found: dict[str, list[np.ndarray]] = {}
        for name, dtype in _TABLES.items():
            rows = self.rows(name)
            found |= {f"{name}.{column}": [np.ascontiguousarray(rows[column])] for column in dtype.names or ()}
        texts: dict[str, list[str]] = {name: getattr(self, name).texts for name in _LISTS}
        for name in _COUNTS:
            counter = getattr(self.casing, name)
            texts[name] = list(counter)
            found[f"{name}.counts"] = [np.fromiter(counter.values(), dtype=_L, count=len(counter))]
        for name, listed in texts.items():
            found[name] = [np.frombuffer(json.dumps(listed).encode("ascii"), dtype=np.uint8)]
        return found

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Table:
        """Return the table whose `arrays` these are.

        Raises:
            ValueError, KeyError: they are not those of a table.
        """
        table = cls()
        for name, dtype in _TABLES.items():
            columns = {column: arrays[f"{name}.{column}"] for column in dtype.names or ()}
            rows = np.empty(len(next(iter(columns.values()))), dtype=dtype)
            for column, values in columns.items():
                rows[column] = values
            table._done[name] = rows
        for name in _LISTS:
            setattr(table, name, Strings(json.loads(arrays[name].tobytes())))
        for name in _COUNTS:
            words = json.loads(arrays[name].tobytes())
            getattr(table.casing, name).update(dict(zip(words, arrays[f"{name}.counts"].tolist(), strict=True)))
        return table


def _alike(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> bool:
    return all(len(one[name]) == len(other[name]) and bool((one[name] == other[name]).all()) for name in one)


def scan_of(record: Stored) -> Scan:
    """Return what a stored record mentions."""
    return scan(record.text, at=record.at, speaker=record.speaker)


def _ordered(scanned: Scan) -> list[Guarded]:
    """Return the mentions worth a node, sure and guarded, the speaker first, then in the order of the text."""
    kept = [Guarded(mention, None, None) for mention in scanned.sure if not _bare(mention)]
    kept += scanned.guarded
    kept.sort(key=lambda found: (found.whole.kind != "speaker", found.whole.start))
    return kept


def _bare(mention: Mention) -> bool:
    """Is it a short number without a unit? Such a number ties records together that have nothing in common."""
    return mention.kind == "number" and sum(c.isdigit() for c in mention.norm) < 3 and " " not in mention.norm
