"""The arithmetic as Python sees it: the letters are x w b z a delta, the batch is the last axis.

`Columns` holds a batch inside a layer. Layers, losses and updates are bound to their arrays once and then run many
times: ``op(n)`` works on the first n columns. `float32` and `float64` hold the same names.
"""

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Places = npt.NDArray[np.int32]
Mask = npt.NDArray[np.uint8]

class Team:
    """Threads that divide results among themselves, never a sum; they end with the object."""

    def __init__(self, size: int) -> None: ...
    @property
    def size(self) -> int: ...

class Columns(Protocol):
    """z, a and delta of one layer for up to `capacity` samples, each (rows, capacity); None where not kept."""

    @property
    def rows(self) -> int: ...
    @property
    def capacity(self) -> int: ...
    @property
    def nbytes(self) -> int: ...
    @property
    def a(self) -> Array: ...
    @property
    def z(self) -> Array | None: ...
    @property
    def delta(self) -> Array | None: ...
    def clear_past(self, n: int) -> None:
        """Zero a from column n to the end of its block of 64 bytes, as every operation expects."""

class BoundLayer(Protocol):
    """A dense or sparse layer, bound to its parameters, their gradient and the columns below and here."""

    def forward(self, n: int) -> None:
        """z = w x + b;  a = f(z)."""
    def backward(self, n: int, add: bool = False) -> None:
        """dw = delta x';  db = sum of delta;  delta below = (w' delta) * f'(z below). With `add`, dw and db grow."""

class BoundLoss(Protocol):
    """A loss bound to output, target and weight columns."""

    def __call__(self, n: int) -> float:
        """Return the sum of weight * loss over the first n columns; write delta of the outputs."""
    def curvature(self, n: int, into: Columns) -> float:
        """Return the same sum; write weight * d²loss / dz² of every output into the columns given."""

class BoundDropout(Protocol):
    """Dropout between a layer's columns and what the next layer reads."""

    def draw(self, seed: tuple[int, int], step: int) -> None:
        """From now on leave out what this step of this seed leaves out."""
    def rest(self) -> None:
        """From now on hand everything on, as prediction wants it."""
    def forward(self, n: int) -> None:
        """a = below * (0 or 1 / (1 - rate))."""
    def backward(self, n: int, add: bool = False) -> None:
        """delta below = delta * (0 or 1 / (1 - rate)) * f'(z below)."""

class Arrays(Protocol):
    """What every step sweeps over; weights come first, and penalties fall on them alone.

    A step clips what it uses to the share `clip`, adds l2 w to the gradient, multiplies w by `keep` (decoupled decay)
    and pulls it towards 0 by l1 times the step's reach, no further (a proximal step, so zeros are real).
    """

    def largest(self, l2: float) -> float:
        """The largest magnitude of gradient + l2 w, at most, over what may move; NaN if any part is not a number."""
    def norm(self, l2: float) -> float:
        """The norm of gradient + l2 w over what may move, the same however many zeros stand between."""
    def penalty(self, l2: float, l1: float) -> float:
        """l2 / 2 Σ w² + l1 Σ |w| over what may move, the same however many zeros stand between."""
    def dot(self, u: Array, v: Array) -> float:
        """Σ u v over what may move, the same in any order and however many zeros stand between."""
    def sgd(self, rate: float, clip: float, l2: float, keep: float, l1: float) -> None: ...
    def momentum(
        self,
        velocity: Array,
        rate: float,
        momentum: float,
        nesterov: bool,
        reach: float,
        clip: float,
        l2: float,
        keep: float,
        l1: float,
    ) -> None: ...
    def rmsprop(
        self, second: Array, rate: float, share: float, epsilon: float, clip: float, l2: float, keep: float, l1: float
    ) -> None: ...
    def adam(
        self,
        first: Array,
        second: Array,
        rate: float,
        share_1: float,
        share_2: float,
        epsilon: float,
        unbias_1: float,
        unbias_2: float,
        clip: float,
        l2: float,
        keep: float,
        l1: float,
    ) -> None: ...

class Row(Protocol):
    """One row through a network: layers are added in turn, their weights copied; then ``row(x)``."""

    @property
    def n_features(self) -> int: ...
    @property
    def n_outputs(self) -> int: ...
    def add_dense(self, w: Array, b: Array, activation: str) -> None: ...
    def add_sparse(
        self, column_starts: Places, outputs: Places, order: Places, w: Array, b: Array, activation: str
    ) -> None: ...
    def __call__(self, x: Array) -> Array:
        """Return the outputs, always in the same array."""

AnyColumns = Columns
AnyArrays = Arrays

class Arithmetic(Protocol):
    """Everything there is in one precision."""

    def Columns(
        self, rows: int, capacity: int, activation: str = "identity", keep_z: bool = False, keep_delta: bool = False
    ) -> AnyColumns: ...
    def Row(self, n_features: int) -> Row: ...
    def Dense(
        self, w: Array, b: Array, dw: Array | None, db: Array | None, below: AnyColumns, here: AnyColumns, team: Team
    ) -> BoundLayer: ...
    def Sparse(
        self,
        row_starts: Places,
        inputs: Places,
        column_starts: Places | None,
        outputs: Places | None,
        order: Places | None,
        w: Array,
        b: Array,
        dw: Array | None,
        db: Array | None,
        below: AnyColumns,
        here: AnyColumns,
        team: Team,
    ) -> BoundLayer: ...
    def Filled(
        self,
        row_starts: Places,
        inputs: Places,
        column_starts: Places | None,
        outputs: Places | None,
        order: Places | None,
        w: Array,
        b: Array,
        dw: Array | None,
        db: Array | None,
        below: AnyColumns,
        here: AnyColumns,
        team: Team,
    ) -> BoundLayer:
        """The bits of Sparse by way of Dense, over a copy of the weights with zeros between them."""
    def Loss(self, name: str, output: AnyColumns, target: AnyColumns, weight: AnyColumns) -> BoundLoss: ...
    def gather(self, X: Array, rows: npt.NDArray[np.int64], columns: AnyColumns) -> None:
        """columns.a[feature, k] = X[rows[k], feature], zero past the last row. X is float32, float64 or uint8."""
    def gather_sparse(
        self,
        values: Array,
        places: npt.NDArray[Any],
        starts: npt.NDArray[Any],
        rows: npt.NDArray[np.int64],
        columns: AnyColumns,
    ) -> None:
        """The same from the three arrays of a CSR matrix."""
    def Dropout(self, below: AnyColumns, here: AnyColumns, rate: float, layer: int) -> BoundDropout: ...
    def pull_back(self, output: AnyColumns, n: int) -> None:
        """Turn weight * dL/da, found in delta, into dL/dz."""
    def Arrays(
        self, parameters: Array, gradient: Array, movable: Mask | None, n_weights: int, team: Team
    ) -> AnyArrays: ...
    def average(self, average: Array, parameters: Array, share: float) -> None:
        """average += share * (parameters - average)."""
    def exp(self, x: Array, out: Array) -> None: ...
    def log(self, x: Array, out: Array) -> None: ...
    def log1p(self, x: Array, out: Array) -> None: ...
    def erfc(self, x: Array, out: Array) -> None: ...
    def activate(self, z: Array, out: Array, name: str) -> None: ...
    def slope(self, z: Array, out: Array, name: str) -> None: ...
    def curvature(self, z: Array, out: Array, name: str) -> None: ...

level: str
float32: Arithmetic
float64: Arithmetic

def arithmetic(dtype: npt.DTypeLike) -> Arithmetic: ...
def available_levels() -> tuple[str, ...]: ...
def share(n: int) -> None: ...
def processors() -> int: ...
def team_size() -> int: ...
