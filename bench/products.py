"""One sparse layer forward, 1000 to 1000, batch 128, beside the dense product of the fastest library there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import scipy.sparse

from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.network import Network
from glasshouse.network.topology import Topology
from glasshouse.network.workspace import Workspace

DENSITIES = (0.1, 0.05, 0.01)
UNITS, BATCH = 1000, 128
Run = Callable[[], object]


def title(density: float) -> str:
    return f"sparse product, {UNITS} to {UNITS}, batch {BATCH}, {1 - density:.0%} of the weights are zero"


def contestants(density: float) -> Iterator[tuple[str, Run]]:
    """Ours with bias and ReLU, then the bare products of others."""
    rng = np.random.default_rng(0)
    mask = rng.random((UNITS, UNITS)) < density
    yield "glasshouse", ours(Sparse(Topology.from_mask(mask), "relu"))
    yield "ours, dense", ours(Dense(UNITS, UNITS, "relu"))
    w = np.where(mask, rng.normal(size=mask.shape), 0).astype(np.float32)
    x = rng.normal(size=(UNITS, BATCH)).astype(np.float32)
    csr = scipy.sparse.csr_array(w)
    yield "scipy, CSR", lambda: csr @ x
    try:
        import torch
    except ImportError:
        print("pytorch is not installed: left out (make bench installs it)")
        return
    torch.set_num_threads(1)
    dense, columns, out = torch.from_numpy(w), torch.from_numpy(x), torch.empty(UNITS, BATCH)
    yield "MKL, dense", lambda: torch.mm(dense, columns, out=out)
    pattern = dense.to_sparse_csr()
    yield "MKL, CSR", lambda: torch.mm(pattern, columns)


def ours(layer: Sparse | Dense) -> Run:
    network = Network.initialized([layer], np.random.default_rng(0), "auto", np.dtype(np.float32))
    bound = Workspace(network, None, BATCH, threads=1).layers[0]
    return lambda: bound.forward(BATCH)
