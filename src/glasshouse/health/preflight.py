"""Before training, on the user's own rows: does signal come through with these first weights, and which rate will do?

For each initialiser rows are passed forward and backward through untrained networks. Activations and gradients should
neither fade nor grow from layer to layer; how they do is known for wide layers (Glorot, Bengio 2010 for units that are
nearly linear, He et al. 2015 for ReLU), and measured here for these rows, this depth and this activation.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..network.initializers import Initializer
from ..network.measures import Gauge
from ..network.passes import loss_and_gradient
from ..network.workspace import Workspace
from ..training.batches import Batches, Data
from ..training.optimizers import LBFGS, Pull
from ..training.recipe import Recipe
from ..training.state import State
from .course import input_findings, leak_findings, target_findings
from .examination import InputGauge, leaks_of, written_out
from .findings import KINDS, SEVERITIES, Finding

__all__ = ["CANDIDATES", "Flow", "Preflight", "flow_of", "preflight_of", "range_test"]

Array = npt.NDArray[Any]
CANDIDATES = (
    Initializer("normal", 0.05),
    Initializer("lecun_normal"),
    Initializer("glorot_uniform"),
    Initializer("he_normal"),
    Initializer("orthogonal"),
)
ROWS = 512
NETWORKS = 5  # drawn for each initialiser
LOWEST, HIGHEST, STEPS = 1e-6, 10.0, 100
# What trained best wherever signal came through at all, and what stands in for it in a sparse network (docs/health.md).
USUAL = ("orthogonal", "glorot_uniform")
THROUGH = 1000.0  # the factor from end to end up to which Adam did not care
LOST = 0.05  # of the gradient: what no initialiser brings through
GONE = 4.0  # times its first value: a loss that will not come back


class Flow(NamedTuple):
    """How signal goes through untrained networks, the root mean square over rows, units and draws, layer by layer.

    Attributes
    ----------
    forward : list of float
        Of the activations of each hidden layer.
    backward : list of float
        Of dL/dz of each hidden layer, over that of the last of them.
    spread : float
        The factor by which either grows or fades from end to end, at most; 1 is best.
    """

    initializer: Initializer
    forward: list[float]
    backward: list[float]
    spread: float


@dataclass(frozen=True)
class Preflight:
    """What was measured before training.

    Attributes
    ----------
    flows : list of Flow
        One for each initialiser.
    recommended : Initializer or None
        None where no initialiser brings the gradient through.
    because : str
    learning_rate : float or None
        What a range test proposes; None where the loss never fell, and for L-BFGS, which has no rate.
    rates, losses : list of float
        The range test: the loss of the same rows, as the rate rises from step to step.
    findings : list of Finding
        About the inputs, the target and the rate of the recipe.
    """

    flows: list[Flow]
    recommended: Initializer | None
    because: str
    learning_rate: float | None
    rates: list[float]
    losses: list[float]
    findings: list[Finding]

    def __str__(self) -> str:
        return "\n".join(
            [
                f"  {'initializer':16}{'activations, first and last':>30}{'gradient, first to last':>26}",
                *(
                    f"{'>' if flow.initializer == self.recommended else ' '} {flow.initializer.name:16}"
                    f"{flow.forward[0]:>18.3g}{flow.forward[-1]:>12.3g}{flow.backward[0]:>26.3g}"
                    for flow in self.flows
                ),
                self.because,
                *([] if self.learning_rate is None else [f"learning rate: {self.learning_rate:.2g} by a range test"]),
                *(f"{f.severity} {f.kind}: {f}" for f in self.findings),
            ]
        )

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def preflight_of(recipe: Recipe, data: Data, names: Sequence[str] = ()) -> Preflight:
    """Measure what a recipe will meet on these rows; networks without hidden layers have no flow to measure."""
    some = np.unique(np.linspace(0, data.n_rows - 1, min(data.n_rows, ROWS)).astype(np.int64))
    X, Y, places = data.written(some)
    rows = Data(X, Y, rows=places)
    flows = [] if not recipe.hidden_layer_sizes else [flow_of(recipe, rows, first) for first in _candidates(recipe)]
    recommended, because = _recommended(recipe, flows)
    rates, losses = ([], []) if isinstance(recipe.optimizer, LBFGS) else range_test(recipe, rows)
    proposed = _proposed(rates, losses)
    inputs = InputGauge(X.shape[1])
    looked_at, Y = written_out(X[places]), np.asarray(Y[places], np.float64)
    inputs.add(looked_at.T)
    found = [*input_findings(inputs.inputs(), names), *leak_findings(leaks_of(recipe, looked_at, Y), X.shape[1], names)]
    found += target_findings(recipe, Y.mean(axis=0))
    found += _too_fast(recipe, rates, losses, proposed)
    found.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Preflight(flows, recommended, because, proposed, rates, losses, found)


def _candidates(recipe: Recipe) -> Iterator[Initializer]:
    for first in CANDIDATES:
        if not (first.name == "orthogonal" and recipe.density.share < 1):
            yield first


def flow_of(recipe: Recipe, data: Data, first: Initializer, networks: int = NETWORKS) -> Flow:
    """Pass the rows through networks that begin with this initialiser."""
    forward, backward = [], []
    for seed in range(networks):
        drawn = replace(recipe, initializer=first, seed=(recipe.seed + seed) % (1 << 32), dropout=())
        network = drawn.initialized(data.X.shape[1], data.Y.shape[1])
        work = Workspace(network, recipe.loss, min(ROWS, data.n_rows))
        gauge = Gauge(work)
        for batch in Batches(data, work.capacity):
            n = work.load(*batch[:4])
            loss_and_gradient(work, n)
            gauge.add(n)
        hidden = gauge.layers()[:-1]
        forward.append([layer.size for layer in hidden])
        backward.append([layer.delta / len(layer.flat) ** 0.5 for layer in hidden])
    with np.errstate(all="ignore"):
        a, delta = (np.sqrt((np.array(each) ** 2).mean(axis=0)) for each in (forward, backward))
        delta = delta / delta[-1]
        ends = np.array([a[-1] / a[0], delta[0]])
        spread = float(np.exp(np.abs(np.log(ends)).max()))
    return Flow(first, a.tolist(), delta.tolist(), spread if np.isfinite(spread) else float("inf"))


def _recommended(recipe: Recipe, flows: Sequence[Flow]) -> tuple[Initializer | None, str]:
    """The usual one while signal comes through, else the one under which it fades and grows least."""
    names = set(recipe.activation)
    if not flows:
        return Initializer("zeros"), "without a hidden layer the loss is convex: any first weights will do"
    through = max(flow.backward[0] for flow in flows)
    if len(recipe.hidden_layer_sizes) > 3 and "sigmoid" in names and through < LOST:
        return None, (
            f"no initializer cures {len(recipe.hidden_layer_sizes)} layers of sigmoid: at most {through:.1g} of the "
            "gradient reaches the first: choose activation tanh or relu"
        )
    usual = next(flow for name in USUAL for flow in flows if flow.initializer.name == name)
    steadiest = min(flows, key=lambda flow: flow.spread)
    chosen = usual if usual.spread <= THROUGH else steadiest
    depth, kinds = len(recipe.hidden_layer_sizes), ", ".join(sorted(names))
    why = (
        f"through {depth} layers of {kinds} signal changes by a factor of {chosen.spread:.3g}, which training does not "
        f"mind; with the worst candidate by {max(flow.spread for flow in flows):.3g}"
        if chosen is usual
        else f"through {depth} layers of {kinds} it keeps signal best: a factor of {chosen.spread:.3g}, where "
        f"{usual.initializer.name} has {usual.spread:.3g}"
    )
    return chosen.initializer, f"{chosen.initializer.name}: {why}"


def range_test(recipe: Recipe, data: Data) -> tuple[list[float], list[float]]:
    """The loss of the same rows step after step, while the rate rises from 1e-6 to 10 (after Smith 2017).

    One set of rows, so that what moves the loss is the rate and not another batch. It ends where the loss has risen to
    four times its first value; from there it counts as infinite.
    """
    state = State.begun(recipe.initialized(data.X.shape[1], data.Y.shape[1]), recipe)
    work = Workspace(state.network, recipe.loss, data.n_rows, movable=state.movable)
    (batch,) = Batches(data, data.n_rows, None, recipe.loss_scale)
    n = work.load(*batch[:4])
    rates: list[float] = np.geomspace(LOWEST, HIGHEST, STEPS).tolist()
    losses: list[float] = []
    with np.errstate(all="ignore"):
        for step, rate in enumerate(rates, start=1):
            loss = loss_and_gradient(work, n)
            if not np.isfinite(loss) or (losses and loss > GONE * losses[0]):
                losses += [float("inf")] * (STEPS - len(losses))
                break
            losses.append(loss)
            recipe.optimizer.step(work.arrays, state.moments, step, rate, Pull(1.0, recipe.l2, recipe.l1))  # type: ignore[union-attr]
    return rates, losses


def _proposed(rates: Sequence[float], losses: Sequence[float]) -> float | None:
    """A tenth of the rate at which the loss is lowest; None where it never fell."""
    lowest = int(np.argmin(losses)) if rates else 0
    return float(f"{rates[lowest] / 10:.1g}") if lowest > 0 else None


def _too_fast(
    recipe: Recipe, rates: Sequence[float], losses: Sequence[float], proposed: float | None
) -> Iterator[Finding]:
    """The recipe's rate where the range test had left the ground already."""
    if proposed is None:
        return
    lowest = int(np.argmin(losses))
    gone = [rate for rate, loss in zip(rates[lowest:], losses[lowest:], strict=True) if loss > losses[0]]
    if gone and recipe.learning_rate >= gone[0]:
        kind = KINDS["learning_rate_too_high"]
        yield Finding(
            kind.name,
            "severe",
            recipe.learning_rate,
            gone[0],
            f"at a rate of {gone[0]:.2g} the loss is above where it began",
            f"learning rate {recipe.learning_rate:g}",
            f"learning rate {proposed:g}",
            remedies=("slower",),
        )
