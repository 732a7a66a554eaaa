"""The notations an expression is written in: plain text that Python reads too, LaTeX, and JavaScript.

A notation is a handful of templates; `written` walks the expression once for all of them. What stands for a name, its
symbol or its number, is the caller's to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from .expressions import Call, Choice, Expression, Name, Negative, Number, Power, Product, Quotient, Slope, Sum

__all__ = ["JAVASCRIPT", "LATEX", "PLACE", "TEXT", "Notation", "latex_name", "written"]

SUM, PRODUCT, POWER, ATOM = range(4)  # how tightly a node holds together


class Notation:
    """Plain text; Python reads it too."""

    times: ClassVar[str] = " * "
    brackets: ClassVar[tuple[str, str]] = ("(", ")")

    def quotient(self, over: str, under: str) -> str:
        return f"{over} / {under}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base} ** {exponent}"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"{function}({', '.join(arguments)})"

    def choice(self, left: str, sign: str, right: str, then: str, otherwise: str) -> str:
        return f"({then} if {left} {sign} {right} else {otherwise})"

    def pi(self) -> str:
        return "pi"

    bars: ClassVar[bool] = False  # whether a quotient is a bar, which needs no brackets


class Latex(Notation):
    """Mathematics for a page of LaTeX."""

    times = r" \cdot "
    brackets = (r"\left(", r"\right)")
    bars = True

    def quotient(self, over: str, under: str) -> str:
        return rf"\frac{{{over}}}{{{under}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{{{base}}}^{{{exponent}}}"  # a base may have marks above it already

    def call(self, function: str, arguments: list[str]) -> str:
        inside = ", ".join(arguments)
        if function == "exp":
            return rf"e^{{{inside}}}"
        if function == "sqrt":
            return rf"\sqrt{{{inside}}}"
        if function == "abs":
            return rf"\left|{inside}\right|"
        word = {"log": r"\ln", "max": r"\max", "min": r"\min", "tanh": r"\tanh", "sigmoid": r"\sigma"}.get(
            function, r"\mathrm{" + function.replace("_", r"\_") + "}"
        )
        return rf"{word}\left({inside}\right)"

    def choice(self, left: str, sign: str, right: str, then: str, otherwise: str) -> str:
        sign = {"<=": r"\le", ">=": r"\ge"}.get(sign, sign)
        return rf"\left({then} \text{{ if }} {left} {sign} {right} \text{{, else }} {otherwise}\right)"

    def pi(self) -> str:
        return r"\pi"


class Javascript(Notation):
    """An expression that a page in a browser evaluates; functions are properties of an object `f`."""

    def power(self, base: str, exponent: str) -> str:
        return f"Math.pow({base}, {exponent})"

    def call(self, function: str, arguments: list[str]) -> str:
        return f"f.{function}({', '.join(arguments)})"

    def choice(self, left: str, sign: str, right: str, then: str, otherwise: str) -> str:
        return f"({left} {sign} {right} ? {then} : {otherwise})"

    def pi(self) -> str:
        return "Math.PI"


TEXT, LATEX, JAVASCRIPT = Notation(), Latex(), Javascript()


def written(expression: Expression, notation: Notation, leaf: Callable[[str], str]) -> str:
    """An expression in a notation; `leaf` says what stands for a name.

    Examples
    --------
    >>> from .expressions import parsed
    >>> written(parsed("w - eta * g"), TEXT, {"w": "0.4", "eta": "0.3", "g": "-0.2"}.get)
    '0.4 - 0.3 * (-0.2)'
    """

    def bracketed(text: str) -> str:
        return notation.brackets[0] + text + notation.brackets[1]

    def of(node: Expression, at_least: int = SUM, first: bool = True) -> str:
        """The node, in brackets where it holds together less tightly than what stands around it."""
        text, tightness = _parts(node, first)
        return bracketed(text) if tightness < at_least else text

    def number(text: str, first: bool) -> tuple[str, int]:
        return (text, ATOM if not text.startswith("-") else PRODUCT if first else SUM)

    def _parts(node: Expression, first: bool) -> tuple[str, int]:
        match node:
            case Number(text):
                return number(text, first)
            case Name(key):
                return number(notation.pi() if key == "pi" else leaf(key), first)
            case Slope(inner):
                return _parts(inner, first)
            case Negative(inner):
                return "-" + of(inner, PRODUCT, False), PRODUCT if first else SUM
            case Sum(terms):
                text = of(terms[0], PRODUCT, first)
                for term in terms[1:]:
                    minus = isinstance(term, Negative)
                    shown = of(term.of if isinstance(term, Negative) else term, PRODUCT, False)
                    text += (" - " if minus else " + ") + shown
                return text, SUM
            case Product(factors):
                each = [of(factor, POWER if k else PRODUCT, first and not k) for k, factor in enumerate(factors)]
                return notation.times.join(each), PRODUCT
            case Quotient(over, under):
                if notation.bars:
                    return notation.quotient(of(over), of(under)), POWER
                return notation.quotient(of(over, PRODUCT, first), of(under, ATOM, False)), PRODUCT
            case Power(base, exponent):
                return notation.power(of(base, ATOM, False), of(exponent)), POWER
            case Call(function, arguments):
                return notation.call(function, [of(argument) for argument in arguments]), ATOM
            case Choice(left, sign, right, then, otherwise):
                return notation.choice(of(left), sign, of(right), of(then), of(otherwise)), ATOM

    return of(expression)


PLACE = re.compile(r"^(?P<base>.*?)(?P<new>_new)?(?:\[(?P<sample>\d+)\])?(?:@(?P<stage>\d+))?$")
GREEK = ("alpha", "beta", "gamma", "delta", "epsilon", "eta", "theta", "lambda", "mu", "sigma", "rho", "phi", "psi")


def latex_name(key: str) -> str:
    """The name of a step in mathematics.

    Examples
    --------
    >>> latex_name("dL/dw5"), latex_name("w5_new"), latex_name("h1[2]@3")
    ('\\\\frac{\\\\partial L}{\\\\partial w_{5}}', 'w_{5}^{+}', 'h_{1}^{(2)\\\\,\\\\{3\\\\}}')
    """
    if "/d" in key:
        over, _, under = key.partition("/d")
        whole = over[1:]
        shown = "L" if whole == "L" else latex_name(whole)
        return rf"\frac{{\partial {shown}}}{{\partial {latex_name(under)}}}"
    found = PLACE.match(key)
    assert found is not None
    marks = [
        *(["+"] if found["new"] else []),
        *([f"({found['sample']})"] if found["sample"] else []),
        *([rf"\{{{found['stage']}\}}"] if found["stage"] else []),
    ]
    above = "^{" + r"\,".join(marks) + "}" if marks else ""
    return _symbol(found["base"]) + above


def _symbol(base: str) -> str:
    head, _, rest = base.partition("_")
    letters = head.rstrip("0123456789")
    below = ",".join([part for part in (head[len(letters) :], *rest.split("_")) if part])
    if letters in GREEK:
        symbol = "\\" + letters
    elif letters == "loss":
        symbol = "L"
    elif len(letters) == 1 and letters.isascii():
        symbol = letters
    else:
        symbol = rf"\mathrm{{{letters}}}"
    if not below:
        return symbol
    return symbol + "_{" + (below if below.isalnum() and len(below) < 3 else rf"\mathrm{{{below}}}") + "}"
