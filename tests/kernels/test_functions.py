"""exp, log, log1p, erfc, tanh and the activations against mpmath, in units in the last place."""

from __future__ import annotations

import re
from pathlib import Path

import mpmath
import numpy as np
import pytest

from glasshouse import kernels
from glasshouse.network.activations import ACTIVATIONS

mpmath.mp.prec = 120


def points(low: float, high: float, dtype: type) -> np.ndarray:
    rng = np.random.default_rng(7)
    spread = np.concatenate((rng.uniform(low, high, 3000), rng.uniform(-1, 1, 2000), 10 ** rng.uniform(-18, 0, 1000)))
    return spread[(spread >= low) & (spread <= high)].astype(dtype)


def ulps(found: np.ndarray, exact: list[mpmath.mpf]) -> float:
    worst = 0.0
    for value, truth in zip(found, exact, strict=True):
        size = abs(np.spacing(found.dtype.type(truth)))
        worst = max(worst, abs(float((mpmath.mpf(float(value)) - truth) / mpmath.mpf(float(size)))))
    return worst


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "truth", "low", "high"),
    [
        ("exp", mpmath.exp, -80, 80),
        ("log", mpmath.log, 0.5, 1000),
        ("log1p", mpmath.log1p, 0, 1),
    ],
)
def test_functions_are_within_two_ulp(name: str, truth, low: float, high: float, dtype: type) -> None:
    x = points(low, high, dtype)
    out = np.empty_like(x)
    getattr(kernels.arithmetic(dtype), name)(x, out)
    assert ulps(out, [truth(mpmath.mpf(float(v))) for v in x]) <= 2


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_erfc_keeps_its_digits_into_the_tail(dtype: type) -> None:
    x = points(0, 9 if dtype is np.float32 else 26, dtype)
    out = np.empty_like(x)
    kernels.arithmetic(dtype).erfc(x, out)
    assert ulps(out, [mpmath.erfc(mpmath.mpf(float(v))) for v in x]) <= (20 if kernels.level != "x86_64_v2" else 2000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("tanh", mpmath.tanh),
        ("sigmoid", lambda z: 1 / (1 + mpmath.exp(-z))),
        ("elu", lambda z: z if z > 0 else mpmath.expm1(z)),
        ("softplus", lambda z: mpmath.log1p(mpmath.exp(z))),
    ],
)
def test_smooth_activations_are_within_three_ulp(name: str, truth, dtype: type) -> None:
    z = points(-60, 60, dtype)
    out = np.empty_like(z)
    kernels.arithmetic(dtype).activate(z, out, name)
    assert ulps(out, [truth(mpmath.mpf(float(v))) for v in z]) <= 3


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_at_the_edges(dtype: type) -> None:
    inf, tiny = np.inf, np.finfo(dtype)
    x = np.array([-inf, -1e4, 0.0, -0.0, 1e4, inf, np.nan, np.log(float(tiny.max)) * 0.9999], dtype)
    out = np.empty_like(x)
    kernels.arithmetic(dtype).exp(x, out)
    assert out[:6].tolist() == [0, 0, 1, 1, inf, inf]
    assert np.isnan(out[6])
    assert np.isfinite(out[7])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exp_of_subnormal_results(dtype: type) -> None:
    edge = np.log(float(np.finfo(dtype).tiny))
    x = np.array([edge - 3, edge - 5, edge + 1], dtype)
    out = np.empty_like(x)
    kernels.arithmetic(dtype).exp(x, out)
    with np.errstate(under="ignore"):
        assert np.allclose(out, np.exp(x.astype(np.longdouble)).astype(dtype), rtol=1e-3, atol=0)


def test_the_coefficients_of_erfc_are_what_they_are_said_to_be() -> None:
    """exp(x²) erfc(x) interpolated in Chebyshev points of t = (x - 2) / (x + 2), from x = 1 on."""
    source = (Path(kernels.__file__).parent / "normal.hpp").read_text()
    for kind, degree in (("float", 10), ("double", 22)):
        block = re.search(rf"ErfcTail<{kind}> \{{.*?coefficients\[\] = \{{(.*?)\}};", source, re.S)
        written = [float(word.rstrip("f")) for word in re.findall(r"-?[\d.]+(?:e-?\d+)?f?", block[1])]
        low, count = -mpmath.mpf(1) / 3, degree + 1
        places = [
            (low + 1) / 2 + (1 - low) / 2 * mpmath.cos(mpmath.pi * (2 * i + 1) / (2 * count)) for i in range(count)
        ]
        x = [2 * (1 + t) / (1 - t) for t in places]
        powers = mpmath.matrix([[t**k for k in range(count)] for t in places])
        exact = mpmath.lu_solve(powers, mpmath.matrix([mpmath.exp(v * v) * mpmath.erfc(v) for v in x]))
        assert written == pytest.approx([float(c) for c in exact], rel=1e-8 if kind == "float" else 1e-15)


@pytest.mark.parametrize("name", [row.name for row in ACTIVATIONS.values() if row.elementwise])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nan_is_seen_and_infinity_is_kept_in_range(name: str, dtype: type) -> None:
    z = np.array([np.nan, np.inf, -np.inf], dtype)
    out = np.empty_like(z)
    kernels.arithmetic(dtype).activate(z, out, name)
    assert np.isnan(out[0])
    limits = {
        "identity": (np.inf, -np.inf),
        "sigmoid": (1, 0),
        "tanh": (1, -1),
        "leaky_relu": (np.inf, -np.inf),
        "elu": (np.inf, -1),
        "sign": (1, -1),
    }
    assert (out[1], out[2]) == limits.get(name, (np.inf, 0))
