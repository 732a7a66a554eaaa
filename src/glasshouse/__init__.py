"""Glasshouse: small neural networks you can see through.

The public names are imported when they are first used, so that ``import glasshouse`` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "LogisticRegression": "estimators.logistic",
    "MLPClassifier": "estimators.classifier",
    "MLPRegressor": "estimators.regressor",
    "Perceptron": "estimators.perceptron",
    "SGD": "training.optimizers",
    "RMSprop": "training.optimizers",
    "Adam": "training.optimizers",
    "AdamW": "training.optimizers",
    "LBFGS": "training.optimizers",
    "Constant": "training.schedules",
    "Cosine": "training.schedules",
    "InverseScaling": "training.schedules",
    "OneCycle": "training.schedules",
    "Plateau": "training.schedules",
    "StepDecay": "training.schedules",
    "Initializer": "network.initializers",
    "Density": "network.density",
    "Watcher": "training.watchers",
    "TableEncoder": "estimators.encoder",
    "Reading": "tables.reading",
    "FlatUnitsDisplay": "drawing.health",
    "FlowDisplay": "drawing.health",
    "FrontierDisplay": "drawing.pruning",
    "NetworkDisplay": "drawing.pruning",
    "LossCurveDisplay": "drawing.curves",
    "UpdatesDisplay": "drawing.health",
    "Model": "models.model",
    "load": "models.model",
    "train": "models.train",
    "stream": "models.stream",
    "Stream": "models.stream",
    "sweep": "sweeping.sweep",
    "Sweep": "sweeping.board",
    "from_onnx": "models.convert.onnx_file",
    "from_sklearn": "models.convert.verbs",
    "from_torch": "models.convert.verbs",
    "diagnose": "models.diagnosing",
    "prune": "models.pruning",
    "report": "reporting.report",
    "lab": "laboratory.lab",
    "Lab": "laboratory.lab",
    "export": "exporting.export",
    "serve": "web.serve",
    "register_skl2onnx": "exporting.skl2onnx_registration",
    "trace": "models.tracing",
    "check": "models.tracing",
    "AnswersError": "errors",
    "SpecificationError": "errors",
    "compare": "estimators.comparison",
    "Comparison": "estimators.comparison",
    "GradualPruning": "pruning.cutting",
    "Evolution": "training.rewiring",
    "evaluate": "models.verbs",
    "inspect": "models.verbs",
    "predict": "models.verbs",
    "preflight": "estimators.preflight",
    "windows": "models.verbs",
    "Diagnosis": "health.findings",
    "Doctor": "health.doctor",
    "Finding": "health.findings",
    "GlasshouseError": "errors",
    "HealthWarning": "errors",
    "ModelFileError": "errors",
    "OptionError": "errors",
    "TableError": "errors",
    "TrainingDiverged": "errors",
}
__all__ = [*sorted(_HOMES), "__version__"]  # noqa: PLE0604 (they are strings)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'glasshouse' has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
