"""For those who write learners: checks that any of them should pass."""

from __future__ import annotations

from .check import check_learner
from .exams import EXAMS, SmallExam, small_exam

__all__ = ["EXAMS", "SmallExam", "check_learner", "small_exam"]
