"""The worker's side: a process that has imported everything once, and plays each cell in a fork of itself.

So every cell starts from the same cold caches, without paying for imports and compilation again. `bench.workers` starts it;
messages are length-prefixed pickles on stdin and stdout. What a learner prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import signal
import struct
import sys
import time
import traceback
import warnings
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import cloudpickle

from ..errors import SolomonicError
from ..learners import registry
from ..learners.protocol import Factory
from ..records import Budget, child_rng
from ..tasks.events import Lesson, Questions
from ..tasks.task import Task
from .play import play

REMEMBERED_TASKS = 2
WARM_UP_LESSON = 40


@dataclass(frozen=True, slots=True)
class Order:
    """One cell to play; `learner`: a registry name or import path, or a cloudpickled object."""

    task: Path
    learner: str | bytes
    name: str
    seed: int
    fraction: float
    budget: Budget
    key: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a cell has no result; `user`: is it an error of ours to be shown in one line?"""

    reason: str
    trace: str
    user: bool = False


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message."""
    _send_bytes(pipe, packed(message))


def packed(message: Any) -> bytes:
    """Return a message's pickle, in which classes and functions of a notebook travel too."""
    body: bytes = cloudpickle.dumps(message)
    return body


def _send_bytes(pipe: IO[bytes], body: bytes) -> None:
    pipe.write(struct.pack("<Q", len(body)) + body)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Return the next message.

    Raises:
        EOFError: the other side is gone.
    """
    return pickle.loads(_receive_bytes(pipe))


def _receive_bytes(pipe: IO[bytes]) -> bytes:
    head = pipe.read(8)
    if len(head) < 8:
        raise EOFError
    (size,) = struct.unpack("<Q", head)
    body = pipe.read(size)
    if len(body) < size:
        raise EOFError
    return body


def die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies, so that a killed run leaves nothing behind."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Worker:
    """Holds the last few tasks and every learner's factory, imported and warm."""

    def __init__(self) -> None:
        self.tasks: OrderedDict[Path, Task] = OrderedDict()
        self.warm: dict[tuple[str | bytes, str, str, str], float] = {}

    def prepare(self, order: Order) -> tuple[Task, Factory, float]:
        """Return the task, the factory and the seconds that its warm-up took."""
        task = self.tasks.get(order.task)
        if task is None:
            with open(order.task, "rb") as handle:
                task = self.tasks[order.task] = pickle.load(handle)
            while len(self.tasks) > REMEMBERED_TASKS:
                self.tasks.popitem(last=False)
        made = registry.factory(pickle.loads(order.learner) if isinstance(order.learner, bytes) else order.learner)
        what = order.learner, task.info.x_type, task.info.y_type, task.exam.kind
        if what not in self.warm:
            start = time.perf_counter()
            warm_up(made, task)
            self.warm[what] = time.perf_counter() - start
        return task, made, self.warm[what]

    def work(self, order: Order) -> bytes:
        """Return the pickled result or failure of one cell, played in a fork."""
        try:
            task, made, warm_up_s = self.prepare(order)
        except Exception as error:
            return packed(_failure(error))
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            _play_and_exit(writing, order, task, made, warm_up_s)
        os.close(writing)
        with open(reading, "rb") as pipe:
            body = pipe.read()
        _, status = os.waitpid(child, 0)
        if status != 0 or not body:
            code = os.waitstatus_to_exitcode(status)
            reason = f"its process was killed by {signal.Signals(-code).name}" if code < 0 else f"its process ended with code {code}"
            return packed(Failure(f"{reason}; too little memory is the usual cause", ""))
        return body


def _play_and_exit(writing: int, order: Order, task: Task, made: Factory, warm_up_s: float) -> None:
    """Play the cell and leave without running the parent's exit handlers."""
    code = 1
    try:
        die_with_parent()
        result: Any
        try:
            result = play(
                task, made, order.name, seed=order.seed, fraction=order.fraction, budget=order.budget, key=order.key, warm_up_s=warm_up_s
            )
        except Exception as error:
            result = _failure(error)
        with open(writing, "wb") as pipe:
            pipe.write(packed(result))
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


def _failure(error: Exception) -> Failure:
    user = isinstance(error, SolomonicError)
    return Failure(str(error) if user else f"{type(error).__name__}: {error}", traceback.format_exc(), user)


def warm_up(made: Factory, task: Task) -> None:
    """Let a learner import and compile what it needs, on a few items of the task; what goes wrong here goes wrong again where it counts."""
    budget = Budget(candidates=1, folds=1)
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        getattr(made, "warm_up", lambda: None)()
        learner = made(task.info, rng=child_rng(0, "warm-up"), budget=budget)
        curves = getattr(learner, "curves", None)
        if task.exam.kind == "sequence" and curves is not None:
            curves([task.info.choices * 8])
        lesson: list[Any] = []
        asked: list[Any] = []
        for event in task.exam.events(seed=0):
            if isinstance(event, Lesson):
                lesson += event.observations[: WARM_UP_LESSON - len(lesson)]
            elif isinstance(event, Questions):
                asked += event.queries[: 2 - len(asked)]
            if (len(lesson) >= WARM_UP_LESSON or not lesson) and len(asked) == 2:
                break
        learner.observe(lesson)
        learner.study()
        learner.answer(asked)
        learner.answer(asked[:1])


def main() -> None:
    """Serve orders until the parent is gone."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    worker = Worker()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            _send_bytes(replies, worker.work(receive(requests)))
