"""Acknowledged means durable: failures at every write, truncate, sync and delete of SQLite's, power cuts, kills, a full disk."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from faulty_disk import FaultyDisk, library

from solomonic.errors import StoreError
from solomonic.memory import Log, Record

State = tuple[object, ...]
VECTORS = np.arange(40 * 300, dtype=np.float32).reshape(40, 300)


def add(first: int, last: int) -> Callable[[Log], object]:
    texts = [Record(f"record {i} " + f"word{i} " * (i % 7 * 40), at=float(i)) for i in range(first, last)]
    return lambda log: log.add(texts, ids=[f"r{i}" for i in range(first, last)], recorded=1, vectors=VECTORS[first:last], fingerprint="f")


STEPS: list[Callable[[Log], object]] = [
    add(0, 10),
    lambda log: log.keep("encoder", "none"),
    add(10, 30),
    lambda log: log.assert_fact("a", "b", "c", record="r3", recorded=2),
    lambda log: log.forget(log.seqs(["r3", "r12"])),
    add(30, 40),
]


def state(log: Log) -> State:
    """All that can be seen of a store."""
    assert log.check() == []
    records = [(record.id, record.text) for record in log.records()]
    facts = [(fact.subject, fact.record) for fact in log.facts(history=True)]
    vectors = [(seqs.tolist(), matrix.tobytes()) for seqs, matrix in log.vectors("f")]
    return records, facts, vectors, log.setting("encoder"), sorted(seq for seq, _ in log.match(["record"], 100))


def play(folder: Path, *, until: int = len(STEPS)) -> Iterator[int]:
    """Do the steps, and tell of each when it is acknowledged."""
    with Log.open(folder) as log:
        for i, step in enumerate(STEPS[:until], 1):
            step(log)
            yield i


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> list[State]:
    """What the store holds before the first step, and after each."""
    found = []
    folder = tmp_path_factory.mktemp("reference") / "store"
    with Log.open(folder) as log:
        found.append(state(log))
        for step in STEPS:
            step(log)
            found.append(state(log))
    return found


@pytest.fixture(scope="module")
def sqlite() -> ctypes.CDLL:
    found = library()
    if found is None:
        pytest.skip("this Python has SQLite built in, so no VFS can be put under it")
    return found


@pytest.fixture(scope="module")
def operations(sqlite: ctypes.CDLL, tmp_path_factory: pytest.TempPathFactory) -> int:
    """How many operations the whole play takes."""
    with FaultyDisk(sqlite) as disk:
        list(play(tmp_path_factory.mktemp("counted") / "store"))
    assert {"write", "sync", "truncate", "delete"} <= set(disk.kinds)
    return disk.count


def points(operations: int, few: int, request: pytest.FixtureRequest) -> list[int]:
    """Every operation when slow tests run, else a spread of them that always has the first and the last."""
    every = range(1, operations + 1)
    return list(every) if request.config.getoption("--slow") else sorted({round(p) for p in np.linspace(1, operations, few)})


def check_after(folder: Path, done: int, states: list[State]) -> int:
    """Whatever happened, the store holds what was acknowledged, and what was under way wholly or not at all; return how many steps are in it."""
    with Log.open(folder) as log:
        found = state(log)
        assert not log.erasing
    assert found in states[done : done + 2]
    return done + states[done : done + 2].index(found)


@pytest.mark.parametrize("how", ["error", "full"])
def test_a_failed_operation_leaves_whole_batches_and_the_log_goes_on(
    how: str, sqlite: ctypes.CDLL, operations: int, states: list[State], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for point in points(operations, 14, request):
        folder = tmp_path / f"{how}{point}"
        done = 0
        with FaultyDisk(sqlite, fail_at=point, how=how) as disk, contextlib.suppress(StoreError):
            for step in play(folder):
                done = step
            assert disk.count >= point
        done = check_after(folder, done, states)
        with Log.open(folder) as log:
            for step in STEPS[done:]:
                step(log)
            assert state(log) == states[-1]
        shutil.rmtree(folder)


def test_an_error_in_a_batch_can_be_survived_without_reopening(
    sqlite: ctypes.CDLL, operations: int, states: list[State], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for point in points(operations, 14, request):
        folder = tmp_path / str(point)
        with FaultyDisk(sqlite, fail_at=point, how="error"), contextlib.suppress(StoreError), Log.open(folder) as log:
            for step, before, after in zip(STEPS, states, states[1:], strict=False):
                try:
                    step(log)
                except StoreError:
                    if state(log) == before:
                        step(log)
                assert state(log) == after
        shutil.rmtree(folder)


def test_a_disk_that_stops_in_the_middle_loses_nothing_acknowledged(
    sqlite: ctypes.CDLL, operations: int, states: list[State], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for point in points(operations, 20, request):
        folder = tmp_path / str(point)
        done = 0
        with FaultyDisk(sqlite, fail_at=point, how="dead"), contextlib.suppress(StoreError):
            for step in play(folder):
                done = step
        check_after(folder, done, states)
        shutil.rmtree(folder)


def test_a_power_cut_loses_only_what_was_not_acknowledged(
    sqlite: ctypes.CDLL, operations: int, states: list[State], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    for point in points(operations, 20, request):
        folder, after = tmp_path / f"{point}", tmp_path / f"{point} after"
        done = 0
        with FaultyDisk(sqlite, fail_at=point, how="dead") as disk, contextlib.suppress(StoreError):
            for step in play(folder):
                done = step
        after.mkdir()
        for name, image in disk.after_power_cut(np.random.default_rng(point)).items():
            (after / name).write_bytes(image)
        check_after(after, done, states)
        shutil.rmtree(folder)
        shutil.rmtree(after)


WRITER = """
import json, sys, random
import numpy as np
from solomonic.memory import Log, Record
chance = random.Random(int(sys.argv[2]))
with Log.open(sys.argv[1]) as log:
    n = log.position().seq
    while True:
        size = chance.choice([1, 3, 50])
        texts = [f"{n + i} " + "words " * chance.randrange(200) for i in range(size)]
        stored = log.add([Record(text) for text in texts], vectors=np.full((size, 16), n, np.float32), fingerprint="f")
        n += size
        print("".join(json.dumps({"id": one.id, "sha256": one.sha256}) + "\\n" for one in stored), end="", flush=True)
        if chance.random() < 0.02:
            gone = stored[0]
            print(json.dumps({"forgetting": gone.id}), flush=True)
            log.forget([gone.seq])
"""


@pytest.mark.parametrize("kills", [8, pytest.param(200, marks=pytest.mark.slow)])
def test_acknowledged_records_survive_kills(kills: int, tmp_path: Path) -> None:
    acknowledged: dict[str, str] = {}
    forgetting: set[str] = set()
    chance = random.Random(kills)
    for kill in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "store"), str(kill)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            first = writer.stdout.readline()
            time.sleep(chance.random() * 0.15)
            writer.send_signal(signal.SIGKILL)
            lines = [first, *writer.stdout.readlines()]
        for line in lines:
            if line.endswith("\n"):
                said = json.loads(line)
                forgetting |= {said["forgetting"]} if "forgetting" in said else set()
                acknowledged |= {said["id"]: said["sha256"]} if "id" in said else {}
        with Log.open(tmp_path / "store", readonly=True) as reader:
            held = {record.id: record.sha256 for record in reader.records()}
        assert {id: digest for id, digest in acknowledged.items() if held.get(id) != digest}.keys() <= forgetting
    with Log.open(tmp_path / "store") as log:
        assert log.check() == []
        assert not log.erasing
        held = {record.id: record.sha256 for record in log.records()}
    assert {id for id in acknowledged if id not in held} <= forgetting
    assert len(acknowledged) > kills


def test_an_erasure_that_was_cut_off_is_finished_on_opening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from solomonic.memory import erase

    with Log.open(tmp_path) as log:
        log.add([Record("the xylophonist kept a secret"), Record("other")])
        with monkeypatch.context() as patched:
            patched.setattr(erase, "erase", lambda connections: False)
            log.forget([1])
        assert log.erasing
        with Log.open(tmp_path, readonly=True) as reader:
            assert reader.count() == 1
    with Log.open(tmp_path) as log:
        assert not log.erasing
    assert b"xylophonist" not in (tmp_path / "memory.db").read_bytes()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True).returncode:
        pytest.skip("mounting a small disk takes the rights of root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_full_disk_is_said_and_nothing_is_acknowledged_that_is_not_stored(small_disk: Path) -> None:
    stored = []
    with Log.open(small_disk / "store") as log:

        def fill() -> None:
            for i in range(1_000):
                stored.extend(log.add([Record(f"{i} " + "x" * 10_000), Record(f"{i} second")]))

        with pytest.raises(StoreError, match="disk is full"):
            fill()
        assert stored
        assert list(log.records()) == stored
    with Log.open(small_disk / "store") as log:
        assert list(log.records()) == stored
        assert log.check() == []
        with contextlib.suppress(StoreError):
            log.forget([1])
    with Log.open(small_disk / "store", readonly=True) as log:
        assert log.count() in (len(stored), len(stored) - 1)


def test_a_store_cannot_be_made_on_a_full_disk(small_disk: Path) -> None:
    (small_disk / "filler").write_bytes(bytes((2 << 20) - 4_096 * 2))
    with pytest.raises(StoreError, match=r"full|cannot"):
        Log.open(small_disk / "store")
    (small_disk / "filler").unlink()
    with Log.open(small_disk / "store") as log:
        assert log.add([Record("x")])
