"""Adaptive predictors that several rooms need: Krichevsky-Trofimov, context-tree weighting (numba, so imported when first asked for)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..optional import lazy
from .kt import KrichevskyTrofimov, kt_log_mass, kt_log_probs

if TYPE_CHECKING:
    from .ctw import ContextTree, reference_curve, reference_log_mass, warm_up

__getattr__ = lazy(__name__, dict.fromkeys(("ContextTree", "reference_curve", "reference_log_mass", "warm_up"), ".ctw"))

__all__ = ["ContextTree", "KrichevskyTrofimov", "kt_log_mass", "kt_log_probs", "reference_curve", "reference_log_mass", "warm_up"]
