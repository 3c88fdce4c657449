"""Solomonic: should you train, or remember? Inductive and transductive learners on the same exams.

Everything is imported when first asked for, so `import solomonic` is instant.
"""

from typing import TYPE_CHECKING

from .optional import lazy

if TYPE_CHECKING:
    from .bench.compare import Comparison, compare
    from .errors import SolomonicError
    from .records import ABSTAIN, Answer, Budget, Categorical, Evidence, Normal, Observation, Query, TaskInfo

__all__ = [
    "ABSTAIN",
    "Answer",
    "Budget",
    "Categorical",
    "Comparison",
    "Evidence",
    "Normal",
    "Observation",
    "Query",
    "SolomonicError",
    "TaskInfo",
    "compare",
]

__getattr__ = lazy(
    __name__,
    {
        **dict.fromkeys(["Comparison", "compare"], ".bench.compare"),
        **dict.fromkeys(
            ["ABSTAIN", "Answer", "Budget", "Categorical", "Evidence", "Normal", "Observation", "Query", "TaskInfo"], ".records"
        ),
        "SolomonicError": ".errors",
    },
)


def __dir__() -> list[str]:
    return __all__
