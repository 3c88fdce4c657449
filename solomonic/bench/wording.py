"""How numbers, metrics and families are written, the same in the verdict, the terminal and the report."""

from __future__ import annotations

import math
from collections.abc import Sequence

from ..tasks.metrics import metric as metric_named

FAMILY_WORDS = {"inductive": "study", "transductive": "remember", "hybrid": "hybrid", "limit": "limit", "floor": "floor"}
METRIC_WORDS = {
    "log_loss": "log-loss",
    "log_loss_bits": "log-loss",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "roc_area": "ROC area",
    "f1": "F1",
    "rmse": "RMSE",
    "mae": "MAE",
}
UNKNOWN = "-"


def metric_word(metric: str) -> str:
    """Return the metric's name as it is written in text."""
    return METRIC_WORDS.get(metric, metric.replace("_", " "))


def metric_with_unit(metric: str) -> str:
    """Return the metric's name with its unit where that is not plain: "log-loss (nats)"."""
    units = {"log_loss": "nats", "log_loss_bits": "bits"}
    return f"{metric_word(metric)} ({units[metric]})" if metric in units else metric_word(metric)


def decimals(metric: str, *values: float) -> int:
    """Return how many decimals show the width of these values (an interval's ends, say) with two figures; 3 for fractions, at least 3 for losses."""
    unit = metric_named(metric).unit
    finite = [value for value in values if math.isfinite(value)]
    width = max(finite) - min(finite) if len(finite) > 1 else 0.0
    scale = width or abs(finite[0] if finite else 0.0) / 10.0
    if unit == "fraction" or scale == 0.0:
        return 3
    return max(3 if unit in ("nats", "bits") else 0, min(6, 1 - math.floor(math.log10(scale))))


def column_decimals(metric: str, scores: Sequence[tuple[float, float, float]]) -> int:
    """Return one number of decimals for many (score, low, high): enough for the narrowest interval, and for three figures of the largest score."""
    if metric_named(metric).unit == "fraction":
        return 3
    by_width = [decimals(metric, low, high) for _, low, high in scores if math.isfinite(high - low) and high > low]
    largest = max((abs(score) for score, _, _ in scores if math.isfinite(score)), default=0.0)
    by_size = 2 - math.floor(math.log10(largest)) if largest else 3
    return max(0, min(4, max([by_size, *by_width])))


def number(value: float | None, places: int) -> str:
    """Return the value with so many decimals and thousands apart; never "-0.000"."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0.0 else text


def bracket(low: float, high: float, places: int) -> str:
    """Return "[low, high]", or "[unknown]" where neither end is."""
    if not (math.isfinite(low) or math.isfinite(high)):
        return "[unknown]"
    return f"[{number(low, places)}, {number(high, places)}]"


def rounded(value: float | None) -> str:
    """Return a count of questions with two figures: 1,300."""
    if value is None or math.isnan(value):
        return UNKNOWN
    if math.isinf(value):
        return "never"
    if value < 1.0:
        return "1" if value > 0.0 else "0"
    step = 10 ** max(0, math.floor(math.log10(value)) - 1)
    return f"{round(value / step) * step:,}"


def figures(value: float | None, count: int = 3) -> str:
    """Return the value with so many significant figures, never in scientific notation within 1e-6 to 1e9."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    if value == 0.0:
        return "0"
    places = count - 1 - math.floor(math.log10(abs(value)))
    return f"{value:.0e}" if abs(value) < 1e-6 else f"{round(value, places):,.{max(0, places)}f}"


def seconds(value: float | None) -> str:
    """Return seconds as a number alone, two figures below one and three above; "<0.001" where there is less."""
    if value is not None and 0.0 <= value < 0.0005:
        return "<0.001"
    return figures(value, 3) if value is None or value >= 1.0 else f"{value:.{min(3, 1 - math.floor(math.log10(value)))}f}"


def milliseconds(value: float | None) -> str:
    """Return a time given in seconds, in milliseconds."""
    return seconds(None if value is None else value * 1000.0)


def size(value: int | None) -> str:
    """Return a size in bytes with a decimal unit: "760 kB"."""
    if value is None:
        return UNKNOWN
    scaled = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if scaled < 999.5 or unit == "TB":
            return f"{scaled:.0f} {unit}" if scaled >= 99.5 or unit == "B" else f"{figures(scaled, 2)} {unit}"
        scaled /= 1000.0
    raise AssertionError


def p_value(value: float) -> str:
    """Return "p = 0.012", or "p < 0.001"."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.2g}" if value < 0.1 else f"p = {value:.2f}"


def listed(names: list[str] | tuple[str, ...], word: str = "and") -> str:
    """Return "a", "a and b", "a, b and c"."""
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""


def share(value: float | None) -> str:
    """Return a share in percent: "1.2 %"."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{100.0 * value:.1f} %"
