"""What one core can multiply and read, and the rates of our products: ``python -m bench.roofline [--page]``."""

from __future__ import annotations

import os

os.environ["GLASSHOUSE_NUM_THREADS"] = "1"

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench import page
from glasshouse import kernels
from glasshouse.network.layers import Dense, Layer, Sparse
from glasshouse.network.network import Network
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

SHAPES = [(784, 300, 128), (64, 64, 128), (1000, 1000, 128), (2048, 2048, 256)]
DENSITIES = (0.4, 0.25, 0.1, 0.05, 0.01)
ROUNDS = 40


def ceilings() -> list[str]:
    """Flops and bytes a second, measured by a small program for the instruction set our kernels use here."""
    level = kernels.level.replace("_v", "-v").replace("x86_64", "x86-64")
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "roofline"
        source = Path(__file__).with_suffix(".cpp")
        flags = ["-std=c++20", "-O3", f"-march={level}", "-ffp-contract=off"]
        subprocess.run([os.environ.get("CXX", "c++"), *flags, source, "-o", program], check=True)
        run = subprocess.run([program], check=True, capture_output=True, text=True)
    return [f"one core, {level}", *run.stdout.splitlines()]


def rates(layer: Layer, n: int, flops: float, peak: float) -> str:
    """GFLOP/s forward and backward, both gradients, median of the rounds, and their share of the peak."""
    below, above = Dense(8, layer.fan_in, "relu"), Dense(layer.fan_out, 8, "softmax")
    rng = np.random.default_rng(0)
    network = Network.initialized([below, layer, above], rng, "auto", np.dtype(np.float32))
    bound = Workspace(network, "cross_entropy", n, threads=1).layers[1]
    forward, backward = (median(lambda run=run: run(n)) for run in (bound.forward, bound.backward))
    found = {"forward": flops / forward / 1e9, "backward": 2 * flops / backward / 1e9}
    return "   ".join(f"{way} {rate:6.1f} GFLOP/s ({rate / peak:3.0%})" for way, rate in found.items())


def median(run: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return float(np.median(times))


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    lines = ceilings()
    peak = float(lines[1].split()[-2])
    for fan_in, fan_out, n in SHAPES:
        found = rates(Dense(fan_in, fan_out, "relu"), n, 2.0 * fan_in * fan_out * n, peak)
        lines.append(f"dense {fan_in} to {fan_out}, batch {n:<8} {found}")
    rng = np.random.default_rng(0)
    for density in DENSITIES:
        topology = Topology.from_mask(rng.random((1000, 1000)) < density)
        found = rates(Sparse(topology, "relu"), 128, 2.0 * topology.n_connections * 128, peak)
        lines.append(f"sparse 1000 to 1000 at {density:<6g}    {found}")
    text = "\n".join(lines)
    print(text)
    if "--page" in sys.argv:
        page.put("roofline", f"```text\n{text}\n```")


if __name__ == "__main__":
    main()
