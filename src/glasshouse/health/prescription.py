"""A remedy in words to paste: as the parameters of an estimator, and as the flags of a command."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from .findings import Diagnosis, Finding
from .remedies import Course, applied

__all__ = ["as_code", "as_flags", "as_options", "prescribed", "warning_of"]

PARAMETERS = {  # of a recipe: what estimators and `train` call it
    "learning_rate": ("learning_rate_init", "learning_rate"),
    "initializer": ("initializer", "initializer"),
    "activation": ("activation", "activation"),
    "max_epochs": ("max_iter", "epochs"),
    "clip_norm": ("clip_norm", "clip_norm"),
    "optimizer": ("solver", "optimizer"),
    "schedule": ("learning_rate", ""),
}


def prescribed(course: Course, finding: Finding) -> Course | None:
    """The course after the first remedy of a finding that changes anything."""
    for name in finding.remedies:
        better = applied(name, course)
        if better != course:
            return better
    return None


def _changes(before: Course, after: Course) -> dict[str, Any]:
    changed = {f.name: getattr(after.recipe, f.name) for f in fields(after.recipe)}
    changed = {name: value for name, value in changed.items() if value != getattr(before.recipe, name)}
    return {
        name: value[0] if isinstance(value, tuple) and len(value) == 1 else value for name, value in changed.items()
    }


def as_code(before: Course, after: Course, name: str) -> str:
    """What to write for an estimator of this name.

    Examples
    --------
    >>> from glasshouse.training.recipe import Recipe
    >>> course = Course(Recipe(output="softmax", loss="cross_entropy", learning_rate=0.5))
    >>> as_code(course, applied("slower", course), "MLPClassifier")
    'MLPClassifier(learning_rate_init=0.05)'
    """
    words = [f"{PARAMETERS[key][0]}={_short(value)!r}" for key, value in _changes(before, after).items()]
    estimator = f"{name}({', '.join(words)})"
    return f"make_pipeline(StandardScaler(), {estimator})" if after.scaled and not before.scaled else estimator


def as_options(before: Course, after: Course) -> dict[str, Any]:
    """What to say to `train`; nothing where it has no option for it: a table is scaled anyway."""
    changes = {PARAMETERS[key][1]: value for key, value in _changes(before, after).items()}
    return {option: _short(getattr(value, "name", value)) for option, value in changes.items() if option}


def as_flags(before: Course, after: Course) -> str:
    """The same as flags of ``glasshouse train``."""
    return " ".join(
        f"--{option.replace('_', '-')} {value if isinstance(value, str) else f'{value:g}'}"
        for option, value in as_options(before, after).items()
    )


def _short(value: Any) -> Any:
    return float(f"{value:.6g}") if isinstance(value, float) else value


def warning_of(diagnosis: Diagnosis, course: Course, name: str) -> str | None:
    """One line for what is severe: the kinds, where they are, and the first remedy as code.

    Without numbers that differ from fold to fold, so that a grid search says it once.
    """
    severe = diagnosis.of("severe")
    if not severe:
        return None
    kinds = list(dict.fromkeys(finding.kind for finding in severe))
    better = next((better for finding in severe if (better := prescribed(course, finding)) is not None), None)
    cure = f"try {as_code(course, better, name)}; " if better is not None else ""
    return f"{', '.join(kinds)}: {cure}health_ says where and why"
