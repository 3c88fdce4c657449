"""From text to unit vectors, each space named by a fingerprint; nothing heavy is imported before the first text is encoded."""

from typing import TYPE_CHECKING

from ..optional import lazy
from .protocol import Encoder, fingerprint_of

if TYPE_CHECKING:
    from .cache import CachedEncoder
    from .registry import encoder, names

__getattr__ = lazy(__name__, {"CachedEncoder": ".cache", "encoder": ".registry", "names": ".registry"})

__all__ = ["CachedEncoder", "Encoder", "encoder", "fingerprint_of", "names"]
