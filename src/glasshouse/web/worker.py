"""The process that trains: a job on its standard input, then orders; what happens goes out a line of JSON at a time.

It ends when its input does: no training outlives the server that shows it. The checkpoint of the last epoch stays.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Mapping
from typing import Any, TextIO

from ..errors import GlasshouseError
from ..models.model import Model
from ..models.train import train
from ..storage import finite
from ..tables.reading import Reading
from .live import Live
from .shown import findings_told

__all__ = ["main"]


def main() -> None:
    """Train as the first line says, and tell of it; ends with 0 when the model is written, 2 when it was refused."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the server's: it closes our input
    out = os.fdopen(os.dup(1), "w", encoding="utf-8", buffering=1)
    os.dup2(2, 1)  # whatever else prints must not stand between the lines
    turn = threading.Lock()

    def tell(kind: str, data: Any) -> None:
        line = json.dumps({"event": kind, **(data if kind == "unit" else {"data": finite(data)})}, allow_nan=False)
        try:
            with turn:
                out.write(line + "\n")
        except BrokenPipeError:
            os._exit(1)  # the server is gone

    job = json.loads(sys.stdin.readline())
    live = Live(tell, job.get("pace"))
    threading.Thread(target=_orders, args=(sys.stdin, live), daemon=True).start()
    try:
        tell("result", _result(_trained(job, live)))
        code = 0
    except (GlasshouseError, KeyboardInterrupt) as error:
        tell("findings", _findings_of(error, live))
        tell("failed", {"error": str(error) or "it was stopped in its first epoch: there is nothing to keep"})
        code = 2
    out.flush()
    os._exit(code)  # at once: threads that wait for orders would hold what the interpreter is taking down


def _trained(job: Mapping[str, Any], live: Live) -> Model:
    options = dict(job["options"])
    reading = Reading(**{name: _tuple(value) for name, value in options.pop("reading", {}).items()})
    model = train(
        job["table"],
        **options,
        reading=reading,
        out=job["out"],
        checkpoint=job["checkpoint"],
        resume=job["resume"],
        watchers=[live],
    )
    live.ended()
    return model


def _result(model: Model) -> dict[str, Any]:
    run = model.run
    assert run is not None
    return {
        "scores": model.scores,
        "intervals": {name: list(ends) for name, ends in model.intervals.items()},
        "baselines": {
            baseline.name: {**baseline.scores, "seconds": baseline.seconds, "difference": difference._asdict()}
            for baseline, difference in run.differences
        },
        "findings": findings_told(run.health.findings, model.recipe),
        "leaks": [leak._asdict() for leak in run.leaks],
        "epochs": run.epochs,
        "best_epoch": run.best_epoch,
        "interrupted": run.interrupted,
        "seconds": run.seconds,
        "made_by": list(model.made_by),
    }


def _findings_of(error: BaseException, live: Live) -> list[dict[str, Any]]:
    """What the doctor found of a run that diverged."""
    diagnosis = getattr(error, "diagnosis", None)
    return [] if diagnosis is None else findings_told(diagnosis.findings, live.recipe)


def _orders(lines: TextIO, live: Live) -> None:
    try:
        for line in lines:
            live.order(json.loads(line))
    except Exception:
        traceback.print_exc()
    os._exit(1)  # the server is gone, or nobody can steer any more; whatever is written, is written whole


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
