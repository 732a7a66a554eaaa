"""`lab`: run claims as experiments, say what the data make of each, and write the page."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import OptionError, choose, expect_number
from ..kernels import processors
from ..storage import write_bytes
from ..training.watchers import Watcher, announce
from .catalogue import claims as known
from .catalogue import deciding
from .claims import Claim, Experiment
from .place import Place, place_of
from .records import Record
from .running import observed
from .twin import as_text, twin_of

__all__ = ["FORMATS", "Lab", "lab"]

FORMATS = ("page", "slides")


@dataclass(frozen=True)
class Lab:
    """Claims, and what became of them.

    Attributes
    ----------
    records : list of Record
        One for each claim; its `verdict` is None where it was not run.
    seed, runs : int
    written : list of Path
        The page and its twin, or the slides.
    """

    records: list[Record]
    seed: int = 0
    runs: int = 1
    written: list[Path] = field(default_factory=list)

    def __getitem__(self, name: str) -> Record:
        """The record of a claim.

        Raises
        ------
        OptionError
            If none is called so.
        """
        found = {record.id: record for record in self.records}
        return found[choose("claim", name, found)]

    def to_dict(self) -> dict[str, Any]:
        """All of it, as the JSON beside the page holds it."""
        return twin_of(self.records, self.seed, self.runs)

    def __repr__(self) -> str:
        width = max(len(record.id) for record in self.records)
        lines, kind = [], ""
        for record in self.records:
            if record.experiment.kind != kind:
                kind = record.experiment.kind
                lines += [kind]
            said = "" if record.verdict is None else f"  [{record.verdict}]"
            lines.append(f"  {record.id:{width}}  {record.claim.says}{said}")
        return "\n".join(lines)


def lab(
    claims: str | Sequence[str] = (),
    *,
    every: bool = False,
    runs: int = 1,
    seed: int = 0,
    workers: int | None = None,
    to: str = "page",
    out: str | os.PathLike[str] | None = None,
    watchers: Sequence[Watcher] = (),
) -> Lab:
    """Run claims as experiments: the rule is fixed before, the verdict comes out of the data.

    Parameters
    ----------
    claims : str or sequence of str
        What is to be decided, by name; with none the claims are listed, and nothing runs.
    every : bool
        Decide all of them.
    runs : int
        How often everything is done, each time from other seeds; a claim whose runs disagree depends on chance.
    seed : int
        Of the first run; the next has the next.
    workers : int, optional
        How many repetitions run at once where no time is measured: the processors if None.
    to : {'page', 'slides'}
        One page with its JSON twin; or a folder with a picture for each claim, light and dark.
    out : path, optional
        Where that goes: CLAIM.html if one claim was asked for, else lab.html; a folder CLAIM-slides or lab-slides;
        nowhere if ''.

    Raises
    ------
    OptionError
        If no claim is called so, both some and all are asked for, or there is nothing to draw with.
    GlasshouseError
        If it cannot be written, or something else stands where nobody named the place.

    Examples
    --------
    >>> import glasshouse as gh
    >>> found = gh.lab("perceptron-distance", out="")
    >>> print(found["perceptron-distance"].verdict)
    supported
    """
    names = (claims,) if isinstance(claims, str) else tuple(claims)
    if every and names:
        raise OptionError(f"every claim and {names[0]} are asked for: leave one out")
    expect_number("runs", runs, lambda n: n >= 1, "at least 1", whole=True)
    expect_number("seed", seed, lambda n: 0 <= n < 1 << 31, f"from 0 to {(1 << 31) - 1}", whole=True)
    expect_number("workers", 1 if workers is None else workers, lambda n: n >= 1, "at least 1", whole=True)
    choose("form of the laboratory", to, FORMATS)
    chosen = deciding(known() if every or not names else names)
    if not every and not names:
        _expect_nothing_else(runs=(runs, 1), seed=(seed, 0), workers=(workers, None), to=(to, "page"), out=(out, None))
        return Lab([Record(claim, experiment) for experiment, each in chosen for claim in each])
    place = place_of(out, to, names)
    found = Lab(list(_decided(chosen, runs, seed, workers or processors(), watchers)), seed, runs)
    return found if place is None else Lab(found.records, seed, runs, _written(found, place))


def _expect_nothing_else(**choices: tuple[Any, Any]) -> None:
    """Nothing is run, so that nothing may be said of how."""
    for name, (said, default) in choices.items():
        if said != default:
            raise OptionError(f"{name} goes with claims: name some, or all of them")


def _decided(
    chosen: Sequence[tuple[Experiment, tuple[Claim, ...]]],
    runs: int,
    seed: int,
    workers: int,
    watchers: Sequence[Watcher],
) -> Iterator[Record]:
    """The record of each claim: what was seen is seen once, and every claim of an experiment decided by it."""
    for place, (experiment, claims) in enumerate(chosen, start=1):
        started, every = time.perf_counter(), []
        for run in range(runs):
            words = f"{claims[0].id} ({place} of {len(chosen)})" + f", run {run + 1} of {runs}" * (runs > 1)

            def tell(done: int, words: str = words, of: int = experiment.repetitions) -> None:
                announce(watchers, f"{words}: {done} of {of}")

            tell(0)
            every.append(observed(experiment, seed + run, workers, tell))
        seconds = time.perf_counter() - started
        for claim in claims:
            verdicts = tuple(claim.rule.verdict(seen.pairs(claim.rule), experiment.over) for seen in every)
            yield Record(claim, experiment, verdicts, every[0], seconds)


def _written(found: Lab, place: Place) -> list[Path]:
    if place.to == "slides":
        from .slides import slides

        place.path.mkdir(exist_ok=True)
        written = []
        for record in found.records:
            for name, data in slides(record):
                write_bytes(place.path / name, data)
                written.append(place.path / name)
        return written
    from .page import page

    twin = found.to_dict()
    write_bytes(place.path, page(twin).encode("utf-8"))
    write_bytes(place.twin, as_text(twin).encode("utf-8"))
    return [place.path, place.twin]
