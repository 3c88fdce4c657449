"""One writer, many readers, across processes: no error, and never half a batch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from solomonic.errors import StoreBusy
from solomonic.memory import Log, Record

BATCH = 7

READER = """
import json, sys, time
import numpy as np
from solomonic.memory import Log
until = time.time() + float(sys.argv[2])
rounds, seen, forgotten = 0, 0, 0
with Log.open(sys.argv[1], readonly=True) as log:
    while time.time() < until:
        with log.read():
            sizes = {}
            for record in log.records(after=max(0, log.position().seq - 700)):
                sizes[record.meta["batch"]] = sizes.get(record.meta["batch"], 0) + 1
                assert record.text == f"batch {record.meta['batch']} line {record.meta['line']}", record
            whole = {batch: size for batch, size in sizes.items() if batch != min(sizes)}
            assert set(whole.values()) <= {7, 6}, whole
            seqs = [seq for part, _ in log.vectors("f", after=max(0, log.position().seq - 700)) for seq in part.tolist()]
            assert len(seqs) == sum(sizes.values()), (len(seqs), sizes)
            newest = max(sizes)
            assert len(log.match([str(newest)], 100)) >= sizes[newest]
        rounds, seen = rounds + 1, max(seen, newest)
print(json.dumps({"rounds": rounds, "seen": seen}))
"""

WRITER = """
import sys, time
import numpy as np
from solomonic.memory import Log, Record
until = time.time() + float(sys.argv[2])
with Log.open(sys.argv[1]) as log:
    batch = 1
    while time.time() < until:
        records = [Record(f"batch {batch} line {i}", meta={"batch": batch, "line": i}) for i in range(7)]
        stored = log.add(records, vectors=np.full((7, 8), batch, np.float32), fingerprint="f")
        if batch % 50 == 0:
            log.forget([stored[3].seq])
        batch += 1
    print(batch)
"""


@pytest.mark.parametrize("seconds", [3, pytest.param(60, marks=pytest.mark.slow)])
def test_four_readers_never_see_half_a_batch(seconds: int, tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add(
            [Record(f"batch 0 line {i}", meta={"batch": 0, "line": i}) for i in range(BATCH)], vectors=[[0] * 8] * BATCH, fingerprint="f"
        )  # type: ignore[arg-type]
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(seconds)], stdout=subprocess.PIPE, text=True)
    readers = [
        subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path), str(seconds)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    said = [reader.communicate(timeout=seconds + 60) for reader in readers]
    written, _ = writer.communicate(timeout=seconds + 60)
    for reader, (out, error) in zip(readers, said, strict=True):
        assert reader.returncode == 0, error
        found = json.loads(out)
        assert found["rounds"] > 0
        assert found["seen"] > 0
    assert writer.returncode == 0
    with Log.open(tmp_path) as log:
        assert log.check() == []
        batches = int(written)
        assert log.count() == batches * BATCH - (batches - 1) // 50


def test_a_second_writer_in_another_process_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    code = "import sys, time; from solomonic.memory import Log; log = Log.open(sys.argv[1]); print('open', flush=True); time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreBusy, match=f"process {other.pid}"):
            Log.open(tmp_path)
        with Log.open(tmp_path, readonly=True) as reader:
            assert reader.count() == 0
        other.kill()
        other.wait()
        with Log.open(tmp_path) as log:
            log.add([Record("x")])


def test_a_reader_sees_what_another_process_adds(tmp_path: Path) -> None:
    with Log.open(tmp_path) as log:
        log.add([Record("first")])
    code = "import sys; from solomonic.memory import Log, Record; Log.open(sys.argv[1]).add([Record('second')])"
    with Log.open(tmp_path, readonly=True) as reader:
        assert reader.count() == 1
        subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
        assert reader.count() == 2
        assert reader.position().seq == 2
