"""A space is read or refused in one line, and a trial is a function of seed, space and number alone."""

from __future__ import annotations

import inspect
import tomllib

import numpy as np
import pytest

from glasshouse.errors import OptionError
from glasshouse.estimators.targets import Classes
from glasshouse.models.recipes import recipe_for
from glasshouse.sweeping import draws
from glasshouse.sweeping.default import DEFAULT
from glasshouse.sweeping.space import KEYS, OF_PRUNING, Range, space_of

WIDE = {
    "hidden": [[8], [16, 16], []],
    "activation": ["relu", "tanh"],
    "optimizer": ["adam", "lbfgs", "sgd"],
    "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
    "batch_size": {"low": 16, "high": 64},
    "dropout": [0, 0.5],
    "keep": [1, 0.5, 0.2],
    "criterion": ["magnitude", "obd"],
}


def recipe(settings, n_rows=1000):
    """What `train` takes for these settings."""
    chosen = {name: value for name, value in settings.items() if name not in OF_PRUNING}
    return recipe_for(Classes(np.arange(2)), n_rows, 0, **chosen)


def drawn(space, seed, trials) -> list[dict]:
    return draws.drawn(space, seed, trials, recipe)


def test_every_option_that_makes_a_recipe_can_be_swept() -> None:
    parameters = inspect.signature(recipe_for).parameters.values()
    of_recipe = {parameter.name for parameter in parameters if parameter.kind is parameter.KEYWORD_ONLY}
    of_run = {"metric", "sync_every"}  # what chooses is one for all trials; a trial is one process's
    assert set(KEYS) - set(OF_PRUNING) == of_recipe - of_run


def test_the_default_space_is_one_as_anybody_would_write_it(tmp_path) -> None:
    (tmp_path / "space.toml").write_text(DEFAULT)
    assert (
        space_of(tmp_path / "space.toml").options == space_of(None).options == space_of(tomllib.loads(DEFAULT)).options
    )
    assert len(drawn(space_of(None), 0, 100)) == 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "it names no option: write dropout = "),
        ("hiden = [[8]]", "no option to sweep is called 'hiden': did you mean 'hidden'?"),
        ("hidden = [8, 8]", "hidden holds 8: each choice is a list of units, as"),
        ("hidden = [[8, 0]]", "hidden_layer_sizes is 0: it must be a whole number of at least 1"),
        ("hidden = {low = 1, high = 2}", "hidden is a range, and it is no number: give a list of choices"),
        ('activation = "tanh"', "activation is 'tanh': give a list of choices, as"),
        ("activation = [1]", "activation holds 1: each choice is a name"),
        ('activation = ["thanh"]', "no activation is called 'thanh': did you mean 'tanh'?"),
        ('optimizer = ["adan"]', "no optimizer is called 'adan': did you mean 'adam'?"),
        ('criterion = ["obx"]', "no criterion is called 'obx': did you mean 'obs'?"),
        ("dropout = []", "dropout is an empty list: give at least one choice"),
        ("dropout = 0.5", "dropout is 0.5: give a list of choices, as [1, 2], or a range, as {low = 1, high = 2}"),
        ("dropout = [0.5, 1.0]", "dropout is 1.0: it must be at least 0 and below 1"),
        ('dropout = ["much"]', "dropout is 'much': it must be a number"),
        ("keep = [0.0]", "keep is 0.0: it must be above 0 and at most 1, the share of connections"),
        ("batch_size = [64.5]", "batch_size is 64.5: it must be a whole number"),
        ("l2 = {low = 0.1}", "the range of l2 has no high: write l2 = {low = …, high = …}"),
        ("l2 = {low = 1, hihg = 2}", "no part of the range of l2 is called 'hihg': did you mean 'high'?"),
        ("learning_rate = {low = 0.2, high = 0.1}", "the range of learning_rate goes from 0.2 to 0.1: low must be"),
        ("learning_rate = {low = -1, high = 0.1}", "learning_rate is -1: it must be a number above 0"),
        ("learning_rate = {low = 0.1, high = 0.2, log = 1}", "log of learning_rate is 1: it must be true or false"),
        ("l2 = {low = 0, high = 1, log = true}", "the range of l2 begins at 0: with log it must begin above 0"),
        ("l2 = {low = 0.5, high = 1, whole = true}", "low of l2 is 0.5: it must be a whole number"),
        ("l2 = [", "is no TOML (Invalid value (at end of document)): mend it"),
    ],
)
def test_what_is_no_space_is_refused_in_one_line(text, said, tmp_path) -> None:
    path = tmp_path / "space.toml"
    path.write_text(text)
    with pytest.raises(OptionError) as caught:
        space_of(path)
    assert said in str(caught.value)
    assert "space.toml" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path) -> None:
    with pytest.raises(OptionError, match=r"cannot read the space .*none\.toml: No such file"):
        space_of(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(OptionError, match="is no TOML"):
        space_of(tmp_path / "bytes.toml")


@pytest.mark.parametrize(
    "found", [Range(0.001, 0.5, log=True), Range(-2, 3), Range(1, 9, whole=True), Range(2, 1000, True, True)]
)
def test_a_range_reaches_both_ends_and_nothing_beyond(found) -> None:
    drawn = [found.at(u) for u in np.random.default_rng().random(3000)]
    assert (found.at(0.0), found.at(np.nextafter(1, 0))) == (found.low, found.high)
    assert min(drawn) >= found.low
    assert max(drawn) <= found.high
    middle = np.sqrt(found.low * found.high) if found.log else (found.low + found.high) / 2
    assert 0.4 < np.mean([value < middle for value in drawn]) < 0.6
    if found.whole:
        assert set(map(type, drawn)) == {int}


def test_more_trials_only_add_and_another_option_moves_no_other() -> None:
    seed = int(np.random.default_rng().integers(1 << 32))
    many = drawn(space_of(WIDE), seed, 40)
    assert many[0] == {}
    assert drawn(space_of(WIDE), seed, 13) == many[:13]
    assert drawn(space_of(WIDE), (seed + 1) % (1 << 32), 13) != many[:13]
    some = {"learning_rate": WIDE["learning_rate"], "clip_norm": {"low": 0.1, "high": 9}}  # no draw comes twice
    more = some | {"l2": {"low": 0.001, "high": 0.1}}
    rates = [[each["learning_rate"] for each in drawn(space_of(space), seed, 20)[1:]] for space in (some, more)]
    assert rates[0] == rates[1]


def test_a_small_space_is_tried_once_in_every_way_and_no_way_twice() -> None:
    found = drawn(space_of({"hidden": [[], [4]], "dropout": [0.0, 0.5], "keep": [1.0, 0.5]}), 3, 1000)
    assert len({repr(each) for each in found}) == len(found)
    # No hidden layer leaves dropout without a meaning: 1 + 2 ways, each kept whole or half; and the default.
    assert len(found) == 1 + 3 * 2


def test_a_small_space_is_gone_through_even_where_draws_hardly_find_it() -> None:
    odd = {"activation": ["tanh"] * 5000 + ["relu", "gelu", "sigmoid"], "epochs": {"low": 3, "high": 5}}
    for seed in range(3):
        found = drawn(space_of(odd), seed, 100)
        assert len(found) == len({repr(each) for each in found}) == 1 + 4 * 3
        assert drawn(space_of(odd), seed, 9) == found[:9]
    assert draws.combinations(space_of(odd | {"l2": {"low": 0, "high": 1}})) is None
    assert draws.combinations(space_of(odd | {"batch_size": {"low": 1, "high": 9999}})) is None


@pytest.mark.parametrize(
    "space",
    [
        {"hidden": [[128, 128]]},
        {"dropout": [0.0], "density": [1.0], "keep": [1]},
        {"optimizer": ["adam"], "activation": ["relu"], "epochs": [60], "l2": [2e-4], "batch_size": [64]},
    ],
)
def test_what_only_spells_out_the_default_is_not_tried_again(space) -> None:
    assert drawn(space_of(space), 0, 9) == [{}]
    one = {"learning_rate": [0.005, 0.01]}
    assert [each["learning_rate"] for each in drawn(space_of(space | one), 0, 9)[1:]] == [0.01]


def test_two_ways_to_write_one_recipe_are_one_trial() -> None:
    space = {"keep": [0.5], "criterion": ["magnitude", "obd"], "initializer": ["he", "he_normal"], "dropout": [0, 0.0]}
    found = drawn(space_of(space), 0, 99)
    assert sorted(each.get("criterion", "") for each in found) == ["", "magnitude", "obd"]


def test_what_has_nothing_to_act_on_is_left_out() -> None:
    for each in drawn(space_of(WIDE), 0, 200):
        if each.get("optimizer") == "lbfgs":
            assert not each.keys() & {"learning_rate", "batch_size", "dropout"}
        if each.get("hidden") == ():
            assert not each.keys() & {"activation", "dropout"}
        assert ("criterion" in each) == ("keep" in each)
        assert each.get("keep", 0.5) < 1
