"""Minima as models in use: predictions against scikit-learn with the same weights, scores, files."""

import json

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lossatlas.atlas import TrainedModel
from lossatlas.datasets import load_table
from lossatlas.landscapes import DoubleWells, Loss, Perceptron


def rows_of(items, seed=0):
    """Raw rows: two numbers, a word, a class and a number that depend on them."""
    rng = np.random.default_rng(seed)
    a, b = rng.normal(3.0, 2.0, items), rng.uniform(100.0, 200.0, items)
    colour = rng.choice(["red", "green", "blue"], items)
    kind = np.where(a + 0.05 * (b - 150) + (colour == "red") > 3.5, "yes", "no")
    price = 10.0 * a + b + 7.0 * (colour == "green") + rng.normal(size=items)
    return {"a": a, "b": b, "colour": colour, "kind": kind, "price": price}


def model_on(target, *, hidden=(4, 3), drop=(), **settings):
    data = load_table(rows_of(80), target, drop=drop)
    network = Perceptron(data.inputs, data.targets, hidden=hidden, l2=1e-3, loss=data.loss, **settings)
    x = np.random.default_rng(1).normal(size=network.dimension)
    return TrainedModel(network, x, data, 7)


def by_sklearn(model, kind):
    """An estimator of scikit-learn with the same weights."""
    layers = model.layers()
    theirs = kind(
        hidden_layer_sizes=[len(layer.biases) for layer in layers[:-1]], activation="tanh", max_iter=1
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        theirs.fit(model.data.inputs, model.data.targets)
    theirs.coefs_ = [layer.weights.T.copy() for layer in layers]
    theirs.intercepts_ = [layer.biases.copy() for layer in layers]
    return theirs


def test_classes_are_those_of_scikit_learn_with_the_same_weights():
    model = model_on("colour", drop=["kind"])
    new = rows_of(50, seed=3)
    theirs = by_sklearn(model, MLPClassifier).predict_proba(model.data.encoder.inputs(new))
    np.testing.assert_allclose(model.predict_proba(new), theirs, rtol=0, atol=1e-12)
    said = model.predict(new)
    np.testing.assert_array_equal(said, np.array(["blue", "green", "red"])[theirs.argmax(axis=1)])
    assert model.score(new) == np.mean(said == new["colour"])
    assert model.score({name: new[name] for name in ("a", "b", "price")}, new["colour"]) == model.score(new)


def test_a_number_is_that_of_scikit_learn_in_the_units_of_the_table():
    model = model_on("price", drop=["kind"])
    new = rows_of(50, seed=3)
    theirs = by_sklearn(model, MLPRegressor).predict(model.data.encoder.inputs(new))
    raw = rows_of(80)["price"]
    np.testing.assert_allclose(model.predict(new), raw.mean() + raw.std() * theirs, rtol=1e-12)
    wrong = np.sum((new["price"] - model.predict(new)) ** 2)
    total = np.sum((new["price"] - new["price"].mean()) ** 2)
    assert model.score(new) == pytest.approx(1 - wrong / total, rel=1e-12)
    with pytest.raises(ValueError, match="predicts a number has no probabilities"):
        model.predict_proba(new)


def test_several_numbers_are_those_of_scikit_learn_each_in_its_units(tmp_path):
    names = ["price", "b"]
    model, new, raw = model_on(names, drop=["kind"]), rows_of(50, seed=3), rows_of(80)
    theirs = by_sklearn(model, MLPRegressor).predict(model.data.encoder.inputs(new))
    expected = np.column_stack([raw[k].mean() + raw[k].std() * theirs[:, i] for i, k in enumerate(names)])
    np.testing.assert_allclose(model.predict(new), expected, rtol=1e-12)
    right = np.column_stack([new[name] for name in names])
    r2 = r2_score(right, expected)
    assert model.score(new) == pytest.approx(r2, rel=1e-12)
    inputs = {name: new[name] for name in ("a", "colour")}
    assert model.score(inputs, right) == model.score(new)
    assert clone(model.to_sklearn()).score(inputs, right) == pytest.approx(r2, rel=1e-12)
    # The loss is the mean over items of the sum over targets of what scikit-learn has the mean of.
    z = model.data.targets
    loss = 2 * mean_squared_error(z, by_sklearn(model, MLPRegressor).predict(model.data.inputs))
    assert float(model.landscape.energy(model.x)) - 1e-3 * model.x @ model.x == pytest.approx(
        loss, rel=1e-12
    )
    last = model.layers()[-1]
    assert last.outputs == ("price", "b") and last.weights.shape == (2, 3) and last.biases.shape == (2,)
    assert repr(model) == "TrainedModel(minimum 7, 4 inputs -> 2 numbers of price, b)"
    about, outputs = load(model.save(tmp_path / "model.npz"))
    shift, scale = (np.array(about["encoder"][f"target_{what}"]) for what in ("shift", "scale"))
    known = shift + scale * outputs(model.data.encoder.inputs(new))
    np.testing.assert_allclose(known, expected, rtol=1e-12)
    assert about["target"] == names and about["classes"] is None
    one = TrainedModel(model.landscape, model.x, load_table(raw, "price", drop=["kind", "b"]))
    for call, sentence in (
        (lambda: model.score(inputs), "`rows` have no column 'price', so give the `targets`"),
        (lambda: model.score(inputs, right[:, 0]), r"`targets` must have shape \(50, 2\), got \(50,\)"),
        (lambda: model.score({**new, "b": ["x"] * 50}), "row 1, column b: 'x' is not a number"),
        (lambda: one.predict(new), "table has the target price, but the model has 2 outputs"),
    ):
        with pytest.raises(ValueError, match=sentence):
            call()
    plain = TrainedModel(model.landscape, model.x)
    np.testing.assert_allclose(plain.predict(model.data.inputs[:3]) * scale + shift, model.predict(raw)[:3])


def test_layers_have_names():
    first, second, last = model_on("colour", drop=["kind"]).layers()
    assert first.inputs == ("a", "b", "price") and first.outputs == ("h1.1", "h1.2", "h1.3", "h1.4")
    assert second.inputs == first.outputs and last.outputs == ("blue", "green", "red")
    assert last.weights.shape == (3, 3) and second.biases.shape == (3,)
    assert model_on("price", drop=["kind"]).layers()[-1].outputs == ("price",)


def load(path):
    """The loader that the documentation shows."""
    file = np.load(path)
    about = json.loads(str(file["about"]))
    layers = [(file[f"W{i}"], file[f"b{i}"]) for i in range(1, 1 + sum(name[0] == "W" for name in file))]

    def outputs(z):
        for weights, biases in layers[:-1]:
            z = np.tanh(z @ weights.T + biases)
        return z @ layers[-1][0].T + layers[-1][1]

    return about, outputs


@pytest.mark.parametrize("target", ["colour", "price"])
def test_a_saved_network_is_used_by_a_few_lines_of_numpy(target, tmp_path):
    model = model_on(target, drop=["kind"])
    about, outputs = load(model.save(tmp_path / "model.npz"))
    y = outputs(model.data.encoder.inputs(rows_of(20, seed=5)))
    if target == "colour":
        p = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
        np.testing.assert_allclose(p, model.predict_proba(rows_of(20, seed=5)), rtol=0, atol=1e-13)
        assert about["classes"] == ["blue", "green", "red"]
    else:
        known = about["encoder"]["target_shift"] + about["encoder"]["target_scale"] * y[:, 0]
        np.testing.assert_allclose(known, model.predict(rows_of(20, seed=5)), rtol=1e-13)
        assert about["classes"] is None and about["target"] == "price"
    assert about["activation"] == "tanh" and about["inputs"] == list(model.inputs)


def test_an_estimator_of_scikit_learn():
    model, new = model_on("kind"), rows_of(40, seed=2)
    theirs = clone(model.to_sklearn())
    np.testing.assert_array_equal(theirs.predict(new), model.predict(new))
    assert theirs.classes_.tolist() == ["no", "yes"]
    assert theirs.score(new, new["kind"]) == model.score(new)
    with pytest.raises(ValueError, match="trained already"):
        theirs.fit(new)
    number = model_on("price").to_sklearn()
    assert number.score(new, new["price"]) == pytest.approx(model_on("price").score(new), rel=1e-12)


def test_without_data_inputs_are_taken_as_they_are():
    loss = Loss(
        lambda x, data: 0.5 * ((x[0] * data[0] + x[1] - data[1]) ** 2).mean(),
        2,
        data=(np.arange(4.0), np.ones(4)),
        predict=lambda x, inputs: inputs @ x[:1, None] + x[1],
        features=1,
    )
    model = TrainedModel(loss, np.array([2.0, 1.0]))
    np.testing.assert_allclose(model.predict(np.array([[0.0], [3.0]])), [1.0, 7.0])
    assert repr(model) == "TrainedModel(1 inputs -> a number)"
    with pytest.raises(ValueError, match=r"`rows` must have shape \(items, 1\), got \(2, 2\)"):
        model.predict(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="not made of layers"):
        model.layers()
    with pytest.raises(ValueError, match="do not say what is right, so give the `targets`"):
        model.score(np.zeros((2, 1)))


@pytest.mark.parametrize("call, sentence", [
    (lambda m: m.predict({"a": [1], "b": [2]}), "table has no column 'colour'"),
    (lambda m: m.score(rows_of(3), ["yes", "no", "maybe"]), "Row 3 has the class 'maybe'; there is"),
    (lambda m: m.save("model.txt"), "`path` must end in .npz, got model.txt"),
    (lambda m: TrainedModel(m.landscape, m.x[1:]), r"`x` must be finite, of shape \(\d+,\), got \(\d+,\)"),
    (lambda m: TrainedModel(DoubleWells(2), np.zeros(2)), "must be a model, whose points predict"),
])  # fmt: skip
def test_mistakes(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call(model_on("kind"))
