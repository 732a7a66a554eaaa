"""What was trained elsewhere predicts the same here: estimators, and pipelines of every known step."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.datasets import load_iris, make_multilabel_classification
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler

import glasshouse as gh

NUMBERS, WORDS = ["age", "fare"], ["port", "class"]


def frame(seed: int, n: int = 90, missing: bool = True) -> pd.DataFrame:
    """A table with numbers, texts, numbered categories and truths, and cells that are missing."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": rng.normal(40, 12, n).round(1),
            "port": rng.choice(["Bern", " Ulm ", "?", "a, b"], n),
            "fare": rng.gamma(2, 30, n),
            "class": rng.choice([1, 2, 3], n),
            "member": rng.random(n) < 0.4,
            "ticket": [f"t{k}" for k in range(n)],
        }
    )
    if missing:
        X["age"] = X["age"].mask(rng.random(n) < 0.15)
        X["port"] = X["port"].mask(rng.random(n) < 0.15)
        X["class"] = X["class"].astype(float).mask(rng.random(n) < 0.15)
    return X


def labels(X: pd.DataFrame, n_classes: int, seed: int = 0) -> np.ndarray:
    z = X["age"].fillna(50) / 12 + X["member"] * 2 + (X["class"] == 2) + (X["port"] == "Bern")
    z = z + np.random.default_rng(seed).normal(0, 0.7, len(X))
    return np.array([f"c{k}" for k in range(n_classes)])[np.argsort(np.argsort(z)) * n_classes // len(X)]


def fitted(estimator, X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, y)


def assert_same(theirs, X, **options) -> gh.Model:
    model = gh.Model.of(theirs, **options)
    wanted = theirs.predict(X)
    if model.task == "regression":
        assert np.allclose(model.predict(X), wanted, rtol=1e-5, atol=1e-5 * np.abs(wanted).max())
        return model
    assert model.predict(X).tolist() == [str(label) for label in wanted]
    if hasattr(theirs, "predict_proba"):
        assert np.abs(model.predict_proba(X) - theirs.predict_proba(X)).max() < 1e-5
    return model


ESTIMATORS = {
    "mlp": lambda: MLPClassifier((7, 4), max_iter=60, random_state=0),
    "mlp tanh": lambda: MLPClassifier((5,), activation="tanh", max_iter=60, random_state=0),
    "mlp logistic": lambda: MLPClassifier((5,), activation="logistic", max_iter=60, random_state=0),
    "mlp identity": lambda: MLPClassifier((5,), activation="identity", max_iter=60, random_state=0),
    "logistic": lambda: LogisticRegression(max_iter=200),
    "without intercept": lambda: LogisticRegression(fit_intercept=False),
    "perceptron": lambda: Perceptron(random_state=0),
    "ours": lambda: gh.MLPClassifier((6,), max_iter=20, random_state=0),
    "ours, sparse": lambda: gh.MLPClassifier((12,), density=0.4, max_iter=20, random_state=0, watch_health=False),
    "our perceptron": lambda: gh.Perceptron(max_iter=20),
}


@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("name", ESTIMATORS)
def test_classifiers_alone_and_after_a_scaler(name, n_classes, tmp_path) -> None:
    X = frame(1, missing=False)[NUMBERS]
    y = labels(frame(1, missing=False), n_classes)
    alone = fitted(ESTIMATORS[name](), StandardScaler().fit_transform(X), y)
    assert_same(alone, pd.DataFrame(StandardScaler().fit_transform(X), columns=["x1", "x2"]).to_numpy())
    piped = fitted(make_pipeline(StandardScaler(), ESTIMATORS[name]()), X, y)
    model = assert_same(piped, X, target="species")
    assert [encoding.kind for encoding in model.encoder.encodings] == ["scaled", "scaled"]
    model.save(tmp_path / "m.glass")
    again = gh.load(tmp_path / "m.glass")
    assert np.array_equal(again.outputs(X)[0], model.outputs(X)[0])
    assert again.evaluate(X.assign(species=y)).scores["accuracy"] == piped.score(X, y)


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("ours", [False, True])
def test_regressors(loss, ours) -> None:
    X = frame(2, missing=False)[NUMBERS]
    y = X["fare"].to_numpy() + 3 * X["age"].to_numpy()
    kind = gh.MLPRegressor if ours else MLPRegressor
    theirs = make_pipeline(StandardScaler(), kind(hidden_layer_sizes=(6,), loss=loss, max_iter=40, random_state=0))
    assert assert_same(fitted(theirs, X, y), X).recipe.loss == loss


SCALE = {
    "as it is": lambda: "passthrough",
    "scaled": StandardScaler,
    "not centred": lambda: StandardScaler(with_mean=False),
    "centred": lambda: StandardScaler(with_std=False),
}
IMPUTE = {
    "mean": SimpleImputer,
    "median, told": lambda: SimpleImputer(strategy="median", add_indicator=True),
    "constant": lambda: SimpleImputer(strategy="constant", fill_value=-7),
    "most frequent, told": lambda: SimpleImputer(strategy="most_frequent", add_indicator=True),
}
ENCODE = {
    "levels": lambda: OneHotEncoder(handle_unknown="ignore"),
    "first dropped": lambda: OneHotEncoder(drop="first", sparse_output=False),
    "two are one": lambda: OneHotEncoder(drop="if_binary", handle_unknown="infrequent_if_exist"),
    "most frequent": lambda: make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder()),
    "constant": lambda: make_pipeline(
        SimpleImputer(strategy="constant", fill_value="gone", missing_values=np.nan), OneHotEncoder(drop="first")
    ),
    "most frequent, told": lambda: make_pipeline(
        SimpleImputer(strategy="most_frequent", add_indicator=True), OneHotEncoder()
    ),
}
PICK = {
    "names": lambda X, columns: columns,
    "places": lambda X, columns: [list(X.columns).index(column) for column in columns],
    "from the end": lambda X, columns: [list(X.columns).index(column) - X.shape[1] for column in columns],
    "mask": lambda X, columns: [column in columns for column in X.columns],
}


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_pipelines_of_every_step(data) -> None:
    scale, after = (data.draw(st.sampled_from(list(SCALE.values())), "scale") for _ in range(2))
    impute, encode = (data.draw(st.sampled_from(list(parts.values())), "step") for parts in (IMPUTE, ENCODE))
    pick = PICK[data.draw(st.sampled_from(list(PICK)), "pick")]
    remainder = data.draw(st.sampled_from(["drop", "passthrough", "scaled"]), "remainder")
    seed = data.draw(st.integers(0, 20), "seed")
    impute_first = data.draw(st.booleans(), "impute first")
    X = frame(seed).drop(columns="ticket")
    X["member"] = X["member"].astype(data.draw(st.sampled_from([bool, int, float]), "member"))
    n_classes = data.draw(st.integers(2, 3), "classes")
    y = labels(X, n_classes, seed)
    numbers = [impute(), scale()] if impute_first else [scale(), impute()]
    words = data.draw(st.sampled_from([["port"], ["port"], ["class", "port"]]), "words")
    if len(words) == 2:
        X["class"] = X["class"].map({1: "one", 2: "two", 3: "three"})
    numeric = [column for column in ("fare", "age", "class") if column not in words]
    sides = [("numbers", make_pipeline(*numbers), pick(X, numeric)), ("words", encode(), pick(X, words))]
    if data.draw(st.booleans(), "swapped"):
        sides.reverse()
    together = ColumnTransformer(sides, remainder=StandardScaler() if remainder == "scaled" else remainder)
    last = "passthrough" if after is SCALE["scaled"] else after()
    sparse = isinstance(last, StandardScaler) and last.with_mean
    together.set_params(sparse_threshold=0 if sparse else 0.3)
    estimator = ESTIMATORS[data.draw(st.sampled_from(["logistic", "mlp", "perceptron", "ours, sparse"]), "last")]()
    theirs = make_pipeline(together, last, estimator)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert_same(fitted(theirs, X, y), X)


@pytest.mark.parametrize("kind", ["Int64", "float32", "float64", object])
def test_levels_that_are_numbers_are_compared_as_numbers(kind, tmp_path) -> None:
    X = frame(3)
    X["class"] = (X["class"] / (1 if kind == "Int64" else 10)).astype(kind)
    X["digit"] = np.random.default_rng(0).integers(0, 4, len(X))
    y = labels(frame(3), 2)
    numbers = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder())
    levels = OneHotEncoder(drop=[2], handle_unknown="ignore")
    words = make_pipeline(SimpleImputer(strategy="constant", fill_value="gone"), OneHotEncoder())
    steps = [("n", numbers, ["class"]), ("d", levels, ["digit"]), ("w", words, ["port", "member"])]
    if kind == "Int64":
        X["class"] = X["class"].astype(float)
    theirs = fitted(make_pipeline(ColumnTransformer(steps), LogisticRegression()), X, y)
    model = assert_same(theirs, X)
    assert {encoding.name for encoding in model.encoder.encodings if encoding.numeric} == {"class", "digit"}
    X.to_csv(tmp_path / "t.csv", index=False)  # where a text that was padded is not any more, and nothing has a type
    assert np.array_equal(model.predict(tmp_path / "t.csv"), model.predict(X))
    X["digit"] += 7
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        assert_same(theirs, X)
    assert model.outputs(X)[1].unseen == {"digit": len(X)}


def test_a_columns_selector_pipelines_in_pipelines_and_one_column_twice() -> None:
    X = frame(4)
    y = labels(X, 3)
    both = make_pipeline(
        make_pipeline(SimpleImputer(keep_empty_features=True)),
        ColumnTransformer([("a", "passthrough", [1]), ("b", StandardScaler(), slice(0, 2))]),
        None,
        FunctionTransformer(),
    )
    steps = [
        ("words", OneHotEncoder(), make_column_selector(dtype_include=["object", "str"])),
        ("nothing", StandardScaler(), []),
        ("numbers", both, slice("age", "fare")),
        ("gone", "drop", ["member"]),
    ]
    X = X[["port", "age", "fare", "class", "member"]]
    theirs = Pipeline([("in", "passthrough"), ("all", Pipeline([("c", ColumnTransformer(steps))]))])
    theirs = Pipeline([*theirs.steps, ("end", Pipeline([("s", StandardScaler()), ("e", LogisticRegression())]))])
    theirs.named_steps["all"].named_steps["c"].set_params(sparse_threshold=0)
    model = assert_same(fitted(theirs, X, y), X)
    assert [encoding.name for encoding in model.encoder.encodings] == ["port", "age", "fare"]
    assert model.network.n_features == 7
    assert assert_same(theirs, X.drop(columns="class").assign(**{"class": 1})).encoder.names[3] == "class"


def test_columns_that_were_empty_are_left_out_or_filled_as_theirs() -> None:
    X = frame(5)[["age", "fare"]].assign(none=np.nan)[["age", "none", "fare"]]
    y = labels(frame(5), 2)
    for keep, told in itertools.product([False, True], [False, True]):
        step = SimpleImputer(keep_empty_features=keep, add_indicator=told)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            theirs = fitted(make_pipeline(step, LogisticRegression()), X, y)
            assert_same(theirs, X)
            assert_same(theirs, X.assign(none=np.where(X["fare"] > 30, 4.0, np.nan)))


def test_arrays_have_columns_without_names() -> None:
    X, y = load_iris(return_X_y=True)
    model = assert_same(fitted(make_pipeline(StandardScaler(), LogisticRegression()), X, y), X)
    assert model.encoder.names == ("x1", "x2", "x3", "x4", "target")
    assert_same(fitted(LogisticRegression(), X, y), X)
    assert gh.diagnose(fitted(LogisticRegression(max_iter=300), X, y), X, y).rows == 150
    named = gh.from_sklearn(fitted(LogisticRegression(), X, y > 0), names="abcd", classes=["no", "yes"], target="t")
    assert named.encoder.names == ("a", "b", "c", "d", "t")
    assert set(named.predict(pd.DataFrame(X, columns=list("abcd")))) == {"no", "yes"}


def two_ways() -> Pipeline:
    imputed = make_pipeline(SimpleImputer(), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore")
    return make_pipeline(ColumnTransformer([("a", imputed, ["age"]), ("b", levels, ["age"])]), LogisticRegression())


NUMERIC = make_pipeline(SimpleImputer(), StandardScaler())
REFUSED = {
    r"step 'pca' \(PCA\) cannot be taken over: StandardScaler, .* can, do the rest to the table": (
        Pipeline([("i", SimpleImputer()), ("pca", PCA(1)), ("e", LogisticRegression())]),
        NUMBERS,
    ),
    r"step 'scale' \(MinMaxScaler\) cannot be taken over": (
        make_pipeline(
            ColumnTransformer([("scale", MinMaxScaler(), ["fare"])]),
            LogisticRegression(),
        ),
        NUMBERS,
    ),
    "has min_frequency=5, which puts levels together: leave it None": (
        make_pipeline(OneHotEncoder(min_frequency=5), LogisticRegression()),
        ["port"],
    ),
    "has max_categories=3, which": (make_pipeline(OneHotEncoder(max_categories=3), LogisticRegression()), ["port"]),
    "has missing_values=-1: write NaN or None": (
        make_pipeline(SimpleImputer(missing_values=-1), LogisticRegression()),
        ["fare"],
    ),
    "calls a function, which a file cannot hold": (
        make_pipeline(SimpleImputer(), FunctionTransformer(np.abs), LogisticRegression()),
        NUMBERS,
    ),
    "has transformer_weights: leave them out": (
        make_pipeline(
            ColumnTransformer([("a", NUMERIC, NUMBERS)], transformer_weights={"a": 2.0}), LogisticRegression()
        ),
        NUMBERS,
    ),
    "column 'age' is used as a number filled with .* and as one of .* levels: copy it": (two_ways(), NUMBERS),
    "is given column 'fare' as a number: encode before you scale": (
        make_pipeline(StandardScaler(), OneHotEncoder(), LogisticRegression()),
        ["fare"],
    ),
    "Ridge is no network that can be read": (make_pipeline(SimpleImputer(), Ridge()), NUMBERS),
    "GridSearchCV holds the estimator it found: give its best_estimator_": (
        GridSearchCV(make_pipeline(SimpleImputer(), LogisticRegression()), {"logisticregression__C": [1.0]}),
        NUMBERS,
    ),
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_is_not_understood_is_refused_in_a_line(words) -> None:
    theirs, columns = REFUSED[words]
    X = frame(6)
    y = (X["fare"] > 40).astype(int).to_numpy()
    with pytest.raises(gh.OptionError, match=words) as raised:
        gh.from_sklearn(fitted(theirs, X[columns], y))
    assert "\n" not in str(raised.value)


def test_many_labels_are_a_model_that_no_column_of_a_table_can_judge(tmp_path) -> None:
    X, Y = make_multilabel_classification(60, 5, n_classes=3, random_state=0)
    rows = pd.DataFrame(X, columns=[f"x{k + 1}" for k in range(5)]).assign(target=0)
    many = fitted(MLPClassifier((4,), max_iter=5, random_state=0), X, Y)
    ours = fitted(gh.MLPClassifier((4,), max_iter=5, random_state=0), X, Y)
    for theirs in (many, ours, fitted(make_pipeline(StandardScaler(), many), X, Y)):
        model = gh.from_sklearn(theirs, classes=["a", "b", "c"])
        model.save(tmp_path / "many.glass")
        for one in (model, gh.load(tmp_path / "many.glass")):
            np.testing.assert_array_equal(one.predict(rows), theirs.predict(X))
            np.testing.assert_allclose(one.predict_proba(rows), theirs.predict_proba(X), atol=1e-5)
        found = gh.predict(model, rows)
        assert found.column_names[:4] == ["prediction a", "prediction b", "prediction c", "probability a"]
        assert model.summary()["classes"] == ["a", "b", "c"]
        for judge in (gh.evaluate, gh.prune, gh.diagnose):
            with pytest.raises(gh.TableError, match="predicts 3 labels at once, and no column of a table holds them"):
                judge(model, rows)


def test_what_has_not_been_fitted_or_predicts_many_numbers_is_refused() -> None:
    X, Y = make_multilabel_classification(60, 5, n_classes=3, random_state=0)
    for kind in (MLPRegressor, gh.MLPRegressor):
        numbers = fitted(kind(hidden_layer_sizes=(4,), max_iter=5, random_state=0), X, X[:, :2])
        with pytest.raises(gh.OptionError, match="MLPRegressor predicts 2 columns, a model has one"):
            gh.from_sklearn(numbers)
    for theirs, words in (
        (MLPClassifier(), "MLPClassifier is not fitted: call fit first"),
        (make_pipeline(StandardScaler(), Perceptron()), "Perceptron is not fitted"),
        (make_pipeline(StandardScaler(), Perceptron().fit(X, Y[:, 0])), "is not fitted: call fit first"),
        (make_pipeline(StandardScaler().fit(X[:, 1:]), Perceptron().fit(X, Y[:, 0])), "features reach a network that"),
        (Pipeline([("a", StandardScaler().fit(X)), ("b", "passthrough")]), "no network that can be read"),
        (torch.nn.Linear(2, 1), "is no estimator of scikit-learn: try from_torch"),
        ("a path", "str is no estimator"),
    ):
        with pytest.raises(gh.OptionError, match=words):
            gh.from_sklearn(theirs)
    with pytest.raises(gh.OptionError, match="Perceptron is no module of torch: try from_sklearn"):
        gh.from_torch(Perceptron().fit(X, Y[:, 0]))
