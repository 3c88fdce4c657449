"""The memory engine: what was seen, kept word for word, and found again."""

from typing import TYPE_CHECKING

from ..optional import lazy

if TYPE_CHECKING:
    from .forget import Receipt
    from .log import Log
    from .recall import Hit, Recall
    from .record import Fact, Position, Record, Stored
    from .store import Memory
    from .verify import Report

__all__ = ["Fact", "Hit", "Log", "Memory", "Position", "Recall", "Receipt", "Record", "Report", "Stored"]

__getattr__ = lazy(
    __name__,
    {
        "Fact": ".record",
        "Hit": ".recall",
        "Log": ".log",
        "Memory": ".store",
        "Position": ".record",
        "Recall": ".recall",
        "Receipt": ".forget",
        "Record": ".record",
        "Report": ".verify",
        "Stored": ".record",
    },
)
