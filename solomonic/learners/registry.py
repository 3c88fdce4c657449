"""Where a learner's name leads: built-in names, entry points, import paths, and objects given in Python.

Nothing is imported before a name is resolved. A learner may be named by

    maxent                      a built-in name, or an entry point of the group "solomonic.learners"
    package.module.Class        an import path (also package.module:attribute): a factory, or a scikit-learn estimator class
    SVC(C=10)                   in Python: a factory, or a scikit-learn estimator, adapted by `learners.estimator`
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import inspect
import pickle
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np

from ..errors import InputError, UnknownName
from ..records import Kind
from .protocol import Factory

GROUP: Final = "solomonic.learners"
LABEL_WIDTH: Final = 48
DECLARED: Final = ("kind", "keeps_data", "sees_batch", "refuses")

BUILTIN: Final[dict[str, str]] = {
    "majority": "solomonic.learners.floors:Majority",
    "uniform": "solomonic.learners.floors:Uniform",
    "no-change": "solomonic.learners.floors:NoChange",
    "mean": "solomonic.learners.floors:Mean",
    "maxent": "solomonic.learners.maxent:Maxent",
    "linear": "solomonic.learners.linear:Linear",
    "mlp": "solomonic.learners.mlp:Mlp",
    "boosting": "solomonic.learners.boosting:Boosting",
    "online": "solomonic.learners.online:Online",
    "ngram": "solomonic.learners.ngram:Ngram",
    "nearest": "solomonic.learners.nearest:Nearest",
    "attention": "solomonic.learners.attention:Attention",
    "local": "solomonic.learners.local:Local",
    "kt": "solomonic.learners.sequence:Kt",
    "ctw": "solomonic.learners.sequence:Ctw",
    "recall:random": "solomonic.learners.recall:RecallRandom",
    "recall:lexical": "solomonic.learners.recall:RecallLexical",
    "recall:dense": "solomonic.learners.recall:RecallDense",
    "recall:graph": "solomonic.learners.recall:RecallGraph",
    "recall:hybrid": "solomonic.learners.recall:RecallHybrid",
    "solomonoff": "solomonic.learners.solomonoff:Solomonoff",
    "solomonoff+ctw": "solomonic.learners.solomonoff:SolomonoffCtw",
}


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list of learners shows; `title`: the first line of its docstring."""

    name: str
    kind: Kind
    keeps_data: bool
    sees_batch: bool
    title: str
    where: str


@functools.cache
def entry_points() -> dict[str, str]:
    """Return the learners of other packages: name -> import path; a built-in name cannot be taken."""
    found = importlib.metadata.entry_points(group=GROUP)
    return {point.name: point.value for point in found if point.name not in BUILTIN}


def names() -> list[str]:
    """Return every name that `factory` knows, floors first; imports nothing."""
    return [*BUILTIN, *sorted(entry_points())]


def learners() -> list[Summary]:
    """Return a summary of every named learner, in the order of `names`."""
    summaries = []
    for name in names():
        made = factory(name)
        lines = (inspect.getdoc(made) or "").splitlines() or [""]
        summaries.append(Summary(name, made.kind, made.keeps_data, made.sees_batch, lines[0], _where(name)))
    return summaries


def factory(spec: Any) -> Factory:
    """Return the factory that a name, an import path or an object stands for.

    Raises:
        UnknownName: nothing is called that.
        InputError: what was found is neither a factory nor a scikit-learn estimator.
    """
    found = _resolve(spec) if isinstance(spec, str) else spec
    if is_estimator(found):
        from .estimator import EstimatorFactory

        return cast(Factory, EstimatorFactory(_instance(found) if inspect.isclass(found) else found))
    missing = [name for name in DECLARED if not hasattr(found, name)]
    if missing or not callable(found):
        raise InputError(
            f"{label(spec)} is neither a learner's factory nor a scikit-learn estimator: it has no {', '.join(missing) or 'call'}; "
            "a factory is called with (info, rng=, budget=) and declares kind, keeps_data, sees_batch and refuses(info)"
        )
    return cast(Factory, found)


def is_estimator(found: Any) -> bool:
    """Return whether this is a scikit-learn estimator or a class of them, judged by its methods, so that nothing is imported."""
    return all(callable(getattr(found, name, None)) for name in ("fit", "predict", "get_params", "set_params"))


def label(spec: Any) -> str:
    """Return a stable name for display: a name or path as it is, an estimator's own repr, a factory's class; one line, capped."""
    if isinstance(spec, str):
        return spec
    if inspect.isclass(spec) or inspect.isroutine(spec):
        text = str(spec.__name__)
    elif is_estimator(spec) and isinstance(getattr(spec, "steps", None), list):
        text = " | ".join(" ".join(repr(step).split()) for _, step in spec.steps)
    elif getattr(type(spec), "__repr__", None) == object.__repr__:
        text = type(spec).__name__
    else:
        text = " ".join(repr(spec).split())
    return text if len(text) <= LABEL_WIDTH else text[: LABEL_WIDTH - 3] + "..."


def parameters(spec: Any) -> str:
    """Return the text that a cell's key hashes for this learner: same text, same answers.

    A built-in learner is its path (the bench hashes this package's code itself). For an estimator: its class, its package's version and every
    parameter; for any other factory: its attributes and a hash of its module's source, where there is one.
    """
    if isinstance(spec, str) and spec in BUILTIN:
        return BUILTIN[spec]
    return _describe(_resolve(spec) if isinstance(spec, str) else spec)


def _where(name: str) -> str:
    return BUILTIN.get(name) or entry_points()[name]


def _resolve(spec: str) -> Any:
    """Return the object that a name or an import path leads to."""
    path = BUILTIN.get(spec) or entry_points().get(spec) or spec
    module_name, colon, attribute = path.partition(":")
    if not colon:
        module_name, _, attribute = path.rpartition(".")
    if not module_name or not attribute:
        raise UnknownName("learner", spec, names())
    try:
        found: Any = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name and (module_name == error.name or module_name.startswith(f"{error.name}.")):
            raise UnknownName(f"module {error.name!r} of the learner", spec, names()) from None
        raise InputError(f"learner {spec!r} cannot be imported: {error}; install what it needs") from error
    except (ImportError, ValueError, SyntaxError) as error:
        raise InputError(f"learner {spec!r} cannot be imported: {error}") from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [f"{module_name}{colon or '.'}{name}" for name in dir(found) if not name.startswith("_")]
            raise UnknownName("learner", spec, public)
        found = getattr(found, part)
    return found


def _instance(estimator_class: Any) -> Any:
    """Return an estimator with its default parameters."""
    try:
        return estimator_class()
    except TypeError as error:
        raise InputError(
            f"{estimator_class.__name__} cannot be made without arguments ({error}); in Python, give an instance instead"
        ) from None


def _describe(value: Any, depth: int = 0) -> str:
    """Return a text that is the same in every process for equal values, and differs where answers may differ."""
    if isinstance(value, (str, bytes, int, float, complex, bool, type(None), np.generic)):
        return f"{type(value).__name__}:{value!r}"
    if isinstance(value, np.ndarray):
        body = repr(value.tolist()) if value.dtype == object else hashlib.sha256(np.ascontiguousarray(value).tobytes()).hexdigest()
        return f"array:{value.dtype.str}{value.shape}:{body}"
    if isinstance(value, Mapping):
        return "{" + ",".join(sorted(f"{_describe(k, depth + 1)}={_describe(v, depth + 1)}" for k, v in value.items())) + "}"
    if isinstance(value, (list, tuple)):
        return f"{type(value).__name__}(" + ",".join(_describe(v, depth + 1) for v in value) + ")"
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}(" + ",".join(sorted(_describe(v, depth + 1) for v in value)) + ")"
    if depth > 12:
        return type(value).__qualname__
    if inspect.isclass(value) or inspect.isroutine(value):
        return _describe_code(value, depth)
    if is_estimator(value):
        return f"{_describe_code(type(value), depth)}{_describe(value.get_params(deep=False), depth + 1)}"
    return _describe_object(value, depth)


def _describe_code(value: Any, depth: int) -> str:
    """Return the path of a class or function, the version of its package or a hash of its source, and what a function closes over."""
    module, name = getattr(value, "__module__", None) or "", getattr(value, "__qualname__", type(value).__qualname__)
    version = getattr(sys.modules.get(module.split(".")[0]), "__version__", None)
    if version is None or module == "__main__":
        version = hashlib.sha256(_source(value).encode()).hexdigest()[:16]
    closed: list[str] = []
    if inspect.isfunction(value):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        closed = [_describe(part, depth + 1) for part in (value.__defaults__, value.__kwdefaults__, cells) if part]
    return f"{module}:{name}@{version}({';'.join(closed)})"


def _source(value: Any) -> str:
    """Return the source of the module that defines this, or of the thing itself where there is no file (a notebook), or nothing."""
    sources: tuple[Callable[[], str], ...] = (
        lambda: inspect.getsource(cast(Any, inspect.getmodule(value))) if value.__module__ != "__main__" else inspect.getsource(value),
        lambda: inspect.getsource(value),
    )
    for read in sources:
        try:
            return read()
        except (OSError, TypeError):
            continue
    return ""


def _describe_object(value: Any, depth: int) -> str:
    """Return the class and attributes of any other object; its pickle where it has no attributes, its repr without addresses at last."""
    kept = getattr(value, "__dict__", None)
    if kept:
        return f"{_describe_code(type(value), depth)}{_describe(kept, depth + 1)}"
    try:
        body = hashlib.sha256(pickle.dumps(value, protocol=5)).hexdigest()
    except Exception:
        body = re.sub(r" at 0x[0-9a-f]+", "", repr(value))
    return f"{_describe_code(type(value), depth)}{body}"
