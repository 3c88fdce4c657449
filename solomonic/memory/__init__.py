"""The memory engine: what was seen, kept word for word, and found again."""

from .log import Log
from .record import Fact, Position, Record, Stored

__all__ = ["Fact", "Log", "Position", "Record", "Stored"]
