"""How to make a model again: the commands, the seed, the rows by their hash, and what it was made with."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from .. import __version__, kernels
from ..models.model import Model

__all__ = ["reproduction"]


def reproduction(model: Model) -> dict[str, Any]:
    """What somebody needs to come to the same model, as far as it is known; the versions are those of this report.

    What was done by hand while it trained, `by_hand`, no command does again.
    """
    origin = model.origin
    return {
        "commands": list(model.made_by),
        "by_hand": list(model.by_hand),
        "seed": model.recipe.seed,
        "table": origin.file,
        "rows_sha256": origin.rows,
        "group": origin.group,
        "order": origin.order,
        "refit": origin.refit,
        "recipe": model.recipe.to_dict(),
        "versions": {
            "glasshouse": __version__,
            "python": platform.python_version(),
            "numpy": np.__version__,
            "kernels": kernels.level,
            "platform": f"{platform.system()} {platform.machine()}",
        },
    }
