"""The JSON twin of the laboratory's page: every claim, rule, number and verdict, the machine and the versions."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .. import __version__
from ..kernels import level, processors
from .claims import Experiment, Observation, Observations
from .records import Record, evidence

__all__ = ["SCHEMA_VERSION", "as_text", "observations_of", "twin_of"]

SCHEMA_VERSION = 1
NUMBERS = re.compile(r"\[[-+.\de,\s]+\]")
BESIDE = ("numpy", "scipy", "scikit-learn")


def twin_of(records: Sequence[Record], seed: int, runs: int) -> dict[str, Any]:
    """All that the page says and draws."""
    experiments = dict.fromkeys(record.experiment.question for record in records)
    together = [[record for record in records if record.experiment.question == question] for question in experiments]
    words = [record.verdict.word for record in records if record.verdict is not None]
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "laboratory",
        "seed": seed,
        "runs": runs,
        "seconds": sum(each[0].seconds for each in together),
        "machine": machine(),
        "versions": versions(),
        "verdicts": {word: words.count(word) for word in dict.fromkeys(words)},
        "agreeing": sum(record.agrees for record in records),
        "experiments": [_experiment(each[0].experiment, each) for each in together],
    }


def _experiment(experiment: Experiment, records: Sequence[Record]) -> dict[str, Any]:
    seen = records[0].seen
    return {
        "kind": experiment.kind,
        "question": experiment.question,
        "setting": experiment.setting,
        "measure": experiment.measure,
        "over": experiment.over,
        "repetitions": experiment.repetitions,
        "timed": experiment.timed,
        "file": Path(experiment.observe.__code__.co_filename).name,
        "seconds": records[0].seconds,
        "claims": [_claim(record) for record in records],
        "observations": None if seen is None else rows_of(seen),
    }


def _claim(record: Record) -> dict[str, Any]:
    claim, verdict = record.claim, record.verdict
    return {
        "id": claim.id,
        "claim": claim.says,
        "rule": record.rule,
        "when": claim.when,
        "verdict": None if verdict is None else verdict.word,
        "depends_on": None if verdict is None else verdict.on or None,
        "said": None if verdict is None else str(verdict),
        "where": None if verdict is None else verdict.where() or None,
        "runs": [verdict.word for verdict in record.verdicts],
        "evidence": None
        if verdict is None
        else [
            {**found._asdict(), "said": evidence(claim.rule, found, record.experiment.over)} for found in verdict.found
        ],
    }


def rows_of(observations: Observations) -> list[dict[str, Any]]:
    """What a twin keeps of what was seen: an arm's values in a case together, with six digits."""
    return [
        {"of": of, "case": case, "arm": arm, "values": [float(f"{v:.6g}") for v in values]}
        for of in observations.quantities()
        for case in observations.cases(of)
        for arm in observations.arms(of)
        if len(values := observations.values(arm, case, of))
    ]


def observations_of(rows: Iterable[Mapping[str, Any]]) -> Observations:
    """The same, as it was seen."""
    return Observations(
        Observation(row["arm"], value, row["case"], row["of"]) for row in rows for value in row["values"]
    )


def as_text(twin: Mapping[str, Any]) -> str:
    """The file of a twin: indented, but for the numbers of an arm in a case, which stand on one line."""
    text = json.dumps(twin, ensure_ascii=False, allow_nan=False, indent=1)
    return NUMBERS.sub(lambda found: " ".join(found[0].split()), text) + "\n"


def machine() -> dict[str, Any]:
    """What it ran on."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {"processor": named[0] if named else platform.machine(), "cores": processors(), "kernels": level}


def versions() -> dict[str, str]:
    """Of what it ran with."""
    found = {name: importlib.metadata.version(name) for name in BESIDE}
    return {"glasshouse": __version__, "python": platform.python_version(), **found}
