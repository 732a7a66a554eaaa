"""The operators an ONNX file may be made of: what each does to constants, and to rows on their way through."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from onnx import TensorProto
from scipy.special import erf

from .onnx_values import (
    MOST_WIDTH,
    PROBES,
    TYPES,
    WORD,
    Labels,
    Marks,
    Places,
    Signal,
    Spread,
    Unfit,
    Value,
    activation_of,
    checked_spread,
    near,
    short,
)

__all__ = ["NEEDED", "OPERATORS", "Call", "onto"]

Array = npt.NDArray[Any]
MOST_LAYERS = 256


@dataclass(frozen=True)
class Call:
    """One node: its inputs, None for those left out, and its attributes, the usual ones where it names none.

    `room` refuses to make that many bytes where so many are not left; what is made is counted afterwards.
    """

    inputs: list[Value | None]
    attributes: Mapping[str, Any]
    room: Callable[[int], None]

    def constant(self, k: int, what: str) -> Array:
        """Input k, which must be a constant array."""
        value = self.inputs[k] if k < len(self.inputs) else None
        if not isinstance(value, np.ndarray):
            raise Unfit(f"its {what} must be a constant: weights that change with the rows are not read")
        return value

    def signal(self, k: int = 0) -> Signal:
        """Input k, which must be rows."""
        value = self.inputs[k] if k < len(self.inputs) else None
        if not isinstance(value, Signal):
            raise Unfit("it does not work on the rows: fold constants before saving")
        return value

    @property
    def axis(self) -> int:
        return int(self.attributes["axis"])


def onto(signal: Signal, w: Array | Spread, b: Array | None) -> Signal:
    """Rows through one more layer, w (fan_out, fan_in)."""
    fan_out, fan_in = w.shape
    if not (0 < fan_in <= MOST_WIDTH and 0 < fan_out <= MOST_WIDTH):
        raise Unfit(f"its weights are of the shape {list(w.shape)}: a layer has 1 to {MOST_WIDTH} inputs and units")
    if signal.both or not signal.flat or signal.width not in (None, fan_in):
        raise Unfit(f"its weights take {fan_in} columns, and the rows have {signal.width}")
    if (w.values if isinstance(w, Spread) else w).dtype.kind != "f":
        raise Unfit("its weights are no floating-point numbers: a quantised network is not read, give the float one")
    name = activation_of(signal)
    if signal.linear is None:
        if name != "identity":
            raise Unfit("something is done to the inputs before the first layer: give it the rows as they are")
        return Signal((), (w, b), fan_out)
    if name == "softmax":
        raise Unfit("a layer follows on softmax, which only outputs may have")
    if len(signal.layers) + 2 > MOST_LAYERS:
        raise Unfit(f"it is layer {len(signal.layers) + 2}: {MOST_LAYERS} are read")
    return Signal((*signal.layers, (*signal.linear, name)), (w, b), fan_out)


def _matmul(call: Call) -> Value:
    return onto(call.signal(), _weights(call, 1, False), None)


def _weights(call: Call, k: int, transposed: bool) -> Array | Spread:
    """Input k as (fan_out, fan_in); it is so already where the node says `transposed`."""
    w = call.inputs[k] if k < len(call.inputs) else None
    if not isinstance(w, np.ndarray | Spread) or len(w.shape) != 2:
        raise Unfit("its second input must be a constant with two sizes: weights that change are not read")
    return w if transposed else _transposed(call, w)


def _transposed(call: Call, w: Array | Spread) -> Array | Spread:
    if not isinstance(w, Spread):
        return w.T
    call.room(w.nbytes)
    rows, columns = np.divmod(w.places, w.shape[1])
    return checked_spread("a transposed tensor", w.shape[::-1], columns * w.shape[0] + rows, w.values)


def _gemm(call: Call) -> Value:
    if call.attributes["transA"]:
        raise Unfit("its transA must be 0")
    w = _weights(call, 1, bool(call.attributes["transB"]))
    alpha, beta = call.attributes["alpha"], call.attributes["beta"]
    if alpha != 1 or beta != 1:
        raise Unfit(f"its alpha and beta are {alpha:g} and {beta:g}: scale the weights, and leave both at 1")
    b = None if len(call.inputs) < 3 or call.inputs[2] is None else _bias(call.constant(2, "bias"), w.shape[0])
    return onto(call.signal(), w, b)


def _bias(b: Array, width: int) -> Array:
    if b.dtype.kind != "f" or b.ndim > 2 or b.size not in (1, width) or (b.ndim == 2 and b.shape[0] != 1):
        raise Unfit(f"its bias is of the shape {list(b.shape)}, for {width} units")
    return np.broadcast_to(b.reshape(-1), (width,))


def _add(call: Call) -> Value:
    return _sum(call, 1.0)


def _subtract(call: Call) -> Value:
    return _sum(call, -1.0)


def _sum(call: Call, sign: float) -> Value:
    """A bias, where a constant is added to z itself; else a part of an activation."""
    left, right = (*call.inputs, None, None)[:2]
    signal, other = (right, left) if isinstance(right, Signal) and sign > 0 else (left, right)
    if not isinstance(signal, Signal) or signal.linear is None or signal.probe is not PROBES or signal.softmax:
        return _binary(np.add if sign > 0 else np.subtract)(call)
    if isinstance(other, np.ndarray):
        w, b = signal.linear
        call.room(8 * w.shape[0])
        more = _bias(other, w.shape[0]) * other.dtype.type(sign)
        return replace(signal, linear=(w, more if b is None else b + more))
    return _binary(np.add if sign > 0 else np.subtract)(call)


def _binary(function: Callable[[Array, Array], Array], *, compares: bool = False) -> Callable[[Call], Value]:
    def run(call: Call) -> Value:
        if len(call.inputs) != 2:
            raise Unfit(f"it has {len(call.inputs)} inputs, for two")
        signal = _one_z(call.inputs)
        values = [_probed(value) for value in call.inputs]
        with np.errstate(all="ignore"):
            return replace(signal, probe=function(*values))

    return run


def _one_z(values: list[Value | None]) -> Signal:
    """What is computed from one z alone: the first of the inputs that are rows, if all others are of the same z."""
    signals = [value for value in values if isinstance(value, Signal)]
    if not signals:
        raise Unfit("it computes with constants alone: fold them before saving")
    if not all(signals[0].same(other) for other in signals) or any(s.softmax or s.both for s in signals):
        raise Unfit("it joins what comes from different layers: only one layer after the other is read")
    return signals[0]


def _probed(value: Value | None, kinds: str = "f") -> Array:
    """The values of an input at the probes; a constant must be one number."""
    array = value.probe if isinstance(value, Signal) else value
    if not isinstance(array, np.ndarray) or array.dtype.kind not in kinds:
        raise Unfit("one of its inputs is of a type that it does not take")
    if not isinstance(value, Signal):
        if array.size != 1 or array.ndim > 2:
            raise Unfit(f"a constant of the shape {list(array.shape)} stands where one number is read")
        return array.reshape(()).astype(np.float64)
    return array


def _unary(function: Callable[..., Array], *settings: str) -> Callable[[Call], Value]:
    def run(call: Call) -> Value:
        signal = _one_z(call.inputs[:1])
        with np.errstate(all="ignore"):
            probe = function(_probed(signal), *(call.attributes[name] for name in settings))
        return replace(signal, probe=probe)

    return run


def _gelu_values(z: Array, approximate: Any) -> Array:
    if approximate not in ("none", b"none"):
        return np.asarray(z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2)
    return np.asarray(z * (1 + erf(z / math.sqrt(2))) / 2)


def _where(call: Call) -> Value:
    if len(call.inputs) != 3:
        raise Unfit(f"it has {len(call.inputs)} inputs, for three")
    signal = _one_z(call.inputs)
    condition = _probed(call.inputs[0], "b")
    return replace(signal, probe=np.where(condition, _probed(call.inputs[1]), _probed(call.inputs[2])))


def _softmax(call: Call) -> Value:
    signal = call.signal()
    if call.axis not in (1, -1) or signal.softmax or signal.both or signal.linear is None or not signal.flat:
        raise Unfit("softmax is read on the outputs of a layer, along axis 1")
    if activation_of(signal) != "identity":
        raise Unfit("softmax must follow on the sums of a layer, without another activation between")
    return replace(signal, softmax=True)


def _same(call: Call) -> Value:
    if not call.inputs or call.inputs[0] is None:
        raise Unfit("it has no input")
    return call.inputs[0]


def _dropout(call: Call) -> Value:
    mode = call.inputs[2] if len(call.inputs) > 2 else None
    if mode is not None and not (isinstance(mode, np.ndarray) and mode.size == 1 and not mode.reshape(-1)[0]):
        raise Unfit("it drops units: save the network in evaluation mode")
    return call.signal()


def _cast(call: Call) -> Value:
    value, to = _same(call), call.attributes["to"]
    if to not in TYPES:
        raise Unfit(f"it casts to element type {short(to)}, which is not read")
    kind = np.dtype(TYPES[to][0])
    array = value.values if isinstance(value, Spread) else value
    if isinstance(array, np.ndarray) and "O" not in (kind.kind, array.dtype.kind):
        call.room(array.size * kind.itemsize)
        with np.errstate(all="ignore"):
            array = array.astype(kind)
        return replace(value, values=array) if isinstance(value, Spread) else array
    if isinstance(value, Signal) and kind == np.int64 and np.array_equal(value.probe, PROBES > 0):
        return Marks(value)
    if isinstance(value, Signal) and (kind.kind != "f" or value.probe.dtype == bool):
        raise Unfit(f"it casts rows to element type {TensorProto.DataType.Name(to)}: networks compute in float")
    return value


def _flatten(call: Call) -> Value:
    signal = call.signal()
    if call.axis not in ((1, -1) if signal.flat else (1,)):
        raise Unfit(f"its axis is {call.axis}: rows stay rows with 1")
    return replace(signal, flat=True)


def _transpose(call: Call) -> Value:
    w = call.inputs[0] if call.inputs else None
    if not isinstance(w, np.ndarray | Spread) or len(w.shape) != 2:
        raise Unfit("it transposes what is no constant with two sizes")
    order = call.attributes["perm"]
    if order not in (None, [0, 1], [1, 0]):
        raise Unfit(f"its perm is {short(order)}: there are two axes")
    return w if order == [0, 1] else _transposed(call, w)


def _reshape(call: Call) -> Value:
    value, shape = _same(call), call.constant(1, "shape")
    wanted = shape.tolist() if shape.dtype == np.int64 and shape.ndim == 1 else []
    if isinstance(value, Signal):
        width = value.width
        rows_stay = wanted[:1] in ([-1], [0], [1]) and (wanted[1:] == [width] or wanted == [0, -1])
        if len(wanted) != 2 or not rows_stay:
            raise Unfit(f"it reshapes rows of {width} columns to {short(wanted)}: only what changes nothing is read")
        return replace(value, flat=True)
    if isinstance(value, Labels | Places | Marks):
        if isinstance(value, Marks) or wanted not in ([-1], [-1, 1]):
            raise Unfit(f"it reshapes labels to {short(wanted)}: a label a row is read")
        return value
    if isinstance(value, np.ndarray) and value.size == 1 and len(wanted) <= 2 and set(wanted) <= {1, -1}:
        return value.reshape([1] * len(wanted))
    if not wanted or min(wanted) < 1 or math.prod(wanted) != math.prod(value.shape):
        raise Unfit(f"it reshapes a constant of shape {list(value.shape)} to {short(wanted)}")
    if isinstance(value, Spread):
        return Spread(tuple(wanted), value.places, value.values)
    call.room(value.nbytes)  # of what is transposed it makes a copy
    return value.reshape(wanted)


def _concat(call: Call) -> Value:
    if len(call.inputs) != 2 or call.axis not in (1, -1):
        raise Unfit("only the probabilities of two classes are read side by side")
    if not all(isinstance(value, Signal) for value in call.inputs):
        raise Unfit("it joins constants and rows")
    signal = _one_z(call.inputs)
    first, second = _probed(call.inputs[0]), _probed(call.inputs[1])
    if signal.width != 1 or not near(first, 1 - second, overflows=True):
        raise Unfit("only the probabilities of two classes are read side by side, 1 - p and p")
    return replace(call.signal(1), both=True, width=2)


def _argmax(call: Call) -> Value:
    if call.axis not in (1, -1) or call.attributes["select_last_index"]:
        raise Unfit("the largest output of each row is read: axis 1, the first of equals")
    return Places(call.signal())


def _gather(call: Call) -> Value:
    if call.attributes.get("axis", 0) != 0 or len(call.inputs) != 2 or not isinstance(call.inputs[1], Places):
        raise Unfit("it gathers by what is no place of a largest output")
    words = call.constant(0, "list of classes")
    places = call.inputs[1]
    if words.dtype.kind not in "OiubU" or words.size != places.of.width or words.ndim > 2:
        raise Unfit(f"it names {words.size} classes, for {places.of.width} outputs")
    call.room(WORD * words.size)
    return Labels(places.of, tuple(str(word) for word in words.reshape(-1).tolist()))


def _expand(call: Call) -> Value:
    value, shape = call.constant(0, "number"), call.constant(1, "shape")
    wanted = shape.tolist() if shape.dtype == np.int64 and shape.ndim == 1 else []
    if len(wanted) != 1 or value.size != 1 or value.dtype.kind != "f" or value.reshape(-1)[0] != 0:
        raise Unfit("only zeros for a sparse layer are expanded, in one row")
    if not 0 < wanted[0] <= MOST_WIDTH**2:
        raise Unfit(f"it expands to {short(wanted[0])} zeros, more than a layer has weights")
    return Spread((wanted[0],), np.empty(0, np.int64), np.empty(0, value.dtype))


def _scatter(call: Call) -> Value:
    zeros, places, values = (*call.inputs, None, None, None)[:3]
    fits = isinstance(zeros, Spread) and isinstance(places, np.ndarray) and isinstance(values, np.ndarray)
    if not fits or len(zeros.places) or call.axis != 0 or call.attributes["reduction"] not in (b"none", "none"):  # type: ignore[union-attr]
        raise Unfit("only values of a sparse layer are scattered, among zeros")
    assert isinstance(zeros, Spread)
    assert isinstance(places, np.ndarray)
    assert isinstance(values, np.ndarray)
    if places.ndim != 1 or places.shape != values.shape or places.dtype.kind != "i" or values.dtype.kind != "f":
        raise Unfit(f"it scatters {values.size} values to {places.size} places")
    call.room(8 * places.size + values.nbytes)
    return checked_spread("it", zeros.shape, places, values)


class Operator(NamedTuple):
    """One kind of node: what it does, and the attributes it may have, with what they are where it has none."""

    run: Callable[[Call], Value]
    attributes: dict[str, Any]


NEEDED = object()  # an attribute that has no usual value
AXIS = {"axis": 0, "keepdims": 1, "select_last_index": 0}
OPERATORS: dict[tuple[str, str], Operator] = {
    ("", "MatMul"): Operator(_matmul, {}),
    ("", "Gemm"): Operator(_gemm, {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}),
    ("", "Add"): Operator(_add, {}),
    ("", "Sub"): Operator(_subtract, {}),
    ("", "Mul"): Operator(_binary(np.multiply), {}),
    ("", "Div"): Operator(_binary(np.divide), {}),
    ("", "Max"): Operator(_binary(np.maximum), {}),
    ("", "Min"): Operator(_binary(np.minimum), {}),
    ("", "Greater"): Operator(_binary(np.greater), {}),
    ("", "Less"): Operator(_binary(np.less), {}),
    ("", "Where"): Operator(_where, {}),
    ("", "Neg"): Operator(_unary(np.negative), {}),
    ("", "Abs"): Operator(_unary(np.abs), {}),
    ("", "Exp"): Operator(_unary(np.exp), {}),
    ("", "Log"): Operator(_unary(np.log), {}),
    ("", "Erf"): Operator(_unary(erf), {}),
    ("", "Tanh"): Operator(_unary(np.tanh), {}),
    ("", "Sigmoid"): Operator(_unary(lambda z: 1 / (1 + np.exp(-z))), {}),
    ("", "Softplus"): Operator(_unary(lambda z: np.logaddexp(0, z)), {}),
    ("", "Relu"): Operator(_unary(lambda z: np.maximum(z, 0)), {}),
    ("", "LeakyRelu"): Operator(_unary(lambda z, alpha: np.where(z < 0, alpha * z, z), "alpha"), {"alpha": 0.01}),
    ("", "Elu"): Operator(_unary(lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(z)), "alpha"), {"alpha": 1.0}),
    ("", "Gelu"): Operator(_unary(_gelu_values, "approximate"), {"approximate": b"none"}),
    ("", "Softmax"): Operator(_softmax, {"axis": -1}),
    ("", "LogSoftmax"): Operator(_softmax, {"axis": -1}),
    ("", "Identity"): Operator(_same, {}),
    ("", "Dropout"): Operator(_dropout, {"ratio": 0.5, "seed": 0}),
    ("", "Cast"): Operator(_cast, {"to": NEEDED, "saturate": 1}),
    ("", "Flatten"): Operator(_flatten, {"axis": 1}),
    ("", "Transpose"): Operator(_transpose, {"perm": None}),
    ("", "Reshape"): Operator(_reshape, {"allowzero": 0}),
    ("", "Concat"): Operator(_concat, {"axis": NEEDED}),
    ("", "ArgMax"): Operator(_argmax, AXIS),
    ("", "Gather"): Operator(_gather, {"axis": 0}),
    ("ai.onnx.ml", "ArrayFeatureExtractor"): Operator(_gather, {}),
    ("", "Expand"): Operator(_expand, {}),
    ("", "ScatterElements"): Operator(_scatter, {"axis": 0, "reduction": b"none"}),
}
