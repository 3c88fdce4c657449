"""The most memory that a stretch of work held beyond what the process held before it."""

from __future__ import annotations

import contextlib
import sys
from types import TracebackType


class PeakMemory:
    """A context whose `bytes` is the growth of the process's peak resident memory inside it.

    Linux lets a process reset its own high-water mark (/proc/self/clear_refs); elsewhere the growth of the peak since the start of the process is
    all that can be known, and a stretch that stays below an earlier peak reads 0.
    """

    def __init__(self) -> None:
        self.bytes = 0

    def __enter__(self) -> PeakMemory:
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as handle:
            handle.write("5")
        self._before = _peak()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.bytes = max(0, _peak() - self._before)


def _peak() -> int:
    try:
        with open("/proc/self/status") as handle:
            for line in handle:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
