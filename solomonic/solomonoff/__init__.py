"""The limit: Solomonoff's mixture over programs, bounded by exact enumeration of a monotone machine (numba, so imported when first asked for)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..optional import lazy
from .machine import Machine, Op, bits_of, encode
from .reference import Fate, Leaf, Step, decode, leaves, masses, output, run, trace
from .targets import Trie, all_strings

if TYPE_CHECKING:
    from .enumeration import Limits, Walk, deepen, enumerate_programs, warm_up
    from .mixture import Classes, Interval, Line, half_and_half
    from .prediction import Prediction, Program, conditional, iter_predictions, loss_curves, predict, predict_after
    from .symbols import Coding, symbol_intervals, symbol_log_probs, text_bits

__getattr__ = lazy(
    __name__,
    {
        **dict.fromkeys(("Limits", "Walk", "deepen", "enumerate_programs", "warm_up"), ".enumeration"),
        **dict.fromkeys(("Classes", "Interval", "Line", "half_and_half"), ".mixture"),
        **dict.fromkeys(
            ("Prediction", "Program", "conditional", "iter_predictions", "loss_curves", "predict", "predict_after"), ".prediction"
        ),
        **dict.fromkeys(("Coding", "symbol_intervals", "symbol_log_probs", "text_bits"), ".symbols"),
    },
)

__all__ = [
    "Classes",
    "Coding",
    "Fate",
    "Interval",
    "Leaf",
    "Limits",
    "Line",
    "Machine",
    "Op",
    "Prediction",
    "Program",
    "Step",
    "Trie",
    "Walk",
    "all_strings",
    "bits_of",
    "conditional",
    "decode",
    "deepen",
    "encode",
    "enumerate_programs",
    "half_and_half",
    "iter_predictions",
    "leaves",
    "loss_curves",
    "masses",
    "output",
    "predict",
    "predict_after",
    "run",
    "symbol_intervals",
    "symbol_log_probs",
    "text_bits",
    "trace",
    "warm_up",
]
