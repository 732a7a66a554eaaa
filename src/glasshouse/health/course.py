"""The rules about data and the course of the training: inputs, target, learning rate, loss."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ..training.recipe import Recipe
from .examination import Examination, Inputs
from .findings import KINDS, Finding
from .leaking import Leaking
from .rules import Rule, named_inputs

__all__ = ["COURSE_RULES", "input_findings", "leak_findings", "target_findings"]

SMALL = 3e-4  # of the weights' norm: a step that hardly moves them
FEWEST_EPOCHS = 5
RESTLESS = 0.05  # of the loss: how far an epoch moves one that oscillates
FEW_STEPS = 60  # that tell nothing of a rate: it is more epochs that are wanted
FEWEST_STEPS = 300  # before which a loss that has not moved is one that has not begun
LEARNED = 0.5  # of the loss of a constant answer: whoever is below it was not kept from learning


def inputs(seen: Examination) -> Iterator[Finding]:
    for finding in input_findings(seen.inputs, seen.names):
        learned = seen.prior_loss > 0 and seen.loss < LEARNED * seen.prior_loss
        harmless = finding.kind == "unscaled_inputs" and finding.severity == "severe" and learned
        yield replace(finding, severity="warning") if harmless else finding


def input_findings(columns: Inputs, names: Sequence[str] = ()) -> Iterator[Finding]:
    """Columns that are too large, of one value, or there twice."""
    kind, size = KINDS["unscaled_inputs"], columns.size
    largest = float(size[columns.deviation > 0].max(initial=0))
    value = max(largest, 1 / largest) if largest > 0 else 1.0
    severity = kind.severity(value)
    if severity is not None:
        far = size >= kind.limit("warning") if largest > 1 else size > 0
        which = np.flatnonzero(far & (columns.deviation > 0)).tolist()
        words = f"as large as {largest:.3g}" if largest > 1 else f"no larger than {largest:.3g}"
        yield kind.finding(
            severity,
            value,
            f"{named_inputs(which, len(size), names)} {words} (root mean square)",
            "the columns were not scaled" + (", and steps follow the largest" if largest > 1 else ""),
            "scale them to mean 0 and deviation 1 (StandardScaler in a pipeline)",
            0,
            tuple(which),
            remedies=("scale",),
        )
    for name, which, what in (
        ("constant_inputs", columns.constant, "hold one value"),
        ("duplicated_inputs", columns.duplicated, "repeat an earlier one"),
    ):
        if which:
            words = named_inputs(which, len(size), names)
            yield Finding(
                name,
                "note",
                len(which) / len(size),
                0.0,
                f"{words} {what}",
                "the table",
                "leave them out",
                0,
                tuple(which),
            )


def leaks(seen: Examination) -> Iterator[Finding]:
    yield from leak_findings(seen.leaks, len(seen.inputs.size), seen.names)


def leak_findings(found: Sequence[Leaking], n_features: int, names: Sequence[str] = ()) -> Iterator[Finding]:
    """Inputs that tell the target alone."""
    kind = KINDS["leaking_label"]
    for leak in found:
        severity = kind.severity(leak.closed)
        if severity is not None:
            yield kind.finding(
                severity,
                leak.closed,
                f"{named_inputs([leak.column], n_features, names)} alone goes {leak.closed:.1%} of "
                "the way from guessing to no error",
                "it was filled in after the target was known, or is the target under another name",
                "leave it out, unless it will be known when you predict",
                0,
                (leak.column,),
                remedies=("without",),
            )


def target(seen: Examination) -> Iterator[Finding]:
    yield from target_findings(seen.recipe, seen.prior)


def target_findings(recipe: Recipe, prior: np.ndarray) -> Iterator[Finding]:
    """A class, or an answer to one of many labels, that hardly occurs."""
    if recipe.loss != "cross_entropy":
        return
    kind, softmax = KINDS["unbalanced_target"], recipe.output == "softmax"
    shares = prior if softmax else np.minimum(prior, 1 - prior)
    rarest = int(np.argmin(shares))
    if shares[rarest] > 0 and kind.severity(float(shares[rarest])) is not None:
        of = f"the rarest of {len(prior)} classes" if softmax else "the rarer class"
        of = of if softmax or len(prior) == 1 else f"the rarer answer to label {rarest}"
        yield kind.finding(
            "note",
            float(shares[rarest]),
            f"{of} has {shares[rarest]:.2%} of the rows",
            "the table",
            "class_weight='balanced' if its rows matter as much as the others",
        )


def rate(seen: Examination) -> Iterator[Finding]:
    """Steps that are too long or too short for the weights."""
    moved = _moved(seen)
    yield from _too_high(seen, moved)
    yield from _too_low(seen, moved)


def _moved(seen: Examination) -> np.ndarray:
    """How far a step moved the hidden layer that moved most, at every look; weights that were 0 have no share."""
    moved = np.array([max(sample.updates[:-1]) for sample in seen.samples if len(sample.updates) > 1])
    return np.asarray(moved[np.isfinite(moved)])


def _too_high(seen: Examination, moved: np.ndarray) -> Iterator[Finding]:
    kind, value = KINDS["learning_rate_too_high"], float(moved.max(initial=0.0))
    severity = kind.severity(value)
    if severity is not None:
        now = seen.recipe.learning_rate
        yield kind.finding(
            severity,
            value,
            f"a step moved the weights of a hidden layer by {value:.2g} of their norm",
            f"learning rate {now:g}",
            f"learning rate {now / 10:g}",
            remedies=("slower",),
        )


def _too_low(seen: Examination, moved: np.ndarray) -> Iterator[Finding]:
    """Without looks at its steps a run that ended by itself is taken at its word."""
    losses = np.array([row["loss"] for row in seen.history])
    small = float(np.median(moved)) < SMALL if len(moved) else len(losses) >= seen.recipe.max_epochs
    if len(losses) < FEWEST_EPOCHS or not small or (seen.steps or FEW_STEPS) < FEW_STEPS:
        return
    kind, last = KINDS["learning_rate_too_low"], len(losses) // 5
    whole = losses[0] - losses[-1]
    value = float((losses[-1 - last] - losses[-1]) / whole) if whole > 0 else 0.0
    severity = kind.severity(value)
    if severity is not None:
        now = seen.recipe.learning_rate
        yield kind.finding(
            severity,
            value,
            f"{value:.0%} of the fall of the loss came in the last {last} of {len(losses)} epochs",
            f"learning rate {now:g} is slow for {len(losses)} epochs",
            f"learning rate {now * 10:g}, or more epochs",
            remedies=("faster", "longer"),
        )


def movement(seen: Examination) -> Iterator[Finding]:
    """Weights that stay as they are, and a loss that goes up as much as down."""
    kind, looks = KINDS["frozen_weights"], [sample.still for sample in seen.samples if sample.still]
    shares = np.median(looks, axis=0) if looks else np.zeros(0)
    for layer, share in enumerate(shares.tolist(), start=1):
        if kind.severity(share) is not None:
            yield kind.finding(
                "warning",
                share,
                f"{share:.0%} of the weights of layer {layer} do not move at all",
                "their inputs are always 0, or no gradient reaches their units",
                "see the other findings of this layer; else leave out what is always 0",
                layer,
                remedies=("suited", "slower"),
            )
    kind, losses = KINDS["oscillating_loss"], np.array([row["loss"] for row in seen.history])
    if len(losses) < 2 * FEWEST_EPOCHS:
        return
    changes = np.diff(losses[len(losses) // 2 :])
    falls = -changes[changes < 0].sum()
    value = float(changes[changes > 0].sum() / falls) if falls > 0 else 0.0
    if kind.severity(value) is not None and np.abs(changes).mean() > RESTLESS * losses[len(losses) // 2 :].mean():
        now = seen.recipe.learning_rate
        yield kind.finding(
            "warning",
            value,
            f"in the last {len(changes)} epochs the loss rose {value:.2f} times as much as it fell",
            f"learning rate {now:g}, or batches of {seen.recipe.batch_size}",
            f"learning rate {now / 10:g}, a schedule that ends low, or larger batches",
            remedies=("slower",),
        )


def loss(seen: Examination) -> Iterator[Finding]:
    """A loss that is no better than a constant answer, or worse on the rows that chose than it was."""
    kind, prior = KINDS["stuck_loss"], seen.prior_loss
    value = seen.loss / prior if prior > 0 else float("nan")
    severity = kind.severity(value)
    if severity is not None and (seen.steps is None or seen.steps >= FEWEST_STEPS):
        moved = _moved(seen)
        crawls = len(moved) > 0 and float(np.median(moved)) < SMALL
        yield kind.finding(
            severity,
            value,
            f"the loss is {seen.loss:.4g}; always answering the {'mean' if len(seen.prior) == 1 else 'frequencies'} "
            f"gives {prior:.4g}",
            "nothing was learned: steps of the wrong length, layers nothing comes through, or inputs that tell nothing",
            "see the other findings; else another learning rate",
            remedies=("faster", "suited", "slower") if crawls else ("slower", "suited", "faster"),
        )
    chosen = [row["validation_loss"] for row in seen.history if "validation_loss" in row]
    gap = KINDS["overfitting"]
    if chosen and min(chosen) > 0 and gap.severity(chosen[-1] / min(chosen)) is not None:
        best = int(np.argmin(chosen)) + 1
        yield gap.finding(
            "note",
            chosen[-1] / min(chosen),
            f"the validation loss rose from {min(chosen):.4g} in epoch {best} to {chosen[-1]:.4g} in the last",
            "the network learned its rows by heart",
            "more rows, a stronger alpha, dropout, or fewer units",
            since_epoch=best,
        )


def prior(seen: Examination) -> Iterator[Finding]:
    """Classes that are answered more or less often than they occur."""
    if seen.recipe.loss != "cross_entropy":
        return
    kind, off = KINDS["wrong_prior"], np.abs(seen.mean_output - seen.prior)
    worst = int(np.argmax(off))
    if kind.severity(float(off[worst])) is not None:
        yield kind.finding(
            "note",
            float(off[worst]),
            f"output {worst} answers {seen.mean_output[worst]:.2f} in the mean, its class has {seen.prior[worst]:.2f}",
            "class weights, or training that has not settled",
            "none if the weights are meant; else more epochs",
            len(seen.layers),
            (worst,),
        )


COURSE_RULES: list[Rule] = [inputs, leaks, target, rate, movement, loss, prior]
