"""What every landscape must do: one table of landscapes, one list of duties."""

import functools
import json
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from helpers import rows
from lossatlas.landscapes import (
    AbstractLandscape,
    Box,
    DoubleWells,
    Loss,
    MuellerBrown,
    Perceptron,
    SixHumpCamel,
    Triatomic,
    check_landscape,
    nonlinear_regression,
    partite_spin_glass,
    sign_symmetry,
    spin_glass,
    xor,
)


RNG = np.random.default_rng(0)
INPUTS, CLASSES = RNG.normal(size=(8, 2)), np.arange(8) % 3
VALUES = RNG.normal(size=(8, 2))
SOFT = np.random.default_rng(1).dirichlet(np.ones(3), 8)
MASK = [np.array([[1, 0], [0, 1], [1, 1]]), np.array([[1, 1, 0], [0, 1, 1], [1, 1, 1]])]


def fit(parameters, data):
    inputs, targets = data
    predicted = jnp.tanh(inputs @ parameters["slope"]) + parameters["offset"]
    return jnp.mean((predicted - targets) ** 2) + 1e-2 * jnp.sum(parameters["slope"] ** 2)


def quartic(x):
    return jnp.sum((x * x - 1.0) ** 2) + x[0] * x[1]


def odd_sine(z):
    return z + jnp.sin(2.0 * z)


def tree_loss(data=(INPUTS, VALUES[:, 0]), **settings):
    return Loss(fit, {"slope": np.zeros(2), "offset": np.zeros(())}, data=data, **settings)


def network(**settings):
    arguments = {"inputs": INPUTS, "targets": CLASSES, "hidden": [3], "l2": 1e-3} | settings
    return Perceptron(arguments.pop("inputs"), arguments.pop("targets"), **arguments)


LANDSCAPES = {
    "Mueller-Brown": MuellerBrown,
    "camel": SixHumpCamel,
    "double wells": lambda: DoubleWells(3, 4.0),
    "tilted double wells": lambda: DoubleWells(3, 4.0, 0.1),
    "xor": lambda: xor(2),
    "xor, two layers": lambda: xor([2, 2]),
    "weights only": lambda: network(penalise_biases=False),
    "masked": lambda: network(mask=MASK),
    "relu": lambda: network(activation="relu"),
    "gelu, squared error": lambda: network(activation="gelu", loss="squared_error", targets=VALUES),
    "sigmoid, binary": lambda: network(
        activation="sigmoid", loss="binary_cross_entropy", targets=CLASSES // 2
    ),
    "own odd activation": lambda: network(hidden=[3, 2], activation=odd_sine),
    "own activation": lambda: network(activation=jax.nn.silu),
    "no hidden layer": lambda: network(hidden=0),
    "no hidden layer, weights only": lambda: network(hidden=0, penalise_biases=False),
    "no hidden layer, inputs exchanged": lambda: three_inputs((1, 0, 2), hidden=0),
    "no hidden layer, unpenalised": lambda: network(hidden=0, l2=0.0, biases=False),
    "no biases": lambda: network(biases=False, hidden=[3, 2]),
    "no biases, masked": lambda: network(biases=False, mask=MASK),
    "no biases, unpenalised": lambda: network(biases=False, l2=0.0),
    "weights of items": lambda: network(weights=np.arange(8.0)),
    "weights of items, weights only": lambda: network(
        weights=np.arange(8.0), penalise_biases=False, activation="softplus"
    ),
    "soft labels": lambda: network(targets=SOFT),
    "p=1": lambda: spin_glass(4, order=1),
    "p=2": lambda: spin_glass(4, order=2),
    "p=3": lambda: spin_glass(4, order=3),
    "p=4": lambda: spin_glass(3, order=4),
    "two parts": lambda: partite_spin_glass((3, 2)),
    "three parts": lambda: partite_spin_glass((2, 3, 2)),
    "flat loss": lambda: Loss(quartic, 2, symmetry=sign_symmetry(2), confining=True),
    "tree loss": tree_loss,
    "three atoms": Triatomic,
    "regression": lambda: nonlinear_regression(items=20, highest_frequency=3.0),
}


@jax.jit
def evaluate(landscape: AbstractLandscape, x):
    energy, gradient = landscape.value_and_gradient(x)
    hessian = landscape.hessian(x)
    retracted = landscape.geometry.retract(x)
    modes = landscape.zero_modes(x)
    return landscape.energy(x), energy, gradient, hessian, retracted, modes


@functools.cache
def case(name):
    landscape = LANDSCAPES[name]()
    keys = [jax.random.fold_in(jax.random.key(1), i) for i in range(3)]
    return landscape, [np.asarray(landscape.sample(key)) for key in keys]


# Those whose parts the others have, too; every landscape has programs of its own.
LATER = (
    "camel",
    "tilted double wells",
    "xor, two layers",
    "own activation",
    "no hidden layer, weights only",
    "no hidden layer, inputs exchanged",
    "no biases, masked",
    "weights of items",
    "p=1",
    "p=4",
    "three parts",
)
every_landscape = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name in LATER else ()) for name in LANDSCAPES],
)


@every_landscape
def test_samples_are_float64_points_of_the_geometry(name):
    landscape, points = case(name)
    assert isinstance(landscape.dimension, int)
    for x in points:
        assert x.shape == (landscape.dimension,) and x.dtype == np.float64
        retracted = np.asarray(evaluate(landscape, x)[4])
        np.testing.assert_allclose(retracted, x, rtol=0, atol=1e-14 * np.linalg.norm(x))
        away = np.asarray(evaluate(landscape, 1.5 * x + 0.1)[4])
        again = np.asarray(evaluate(landscape, away)[4])
        np.testing.assert_allclose(again, away, rtol=0, atol=1e-14 * np.linalg.norm(away))
        assert np.abs(x).max() < landscape.region
    assert not np.array_equal(points[0], points[1])
    assert np.array_equal(points[0], landscape.sample(jax.random.fold_in(jax.random.key(1), 0)))


@every_landscape
def test_gradient_and_hessian_match_finite_differences(name):
    landscape, points = case(name)
    h = 1e-5
    for x in points:
        plain, energy, gradient, hessian, _, _ = map(np.asarray, evaluate(landscape, x))
        assert energy.shape == () and energy.dtype == np.float64
        assert plain == pytest.approx(energy, rel=1e-13)
        assert gradient.shape == x.shape and hessian.shape == (len(x), len(x))
        steps = h * np.eye(len(x))
        up = [evaluate(landscape, x + step) for step in steps]
        down = [evaluate(landscape, x - step) for step in steps]
        slopes = np.array([(a[1] - b[1]) / (2 * h) for a, b in zip(up, down)])
        bends = np.array([(a[2] - b[2]) / (2 * h) for a, b in zip(up, down)])
        # Central differences: h^2 times a third derivative, and rounding eps |f| / h.
        size = 1 + np.abs(gradient).max() + np.abs(hessian).max() + abs(energy)
        np.testing.assert_allclose(gradient, slopes, rtol=0, atol=1e-8 * size)
        np.testing.assert_allclose(hessian, bends, rtol=0, atol=1e-8 * size)
        np.testing.assert_allclose(hessian, hessian.T, rtol=0, atol=1e-14 * (1 + np.abs(hessian).max()))


@every_landscape
def test_zero_modes_are_orthonormal_and_the_gradient_is_across_them(name):
    landscape, points = case(name)
    for x in points:
        _, _, gradient, hessian, _, modes = map(np.asarray, evaluate(landscape, x))
        assert modes.shape[1:] == x.shape
        np.testing.assert_allclose(modes @ modes.T, np.eye(len(modes)), rtol=0, atol=1e-14)
        assert (np.abs(modes @ gradient) <= 1e-13 * (1 + np.abs(gradient).max())).all()
        # Exactly flat along a normal; off the tangent plane of a sphere only the normal itself is. Along
        # other modes, such as a rotation, the energy is constant on a curve, not on its tangent.
        normals = np.asarray(landscape.geometry.normals(x))
        np.testing.assert_allclose(normals @ modes.T @ modes, normals, rtol=0, atol=1e-14)
        bend = np.einsum("mi,ij,mj->m", normals, hessian, normals)
        assert (np.abs(bend) <= 1e-12 * (1 + np.abs(hessian).max())).all()


@every_landscape
def test_energy_does_not_change_under_the_symmetry(name):
    landscape, points = case(name)
    symmetry = landscape.symmetry
    rng = np.random.default_rng(2)
    for x in points:
        _, energy, gradient, *_ = evaluate(landscape, x)
        for image in [*symmetry.neighbour_images(x, 20), symmetry.random_image(x, rng)]:
            _, other, turned, _, retracted, _ = evaluate(landscape, image)
            assert float(other) == pytest.approx(float(energy), rel=1e-13)
            assert np.linalg.norm(turned) == pytest.approx(np.linalg.norm(gradient), rel=1e-11)
            np.testing.assert_allclose(retracted, image, rtol=0, atol=1e-14 * np.linalg.norm(x))
        assert symmetry.orbit_size(x) == symmetry.order  # a random point is fixed by no element


@every_landscape
def test_fingerprint_is_json_and_reproducible(name):
    landscape, _ = case(name)
    fingerprint = landscape.fingerprint()
    assert json.loads(json.dumps(fingerprint)) == fingerprint
    assert LANDSCAPES[name]().fingerprint() == fingerprint
    assert isinstance(fingerprint["landscape"], str)


def test_fingerprints_of_different_landscapes_differ():
    texts = [json.dumps(case(name)[0].fingerprint()) for name in LANDSCAPES]
    assert len(set(texts)) == len(texts)


def nudged(array):
    """One bit of one number."""
    other = np.array(array, float)
    other.flat[3] = np.nextafter(other.flat[3], 9.0)
    return other


def three_inputs(*exchanges, **settings):
    inputs = np.array([[0.0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]])  # every permutation is good
    return network(inputs=inputs, targets=[0, 1, 1, 1], input_symmetries=exchanges, **settings)


OTHER_SETTINGS = {
    "data": (network, lambda: network(inputs=nudged(INPUTS))),
    "targets": (network, lambda: network(targets=np.roll(CLASSES, 1))),
    "values": (
        lambda: network(loss="squared_error", targets=VALUES),
        lambda: network(loss="squared_error", targets=nudged(VALUES)),
    ),
    "l2": (network, lambda: network(l2=1e-4)),
    "hidden": (network, lambda: network(hidden=[4])),
    "layers": (network, lambda: network(hidden=[3, 3])),
    "activation": (network, lambda: network(activation="gelu")),
    "own activation": (network, lambda: network(activation=odd_sine)),
    "another own activation": (
        lambda: network(activation=odd_sine),
        lambda: network(activation=jax.nn.silu),
    ),
    "no hidden layer": (network, lambda: network(hidden=())),
    "biases": (network, lambda: network(biases=False)),
    "biases of a masked network": (lambda: network(mask=MASK), lambda: network(mask=MASK, biases=False)),
    "weights of items": (network, lambda: network(weights=np.ones(8))),
    "other weights of items": (
        lambda: network(weights=np.ones(8)),
        lambda: network(weights=np.arange(8.0)),
    ),
    "soft labels": (lambda: network(targets=SOFT), lambda: network(targets=SOFT[:, ::-1])),
    "loss": (
        lambda: network(targets=CLASSES // 2),
        lambda: network(targets=CLASSES // 2, loss="binary_cross_entropy"),
    ),
    "penalise_biases": (network, lambda: network(penalise_biases=False)),
    "mask": (network, lambda: network(mask=MASK)),
    "another mask": (
        lambda: network(mask=MASK),
        lambda: network(mask=[MASK[0][::-1], MASK[1]]),
    ),
    "name": (network, lambda: network(name="other")),
    "number of input symmetries": (three_inputs, lambda: three_inputs((1, 0, 2))),
    "which input symmetry": (lambda: three_inputs((1, 0, 2)), lambda: three_inputs((0, 2, 1))),
    "size": (lambda: DoubleWells(3), lambda: DoubleWells(4)),
    "stiffness": (lambda: DoubleWells(3), lambda: DoubleWells(3, 2.0)),
    "tilt": (lambda: DoubleWells(3), lambda: DoubleWells(3, 1.0, 0.1)),
    "seed": (lambda: spin_glass(4), lambda: spin_glass(4, seed=1)),
    "order": (lambda: spin_glass(4), lambda: spin_glass(4, order=2)),
    "coefficients of parts": (
        lambda: partite_spin_glass((2, 3)),
        lambda: partite_spin_glass((2, 3), seed=1),
    ),
    "regression data": (nonlinear_regression, lambda: nonlinear_regression(1)),
    "regression noise": (nonlinear_regression, lambda: nonlinear_regression(noise=0.1)),
    "frequencies": (nonlinear_regression, lambda: nonlinear_regression(highest_frequency=5.0)),
    "three-body strength": (Triatomic, lambda: Triatomic(1.0)),
    "function": (lambda: Loss(quartic, 2), lambda: Loss(lambda x: 2 * quartic(x), 2)),
    "variables": (lambda: Loss(quartic, 2), lambda: Loss(quartic, 3)),
    "loss data": (tree_loss, lambda: tree_loss((nudged(INPUTS), VALUES[:, 0]))),
    "loss scale": (tree_loss, lambda: tree_loss(scale=2.0)),
    "loss name": (tree_loss, lambda: tree_loss(name="other")),
    "loss symmetry": (lambda: Loss(quartic, 2), lambda: Loss(quartic, 2, symmetry=sign_symmetry(2))),
    "loss confining": (lambda: Loss(quartic, 2), lambda: Loss(quartic, 2, confining=True)),
}


@pytest.mark.parametrize(("one", "other"), rows(OTHER_SETTINGS))
def test_fingerprint_changes_with_every_setting(one, other):
    assert one().fingerprint() != other().fingerprint()


OTHER_DATA = {
    "perceptron": (network, lambda: network(inputs=-INPUTS, targets=CLASSES[::-1], l2=1e-2)),
    "masked": (lambda: network(mask=MASK), lambda: network(mask=MASK, inputs=-INPUTS)),
    "weights only": (
        lambda: network(penalise_biases=False),
        lambda: network(penalise_biases=False, inputs=-INPUTS),
    ),
    "own activation": (
        lambda: network(activation=odd_sine, biases=False),
        lambda: network(activation=odd_sine, biases=False, inputs=-INPUTS, targets=CLASSES[::-1]),
    ),
    "weights of items": (
        lambda: network(weights=np.ones(8)),
        lambda: network(weights=np.arange(8.0), targets=SOFT),
    ),
    "spin glass": (lambda: spin_glass(4), lambda: spin_glass(4, seed=1)),
    "parts": (lambda: partite_spin_glass((2, 3)), lambda: partite_spin_glass((2, 3), seed=1)),
    "three atoms": (Triatomic, lambda: Triatomic(1.0)),
    "regression": (nonlinear_regression, lambda: nonlinear_regression(1)),
    "loss": (tree_loss, lambda: tree_loss((-INPUTS, VALUES[:, 1]))),
    "loss with a group": (
        lambda: tree_loss((INPUTS, np.zeros(8)), symmetry=sign_symmetry(3)),  # even without targets
        lambda: tree_loss((2 * INPUTS, np.zeros(8)), symmetry=sign_symmetry(3)),
    ),
}


@pytest.mark.parametrize(("make", "remake"), rows(OTHER_DATA))
def test_new_data_of_the_same_shape_do_not_recompile(make, remake):
    traced = []

    @jax.jit
    def energy(landscape, x):
        traced.append(1)
        return landscape.energy(x)

    one, other = make(), remake()
    x = one.sample(jax.random.key(0))
    assert float(energy(one, x)) != float(energy(other, x))
    assert len(traced) == 1


class Broken(AbstractLandscape):
    """A quadratic bowl with one fault."""

    fault: str = eqx.field(static=True)

    @property
    def dimension(self):
        return 3 if self.fault == "dimension" else 2

    def energy(self, x):
        if self.fault == "vector":
            return x
        if self.fault == "float32":
            return jnp.sum(x * x).astype(jnp.float32)
        if self.fault == "nan":
            return jnp.sum(x) * jnp.nan
        if self.fault == "gradient":
            return jnp.sqrt(jnp.sum(0.0 * x))
        if self.fault == "random":
            shape = jax.ShapeDtypeStruct((), jnp.float64)
            noise = jax.pure_callback(lambda: RNG.normal(), shape)
            return jnp.sum(x * x) + jax.lax.stop_gradient(noise)
        return jnp.sum(x * x)

    def sample(self, key):
        kind = jnp.float32 if self.fault == "sample" else jnp.float64
        return jax.random.normal(key, (2,), kind)

    @property
    def geometry(self):
        return Box(np.zeros(2), np.ones(2)) if self.fault == "outside" else super().geometry

    def fingerprint(self):
        return {"landscape": "broken", "data": np.ones(3) if self.fault == "fingerprint" else 3}


class Called(Broken):
    """`@property` was forgotten."""

    def dimension(self):
        return 2


class Static(Broken):
    """Data in a static field."""

    data: Any = eqx.field(static=True, default=(1.0, 2.0))


@pytest.mark.wrong_shapes
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("dimension", "vector of 3 variables.*float64 of shape"),
        ("sample", "float64 vector of 2 variables.*float32"),
        ("vector", r"must return one number, but it returned shape \(2,\)"),
        ("float32", "must be computed in float64, but it returned float32"),
        ("nan", "not finite"),
        ("gradient", "gradient is not finite"),
        ("random", "must be deterministic"),
        ("outside", "^What `sample` of Broken returns must lie within the bounds, but variable"),
        (
            "fingerprint",
            "^`fingerprint` of Broken must return numbers, .*`data_hash`.*: Object of type ndarray",
        ),
    ],
)
def test_landscapes_that_no_search_can_work_on_are_refused(fault, message):
    with pytest.raises(ValueError, match=message):
        check_landscape(Broken(fault))


def test_mistakes_in_the_class_of_a_landscape_are_said():
    with pytest.raises(ValueError, match="^`dimension` of Called must be a number, .*: write @property"):
        check_landscape(Called(""))
    with pytest.raises(
        ValueError, match="^The static field `data` of Static must be a number, .* got list"
    ):
        check_landscape(Static("", data=[1.0, 2.0]))
    with pytest.warns(UserWarning, match="set as static"), pytest.raises(ValueError, match="got ndarray"):
        check_landscape(Static("", data=np.ones(2)))


def test_a_sound_landscape_passes():
    check_landscape(Broken(""))
    check_landscape(Static(""))
