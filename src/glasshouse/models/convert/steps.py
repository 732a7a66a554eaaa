"""The steps of scikit-learn's fitted pipelines, each a function from what flows into it to what flows out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from typing import Any

import numpy as np

from ...errors import OptionError
from ...tables.words import LARGEST
from .features import Atom, Cell, Feature, Levels, Number

__all__ = ["apart", "checked_fit", "features_of", "is_pipeline"]

Flow = list[Cell | Feature]
KNOWN = "StandardScaler, OneHotEncoder, SimpleImputer, ColumnTransformer, Pipeline and 'passthrough'"


def is_pipeline(thing: Any) -> bool:
    return _kind(thing) == "Pipeline"


def apart(thing: Any) -> tuple[list[tuple[str, Any]], Any]:
    """The steps of a pipeline, each of those in it too, and the estimator at its end."""
    steps = _flat([("", thing)])
    if not steps:
        raise OptionError("the Pipeline has no steps: give one that ends in a fitted estimator")
    return steps[:-1], steps[-1][1]


def _flat(steps: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    return [leaf for name, step in steps for leaf in (_flat(step.steps) if is_pipeline(step) else [(name, step)])]


def checked_fit(thing: Any, what: str) -> None:
    """Raise an OptionError if something of scikit-learn's is not fitted."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(thing)
    except (NotFittedError, TypeError) as error:
        raise OptionError(f"{what} is not fitted: call fit first") from error


def features_of(steps: Sequence[tuple[str, Any]], columns: Sequence[str]) -> list[Feature]:
    """What comes out of the last step, of columns that go into the first.

    Raises
    ------
    OptionError
        If a step is not understood whole; it is named, with what stands in the way.
    """
    flow: Flow = [Cell(column) for column in columns]
    for name, step in steps:
        flow = _through(name, step, flow)
    return [_as_number(item) for item in flow]


def _kind(step: Any) -> str:
    """The name of a class of scikit-learn's own; of others the whole name, which nothing here is known by."""
    kind = type(step)
    ours = kind.__module__.startswith("sklearn.")
    return kind.__name__ if ours else f"{kind.__module__}.{kind.__qualname__}"


def _through(name: str, step: Any, flow: Flow) -> Flow:
    if step is None or (isinstance(step, str) and step == "passthrough"):
        return flow
    kind = _kind(step)
    what = f"step {name!r} ({kind})"
    if kind not in STEPS:
        raise OptionError(f"{what} cannot be taken over: {KNOWN} can, do the rest to the table before the fit")
    if kind == "FunctionTransformer" and step.func is not None:
        raise OptionError(f"{what} calls a function, which a file cannot hold: do that to the table before the fit")
    checked_fit(step, what)
    expected = getattr(step, "n_features_in_", len(flow))
    if expected != len(flow):
        raise OptionError(f"{what} takes {expected} columns and is given {len(flow)}: fit the pipeline as a whole")
    return STEPS[kind](what, step, flow)


def _as_number(item: Cell | Feature) -> Feature:
    if isinstance(item, Feature):
        return item
    if item.fill is None:
        return Feature(Atom(item.column, Number(None)))
    if not isinstance(item.fill, Real):
        raise OptionError(
            f"column {item.column!r} takes {item.fill!r} where it is missing and is used as a number: "
            "fill it with a number, or encode it with OneHotEncoder"
        )
    return Feature(Atom(item.column, Number(float(item.fill))))


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ == "NAType" or (isinstance(value, Real) and value != value)  # noqa: PLR0124


def _scaled(what: str, step: Any, flow: Flow) -> Flow:
    means = step.mean_ if step.with_mean else np.zeros(len(flow))
    deviations = step.scale_ if step.with_std else np.ones(len(flow))
    return [
        _as_number(item).standardized(float(mean), float(deviation))
        for item, mean, deviation in zip(flow, means, deviations, strict=True)
    ]


def _imputed(what: str, step: Any, flow: Flow) -> Flow:
    if not _is_missing(step.missing_values):
        raise OptionError(
            f"{what} has missing_values={step.missing_values!r}: write NaN or None in the table before the fit"
        )
    filled: Flow = []
    for item, value in zip(flow, _listed(step.statistics_), strict=True):
        if not _is_missing(value):
            filled.append(_filled(what, item, value))
        elif step.keep_empty_features:
            filled.append(item)
    return filled + [_indicator(what, flow[k]) for k in (step.indicator_.features_ if step.add_indicator else ())]


def _filled(what: str, item: Cell | Feature, value: Any) -> Cell | Feature:
    if isinstance(item, Cell):
        return item if item.fill is not None else item._replace(fill=value)
    return item.filled(float(value)) if item.may_be_missing else item


def _indicator(what: str, item: Cell | Feature) -> Feature:
    if item.may_be_missing if isinstance(item, Feature) else item.fill is None:
        return Feature(Atom(item.column if isinstance(item, Cell) else item.atom.column))
    raise OptionError(f"{what} tells missing cells where none can be: set add_indicator where they are filled first")


def _one_hot(what: str, step: Any, flow: Flow) -> Flow:
    for setting in ("min_frequency", "max_categories"):
        if getattr(step, setting, None) is not None:
            raise OptionError(
                f"{what} has {setting}={getattr(step, setting)!r}, which puts levels together: leave it None, fit again"
            )
    drops = [None] * len(flow) if step.drop_idx_ is None else step.drop_idx_
    found: Flow = []
    for item, categories, drop in zip(flow, step.categories_, drops, strict=True):
        values = _listed(categories)
        dropped = [] if drop is None else [values.pop(drop)]
        found += _levels(what, item, values, dropped)
    return found


def _listed(values: np.ndarray[Any, Any]) -> list[Any]:
    """An array's values as a table has them: of single precision the number that is written, of dates no number."""
    if values.dtype == np.float32:
        return [float(str(value)) for value in values]
    return list(values) if values.dtype.kind in "mM" else values.tolist()


def _levels(what: str, item: Cell | Feature, kept: list[Any], dropped: list[Any]) -> list[Feature]:
    if isinstance(item, Feature):
        if item.atom.told is not None or (item.center, item.scale) != (0, 1):
            raise OptionError(f"{what} is given column {item.atom.column!r} as a number: encode before you scale")
        # that a cell is missing, as levels: 1 is the atom, 0 is 1 - atom
        return [item if value else replace(item, center=1.0, scale=-1.0) for value in kept]
    present = [value for value in (*kept, *dropped) if not _is_missing(value)]
    word, numeric = _spelling(what, item.column, present)
    words = [word(value) for value in present]
    n_missing = len(kept) + len(dropped) - len(present)
    if len(set(words)) < len(words) or n_missing > (item.fill is None):
        raise OptionError(f"{what} has levels of column {item.column!r} that look the same in a table: make them one")
    fill = next((word(value) for value in present if _same(value, item.fill)), None)
    known = tuple(word(value) for value in dropped if not _is_missing(value))
    told = Levels(tuple(word(value) for value in kept if not _is_missing(value)), known, numeric, fill)
    return [
        Feature(Atom(item.column) if _is_missing(value) else Atom(item.column, told, word(value))) for value in kept
    ]


def _same(level: Any, fill: Any) -> bool:
    """Whether what missing cells take is this level; an imputer may hold it in single precision, as it does not say."""
    if isinstance(level, str) or not isinstance(fill, Real):
        return bool(level == fill)
    if level == fill or max(abs(level), abs(fill)) > LARGEST:
        return bool(level == fill)
    return bool(np.float32(fill) == fill and np.float32(level) == np.float32(fill))


def _spelling(what: str, column: str, values: list[Any]) -> tuple[Callable[[Any], str], bool]:
    """How a table writes these levels, and whether they are numbers."""
    if all(isinstance(value, str) for value in values):
        return str.strip, False
    if all(isinstance(value, bool) for value in values):
        return str, False
    if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
        return lambda value: str(int(value)) if value == int(value) else repr(value), True
    odd = next(value for value in values if not isinstance(value, str))
    raise OptionError(f"{what} has the level {odd!r} of column {column!r} among others: make them text, or all numbers")


def _column_transformed(what: str, step: Any, flow: Flow) -> Flow:
    if step.transformer_weights is not None:
        raise OptionError(f"{what} has transformer_weights: leave them out, the network has weights of its own")
    out: Flow = []
    for name, transformer, columns in step.transformers_:
        places = _places(step, columns, len(flow))
        if places and not (isinstance(transformer, str) and transformer == "drop"):
            out += _through(name, transformer, [flow[place] for place in places])
    return out


def _places(step: Any, columns: Any, n: int) -> list[int]:
    """The places of the columns that a transformer is given: by number, name, slice or mask."""
    names = [str(name) for name in getattr(step, "feature_names_in_", ())]
    if isinstance(columns, slice):
        first, last = (
            names.index(end) + after if isinstance(end, str) else end
            for end, after in ((columns.start, 0), (columns.stop, 1))
        )
        return list(range(n))[slice(first, last, columns.step)]
    listed: list[Any] = [columns] if isinstance(columns, str | Real) else list(columns)
    if any(isinstance(column, bool | np.bool_) for column in listed):
        return [int(place) for place in np.flatnonzero(listed)]
    return [names.index(column) if isinstance(column, str) else range(n)[int(column)] for column in listed]


def _piped(what: str, step: Any, flow: Flow) -> Flow:
    for name, inner in _flat(step.steps):
        flow = _through(name, inner, flow)
    return flow


STEPS: dict[str, Callable[[str, Any, Flow], Flow]] = {
    "StandardScaler": _scaled,
    "SimpleImputer": _imputed,
    "OneHotEncoder": _one_hot,
    "ColumnTransformer": _column_transformed,
    "Pipeline": _piped,
    "FunctionTransformer": lambda what, step, flow: flow,  # what 'passthrough' is once it is fitted
}
