"""The lines of C that turn a raw row into the inputs of the network."""

from __future__ import annotations

import numpy as np

from ...tables.encodings import scaled
from ..columns import Codes, Column, Number
from ..plan import Plan
from .numbers import literal
from .row import Row, is_wide

__all__ = ["encode_lines", "quantize_literals", "uses"]


def encode_lines(plan: Plan, row: Row) -> list[str]:
    """A line or two for each column; of counts, which a loop goes over, for what is left."""
    lines = []
    for place, column in enumerate(plan.columns):
        if column.codes is not None:
            lines += _code_lines(plan, column.codes, row.members[place][0])
        elif plan.counts is None:
            lines += _number_lines(plan, column, row.members[place], row.flags[place])
        elif column.indicator is not None:
            member, one = row.members[place][0], plan.counts.quantized(1.0)
            lines.append(f"if (row->{member} == {plan.name.upper()}_MISSING) {{ x[{column.indicator}] = {one}; }}")
    return lines


def uses(plan: Plan) -> set[str]:
    """Which helpers those lines call: 'bent', 'quantized'."""
    found = set()
    if any(number.bent for column in plan.columns for number in column.numbers):
        found.add("bent")
    if plan.whole is not None and plan.counts is None and any(column.numbers for column in plan.columns):
        found.add("quantized")
    return found


def _number_lines(plan: Plan, column: Column, members: list[str], flag: str) -> list[str]:
    lines, cast = [], "(int8_t)" if plan.whole else ""
    gone = f"row->{flag} || row->{members[0]} != row->{members[0]}"  # NaN is not equal to itself
    for number, member in zip(column.numbers, members, strict=True):
        value = _feature(plan, number, f"row->{member}")
        if flag:
            fill = number.center if number.fill is None else number.fill
            value = f"{gone} ? {_constant(plan, _filled(number, fill))} : {value}"
            value = f"{cast}({value})" if cast else value
        lines.append(f"x[{number.feature}] = {value};")
    if column.indicator is not None:
        one, zero = _constant(plan, 1.0), _constant(plan, 0.0)
        value = f"{gone} ? {one} : {zero}"
        lines.append(f"x[{column.indicator}] = {f'{cast}({value})' if cast else value};")
    return lines


def _filled(number: Number, fill: float) -> float:
    if number.bent:
        return float(scaled(np.array(fill), number.center, number.scale))
    return (fill - number.center) / number.scale


def _feature(plan: Plan, number: Number, value: str) -> str:
    """The feature of a number, as an expression."""
    wide = plan.real == "double" or is_wide(number)
    real = "double" if wide else "float"
    for part in (number.center,) if wide else (rounded := float(np.float32(number.center)), number.center - rounded):
        if part:  # what a float loses of the centre is taken away after it
            value = f"({value} {'-' if part > 0 else '+'} {literal(abs(part), real)})"
    if number.scale != 1:
        value = f"{value} / {literal(number.scale, real)}"
    if number.bent:
        value = f"bent_far({value})" if wide and plan.real == "float" else f"bent({value})"
    elif wide and plan.real == "float":
        value = f"(float)({value})"
    return value if plan.whole is None else f"quantized({value})"


def _constant(plan: Plan, value: float) -> str:
    """A feature that is known beforehand."""
    if plan.whole is not None:
        return str(int(plan.whole.inputs.quantized(np.array([value]))[0]))
    return literal(value, plan.real)


def _code_lines(plan: Plan, codes: Codes, member: str) -> list[str]:
    """A one-hot column as one assignment; another by its cases."""
    made = [(code, pairs) for code, pairs in enumerate(codes.values) if pairs]
    if not made:
        return []
    one = _constant(plan, 1.0)
    if all(pairs == ((made[0][1][0][0] + code, 1.0),) for code, pairs in made[:-1]) and len(made) > 3:
        first, n = made[0][1][0][0], len(made)
        last_code, last = made[-1]
        lines = []
        if last != ((first + last_code, 1.0),):  # missing ones are taken as another word
            lines.append(f"if (row->{member} == {last_code}u) {{ x[{last[0][0]}] = {one}; }}")
            n -= 1
        offset = f"{first}u + " if first else ""
        return [*lines, f"if (row->{member} < {n}u) {{ x[{offset}row->{member}] = {one}; }}"]
    lines = []
    for code, pairs in made:
        sets = " ".join(f"x[{feature}] = {_constant(plan, value)};" for feature, value in pairs)
        lines.append(f"if (row->{member} == {code}u) {{ {sets} }}")
    return lines


def quantize_literals(plan: Plan) -> dict[str, str]:
    """What the helper `quantized` of float inputs divides by and adds."""
    assert plan.whole is not None
    return {"scale": literal(plan.whole.inputs.scale), "half": literal(plan.whole.inputs.zero + 0.5)}
