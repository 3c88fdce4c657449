"""Solomonic: should you train, or remember? Inductive and transductive learners on the same exams.

Everything is imported when first asked for, so `import solomonic` is instant.
"""

from typing import TYPE_CHECKING

from .optional import lazy

if TYPE_CHECKING:
    from .agent import Agent
    from .bench.compare import Comparison, compare
    from .errors import SolomonicError
    from .memory import Memory, Record
    from .records import ABSTAIN, Answer, Budget, Categorical, Evidence, Normal, Observation, Query, TaskInfo

__all__ = [
    "ABSTAIN",
    "Agent",
    "Answer",
    "Budget",
    "Categorical",
    "Comparison",
    "Evidence",
    "Memory",
    "Normal",
    "Observation",
    "Query",
    "Record",
    "SolomonicError",
    "TaskInfo",
    "compare",
]

__getattr__ = lazy(
    __name__,
    {
        "Agent": ".agent",
        **dict.fromkeys(["Comparison", "compare"], ".bench.compare"),
        **dict.fromkeys(["Memory", "Record"], ".memory"),
        **dict.fromkeys(
            ["ABSTAIN", "Answer", "Budget", "Categorical", "Evidence", "Normal", "Observation", "Query", "TaskInfo"], ".records"
        ),
        "SolomonicError": ".errors",
    },
)


def __dir__() -> list[str]:
    return __all__
