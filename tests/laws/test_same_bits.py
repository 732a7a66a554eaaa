"""One seed, one file: the same bytes in fresh processes, for any number of threads, under AVX2 and AVX-512 alike."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from glasshouse.kernels import available_levels, level

REPOSITORY = Path(__file__).parents[2]
FUSED = [name for name in available_levels() if name != "x86_64_v2"]  # v2 has no fused multiply-add: it may differ


def trained(folder: Path, kernels: str, threads: int, seed: int = 3) -> str:
    out = folder / f"{kernels}-{threads}-{seed}.glass"
    environment = os.environ | {"GLASSHOUSE_KERNELS": kernels, "GLASSHOUSE_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "glasshouse", "train", "example:digits", "--target", "target", "--epochs", "20"]
    command += ["--no-baselines", "--no-report"]
    subprocess.run([*command, "--seed", str(seed), "--out", str(out)], env=environment, check=True, capture_output=True)
    return hashlib.sha256(out.read_bytes()).hexdigest()


# What takes long and says nothing of kernels: processes that are killed, memory that is measured.
KERNELS_ALONE = "not killed_at_any_moment and not in_little_memory and not fresh_processes"

WIDE = """
import hashlib
from sklearn.datasets import load_digits
from glasshouse import LogisticRegression, MLPClassifier
X, y = load_digits(return_X_y=True)
wide = MLPClassifier((512, 512), max_iter=2, early_stopping=True, random_state=0).fit(X / 16, y)
whole = MLPClassifier((300, 50), solver="lbfgs", max_iter=3, random_state=0).fit(X / 16, y)
linear = LogisticRegression(max_iter=30).fit(X / 16, y)
for model in (wide, whole, linear):
    print(hashlib.sha256(model.network_.parameters.tobytes()).hexdigest())
"""


def test_a_network_wide_enough_for_threads_is_the_same_bits_too() -> None:
    digests = set()
    for kernels in FUSED:
        for threads in (1, 5) if kernels == FUSED[0] else (2,):
            environment = os.environ | {"GLASSHOUSE_KERNELS": kernels, "GLASSHOUSE_NUM_THREADS": str(threads)}
            environment |= {"OPENBLAS_NUM_THREADS": str(threads), "PYTHONWARNINGS": "ignore"}
            command = [sys.executable, "-c", WIDE]
            run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
            digests.add(run.stdout)
    assert len(digests) == 1


def test_same_seed_same_bytes_whatever_the_threads_and_the_instruction_set(tmp_path: Path) -> None:
    runs = [(kernels, threads) for kernels in FUSED for threads in ((1, 5) if kernels == FUSED[0] else (2,))]
    files = {run: trained(tmp_path, *run) for run in runs}
    assert len(set(files.values())) == 1, files
    assert trained(tmp_path, FUSED[-1], 1, seed=4) not in files.values()


@pytest.mark.parametrize("other", [name for name in available_levels() if name != level])
def test_the_laws_hold_on_every_instruction_set(other: str) -> None:
    """The tests of kernels, networks and training once more, with another kernel module."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", KERNELS_ALONE]
    folders = ["tests/kernels", "tests/network", "tests/training", "tests/laws/test_units.py"]
    environment = os.environ | {"GLASSHOUSE_KERNELS": other}
    run = subprocess.run(
        [*command, *folders], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout[-3000:]


def test_a_module_this_processor_cannot_run_is_refused() -> None:
    environment = os.environ | {"GLASSHOUSE_KERNELS": "x86_64_v9"}
    code = "import glasshouse.kernels"
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "GLASSHOUSE_KERNELS=x86_64_v9: this processor runs" in run.stderr
