"""The space that is swept if none is given, as TOML; here by itself, because the help prints it and needs nothing else.

Pruning is left out of it: `keep` and `criterion` are swept by who asks for them.
"""

from __future__ import annotations

__all__ = ["DEFAULT"]

DEFAULT = """\
hidden = [[64, 64], [128, 128], [256, 128], [256, 256], [128, 128, 128]]
activation = ["relu", "leaky_relu", "gelu"]
initializer = ["he_normal", "lecun_normal", "glorot_uniform"]
optimizer = ["adam", "adamw"]
density = [1.0, 0.5]
learning_rate = {low = 0.002, high = 0.016, log = true}
batch_size = [64, 128, 256]
dropout = [0.0, 0.1, 0.3]
l2 = {low = 1e-6, high = 1e-2, log = true}
"""
