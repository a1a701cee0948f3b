"""Derivatives have one source for every search: forwards or, where JAX cannot, in reverse only."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.experimental.ode import odeint

from lossatlas import Budget, explore, follow
from lossatlas.landscapes import Loss, MuellerBrown, xor
from lossatlas.searches import ChebyshevDescent, NewtonKrylov, census, run_batch


def plain(x):
    return jnp.sum((x**2 - 1.0) ** 2) + 0.1 * jnp.sum(x)


@jax.custom_vjp
def reverse_only(x):
    return plain(x)


reverse_only.defvjp(lambda x: (reverse_only(x), x), lambda x, g: (g * (4 * x * (x**2 - 1) + 0.1),))


def wells(dimension, function=reverse_only):
    return Loss(lambda x: function(x), dimension)


def test_a_rule_for_the_reverse_mode_alone_is_noticed():
    assert not wells(3).forward_mode
    assert wells(3, plain).forward_mode and xor(2).forward_mode and MuellerBrown().forward_mode


def test_derivatives_of_a_reverse_only_loss_are_exact():
    x, v = np.random.default_rng(0).normal(size=(2, 5))
    known, found = wells(5, plain), wells(5)
    np.testing.assert_allclose(found.hessian(x), np.diag(12 * x**2 - 4), atol=1e-14)
    np.testing.assert_array_equal(known.hessian(x), found.hessian(x))
    np.testing.assert_allclose(found.hessian_product(x)(v), (12 * x**2 - 4) * v, rtol=1e-14)


@pytest.mark.slow
def test_all_stationary_points_of_a_reverse_only_loss():
    found = census(wells(2), starts=60)
    assert np.bincount(found.index).tolist() == [4, 4, 1]
    np.testing.assert_allclose(4 * found.x * (found.x**2 - 1) + 0.1, 0, atol=1e-9)


def test_searches_by_products_do_not_need_the_forward_mode():
    """Thirty variables, each in one of two wells; a transition state has one of them between."""
    landscape = wells(30)
    low, top, high = np.sort(np.roots([4.0, 0, -4.0, 0.1]).real)
    minimum = np.where(np.arange(30) % 3 == 0, high, low)
    state = np.where(np.arange(30) == 7, top, minimum)
    # Newton steps by MINRES, the index by Lanczos.
    near = NewtonKrylov().refine(landscape, np.stack([minimum, state]) + 1e-3, 0)
    assert near.outcomes() == {"converged": 1, "wrong_index": 1}
    np.testing.assert_allclose(near.x, [minimum, state], atol=1e-9)
    curvatures = 12 * np.array([min(low**2, high**2), top**2]) - 4
    np.testing.assert_allclose(near.lowest, curvatures, rtol=1e-3)
    down = run_batch(ChebyshevDescent(), landscape, state[None], np.eye(30)[[7]])
    assert np.abs(down.x[0] - np.where(np.arange(30) == 7, high, minimum)).max() < 0.05


@pytest.mark.slow
def test_branches_of_a_reverse_only_loss_are_followed():
    """x^3 - x + p has three roots up to its fold at 2 / (3 sqrt 3), then one."""

    @jax.custom_vjp
    def quartic(x):
        return x**4 / 4 - x**2 / 2

    quartic.defvjp(lambda x: (quartic(x), x), lambda x, g: (g * (x**3 - x),))
    loss = Loss(lambda x, d: quartic(x[0]) + d * x[0], 1, data=np.array(0.0))
    branches = follow(loss, np.array([[-1.0], [0.0], [1.0]]), to=1.0, where=lambda land: land.data)
    assert branches.counts([0.0, 0.38, 0.39, 1.0]).tolist() == [[2, 1], [2, 1], [1, 0], [1, 0]]


@jax.custom_vjp
def solved(k):
    """Return the y with y^3 + y = k, by Newton's method: an implicit layer."""
    return jax.lax.fori_loop(0, 20, lambda _, y: y - (y**3 + y - k) / (3 * y**2 + 1), k)


def solved_backwards(y, cotangent):
    return (cotangent / (3 * y**2 + 1),)


solved.defvjp(lambda k: (solved(k),) * 2, solved_backwards)


def test_an_implicit_layer_is_a_loss():
    """At y = 0.5, k = 0.625: y' = 1 / (3 y^2 + 1) and y'' = -6 y y'^3."""
    loss = Loss(lambda k: jnp.sum(solved(k) ** 2), 1)
    slope = 1 / 1.75
    known = 2 * slope**2 + 2 * 0.5 * (-6 * 0.5 * slope**3)
    np.testing.assert_allclose(loss.hessian(np.array([0.625])), [[known]], rtol=1e-14)


@pytest.mark.slow
def test_a_differential_equation_is_a_loss():
    """y' = -k y, y(0) = 1: the loss (y(1) - 0.3)^2 + 0.01 k^2 is known in closed form."""

    def misfit(k):
        y = odeint(lambda y, t, k: -k * y, jnp.ones(1), jnp.array([0.0, 1.0]), k[0], rtol=1e-9, atol=1e-9)
        return (y[1, 0] - 0.3) ** 2 + 0.01 * k[0] ** 2

    loss = Loss(misfit, 1)
    assert not loss.forward_mode
    decay = np.exp(-0.7)
    known = 2 * decay**2 + 2 * decay * (decay - 0.3) + 0.02
    # The solver's tolerance bounds the solution; derivatives by its adjoint are good to some digits less.
    np.testing.assert_allclose(loss.hessian(np.array([0.7])), [[known]], rtol=1e-5)


def callback_only(x):
    shape = jax.ShapeDtypeStruct(x.shape, x.dtype)

    @jax.custom_vjp
    def energy(x):
        return jnp.sum(x**2)

    energy.defvjp(
        lambda x: (energy(x), x), lambda x, g: (g * jax.pure_callback(lambda x: 2 * x, shape, x),)
    )
    return energy(x)


def no_gradient(x):
    return jax.lax.while_loop(lambda s: s < 1.0, lambda s: s + jnp.sum(x**2) + 0.1, 0.0)


@pytest.mark.parametrize("function, what", [(callback_only, "Hessian"), (no_gradient, "gradient")])
def test_a_loss_that_cannot_be_differentiated_is_refused_in_one_sentence(function, what):
    with pytest.raises(ValueError, match=f"JAX cannot compute the {what} of the loss: ") as refused:
        Loss(function, 2)
    assert "\n" not in str(refused.value)


def test_a_refused_landscape_leaves_no_file(tmp_path):
    class NoHessian(Loss):
        def hessian(self, x):
            raise TypeError("no derivative")

        def __check_init__(self):
            pass

    with pytest.raises(ValueError, match="the Hessian of the loss: no derivative"):
        explore(NoHessian(plain, 2), tmp_path / "a.atlas", budget=Budget(searches=10))
    assert list(tmp_path.iterdir()) == []
