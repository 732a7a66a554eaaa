"""A model for one row at a time: inputs that are encoded already, or cells as they come."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelFileError
from ..network.network import Network
from ..network.predictor import row_predictor
from ..tables.encoder import TableEncoding
from ..tables.row import row_reader

__all__ = ["cells_predictor"]

Array = npt.NDArray[Any]
ROWS = (dict, list, tuple, Mapping)


def cells_predictor(encoder: TableEncoding, network: Network) -> Callable[[Any], Array]:
    """A function of x (n_features,), or of a row of cells as a dict, list or tuple, to the network's outputs."""
    of_inputs, read = row_predictor(network), row_reader(encoder, network.dtype)

    def predict(row: Any) -> Array:
        if type(row) is np.ndarray:
            return of_inputs(row)
        if not isinstance(row, ROWS):
            if not hasattr(row, "to_dict"):
                return of_inputs(row)  # which says what it takes
            row = row.to_dict()  # a Series of pandas
        outputs = of_inputs(read(row))
        if not all(map(math.isfinite, outputs.tolist())):
            raise ModelFileError(
                "the model's output for this row is no finite number: its weights are too large, train it again"
            )
        return outputs

    return predict
