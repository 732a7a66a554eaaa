"""The rules about layers and units: from an examination to findings. A rule is a function; `RULES` is all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from ..network.activations import activation
from ..network.measures import LayerMeasures
from ..training.optimizers import LBFGS
from .examination import Examination, Sample
from .findings import KINDS, Finding

__all__ = ["NEARLY_ALWAYS", "RULES", "flow", "named_inputs", "named_units", "ratio"]

Rule = Callable[[Examination], Iterator[Finding]]
HALF = 0.5
NEARLY_ALWAYS = 0.8  # of the rows, at which a unit counts as saturated


def named_units(units: Sequence[int], of: int) -> str:
    """The first of them, and how many there are.

    Examples
    --------
    >>> named_units([5, 9, 31], 64)
    'units 5, 9, 31 of 64'
    >>> named_units(range(64), 64)
    'all 64 units'
    """
    if len(units) == of:
        return f"all {of} units" if of > 1 else "its one unit"
    shown = ", ".join(map(str, list(units)[:5])) + (f" and {len(units) - 5} more" if len(units) > 5 else "")
    return f"unit{'s' * (len(units) > 1)} {shown} of {of}"


def named_inputs(inputs: Sequence[int], of: int, names: Sequence[str]) -> str:
    """The same for inputs, by their names where they have some.

    Examples
    --------
    >>> named_inputs([0, 2], 3, ["age", "job", "income"])
    'inputs age, income of 3'
    """
    words = [names[k] if len(names) == of else str(k) for k in list(inputs)[:5]]
    more = f" and {len(inputs) - 5} more" if len(inputs) > 5 else ""
    return f"input{'s' * (len(inputs) > 1)} {', '.join(words)}{more} of {of}"


def flat_units(seen: Examination) -> Iterator[Finding]:
    """Units through which nothing is learned: dead where f is 0 there, else saturated."""
    for layer in seen.hidden:
        dead = layer.activation == "relu"
        kind = KINDS["dead_units" if dead else "saturated_units"]
        units = np.flatnonzero(layer.flat >= (1 if dead else NEARLY_ALWAYS))
        share = len(units) / len(layer.flat)
        severity = kind.severity(share)
        if severity is None:
            continue
        since = _since(seen.samples, layer, units, 1 if dead else NEARLY_ALWAYS)
        where = f"layer {layer.layer}, {named_units(units.tolist(), len(layer.flat))}"
        what = "output 0 on every one" if dead else f"lie where {layer.activation} is flat on {NEARLY_ALWAYS:.0%}"
        cause, remedies, remedy = _cause_of_flat(seen, layer, units, since)
        yield kind.finding(
            severity,
            share,
            f"{where} {what} of {seen.rows:,} rows{_since_words(since)}",
            cause,
            remedy,
            layer.layer,
            tuple(units.tolist()),
            since,
            remedies,
        )


def _cause_of_flat(
    seen: Examination, layer: LayerMeasures, units: np.ndarray, since: int | None
) -> tuple[str, tuple[str, ...], str]:
    largest = float(np.median(seen.inputs.size)) if len(seen.inputs.size) else 0.0
    if layer.layer == 1 and seen.inputs.size.max(initial=0) >= KINDS["unscaled_inputs"].limit("warning"):
        return f"inputs as large as {seen.inputs.size.max():.3g}", ("scale", "slower"), "scale the inputs"
    _, b = seen.network.views(seen.network.parameters)[layer.layer - 1]
    rate = seen.recipe.learning_rate
    if since is not None and since > 1:
        pushed = float(np.median(b[units]))
        words = f"steps at learning rate {rate:g} pushed them there (their biases are about {pushed:.2g})"
    elif since == 1:
        suited = activation(layer.activation).initializer
        return (
            f"the first weights put them there (norm {layer.weights:.3g}, inputs about {largest:.2g})",
            ("suited", "slower"),
            f"initializer {suited}, or a smaller learning rate",
        )
    else:
        words = f"steps that were too long, or first weights that were too large (learning rate {rate:g})"
    other = "leaky_relu" if layer.activation == "relu" else "relu"
    if isinstance(seen.recipe.optimizer, LBFGS):  # which has no rate
        return "first weights that were too large, or a long first step", ("suited", other), f"alpha larger, or {other}"
    return words, ("slower", "suited", other), f"learning rate {rate / 10:g} or below, or {other}"


def _since(samples: Sequence[Sample], layer: LayerMeasures, units: np.ndarray, share: float) -> int | None:
    """The epoch from which on at least half of these units were flat in every look."""
    since = None
    for sample in samples:
        flat = sample.flat[layer.layer - 1][units] >= share
        if flat.mean() < 0.5:
            since = None
        elif since is None:
            since = sample.epoch + 1
    return since


def _since_words(since: int | None) -> str:
    return "" if since is None else " from the start" if since == 1 else f" since epoch {since} or before"


def ratio(deltas: Sequence[float]) -> float:
    """|dL/dz| of the first layer over that of the last."""
    first, last = deltas[0], deltas[-1]
    return first / last if last > 0 and np.isfinite(first) and np.isfinite(last) else float("nan")


def flow(seen: Examination) -> float:
    """The ratio of gradients through depth, the median of the looks while it trained and of the last one."""
    ratios = np.array([ratio(deltas) for deltas in (*(s.deltas for s in seen.samples), [s.delta for s in seen.layers])])
    ratios = ratios[np.isfinite(ratios)]
    return float(np.median(ratios)) if len(ratios) else float("nan")


def gradients(seen: Examination) -> Iterator[Finding]:
    """Gradients that get lost on their way down, or grow on it."""
    if len(seen.hidden) < 2:
        return
    value = flow(seen)
    for name, verb in (("vanishing_gradient", "falls"), ("exploding_gradient", "grows")):
        kind = KINDS[name]
        severity = kind.severity(value)
        if severity is None:
            continue
        names = {layer.activation for layer in seen.hidden}
        squashing = names & {"sigmoid", "tanh", "softplus"}
        remedies: tuple[str, ...]
        if name == "vanishing_gradient" and "sigmoid" in names:
            cause = f"sigmoid's slope is at most 1/4, and {len(seen.hidden)} layers multiply it"
            remedy, remedies = "tanh or relu in place of sigmoid", ("relu", "tanh")
        elif name == "vanishing_gradient" and any(np.mean(layer.flat >= NEARLY_ALWAYS) > HALF for layer in seen.hidden):
            cause = "most units of a layer are flat, and let nothing through"
            remedy, remedies = "what cures those units", ("slower", "suited", "relu")
        elif name == "vanishing_gradient":
            cause = "weights too small in layer after layer"
            remedy, remedies = "the initializer that suits the activation", ("suited", "slower", "relu")
        else:
            cause = "weights too large in layer after layer" + (" for bounded units" if squashing else "")
            remedy = "the initializer that suits the activation, or a clipped gradient"
            remedies = ("suited", "clip", "slower")
        yield kind.finding(
            severity,
            value,
            f"the gradient {verb} by {max(value, 1 / value):.3g} from layer {len(seen.layers)} to layer 1"
            if value > 0
            else "no gradient reaches layer 1",
            cause,
            remedy,
            1,
            remedies=remedies,
        )


def growth(seen: Examination) -> Iterator[Finding]:
    """Activations that grow through depth without bound."""
    kind, start = KINDS["unbounded_activations"], max(float(np.sqrt((seen.inputs.size**2).mean())), 1.0)
    grown = [layer for layer in seen.hidden if kind.severity(layer.size / start)]
    if not grown:
        return
    layer = max(grown, key=lambda layer: layer.size)
    value = layer.size / start
    severity = kind.severity(value) or "warning"
    yield kind.finding(
        severity,
        value,
        f"the activations of layer {layer.layer} are {value:.3g} times the inputs (largest {layer.largest:.3g})",
        f"weights of norm {layer.weights:.3g} and {layer.activation}, which has no upper bound",
        "the initializer that suits the activation, a smaller learning rate, or tanh",
        layer.layer,
        remedies=("suited", "slower", "tanh"),
    )


def symmetry(seen: Examination) -> Iterator[Finding]:
    """Units that started alike and can never part."""
    kind = KINDS["symmetric_units"]
    for layer, groups in zip(seen.hidden, seen.twins, strict=False):
        units = sorted(unit for group in groups for unit in group)
        share = len(units) / len(layer.flat)
        severity = kind.severity(share)
        if severity is None:
            continue
        first = seen.recipe.initializer
        name = first if isinstance(first, str) else first.name
        yield kind.finding(
            severity,
            share,
            f"layer {layer.layer}, {named_units(units, len(layer.flat))} have the weights of another",
            f"they began alike (initializer {name}) and get the same gradient",
            f"an initializer that draws: {activation(layer.activation).initializer}",
            layer.layer,
            tuple(units),
            remedies=("suited",),
        )


def ranks(seen: Examination) -> Iterator[Finding]:
    """Layers whose activations move along a few directions only."""
    kind = KINDS["low_rank"]
    for layer, rank, below in zip(seen.hidden, seen.ranks, (len(seen.inputs.size), *seen.ranks), strict=False):
        possible = min(len(layer.flat), seen.rows, max(below, 1))
        if possible < 16 or kind.severity(rank / possible) is None:
            continue
        yield kind.finding(
            "note",
            rank / possible,
            f"the {len(layer.flat)} units of layer {layer.layer} use {rank:.1f} directions",
            "most of them say what others say",
            f"about {max(4, int(2 * rank))} units would do",
            layer.layer,
        )


RULES: list[Rule] = [flat_units, gradients, growth, symmetry, ranks]
