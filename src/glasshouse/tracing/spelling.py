"""The many ways in which people write the name of a number: w5_new, ∂E/∂w5, δ_o1, net_h1, Output of h1.

A spelling is brought to plain letters first (`plain`), then read by one rule after another; what a specification's own
names and aliases say goes before every rule.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable

from .specification import Specification

__all__ = ["Vocabulary", "plain"]

LATEX = (
    (r"\\(?:d|t)?frac\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}", r"(\1)/(\2)"),
    (r"\\(?:text|mathrm|mathit|operatorname|textbf|mathbf)\s*\{([^{}]*)\}", r"\1"),
    (r"\\partial\b\s*", "∂"),
    (r"\\delta\b", "δ"),
    (r"\\Delta\b", "Δ"),
    (r"\\eta\b", "eta"),
    (r"\\sigma\b", "sigmoid"),
    (r"\\(?:cdot|times|ast)\b", "*"),
    (r"\\(?:left|right|,|;|!|quad|qquad|displaystyle)", " "),
    (r"\\(?:approx|simeq)\b", "≈"),
    (r"\\(?:prime)\b", "'"),
)
SUM_WORDS = ("net", "netinput", "input", "in", "weightedsum", "sum", "z", "s", "preactivation")
ACTIVATION_WORDS = ("out", "output", "activation", "act", "a", "value")
LOSS = r"(?:l|e|j|c|loss|error|cost|err)(?:total|tot|ges|gesamt)?|total(?:loss|error)"
BY = re.compile(
    r"\(?\s*(?:w\.?\s*r\.?\s*t\.?|with\s+respect\s+to)(?:\s*\(\s*with\s+respect\s+to\s*\))?\s*\)?\s*(?:to\b)?"
)


def from_latex(text: str) -> str:
    """LaTeX's commands as signs; a fraction as a quotient in brackets."""
    for pattern, sign in LATEX:
        previous = None
        while previous != text:
            previous, text = text, re.sub(pattern, sign, text)
    return text


def plain(spelled: str) -> str:
    """A spelling in small letters without ornaments.

    Examples
    --------
    >>> plain("$\\\\frac{\\\\partial L}{\\\\partial w_5}$"), plain("derivative of loss w.r.t z_3")
    ('dl/dw5', 'dloss/dz3')
    """
    text = BY.sub("/d", unicodedata.normalize("NFKC", from_latex(spelled)).casefold())
    text = re.sub(r"\b(?:partial\s+)?derivative\s+of\s+(?:the\s+)?(?=\w)", "d", text)
    text = (
        text.replace("∂", "d").replace("′", "'").replace("’", "'").replace("⁺", "+").replace("ϑ", "d").replace("𝛿", "δ")
    )
    text = re.sub(r"[\s_{}$`*()\\|:]", "", text)
    return re.sub(r"/d(?:the)?(?:/d)+", "/d", text)


class Vocabulary:
    """What names there are, and what else each may be called."""

    def __init__(self, specification: Specification, known: Iterable[str]):
        self.of, self.known = specification, set(known)
        units = [unit for layer in specification.layers for unit in layer.units]
        sums = [z for layer in specification.layers for z in layer.sums]
        self.sum_of = dict(zip(units, sums, strict=True))
        self.units = {plain(unit): unit for unit in units}
        self.sums = {plain(z): z for z in sums}
        self.parameters = {plain(name): name for name in specification.parameters}
        self.others = {plain(name): name for name in (*specification.inputs, *specification.targets)}
        self.aliases = {plain(alias): name for alias, name in specification.aliases.items()}

    def __call__(self, spelled: str) -> str | None:
        """The name that is meant; None if there is none."""
        word = spelled.strip().strip("$`*").strip()
        if word in self.known:
            return word
        text = plain(spelled)
        if text in self.aliases:
            return self.aliases[text] if self.aliases[text] in self.known else None
        found = re.fullmatch(r"(.+?)(?:\[(\d+)\]|\^(\d+))?(@\d+)?", text)
        if found is None:
            return None
        sample = found[2] or found[3]
        place = (f"[{sample}]" if sample else "") + (found[4] or "")
        for name in self._readings(found[1]):
            for whole in (name + place, name + place + ("" if sample else "[1]")):
                if whole in self.known:
                    return whole
        return None

    def near(self, spelled: str) -> str:
        """How to say it instead."""
        near = difflib.get_close_matches(spelled.strip(), self.known, n=1, cutoff=0.5)
        return f"did you mean {near[0]!r}?" if near else "say which it is under [aliases] in the specification"

    def _readings(self, text: str) -> Iterable[str]:
        yield from self._own(text)
        yield from self._derivative(text)
        yield from self._updated(text)
        yield from self._of_unit(text)
        if re.fullmatch(rf"(?:the)?(?:{LOSS}|mse|sse)", text):
            yield "loss"

    def _own(self, text: str) -> Iterable[str]:
        for names in (self.units, self.sums, self.parameters, self.others):
            if text in names:
                yield names[text]

    def _inner(self, text: str) -> str | None:
        """The unit's activation, the sum or the parameter of a spelling within another."""
        return next(iter([*self._own(text), *self._of_unit(text)]), None)

    def _derivative(self, text: str) -> Iterable[str]:
        over, sign, under = text.partition("/d")
        if sign:
            inner = self._inner(under)
            above = over.removeprefix("d")
            if inner is None:
                return
            if re.fullmatch(rf"(?:the)?(?:{LOSS})", above):
                yield f"dL/d{inner}"
            whole = self._inner(above)
            if whole is not None:
                yield f"d{whole}/d{inner}"
            part = self._loss_of(above)
            if part is not None:
                yield f"d{part}/d{inner}"
            return
        yield from self._delta(text)
        for rest in _after(("gradient", "grad", "derivative", "∇", "d"), text):
            inner = self._inner(rest)
            if inner is not None:
                yield f"dL/d{inner}"

    def _delta(self, text: str) -> Iterable[str]:
        """δ of a unit is dL/dz there; of a weight it is the weight's change."""
        for head in ("δ", "delta"):
            rest = text.removeprefix(head)
            if rest != text:
                inner = self._inner(rest.removeprefix("of"))
                if inner in self.sum_of:
                    yield f"dL/d{self.sum_of[inner]}"
                elif inner in self.parameters.values():
                    yield f"Δ{inner}"
                elif inner is not None:
                    yield f"dL/d{inner}"
                elif f"z{rest}" in self.sums:
                    yield f"dL/d{self.sums[f'z{rest}']}"

    def _updated(self, text: str) -> Iterable[str]:
        found = re.fullmatch(
            r"(?:new|updated|neue[srn]?)(?:value)?(?:of)?(.+)|(.+?)(?:new|neu|updated|next|'|\+|\^\+|\^'|\(t\+1\)|\^new)",
            text,
        )
        if found:
            name = self.parameters.get(found[1] or found[2])
            if name is not None:
                yield f"{name}_new"

    def _of_unit(self, text: str) -> Iterable[str]:
        for rest in _after(SUM_WORDS, text):
            if rest in self.units:
                yield self.sum_of[self.units[rest]]
        for rest in _after(ACTIVATION_WORDS, text):
            if rest in self.units:
                yield self.units[rest]
        part = self._loss_of(text)
        if part is not None:
            yield part

    def _loss_of(self, text: str) -> str | None:
        for rest in _after(("l", "e", "j", "c", "loss", "error", "cost", "err"), text):
            if rest in self.units:
                return f"loss_{self.units[rest]}"
        return None


def _after(words: Iterable[str], text: str) -> Iterable[str]:
    """What is left of a text after one of the words, and after an 'of' behind it."""
    for word in words:
        if text.startswith(word):
            rest = text.removeprefix(word)
            yield rest
            for joint in ("of", "to", "for"):
                if rest.startswith(joint):
                    yield rest.removeprefix(joint)
