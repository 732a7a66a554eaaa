"""The JSON twin of a report: everything the page says and draws, and nothing that is not in it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..drawing.graph import graph
from ..drawing.words import sentence
from ..estimators.targets import Classes, Numbers
from ..health.findings import Diagnosis, Finding
from ..health.prescription import as_flags, prescribed
from ..health.remedies import Course
from ..models.choice import validation_score_of
from ..models.model import Model
from ..models.scores import main_score, measure_apart, verdict
from ..storage import finite
from .importance import importance
from .judged import classes_judged, numbers_judged, thinned
from .overview import overview
from .reproduction import reproduction
from .subject import Subject
from .wiring import wiring
from .words import file_name

__all__ = ["SCHEMA_VERSION", "to_paste", "twin_of"]

SCHEMA_VERSION = 1
EPOCHS = 400  # of the learning curves
EDGES = 1000  # of the network drawn
DENSE_EDGES = 240  # of one that is not sparse, where more would be a thicket
EXTREMES = {"lowest_loss": ("validation_loss", -1), "highest_score": ("validation_score", 1)}  # epochs of
JUDGED = ("labels", "unknown", "confusion", "calibration", "curves", "areas", "dots", "residuals")
ALONE = (  # options of `train` that no value follows
    *("--refit", "--resume", "--json", "--header", "--no-header", "--baselines", "--no-baselines"),
    *("--report", "--no-report", "--help"),
)
PERMUTED_ROWS = 10  # below which a permutation says nothing


def twin_of(subject: Subject) -> dict[str, Any]:
    """The twin; a part that does not apply is null."""
    model = subject.model
    scores = _scores(subject)
    health = _health(subject.health, model)
    twin = {
        "schema_version": SCHEMA_VERSION,
        "model": _model(subject),
        "rows": {
            "judged": subject.judgement.rows,
            "part": subject.part,
            "of": file_name(subject.judged),
            **_parts(subject),
        },
        "headline": _headline(scores, health),
        "scores": scores,
        "classes": [row._asdict() for row in subject.judgement.classes] or None,
        "judged": _judged(subject),
        "surprises": _surprises(subject),
        "history": _history(model),
        "health": health,
        "importance": None,
        "wiring": wiring(model.network, model.encoder.encodings),
        "table": overview(model, subject.table),
        "leaks": None if model.run is None else [leak._asdict() for leak in model.run.leaks],
        "pruning": _pruning(subject),
        "cure": _cure(subject),
        "network": _network(model),
        "reproduction": reproduction(model),
    }
    if subject.judgement.rows >= PERMUTED_ROWS:
        twin["importance"] = importance(model, subject.encoded, subject.y, main_score(model.one_column, subject.y))
    whole: dict[str, Any] = finite(twin)
    return whole


def _model(subject: Subject) -> dict[str, Any]:
    model, network, target = subject.model, subject.model.network, subject.model.one_column
    return {
        "name": subject.name or None,
        "task": model.task,
        "target": model.target,
        "classes": [str(label) for label in target.classes] if isinstance(target, Classes) else None,
        "trained_on": model.origin.file or (file_name(model.run.table) if model.run else None),
        "columns": len(model.encoder.encodings),
        "sizes": list(network.sizes),
        "activations": [layer.activation for layer in network.layers],
        "parameters": len(network.parameters),
        "connections": int(np.count_nonzero(network.parameters[: network.n_weights])),
        "dense_connections": sum(layer.fan_in * layer.fan_out for layer in network.layers),
        "dtype": str(network.dtype),
        "bytes": model.n_bytes,
        "metric": model.metric,
        "refit": model.origin.refit,
        "interrupted": None if model.run is None else model.run.interrupted,
    }


def _parts(subject: Subject) -> dict[str, Any]:
    run = subject.model.run
    return {"parts": subject.sizes or None, "without_target": None if run is None else run.without_target}


def _scores(subject: Subject) -> dict[str, Any]:
    """The scores that count: of judged rows the network has not seen; else those that stand in the model's file."""
    model, kept = subject.model, dict(subject.model.scores.get("test", {}))
    rows, source = kept.pop("rows", 0), kept.pop("source", "none")
    judged = subject.part in ("test", "other")
    values, intervals = subject.judgement.scores, subject.judgement.intervals
    if not judged and kept:
        values, intervals = kept, model.intervals
    main, run = main_score(model.one_column, subject.y), model.run
    compared = run if run is not None and values == kept else None
    main = main if main in values else next(iter(values))
    differences = [(b.name, difference) for b, difference in compared.differences] if compared else []
    chosen = {name: value for name, value in model.scores.get("validation", {}).items() if name != "rows"}
    return {
        "main": main,
        "rows": rows if not judged and kept else subject.judgement.rows,
        "of": subject.part if judged or not kept else "kept test",
        "source": source,
        "values": {
            name: {"value": value, "low": intervals[name][0], "high": intervals[name][1]}
            if name in intervals
            else {"value": value, "low": None, "high": None}
            for name, value in values.items()
        },
        "validation": chosen or None,
        "baselines": [{"name": b.name, "scores": b.scores} for b in compared.baselines] if compared else None,
        "differences": [
            {"baseline": name, "mean": d.mean, "half": float(d.half), "verdict": d.verdict} for name, d in differences
        ],
        "verdict": sentence(verdict(differences, measure_apart(main))),
    }


def _headline(scores: dict[str, Any], health: dict[str, Any]) -> dict[str, Any]:
    main = scores["main"]
    return {
        "score": main,
        **scores["values"][main],
        "rows": scores["rows"],
        "verdict": scores["verdict"],
        "healthy": health["healthy"],
        "findings": sum(finding["severity"] != "note" for finding in health["findings"]),
    }


def _judged(subject: Subject) -> dict[str, Any]:
    target = subject.model.one_column
    if isinstance(target, Numbers):
        found = numbers_judged(subject.outputs, subject.y)
    else:
        found = classes_judged([str(label) for label in target.classes], subject.outputs, subject.y)
    return {**dict.fromkeys(JUDGED), **found}


def _surprises(subject: Subject) -> dict[str, Any]:
    found, labels = subject.judgement.surprises, subject.judgement.labels
    return {
        "unreadable": found.unreadable,
        "unseen": found.unseen,
        "unknown_labels": labels.unknown,
        "matched_labels": labels.matched,
    }


def _history(model: Model) -> dict[str, Any] | None:
    """The epochs, some of them where they are many; of all the kept one, the lowest loss and the highest score."""
    rows = list(model.history)
    if not rows:
        return None
    best = (model.best_epoch or len(rows)) - 1 if model.run is None else model.run.best_epoch - 1
    extremes = {name: _extreme(rows, *which) for name, which in EXTREMES.items()}
    kept = {*thinned(len(rows), EPOCHS).tolist(), best, *(k for k in extremes.values() if k is not None)}
    return {
        "best_epoch": int(rows[best]["epoch"]),
        "epochs": len(rows),
        "score": validation_score_of(model.recipe.monitor, model.task),
        **{name: None if k is None else int(rows[k]["epoch"]) for name, k in extremes.items()},
        "rows": [rows[k] for k in sorted(kept)],
    }


def _extreme(rows: Sequence[Mapping[str, float]], name: str, sign: int) -> int | None:
    """The place of the first row whose value is the largest, times the sign; one that is no number is never."""
    if name not in rows[0]:
        return None
    return int(np.nan_to_num([sign * row[name] for row in rows], nan=-np.inf, posinf=-np.inf, neginf=-np.inf).argmax())


def _health(found: Diagnosis, model: Model) -> dict[str, Any]:
    """The findings; sizes and slopes layer by layer; of a run that was watched, the flat units at each look."""
    seen = found.seen
    layers = [] if seen is None else seen.layers
    looks = [] if seen is None else seen.samples
    document = found.to_dict()
    for finding, written in zip(found.findings, document["findings"], strict=True):
        written["paste"] = to_paste(finding, model)
    return {
        **document,
        "healthy": found.healthy,
        "layers": [
            {
                "layer": layer.layer,
                "activation": layer.activation,
                "units": len(layer.flat),
                "size": layer.size,
                "gradient": layer.delta,
                "flat_units": int((np.asarray(layer.flat) > 0.99).sum()),
            }
            for layer in layers
        ],
        "looks": [
            {"epoch": sample.epoch, "flat": [float(np.mean(np.asarray(part) > 0.99)) for part in sample.flat[:-1]]}
            for sample in looks
        ],
    }


def to_paste(finding: Finding, model: Model) -> str | None:
    """The command that trains anew with the first remedy, where one command made the model and has an option for it.

    Files come from anywhere, and people paste: it is built of words, each quoted, and only of a `glasshouse train`.
    """
    course = Course(model.recipe)
    better = prescribed(course, finding)
    flags = [] if better is None else shlex.split(as_flags(course, better))
    if not flags or len(model.made_by) != 1:
        return None
    try:
        words = shlex.split(model.made_by[0])
    except ValueError:  # a quote that is not closed
        return None
    if words[:2] != ["glasshouse", "train"]:
        return None
    return shlex.join([*_without(words, flags[::2]), *flags])


def _without(words: Sequence[str], flags: Sequence[str]) -> list[str]:
    """The words less these flags and their values: what is said anew is not said twice."""
    kept: list[str] = []
    left = iter(words)
    for word in left:
        flag, is_whole, _ = word.partition("=")
        pair = [word]
        if word.startswith("--") and not is_whole and flag not in ALONE:
            pair += [value for value in [next(left, None)] if value is not None]  # it may look like a flag itself
        if flag not in flags:
            kept += pair
    return kept


def _pruning(subject: Subject) -> dict[str, Any] | None:
    found = subject.pruned
    if found is None:
        return None
    kept = {encoding.name for encoding in found.model.encoder.encodings}
    return {
        **found.to_dict(),
        "no_longer_read": [e.name for e in found.given.encoder.encodings if e.name not in kept],
    }


def _cure(subject: Subject) -> dict[str, Any] | None:
    cure = subject.cure
    if cure is None:
        return None
    sides = ((cure.given, cure.before), (cure.model, cure.after))
    return {
        "helped": cure.helped,
        "tried": len(cure.tried),
        "flags": cure.flags,
        **{
            side: {
                "validation": trial.score,
                "worst": trial.diagnosis.worst,
                "findings": [finding.kind for finding in trial.diagnosis.findings if finding.severity != "note"],
                "scores": _plain_scores(model.scores.get("test", {})),
            }
            for side, (model, trial) in zip(("before", "after"), sides, strict=True)
        },
    }


def _plain_scores(scores: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in scores.items() if name not in ("rows", "source")}


def _network(model: Model) -> dict[str, Any]:
    """The graph as it is drawn, with the names of its ends."""
    connected = int(np.count_nonzero(model.network.parameters[: model.network.n_weights]))
    drawn = graph(model.network, EDGES if connected <= EDGES else DENSE_EDGES)
    read = {edge[1] for edge in drawn["edges"] if edge[0] == 1}
    names: Sequence[str] = model.encoder.feature_names
    labels = [str(label) for label in getattr(model.targets, "classes", [])]
    outputs = labels if len(labels) == model.network.n_outputs else [model.target]
    return {**drawn, "inputs": {str(k): names[k] for k in sorted(read)}, "outputs": outputs}
