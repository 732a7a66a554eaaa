"""`from_sklearn` and `from_torch`: models of what others have trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import OptionError
from ..model import Model

__all__ = ["from_sklearn", "from_torch"]


def from_sklearn(
    estimator: Any, *, names: Sequence[str] | None = None, classes: Sequence[Any] | None = None, target: str = "target"
) -> Model:
    """The model of a fitted estimator, or of a Pipeline that ends in one; it predicts what theirs does.

    Perceptron, LogisticRegression, MLPClassifier and MLPRegressor are understood, after StandardScaler, OneHotEncoder,
    SimpleImputer and ColumnTransformer. A Perceptron has no probabilities: here it gets its decision values through a
    sigmoid or softmax, which leaves the labels as they are.

    Parameters
    ----------
    estimator : fitted estimator or Pipeline
    names : sequence of str, optional
        Of its columns: those it was fitted with, else x1, x2 and so on, as the columns of an array are called.
    classes : sequence, optional
        Other names for its classes, in their order.
    target : str
        What the column is called that it predicts.

    Raises
    ------
    OptionError
        If it is not fitted, predicts several columns, or has a step that is not understood.

    Examples
    --------
    >>> import glasshouse as gh
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> theirs = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    >>> model = gh.from_sklearn(theirs, target="species")
    >>> bool((model.predict(X) == theirs.predict(X).astype(str)).all())
    True
    """
    if not hasattr(estimator, "get_params"):
        raise OptionError(f"{type(estimator).__name__} is no estimator of scikit-learn: try from_torch")
    return Model.of(estimator, names=names, classes=classes, target=target)


def from_torch(
    module: Any, *, names: Sequence[str] | None = None, classes: Sequence[Any] | None = None, target: str = "target"
) -> Model:
    """The model of a torch Sequential of Linear layers and activations; see `Model.to_torch` for the way back.

    Parameters
    ----------
    module : torch.nn.Sequential
    names : sequence of str, optional
        Of its inputs: x1, x2 and so on if None, which is what the columns of an array are called.
    classes : sequence, optional
        Of its outputs, which may be logits or probabilities; two for a single one. With None it predicts a number.
    target : str
        What the column is called that it predicts.

    Raises
    ------
    OptionError
        If it holds another layer, or classes do not fit its outputs.

    Examples
    --------
    >>> import glasshouse as gh, numpy as np, torch
    >>> theirs = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    >>> gh.from_torch(theirs, classes=["a", "b", "c"]).predict_proba(np.zeros((2, 4))).shape
    (2, 3)
    """
    if not (hasattr(module, "named_modules") and hasattr(module, "state_dict")):
        raise OptionError(f"{type(module).__name__} is no module of torch: try from_sklearn")
    return Model.of(module, names=names, classes=classes, target=target)
