"""What the docstrings of MLPClassifier and MLPRegressor say alike: parameters, how to fit, what is left after it."""

from __future__ import annotations

__all__ = ["FIT", "LEAVES", "PARAMETERS"]

PARAMETERS = """
    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of each hidden layer; ``()`` for none.
    activation : str or sequence of str, default='relu'
        Of the hidden layers, one for all or one each: 'relu', 'leaky_relu', 'elu', 'gelu', 'silu', 'softplus', 'tanh',
        'sigmoid' (also 'logistic'), 'identity', 'exp'.
    loss : str or function
        See above; or (a, y) -> (value, dL/da) on arrays (n_samples, n_outputs), value (n_samples,). It sees targets as
        the network does: classes as 0 and 1; numbers with mean 0 and deviation 1, unless `out_activation` keeps them.
    initializer : str or Initializer, default='auto'
        'auto' gives every layer what its activation wants: he_normal for relu and its kin, glorot_uniform for tanh and
        sigmoid. ``Initializer('normal', scale=0.1)`` has a scale of its own.
    solver : str, or SGD, RMSprop, Adam, AdamW or LBFGS, default='adam'
        'adam', 'adamw', 'sgd', 'rmsprop', 'lbfgs'; an object holds its own settings: ``SGD(momentum=0.5)``, and a grid
        search tries whole objects. L-BFGS takes all rows at once and has no batches, order or learning rate.
    alpha, l1_ratio : float, default=0.0001, 0.0
        Adds alpha * ((1 - l1_ratio) / 2 * sum of w² + l1_ratio * sum of |w|) to the loss, over the weight of a batch
        (its rows, if each counts 1). L1 makes weights 0 (those of a running mean only nearly).
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
    evolution : Evolution or None, default=None
        How the connections of a sparse network move while it trains: ``Evolution()`` is SET,
        ``Evolution(grow='gradient', every=100)`` RigL.
    dtype : {'auto', 'float32', 'float64'}, default='auto'
        Precision of the arithmetic. 'auto' is float64 for L-BFGS and below 1,000 rows of float64, else float32.
    watch_health : bool, default=True
        Look at a few batches while it trains, and say in `health_` what is wrong; a HealthWarning names what is severe.
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
            Rows that choose the best epoch, encoded like X (a Pipeline hands them on untouched); nothing is then held
            out of X.
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
            If the loss stops being finite: lower `learning_rate_init`. The last finite weights are kept, and
            `diagnosis` of the error says what was seen before.
"""
LEAVES = """    network_ : Network
        Frozen layers over one vector of parameters.
    history_ : list of dict
        One flat row an epoch, ready for a frame: epoch, loss, penalty, learning_rate and, with validation,
        validation_loss and validation_score.
    health_ : Diagnosis
        What was found wrong, the worst first, if `watch_health`; print it.
    loss_curve_, best_loss_, loss_, n_iter_, t_, coefs_, intercepts_, n_layers_, n_outputs_, out_activation_,
    validation_scores_, best_validation_score_ :
        As in scikit-learn; the loss curve is loss and penalty together."""
