"""What the two multilayer perceptrons share: parameters, the recipe they stand for, and the ways to fit."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from ..errors import OptionError, TrainingDiverged
from ..network.activations import ACTIVATIONS
from ..network.density import Density
from ..network.initializers import ALIASES, INITIALIZERS, Initializer
from ..network.layers import Sparse
from ..network.network import Network
from ..network.predictor import PANEL
from ..seeds import stream
from ..training.batches import Batches, Data
from ..training.loop import Validation, epoch, look_back
from ..training.optimizers import LBFGS, OPTIMIZERS, optimizer
from ..training.recipe import Recipe
from ..training.rewiring import Evolution
from ..training.schedules import SCHEDULES, Plateau, schedule
from ..training.state import State
from ..training.watchers import Printer
from .base import NUMBERS, BaseNetwork, Past, Run, rows_that_count, single_precision_holds
from .targets import Classes, Numbers, Targets

__all__ = ["BaseMLP"]

Array = npt.NDArray[Any]
EARLY_STOPPING_FROM = 10_000  # samples: below, a tenth of them is worth more as training data
SINGLE_PRECISION_FROM = 1_000  # samples: below, float64 costs nothing
ACTIVATIONS_OF = {"logistic": "sigmoid"}


class BaseMLP(BaseNetwork):
    """A multilayer perceptron with scikit-learn's parameter names; see MLPClassifier and MLPRegressor."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [
            StrOptions({name for name, row in ACTIVATIONS.items() if row.hidden} | {"logistic"}),
            list,
            tuple,
        ],
        "initializer": [StrOptions({"auto", *INITIALIZERS, *ALIASES}), Initializer],
        "solver": [StrOptions(set(OPTIMIZERS)), *OPTIMIZERS.values()],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({*SCHEDULES, "adaptive"}), *SCHEDULES.values()],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "early_stopping": [StrOptions({"auto"}), "boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
        "clip_norm": [None, Interval(Real, 0, None, closed="neither")],
        "average": ["boolean", Interval(Real, 0, 1, closed="left")],
        "density": [Interval(Real, 0, 1, closed="right"), Density],
        "evolution": [None, Evolution],
        "dtype": [StrOptions({"auto", "float32", "float64"})],
        "watch_health": ["boolean"],
    }
    _elsewhere: ClassVar[dict[str, str]] = {
        "beta_1": "write solver=Adam(beta_1={!r})",
        "beta_2": "write solver=Adam(beta_2={!r})",
        "epsilon": "write solver=Adam(epsilon={!r})",
        "momentum": "write solver=SGD(momentum={!r})",
        "nesterovs_momentum": "write solver=SGD(nesterov={!r})",
        "power_t": "write learning_rate=InverseScaling(power={!r})",
        "max_fun": "write max_iter={!r}: an iteration of L-BFGS is an epoch",
    }

    def _validate_params(self) -> None:
        super()._validate_params()
        self._recipe_of(
            1, "float64", "identity", "squared_error", 1.0, validated=False, seed=0
        )  # names what does not fit

    def _dtype_for(self, X: Any) -> str:
        if self.dtype != "auto":
            return str(self.dtype)
        exact = isinstance(optimizer(self.solver), LBFGS)
        return "float64" if exact or (X.dtype != np.float32 and X.shape[0] < SINGLE_PRECISION_FROM) else "float32"

    def _recipe_of(
        self,
        n_samples: int,
        dtype: str,
        output: str,
        loss: Any,
        loss_scale: float,
        validated: bool,
        seed: int,
        mean_weight: float = 1.0,
    ) -> Recipe:
        """Every choice of this fit. The penalties are scikit-learn's: alpha over the weight of a batch."""
        solver, patience = optimizer(self.solver), int(self.n_iter_no_change)
        batch_size = min(200, n_samples) if self.batch_size == "auto" else min(int(self.batch_size), n_samples)
        whole = isinstance(solver, LBFGS)
        mass = (n_samples if whole else batch_size) * mean_weight
        adaptive = self.learning_rate == "adaptive"
        sizes = _sizes(self.hidden_layer_sizes)
        dropout = (self.dropout,) if isinstance(self.dropout, Real) else tuple(self.dropout)
        return Recipe(
            output=output,
            loss=loss,
            loss_scale=loss_scale,
            hidden_layer_sizes=sizes,
            activation=(self.activation,) if isinstance(self.activation, str) else tuple(self.activation),
            initializer=self.initializer,
            density=self._density(),
            evolution=self.evolution,
            dtype=dtype,
            optimizer=solver,
            learning_rate=float(self.learning_rate_init),
            schedule=Plateau(0.2, patience) if adaptive else schedule(self.learning_rate),
            batch_size=min(PANEL, n_samples) if whole else batch_size,
            max_epochs=int(self.max_iter),
            shuffle=bool(self.shuffle),
            dropout=dropout,
            l2=float(self.alpha * (1 - self.l1_ratio) / mass),
            l1=float(self.alpha * self.l1_ratio / mass),
            clip_norm=None if self.clip_norm is None else float(self.clip_norm),
            average=float(self.average),
            monitor="validation_score" if validated else "loss",
            tol=float(self.tol),
            patience=patience + 1,  # scikit-learn stops once there have been more than n_iter_no_change
            seed=seed,
        )

    def _density(self) -> Density:
        """How sparse the network is; the evolution says how a plain share is dealt to the layers."""
        given, evolution = self.density, self.evolution
        whole = isinstance(given, Density)
        found = given if whole else Density(float(given), evolution.allocation if evolution else "erdos_renyi")
        if evolution is not None and found.share == 1:
            raise OptionError("evolution moves the connections of sparse layers: set density below 1")
        if evolution is not None and found.allocation != evolution.allocation:
            raise OptionError(
                f"density is dealt by {found.allocation!r}, evolution says {evolution.allocation!r}: say the same"
            )
        return found

    def _recipe(self, targets: Targets, data: Data, validated: bool, seed: int) -> Recipe:
        mean_weight = 1.0 if data.weight is None else float(data.of(data.weight).mean())
        dtype = data.Y.dtype.name
        return self._recipe_of(
            data.n_rows, dtype, targets.output, targets.loss, targets.loss_scale, validated, seed, mean_weight
        )

    def _is_watched(self) -> bool:
        return bool(self.watch_health)

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _asks_for_early_stopping(self, n_samples: int) -> bool:
        if isinstance(self.early_stopping, str):
            return n_samples > EARLY_STOPPING_FROM
        return bool(self.early_stopping)

    def _fit(
        self,
        X: Any,
        y: Array,
        targets: Targets,
        weight: Array | None,
        groups: Any,
        validation: Any,
        run: Run,
        shown: dict[str, Any],
    ) -> Self:
        """Hold rows out if rows are to choose, and train on the others; rows of weight 0 take no part at all."""
        groups = None if groups is None else _checked_groups(groups, len(y))
        X, y, weight, rows = rows_that_count(X, y, weight)
        groups = groups if groups is None or rows is None else groups[rows]
        early = self._asks_for_early_stopping(len(y))
        if groups is not None and (validation is not None or not early):
            raise ValueError("groups keep rows together when some are held out, and none are: set early_stopping=True")
        dtype, seed = self._dtype_for(X), self._seed()
        data, chooser = Data(single_precision_holds(X, dtype), targets.encode(y, dtype), weight), None
        if validation is not None:
            chooser = Validation(self._validation_rows(validation, targets, dtype), targets.score)
        elif early:
            data, held_out = self._held_out(data, y, targets, groups, seed)
            chooser = Validation(held_out, targets.score)
        recipe = self._recipe(targets, data, chooser is not None, seed)
        network = self._network_so_far(targets, recipe, X.shape[1]) if self.warm_start else None
        self.__dict__.pop("_state", None)
        if self.verbose and isinstance(run.watchers, list | tuple):
            run = run._replace(watchers=[*run.watchers, Printer()])
        return self._run(data, targets, recipe, chooser, run, network, shown)

    def _held_out(self, data: Data, y: Array, targets: Targets, groups: Any, seed: int) -> tuple[Data, Data]:
        """Rows that train and rows that choose: by class where each has enough, or by group where groups are given."""
        seed = int(stream(seed, "split").integers(2**31 - 1))
        rows, share = np.arange(data.n_rows), self.validation_fraction
        held = math.ceil(share * len(rows))
        if not 1 <= held < len(rows):
            raise ValueError(
                f"validation_fraction={share} holds {held} of {len(rows)} rows out: change it, or early_stopping=False"
            )
        classes, counts = np.unique(y, return_counts=True) if isinstance(targets, Classes) else ((), np.array([0]))
        if groups is None:
            enough = counts.min() > 1 and len(classes) <= min(held, len(rows) - held)
            parts = train_test_split(rows, test_size=held, random_state=seed, stratify=y if enough else None)
        else:
            if not 1 <= math.ceil(share * len(np.unique(groups))) < len(np.unique(groups)):
                raise ValueError(
                    f"validation_fraction={share} leaves no group on one side: change it, or early_stopping=False"
                )
            parts = next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, groups=groups))
        if len(classes) > 1 and len(np.unique(y[parts[0]])) < 2:
            raise ValueError("the rows left to train hold one class only: give other groups, or early_stopping=False")
        train, out = (data._replace(rows=part) for part in parts)
        return train, out

    def _validation_rows(self, validation: Any, targets: Targets, dtype: str) -> Data:
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise ValueError("validation must be (X, y) or (X, y, sample_weight)")
        X = validate_data(self, validation[0], reset=False, dtype=NUMBERS, accept_sparse="csr")
        y = targets.checked(validation[1], "validation")
        if len(y) != X.shape[0]:
            raise ValueError(f"validation has {X.shape[0]} rows of X and {len(y)} of y: give as many")
        given = validation[2] if len(validation) == 3 else None
        of_classes = getattr(self, "class_weight", None), getattr(targets, "classes", None)
        weight = self._weights(X, y, given, *of_classes)
        return Data(single_precision_holds(X, dtype), targets.encode(y, dtype), weight)

    def _network_so_far(self, targets: Targets, recipe: Recipe, n_features: int) -> Network | None:
        """The weights of an earlier fit, for a warm start; None before there is one."""
        if not hasattr(self, "network_"):
            return None
        if not isinstance(targets, Numbers) and not np.array_equal(self.classes_, targets.classes):
            raise ValueError("warm_start goes on with the classes of the last fit: set warm_start=False")
        there, here = self.network_, recipe.initialized(n_features, targets.n_outputs)
        if _shape(there) != _shape(here):
            raise ValueError(
                f"warm_start goes on with a network {_shape(there)}, these parameters make {_shape(here)}: "
                "set warm_start=False, or keep the layers as they were"
            )
        return targets.unfinished(there).astype(recipe.dtype)

    def _fit_part(self, X: Any, y: Array, targets: Targets, weight: Array | None) -> Self:
        """One epoch over these rows, going on from what there is."""
        if not isinstance(self.early_stopping, str) and self.early_stopping:
            raise ValueError("partial_fit holds no rows out: set early_stopping=False")
        state: State | None = getattr(self, "_state", None)
        fitted = getattr(self, "recipe_", None)
        dtype = self._dtype_for(X) if fitted is None else fitted.dtype
        data = Data(single_precision_holds(X, dtype), targets.encode(y, dtype), weight)
        recipe = self._recipe(targets, data, False, self._seed() if fitted is None else fitted.seed)
        if fitted is not None:
            self._expect_same(recipe, fitted)
        if state is None:
            earlier = self._network_so_far(targets, recipe, X.shape[1])
            state = State.begun(earlier or recipe.initialized(X.shape[1], targets.n_outputs), recipe)
            state.history = list(getattr(self, "history_", []))
            state.epoch, state.samples = len(state.history), getattr(self, "t_", 0)
        generator = state.generator if recipe.shuffle else None
        try:
            row = epoch(state, Batches(data, recipe.batch_size, generator, recipe.loss_scale), recipe)
            state.epoch += 1
            state.history.append({"epoch": state.epoch, **row})
            look_back(state, recipe)
            if self.verbose:
                Printer().after_epoch(state)
        except TrainingDiverged:
            self._keep(state, targets, recipe)
            raise
        finally:
            state.release()
        return self._keep(state, targets, recipe)

    def _keep(self, state: State, targets: Targets, recipe: Recipe) -> Self:
        self._state = state
        self.__dict__.update(self._attributes(state, targets, recipe, None, Past()))
        return self

    def _expect_same(self, recipe: Recipe, before: Recipe) -> None:
        """What a part may not change: the network, what it is judged by, and the memory of its steps."""
        now = {
            "loss": self.loss,
            "out_activation": ACTIVATIONS_OF.get(out := getattr(self, "out_activation", "auto"), out),
            "dtype": before.dtype if self.dtype == "auto" else self.dtype,
        }
        if now["out_activation"] == "auto":
            now["out_activation"] = before.output
        was = {"loss": before.loss, "out_activation": before.output, "dtype": before.dtype}
        for name in ("hidden_layer_sizes", "activation", "density", "evolution", "optimizer", "average"):
            now[name], was[name] = getattr(recipe, name), getattr(before, name)
        for name, value in now.items():
            if value != was[name]:
                begun = f"partial_fit goes on with {name} {was[name]!r}, which is now {value!r}"
                raise ValueError(f"{begun}: set it back, or begin with fit")

    def _stochastic(self) -> bool:
        """Whether there is a `partial_fit`: L-BFGS needs all rows at once."""
        if isinstance(optimizer(self.solver), LBFGS):
            raise AttributeError(
                "partial_fit learns from rows as they come: choose solver 'adam' or 'sgd', not 'lbfgs'"
            )
        return True


def _sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    sizes = np.atleast_1d(np.asarray(hidden_layer_sizes, dtype=object)).tolist()
    for size in sizes:
        if not isinstance(size, Integral) or size < 1:
            raise ValueError(
                f"hidden_layer_sizes holds {size!r}: every layer needs a whole number of units, at least 1"
            )
    return tuple(int(size) for size in sizes)


def _checked_groups(groups: Any, n_rows: int) -> Array:
    groups = np.asarray(groups)
    if groups.shape != (n_rows,):
        raise ValueError(f"groups has the shape {groups.shape} for {n_rows} rows: give one for each")
    groups = np.unique(groups.astype(str), return_inverse=True)[1] if groups.dtype == object else groups
    if len(np.unique(groups)) < 2:
        raise ValueError("groups holds one group only: give two or more, or early_stopping=False")
    return groups


def _shape(network: Network) -> str:
    """A network in words: units, activations, and the connections of what is sparse."""
    layers = [
        f"{layer.fan_out} {layer.activation}"
        + (f" ({layer.topology.n_connections} connections)" if isinstance(layer, Sparse) else "")
        for layer in network.layers
    ]
    return " - ".join([str(network.n_features), *layers])
