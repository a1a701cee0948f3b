"""The user's own loss: forms of its parameters, its data, and what is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lossatlas.landscapes import (
    FiniteSymmetry,
    Loss,
    NodeSymmetry,
    SixHumpCamel,
    check_landscape,
    sign_symmetry,
)


RNG = np.random.default_rng(0)


def bowl(x):
    return jnp.sum(x * x)


def line(parameters, data):
    inputs, targets = data
    return jnp.mean((inputs @ parameters["w"] + parameters["b"][0] - targets) ** 2)


TREE = {"w": np.zeros((2,)), "b": [np.zeros(())]}
DATA = (RNG.normal(size=(5, 2)), RNG.normal(size=5))


def test_a_pytree_becomes_a_flat_vector_and_back():
    landscape = Loss(line, TREE, data=DATA)
    x = RNG.normal(size=3)
    assert landscape.dimension == 3
    parameters = landscape.parameters(x)
    assert jax.tree.structure(parameters) == jax.tree.structure(TREE)
    assert parameters["w"].shape == (2,) and parameters["b"][0].shape == ()
    offset, slope = parameters["b"][0], np.asarray(parameters["w"])
    assert sorted([float(offset), *slope]) == sorted(x)
    residuals = DATA[0] @ slope + float(offset) - DATA[1]
    assert float(landscape.energy(x)) == pytest.approx((residuals**2).mean(), rel=1e-14)


@pytest.mark.parametrize("parameters", [3, np.ones(3), jnp.ones(3)], ids=["number", "numpy", "jax"])
def test_flat_vectors(parameters):
    landscape = Loss(bowl, parameters)
    assert landscape.dimension == 3
    assert float(landscape.energy(np.array([1.0, 2.0, 3.0]))) == 14.0
    assert landscape.name == "bowl" and landscape.morse_sum is None
    np.testing.assert_array_equal(landscape.value_and_gradient(np.arange(3.0))[1], [0.0, 2.0, 4.0])


def test_settings_reach_the_searches():
    group = sign_symmetry(3)
    landscape = Loss(bowl, 3, scale=0.5, symmetry=group, confining=True, name="bowl 3")
    assert landscape.symmetry is group and landscape.morse_sum == 1
    assert landscape.length_scale == 0.5 and landscape.name == "bowl 3"
    draws = jax.vmap(landscape.sample)(jax.random.split(jax.random.key(0), 2000))
    # 6000 normal numbers: the standard deviation is known to 1 / sqrt(12000) = 0.9 %
    assert float(draws.std()) == pytest.approx(0.5, rel=0.04)


def test_data_may_hold_integers():
    landscape = Loss(lambda x, d: jnp.sum(x[d["which"]] ** 2), 3, data={"which": np.array([0, 2])})
    assert float(landscape.energy(np.array([1.0, 5.0, 2.0]))) == 5.0


@pytest.mark.parametrize("data, sentence", [
    ("text", "`data` must be a pytree of arrays, but data is 'text'"),
    ({"d": bowl}, r"but data\['d'\] is <"),
])  # fmt: skip
def test_data_that_are_no_arrays_are_refused(data, sentence):
    with pytest.raises(ValueError, match=sentence):
        Loss(lambda x, d: jnp.sum(x**2), 2, data=data)


def test_data_and_parameters_of_fewer_digits_are_taken_as_float64():
    data = {"d": np.ones(2, np.float32), "z": jnp.ones(2, jnp.complex64), "n": np.arange(2)}
    landscape = Loss(
        lambda w, d: jnp.sum((w["w"] - d["d"]) ** 2), {"w": np.zeros(2, np.float32)}, data=data
    )
    assert [leaf.dtype for leaf in jax.tree.leaves(landscape.data)] == [np.float64, np.int64, np.complex128]
    assert landscape.parameters(np.ones(2))["w"].dtype == np.float64
    assert Loss(bowl, np.zeros(2, int)).dimension == 2
    other = Loss(landscape.function, {"w": np.zeros(2)}, data=data | {"z": np.full(2, 1 + 1j)})
    assert other.fingerprint()["data"] != landscape.fingerprint()["data"]  # the imaginary part counts


def test_data_arrays_are_leaves():
    landscape = Loss(line, TREE, data=DATA)
    arrays = jax.tree.leaves(landscape)
    assert [a.shape for a in arrays] == [(5, 2), (5,), ()]  # the last one is the unit of energy
    assert all(isinstance(a, jax.Array) for a in arrays)


def double_well(x):
    return jnp.sum((x**2 - 1.0) ** 2) + 0.1 * x[0] * x[1]


HALF_TURN = FiniteSymmetry(np.array([[0, 1], [1, 0]]), np.array([[1, 1], [-1, -1]]))


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
@pytest.mark.parametrize("group", [sign_symmetry(2), HALF_TURN], ids=["signs", "signed exchange"])
def test_a_symmetry_of_the_loss_is_accepted_in_any_units(group, scale):
    landscape = Loss(lambda x: scale * double_well(x / scale), 2, scale=scale, symmetry=group)
    assert landscape.symmetry is group


@pytest.mark.parametrize("scale", [1e-8, 1.0, 1e8])
def test_a_symmetry_that_changes_the_loss_is_refused(scale):
    tilted = lambda x: scale * (double_well(x / scale) + 1e-6 * x[0] / scale)
    with pytest.raises(ValueError, match=r"The symmetry \(FiniteSymmetry of order 2\) is not one of"):
        Loss(tilted, 2, scale=scale, symmetry=sign_symmetry(2))


def test_a_group_of_which_half_is_wrong_is_refused():
    """The four changes of two signs: only those of both at once leave the loss as it is."""
    signs = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]])
    with pytest.raises(ValueError, match="of order 4"):
        Loss(double_well, 2, symmetry=FiniteSymmetry(np.tile([0, 1], (4, 1)), signs))


@pytest.mark.parametrize("group", [
    sign_symmetry(1), sign_symmetry(3), NodeSymmetry((2, 2, 1), odd=True),
], ids=["fewer", "more", "a network"])  # fmt: skip
def test_a_symmetry_of_other_variables_is_refused_in_one_sentence(group):
    with pytest.raises(ValueError, match="does not map points of 2 variables: it is for another number"):
        Loss(double_well, 2, symmetry=group)


def test_any_landscape_s_symmetry_is_tested():
    class Tilted(SixHumpCamel):
        def energy(self, x):
            return super().energy(x) + 1e-3 * x[0]

    check_landscape(SixHumpCamel())
    with pytest.raises(ValueError, match="is not one of this loss"):
        check_landscape(Tilted())


def noisy(x):
    noise = jax.pure_callback(lambda: RNG.normal(), jax.ShapeDtypeStruct((), jnp.float64))
    return bowl(x) + jax.lax.stop_gradient(noise)


REFUSED = {
    "words": (bowl, {"w": np.array(["a"])}, r"`parameters\['w'\]` must be an array of numbers"),
    "constant": (lambda x: 3.0, 2, "The loss is 3 at each of 8 random starts.* does not depend"),
    "no variable": (bowl, {}, "no variable"),
    "zero variables": (bowl, 0, "at least one variable, got 0"),
    "NaN": (lambda x: jnp.sum(x) * jnp.nan, 2, "not finite"),
    "infinite": (lambda x: jnp.sum(x) / 0.0, 2, "not finite"),
    "vector": (lambda x: x, 2, r"one number, but it returned shape \(2,\)"),
    "two values": (lambda x: (bowl(x), x), 2, "one number, but it returned tuple"),
    "float32 loss": (lambda x: bowl(x).astype(jnp.float32), 2, "float64, but it returned float32"),
    "not deterministic": (noisy, 2, "deterministic"),
}


@pytest.mark.wrong_shapes
@pytest.mark.parametrize("name", REFUSED)
def test_losses_that_cannot_be_searched_are_refused(name):
    function, parameters, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        Loss(function, parameters, data=DATA if function is line else None)


@pytest.mark.parametrize("scale", [0.0, -1.0, np.nan])
def test_scale_must_be_positive(scale):
    with pytest.raises(ValueError, match="`scale`"):
        Loss(bowl, 2, scale=scale)


def test_a_loss_that_is_nan_at_some_points_is_allowed():
    landscape = Loss(lambda x: bowl(x) + jnp.sqrt(x[0]), 1)
    assert np.isnan(landscape.energy(np.array([-1.0])))


def test_random_numbers_drawn_while_tracing_are_refused():
    with pytest.raises(ValueError, match="deterministic"):
        Loss(lambda x: bowl(x) + RNG.normal(), 2)


@jax.custom_vjp
def squares(x):
    return jnp.sum((x - 1.0) ** 2)


squares.defvjp(lambda x: (squares(x), x), lambda x, g: (3.0 * g * (x - 1.0),))


@pytest.mark.parametrize(
    "function", [squares, lambda x: jnp.sum(x**2) + jax.lax.stop_gradient(jnp.sum(jnp.sin(5 * x)))]
)
def test_a_gradient_that_is_not_that_of_the_loss_is_refused(function):
    with pytest.raises(ValueError, match="The gradient that JAX computes is not that of the loss"):
        Loss(function, 2)
