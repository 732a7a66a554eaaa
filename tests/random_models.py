"""Random models and rows for whoever writes them elsewhere: hostile names and words, all encodings and activations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glasshouse.estimators.targets import Classes, Labels, Numbers
from glasshouse.models.model import Model
from glasshouse.models.origin import Origin
from glasshouse.network.activations import ACTIVATIONS
from glasshouse.network.layers import Dense, Sparse
from glasshouse.network.network import Network
from glasshouse.network.predictor import Predictor
from glasshouse.network.topology import Topology
from glasshouse.tables.cells import Cells
from glasshouse.tables.corrections import marked
from glasshouse.tables.encoder import TableEncoding
from glasshouse.tables.encodings import ENCODINGS, Encoding, PlainEncoding
from glasshouse.tables.table import Table
from glasshouse.tables.taken import OneHotEncoding, ScaledEncoding
from glasshouse.tables.words import MISSING, is_missing, is_number
from glasshouse.training.recipe import Recipe

NAMES = [
    "age",
    "x",
    "X",
    "x ",
    "x_",
    "x-1",
    "x 1",
    "x.1",
    "größe",
    "身長",
    "🌡",
    "a'b",
    'a"b',
    "a\\b",
    "*/ end /*",
    "*\\ end \\*",
    "math_errhandling",
    "channels",
    "// c",
    "??/",
    "%d %s %n",
    "int",
    "while",
    "1st",
    "_",
    "",
    "x missing",
    "x days",
    "line\nbreak",
    "tab\tbed",
    "a" * 300,
    "a" * 299 + "b",
    "label",
    "probabilities",
    "value",
    "NULL",
    "#define",
    "a=b",
    "\u00e9",
    "e\u0301",
    "\N{ZERO WIDTH SPACE}",
    "$(rm)",
    "{}",
    "x;y",
]
WORDS = [
    "red",
    "Red",
    "RED",
    "red ",
    "rouge, foncé",
    'say "hi"',
    "it's",
    "back\\slash",
    "*/",
    "//",
    "??/",
    "%s",
    "0",
    "1",
    "01",
    "1.0",
    "true",
    "none",
    "None",
    "日本",
    "🙂",
    "line\nbreak",
    "tab\t",
    "\u00e9",
    "e\u0301",
    "\x7f",
    "w" * 200,
    "w" * 199 + "x",
    "other",
    "missing",
    "#",
    "{0}",
    "\\n",
    "NAN ",
]
HIDDEN = [row.name for row in ACTIVATIONS.values() if row.hidden]
LARGEST = {"exp": 3.0}  # of z, so that what comes next stays a number
KINDS = ("number", "number", "category", "boolean", "date", "scaled", "one_hot", "codes")


def random_model(
    rng: np.random.Generator, *, with_encoder: bool | None = None, n_rows: int = 1000
) -> tuple[Model, Table]:
    """A model nobody trained, and rows it reads: depth 0 to 4, dense and sparse, classes and numbers, 1 to 300 levels.

    With an encoder the columns are of every kind, and the rows hold missing, unreadable and unseen cells; without, the
    columns are numbers as they are.
    """
    with_encoder = bool(rng.random() < 0.7) if with_encoder is None else with_encoder
    names = [str(name) for name in rng.permutation(np.array(NAMES, dtype=object))[: int(rng.integers(1, 9))]]
    target = next(name for name in ("target", "it") if name not in names)
    if with_encoder:
        kinds = [str(rng.choice(KINDS)) for _ in names]
        makers = [MAKERS[kind](rng) for kind in kinds]
        training = {name: maker(400, False) for name, maker in zip(names, makers, strict=True)}
        encoder = _encoder(rng, training, kinds, target)
        columns = {name: maker(n_rows, True) for name, maker in zip(names, makers, strict=True)}
        refusing = [e.name for e in encoder.encodings if isinstance(e, ScaledEncoding) and e.fill is None]
        columns |= {name: _filled(columns[name]) for name in refusing}
    else:
        encoder = TableEncoding(tuple(PlainEncoding(name) for name in names), (*names, target), (target,))
        columns = {name: _plain(rng, n_rows) for name in names}
    rows = Table("random rows", {name: Cells.of(cells) for name, cells in columns.items()})
    targets, output, n_outputs = _meaning(rng)
    X = encoder.transform(rows)[0]
    network = _network(rng, X, output, n_outputs)
    recipe = Recipe(
        output=output,
        loss="squared_error" if isinstance(targets, Numbers) else "cross_entropy",
        hidden_layer_sizes=network.sizes[1:-1],
        activation=tuple(layer.activation for layer in network.layers[:-1]) or ("relu",),
        dtype=network.dtype.name,
        monitor="validation_loss",
    )
    nothing = {"validation": {"rows": 0}, "test": {"rows": 0, "source": "none"}}
    origin = Origin("", "", 0, None, None, with_test=False)
    return Model(encoder, network, targets, target, recipe, nothing, origin), rows


def _encoder(rng: np.random.Generator, training: dict[str, list[str]], kinds: list[str], target: str) -> TableEncoding:
    marks: dict[str, tuple[str, ...]] = {}
    if rng.random() < 0.5:
        marks[""] = ("-999", "unknown")
    if rng.random() < 0.5:
        marks[str(rng.choice(np.array(list(training), dtype=object)))] = ("red", "7")
    table = marked(Table("random table", {name: Cells.of(cells) for name, cells in training.items()}), marks)
    encodings = [_encoding(rng, kind, name, table.columns[name]) for kind, name in zip(kinds, training, strict=True)]
    return TableEncoding(tuple(encodings), (*training, target), (target,), marks)


def _encoding(rng: np.random.Generator, kind: str, name: str, cells: Cells) -> Encoding:
    """Learned from cells, or, of the kinds that come in from elsewhere, one of the forms they may have."""
    counted = cells.counted()
    if kind == "scaled":
        fitted = ScaledEncoding.fit(name, counted)
        fill = None if rng.random() < 0.3 else fitted.center + fitted.scale * float(rng.normal())
        return replace(fitted, fill=fill, indicator=fill is not None and bool(rng.random() < 0.5))
    if kind not in ("one_hot", "codes"):
        return ENCODINGS[kind].fit(name, counted)
    words = [word for word in counted.words.to_pylist() if word is not None and (kind == "codes" or word)]
    words = [word for word in words if not is_missing(word) or (kind == "one_hot" and rng.random() < 0.3)]
    n_known = int(rng.integers(0, len(words)))
    levels, known = words[n_known:], words[:n_known]
    fill = str(rng.choice(np.array(words, dtype=object))) if rng.random() < 0.4 else None
    missing = fill is None and bool(rng.random() < 0.5)
    return OneHotEncoding(name, tuple(levels), tuple(known), fill, missing, kind == "codes")


def _filled(cells: list[str]) -> list[str]:
    """Cells of which none is missing: of a column whose encoding refuses those."""
    good = next((cell for cell in cells if is_number(cell)), "0")
    return [cell if is_number(cell) else good for cell in cells]


def _meaning(rng: np.random.Generator) -> tuple[Classes | Labels | Numbers, str, int]:
    """What the outputs are, their activation, and how many."""
    chance = rng.random()
    if chance < 0.15:
        words = rng.permutation(np.array(WORDS, dtype=object))[: int(rng.integers(2, 9))]
        return Labels(np.array([str(word) for word in words])), "sigmoid", len(words)
    if chance < 0.65:
        words = rng.permutation(np.array(WORDS, dtype=object))[: int(rng.integers(2, 9))]
        classes = Classes(np.array([str(word) for word in words]))
        return classes, classes.output, classes.n_outputs
    output = str(rng.choice(["identity", "identity", "exp", *HIDDEN]))
    return Numbers(np.zeros(1), np.ones(1), output=output), output, 1


def _network(rng: np.random.Generator, X: np.ndarray, output: str, n_outputs: int) -> Network:
    depth = int(rng.integers(0, 5))
    sizes = [X.shape[1], *(int(rng.integers(1, 25)) for _ in range(depth)), n_outputs]
    names = [*(str(rng.choice(HIDDEN)) for _ in range(depth)), output]
    layers: list[Dense | Sparse] = []
    sparse = rng.random() < 0.5
    for fan_in, fan_out, name in zip(sizes, sizes[1:], names, strict=False):
        if sparse and rng.random() < 0.8:
            density = float(rng.choice([0.0, 0.05, 0.2, 0.6, 1.0]))
            layers.append(Sparse(Topology.from_mask(rng.random((fan_out, fan_in)) < density), name))
        else:
            layers.append(Dense(fan_in, fan_out, name))
    network = Network.initialized(layers, rng, "lecun_normal", np.float64 if rng.random() < 0.15 else np.float32)
    for k, (layer, (w, b)) in enumerate(zip(layers, network.views(network.parameters), strict=True)):
        b[...] = rng.normal(0, 0.3, b.shape)
        w[...] *= rng.uniform(0.5, 3)
        largest = float(np.abs(_z(network, k, X)).max(initial=0))
        shrink = min(1.0, LARGEST.get(layer.activation, rng.uniform(4, 20)) / max(largest, 1e-9))
        w[...] *= shrink
        b[...] *= shrink
    return network


def _z(network: Network, k: int, X: np.ndarray) -> np.ndarray:
    """What layer k adds up for these rows."""
    below = network.layers[: k + 1]
    parts = network.views(network.parameters)[: k + 1]
    vector = np.concatenate([*(w.ravel() for w, _ in parts), *(b for _, b in parts)])
    return Predictor(Network(below, vector).with_output("identity"), threads=1)(X)


def _sprinkled(rng: np.random.Generator, cells: list[str], odd: list[str], share: float) -> list[str]:
    where = rng.random(len(cells)) < share
    return [str(rng.choice(np.array(odd, dtype=object))) if here else cell for cell, here in zip(cells, where)]


def _number_maker(rng: np.random.Generator):
    """Numbers of any size, missing or not while training; later also far ones and words."""
    scale = float(10.0 ** rng.integers(-6, 7))
    center = scale * float(rng.choice([0, 1, -30, 40, 1e4, -1e6]))
    whole, gone = bool(rng.random() < 0.3), bool(rng.random() < 0.5)

    def cells(n: int, later: bool) -> list[str]:
        values = center + scale * rng.standard_t(3, n)
        words = [repr(float(np.round(v)) if whole else float(v)) for v in values]
        words = _sprinkled(rng, words, list(MISSING), 0.1) if gone or later else words
        far = ["1e30", "-1e30", "0", "soon", "-999", "7", "1e-30"]
        return _sprinkled(rng, words, far, 0.05) if later else words

    return cells


def _category_maker(rng: np.random.Generator):
    n_levels = int(np.round(np.exp(rng.uniform(0, np.log(300)))))
    order = [str(word) for word in rng.permutation(np.array(WORDS, dtype=object))]
    levels = (order + [f"level {k}" for k in range(n_levels)])[:n_levels]
    share = rng.dirichlet(np.full(n_levels, float(rng.choice([0.3, 5.0]))))
    gone = bool(rng.random() < 0.5)

    def cells(n: int, later: bool) -> list[str]:
        words = [levels[k] for k in rng.choice(n_levels, n, p=share)]
        words = _sprinkled(rng, words, list(MISSING), 0.1) if gone or later else words
        return _sprinkled(rng, words, ["never seen", "other", "missing", " ", "ré"], 0.1) if later else words

    return cells


def _boolean_maker(rng: np.random.Generator):
    words = np.array([["true", "false"], ["t", "f"], ["Yes", "no"], ["Y", "N"], ["on", "OFF"]], dtype=object)
    pair, gone = [str(word) for word in rng.choice(words)], bool(rng.random() < 0.5)

    def cells(n: int, later: bool) -> list[str]:
        drawn = [pair[k] for k in rng.integers(0, 2, n)]
        drawn = _sprinkled(rng, drawn, list(MISSING), 0.1) if gone or later else drawn
        return _sprinkled(rng, drawn, ["1", "0", "1.0", "maybe", "TRUE"], 0.1) if later else drawn

    return cells


def _date_maker(rng: np.random.Generator):
    form = str(rng.choice(["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y"])) + str(rng.choice(["", " %H:%M", " %H:%M:%S"]))
    days, gone = int(10 ** rng.integers(1, 5)), bool(rng.random() < 0.5)

    def cells(n: int, later: bool) -> list[str]:
        minutes = rng.integers(0, days * 1440, n) + int(rng.integers(-2, 3))
        whens = (np.datetime64("1999-12-30T00:00:17") + minutes.astype("timedelta64[m]")).tolist()
        words = [when.strftime(form) for when in whens]
        words = _sprinkled(rng, words, list(MISSING), 0.1) if gone or later else words
        return _sprinkled(rng, words, ["soon", "31.2.2020", "1700-01-01"], 0.05) if later else words

    return cells


def _plain(rng: np.random.Generator, n: int) -> list[str]:
    scale = float(10.0 ** rng.integers(-2, 3))
    return [repr(float(value)) for value in scale * rng.normal(float(rng.choice([0, 1, -5])), 1, n)]


def _scaled_maker(rng: np.random.Generator):
    """Numbers nowhere near those whose scaled values are refused."""
    scale, center = float(10.0 ** rng.integers(-3, 4)), float(rng.choice([0, 1, -30, 1e3]))

    def cells(n: int, later: bool) -> list[str]:
        words = [repr(float(value)) for value in scale * (center + rng.normal(0, 1, n))]
        return _sprinkled(rng, words, [*MISSING, *(["soon", "True", "False"] if later else [])], 0.1)

    return cells


def _codes_maker(rng: np.random.Generator):
    """Few numbers that are names."""
    codes = [str(code) for code in rng.choice([["1", "2", "7", "10"], ["0.1", "-2.5", "1e3", "16777217"]])]

    def cells(n: int, later: bool) -> list[str]:
        words = [str(rng.choice(codes)) for _ in range(n)]
        return _sprinkled(rng, words, ["1.0", "3", "0.10", "16777216", *MISSING], 0.1) if later else words

    return cells


MAKERS = {
    "scaled": _scaled_maker,
    "one_hot": _category_maker,
    "codes": _codes_maker,
    "number": _number_maker,
    "category": _category_maker,
    "boolean": _boolean_maker,
    "date": _date_maker,
}
