"""What a fit takes beside the rows it is given."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np

from glasshouse import MLPClassifier


def test_bytes_and_single_numbers_are_taken_as_they_are() -> None:
    """Images as uint8 train as the same numbers in float32 do, and no copy of all rows is ever made."""
    rng = np.random.default_rng(0)
    X = rng.integers(0, 256, (4000, 300), dtype=np.uint8)
    y = (X[:, 0] > 127).astype(int)
    choices = {"hidden_layer_sizes": (8,), "max_iter": 3, "random_state": 0, "early_stopping": True}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        small = MLPClassifier(**choices, dtype="float32").fit(X, y)
        tracemalloc.start()
        large = MLPClassifier(**choices, dtype="float32").fit(X.astype(np.float32), y)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        MLPClassifier(**choices, dtype="float32").fit(X, y)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert np.array_equal(small.network_.parameters, large.network_.parameters)
    assert np.array_equal(small.predict(X), large.predict(X.astype(np.float32)))
    assert peak < X.nbytes
