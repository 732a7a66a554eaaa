"""A plan as two files of C99, a Makefile, and a file of rows with the answers that are right."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any

import jinja2
import numpy as np
import numpy.typing as npt

from ... import __version__
from ...network.layers import Sparse
from ..counts import Counted
from ..integer import distance_multiplier, exp_tables
from ..plan import Plan
from .encoding import encode_lines, quantize_literals, uses
from .layers import BYTES, CLayer, c_layers, expression, functions_of, loop_lines
from .names import in_comment, in_string
from .numbers import literal, narrowest, whole_table
from .pushing import pushing
from .row import Row, is_wide

__all__ = ["companions", "scratch_bytes", "source", "templates"]

Array = npt.NDArray[Any]


@lru_cache(maxsize=1)
def templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("glasshouse.exporting.c"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # what is written is C; names in it went through `names`
    )


def source(plan: Plan, notes: list[str]) -> dict[str, str]:
    """The texts of NAME.h and NAME.c, by their names; `notes` are further lines of the comment at the top."""
    context = _context(plan, notes)
    return {
        f"{plan.name}.{ending}": templates().get_template(f"model.{ending}.jinja").render(context)
        for ending in ("h", "c")
    }


def buffer_sizes(plan: Plan) -> tuple[int, int]:
    """Elements of the two buffers layers read and write by turns: inputs in the first."""
    sizes = plan.model.network.sizes[:-1]
    return max(sizes[::2]), max(sizes[1::2], default=0)


def scratch_bytes(plan: Plan) -> int:
    """Of static memory."""
    return sum(buffer_sizes(plan)) * BYTES[_element(plan)]


def _element(plan: Plan) -> str:
    return "int8_t" if plan.whole else plan.real


def _context(plan: Plan, notes: list[str]) -> dict[str, Any]:
    row, layers = Row(plan), c_layers(plan)
    network, whole, counts = plan.model.network, plan.whole, plan.counts
    even, odd = buffer_sizes(plan)
    helpers = uses(plan)
    lines = encode_lines(plan, row)
    functions = set() if whole else functions_of(plan)
    loops = _count_loops(row.counted)
    blank = None
    if len(_assigned(plan)) < network.n_features:
        blank = whole.inputs.zero if whole else 0
    classes = plan.classes
    return {
        "name": plan.name,
        "NAME": plan.name.upper(),
        "version": __version__,
        "provenance": wrapped([*provenance(plan), *notes]),
        "scratch_bytes": scratch_bytes(plan),
        "n_features": network.n_features,
        "n_outputs": network.n_outputs,
        "classes": classes,
        "class_enum": row.classes,
        "class_strings": [in_string(word) for word in classes or []],
        "codes": [code for code in row.codes if code is not None],
        "fields": row.fields,
        "has_probabilities": plan.has_probabilities,
        "many": plan.many,
        "scores": whole is not None,
        "real": plan.real,
        "f": "f" if plan.real == "float" else "",
        "element": _element(plan),
        "score": "int16_t" if whole else plan.real,
        "output": plan.output,
        "output_expression": expression(plan.output, plan.real) if plan.output != "softmax" else "",
        "layers": layers,
        "loops": lambda layer: _loops(layer, plan, layer is layers[-1]),
        "calls": _calls(len(layers)),
        "even_size": even,
        "odd_size": odd,
        "encode_lines": lines,
        "blank": blank,
        "unread": not lines and not loops and blank is None,
        "counts": counts,
        "missing": counts is not None
        and not plan.window
        and any(column.numbers and column.may_miss for column in plan.columns),
        "count_tables": _count_tables(row.counted),
        "count_loops": loops,
        "uses_math": ("bent" in helpers and plan.real == "double") or bool(functions),
        "uses_string": blank is not None or plan.window is not None or ("bent" in helpers and plan.real == "float"),
        **_bending(plan, helpers),
        **_integers(plan),
        "count_kind": "int32_t" if plan.window else "int16_t",
        "ease": _ease(row.counted),
        "limits": any(c.limit < 2 * c.largest for c in row.counted),
        **pushing(plan, row),
        "fill": "fills" if _fills(row.counted) else "centers",
        "clamps": bool(loops) or len(layers) > 1,
        "quantized": quantize_literals(plan) if "quantized" in helpers else None,
    }


def _bending(plan: Plan, helpers: set[str]) -> dict[str, Any]:
    """Whether numbers are bent, and some of them as doubles in an arithmetic of floats."""
    numbers = [number for column in plan.columns for number in column.numbers if number.bent]
    return {"bent": "bent" in helpers, "bent_far": plan.real == "float" and any(map(is_wide, numbers))}


def _integers(plan: Plan) -> dict[str, Any]:
    """What only a network in whole numbers has."""
    if plan.whole is None:
        return dict.fromkeys(("input_scale", "input_zero", "value_of", "exp_tables", "thresholds", "zero_term"), "")
    halves, rest = exp_tables()
    multiplier, shift = distance_multiplier(plan.whole.score_scale)
    scale = plan.whole.inputs
    thresholds = plan.counts.thresholds if plan.counts else np.zeros(0)
    return {
        "input_scale": f"{scale.scale:.9g}",
        "input_zero": scale.zero,
        "value_of": f"{literal(plan.whole.score_offset)} + {literal(plan.whole.score_scale)} * (float)(score)",
        "exp_tables": "\n".join([whole_table("exp_halves", halves), whole_table("exp_rest", rest)]),
        "exp_multiplier": int(multiplier[0]),
        "exp_shift": int(shift[0]) - 16,
        "thresholds": whole_table("thresholds", thresholds) if len(thresholds) else "",
        "n_thresholds": len(thresholds),
        "zero_term": f" {'+' if scale.zero > 0 else '-'} {abs(scale.zero)}" if scale.zero else "",
    }


def _loops(layer: CLayer, plan: Plan, last: bool) -> str:
    lines = loop_lines(layer, plan.real, whole=plan.whole is not None, last=last)
    return "\n".join(f"    {line}" if line else "" for line in lines)


def _calls(n_layers: int) -> list[str]:
    """The layers in turn: x, then odd and even."""
    places = ["x", *("odd" if k % 2 == 0 else "even" for k in range(n_layers - 1)), "scores"]
    return [f"layer{k + 1}({places[k]}, {places[k + 1]});" for k in range(n_layers)]


def _fills(counted: list[Counted]) -> bool:
    return any(c.fill is not None and c.fill != c.center for c in counted)


def _count_tables(counted: list[Counted]) -> list[str]:
    if not counted:
        return []
    centers = [c.center for c in counted]
    made = [
        whole_table("centers", centers, narrowest(centers, signed=True)),
        whole_table("rates", [c.multiplier for c in counted], "uint16_t"),
        whole_table("rate_shifts", [c.shift - 16 for c in counted], "uint8_t"),
    ]
    if _ease(counted) == "eases[k]":
        made.append(whole_table("eases", [c.ease for c in counted], "uint8_t"))
    if any(c.limit < 2 * c.largest for c in counted):
        made.append(whole_table("limits", [c.limit for c in counted], "int32_t"))
    if _fills(counted):
        made.append(whole_table("fills", [c.center if c.fill is None else c.fill for c in counted], "int16_t"))
    if _feature_of(counted) == "features[k]":
        made.append(whole_table("features", [c.number.feature for c in counted]))
    return made


def _feature_of(counted: list[Counted]) -> str:
    away = {c.number.feature - k for k, c in enumerate(counted)}
    if len(away) > 1:
        return "features[k]"
    shift = min(away, default=0)
    return f"k + {shift}" if shift else "k"


def _assigned(plan: Plan) -> set[int]:
    """The features that are written whatever a row holds."""
    found = {number.feature for column in plan.columns for number in column.numbers}
    if plan.counts is None:
        found |= {column.indicator for column in plan.columns if column.indicator is not None}
    return found


def _ease(counted: list[Counted]) -> str:
    eases = {c.ease for c in counted}
    return f"{min(eases, default=0)}" if len(eases) < 2 else "eases[k]"


def _count_loops(counted: list[Counted]) -> list[dict[str, Any]]:
    """One loop over the counts that are bent, one over the others."""
    loops, start = [], 0
    for bent, group in groupby(counted, key=lambda c: c.number.bent):
        stop = start + len(list(group))
        what = "numbers whose ends are bent" if bent else "numbers as they are"
        loops.append({"start": start, "stop": stop, "bent": bent, "what": what})
        start = stop
    for loop in loops:
        loop["feature_of"] = _feature_of(counted)
    return loops


def _which(plan: Plan) -> str:
    if plan.classes is None:
        return ""
    return f", which of {len(plan.classes)} labels" if plan.many else f", one of {len(plan.classes)} classes"


def wrapped(lines: list[str]) -> list[str]:
    """Lines of a comment, none too long."""
    return [part for line in lines for part in textwrap.wrap(in_comment(line, 600), 114, subsequent_indent="  ")]


def provenance(plan: Plan) -> list[str]:
    """Where the model is from, for the comment at the top."""
    model, network = plan.model, plan.model.network
    kept = sum(int(np.count_nonzero(w)) for w, _ in network.views(network.parameters))
    whole = sum(layer.fan_in * layer.fan_out for layer in network.layers)
    lines = [f"Predicts {model.target!r}" + _which(plan)]
    lines[0] += f", from {len(plan.columns)} columns."
    if plan.window is not None:
        lines.append(f"Of windows of {plan.window.length} samples, one every {plan.window.step}.")
    sizes = "-".join(map(str, network.sizes))
    sparse = any(isinstance(layer, Sparse) for layer in network.layers)
    share = f", {kept:,} of {whole:,} connections" if sparse or kept < whole else f", {whole:,} connections"
    lines.append(f"Layers {sizes}{share}, {'int8' if plan.whole else plan.real}.")
    if model.origin.file:
        lines.append(
            f"Trained on {model.origin.file}, rows SHA-256 {model.origin.rows[:16]}, seed {model.origin.seed}."
        )
    scores = model.scores.get("test", {})
    said = ", ".join(f"{k} {v:.4g}" for k, v in scores.items() if isinstance(v, float))
    if said:
        lines.append(f"Test scores of the model: {said}.")
    return lines


def companions(plan: Plan, raw: Sequence[Sequence[Array]], answers: Array) -> dict[str, str]:
    """The texts of the Makefile and of a test: raw rows, numbers with NaN or as counts, and their answers."""
    records = Row(plan).records(raw)
    whole = plan.classes is not None or plan.whole is not None
    kinds = [field.kind for field in Row(plan).fields]
    context = {
        "name": plan.name,
        "rows": [", ".join(map(_written, record, kinds)) for record in records.tolist()],
        "answers": ", ".join(str(int(a)) if whole else literal(a, plan.real) for a in answers),
        "answer": plan.answer,
        "tolerance": literal(1e-5, plan.real),
        "uses_math": _context(plan, [])["uses_math"],
    }
    return {
        f"{plan.name}_test.c": templates().get_template("test.c.jinja").render(context),
        "Makefile": templates().get_template("Makefile.jinja").render(context),
    }


def _written(value: Any, kind: str) -> str:
    return literal(value, kind) if kind in ("float", "double") else str(value)
