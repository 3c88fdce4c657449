"""Students: what learners are, who they are by name, and what they share; each is imported when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..optional import lazy
from .protocol import Factory, Learner, SequenceLearner
from .registry import Summary, factory, label, learners, names, parameters

if TYPE_CHECKING:
    from .base import Base
    from .features import Features
    from .studying import Inductive

__getattr__ = lazy(__name__, {"Base": ".base", "Features": ".features", "Inductive": ".studying"})

__all__ = [
    "Base",
    "Factory",
    "Features",
    "Inductive",
    "Learner",
    "SequenceLearner",
    "Summary",
    "factory",
    "label",
    "learners",
    "names",
    "parameters",
]
