"""The ten tables of the pruning benchmarks: a (256, 128) network on each, and its rows as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import glasshouse as gh
from glasshouse.models.labels import columns_of
from glasshouse.models.model import Model
from glasshouse.models.origin import parted
from glasshouse.network.network import Network
from glasshouse.tables.reading import as_table
from glasshouse.training.batches import Data

__all__ = ["HIDDEN", "TEN", "Rows", "networks"]

HIDDEN = (256, 128)
TEN = {
    "adult": ("adult_train.csv.gz", "last"),
    "california": ("california_housing.csv.gz", "median_house_value"),
    "ames": ("ames_housing.csv.gz", "SalePrice"),
    "covtype": ("covtype_20k.csv.gz", "last"),
    "har": ("har_wle_train.csv.gz", "classe"),
    "isolet": ("isolet_asu.csv.gz", "letter"),
    "german": ("german_credit.csv.gz", "last"),
    "pima": ("pima_diabetes.csv.gz", "last"),
    "titanic": ("titanic.csv.gz", "Survived"),
    "breast": ("breast_cancer_wisconsin.csv.gz", "last"),
}


@dataclass(frozen=True, eq=False)
class Rows:
    """A trained model, and its rows as its network takes them."""

    model: Model
    train: Data
    validation: Data
    test: Data

    @property
    def network(self) -> Network:
        return self.model.targets.unfinished(self.model.network)

    def score(self, outputs: np.ndarray) -> float:
        """Accuracy or R² on the test rows."""
        return float(self.model.targets.score(outputs, self.test.Y, None))


def networks(folder: Path, name: str, seeds: range) -> Iterator[Rows]:
    file, target = TEN[name]
    table = as_table(folder / file)
    for seed in seeds:
        model = gh.train(table, target=target, out="", seed=seed, hidden=HIDDEN, baselines=False)
        labels = model.labels_in(table)
        present, parts = parted(table, labels, model.task, model.origin)
        yield Rows(model, *(_data(model, table.take(present[part])) for part in parts[:3]))


def _data(model: Model, rows: Any) -> Data:
    y = model.labels_in(rows).y
    return Data(model.encoder.encode(rows).dense(), columns_of(model.targets, y, model.network.dtype))
