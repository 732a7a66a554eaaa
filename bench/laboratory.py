"""Every claim of the laboratory, from three seeds: ``python -m bench.laboratory [--runs 3] [--page]``.

Whether the verdicts are stable, and how long it all takes. With ``--page`` the twin and the pictures go to the docs,
from which ``make docs`` writes docs/lab.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from typing import Any

import glasshouse as gh
from bench import page
from glasshouse.laboratory.catalogue import claims as known
from glasshouse.laboratory.catalogue import every_experiment
from glasshouse.laboratory.lab import Lab
from glasshouse.laboratory.page import standalone
from glasshouse.laboratory.records import evidence
from glasshouse.laboratory.rules import Found
from glasshouse.laboratory.twin import as_text
from glasshouse.training.watchers import Watcher

TWIN, PICTURES = page.PAGE.parent / "lab.json", page.PAGE.parent / "lab"


class Said(Watcher):
    """What is being done, a line each, once somebody waits for it."""

    def stage(self, name: str) -> None:
        if ": 0 of" in name:
            print(name, file=sys.stderr, flush=True)


def judged(found: Lab, seconds: float) -> str:
    """How many verdicts all runs agree about, those that flipped, and the slowest experiments."""
    agreeing = sum(record.agrees for record in found.records)
    lines = [f"{len(found.records)} claims, {found.runs} runs, {seconds:.0f} s: {agreeing} agree"]
    for record in found.records:
        if not record.agrees:
            lines.append(f"  flips: {record.id}: {', '.join(v.word for v in record.verdicts)}")
    slowest = sorted({(r.seconds / found.runs, r.experiment.claims[0].id) for r in found.records}, reverse=True)
    lines += [f"  {seconds:5.1f} s a run: {name}" for seconds, name in slowest[:8]]
    return "\n".join(lines)


def written(twin: dict[str, Any]) -> None:
    """The twin, and a picture for each experiment."""
    TWIN.write_text(as_text(twin), encoding="utf-8")
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.svg"):
        old.unlink()
    for experiment in twin["experiments"]:
        picture = PICTURES / f"{experiment['claims'][0]['id']}.svg"
        picture.write_text(standalone(experiment, "light"), encoding="utf-8")


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """The old twin with the experiments of the new one in the place of its own, in the order of the catalogue."""
    found = {experiment["question"]: experiment for twin in (old, new) for experiment in twin["experiments"]}
    whole = [found[experiment.question] for experiment in every_experiment()]
    decided = [claim for experiment in whole for claim in experiment["claims"]]
    words = [claim["verdict"] for claim in decided]
    return {
        **new,
        "seconds": sum(experiment["seconds"] for experiment in whole),
        "verdicts": {word: words.count(word) for word in dict.fromkeys(words)},
        "agreeing": sum(len(set(claim["runs"])) == 1 for claim in decided),
        "experiments": whole,
    }


def retold(old: dict[str, Any]) -> dict[str, Any]:
    """The same numbers and verdicts with the words that the experiments have now, where only words have changed."""
    for experiment in old["experiments"]:
        now, _ = known()[experiment["claims"][0]["id"]]
        experiment |= {"question": now.question, "setting": now.setting, "measure": now.measure}
        for claim in experiment["claims"]:
            _, said = known()[claim["id"]]
            claim |= {"claim": said.says, "when": said.when, "rule": said.rule.stated(now.over, now.measure)}
            for found in claim["evidence"]:
                found["said"] = evidence(said.rule, Found(*[found[name] for name in Found._fields]), now.over)
    return old


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--claims", nargs="*", default=())
    parser.add_argument("--page", action="store_true", help="write docs/lab.json and docs/lab/")
    parser.add_argument("--retell", action="store_true", help="run nothing; words and pictures anew")
    asked = parser.parse_args()
    if asked.retell:
        written(retold(json.loads(TWIN.read_text("utf-8"))))
        return
    started = time.perf_counter()
    found = gh.lab(asked.claims, every=not asked.claims, runs=asked.runs, out="", watchers=(Said(),))
    print(judged(found, time.perf_counter() - started))
    if asked.page:
        twin = found.to_dict()
        written(twin if not asked.claims else merged(json.loads(TWIN.read_text("utf-8")), twin))


if __name__ == "__main__":
    main()
