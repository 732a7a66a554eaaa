"""What the two multilayer perceptrons share: parameters, the recipe they stand for, and the ways to fit."""

from __future__ import annotations

from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import validate_data

from ..network.activations import ACTIVATIONS
from ..network.density import Density
from ..network.initializers import ALIASES, INITIALIZERS, Initializer
from ..network.network import Network
from ..network.predictor import PANEL
from ..seeds import stream
from ..training.batches import Batches, Data
from ..training.loop import Validation, epoch, look_back
from ..training.optimizers import LBFGS, OPTIMIZERS, optimizer
from ..training.recipe import Recipe
from ..training.schedules import SCHEDULES, Plateau, schedule
from ..training.state import State
from ..training.watchers import Printer
from .base import BaseNetwork, Run, known_labels, single_precision_holds
from .targets import Classes, Targets

__all__ = ["FIT", "LEAVES", "PARAMETERS", "BaseMLP"]

Array = npt.NDArray[Any]
EARLY_STOPPING_FROM = 10_000  # samples: below, a tenth of them is worth more as training data
SINGLE_PRECISION_FROM = 1_000  # samples: below, float64 costs nothing


PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : str or sequence of str, default='relu'
        Of the hidden layers, one for all or one each: 'relu', 'leaky_relu', 'elu', 'gelu', 'silu', 'softplus', 'tanh',
        'sigmoid' (also 'logistic'), 'identity', 'exp'.
    loss : str or function
        See above; or (a, y) -> (value, dL/da) on arrays (n_samples, n_outputs), value (n_samples,).
    initializer : str or Initializer, default='auto'
        'auto' gives every layer what its activation wants: he_normal for relu and its kin, glorot_uniform for tanh and
        sigmoid. ``Initializer('normal', scale=0.1)`` has a scale of its own.
    solver : str, or SGD, RMSprop, Adam, AdamW or LBFGS, default='adam'
        'adam', 'adamw', 'sgd', 'rmsprop', 'lbfgs'; an object holds its own settings: ``SGD(momentum=0.5)``.
    alpha, l1_ratio : float, default=0.0001, 0.0
        Adds alpha / batch size * ((1 - l1_ratio) / 2 * sum of w² + l1_ratio * sum of |w|) to the loss. L1 makes
        weights 0.
    batch_size : int or 'auto', default='auto'
        min(200, n_samples) if 'auto'.
    learning_rate : str, or Constant, StepDecay, Cosine, OneCycle, Plateau or InverseScaling, default='constant'
        How the rate changes: 'constant', 'step', 'cosine', 'one_cycle', 'plateau', and scikit-learn's 'invscaling' and
        'adaptive' (a fifth of the rate instead of an end, whenever n_iter_no_change epochs brought nothing).
    learning_rate_init : float, default=0.001
        The number.
    max_iter : int, default=200
        Epochs at most; iterations of L-BFGS.
    shuffle : bool, default=True
        Draw a new order of the rows every epoch.
    random_state : int, RandomState or None, default=None
        Seeds weights, order, dropout and the validation split.
    tol, n_iter_no_change : float, int, default=1e-4, 10
        Stop when the training loss, or the validation score if there is one, has not improved by `tol` for more than
        `n_iter_no_change` epochs; L-BFGS stops when no part of the gradient is larger than `tol`.
    verbose : bool, default=False
        Print a line an epoch.
    warm_start : bool, default=False
        Begin with the weights of the last fit.
    early_stopping : bool or 'auto', default='auto'
        Hold out `validation_fraction` of the rows to choose the best epoch. 'auto' does so above 10,000 rows.
    validation_fraction : float, default=0.1
    dropout : float or sequence of float, default=0.0
        The share of each hidden layer's units that a step leaves out.
    clip_norm : float or None, default=None
        Shorten the gradient to this norm where it is longer.
    average : bool or float, default=False
        Keep the running mean of the weights: of all steps if True; a number below 1 is the share an older mean keeps.
    density : float or Density, default=1.0
        The share of the weights that exists, drawn at random; ``Density(0.1, 'uniform')`` says how it is dealt.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of the arithmetic. 'auto' is float64 for L-BFGS and below 1,000 rows of float64, else float32.
"""
FIT = """
        Parameters
        ----------
        X : array, frame or CSR matrix, (n_samples, n_features)
            A CSR matrix is written out a batch at a time.
        sample_weight : (n_samples,) or None
            A row of weight 2 counts as the row twice, one of weight 0 not at all.
        groups : (n_samples,) or None
            Rows of a group stay on one side when some are held out.
        validation : (X, y), (X, y, sample_weight) or None
            Rows that choose the best epoch; nothing is then held out of X.
        watchers : sequence of Watcher
            Called after every step and epoch.
        checkpoint : path or None
            The whole state is written there after every epoch.
        resume : bool
            Go on from the checkpoint, to the same bits as without the stop; begin if there is none yet.

        Raises
        ------
        ValueError
            If X or y hold missing or infinite numbers, or choices do not fit each other.
        TrainingDiverged
            If the loss stops being finite: lower `learning_rate_init`. The last finite weights are kept.
"""
LEAVES = """    network_ : Network
        Frozen layers over one vector of parameters.
    history_ : list of dict
        One flat row an epoch, ready for a frame: epoch, loss, penalty, learning_rate and, with validation,
        validation_loss and validation_score.
    loss_curve_, best_loss_, loss_, n_iter_, t_, coefs_, intercepts_, n_layers_, n_outputs_, out_activation_,
    validation_scores_, best_validation_score_ :
        As in scikit-learn; the loss curve is loss and penalty together."""


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
        "dtype": [StrOptions({"auto", "float32", "float64"})],
    }
    _elsewhere: ClassVar[dict[str, str]] = {
        "beta_1": "solver=Adam(beta_1={!r})",
        "beta_2": "solver=Adam(beta_2={!r})",
        "epsilon": "solver=Adam(epsilon={!r})",
        "momentum": "solver=SGD(momentum={!r})",
        "nesterovs_momentum": "solver=SGD(nesterov={!r})",
        "power_t": "learning_rate=InverseScaling(power={!r})",
        "max_fun": "max_iter={!r}: an iteration of L-BFGS is an epoch",
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
        return "float64" if exact or (X.dtype == np.float64 and X.shape[0] < SINGLE_PRECISION_FROM) else "float32"

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
        dropout = (float(self.dropout),) if isinstance(self.dropout, Real) else tuple(self.dropout)
        return Recipe(
            output=output,
            loss=loss,
            loss_scale=loss_scale,
            hidden_layer_sizes=sizes,
            activation=(self.activation,) if isinstance(self.activation, str) else tuple(self.activation),
            initializer=self.initializer,
            density=self.density if isinstance(self.density, Density) else Density(float(self.density)),
            dtype=dtype,
            optimizer=solver,
            learning_rate=float(self.learning_rate_init),
            schedule=Plateau(0.2, patience) if adaptive else schedule(self.learning_rate),
            batch_size=min(PANEL, n_samples) if whole else batch_size,
            max_epochs=int(self.max_iter),
            shuffle=bool(self.shuffle),
            dropout=dropout if any(dropout) else (),
            l2=float(self.alpha * (1 - self.l1_ratio) / mass),
            l1=float(self.alpha * self.l1_ratio / mass),
            clip_norm=None if self.clip_norm is None else float(self.clip_norm),
            average=float(self.average),
            monitor="validation_score" if validated else "loss",
            tol=float(self.tol),
            patience=patience + 1,  # scikit-learn stops once there have been more than n_iter_no_change
            seed=seed,
        )

    def _recipe(self, targets: Targets, data: Data, validated: bool, seed: int) -> Recipe:
        mean_weight = 1.0 if data.weight is None else float(data.weight.mean())
        dtype = data.Y.dtype.name
        return self._recipe_of(
            len(data.Y), dtype, targets.output, targets.loss, targets.loss_scale, validated, seed, mean_weight
        )

    def _seed(self) -> int:
        return int(check_random_state(self.random_state).randint(2**31 - 1))

    def _fit(
        self, X: Any, y: Array, targets: Targets, weight: Array | None, groups: Any, validation: Any, run: Run
    ) -> Self:
        """Hold rows out if rows are to choose, and train on the others."""
        dtype, shown = self._dtype_for(X), (X, y)
        early = self.early_stopping is True or (self.early_stopping == "auto" and X.shape[0] > EARLY_STOPPING_FROM)
        if groups is not None and (validation is not None or not early):
            raise ValueError("groups keep rows together when some are held out, and none are: set early_stopping=True")
        X, seed = single_precision_holds(X, dtype), self._seed()
        data, chooser = Data(X, targets.encode(y, dtype), weight), None
        if validation is not None:
            chooser = Validation(self._validation_rows(validation, targets, dtype), targets.score)
        elif early:
            data, held_out = self._held_out(data, y, targets, groups, seed)
            chooser = Validation(held_out, targets.score)
        recipe = self._recipe(targets, data, chooser is not None, seed)
        network = self._network_so_far(targets, recipe) if self.warm_start else None
        self.__dict__.pop("_state", None)
        watchers = [*run.watchers, *([Printer()] if self.verbose else [])]
        return self._run(data, targets, recipe, chooser, run._replace(watchers=watchers), network, shown)

    def _held_out(self, data: Data, y: Array, targets: Targets, groups: Any, seed: int) -> tuple[Data, Data]:
        """Rows that train and rows that choose: by class, or by group where groups are given."""
        seed = int(stream(seed, "split").integers(2**31 - 1))
        rows, share = np.arange(len(data.Y)), self.validation_fraction
        if groups is None:
            alike = isinstance(targets, Classes) and np.unique(y, return_counts=True)[1].min() > 1
            parts = train_test_split(rows, test_size=share, random_state=seed, stratify=y if alike else None)
        else:
            groups = np.asarray(groups)
            if len(groups) != len(rows):
                raise ValueError(f"groups has {len(groups)} entries for {len(rows)} rows: give one for each")
            parts = next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, groups=groups))
        train, held = (
            Data(data.X[part], data.Y[part], None if data.weight is None else data.weight[part]) for part in parts
        )
        if held.weight is not None and not held.weight.any():
            raise ValueError("every row held out has the weight 0: set another validation_fraction or random_state")
        return train, held

    def _validation_rows(self, validation: Any, targets: Targets, dtype: str) -> Data:
        if not isinstance(validation, tuple | list) or len(validation) not in (2, 3):
            raise ValueError("validation must be (X, y) or (X, y, sample_weight)")
        X = validate_data(self, validation[0], reset=False, dtype=(np.float64, np.float32), accept_sparse="csr")
        y = known_labels(np.asarray(validation[1]), targets, "validation")
        if len(y) != X.shape[0]:
            raise ValueError(f"validation has {X.shape[0]} rows of X and {len(y)} of y: give as many")
        weight = self._weights(X, y, validation[2] if len(validation) == 3 else None)
        return Data(single_precision_holds(X, dtype), targets.encode(y, dtype), weight)

    def _network_so_far(self, targets: Targets, recipe: Recipe) -> Network | None:
        """The weights of an earlier fit, for a warm start; None before there is one."""
        if not hasattr(self, "network_"):
            return None
        network = targets.unfinished(self.network_).astype(recipe.dtype)
        wanted = recipe.initialized(network.n_features, targets.n_outputs)
        if [layer.activation for layer in network.layers] != [layer.activation for layer in wanted.layers] or (
            network.sizes != wanted.sizes
        ):
            raise ValueError(
                f"warm_start continues a network {'-'.join(map(str, network.sizes))}, these parameters make one of "
                f"{'-'.join(map(str, wanted.sizes))}: set warm_start=False, or keep the layers as they were"
            )
        return network

    def _fit_part(self, X: Any, y: Array, targets: Targets, weight: Array | None) -> Self:
        """One epoch over these rows, going on from what there is."""
        if self.early_stopping is True:
            raise ValueError("partial_fit holds no rows out: set early_stopping=False")
        begun: State | None = getattr(self, "_state", None)
        dtype = self._dtype_for(X) if begun is None else begun.network.dtype.name
        data = Data(single_precision_holds(X, dtype), targets.encode(y, dtype), weight)
        recipe = self._recipe(targets, data, False, self._seed() if begun is None else self.recipe_.seed)
        if begun is None:
            network = self._network_so_far(targets, recipe) or recipe.initialized(X.shape[1], targets.n_outputs)
            begun = State.begun(network, recipe)
        state = self._state = begun
        generator = state.generator if recipe.shuffle else None
        try:
            row = epoch(state, Batches(data, recipe.batch_size, generator, recipe.loss_scale), recipe)
            state.epoch += 1
            state.history.append({"epoch": state.epoch, **row})
            look_back(state, recipe)
        finally:
            state.release()
            self.__dict__.update(self._attributes(state, targets, recipe, None))
        return self

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
