"""The agent: it is told things, and answers by quotation or not at all."""

from typing import TYPE_CHECKING

from ..optional import lazy

if TYPE_CHECKING:
    from .agent import Agent
    from .bundled import textbook
    from .reply import Quotation, Reply, Verdict

__all__ = ["Agent", "Quotation", "Reply", "Verdict", "textbook"]

__getattr__ = lazy(
    __name__,
    {"Agent": ".agent", "Quotation": ".reply", "Reply": ".reply", "Verdict": ".reply", "textbook": ".bundled"},
)
