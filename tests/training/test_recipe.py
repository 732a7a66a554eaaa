"""Recipes: what fits together, what cannot be, and the way through a file."""

from __future__ import annotations

import pytest
from runs import recipe

from glasshouse.errors import OptionError
from glasshouse.network.density import Density
from glasshouse.network.initializers import Initializer
from glasshouse.network.layers import Dense, Sparse
from glasshouse.training.optimizers import LBFGS, OPTIMIZERS, Adam, AdamW
from glasshouse.training.recipe import Recipe
from glasshouse.training.rewiring import Evolution
from glasshouse.training.schedules import SCHEDULES, Cosine, Plateau, Progress


@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=lambda row: row.name)
@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=lambda row: row.name)
def test_recipes_survive_a_file(optimizer, schedule) -> None:
    smooth = {
        "schedule": schedule(),
        "dropout": (0.1, 0.0),
        "l1": 0.1,
        "clip_norm": 2.0,
        "average": 0.5,
        "warm_up": 7,
        "sync_every": 3,
    }
    chosen = recipe(
        optimizer=optimizer(),
        hidden_layer_sizes=(3, 4),
        activation=("gelu", "logistic"),
        initializer=Initializer("normal", 0.2),
        density=Density(0.5, "uniform"),
        patience=None,
        seed=9,
        **({} if optimizer is LBFGS else smooth),
    )
    assert chosen.activation == ("gelu", "sigmoid")
    assert Recipe.from_dict(chosen.to_dict()) == chosen
    assert recipe(optimizer=Adam(0.5, 0.6, 1e-3), schedule=Plateau(0.3)).to_dict()["schedule"]["decay"] == 0.3


def test_a_loss_of_ones_own_is_custom_in_a_file_and_cannot_be_made_again() -> None:
    document = recipe(loss=lambda a, y: (a, y)).to_dict()
    assert document["loss"].startswith("custom: ")
    with pytest.raises(OptionError, match="no loss is called 'custom: "):
        Recipe.from_dict(document)


def test_layers_are_sparse_below_density_1_and_drawn_by_the_seed() -> None:
    def layers(**choices):
        return recipe(hidden_layer_sizes=(30, 20), **choices).initialized(50, 2).layers

    assert all(isinstance(layer, Dense) for layer in layers())
    sparse = layers(density=Density(0.1))
    assert [type(layer) for layer in sparse] == [Sparse, Sparse, Sparse]
    kept = sum(layer.topology.n_connections for layer in sparse)
    assert kept == pytest.approx(0.1 * (50 * 30 + 30 * 20 + 20 * 2), abs=2)
    shares = [layer.topology.n_connections / (layer.fan_in * layer.fan_out) for layer in sparse]
    assert shares == sorted(shares)  # narrow layers stay denser
    uniform = layers(density=Density(0.1, "uniform"))
    assert [layer.topology.n_connections for layer in uniform] == [150, 60, 4]
    again, other = layers(density=Density(0.1)), layers(density=Density(0.1), seed=1)
    assert (again[0].topology.inputs == sparse[0].topology.inputs).all()
    assert not (other[0].topology.inputs == sparse[0].topology.inputs).all()
    for wrong in (0.0, 1.1, float("nan")):
        with pytest.raises(OptionError, match="it must be above 0 and at most 1"):
            Density(wrong)


def test_the_rate_warms_up_in_equal_parts_to_what_the_schedule_says() -> None:
    def rates(**choices):
        chosen = recipe(learning_rate=0.5, max_epochs=3, **choices)
        return [chosen.rate(Progress(step // 4, 3, step, 12, 0, 0)) for step in range(12)]

    plain = rates()
    assert plain == rates(warm_up=1) == [0.5] * 12
    assert rates(warm_up=5) == pytest.approx([0.1, 0.2, 0.3, 0.4, *plain[4:]], rel=1e-15)
    falling = rates(schedule=Cosine())
    assert rates(schedule=Cosine(), warm_up=8) == pytest.approx(
        [rate * min(step / 8, 1) for step, rate in enumerate(falling, start=1)], rel=1e-15
    )


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ({"loss": "cross_entropi"}, "did you mean 'cross_entropy'"),
        ({"output": "tanh"}, "cannot judge tanh"),
        ({"activation": ("softmax",)}, "belongs to the last layer"),
        ({"activation": ("sign",)}, "belongs to the last layer: for hidden layers choose one of identity"),
        ({"activation": ("relu", "tanh")}, "activation has 2 entries for 1 hidden layers"),
        ({"dropout": (0.1, 0.2)}, "dropout has 2 entries for 1 hidden layers"),
        ({"dropout": (1.0,)}, "dropout is 1.0: it must be at least 0 and below 1"),
        ({"clip_norm": 0.0}, "clip_norm is 0.0"),
        ({"average": 1.5}, "average is 1.5"),
        ({"l1": -0.1}, "l1 is -0.1"),
        (
            {"optimizer": AdamW(weight_decay=200.0), "learning_rate": 0.01},
            r"learning_rate \* weight_decay is 2: keep it",
        ),
        ({"learning_rate": 1e39, "dtype": "float32"}, r"learning_rate is 1e\+39 with epsilon 1e-08: beyond float32"),
        ({"optimizer": Adam(epsilon=1e-42), "dtype": "float32"}, "with epsilon 1e-42: beyond float32"),
        ({"dropout": (0.1,), "hidden_layer_sizes": ()}, "dropout leaves out hidden units, and there are none"),
        ({"batch_size": 1 << 62}, "batch_size is"),
        ({"optimizer": LBFGS(), "dropout": (0.1,)}, "lbfgs takes whole, smooth steps and knows no dropout"),
        ({"optimizer": LBFGS(), "l1": 0.1}, "knows no l1"),
        ({"optimizer": LBFGS(), "schedule": Cosine()}, "knows no schedule"),
        ({"optimizer": LBFGS(), "warm_up": 5}, "knows no warm_up"),
        ({"optimizer": LBFGS(), "sync_every": 2}, "knows no sync_every"),
        (
            {"density": Density(0.5), "evolution": Evolution(), "sync_every": 2},
            "sync_every is 2: connections that move",
        ),
        ({"sync_every": 0}, "sync_every is 0: it must be a whole number of at least 1"),
        ({"sync_every": 1.5}, "sync_every is 1.5: it must be a whole number"),
        ({"warm_up": -1}, "warm_up is -1: it must be a whole number of at least 0"),
        ({"optimizer": LBFGS(), "dtype": "float32"}, "set dtype to 'float64'"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0: it must be a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate is nan"),
        ({"batch_size": 0}, "batch_size is 0: it must be a whole number of at least 1"),
        ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes is 0"),
        ({"l2": -1.0}, "l2 is -1.0"),
        ({"tol": float("nan")}, "tol is nan"),
        ({"loss_scale": 0.0}, "loss_scale is 0.0"),
        ({"dtype": "float32", "optimizer": Adam(epsilon=1e-50)}, "it is 0 in float32"),
        ({"initializer": "she"}, "no initializer is called 'she'"),
    ],
)
def test_recipes_refuse_what_cannot_be(choices, message) -> None:
    with pytest.raises(OptionError, match=message):
        recipe(**choices)
