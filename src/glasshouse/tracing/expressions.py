"""An expression: what a step of a trace is. It can be written in several notations and evaluated in two arithmetics.

Nine small nodes; `parsed` makes them from the formulas in the tables of units, which are written as Python expressions.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from decimal import localcontext
from functools import cache, reduce
from typing import Any

from ..network.activations import ACTIVATIONS
from .arithmetic import Arithmetic

__all__ = [
    "Call",
    "Choice",
    "Expression",
    "Name",
    "Negative",
    "Number",
    "Power",
    "Product",
    "Quotient",
    "Slope",
    "Sum",
    "evaluate",
    "names_in",
    "parsed",
    "parts",
    "product",
    "rewritten",
    "substituted",
    "total",
    "without_zeros",
]


@dataclass(frozen=True)
class Number:
    """A number as it is written."""

    text: str


@dataclass(frozen=True)
class Name:
    """What another step gave, or the specification."""

    key: str


@dataclass(frozen=True)
class Negative:
    of: Expression


@dataclass(frozen=True)
class Sum:
    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Product:
    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Quotient:
    over: Expression
    under: Expression


@dataclass(frozen=True)
class Power:
    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Call:
    """exp, log, sqrt, tanh, erf, abs, max, min, or an activation."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True)
class Choice:
    """`then` if left > right, or the sign there is instead, else `otherwise`."""

    left: Expression
    sign: str
    right: Expression
    then: Expression
    otherwise: Expression


@dataclass(frozen=True)
class Slope:
    """The slope of an activation, which is written as what it wraps: it is what people forget."""

    of: Expression


Expression = Number | Name | Negative | Sum | Product | Quotient | Power | Call | Choice | Slope
SIGNS: dict[type[ast.cmpop], str] = {ast.Gt: ">", ast.Lt: "<", ast.LtE: "<=", ast.GtE: ">="}


@cache
def parsed(text: str) -> Expression:
    """Read a Python expression.

    Raises
    ------
    ValueError
        If it holds anything but numbers, names, + - * / **, calls and `a if b > c else d`.

    Examples
    --------
    >>> parsed("1 - a ** 2")
    Sum(terms=(Number(text='1'), Negative(of=Power(base=Name(key='a'), exponent=Number(text='2')))))
    """
    try:
        return _of(ast.parse(text.strip(), mode="eval").body, text.strip())
    except (SyntaxError, RecursionError, MemoryError) as error:
        raise ValueError(f"{text!r} is not a formula") from error


def _of(node: ast.expr, text: str) -> Expression:
    match node:
        case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
            return Number((ast.get_source_segment(text, node) or repr(node.value)).replace("_", ""))
        case ast.Name(id=key):
            return Name(key)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Negative(_of(operand, text))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _of(operand, text)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub(), right=right):
            first, second = _of(left, text), _of(right, text)
            terms = first.terms if isinstance(first, Sum) else (first,)
            return Sum((*terms, Negative(second) if isinstance(node.op, ast.Sub) else second))
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            first, second = _of(left, text), _of(right, text)
            return Product((*(first.factors if isinstance(first, Product) else (first,)), second))
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return Quotient(_of(left, text), _of(right, text))
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return Power(_of(left, text), _of(right, text))
        case ast.Call(func=ast.Name(id=function), args=arguments, keywords=[]):
            return Call(function, tuple(_of(argument, text) for argument in arguments))
        case ast.IfExp(test=ast.Compare(left=left, ops=[sign], comparators=[right]), body=body, orelse=orelse) if (
            type(sign) in SIGNS
        ):
            return Choice(_of(left, text), SIGNS[type(sign)], _of(right, text), _of(body, text), _of(orelse, text))
    raise ValueError(f"{text!r} is not a formula")


def evaluate(expression: Expression, value_of: Callable[[str], Any], arithmetic: Arithmetic) -> Any:
    """The value of an expression, each operation done by an arithmetic.

    Examples
    --------
    >>> from .arithmetic import DECIMAL, FLOAT
    >>> evaluate(parsed("0.1 + 0.2"), {}.__getitem__, FLOAT), evaluate(parsed("0.1 + 0.2"), {}.__getitem__, DECIMAL)
    (0.30000000000000004, Decimal('0.3'))
    """

    def of(node: Expression) -> Any:
        match node:
            case Number(text):
                return arithmetic.number(text)
            case Name("pi"):
                return arithmetic.number(PI)
            case Name(key):
                return value_of(key)
            case Negative(inner):
                return -of(inner)
            case Slope(inner):
                return of(inner)
            case Sum(terms):
                return reduce(operator.add, map(of, terms))
            case Product(factors):
                return reduce(operator.mul, map(of, factors))
            case Quotient(over, under):
                return arithmetic.divide(of(over), of(under))
            case Power(base, exponent):
                return arithmetic.power(of(base), int(of(exponent)))
            case Choice(left, sign, right, then, otherwise):
                return of(then if _holds(of(left), sign, of(right)) else otherwise)
            case Call(function, arguments):
                return _called(function, [of(argument) for argument in arguments], arithmetic)

    with nullcontext() if arithmetic.context is None else localcontext(arithmetic.context):
        return of(expression)


def _called(function: str, arguments: list[Any], arithmetic: Arithmetic) -> Any:
    """The value of a function: the arithmetic's own, or an activation's formula."""
    if function in arithmetic.functions:
        return arithmetic.functions[function](*arguments)
    if function not in ACTIVATIONS or not ACTIVATIONS[function].elementwise:
        raise ValueError(f"no function is called {function!r}")
    return evaluate(parsed(ACTIVATIONS[function].formula), lambda _: arguments[0], arithmetic)


PI = "3.14159265358979323846264338327950288419716939937511"


def _holds(left: Any, sign: str, right: Any) -> bool:
    return bool({">": left > right, "<": left < right, "<=": left <= right, ">=": left >= right}[sign])


def parts(node: Expression) -> tuple[Expression, ...]:
    """The expressions a node is made of."""
    found: list[Expression] = []
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        found += value if isinstance(value, tuple) else [] if isinstance(value, str) else [value]
    return tuple(found)


def names_in(expression: Expression) -> Iterator[str]:
    """The names an expression reads, each as often as it stands there."""
    if isinstance(expression, Name):
        if expression.key != "pi":
            yield expression.key
    else:
        for part in parts(expression):
            yield from names_in(part)


def rewritten(node: Expression, change: Callable[[Expression], Expression | None]) -> Expression:
    """The expression with every node that `change` answers replaced by its answer, from the outside in."""
    answer = change(node)
    if answer is not None:
        return answer
    inside = parts(node)
    changed = [rewritten(part, change) for part in inside]
    if all(new is old for new, old in zip(changed, inside, strict=True)):
        return node
    fresh = iter(changed)
    values: dict[str, Any] = {}
    for name in node.__dataclass_fields__:
        value = getattr(node, name)
        if isinstance(value, tuple):
            values[name] = tuple(next(fresh) for _ in value)
        elif not isinstance(value, str):
            values[name] = next(fresh)
    return replace(node, **values)


def substituted(expression: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with names replaced.

    Examples
    --------
    >>> substituted(parsed("a - y"), {"a": Name("o1")})
    Sum(terms=(Name(key='o1'), Negative(of=Name(key='y'))))
    """
    return rewritten(expression, lambda node: values.get(node.key) if isinstance(node, Name) else None)


ZERO, ONE = Number("0"), Number("1")


def total(terms: Sequence[Expression]) -> Expression:
    """The sum of terms, which may be one or none."""
    return Sum(tuple(terms)) if len(terms) > 1 else terms[0] if terms else ZERO


def product(*factors: Expression) -> Expression:
    """The product of factors without those that are 1."""
    kept = tuple(factor for factor in factors if factor != ONE)
    return Product(kept) if len(kept) > 1 else kept[0] if kept else ONE


def without_zeros(node: Expression) -> Expression:
    """The expression without terms that are 0 times something, so that 0 log 0 is not asked for."""
    match node:
        case Negative(of):
            inner = without_zeros(of)
            return ZERO if inner == ZERO else Negative(inner)
        case Sum((Number("1"), Negative(Number("1")))):
            return ZERO
        case Sum(terms):
            return total([term for term in map(without_zeros, terms) if term != ZERO])
        case Product(factors):
            kept = tuple(map(without_zeros, factors))
            if ZERO in kept:
                return ZERO
            if Negative(ONE) in kept:
                return Negative(product(*(factor for factor in kept if factor != Negative(ONE))))
            return product(*kept)
    return node
