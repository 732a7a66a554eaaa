"""The tables that scikit-learn bundles, and four drawn in the plane, so that a first command needs no download."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from ..errors import TableError, choose

__all__ = ["EXAMPLES", "TOYS", "example"]

BUNDLED = ("breast_cancer", "diabetes", "digits", "iris", "wine")
TOY_ROWS, TOY_NOISE = 400, 0.15
Points = tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]  # (n, 2), and the class of each


def example(name: str) -> dict[str, list[str]]:
    """Columns of text cells of ``example:NAME``; the target is the last column, ``target``.

    Examples
    --------
    >>> list(example("example:iris"))[-1]
    'target'
    >>> list(example("example:moons"))
    ['x', 'y', 'target']
    """
    from sklearn import datasets

    word = name.removeprefix("example:").replace("-", "_")
    try:
        choose("example", word, EXAMPLES)
    except ValueError as error:
        raise TableError(str(error)) from error
    if word in TOYS:
        points, classes = TOYS[word]()
        places = {name: [f"{value:.4f}" for value in column] for name, column in zip("xy", points.T, strict=True)}
        return {**places, "target": [("blue", "orange")[k] for k in classes.tolist()]}
    bunch = getattr(datasets, f"load_{word}")()
    columns = {
        str(feature): [repr(float(value)) for value in column]
        for feature, column in zip(bunch.feature_names, bunch.data.T, strict=True)
    }
    words = getattr(bunch, "target_names", None)
    columns["target"] = [str(value) if words is None else str(words[value]) for value in bunch.target.tolist()]
    return columns


def moons() -> Points:
    """Two half circles, each with an end inside the other."""
    from sklearn.datasets import make_moons

    return make_moons(TOY_ROWS, noise=TOY_NOISE, random_state=0)  # type: ignore[no-any-return]


def circles() -> Points:
    """A circle within another."""
    from sklearn.datasets import make_circles

    return make_circles(TOY_ROWS, noise=TOY_NOISE, factor=0.4, random_state=0)  # type: ignore[no-any-return]


def spirals() -> Points:
    """Two spirals around each other (Lang, Witbrock 1988)."""
    rng, classes = np.random.default_rng(0), np.arange(TOY_ROWS) % 2
    turn = np.sqrt(rng.uniform(0.02, 1, TOY_ROWS))
    angle = 3 * np.pi * turn + np.pi * classes
    points = 2 * turn[:, None] * np.stack((np.cos(angle), np.sin(angle)), axis=1)
    return points + rng.normal(0, TOY_NOISE / 2, points.shape), classes


def xor() -> Points:
    """One class where the signs of x and y are the same, the other where they differ (Minsky, Papert 1969)."""
    points = np.random.default_rng(0).uniform(-1, 1, (TOY_ROWS, 2))
    return points, ((points[:, 0] > 0) != (points[:, 1] > 0)).astype(int)


TOYS: dict[str, Callable[[], Points]] = {"moons": moons, "circles": circles, "spirals": spirals, "xor": xor}
EXAMPLES = (*BUNDLED, *TOYS)
