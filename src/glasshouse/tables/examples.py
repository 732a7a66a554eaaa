"""The tables that scikit-learn bundles, so that a first command needs no download."""

from __future__ import annotations

from ..errors import TableError, choose

__all__ = ["EXAMPLES", "example"]

EXAMPLES = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def example(name: str) -> dict[str, list[str]]:
    """Columns of text cells of ``example:NAME``; the target is the last column, ``target``.

    Examples
    --------
    >>> list(example("example:iris"))[-1]
    'target'
    """
    from sklearn import datasets

    word = name.removeprefix("example:").replace("-", "_")
    try:
        choose("example", word, EXAMPLES)
    except ValueError as error:
        raise TableError(str(error)) from error
    bunch = getattr(datasets, f"load_{word}")()
    columns = {
        str(feature): [repr(float(value)) for value in column]
        for feature, column in zip(bunch.feature_names, bunch.data.T, strict=True)
    }
    words = getattr(bunch, "target_names", None)
    columns["target"] = [str(value) if words is None else str(words[value]) for value in bunch.target.tolist()]
    return columns
