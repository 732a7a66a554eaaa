"""TableEncoder: raw columns of a frame to numbers a network can learn, as a scikit-learn transformer."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..errors import TableError
from ..tables.corrections import Corrections
from ..tables.encoder import TableEncoding
from ..tables.frames import table_of
from ..tables.sketches import Sketch, sketch_of
from ..tables.table import listed
from .base import Array

__all__ = ["TableEncoder"]


class TableEncoder(TransformerMixin, BaseEstimator):
    """Encode raw columns: numbers, words and gaps, as ``glasshouse train`` does.

    Numbers are centred by their median, scaled by their interquartile range and softly clipped; a missing one takes the
    median, with an indicator beside it. Yes and no become 1 and 0, dates their parts. Words become a column of zeros
    and ones each, rare ones share a column. Constants, identifiers and texts are left out.

    Parameters
    ----------
    kinds : mapping of column to kind, default=None
        number, category, boolean or date, in place of what the rules decide.
    drop : sequence of columns, default=()
        Columns to leave out.
    missing : sequence of str, default=()
        Cells that mean missing, in every column, or in one: ``'-1@age'``.

    Attributes
    ----------
    encoding_ : TableEncoding
        What was learned, column by column.
    sketches_ : dict of str to Sketch
        What `partial_fit` has seen of each column.
    feature_names_in_ : (n_columns,)
    n_features_in_ : int

    Examples
    --------
    >>> import pandas as pd
    >>> from glasshouse import TableEncoder
    >>> frame = pd.DataFrame({"age": [31, None, 58, 40] * 6, "city": ["Bern", "Ulm"] * 12})
    >>> encoder = TableEncoder().fit(frame)
    >>> encoder.get_feature_names_out().tolist()
    ['age', 'age missing', 'city=Bern', 'city=Ulm']
    >>> encoder.transform(frame).shape
    (24, 4)
    """

    def __init__(self, kinds: Any = None, drop: Any = (), missing: Any = ()):
        self.kinds = kinds
        self.drop = drop
        self.missing = missing

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from these rows too, in bounded memory; the order and the cut of the rows change nothing.

        Raises
        ------
        TableError
            If the columns are others than before, none of those so far can be learned from, or a number is infinite.
        """
        corrections = Corrections(self.kinds or {}, self.drop, self.missing)
        table = corrections.mark(table_of(X, "X"))
        names, more = tuple(table.columns), {n: sketch_of(c.counted()) for n, c in table.columns.items()}
        known: dict[str, Sketch] = getattr(self, "sketches_", {})
        if known and set(known) != set(names):
            raise TableError(
                f"X has the columns {listed(names)}, those so far are {listed(list(known))}: give the same"
            )
        seen = {name: known[name] + sketch for name, sketch in more.items()} if known else more
        said = corrections.said(table)
        columns = [sketch.described(name, said.get(name)) for name, sketch in seen.items()]
        self.encoding_ = TableEncoding.of_sketches("X", names, seen, columns, marks=corrections.resolved(table))
        self.sketches_ = seen  # last: rows that are refused have not been seen
        self.feature_names_in_ = np.array(names, dtype=object)
        self.n_features_in_ = len(names)
        return self

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from every row of a frame, or of an array.

        Raises
        ------
        TableError
            If no column is left to learn from, or a number is infinite.
        """
        corrections = Corrections(self.kinds or {}, self.drop, self.missing)
        table = corrections.mark(table_of(X, "X"))
        self.__dict__.pop("sketches_", None)
        self.encoding_ = TableEncoding.fit(
            table, columns=corrections.describe(table), marks=corrections.resolved(table)
        )
        self.feature_names_in_ = np.array(list(table.columns), dtype=object)
        self.n_features_in_ = len(table.columns)
        return self

    def transform(self, X: Any) -> Array:
        """(n_rows, n_features) float32, from a frame that has the columns by name.

        Raises
        ------
        TableError
            If a column is missing, or a number is infinite.
        """
        check_is_fitted(self)
        return self.encoding_.transform(table_of(X, "X"))[0]

    def get_feature_names_out(self, input_features: Any = None) -> Array:
        """The name of each column of `transform`."""
        check_is_fitted(self)
        return np.array(self.encoding_.feature_names, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
