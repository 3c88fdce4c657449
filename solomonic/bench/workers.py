"""The parent's side: a few workers, each a process with one thread, fed cells in order."""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Generator, Sequence
from typing import Any, cast

from .results import CellResult
from .worker import Failure, Order, receive, send

ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class _Process:
    """One worker process, started again when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def play(self, order: Order) -> CellResult | Failure:
        process = self._process = self._process or _start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            send(process.stdin, order)
            return cast("CellResult | Failure", receive(process.stdout))
        except (EOFError, OSError):
            self.stop()
            return Failure("its worker process died; a crash in compiled code or too little memory are the usual causes", "")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()


def _start() -> subprocess.Popen[bytes]:
    package = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    paths = [package, *(path for path in sys.path if path), *filter(None, [os.environ.get("PYTHONPATH")])]
    env = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
    return subprocess.Popen(
        [sys.executable, "-c", "from solomonic.bench.worker import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=env,
        start_new_session=True,
    )


def play_all(orders: Sequence[Order], *, jobs: int) -> Generator[tuple[Order, CellResult | Failure], None, None]:
    """Yield each order with its result, as they end; leaving the iteration stops the workers."""
    todo: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[tuple[Order, Any]] = queue.SimpleQueue()
    for order in orders:
        todo.put(order)
    processes = [_Process() for _ in range(max(1, min(jobs, len(orders))))]
    stopping = threading.Event()

    def serve(process: _Process) -> None:
        while not stopping.is_set():
            try:
                order = todo.get_nowait()
            except queue.Empty:
                break
            assert order is not None
            try:
                result: Any = process.play(order)
            except BaseException as error:
                result = error
            done.put((order, result))
        process.stop()

    threads = [threading.Thread(target=serve, args=(process,), daemon=True) for process in processes]
    for thread in threads:
        thread.start()
    try:
        for _ in orders:
            order, result = done.get()
            if isinstance(result, BaseException):
                raise result
            yield order, result
    finally:
        stopping.set()
        for process in processes:
            process.stop()
        for thread in threads:
            thread.join(timeout=5)
