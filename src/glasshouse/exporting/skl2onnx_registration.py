"""Our estimators among those that skl2onnx converts: a scikit-learn Pipeline that holds one becomes ONNX too."""

from __future__ import annotations

from ..errors import OptionError
from ..estimators.classifier import MLPClassifier
from ..estimators.logistic import LogisticRegression
from ..estimators.perceptron import Perceptron
from ..estimators.regressor import MLPRegressor

__all__ = ["register_skl2onnx"]

OPTIONS = {"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]}


def register_skl2onnx() -> None:
    """Tell skl2onnx how our estimators are converted; call it once, before `skl2onnx.to_onnx`.

    As with scikit-learn's, a classifier has the outputs label and probabilities, a regressor its numbers. Estimators
    with margins give decision values for probabilities; of two classes that of the second, and its negative before it.

    Raises
    ------
    OptionError
        If skl2onnx is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse import LogisticRegression
    >>> from skl2onnx import to_onnx
    >>> register_skl2onnx()
    >>> X = np.array([[-1.0], [1.0]], np.float32)
    >>> proto = to_onnx(LogisticRegression().fit(X, [0, 1]), X, options={"zipmap": False})
    >>> [output.name for output in proto.graph.output]
    ['label', 'probabilities']
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError as error:
        raise OptionError("there is no skl2onnx to register with: pip install skl2onnx") from error
    from . import skl2onnx_converter as ours

    for kind in (MLPClassifier, LogisticRegression, Perceptron):
        name = f"Glasshouse{kind.__name__}"
        update_registered_converter(kind, name, ours.classifier_shapes, ours.convert_classifier, options=OPTIONS)
    name = "GlasshouseMLPRegressor"
    update_registered_converter(MLPRegressor, name, ours.regressor_shapes, ours.convert_regressor)
