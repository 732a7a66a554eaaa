"""Arrays in, arrays out: a network's outputs for any number of rows, one panel at a time, or for one row at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .. import kernels
from .network import Network
from .passes import forward
from .workspace import Workspace

if TYPE_CHECKING:
    from ..kernels import Row

__all__ = ["Predictor", "panels", "row_predictor"]

PANEL = 256  # rows whose columns stay in the second-level cache of most processors


def panels(n_rows: int, size: int = PANEL) -> Iterator[npt.NDArray[np.int64]]:
    """The row numbers 0 to n_rows, a panel at a time."""
    for start in range(0, n_rows, size):
        yield np.arange(start, min(start + size, n_rows), dtype=np.int64)


class Predictor:
    """A network bound for the way forward; one row gives the same bits as the same row in a batch.

    Calls from several threads take turns; for speed give each thread a predictor of its own.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network.initialized(perceptron_layers(2, [], 1, "relu", "identity"), np.random.default_rng(0))
    >>> Predictor(network)(np.zeros((5, 2), np.float32)).shape
    (5, 1)
    """

    def __init__(self, network: Network, threads: int | None = None):
        self.work = Workspace(network, None, PANEL, threads=threads)
        self.lock = threading.Lock()  # the buffers serve one call at a time

    def __call__(self, X: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n_samples, n_features), an array or a CSR matrix, to (n_samples, n_outputs)."""
        X = X if hasattr(X, "indptr") else np.ascontiguousarray(X)
        n_samples = X.shape[0]
        outputs = np.empty((n_samples, self.work.network.n_outputs), self.work.network.dtype)
        with self.lock:
            for rows in panels(n_samples):
                n = self.work.load_inputs(X, rows)
                forward(self.work, n)
                outputs[rows[0] : rows[0] + n] = self.work.outputs(n)
        return outputs


def row_predictor(network: Network) -> Row:
    """A function of one row x (n_features,), an array of the network's own precision, to its outputs (n_outputs,).

    The bits are those of the same row in a batch. The weights are copied as they are now. Each call writes the same
    array: copy what you keep.

    Examples
    --------
    >>> import numpy as np
    >>> from glasshouse.network.network import perceptron_layers
    >>> network = Network.initialized(perceptron_layers(2, [3], 1, ["relu"], "sigmoid"), np.random.default_rng(0))
    >>> row_predictor(network)(np.zeros(2, np.float32))
    array([0.5], dtype=float32)
    """
    row = kernels.arithmetic(network.dtype).Row(network.n_features)
    for layer, (w, b) in zip(network.layers, network.views(network.parameters), strict=True):
        layer.add_to(row, w, b, network.may_fill)
    return row
