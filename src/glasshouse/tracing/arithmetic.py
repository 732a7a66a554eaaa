"""Two arithmetics for one expression: double precision as the kernels have it, and decimals as people have them.

Decimals are carried to 50 digits inside a line; its result is rounded as a calculator does, half up, or cut off.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from typing import Any

__all__ = ["DECIMAL", "FLOAT", "Arithmetic", "cut_off", "fixed", "rounded"]

CONTEXT = Context(prec=50, Emax=999_999, Emin=-999_999, traps=[InvalidOperation, DivisionByZero, Overflow])
LARGEST = Decimal(2_000_000)  # what exp can be taken of


@dataclass(frozen=True)
class Arithmetic:
    """How numbers are read, divided, raised to a power, and handed to functions."""

    number: Callable[[str], Any]
    divide: Callable[[Any, Any], Any]
    power: Callable[[Any, int], Any]
    functions: Mapping[str, Callable[..., Any]]
    context: Context | None = None


def _float_exp(x: float) -> float:
    return math.exp(x) if x < 709.78 else math.inf


def _float_divide(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def _float_power(base: float, exponent: int) -> float:
    try:
        return float(base**exponent)
    except OverflowError:
        return math.inf


FLOAT = Arithmetic(
    float,
    _float_divide,
    _float_power,
    {
        "exp": _float_exp,
        "log": lambda x: math.log(x) if x > 0 else -math.inf if x == 0 else math.nan,
        "sqrt": lambda x: math.sqrt(x) if x >= 0 else math.nan,
        "tanh": math.tanh,
        "erf": math.erf,
        "abs": abs,
        "max": max,
        "min": min,
    },
)


def _decimal_exp(x: Decimal) -> Decimal:
    if x > LARGEST:
        raise Overflow(f"exp({x})")
    return CONTEXT.exp(x) if x > -LARGEST else Decimal(0)


def _decimal_tanh(x: Decimal) -> Decimal:
    double = _decimal_exp(CONTEXT.multiply(Decimal(2), x))
    return CONTEXT.divide(double - 1, double + 1)


DECIMAL = Arithmetic(
    Decimal,
    CONTEXT.divide,
    CONTEXT.power,
    {
        "exp": _decimal_exp,
        "log": CONTEXT.ln,
        "sqrt": CONTEXT.sqrt,
        "tanh": _decimal_tanh,
        "erf": lambda x: Decimal(math.erf(x)),  # 16 digits: it is never near half a unit of a digit but at 0
        "abs": abs,
        "max": max,
        "min": min,
    },
    CONTEXT,
)


def rounded(value: Decimal, decimals: int) -> Decimal:
    """To so many decimals, half up.

    Examples
    --------
    >>> rounded(Decimal("0.00125"), 4), cut_off(Decimal("0.00129"), 4)
    (Decimal('0.0013'), Decimal('0.0012'))
    """
    return _to(value, decimals, ROUND_HALF_UP)


def cut_off(value: Decimal, decimals: int) -> Decimal:
    """To so many decimals, the rest left out."""
    return _to(value, decimals, ROUND_DOWN)


def _to(value: Decimal, decimals: int, how: str) -> Decimal:
    room = Context(prec=max(value.adjusted(), 0) + abs(decimals) + 5)  # digits before the point, and those after it
    return value.quantize(Decimal(1).scaleb(-decimals), how, room) + 0  # no minus before zero


def fixed(value: float | Decimal, decimals: int) -> str:
    """A number in positional notation with so many decimals, half up, without a minus before zero.

    Examples
    --------
    >>> fixed(0.60731, 4), fixed(-0.00001, 4)
    ('0.6073', '0.0000')
    """
    if not math.isfinite(value):
        return str(float(value))
    return f"{rounded(Decimal(value), decimals):f}"
