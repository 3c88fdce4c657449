"""Which mentions are of the same thing: every row of the table is given its entity, from all rows at once.

First the guarded names are settled by how the store writes their words (`names.decide`). Then forms are merged: equal normal forms of one class
(names, dates, numbers, durations); a plural with its singular, unless it may be a surname ("Williams"); a first name with the one full name that
begins with it, where the store knows exactly one, writes none of its words small and does not use it as a place or an adjective ("Anna" is
"Anna Karlsson"; "Copenhagen" is no zoo, "Boston" no team). A function of the rows as a set: the order in which records came decides only the numbering.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from .graphtable import KINDS, Table
from .names import FUNCTION_WORDS, Casing, decide

_NAME: Final = KINDS.index("name")
_SPEAKER: Final = KINDS.index("speaker")


@dataclass(frozen=True, slots=True)
class Entities:
    """The entities of a table, numbered by first appearance.

    of_mention: int32 (m,), -1 where a row turned out to be no name. start: int32 (m,), the first byte that counts.
    of_key: int32 (keys + 1,), -1 where nothing names it (and in the last place). keys, numbers: the key of each entity, and its number in the table.
    subjects, objects: int32 (r,), the entities of each relation, -1 where one of them is none.
    """

    of_mention: np.ndarray
    start: np.ndarray
    of_key: np.ndarray
    keys: list[str]
    numbers: np.ndarray
    subjects: np.ndarray
    objects: np.ndarray

    def __len__(self) -> int:
        return len(self.keys)


def settle(table: Table) -> Entities:
    """Return the entities of a table."""
    mentions, relations, facts = table.rows("mentions"), table.rows("relations"), table.rows("facts")
    key, start = _settled(table)
    used = np.zeros(len(table.keys) + 1, dtype=np.int64)
    np.add.at(used, key, 1)
    for column in (relations["phrase"], facts["subject"], facts["object"]):
        np.add.at(used, column, 1)
    used[-1] = 0
    full = np.zeros(len(table.keys) + 1, dtype=bool)
    full[key[np.isin(mentions["kind"], (_NAME, _SPEAKER))]] = True
    full[-1] = False
    loose = np.bincount(key[key >= 0], weights=mentions["loose"][key >= 0], minlength=len(table.keys))
    person = full[:-1] & (4 * loose <= used[:-1])
    same = canonical(table.keys.texts, used[:-1], person, table.casing)
    key = np.append(same, -1)[key]
    phrase, subject, thing = (np.append(same, -1)[column] for column in (relations["phrase"], facts["subject"], facts["object"]))
    order = np.concatenate((key, phrase, np.stack((subject, thing), axis=1).ravel()))
    order = order[order >= 0]
    first = np.full(len(table.keys), len(order), dtype=np.int64)
    first[order[::-1]] = np.arange(len(order))[::-1]  # where a place is written twice, the last stays
    kept = order[np.flatnonzero(first[order] == np.arange(len(order)))]
    number = np.full(len(table.keys) + 1, -1, dtype=np.int32)
    number[kept] = np.arange(len(kept), dtype=np.int32)
    of_mention = number[key]
    padded = np.append(of_mention, np.int32(-1))
    subjects, objects = padded[relations["subject"]], np.where(relations["phrase"] >= 0, number[phrase], padded[relations["object"]])
    texts = table.keys.texts
    return Entities(
        of_mention,
        start,
        number[np.append(same, -1)],
        [texts[k] for k in kept.tolist()],
        kept.astype(np.int32),
        subjects,
        objects.astype(np.int32),
    )


def _settled(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the key (m,) that each mention has once guarded names are settled, -1 for none, and its first byte (m,)."""
    mentions, texts = table.rows("mentions"), table.keys.texts
    key, start = mentions["key"].astype(np.int64), mentions["start"].copy()
    guarded = np.flatnonzero(mentions["guard"] >= 0)
    if not len(guarded):
        return key, start
    columns = np.stack([mentions[name][guarded] for name in ("key", "rest", "guard")], axis=1).astype(np.int64)
    code = (columns[:, 0] * (len(texts) + 1) + columns[:, 1] + 1) * len(table.guards) + columns[:, 2]
    _, first, inverse = np.unique(code, return_index=True, return_inverse=True)
    chosen = np.empty(len(first), dtype=np.int64)
    for i, (whole, rest, guard) in enumerate(columns[first].tolist()):
        left = texts[rest] if rest >= 0 else None
        found = decide(texts[whole], table.guards.texts[guard], left, table.casing)
        chosen[i] = -1 if found is None else whole if found == texts[whole] else rest
    settled = chosen[inverse]
    key[guarded] = settled
    shortened = guarded[(settled >= 0) & (settled != columns[:, 0])]
    start[shortened] = mentions["inner"][shortened]
    return key, start


def canonical(keys: list[str], used: np.ndarray, person: np.ndarray, casing: Casing) -> np.ndarray:
    """Return for each key (int64) the key that stands for it.

    used: how often each is named at all. person: which are used as the names of persons are, so that a first name may stand for a full one.
    """
    same = np.arange(len(keys))
    alive = used > 0
    number = {keys[k]: k for k in np.flatnonzero(alive).tolist()}
    begins: dict[str, list[int]] = {}
    for k in np.flatnonzero(alive & person).tolist():
        words = keys[k][2:].split()
        if 2 <= len(words) <= 3 and all(word.isalpha() and word not in FUNCTION_WORDS and not casing.forms[word] for word in words):
            begins.setdefault(f"n:{words[0]}", []).append(k)
    for key, k in number.items():
        if key[0] != "n":
            continue
        fuller = begins.get(key) if person[k] else None
        if fuller is not None and len(fuller) == 1:
            same[k] = fuller[0]
        elif key[-1] == "s" and (one := _singular(key, number, casing)) is not None:
            same[k] = one
    # A plural may lead to a first name that leads to a full name; two steps reach the end of every chain.
    same = same[same]
    return same[same]


def _singular(key: str, number: dict[str, int], casing: Casing) -> int | None:
    """Return the number of a plural's singular, or None; a single word must also be a common noun, or it may be a surname."""
    last = key[2:].rpartition(" ")[2]
    if len(last) < 4 or last[-2] in "sui":
        return None
    forms = [key[:-1]]
    if last.endswith("ies"):
        forms = [key[:-3] + "y"]
    elif last.endswith(("ses", "xes", "zes", "ches", "shes")):
        forms.append(key[:-2])
    for form in forms:
        if form in number and (" " in form or casing.forms[form[2:]] > 0):
            return number[form]
    return None
