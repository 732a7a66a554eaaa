"""The table of slips: what people get wrong in a hand-made solution, each as a rewriting of the line's expression.

A slip is recognised where its variant of the line, on the solution's own numbers or on the exact ones, comes to the
number that was written. A new slip is a function here, its row, and its line in the docs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from .expressions import (
    Call,
    Expression,
    Name,
    Negative,
    Number,
    Power,
    Product,
    Quotient,
    Slope,
    Sum,
    names_in,
    parts,
    product,
    rewritten,
    substituted,
    total,
)
from .specification import Specification
from .steps import Step, Writer

__all__ = ["SLIPS", "Line", "Slip", "Surroundings"]

MOST_NODES = 400


class Surroundings(NamedTuple):
    """What a line could be mistaken with.

    Attributes
    ----------
    updated : mapping of str to str
        The name of each parameter after the update.
    sums : mapping of str to str
        The weighted sum of each unit.
    peers : mapping of str to tuple of str
        For each name, those of its kind and layer, which it may be taken for.
    rows : tuple of groups of tuples of str
        The weights of each unit of a layer, those into it in one group, those out of it in another.
    """

    updated: Mapping[str, str]
    sums: Mapping[str, str]
    peers: Mapping[str, tuple[str, ...]]
    rows: tuple[tuple[tuple[str, ...], ...], ...]

    @classmethod
    def of(cls, specification: Specification, stage: int, sample: int) -> Surroundings:
        """Those of the lines of one sample in one stage."""
        writer = Writer(specification, stage)
        peers: dict[str, tuple[str, ...]] = {}
        rows: list[tuple[tuple[str, ...], ...]] = []
        sums: dict[str, str] = {}

        def alike(names: Iterable[str]) -> None:
            every = tuple(dict.fromkeys(names))
            peers.update({name: tuple(other for other in every if other != name) for name in every})

        for layer in specification.layers:
            grid = [[None if name is None else writer.parameter(name) for name in row] for row in layer.weights]
            places = [name for _, _, name in layer.places()]
            alike(writer.parameter(name) for name in places)
            alike(writer.key(f"dL/d{name}") for name in places)
            alike(writer.key(f"dL/d{name}", sample) for name in places)
            alike(writer.key(unit, sample) for unit in layer.units)
            alike(writer.key(z, sample) for z in layer.sums)
            alike(writer.key(f"dL/d{z}", sample) for z in layer.sums)
            sums |= {writer.key(u, sample): writer.key(z, sample) for u, z in zip(layer.units, layer.sums, strict=True)}
            for group in (grid, list(zip(*grid, strict=True))):
                rows.append(tuple(tuple(name for name in row if name is not None) for row in group))
        alike(writer.given(name, sample).key for name in specification.inputs)
        alike(writer.given(name, sample).key for name in specification.targets)
        moved = [name for name in specification.parameters if name not in specification.held]
        updated = {writer.parameter(name): writer.parameter(name, stage + 1) for name in moved}
        return cls(updated, sums, peers, tuple(rows))


class Line(NamedTuple):
    """A line of a solution as a slip sees it: its expression may have written out what the solution leaves out."""

    step: Step
    expression: Expression
    around: Surroundings


Variants = Callable[[Line], Iterator[Expression]]


class Slip(NamedTuple):
    """One row: its name, what to tell the person, and the variants of a line that it leads to."""

    name: str
    sentence: str
    variants: Variants


def _each(expression: Expression, change: Callable[[Expression], Expression | None]) -> Iterator[Expression]:
    """The expression with one node at a time changed."""
    yield from _changed(expression, change, lambda node: node)


def _changed(
    node: Expression,
    change: Callable[[Expression], Expression | None],
    around: Callable[[Expression], Expression],
) -> Iterator[Expression]:
    answer = change(node)
    if answer is not None:
        yield around(answer)
    for part in parts(node):

        def within(new: Expression, part: Expression = part) -> Expression:
            return around(rewritten(node, lambda inner: new if inner is part else None))

        yield from _changed(part, change, within)


def forgotten_derivative(line: Line) -> Iterator[Expression]:
    def without(node: Expression) -> Expression | None:
        if isinstance(node, Product) and any(isinstance(factor, Slope) for factor in node.factors):
            return product(*(factor for factor in node.factors if not isinstance(factor, Slope)))
        return Number("1") if isinstance(node, Slope) and node is line.expression else None

    yield from _each(line.expression, without)


def half_derivative(line: Line) -> Iterator[Expression]:
    """a in place of a (1 - a), or 1 - a."""

    def half(node: Expression) -> Expression | None:
        return node.of.factors[0] if isinstance(node, Slope) and isinstance(node.of, Product) else None

    def other(node: Expression) -> Expression | None:
        return node.of.factors[1] if isinstance(node, Slope) and isinstance(node.of, Product) else None

    yield from _each(line.expression, half)
    yield from _each(line.expression, other)


def derivative_at_z(line: Line) -> Iterator[Expression]:
    """f'(z) written in a, but with z put in: z (1 - z)."""

    def at_z(node: Expression) -> Expression | None:
        if not isinstance(node, Slope):
            return None
        sums = {name: Name(line.around.sums[name]) for name in names_in(node) if name in line.around.sums}
        return substituted(node.of, sums) if sums else None

    yield from _each(line.expression, at_z)


def sign(line: Line) -> Iterator[Expression]:
    yield Negative(line.expression)

    def turned(node: Expression) -> Expression | None:
        if isinstance(node, Negative):
            return node.of
        return Negative(node) if isinstance(node, Product | Name | Quotient | Call) else None

    def terms(node: Expression) -> Iterator[Expression]:
        if isinstance(node, Sum):
            for k in range(len(node.terms)):
                yield Sum(tuple(turned(t) or t if j == k else t for j, t in enumerate(node.terms)))

    for part in _nodes(line.expression):
        for variant in terms(part):
            yield _with(line.expression, part, variant)


def missing_learning_rate(line: Line) -> Iterator[Expression]:
    def without(node: Expression) -> Expression | None:
        if isinstance(node, Product) and Name("eta") in node.factors:
            return product(*(factor for factor in node.factors if factor != Name("eta")))
        return None

    yield from _each(line.expression, without)


def updated_weight(line: Line) -> Iterator[Expression]:
    if line.step.kind in ("update", "moment", "sum", "activation"):
        return
    updated = line.around.updated
    used = {name: Name(updated[name]) for name in dict.fromkeys(names_in(line.expression)) if name in updated}
    if used:
        yield substituted(line.expression, used)
    for name, new in used.items() if len(used) > 1 else ():
        yield substituted(line.expression, {name: new})


def factor(line: Line) -> Iterator[Expression]:
    for by in (Number("2"), Quotient(Number("1"), Number("2"))):
        yield Product((by, line.expression))
        if line.step.kind == "update":
            yield substituted(line.expression, {"eta": Product((by, Name("eta")))})


def swapped_weights(line: Line) -> Iterator[Expression]:
    around = line.around
    used = list(dict.fromkeys(names_in(line.expression)))
    weights = [name for name in used if name in around.updated or name in around.updated.values()]
    for j, one in enumerate(weights):
        for other in weights[j + 1 :]:
            yield substituted(line.expression, {one: Name(other), other: Name(one)})
    for one in weights:
        for other in around.peers.get(one, ()):
            if other not in used:
                yield substituted(line.expression, {one: Name(other)})
    for group in around.rows:  # all the weights of another unit, or those out of it in place of those into it
        for row in group:
            if len(row) > 1 and set(row) <= set(weights):
                for others in (others for rows in around.rows for others in rows):
                    if len(others) == len(row) and others != row:
                        yield substituted(line.expression, dict(zip(row, map(Name, others), strict=True)))


def missing_path(line: Line) -> Iterator[Expression]:
    if line.step.kind == "update":
        return
    for part in _nodes(line.expression):
        if not isinstance(part, Sum):
            continue
        whole = all(_is_path(term) for term in part.terms)
        if whole or not any(isinstance(_bare(term), Number | Name) for term in part.terms[:-1]):
            for k, term in enumerate(part.terms):
                if whole or not isinstance(term, Name):
                    yield _with(line.expression, part, total(part.terms[:k] + part.terms[k + 1 :]))


def _bare(term: Expression) -> Expression:
    return term.of if isinstance(term, Negative) else term


def _is_path(term: Expression) -> bool:
    return isinstance(term, Name) and term.key.startswith(("loss", "dL/"))


def _with(expression: Expression, old: Expression, new: Expression) -> Expression:
    return rewritten(expression, lambda node: new if node is old else None)


def missing_bias(line: Line) -> Iterator[Expression]:
    if line.step.kind == "sum" and isinstance(line.expression, Sum) and isinstance(line.expression.terms[-1], Name):
        yield total(line.expression.terms[:-1])


def wrong_unit(line: Line) -> Iterator[Expression]:
    for name in dict.fromkeys(names_in(line.expression)):
        if name not in line.around.updated:
            for other in line.around.peers.get(name, ()):
                yield substituted(line.expression, {name: Name(other)})


def missing_activation(line: Line) -> Iterator[Expression]:
    if line.step.kind == "activation" and isinstance(line.expression, Call):
        yield line.expression.arguments[0]


def missing_square(line: Line) -> Iterator[Expression]:
    if line.step.kind == "loss":
        for part in _nodes(line.expression):
            if isinstance(part, Power):
                yield _with(line.expression, part, part.base)


def _nodes(expression: Expression) -> Iterator[Expression]:
    """Every node, the expression first."""
    waiting, count = [expression], 0
    while waiting and count < MOST_NODES:
        node = waiting.pop(0)
        count += 1
        yield node
        waiting += parts(node)


SLIPS = {
    row.name: row
    for row in (
        Slip("forgotten_derivative", "the slope of the activation is left out", forgotten_derivative),
        Slip("missing_learning_rate", "the learning rate is left out", missing_learning_rate),
        Slip("updated_weight", "a weight is used after its update: backpropagation needs the old one", updated_weight),
        Slip("missing_path", "a path is left out of the sum", missing_path),
        Slip("missing_bias", "the bias is left out", missing_bias),
        Slip("factor", "it is twice or half of what it should be", factor),
        Slip("sign", "a sign is turned round", sign),
        Slip("swapped_weights", "a weight of another connection is used", swapped_weights),
        Slip("missing_activation", "the activation is left out: this is z", missing_activation),
        Slip("missing_square", "the error is not squared", missing_square),
        Slip("half_derivative", "of the slope a (1 - a) one factor is left out", half_derivative),
        Slip("derivative_at_z", "the slope is taken at z where a is meant", derivative_at_z),
        Slip("arithmetic", "the formula that was written comes to another number", lambda line: iter(())),
        Slip("wrong_unit", "a number of another unit is used", wrong_unit),
    )
}
