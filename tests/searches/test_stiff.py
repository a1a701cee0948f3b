"""A curved valley of any stiffness: as many steps whatever the walls, and the exact path."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import solve_ivp

from lossatlas.landscapes import Loss, xor
from lossatlas.searches import (
    NEWTON,
    PushedDescent,
    SteepestDescent,
    find_pathways,
    find_saddles,
    minimise,
    run_batch,
    toolkit_for,
)


STIFFNESS = [10.0, 1e2, 1e3, 1e4, 1e5]


def channel(x, kappa):
    """(x^2 - 1)^2 + kappa (y - x^2)^2 / 2: minima at (+-1, 1), a transition state at the origin.

    All three lie on the floor y = x^2, and there are no others: dE/dy = 0 is the floor.
    """
    return (x[0] ** 2 - 1.0) ** 2 + 0.5 * kappa * (x[1] - x[0] ** 2) ** 2


@functools.cache
def valley(kappa) -> Loss:
    return Loss(channel, 2, data=np.float64(kappa), confining=True)


def numpy_gradient(p, kappa):
    x, y = p
    wall = kappa * (y - x * x)
    return np.array([4 * x * (x * x - 1) - 2 * x * wall, wall])


def numpy_hessian(p, kappa):
    x, y = p
    across = -2 * kappa * x
    return np.array(
        [[12 * x * x - 4 - 2 * kappa * (y - x * x) + 4 * kappa * x * x, across], [across, kappa]]
    )


@functools.cache
def exact_half(kappa) -> float:
    """Arc length from the origin to the minimum at x = 1, integrated by arc length, not time.

    dp/ds = -g / |g| is as stiff as the walls; 0.001 short of the minimum the rest is straight.
    """
    start = np.array([1e-4, 1e-8])

    def along(_, p):
        g = numpy_gradient(p, kappa)
        return -g / np.linalg.norm(g)

    def jacobian(_, p):
        g, h = numpy_gradient(p, kappa), numpy_hessian(p, kappa)
        size = np.linalg.norm(g)
        return -(np.eye(2) - np.outer(g, g) / size**2) @ h / size

    near = lambda _, p: np.linalg.norm(p - [1.0, 1.0]) - 1e-3
    near.terminal = True
    way = solve_ivp(along, (0, 3), start, method="Radau", jac=jacobian, events=near, rtol=1e-8, atol=1e-10)
    assert way.status == 1
    return float(np.linalg.norm(start) + way.t[-1] + 1e-3)


def test_the_exact_path_runs_along_the_floor():
    floor = np.sqrt(5) / 2 + np.arcsinh(2) / 4  # arc length of the parabola from 0 to 1
    # Walls of finite stiffness let the path cut the corner by about 1 / kappa.
    assert exact_half(1e5) == pytest.approx(floor, rel=1e-4)
    assert abs(exact_half(10.0) - floor) > 1e-2
    p, h = np.array([0.3, 0.2]), 1e-6
    shifted = [numpy_gradient(p + h * e, 10.0) - numpy_gradient(p - h * e, 10.0) for e in np.eye(2)]
    np.testing.assert_allclose(np.array(shifted) / (2 * h), numpy_hessian(p, 10.0), rtol=1e-8)
    ours = jax.grad(valley(10.0).energy)(jnp.asarray(p))
    np.testing.assert_allclose(ours, numpy_gradient(p, 10.0), rtol=1e-13)


def displaced() -> np.ndarray:
    """On and off the floor, on both sides of the transition state, some where no curvature is negative."""
    x = np.array([0.05, 0.2, -0.3, 0.45, -0.5, 0.7, -0.8])
    off = np.array([0.0, 0.02, -0.05, 0.1, -0.1, 0.0, 0.05])
    return np.stack([x, x**2 + off], axis=1)


@functools.cache
def saddles(kappa):
    return find_saddles(valley(kappa), displaced())


@pytest.mark.parametrize("kappa", STIFFNESS)
def test_the_transition_state_is_found_from_the_walls(kappa):
    found = saddles(kappa)
    assert found.outcomes() == {"converged": len(displaced())}
    assert (found.index == 1).all() and (found.zeros == 0).all()
    # The gradient that remains, divided by the curvatures there.
    np.testing.assert_allclose(found.x, 0, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.energy, 1, rtol=0, atol=1e-14)
    np.testing.assert_allclose(found.lowest, -4, rtol=1e-9)
    np.testing.assert_allclose(found.second, kappa, rtol=1e-9)
    np.testing.assert_allclose(found.log_product, np.log(kappa), rtol=1e-9, atol=1e-9)
    assert found.hessians.max() <= 40


@pytest.mark.parametrize("order", [0, 1, NEWTON])
@pytest.mark.parametrize("kappa", STIFFNESS)
def test_points_are_returned_to_from_nearby(kappa, order):
    """A start on the floor a tenth away takes few steps."""
    centre = np.zeros(2) if order == 1 else np.ones(2)
    x = centre[0] + np.array([0.1, -0.1])
    found = find_saddles(valley(kappa), np.stack([x, x**2], axis=1), order=order)
    assert found.converged.all()
    np.testing.assert_allclose(found.x, [centre, centre], rtol=0, atol=1e-10)
    assert found.hessians.max() <= 30


@functools.cache
def pathways(kappa, keep=0):
    return find_pathways(valley(kappa), np.zeros((1, 2)), np.array([[1.0, 0.0]]), keep=keep)


@pytest.mark.parametrize("kappa", STIFFNESS)
def test_pathways_follow_the_exact_path(kappa):
    paths = pathways(kappa)
    for side, x in ((paths.forward, 1.0), (paths.backward, -1.0)):
        assert side.converged.all()
        np.testing.assert_allclose(side.x, [[x, 1.0]], rtol=0, atol=1e-10)
        np.testing.assert_allclose(side.energy, 0, rtol=0, atol=1e-14)
        np.testing.assert_allclose(side.log_product, np.log(8 * kappa), rtol=1e-9)
        assert side.hessians.max() <= 200
    assert paths.length[0] == pytest.approx(2 * exact_half(kappa), rel=1e-2)


@pytest.mark.parametrize("kappa", STIFFNESS)
def test_points_of_the_path_lie_on_the_floor(kappa):
    paths = pathways(kappa, keep=100)
    assert len(paths.points) == 1
    path = paths.points[0]
    assert len(path) > 20
    np.testing.assert_allclose(path[[0, -1]], [[-1.0, 1.0], [1.0, 1.0]], rtol=0, atol=1e-10)
    # On the exact path the forces of wall and floor balance: y - x^2 is of order 1 / kappa.
    height = np.abs(path[:, 1] - path[:, 0] ** 2)
    assert height.max() <= max(2.0 / kappa, 2e-3)
    assert (np.diff(path[:, 0]) > 0).all()


def test_steps_hardly_grow_with_the_stiffness():
    """Walls a hundred or a thousand times stiffer."""
    soft, stiff, stiffest = (saddles(kappa).hessians.sum() for kappa in (1e2, 1e4, 1e5))
    assert stiff <= 2 * soft and stiffest <= 4 * soft
    soft, stiff = (pathways(kappa).forward.hessians[0] for kappa in (1e2, 1e4))
    assert stiff <= 5 * soft


@pytest.mark.parametrize("kappa", STIFFNESS)
def test_a_pathway_steps_down_into_the_well_of_its_minimum(kappa):
    landscape = valley(kappa)
    found = run_batch(SteepestDescent(keep=300), landscape, np.zeros((1, 2)), np.array([[1.0, 0.0]]))
    # What is left to the polish is no longer than the well; before, the whole way is stepped.
    assert np.linalg.norm(found.x[0] - 1.0) <= 0.05
    points = found.points[0, : found.kept[0] + 1]
    assert np.array_equal(points[-1], found.x[0])
    # Pushed off along the mode while the energy falls, then down the walls: the floor is at y = x^2.
    pushed, height = points[0]
    assert 0.5 * min(0.02, kappa**-0.5) <= pushed <= 0.02 and abs(height - pushed**2) <= 0.5 * pushed**2
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert 0 < steps.min() and steps.max() <= 1.1 * landscape.length_scale
    energy = np.array([float(landscape.energy(p)) for p in points])
    assert (np.diff(energy) < 0).all()
    assert found.length[0] == pytest.approx(np.linalg.norm(points[0]) + steps.sum(), rel=1e-12)


@pytest.mark.parametrize("kappa", STIFFNESS)
def test_minima_of_the_valley(kappa):
    starts = np.array([[0.3, 1.5], [-2.0, 0.0], [1.5, -0.5], [-0.1, 0.4]])
    found = minimise(valley(kappa), starts)
    assert found.outcomes() == {"converged": 4}
    np.testing.assert_allclose(np.abs(found.x), 1, rtol=0, atol=1e-10)
    assert found.gradients.max() <= 300


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["steepest", "pushed"])
@pytest.mark.parametrize("l2", [1e-4, 1e-6])
def test_a_push_off_does_not_leap_over_a_near_minimum(kind, l2):
    # Around the trivial minimum of XOR there are transition states at a distance of about 3.5 sqrt(l2).
    landscape = xor(2, l2=l2)
    starts = np.random.default_rng(0).normal(size=(12, 12)) * 3.0 * np.sqrt(l2)
    states = find_saddles(landscape, starts, workers=1)
    near = states.where(states.converged & (np.linalg.norm(states.x, axis=1) < 10.0 * np.sqrt(l2)))
    assert len(near)
    method = SteepestDescent() if kind == "steepest" else PushedDescent(toolkit_for(landscape).descent)
    ends = find_pathways(landscape, near.x, near.direction, method=method, workers=1)
    lower = np.minimum(np.abs(ends.forward.energy - np.log(2)), np.abs(ends.backward.energy - np.log(2)))
    np.testing.assert_allclose(lower, 0.0, atol=1e-15)
