"""Points on kinks: nothing false is called a minimum, and minima on kinks are found."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from kinked_losses import FAMILIES, Tally

import lossatlas as la
from helpers import starts_for
from lossatlas._results import RESULTS
from lossatlas.landscapes import FiniteSymmetry, Loss, spin_glass, xor
from lossatlas.searches import NEWTON, find_saddles, minimise
from lossatlas.searches.curvature._across_switches import is_at_switch
from lossatlas.searches.curvature._kink_test import is_bent_across


QUICK = ("k_means",)


@pytest.mark.parametrize(
    "family",
    [
        pytest.param(family, id=family.__name__, marks=() if family.__name__ in QUICK else pytest.mark.slow)
        for family in FAMILIES
    ],
)
def test_no_minimum_is_false_and_none_is_missed(family):
    tally = Tally()
    for seed in range(3):
        case = family(seed)
        known = np.concatenate([case.smooth, case.on_kinks])
        near = known + 1e-5 * np.random.default_rng(seed).normal(size=known.shape)
        tally.add(case, minimise(case.loss, np.concatenate([near, starts_for(case.loss, 16, seed)])))
    assert tally.false == 0
    assert tally.missed == 0
    assert tally.known > 0


@pytest.mark.parametrize(
    ("function", "smoothness"),
    [
        (lambda x: jnp.sum(jnp.tanh(x) ** 2), "smooth"),
        (lambda x: jax.nn.logsumexp(x) + jnp.sum(jax.nn.softplus(x)), "smooth"),
        (lambda x: -jnp.sum(jax.nn.log_softmax(x)) + jnp.sum(x**2), "smooth"),
        (lambda x: jax.lax.scan(lambda c, a: (jnp.tanh(c * a), c), 1.0, x)[0], "smooth"),
        (lambda x: jnp.linalg.slogdet(jnp.outer(x, x) + jnp.eye(3))[1], "smooth"),
        (lambda x: jnp.sum(jnp.where(np.array([True, False, True]), x, 2 * x)), "smooth"),
        (lambda x: jnp.sum(jnp.zeros(3).at[jnp.array([0, 0, 2])].add(x) ** 2), "smooth"),
        (lambda x: jnp.sum(jax.ops.segment_sum(x * x, jnp.array([0, 1, 1]), 2) ** 2), "smooth"),
        (lambda x: jnp.sum(jnp.ones(3).at[1].set(x[0]) * x[1:2]), "smooth"),
        (lambda x: jnp.sum(jnp.zeros(3).at[jnp.array([0, 0, 2])].max(x)), "piecewise"),
        (lambda x: jnp.sum(jax.nn.relu(x)), "piecewise"),
        (lambda x: jnp.sum(jnp.abs(x)), "piecewise"),
        (lambda x: jnp.max(x), "piecewise"),
        (lambda x: jnp.sum(jnp.where(x > 0, x, 2 * x)), "piecewise"),
        (lambda x: jnp.sum(jnp.sort(x) * np.arange(3.0)), "piecewise"),
        (lambda x: jnp.sum(jnp.clip(x, 0.0, 1.0)), "piecewise"),
        (lambda x: jnp.arctan2(x[0], x[1]), "piecewise"),
    ],
)
def test_smoothness_is_read_off_the_program(function, smoothness):
    assert Loss(function, 3).smoothness == smoothness


def test_smoothness_can_be_declared():
    assert Loss(lambda x: jnp.sum(x * x), 2, smooth="kinked").smoothness == "kinked"
    with pytest.raises(ValueError, match="`smooth` must be 'smooth', 'piecewise' or 'kinked', got False"):
        Loss(lambda x: jnp.sum(x * x), 2, smooth=False)
    assert xor(1).smoothness == spin_glass(4).smoothness == "smooth"
    assert xor(1, activation="relu").smoothness == "piecewise"


@pytest.mark.slow
@pytest.mark.parametrize("order", [0, NEWTON])
def test_a_network_of_zero_weights_with_relu_is_no_stationary_point(order):
    """Autodiff says that the gradient vanishes there and that all curvatures are positive."""
    network = xor(2, activation="relu")
    found = find_saddles(network, np.zeros((1, network.dimension)), order=order)
    assert found.outcomes() == {"kink": 1}


@pytest.mark.slow
def test_from_a_network_of_zero_weights_minimisation_goes_on_downhill():
    network = xor(2, activation="relu")
    (end,) = minimise(network, np.zeros((1, network.dimension))).energy
    assert end < 0.5


@pytest.mark.slow
def test_two_equal_centres_are_no_minimum_of_k_means():
    items = np.array([0.0, 1.0, 2.1, 10.0, 11.3, 20.0, 20.4])
    loss = Loss(
        lambda c, x: jnp.mean(jnp.min((x[:, None] - c[None]) ** 2, axis=1)), 3, data=items, scale=8.0
    )
    start = np.array([[1.0333333333333334, 15.425, 15.425]])  # the mean of the last four, twice
    found = minimise(loss, start)
    assert RESULTS.converged not in found.outcome or np.ptp(np.sort(found.x[0])[1:]) > 1.0


@pytest.mark.slow
def test_census_does_not_count_points_on_kinks():
    census = la.census(xor(1, activation="relu"), starts=96)
    assert census.outcomes().get("kink", 0) > 0
    assert census.expected is None
    assert not np.any(np.all(census.x == 0, axis=1))


@pytest.mark.slow
def test_exploration_finds_partitions_of_k_means_and_nothing_else(tmp_path):
    items = np.array([0.0, 1.0, 2.1, 10.0, 11.3, 20.0, 20.4])
    order = np.array([[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]])
    loss = Loss(
        lambda c, x: jnp.mean(jnp.min((x[:, None] - c[None]) ** 2, axis=1)),
        3,
        data=items,
        scale=8.0,
        symmetry=FiniteSymmetry(order, np.ones_like(order)),
    )
    with pytest.warns(
        UserWarning, match="minimisations ended in degenerate points"
    ):  # a centre without items
        atlas = la.explore(loss, tmp_path / "k-means.atlas", budget=la.Budget(searches=200))
    with atlas:
        found = np.sort(atlas.minima.energy)
    # Of all partitions into three runs of points, those of which every point is nearest to its own mean.
    # The fourth, with a loss of 16.29, no start in a thousand reaches.
    np.testing.assert_allclose(found, [0.4473809524, 13.2325, 13.2475], rtol=1e-9)


@pytest.mark.exhaustive
def test_200_random_losses_have_no_false_minimum():
    tallies = {}
    for family in FAMILIES:
        tally = tallies.setdefault(family.__name__, Tally())
        for seed in range(40):
            case = family(100 + seed)
            tally.add(case, minimise(case.loss, starts_for(case.loss, 48, seed)))
        print(family.__name__, tally)
    assert sum(tally.losses for tally in tallies.values()) == 200
    assert not any(tally.false for tally in tallies.values())


def relu_xor(x):
    """Loss of networks (points, dim) with two ReLU nodes on XOR, penalty 1e-3, by plain numpy."""
    inputs, classes = np.array([[0, 0, 1, 1], [0, 1, 0, 1]], float), np.array([0, 1, 1, 0])
    first, second = x[:, :4].reshape(-1, 2, 2), x[:, 6:10].reshape(-1, 2, 2)
    hidden = np.maximum(first @ inputs + x[:, 4:6, None], 0)
    outputs = second @ hidden + x[:, 10:, None]
    items = np.logaddexp(outputs[:, 0], outputs[:, 1]) - outputs[:, classes, np.arange(4)]
    return np.mean(items, axis=1) + 1e-3 * np.sum(x * x, axis=1)


@pytest.mark.slow
def test_no_random_descent_leads_away_from_a_minimum_of_a_relu_network():
    network, rng = xor(2, activation="relu"), np.random.default_rng(0)
    found = minimise(network, starts_for(network, 24))
    kept = found.where(np.isin(found.outcome, (RESULTS.converged, RESULTS.kink_minimum)))
    assert len(kept) > 12
    np.testing.assert_allclose(relu_xor(kept.x), kept.energy, rtol=1e-13)
    for x, energy in zip(kept.x, kept.energy):
        lowest = energy
        for size in np.repeat([1e-5, 1e-4, 1e-3, 1e-2], 12):
            moved = rng.random((500, len(x))) < rng.choice([0.15, 0.5, 1.0])
            points = x + size * moved * rng.normal(size=moved.shape)
            energies = relu_xor(points)
            if energies.min() < lowest:
                x, lowest = points[energies.argmin()], energies.min()
        assert energy - lowest < 1e-13  # rounding


def lowest_at(x):
    """Three levels, by which variable is the largest: they differ by jumps at (1, 1, 1)."""
    return jnp.sum((x - 1) ** 2) + jnp.array([0.0, 0.5, -0.5])[jnp.argmax(x)]


def test_a_point_at_a_jump_is_no_minimum_although_gradients_on_both_sides_agree():
    starts = np.random.default_rng(0).normal(size=(10, 3))
    found = minimise(Loss(lowest_at, 3, energy_scale=1.0), starts, workers=1)
    assert not found.converged.any()


@pytest.mark.slow
def test_a_jump_elsewhere_does_not_disturb_a_minimum():
    loss = Loss(lambda x: jnp.sum((x - 1) ** 2) + jnp.where(x[0] > 5, 1.0, 0.0), 2, energy_scale=1.0)
    assert loss.smoothness == "piecewise"
    assert minimise(loss, np.zeros((1, 2)), workers=1).converged.all()


def dead_node(x, data):
    """A stiff variable, and a ReLU node with the weights x[1], x[2]; a weak penalty draws both to zero."""
    slope, penalty = data
    node = slope * x[1] * jax.nn.relu(x[2])
    return 10.0 * (x[0] - 0.2) ** 2 + node + penalty * jnp.sum(x[1:] ** 2 / 2 + x[1:] ** 4)


def test_a_dead_node_held_by_a_weak_penalty_alone_is_no_minimum():
    """Where x[2] < 0 all curvatures are positive; but the loss falls along x[2] = -x[1] > 0."""
    loss = Loss(dead_node, 3, data=np.array([1e-5, 1e-6]), energy_scale=1.0)
    assert loss.energy(np.array([0.2, -1e-3, 1e-3])) < loss.energy(np.array([0.2, 0.0, 0.0]))
    starts = np.array([[0.3, 0.5, -0.5], [0.1, 0.1, -1.0], [0.2, -1.4, 1.6]])
    ends = find_saddles(loss, starts, order=0, workers=1)
    assert ends.outcomes() == {"kink": 2, "converged": 1}
    # The last one is a minimum: there x[1] = -x[2], and slope = penalty (1 + 4 x[1]^2).
    np.testing.assert_allclose(ends.x, [[0.2, 0.0, 0.0]] * 2 + [[0.2, -1.5, 1.5]], rtol=1e-6, atol=1e-9)


def cut(x):
    """Along a circle: zero and flat at the angle pi, but -1 at the angle -pi, which is the same place."""
    angle = jnp.arctan2(x[1], x[0])
    return -(((angle / np.pi - 1) / 2) ** 2) + 1 + jnp.cos(angle) + (jnp.sum(x * x) - 1) ** 2


@pytest.mark.slow
def test_a_point_at_the_cut_of_an_angle_is_no_minimum():
    ends = find_saddles(Loss(cut, 2, energy_scale=1.0), np.array([[-1.0, 0.1]]), order=0, workers=1)
    assert ends.outcomes() == {"kink": 1}


def cone(x, sharpness):
    """A bowl, from whose bottom the energy falls within a cone of the angle 1 / sharpness alone."""
    along = 0.6 * x[0] + 0.8 * x[1]
    beside = jnp.abs(0.8 * x[0] - 0.6 * x[1]) + jnp.abs(x[2])
    return jnp.sum(x**2) + 2 * jnp.sum(x**4) - 0.5 * jax.nn.relu(along - sharpness * beside)


def in_ten_turns(x, sharpness):
    """The same, with the kink met ten times."""
    bowl = jnp.sum(x**2) + 2 * jnp.sum(x**4)
    turn = lambda sum_, _: (sum_ + 0.1 * (cone(x, sharpness) - bowl), None)
    return jax.lax.scan(turn, bowl, None, length=10)[0]


@pytest.mark.parametrize(
    ("function", "bent"),
    [
        (lambda x: cone(x, 500.0), True),
        pytest.param(lambda x: in_ten_turns(x, 5000.0), True, marks=pytest.mark.slow),
        pytest.param(
            lambda x: jnp.sum(x**2) - jnp.sort(x @ jnp.array([[1.0, 1e3], [1e3, 1.0], [0, 0]]))[0] ** 2,
            True,
            marks=pytest.mark.slow,
        ),
        (lambda x: jnp.sum(x**2) + jax.nn.logsumexp(jnp.abs(x) ** 3), False),
    ],
)
def test_kinks_within_narrow_cones_are_found(function, bent):
    loss, origin = Loss(function, 3), jnp.zeros(3)
    assert is_at_switch(loss, origin, 1e-6)
    assert not is_at_switch(loss, origin + jnp.array([0.1, 0.2, 0.4]), 1e-6)
    assert jax.jit(is_bent_across)(loss, origin) == bent


@pytest.mark.slow
@pytest.mark.parametrize("sharpness", [0.5, 5.0, 50.0, 500.0, 5000.0])
def test_a_point_from_which_a_narrow_cone_leads_down_is_no_minimum(sharpness):
    end = minimise(Loss(lambda x: cone(x, sharpness), 3), np.zeros((1, 3)), workers=1)
    minimum = end.outcome[0] in (RESULTS.converged, RESULTS.kink_minimum)
    assert not minimum or end.energy[0] < -0.05


@jax.custom_vjp
def around_one(x):
    return jnp.sum((x - 1) ** 2)


around_one.defvjp(lambda x: (around_one(x), x), lambda x, g: (2 * g * (x - 1),))


def test_the_test_needs_no_forward_derivatives_of_the_loss():
    loss = Loss(lambda x: around_one(x) + jnp.abs(around_one(x) + 1), 2)
    assert loss.smoothness == "piecewise"
    found = find_saddles(loss, np.array([[0.9, 1.1]]), order=0, workers=1)
    assert found.outcomes() == {"converged": 1}
