"""A network in whole numbers: int8 weights and activations, int32 sums. Its arithmetic is defined here, once.

A real number is scale * (q - zero). Weights are symmetric, with a scale for each unit; activations have one scale and
zero for a layer. A unit sums w * q in int32, bias and zero point of its inputs folded in, and the sum becomes the next
q by one multiplication and one shift. Activations that are no straight line go through a table of 256 entries. The
outputs are scores in int16, before softmax or sigmoid, which change no order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..network.activations import activation
from ..network.layers import Layer, Sparse
from ..network.network import Network

__all__ = [
    "IntegerLayer",
    "IntegerNetwork",
    "Scale",
    "label_probabilities_of",
    "multiplier_of",
    "probabilities_of",
    "requantized",
    "scale_of",
]

Array = npt.NDArray[Any]
LEAST_SHIFT, MOST_SHIFT = 16, 46
STRAIGHT = ("identity", "relu")  # a sum is clamped, and that is the activation
SCORES = 1 << 14  # what the largest calibrated score becomes: half of int16 is left for larger ones
BIAS = float(1 << 29)
TOTAL = 6e6  # of the sizes of a unit's weights: 256 times that, for a zero and inputs of 128 each, and a bias fit
EXP_BITS = 15
EXP_STEP = 64  # steps of e-folding: exp(-d) is looked up at d in 64ths, in two tables of 32


@dataclass(frozen=True)
class Scale:
    """real = scale * (q - zero), q in int8."""

    scale: float
    zero: int

    def quantized(self, values: Array) -> npt.NDArray[np.int8]:
        q = np.floor(np.asarray(values, np.float64) / self.scale + 0.5) + self.zero
        return np.asarray(np.clip(q, -128, 127), np.int8)

    def real(self, q: Array) -> npt.NDArray[np.float64]:
        return self.scale * (q.astype(np.float64) - self.zero)


def scale_of(low: float, high: float, *, symmetric: bool = False) -> Scale:
    """The scale whose 256 values reach from low to high, 0 among them exactly.

    Examples
    --------
    >>> scale_of(0.0, 2.55).zero, scale_of(-3.0, 2.0, symmetric=True).zero
    (-128, 0)
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if symmetric:
        return Scale(max(-low, high) / 127 or 1 / 127, 0)
    scale = (high - low) / 255 or 1 / 255
    return Scale(scale, int(np.clip(np.floor(-128 - low / scale + 0.5), -128, 127)))


def multiplier_of(factor: Array) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """Each factor, at least 0 and below ½, as multiplier / 2**shift with 15 bits: see `requantized`."""
    mantissa, exponent = np.frexp(np.asarray(factor, np.float64))
    multiplier = np.floor(mantissa * (1 << 15) + 0.5)
    shift = 15 - exponent
    up = multiplier == 1 << 15
    multiplier, shift = np.where(up, 1 << 14, multiplier), np.where(up, shift - 1, shift)
    gone = shift > MOST_SHIFT
    multiplier = np.where(gone, 0, multiplier)
    return multiplier.astype(np.int16), np.clip(shift, LEAST_SHIFT, MOST_SHIFT).astype(np.uint8)


def requantized(acc: Array, multiplier: Array, shift: Array) -> npt.NDArray[np.int32]:
    """round(acc * multiplier / 2**shift) in 32 bits: 16 bits of the shift are taken off first, and floored.

    Examples
    --------
    >>> requantized(np.array([1000, -1000]), *multiplier_of(np.array([0.25])))
    array([ 250, -250], dtype=int32)
    """
    acc, m = np.asarray(acc, np.int64), np.asarray(multiplier, np.int64)
    t = (acc >> 16) * m + (((acc & 0xFFFF) * m) >> 16)
    rest = np.asarray(shift, np.int64) - 16
    half = np.where(rest > 0, np.int64(1) << np.maximum(rest - 1, 0), 0)
    return ((t + half) >> rest).astype(np.int32)


@dataclass(frozen=True, eq=False)
class IntegerLayer:
    """One layer.

    Attributes
    ----------
    layer : Dense or Sparse
        Where its weights are, and its activation.
    w : int8, of the layer's weight shape
    bias : (fan_out,) int32
        With the zero point of the inputs folded in: b - zero * sum of w.
    multiplier : (fan_out,) int16
    shift : (fan_out,) uint8
    table : (256,) int8 or None
        The activation of each q from -128 on; None where clamping is all it does, and of the last layer.
    inputs, sums, outputs : Scale
        Of what it reads, of z where there is a table, of what it hands on.
    weight_scale : (fan_out,) float64
    """

    layer: Layer
    w: npt.NDArray[np.int8]
    bias: npt.NDArray[np.int32]
    multiplier: npt.NDArray[np.int16]
    shift: npt.NDArray[np.uint8]
    table: npt.NDArray[np.int8] | None
    inputs: Scale
    sums: Scale
    outputs: Scale
    weight_scale: npt.NDArray[np.float64]

    def accumulated(self, q: npt.NDArray[np.int8]) -> npt.NDArray[np.int64]:
        """The sums of (n, fan_in): whole numbers below 2**31, which doubles hold exactly."""
        w = self.layer.dense(self.w.astype(np.float64))
        return np.asarray(q.astype(np.float64) @ w.T + self.bias, np.float64).astype(np.int64)

    def forward(self, q: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
        """(n, fan_in) to (n, fan_out)."""
        z = requantized(self.accumulated(q), self.multiplier, self.shift) + self.sums.zero
        clamped = np.clip(z, -128, 127)
        return (clamped if self.table is None else self.table[clamped + 128]).astype(np.int8)


@dataclass(frozen=True, eq=False)
class IntegerNetwork:
    """A network in whole numbers.

    Attributes
    ----------
    layers : tuple of IntegerLayer
    score_scale, score_offset : float
        z of the last layer = score_offset + score_scale * score.
    output : str
        The activation of the last layer, which is not applied.

    Examples
    --------
    >>> from glasshouse.network.network import perceptron_layers
    >>> rng = np.random.default_rng(0)
    >>> network = Network.initialized(perceptron_layers(3, [8], 2, "relu", "softmax"), rng)
    >>> X = rng.normal(size=(100, 3))
    >>> whole = IntegerNetwork.of(network, X)
    >>> scores = whole.scores(whole.inputs.quantized(X))
    >>> scores.dtype, scores.shape
    (dtype('int16'), (100, 2))
    """

    layers: tuple[IntegerLayer, ...]
    score_scale: float
    score_offset: float

    @property
    def inputs(self) -> Scale:
        return self.layers[0].inputs

    @property
    def output(self) -> str:
        return self.layers[-1].layer.activation

    @property
    def sizes(self) -> tuple[int, ...]:
        return (self.layers[0].layer.fan_in, *(layer.layer.fan_out for layer in self.layers))

    @classmethod
    def of(cls, network: Network, X: Array, *, symmetric: bool = False) -> IntegerNetwork:
        """Quantise a network; X (n, n_features) are the rows whose extremes set the scales of activations.

        `symmetric` gives the inputs a zero point of 0.
        """
        a = np.asarray(X, np.float64)
        scale = scale_of(float(a.min()), float(a.max()), symmetric=symmetric)
        pairs = network.views(network.parameters)
        found: list[IntegerLayer] = []
        for layer, (w, b) in zip(network.layers[:-1], pairs[:-1], strict=True):
            z = a @ layer.dense(w).astype(np.float64).T + b
            a = activation(layer.activation).value(z)
            outputs = scale_of(float(a.min()), float(a.max()))
            straight = layer.activation in STRAIGHT
            sums = outputs if straight else scale_of(float(z.min()), float(z.max()))
            sums = _wide_enough(sums, _weight_scales(layer, w, b, scale), scale)
            outputs = sums if straight else outputs
            table = None if straight else _table(layer.activation, sums, outputs)
            found.append(_quantized(layer, w, b, scale, sums, outputs, table, 0.0))
            scale = outputs
        layer, (w, b) = network.layers[-1], pairs[-1]
        z = a @ layer.dense(w).astype(np.float64).T + b
        regression = layer.activation not in ("softmax", "sigmoid", "sign") and layer.fan_out == 1
        offset = float(z.min() + z.max()) / 2 if regression else 0.0
        largest = float(np.abs(z - offset).max()) / SCORES or 1 / SCORES
        sums = _wide_enough(Scale(largest, 0), _weight_scales(layer, w, b - offset, scale), scale)
        found.append(_quantized(layer, w, b, scale, sums, sums, None, offset))
        return cls(tuple(found), sums.scale, offset)

    def hidden(self, q: npt.NDArray[np.int8]) -> list[npt.NDArray[np.int8]]:
        """What every layer but the last hands on, the inputs before them."""
        columns = [q]
        for layer in self.layers[:-1]:
            columns.append(layer.forward(columns[-1]))
        return columns

    def scores(self, q: npt.NDArray[np.int8]) -> npt.NDArray[np.int16]:
        """(n, n_features) int8 to (n, n_outputs) int16."""
        last = self.layers[-1]
        sums = last.accumulated(self.hidden(q)[-1])
        return np.clip(requantized(sums, last.multiplier, last.shift), -32768, 32767).astype(np.int16)

    def reals(self, scores: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
        """z of the last layer."""
        return self.score_offset + self.score_scale * scores.astype(np.float64)


def _weight_scales(layer: Layer, w: Array, b: Array, inputs: Scale) -> npt.NDArray[np.float64]:
    """Of each unit: its largest weight is 127, unless its bias would leave 29 bits then, or its sum 31."""
    largest = np.zeros(layer.fan_out)
    units = layer.topology.rows if isinstance(layer, Sparse) else np.repeat(np.arange(layer.fan_out), layer.fan_in)
    sizes = np.abs(w.astype(np.float64)).ravel()
    np.maximum.at(largest, units, sizes)
    totals = np.bincount(units, sizes, minlength=layer.fan_out)
    scales = np.maximum(largest / 127, np.abs(b.astype(np.float64)) / (inputs.scale * BIAS))
    scales = np.maximum(scales, totals / TOTAL)
    return np.where(scales > 0, scales, 1.0)


def _wide_enough(sums: Scale, weight_scales: Array, inputs: Scale) -> Scale:
    """A scale of sums so wide that no factor reaches ½: finer steps than those of the sums would say nothing."""
    least = 2.05 * float(weight_scales.max()) * inputs.scale
    return sums if sums.scale >= least else Scale(least, sums.zero)


def _table(name: str, sums: Scale, outputs: Scale) -> npt.NDArray[np.int8]:
    every = np.arange(-128, 128)
    with np.errstate(over="ignore"):
        return outputs.quantized(activation(name).value(sums.real(every)))


def _quantized(
    layer: Layer,
    w: Array,
    b: Array,
    inputs: Scale,
    sums: Scale,
    outputs: Scale,
    table: npt.NDArray[np.int8] | None,
    offset: float,
) -> IntegerLayer:
    weight_scale = _weight_scales(layer, w, b - offset, inputs)
    units = layer.topology.rows if isinstance(layer, Sparse) else np.arange(layer.fan_out)[:, None]
    whole = np.clip(np.floor(w / weight_scale[units] + 0.5), -127, 127).astype(np.int8)
    bias = np.floor((b.astype(np.float64) - offset) / (weight_scale * inputs.scale) + 0.5)
    bias -= inputs.zero * layer.dense(whole.astype(np.float64)).sum(axis=1)
    multiplier, shift = multiplier_of(weight_scale * inputs.scale / sums.scale)
    return IntegerLayer(
        layer, whole, bias.astype(np.int32), multiplier, shift, table, inputs, sums, outputs, weight_scale
    )


def exp_tables() -> tuple[npt.NDArray[np.uint16], npt.NDArray[np.uint16]]:
    """exp(-k / 2) and exp(-k / 64) for k from 0 to 31, in units of 2**-15."""
    halves, rest = (np.floor(np.exp(-np.arange(32) / step) * (1 << EXP_BITS) + 0.5) for step in (2, EXP_STEP))
    return halves.astype(np.uint16), rest.astype(np.uint16)


def probabilities_of(scores: npt.NDArray[np.int16], scale: float) -> npt.NDArray[np.uint16]:
    """Softmax of scores (n, n_classes) in whole numbers, in units of 2**-15; of one score, sigmoid and the rest of 1.

    The distance of each score to the largest is taken in 64ths and looked up in two tables.
    """
    z = scores.astype(np.int64)
    z = np.column_stack((np.zeros_like(z), z)) if z.shape[1] == 1 else z
    distance = z.max(axis=1, keepdims=True) - z
    steps = np.minimum(requantized(distance * EXP_STEP, *distance_multiplier(scale)), 32 * 32 - 1)
    halves, rest = exp_tables()
    e = (halves[steps >> 5].astype(np.int64) * rest[steps & 31]) >> EXP_BITS
    return np.asarray((e << EXP_BITS) // e.sum(axis=1, keepdims=True), np.uint16)


def label_probabilities_of(scores: npt.NDArray[np.int16], scale: float) -> npt.NDArray[np.uint16]:
    """The sigmoid of each score by itself, in units of 2**-15."""
    each = [probabilities_of(scores[:, k : k + 1], scale)[:, 1] for k in range(scores.shape[1])]
    return np.column_stack(each)


def distance_multiplier(scale: float) -> tuple[npt.NDArray[np.int16], npt.NDArray[np.uint8]]:
    """From 64ths of a step of scores to 64ths; a step of ½ or more is taken as ½."""
    return multiplier_of(np.array([min(scale, 0.4999)]))
