"""The layers of a network as C: constant tables, and the few lines that go over them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..integer import IntegerLayer
from ..plan import Plan
from .numbers import literal, narrowest, table, whole_table

__all__ = ["ACTIVATIONS", "BYTES", "CLayer", "c_layers", "expression", "functions_of", "loop_lines"]

Array = npt.NDArray[Any]
ACTIVATIONS = {  # of z; {f} is the suffix of math.h's functions of floats, and of literals
    "identity": "z",
    "sigmoid": "1.0{f} / (1.0{f} + exp{f}(-z))",
    "tanh": "tanh{f}(z)",
    "relu": "z > 0.0{f} ? z : 0.0{f}",
    "leaky_relu": "z > 0.0{f} ? z : 0.01{f} * z",
    "elu": "z > 0.0{f} ? z : expm1{f}(z)",
    "softplus": "(z > 0.0{f} ? z : 0.0{f}) + log1p{f}(exp{f}(z > 0.0{f} ? -z : z))",
    "gelu": "0.5{f} * z * erfc{f}(-0.70710678118654752{f} * z)",
    "silu": "z / (1.0{f} + exp{f}(-z))",
    "exp": "exp{f}(z)",
    "sign": "z > 0.0{f} ? 1.0{f} : -1.0{f}",
}
WITHOUT_LIBRARY = ("identity", "relu", "leaky_relu", "sign")
BYTES = {"int8_t": 1, "uint8_t": 1, "int16_t": 2, "uint16_t": 2, "int32_t": 4, "uint32_t": 4, "float": 4, "double": 8}


@dataclass(frozen=True)
class CLayer:
    """One layer.

    Attributes
    ----------
    sparse : bool
        Whether only the connections that exist are listed; else every weight is.
    tables : tuple of str
        Its constant arrays.
    index, weight, bias : str
        The C types of these.
    table_bytes : int
        What the arrays take in flash.
    """

    number: int
    fan_in: int
    fan_out: int
    n_stored: int
    activation: str
    sparse: bool
    tables: tuple[str, ...]
    index: str
    weight: str
    bias: str
    table_bytes: int
    zero: int = 0
    has_table: bool = False

    @property
    def how(self) -> str:
        """For a comment."""
        kind = f"{self.n_stored} connections" if self.sparse else "every input"
        ends = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((self.fan_in, "input"), (self.fan_out, "unit"))]
        return f"layer {self.number}: {', '.join(ends)}, {self.activation}; {kind}"


def c_layers(plan: Plan) -> list[CLayer]:
    """Every layer of a plan, sparse or dense as takes fewer bytes."""
    network = plan.model.network
    made = []
    for k, (layer, (w, b)) in enumerate(zip(network.layers, network.views(network.parameters), strict=True)):
        if plan.whole is None:
            found = _layer(k + 1, layer.dense(w), b, layer.activation, plan.real)
        else:
            part = plan.whole.layers[k]
            whole = layer.dense(part.w)
            found = _with_scales(_layer(k + 1, whole, part.bias, layer.activation, "int8_t"), part)
        made.append(found)
    return made


def _layer(number: int, w: Array, b: Array, activation: str, weight: str) -> CLayer:
    units, inputs = np.nonzero(w)
    counts = np.bincount(units, minlength=len(w))
    index, count = narrowest(inputs), narrowest(counts)
    listed = len(units) * (BYTES[weight] + BYTES[index]) + len(w) * BYTES[count]
    sparse = listed < w.size * BYTES[weight]
    values = w[units, inputs] if sparse else w.ravel()
    bias = weight
    if weight == "int8_t":
        bias = narrowest(b, signed=True)
        tables = [whole_table(f"weights{number}", values, weight), whole_table(f"bias{number}", b, bias)]
    else:
        tables = [
            table(weight, f"{name}{number}", (literal(v, weight) for v in part))
            for name, part in (("weights", values), ("bias", b))
        ]
    if sparse:
        tables += [whole_table(f"inputs{number}", inputs), whole_table(f"counts{number}", counts)]
    tables = tables if len(values) else [tables[1]]
    n_bytes = (listed if sparse else w.size * BYTES[weight]) + len(w) * BYTES[bias]
    return CLayer(
        number, w.shape[1], len(w), len(values), activation, sparse, tuple(tables), index, weight, bias, n_bytes
    )


def _with_scales(found: CLayer, part: IntegerLayer) -> CLayer:
    k = found.number
    tables = [
        whole_table(f"multiplier{k}", part.multiplier, "uint16_t"),
        whole_table(f"shift{k}", part.shift - 16, "uint8_t"),
    ]
    n_bytes = 3 * found.fan_out
    if part.table is not None:
        tables.append(whole_table(f"activation{k}", np.roll(part.table, 128), "int8_t"))
        n_bytes += 256
    return replace(
        found,
        tables=(*found.tables, *tables),
        table_bytes=found.table_bytes + n_bytes,
        zero=part.sums.zero,
        has_table=part.table is not None,
    )


def loop_lines(layer: CLayer, real: str, *, whole: bool, last: bool) -> list[str]:
    """The body of the function of one layer, x to y."""
    sum_ = "int32_t" if whole else real
    index = "inputs++" if layer.sparse else "n"
    product = (
        f"(int32_t)*w++ * x[{'*' if layer.sparse else ''}{index}]"
        if whole
        else (f"*w++ * x[{'*' if layer.sparse else ''}{index}]")
    )
    lines = []
    if layer.n_stored:
        lines.append(f"const {layer.weight} *w = weights{layer.number};")
        if layer.sparse:
            lines.append(f"const {layer.index} *inputs = inputs{layer.number};")
    else:
        lines.append("(void)x;")
    name = "sum" if whole else "z"
    each = f"n = counts{layer.number}[unit]; n > 0; n--" if layer.sparse else f"n = 0; n < {layer.fan_in}; n++"
    lines += [
        f"unsigned unit{', n' if layer.n_stored else ''};",
        "",
        f"for (unit = 0; unit < {layer.fan_out}; unit++) {{",
        f"    {sum_} {name} = bias{layer.number}[unit];",
        *([f"    for ({each}) {{", f"        {name} += {product};", "    }"] if layer.n_stored else []),
        *(f"    {line}" for line in (_whole_end(layer, last) if whole else [_real_end(layer, real, last)])),
        "}",
    ]
    if not layer.n_stored:
        lines = [*lines[1:2], "", lines[0], *lines[3:]]
    return lines


def _whole_end(layer: CLayer, last: bool) -> list[str]:
    k = layer.number
    scaled = f"requantized(sum, multiplier{k}[unit], shift{k}[unit])"
    if last:
        return [f"sum = {scaled};", "y[unit] = (int16_t)(sum < -32768 ? -32768 : sum > 32767 ? 32767 : sum);"]
    zero = f" {'+' if layer.zero > 0 else '-'} {abs(layer.zero)}" if layer.zero else ""
    value = f"clamped({scaled}{zero})"
    return [f"y[unit] = activation{k}[(uint8_t){value}];" if layer.has_table else f"y[unit] = {value};"]


def _real_end(layer: CLayer, real: str, last: bool) -> str:
    return f"y[unit] = {'z' if last else expression(layer.activation, real)};"


def expression(activation: str, real: str) -> str:
    """An activation of z."""
    return ACTIVATIONS[activation].format(f="f" if real == "float" else "")


def functions_of(plan: Plan) -> set[str]:
    """Which of the standard library's functions the network of floats calls."""
    names = {layer.activation for layer in plan.model.network.layers}
    return names - set(WITHOUT_LIBRARY)
