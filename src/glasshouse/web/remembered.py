"""A training that is done, told again from the model it left: what a page that watched it was told in the end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..models.choice import validation_score_of
from .opened import Opened
from .shown import model_views

__all__ = ["events_of"]


def events_of(opened: Opened, options: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The events of a training with these options; findings and baselines were not kept, and are none."""
    model = opened.model
    views = model_views(model, opened.table)
    history = [dict(row) for row in model.history]
    last = history[-1] if history else {}
    status = {
        "state": "done",
        "stage": "done",
        "epoch": len(history),
        "max_epochs": options["epochs"],
        "seconds": None,
        "left": None,
        "metric": validation_score_of(model.recipe.monitor, model.task),
        **{name: last.get(name) for name in ("loss", "validation_loss", "validation_score", "learning_rate")},
    }
    result = {
        "scores": model.scores,
        "intervals": {name: list(ends) for name, ends in model.intervals.items()},
        "baselines": {},
        "findings": [],
        "leaks": [],
        "epochs": len(history),
        "best_epoch": model.best_epoch or len(history),
        "interrupted": any(word.startswith("stopped") for word in model.by_hand),
        "seconds": None,
        "made_by": list(model.made_by),
    }
    return [
        ("understood", views["understood"]),
        ("status", status),
        *(("epoch", row) for row in history),
        ("picture", {"epoch": len(history), "step": None, **views["picture"]}),
        ("findings", []),
        ("result", result),
    ]
