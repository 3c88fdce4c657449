"""The lexical channel: BM25 by arrays held to BM25 by loops, and Porter's stems to SQLite's."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from solomonic.errors import InputError, StoreError
from solomonic.memory import Log, Record, follower, postings, projection
from solomonic.memory.lexical import LexicalIndex
from solomonic.memory.postings import K1, B, Postings, asked
from solomonic.memory.stems import STOP, stem, words

PAPER = {
    "caresses": "caress", "ponies": "poni", "caress": "caress", "cats": "cat", "feed": "feed", "agreed": "agre", "plastered": "plaster", "bled": "bled",
    "motoring": "motor", "sing": "sing", "conflated": "conflat", "troubled": "troubl", "sized": "size", "hopping": "hop", "tanned": "tan", "falling": "fall",
    "hissing": "hiss", "fizzed": "fizz", "failing": "fail", "filing": "file", "happy": "happi", "sky": "sky", "relational": "relat", "conditional": "condit",
    "rational": "ration", "valenci": "valenc", "digitizer": "digit", "radicalli": "radic", "differentli": "differ", "vileli": "vile", "analogousli": "analog",
    "vietnamization": "vietnam", "predication": "predic", "operator": "oper", "feudalism": "feudal", "decisiveness": "decis", "hopefulness": "hope",
    "callousness": "callous", "formaliti": "formal", "sensitiviti": "sensit", "sensibiliti": "sensibl", "triplicate": "triplic", "formative": "form",
    "formalize": "formal", "electriciti": "electr", "electrical": "electr", "hopeful": "hope", "goodness": "good", "revival": "reviv", "allowance": "allow",
    "inference": "infer", "airliner": "airlin", "gyroscopic": "gyroscop", "adjustable": "adjust", "defensible": "defens", "irritant": "irrit",
    "replacement": "replac", "adjustment": "adjust", "dependent": "depend", "adoption": "adopt", "homologou": "homolog", "communism": "commun",
    "activate": "activ", "angulariti": "angular", "homologous": "homolog", "effective": "effect", "bowdlerize": "bowdler", "probate": "probat", "rate": "rate",
    "cease": "ceas", "controll": "control", "roll": "roll", "1980s": "1980", "is": "is", "a": "a",
}  # fmt: skip


def test_stems_are_those_of_porters_paper() -> None:
    assert {word: stem(word) for word in PAPER} == PAPER


SYLLABLES = st.lists(st.sampled_from(["a", "e", "i", "o", "u", "y", "b", "d", "ll", "ss", "tt", "st", "l", "s", "t", "k", "w", "x", "z", "ed", "ing", "ies", "eed", "ation", "ational", "izer", "ness", "ful", "able", "ment", "ion", "ou", "19"]), min_size=1, max_size=6)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(parts=SYLLABLES)
def test_stems_are_those_of_the_full_text_index(parts: list[str]) -> None:
    word = "".join(parts)[:60]
    if word in ("ies", "eed", "eeds") or word.startswith("yy"):  # where SQLite leaves the paper
        return
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE w USING fts5(t, tokenize='porter unicode61 remove_diacritics 2')")
    database.execute("INSERT INTO w VALUES (?)", (word,))
    database.execute("CREATE VIRTUAL TABLE v USING fts5vocab(w, 'row')")
    assert database.execute("SELECT term FROM v").fetchall() == [(stem(word),)]
    database.close()


def test_words_are_letters_and_digits_without_case_and_accents() -> None:
    assert words("Café-crème, l'ÉTÉ 1980s_x\x00\ud800!") == ["cafe", "creme", "l", "ete", "1980s", "x"]
    assert words("x" * 100) == ["x" * 64]
    assert words("") == []


def test_stop_words_count_only_where_nothing_else_is_asked() -> None:
    assert asked("What did the Who sing?") == ["sing"]
    assert asked("Who was it?") == ["who", "wa", "it"]
    assert asked("paint painting PAINTED") == ["paint"]
    assert {"the", "what", "of"} <= STOP


VOCABULARY = ["paint", "painted", "lake", "lakes", "sunrise", "the", "a", "of", "dog", "ran"]
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join), max_size=25)


def reference(texts: list[str], question: str) -> list[float]:
    """Return BM25 of every text, straight from its definition."""
    said = [Counter(stem(word) for word in words(text)) for text in texts]
    average = max(sum(count.total() for count in said) / max(len(said), 1), 1.0)
    scores = []
    for count in said:
        score = 0.0
        for name in asked(question):
            n = sum(name in other for other in said)
            rarity = math.log(1 + (len(said) - n + 0.5) / (n + 0.5))
            often = count[name]
            score += rarity * often * (K1 + 1) / (often + K1 * (1 - B + B * count.total() / average)) if often else 0.0
        scores.append(score)
    return scores


@settings(max_examples=150, deadline=None)
@given(texts=TEXTS, question=st.lists(st.sampled_from(VOCABULARY), max_size=4).map(" ".join), data=st.data())
def test_scores_are_bm25_however_the_texts_came(texts: list[str], question: str, data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postings, "LOOSE", data.draw(st.sampled_from([0, 5, 1000])))
        patch.setattr(postings, "_BLOCK", data.draw(st.sampled_from([1, 3, 100])))
        held = Postings()
        start = 0
        while start < len(texts):
            size = data.draw(st.integers(1, 10))
            held.add(texts[start : start + size])
            start += size
        np.testing.assert_allclose(held.scores(asked(question)), reference(texts, question), rtol=1e-5, atol=1e-6)
        gone = sorted(data.draw(st.sets(st.integers(0, len(texts) - 1)))) if texts else []
        left = held.without(np.array(gone, dtype=np.int64))
        remaining = [text for i, text in enumerate(texts) if i not in gone]
        np.testing.assert_allclose(left.scores(asked(question)), reference(remaining, question), rtol=1e-5, atol=1e-6)
        left.add(["a lake of dogs"])
        again = Postings.from_arrays(left.arrays())
        np.testing.assert_allclose(again.scores(asked(question)), reference([*remaining, "a lake of dogs"], question), rtol=1e-5, atol=1e-6)
        alone = Postings()
        alone.add([*remaining, "a lake of dogs"])
        assert set(alone.arrays()["words"].tobytes().split(b"\n")) == set(left.arrays()["words"].tobytes().split(b"\n"))


def right(index: LexicalIndex, log: Log, question: str, k: int = 5) -> None:
    records = list(log.records())
    scores = reference([record.readable for record in records], question)
    ranked = sorted((-np.float32(score), record.seq) for score, record in zip(scores, records, strict=True) if score > 0)[:k]
    seqs, found = index.search(question, k)
    np.testing.assert_allclose(found, [-score for score, _ in ranked], rtol=1e-5)
    if len({round(float(score), 4) for score, _ in ranked}) == len(ranked):
        assert seqs.tolist() == [seq for _, seq in ranked]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add, not told", "forget", "forget, not told", "search", "save", "reopen", "killed"]), st.integers(0, 10**6)
    ),
    max_size=12,
)


@settings(max_examples=30, deadline=None)
@given(steps=STEPS)
def test_an_index_answers_alike_however_it_came_about(steps: list[tuple[str, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("s")
    with pytest.MonkeyPatch.context() as patch, Log.open(folder / "store") as log:
        patch.setattr(postings, "LOOSE", 10)
        patch.setattr(follower, "_FEW", 10)
        patch.setattr(follower, "_UNSAVED", 5)
        index = LexicalIndex.load(folder / "p", log)
        alive: list[int] = []
        for step, value in steps:
            if step.startswith("add"):
                rng = np.random.default_rng(value)
                stored = log.add([Record(" ".join(rng.choice(VOCABULARY, size=rng.integers(1, 9)))) for _ in range(value % 15 + 1)])
                alive += [record.seq for record in stored]
                if step == "add":
                    index.add(stored)
            elif step.startswith("forget") and alive:
                gone = alive.pop(value % len(alive))
                log.forget([gone])
                if step == "forget":
                    index.remove([gone])
            elif step == "search":
                index.search("lake", 2)
            elif step == "save":
                index.save()
            elif step in ("reopen", "killed"):
                if step == "reopen":
                    index.close()
                index = LexicalIndex.load(folder / "p", log)
        for question in ("painted lakes", "a dog", "the"):
            right(index, log, question)
            fresh = LexicalIndex.load(None, log)
            np.testing.assert_array_equal(index.search(question, 4)[0], fresh.search(question, 4)[0])
        assert index.check() == []
        assert len(index) == len(alive)


HOSTILE = [
    '"',
    "*",
    "NEAR(",
    "a OR b",
    "AND NOT",
    "{text}:",
    "^x",
    "'; DROP TABLE record; --",
    "\x00",
    "\ud800",
    "(" * 500,
    "",
    "   ",
    "日本語",
    "-1",
    "%s %d {}",
]


@pytest.mark.parametrize("question", HOSTILE)
def test_no_question_is_ever_syntax(question: str) -> None:
    with Log.open(":memory:") as log:
        stored = log.add([Record("near the lake"), Record(f"it says {question} here"), Record(b"\xff\xfe bytes"), Record("")])
        index = LexicalIndex.load(None, log)
        seqs, scores = index.search(question, 10)
        assert len(seqs) == len(scores) <= 4
        assert index.search(f"lake {question}", 1)[0].tolist() in ([stored[0].seq], [stored[1].seq])
        assert len(list(log.records())) == 4


def test_scores_of_given_records_are_those_of_the_search() -> None:
    with Log.open(":memory:") as log:
        log.add([Record("a lake"), Record("a dog"), Record("dogs by the lake")])
        index = LexicalIndex.load(None, log)
        seqs, scores = index.search("dog lake", 5)
        np.testing.assert_array_equal(index.scores("dog lake", seqs), scores)
        assert index.scores("dog", [1])[0] == 0.0
        assert np.isnan(index.scores("dog", [9])[0])
        with pytest.raises(InputError):
            index.search("dog", 0)


def test_forgotten_words_are_in_no_byte_of_the_file(tmp_path: Path) -> None:
    with Log.open(tmp_path / "store") as log:
        stored = log.add([Record("a plain lake"), Record("the zanzibarian xylophone of lakes"), Record("another lake")])
        index = LexicalIndex.load(tmp_path / "p", log)
        index.save()
        path = next((tmp_path / "p").iterdir())
        assert b"zanzibarian" in path.read_bytes()
        log.forget([stored[1].seq])
        assert index.remove([stored[1].seq]) == 1
        assert [file.name for file in path.parent.iterdir()] == [path.name]
        assert b"zanzibar" not in path.read_bytes()
        assert index.search("zanzibarian", 5)[0].tolist() == []
        right(index, log, "lakes")


def test_a_file_that_cannot_be_cleaned_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Log.open(tmp_path / "store") as log:
        stored = log.add([Record("a lake"), Record("a dog")])
        index = LexicalIndex.load(tmp_path / "p", log)
        index.save()
        log.forget([stored[1].seq])

        def full(*_: object) -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(projection, "save", full)
        with pytest.raises(StoreError):
            index.remove([stored[1].seq])
        assert list((tmp_path / "p").iterdir()) == []


@pytest.mark.parametrize("damage", ["truncated", "zeroed", "removed", "swapped"])
def test_whatever_happened_to_the_file_the_answers_are_the_same_and_it_is_said(damage: str, tmp_path: Path) -> None:
    for name in ("other", "store"):
        with Log.open(tmp_path / name) as log:
            log.add([Record(f"{name} number {i} {VOCABULARY[i % 10]}") for i in range(30)])
            index = LexicalIndex.load(tmp_path / name / "p", log)
            before = index.search("store 7 lake", 9)
            index.close()
    path = tmp_path / "store" / "p" / "lexical.npz"
    size = path.stat().st_size
    if damage == "swapped":
        shutil.copy(tmp_path / "other" / "p" / "lexical.npz", path)
    elif damage == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[: size // 2] if damage == "truncated" else bytes(size))
    with Log.open(tmp_path / "store") as log:
        notices: list[str] = []
        index = LexicalIndex.load(path.parent, log, notices=notices)
        after = index.search("store 7 lake", 9)
        np.testing.assert_array_equal(before[0], after[0])
        np.testing.assert_array_equal(before[1], after[1])
        assert len(notices) == 1
        assert "lexical.npz" in notices[0]


def test_another_history_of_the_same_store_is_not_mistaken_for_this_one(tmp_path: Path) -> None:
    with Log.open(tmp_path / "store") as log:
        log.add([Record("a lake")])
    shutil.copytree(tmp_path / "store", tmp_path / "backup")
    with Log.open(tmp_path / "store") as log:
        log.add([Record("a dog")])
        LexicalIndex.load(tmp_path / "store" / "p", log).close()
    with Log.open(tmp_path / "backup") as log:
        log.add([Record("a sunrise")])
        index = LexicalIndex.load(tmp_path / "store" / "p", log)
        assert index.search("dog", 3)[0].tolist() == []
        assert index.search("sunrise", 3)[0].tolist() == [2]
