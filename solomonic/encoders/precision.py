"""Which number format the encoders compute in on this machine.

bfloat16 halves the bytes of every matrix product and, where the processor multiplies it natively, doubles its speed. Where it does not,
PyTorch emulates it and it is slower than float32. So the processor is asked what it has; nothing is assumed and nothing is timed, because
a timing that came out differently tomorrow would change the fingerprint of the encoder and with it the space of a store.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from ..errors import InputError

Dtype = Literal["bfloat16", "float32"]
DTYPES: Final[tuple[Dtype, ...]] = ("bfloat16", "float32")

# x86 names its instruction sets under "flags", ARM under "Features".
_NATIVE: Final = {"avx512_bf16", "amx_bf16", "bf16"}


def names_bfloat16(cpuinfo: str) -> bool:
    """Return whether the text of /proc/cpuinfo names native bfloat16 products on every processor that it lists."""
    lines = [line.partition(":")[2].split() for line in cpuinfo.splitlines() if line.split(":")[0].strip() in ("flags", "Features")]
    return bool(lines) and all(_NATIVE & set(line) for line in lines)


@lru_cache(maxsize=1)
def native_bfloat16() -> bool:
    """Return whether this machine multiplies bfloat16 natively, as far as the kernel says; unknown counts as no."""
    try:
        return names_bfloat16(Path("/proc/cpuinfo").read_text())
    except OSError:
        return False


def chosen(dtype: str | None) -> Dtype:
    """Return the format asked for, or the faster one of this machine where none is.

    Raises:
        InputError: no such format.
    """
    if dtype is None:
        return "bfloat16" if native_bfloat16() else "float32"
    for known in DTYPES:
        if dtype == known:
            return known
    raise InputError(f"dtype is {dtype!r}; an encoder computes in {' or '.join(DTYPES)}")
