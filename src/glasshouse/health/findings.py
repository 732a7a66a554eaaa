"""A finding says what is wrong, where, why, and what to do; a diagnosis is a list of them, the worst first."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .examination import Examination

__all__ = ["KINDS", "SEVERITIES", "Diagnosis", "Finding", "Kind"]

SEVERITIES = ("severe", "warning", "note")


class Kind(NamedTuple):
    """One kind of finding: the number it looks at, and from where on it is a warning and severe.

    `below` turns the comparison round. A limit that is None is never passed.
    """

    name: str
    formula: str
    warning: float | None
    severe: float | None
    source: str
    below: bool = False

    def severity(self, value: float) -> str | None:
        """'severe', 'warning', or None where the value is as it should be."""
        for name, limit in (("severe", self.severe), ("warning", self.warning)):
            if limit is not None and (value <= limit if self.below else value >= limit):
                return name
        return None

    def limit(self, severity: str) -> float:
        """The limit this severity begins at."""
        limit = self.severe if severity == "severe" else self.warning
        return float("nan") if limit is None else limit

    def finding(
        self, severity: str, value: float, evidence: str, cause: str, remedy: str, *where: Any, **more: Any
    ) -> Finding:
        """One of this kind; `where` and `more` are the other fields of `Finding`, in their order."""
        limit = self.limit("severe" if severity == "severe" else "warning")
        return Finding(self.name, severity, value, limit, evidence, cause, remedy, *where, **more)


# The limits come from healthy and faulty runs side by side (`python -m bench.doctor`, in docs/health.md).
KINDS = {
    row.name: row
    for row in (
        Kind(
            "dead_units",
            "share of a layer's units whose output is 0 on every row",
            0.4,
            0.8,
            "Lu et al. 2019, Dying ReLU and initialization",
        ),
        Kind(
            "saturated_units",
            "share of a layer's units whose slope is below 5 % of the largest on 80 % of the rows",
            0.25,
            0.6,
            "Glorot, Bengio 2010",
        ),
        Kind(
            "vanishing_gradient",
            "|dL/dz| of the first layer over that of the last, root mean square over the rows",
            1e-2,
            1e-3,
            "Hochreiter 1991; Glorot, Bengio 2010",
            below=True,
        ),
        Kind("exploding_gradient", "the same ratio", 30.0, 300.0, "Pascanu et al. 2013"),
        Kind(
            "unbounded_activations",
            "root mean square of a layer's activations over that of the inputs",
            30.0,
            1000.0,
            "He et al. 2015",
        ),
        Kind(
            "symmetric_units",
            "share of a layer's units that have a twin with the same weights",
            0.1,
            0.5,
            "Rumelhart et al. 1986",
        ),
        Kind(
            "unscaled_inputs",
            "root mean square of the largest input, or 1 over it",
            30.0,
            300.0,
            "LeCun et al. 1998",
        ),
        Kind("constant_inputs", "inputs of one value", None, None, ""),
        Kind("duplicated_inputs", "inputs that equal an earlier one", None, None, ""),
        Kind(
            "leaking_label",
            "share of the way from guessing to no error that one input alone goes",
            0.98,
            0.995,
            "Kaufman et al. 2012",
        ),
        Kind("unbalanced_target", "share of the rarest class", 0.05, None, "", below=True),
        Kind("diverged", "a loss, gradient or activation that is no finite number", 0.0, 0.0, ""),
        Kind(
            "learning_rate_too_high",
            "how far a step moved a hidden layer's weights, as a share of their norm, at most",
            0.15,
            0.5,
            "Bottou 2012",
        ),
        Kind(
            "learning_rate_too_low",
            "share of the loss's fall in the last fifth of the epochs, where a step moves less than 0.0003 of w",
            0.07,
            0.18,
            "",
        ),
        Kind("frozen_weights", "share of a layer's weights that a step leaves as they were, median", 0.6, None, ""),
        Kind(
            "oscillating_loss",
            "rises of the loss over its falls in the second half of the epochs, where it moves by 5 % an epoch",
            0.8,
            None,
            "",
        ),
        Kind("stuck_loss", "training loss over that of always answering the frequencies or the mean", 0.9, 0.98, ""),
        Kind("overfitting", "validation loss over its lowest", 1.5, None, "Prechelt 1998"),
        Kind("wrong_prior", "mean output of a class less its frequency, at most", 0.1, None, ""),
        Kind(
            "low_rank",
            "directions a layer's activations use, as a share of its units",
            0.02,
            None,
            "Roy, Vetterli 2007",
            below=True,
        ),
    )
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    Attributes
    ----------
    kind : str
        A name of `KINDS`.
    severity : str
        'severe', 'warning' or 'note'.
    value, limit : float
        The number that was measured, and where this severity begins.
    layer : int or None
        Counted from 1; 0 is the inputs; None where it is of the target or the whole run.
    units : tuple of int
        Which units of the layer, or which inputs, counted from 0.
    since_epoch : int or None
        The epoch of the first look that saw it, counted from 1; None if nobody looked while it trained.
    evidence, cause, remedy : str
        What was seen, why, and what to do.
    remedies : tuple of str
        Names of `health.remedies`, the most promising first.
    """

    kind: str
    severity: str
    value: float
    limit: float
    evidence: str
    cause: str
    remedy: str
    layer: int | None = None
    units: tuple[int, ...] = ()
    since_epoch: int | None = None
    remedies: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.evidence}; cause: {self.cause}; remedy: {self.remedy}"


@dataclass(frozen=True)
class Diagnosis:
    """The findings about a network, the worst first.

    Attributes
    ----------
    findings : list of Finding
    rows : int
        How many rows were looked at.
    seen : Examination or None
        All that was measured: what the displays draw.
    cure : models.diagnosing.Cure or None
        What was tried, where a fix was asked for.

    Examples
    --------
    >>> print(Diagnosis([], rows=150))
    healthy: nothing was found on 150 rows
    """

    findings: list[Finding] = field(default_factory=list)
    rows: int = 0
    seen: Examination | None = field(default=None, repr=False, compare=False)
    cure: Any = None

    def __post_init__(self) -> None:
        self.findings.sort(key=lambda f: (SEVERITIES.index(f.severity), list(KINDS).index(f.kind), f.layer or 0))

    @property
    def worst(self) -> str | None:
        """The severity of the worst finding."""
        return self.findings[0].severity if self.findings else None

    @property
    def healthy(self) -> bool:
        """Whether there is nothing severe, and nothing to warn of."""
        return self.worst in (None, "note")

    def of(self, severity: str) -> list[Finding]:
        """The findings of this severity."""
        return [finding for finding in self.findings if finding.severity == severity]

    def to_dict(self) -> dict[str, Any]:
        """The diagnosis as JSON holds it."""
        found = [asdict(finding) for finding in self.findings]
        for one in found:  # JSON has no infinity, and no number that is none
            one |= {name: one[name] if math.isfinite(one[name]) else None for name in ("value", "limit")}
        return {"rows": self.rows, "worst": self.worst, "findings": found}

    def __str__(self) -> str:
        if not self.findings:
            return f"healthy: nothing was found on {self.rows:,} rows"
        head = ["healthy, with notes:"] if self.healthy else []
        return "\n".join([*head, *(f"{f.severity:8} {f.kind}: {f}" for f in self.findings)])

    def _repr_html_(self) -> str:
        if not self.findings:
            return f"<p>{html.escape(str(self))}</p>"
        heads = ("", "finding", "seen", "cause", "remedy")
        rows: list[Sequence[str]] = [(f.severity, f.kind, f.evidence, f.cause, f.remedy) for f in self.findings]
        cells = ["".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in row) for row in rows]
        head = "".join(f"<th style='text-align:left'>{name}</th>" for name in heads)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
